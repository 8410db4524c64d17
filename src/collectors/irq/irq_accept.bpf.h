/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * irq_accept.bpf.h - interrupts that local APICs accept, and who raised them.
 * May not know about: names, VMs, other collectors.
 * To extend: a source that no call tells of is found out in irq_without_device().
 */
#ifndef KW_IRQ_ACCEPT_BPF_H
#define KW_IRQ_ACCEPT_BPF_H

#include "irq_raise.bpf.h"

/* regs: those of a local APIC */
static __always_inline __u32 irq_apic_register(void *regs, __u32 reg)
{
	__u32 value = 0;

	if (regs)
		bpf_probe_read_kernel(&value, sizeof(value), regs + reg);
	return value;
}

/* A call whose end was kept from us goes on for ever: no call takes that long. */
#define IRQ_CALL_NS 1000000000ULL

static __always_inline struct irq_call *irq_call_now(__u32 kind, __u64 now)
{
	struct irq_call *c = irq_call(kind);

	return c && now - c->since_ns < IRQ_CALL_NS ? c : NULL;
}

/* The call that raises what is being accepted; NULL: no device's. */
static __always_inline struct irq_call *irq_raiser(const struct irq_call *accepted,
						   const struct kw_vcpu *v)
{
	struct irq_call *c = irq_call_now(IRQ_CALL_ATOMIC, accepted->since_ns);

	c = c ?: irq_call_now(IRQ_CALL_MSI, accepted->since_ns);
	if (c)
		return c->kvm == v->kvm && c->vector == accepted->vector ? c : NULL;
	c = irq_call_now(IRQ_CALL_SET, accepted->since_ns);
	return c && c->kvm == v->kvm ? c : NULL;
}

/* The vCPU that is sending what is being accepted; NULL: it is no IPI. */
static __always_inline struct kw_vcpu *irq_sender(const struct irq_call *accepted,
						  const struct kw_vcpu *v, struct irq_slot **ret)
{
	struct kw_vcpu *sender = kw_current_vcpu();
	struct irq_slot *s;

	if (!sender || !(sender->about & KW_ABOUT_IPI) || sender->kvm != v->kvm)
		return NULL;
	s = irq_slot(sender);
	if (!s || s->ipi_mode != accepted->mode || s->ipi_vector != accepted->vector)
		return NULL;
	*ret = s;
	return sender;
}

/* It is pending from now on: the vCPU may have it before this call is over. */
static __noinline int irq_pending(struct irq_call *a)
{
	struct kw_vcpu *v = a ? kw_vcpu_of((struct kvm_vcpu *)a->kvm) : NULL;
	struct irq_vector_value *value = v ? irq_vector(v, a->vector) : NULL;
	struct irq_slot *s;
	struct irq_call *c;

	if (!value || !v || !a)
		return 0;
	c = irq_raiser(a, v);
	if (c)
		a->set_ns = c->since_ns;
	else if (irq_sender(a, v, &s))
		a->set_ns = s->ipi_ns;
	value->set_ns = a->set_ns ?: a->since_ns;
	value->accept_ns = a->since_ns;
	return 0;
}

/* KVM reports no interrupt as coalesced that a local APIC has pending already: look there. */
static __always_inline int irq_accept_begins(struct kvm_lapic *apic, __u32 mode, __u32 vector,
					     __u32 trigger)
{
	struct irq_call call = { .vector = vector, .mode = mode >> 8 & 7, .trigger = !!trigger };

	if (!kw_running || !apic)
		return 0;
	call.kvm = (__u64)kw_vcpu_of_lapic(apic);
	call.line = (__u64)apic;
	call.since_ns = bpf_ktime_get_ns();
	vector &= 0xff;
	if (call.mode <= IRQ_LOWEST) {
		call.coalesced = irq_apic_register(kw_read_lapic(apic, regs),
						   IRQ_APIC_IRR + vector / 32 * 16) >>
					 (vector % 32) &
				 1;
		if (!call.coalesced)
			irq_pending(&call);
	}
	return irq_begins(irq_accept_kind(true), &call);
}

KW_TRACEPOINT(kvm_apicv_accept_irq, irq_posted)
{
	struct irq_call *c = kw_running ? irq_call(irq_accept_kind(false)) : NULL;

	if (c)
		c->posted = 1;
	return 0;
}

/* Registers of the local vector table; those from the third on have a delivery mode. */
static const __u16 irq_lvt[] = { 0x320, 0x370, 0x340, 0x350, 0x360, 0x330, 0x2f0 };

#define IRQ_LVT_WITH_MODE 2

