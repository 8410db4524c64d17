/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * irq_calls.bpf.h - what all parts of the irq collector use: its maps and rows, its events,
 * and the calls of KVM that are in progress.
 * May not know about: names, VMs, other collectors.
 * To extend: what two parts need.
 */
#ifndef KW_IRQ_CALLS_BPF_H
#define KW_IRQ_CALLS_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "../../bpf/times.bpf.h"
#include "irq.h"

KW_KEYED_MAP(irq_rows, struct irq_key, struct irq_value);
KW_KEYED_MAP(irq_vectors, struct irq_vector_key, struct irq_vector_value);
KW_KEYED_MAP(irq_times, struct irq_time_key, struct irq_time_value);
KW_KEYED_MAP(irq_states, struct irq_state_key, struct irq_state_value);
KW_SLOT_MAP(irq_slots, struct irq_slot);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096); /* kept ready: some are made in hardware interrupts */
	__type(key, struct irq_call_key);
	__type(value, struct irq_call);
} irq_calls SEC(".maps");

static const struct irq_value irq_zero;
static const struct irq_vector_value irq_vector_zero;
static const struct irq_time_value irq_time_zero;
static const struct irq_state_value irq_state_zero;

#if !defined(__TARGET_ARCH_riscv)
/* include/uapi/linux/kvm.h, asm-generic/errno-base.h */
#define IRQ_ROUTING_MSI 2
#define IRQ_EWOULDBLOCK 11

/* registers of a local APIC */
#define IRQ_APIC_IRR	0x200
#define IRQ_APIC_MASKED (1 << 16)

static __always_inline struct irq_slot *irq_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&irq_slots, &slot);
}

/* ---- rows ---- */

/* How an interrupt fared: bits. */
#define IRQ_COALESCED 1
#define IRQ_MASKED    2
#define IRQ_POSTED    4

static __noinline int irq_count(struct kw_vcpu *v, struct irq_key *from, __u32 how)
{
	struct irq_slot *s = v ? irq_slot(v) : NULL;
	struct irq_value *value;
	struct irq_key key = {};

	if (!s || !from)
		return 0;
	key = *from;
	key.key.slot = v->slot;
	if (key.source >= IRQ_SGI || !(IRQ_WITH_VECTOR & 1 << (key.mode & 7)))
		key.vector = 0;
	value = kw_keyed(&irq_rows, &key, &irq_zero, &s->used_rows, kw_share(IRQ_ROWS));
	if (!value) {
		key.key.other = 1;
		key.line = IRQ_MANY;
		key.vector = 0;
		value = kw_keyed_other(&irq_rows, &key, &irq_zero);
	}
	if (!value)
		return 0;
	__sync_fetch_and_add(&value->head.count, 1);
	if (how & IRQ_COALESCED)
		__sync_fetch_and_add(&value->coalesced, 1);
	if (how & IRQ_MASKED)
		__sync_fetch_and_add(&value->masked, 1);
	if (how & IRQ_POSTED)
		__sync_fetch_and_add(&value->posted, 1);
	return 0;
}

static __always_inline struct irq_vector_value *irq_vector(struct kw_vcpu *v, __u32 vector)
{
	struct irq_vector_key key = { .key.slot = v->slot, .vector = vector & 0xff };
	struct irq_slot *s = irq_slot(v);
	struct irq_vector_value *value = NULL;

	if (s)
		value = kw_keyed(&irq_vectors, &key, &irq_vector_zero, &s->used_vectors,
				 IRQ_VECTORS);
	if (!value)
		kw_lose(KW_LOSS_NO_ROW);
	return value;
}

/* Something took ns on its way. */
static __noinline __attribute__((unused)) int irq_took(struct kw_vcpu *v, __u32 vector, __u32 way,
						       __u64 ns)
{
	struct irq_time_key key = { .vector = vector, .way = way };
	struct irq_slot *s = v ? irq_slot(v) : NULL;
	struct irq_time_value *value;
	__u32 bucket;

	if (!s)
		return 0;
	key.key.slot = v->slot;
	value = kw_keyed(&irq_times, &key, &irq_time_zero, &s->used_times, kw_share(IRQ_TIMES));
	if (!value) {
		key.key.other = 1;
		key.vector = IRQ_VECTORS;
		value = kw_keyed_other(&irq_times, &key, &irq_time_zero);
	}
	if (!value)
		return 0;
	__sync_fetch_and_add(&value->head.count, 1);
	__sync_fetch_and_add(&value->total, ns);
	kw_max(&value->max, ns);
	bucket = kw_times_bucket(ns);
	if (bucket < KW_TIMES_BUCKETS)
		__sync_fetch_and_add(&value->hist[bucket], 1);
	return 0;
}

/* ---- events ---- */

static __always_inline struct irq_event *irq_event(struct kw_vcpu *v, __u32 what, __u64 delay,
						   __u64 now)
{
	struct irq_event *e;

	if (!kw_trace_on || delay < kw_trace_slower)
		return NULL;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		kw_lose(KW_LOSS_RING);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	kw_event_head(&e->head, v, KW_ID_irq, now);
	e->what = what;
	e->delay = delay;
	e->has_delay = true;
	e->vcpu_id = v->vcpu_id;
	e->tid = (__u32)bpf_get_current_pid_tgid();
	return e;
}

/* ---- calls in progress ---- */

/* Threads are told apart by their ids, those that idle, of which each CPU has one, by the CPU. */
static __always_inline struct irq_call_key irq_call_key(__u32 kind)
{
	__u64 thread = bpf_get_current_pid_tgid();

	if (!thread)
		thread = 1ULL << 63 | kw_this_cpu();
	return (struct irq_call_key){ .thread = thread, .kind = kind };
}

static __always_inline struct irq_call *irq_call(__u32 kind)
{
	struct irq_call_key key = irq_call_key(kind);

	return bpf_map_lookup_elem(&irq_calls, &key);
}

/*
 * Acceptance can be interrupted by a hardware interrupt that has another one accepted: the inner
 * one is a kind of its own.
 */
static __always_inline __u32 irq_accept_kind(bool begins)
{
	if (begins)
		return irq_call(IRQ_CALL_ACCEPT) ? IRQ_CALL_ACCEPT_IN : IRQ_CALL_ACCEPT;
	return irq_call(IRQ_CALL_ACCEPT_IN) ? IRQ_CALL_ACCEPT_IN : IRQ_CALL_ACCEPT;
}

static __always_inline int irq_begins(__u32 kind, struct irq_call *call)
{
	struct irq_call_key key = irq_call_key(kind);

	call->since_ns = call->since_ns ?: bpf_ktime_get_ns();
	if (bpf_map_update_elem(&irq_calls, &key, call, BPF_ANY))
		kw_lose(KW_LOSS_NO_CALL);
	return 0;
}

static __always_inline bool irq_ends(__u32 kind, struct irq_call *call)
{
	struct irq_call_key key = irq_call_key(kind);
	struct irq_call *found = bpf_map_lookup_elem(&irq_calls, &key);

	if (!found)
		return false;
	*call = *found;
	bpf_map_delete_elem(&irq_calls, &key);
	return kw_running;
}

#endif /* not riscv */

#endif
