/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * times.bpf.h - the bucket of a time in the histograms of times (core/abi.h has their layout).
 * May not know about: maps, kernel types; user space's half is core/hist.c.
 * To extend: nothing here; another layout is another function.
 */
#ifndef KW_TIMES_BPF_H
#define KW_TIMES_BPF_H

#include "../core/abi.h"

/* floor(log2(x)), x < 2^36, without branches that a mix of times would mispredict */
static __always_inline __u32 kw_log2(__u64 x)
{
	__u32 r = 0, s;

	s = (x > 0xffffffffULL) << 5, x >>= s, r |= s;
	s = (x > 0xffff) << 4, x >>= s, r |= s;
	s = (x > 0xff) << 3, x >>= s, r |= s;
	s = (x > 0xf) << 2, x >>= s, r |= s;
	s = (x > 3) << 1, x >>= s, r |= s;
	return r | (__u32)(x >> 1);
}

static __always_inline __u32 kw_times_bucket(__u64 ns)
{
	__u32 log2, bucket;

	if (ns < 1ULL << KW_TIMES_MIN_LOG2)
		return 0;
	if (ns >= 1ULL << (KW_TIMES_MIN_LOG2 + (KW_TIMES_BUCKETS >> KW_TIMES_SUB_LOG2)))
		return KW_TIMES_BUCKETS - 1;
	log2 = kw_log2(ns);
	bucket = ((log2 - KW_TIMES_MIN_LOG2) << KW_TIMES_SUB_LOG2) +
		 ((ns >> (log2 - KW_TIMES_SUB_LOG2)) & ((1 << KW_TIMES_SUB_LOG2) - 1));
	return bucket < KW_TIMES_BUCKETS ? bucket : KW_TIMES_BUCKETS - 1;
}

#endif
