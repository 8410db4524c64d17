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

/* Does KVM tell of a read before it knows who does it, and once more after a device of its own did?
 */
#define kw_mmio_twice true

/* A kernel is built for pages of 4, 16 or 64 KiB. */
#define KW_PAGE_SHIFT kw_page_shift

#define KW_ARM_TRAP 2 /* ARM_EXCEPTION_TRAP */

/* Exception classes (ESR_ELx_EC_*) and fields of the syndrome; asm/esr.h. */
enum {
	KW_EC_WFX = 0x01,
	KW_EC_HVC32 = 0x12,
	KW_EC_SMC32 = 0x13,
	KW_EC_HVC64 = 0x16,
	KW_EC_SMC64 = 0x17,
	KW_EC_IABT = 0x20,
};

#define KW_CODE_WFE 0x110 /* no class of its own, see kw_arm_code() */

#define KW_ESR_WFE	(1 << 0)
#define KW_ESR_WNR	(1 << 6)
#define KW_ESR_S1PTW	(1 << 7)
#define KW_ESR_FSC(x)	((x)&0x3c) /* without the level */
#define KW_FSC_ACCESS	0x08
#define KW_FSC_PERM	0x0c
#define KW_ESR_CLASS(x) ((x) >> 26 & 0x3f)

/* The syndrome of the last exit that was a trap. */
static __always_inline __u64 kw_arm_esr(struct kvm_vcpu *vcpu)
{
	return BPF_CORE_READ(vcpu, arch.fault.esr_el2);
}

/* The exit of a vCPU that has nothing to do: WFI. (One that spins: WFE.) */
static __always_inline bool kw_is_hlt(__u32 isa, __u32 code)
{
	return code == KW_EC_WFX;
}

/*
 * What a fault is about, in terms of x86's PFERR_*: 0 it is forbidden, 1 a write, 2 but for the
 * access flag it would not be one, 4 a fetch. hsr: the syndrome. The processor's own walk of the
 * guest's tables reads, unless that is forbidden: then it was to set a flag there.
 */
static __always_inline __u64 kw_fault_error(__u32 isa, __u64 hsr)
{
	__u64 error = 0;

	if (KW_ESR_CLASS(hsr) == KW_EC_IABT)
		error |= 1 << 4;
	else if (hsr & KW_ESR_S1PTW ? KW_ESR_FSC(hsr) == KW_FSC_PERM : !!(hsr & KW_ESR_WNR))
		error |= 1 << 1;
	if (KW_ESR_FSC(hsr) == KW_FSC_PERM)
		error |= 1 << 0;
	else if (KW_ESR_FSC(hsr) == KW_FSC_ACCESS)
		error |= 1 << 0 | 1 << 2;
	return error;
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

/* The exit of an instruction that calls the hypervisor or firmware: HVC and SMC, of 32 and 64 bits.
 */
static __always_inline bool kw_is_hypercall(__u32 isa, __u32 code)
{
	return code == KW_EC_HVC32 || code == KW_EC_HVC64 || code == KW_EC_SMC32 ||
	       code == KW_EC_SMC64;
}

/* What a call returns: x0. */
static __always_inline bool kw_guest_result(struct kvm_vcpu *vcpu, __u64 *ret)
{
	*ret = BPF_CORE_READ(vcpu, arch.ctxt.regs.regs[0]);
	return true;
}

#endif
