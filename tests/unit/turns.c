// SPDX-License-Identifier: Apache-2.0
/*
 * turns.c - who ran on a CPU meanwhile.
 * May not know about: who tells that.
 * To extend: nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sinks/turns.h"

static void add(struct kw_turns *t, uint32_t cpu, uint32_t vm, uint64_t begin_ns, uint64_t end_ns)
{
	const struct kw_turn turn = { vm, 0, begin_ns, end_ns };

	assert_int_equal(kw_turns_add(t, cpu, &turn), 0);
}

/* The VM that ran longest while VM 1 waited, and for how long; -1: none. */
static int most(const struct kw_turns *t, uint32_t cpu, uint64_t begin_ns, uint64_t end_ns,
		uint64_t *ret_ns)
{
	const struct kw_turn during = { 1, 0, begin_ns, end_ns };
	struct kw_turn found;

	return kw_turns_most(t, cpu, &during, &found, ret_ns) ? (int)found.vm : -1;
}

static void test_most(void **state)
{
	struct kw_turns *t = kw_turns_new();
	uint64_t ns;

	(void)state;
	assert_int_equal(most(t, 3, 0, 100, &ns), -1);
	add(t, 3, 1, 0, 100);
	assert_int_equal(most(t, 3, 0, 100, &ns), -1); /* itself */
	add(t, 3, 2, 100, 120);
	add(t, 3, 4, 120, 150);
	add(t, 3, 2, 150, 165);
	add(t, 5, 6, 100, 200); /* elsewhere */
	assert_int_equal(most(t, 3, 100, 165, &ns), 2);
	assert_int_equal(ns, 35);
	assert_int_equal(most(t, 3, 110, 150, &ns), 4);
	assert_int_equal(ns, 30);
	assert_int_equal(most(t, 3, 165, 200, &ns), -1);
	assert_int_equal(most(t, 65535, 0, 100, &ns), -1);
	add(t, UINT32_MAX, 2, 0, 100);
	assert_int_equal(most(t, UINT32_MAX, 0, 100, &ns), -1);
	for (uint64_t i = 0; i < 1000; i++) /* the last ones are kept */
		add(t, 3, 7 + i % 2, 1000 + 10 * i, 1000 + 10 * i + 8 + i % 2);
	assert_int_equal(most(t, 3, 10800, 11000, &ns), 8);
	assert_int_equal(ns, 90);
	kw_turns_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_most) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
