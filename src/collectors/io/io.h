/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * io.h - what the io collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: another detail of exits is a member of enum io_what, a program in io.bpf.h and a name
 * in io.c.
 */
#ifndef KW_IO_H
#define KW_IO_H

#include "../../core/abi.h"

enum io_what {
	IO_PORT_IN,
	IO_PORT_OUT,
	IO_MSR_READ,
	IO_MSR_WRITE,
	IO_CPUID,
	IO_CR_READ,
	IO_CR_WRITE,
	IO_MMIO_READ,
	IO_MMIO_WRITE,
	IO_USER,     /* exit to user space, by reason */
	IO_CSR_READ, /* riscv */
	IO_CSR_WRITE,
	IO_SYSREG_READ, /* arm64 */
	IO_SYSREG_WRITE,
	IO_WHATS,
};

/* Rows of one vCPU: those of details with their RIPs, and those of details whose RIPs are too many.
 */
#define IO_RIPS	   224 /* more than what makes room be made: core/keyed.c */
#define IO_DETAILS 256

#define IO_MANY ~0ULL /* rip: several; detail: several */

struct io_key {
	struct kw_keyed_key key;
	__u64 detail; /* port, MSR, CPUID leaf, CR, guest-physical page address, system register,
			 KVM_EXIT_* or KW_USER_ERRNO */
	__u64 rip;    /* 0: not known */
	__u16 what;   /* enum io_what */
	__u16 level;  /* 2: the exit was a nested guest's; 0: a row of others */
	__u32 pad;
};

/* One writer: the vCPU's thread. cost: of exits that it is the first detail of. */
struct io_value {
	struct kw_keyed_head head; /* count: of accesses */
	struct kw_cost cost;
};

/* Per slot. */
struct io_slot {
	__u32 used; /* rows */
	__u32 has_first, has_user;
	__u32 pad;
	__u64 data, detail, rip;   /* of the first access, whatever row it counts in */
	struct io_key first, user; /* what the exit being handled is charged to */
};

struct io_event {
	struct kw_event head;
	__u64 detail, rip, data;
	__u64 total, kernel, vmm; /* 0: a further access of the same exit */
	__u16 what, level;
	__u32 vcpu_id, tid;
	__u32 untold; /* data is not known */
};

#endif
