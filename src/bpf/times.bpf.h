/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * times.bpf.h - the bucket of a time in the histograms of times (core/abi.h has their layout).
 * May not know about: maps, kernel types; user space's half is core/hist.c.
 * To extend: nothing here; another layout is another function.
 */
#ifndef KW_TIMES_BPF_H
#define KW_TIMES_BPF_H

#include "../core/abi.h"

/* Buckets from 4 << p on, for each number of 10 bits: the two bits after its leading one count. */
#define KW_POWER(p)                                                                                \
	[4 << (p)...(5 << (p)) - 1] = 4 * (p), [5 << (p)...(6 << (p)) - 1] = 4 * (p) + 1,          \
				 [6 << (p)...(7 << (p)) - 1] = 4 * (p) + 2,                        \
				 [7 << (p)...(8 << (p)) - 1] = 4 * (p) + 3

static const __u8 kw_bucket_of[1024] = { KW_POWER(0), KW_POWER(1), KW_POWER(2), KW_POWER(3),
					 KW_POWER(4), KW_POWER(5), KW_POWER(6), KW_POWER(7) };

/* 1 if x > limit, else 0. Arithmetic: BPF can only jump, which a mix of times would mispredict. */
static __always_inline __u64 kw_above(__u64 x, __u64 limit)
{
	__u64 difference = limit - x;

	barrier_var(difference); /* or the compiler makes it a comparison again */
	return difference >> 63;
}

/* Leading 10 bits, of which at least the first three count, then a table. */
static __always_inline __u32 kw_times_bucket(__u64 ns)
{
	__u64 bytes, i;
	__s64 bucket;

	if (ns >= 1ULL << (KW_TIMES_MIN_LOG2 + (KW_TIMES_BUCKETS >> KW_TIMES_SUB_LOG2)))
		return KW_TIMES_BUCKETS - 1;
	bytes = kw_above(ns, 0xff) + kw_above(ns, 0xffff) + kw_above(ns, 0xffffff) +
		kw_above(ns, 0xffffffff);
	i = (ns << 2) >> (bytes << 3);
	bucket = kw_bucket_of[i & 1023] + (bytes << 5) - (KW_TIMES_MIN_LOG2 << KW_TIMES_SUB_LOG2);
	if (bucket < 0)
		return 0;
	return bucket < KW_TIMES_BUCKETS ? bucket : KW_TIMES_BUCKETS - 1;
}

#endif
