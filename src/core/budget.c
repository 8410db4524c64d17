// SPDX-License-Identifier: Apache-2.0
/*
 * budget.c - see budget.h.
 * May not know about: sources, clocks, where figures come from.
 * To extend: see budget.h.
 */
#include "budget.h"

#define OVER	   2 /* intervals in a row that lead down */
#define UNDER	   5 /* … and up; twice as many each time that it went up in vain, until */
#define MOST_UNDER 320
#define LASTING	   8	/* … in vain: if it does not last so many times as long */
#define ROOM	   0.8	/* of the budget, for the next level to fit in */
#define BARRED	   60	/* intervals */
#define MEMORY	   0.99 /* of what does not depend on exits, from one interval to the next */

/* The next level that may be used, in one direction; the present one if there is none. */
static enum kw_budget_level next(const struct kw_budget *b, int step)
{
	for (int level = b->level + step; level >= 0 && level < KW_BUDGET_LEVELS; level += step)
		if (!b->absent[level] && !b->barred[level])
			return level;
	return b->level;
}

/* What the levels above cost when they were in use: the guests of then may be gone. */
static void fade(struct kw_budget *b)
{
	for (int level = 0; level < (int)b->level; level++) {
		b->seen[level].run *= MEMORY;
		b->seen[level].process *= MEMORY;
	}
}

static void unbar(struct kw_budget *b)
{
	for (int level = 0; level < KW_BUDGET_LEVELS; level++)
		b->barred[level] -= b->barred[level] > 0;
}

/* What the level in use costs: the mean of its intervals, the later ones weighing more. */
static void note(struct kw_budget *b, const struct kw_budget_interval *in)
{
	double run = (double)in->run_ns / in->span_ns;
	double process = (double)in->process_ns / in->span_ns;
	typeof(b->seen[0]) *seen = &b->seen[b->level];
	double old = b->settled ? 0.5 : 0;

	if (in->exits) {
		double per_exit = (double)in->run_ns / in->exits;

		seen->per_exit =
			seen->has_exits ? old * seen->per_exit + (1 - old) * per_exit : per_exit;
		seen->has_exits = true;
	}
	seen->run = old * seen->run + (1 - old) * run;
	seen->process = old * seen->process + (1 - old) * process;
	seen->used = true;
	b->settled = true;
}

/*
 * What another level would have cost in this interval, ns: its programs' time grows and shrinks
 * with the exits, its process's does not. A level above costs no less than the present one.
 */
static double expected(const struct kw_budget *b, enum kw_budget_level level,
		       const struct kw_budget_interval *in)
{
	double now = (double)in->run_ns + in->process_ns;
	double run = b->seen[level].has_exits ? b->seen[level].per_exit * in->exits
					      : b->seen[level].run * in->span_ns;
	double then = run + b->seen[level].process * in->span_ns;

	return then > now ? then : now;
}

static enum kw_budget_level down(struct kw_budget *b)
{
	enum kw_budget_level below = next(b, 1);

	b->helpless = below == b->level;
	return below;
}

enum kw_budget_level kw_budget_decide(struct kw_budget *b, const struct kw_budget_interval *in)
{
	double busy = in->busy_ns > in->span_ns ? in->busy_ns : in->span_ns;
	enum kw_budget_level above;
	bool over;

	note(b, in);
	fade(b);
	unbar(b);
	above = next(b, -1);
	b->since_up++;
	b->cost = ((double)in->run_ns + in->process_ns) / busy;
	b->next_cost = above == b->level ? 0 : expected(b, above, in) / busy;
	over = b->cost > b->share;
	b->helpless &= over;
	b->over = over ? b->over + 1 : 0;
	b->under = above != b->level && b->next_cost < ROOM * b->share ? b->under + 1 : 0;
	if (b->over >= OVER)
		return down(b);
	return b->under >= (b->patience ?: UNDER) ? above : b->level;
}

void kw_budget_enter(struct kw_budget *b, enum kw_budget_level level)
{
	unsigned int patience = b->patience ?: UNDER;

	if (level < b->level) {
		b->since_up = 0;
	} else if (level > b->level && b->seen[level].used) { /* it has come up from there */
		b->patience = b->since_up < LASTING * patience ? 2 * patience : UNDER;
		b->patience = b->patience < MOST_UNDER ? b->patience : MOST_UNDER;
	}
	b->level = level;
	b->over = b->under = 0;
	b->helpless = false;
	b->settled = false;
}

void kw_budget_bar(struct kw_budget *b, enum kw_budget_level level)
{
	b->barred[level] = BARRED;
	b->over = b->under = 0;
}
