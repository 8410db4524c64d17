/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * abi.h - the types that BPF programs and user space share.
 * May not know about: any kernel type, any collector.
 * To extend: only fixed-size __uNN members, explicit padding; what one collector alone needs goes
 * into that collector's own header.
 */
#ifndef KW_ABI_H
#define KW_ABI_H

#include <linux/types.h>

/* The start of a process in /proc is in ticks of this many ns (USER_HZ is 100). */
#define KW_TICK_NS 10000000ULL

/* CPUs with a memo of the vCPU last seen there; further ones take the slower hash lookup. */
#define KW_MAX_CPUS 1024

/* Instruction set of an exit reason: the kernel's KVM_ISA_* where it has one. */
enum kw_isa {
	KW_ISA_NONE = 0,
	KW_ISA_VMX = 1, /* KVM_ISA_VMX */
	KW_ISA_SVM = 2, /* KVM_ISA_SVM */
	KW_ISA_PVM = 3, /* KVM_ISA_PVM of the PVM patch series */
	KW_ISA_ARM64 = 16,
	KW_ISA_RISCV = 17,
	KW_ISA_USER = 32, /* none: an exit to user space, by KVM_EXIT_*, or KW_USER_ERRNO */
};

/* KVM_RUN failed: with its errno, in the place of a reason to return to user space. */
#define KW_USER_ERRNO (1U << 31)

/* vcpu_id of a slot that stands for a VM itself: for what happens outside its vCPUs. */
#define KW_VM_ITSELF 0xffffffff

/* What a vCPU's thread is doing, as the hooks tell. */
enum kw_state {
	KW_ST_UNKNOWN, /* no event seen yet */
	KW_ST_GUEST,   /* between kvm_entry and kvm_exit */
	KW_ST_KERNEL,  /* KVM handles an exit */
	KW_ST_VMM,     /* between kvm_userspace_exit and the next KVM_RUN */
};

/* Parts of an exit's time that are kept; the kernel's part is what remains. */
enum kw_part {
	KW_PART_VMM,	 /* on a CPU in user space */
	KW_PART_POLL,	 /* halt-polling */
	KW_PART_HALTED,	 /* off the CPU, asleep until an event */
	KW_PART_WAITING, /* off the CPU, runnable */
	KW_PARTS,
};

/* kw_vcpu.flags */
#define KW_VCPU_IGNORED (1 << 0) /* a filter excludes this vCPU */
#define KW_VCPU_SPLIT	(1 << 1) /* part[] of the current exit is not all zero */

/* kw_vcpu.about: written by the vCPU's own thread alone, cleared when it enters the guest. */
#define KW_ABOUT_FAULT	(1 << 0) /* a page fault of the guest */
#define KW_ABOUT_IO	(1 << 1) /* io has a detail to charge the exit to */
#define KW_ABOUT_MMIO	(1 << 2) /* mmio has an access to account */
#define KW_ABOUT_DIRTY	(1 << 3) /* a logged page was made dirty */
#define KW_ABOUT_NESTED (1 << 4) /* L1 or L2 was switched to */
#define KW_ABOUT_CALL	(1 << 5) /* a hypercall */
#define KW_ABOUT_IPI	(1 << 6) /* the vCPU wrote its interrupt command register */

#define KW_REASONS 64 /* places for different reasons of one vCPU's exits; a power of two */

/*
 * One slot of the vCPU table. Written by the vCPU's own thread, by whoever switches it in and out
 * on the same CPU, and, wake_ns alone and only while it is off the CPU, by whoever wakes it. User
 * space owns slots whose vcpu is 0.
 */
struct kw_vcpu {
	/* what every exit touches: one cache line */
	__u64 vcpu;	  /* struct kvm_vcpu *; 0: free, or dead and not yet read */
	__u64 exit_ns;	  /* start of the exit being handled; 0: none */
	__u64 since_ns;	  /* start of the current state, or of the last return to a CPU */
	__u64 fastpath;	  /* re-entries of which no kvm_exit told */
	__u32 slot;	  /* this slot's own number */
	__u32 code;	  /* reason of the exit being handled */
	__u8 isa;	  /* enum kw_isa */
	__u8 level;	  /* 1; 2: the exit came from a nested guest */
	__u8 state;	  /* enum kw_state */
	__u8 flags;	  /* KW_VCPU_* */
	__u32 tid;	  /* thread that runs it (init pid namespace) */
	__u64 unfinished; /* exits that ended with the vCPU instead of a kvm_entry */
	__u32 about;	  /* KW_ABOUT_*: what collectors noted of the exit being handled */
	__u32 window;	  /* kw_window when it last entered the guest */

	/* what a switch or a halt touches */
	__u64 off_ns;	      /* since when off the CPU; 0: on it */
	__u64 wake_ns;	      /* since when runnable while off the CPU; 0: asleep */
	__u64 preempt_ns;     /* start of the last time it waited for a CPU */
	__u64 preempt_len;    /* and how long it waited */
	__u64 part[KW_PARTS]; /* of the exit being handled, ns; enum kw_part */

	__u64 poll_stat; /* KVM's halt_poll_{success,fail}_ns as last seen */

