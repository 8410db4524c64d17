// SPDX-License-Identifier: Apache-2.0
/*
 * writer.c - see writer.h. Of a reading only what has changed is stored; a row that is not there
 * any more leaves a version without values, and is forgotten.
 * May not know about: the command line, sinks.
 * To extend: see writer.h.
 */
#define _GNU_SOURCE
#include "writer.h"

#include "../arch/names.h"
#include "../core/log.h"
#include "../util/cleanup.h"
#include "../util/grow.h"
#include "../util/text.h"
#include "../util/units.h"
#include "format.h"
#include "ring.h"
#include "writer_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A table as it was read last. */
struct kept {
	const struct kw_schema *schema;
	struct kw_frame frame, spare;
	int64_t *row; /* number of each of the frame's rows in the file */
	size_t room;
	int64_t *spare_row;
	size_t spare_room;
	int64_t rows; /* numbers given out */
	sqlite3_stmt *add_row, *add_version;
};

struct kw_writer {
	sqlite3 *db;
	char *path;
	struct kw_wants wants;
	const struct kw_source *source;
	struct kept table[KW_FRAMES];
	sqlite3_stmt *add_event[16];
	bool open; /* a transaction is */
	int64_t reading;
	uint64_t versions, events;
	uint64_t start_ns, last_mono_ns;
	int64_t real_offset_ns; /* of CLOCK_REALTIME */
	bool *vm_there;		/* those of the source's VMs that are in the file */
	size_t n_vms, vm_room;
	struct kw_writer_limits limits;
	uint64_t oldest_ns;	/* of all readings */
	uint64_t idle_ns;	/* of those that no trigger keeps, the oldest */
	int64_t kept;		/* the last reading that is kept for a trigger; 0: none */
	uint64_t keep_until_ns; /* as one fired */
	bool told_small;
	struct kw_losses losses;
	char unavailable[16][400], lacks[KW_FRAMES][200];
};

static int say_failed(const struct kw_writer *w, const char *what)
{
	kw_say("recording '%s': %s: %s", w->path, what, sqlite3_errmsg(w->db));
	return sqlite3_errcode(w->db) == SQLITE_FULL ? -ENOSPC : -EIO;
}

static int execute(struct kw_writer *w, const char *sql)
{
	return sqlite3_exec(w->db, sql, NULL, NULL, NULL) ? say_failed(w, "writing failed") : 0;
}

/* One row of a table, from values; texts may be NULL. types: i integer, d double, t text, b bytes
 * of a text.
 */
static int insert(struct kw_writer *w, const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt = NULL;
	const char *text;
	va_list args;
	int err;

	err = sqlite3_prepare_v2(w->db, sql, -1, &stmt, NULL);
	va_start(args, types);
	for (int i = 1; *types && !err; i++, types++) {
		if (*types == 'i' || *types == 'd') {
			err = *types == 'i' ? sqlite3_bind_int64(stmt, i, va_arg(args, int64_t))
					    : sqlite3_bind_double(stmt, i, va_arg(args, double));
			continue;
		}
		text = va_arg(args, const char *);
		err = *types == 'b' ? sqlite3_bind_blob(stmt, i, text, strlen(text), NULL)
				    : sqlite3_bind_text(stmt, i, text, -1, NULL);
	}
	va_end(args);
	if (!err)
		sqlite3_step(stmt);
	return sqlite3_finalize(stmt) || err ? say_failed(w, "writing failed") : 0;
}

/* ---- VMs, states, losses ---- */

static int add_meta(struct kw_writer *w, const char *key, const char *text, uint64_t number)
{
	if (text)
		return insert(w, "INSERT INTO meta VALUES(?,?)", "tt", key, text);
	return insert(w, "INSERT INTO meta VALUES(?,?)", "ti", key, (int64_t)number);
}

/* Of a row or an event: its VM may have been dropped with its last row. */
static int add_vm(struct kw_writer *w, uint32_t index)
{
	const struct kw_vm *vm = kw_vms_get(w->source->vms, index);
	char safe[3 * sizeof(vm->display)];

	if (!vm || w->vm_there[index])
		return 0;
	w->vm_there[index] = true;
	kw_printable(vm->display, safe, sizeof(safe));
	return insert(w, "INSERT OR REPLACE INTO vm VALUES(?,?,?,?,?,?,?,?)", "iiiittbt",
		      (int64_t)index, (int64_t)vm->pid, (int64_t)vm->start_ns, (int64_t)vm->number,
		      vm->vmm, vm->uuid, vm->name, safe);
}

