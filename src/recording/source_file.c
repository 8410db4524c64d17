// SPDX-License-Identifier: Apache-2.0
/*
 * source_file.c - see source_file.h.
 * May not know about: the command line, sinks, any one collector but exits, whose reasons are a
 * filter.
 * To extend: see source.h.
 */
#include "source_file.h"

#include "../arch/names.h"
#include "../core/log.h"
#include "../core/vmident.h"
#include "../util/cleanup.h"
#include "../util/units.h"
#include "format.h"
#include "replay_events.h"
#include "replay_table.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#define NOT_RECORDED "it was not recorded"
#define DAMAGED	     "the recording is damaged there"

struct file {
	struct kw_source source;
	struct kw_wants wants;
	struct kw_recording recording;
	struct kw_vms vms;
	int64_t *vm_id;
	bool *vm_passes;
	struct kw_replay_table table[KW_FRAMES];
	struct kw_replay_events events;
	struct kw_losses losses;
	size_t at;	   /* the reading it is at */
	uint64_t since_ns; /* CLOCK_MONOTONIC: since when */
	uint64_t shift_ns; /* by how much later all is, as nothing was recorded for so long */
	bool sought;	   /* then it is not */
	bool stopped;
};

/* A handler has no argument, hence static. The second signal ends the process. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* A query of a file that was tampered with may have no end. */
static int is_interrupted(void *arg)
{
	(void)arg;
	return interrupted;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- filters ---- */

static bool listed(const struct kw_list *list, uint64_t id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->item[i] == id)
			return true;
	return !list->n;
}

static bool vm_passes(const struct kw_filters *f, const struct kw_vm *vm)
{
	for (size_t i = 0; i < f->n_vm; i++)
		if (kw_vm_is(vm, f->vm[i]))
			return listed(&f->pid, vm->pid);
	return !f->n_vm && listed(&f->pid, vm->pid);
}

static int check_names(const struct file *f)
{
	const struct kw_filters *filters = &f->wants.filters;

	for (size_t i = 0; i < filters->n_vm; i++) {
		bool known = false;

		for (size_t v = 0; v < f->vms.n; v++)
			known |= kw_vm_is(f->vms.vm[v], filters->vm[i]);
		if (!known) {
			kw_say("there is no VM '%s' in '%s'", filters->vm[i], f->recording.path);
			return -ENXIO;
		}
	}
	return 0;
}

static int choose_vms(struct file *f)
{
	bool any = false, filtered = f->wants.filters.n_vm || f->wants.filters.pid.n;

	f->vm_passes = calloc(f->vms.n + 1, sizeof(*f->vm_passes));
	if (!f->vm_passes)
		return -ENOMEM;
	for (size_t i = 0; i < f->vms.n; i++)
		any |= f->vm_passes[i] = vm_passes(&f->wants.filters, f->vms.vm[i]);
	if (any || !filtered)
		return 0;
	kw_say("no VM in '%s' is one of those of --pid and --vm", f->recording.path);
	return -ENXIO;
}

static uint64_t cell(const struct kw_schema *schema, const char *name, const void *row)
{
	const struct kw_column *c = kw_schema_find(schema, name);

	return c ? kw_column_raw(c, row) : 0;
}

static bool among(char *const *reason, size_t n, uint64_t isa, uint64_t code)
{
	uint32_t number;

	for (size_t i = 0; i < n; i++)
		if (kw_reason_parse(isa, reason[i], &number) && number == code)
			return true;
	return false;
}

/* Re-entries of which no exit told have no level, and pass, as they do in the kernel. */
static bool reason_passes(const struct kw_filters *f, const struct kw_schema *schema,
			  const void *row)
{
	uint64_t isa, code;

	if ((!f->n_include && !f->n_exclude) || strncmp(schema->name, "exits", 5) ||
	    !cell(schema, "level", row))
		return true;
	isa = cell(schema, "isa", row);
	code = cell(schema, "reason_code", row);
	return (!f->n_include || among(f->include, f->n_include, isa, code)) &&
	       !among(f->exclude, f->n_exclude, isa, code);
}