	/* the page fault being handled, if about has KW_ABOUT_FAULT */
	__u64 fault_ns;
	__u64 fault_gpa;
	__u64 fault_error; /* as the isa defines it */

	/* who it is */
	__u64 kvm;	/* struct kvm * */
	__u64 start_ns; /* boot time at which the owner process started */
	__u64 born_ns;	/* when first seen; 0: the slot is free. Written last */
	__u64 died_ns;	/* when the vCPU was destroyed; 0: alive */
	__u32 vcpu_id;
	__u32 tgid;	/* owner process (init pid namespace) */
	char comm[16];	/* of the owner process */
	__u64 exit_tsc; /* with KW_TIMED_AT_ENTRY: of the exit counted last; 0: none yet */
	__u32 skip;	/* with KW_TIMED_SOME: exits until the next one that is timed */
	__u32 pad;
	__u64 pad2[3]; /* whole cache lines */

	/*
	 * Of the collector exits: numbers of this vCPU's records, hashed by (code, level); 0: none.
	 * Here, as every exit needs one, and to look it up in a map of its own would take longer.
	 */
	__u32 exits[KW_REASONS];
};

/* What was lost, and where; each is shown when it is not zero. */
enum kw_loss {
	KW_LOSS_NO_SLOT,   /* events of vCPUs for which the vCPU table had no room */
	KW_LOSS_NO_RECORD, /* exits for which no record was free */
	KW_LOSS_REASONS,   /* exits of a vCPU with too many different reasons */
	KW_LOSS_NO_TASK,   /* times a thread could not be told which vCPU it runs */
	KW_LOSS_RING,	   /* events that did not fit into the ring buffer */
	KW_LOSS_UNMATCHED, /* kvm_exit while another exit was open */
	KW_LOSS_CLOCK,	   /* exits whose clock went backwards */
	KW_LOSS_HISTOGRAM, /* histogram carries that found no room */
	KW_LOSS_NO_ROW,	   /* rows that found no room, nor did the one for the others */
	KW_LOSS_NO_OWNER,  /* events of VMs whose owner was not to be found, or for which there was
			      no slot */
	KW_LOSS_NO_CALL,   /* calls whose begin was not noted, so that they have no time */
	KW_LOSSES,	   /* the number of those counted in BPF */
};

/* Filters on vCPUs: each kind that is on must match. Lists are keys of the map filter_ids. */
enum kw_filter {
	KW_FILTER_PID,
	KW_FILTER_TID,
	KW_FILTER_VCPU,
	KW_FILTERS,
};

struct kw_filter_id {
	__u32 kind; /* enum kw_filter */
	__u32 id;
};

/*
 * Which exits are timed. All but the first are cheaper and tell less; they are of the exits
 * collector alone.
 */
enum kw_timing {
	KW_TIMED_ALL,	   /* from kvm_exit to kvm_entry, and in which parts */
	KW_TIMED_SOME,	   /* all are counted, one in kw_wants.one_in is timed, at random */
	KW_TIMED_NONE,	   /* counted at kvm_exit, nothing else */
	KW_TIMED_AT_ENTRY, /* at kvm_entry alone, from the time that KVM notes at each exit */
};

/*
 * What makes a time of CLOCK_MONOTONIC out of a TSC that is not far off: at tsc it was ns, and
 * 1 << KW_TSC_SHIFT ticks take mult ns.
 */
#define KW_TSC_SHIFT 28
#define KW_TSC_ERROR 1000 /* ns: more than it is ever off */

struct kw_tsc_clock {
	__u64 tsc, ns, mult;
};

/* Numbers of the collectors, e.g. KW_ID_exits. */
enum kw_collector_id {
#define KW_COLLECTOR(name) KW_ID_##name,
#include "../collectors/list.h"
#undef KW_COLLECTOR
};

/*
 * Log-linear histogram of times: 4 buckets per power of two, from 64 ns to 17 s. A bucket's
 * midpoint is at most 12.5 % away from any time in it.
 */
#define KW_TIMES_MIN_LOG2 6
#define KW_TIMES_SUB_LOG2 2
#define KW_TIMES_BUCKETS  112

/* Head of every key of a map with bounded keys (bpf/keyed.bpf.h). */
struct kw_keyed_key {
	__u32 slot;
	__u32 other; /* not 0: the row of those that found no room */
};

/* Head of every value of a map with bounded keys (bpf/keyed.bpf.h). */
struct kw_keyed_head {
	__u64 born_ns; /* when the row was made: tells it from an earlier one of the same key */
	__u64 count;
};

/* Maximum of one window (kw_window): that of window w is in [w & 1]. */
struct kw_max {
	__u64 max[2];
	__u64 window;
};

/* What the exits that are charged to a row took, in ns. */
struct kw_cost {
	__u64 exits;
	__u64 total, kernel, vmm; /* from exit to entry; of it on a CPU in the kernel, in the VMM */
	struct kw_max max;
};

/* Common head of every event in the ring buffer. */
struct kw_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 born_ns; /* of the vCPU: its slot may have another one by now */
	__u32 slot;    /* of the vCPU table */
	__u32 kind;    /* enum kw_collector_id */
};

#endif
