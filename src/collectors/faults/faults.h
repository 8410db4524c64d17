/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * faults.h - what the faults collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in faults.bpf.h and a column in faults.c.
 */
#ifndef KW_FAULTS_H
#define KW_FAULTS_H

#include "../../core/abi.h"

/* What came of a fault. */
enum faults_result {
	FAULTS_RETRY,	 /* nothing yet: the guest will fault again */
	FAULTS_MAPPED,	 /* a page was mapped */
	FAULTS_FAST,	 /* repaired without KVM's MMU lock */
	FAULTS_SPURIOUS, /* another vCPU had repaired it already */
	FAULTS_MMIO,	 /* no memory there: the instruction is emulated */
	FAULTS_EMULATE,	 /* emulated for another reason, e.g. a write-protected page table */
	FAULTS_ERROR,	 /* KVM_RUN fails, or user space is to resolve it */
	FAULTS_RELAXED,	 /* a page that was mapped allows more than it did */
	FAULTS_RESULTS,
};

/*
 * Size of what was mapped; 0: nothing. x86: KVM's page table levels (PG_LEVEL_*); from 12 on: the
 * logarithm of the bytes.
 */
enum { FAULTS_4K = 1, FAULTS_2M = 2, FAULTS_1G = 3 };

/* Bits of an error code that tell fault types apart (PFERR_*): present, write, user, fetch. */
#define FAULTS_ERROR_BITS 0x17
#define FAULTS_PRESENT	  (1 << 0)
#define FAULTS_WRITE	  (1 << 1)
#define FAULTS_USER	  (1 << 2) /* in EPT faults: a read; arm64: of the access flag alone */
#define FAULTS_RESERVED	  (1 << 3)
#define FAULTS_FETCH	  (1 << 4)

#define FAULTS_PAGES 256   /* rows of pages of one vCPU */
#define FAULTS_MANY  ~0ULL /* page: several */
#define FAULTS_TYPES 160   /* rows of types of one vCPU: all there can be */

struct faults_key {
	struct kw_keyed_key key;
	__u8 access; /* error & FAULTS_ERROR_BITS */
	__u8 result; /* enum faults_result */
	__u8 size;   /* FAULTS_4K, … */
	__u8 isa;
	__u32 level; /* 2: of a nested guest */
};

/* One writer: the vCPU's thread. Times in ns. */
struct faults_value {
	struct kw_keyed_head head;
	__u64 total;
	struct kw_max max;
	__u64 hist[KW_TIMES_BUCKETS];
};

struct faults_page_key {
	struct kw_keyed_key key;
	__u64 page; /* guest-physical address */
};

struct faults_page_value {
	struct kw_keyed_head head;
	__u64 total;
	struct kw_max max;
};

/* Why memory was taken out of a VM's page tables. */
enum faults_cause {
	FAULTS_UNMAP,
	FAULTS_CLEAR,
	FAULTS_PROTECT_VMA,
	FAULTS_PROTECT_PAGE,
	FAULTS_SOFT_DIRTY,
	FAULTS_RELEASE,
	FAULTS_MIGRATE,
	FAULTS_EXCLUSIVE,
	FAULTS_UNKNOWN, /* this kernel's MMU notifier does not say, or says something new */
	FAULTS_SPLIT,	/* no notifier: KVM splits a huge page */
	FAULTS_CAUSES,
};

/* On whose behalf. */
enum faults_actor {
	FAULTS_BY_VCPU,
	FAULTS_BY_VMM,
	FAULTS_BY_KHUGEPAGED,
	FAULTS_BY_KSMD,
	FAULTS_BY_KSWAPD,
	FAULTS_BY_KCOMPACTD,
	FAULTS_BY_KERNEL, /* another kernel thread */
	FAULTS_BY_OTHER,  /* another process */
	FAULTS_ACTORS,
};

struct faults_zap_key {
	struct kw_keyed_key key;
	__u32 cause, actor;
};

/* Many writers: atomics. */
struct faults_zap_value {
	struct kw_keyed_head head;
	__u64 pages; /* of the host, in the VMM's address range */
	__u64 guest; /* … of them, the guest's memory */
	__u64 total; /* ns */
};

/* Per slot: the fault being handled. */
struct faults_slot {
	__u32 used_types, used_pages, used_zaps;
	__u8 open, mmio, fast, mapped;
	__s32 ret; /* what KVM's handler returned, normalized to enum faults_result; -1: not known
		    */
	__s32 memslot; /* -1: none */
	__u32 level;
	__u32 pad;
	__u64 pfn, hva, gfn; /* ~0: not known */
};

/* What a call that began is about, until it returns; the key is the thread. */
struct faults_call {
	__u64 since_ns;
	__u64 kvm, start, end, guest;
	__u32 cause, pad;
};

struct faults_event {
	struct kw_event head;
	__u64 gpa, hva, pfn, error, total;
	__s32 memslot;
	__u8 result, size, isa, access;
	__u32 vcpu_id, tid;
};

#endif