/* All that are new. */
static int add_vms(struct kw_writer *w)
{
	int err = 0;

	while (w->n_vms < w->source->vms->n && !err) {
		if (!kw_grow(&w->vm_there, w->n_vms, &w->vm_room, sizeof(*w->vm_there)))
			return -ENOMEM;
		w->vm_there[w->n_vms] = false;
		err = add_vm(w, w->n_vms++);
	}
	return err;
}

static void vm_gone(void *arg, int64_t vm)
{
	struct kw_writer *w = arg;

	if (vm >= 0 && (size_t)vm < w->n_vms)
		w->vm_there[vm] = false;
}

static int add_state(struct kw_writer *w, const char *collector, const char *table, char *known,
		     size_t size, const char *now)
{
	if (!strcmp(known, now))
		return 0;
	snprintf(known, size, "%s", now);
	return insert(w, "INSERT INTO state VALUES(?,?,?,?)", "ittt", w->reading, collector, table,
		      *now ? now : NULL);
}

static int add_states(struct kw_writer *w)
{
	char name[64];
	int err = 0;

	for (size_t i = 0; i < w->wants.n && !err; i++)
		err = add_state(w, w->wants.collector[i]->name, NULL, w->unavailable[i],
				sizeof(w->unavailable[i]), w->source->unavailable[i]);
	for (size_t i = 0; i < w->wants.n_tables && !err; i++)
		err = add_state(w, NULL, kw_kept_table(w->wants.table[i], name, sizeof(name)),
				w->lacks[i], sizeof(w->lacks[i]), w->source->lacks[i]);
	return err;
}

static int add_losses(struct kw_writer *w, const struct kw_losses *losses)
{
	int err = 0;

	for (size_t i = 0; i < KW_LOSS_ALL && !err; i++)
		if (losses->n[i] != w->losses.n[i])
			err = insert(w, "INSERT INTO losses VALUES(?,?,?)", "iti", w->reading,
				     kw_loss_info(i)->name, (int64_t)losses->n[i]);
	w->losses = *losses;
	return err;
}

/* ---- rows ---- */

static int bind_id(sqlite3_stmt *stmt, int i, uint32_t id)
{
	return id == KW_ALL ? sqlite3_bind_null(stmt, i) : sqlite3_bind_int64(stmt, i, id);
}

static int run(struct kw_writer *w, sqlite3_stmt *stmt, int err)
{
	if (!err)
		sqlite3_step(stmt);
	return sqlite3_reset(stmt) || err ? say_failed(w, "writing failed") : 0;
}

static int add_row(struct kw_writer *w, struct kept *k, const struct kw_row_head *row)
{
	sqlite3_stmt *s = k->add_row;
	int i = 5, err = add_vm(w, row->vm);

	if (err)
		return err;
	err = sqlite3_bind_int64(s, 1, ++k->rows);
	err = err ?: bind_id(s, 2, row->vm) ?: bind_id(s, 3, row->vcpu);
	err = err ?: sqlite3_bind_int64(s, 4, row->born_ns);
	for (size_t c = 0; c < k->schema->n_columns && !err; c++) {
		const struct kw_column *column = &k->schema->columns[c];

		if (kw_kept(column) == KW_KEPT_KEY)
			err = kw_bind_raw(s, i++, k->schema, column, row);
		if (!err && (kw_kept_as_shown(column) || kw_kept(column) == KW_KEPT_TEXT))
			err = kw_bind_shown(s, i++, column, w->source->vms, row);
	}
	return run(w, s, err);
}

