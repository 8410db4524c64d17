/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * dirty.h - what the dirty collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in dirty.bpf.h and a column in dirty.c.
 */
#ifndef KW_DIRTY_H
#define KW_DIRTY_H

#include "../../core/abi.h"

#define DIRTY_MEMSLOTS 512	  /* rows of one vCPU or VM: memory slots */
#define DIRTY_PAGES    16384	  /* rows of one VM: pages */
#define DIRTY_MANY     ~0ULL	  /* gfn: several */
#define DIRTY_ANY_SLOT 0xffffffff /* memory slot: several */

/* A memory slot: its id, and the address space in the upper half (1: system management mode). */
struct dirty_key {
	struct kw_keyed_key key;
	__u32 memslot;
	__u32 pad;
};

/* Of a vCPU, or of the VM itself for what other threads wrote. Atomics: those have many writers. */
struct dirty_value {
	struct kw_keyed_head head; /* count: marks */
	__u64 distinct;		   /* pages that were not marked in this window before */
	__u64 stalls;  /* exits whose page fault was a write to a protected, logged page */
	__u64 stalled; /* ns that they took */
	__u64 npages;  /* of the slot */
};

struct dirty_page_key {
	struct kw_keyed_key key; /* slot: of the VM itself */
	__u64 gfn;
	__u32 memslot;
	__u32 pad;
};

struct dirty_page_value {
	struct kw_keyed_head head;
	__u64 rel_gfn; /* within the memory slot */
};

enum dirty_what {
	DIRTY_PML_FULL,	  /* exits because the page-modification log was full */
	DIRTY_RING_PUSH,  /* pages put into a dirty ring */
	DIRTY_RING_FULL,  /* exits to user space because a ring was full */
	DIRTY_RING_RESET, /* KVM_RESET_DIRTY_RINGS */
	DIRTY_GET_LOG,	  /* KVM_GET_DIRTY_LOG */
	DIRTY_CLEAR_LOG,  /* KVM_CLEAR_DIRTY_LOG */
	DIRTY_WHATS,
};

struct dirty_log_key {
	struct kw_keyed_key key;
	__u32 what;
	__u32 pad;
};

struct dirty_log_value {
	struct kw_keyed_head head;
	__u64 total; /* ns, of ioctls */
};

/*
 * Which pages were marked in the current window, of a VM: words of 16 bits of the window's number
 * and 48 pages, so that one compare-and-exchange both starts a window and marks a page.
 */
#define DIRTY_WORD_PAGES 48
#define DIRTY_WORDS	 64
#define DIRTY_BLOCK	 (DIRTY_WORD_PAGES * DIRTY_WORDS) /* pages: 12 MiB */

struct dirty_block_key {
	__u32 slot; /* of the VM itself */
	__u32 as_id;
	__u64 block; /* gfn / DIRTY_BLOCK */
};

struct dirty_block {
	__u64 word[DIRTY_WORDS];
};

/* Per slot. */
struct dirty_slot {
	__u32 used_memslots, used_pages, used_log;
	__u32 memslot; /* of the logged page that the fault being handled wrote to */
};

struct dirty_call {
	__u64 since_ns;
	__u64 kvm;
	__u32 what, pad;
};

struct dirty_event {
	struct kw_event head;
	__u64 gfn, rel_gfn, npages, hva;
	__u32 memslot;
	__u32 vcpu_id, tid;
	char comm[16]; /* of the thread that wrote */
	__u32 pad;
};

#endif
