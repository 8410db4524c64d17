/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget.h - decides how much is watched, so that watching costs no more than a share of the CPU
 * time in use: figures of intervals in, a level out.
 * May not know about: sources, clocks, where figures come from.
 * To extend: a level is a member of enum kw_budget_level; what it is, source_budget.c knows.
 */
#ifndef KW_BUDGET_H
#define KW_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/* Each costs less than the one before. */
enum kw_budget_level {
	KW_BUDGET_ALL,	   /* everything that was asked for */
	KW_BUDGET_EXITS,   /* exits alone */
	KW_BUDGET_SAMPLED, /* … of which some are timed */
	KW_BUDGET_COUNTED, /* … of which none are */
	KW_BUDGET_LEVELS,
};

/* One interval, of a second or more. */
struct kw_budget_interval {
	uint64_t span_ns;
	uint64_t run_ns;     /* of the programs in the kernel */
	uint64_t process_ns; /* CPU time of the process */
	uint64_t busy_ns;    /* CPU time in use on the host */
	uint64_t exits;
};

struct kw_budget {
	double share;		       /* of the CPU time in use, at least of one CPU's time */
	bool absent[KW_BUDGET_LEVELS]; /* there is no such level */
	unsigned int barred[KW_BUDGET_LEVELS]; /* intervals until it may be used again */
	enum kw_budget_level level;	       /* in use */

	/* of the last interval, as shares like the budget */
	double cost;
	double next_cost; /* that is expected of the next level above; 0: there is none */
	bool helpless;	  /* it is over, and there is nothing below */

	/* its own */
	struct {
		bool used, has_exits;
		double per_exit;  /* of programs, if it has seen exits */
		double run;	  /* of programs, per ns */
		double process;	  /* per ns */
	} seen[KW_BUDGET_LEVELS]; /* while they were last in use */
	bool settled;		  /* there was an interval of this level */
	unsigned int over, under; /* intervals in a row */
	unsigned int patience;	  /* intervals that under takes; 0: the least */
	unsigned int since_up;	  /* intervals since the last step up */
};

/*
 * An interval of the level in use is over; returns the level that shall be used. One that loading a
 * level was part of is to be left out.
 */
enum kw_budget_level kw_budget_decide(struct kw_budget *budget,
				      const struct kw_budget_interval *interval);

/* A level is in use from here on. */
void kw_budget_enter(struct kw_budget *budget, enum kw_budget_level level);

/* A level could not be entered: for some time, a minute of intervals, it is left out. */
void kw_budget_bar(struct kw_budget *budget, enum kw_budget_level level);

#endif
