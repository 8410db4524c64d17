// SPDX-License-Identifier: Apache-2.0
/*
 * rank.c - see rank.h.
 * May not know about: what was sampled.
 * To extend: see rank.h.
 */
#define _GNU_SOURCE
#include "rank.h"

#include "../util/cleanup.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define EXACT 20

struct ranked {
	double value;
	size_t rank2; /* twice the rank, which is a mean where values are equal */
	bool first;   /* of the first sample */
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* Sort and rank; *ret_ties is the sum of t^3 - t over groups of t equal values. */
static void rank(struct ranked *all, size_t n, double *ret_ties)
{
	*ret_ties = 0;
	qsort(all, n, sizeof(*all), by_value);
	for (size_t i = 0, end; i < n; i = end) {
		double t;

		for (end = i + 1; end < n && all[end].value == all[i].value;)
			end++;
		for (size_t k = i; k < end; k++)
			all[k].rank2 = i + end + 1; /* the ranks are i + 1 to end */
		t = end - i;
		*ret_ties += t * t * t - t;
	}
}

/* How many of all choices of n values have a sum of ranks as far from the mean as this one. */
static double exact(const struct ranked *all, size_t total, size_t n, size_t sum2)
{
	size_t most = total * (total + 1) + 1; /* all ranks, twice */
	_cleanup_free_ double *ways = calloc((n + 1) * most, sizeof(*ways));
	double mean2 = n * (total + 1.0), far = 0, whole = 0;

	if (!ways)
		return -1;
	ways[0] = 1; /* [k * most + s]: of k values, with the sum s */
	for (size_t i = 0; i < total; i++)
		for (size_t k = n; k > 0; k--)
			for (size_t s = all[i].rank2; s < most; s++)
				ways[k * most + s] += ways[(k - 1) * most + s - all[i].rank2];
	for (size_t s = 0; s < most; s++) {
		whole += ways[n * most + s];
		if (fabs(s - mean2) >= fabs(sum2 - mean2))
			far += ways[n * most + s];
	}
	return far / whole;
}

static double approximate(double n, double m, double sum2, double ties)
{
	double total = n + m, off = fabs(sum2 - n * (total + 1)) / 2;
	double variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)));

	if (variance <= 0 || off <= 0.5)
		return 1;
	return erfc((off - 0.5) / sqrt(2 * variance));
}

double kw_rank_test(const double *a, size_t n, const double *b, size_t m)
{
	_cleanup_free_ struct ranked *all = calloc(n + m + 1, sizeof(*all));
	size_t sum2 = 0;
	double ties;

	if (!all)
		return -1;
	if (!n || !m)
		return 1;
	for (size_t i = 0; i < n + m; i++)
		all[i] = (struct ranked){ i < n ? a[i] : b[i - n], 0, i < n };
	rank(all, n + m, &ties);
	for (size_t i = 0; i < n + m; i++)
		sum2 += all[i].first ? all[i].rank2 : 0;
	return n + m <= EXACT ? exact(all, n + m, n, sum2) : approximate(n, m, sum2, ties);
}

static int by_p(const void *a, const void *b, void *p)
{
	double x = ((const double *)p)[*(const size_t *)a],
	       y = ((const double *)p)[*(const size_t *)b];

	return (x > y) - (x < y);
}

int kw_false_discovery(const double *p, size_t n, double *ret_q)
{
	_cleanup_free_ size_t *order = calloc(n + 1, sizeof(*order));
	double least = 1;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), by_p, (void *)p);
	for (size_t i = n; i-- > 0;) {
		double q = p[order[i]] * n / (i + 1);

		least = q < least ? q : least;
		ret_q[order[i]] = least;
	}
	return 0;
}
