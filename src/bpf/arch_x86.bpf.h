/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * arch_x86.bpf.h - what only an x86 KVM can be asked: an exit's reason and nesting level.
 * May not know about: maps, collectors, names of reasons (user space has them).
 * To extend: another processor is another arch_*.bpf.h with the same function names.
 */
#ifndef KW_ARCH_X86_BPF_H
#define KW_ARCH_X86_BPF_H

#include "../core/abi.h"
#include "compat.bpf.h"

#define KW_PAGE_SHIFT 12
#define kw_mmio_twice false /* see arch_arm64.bpf.h */

/* The reason could not be read: this kernel's structures are not known. Shown as UNKNOWN. */
#define KW_CODE_UNKNOWN 0xfffffffe

/*
 * vmcb->control.exit_code is 64 bits wide since d7507a94a072 ("KVM: SVM: Treat exit_code as an
 * unsigned 64-bit value through all of KVM"); no code needs more than 32 (-1 is VMEXIT_INVALID).
 */
static __always_inline __u32 kw_vmcb_exit_code(__u64 vmcb)
{
	return vmcb ? kw_load((void *)vmcb + bpf_core_field_offset(struct vmcb, control.exit_code))
		    : KW_CODE_UNKNOWN;
}

#define kw_svm_load(vcpu, field)                                                                   \
	kw_load((void *)(vcpu)-bpf_core_field_offset(struct vcpu_svm, vcpu) +                      \
		bpf_core_field_offset(struct vcpu_svm, field))

static __always_inline __u32 kw_svm_exit_code(struct kvm_vcpu *vcpu)
{
	if (!bpf_core_type_exists(struct vcpu_svm))
		return KW_CODE_UNKNOWN;
	return kw_vmcb_exit_code(kw_svm_load(vcpu, vmcb));
}

/*
 * VMX: bits 15..0 are the basic reason, bit 31 says that the entry failed; the bits between them
 * qualify the exit (enclave, bus lock, …) and are no part of the reason. It is in another structure
 * since 7172c753c26a ("KVM: VMX: Move common fields of struct vcpu_{vmx,tdx} to a struct"), 6.16.
 */
static __always_inline __u32 kw_vmx_exit_code(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx___vt *vt = NULL;
	__u32 offset;

	if (!bpf_core_type_exists(struct vcpu_vmx))
		return KW_CODE_UNKNOWN;
	if (bpf_core_field_exists(vt->vt.exit_reason.full))
		offset = bpf_core_field_offset(struct vcpu_vmx___vt, vt.exit_reason.full);
	else /* not there either: the load is refused, rather than reasons invented */
		offset = bpf_core_field_offset(struct vcpu_vmx, exit_reason.full);
	return kw_load((void *)vcpu - bpf_core_field_offset(struct vcpu_vmx, vcpu) + offset) &
	       0x8000ffff;
}

#define KW_VCPU_REGS_RIP 16

/*
 * The guest's instruction pointer as KVM has it at hand, false if it has not: Intel's KVM reads it
 * from the VMCS when it needs it, and an encrypted guest's is not to be had: such guests are since
 * f1c6366e3043 ("KVM: SVM: Add required changes to support intercepts under SEV-ES"), 5.11. It is
 * apart from the other registers since 3b4ec7dcdf89 ("KVM: x86: Add dedicated storage for guest
 * RIP"), which came with 39a5ee37be89 ("KVM: x86: Use a proper bitmap for tracking available/dirty
 * registers").
 */
static __always_inline bool kw_guest_rip(struct kvm_vcpu *vcpu, __u32 isa, __u64 *ret)
{
	struct kvm_vcpu___rip *apart = (void *)vcpu;
	__u64 avail;

	if (bpf_core_field_exists(vcpu->arch.guest_state_protected) &&
	    BPF_CORE_READ(vcpu, arch.guest_state_protected))
		return false;
	if (bpf_core_field_exists(apart->arch.rip)) {
		*ret = BPF_CORE_READ(apart, arch.rip);
		avail = BPF_CORE_READ(apart, arch.regs_avail[0]);
	} else {
		*ret = BPF_CORE_READ(vcpu, arch.regs[KW_VCPU_REGS_RIP]);
		avail = BPF_CORE_READ(vcpu, arch.regs_avail);
	}
	return isa != KW_ISA_VMX || avail & (1 << KW_VCPU_REGS_RIP);
}

