// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_stat.c - stat: tables per interval, and a summary of the whole run.
 * May not know about: BPF, any one collector.
 * To extend: what every verb needs belongs into run.c.
 */
#include "../core/log.h"
#include "run.h"

#include <string.h>

struct totals {
	struct kw_frame frame[16];
	struct kw_losses lost;
};

static int interval(struct kw_run *run, struct totals *totals)
{
	struct kw_frame delta[16] = {};
	struct kw_losses lost = {};
	int err = kw_run_interval(run, delta, &lost);

	for (size_t i = 0; i < run->o->wants.n; i++) {
		err = err ?: kw_run_show(run, &delta[i], false);
		if (run->o->summary)
			err = err ?: kw_frame_merge(&totals->frame[i], &delta[i]);
	}
	err = err ?: kw_run_show_losses(run, &lost, delta[0].mono_ns, delta[0].real_ns);
	for (int i = 0; i < KW_LOSS_ALL; i++)
		totals->lost.n[i] += lost.n[i];
	for (size_t i = 0; i < run->o->wants.n; i++)
		kw_frame_clear(&delta[i]);
	return err;
}

static int summary(struct kw_run *run, struct totals *totals)
{
	int err = 0;

	for (size_t i = 0; i < run->o->wants.n; i++)
		err = err ?: kw_run_show(run, &totals->frame[i], true);
	return err
		       ?: kw_run_show_losses(run, &totals->lost, totals->frame[0].mono_ns,
					     totals->frame[0].real_ns);
}

/* Intervals begin at whole multiples after the start, however long showing them takes. */
static int intervals(struct kw_run *run, struct totals *totals)
{
	const struct kw_options *o = run->o;

	for (uint64_t k = 1;; k++) {
		uint64_t until = run->start_ns + k * o->interval_ns;
		bool last = (o->count && k == o->count) || until >= run->end_ns;
		int how, err;

		how = run->source->wait(run->source, until < run->end_ns ? until : run->end_ns,
					NULL, NULL);
		if (how < 0)
			return how;
		if (how != KW_WAIT_DONE || last)
			run->source->stop(run->source);
		err = interval(run, totals);
		if (err || how != KW_WAIT_DONE || last)
			return err;
	}
}

int kw_cmd_stat(struct kw_options *o, kw_source_open_fn open)
{
	struct totals totals = {};
	struct kw_run run;
	int err, code = kw_run_open(&run, o, open);

	if (!code) {
		err = intervals(&run, &totals);
		if (!err && o->summary)
			err = summary(&run, &totals);
		code = err ? KW_EXIT_FAILED : 0;
	}
	for (size_t i = 0; i < o->wants.n; i++)
		kw_frame_clear(&totals.frame[i]);
	return kw_run_close(&run, code);
}
