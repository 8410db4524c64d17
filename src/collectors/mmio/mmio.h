/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * mmio.h - what the mmio collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in mmio.bpf.h and a column in mmio.c.
 */
#ifndef KW_MMIO_H
#define KW_MMIO_H

#include "../../core/abi.h"

/* Who did what the guest wanted. */
enum mmio_by {
	MMIO_KERNEL,	/* a device in the kernel */
	MMIO_IOEVENTFD, /* a write that signals an eventfd (fast MMIO included) */
	MMIO_VMM,	/* user space */
	MMIO_BYS,
};

#define MMIO_PAGES 256 /* rows of one vCPU */
#define MMIO_MANY  ~0ULL

struct mmio_key {
	struct kw_keyed_key key;
	__u64 page; /* guest-physical address */
	__u32 by;   /* enum mmio_by */
	__u32 write;
};

/* One writer: the vCPU's thread. cost: of exits whose first access it was. */
struct mmio_value {
	struct kw_keyed_head head; /* count: of accesses */
	struct kw_cost cost;
};

/* Per slot: the access that is not accounted yet, as it is not known who does it. */
struct mmio_slot {
	__u32 used;	   /* rows */
	__u32 open;	   /* there is one */
	__u32 read_by_vmm; /* user space does a read, of which KVM will tell once more */
	__u32 has_first;
	__u64 gpa, data;
	__u32 write, size;
	__u32 ioeventfd, pad;
	struct mmio_key first; /* the access that the exit's time is charged to */
	__u64 first_gpa, first_data;
	__u32 first_size, pad2;
};

struct mmio_event {
	struct kw_event head;
	__u64 gpa, data;
	__u64 total, kernel, vmm; /* 0: a further access of the same exit */
	__u32 by, write, size;
	__u32 vcpu_id, tid, pad;
};

#endif
