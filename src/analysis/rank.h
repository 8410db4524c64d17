/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rank.h - are two samples different, or is it chance?
 * May not know about: what was sampled.
 * To extend: a test takes samples as they are and returns how likely chance alone makes them differ
 * so.
 */
#ifndef KW_RANK_H
#define KW_RANK_H

#include <stddef.h>

/*
 * Mann and Whitney's test (Wilcoxon's rank sum): how likely samples of one distribution differ in
 * their ranks as much as these do, to either side. Exact, also with ties, for 20 values in all or
 * fewer; else by the normal approximation with corrections for ties and continuity. 1 if either is
 * empty; negative if there is no memory.
 */
double kw_rank_test(const double *a, size_t n, const double *b, size_t m);

/*
 * Of many tests some find what is not there. Benjamini and Hochberg: q[i] is the share of false
 * ones to be expected among those whose p is no greater than p[i]. 0 or -ENOMEM.
 */
int kw_false_discovery(const double *p, size_t n, double *ret_q);

#endif
