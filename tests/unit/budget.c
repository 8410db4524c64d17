// SPDX-License-Identifier: Apache-2.0
/*
 * budget.c - tests what leads to less or more being watched.
 * May not know about: sources, clocks.
 * To extend: what a host is like is a struct load.
 */
#include "unit.h"

#include "core/budget.h"

#include <math.h>

#define SECOND 1000000000ULL

/* A second of one CPU in use, of which so many parts per million were the tool's. */
static struct kw_budget_interval interval(unsigned int run_ppm, unsigned int process_ppm,
					  uint64_t exits)
{
	return (struct kw_budget_interval){
		.span_ns = SECOND,
		.run_ns = SECOND / 1000000 * run_ppm,
		.process_ns = SECOND / 1000000 * process_ppm,
		.busy_ns = SECOND,
		.exits = exits,
	};
}

/* Decide, and do so. */
static enum kw_budget_level feed(struct kw_budget *b, struct kw_budget_interval in)
{
	enum kw_budget_level level = kw_budget_decide(b, &in);

	if (level != b->level)
		kw_budget_enter(b, level);
	return level;
}

/* Until the level changes, at most so often; how often that was. */
static int feed_until_step(struct kw_budget *b, struct kw_budget_interval in, int most)
{
	enum kw_budget_level level = b->level;

	for (int i = 1; i <= most; i++)
		if (feed(b, in) != level)
			return i;
	return 0;
}

static void within_stays(void **state)
{
	struct kw_budget b = { .share = 0.01 };

	(void)state;
	assert_int_equal(feed_until_step(&b, interval(9000, 1000, 1000), 1000), 0);
	assert_true(b.cost > 0.00999 && b.cost < 0.01001);
	assert_true(b.next_cost == 0);
}

static void two_over_in_a_row_lead_down(void **state)
{
	struct kw_budget b = { .share = 0.01 };

	(void)state;
	for (int i = 0; i < 100; i++) { /* not in a row */
		assert_int_equal(feed(&b, interval(15000, 0, 1000)), KW_BUDGET_ALL);
		assert_int_equal(feed(&b, interval(5000, 0, 1000)), KW_BUDGET_ALL);
	}
	assert_int_equal(feed(&b, interval(15000, 0, 1000)), KW_BUDGET_ALL);
	assert_int_equal(feed(&b, interval(15000, 0, 1000)), KW_BUDGET_EXITS);
	for (int level = KW_BUDGET_SAMPLED; level < KW_BUDGET_LEVELS; level++) {
		assert_int_equal(feed_until_step(&b, interval(0, 10001, 1000), 10), 2);
		assert_int_equal(b.level, level);
		assert_false(b.helpless);
	}
	assert_int_equal(feed_until_step(&b, interval(0, 10001, 1000), 10), 0);
	assert_true(b.helpless);
	feed(&b, interval(0, 9999, 1000));
	assert_false(b.helpless);
}

/* A share of what all CPUs have in use, and at least of one CPU. */
static void share_of_what_is_in_use(void **state)
{
	struct kw_budget b = { .share = 0.01 };
	struct kw_budget_interval in = interval(30000, 0, 1000);

	(void)state;
	in.busy_ns = 3.01 * SECOND;
	assert_int_equal(feed_until_step(&b, in, 100), 0);
	in.busy_ns = 2.99 * SECOND;
	assert_int_equal(feed_until_step(&b, in, 100), 2);
	b = (struct kw_budget){ .share = 0.01 };
	in = interval(9999, 0, 1000);
	in.busy_ns = 0;
	assert_int_equal(feed_until_step(&b, in, 100), 0);
}

/* The same in longer intervals. */
static void length_of_intervals_is_nothing(void **state)
{
	struct kw_budget b = { .share = 0.01 };
	struct kw_budget_interval in = interval(11000, 0, 1000);

	(void)state;
	in.span_ns = in.busy_ns = 10 * SECOND;
	assert_int_equal(feed_until_step(&b, in, 100), 0);
	in.run_ns *= 10;
	assert_int_equal(feed_until_step(&b, in, 100), 2);
}

/* Stepped down from ALL, where 1000 exits cost so much. */
static struct kw_budget stepped_down(unsigned int run_ppm, unsigned int process_ppm)
{
	struct kw_budget b = { .share = 0.01 };

	assert_int_equal(feed_until_step(&b, interval(run_ppm, process_ppm, 1000), 10), 2);
	assert_int_equal(b.level, KW_BUDGET_EXITS);
	return b;
}

static void five_under_in_a_row_lead_up(void **state)
{
	struct kw_budget b = stepped_down(20000, 0);

	(void)state;
	/* 20 ppm each: 399 exits make 0.798 of the budget */
	for (int i = 0; i < 4; i++)
		assert_int_equal(feed(&b, interval(1000, 0, 399)), KW_BUDGET_EXITS);
	assert_true(b.next_cost > 0.00797 && b.next_cost < 0.00799);
	assert_int_equal(feed(&b, interval(1000, 0, 401)), KW_BUDGET_EXITS); /* from the start */
	assert_int_equal(feed_until_step(&b, interval(1000, 0, 399), 100), 5);
	assert_int_equal(b.level, KW_BUDGET_ALL);
	assert_int_equal(feed_until_step(&b, interval(8000, 0, 399), 100), 0);
}