/* Rows of a VM itself are of no vCPU and no thread of one; those of the host pass. */
static bool passes(void *arg, const struct kw_schema *schema, const void *row)
{
	const struct kw_row_head *head = row;
	const struct file *f = arg;
	const struct kw_filters *filters = &f->wants.filters;

	if (head->vm == KW_ALL)
		return true;
	if (!f->vm_passes[head->vm])
		return false;
	if (head->vcpu == KW_ALL)
		return !filters->vcpu.n && !filters->tid.n;
	return listed(&filters->vcpu, head->vcpu) && listed(&filters->tid, head->tid) &&
	       reason_passes(filters, schema, row);
}

/* ---- what is so at a reading, besides rows ---- */

static void damaged(struct file *f, size_t t)
{
	snprintf(f->source.lacks[t], sizeof(f->source.lacks[t]), DAMAGED);
	kw_replay_table_close(&f->table[t]);
	f->source.damaged = true;
}

static void take_state(struct file *f, const char *collector, const char *table, const char *why)
{
	char name[64];

	for (size_t i = 0; i < f->wants.n && collector; i++)
		if (!strcmp(f->wants.collector[i]->name, collector))
			snprintf(f->source.unavailable[i], sizeof(f->source.unavailable[i]), "%s",
				 why);
	for (size_t t = 0; t < f->wants.n_tables && table; t++)
		if (f->table[t].recording &&
		    !strcmp(kw_kept_table(f->wants.table[t], name, sizeof(name)), table))
			snprintf(f->source.lacks[t], sizeof(f->source.lacks[t]), "%s", why);
}

static const char *text(sqlite3_stmt *stmt, int i)
{
	return (const char *)sqlite3_column_text(stmt, i);
}

static void take_state_row(struct file *f, sqlite3_stmt *stmt)
{
	take_state(f, text(stmt, 0), text(stmt, 1), text(stmt, 2) ?: "");
}

static void take_loss_row(struct file *f, sqlite3_stmt *stmt)
{
	const char *name = text(stmt, 0) ?: "";

	for (size_t i = 0; i < KW_LOSS_ALL; i++)
		if (!strcmp(kw_loss_info(i)->name, name))
			f->losses.n[i] = sqlite3_column_int64(stmt, 1);
}

static void take_note_row(struct file *f, sqlite3_stmt *stmt)
{
	int64_t timing = sqlite3_column_int64(stmt, 0);

	if (timing >= KW_TIMED_ALL && timing <= KW_TIMED_AT_ENTRY)
		f->source.timing = timing;
	snprintf(f->source.note, sizeof(f->source.note), "%s", text(stmt, 1) ?: "");
}

/* What was noted in readings from one (not included) to another. */
static void take_noted(struct file *f, int64_t from, int64_t to, const char *sql,
		       void (*take)(struct file *f, sqlite3_stmt *stmt))
{
	sqlite3_stmt *stmt = NULL;
	int err = sqlite3_prepare_v2(f->recording.db, sql, -1, &stmt, NULL);

	err = err ?: sqlite3_bind_int64(stmt, 1, from) ?: sqlite3_bind_int64(stmt, 2, to);
	while (!err && (err = sqlite3_step(stmt)) == SQLITE_ROW) {
		take(f, stmt);
		err = 0;
	}
	if (err != SQLITE_DONE && !f->source.damaged) {
		kw_recording_damaged(&f->recording, "states and losses");
		f->source.damaged = true;
	}
	sqlite3_finalize(stmt);
}

static void take_all_noted(struct file *f, int64_t from, int64_t to)
{
	take_noted(f, from, to,
		   "SELECT collector, \"table\", why FROM state WHERE reading > ? AND reading <= ?"
		   " ORDER BY reading",
		   take_state_row);
	take_noted(f, from, to,
		   "SELECT name, n FROM losses WHERE reading > ? AND reading <= ? ORDER BY reading",
		   take_loss_row);
	take_noted(f, to - 1, to,
		   "SELECT timing, note FROM reading WHERE reading > ? AND reading <= ?",
		   take_note_row);
}

