/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - the verbs, and what they share: opening source and sinks, waiting for intervals.
 * May not know about: BPF, any one collector.
 * To extend: a verb is a file cmd_NAME.c, a line here and one in options.c.
 */
#ifndef KW_RUN_H
#define KW_RUN_H

#include "options.h"

/* Each returns the exit code of the process; messages are printed. */
int kw_cmd_top(struct kw_options *o, kw_source_open_fn open);
int kw_cmd_stat(struct kw_options *o, kw_source_open_fn open);
int kw_cmd_trace(struct kw_options *o, kw_source_open_fn open);
int kw_cmd_hist(struct kw_options *o, kw_source_open_fn open);
int kw_cmd_record(struct kw_options *o, kw_source_open_fn open);
int kw_cmd_report(struct kw_options *o, kw_source_open_fn open);
int kw_cmd_diff(struct kw_options *o, kw_source_open_fn open);
int kw_cmd_list(struct kw_options *o, kw_source_open_fn open);
int kw_cmd_check(struct kw_options *o, kw_source_open_fn open);

/*
 * Parse, run the verb, return the exit code. What main() does, with any source; collectors: those
 * of stat that is not told which.
 */
int kw_main(int argc, char **argv, kw_source_open_fn open, const char *(*collectors)(void));

/* ---- shared by the verbs ---- */

struct kw_run {
	struct kw_options *o;
	struct kw_source *source;
	struct kw_sink *sink[8];
	size_t n_sinks;
	struct kw_frame prev[KW_FRAMES];
	struct kw_losses prev_losses;
	uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC; end: UINT64_MAX if there is none */
	void *arg;		   /* the verb's own, for its handler of events */
};

/*
 * Choose collectors, open the source and, but for top, sinks; begin to count. 0 or an exit code.
 */
int kw_run_open(struct kw_run *run, struct kw_options *o, kw_source_open_fn open);
/* Close all; returns code, or KW_EXIT_FAILED if the output could not be written. */
int kw_run_close(struct kw_run *run, int code);

/*
 * Read what happened since the last call: delta[i] for the i-th of KW_FRAMES tables, folded as the
 * view wants it, and the losses. What was in delta before is forgotten, and its memory used again.
 * 0 or -errno (message printed).
 */
int kw_run_interval(struct kw_run *run, struct kw_frame *delta, struct kw_losses *ret_lost);

/*
 * Of a source that can: go to a time, from which the next interval begins. 0 or -errno (message
 * printed).
 */
int kw_run_seek(struct kw_run *run, uint64_t mono_ns);

/*
 * Until the time or the count is over, an interrupt comes or the source ends: deliver events to fn
 * (NULL: none), and call show after each interval (0: once, at the end). Intervals begin at whole
 * multiples after the start, however long showing takes. 0 or what went wrong.
 */
int kw_run_intervals(struct kw_run *run, uint64_t interval_ns, kw_event_fn fn,
		     int (*show)(struct kw_run *run, void *arg), void *arg);

/* Is a summary asked for, or does an output want it anyway? */
bool kw_run_has_summary(const struct kw_run *run);

/* Show rows, which are made estimates of all there is, and losses in every sink. 0 or -errno. */
int kw_run_show(struct kw_run *run, struct kw_frame *frame, bool summary);
int kw_run_event(void *run, const struct kw_collector *collector, const void *row, uint64_t mono_ns,
		 uint64_t real_ns); /* a kw_event_fn */
int kw_run_show_losses(struct kw_run *run, const struct kw_losses *lost, uint64_t mono_ns,
		       uint64_t real_ns, bool summary);

/* The exit code for a -errno of a source. */
int kw_exit_code(int err);

#endif