static void too_dear_for_going_up(void **state)
{
	struct kw_budget b = stepped_down(20000, 0);

	(void)state;
	assert_int_equal(feed_until_step(&b, interval(1000, 0, 401), 1000), 0);
}

/* The process's time is the same whatever guests do, as far as one knows: not for ever. */
static void process_does_not_scale(void **state)
{
	struct kw_budget b = stepped_down(4000, 9000);

	(void)state;
	assert_int_equal(feed_until_step(&b, interval(0, 100, 0), 1000),
			 (int)ceil(log(8.0 / 9) / log(0.99)) + 4);
	b = stepped_down(40000, 7000);
	assert_int_equal(feed_until_step(&b, interval(0, 100, 0), 1000), 5);
}

/* Of a level that saw no exits, nobody knows what they cost. */
static void without_exits_the_last_cost_counts(void **state)
{
	struct kw_budget b = { .share = 0.01 };

	(void)state;
	feed(&b, interval(16000, 0, 0));
	assert_int_equal(feed(&b, interval(16000, 0, 0)), KW_BUDGET_EXITS);
	assert_int_equal(feed_until_step(&b, interval(0, 0, 0), 1000),
			 (int)ceil(log(0.5) / log(0.99)) + 4);
}

/* More is never thought to cost less. */
static void above_costs_no_less(void **state)
{
	struct kw_budget b = stepped_down(20000, 0);

	(void)state;
	assert_int_equal(feed_until_step(&b, interval(8500, 0, 1), 1000), 0);
	assert_true(b.next_cost > 0.00849 && b.next_cost < 0.00851);
}

/* From each level, whatever others are barred. */
static void barred_levels_are_left_out(void **state)
{
	(void)state;
	for (unsigned int bars = 0; bars < 1 << KW_BUDGET_LEVELS; bars++)
		for (int level = 0; level < KW_BUDGET_LEVELS; level++) {
			struct kw_budget b = { .share = 0.01, .level = level };
			int below = level, above = level;

			for (int i = KW_BUDGET_LEVELS - 1; i > level; i--)
				below = bars & 1u << i ? below : i;
			for (int i = 0; i < level; i++)
				above = bars & 1u << i ? above : i;
			for (int i = 0; i < KW_BUDGET_LEVELS; i++)
				if (bars & 1u << i)
					kw_budget_bar(&b, i);
			feed_until_step(&b, interval(20000, 0, 1000), 2);
			assert_int_equal(b.level, below);
			assert_int_equal(b.helpless, below == level);
			kw_budget_enter(&b, level);
			feed_until_step(&b, interval(10, 0, 1), 5);
			assert_int_equal(b.level, above);
		}
}

/* What kept a level from being entered may be over. */
static void bars_end(void **state)
{
	struct kw_budget b = stepped_down(20000, 0);

	(void)state;
	kw_budget_bar(&b, KW_BUDGET_ALL);
	assert_int_equal(feed_until_step(&b, interval(10, 0, 1), 1000), 59 + 5);
	assert_int_equal(b.level, KW_BUDGET_ALL);
	kw_budget_bar(&b, KW_BUDGET_EXITS);
	assert_int_equal(feed_until_step(&b, interval(20000, 0, 1000), 1000), 2);
	assert_int_equal(b.level, KW_BUDGET_SAMPLED);
}

static void absent_levels_stay_absent(void **state)
{
	struct kw_budget b = { .share = 0.01, .absent = { [KW_BUDGET_EXITS] = true } };

	(void)state;
	assert_int_equal(feed_until_step(&b, interval(20000, 0, 1000), 1000), 2);
	assert_int_equal(b.level, KW_BUDGET_SAMPLED);
	assert_int_equal(feed_until_step(&b, interval(500, 9000, 1000), 1000), 0);
	assert_int_equal(feed_until_step(&b, interval(10, 0, 1), 1000), 5);
	assert_int_equal(b.level, KW_BUDGET_ALL);
}

