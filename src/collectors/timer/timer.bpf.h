/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * timer.bpf.h - timers of the guests, local APICs' or arm64's: armed, expired, how late.
 * May not know about: names, VMs, other collectors.
 * To extend: see timer.h.
 *
 * KVM starts a timer in the processor if it can (start_hv_timer, Intel), else one of its own
 * (start_sw_timer). It does so when the guest arms it, and again when it moves a running timer
 * from one to the other, e.g. because the vCPU sleeps. All expiries go through apic_timer_expired.
 */
#ifndef KW_TIMER_BPF_H
#define KW_TIMER_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "../../bpf/times.bpf.h"
#include "timer.h"

KW_KEYED_MAP(timer_rows, struct timer_key, struct timer_value);
KW_SLOT_MAP(timer_slots, struct timer_slot);

static const struct timer_value timer_zero;

#if !defined(__TARGET_ARCH_riscv)
/* A vCPU's timer, and what there is about it. apic: x86 */
struct timer_now {
	struct kvm_lapic *apic;
	struct kw_vcpu *v;
	struct timer_slot *s;
	__u64 now;
	struct timer_expiry x;
};

static __always_inline struct timer_value *timer_row(struct kw_vcpu *v, struct timer_slot *s,
						     const struct timer_expiry *x)
{
	struct timer_key key = { .key.slot = v->slot, .mode = x->mode, .hv = x->hv };

	return kw_keyed(&timer_rows, &key, &timer_zero, &s->used, TIMER_ROWS);
}

/* Count an expiry; false if there is no row. */
static __noinline bool timer_add(struct kw_vcpu *v, struct timer_slot *s, struct timer_expiry *x)
{
	struct timer_value *value = v && s && x ? timer_row(v, s, x) : NULL;
	__u32 bucket;

	if (!value || !x)
		return false;
	__sync_fetch_and_add(&value->head.count, 1);
	value->what[TIMER_EXPIRE]++;
	value->what[TIMER_MERGED] += x->merged;
	if (x->late == TIMER_UNKNOWN)
		return true;
	value->early += x->early != 0;
	value->timed++;
	value->late += x->late;
	kw_max(&value->max, x->late);
	bucket = kw_times_bucket(x->late);
	if (bucket < KW_TIMES_BUCKETS)
		value->hist[bucket]++;
	if (x->delay != TIMER_UNKNOWN)
		value->delay = x->delay;
	return true;
}

/*
 * In an interrupt the kernel may have no memory for a row at once, but a moment later: then the
 * expiry waits in the slot until there is something to count for the timer again.
 */
static __always_inline void timer_pay(struct timer_now *t)
{
	if (t->s->owed.open && timer_add(t->v, t->s, &t->s->owed))
		t->s->owed.open = 0;
}

static __always_inline void timer_count(struct timer_now *t)
{
	if (timer_add(t->v, t->s, &t->x))
		return;
	if (t->s->owed.open) {
		kw_lose(KW_LOSS_NO_ROW);
		return;
	}
	t->s->owed = t->x;
	t->s->owed.open = 1;
}

/* It is the timer of a vCPU; false if that is not to be watched. */
static __always_inline bool timer_of(struct timer_now *t, struct kvm_vcpu *vcpu)
{
	__u32 slot;

	t->v = kw_vcpu_of(vcpu);
	if (!t->v)
		return false;
	slot = t->v->slot;
	t->s = bpf_map_lookup_elem(&timer_slots, &slot);
	if (!t->s)
		return false;
	t->x.delay = t->x.late = t->x.early = TIMER_UNKNOWN;
	timer_pay(t);
	return true;
}

static __always_inline void timer_emit(const struct timer_now *t, __u32 what)
{
	struct timer_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	kw_event_head(&e->head, t->v, KW_ID_timer, t->now);
	e->delay = t->x.delay;
	e->late = t->x.late;
	e->early = t->x.early;
	e->what = what;
	e->mode = t->x.mode;
	e->hv = t->x.hv;
	e->vcpu_id = t->v->vcpu_id;
	e->tid = t->v->tid;
	e->pad = 0;
	bpf_ringbuf_submit(e, 0);
}

