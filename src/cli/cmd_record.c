// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_record.c - record: what is counted, and single events, into a file.
 * May not know about: BPF, any one collector, how a recording is stored.
 * To extend: what is kept of a reading is recording/writer.c's.
 */
#include "../core/log.h"
#include "../recording/trigger.h"
#include "../recording/writer.h"
#include "../util/units.h"
#include "run.h"

#include <errno.h>
#include <string.h>

struct record {
	struct kw_writer *writer;
	struct kw_frame interval[KW_FRAMES];
	struct kw_losses lost; /* since it began */
	struct kw_trigger trigger;
};

static void show_progress(const struct record *rec)
{
	struct kw_writer_size size;
	uint64_t lost = 0;
	char text[200], count[3][16];

	kw_writer_size(rec->writer, &size);
	for (int i = 0; i < KW_LOSS_ALL; i++)
		lost += rec->lost.n[i];
	snprintf(text, sizeof(text), "%s readings, %s rows, %s events, %.1f MiB, %llu not counted",
		 kw_format_count(size.readings, count[0], sizeof(count[0])),
		 kw_format_count(size.rows, count[1], sizeof(count[1])),
		 kw_format_count(size.events, count[2], sizeof(count[2])), size.bytes / 1048576.0,
		 (unsigned long long)lost);
	kw_log_passing(text);
}

static int look_for_trigger(struct kw_run *run, struct record *rec)
{
	struct kw_frame *frame = &rec->interval[rec->trigger.table];
	const void *row;
	double value;

	if (!rec->trigger.text)
		return 0;
	kw_frame_set_span(frame);
	kw_frame_estimate(frame);
	row = kw_trigger_fires(&rec->trigger, frame, run->source->vms, &value);
	return row ? kw_writer_fired(rec->writer, rec->trigger.text, frame->schema, row, value) : 0;
}

/* After it the run has the cumulative rows, in order. */
static int interval(struct kw_run *run, void *arg)
{
	struct record *rec = arg;
	struct kw_losses lost = {};
	int err = kw_run_interval(run, rec->interval, &lost);

	err = err
		      ?: kw_writer_add(rec->writer, run->prev, &run->prev_losses,
				       run->o->budget ? run->source->timing : run->o->wants.timing);
	err = err ?: look_for_trigger(run, rec);
	for (int i = 0; i < KW_LOSS_ALL; i++)
		rec->lost.n[i] += lost.n[i];
	if (!err)
		show_progress(rec);
	return err;
}

static struct record *record_of(struct kw_run *run)
{
	return run->arg;
}

static int on_event(void *arg, const struct kw_collector *c, const void *row, uint64_t mono_ns,
		    uint64_t real_ns)
{
	return kw_writer_event(record_of(arg)->writer, c, row, mono_ns, real_ns);
}

static void join(char *const *argv, char *dst, size_t size)
{
	size_t n = 0;

	*dst = 0;
	for (; *argv && n < size; argv++)
		n += snprintf(dst + n, size - n, "%s%s", n ? " " : "", *argv);
}

static int open_writer(struct kw_run *run, struct record *rec)
{
	struct kw_options *o = run->o;
	struct kw_writer_limits limits = { .bytes = o->max_bytes,
					   .age_ns = o->max_age_ns,
					   .around_triggers = o->trigger != NULL,
					   .before_ns = o->before_ns,
					   .after_ns = o->after_ns };
	struct kw_about about;
	int err;

	if (o->trigger && kw_trigger_parse(o->trigger, &o->wants, &rec->trigger))
		return -EINVAL;
	kw_about_here(&about);
	if (run->source->about)
		about = *run->source->about;
	about.mono_ns = run->start_ns;
	join(o->argv, about.command, sizeof(about.command));
	err = kw_writer_open(o->n_outputs ? o->output[0] : KW_RECORDING, o->force, &o->wants,
			     run->source, &about, o->interval_ns, &rec->writer);
	if (!err)
		kw_writer_limit(rec->writer, &limits);
	return err;
}

int kw_cmd_record(struct kw_options *o, kw_source_open_fn open)
{
	struct record rec = {};
	struct kw_run run;
	int err, code;

	if (o->n_outputs > 1) {
		kw_say("record writes one file: -o is there %zu times", o->n_outputs);
		return KW_EXIT_USAGE;
	}
	o->wants.events = o->events;
	o->view.per = KW_PER_VM; /* for the trigger */
	code = kw_run_open(&run, o, open);
	run.arg = &rec;
	if (!code)
		code = kw_exit_code(open_writer(&run, &rec));
	if (!code) {
		err = kw_run_intervals(&run, o->interval_ns, o->events ? on_event : NULL, interval,
				       &rec);
		code = err ? KW_EXIT_FAILED : 0;
	}
	kw_log_passing(NULL);
	if (rec.writer && kw_writer_close(rec.writer) && !code)
		code = KW_EXIT_FAILED;
	for (size_t i = 0; i < KW_FRAMES; i++)
		kw_frame_clear(&rec.interval[i]);
	return kw_run_close(&run, code);
}
