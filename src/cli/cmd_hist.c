// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_hist.c - hist: one histogram of the times of all rows that pass the filters.
 * May not know about: BPF, any one collector.
 * To extend: another figure's histogram is another schema's.
 */
#define _GNU_SOURCE
#include "../core/log.h"
#include "../sinks/ascii_hist.h"
#include "../util/cleanup.h"
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* One histogram: of all rows, or of those with this value in the column by. */
static void draw_rows(const struct kw_frame *frame, const struct kw_vms *vms, struct kw_sink *sink,
		      const struct kw_column *by, uint64_t value)
{
	const struct kw_hist *h = &frame->schema->hist;
	uint64_t buckets[1024] = {}, total = 0;
	struct kw_value cell = {};

	for (size_t r = 0; r < frame->n; r++) {
		if (by && kw_column_raw(by, frame->row[r]) != value)
			continue;
		if (by)
			kw_column_value(by, vms, frame->row[r], &cell);
		for (unsigned int i = 0; i < h->buckets; i++) {
			uint64_t n = kw_row_hist(frame->schema, frame->row[r])[i];

			buckets[i] += n;
			total += n;
		}
	}
	fprintf(sink->out, "%s%s%s%s, %.2f s: %" PRIu64 "\n", sink->lines++ ? "\n" : "",
		frame->schema->name, cell.text ? " " : "", cell.text ?: "", frame->span_ns / 1e9,
		total);
	kw_ascii_hist(sink->out, h, buckets);
}

/* Times of different things do not add up: each gets a histogram of its own. */
static void draw(const struct kw_frame *frame, const struct kw_vms *vms, struct kw_sink *sink)
{
	const char *name = frame->schema->hist_by;
	const struct kw_column *by = name ? kw_schema_find(frame->schema, name) : NULL;
	uint64_t drawn = 0;

	if (frame->unavailable)
		fprintf(sink->out, "%s: unavailable: %s\n", frame->schema->name,
			frame->unavailable);
	else if (!by || !frame->n)
		draw_rows(frame, vms, sink, NULL, 0);
	for (size_t r = 0; by && r < frame->n; r++) {
		uint64_t value = kw_column_raw(by, frame->row[r]) & 63;

		if (!(drawn & 1ULL << value))
			draw_rows(frame, vms, sink, by, value);
		drawn |= 1ULL << value;
	}
	fflush(sink->out);
}

/* The first table with a histogram of the one collector that is chosen. */
static const struct kw_schema *histogram_of(const struct kw_options *o, size_t *ret)
{
	for (*ret = 0; o->wants.n == 1 && *ret < o->wants.n_tables; ++*ret)
		if (o->wants.table[*ret]->hist.buckets)
			return o->wants.table[*ret];
	return NULL;
}

/* All that is no time, which the histogram has in full. */
static char *columns_of(const struct kw_schema *schema)
{
	const struct kw_column *c;
	char *columns = NULL;

	for (size_t i = 0; (c = kw_schema_column(schema, i)); i++) {
		char *longer = NULL;

		if (c->role != KW_HISTOGRAM && (c->show == KW_SHOW_ASKED || c->unit == KW_UNIT_NS))
			continue;
		if (asprintf(&longer, "%s%s%s", columns ?: "", columns ? "," : "", c->name) < 0)
			break;
		free(columns);
		columns = longer;
	}
	return columns;
}

static int show(struct kw_run *run, void *arg)
{
	struct kw_frame delta[KW_FRAMES] = {};
	struct kw_losses lost = {};
	int err = kw_run_interval(run, delta, &lost);
	size_t t;

	histogram_of(run->o, &t);
	for (size_t i = 0; i < run->n_sinks && !err; i++) {
		if (run->sink[i]->ops == &kw_sink_table)
			draw(&delta[t], run->source->vms, run->sink[i]);
		else
			err = run->sink[i]->ops->frame(run->sink[i], run->source->vms, &delta[t],
						       false);
	}
	err = err ?: kw_run_show_losses(run, &lost, delta[t].mono_ns, delta[t].real_ns, false);
	for (size_t i = 0; i < run->o->wants.n_tables; i++)
		kw_frame_clear(&delta[i]);
	(void)arg;
	return err;
}

int kw_cmd_hist(struct kw_options *o, kw_source_open_fn open)
{
	_cleanup_free_ char *columns = NULL;
	const struct kw_schema *schema;
	struct kw_run run;
	int code;
	size_t t;

	code = kw_run_open(&run, o, open);
	schema = histogram_of(o, &t);
	if (!code && !schema) {
		kw_say("hist shows one collector that has a histogram");
		code = KW_EXIT_USAGE;
	}
	if (schema)
		columns = columns_of(schema);
	for (size_t i = 0; i < run.n_sinks && columns; i++)
		run.sink[i]->view.columns = columns;
	/* without an interval: one histogram, at the end */
	if (!code)
		code = kw_run_intervals(&run, o->has_interval ? o->interval_ns : 0, NULL, show,
					NULL)
			       ? KW_EXIT_FAILED
			       : 0;
	return kw_run_close(&run, code);
}
