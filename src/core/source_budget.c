// SPDX-License-Identifier: Apache-2.0
/*
 * source_budget.c - see source_budget.h. Each level of the budget is one of the ordinary ways to
 * watch, in a source of its own: that of the new level is opened while the present one still
 * counts, then takes over.
 * May not know about: which source it is, any collector but exits, sinks.
 * To extend: see budget.h.
 */
#include "source_budget.h"

#include "../util/units.h"
#include "budget.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_NS 1000000000ULL /* of the budget's figures */
#define ONE_IN	    16		  /* exits that are timed when some are */

#define STRING_OF(x) #x
#define STRING(x)    STRING_OF(x)

static const char *const names[KW_BUDGET_LEVELS] = {
	[KW_BUDGET_ALL] = "everything asked for",
	[KW_BUDGET_EXITS] = "exits alone",
	[KW_BUDGET_SAMPLED] = "exits alone, one in " STRING(ONE_IN) " of them timed",
	[KW_BUDGET_COUNTED] = "exits alone, counted and not timed",
};

struct budgeted {
	struct kw_source source;
	struct kw_wants wants; /* as asked for, filters resolved */
	uint64_t *pids;	       /* of the filters */
	kw_source_open_fn open;
	struct kw_vms vms; /* of all sources that there have been */
	struct kw_budget budget;
	struct kw_source *inner;
	struct kw_wants inner_wants;
	uint64_t number;	 /* of the inner source, from 0 */
	struct kw_own_cost last; /* of it, when the budget's interval began */
	uint64_t check_ns;	 /* when that is over */
	bool helpless_told;

	/* of the sources that are gone */
	struct kw_own_cost cost;
	struct kw_losses lost;
	struct kw_frame frame[KW_FRAMES]; /* their last rows, since the last reading */
};

/* ---- levels ---- */

static bool stays(const struct kw_collector *c)
{
	return c->metered || !strcmp(c->name, "exits");
}

static void wants_at(struct budgeted *b, enum kw_budget_level level, struct kw_wants *ret)
{
	*ret = b->wants;
	ret->vms = &b->vms;
	ret->reopened = b->inner != NULL;
	if (level == KW_BUDGET_ALL)
		return;
	ret->n = ret->n_tables = 0;
	for (size_t i = 0; i < b->wants.n; i++)
		if (stays(b->wants.collector[i]))
			kw_wants_add(ret, b->wants.collector[i]);
	ret->timing = level == KW_BUDGET_SAMPLED   ? KW_TIMED_SOME
		      : level == KW_BUDGET_COUNTED ? KW_TIMED_NONE
						   : KW_TIMED_ALL;
	ret->one_in = level == KW_BUDGET_SAMPLED ? ONE_IN : 0;
}

/* Of the inner source's collectors, the one that is the i-th outside; NULL: it was left out. */
static const char *unavailable(const struct budgeted *b, size_t i)
{
	for (size_t k = 0; k < b->inner_wants.n; k++)
		if (b->inner_wants.collector[k] == b->wants.collector[i])
			return b->inner->unavailable[k];
	return NULL;
}

/* What a reader of the source can see of the level. */
static void show_level(struct budgeted *b)
{
	struct kw_source *s = &b->source;

	for (size_t i = 0; i < b->wants.n; i++) {
		const char *why = unavailable(b, i);

		if (why)
			snprintf(s->unavailable[i], sizeof(s->unavailable[i]), "%s", why);
		else
			snprintf(s->unavailable[i], sizeof(s->unavailable[i]),
				 "left out to keep within --budget %g%%", 100 * b->budget.share);
	}
	s->timing = b->inner_wants.timing;
	*s->note = 0;
	if (b->budget.level != KW_BUDGET_ALL)
		snprintf(s->note, sizeof(s->note), "budget %g%%: %s", 100 * b->budget.share,
			 names[b->budget.level]);
}

