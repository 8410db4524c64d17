/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * arch_arm64.bpf.h - what only an arm64 KVM can be asked.
 * May not know about: maps, collectors, names of reasons (user space has them).
 * To extend: see arch_x86.bpf.h; functions of what arm64 has not say so.
 */
#ifndef KW_ARCH_ARM64_BPF_H
#define KW_ARCH_ARM64_BPF_H

#include "../core/abi.h"
#include "arch_told.bpf.h"
#include "esr_arm64.bpf.h"

/* Does KVM tell of a read before it knows who does it, and once more after a device of its own did?
 */
#define kw_mmio_twice true

/* A kernel is built for pages of 4, 16 or 64 KiB. */
#define KW_PAGE_SHIFT kw_page_shift

/* The syndrome of the last exit that was a trap. */
static __always_inline __u64 kw_arm_esr(struct kvm_vcpu *vcpu)
{
	return BPF_CORE_READ(vcpu, arch.fault.esr_el2);
}

/* What the processor told of the fault that the current exit is by. */
static __always_inline __u64 kw_fault_told(struct kvm_vcpu *vcpu, __u64 error)
{
	return kw_arm_esr(vcpu);
}

static __always_inline bool kw_guest_rip(struct kvm_vcpu *vcpu, __u32 isa, __u64 *ret)
{
	*ret = BPF_CORE_READ(vcpu, arch.ctxt.regs.pc);
	return true;
}

/* What a call returns: x0. */
static __always_inline bool kw_guest_result(struct kvm_vcpu *vcpu, __u64 *ret)
{
	*ret = BPF_CORE_READ(vcpu, arch.ctxt.regs.regs[0]);
	return true;
}

/* ---- timers ---- */

#define KW_TIMERS 4 /* of a vCPU, at most: physical, virtual, those of EL2 */

#define KW_TIMER_MET (1 << 2) /* CNT*_CTL.ISTATUS */

/* Which of a vCPU's timers this is; KW_TIMERS or more: none. */
static __always_inline __u32 kw_timer_index(struct kvm_vcpu *vcpu, const void *timer)
{
	__u64 first = (__u64)vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.timer_cpu.timers);
	__u64 i = ((__u64)timer - first) / bpf_core_type_size(struct arch_timer_context);

	return (__u64)timer < first || i >= KW_TIMERS ? KW_TIMERS : i;
}

/*
 * kvm_vgic_inject_irq() was told the vCPU's number until 9a0a75d3ccee ("KVM: arm64: vgic: Make
 * kvm_vgic_inject_irq() take a vcpu pointer"), 6.7, and the vCPU itself since.
 */
static __always_inline bool kw_is_number(const struct kvm_vcpu *vcpu)
{
	return (__u64)vcpu < 4096;
}

/*
 * The vCPU of a timer: it said so itself until 8625a670afb0 ("KVM: arm64: Replace timer context
 * vcpu pointer with timer_id"), 6.18, since when it tells which one it is, and so where the vCPU
 * begins.
 */
static __always_inline struct kvm_vcpu *kw_vcpu_of_timer(struct arch_timer_context *timer)
{
	if (bpf_core_field_exists(timer->vcpu))
		return BPF_CORE_READ(timer, vcpu);
	return (void *)timer -
	       BPF_CORE_READ(timer, timer_id) * bpf_core_type_size(struct arch_timer_context) -
	       bpf_core_field_offset(struct kvm_vcpu, arch.timer_cpu.timers);
}

/*
 * Where a vCPU's register is kept. Those that a nested hypervisor's own registers stand for are in
 * a page of their own: since d8bd48e3f0ee ("KVM: arm64: nv: Map VNCR-capable registers to a
 * separate page"), 6.8.
 */
static __always_inline __u64 kw_arm_register(struct kvm_vcpu *vcpu, __u64 which)
{
	__u64 *page = NULL, *from, value = 0;

	if (bpf_core_field_exists(vcpu->arch.ctxt.vncr_array) &&
	    which >= bpf_core_enum_value(enum vcpu_sysreg, __VNCR_START__))
		page = BPF_CORE_READ(vcpu, arch.ctxt.vncr_array);
	from = page ? page - bpf_core_enum_value(enum vcpu_sysreg, __VNCR_START__)
		    : (void *)vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.ctxt.sys_regs);
	bpf_probe_read_kernel(&value, sizeof(value), from + which);
	return value;
}

/*
 * Of a timer that is not in the processor now: had it expired already when KVM took it out of
 * there? Not of those that were never in it, nor of those of EL2.
 */
static __always_inline bool kw_timer_was_met(struct kvm_vcpu *vcpu, __u32 timer)
{
	__u64 which;

	if (timer > 1)
		return false;
	which = timer ? bpf_core_enum_value(enum vcpu_sysreg, CNTV_CTL_EL0)
		      : bpf_core_enum_value(enum vcpu_sysreg, CNTP_CTL_EL0);
	return kw_arm_register(vcpu, which) & KW_TIMER_MET;
}

/* ---- interrupts ---- */

#define KW_PRIVATE_IRQS 32 /* software-generated, then those of devices of the vCPU itself */

/*
 * Those of a vCPU alone. They were part of it until 03b3d00a70b5 ("KVM: arm64: vgic: Allocate
 * private interrupts on demand"), 6.11.
 */
static __always_inline struct vgic_irq *kw_private_irqs(struct kvm_vcpu *vcpu)
{
	void *of = (void *)vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.vgic_cpu);
	struct vgic_cpu___array *old = of;

	if (bpf_core_field_exists(old->private_irqs))
		return of + bpf_core_field_offset(struct vgic_cpu___array, private_irqs);
	return BPF_CORE_READ((struct vgic_cpu *)of, private_irqs);
}

/* The interrupt of a vCPU's timer; NULL: there is none, as KVM does not have the GIC. */
static __always_inline struct vgic_irq *kw_irq_of_timer(struct kvm_vcpu *vcpu,
							struct arch_timer_context *timer)
{
	struct vgic_irq *first = kw_private_irqs(vcpu), *irq;

#pragma unroll
	for (__u32 i = KW_PRIVATE_IRQS / 2; first && i < KW_PRIVATE_IRQS; i++) {
		irq = (void *)first + i * bpf_core_type_size(struct vgic_irq);
		if (BPF_CORE_READ(irq, owner) == timer)
			return irq;
	}
	return NULL;
}

#endif