#endif /* not riscv */

#if defined(__TARGET_ARCH_x86)
/* Whose timer it is; false if it is not to be watched. */
static __always_inline bool timer_find(struct timer_now *t, struct kvm_lapic *apic)
{
	if (!kw_running || !apic)
		return false;
	t->now = bpf_ktime_get_ns();
	t->apic = apic;
	t->x.mode = kw_read_lapic(apic, lapic_timer.timer_mode) >> TIMER_MODE_SHIFT;
	return t->x.mode <= TIMER_DEADLINE && timer_of(t, kw_vcpu_of_lapic(apic));
}

/* What tells one arming of a timer from the next; 0: it is not armed. */
static __always_inline __u64 timer_deadline(const struct timer_now *t)
{
	struct kvm_lapic *apic = t->apic;
	__u64 period;

	if (t->x.mode == TIMER_DEADLINE)
		return kw_read_lapic(apic, lapic_timer.tscdeadline);
	period = kw_read_lapic(apic, lapic_timer.period);
	if (!period || t->x.mode == TIMER_PERIODIC)
		return period;
	return kw_read_lapic(apic, lapic_timer.target_expiration);
}

/*
 * The timer is started. Only where the processor's timer has a part in it is this ever done without
 * the guest arming it: with the same deadline, or in every period.
 */
static __always_inline int timer_started(struct timer_now *t)
{
	__u64 deadline = timer_deadline(t);
	__u32 what = TIMER_ARM;
	struct timer_value *value;

	if (!deadline && !t->x.hv) /* that of the processor may have expired at once */
		return 0;
	if ((t->x.hv || t->s->hv) && deadline && deadline == t->s->deadline &&
	    t->x.mode == t->s->mode)
		what = TIMER_RESTART;
	t->s->hv = t->x.hv;
	t->s->mode = t->x.mode;
	t->s->deadline = deadline;
	if (what == TIMER_ARM)
		t->s->armed_ns = t->now;
	if (t->x.mode == TIMER_PERIODIC)
		t->x.delay = deadline;
	else if (t->x.mode == TIMER_ONESHOT && deadline)
		t->x.delay = deadline > t->now ? deadline - t->now : 0;
	value = timer_row(t->v, t->s, &t->x);
	if (!value) {
		kw_lose(KW_LOSS_NO_ROW);
	} else {
		__sync_fetch_and_add(&value->head.count, 1);
		value->what[what == TIMER_ARM ? TIMER_ARM : TIMER_RESTART]++;
		if (t->x.delay != TIMER_UNKNOWN && what == TIMER_ARM)
			value->delay = t->x.delay;
	}
	if (kw_trace_on && !kw_trace_slower)
		timer_emit(t, what);
	return 0;
}

static __noinline int timer_sw(struct kvm_lapic *apic)
{
	struct timer_now t = {};

	if (!timer_find(&t, apic))
		return 0;
	if (t.x.mode != TIMER_PERIODIC && kw_read_lapic(apic, lapic_timer.pending.counter))
		return 0; /* it has expired already */
	return timer_started(&t);
}

static __noinline int timer_hv(struct kvm_lapic *apic)
{
	struct timer_now t = { .x.hv = 1 };

	return timer_find(&t, apic) ? timer_started(&t) : 0;
}

/*
 * When the guest wanted its interrupt, as a time of this clock; 0: that is not known. KVM's own
 * timer is set to it, or, with a TSC deadline, a little before: then KVM waits for the rest.
 */
