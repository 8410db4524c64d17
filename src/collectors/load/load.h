/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * load.h - what the load collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in load.bpf.h and a column in load.c.
 */
#ifndef KW_LOAD_H
#define KW_LOAD_H

#include "../../core/abi.h"

/* Why a slice ended. */
enum load_end {
	LOAD_PREEMPTED, /* the thread stayed runnable */
	LOAD_SLEPT,	/* it went to sleep, or ended */
	LOAD_HANDED,	/* it went on with another vCPU, or another thread with this one */
	LOAD_ENDS,
};

#define LOAD_NO_CPU 0xffffffff

struct load_key {
	struct kw_keyed_key key;
	__u32 cpu, pad;
};

/*
 * One writer: whoever switches the vCPU's thread. Times in ns. run is a single word, so that it is
 * never read half changed: while a slice runs here, it is LOAD_RUNS and the time at which the vCPU
 * would have begun had it never paused; else the time for which it ran. done is that of the slices
 * that ended, and written first.
 */
struct load_value {
	struct kw_keyed_head head; /* count: slices that ended */
	__u64 run, done;
	__u64 waited;
	__u64 ended[LOAD_ENDS];
	__u64 arrivals, remote; /* from another CPU; of them, from another NUMA node */
	struct kw_max max, min;
	__u32 node, pad;
};

#define LOAD_RUNS (1ULL << 63) /* this clock takes 292 years to get there */

/* A slice begins, or ends: the new value of run. */
static inline __u64 load_begun(__u64 run, __u64 now)
{
	return run & LOAD_RUNS ? run : LOAD_RUNS | (now - run);
}

static inline __u64 load_ended(__u64 run, __u64 now)
{
	return run & LOAD_RUNS ? now - (run & ~LOAD_RUNS) : run;
}

/* Per slot: the slice that runs, and where the one before did. */
struct load_slot {
	__u32 used;   /* rows */
	__u32 cpu;    /* of this or the last slice */
	__u32 node;   /* of that CPU */
	__u32 from;   /* CPU from which the vCPU came for this slice; LOAD_NO_CPU: the same */
	__u32 tid;    /* thread whose slice it is */
	__u32 seen;   /* not 0: it had a slice */
	__u64 on_ns;  /* since when a slice runs; 0: none does */
	__u64 waited; /* for how long it was runnable before */
};

struct load_event {
	struct kw_event head;
	__u64 run, waited;
	__u32 cpu, node, from, end;
	__u32 vcpu_id, tid;
};

#endif
