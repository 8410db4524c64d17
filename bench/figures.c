// SPDX-License-Identifier: Apache-2.0
/*
 * figures.c - see figures.h.
 * May not know about: what was measured.
 * To extend: see figures.h.
 */
#include "figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_quantile(const struct bench_series *series, double share)
{
	struct bench_series sorted = *series;

	if (!series->n)
		return NAN;
	qsort(sorted.value, sorted.n, sizeof(*sorted.value), compare);
	return sorted.value[(size_t)lround(share * (sorted.n - 1))];
}

struct bench_series bench_ratio(const struct bench_series *a, const struct bench_series *b)
{
	struct bench_series ratio = { .n = a->n < b->n ? a->n : b->n };

	for (size_t i = 0; i < ratio.n; i++)
		ratio.value[i] = a->value[i] / b->value[i];
	return ratio;
}

struct bench_series bench_difference(const struct bench_series *a, const struct bench_series *b)
{
	struct bench_series difference = { .n = a->n < b->n ? a->n : b->n };

	for (size_t i = 0; i < difference.n; i++)
		difference.value[i] = a->value[i] - b->value[i];
	return difference;
}

static void print(const char *format, double value)
{
	char text[32];

	snprintf(text, sizeof(text), format, value);
	fputs(text, stdout);
}

void bench_print_spread(const struct bench_series *series, const char *format)
{
	print(format, bench_quantile(series, 0.5));
	fputs(" (", stdout);
	print(format, bench_quantile(series, 0.1));
	fputs("–", stdout);
	print(format, bench_quantile(series, 0.9));
	fputs(")", stdout);
}

void bench_print_target(const char *what, const struct bench_series *ratio, bool at_most,
			double target)
{
	double median = bench_quantile(ratio, 0.5);
	bool met = at_most ? median <= target : median >= target;

	printf("* %s %s %.2f: %s, ", what, at_most ? "≤" : "≥", target, met ? "met" : "**missed**");
	bench_print_spread(ratio, "%.2f");
}
