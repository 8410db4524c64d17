// SPDX-License-Identifier: Apache-2.0
/*
 * replay_table.c - see replay_table.h.
 * May not know about: sources, filters, any one collector.
 * To extend: see format.h.
 */
#define _GNU_SOURCE
#include "replay_table.h"

#include "../core/log.h"
#include "../util/cleanup.h"
#include "../util/grow.h"
#include "../util/search.h"
#include "format.h"

#include <errno.h>
#include <string.h>

#define MOST_ROWS (1 << 20) /* at one time */

/* ---- columns: only names that this tool has are ever part of a statement ---- */

/* Is the column in the file, and has it values? */
static int has_column(const struct kw_recording *r, const char *table, const char *name)
{
	static const char sql[] = "SELECT missing FROM \"column\" WHERE \"table\" = ? AND name = ?";
	sqlite3_stmt *stmt = NULL;
	int err = sqlite3_prepare_v2(r->db, sql, -1, &stmt, NULL), has;

	err = err ?: sqlite3_bind_text(stmt, 1, table, -1, NULL);
	err = err ?: sqlite3_bind_text(stmt, 2, name, -1, NULL) ?: sqlite3_step(stmt);
	has = err == SQLITE_ROW && !sqlite3_column_int64(stmt, 0);
	if (err != SQLITE_ROW && err != SQLITE_DONE)
		has = kw_recording_damaged(r, "columns");
	sqlite3_finalize(stmt);
	return has;
}

/* Padding that an older tool had as a column, or not at all, is no figure that is missing. */
static bool is_shown(const struct kw_column *c)
{
	return c->role != KW_PADDING;
}

int kw_replay_columns(const struct kw_recording *r, const struct kw_schema *schema, uint32_t kinds,
		      const struct kw_column **column, size_t *n, FILE *missing)
{
	char table[64], name[64];

	kw_kept_table(schema, table, sizeof(table));
	for (size_t i = 0; i < schema->n_columns; i++) {
		const struct kw_column *c = &schema->columns[i];
		int has;

		if (!(kinds & 1 << kw_kept(c)))
			continue;
		has = has_column(r, table, kw_kept_name(c, name, sizeof(name)));
		if (has < 0)
			return has;
		if (has)
			column[(*n)++] = c;
		else if (missing && is_shown(c))
			fprintf(missing, "%s.%s ", schema->name, c->name);
	}
	return 0;
}

/* Computed columns that had no values when it was recorded have none now. */
static int add_left_out(const struct kw_recording *r, const struct kw_schema *schema, FILE *missing)
{
	static const char sql[] = "SELECT name FROM \"column\" WHERE \"table\" = ? AND missing";
	sqlite3_stmt *stmt = NULL;
	char table[64];
	int err = sqlite3_prepare_v2(r->db, sql, -1, &stmt, NULL);

	kw_kept_table(schema, table, sizeof(table));
	err = err ?: sqlite3_bind_text(stmt, 1, table, -1, NULL);
	while (!err && (err = sqlite3_step(stmt)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		const struct kw_column *c = name ? kw_schema_find(schema, name) : NULL;

		if (c && c->role == KW_DERIVED)
			fprintf(missing, "%s.%s ", schema->name, c->name);
		err = 0;
	}
	err = err == SQLITE_DONE ? 0 : kw_recording_damaged(r, "columns");
	sqlite3_finalize(stmt);
	return err;
}

static int choose_columns(struct kw_replay_table *t)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *missing = open_memstream(&text, &size);
	int err;

	t->column = calloc(t->schema->n_columns + 1, sizeof(*t->column));
	if (!missing || !t->column)
		return -ENOMEM;
	err = kw_replay_columns(t->recording, t->schema, 1 << KW_KEPT_KEY, t->column, &t->n_keys,
				missing);
	t->n_values = t->n_keys;
	err = err
		      ?: kw_replay_columns(t->recording, t->schema, 1 << KW_KEPT_VALUE, t->column,
					   &t->n_values, missing);
	t->n_values -= t->n_keys;
	err = err ?: add_left_out(t->recording, t->schema, missing);
	fclose(missing);
	if (!err)
		t->schema = kw_schema_without(t->schema, text);
	return err ? err : t->schema ? 0 : -ENOMEM;
}

/* The table's histograms, which need not be laid out as they are now. */
static void take_layout(struct kw_replay_table *t, const char *text)
{
	unsigned int min, sub, n;

	t->hist = (struct kw_hist){};
	if (text && sscanf(text, "%u,%u,%u", &min, &sub, &n) == 3 && sub <= min && sub < 16 &&
	    n < 1 << 16 && min < 64 && min + (n >> sub) < 64)
		t->hist = (struct kw_hist){ min, sub, n };
}

