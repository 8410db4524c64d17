/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures.h - figures of rounds: medians, spreads, ratios round by round, targets.
 * May not know about: what was measured.
 * To extend: another figure is a function of the values of all rounds.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_ROUNDS 101 /* at most */

/* One value per round. */
struct bench_series {
	double value[BENCH_ROUNDS];
	size_t n;
};

/* The value below which a share of all are: 0.5 is the median. */
double bench_quantile(const struct bench_series *series, double share);

/* a / b, round by round: what is slow in both cancels out. */
struct bench_series bench_ratio(const struct bench_series *a, const struct bench_series *b);
struct bench_series bench_difference(const struct bench_series *a, const struct bench_series *b);

/* Print "1.06 (1.05–1.08)": the median, and p10–p90. */
void bench_print_spread(const struct bench_series *series, const char *format);

/* Print, without an end of line, whether a ratio is at most (or at least) what it should be. */
void bench_print_target(const char *what, const struct bench_series *ratio, bool at_most,
			double target);

#endif