/* Of the series "KVM: x86/PVM" (v1 of 2024): its vectors beyond the processor's, what it runs. */
#define KW_PVM_SYSCALL	  1024	   /* SWITCH_EXIT_REASONS_SYSCALL */
#define KW_PVM_SUPERVISOR (1 << 0) /* SWITCH_FLAGS_SMOD */

/* Numbers of what is no exception; as in arch/x86_pvm.c. */
enum {
	KW_PVM_EXIT_SYSCALL = 1 << 16,
	KW_PVM_EXIT_HYPERCALL = 2 << 16,
	KW_PVM_EXIT_ERETU = 3 << 16,
	KW_PVM_EXIT_INTERRUPT = 4 << 16,
	KW_PVM_EXIT_INT80 = 5 << 16,
};

/* As its pvm_get_exit_info() tells: a guest's kernel calls by the instruction SYSCALL, too. */
static __always_inline __u32 kw_pvm_exit_code(struct kvm_vcpu *vcpu)
{
	struct vcpu_pvm *pvm = NULL;
	__u32 vector;
	__u64 rip;

	if (!bpf_core_field_exists(pvm->exit_vector))
		return KW_CODE_UNKNOWN;
	pvm = (void *)vcpu - bpf_core_field_offset(struct vcpu_pvm, vcpu);
	vector = BPF_CORE_READ(pvm, exit_vector);
	if (vector == 0x80)
		return KW_PVM_EXIT_INT80;
	if (vector != KW_PVM_SYSCALL)
		return vector >= 32 && vector < 256 ? KW_PVM_EXIT_INTERRUPT : vector;
	if (!(BPF_CORE_READ(pvm, switch_flags) & KW_PVM_SUPERVISOR))
		return KW_PVM_EXIT_SYSCALL;
	if (kw_guest_rip(vcpu, KW_ISA_PVM, &rip) && rip == BPF_CORE_READ(pvm, msr_retu_rip_plus2))
		return KW_PVM_EXIT_ERETU;
	return KW_PVM_EXIT_HYPERCALL;
}

/* The reason of the exit that vCPU just made; isa as kvm_exit passes it. */
static __always_inline __u32 kw_exit_code(struct kvm_vcpu *vcpu, __u32 isa)
{
	if (isa == KW_ISA_SVM)
		return kw_svm_exit_code(vcpu);
	if (isa == KW_ISA_VMX)
		return kw_vmx_exit_code(vcpu);
	return isa == KW_ISA_PVM ? kw_pvm_exit_code(vcpu) : KW_CODE_UNKNOWN;
}

/*
 * The reason of the last exit of a guest of this level, when the vCPU may be about to enter one of
 * another level: on SVM each has a VMCB of its own. (One VMCB for both until 4995a3685f1b ("KVM:
 * SVM: Use a separate vmcb for the nested L2 guest"), 5.13.)
 */
static __always_inline __u32 kw_last_exit_code(struct kvm_vcpu *vcpu, __u32 isa, __u8 level)
{
	struct vcpu_svm *svm = NULL;

	if (isa != KW_ISA_SVM || !bpf_core_field_exists(svm->vmcb01.ptr))
		return kw_exit_code(vcpu, isa);
	return kw_vmcb_exit_code(level == 2 ? kw_svm_load(vcpu, nested.vmcb02.ptr)
					    : kw_svm_load(vcpu, vmcb01.ptr));
}

/*
 * The reason as kvm_exit told it when it was one of its arguments. On VMX, bits that qualify it are
 * left away, see above.
 */
static __always_inline __u32 kw_code_of_reason(__u32 reason, __u32 isa)
{
	return isa == KW_ISA_VMX ? reason & 0x8000ffff : reason;
}

/* The guest's TSC right after the last exit that KVM did not handle on its fast path; 0: none. */
static __always_inline __u64 kw_last_exit_tsc(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.last_guest_tsc;
}

