/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * load.bpf.h - where vCPUs run: slices of their threads on the host's CPUs.
 * May not know about: names, VMs, other collectors.
 * To extend: see load.h.
 *
 * A slice begins when the thread is switched in, or begins to run the vCPU, and ends when it is
 * switched out, or begins to run another one. All of this happens on the CPU that it is about.
 */
#ifndef KW_LOAD_BPF_H
#define KW_LOAD_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "load.h"

KW_KEYED_MAP(load_rows, struct load_key, struct load_value);
KW_SLOT_MAP(load_slots, struct load_slot);

static const struct load_value load_zero;

static __always_inline struct load_slot *load_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&load_slots, &slot);
}

static __always_inline void load_emit(const struct kw_vcpu *v, const struct load_slot *s, __u32 end,
				      __u64 now, __u64 ns)
{
	struct load_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	kw_event_head(&e->head, v, KW_ID_load, now);
	e->run = ns;
	e->waited = s->waited;
	e->cpu = s->cpu;
	e->node = s->node;
	e->from = s->from;
	e->end = end;
	e->vcpu_id = v->vcpu_id;
	e->tid = s->tid;
	bpf_ringbuf_submit(e, 0);
}

/*
 * The vCPU's slice, if one runs, ends. One that began after now did so while this program was
 * preempted: it goes on.
 */
static __noinline int load_close(struct kw_vcpu *v, __u64 now, __u32 end)
{
	struct load_slot *s = v ? load_slot(v) : NULL;
	struct load_value *value;
	struct load_key key = {};
	__u64 ns;

	if (!s || !s->on_ns || now < s->on_ns)
		return 0;
	ns = now - s->on_ns;
	s->on_ns = 0;
	key.key.slot = v->slot;
	key.cpu = s->cpu;
	value = bpf_map_lookup_elem(&load_rows, &key);
	if (!value)
		return 0;
	value->done = load_ended(value->run, now);
	barrier();
	value->run = value->done;
	value->head.count++;
	kw_max(&value->max, ns);
	kw_min(&value->min, ns);
	barrier_var(end);
	if (end < LOAD_ENDS)
		value->ended[end]++;
	if (kw_trace_on && ns >= kw_trace_slower)
		load_emit(v, s, end, now, ns);
	return 0;
}

/*
 * A slice of the vCPU begins on this CPU. Where programs can be preempted, the thread may be
 * switched out and in amidst: then the slice that begins is that of the switch.
 */
static __noinline int load_open(struct kw_vcpu *v, __u64 now, __u64 waited)
{
	__u32 cpu = kw_this_cpu(), node = bpf_get_numa_node_id();
	struct load_slot *s = v ? load_slot(v) : NULL;
	struct load_value *value;
	struct load_key key = {};
	bool moved, remote;

	if (!s)
		return 0;
	moved = s->seen && s->cpu != cpu;
	remote = moved && s->node != node;
	s->from = moved ? s->cpu : LOAD_NO_CPU;
	s->cpu = cpu;
	s->node = node;
	s->tid = v->tid;
	s->seen = 1;
	s->waited = waited;
	key.key.slot = v->slot;
	key.cpu = cpu;
	value = kw_keyed(&load_rows, &key, &load_zero, &s->used, ~0U);
	if (!value) {
		kw_lose(KW_LOSS_NO_ROW);
		return 0;
	}
	value->node = node;
	value->waited += waited;
	value->arrivals += moved;
	value->remote += remote;
	if (kw_swap64(&s->on_ns, 0, now))
		return 0;
	value->run = load_begun(value->run, now);
	barrier();
	if (s->cpu != cpu) /* it went on elsewhere in between */
		value->run = load_ended(value->run, now);
	return 0;
}

static __always_inline void load_on_switch_out(struct kw_vcpu *v, __u64 now)
{
	load_close(v, now, v->wake_ns ? LOAD_PREEMPTED : LOAD_SLEPT);
}

/* One that nobody was seen to wake had not slept. */
static __always_inline void load_on_switch_in(struct kw_vcpu *v, __u64 now)
{
	__u64 since = v->wake_ns ?: v->off_ns;

	load_close(v, now, LOAD_HANDED); /* whose end was not seen */
	load_open(v, now, since && now > since ? now - since : 0);
}

/*
 * The current thread begins to run v, amidst a slice. What it ran before is not on this CPU any
 * more, unless another thread has taken that over; nor is v where an earlier thread ran it.
 */
static __noinline int load_on_thread(struct kw_vcpu *before, struct kw_vcpu *v)
{
	__u64 now = bpf_ktime_get_ns();
	struct load_slot *s = v ? load_slot(v) : NULL;

	if (!s || !v)
		return 0;
	if (before && before != v && before->vcpu && before->tid == v->tid)
		load_close(before, now, LOAD_HANDED);
	if (v->flags & KW_VCPU_IGNORED || (s->on_ns && s->tid == v->tid))
		return 0;
	load_close(v, now, LOAD_HANDED);
	load_open(v, now, 0);
	return 0;
}

#endif
