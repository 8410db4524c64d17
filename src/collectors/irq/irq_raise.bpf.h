/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * irq_raise.bpf.h - interrupts that are raised: by pins of the PIC and the IOAPIC, by MSIs, and by
 * vCPUs for vCPUs.
 * May not know about: names, VMs, other collectors.
 * To extend: another way of raising them is another call around what local APICs accept.
 */
#ifndef KW_IRQ_RAISE_BPF_H
#define KW_IRQ_RAISE_BPF_H

#include "irq_calls.bpf.h"

/* What of an interrupt its source tells: the row's key, and what only an event shows. */
struct irq_raised {
	struct irq_key key;
	__u32 dest;
	__u8 to, level, pad[2];
};

static __always_inline void irq_emit_set(struct kw_vcpu *v, const struct irq_raised *r, __u32 how,
					 __u64 since)
{
	__u64 now = kw_trace_on ? bpf_ktime_get_ns() : 0;
	struct irq_event *e = irq_event(v, IRQ_SET, now - since, now);

	if (!e)
		return;
	e->line = r->key.line;
	e->source = r->key.source;
	e->vector = r->key.vector;
	e->mode = r->key.mode;
	e->dest = r->dest;
	e->has_dest =
		r->key.source != IRQ_PIC && r->key.source != IRQ_LVT && r->key.source != IRQ_OTHER;
	e->to = r->to;
	e->level = r->level;
	e->masked = !!(how & IRQ_MASKED);
	e->coalesced = !!(how & IRQ_COALESCED);
	e->posted = !!(how & IRQ_POSTED);
	bpf_ringbuf_submit(e, 0);
}

/*
 * It is known what was raised and who accepted it: a row for each, or, if nobody did, one of the
 * VM's; how: what the source says of it.
 */
static __always_inline void irq_raise(struct irq_call *c, struct irq_raised *r, __u32 how)
{
	struct irq_raised other = { .key.source = IRQ_OTHER };
	struct kw_vcpu *v;
	__u32 fared, n = 0;

	for (__u32 i = 0; i < IRQ_TARGETS; i++) {
		if (i >= c->n)
			break;
		v = kw_slot(c->target[i].slot);
		if (!v)
			continue;
		fared = how | (c->target[i].coalesced ? IRQ_COALESCED : 0) |
			(c->target[i].posted ? IRQ_POSTED : 0);
		if (c->target[i].vector != r->key.vector) { /* a timer's, that came in between */
			other.key.vector = c->target[i].vector;
			other.key.mode = c->target[i].mode;
			irq_count(v, &other.key, fared);
			irq_emit_set(v, &other, fared, c->since_ns);
			continue;
		}
		irq_count(v, &r->key, fared);
		irq_emit_set(v, r, fared, c->since_ns);
		n++;
	}
	if (n)
		return;
	v = kw_vm_find((struct kvm *)c->kvm);
	if (!v)
		return;
	irq_count(v, &r->key, how);
	irq_emit_set(v, r, how, c->since_ns);
}

/* An interrupt is raised by line or route: KVM_IRQ_LINE, irqfd's work queue, the PIT. */
static __always_inline int irq_set_begins(struct kvm *kvm, __u32 level)
{
	struct irq_call call = { .kvm = (__u64)kvm, .level = level };

	return kw_running && kvm ? irq_begins(IRQ_CALL_SET, &call) : 0;
}

static __always_inline int irq_set_ends(void)
{
	struct irq_raised r = { .key.source = IRQ_OTHER };
	struct irq_call call;

	/* accepted, but by way of neither chip nor MSI, which would have taken it out */
	if (irq_ends(IRQ_CALL_SET, &call) && call.n) {
		r.key.vector = call.target[0].vector;
		r.key.mode = call.target[0].mode;
		irq_raise(&call, &r, 0);
	}
	return 0;
}

SEC("?fentry/kvm_set_irq")
int BPF_PROG(irq_set_fentry, struct kvm *kvm, int source, __u32 irq, int level)
{
	return irq_set_begins(kvm, level);
}

SEC("?kprobe/kvm_set_irq")
int BPF_KPROBE(irq_set_kprobe, struct kvm *kvm, int source, __u32 irq, int level)
{
	return irq_set_begins(kvm, level);
}

SEC("?fexit/kvm_set_irq")
int BPF_PROG(irq_set_fexit)
{
	return irq_set_ends();
}

SEC("?kretprobe/kvm_set_irq")
int BPF_KRETPROBE(irq_set_kretprobe)
{
	return irq_set_ends();
}

/* A pin of the PIC, with the registers of its half. Lowering a line raises nothing. */
KW_TRACEPOINT(kvm_pic_set_irq, irq_pic, __u32 chip, __u32 pin, __u32 elcr, __u32 imr,
	      bool coalesced)
{
	struct irq_call *c = kw_running ? irq_call(IRQ_CALL_SET) : NULL;
	__u32 how = (imr >> (pin & 7) & 1 ? IRQ_MASKED : 0) | (coalesced ? IRQ_COALESCED : 0);
	struct irq_raised r = { .key.source = IRQ_PIC, .key.mode = IRQ_EXTINT };
	struct irq_vector_value *value;
	struct kvm_pic *pic;
	struct kw_vcpu *vm;
	struct kvm *kvm;

	if (!c || !c->level)
		return 0;
	kvm = (struct kvm *)c->kvm;
	r.key.line = (chip & 1) * 8 + (pin & 7);
	pic = BPF_CORE_READ(kvm, arch.vpic);
	r.key.vector = (chip & 1 ? kw_read_kvm(kvm_pic, pic, pics[1].irq_base)
				 : kw_read_kvm(kvm_pic, pic, pics[0].irq_base)) +
		       (pin & 7);
	r.level = elcr >> (pin & 7) & 1;
	irq_raise(c, &r, how);
	vm = how ? NULL : kw_any_vm(kvm);
	value = vm ? irq_vector(vm, r.key.vector) : NULL;
	if (value)
		value->set_ns = c->since_ns;
	return 0;
}

