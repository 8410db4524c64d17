/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * irq_apicv.bpf.h - what inhibits a VM's APICv or AVIC, and since when.
 * May not know about: names, VMs, other collectors.
 * To extend: a call in which KVM tells of it without one of those below is another
 * IRQ_INHIBIT_PROGRAMS.
 */
#ifndef KW_IRQ_APICV_BPF_H
#define KW_IRQ_APICV_BPF_H

#include "irq_calls.bpf.h"

/*
 * A reason inhibits the VM's APICv, or no reason does: it was so, as far as KVM knows, and is so
 * now. What is the same as in the row is no change, whoever tells of it.
 */
static __always_inline struct irq_state_value *irq_set_state(struct kw_vcpu *vm, __u32 reason,
							     bool was, bool is, __u64 now)
{
	struct irq_state_key key = { .key.slot = vm->slot, .reason = reason };
	struct irq_state_value *value = bpf_map_lookup_elem(&irq_states, &key);
	struct kvm *kvm = (struct kvm *)vm->kvm;
	struct irq_slot *s = irq_slot(vm);

	if (!value && s && (was || is)) {
		value = kw_keyed(&irq_states, &key, &irq_state_zero, &s->used_states,
				 IRQ_REASONS + 1);
		if (value)
			value->inhibits = was;
	}
	if (!value)
		return NULL;
	value->irqchip = BPF_CORE_READ(kvm, arch.irqchip_mode);
	if (value->inhibits == is)
		return value;
	value->inhibits = is;
	value->since_ns = now;
	__sync_fetch_and_add(is ? &value->sets : &value->clears, 1);
	return value;
}

/* Once per interval and vCPU: what inhibits the VM's APICv now, whether or not that changed. */
static __noinline int irq_on_window(struct kw_vcpu *v)
{
	struct kw_vcpu *vm = v ? kw_vm_find((struct kvm *)v->kvm) : NULL;
	struct irq_state_value *value;
	__u64 now, reasons;
	struct kvm *kvm;

	if (!vm)
		return 0;
	kvm = (struct kvm *)vm->kvm;
	now = bpf_ktime_get_ns();
	reasons = BPF_CORE_READ(kvm, arch.apicv_inhibit_reasons);
	for (__u32 reason = 0; reason <= IRQ_NO_REASON; reason++) {
		bool is = reason == IRQ_NO_REASON ? !reasons : reasons >> (reason & 31) & 1;

		value = irq_set_state(vm, reason, is, is, now);
		if (value && is)
			__sync_fetch_and_add(&value->head.count, 1);
	}
	return 0;
}

static __always_inline int irq_inhibit_begins(struct kvm *kvm)
{
	struct irq_call call = { .kvm = (__u64)kvm };

	return kw_running && kvm ? irq_begins(IRQ_CALL_INHIBIT, &call) : 0;
}

/* The call is over, in which KVM may not have told of anything. */
static __always_inline int irq_inhibit_ends(void)
{
	struct irq_call call;

	irq_ends(IRQ_CALL_INHIBIT, &call);
	return 0;
}

/* Calls in which KVM tells of reasons: begin and end, in all variants. */
#define IRQ_INHIBIT_PROGRAMS(name, function, type, kvm)                                            \
	SEC("?fentry/" function)                                                                   \
	int BPF_PROG(irq_##name##_fentry, type *from)                                              \
	{                                                                                          \
		return from ? irq_inhibit_begins(kvm) : 0;                                         \
	}                                                                                          \
                                                                                                   \
	SEC("?kprobe/" function)                                                                   \
	int BPF_KPROBE(irq_##name##_kprobe, type *from)                                            \
	{                                                                                          \
		return from ? irq_inhibit_begins(kvm) : 0;                                         \
	}                                                                                          \
                                                                                                   \
	SEC("?fexit/" function)                                                                    \
	int BPF_PROG(irq_##name##_fexit)                                                           \
	{                                                                                          \
		return irq_inhibit_ends();                                                         \
	}                                                                                          \
                                                                                                   \
	SEC("?kretprobe/" function)                                                                \
	int BPF_KRETPROBE(irq_##name##_kretprobe)                                                  \
	{                                                                                          \
		return irq_inhibit_ends();                                                         \
	}

IRQ_INHIBIT_PROGRAMS(inhibit, "kvm_set_or_clear_apicv_inhibit", struct kvm, from)
/* what that one calls, and others directly */
IRQ_INHIBIT_PROGRAMS(inhibit2, "__kvm_set_or_clear_apicv_inhibit", struct kvm, from)
/* which does it without a call of its own where the compiler has put that in here */
IRQ_INHIBIT_PROGRAMS(debug, "kvm_arch_vcpu_ioctl_set_guest_debug", struct kvm_vcpu,
		     BPF_CORE_READ(from, kvm))

/*
 * A reason comes or goes; KVM stores the new reasons after it has told of them. It tells also of
 * those that were as they are, and, without a call around it, of those of a VM that is being made.
 */
KW_TRACEPOINT(kvm_apicv_inhibit_changed, irq_inhibit_changed, int reason, bool set,
	      unsigned long reasons)
{
	struct irq_call *c = kw_running ? irq_call(IRQ_CALL_INHIBIT) : NULL;
	struct kw_vcpu *vm = c ? kw_vm_find((struct kvm *)c->kvm) : NULL;
	struct kvm *kvm;
	__u64 now, old;

	if (!vm || reason < 0 || reason >= IRQ_REASONS)
		return 0;
	kvm = (struct kvm *)vm->kvm;
	now = bpf_ktime_get_ns();
	old = BPF_CORE_READ(kvm, arch.apicv_inhibit_reasons);
	irq_set_state(vm, reason, old >> (reason & 31) & 1, set, now);
	irq_set_state(vm, IRQ_NO_REASON, !old, !reasons, now);
	return 0;
}

#endif