/* row NULL: it has ended */
static int add_version(struct kw_writer *w, struct kept *k, int64_t number,
		       const struct kw_row_head *row)
{
	sqlite3_stmt *s = k->add_version;
	int i = 4, err;

	sqlite3_clear_bindings(s);
	err = sqlite3_bind_int64(s, 1, w->reading) ?: sqlite3_bind_int64(s, 2, number);
	if (row && !err)
		err = sqlite3_bind_int64(s, 3, row->tid);
	for (size_t c = 0; row && c < k->schema->n_columns && !err; c++)
		if (kw_kept(&k->schema->columns[c]) == KW_KEPT_VALUE)
			err = kw_bind_raw(s, i++, k->schema, &k->schema->columns[c], row);
	w->versions++;
	return run(w, s, err);
}

/* But for min and max, which are of the interval: if nothing was counted, they tell nothing. */
static bool same_values(const struct kw_schema *schema, const void *a, const void *b)
{
	const struct kw_row_head *x = a, *y = b;

	for (size_t i = 0; i < schema->n_columns; i++) {
		const struct kw_column *c = &schema->columns[i];

		if (kw_kept(c) == KW_KEPT_VALUE && c->role != KW_MIN && c->role != KW_MAX &&
		    memcmp((const char *)a + c->offset, (const char *)b + c->offset, c->size))
			return false;
	}
	return x->tid == y->tid;
}

/* A row, and what it was before, or NULL. Remembers it under its number, which it may get now. */
static int add_current(struct kw_writer *w, struct kept *k, const void *row, const void *before,
		       int64_t number)
{
	void *copy;
	int err = 0;

	if (!before) {
		err = add_row(w, k, row);
		number = k->rows;
	}
	if (!err && (!before || !same_values(k->schema, row, before)))
		err = add_version(w, k, number, row);
	if (err)
		return err;
	if (!kw_grow(&k->spare_row, k->spare.n, &k->spare_room, sizeof(*k->spare_row)))
		return -ENOMEM;
	copy = kw_frame_add(&k->spare);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, row, k->schema->row_size);
	k->spare_row[k->spare.n - 1] = number;
	return 0;
}

static void swap_spare(struct kept *k)
{
	struct kw_frame frame = k->frame;
	int64_t *row = k->row;
	size_t room = k->room;

	k->frame = k->spare;
	k->row = k->spare_row;
	k->room = k->spare_room;
	k->spare = frame;
	k->spare_row = row;
	k->spare_room = room;
}

/* Both are in order. */
static int add_frame(struct kw_writer *w, struct kept *k, const struct kw_frame *frame)
{
	size_t p = 0;
	int err = 0;

	kw_frame_empty(&k->spare);
	k->spare.schema = k->schema;
	for (size_t i = 0; i < frame->n && !err; i++) {
		int order = 1;

		while (p < k->frame.n && !err &&
		       (order = kw_row_compare(k->schema, k->frame.row[p], frame->row[i])) < 0)
			err = add_version(w, k, k->row[p++], NULL);
		if (err)
			break;
		if (p < k->frame.n && !order) {
			err = add_current(w, k, frame->row[i], k->frame.row[p], k->row[p]);
			p++;
		} else {
			err = add_current(w, k, frame->row[i], NULL, 0);
		}
	}
	while (p < k->frame.n && !err)
		err = add_version(w, k, k->row[p++], NULL);
	swap_spare(k);
	return err;
}

/* ---- readings and events ---- */

static int begin(struct kw_writer *w)
{
	if (w->open)
		return 0;
	w->open = true;
	return execute(w, "BEGIN");
}

static int commit(struct kw_writer *w)
{
	w->open = false;
	return execute(w, "COMMIT");
}

static int add_reading(struct kw_writer *w, uint64_t mono_ns, uint64_t real_ns,
		       enum kw_timing timing)
{
	w->reading++;
	w->last_mono_ns = mono_ns;
	w->real_offset_ns = real_ns - mono_ns;
	return insert(w, "INSERT INTO reading VALUES(?,?,?,?,?,?)", "iiiiti", w->reading,
		      (int64_t)mono_ns, (int64_t)real_ns, (int64_t)timing,
		      *w->source->note ? w->source->note : NULL, (int64_t)w->events);
}

