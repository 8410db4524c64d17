// SPDX-License-Identifier: Apache-2.0
/*
 * replay_events.c - see replay_events.h.
 * May not know about: sources, filters but --slower, any one collector.
 * To extend: see format.h.
 */
#define _GNU_SOURCE
#include "replay_events.h"

#include "../util/cleanup.h"
#include "format.h"
#include "replay_table.h"

#include <errno.h>
#include <string.h>

#define FIXED 6 /* seq, mono_ns, real_ns, vm, vcpu, tid */

static int prepare(const struct kw_recording *r, struct kw_replay_stream *s)
{
	_cleanup_free_ char *text = NULL;
	char table[64];
	size_t size;
	FILE *sql = open_memstream(&text, &size);

	if (!sql)
		return -ENOMEM;
	fputs("SELECT seq, mono_ns, real_ns, vm, vcpu, tid", sql);
	for (size_t i = 0; i < s->n_columns; i++)
		kw_put_name(sql, ", ", s->column[i], "");
	fprintf(sql, " FROM \"%s\" ORDER BY seq",
		kw_kept_table(s->collector->event, table, sizeof(table)));
	if (fclose(sql))
		return -ENOMEM;
	if (!kw_recording_has(r, table) || sqlite3_prepare_v2(r->db, text, -1, &s->stmt, NULL))
		return kw_recording_damaged(r, table);
	return 0;
}

static void next(struct kw_replay_events *e, struct kw_replay_stream *s)
{
	int err = sqlite3_step(s->stmt);

	s->over = err != SQLITE_ROW;
	if (err != SQLITE_ROW && err != SQLITE_DONE) {
		kw_recording_damaged(e->recording, s->collector->event->name);
		e->damaged = true;
	}
}

int kw_replay_events_add(struct kw_replay_events *e, const struct kw_recording *recording,
			 const struct kw_collector *collector, const int64_t *vm_id, size_t n_vms,
			 uint64_t slower_ns)
{
	struct kw_replay_stream *s = &e->stream[e->n];
	int err;

	e->recording = recording;
	e->vm_id = vm_id;
	e->n_vms = n_vms;
	e->slower_ns = slower_ns;
	s->collector = collector;
	s->column = calloc(collector->event->n_columns + 1, sizeof(*s->column));
	if (!s->column)
		return -ENOMEM;
	err = kw_replay_columns(recording, collector->event, 1 << KW_KEPT_KEY | 1 << KW_KEPT_VALUE,
				s->column, &s->n_columns, NULL);
	err = err ?: prepare(recording, s);
	e->n++;
	if (!err)
		next(e, s);
	else
		s->over = e->damaged = true;
	return err == -ENOMEM ? err : 0;
}

/* What took no time is not slower; nor is what had no end. */
static bool too_fast(const struct kw_replay_events *e, const struct kw_schema *schema,
		     const void *row)
{
	const struct kw_column *time = kw_schema_find(schema, schema->sort);
	uint64_t ns = time && time->unit == KW_UNIT_NS ? kw_column_raw(time, row) : 0;

	return e->slower_ns && time && time->unit == KW_UNIT_NS &&
	       (ns < e->slower_ns || ns == UINT64_MAX);
}

/* The stream whose event came first. */
static struct kw_replay_stream *first_of(struct kw_replay_events *e)
{
	struct kw_replay_stream *first = NULL;

	for (size_t i = 0; i < e->n; i++) {
		struct kw_replay_stream *s = &e->stream[i];

		if (!s->over && (!first || sqlite3_column_int64(s->stmt, 0) <
						   sqlite3_column_int64(first->stmt, 0)))
			first = s;
	}
	return first;
}

int kw_replay_events_deliver(struct kw_replay_events *e, uint64_t until,
			     bool (*pass)(void *arg, const struct kw_schema *schema,
					  const void *row),
			     void *pass_arg, kw_event_fn fn, void *arg)
{
	struct kw_replay_stream *s;
	int err = 0;

	while (!err && (s = first_of(e)) && (uint64_t)sqlite3_column_int64(s->stmt, 1) <= until) {
		const struct kw_schema *schema = s->collector->event;
		_cleanup_free_ struct kw_row_head *row = calloc(1, schema->row_size);

		if (!row)
			return -ENOMEM;
		if (kw_replay_head(e->vm_id, e->n_vms, s->stmt, 3, row)) {
			row->tid = sqlite3_column_int64(s->stmt, 5);
			for (size_t i = 0; i < s->n_columns; i++)
				kw_unbind_raw(s->stmt, FIXED + i, schema, &schema->hist,
					      s->column[i], row);
			if (pass(pass_arg, schema, row) && !too_fast(e, schema, row))
				err = fn(arg, s->collector, row, sqlite3_column_int64(s->stmt, 1),
					 sqlite3_column_int64(s->stmt, 2));
		}
		next(e, s);
	}
	return err;
}

void kw_replay_events_close(struct kw_replay_events *e)
{
	for (size_t i = 0; i < e->n; i++) {
		sqlite3_finalize(e->stream[i].stmt);
		free(e->stream[i].column);
	}
	memset(e, 0, sizeof(*e));
}
