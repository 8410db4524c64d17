/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * exits.bpf.h - counts and times every exit, per vCPU, reason and level, in the kernel.
 * May not know about: names, VMs, other collectors. Called by the spine with the vCPU found.
 * To extend: see exits.h.
 */
#ifndef KW_EXITS_BPF_H
#define KW_EXITS_BPF_H

#include "../../bpf/kw.bpf.h"
#include "../../bpf/times.bpf.h"
#include "exits.h"

/* Records ever taken out of exits_free: user space keeps it stocked. */
__u64 exits_taken;

struct exits_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EXITS_CHUNK);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct exits_record));
};

/*
 * Record n is number n % EXITS_CHUNK of chunk n / EXITS_CHUNK; number 0 is never given out. The
 * first chunk is found without looking up which one it is: most hosts need no other.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EXITS_CHUNK);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct exits_record);
} exits_first SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, EXITS_CHUNKS);
	__type(key, __u32);
	__array(values, struct exits_chunk);
} exits_pool SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2 * EXITS_CHUNK);
	__type(value, __u32);
} exits_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct exits_carry);
	__type(value, __u64);
} exits_carries SEC(".maps");

/* -> EXITS_INCLUDE or EXITS_EXCLUDE */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct exits_filter_key);
	__type(value, __u32);
} exits_filter SEC(".maps");

static __always_inline struct exits_record *exits_record(__u32 number)
{
	__u32 chunk, i;
	void *map;

	if (number < EXITS_CHUNK)
		return bpf_map_lookup_elem(&exits_first, &number);
	chunk = number >> EXITS_CHUNK_LOG2;
	i = number & (EXITS_CHUNK - 1);
	map = bpf_map_lookup_elem(&exits_pool, &chunk);
	return map ? bpf_map_lookup_elem(map, &i) : NULL;
}

static __always_inline bool exits_is_of(const struct exits_record *r, const struct kw_vcpu *v)
{
	return r->code == v->code && (r->level & ~EXITS_SKIP) == v->level;
}

static __always_inline bool exits_filtered(const struct kw_vcpu *v)
{
	struct exits_filter_key key = { .isa = v->isa, .code = v->code };
	__u32 *f;

	if (!kw_include && !kw_exclude)
		return false;
	f = bpf_map_lookup_elem(&exits_filter, &key);
	if (f && *f == EXITS_EXCLUDE)
		return true;
	return kw_include && !f;
}

/*
 * First exit of this reason, or one whose home place is taken: search, or take a record. Returns
 * its number, 0 if there is none. (Unrolled for older verifiers, see compat.bpf.h.)
 */
static __noinline __u32 exits_find_slow(struct kw_vcpu *v)
{
	struct exits_record *r;
	__u32 number;

#pragma unroll
	for (int k = 0; k < EXITS_PROBES; k++) {
		__u32 *place = &v->exits[exits_place(v->code, v->level, k)];

		number = *place;
		if (!number) {
			if (bpf_map_pop_elem(&exits_free, &number)) {
				kw_lose(KW_LOSS_NO_RECORD);
				return 0;
			}
			__sync_fetch_and_add(&exits_taken, 1);
			r = exits_record(number);
			if (!r)
				return 0;
			r->code = v->code;
			r->level = v->level | (exits_filtered(v) ? EXITS_SKIP : 0);
			r->min[0] = r->min[1] = ~0ULL;
			*place = number;
			return number;
		}
		r = exits_record(number);
		if (r && exits_is_of(r, v))
			return number;
	}
	kw_lose(KW_LOSS_REASONS);
	return 0;
}

/* The record of the vCPU's present exit, and its number; NULL if there is none. */
static __always_inline struct exits_record *exits_find(struct kw_vcpu *v, __u32 *ret_number)
{
	struct exits_record *r;

	*ret_number = v->exits[exits_place(v->code, v->level, 0)];
	r = exits_record(*ret_number);
	if (r && exits_is_of(r, v))
		return r;
	*ret_number = exits_find_slow(v);
	return *ret_number ? exits_record(*ret_number) : NULL;
}

static __noinline int exits_carry(__u32 number, __u32 bucket)
{
	struct exits_carry key = { .record = number, .bucket = bucket };
	__u64 one = 1, *n = bpf_map_lookup_elem(&exits_carries, &key);

	if (n)
		(*n)++;
	else if (bpf_map_update_elem(&exits_carries, &key, &one, BPF_ANY))
		kw_lose(KW_LOSS_HISTOGRAM);
	return 0;
}

static __always_inline void exits_min_max(struct exits_record *r, __u64 ns)
{
	__u16 window = kw_window;
	__u32 w = window & 1;

	if (r->window != window) {
		if ((__u16)(r->window + 1) != window) {
			r->min[!w] = ~0ULL;
			r->max[!w] = 0;
		}
		r->window = window;
		r->min[w] = r->max[w] = ns;
		return;
	}
	if (ns < r->min[w])
		r->min[w] = ns;
	if (ns > r->max[w])
		r->max[w] = ns;
}

static __always_inline void exits_emit(struct kw_vcpu *v, __u64 now, __u64 total)
{
	struct exits_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->head.time_ns = now;
	e->head.born_ns = v->born_ns;
	e->head.slot = v->slot;
	e->head.kind = KW_ID_exits;
	e->total = total;
	e->code = v->code;
	e->isa = v->isa;
	e->level = v->level;
	e->vcpu_id = v->vcpu_id;
	e->tid = v->tid;
	if (v->flags & KW_VCPU_SPLIT)
		__builtin_memcpy(e->part, v->part, sizeof(e->part));
	bpf_ringbuf_submit(e, 0);
}

/* A guest has exited, and how long it takes is not measured. */
static __always_inline void exits_on_untimed(struct kw_vcpu *v)
{
	__u32 number;
	struct exits_record *r = kw_is_on(exits) ? exits_find(v, &number) : NULL;

	if (r && !(r->level & EXITS_SKIP))
		r->untimed++;
}

/* An exit has been handled: the vCPU enters the guest again after total ns. */
static __always_inline void exits_on_exit_done(struct kw_vcpu *v, __u64 now, __u64 total)
{
	struct exits_record *r;
	__u32 number, bucket, n;

	if (!kw_is_on(exits))
		return;
	r = exits_find(v, &number);
	if (!r || r->level & EXITS_SKIP)
		return;
	bucket = kw_times_bucket(total);
	r->seq++;
	barrier();
	r->count++;
	r->total += total;
	exits_min_max(r, total);
	if (v->flags & KW_VCPU_SPLIT)
		for (int i = 0; i < KW_PARTS; i++)
			r->part[i] += v->part[i];
	n = r->hist[bucket] + 1;
	r->hist[bucket] = n;
	if (n > 0xffff)
		exits_carry(number, bucket);
	barrier();
	r->seq++;
	if (kw_trace_on && total >= kw_trace_slower)
		exits_emit(v, now, total);
}

#endif
