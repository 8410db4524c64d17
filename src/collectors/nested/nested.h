/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * nested.h - what the nested collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in nested.bpf.h and a column in nested.c.
 */
#ifndef KW_NESTED_H
#define KW_NESTED_H

#include "../../core/abi.h"

enum nested_what {
	NESTED_BY_L0, /* exit of L2 that the host handled by itself */
	NESTED_TO_L1, /* exit of L2 that was reflected to L1 */
	NESTED_TAX,   /* exit of L1 because of an instruction that manages L2 */
	NESTED_ENTER, /* switch from L1 to L2 */
	NESTED_LEAVE, /* switch from L2 to L1 */
	NESTED_WHATS,
};

#define NESTED_ROWS 256	       /* rows of one vCPU */
#define NESTED_MANY 0x7fffffff /* code: several; none of any isa */

struct nested_key {
	struct kw_keyed_key key;
	__u32 code; /* reason, as the isa defines it; 0 for switches */
	__u8 what;  /* enum nested_what */
	__u8 isa;
	__u16 pad;
};

/* One writer: the vCPU's thread. Times in ns. */
struct nested_value {
	struct kw_keyed_head head;
	__u64 total, kernel; /* from exit to entry */
	__u64 away;	     /* of reflected exits: from the exit of L2 until L2 is entered again */
	struct kw_max max;
};

/* Per slot. */
struct nested_slot {
	__u32 used; /* rows */
	__u8 enter, leave, away, pad;
	__u64 away_since;
	struct nested_key reflected; /* the exit since which L2 is away */
};

struct nested_event {
	struct kw_event head;
	__u64 total, kernel;
	__u32 code;
	__u8 what, isa;
	__u16 pad;
	__u32 vcpu_id, tid;
};

#endif