/* Before there is anything: when counting began. */
static int add_start(struct kw_writer *w, const struct kw_frame *frame, enum kw_timing timing)
{
	uint64_t real_ns = frame->real_ns - (frame->mono_ns - w->start_ns);

	if (w->reading)
		return 0;
	return add_meta(w, "mono_ns", NULL, w->start_ns) ?: add_meta(w, "real_ns", NULL, real_ns) ?:
	       add_reading(w, w->start_ns, real_ns, timing);
}

/* ---- readings that are not kept ---- */

static int drop_between(struct kw_writer *w, int64_t from, int64_t to)
{
	int err = begin(w);

	if (!err && kw_ring_drop(w->db, &w->wants, from, to, vm_gone, w))
		err = say_failed(w, "dropping old readings failed");
	return err ?: commit(w) ?: execute(w, "PRAGMA incremental_vacuum");
}

static int ask(struct kw_writer *w, const char *sql, int64_t arg, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int err = sqlite3_prepare_v2(w->db, sql, -1, &stmt, NULL);

	if (!err && sqlite3_bind_parameter_count(stmt))
		err = sqlite3_bind_int64(stmt, 1, arg);
	err = err ?: sqlite3_step(stmt) == SQLITE_ROW ? 0 : SQLITE_ERROR;
	if (!err)
		*ret = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return err ? say_failed(w, "reading it failed") : 0;
}

/* Drop what is older, though not each time: it takes as long for one reading as for many. */
static int drop_older(struct kw_writer *w, uint64_t age_ns, int64_t from, uint64_t *first_ns)
{
	int64_t to, mono_ns;
	int err;

	if (w->last_mono_ns - *first_ns <= age_ns + age_ns / 10)
		return 0;
	err = ask(w, "SELECT max(reading) FROM reading WHERE mono_ns <= ?",
		  w->last_mono_ns - age_ns, &to);
	if (err || to <= from)
		return err;
	err = drop_between(w, from, to)
		      ?: ask(w, "SELECT mono_ns FROM reading WHERE reading = ?", to, &mono_ns);
	if (!err)
		*first_ns = mono_ns;
	return err;
}

/* A tenth of the readings, as often as needed. */
static int drop_beyond(struct kw_writer *w, uint64_t bytes)
{
	static const char size[] = "SELECT page_count * page_size FROM pragma_page_count,"
				   " pragma_page_size";
	int64_t now, n, to;
	int err = ask(w, size, 0, &now);

	while (!err && (uint64_t)now > bytes) {
		err = ask(w, "SELECT count(*) FROM reading", 0, &n);
		if (err || n < 3)
			break;
		err = ask(w, "SELECT reading FROM reading ORDER BY reading LIMIT 1 OFFSET ?",
			  n / 10 + 1, &to);
		err = err ?: drop_between(w, 0, to) ?: ask(w, size, 0, &now);
	}
	if (!err && (uint64_t)now > bytes && !w->told_small) {
		kw_say("recording '%s': two readings take more than --max-size", w->path);
		w->told_small = true;
	}
	return err;
}

static int drop_old(struct kw_writer *w)
{
	int err = 0;

	if (w->limits.around_triggers && w->last_mono_ns <= w->keep_until_ns)
		w->kept = w->reading;
	else if (w->limits.around_triggers)
		err = drop_older(w, w->limits.before_ns, w->kept, &w->idle_ns);
	if (!err && w->limits.age_ns)
		err = drop_older(w, w->limits.age_ns, 0, &w->oldest_ns);
	return err ?: w->limits.bytes ? drop_beyond(w, w->limits.bytes) : 0;
}

int kw_writer_add(struct kw_writer *w, const struct kw_frame *frame, const struct kw_losses *losses,
		  enum kw_timing timing)
{
	int err;

	if (frame[0].mono_ns <= w->last_mono_ns) /* the end came with the end of an interval */
		return w->open ? commit(w) : 0;
	err = begin(w) ?: add_start(w, frame, timing);
	err = err ?: add_reading(w, frame[0].mono_ns, frame[0].real_ns, timing);
	err = err ?: add_vms(w) ?: add_states(w) ?: add_losses(w, losses);
	for (size_t i = 0; i < w->wants.n_tables && !err; i++)
		err = add_frame(w, &w->table[i], &frame[i]);
	return err ?: commit(w) ?: drop_old(w);
}

