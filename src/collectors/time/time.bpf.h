/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * time.bpf.h - what vCPUs' wall time goes to: at every moment one state, charged when it ends.
 * May not know about: names, VMs, other collectors. Who ran while a vCPU waited is in
 * culprits.bpf.h.
 * To extend: see time.h.
 */
#ifndef KW_TIME_BPF_H
#define KW_TIME_BPF_H

#include "census.bpf.h"
#include "culprits.bpf.h"
#include "slots.bpf.h"
#include "threads.bpf.h"

KW_KEYED_MAP(time_reasons, struct time_reason_key, struct time_reason_value);

static const struct time_reason_value time_reason_zero;

/* KVM's time goes to the exit that it handles. */
static __noinline int time_charge_reason(struct kw_vcpu *v, struct time_slot *s, __u64 ns)
{
	struct time_reason_key key = {};
	struct time_reason_value *value;

	if (!v || !s)
		return 0;
	key.key.slot = v->slot;
	if (v->exit_ns) {
		key.code = v->code;
		key.isa = v->isa;
		key.level = v->level;
	}
	value = kw_keyed(&time_reasons, &key, &time_reason_zero, &s->reasons, TIME_REASONS);
	if (!value) {
		kw_lose(KW_LOSS_NO_ROW);
		return 0;
	}
	value->head.count++;
	value->kernel += ns;
	return 0;
}

/* What passed until now was spent in the state that there is. */
static __always_inline void time_charge(struct kw_vcpu *v, struct time_slot *s, __u64 now)
{
	__u32 state = s->state;
	__u64 ns;

	if (now <= s->since)
		return;
	ns = now - s->since;
	if (state < TIME_STATES)
		s->ns[state] += ns;
	s->since = now;
	if (state == TIME_KERNEL)
		time_charge_reason(v, s, ns);
}

/* Another state begins. */
static __noinline int time_change(struct kw_vcpu *v, struct time_slot *s, __u32 state, __u64 now)
{
	if (!s || !v)
		return 0;
	if (time_waits(s->state))
		time_end_wait(v, s, now);
	if (s->begun && s->state == state) /* it goes on */
		return 0;
	time_write(s);
	if (!s->begun)
		s->begun = s->since = now;
	time_charge(v, s, now);
	s->state = state;
	time_written(s);
	return 0;
}

static __always_inline __u32 time_on_cpu(enum kw_state state, __u32 guest)
{
	switch (state) {
	case KW_ST_GUEST:
		return guest;
	case KW_ST_KERNEL:
		return TIME_KERNEL;
	case KW_ST_VMM:
		return TIME_VMM;
	default:
		return TIME_UNKNOWN;
	}
}

static __always_inline void time_on_state(struct kw_vcpu *v, enum kw_state state, __u8 level,
					  __u64 now)
{
	__u32 guest = level == 2 ? TIME_NESTED : TIME_GUEST;
	struct time_slot *s = time_slot(v);

	if (s && state == KW_ST_GUEST)
		s->guest = guest;
	time_change(v, s, time_on_cpu(state, guest), now);
}

/* Why a vCPU sleeps: it halts in KVM_RUN, or for something else there, or outside of it. */
static __always_inline __u32 time_asleep(struct kw_vcpu *v, __u32 task_state)
{
	struct kvm_vcpu *vcpu = (void *)v->vcpu;

	if (task_state & KW_TASK_STOPPED)
		return TIME_STOPPED;
	if (BPF_CORE_READ(vcpu, wait.task))
		return TIME_HALTED;
	return v->state == KW_ST_VMM ? TIME_IDLE : TIME_BLOCKED;
}

static __always_inline void time_on_switch_out(struct kw_vcpu *v, struct task_struct *task,
					       __u32 task_state, __u32 cpu, __u64 now)
{
	time_change(v, time_slot(v), task_state ? time_asleep(v, task_state) : TIME_PREEMPTED, now);
	if (!task_state)
		time_enter(v, cpu, task, now);
}

static __always_inline void time_on_wake(struct kw_vcpu *v, struct task_struct *task, __u64 now)
{
	time_change(v, time_slot(v), TIME_WOKEN, now);
	time_enter(v, kw_cpu_of(task), task, now);
}

static __always_inline void time_on_switch_in(struct kw_vcpu *v, __u64 now)
{
	struct time_slot *s = time_slot(v);

	time_change(v, s, time_on_cpu(v->state, s && s->guest ? s->guest : TIME_GUEST), now);
}

/*
 * A halt is over, and KVM tells how long it polled in it: that is taken from the kernel's time,
 * where it has been until now.
 */
static __noinline int time_poll(struct kw_vcpu *v, __u64 ns, __u64 now, bool waited)
{
	struct time_slot *s = v ? time_slot(v) : NULL;

	if (!s || !v || s->state != TIME_KERNEL)
		return 0;
	time_write(s);
	time_charge(v, s, now);
	if (ns > s->ns[TIME_KERNEL])
		ns = s->ns[TIME_KERNEL];
	s->ns[TIME_KERNEL] -= ns;
	s->ns[waited ? TIME_POLL_WASTED : TIME_POLL_HIT] += ns;
	time_written(s);
	return 0;
}

static __always_inline void time_on_halt(struct kw_vcpu *v, __u64 ns, __u64 polled, bool waited,
					 __u64 now)
{
	if (polled)
		time_poll(v, kw_polled_on_cpu(v, ns, polled, now), now, waited);
}

/*
 * The current thread begins to run v. What it ran before is its VMM's now, unless another thread
 * has taken that over. What v does its next event tells.
 */
static __always_inline void time_on_thread(struct kw_vcpu *before, struct kw_vcpu *v)
{
	__u32 tid = v->tid;

	bpf_map_update_elem(&time_tids, &tid, &v->slot, BPF_ANY);
	time_watch_process(v);
	if (before && before != v && before->vcpu && before->tid == v->tid &&
	    !(before->flags & KW_VCPU_IGNORED))
		time_change(before, time_slot(before), TIME_IDLE, bpf_ktime_get_ns());
}

#endif
