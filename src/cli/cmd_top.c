// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_top.c - top: feeds the live screen, passes keys on to it, and shows it.
 * May not know about: what is on the screen, how a terminal works.
 * To extend: what a key does is top.c's; only what is about the source or the terminal is here.
 */
#include "../core/log.h"
#include "../top/screen.h"
#include "../top/top.h"
#include "../util/units.h"
#include "run.h"

#include <errno.h>
#include <string.h>

#define KEYS_AT_ONCE 64 /* then it is looked whether there is something else to do */
#define BEFORE	     60 /* intervals of a recording that are remembered when going to a time */

struct watch {
	struct kw_run *run;
	struct kw_top *top;
	struct kw_screen *screen;
	struct kw_canvas canvas;
	uint64_t read_ns;		  /* CLOCK_MONOTONIC of the last reading */
	struct kw_own_cost own;		  /* until then */
	struct kw_top_cost cost;	  /* of the last interval */
	uint64_t intervals;		  /* that were read */
	bool told;			  /* what went wrong */
	struct kw_frame frame[KW_FRAMES]; /* of an interval, on their way to the screen */
};

/* What it cost to watch since the last call; runs are those measured last. */
static struct kw_top_cost cost(struct watch *w)
{
	struct kw_source *source = w->run->source;
	struct kw_own_cost own;

	if (!source->own_cost || source->own_cost(source, &own))
		return (struct kw_top_cost){};
	w->cost.cpu_ns = own.cpu_ns - w->own.cpu_ns;
	w->cost.rss_bytes = own.rss_bytes;
	if (own.metered_ns > w->own.metered_ns) {
		w->cost.metered_ns = own.metered_ns - w->own.metered_ns;
		w->cost.runs = own.runs - w->own.runs;
		w->cost.run_ns = own.run_ns - w->own.run_ns;
	}
	w->own = own;
	return w->cost;
}

static int draw(struct watch *w)
{
	int err = kw_screen_fit(w->screen, &w->canvas);

	if (err)
		return err;
	kw_top_draw(w->top, &w->canvas, kw_real_ns());
	kw_screen_show(w->screen, &w->canvas);
	return 0;
}

/* An interval is over: what happened in it goes to the screen. */
static int feed(struct watch *w)
{
	struct kw_top_interval interval = { .vms = w->run->source->vms,
					    .frame = w->frame,
					    .n = w->run->o->wants.n_tables,
					    .note = w->run->source->note };
	int err = kw_run_interval(w->run, w->frame, &interval.lost);

	for (size_t i = 0; i < interval.n; i++)
		kw_frame_estimate(&w->frame[i]);
	w->told = err != 0;
	interval.cost = cost(w);
	w->read_ns = w->frame[0].mono_ns;
	w->intervals++;
	return err ?: kw_top_feed(w->top, &interval);
}

/* The first whole multiple of the interval after the last reading, or the end. */
static uint64_t next_reading(const struct watch *w)
{
	uint64_t start = w->run->start_ns, interval = kw_top_interval_ns(w->top);
	uint64_t next = start + ((w->read_ns - start) / interval + 1) * interval;

	return next < w->run->end_ns ? next : w->run->end_ns;
}

/* Of a recording: show what was at a time, as if it had been watched for a while until then. */
static int go_to(struct watch *w, uint64_t mono_ns)
{
	uint64_t interval = kw_top_interval_ns(w->top), before = BEFORE * interval;
	struct kw_source *source = w->run->source;
	int how = KW_WAIT_DONE, fd = source->input_fd;
	int err = kw_run_seek(w->run, mono_ns > before ? mono_ns - before : 0);

	kw_top_forget(w->top);
	w->read_ns = w->run->prev[0].mono_ns;
	source->input_fd = -1; /* at once */
	source->held = false;
	do {
		how = source->wait(source, next_reading(w), NULL, NULL);
		err = err ?: how < 0 ? how : feed(w);
	} while (!err && how == KW_WAIT_DONE && w->read_ns + interval / 2 < mono_ns);
	source->held = kw_top_paused(w->top);
	source->input_fd = fd;
	return err;
}