/* Which entry of its local vector table a vCPU's interrupt is of; 0: of none. */
static __always_inline __u32 irq_lvt_of(struct kvm_lapic *apic, __u32 vector, __u32 mode)
{
	void *regs = kw_read_lapic(apic, regs);

	for (__u32 i = 0; i < sizeof(irq_lvt) / sizeof(irq_lvt[0]); i++) {
		__u32 value = irq_apic_register(regs, irq_lvt[i]);
		__u32 its_mode = i < IRQ_LVT_WITH_MODE ? IRQ_FIXED : value >> 8 & 7;

		if (value & IRQ_APIC_MASKED || its_mode != mode)
			continue;
		if (mode != IRQ_FIXED || (value & 0xff) == vector)
			return irq_lvt[i];
	}
	return 0;
}

/* Accepted without a device: who raised it. */
static __noinline int irq_without_device(struct kw_vcpu *v, struct irq_call *a)
{
	struct irq_raised r = {};
	struct kw_vcpu *sender;
	struct irq_slot *s;
	__u32 how, reg;

	if (!v || !a)
		return 0;
	r.key.vector = a->vector;
	r.key.mode = a->mode;
	r.level = a->trigger;
	how = (a->coalesced ? IRQ_COALESCED : 0) | (a->posted ? IRQ_POSTED : 0);
	sender = irq_sender(a, v, &s);
	if (sender) {
		r.key.source = IRQ_IPI;
		r.key.line = sender->vcpu_id;
		r.dest = s->ipi_dest;
		r.to = s->ipi_to;
	} else {
		reg = irq_lvt_of((struct kvm_lapic *)a->line, a->vector, a->mode);
		r.key.source = reg ? IRQ_LVT : IRQ_OTHER;
		r.key.line = reg;
	}
	irq_count(v, &r.key, how);
	irq_emit_set(v, &r, how, a->set_ns ?: a->since_ns);
	return 0;
}

static __always_inline bool irq_has_apicv(struct kw_vcpu *v)
{
	struct kvm *kvm = (struct kvm *)v->kvm;

	return !BPF_CORE_READ(kvm, arch.apicv_inhibit_reasons);
}

/* Accepted, or, if ret is 0, not wanted. */
static __always_inline void irq_accepted(struct kw_vcpu *v, struct irq_call *a, int ret)
{
	struct irq_vector_value *value = irq_vector(v, a->vector);

	if (!value)
		return;
	if (ret <= 0 || a->posted) { /* the processor does the rest */
		if (value->accept_ns == a->since_ns)
			value->accept_ns = 0;
		if (ret <= 0)
			return;
	}
	__sync_fetch_and_add(&value->head.count, 1);
	if (a->coalesced)
		__sync_fetch_and_add(&value->coalesced, 1);
	else if (a->set_ns)
		irq_took(v, a->vector, IRQ_SET_ACCEPT, a->since_ns - a->set_ns);
	if (a->posted) {
		__sync_fetch_and_add(&value->posted, 1);
		value->inject_ns = value->service_set_ns = 0;
	}
	if (a->posted || irq_has_apicv(v))
		__sync_fetch_and_add(&value->apicv, 1);
}

static __always_inline int irq_accept_ends(int ret)
{
	struct irq_call a, *c;
	struct kw_vcpu *v;
	__u32 n;

	if (!irq_ends(irq_accept_kind(false), &a))
		return 0;
	v = kw_vcpu_of((struct kvm_vcpu *)a.kvm);
	if (!v)
		return 0;
	if (a.mode <= IRQ_LOWEST)
		irq_accepted(v, &a, ret);
	if (ret <= 0)
		return 0;
	c = irq_raiser(&a, v);
	if (!c)
		return irq_without_device(v, &a);
	n = c->n;
	if (n >= IRQ_TARGETS) { /* a broadcast: more than are remembered */
		a.line = 0;
		return irq_without_device(v, &a);
	}
	barrier_var(n);
	n &= IRQ_TARGETS - 1;
	c->target[n].slot = v->slot;
	c->target[n].coalesced = a.coalesced;
	c->target[n].posted = a.posted;
	c->target[n].vector = a.vector;
	c->target[n].mode = a.mode;
	c->n++;
	return 0;
}

SEC("?fentry/__apic_accept_irq")
int BPF_PROG(irq_accept_fentry, struct kvm_lapic *apic, int mode, int vector, int level,
	     int trigger)
{
	return irq_accept_begins(apic, mode, vector, trigger);
}

SEC("?kprobe/__apic_accept_irq")
int BPF_KPROBE(irq_accept_kprobe, struct kvm_lapic *apic, int mode, int vector, int level,
	       int trigger)
{
	return irq_accept_begins(apic, mode, vector, trigger);
}

SEC("?fexit/__apic_accept_irq")
int BPF_PROG(irq_accept_fexit, void *apic, int mode, int vector, int level, int trigger, void *map,
	     int ret)
{
	return irq_accept_ends(ret);
}

SEC("?kretprobe/__apic_accept_irq")
int BPF_KRETPROBE(irq_accept_kretprobe, int ret)
{
	return irq_accept_ends(ret);
}

#endif