void kw_writer_limit(struct kw_writer *w, const struct kw_writer_limits *limits)
{
	w->limits = *limits;
	w->oldest_ns = w->idle_ns = w->start_ns;
}

int kw_writer_fired(struct kw_writer *w, const char *condition, const struct kw_schema *schema,
		    const void *row, double value)
{
	char vm[1024], what[512], name[64];
	struct kw_value cell;
	size_t n = 0;
	int64_t real_ns = w->last_mono_ns + w->real_offset_ns;

	w->keep_until_ns = w->last_mono_ns + w->limits.after_ns;
	w->kept = w->reading;
	kw_column_value(kw_schema_column(schema, 0), w->source->vms, row, &cell);
	kw_printable(cell.kind == KW_TEXT ? cell.text : "", vm, sizeof(vm));
	*what = 0;
	for (size_t i = 0; i < schema->n_columns && n < sizeof(what); i++) {
		const struct kw_column *c = &schema->columns[i];
		char safe[sizeof(cell.buf) * 3];

		kw_column_value(c, w->source->vms, row, &cell);
		if ((c->role == KW_KEY || c->role == KW_DERIVED) && c->unit == KW_UNIT_WORD &&
		    cell.kind == KW_TEXT)
			n += snprintf(what + n, sizeof(what) - n, "%s%s=%s", n ? " " : "",
				      kw_column_name(c, name, sizeof(name)),
				      kw_printable(cell.text, safe, sizeof(safe)));
	}
	kw_say("%s: %g of %s%s%s", condition, value, vm, *what ? ", " : "", what);
	return insert(w, "INSERT INTO \"trigger\" VALUES(?,?,?,?,?,?,?)", "iiitttd", w->reading,
		      (int64_t)w->last_mono_ns, real_ns, condition, vm, what, value);
}

int kw_writer_event(struct kw_writer *w, const struct kw_collector *collector, const void *data,
		    uint64_t mono_ns, uint64_t real_ns)
{
	const struct kw_schema *schema = collector->event;
	const struct kw_row_head *row = data;
	sqlite3_stmt *s = NULL;
	int i = 7, err;

	for (size_t c = 0; c < w->wants.n; c++)
		if (w->wants.collector[c] == collector)
			s = w->add_event[c];
	if (!s)
		return 0;
	err = begin(w) ?: add_vms(w) ?: add_vm(w, row->vm);
	if (err)
		return err;
	err = sqlite3_bind_int64(s, 1, ++w->events) ?: sqlite3_bind_int64(s, 2, mono_ns);
	err = err ?: sqlite3_bind_int64(s, 3, real_ns) ?: bind_id(s, 4, row->vm);
	err = err ?: bind_id(s, 5, row->vcpu) ?: sqlite3_bind_int64(s, 6, row->tid);
	for (size_t c = 0; c < schema->n_columns && !err; c++) {
		enum kw_kept kept = kw_kept(&schema->columns[c]);

		if (kept == KW_KEPT_KEY || kept == KW_KEPT_VALUE)
			err = kw_bind_raw(s, i++, schema, &schema->columns[c], data);
	}
	return run(w, s, err);
}

void kw_writer_size(const struct kw_writer *w, struct kw_writer_size *ret)
{
	struct stat st = {};

	stat(w->path, &st);
	*ret = (struct kw_writer_size){ .readings = w->reading,
					.rows = w->versions,
					.events = w->events,
					.bytes = st.st_size };
}

/* ---- opening and closing ---- */

static int prepare(struct kw_writer *w, char *sql, sqlite3_stmt **ret)
{
	int err = sql ? sqlite3_prepare_v3(w->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL)
		      : SQLITE_NOMEM;

	free(sql);
	return err ? say_failed(w, "it cannot be made") : 0;
}

static int prepare_tables(struct kw_writer *w)
{
	int err = 0;

	for (size_t i = 0; i < w->wants.n_tables && !err; i++) {
		struct kept *k = &w->table[i];

		k->schema = w->wants.table[i];
		err = prepare(w, kw_sql_add_row(k->schema), &k->add_row);
		err = err ?: prepare(w, kw_sql_add_version(k->schema), &k->add_version);
	}
	for (size_t i = 0; i < w->wants.n && w->wants.events && !err; i++)
		if (w->wants.collector[i]->event)
			err = prepare(w, kw_sql_add_event(w->wants.collector[i]->event),
				      &w->add_event[i]);
	return err;
}