/* What a key wants of source and terminal; 1 to end, 0 or -errno. */
static int act(struct watch *w, enum kw_top_action action)
{
	if (action == KW_TOP_HOLD)
		w->run->source->held = kw_top_paused(w->top);
	if (action == KW_TOP_GO)
		return go_to(w, kw_top_wanted_ns(w->top));
	if (action == KW_TOP_SUSPEND)
		kw_screen_suspend(w->screen);
	if (action == KW_TOP_REPAINT)
		kw_screen_repaint(w->screen);
	if (action == KW_TOP_FASTER)
		kw_debug("reading every %llu ns", (unsigned long long)kw_top_interval_ns(w->top));
	return action == KW_TOP_QUIT;
}

/* What the terminal has to say, though not for ever; 1 to end, 0 or -errno. */
static int listen(struct watch *w, bool *ret_changed)
{
	enum kw_screen_event event;
	uint32_t key;
	int err;

	for (int i = 0; i < KEYS_AT_ONCE; i++) {
		enum kw_top_action action = KW_TOP_DRAW;

		event = kw_screen_read(w->screen, &key);
		if (event == KW_SCREEN_NOTHING)
			return 0;
		if (event == KW_SCREEN_LOST)
			return 1;
		if (event == KW_SCREEN_KEY)
			action = key ? kw_top_key(w->top, key) : KW_TOP_NOTHING;
		err = act(w, action);
		if (err)
			return err;
		*ret_changed |= action != KW_TOP_NOTHING;
		if (action == KW_TOP_SUSPEND)
			return 0; /* perhaps it goes on because it was told to end */
	}
	return 0;
}

/* Neither keys nor intervals wait for each other, however many there are; 1 to end. */
static int take_turn(struct watch *w, bool interval)
{
	bool changed = interval;
	int err = interval ? feed(w) : 0;

	err = err ?: listen(w, &changed);
	return !err && changed ? draw(w) : err;
}

/* After an interval, or what else ended a wait: is that all? */
static bool is_over(const struct watch *w, int how, uint64_t until)
{
	if (how == KW_WAIT_INPUT)
		return false;
	return how == KW_WAIT_END || until == w->run->end_ns || w->intervals == w->run->o->count;
}

/* Until somebody ends it, or as long as was asked for; 0 or what went wrong. */
static int watch(struct watch *w)
{
	struct kw_source *source = w->run->source;
	int err = draw(w);

	while (!err) {
		uint64_t until = next_reading(w);
		int how = source->wait(source, until, NULL, NULL);

		if (how < 0 || how == KW_WAIT_INTERRUPTED)
			return how < 0 ? how : 0;
		err = take_turn(w, how != KW_WAIT_INPUT);
		if (is_over(w, how, until))
			break;
	}
	return err < 0 ? err : 0;
}

/* On the terminal. */
static int show(struct watch *w)
{
	struct kw_options *o = w->run->o;
	int err = kw_screen_open(o->view.color, &w->screen);

	if (err)
		return err;
	w->run->source->input_fd = kw_screen_fd(w->screen);
	w->read_ns = w->run->start_ns;
	if (w->run->source->seek)
		w->run->source->seek(w->run->source, w->run->start_ns);
	cost(w); /* from here on */
	err = kw_top_open(&o->wants, o->interval_ns, &w->top);
	err = err ?: watch(w);
	w->run->source->input_fd = -1;
	kw_screen_close(w->screen);
	if (err && !w->told)
		kw_say("the live screen cannot go on: %s", strerror(-err));
	if (w->top)
		kw_top_close(w->top);
	for (size_t i = 0; i < KW_FRAMES; i++)
		kw_frame_clear(&w->frame[i]);
	kw_canvas_release(&w->canvas);
	return err;
}

int kw_cmd_top(struct kw_options *o, kw_source_open_fn open)
{
	struct kw_run run;
	struct watch w = { .run = &run };
	const char *why;
	int code;

	if (!kw_screen_possible(&why)) {
		kw_say("top needs a terminal, and %s; 'kvm_watcher stat' prints tables anywhere",
		       why);
		return KW_EXIT_USAGE;
	}
	code = kw_run_open(&run, o, open);
	if (!code)
		code = show(&w) ? KW_EXIT_FAILED : 0;
	kw_log_passing("detaching..."); /* takes seconds where many are loaded */
	code = kw_run_close(&run, code);
	kw_log_passing(NULL);
	return code;
}