static __always_inline __u64 timer_due(const struct timer_now *t, bool of_kvm)
{
	struct kvm_lapic *apic = t->apic;

	if (t->x.mode != TIMER_DEADLINE)
		return kw_read_lapic(apic, lapic_timer.target_expiration);
	if (!of_kvm)
		return 0;
	return kw_read_lapic(apic, lapic_timer.timer.node.expires) +
	       kw_read_lapic(apic, lapic_timer.timer_advance_ns);
}

static __always_inline void timer_measure(struct timer_now *t, bool of_kvm)
{
	__u64 due = timer_due(t, of_kvm), armed = t->s->armed_ns;
	struct kvm_lapic *apic = t->apic;

	if (!due)
		return;
	t->x.late = t->now > due ? t->now - due : 0;
	t->x.early = due > t->now ? due - t->now : 0;
	if (t->x.mode == TIMER_PERIODIC)
		t->x.delay = kw_read_lapic(apic, lapic_timer.period);
	else if (armed && due > armed)
		t->x.delay = due - armed;
}

/* of_kvm: it is KVM's own timer that calls, in a hardware interrupt. */
static __noinline int timer_expired(struct kvm_lapic *apic, __u32 of_kvm)
{
	struct timer_now t = {};

	if (!timer_find(&t, apic))
		return 0;
	t.x.hv = kw_read_lapic(apic, lapic_timer.hv_timer_in_use);
	t.x.merged = kw_read_lapic(apic, lapic_timer.pending.counter) != 0;
	timer_measure(&t, of_kvm);
	timer_count(&t);
	if (kw_trace_on &&
	    (!kw_trace_slower || (t.x.late != TIMER_UNKNOWN && t.x.late >= kw_trace_slower)))
		timer_emit(&t, t.x.merged ? TIMER_MERGED : TIMER_EXPIRE);
	return 0;
}

SEC("?fentry/start_sw_timer")
int BPF_PROG(timer_sw_fentry, struct kvm_lapic *apic)
{
	return timer_sw(apic);
}

SEC("?kprobe/start_sw_timer")
int BPF_KPROBE(timer_sw_kprobe, struct kvm_lapic *apic)
{
	return timer_sw(apic);
}

/* Where it returns false, KVM goes on with start_sw_timer. */
SEC("?fexit/start_hv_timer")
int BPF_PROG(timer_hv_fexit, struct kvm_lapic *apic, __u8 started)
{
	return started ? timer_hv(apic) : 0;
}

/* A probe of the return does not see arguments; timers are started by their vCPU's thread. */
SEC("?kretprobe/start_hv_timer")
int BPF_KRETPROBE(timer_hv_kretprobe, __u8 started)
{
	struct kw_vcpu *v = started ? kw_current_vcpu() : NULL;
	struct kvm_vcpu *vcpu = v ? (void *)v->vcpu : NULL;

	return vcpu ? timer_hv(BPF_CORE_READ(vcpu, arch.apic)) : 0;
}

/* The second argument is a bool: one byte of the register counts. */
SEC("?fentry/apic_timer_expired")
int BPF_PROG(timer_expired_fentry, struct kvm_lapic *apic, __u8 from_timer_fn)
{
	return timer_expired(apic, from_timer_fn);
}

/*
 * The kernel runs no probe, and tells nobody, in an interrupt that comes upon one, be it this
 * tool's for another vCPU: of KVM's own timers, the tracepoint of all timers tells.
 */
SEC("?kprobe/apic_timer_expired")
int BPF_KPROBE(timer_expired_kprobe, struct kvm_lapic *apic, __u8 from_timer_fn)
{
	return from_timer_fn ? 0 : timer_expired(apic, false);
}

SEC("?tp_btf/hrtimer_expire_entry")
int BPF_PROG(timer_hrtimer, struct hrtimer *timer)
{
	struct kvm_lapic *apic = kw_lapic_of_timer(timer);

	return apic ? timer_expired(apic, true) : 0;
}

#endif /* x86 */

#if defined(__TARGET_ARCH_arm64)
#include "timer_arm64.bpf.h"
#endif

#endif
