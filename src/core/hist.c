// SPDX-License-Identifier: Apache-2.0
/*
 * hist.c - see hist.h.
 * May not know about: what is counted.
 * To extend: see hist.h.
 */
#include "hist.h"

#include "abi.h"

uint64_t kw_hist_low(const struct kw_hist *h, unsigned int i)
{
	unsigned int log2 = h->min_log2 + (i >> h->sub_log2), sub = i & ((1u << h->sub_log2) - 1);

	return i ? (1ULL << log2) + ((uint64_t)sub << (log2 - h->sub_log2)) : 0;
}

uint64_t kw_hist_high(const struct kw_hist *h, unsigned int i)
{
	return i + 1u < h->buckets ? kw_hist_low(h, i + 1) : UINT64_MAX;
}

unsigned int kw_hist_bucket(const struct kw_hist *h, uint64_t value)
{
	unsigned int log2, bucket;

	if (value < 1ULL << h->min_log2)
		return 0;
	log2 = 63 - __builtin_clzll(value);
	bucket = ((log2 - h->min_log2) << h->sub_log2) +
		 ((value >> (log2 - h->sub_log2)) & ((1u << h->sub_log2) - 1));
	return bucket < h->buckets ? bucket : h->buckets - 1u;
}

bool kw_hist_percentile(const struct kw_hist *h, const uint64_t *buckets, unsigned int permille,
			uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t total = 0, rank, low, high, middle;
	unsigned int i;

	for (i = 0; i < h->buckets; i++)
		total += buckets[i];
	if (!total)
		return false;
	rank = (uint64_t)(((unsigned __int128)total * permille + 999) / 1000);
	rank = rank ? rank : 1;
	for (i = 0; i < h->buckets && rank > buckets[i]; i++)
		rank -= buckets[i];
	low = i ? kw_hist_low(h, i) : 1ULL << h->min_log2;
	high = kw_hist_high(h, i);
	middle = high == UINT64_MAX ? max : low + (high - low) / 2;
	*ret = middle < min ? min : middle > max ? max : middle;
	return true;
}

void kw_value_mean(struct kw_value *value, uint64_t total, uint64_t n)
{
	if (n)
		kw_value_number(value, total / n);
}

void kw_value_percentile(struct kw_value *value, const uint64_t *buckets, unsigned int permille,
			 uint64_t max, uint64_t total)
{
	static const struct kw_hist layout = { KW_TIMES_MIN_LOG2, KW_TIMES_SUB_LOG2,
					       KW_TIMES_BUCKETS };

	if (kw_hist_percentile(&layout, buckets, permille, 0, max < total ? max : total,
			       &value->number))
		value->kind = KW_NUMBER;
}