/* ---- going to a reading ---- */

/* Whatever it was at. */
static void go_to(struct file *f, size_t at)
{
	int64_t id = f->recording.reading[at].id;

	memset(&f->losses, 0, sizeof(f->losses));
	take_all_noted(f, INT64_MIN, id);
	for (size_t t = 0; t < f->wants.n_tables; t++)
		if (f->table[t].recording && kw_replay_table_seek(&f->table[t], id))
			damaged(f, t);
	f->at = at;
	f->since_ns = kw_mono_ns();
}

static void advance(struct file *f, size_t at)
{
	int64_t from = f->recording.reading[f->at].id, to = f->recording.reading[at].id;

	take_all_noted(f, from, to);
	for (size_t t = 0; t < f->wants.n_tables; t++)
		if (f->table[t].recording && kw_replay_table_advance(&f->table[t], from, to))
			damaged(f, t);
	f->at = at;
	f->since_ns = kw_mono_ns();
}

static bool is_last(const struct file *f)
{
	return f->at + 1 == f->recording.n;
}

/* The first reading after this one that is not before a time; or the last. */
static size_t find_reading(const struct file *f, uint64_t ns)
{
	uint64_t tolerated = f->recording.interval_ns / 2;
	size_t i = f->at + 1;

	while (i + 1 < f->recording.n && f->recording.reading[i].mono_ns < ns &&
	       ns - f->recording.reading[i].mono_ns > tolerated)
		i++;
	return i;
}

/* ---- the source ---- */

static int start(struct kw_source *source, uint64_t *ret_mono_ns)
{
	struct file *f = (struct file *)source;

	go_to(f, 0);
	*ret_mono_ns = f->recording.reading[0].mono_ns;
	return 0;
}

static void stop(struct kw_source *source)
{
	((struct file *)source)->stopped = true;
}

static int read_frames(struct kw_source *source, struct kw_frame *frame, struct kw_losses *losses)
{
	struct file *f = (struct file *)source;
	const struct kw_reading *now = &f->recording.reading[f->at];
	int err = 0;

	for (size_t i = 0; i < f->wants.n_tables && !err; i++) {
		kw_frame_empty(&frame[i]);
		frame[i].schema = source->table[i] ?: f->wants.table[i];
		frame[i].mono_ns = now->mono_ns;
		frame[i].real_ns = now->real_ns;
		if (f->table[i].recording)
			err = kw_replay_table_read(&f->table[i], passes, f, &frame[i]);
	}
	*losses = f->losses;
	return err;
}

static int deliver(struct file *f, uint64_t until, kw_event_fn fn, void *arg)
{
	int err = fn ? kw_replay_events_deliver(&f->events, until, passes, f, fn, arg) : 0;

	f->source.damaged |= f->events.damaged;
	return err;
}

static void seek(struct kw_source *source, uint64_t ns)
{
	struct file *f = (struct file *)source;
	size_t at = f->recording.n - 1;

	while (at && f->recording.reading[at].mono_ns > ns)
		at--;
	f->sought = true;
	f->shift_ns = 0;
	go_to(f, at);
}

/* As long as it took then, and at the end for ever; unless there is input, or a signal. */
static int take_time(const struct file *f, uint64_t until)
{
	struct pollfd input = { .fd = f->source.input_fd, .events = POLLIN };
	uint64_t here = f->recording.reading[f->at].mono_ns;
	uint64_t due = f->since_ns + (until > here ? until - here : 0), now;

	do {
		bool stays = f->source.held || is_last(f);
		int n;

		now = kw_mono_ns();
		n = poll(&input, 1, stays ? -1 : now < due ? (int)((due - now) / 1000000 + 1) : 0);
		if (interrupted)
			return KW_WAIT_INTERRUPTED;
		if (n > 0)
			return KW_WAIT_INPUT;
	} while (f->source.held || is_last(f) || now < due);
	return KW_WAIT_DONE;
}