/* ---- rows ---- */

/* Rows of one frame become the last ones of another. */
static int append(struct kw_frame *from, struct kw_frame *to)
{
	int err = 0;

	for (size_t i = 0; i < from->n && !err; i++) {
		void *row = kw_frame_add(to);

		if (row)
			memcpy(row, from->row[i], to->schema->row_size);
		else
			err = -ENOMEM;
	}
	kw_frame_clear(from);
	return err;
}

/* Which of all tables is the inner source's k-th. */
static size_t table_of(const struct budgeted *b, size_t k)
{
	size_t i = 0;

	while (b->wants.table[i] != b->inner_wants.table[k])
		i++;
	return i;
}

/* Rows of different sources are never the same ones. */
static void tell_apart(const struct budgeted *b, struct kw_frame *frame)
{
	for (size_t i = 0; i < frame->n; i++)
		((struct kw_row_head *)frame->row[i])->born_ns += b->number;
}

/* What the inner source has counted, as frames of all tables; and add its losses. */
static int read_inner(struct budgeted *b, struct kw_frame *frame, struct kw_losses *lost)
{
	struct kw_frame own[KW_FRAMES] = {};
	struct kw_losses now = {};
	int err;

	for (size_t k = 0; k < b->inner_wants.n_tables; k++) { /* for their memory */
		own[k] = frame[table_of(b, k)];
		frame[table_of(b, k)] = (struct kw_frame){};
	}
	err = b->inner->read(b->inner, own, &now);
	for (size_t i = 0; i < b->wants.n_tables; i++) {
		kw_frame_empty(&frame[i]);
		frame[i].schema = b->wants.table[i];
		frame[i].mono_ns = own[0].mono_ns;
		frame[i].real_ns = own[0].real_ns;
		frame[i].span_ns = 0;
	}
	for (size_t k = 0; k < b->inner_wants.n_tables; k++) {
		tell_apart(b, &own[k]);
		frame[table_of(b, k)] = own[k];
	}
	for (int i = 0; i < KW_LOSS_ALL; i++)
		lost->n[i] += now.n[i];
	return err;
}

/* The rows of some frames go over to others. */
static int append_all(const struct budgeted *b, struct kw_frame *from, struct kw_frame *to)
{
	int err = 0;

	for (size_t i = 0; i < b->wants.n_tables; i++) {
		to[i].schema = b->wants.table[i];
		err = append(&from[i], &to[i]) ?: err;
	}
	return err;
}

/* ---- steps ---- */

/* What it cost in all: the sources before, and this one. */
static void add_cost(const struct kw_own_cost *before, struct kw_own_cost *cost)
{
	cost->metered_ns += before->metered_ns;
	cost->runs += before->runs;
	cost->run_ns += before->run_ns;
	cost->exits += before->exits;
}

static int open_level(struct budgeted *b, enum kw_budget_level level, struct kw_wants *ret_wants,
		      struct kw_source **ret)
{
	wants_at(b, level, ret_wants);
	return b->open(ret_wants, ret);
}

/* The source in use counts no more, a new one does; the last of the old one is kept. */
static int replace(struct budgeted *b, struct kw_source *new, const struct kw_wants *wants,
		   uint64_t *ret_gap_ns)
{
	struct kw_frame last[KW_FRAMES] = {};
	struct kw_source *old = b->inner;
	struct kw_own_cost cost;
	uint64_t stopped_ns = kw_mono_ns(), start_ns;
	int err;

	old->stop(old);
	old->handed_over = true;
	err = new->start(new, &start_ns);
	*ret_gap_ns = kw_mono_ns() - stopped_ns;
	err = err ?: read_inner(b, last, &b->lost);
	err = append_all(b, last, b->frame) ?: err;
	if (!old->own_cost(old, &cost)) {
		add_cost(&b->cost, &cost);
		b->cost = cost;
	}
	b->inner = new;
	b->inner_wants = *wants;
	b->number++;
	old->close(old);
	return err;
}

