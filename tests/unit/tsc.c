// SPDX-License-Identifier: Apache-2.0
/*
 * tsc.c - the clock that makes times out of a TSC: its speed, and hosts that sleep.
 * May not know about: BPF; the other half, which uses the clock, is in timing.c.
 * To extend: another thing that a host's clocks may do is another test.
 */
#include "unit.h"

#include "core/tsc.h"

#define SECOND	1000000000ULL
#define TEND_NS (SECOND / 10)

/* 2.5 GHz */
static struct kw_tsc_pair at(uint64_t ns)
{
	return (struct kw_tsc_pair){ .tsc = 7000000 + ns / 2 * 5, .ns = 4711 + ns };
}

static struct kw_tsc begin(void)
{
	return (struct kw_tsc){ .before = at(0),
				.since = at(SECOND / 50),
				.mult = (2ULL << KW_TSC_SHIFT) / 5 };
}

static void assert_clock(const struct kw_tsc_clock *clock, struct kw_tsc_pair pair)
{
	assert_int_equal(clock->tsc, pair.tsc);
	assert_int_equal(clock->ns, pair.ns);
	assert_in_range(clock->mult, (2ULL << KW_TSC_SHIFT) / 5 - 1,
			(2ULL << KW_TSC_SHIFT) / 5 + 1);
}

/* The speed is measured over 5 to 10 s, but for the first ones. */
static void steady(void **state)
{
	struct kw_tsc tsc = begin();
	struct kw_tsc_clock clock;

	(void)state;
	for (uint64_t ns = TEND_NS; ns < 3600 * SECOND; ns += TEND_NS) {
		struct kw_tsc_pair now = at(ns);

		kw_tsc_update(&tsc, &now, &clock);
		assert_clock(&clock, now);
		if (ns > 11 * SECOND)
			assert_in_range(now.ns - tsc.before.ns, 5 * SECOND, 11 * SECOND);
	}
}

/* A pair is read a bit late; a speed over a long time hardly changes by that. */
static void noisy(void **state)
{
	struct kw_random random = { 88172645463325252ULL };
	struct kw_tsc tsc = begin();
	struct kw_tsc_clock clock;

	(void)state;
	for (uint64_t ns = TEND_NS; ns < 600 * SECOND; ns += TEND_NS) {
		struct kw_tsc_pair now = at(ns);
		int64_t off, right = (2ULL << KW_TSC_SHIFT) / 5;

		now.ns += kw_random_next(&random) % 100;
		kw_tsc_update(&tsc, &now, &clock);
		off = ((int64_t)clock.mult - right) * (int64_t)SECOND / right;
		if (ns > 11 * SECOND) /* 100 ns in 5 s, and half a unit of mult */
			assert_true(off < 30 && off > -30);
	}
}

/* What goes on afterwards, with a TSC and a clock that are off by so much, has the same speed. */
static void jump(uint64_t tsc_off, uint64_t ns_off)
{
	struct kw_tsc tsc = begin();
	struct kw_tsc_clock clock;

	for (uint64_t ns = TEND_NS; ns < 60 * SECOND; ns += TEND_NS) {
		struct kw_tsc_pair now = at(ns);

		if (ns > 20 * SECOND) {
			now.tsc += tsc_off;
			now.ns += ns_off;
		}
		kw_tsc_update(&tsc, &now, &clock);
		assert_clock(&clock, now);
	}
}

/* While a host sleeps, CLOCK_MONOTONIC stands still; the TSC goes on, or begins anew. */
static void sleeping_hosts(void **state)
{
	(void)state;
	jump(3600 * SECOND / 2 * 5, 0);
	jump(-(uint64_t)(15 * SECOND / 2 * 5), 0);
	jump(-at(20 * SECOND).tsc, 0);
	jump(SECOND / 4, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady),
		cmocka_unit_test(noisy),
		cmocka_unit_test(sleeping_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
