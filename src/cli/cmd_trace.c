// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_trace.c - trace: one line per event.
 * May not know about: BPF, any one collector.
 * To extend: filters belong into the kernel (struct kw_filters).
 */
#include "../core/log.h"
#include "run.h"

#include <string.h>

static int on_event(void *arg, const struct kw_collector *c, const void *row, uint64_t mono_ns,
		    uint64_t real_ns)
{
	struct kw_run *run = arg;
	int err = 0;

	for (size_t i = 0; i < run->n_sinks && !err; i++)
		err = run->sink[i]->ops->event(run->sink[i], run->source->vms, c->name, c->event,
					       row, mono_ns, real_ns);
	return err;
}

static int show_losses(struct kw_run *run)
{
	struct kw_frame delta[16] = {};
	struct kw_losses lost = {};
	int err = kw_run_interval(run, delta, &lost);

	err = err ?: kw_run_show_losses(run, &lost, delta[0].mono_ns, delta[0].real_ns);
	for (size_t i = 0; i < run->o->wants.n; i++)
		kw_frame_clear(&delta[i]);
	for (size_t i = 0; i < run->n_sinks; i++)
		fflush(run->sink[i]->out);
	return err;
}

/* Events are shown as they come; losses, and what was buffered, every interval. */
static int follow(struct kw_run *run)
{
	for (uint64_t next = run->start_ns;;) {
		uint64_t until;
		int how, err;

		next += run->o->interval_ns;
		until = next < run->end_ns ? next : run->end_ns;
		how = run->source->wait(run->source, until, on_event, run);
		if (how < 0)
			return how;
		if (how != KW_WAIT_DONE || until == run->end_ns) {
			run->source->stop(run->source);
			how = run->source->wait(run->source, 0, on_event, run); /* what is left */
			err = show_losses(run);
			return err ?: how < 0 ? how : 0;
		}
		err = show_losses(run);
		if (err)
			return err;
	}
}

int kw_cmd_trace(struct kw_options *o, kw_source_open_fn open)
{
	struct kw_run run;
	int code;

	o->wants.events = true;
	code = kw_run_open(&run, o, open);
	if (!code)
		code = follow(&run) ? KW_EXIT_FAILED : 0;
	return kw_run_close(&run, code);
}
