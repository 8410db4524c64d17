/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * irq_arm64.bpf.h - interrupts of the GIC that KVM emulates: whatever raises one, KVM queues it for
 * a vCPU (vgic_queue_irq_unlock). What follows is between the processor and the guest: the guest
 * takes and ends its interrupts without an exit.
 * May not know about: names, VMs, other collectors.
 * To extend: see irq.bpf.h, which includes this.
 *
 * KVM also queues what it has queued already. Of that, two cases are told apart, and not counted
 * again: one that is enabled while it is pending, and the timer's, if the vCPU comes back in the
 * middle of serving it. One that is raised while it is pending counts again, as it is raised again:
 * whether the guest has taken it in between KVM does not know before the next exit.
 */

static __always_inline __u32 irq_source_of(__u32 intid)
{
	if (intid < 16)
		return IRQ_SGI;
	if (intid < 32)
		return IRQ_PPI;
	return intid < 8192 ? IRQ_SPI : IRQ_LPI;
}

/* Who raises it: the current thread, or what has interrupted it. */
static __always_inline __u32 irq_raised_by(struct kw_vcpu *v)
{
	struct task_struct *task = kw_current();
	struct kw_vcpu *own = kw_any_vcpu_of_task(task);

	if (own == v)
		return IRQ_BY_SELF;
	if (own && own->kvm == v->kvm)
		return IRQ_BY_VCPU;
	return (__u32)BPF_CORE_READ(task, tgid) == v->tgid ? IRQ_BY_VMM : IRQ_BY_HOST;
}

/*
 * One that was raised while it was disabled waits for the guest to enable it, by a write to the
 * GIC, which KVM handles: that queues it again, and raises nothing. True: it is that.
 */
static __always_inline bool irq_is_enabling(struct irq_vector_value *value, bool masked, __u32 by)
{
	struct kw_vcpu *own;
	bool waits = value->waits;

	value->waits = masked;
	if (!waits || masked || by > IRQ_BY_VCPU)
		return false;
	own = kw_any_vcpu_of_task(kw_current());
	return own && own->state == KW_ST_KERNEL && own->code == KW_EC_DABT;
}

/* Count it by number; true: it is to be counted as raised, too. */
static __always_inline bool irq_accepted(struct kw_vcpu *v, struct irq_slot *s, __u32 intid,
					 bool masked, __u32 by)
{
	struct irq_vector_key key = { .key.slot = v->slot, .vector = intid };
	struct irq_vector_value *value;

	value = kw_keyed(&irq_vectors, &key, &irq_vector_zero, &s->used_vectors, IRQ_VECTORS);
	if (!value) {
		kw_lose(KW_LOSS_NO_ROW);
		return true;
	}
	if (!masked)
		__sync_fetch_and_add(&value->head.count, 1);
	__sync_fetch_and_add(&value->apicv, 1);
	return !irq_is_enabling(value, masked, by);
}

/*
 * The guest serves an interrupt of one of its timers, which it has not silenced yet, while its vCPU
 * is loaded: KVM then finds the line still high, and queues it once more. It is not delivered.
 */
static __always_inline bool irq_is_served(struct kvm_vcpu *vcpu, struct vgic_irq *irq)
{
	struct arch_timer_context *timer = BPF_CORE_READ(irq, owner);
	__u32 i = kw_timer_index(vcpu, timer);

	return i < KW_TIMERS && BPF_CORE_READ_BITFIELD_PROBED(irq, active) &&
	       !BPF_CORE_READ(timer, loaded) && kw_timer_was_met(vcpu, i);
}

/* Pending: its line is high, or it has been latched. KVM asks also about those that are not. */
static __always_inline bool irq_is_pending(struct vgic_irq *irq)
{
	return BPF_CORE_READ_BITFIELD_PROBED(irq, line_level) ||
	       BPF_CORE_READ_BITFIELD_PROBED(irq, pending_latch);
}

static __always_inline bool irq_is_level(struct vgic_irq *irq)
{
	return BPF_CORE_READ_BITFIELD_PROBED(irq, config) == VGIC_CONFIG_LEVEL;
}

