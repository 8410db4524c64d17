/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exits_bpf.h - the BPF half of the exits collector as functions of user space: stands in for
 * src/bpf/kw.bpf.h, so that what needs no kernel can be called.
 * May not know about: what is tested.
 * To extend: a helper that exits.bpf.h begins to use gets a stub here.
 */
#ifndef KW_UNIT_EXITS_BPF_H
#define KW_UNIT_EXITS_BPF_H

#include "core/abi.h"

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#define KW_BPF_H /* what follows replaces it */

#define SEC(name)
#define __uint(name, val)  int(*name)[val]
#define __type(name, val)  __typeof__(val) *name
#define __array(name, val) __typeof__(val) *name[]
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __noinline
#define __noinline	 __attribute__((noinline, unused))
#define barrier()	 __asm__ volatile("" ::: "memory")
#define barrier_var(var) __asm__ volatile("" : "+r"(var))

#define KW_TOO_MANY 16384

#define kw_is_on(collector) true

static const bool kw_trace_on;
static const __u64 kw_trace_slower;
static const __u32 kw_timing, kw_include, kw_exclude;
static __u32 kw_window;
static int events;

static inline void kw_lose(enum kw_loss what)
{
	(void)what;
}

static inline void *bpf_map_lookup_elem(void *map, const void *key)
{
	(void)map, (void)key;
	return NULL;
}

static inline long bpf_map_update_elem(void *map, const void *key, const void *value, __u64 flags)
{
	(void)map, (void)key, (void)value, (void)flags;
	return -1;
}

static inline long bpf_map_pop_elem(void *map, void *value)
{
	(void)map, (void)value;
	return -1;
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

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#include "collectors/exits/exits.bpf.h"
#pragma GCC diagnostic pop

#endif
