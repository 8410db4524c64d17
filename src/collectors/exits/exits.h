/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * exits.h - what the exits collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new figure is a member here, a line in exits.bpf.h and a column in exits.c.
 */
#ifndef KW_EXITS_H
#define KW_EXITS_H

#include "../../core/abi.h"

#define EXITS_PROBES 8 /* places that a record may be found in */

/* Records come in chunks that user space adds as they are needed. */
#define EXITS_CHUNK_LOG2 12
#define EXITS_CHUNK	 (1 << EXITS_CHUNK_LOG2)
#define EXITS_CHUNKS	 256

/* exits_record.level: 1 or 2, and */
#define EXITS_SKIP 0x80 /* a filter excludes this reason: neither counted nor traced */

/*
 * Everything about one (vCPU, reason, level), in 320 bytes. One writer: the vCPU's thread. Counts
 * for ever, except min and max, which are of one window: those of window w are in [w & 1]. A
 * histogram bucket wraps after 65535; each wrap is a carry in the map exits_carries.
 */
struct exits_record {
	__u8 seq; /* odd while being written */
	__u8 level;
	__u16 window; /* low bits of the number of the window of the last exit */
	__u32 code;
	__u64 count; /* timed exits: each is in one bucket */
	__u64 total; /* of them, ns, as all times */
	__u64 part[KW_PARTS];
	__u64 untimed; /* further exits, which were only counted */
	__u64 min[2];  /* ~0: no exit in that window */
	__u64 max[2];
	__u16 hist[KW_TIMES_BUCKETS];
};

struct exits_carry {
	__u32 record;
	__u32 bucket;
};

/* Which reasons are looked at: an entry of the map exits_filter. */
enum { EXITS_INCLUDE = 1, EXITS_EXCLUDE = 2 };

struct exits_filter_key {
	__u32 isa; /* enum kw_isa */
	__u32 code;
};

/* One exit, as trace sees it. */
struct exits_event {
	struct kw_event head; /* time_ns is that of the kvm_entry that ended the exit */
	__u64 total;
	__u64 part[KW_PARTS];
	__u32 code;
	__u8 isa;
	__u8 level;
	__u16 pad;
	__u32 vcpu_id;
	__u32 tid;
};

/* The k-th place among kw_vcpu.exits where the record of a code and level may be. */
static inline __u32 exits_place(__u32 code, __u32 level, __u32 k)
{
	return ((code ^ (code >> 6) ^ (level << 5)) + k) & (KW_REASONS - 1);
}

#endif