static int add_schema(struct kw_writer *w, const struct kw_schema *schema, const char *collector,
		      const char *kind)
{
	char hist[32], name[64];
	int err;

	snprintf(hist, sizeof(hist), "%u,%u,%u", schema->hist.min_log2, schema->hist.sub_log2,
		 schema->hist.buckets);
	err = insert(w, "INSERT INTO \"table\" VALUES(?,?,?,?,?,?)", "tttttt",
		     kw_kept_table(schema, name, sizeof(name)), collector, kind, schema->help,
		     schema->sort, schema->hist.buckets ? hist : NULL);
	for (size_t i = 0; i < schema->n_columns && !err; i++) {
		const struct kw_column *c = &schema->columns[i];
		char column[64], table[64];

		if (kw_kept(c) != KW_KEPT_NOT || c->role == KW_DERIVED)
			err = insert(w, "INSERT INTO \"column\" VALUES(?,?,?,?,?,?,?,?,?)",
				     "tittttiii", kw_kept_table(schema, table, sizeof(table)),
				     (int64_t)i, kw_kept_name(c, column, sizeof(column)), c->title,
				     c->help, kw_role_name(c->role), (int64_t)c->unit,
				     (int64_t)c->size, (int64_t)kw_column_left_out(c));
	}
	return err;
}

static int add_schemas(struct kw_writer *w)
{
	int err = 0;

	for (size_t i = 0; i < w->wants.n && !err; i++) {
		const struct kw_collector *c = w->wants.collector[i];
		size_t end = i + 1 < w->wants.n ? w->wants.first[i + 1] : w->wants.n_tables;

		err = insert(w, "INSERT INTO collector VALUES(?,?,?)", "iti", (int64_t)i, c->name,
			     (int64_t)(w->wants.events && c->event));
		for (size_t t = w->wants.first[i]; t < end && !err; t++)
			err = add_schema(w, w->wants.table[t], c->name, "rows");
		if (!err && w->wants.events && c->event)
			err = add_schema(w, c->event, c->name, "events");
	}
	return err;
}

static int add_reasons(struct kw_writer *w)
{
	const struct kw_isa_names *const *tables;
	size_t n;
	int err = 0;

	tables = kw_isa_tables(&n);
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < tables[t]->n && !err; i++)
			err = insert(w, "INSERT INTO reason VALUES(?,?,?,?)", "iitt",
				     (int64_t)tables[t]->isa, (int64_t)tables[t]->reason[i].code,
				     tables[t]->name, tables[t]->reason[i].name);
	return err;
}

static int add_about(struct kw_writer *w, const struct kw_about *a, uint64_t interval_ns)
{
	const struct kw_filters *f = &w->wants.filters;
	int err = add_meta(w, "format", NULL, KW_RECORDING_VERSION);

	err = err ?: add_meta(w, "tool", a->tool, 0) ?: add_meta(w, "host", a->host, 0);
	err = err ?: add_meta(w, "kernel", a->kernel, 0) ?: add_meta(w, "arch", a->arch, 0);
	err = err ?: add_meta(w, "cpus", NULL, a->cpus) ?: add_meta(w, "boot_id", a->boot_id, 0);
	err = err ?: add_meta(w, "command", a->command, 0);
	err = err ?: add_meta(w, "interval_ns", NULL, interval_ns);
	err = err ?: add_meta(w, "timing", NULL, w->wants.timing);
	err = err ?: add_meta(w, "one_in", NULL, w->wants.one_in);
	return err ?: add_meta(w, "filtered", NULL, f->slower_ns || f->n_include || f->n_exclude);
}

static int create(struct kw_writer *w, const struct kw_about *about, uint64_t interval_ns)
{
	_cleanup_free_ char *sql = kw_sql_create(&w->wants);
	int err = sql ? 0 : -ENOMEM;

	err = err
		      ?: execute(w, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
				    "PRAGMA synchronous=FULL");
	err = err ?: begin(w) ?: execute(w, sql) ?: add_about(w, about, interval_ns);
	return err ?: add_schemas(w) ?: add_reasons(w) ?: commit(w);
}

