// SPDX-License-Identifier: Apache-2.0
/*
 * rank.c - tests of analysis/rank against values worked out by hand or known from the literature.
 * May not know about: what is sampled.
 * To extend: a test is a function in main().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/rank.h"
#include "util/cleanup.h"

#include <math.h>

#define TEST(a, b)     kw_rank_test(a, ARRAY_SIZE(a), b, ARRAY_SIZE(b))
#define NEAR(a, b, by) assert_true(fabs((a) - (b)) <= (by))

/* Of C(n + m, n) choices, so many are as far from the mean: by hand. */
static void exact(void **state)
{
	const double low[] = { 1, 2, 3 }, high[] = { 4, 5, 6 }, mixed[] = { 1, 3, 5 },
		     even[] = { 2, 4, 6 };
	const double four[] = { 1, 2, 3, 4 }, later[] = { 5, 6, 7, 8 }, swapped[] = { 4, 6, 7, 8 },
		     begin[] = { 1, 2, 3, 5 };

	(void)state;
	NEAR(TEST(low, high), 2.0 / 20, 1e-12);
	NEAR(TEST(high, low), 2.0 / 20, 1e-12);
	NEAR(TEST(mixed, even), 14.0 / 20, 1e-12); /* sum 9, mean 10.5; 6 choices have 10 or 11 */
	NEAR(TEST(four, later), 2.0 / 70, 1e-12);
	NEAR(TEST(begin, swapped), 4.0 / 70, 1e-12);
	NEAR(TEST(low, low), 1, 1e-12);
}

/* With ties: ranks 1.5 1.5 4 4 4 6; {1.5 1.5 4} is one of 3 such, and as far to the other side
 * are 3. */
static void ties(void **state)
{
	const double a[] = { 1, 1, 2 }, b[] = { 2, 2, 3 }, same[] = { 7, 7, 7, 7 };

	(void)state;
	NEAR(TEST(a, b), 6.0 / 20, 1e-12);
	NEAR(TEST(same, same), 1, 1e-12);
}

/*
 * Larger ones, against the formula by hand: of 15 and 15 values without a tie and none in common,
 * U = 0, mean 112.5, variance 15 * 15 * 31 / 12, z = 112 / 24.1091 = 4.64555.
 */
static void approximate(void **state)
{
	double a[15], b[15], tied[30], others[30];

	(void)state;
	for (int i = 0; i < 15; i++) {
		a[i] = i;
		b[i] = 100 - i;
	}
	NEAR(TEST(a, b), 3.3918e-6, 2e-10);
	for (int i = 0; i < 15; i++)
		b[i] = i + 0.5; /* U = 105: z = 7 / 24.1091 */
	NEAR(TEST(a, b), 0.77155, 2e-5);
	/*
	 * 30 zeros, and 15 zeros and 15 ones: ranks 23 and 53, U = 225 from 450; ties (45^3 - 45 +
	 * 15^3 - 15), variance 75 * (61 - 94440 / 3540) = 2574.15, z = 224.5 / 50.736 = 4.42486.
	 */
	for (int i = 0; i < 30; i++) {
		tied[i] = 0;
		others[i] = i % 2;
	}
	NEAR(TEST(tied, others), 9.65e-6, 1e-7);
	NEAR(TEST(tied, tied), 1, 1e-12);
}

/* U is as wanted: how many of b are below each of a. */
static double of_u(size_t n, size_t u)
{
	double a[10], b[10];

	for (size_t i = 0; i < n; i++) {
		size_t below = u < n ? u : n;

		a[i] = 10 * below + 5 + i / 100.0;
		b[i] = 10 * (i + 1);
		u -= below;
	}
	return kw_rank_test(a, n, b, n);
}

/* The critical values of published tables: the greatest U with p <= 0.05, to both sides. */
static void tables(void **state)
{
	static const struct {
		size_t n, u;
		double p, next;
	} known[] = { { 4, 0, 0.0286, 0.0571 },	 { 5, 2, 0.0317, 0.0556 },
		      { 6, 5, 0.0411, 0.0649 },	 { 7, 8, 0.0379, 0.0530 },
		      { 8, 13, 0.0499, 0.0650 }, { 10, 23, 0.0433, 0.0524 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		NEAR(of_u(known[i].n, known[i].u), known[i].p, 5e-5);
		NEAR(of_u(known[i].n, known[i].u + 1), known[i].next, 5e-5);
	}
}

static void nothing(void **state)
{
	const double one[] = { 5 };

	(void)state;
	NEAR(kw_rank_test(one, 1, one, 0), 1, 0);
	NEAR(kw_rank_test(NULL, 0, one, 1), 1, 0);
	NEAR(TEST(one, one), 1, 0);
}

/* The example of Benjamini and Hochberg (1995): of 15, four stand at 0.05. */
static void false_discovery(void **state)
{
	const double p[] = { 0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
			     0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000 };
	const double shuffled[] = { 0.9, 0.01, 0.04, 0.03 };
	double q[15];
	int stand = 0;

	(void)state;
	assert_int_equal(kw_false_discovery(p, 15, q), 0);
	for (int i = 0; i < 15; i++)
		stand += q[i] <= 0.05;
	assert_int_equal(stand, 4);
	NEAR(q[3], 0.0095 * 15 / 4, 1e-12);
	NEAR(q[0], 0.0001 * 15, 1e-12);
	assert_int_equal(kw_false_discovery(shuffled, 4, q), 0);
	NEAR(q[1], 0.04, 1e-12);
	NEAR(q[2], 0.16 / 3,
	     1e-12); /* no less than that of a smaller p, no more than of a greater */
	NEAR(q[3], 0.16 / 3, 1e-12);
	NEAR(q[0], 0.9, 1e-12);
	assert_int_equal(kw_false_discovery(p, 0, q), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact),       cmocka_unit_test(ties),
		cmocka_unit_test(approximate), cmocka_unit_test(tables),
		cmocka_unit_test(nothing),     cmocka_unit_test(false_discovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
