/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * bench.h - what the BPF and user-space halves of the benchmarks share: how an event is told.
 * May not know about: maps, variants, what is measured.
 * To extend: the test tracepoint carries one int, the nonce: what shall be told has a place in it.
 */
#ifndef BENCH_H
#define BENCH_H

#include <linux/types.h>

#define BENCH_VCPUS 16 /* stand-in vCPUs, … */
#define BENCH_VMS   4  /* … of so many VMs; both powers of two */
#define BENCH_CPUS  64 /* that can fire at once, a power of two */

/*
 * The events of a run: (duration in ns << 4 | reason), drawn once; a run begins somewhere in them.
 * So many that no branch predictor learns them.
 */
#define BENCH_MIX     65536
#define BENCH_REASONS 10

/* Nonce: reason, whether it is the entry that ends the exit, vCPU. */
#define BENCH_REASON(nonce) ((nonce)&15)
#define BENCH_ENTRY	    (1 << 4)
#define BENCH_VCPU(nonce)   ((nonce) >> 8 & (BENCH_VCPUS - 1))

/* SVM_EXIT_*: interrupt, MSR, halt, page fault, port, CPUID, window, pause, TSC, hypercall */
#define BENCH_CODES                                                                                \
	{                                                                                          \
		0x60, 0x7c, 0x78, 0x400, 0x7b, 0x72, 0x64, 0x77, 0x6e, 0x81                        \
	}

/* Hooks of which a run fires one or both. */
enum bench_hooks { BENCH_PAIRS, BENCH_EXITS, BENCH_ENTRIES, BENCH_HOOKS };

/* Arguments of the programs that fire. */
enum bench_arg { BENCH_ARG_N, BENCH_ARG_AT, BENCH_ARG_VCPU, BENCH_ARGS };

#endif