/* An interrupt that is pending is queued. */
static __noinline int irq_queue(struct vgic_irq *irq)
{
	struct kvm_vcpu *vcpu = irq ? BPF_CORE_READ(irq, target_vcpu) : NULL;
	struct kw_vcpu *v = vcpu ? kw_vcpu_of(vcpu) : NULL;
	struct irq_slot *s = v ? irq_slot(v) : NULL;
	struct irq_key key = {};
	struct irq_event *e;
	__u32 intid;
	bool masked;

	if (!s || irq_is_served(vcpu, irq))
		return 0;
	intid = BPF_CORE_READ(irq, intid);
	key.line = intid;
	key.source = irq_source_of(intid);
	key.mode = irq_raised_by(v);
	masked = !BPF_CORE_READ_BITFIELD_PROBED(irq, enabled);
	if (!irq_accepted(v, s, intid, masked, key.mode))
		return 0;
	irq_count(v, &key, masked ? IRQ_MASKED : 0);
	e = irq_event(v, IRQ_SET, 0, kw_trace_on ? bpf_ktime_get_ns() : 0);
	if (!e)
		return 0;
	e->has_delay = false;
	e->line = intid;
	e->source = key.source;
	e->mode = key.mode;
	e->level = irq_is_level(irq);
	e->masked = masked;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

static __always_inline int irq_queued(struct vgic_irq *irq)
{
	return kw_running && irq && irq_is_pending(irq) ? irq_queue(irq) : 0;
}

/*
 * Where it cannot be told where the arguments of vgic_queue_irq_unlock() are, as the compiler has
 * taken it apart: what KVM is asked to raise, and, of what reaches that function all the same, what
 * comes from elsewhere, and whose arguments are what they are declared to be.
 */

__u64 irq_inject_ip; /* where kvm_vgic_inject_irq begins, once it has been called */

#define IRQ_INJECT_SIZE 2048 /* more than its length */

/* The interrupt of a number: of a vCPU, or shared. NULL: KVM refuses it. */
static __always_inline struct vgic_irq *irq_of(struct kvm *kvm, struct kvm_vcpu *vcpu, __u32 intid)
{
	void *first = intid < KW_PRIVATE_IRQS ? kw_private_irqs(vcpu)
					      : BPF_CORE_READ(kvm, arch.vgic.spis);

	if (intid >= KW_PRIVATE_IRQS) {
		intid -= KW_PRIVATE_IRQS;
		if (intid >= (__u32)BPF_CORE_READ(kvm, arch.vgic.nr_spis))
			return NULL;
	}
	if (!first)
		return NULL;
	return first + intid * bpf_core_type_size(struct vgic_irq);
}

/* KVM then queues it if its line rises, or, if edges count, whenever it is raised. */
static __noinline int irq_inject(struct kvm *kvm, struct kvm_vcpu *vcpu, __u32 intid, __u64 owner)
{
	struct vgic_irq *irq;

	if (!kw_running || !kvm)
		return 0;
	if (intid < KW_PRIVATE_IRQS && kw_is_number(vcpu)) {
		kw_lose(KW_LOSS_NO_OWNER);
		return 0;
	}
	irq = irq_of(kvm, vcpu, intid);
	if (!irq || (__u64)BPF_CORE_READ(irq, owner) != owner)
		return 0;
	if (irq_is_level(irq) && BPF_CORE_READ_BITFIELD_PROBED(irq, line_level))
		return 0;
	return irq_queue(irq);
}

SEC("?fentry/kvm_vgic_inject_irq")
int BPF_PROG(irq_inject_fentry, struct kvm *kvm, struct kvm_vcpu *vcpu, __u32 intid, __u8 level,
	     void *owner)
{
	irq_inject_ip = bpf_get_func_ip(ctx);
	return level ? irq_inject(kvm, vcpu, intid, (__u64)owner) : 0;
}

SEC("?kprobe/kvm_vgic_inject_irq")
int BPF_KPROBE(irq_inject_kprobe, struct kvm *kvm, struct kvm_vcpu *vcpu, __u32 intid, __u8 level,
	       void *owner)
{
	irq_inject_ip = bpf_get_func_ip(ctx);
	return level ? irq_inject(kvm, vcpu, intid, (__u64)owner) : 0;
}

SEC("?kprobe/vgic_queue_irq_unlock")
int BPF_KPROBE(irq_queue_others, struct kvm *kvm, struct vgic_irq *irq)
{
	struct kvm_vcpu *vcpu = irq ? BPF_CORE_READ(irq, target_vcpu) : NULL;

	if (!vcpu || BPF_CORE_READ(vcpu, kvm) != kvm ||
	    PT_REGS_RET(ctx) - irq_inject_ip < IRQ_INJECT_SIZE)
		return 0;
	return irq_queued(irq);
}

/* Once per interval and vCPU: whether KVM has the GIC. Nothing keeps its part from the processor.
 */
static __noinline int irq_on_window(struct kw_vcpu *v)
{
	struct kw_vcpu *vm = v ? kw_any_vm((struct kvm *)v->kvm) : NULL;
	struct irq_slot *s = vm ? irq_slot(vm) : NULL;
	struct irq_state_key key = { .reason = IRQ_NO_REASON };
	struct irq_state_value *value;
	struct kvm *kvm;

	if (!vm || !s)
		return 0;
	kvm = (struct kvm *)vm->kvm;
	key.key.slot = vm->slot;
	value = kw_keyed(&irq_states, &key, &irq_state_zero, &s->used_states, IRQ_REASONS + 1);
	if (!value)
		return 0;
	value->irqchip = BPF_CORE_READ(kvm, arch.vgic.in_kernel);
	value->inhibits = 1;
	__sync_fetch_and_add(&value->head.count, 1);
	return 0;
}

SEC("?fentry/vgic_queue_irq_unlock")
int BPF_PROG(irq_queue_fentry, struct kvm *kvm, struct vgic_irq *irq)
{
	return irq_queued(irq);
}

SEC("?kprobe/vgic_queue_irq_unlock")
int BPF_KPROBE(irq_queue_kprobe, struct kvm *kvm, struct vgic_irq *irq)
{
	return irq_queued(irq);
}
