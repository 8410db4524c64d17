/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * keyed.bpf.h - rows whose keys a guest chooses (ports, MSRs, addresses …), kept bounded: each
 * slot may have so many, and what is beyond goes to a row for the others. A guest that makes up
 * keys fills its own share and nobody else's.
 * May not know about: any one collector. User space's half is core/keyed.h.
 * To extend: keys begin with struct kw_keyed_key, values with struct kw_keyed_head (abi.h).
 */
#ifndef KW_KEYED_BPF_H
#define KW_KEYED_BPF_H

#include "kw.bpf.h"

/* A map with bounded keys, and one with a collector's record per slot; user space sets the sizes.
 */
#define KW_KEYED_MAP(name, key_type, value_type)                                                   \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, KW_TOO_MANY);                                                  \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

#define KW_SLOT_MAP(name, value_type)                                                              \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, KW_TOO_MANY);                                                  \
		__uint(map_flags, BPF_F_MMAPABLE);                                                 \
		__type(key, __u32);                                                                \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

/* Halvings of shares: user space raises it with the number of slots in use. */
volatile __u32 kw_quota_shift;

/* A slot's share of rows whose keys a guest chooses. */
static __always_inline __u32 kw_share(__u32 quota)
{
	return quota >> (kw_quota_shift & 15);
}

/* The value of a key, made from zero if it is new and the slot has used less than quota. */
static __always_inline void *kw_keyed(void *map, const void *key, const void *zero, __u32 *used,
				      __u32 quota)
{
	struct kw_keyed_head *value = bpf_map_lookup_elem(map, key);

	if (value || *used >= quota)
		return value;
	if (!bpf_map_update_elem(map, key, zero, BPF_NOEXIST))
		__sync_fetch_and_add(used, 1);
	value = bpf_map_lookup_elem(map, key);
	if (value && !value->born_ns)
		value->born_ns = bpf_ktime_get_ns();
	return value;
}

/* The same for the row of the others, which costs nothing of the quota; a failure is a loss. */
static __always_inline void *kw_keyed_other(void *map, const void *key, const void *zero)
{
	__u32 unlimited = 0;
	void *value = kw_keyed(map, key, zero, &unlimited, ~0U);

	if (!value)
		kw_lose(KW_LOSS_NO_ROW);
	return value;
}

/* The window of a maximum: user space reads the one that it closed while the next one fills. */
static __always_inline void kw_max(struct kw_max *m, __u64 ns)
{
	__u64 window = (__u16)kw_window;
	__u32 w = window & 1;

	if (m->window != window) {
		if (((m->window + 1) & 0xffff) != window)
			m->max[!w] = 0;
		m->window = window;
		m->max[w] = ns;
	} else if (ns > m->max[w]) {
		m->max[w] = ns;
	}
}

/* A minimum is the maximum of the complements, so that 0 is none; kw_min_read() turns it back. */
static __always_inline void kw_min(struct kw_max *m, __u64 ns)
{
	kw_max(m, ~ns);
}

/* An exit of total ns ends that is charged to a row. */
static __always_inline void kw_charge_exit(struct kw_cost *c, const struct kw_vcpu *v, __u64 total)
{
	c->exits++;
	c->total += total;
	c->kernel += kw_kernel_part(v, total);
	c->vmm += v->part[KW_PART_VMM];
	kw_max(&c->max, total);
}

#endif