static void say_step(const struct budgeted *b, enum kw_budget_level to, uint64_t gap_ns)
{
	const struct kw_budget *was = &b->budget;
	double percent = 100 * was->share;
	char gap[32];

	kw_format_ns(gap_ns, gap, sizeof(gap));
	if (to > was->level)
		kw_say("cost %.3g %% is over --budget %g%%: from here on %s (nothing was counted "
		       "for %s)",
		       100 * was->cost, percent, names[to], gap);
	else
		kw_say("cost %.3g %%, and %.3g %% expected, are within --budget %g%%: back to %s "
		       "(nothing was counted for %s)",
		       100 * was->cost, 100 * was->next_cost, percent, names[to], gap);
}

/* From here on, what it costs is measured anew. */
static int begin_interval(struct budgeted *b)
{
	int err = b->inner->own_cost(b->inner, &b->last);

	b->check_ns = b->last.mono_ns + INTERVAL_NS;
	return err;
}

static int step(struct budgeted *b, enum kw_budget_level level)
{
	struct kw_source *new;
	struct kw_wants wants;
	uint64_t gap_ns;
	int err = open_level(b, level, &wants, &new);

	if (err) {
		kw_say("cannot change to %s: %s; it stays with %s", names[level], strerror(-err),
		       names[b->budget.level]);
		kw_budget_bar(&b->budget, level);
		return begin_interval(b);
	}
	err = replace(b, new, &wants, &gap_ns);
	if (err) {
		kw_say("changing to %s failed: %s; counting ends", names[level], strerror(-err));
		return err;
	}
	say_step(b, level, gap_ns);
	kw_budget_enter(&b->budget, level);
	show_level(b);
	return begin_interval(b);
}

/* An interval of the budget is over. */
static int check(struct budgeted *b)
{
	struct kw_budget_interval in;
	enum kw_budget_level level;
	struct kw_own_cost now;
	int err = b->inner->own_cost(b->inner, &now);
	uint64_t metered_ns = now.metered_ns - b->last.metered_ns;
	double scale;

	if (err || !metered_ns || now.mono_ns <= b->last.mono_ns) {
		b->check_ns += INTERVAL_NS / 10;
		return err;
	}
	in.span_ns = now.mono_ns - b->last.mono_ns;
	scale = (double)in.span_ns / metered_ns;
	in.run_ns = scale * (now.run_ns - b->last.run_ns);
	in.exits = scale * (now.exits - b->last.exits);
	in.process_ns = now.cpu_ns - b->last.cpu_ns;
	in.busy_ns = now.busy_ns > b->last.busy_ns ? now.busy_ns - b->last.busy_ns : 0;
	level = kw_budget_decide(&b->budget, &in);
	kw_debug("budget: %s: programs %.3g ms, process %.3g ms, %llu exits: %.3g %% of %.3g ms; "
		 "above it %.3g %%",
		 names[b->budget.level], in.run_ns / 1e6, in.process_ns / 1e6,
		 (unsigned long long)in.exits, 100 * b->budget.cost, in.busy_ns / 1e6,
		 100 * b->budget.next_cost);
	if (b->budget.helpless && !b->helpless_told)
		kw_say("cost %.3g %% is over --budget %g%%, and there is nothing left to leave out",
		       100 * b->budget.cost, 100 * b->budget.share);
	b->helpless_told |= b->budget.helpless;
	if (level != b->budget.level)
		return step(b, level);
	b->last = now;
	b->check_ns = now.mono_ns + INTERVAL_NS;
	return 0;
}

/* ---- struct kw_source ---- */

static int budget_start(struct kw_source *source, uint64_t *ret_mono_ns)
{
	struct budgeted *b = (struct budgeted *)source;
	int err = b->inner->start(b->inner, ret_mono_ns) ?: begin_interval(b);

	show_level(b);
	return err;
}