/*
 * A pin of the IOAPIC, with its entry of the redirection table: after the local APICs were asked.
 * A level-triggered one whose last interrupt was not ended is held back.
 */
KW_TRACEPOINT(kvm_ioapic_set_irq, irq_ioapic, __u64 entry, int pin, bool coalesced)
{
	struct irq_call *c = kw_running ? irq_call(IRQ_CALL_SET) : NULL;
	struct irq_raised r = { .key.source = IRQ_IOAPIC };
	__u32 how = 0;

	if (!c || !c->level)
		return 0;
	r.key.line = pin;
	r.key.vector = entry;
	r.key.mode = entry >> 8 & 7;
	r.to = entry >> 11 & 1;
	r.level = entry >> 15 & 1;
	r.dest = entry >> 56;
	if (entry >> 16 & 1)
		how |= IRQ_MASKED;
	else if (r.level ? entry >> 14 & 1 : coalesced)
		how |= IRQ_COALESCED;
	irq_raise(c, &r, how);
	c->n = 0;
	return 0;
}

#define irq_entry(e, field) kw_read_kvm(kvm_kernel_irq_routing_entry, e, field)

static __always_inline int irq_msi_begins(__u32 kind, struct kvm_kernel_irq_routing_entry *e,
					  struct kvm *kvm, __u32 level)
{
	struct irq_call call = { .kvm = (__u64)kvm, .level = level };

	if (!kw_running || !e || !kvm || !level)
		return 0;
	/* those of KVM_SIGNAL_MSI have no type */
	if (kind == IRQ_CALL_ATOMIC && irq_entry(e, type) != IRQ_ROUTING_MSI)
		return 0;
	call.line = (__u64)irq_entry(e, msi.address_hi) << 32 | irq_entry(e, msi.address_lo);
	call.data = irq_entry(e, msi.data);
	call.vector = call.data;
	call.mode = call.data >> 8 & 7;
	return irq_begins(kind, &call);
}

/* ret: what the call returns; one that may not sleep gives up, and another call raises it. */
static __always_inline int irq_msi_ends(__u32 kind, int ret)
{
	struct irq_raised r = {};
	struct irq_call call;

	if (!irq_ends(kind, &call) || ret == -IRQ_EWOULDBLOCK)
		return 0;
	r.key.source = kind == IRQ_CALL_ATOMIC ? IRQ_MSI_ATOMIC : IRQ_MSI;
	r.key.line = call.line;
	r.key.vector = call.vector;
	r.key.mode = call.mode;
	r.dest = (call.line >> 12 & 0xff) | (call.line >> 32 & 0xffffff00);
	r.to = call.line >> 2 & 1;
	r.level = call.data >> 15 & 1;
	irq_raise(&call, &r, 0);
	return 0;
}

SEC("?fentry/kvm_set_msi")
int BPF_PROG(irq_msi_fentry, struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm, int source,
	     int level)
{
	return irq_msi_begins(IRQ_CALL_MSI, e, kvm, level);
}

SEC("?kprobe/kvm_set_msi")
int BPF_KPROBE(irq_msi_kprobe, struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm, int source,
	       int level)
{
	return irq_msi_begins(IRQ_CALL_MSI, e, kvm, level);
}

SEC("?fexit/kvm_set_msi")
int BPF_PROG(irq_msi_fexit, void *e, void *kvm, int source, int level, bool status, int ret)
{
	return irq_msi_ends(IRQ_CALL_MSI, ret);
}

SEC("?kretprobe/kvm_set_msi")
int BPF_KRETPROBE(irq_msi_kretprobe, int ret)
{
	return irq_msi_ends(IRQ_CALL_MSI, ret);
}

SEC("?fentry/kvm_arch_set_irq_inatomic")
int BPF_PROG(irq_atomic_fentry, struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm, int source,
	     int level)
{
	return irq_msi_begins(IRQ_CALL_ATOMIC, e, kvm, level);
}

SEC("?kprobe/kvm_arch_set_irq_inatomic")
int BPF_KPROBE(irq_atomic_kprobe, struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm,
	       int source, int level)
{
	return irq_msi_begins(IRQ_CALL_ATOMIC, e, kvm, level);
}

SEC("?fexit/kvm_arch_set_irq_inatomic")
int BPF_PROG(irq_atomic_fexit, void *e, void *kvm, int source, int level, bool status, int ret)
{
	return irq_msi_ends(IRQ_CALL_ATOMIC, ret);
}

SEC("?kretprobe/kvm_arch_set_irq_inatomic")
int BPF_KRETPROBE(irq_atomic_kretprobe, int ret)
{
	return irq_msi_ends(IRQ_CALL_ATOMIC, ret);
}

/* A vCPU writes its interrupt command register; those it is for accept it before it goes on. */
KW_TRACEPOINT(kvm_apic_ipi, irq_ipi, __u32 icr, __u32 dest)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct irq_slot *s = v ? irq_slot(v) : NULL;

	if (!s)
		return 0;
	s->ipi_vector = icr & 0xff;
	s->ipi_mode = icr >> 8 & 7;
	s->ipi_dest = dest;
	s->ipi_to = icr >> 18 & 3 ? IRQ_TO_LOGICAL + (icr >> 18 & 3) : icr >> 11 & 1;
	s->ipi_ns = bpf_ktime_get_ns();
	v->about |= KW_ABOUT_IPI;
	return 0;
}

#endif
