// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_stat.c - stat: tables per interval, and a summary of the whole run; report: the latter.
 * May not know about: BPF, any one collector but for the one that --page-counts is about.
 * To extend: what every verb needs belongs into run.c.
 */
#include "../core/log.h"
#include "run.h"

#include <string.h>

#define PAGE_COUNTS "dirty-pages" /* the table that --page-counts is about */

struct totals {
	struct kw_frame interval[KW_FRAMES]; /* the last one */
	struct kw_frame frame[KW_FRAMES];
	size_t dropped[KW_FRAMES];
	struct kw_losses lost;
};

/* Rows of a summary: a guest can make up keys as long as the run lasts. */
#define SUMMARY_ROWS 100000

/* Add an interval; of too many rows, the half that counts most stays. */
static int add(struct kw_run *run, struct totals *totals, size_t i, const struct kw_frame *delta)
{
	struct kw_frame *total = &totals->frame[i];
	int err = kw_frame_merge(total, delta);

	if (err || total->n <= SUMMARY_ROWS)
		return err;
	kw_frame_order(total, run->source->vms, kw_schema_find(total->schema, total->schema->sort));
	totals->dropped[i] += kw_frame_truncate(total, SUMMARY_ROWS / 2);
	return 0;
}

static void say_dropped(const struct totals *totals, size_t i)
{
	if (totals->dropped[i])
		kw_say("the summary of %s is without %zu rows that had least %s",
		       totals->frame[i].schema->name, totals->dropped[i],
		       totals->frame[i].schema->sort);
}

static int interval(struct kw_run *run, void *arg)
{
	struct totals *totals = arg;
	struct kw_frame *delta = totals->interval;
	struct kw_losses lost = {};
	int err = kw_run_interval(run, delta, &lost);

	for (size_t i = 0; i < run->o->wants.n_tables; i++) {
		if (kw_run_has_summary(run) ||
		    (run->o->page_counts && !strcmp(run->o->wants.table[i]->name, PAGE_COUNTS)))
			err = err ?: add(run, totals, i, &delta[i]);
		err = err ?: kw_run_show(run, &delta[i], false);
	}
	err = err ?: kw_run_show_losses(run, &lost, delta[0].mono_ns, delta[0].real_ns, false);
	for (int i = 0; i < KW_LOSS_ALL; i++)
		totals->lost.n[i] += lost.n[i];
	return err;
}

static int summary(struct kw_run *run, struct totals *totals)
{
	int err = 0;

	for (size_t i = 0; i < run->o->wants.n_tables; i++)
		err = err ?: kw_run_show(run, &totals->frame[i], true);
	for (size_t i = 0; i < run->o->wants.n_tables; i++)
		say_dropped(totals, i);
	if (err || !run->o->summary)
		return err;
	return kw_run_show_losses(run, &totals->lost, totals->frame[0].mono_ns,
				  totals->frame[0].real_ns, true);
}

/* The reference's list of dirty pages: how often each was marked, most often first. */
static int page_counts(struct kw_run *run, struct totals *totals)
{
	int err = 0;

	run->o->summary = true; /* what follows is one, for every output */
	for (size_t i = 0; i < run->n_sinks; i++) {
		run->sink[i]->view.columns = "pid,gfn,rel_gfn,memslot,count";
		run->sink[i]->view.rows = 0;
		run->sink[i]->headed = NULL;
	}
	for (size_t i = 0; i < run->o->wants.n_tables && !err; i++)
		if (!strcmp(run->o->wants.table[i]->name, PAGE_COUNTS))
			err = kw_run_show(run, &totals->frame[i], true);
	return err;
}

/* A recording's summary is what it is all about. */
int kw_cmd_report(struct kw_options *o, kw_source_open_fn open)
{
	o->summary = true;
	return kw_cmd_stat(o, open);
}

int kw_cmd_stat(struct kw_options *o, kw_source_open_fn open)
{
	struct totals totals = {};
	struct kw_run run;
	int err, code = kw_run_open(&run, o, open);

	if (!code) {
		err = kw_run_intervals(&run, o->interval_ns, o->wants.events ? kw_run_event : NULL,
				       interval, &totals);
		if (!err && kw_run_has_summary(&run))
			err = summary(&run, &totals);
		if (!err && o->page_counts)
			err = page_counts(&run, &totals);
		code = err ? KW_EXIT_FAILED : 0;
	}
	for (size_t i = 0; i < o->wants.n_tables; i++) {
		kw_frame_clear(&totals.interval[i]);
		kw_frame_clear(&totals.frame[i]);
	}
	return kw_run_close(&run, code);
}
