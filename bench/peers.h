/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * peers.h - the values of the maps of peers.bpf.c, from which user space takes the counts.
 * May not know about: any kernel type, what is measured.
 * To extend: a stand-in that counts has the type of its sums here.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <linux/types.h>

#define BCC_REASONS 77 /* Intel's, the fewest it has: AMD's are 1028 */

struct bcc_cache {
	__u64 pid_tgid;
	__u64 count[BCC_REASONS];
};

struct sysak_sum {
	__u64 total, off_ns, count;
};

struct reference_key {
	__u64 reason;
	__u32 pid, tid;
};

struct reference_sum {
	__u64 max, total, min;
	__u32 count;
	__u32 pad;
};

#endif