static int find_table(struct kw_replay_table *t)
{
	const struct kw_recording *r = t->recording;
	sqlite3_stmt *stmt = NULL;
	char name[64], rows[80];
	int err;

	err = sqlite3_prepare_v2(r->db, "SELECT hist FROM \"table\" WHERE name = ?", -1, &stmt,
				 NULL);
	kw_kept_table(t->schema, name, sizeof(name));
	err = err ?: sqlite3_bind_text(stmt, 1, name, -1, NULL) ?: sqlite3_step(stmt);
	if (err == SQLITE_ROW)
		take_layout(t, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	if (err != SQLITE_ROW)
		return err == SQLITE_DONE ? -ENOENT : kw_recording_damaged(r, name);
	snprintf(rows, sizeof(rows), "%s_row", name);
	return kw_recording_has(r, name) && kw_recording_has(r, rows)
		       ? 0
		       : kw_recording_damaged(r, name);
}

/* ---- statements ---- */

static int prepare(struct kw_replay_table *t, sqlite3_stmt **ret, const char *columns, size_t first,
		   size_t n, const char *from)
{
	_cleanup_free_ char *text = NULL;
	char table[64];
	size_t size;
	FILE *sql = open_memstream(&text, &size);

	if (!sql)
		return -ENOMEM;
	kw_kept_table(t->schema, table, sizeof(table));
	fprintf(sql, "SELECT %s", columns);
	for (size_t i = first; i < first + n; i++)
		kw_put_name(sql, ", ", t->column[i], "");
	fprintf(sql, " FROM \"%s", table);
	fputs(from, sql);
	if (fclose(sql))
		return -ENOMEM;
	return sqlite3_prepare_v2(t->recording->db, text, -1, ret, NULL)
		       ? kw_recording_damaged(t->recording, table)
		       : 0;
}

static int prepare_all(struct kw_replay_table *t)
{
	int err = prepare(t, &t->row, "vm, vcpu, born_ns", 0, t->n_keys, "_row\" WHERE row = ?");

	err = err
		      ?: prepare(t, &t->since, "row, tid", t->n_keys, t->n_values,
				 "\" WHERE reading > ? AND reading <= ? ORDER BY reading, row");
	/* the columns of the row that has the maximum: SQLite says so */
	return err
		       ?: prepare(t, &t->last, "row, tid, max(reading)", t->n_keys, t->n_values,
				  "\" WHERE reading <= ? GROUP BY row ORDER BY row");
}

int kw_replay_table_open(const struct kw_recording *recording, const struct kw_schema *schema,
			 const int64_t *vm_id, size_t n_vms, struct kw_replay_table *ret)
{
	struct kw_replay_table t = {
		.recording = recording, .schema = schema, .vm_id = vm_id, .n_vms = n_vms
	};
	int err = find_table(&t) ?: choose_columns(&t) ?: prepare_all(&t);

	if (err)
		kw_replay_table_close(&t);
	else
		*ret = t;
	return err;
}

static void forget_rows(struct kw_replay_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->held[i]);
	t->n = 0;
}

void kw_replay_table_close(struct kw_replay_table *t)
{
	forget_rows(t);
	free(t->held);
	free(t->column);
	sqlite3_finalize(t->row);
	sqlite3_finalize(t->since);
	sqlite3_finalize(t->last);
	memset(t, 0, sizeof(*t));
}

/* ---- rows ---- */

static int compare_vm(const void *key, const void *item)
{
	int64_t a = *(const int64_t *)key, b = *(const int64_t *)item;

	return (a > b) - (a < b);
}

bool kw_replay_head(const int64_t *vm_id, size_t n_vms, sqlite3_stmt *stmt, int i,
		    struct kw_row_head *head)
{
	int64_t vm = sqlite3_column_int64(stmt, i), vcpu = sqlite3_column_int64(stmt, i + 1);
	size_t at;

	head->vcpu = sqlite3_column_type(stmt, i + 1) == SQLITE_NULL ? KW_ALL : vcpu;
	head->vm = KW_ALL;
	if (sqlite3_column_type(stmt, i) == SQLITE_NULL)
		return true;
	at = kw_lower_bound(&vm, vm_id, n_vms, sizeof(*vm_id), compare_vm);
	head->vm = at;
	return at < n_vms && vm_id[at] == vm;
}

/* What the row is about, from its line. */
static int fill_key(struct kw_replay_table *t, int64_t id, struct kw_row_head *head)
{
	int err;

	sqlite3_reset(t->row);
	err = sqlite3_bind_int64(t->row, 1, id) ?: sqlite3_step(t->row);
	if (err != SQLITE_ROW || !kw_replay_head(t->vm_id, t->n_vms, t->row, 0, head))
		return kw_recording_damaged(t->recording, "a row that nothing is known of");
	head->born_ns = sqlite3_column_int64(t->row, 2);
	for (size_t i = 0; i < t->n_keys; i++)
		kw_unbind_raw(t->row, 3 + i, t->schema, &t->hist, t->column[i], head);
	return 0;
}