/*
 * The same in terms of the host's TSC; false if the guest's runs at another speed. The ratio that
 * means the same speed is 1.0 as a fixed-point number of SVM's or VMX's, or just 1. (Kept per vCPU
 * since 805d705ff8f3 ("KVM: X86: Store L1's TSC scaling ratio in 'struct kvm_vcpu_arch'"), 5.14: an
 * older kernel refuses the programs that time exits at their entries.)
 */
static __always_inline bool kw_to_host_tsc(struct kvm_vcpu *vcpu, __u64 *tsc)
{
	__u64 ratio = vcpu->arch.l1_tsc_scaling_ratio;

	*tsc -= vcpu->arch.l1_tsc_offset;
	return ratio == 1ULL << 32 || ratio == 1ULL << 48 || ratio == 1;
}

/*
 * 2 while the vCPU runs a nested guest, else 1. HF_GUEST_MASK was bit 5 until the emulator stopped
 * sharing hflags through its callback get_hflags, and has been bit 0 since (32e69f232db4 "KVM: x86:
 * Use emulator callbacks instead of duplicating "host flags"", 6.2). Where no types of modules are
 * told, kvm_exit tells that KVM is older, or else it is which MMU the vCPU uses: then, L2 counts as
 * L1 if L1 does not give it page tables of its own. (Which one is walked would tell as well, but
 * 7.3 has no walk_mmu any more.)
 */
static __always_inline __u8 kw_exit_level(struct kvm_vcpu *vcpu)
{
	struct x86_emulate_ops___hflags *ops = NULL;
	__u32 hflags = kw_typed ? vcpu->arch.hflags : BPF_CORE_READ(vcpu, arch.hflags);

	if (!bpf_core_type_exists(struct x86_emulate_ops) && !kw_exit_has_reason)
		return 1 + (BPF_CORE_READ(vcpu, arch.mmu) ==
			    (void *)vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.guest_mmu));
	if (!bpf_core_type_exists(struct x86_emulate_ops) || bpf_core_field_exists(ops->get_hflags))
		return 1 + (hflags >> 5 & 1);
	return 1 + (hflags & 1);
}

/*
 * The error code of a page fault (PFERR_*) from what kvm_page_fault tells of it: on Intel the exit
 * qualification, whose bits 2…0 are fetch, write, read, and 5…3 what the entry allowed.
 */
static __always_inline __u64 kw_fault_error(__u32 isa, __u64 told)
{
	if (isa != KW_ISA_VMX)
		return told;
	return (told & 1 ? 1 << 2 : 0) | (told & 2 ? 1 << 1 : 0) | (told & 4 ? 1 << 4 : 0) |
	       (told & 0x38 ? 1 << 0 : 0);
}

/* What the processor told of the fault. */
static __always_inline __u64 kw_fault_told(struct kvm_vcpu *vcpu, __u64 error)
{
	return error;
}

/* The exit of a vCPU that has nothing to do: SVM_EXIT_HLT, EXIT_REASON_HLT. */
static __always_inline bool kw_is_hlt(__u32 isa, __u32 code)
{
	return isa == KW_ISA_SVM ? code == 0x78 : isa == KW_ISA_VMX && code == 12;
}

/* The exit of the instruction that calls the hypervisor: SVM_EXIT_VMMCALL, EXIT_REASON_VMCALL. */
static __always_inline bool kw_is_hypercall(__u32 isa, __u32 code)
{
	return isa == KW_ISA_SVM ? code == 0x81 : isa == KW_ISA_VMX && code == 18;
}

#define KW_VCPU_REGS_RAX 0

/* The guest's RAX, which holds what a hypercall returns; an encrypted guest's is not to be had. */
static __always_inline bool kw_guest_result(struct kvm_vcpu *vcpu, __u64 *ret)
{
	if (bpf_core_field_exists(vcpu->arch.guest_state_protected) &&
	    BPF_CORE_READ(vcpu, arch.guest_state_protected))
		return false;
	*ret = BPF_CORE_READ(vcpu, arch.regs[KW_VCPU_REGS_RAX]);
	return true;
}

#endif
