/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * threads.h - what the kernel tells user space about a VM's other threads.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in threads.bpf.h, and a column in time.c.
 */
#ifndef KW_TIME_THREADS_H
#define KW_TIME_THREADS_H

#include "../../core/abi.h"

/* include/linux/sched.h: flags of a thread */
#define TIME_PF_USER_WORKER 0x00004000 /* the kernel's, in a process, see compat.bpf.h */
#define TIME_PF_KTHREAD	    0x00200000

/* time_thread.about */
#define TIME_THREAD_WAITS (1 << 0) /* waited and slices are known: the kernel has them */
#define TIME_THREAD_FINAL (1 << 1) /* it will never run again */

/* What tells a thread from a later one with the same id. */
struct time_thread_key {
	__u32 tid, pad;
	__u64 start_ns; /* boot time at which it started */
};

/* A thread, and what it had so far; times in ns. */
struct time_thread {
	struct time_thread_key key;
	__u32 tgid;
	__u32 flags;	  /* PF_* */
	__u32 about, pad; /* TIME_THREAD_* */
	__u64 tgid_ns;	  /* boot time at which its process started */
	__u64 run, waited, slices;
	char comm[16];
};

#endif
