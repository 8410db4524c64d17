/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * spine_arm64.bpf.h - the hooks of the spine whose arguments are arm64's: exit, entry, page fault.
 * May not know about: what collectors count.
 * To extend: see spine_x86.bpf.h, whose programs have the same names.
 */

/* The vCPU is that of the current thread. */
KW_TRACEPOINT(kvm_exit, kw_kvm_exit, int ret, __u32 esr_ec)
{
	struct kvm_vcpu *vcpu = kw_loaded_vcpu();
	__u64 esr = esr_ec == KW_EC_WFX ? kw_arm_esr(vcpu) : 0; /* read only where it tells */

	return kw_exit((struct kw_told){ .vcpu = vcpu,
					 .isa = KW_ISA_ARM64,
					 .has_code = true,
					 .code = kw_arm_code(ret, esr_ec, esr) });
}

KW_TRACEPOINT(kvm_entry, kw_kvm_entry)
{
	return kw_entry(kw_loaded_vcpu());
}

/* A data or instruction abort of stage 2; hsr is its syndrome. */
KW_TRACEPOINT(kvm_guest_fault, kw_fault_tp, unsigned long pc, unsigned long hsr,
	      unsigned long hxfar, __u64 ipa)
{
	return kw_fault_begins(kw_watched(kw_loaded_vcpu()), ipa,
			       kw_fault_error(KW_ISA_ARM64, hsr));
}