static int compare_held(const void *key, const void *item)
{
	int64_t a = *(const int64_t *)key, b = (*(struct kw_held *const *)item)->id;

	return (a > b) - (a < b);
}

/* Rows got their numbers in the order in which they came, but in a gap the first may go. */
static int add_row(struct kw_replay_table *t, int64_t id, struct kw_held **ret)
{
	size_t at = kw_lower_bound(&id, t->held, t->n, sizeof(*t->held), compare_held);
	struct kw_held *held;
	int err;

	if (t->n == MOST_ROWS)
		return kw_recording_damaged(t->recording, "more rows than a recording can have");
	if (!kw_grow(&t->held, t->n, &t->room, sizeof(*t->held)))
		return -ENOMEM;
	held = calloc(1, sizeof(*held) + t->schema->row_size);
	if (!held)
		return -ENOMEM;
	held->id = id;
	err = fill_key(t, id, (struct kw_row_head *)held->row);
	if (err) {
		free(held);
		return err;
	}
	memmove(&t->held[at + 1], &t->held[at], (t->n++ - at) * sizeof(*t->held));
	t->held[at] = held;
	*ret = held;
	return 0;
}

static struct kw_held *find_row(struct kw_replay_table *t, int64_t id)
{
	size_t at = kw_lower_bound(&id, t->held, t->n, sizeof(*t->held), compare_held);

	return at < t->n && t->held[at]->id == id ? t->held[at] : NULL;
}

/* A value of a further reading; min and max are those of all readings since it was read. */
static void take_value(struct kw_replay_table *t, sqlite3_stmt *stmt, int i,
		       const struct kw_column *c, struct kw_held *held)
{
	uint64_t before = kw_column_raw(c, held->row), now;

	kw_unbind_raw(stmt, i, t->schema, &t->hist, c, held->row);
	now = kw_column_raw(c, held->row);
	if (held->fresh &&
	    ((c->role == KW_MIN && before < now) || (c->role == KW_MAX && before > now)))
		kw_column_set_raw(c, held->row, before);
}

/* A version: row, tid, values from the result's column first on. */
static int take_version(struct kw_replay_table *t, sqlite3_stmt *stmt, int first)
{
	int64_t id = sqlite3_column_int64(stmt, 0);
	struct kw_held *held = find_row(t, id);
	int err = held ? 0 : add_row(t, id, &held);

	if (err)
		return err;
	if (sqlite3_column_type(stmt, 1) == SQLITE_NULL) {
		held->gone = true;
		return 0;
	}
	((struct kw_row_head *)held->row)->tid = sqlite3_column_int64(stmt, 1);
	for (size_t i = 0; i < t->n_values; i++)
		take_value(t, stmt, first + i, t->column[t->n_keys + i], held);
	held->fresh = true;
	return 0;
}

static int take_versions(struct kw_replay_table *t, sqlite3_stmt *stmt, int first, int err)
{
	while (!err && (err = sqlite3_step(stmt)) == SQLITE_ROW) {
		err = take_version(t, stmt, first);
		if (err) {
			sqlite3_reset(stmt);
			return err;
		}
	}
	if (err != SQLITE_DONE)
		err = kw_recording_damaged(t->recording, t->schema->name);
	else
		err = 0;
	sqlite3_reset(stmt);
	return err;
}

/* Rows that have ended are as if they had never been; the others have been read. */
static void drop_gone(struct kw_replay_table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		t->held[i]->fresh = false;
		if (t->held[i]->gone)
			free(t->held[i]);
		else
			t->held[n++] = t->held[i];
	}
	t->n = n;
}

int kw_replay_table_seek(struct kw_replay_table *t, int64_t reading)
{
	int err;

	forget_rows(t);
	sqlite3_reset(t->last);
	err = take_versions(t, t->last, 3, sqlite3_bind_int64(t->last, 1, reading));
	drop_gone(t);
	return err;
}

int kw_replay_table_advance(struct kw_replay_table *t, int64_t from, int64_t to)
{
	int err;

	sqlite3_reset(t->since);
	err = sqlite3_bind_int64(t->since, 1, from) ?: sqlite3_bind_int64(t->since, 2, to);
	return take_versions(t, t->since, 2, err);
}

int kw_replay_table_read(struct kw_replay_table *t,
			 bool (*pass)(void *arg, const struct kw_schema *schema, const void *row),
			 void *arg, struct kw_frame *frame)
{
	for (size_t i = 0; i < t->n; i++) {
		void *row;

		if (!pass(arg, t->schema, t->held[i]->row))
			continue;
		row = kw_frame_add(frame);
		if (!row)
			return -ENOMEM;
		memcpy(row, t->held[i]->row, t->schema->row_size);
	}
	drop_gone(t);
	return 0;
}