static void budget_stop(struct kw_source *source)
{
	struct budgeted *b = (struct budgeted *)source;

	b->inner->stop(b->inner);
}

static int budget_read(struct kw_source *source, struct kw_frame *frame,
		       struct kw_losses *ret_losses)
{
	struct budgeted *b = (struct budgeted *)source;
	struct kw_losses lost = b->lost;
	int err = read_inner(b, frame, &lost);

	err = append_all(b, b->frame, frame) ?: err;
	if (!err)
		*ret_losses = lost;
	return err;
}

static int budget_wait(struct kw_source *source, uint64_t until_mono_ns, kw_event_fn fn, void *arg)
{
	struct budgeted *b = (struct budgeted *)source;

	for (;;) {
		bool checks = b->check_ns < until_mono_ns;
		int how;

		b->inner->input_fd = source->input_fd;
		how = b->inner->wait(b->inner, checks ? b->check_ns : until_mono_ns, fn, arg);
		if (how != KW_WAIT_DONE || !checks)
			return how;
		how = check(b);
		if (how)
			return how;
	}
}

static int budget_own_cost(struct kw_source *source, struct kw_own_cost *ret)
{
	struct budgeted *b = (struct budgeted *)source;
	int err = b->inner->own_cost(b->inner, ret);

	if (!err)
		add_cost(&b->cost, ret);
	return err;
}

static void budget_close(struct kw_source *source)
{
	struct budgeted *b = (struct budgeted *)source;

	if (b->inner)
		b->inner->close(b->inner);
	for (size_t i = 0; i < b->wants.n_tables; i++)
		kw_frame_clear(&b->frame[i]);
	kw_vms_release(&b->vms);
	free(b->pids);
	free(b);
}

/* What the filters name is what it was at first, for all sources. */
static int keep_filters(struct budgeted *b)
{
	const struct kw_list *pid = &b->inner->pid;

	b->pids = calloc(pid->n ?: 1, sizeof(*b->pids));
	if (!b->pids)
		return -ENOMEM;
	if (pid->n)
		memcpy(b->pids, pid->item, pid->n * sizeof(*b->pids));
	b->wants.filters.pid = (struct kw_list){ b->pids, pid->n };
	b->wants.filters.n_vm = 0;
	return 0;
}

/* Nothing else to leave out means no such level; and a budget without a meter is none. */
static int prepare(struct budgeted *b)
{
	struct kw_own_cost cost;
	bool more = false;

	memcpy(b->source.table, b->inner->table, sizeof(b->source.table));
	memcpy(b->source.lacks, b->inner->lacks, sizeof(b->source.lacks));
	for (size_t i = 0; i < b->wants.n; i++)
		more |= !stays(b->wants.collector[i]);
	b->budget.absent[KW_BUDGET_EXITS] = !more;
	if (b->inner->own_cost && !b->inner->own_cost(b->inner, &cost) && cost.metered)
		return 0;
	kw_say("--budget: the kernel does not tell what BPF programs cost (it does from 5.8 on, to "
	       "who has CAP_SYS_ADMIN)");
	return -EOPNOTSUPP;
}

int kw_source_budget_open(const struct kw_wants *wants, double share, kw_source_open_fn open,
			  struct kw_source **ret)
{
	struct budgeted *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	b->wants = *wants;
	b->open = open;
	b->budget.share = share;
	b->source = (struct kw_source){ .vms = &b->vms,
					.input_fd = -1,
					.start = budget_start,
					.stop = budget_stop,
					.read = budget_read,
					.wait = budget_wait,
					.own_cost = budget_own_cost,
					.close = budget_close };
	err = open_level(b, KW_BUDGET_ALL, &b->inner_wants, &b->inner);
	err = err ?: keep_filters(b) ?: prepare(b);
	if (err)
		budget_close(&b->source);
	else
		*ret = &b->source;
	return err;
}
