/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * spine_x86.bpf.h - the hooks of the spine whose arguments are x86's: exit, entry, page fault.
 * May not know about: what collectors count.
 * To extend: another processor is another spine_*.bpf.h with programs of the same names.
 */
SEC("?tp_btf/kvm_exit")
int BPF_PROG(kw_kvm_exit, struct kvm_vcpu *vcpu, __u32 isa)
{
	return kw_exit((struct kw_told){ .vcpu = vcpu, .isa = isa });
}

SEC("?raw_tp/kvm_exit")
int BPF_PROG(kw_kvm_exit_raw, struct kvm_vcpu *vcpu, __u32 isa)
{
	return kw_exit((struct kw_told){ .vcpu = vcpu, .isa = isa });
}

/*
 * The reason came first until 0a62a0319abb ("KVM: x86: Get exit_reason as part of
 * kvm_x86_ops.get_exit_info"), 5.16. The kernel attaches no program that reads more arguments than
 * there are, and so tells which form it has.
 */
SEC("?raw_tp/kvm_exit")
int BPF_PROG(kw_kvm_exit_old, __u32 reason, struct kvm_vcpu *vcpu, __u32 isa)
{
	return kw_exit((struct kw_told){ .vcpu = vcpu,
					 .isa = isa,
					 .has_code = true,
					 .code = kw_code_of_reason(reason, isa) });
}

KW_TRACEPOINT(kvm_entry, kw_kvm_entry, struct kvm_vcpu *vcpu)
{
	return kw_entry(vcpu);
}

SEC("?fentry/kvm_mmu_page_fault")
int BPF_PROG(kw_fault_fentry, struct kvm_vcpu *vcpu, __u64 gpa, __u64 error)
{
	return kw_fault_begins(kw_watched(vcpu), gpa, error);
}

SEC("?kprobe/kvm_mmu_page_fault")
int BPF_KPROBE(kw_fault_kprobe, struct kvm_vcpu *vcpu, __u64 gpa, __u64 error)
{
	return kw_fault_begins(kw_watched(vcpu), gpa, error);
}

/* Comes without MMIO on Intel, and has Intel's exit qualification instead of an error code. */
KW_TRACEPOINT(kvm_page_fault, kw_fault_tp, struct kvm_vcpu *vcpu, __u64 gpa, __u64 error)
{
	struct kw_vcpu *v = kw_watched(vcpu);

	return v ? kw_fault_begins(v, gpa, kw_fault_error(v->isa, error)) : 0;
}