static int wait(struct kw_source *source, uint64_t until, kw_event_fn fn, void *arg)
{
	struct file *f = (struct file *)source;
	uint64_t ns = until < UINT64_MAX - f->shift_ns ? until + f->shift_ns : UINT64_MAX;
	int err;

	if (interrupted)
		return KW_WAIT_INTERRUPTED;
	if (f->stopped)
		return KW_WAIT_END;
	if (source->input_fd >= 0) {
		int how = take_time(f, until);

		if (how != KW_WAIT_DONE)
			return how;
	}
	if (!is_last(f))
		advance(f, find_reading(f, ns));
	if (!f->sought && f->recording.reading[f->at].mono_ns > ns &&
	    f->recording.reading[f->at].mono_ns - ns > f->recording.interval_ns / 2)
		f->shift_ns += f->recording.reading[f->at].mono_ns - ns;
	if (ns < f->recording.reading[f->at].mono_ns)
		ns = f->recording.reading[f->at].mono_ns;
	err = deliver(f, is_last(f) ? UINT64_MAX : ns, fn, arg);
	return err ? err : is_last(f) && source->input_fd < 0 ? KW_WAIT_END : KW_WAIT_DONE;
}

static void close_file(struct kw_source *source)
{
	struct file *f = (struct file *)source;

	for (size_t i = 0; i < KW_FRAMES; i++)
		kw_replay_table_close(&f->table[i]);
	kw_replay_events_close(&f->events);
	kw_vms_release(&f->vms);
	free(f->vm_id);
	free(f->vm_passes);
	kw_recording_close(&f->recording);
	free(f);
}

/* ---- opening ---- */

static int open_table(struct file *f, size_t t)
{
	const struct kw_schema *schema = f->wants.table[t];
	int err = kw_replay_table_open(&f->recording, schema, f->vm_id, f->vms.n, &f->table[t]);

	if (err == -ENOENT)
		snprintf(f->source.lacks[t], sizeof(f->source.lacks[t]), NOT_RECORDED);
	else if (err == -EIO)
		damaged(f, t);
	else if (!err && f->table[t].schema != schema)
		f->source.table[t] = f->table[t].schema;
	return err == -ENOMEM ? err : 0;
}

static int open_collector(struct file *f, size_t i)
{
	const struct kw_collector *c = f->wants.collector[i];
	size_t end = i + 1 < f->wants.n ? f->wants.first[i + 1] : f->wants.n_tables;
	bool there = kw_recording_lists(f->recording.collectors, c->name);
	bool events = f->wants.events && kw_recording_lists(f->recording.tracing, c->name);
	int err = 0;

	if (!there)
		snprintf(f->source.unavailable[i], sizeof(f->source.unavailable[i]), NOT_RECORDED);
	if (f->wants.events && !events && c->event)
		kw_say("%s: no events of it were recorded", c->name);
	for (size_t t = f->wants.first[i]; t < end && there && !err; t++)
		err = open_table(f, t);
	if (!err && events)
		err = kw_replay_events_add(&f->events, &f->recording, c, f->vm_id, f->vms.n,
					   f->wants.filters.slower_ns);
	return err;
}

int kw_source_file_open(const struct kw_wants *wants, struct kw_source **ret)
{
	struct file *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->wants = *wants;
	f->source = (struct kw_source){
		.vms = &f->vms,
		.input_fd = -1,
		.resumed = true,
		.about = &f->recording.about,
		.start = start,
		.stop = stop,
		.read = read_frames,
		.wait = wait,
		.seek = seek,
		.close = close_file,
	};
	err = kw_recording_open(wants->input, &f->recording);
	err = err ?: kw_recording_vms(&f->recording, &f->vms, &f->vm_id);
	f->source.filtered = f->recording.filtered;
	f->source.damaged = f->recording.damaged;
	err = err ?: check_names(f) ?: choose_vms(f);
	for (size_t i = 0; i < wants->n && !err; i++)
		err = open_collector(f, i);
	if (err) {
		close_file(&f->source);
		return err;
	}
	catch_signals();
	sqlite3_progress_handler(f->recording.db, 100000, is_interrupted, NULL);
	*ret = &f->source;
	return 0;
}
