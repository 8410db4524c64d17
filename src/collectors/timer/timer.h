/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * timer.h - what the timer collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in timer.bpf.h and a column in timer.c.
 */
#ifndef KW_TIMER_H
#define KW_TIMER_H

#include "../../core/abi.h"

/* How the guest has programmed its timer: bits 17 and 18 of the local vector table entry. */
enum timer_mode {
	TIMER_ONESHOT,
	TIMER_PERIODIC,
	TIMER_DEADLINE, /* at a value of the TSC */
	/* arm64's, in the order that KVM has them: which of the vCPU's */
	TIMER_PHYSICAL,
	TIMER_VIRTUAL,
	TIMER_EL2_VIRTUAL,
	TIMER_EL2_PHYSICAL,
	TIMER_MODES,
};

#define TIMER_MODE_SHIFT 17

enum timer_what {
	TIMER_ARM,
	TIMER_EXPIRE,
	TIMER_MERGED, /* expired while the interrupt of the last time was still to be delivered */
	TIMER_RESTART,
	TIMER_WHATS,
};

#define TIMER_ROWS 16 /* of one vCPU: more than there can be, so that none is dropped */

struct timer_key {
	struct kw_keyed_key key;
	__u32 mode; /* enum timer_mode */
	__u32 hv;   /* 1: the processor's own timer (VMX preemption timer; arm64: while loaded) */
};

/*
 * Arming is told by the vCPU's thread, expiring by that or by a hardware interrupt; never both at
 * once for one timer. Times in ns.
 */
struct timer_value {
	struct kw_keyed_head head; /* count: arms and expiries */
	__u64 what[TIMER_WHATS];   /* an expiry that is merged is in both */
	__u64 early;		   /* expired before the guest's deadline, for KVM to wait for it */
	__u64 timed, late;	   /* expiries whose deadline is known; how late in all */
	__u64 delay;		   /* from arming to the deadline, the last time; 0: not known */
	struct kw_max max;	   /* of late */
	__u64 hist[KW_TIMES_BUCKETS];
};

#define TIMER_UNKNOWN ~0ULL

struct timer_expiry {
	__u64 delay, late, early; /* TIMER_UNKNOWN */
	__u32 mode, hv, merged;
	__u32 open; /* not counted yet */
};

/* Per slot: how the timer was started the last time. */
struct timer_slot {
	__u32 used; /* rows */
	__u32 hv, mode, pad;
	__u64 deadline; /* what tells this start from another; 0: none */
	__u64 armed_ns;
	/* arm64: what KVM's own timer was set to, which has expired; 0: none. How late it was. */
	__u64 due_ns, late_ns;
	struct timer_expiry owed; /* for which no row could be made: to be tried again */
};

struct timer_event {
	struct kw_event head;
	__u64 delay, late, early; /* TIMER_UNKNOWN */
	__u32 what, mode, hv;
	__u32 vcpu_id, tid, pad;
};

#endif
