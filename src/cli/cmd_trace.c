// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_trace.c - trace: one line per event.
 * May not know about: BPF, any one collector.
 * To extend: filters belong into the kernel (struct kw_filters).
 */
#include "../core/log.h"
#include "run.h"

#include <string.h>

/* Some outputs show what was counted, too. */
static int show_frames(struct kw_run *run, struct kw_frame *delta)
{
	bool any = false;
	int err = 0;

	for (size_t i = 0; i < run->n_sinks; i++)
		any |= run->sink[i]->ops->timeline;
	for (size_t i = 0; i < run->o->wants.n_tables && any && !err; i++)
		err = kw_run_show(run, &delta[i], false);
	return err;
}

/* What was lost is shown every interval, and what was buffered is written. */
static int show_interval(struct kw_run *run, void *arg)
{
	struct kw_frame delta[KW_FRAMES] = {};
	struct kw_losses lost = {};
	int err = kw_run_interval(run, delta, &lost);

	err = err ?: show_frames(run, delta);
	err = err ?: kw_run_show_losses(run, &lost, delta[0].mono_ns, delta[0].real_ns, false);
	for (size_t i = 0; i < run->o->wants.n_tables; i++)
		kw_frame_clear(&delta[i]);
	for (size_t i = 0; i < run->n_sinks; i++)
		fflush(run->sink[i]->out);
	(void)arg;
	return err;
}

int kw_cmd_trace(struct kw_options *o, kw_source_open_fn open)
{
	struct kw_run run;
	int code;

	o->wants.events = true;
	code = kw_run_open(&run, o, open);
	if (!code)
		code = kw_run_intervals(&run, o->interval_ns, kw_run_event, show_interval, NULL)
			       ? KW_EXIT_FAILED
			       : 0;
	return kw_run_close(&run, code);
}
