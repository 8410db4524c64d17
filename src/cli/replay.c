// SPDX-License-Identifier: Apache-2.0
/*
 * replay.c - see replay.h.
 * May not know about: how it is stored, sinks.
 * To extend: see replay.h.
 */
#include "replay.h"

#include "../core/log.h"
#include "../recording/recording.h"
#include "run.h"

#include <errno.h>
#include <string.h>

bool kw_replays(struct kw_options *o)
{
	if (o->verb == KW_REPORT && !o->wants.input)
		o->wants.input = KW_RECORDING;
	return o->wants.input && o->verb != KW_LIST && o->verb != KW_CHECK;
}

/* What it shows if no collector is named: all; of trace, those with events; of hist, one. */
static char *usual_collectors(struct kw_options *o, const struct kw_recording *r)
{
	char *names = kw_options_keep(o, o->verb == KW_TRACE ? r->tracing : r->collectors);

	if (!names || o->verb != KW_HIST)
		return names;
	for (char *name = names; *name; name += strcspn(name, ","), name += *name == ',')
		if (!strcmp(name, "exits") || !strncmp(name, "exits,", 6))
			return kw_options_keep(o, "exits");
	names[strcspn(names, ",")] = 0;
	return names;
}

static int refuse_timing(const struct kw_options *o, const struct kw_recording *r)
{
	static const char *const names[] = { "each of them", "some of them (--sample)",
					     "none of them (--count-only)",
					     "each at its end (--low-overhead)" };

	kw_say("'%s' has exits of which %s was timed: --sample, --count-only and --low-overhead "
	       "are for record",
	       o->wants.input, names[r->timing]);
	return KW_EXIT_USAGE;
}

static bool wants_events(const char *output)
{
	const struct kw_sink_ops *format = kw_sink_format(output);

	return format && format->timeline;
}

static int take(struct kw_options *o, const struct kw_recording *r)
{
	if (o->budget) {
		kw_say("--budget is for record: what '%s' has cannot cost less any more",
		       o->wants.input);
		return KW_EXIT_USAGE;
	}
	if (o->wants.timing != KW_TIMED_ALL &&
	    (o->wants.timing != r->timing || o->wants.one_in != r->one_in))
		return refuse_timing(o, r);
	for (size_t i = 0; i < o->n_outputs && o->verb == KW_REPORT && *r->tracing; i++)
		o->wants.events |= wants_events(o->output[i]);
	o->wants.timing = r->timing;
	o->wants.one_in = r->one_in;
	if (!o->has_interval)
		o->interval_ns = r->interval_ns;
	if (!o->what)
		o->what = usual_collectors(o, r);
	if (!o->what || *o->what)
		return o->what ? 0 : KW_EXIT_FAILED;
	kw_say(o->verb == KW_TRACE ? "'%s' has no events; record them with record --events"
				   : "'%s' has no collector that this kvm_watcher knows",
	       o->wants.input);
	return KW_EXIT_USAGE;
}

int kw_replay_options(struct kw_options *o)
{
	struct kw_recording r;
	int code, err = kw_recording_open(o->wants.input, &r);

	if (err)
		return kw_exit_code(err);
	code = take(o, &r);
	kw_recording_close(&r);
	return code;
}
