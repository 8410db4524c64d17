// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_hist.c - hist: one histogram of the times of all rows that pass the filters.
 * May not know about: BPF, any one collector.
 * To extend: another figure's histogram is another schema's.
 */
#include "../core/log.h"
#include "../sinks/ascii_hist.h"
#include "run.h"

#include <inttypes.h>
#include <string.h>

static void draw(const struct kw_frame *frame, struct kw_sink *sink)
{
	const struct kw_hist *h = &frame->schema->hist;
	uint64_t buckets[1024] = {}, total = 0;

	for (size_t r = 0; r < frame->n; r++)
		for (unsigned int i = 0; i < h->buckets; i++) {
			uint64_t n = kw_row_hist(frame->schema, frame->row[r])[i];

			buckets[i] += n;
			total += n;
		}
	if (frame->unavailable) {
		fprintf(sink->out, "%s: unavailable: %s\n", frame->schema->name,
			frame->unavailable);
		fflush(sink->out);
		return;
	}
	fprintf(sink->out, "%s%s, %.2f s: %" PRIu64 "\n", sink->lines++ ? "\n" : "",
		frame->schema->name, frame->span_ns / 1e9, total);
	kw_ascii_hist(sink->out, h, buckets);
	fflush(sink->out);
}

static int show(struct kw_run *run, void *arg)
{
	struct kw_frame delta[KW_FRAMES] = {};
	struct kw_losses lost = {};
	int err = kw_run_interval(run, delta, &lost);

	for (size_t i = 0; i < run->n_sinks && !err; i++) {
		if (run->sink[i]->ops == &kw_sink_table)
			draw(&delta[0], run->sink[i]);
		else
			err = run->sink[i]->ops->frame(run->sink[i], run->source->vms, &delta[0],
						       false);
	}
	err = err ?: kw_run_show_losses(run, &lost, delta[0].mono_ns, delta[0].real_ns);
	for (size_t i = 0; i < run->o->wants.n_tables; i++)
		kw_frame_clear(&delta[i]);
	(void)arg;
	return err;
}

int kw_cmd_hist(struct kw_options *o, kw_source_open_fn open)
{
	struct kw_run run;
	int code;

	o->view.columns = "vm,pid,vcpu,tid,reason,access,result,size,mode,hv,count,expired,hist";
	code = kw_run_open(&run, o, open);
	if (!code && (o->wants.n != 1 || !o->wants.table[0]->hist.buckets)) {
		kw_say("hist shows one collector that has a histogram");
		code = KW_EXIT_USAGE;
	}
	/* without an interval: one histogram, at the end */
	if (!code)
		code = kw_run_intervals(&run, o->has_interval ? o->interval_ns : 0, NULL, show,
					NULL)
			       ? KW_EXIT_FAILED
			       : 0;
	return kw_run_close(&run, code);
}
