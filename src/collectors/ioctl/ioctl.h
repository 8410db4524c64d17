/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * ioctl.h - what the ioctl collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in ioctl.bpf.h and a column in ioctl.c.
 */
#ifndef KW_IOCTL_H
#define KW_IOCTL_H

#include "../../core/abi.h"

/* What kind of file descriptor was asked. */
enum ioctl_scope {
	IOCTL_SYSTEM, /* /dev/kvm */
	IOCTL_VM,
	IOCTL_VCPU,
	IOCTL_DEVICE, /* made by KVM_CREATE_DEVICE */
	IOCTL_SCOPES,
};

#define IOCTL_ROWS  128 /* of one vCPU, VM or process: the VMM chooses the requests */
#define IOCTL_CALLS 65536
#define IOCTL_DATA  64 /* bytes of what an argument points to */

struct ioctl_key {
	struct kw_keyed_key key;
	__u32 request;
	__u32 scope; /* enum ioctl_scope */
};

/* Many threads write: atomics, but for max, of which two at once may lose the greater one. */
struct ioctl_value {
	struct kw_keyed_head head; /* count: of calls that returned */
	__u64 errors;
	__u64 total; /* ns */
	__u64 last_errno;
	struct kw_max max;
};

/* Per slot. */
struct ioctl_slot {
	__u32 used; /* rows */
	__u32 pad;
};

/* A call in progress, of one thread. */
struct ioctl_call {
	__u64 since_ns;
	__u64 arg;
	__u64 born_ns; /* of the slot */
	__u32 slot;
	__u32 request;
	__u32 scope, pad;
};

struct ioctl_event {
	struct kw_event head;
	__u64 arg;
	__s64 ret;
	__u64 total;
	__u32 request, scope;
	__u32 vcpu_id, tid;    /* tid: of the thread that called */
	__u32 size;	       /* bytes of data that could be read */
	__u8 data[IOCTL_DATA]; /* what arg points to, after the call */
	__u32 pad;
};

#endif
