/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * slots.bpf.h - a vCPU's record of the time collector: finding it, and writing it so that a reader
 * sees one moment.
 * May not know about: what is written.
 * To extend: see time.h.
 */
#ifndef KW_TIME_SLOTS_BPF_H
#define KW_TIME_SLOTS_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "time.h"

KW_SLOT_MAP(time_slots, struct time_slot);

/* The slot of the vCPU that a thread ran last, for where no helper accepts the task itself. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, KW_TOO_MANY);
	__type(key, __u32);
	__type(value, __u32);
} time_tids SEC(".maps");

static __always_inline struct time_slot *time_slot(const struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&time_slots, &slot);
}

static __always_inline struct kw_vcpu *time_vcpu_by_tid(__u32 tid)
{
	__u32 *slot = bpf_map_lookup_elem(&time_tids, &tid);
	struct kw_vcpu *v = slot ? kw_slot(*slot) : NULL;

	return v && v->vcpu && v->tid == tid ? v : NULL;
}

static __always_inline void time_write(struct time_slot *s)
{
	s->seq++;
	barrier();
}

static __always_inline void time_written(struct time_slot *s)
{
	barrier();
	s->seq++;
}

#endif
