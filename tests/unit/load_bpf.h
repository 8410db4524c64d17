/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_bpf.h - the BPF half of the load collector as functions of user space: stands in for
 * src/bpf/keyed.bpf.h, so that threads and CPUs can do what they seldom do.
 * May not know about: what is tested.
 * To extend: a helper that load.bpf.h begins to use gets a stub here.
 */
#ifndef KW_UNIT_LOAD_BPF_H
#define KW_UNIT_LOAD_BPF_H

#include "core/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "collectors/load/load.h"

#define KW_KEYED_BPF_H /* what follows replaces it */

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __noinline
#define __noinline	 __attribute__((noinline, unused))
#define barrier()	 __asm__ volatile("" ::: "memory")
#define barrier_var(var) __asm__ volatile("" : "+r"(var))

#define KW_KEYED_MAP(name, key_type, value_type)                                                   \
	static struct {                                                                            \
		key_type key;                                                                      \
		value_type value;                                                                  \
	} name[16]
#define KW_SLOT_MAP(name, value_type) static value_type name[8]

static const bool kw_trace_on;
static const __u64 kw_trace_slower;
static __u64 now_ns;
static __u32 this_cpu;
static int events;

static inline __u64 bpf_ktime_get_ns(void)
{
	return now_ns;
}

static inline __u32 kw_this_cpu(void)
{
	return this_cpu;
}

/* two CPUs a node */
static inline long bpf_get_numa_node_id(void)
{
	return this_cpu / 2;
}

static inline void kw_lose(enum kw_loss what)
{
	(void)what;
}

static inline void kw_max(struct kw_max *m, __u64 ns)
{
	m->max[0] = ns > m->max[0] ? ns : m->max[0];
}

static inline void kw_min(struct kw_max *m, __u64 ns)
{
	kw_max(m, ~ns);
}

static inline void *bpf_ringbuf_reserve(void *ring, __u64 size, __u64 flags)
{
	(void)ring, (void)size, (void)flags;
	return NULL;
}

static inline void bpf_ringbuf_submit(void *data, __u64 flags)
{
	(void)data, (void)flags;
}

static inline void kw_event_head(struct kw_event *e, const struct kw_vcpu *v, __u32 kind, __u64 now)
{
	(void)e, (void)v, (void)kind, (void)now;
}

/* of either map, by the size of its key */
static void *bpf_map_lookup_elem(void *map, const void *key);
static void *kw_keyed(void *map, const void *key, const void *zero, __u32 *used, __u32 quota);

#define kw_swap64(p, old, wanted) __sync_val_compare_and_swap(p, old, wanted)

#include "collectors/load/load.bpf.h"

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	if (map == &load_slots)
		return &load_slots[*(const __u32 *)key];
	for (size_t i = 0; i < sizeof(load_rows) / sizeof(load_rows[0]); i++)
		if (load_rows[i].value.head.born_ns &&
		    !memcmp(&load_rows[i].key, key, sizeof(load_rows[i].key)))
			return &load_rows[i].value;
	return NULL;
}

static void *kw_keyed(void *map, const void *key, const void *zero, __u32 *used, __u32 quota)
{
	void *found = bpf_map_lookup_elem(map, key);

	(void)zero, (void)quota;
	for (size_t i = 0; !found && i < sizeof(load_rows) / sizeof(load_rows[0]); i++)
		if (!load_rows[i].value.head.born_ns) {
			memcpy(&load_rows[i].key, key, sizeof(load_rows[i].key));
			load_rows[i].value.head.born_ns = 1;
			(*used)++;
			found = &load_rows[i].value;
		}
	return found;
}

#endif
