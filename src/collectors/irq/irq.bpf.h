/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * irq.bpf.h - interrupts on their way: raised by a device or a vCPU, accepted by a vCPU's local
 * APIC, injected into the guest, ended by its EOI.
 * May not know about: names, VMs, other collectors.
 * To extend: see irq.h.
 *
 * Whoever raises an interrupt (a vCPU, the VMM, vhost, a kworker, a hardware interrupt) is
 * current, so who it is for comes from KVM's arguments. KVM's tracepoints name no VM; the calls
 * around them do, and are remembered by thread while they last.
 */
#ifndef KW_IRQ_BPF_H
#define KW_IRQ_BPF_H

#include "irq_calls.bpf.h"

#if defined(__TARGET_ARCH_x86)
#include "irq_accept.bpf.h"
#include "irq_apicv.bpf.h"
#include "irq_raise.bpf.h"

/* The PIC's interrupts are accepted by no local APIC: their time is in the VM's row. */
static __always_inline struct irq_vector_value *irq_of_pic(struct kw_vcpu *v, __u32 vector)
{
	struct kw_vcpu *vm = kw_any_vm((struct kvm *)v->kvm);
	struct irq_vector_key key = { .vector = vector & 0xff };

	if (!vm)
		return NULL;
	key.key.slot = vm->slot;
	return bpf_map_lookup_elem(&irq_vectors, &key);
}

static __always_inline __u64 irq_set_by_pic(struct kw_vcpu *v, __u32 vector)
{
	struct irq_vector_value *value = irq_of_pic(v, vector);
	__u64 set_ns;

	if (!value)
		return 0;
	set_ns = value->set_ns;
	value->set_ns = 0;
	return set_ns;
}

/* Where nothing tells: an interrupt that was injected before, and that nobody has raised since. */
static __noinline bool irq_seems_again(struct kw_vcpu *v, struct irq_vector_value *value,
				       __u32 vector)
{
	if (!v || !value || !value->inject_ns || value->accept_ns)
		return false;
	value = irq_of_pic(v, vector);
	return !value || !value->set_ns;
}

/* Where the VMM has the local APIC, KVM takes each interrupt that it is given for one once more. */
static __always_inline bool irq_is_again(struct kw_vcpu *v, bool reinjected)
{
	struct kvm *kvm = (struct kvm *)v->kvm;

	return reinjected && BPF_CORE_READ(kvm, arch.irqchip_mode) != KVM_IRQCHIP_NONE;
}

KW_TRACEPOINT(kvm_inj_virq, irq_injected)
{
	bool soft = kw_injection_has_kind && (__u8)ctx[1];
	bool reinjected = kw_injection_has_kind && (__u8)ctx[2];
	struct kw_vcpu *v = kw_current_vcpu();
	__u32 vector = ctx[0];
	struct irq_vector_value *value;
	__u32 way = IRQ_ACCEPT_INJECT;
	struct irq_event *e;
	__u64 now, since;

	/* an INT instruction of the guest is no interrupt */
	if (!v || soft)
		return 0;
	value = irq_vector(v, vector);
	if (!value)
		return 0;
	if (!kw_injection_has_kind)
		reinjected = irq_seems_again(v, value, vector);
	if (irq_is_again(v, reinjected)) { /* the guest had an exit while it was delivered */
		value->reinjected++;
		return 0;
	}
	value->injected++;
	now = bpf_ktime_get_ns();
	since = value->accept_ns;
	value->service_set_ns = 0;
	if (since && since <= now) {
		value->service_set_ns = value->set_ns;
		value->accept_ns = 0;
	} else if (since) { /* already the next one */
		since = 0;
	} else {
		since = irq_set_by_pic(v, vector);
		way = IRQ_SET_INJECT;
	}
	value->inject_ns = now;
	if (since > now)
		since = 0;
	if (since)
		irq_took(v, vector, way, now - since);
	e = irq_event(v, IRQ_INJECT, since ? now - since : 0, now);
	if (!e)
		return 0;
	e->vector = vector;
	e->has_delay = !!since;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

KW_TRACEPOINT(kvm_eoi, irq_eoi, struct kvm_lapic *apic, int vector)
{
	struct irq_vector_value *value;
	__u64 now, delay = 0;
	struct irq_event *e;
	struct kw_vcpu *v;

	if (!kw_running || !apic || vector < 0)
		return 0;
	v = kw_vcpu_of(kw_vcpu_of_lapic(apic));
	value = v ? irq_vector(v, vector) : NULL;
	if (!value)
		return 0;
	value->eois++;
	now = bpf_ktime_get_ns();
	if (value->inject_ns) {
		delay = now - value->inject_ns;
		irq_took(v, vector, IRQ_INJECT_EOI, delay);
		if (value->service_set_ns)
			irq_took(v, vector, IRQ_SET_EOI, now - value->service_set_ns);
	}
	e = irq_event(v, IRQ_EOI, delay, now);
	if (e) {
		e->vector = vector;
		e->has_delay = !!value->inject_ns;
		bpf_ringbuf_submit(e, 0);
	}
	value->inject_ns = 0;
	return 0;
}

/* An EOI by shared memory, which KVM sees at the next exit, and has told of above. */
KW_TRACEPOINT(kvm_pv_eoi, irq_pv_eoi, struct kvm_lapic *apic, int vector)
{
	struct irq_vector_value *value;
	struct kw_vcpu *v;

	if (!kw_running || !apic || vector < 0)
		return 0;
	v = kw_vcpu_of(kw_vcpu_of_lapic(apic));
	value = v ? irq_vector(v, vector) : NULL;
	if (value)
		value->pv_eois++;
	return 0;
}

#endif /* x86 */

#if defined(__TARGET_ARCH_arm64)
#include "irq_arm64.bpf.h"
#endif

#endif
