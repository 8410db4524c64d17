/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * halt.h - what the halt collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in halt.bpf.h and a column in halt.c.
 */
#ifndef KW_HALT_H
#define KW_HALT_H

#include "../../core/abi.h"

/* How a halt ended. */
enum halt_outcome {
	HALT_POLL,    /* while KVM polled */
	HALT_WAIT,    /* after its thread slept */
	HALT_AT_ONCE, /* neither: what it waits for was there already */
	HALT_OUTCOMES,
};

#define HALT_ROWS (2 * HALT_OUTCOMES) /* of one vCPU: by outcome, valid or not */

struct halt_key {
	struct kw_keyed_key key;
	__u8 outcome; /* enum halt_outcome */
	__u8 valid;   /* there was something for the vCPU to do */
	__u16 pad;
	__u32 pad2;
};

/* One writer, here and below: the vCPU's thread. Times in ns. */
struct halt_value {
	struct kw_keyed_head head;
	__u64 total;
	__u64 polled; /* before it slept, or until it ended */
	struct kw_max max;
	__u64 hist[KW_TIMES_BUCKETS];
};

/* Values of halt_poll_ns for which is told what would have been, ascending. */
#define HALT_IFS    8
#define HALT_IFS_NS 10000, 20000, 50000, 100000, 200000, 400000, 1000000, 4000000

struct halt_vcpu_key {
	struct kw_keyed_key key;
};

struct halt_vcpu_value {
	struct kw_keyed_head head;
	__u64 hlts;	   /* HLT exits */
	__u64 unhalted;	   /* … in which the vCPU did not halt */
	__u64 again;	   /* halts of a HLT exit after its first */
	__u64 outside;	   /* halts outside of HLT exits */
	__u64 hit, wasted; /* polling until a halt ended, polling before it slept */
	__u64 grows, shrinks;
	__u64 now; /* halt_poll_ns */
	/* halts longer than the if before, up to this one; the last: longer than all */
	__u64 n[HALT_IFS + 1];
	__u64 sum[HALT_IFS + 1];
};

/* Per slot. */
struct halt_slot {
	__u32 used_outcomes, used_vcpu;
	__u32 halts; /* of the exit being handled */
	__u32 pad;
	__u64 exit_ns; /* which one that is */
};

enum halt_what {
	HALT_WAKEUP,
	HALT_GROW,
	HALT_SHRINK,
	HALT_WHATS,
};

struct halt_event {
	struct kw_event head;
	__u64 total, polled; /* of a wake-up */
	__u64 old, now;	     /* of a change of halt_poll_ns */
	__u8 what, outcome, valid, pad;
	__u32 vcpu_id, tid, pad2;
};

#endif
