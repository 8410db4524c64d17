/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * timer_arm64.bpf.h - the timers that arm64's processors have for guests: expired, how late.
 * May not know about: names, VMs, other collectors.
 * To extend: see timer.bpf.h, which includes this.
 *
 * A guest arms its timers without an exit. While its vCPU is loaded they are in the processor,
 * which interrupts the host when they expire: what they were set to KVM does not know then. When
 * the vCPU goes, KVM takes their registers out; if it sleeps, KVM sets a timer of its own to the
 * first of them (bg_timer). When it comes back, KVM raises the line of each that has expired
 * (kvm_timer_update_irq), and again of each that had expired before and that the guest has not
 * silenced yet: that is no expiry. A timer that the processor has no place for KVM emulates by one
 * of its own.
 */

/* KVM's own timer for a vCPU expires: which of the guest's it stands for comes next. */
static __noinline int timer_noticed(struct kvm_vcpu *vcpu, struct hrtimer *hrtimer)
{
	struct timer_now t = {};
	__u64 due;

	if (!kw_running || !vcpu || !hrtimer || !timer_of(&t, vcpu))
		return 0;
	t.now = bpf_ktime_get_ns();
	due = BPF_CORE_READ(hrtimer, node.expires);
	t.s->late_ns = t.now > due ? t.now - due : 0;
	t.s->due_ns = due;
	return 0;
}

/* How late the timer of the slot was, if it was KVM's own that told. */
static __always_inline void timer_take_late(struct timer_now *t)
{
	if (!t->s->due_ns)
		return;
	t->x.late = t->s->late_ns;
	t->x.early = 0;
	t->s->due_ns = 0;
}

/*
 * KVM looks at a timer that it had taken out of the processor when it had expired already: that was
 * told if its interrupt is still to be taken, or is being served.
 */
static __noinline bool timer_was_told(struct kvm_vcpu *vcpu, struct arch_timer_context *timer,
				      __u32 i)
{
	struct vgic_irq *irq;

	if (!vcpu || !timer || !kw_timer_was_met(vcpu, i))
		return false;
	irq = kw_irq_of_timer(vcpu, timer);
	return !irq || BPF_CORE_READ_BITFIELD_PROBED(irq, line_level) ||
	       BPF_CORE_READ_BITFIELD_PROBED(irq, active);
}

/* A timer of a vCPU has expired. */
static __noinline int timer_line(struct kvm_vcpu *vcpu, struct arch_timer_context *timer)
{
	struct timer_now t = {};
	__u32 i;

	if (!kw_running || !vcpu || !timer)
		return 0;
	i = kw_timer_index(vcpu, timer);
	if (i >= KW_TIMERS || !timer_of(&t, vcpu))
		return 0;
	t.x.mode = TIMER_PHYSICAL + i;
	t.x.hv = BPF_CORE_READ(timer, loaded);
	if (!t.x.hv)
		timer_take_late(&t);
	if (!t.x.hv && timer_was_told(vcpu, timer, i))
		return 0;
	t.now = bpf_ktime_get_ns();
	timer_count(&t);
	if (kw_trace_on &&
	    (!kw_trace_slower || (t.x.late != TIMER_UNKNOWN && t.x.late >= kw_trace_slower)))
		timer_emit(&t, TIMER_EXPIRE);
	return 0;
}

SEC("?fentry/kvm_timer_update_irq")
int BPF_PROG(timer_line_fentry, struct kvm_vcpu *vcpu, __u8 high, struct arch_timer_context *timer)
{
	return high ? timer_line(vcpu, timer) : 0;
}

SEC("?kprobe/kvm_timer_update_irq")
int BPF_KPROBE(timer_line_kprobe, struct kvm_vcpu *vcpu, __u8 high,
	       struct arch_timer_context *timer)
{
	return high ? timer_line(vcpu, timer) : 0;
}

static __always_inline int timer_of_sleeper(struct hrtimer *hrtimer)
{
	return timer_noticed(
		(void *)hrtimer - bpf_core_field_offset(struct kvm_vcpu, arch.timer_cpu.bg_timer),
		hrtimer);
}

SEC("?fentry/kvm_bg_timer_expire")
int BPF_PROG(timer_sleeper_fentry, struct hrtimer *hrtimer)
{
	return timer_of_sleeper(hrtimer);
}

SEC("?kprobe/kvm_bg_timer_expire")
int BPF_KPROBE(timer_sleeper_kprobe, struct hrtimer *hrtimer)
{
	return timer_of_sleeper(hrtimer);
}

/* … for one that it emulates. */
KW_TRACEPOINT(kvm_timer_hrtimer_expire, timer_emulated, struct arch_timer_context *timer)
{
	return timer_noticed(timer ? kw_vcpu_of_timer(timer) : NULL,
			     (void *)timer +
				     bpf_core_field_offset(struct arch_timer_context, hrtimer));
}
