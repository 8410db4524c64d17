/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * irq_arm64.bpf.h - interrupts of the GIC that KVM emulates: whatever raises one, KVM queues it for
 * a vCPU (vgic_queue_irq_unlock). What follows is between the processor and the guest: the guest
 * takes and ends its interrupts without an exit.
 * May not know about: names, VMs, other collectors.
 * To extend: see irq.bpf.h, which includes this.
 *
 * One that is raised while it is pending already counts again, and so does one that is enabled
 * while it is: whether the guest has taken it in between KVM does not know before the next exit.
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

static __always_inline void irq_accepted(struct kw_vcpu *v, struct irq_slot *s, __u32 intid)
{
	struct irq_vector_key key = { .key.slot = v->slot, .vector = intid };
	struct irq_vector_value *value;

	value = kw_keyed(&irq_vectors, &key, &irq_vector_zero, &s->used_vectors, IRQ_VECTORS);
	if (!value) {
		kw_lose(KW_LOSS_NO_ROW);
		return;
	}
	__sync_fetch_and_add(&value->head.count, 1);
	__sync_fetch_and_add(&value->apicv, 1);
}

/* Pending: its line is high, or it has been latched. KVM asks also about those that are not. */
static __always_inline bool irq_is_pending(struct vgic_irq *irq)
{
	return BPF_CORE_READ_BITFIELD_PROBED(irq, line_level) ||
	       BPF_CORE_READ_BITFIELD_PROBED(irq, pending_latch);
}

static __noinline int irq_queue(struct vgic_irq *irq)
{
	struct irq_key key = {};
	struct irq_event *e;
	struct irq_slot *s;
	struct kw_vcpu *v;
	struct kvm_vcpu *vcpu;
	__u32 intid, how;

	if (!kw_running || !irq || !irq_is_pending(irq))
		return 0;
	vcpu = BPF_CORE_READ(irq, target_vcpu);
	v = vcpu ? kw_vcpu_of(vcpu) : NULL;
	s = v ? irq_slot(v) : NULL;
	if (!s)
		return 0;
	intid = BPF_CORE_READ(irq, intid);
	key.line = intid;
	key.source = irq_source_of(intid);
	key.mode = irq_raised_by(v);
	how = BPF_CORE_READ_BITFIELD_PROBED(irq, enabled) ? 0 : IRQ_MASKED;
	irq_count(v, &key, how);
	if (!how)
		irq_accepted(v, s, intid);
	e = irq_event(v, IRQ_SET, 0, kw_trace_on ? bpf_ktime_get_ns() : 0);
	if (!e)
		return 0;
	e->has_delay = false;
	e->line = intid;
	e->source = key.source;
	e->mode = key.mode;
	e->level = BPF_CORE_READ_BITFIELD_PROBED(irq, config) == VGIC_CONFIG_LEVEL;
	e->masked = !!how;
	bpf_ringbuf_submit(e, 0);
	return 0;
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
	return irq_queue(irq);
}

SEC("?kprobe/vgic_queue_irq_unlock")
int BPF_KPROBE(irq_queue_kprobe, struct kvm *kvm, struct vgic_irq *irq)
{
	return irq_queue(irq);
}
