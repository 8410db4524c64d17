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

#endif
