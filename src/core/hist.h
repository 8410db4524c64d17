/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hist.h - log-linear histograms: edges of buckets, percentiles.
 * May not know about: what is counted.
 * To extend: the layout is data (struct kw_hist), so that recordings carry it.
 */
#ifndef KW_HIST_H
#define KW_HIST_H

#include "schema.h"

/* Bounds of bucket i: it counts values >= low and < high. The first begins at 0; the last has no
 * end (UINT64_MAX). */
uint64_t kw_hist_low(const struct kw_hist *h, unsigned int i);
uint64_t kw_hist_high(const struct kw_hist *h, unsigned int i);

/* The bucket that counts value. */
unsigned int kw_hist_bucket(const struct kw_hist *h, uint64_t value);

/*
 * The value that permille/1000 of the counted ones do not exceed: the middle of its bucket, kept
 * within [min, max] (which the caller knows exactly). False if nothing is counted.
 */
bool kw_hist_percentile(const struct kw_hist *h, const uint64_t *buckets, unsigned int permille,
			uint64_t min, uint64_t max, uint64_t *ret);

/* Cells: a mean, and the same percentile of times whose histogram has abi.h's layout. */
void kw_value_mean(struct kw_value *value, uint64_t total, uint64_t n);
void kw_value_percentile(struct kw_value *value, const uint64_t *buckets, unsigned int permille,
			 uint64_t max, uint64_t total);

/*
 * The decoders mean, p50, p99 and longest of rows that have so many times (n) and their sum, and
 * besides max and hist.
 */
#define KW_TIMES_DECODERS(type, n, sum)                                                            \
	static void mean(const struct kw_vms *vms, const void *row, struct kw_value *value)        \
	{                                                                                          \
		const struct type *r = row;                                                        \
                                                                                                   \
		(void)vms;                                                                         \
		kw_value_mean(value, r->sum, r->n);                                                \
	}                                                                                          \
	static void p50(const struct kw_vms *vms, const void *row, struct kw_value *value)         \
	{                                                                                          \
		const struct type *r = row;                                                        \
                                                                                                   \
		(void)vms;                                                                         \
		kw_value_percentile(value, r->hist, 500, r->max, r->sum);                          \
	}                                                                                          \
	static void p99(const struct kw_vms *vms, const void *row, struct kw_value *value)         \
	{                                                                                          \
		const struct type *r = row;                                                        \
                                                                                                   \
		(void)vms;                                                                         \
		kw_value_percentile(value, r->hist, 990, r->max, r->sum);                          \
	}                                                                                          \
	static void longest(const struct kw_vms *vms, const void *row, struct kw_value *value)     \
	{                                                                                          \
		const struct type *r = row;                                                        \
                                                                                                   \
		(void)vms;                                                                         \
		kw_value_max(value, r->n, r->sum);                                                 \
	}

#endif
