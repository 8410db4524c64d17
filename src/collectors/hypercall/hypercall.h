/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * hypercall.h - what the hypercall collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: another interface is a member of enum hypercall_api, a program in hypercall.bpf.h and
 * names in arch/hypercalls.c.
 */
#ifndef KW_HYPERCALL_H
#define KW_HYPERCALL_H

#include "../../core/abi.h"

/* Whose hypercalls KVM took it for; NONE: exits of which KVM told no hypercall. */
enum hypercall_api {
	HYPERCALL_NONE,
	HYPERCALL_KVM,
	HYPERCALL_HYPERV,
	HYPERCALL_XEN,
	HYPERCALL_SBI, /* riscv: extension << 32 | function */
	HYPERCALL_HVC, /* arm64's calls by SMCCC, by the instruction */
	HYPERCALL_SMC,
	HYPERCALL_APIS,
};

#define HYPERCALL_ROWS 128 /* of one vCPU: numbers that have a row of their own */
#define HYPERCALL_ARGS 6

struct hypercall_key {
	struct kw_keyed_key key;
	__u64 nr;    /* any 64 bits: the guest chooses it */
	__u16 api;   /* enum hypercall_api */
	__u16 level; /* 2: the exit was a nested guest's; 0: a row of others */
	__u32 pad;
};

/* One writer: the vCPU's thread. */
struct hypercall_value {
	struct kw_keyed_head head; /* count: of calls; of exits if api is NONE */
	__u64 exits;		   /* by the isa's hypercall instruction */
	struct kw_cost cost;	   /* of all exits during which it was called first */
};

/* Per slot. */
struct hypercall_slot {
	__u32 used; /* rows */
	__u32 api;  /* of the first call of the exit being handled; NONE: there was none */
	__u64 nr;
	__u64 arg[HYPERCALL_ARGS];
	__u64 result; /* that KVM told of */
	__u32 has_result, pad;
	struct hypercall_key first; /* its row */
};

/*
 * Hyper-V's arguments: 0 and 1 are the addresses of input and output, or the input itself of a fast
 * call; 2 and 3 the number of repetitions and the first of them, 4 the size of a variable header in
 * 8 bytes, 5 not zero if the call is fast.
 */
struct hypercall_event {
	struct kw_event head;
	__u64 nr;
	__u64 arg[HYPERCALL_ARGS];
	__u64 result;
	__u64 total, kernel, vmm; /* 0: not known */
	__u16 api, level;
	__u32 has_result;
	__u32 vcpu_id, tid;
};

#endif
