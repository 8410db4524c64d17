/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * time.h - what the time collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new state is a member here, a line in time.bpf.h and two columns in time.c.
 */
#ifndef KW_TIME_H
#define KW_TIME_H

#include "../../core/abi.h"

/* What a vCPU's time goes to: at every moment exactly one of these. */
enum time_state {
	TIME_UNKNOWN,	  /* on a CPU, and no event has told yet what it does there */
	TIME_GUEST,	  /* in guest mode: its own */
	TIME_NESTED,	  /* in guest mode: that of a guest of the guest */
	TIME_KERNEL,	  /* on a CPU in the kernel: KVM handles an exit */
	TIME_VMM,	  /* on a CPU outside KVM_RUN: the VMM */
	TIME_POLL_HIT,	  /* halt-polling that spared a sleep */
	TIME_POLL_WASTED, /* halt-polling that a sleep followed */
	TIME_HALTED,	  /* asleep until an interrupt comes */
	TIME_PREEMPTED,	  /* runnable, and another one runs */
	TIME_WOKEN,	  /* runnable after a sleep, and not running yet */
	TIME_THROTTLED,	  /* runnable, but its cgroup has used up its CPU limit */
	TIME_BLOCKED,	  /* asleep in the kernel, for something else than an interrupt */
	TIME_IDLE,	  /* asleep outside KVM_RUN: the VMM does not run it */
	TIME_STOPPED,	  /* stopped by a signal or a debugger */
	TIME_STATES,
};

/* Who had the CPU that a vCPU waited for. */
enum time_culprit {
	TIME_BY_UNKNOWN, /* it waited where more vCPUs waited than are kept */
	TIME_BY_VCPU,	 /* a vCPU, of another VM or its own */
	TIME_BY_VMM,	 /* another thread of its own VMM */
	TIME_BY_VHOST,	 /* a vhost worker */
	TIME_BY_KERNEL,	 /* another kernel thread */
	TIME_BY_PROCESS, /* another process */
	TIME_BY_IRQ,	 /* interrupts and softirqs, whoever they came upon */
	TIME_BY_IDLE,	 /* none: the CPU was on its way out of idleness */
	TIME_BY_LIMIT,	 /* none: the CPU limit of its cgroup */
	TIME_BY_OTHER,	 /* all those for whom there is no row */
	TIME_CULPRITS,
};

/* CPUs whose waiting vCPUs are known, and how many of each. */
#define TIME_CPUS    KW_MAX_CPUS
#define TIME_WAITERS 64

/* Rows of a vCPU: no processor has more reasons; culprits beyond go to one row. */
#define TIME_REASONS	  128
#define TIME_CULPRIT_ROWS 128

/*
 * Per slot. One writer at a time, on its CPU the vCPU's thread and who switches it out, off it who
 * wakes it; but for while it waits: then the CPU that it waits for, and who moves it. Times in ns.
 */
struct time_slot {
	__u32 seq;   /* odd while it is written */
	__u32 state; /* enum time_state */
	__u32 guest; /* TIME_GUEST or TIME_NESTED: which it entered last */
	__u32 pad;
	__u64 since; /* until then it is charged */
	__u64 begun; /* since then; 0: not yet */
	__u64 ns[TIME_STATES];
	/* while it waits for a CPU */
	__u32 cpu;		 /* which one */
	__u32 place;		 /* among the CPU's waiting ones, from 1; 0: none */
	__u64 wait_ns;		 /* since when */
	__u64 irq_ns;		 /* interrupts of that CPU, as last charged */
	__u64 group;		 /* its struct task_group * */
	__u64 limit_ns;		 /* that group's time without quota there, as last charged */
	__u32 reasons, culprits; /* rows */
};

/* Per CPU: who waits for it. */
struct time_cpu {
	__u32 waiter[TIME_WAITERS]; /* slots; 0: free */
};

static inline int time_waits(__u32 state)
{
	return state == TIME_PREEMPTED || state == TIME_WOKEN;
}

struct time_reason_key {
	struct kw_keyed_key key;
	__u32 code;
	__u8 isa, level;
	__u16 pad;
};

struct time_reason_value {
	struct kw_keyed_head head; /* count: spans */
	__u64 kernel;
};

struct time_culprit_key {
	struct kw_keyed_key key;
	__u32 by, pid, id, pad; /* see struct time_culprit_row */
};

struct time_culprit_value {
	struct kw_keyed_head head; /* count: spans */
	__u64 turns;		   /* on the CPU: of one, each reading makes a span */
	__u64 waited;
	char comm[16];
};

/* A task group on a CPU, whose quota is used up from time to time. */
struct time_group_key {
	__u64 group; /* struct task_group * */
	__u32 cpu, pad;
};

struct time_group {
	__u64 ns;    /* without quota, of the times that are over */
	__u64 since; /* of the one that is not; 0: it has quota */
	__u32 depth; /* of how many groups, it and those above, the quota is used up */
	__u32 pad;
};

#endif
