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
	TIME_UNKNOWN, /* on a CPU, and no event has told yet what it does there */
	TIME_GUEST,   /* in guest mode: its own */
	TIME_NESTED,  /* in guest mode: that of a guest of the guest */
	TIME_KERNEL,  /* on a CPU in the kernel: KVM handles an exit */
	TIME_VMM,     /* on a CPU outside KVM_RUN: the VMM */
	TIME_POLL_HIT,	  /* halt-polling that spared a sleep */
	TIME_POLL_WASTED, /* halt-polling that a sleep followed */
	TIME_HALTED,	/* asleep until an interrupt comes */
	TIME_PREEMPTED, /* runnable, and another one runs */
	TIME_WOKEN,	/* runnable after a sleep, and not running yet */
	TIME_THROTTLED, /* runnable, but its cgroup has used up its CPU limit */
	TIME_BLOCKED,	/* asleep in the kernel, for something else than an interrupt */
	TIME_IDLE,	/* asleep outside KVM_RUN: the VMM does not run it */
	TIME_STOPPED,	/* stopped by a signal or a debugger */
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
	TIME_CULPRITS,
};

#endif
