/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * halt.bpf.h - how long vCPUs halt, how they wake up, and what KVM polls meanwhile.
 * May not know about: names, VMs, other collectors.
 * To extend: see halt.h.
 */
#ifndef KW_HALT_BPF_H
#define KW_HALT_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "../../bpf/times.bpf.h"
#include "halt.h"

KW_KEYED_MAP(halt_rows, struct halt_key, struct halt_value);
KW_KEYED_MAP(halt_vcpus, struct halt_vcpu_key, struct halt_vcpu_value);
KW_SLOT_MAP(halt_slots, struct halt_slot);

static const struct halt_value halt_zero;
static const struct halt_vcpu_value halt_vcpu_zero;
static const __u64 halt_ifs[HALT_IFS] = { HALT_IFS_NS };

static __always_inline struct halt_slot *halt_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&halt_slots, &slot);
}

static __always_inline struct halt_vcpu_value *halt_vcpu(struct kw_vcpu *v, struct halt_slot *s)
{
	struct halt_vcpu_key key = { .key.slot = v->slot };
	struct halt_vcpu_value *value;

	value = kw_keyed(&halt_vcpus, &key, &halt_vcpu_zero, &s->used_vcpu, 1);
	if (!value)
		kw_lose(KW_LOSS_NO_ROW);
	return value;
}

static __always_inline void halt_poll_now(struct kw_vcpu *v, struct halt_vcpu_value *value)
{
	struct kvm_vcpu *vcpu = (void *)v->vcpu;

	value->now = BPF_CORE_READ(vcpu, halt_poll_ns);
}

static __always_inline struct halt_event *halt_event(struct kw_vcpu *v, __u32 what)
{
	struct halt_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	kw_event_head(&e->head, v, KW_ID_halt, bpf_ktime_get_ns());
	e->what = what;
	e->vcpu_id = v->vcpu_id;
	e->tid = v->tid;
	return e;
}

/* Which halts belong to which exit: the first of a HLT exit, a further one, or neither. */
static __always_inline void halt_link(struct kw_vcpu *v, struct halt_slot *s,
				      struct halt_vcpu_value *value)
{
	if (!v->exit_ns || !kw_is_hlt(v->isa, v->code)) {
		value->outside++;
		return;
	}
	if (s->exit_ns != v->exit_ns) {
		s->exit_ns = v->exit_ns;
		s->halts = 0;
	}
	if (s->halts++)
		value->again++;
}

static __always_inline void halt_count_if(struct halt_vcpu_value *value, __u64 ns)
{
	__u32 i = 0;

	for (int k = 0; k < HALT_IFS; k++)
		i += ns > halt_ifs[k];
	if (i > HALT_IFS)
		return;
	value->n[i]++;
	value->sum[i] += ns;
}

static __always_inline void halt_count(struct kw_vcpu *v, struct halt_slot *s, __u64 ns,
				       __u64 polled, __u8 outcome, bool valid)
{
	struct halt_key key = { .key.slot = v->slot, .outcome = outcome, .valid = valid };
	struct halt_value *value;
	__u32 bucket;

	value = kw_keyed(&halt_rows, &key, &halt_zero, &s->used_outcomes, HALT_ROWS);
	if (!value) {
		kw_lose(KW_LOSS_NO_ROW);
		return;
	}
	value->head.count++;
	value->total += ns;
	value->polled += polled;
	kw_max(&value->max, ns);
	bucket = kw_times_bucket(ns);
	if (bucket < KW_TIMES_BUCKETS)
		value->hist[bucket]++;
}

static __noinline int halt_ended(struct kw_vcpu *v, __u64 ns, __u64 polled, __u32 how)
{
	struct halt_slot *s = v ? halt_slot(v) : NULL;
	bool waited = how & 1, valid = how & 2;
	__u8 outcome = waited ? HALT_WAIT : polled ? HALT_POLL : HALT_AT_ONCE;
	struct halt_vcpu_value *value;
	struct halt_event *e;

	if (!s)
		return 0;
	halt_count(v, s, ns, polled, outcome, valid);
	value = halt_vcpu(v, s);
	if (value) {
		halt_link(v, s, value);
		halt_count_if(value, ns);
		halt_poll_now(v, value);
		*(waited ? &value->wasted : &value->hit) += polled;
	}
	if (!kw_trace_on || ns < kw_trace_slower)
		return 0;
	e = halt_event(v, HALT_WAKEUP);
	if (!e)
		return 0;
	e->total = ns;
	e->polled = polled;
	e->outcome = outcome;
	e->valid = valid;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

static __always_inline void halt_on_halt(struct kw_vcpu *v, __u64 ns, __u64 polled, bool waited,
					 bool valid)
{
	if (kw_is_on(halt))
		halt_ended(v, ns, polled, waited | valid << 1);
}

/* A HLT exit is over. */
static __noinline int halt_hlt_done(struct kw_vcpu *v)
{
	struct halt_slot *s = v ? halt_slot(v) : NULL;
	struct halt_vcpu_value *value = s ? halt_vcpu(v, s) : NULL;

	if (!value)
		return 0;
	value->hlts++;
	if (s->exit_ns != v->exit_ns)
		value->unhalted++;
	return 0;
}

static __always_inline void halt_on_exit_done(struct kw_vcpu *v)
{
	if (kw_is_on(halt) && kw_is_hlt(v->isa, v->code))
		halt_hlt_done(v);
}

/* Once per interval: an administrator may change it, and a vCPU that never halts has it, too. */
static __noinline int halt_on_window(struct kw_vcpu *v)
{
	struct halt_slot *s = v ? halt_slot(v) : NULL;
	struct halt_vcpu_value *value = s ? halt_vcpu(v, s) : NULL;

	if (value)
		halt_poll_now(v, value);
	return 0;
}

/* KVM changes halt_poll_ns of the vCPU that runs on this thread. */
KW_TRACEPOINT(kvm_halt_poll_ns, halt_poll_changes, bool grow, __u32 vcpu_id, __u32 new, __u32 old)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct halt_slot *s = v ? halt_slot(v) : NULL;
	struct halt_vcpu_value *value = s ? halt_vcpu(v, s) : NULL;
	struct halt_event *e;

	if (!v || new == old) /* KVM tells also of what stays as it is */
		return 0;
	if (value)
		(*(grow ? &value->grows : &value->shrinks))++;
	if (!kw_trace_on || kw_trace_slower)
		return 0;
	e = halt_event(v, grow ? HALT_GROW : HALT_SHRINK);
	if (!e)
		return 0;
	e->old = old;
	e->now = new;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

#endif