/* Is there a recording? Anything else is not ours to overwrite. */
static bool is_recording(const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	unsigned char head[72];

	return file && fread(head, sizeof(head), 1, file) == 1 &&
	       !memcmp(head, "SQLite format 3", 16) &&
	       (head[68] << 24 | head[69] << 16 | head[70] << 8 | head[71]) == KW_RECORDING_ID;
}

/* What SQLite has beside a database. */
static const char *const beside[] = { "-wal", "-shm", "-journal" };

static bool is_beside(const char *path, const char *suffix)
{
	char name[4096];

	return snprintf(name, sizeof(name), "%s%s", path, suffix) < (int)sizeof(name) &&
	       !access(name, F_OK);
}

static void unlink_beside(const char *path, const char *suffix)
{
	char name[4096];

	if (snprintf(name, sizeof(name), "%s%s", path, suffix) < (int)sizeof(name))
		unlink(name);
}

static void unlink_all(const char *path)
{
	unlink(path);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++)
		unlink_beside(path, beside[i]);
}

/* An empty file of ours alone: names of VMs are nobody else's business. */
static int make_file(const char *path, bool force)
{
	int fd;

	if (!access(path, F_OK)) {
		if (!is_recording(path)) {
			kw_say("'%s' is no recording, and is not overwritten; choose another name "
			       "with -o",
			       path);
			return -EINVAL;
		}
		if (!force) {
			kw_say("'%s' is there; overwrite it with --force, or choose another name "
			       "with -o",
			       path);
			return -EINVAL;
		}
		unlink_all(path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++)
		if (is_beside(path, beside[i])) {
			kw_say("'%s%s' is there, and would become a part of the recording; remove "
			       "it, or choose another name with -o",
			       path, beside[i]);
			return -EINVAL;
		}
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		kw_say("cannot write to '%s': %s", path, strerror(errno));
		return -errno;
	}
	close(fd);
	return 0;
}

int kw_writer_open(const char *path, bool force, const struct kw_wants *wants,
		   const struct kw_source *source, const struct kw_about *about,
		   uint64_t interval_ns, struct kw_writer **ret)
{
	struct kw_writer *w;
	int err = make_file(path, force);

	if (err)
		return err == -EINVAL ? err : -EIO;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->wants = *wants;
	w->source = source;
	w->start_ns = w->last_mono_ns = about->mono_ns;
	w->path = strdup(path);
	err = !w->path			   ? -ENOMEM
	      : sqlite3_open(path, &w->db) ? say_failed(w, "it cannot be made")
					   : 0;
	err = err ?: create(w, about, interval_ns) ?: prepare_tables(w);
	if (err) {
		kw_writer_close(w);
		unlink_all(path);
	} else {
		*ret = w;
	}
	return err;
}

/* While others read it, its log has to stay beside it. */
static int make_one_file(struct kw_writer *w)
{
	static const char sql[] = "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE";
	int err = sqlite3_exec(w->db, sql, NULL, NULL, NULL);

	if (err == SQLITE_BUSY || err == SQLITE_LOCKED) {
		kw_say("'%s' is being read: keep '%s-wal', which belongs to it", w->path, w->path);
		return 0;
	}
	return err ? say_failed(w, "writing failed") : 0;
}

int kw_writer_close(struct kw_writer *w)
{
	int err = w->open ? commit(w) : 0;

	for (size_t i = 0; i < KW_FRAMES; i++) {
		sqlite3_finalize(w->table[i].add_row);
		sqlite3_finalize(w->table[i].add_version);
		kw_frame_clear(&w->table[i].frame);
		kw_frame_clear(&w->table[i].spare);
		free(w->table[i].row);
		free(w->table[i].spare_row);
	}
	for (size_t i = 0; i < ARRAY_SIZE(w->add_event); i++)
		sqlite3_finalize(w->add_event[i]);
	err = err ?: w->db ? make_one_file(w) : 0;
	sqlite3_close(w->db);
	free(w->vm_there);
	free(w->path);
	free(w);
	return err;
}