/* Going up in vain has to wait longer each time, until it was not in vain. */
static void patience_grows(void **state)
{
	struct kw_budget b = stepped_down(20000, 0);
	int wait[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		wait[i] = feed_until_step(&b, interval(1000, 0, 1), 1000); /* hardly any exits */
		assert_int_equal(b.level, KW_BUDGET_ALL);
		/* yet it costs the same there */
		assert_int_equal(feed_until_step(&b, interval(20000, 0, 1), 1000), 2);
		b.seen[KW_BUDGET_ALL].per_exit = 0; /* as if that were forgotten */
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(wait[i], 5 << i < 320 ? 5 << i : 320);
	assert_int_equal(feed_until_step(&b, interval(1000, 0, 1), 1000), 320);
	assert_int_equal(feed_until_step(&b, interval(1000, 0, 1), 3000), 0); /* it fits */
	assert_int_equal(feed_until_step(&b, interval(20000, 0, 1000), 10), 2);
	assert_int_equal(feed_until_step(&b, interval(10, 0, 1), 1000), 5);
}

/* ---- whole hosts ---- */

struct load {
	double rate, busy;		   /* exits per second; CPUs in use */
	double per_exit[KW_BUDGET_LEVELS]; /* ns, of programs */
	double other[KW_BUDGET_LEVELS];	   /* ns per second, of programs that no exit starts */
	double process[KW_BUDGET_LEVELS];  /* ns per second */
};

static double between(struct kw_random *r, double least, double most)
{
	return least * pow(most / least, (kw_random_next(r) >> 11) / (double)(1ULL << 53));
}

/* Less costs less. */
static struct load some_load(struct kw_random *r)
{
	struct load l = { .rate = between(r, 1, 1e7), .busy = between(r, 1, 100) };

	for (int i = 0; i < KW_BUDGET_LEVELS; i++) {
		l.per_exit[i] = (i ? l.per_exit[i - 1] : 2000) * between(r, 0.2, 1);
		l.other[i] = (i ? l.other[i - 1] : 2e7) * between(r, 0.02, 1);
		l.process[i] = (i ? l.process[i - 1] : 2e7) * between(r, 0.02, 1);
	}
	return l;
}

static struct kw_budget_interval second_of(const struct load *l, int level, struct kw_random *r)
{
	double exits = l->rate * between(r, 0.98, 1.02);

	return (struct kw_budget_interval){
		.span_ns = SECOND,
		.run_ns = exits * l->per_exit[level] + l->other[level],
		.process_ns = l->process[level],
		.busy_ns = l->busy * SECOND,
		.exits = exits,
	};
}

/* Steps in so many seconds. */
static int steps_of(struct kw_budget *b, const struct load *l, int seconds, struct kw_random *r)
{
	int steps = 0;

	while (seconds--) {
		enum kw_budget_level level = b->level;

		steps += feed(b, second_of(l, level, r)) != level;
	}
	return steps;
}

static void constant_loads_do_not_flap(void **state)
{
	struct kw_random r = { 4711 };
	int most = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct kw_budget b = { .share = between(&r, 1e-4, 0.1) };
		struct load l = some_load(&r);
		int steps;

		steps_of(&b, &l, 1500, &r);
		steps = steps_of(&b, &l, 3200, &r);
		most = steps > most ? steps : most;
	}
	assert_true(most <= 2 * (3200 / 320 + 1));
}

/* Whatever was before: a host at rest is watched in full, if the process leaves room for that. */
static void rest_brings_everything_back(void **state)
{
	struct kw_random r = { 42 };

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct kw_budget b = { .share = 0.005 };
		struct load l = some_load(&r);

		memset(l.other, 0, sizeof(l.other));
		for (int k = 0; k < KW_BUDGET_LEVELS; k++)
			l.process[k] = 1e6;
		l.rate = 1e7;
		steps_of(&b, &l, 600, &r);
		l.rate = 1;
		steps_of(&b, &l, 3 * 320, &r);
		assert_int_equal(b.level, KW_BUDGET_ALL);
	}
}

/* A host that can keep to its budget does: the last level or one that fits, most of the time. */
static void budgets_are_kept(void **state)
{
	struct kw_random r = { 99 };

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct kw_budget b = { .share = between(&r, 1e-4, 0.1) };
		struct load l = some_load(&r);
		int over = 0;

		steps_of(&b, &l, 1500, &r);
		for (int s = 0; s < 1000; s++) {
			enum kw_budget_level level = b.level;

			feed(&b, second_of(&l, level, &r));
			over += b.cost > 1.02 * b.share && level != KW_BUDGET_COUNTED;
		}
		assert_true(over <= 2 * (1000 / 320 + 1) * KW_BUDGET_LEVELS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_stays),
		cmocka_unit_test(two_over_in_a_row_lead_down),
		cmocka_unit_test(share_of_what_is_in_use),
		cmocka_unit_test(length_of_intervals_is_nothing),
		cmocka_unit_test(five_under_in_a_row_lead_up),
		cmocka_unit_test(too_dear_for_going_up),
		cmocka_unit_test(process_does_not_scale),
		cmocka_unit_test(without_exits_the_last_cost_counts),
		cmocka_unit_test(above_costs_no_less),
		cmocka_unit_test(barred_levels_are_left_out),
		cmocka_unit_test(bars_end),
		cmocka_unit_test(absent_levels_stay_absent),
		cmocka_unit_test(patience_grows),
		cmocka_unit_test(constant_loads_do_not_flap),
		cmocka_unit_test(rest_brings_everything_back),
		cmocka_unit_test(budgets_are_kept),
	};

	return kw_run_tests(tests);
}
