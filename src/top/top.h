/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top.h - the live screen: what it remembers of the frames, which view of it is shown, what a key
 * does. Draws on a canvas; has no terminal, no clock and no source.
 * May not know about: terminals, BPF, collectors' structs (it finds columns by name, so that
 * recordings do as well).
 * To extend: a view is a struct top_view in a file view_*.c; another page pushes it.
 */
#ifndef KW_TOP_H
#define KW_TOP_H

#include "../core/source.h"
#include "canvas.h"

/* What it costs to watch, over one interval. */
struct kw_top_cost {
	uint64_t cpu_ns;       /* of this process */
	uint64_t rss_bytes;    /* now */
	uint64_t metered_ns;   /* for how long runs were measured */
	uint64_t runs, run_ns; /* of its BPF programs, in that time */
};

/*
 * One interval: what kw_run_interval() gave. Its rows are taken over, in exchange for memory that
 * rows of an earlier interval were in; all else is the caller's and copied if kept.
 */
struct kw_top_interval {
	const struct kw_vms *vms;
	struct kw_frame
		*frame; /* not const: kw_frame_* sort; n of them, each has schema and span */
	size_t n;
	struct kw_losses lost;
	struct kw_top_cost cost;
	const char *note; /* the source's; NULL or empty: none */
};

/* Keys that are no character. Characters are Unicode code points. */
enum kw_top_key {
	KW_KEY_UP = 0x110000,
	KW_KEY_DOWN,
	KW_KEY_LEFT,
	KW_KEY_RIGHT,
	KW_KEY_PAGE_UP,
	KW_KEY_PAGE_DOWN,
	KW_KEY_HOME,
	KW_KEY_END,
	KW_KEY_ENTER,
	KW_KEY_ESCAPE,
	KW_KEY_BACKSPACE,
	KW_KEY_TAB,
	KW_KEY_BACKTAB,
};

/* What a key means to the one who feeds the screen. */
enum kw_top_action {
	KW_TOP_NOTHING,
	KW_TOP_DRAW, /* something looks different now */
	KW_TOP_QUIT,
	KW_TOP_FASTER,	/* another interval: kw_top_interval_ns() */
	KW_TOP_SUSPEND, /* Ctrl-Z */
	KW_TOP_REPAINT, /* Ctrl-L: draw all, whatever the terminal shows */
	KW_TOP_HOLD,	/* of a recording: it was paused, or goes on: kw_top_paused() */
	KW_TOP_GO,	/* of a recording: show what was at kw_top_wanted_ns() */
};

struct kw_top;

/*
 * wants: the collectors that are watched. Of a recording (wants->input), one can go to other times,
 * and when it is paused, nothing happens. 0 or -ENOMEM.
 */
int kw_top_open(const struct kw_wants *wants, uint64_t interval_ns, struct kw_top **ret);
void kw_top_close(struct kw_top *top);

/* An interval is over. While paused it is remembered, and not shown. 0 or -ENOMEM. */
int kw_top_feed(struct kw_top *top, struct kw_top_interval *interval);

/* Forget all intervals: those that are fed next are of another time. */
void kw_top_forget(struct kw_top *top);

enum kw_top_action kw_top_key(struct kw_top *top, uint32_t key);
bool kw_top_paused(const struct kw_top *top);
/* CLOCK_MONOTONIC of the recording: the end of the interval to be shown. */
uint64_t kw_top_wanted_ns(const struct kw_top *top);
uint64_t kw_top_interval_ns(const struct kw_top *top);

/* Draw what is to be seen now; real_ns: the time of day that the first line shows. */
void kw_top_draw(struct kw_top *top, struct kw_canvas *canvas, uint64_t real_ns);

#endif
