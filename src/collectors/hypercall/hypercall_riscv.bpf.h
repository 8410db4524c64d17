/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * hypercall_riscv.bpf.h - riscv's calls of the firmware, SBI, which KVM answers or passes on to
 * user space.
 * May not know about: names, VMs, other collectors.
 * To extend: see hypercall.bpf.h, which includes this.
 */

#define HYPERCALL_SBI_LEGACY 0x10 /* extensions below are legacy calls of SBI 0.1 */

/*
 * The number is that of the extension, and in its lower half that of the function, which legacy
 * calls do not have: there, its register holds anything.
 */
static __always_inline int hypercall_sbi(struct kvm_vcpu *vcpu)
{
	__u64 extension = BPF_CORE_READ(vcpu, arch.guest_context.a7), function = 0;
	struct hypercall_slot *s;

	if (extension >= HYPERCALL_SBI_LEGACY)
		function = (__u32)BPF_CORE_READ(vcpu, arch.guest_context.a6);
	s = hypercall_call(kw_current_vcpu(), HYPERCALL_SBI, extension << 32 | function);
	if (!s)
		return 0;
	s->arg[0] = BPF_CORE_READ(vcpu, arch.guest_context.a0);
	s->arg[1] = BPF_CORE_READ(vcpu, arch.guest_context.a1);
	s->arg[2] = BPF_CORE_READ(vcpu, arch.guest_context.a2);
	s->arg[3] = BPF_CORE_READ(vcpu, arch.guest_context.a3);
	s->arg[4] = BPF_CORE_READ(vcpu, arch.guest_context.a4);
	s->arg[5] = BPF_CORE_READ(vcpu, arch.guest_context.a5);
	return 0;
}

SEC("?fentry/kvm_riscv_vcpu_sbi_ecall")
int BPF_PROG(hypercall_sbi_fentry, struct kvm_vcpu *vcpu)
{
	return hypercall_sbi(vcpu);
}

SEC("?kprobe/kvm_riscv_vcpu_sbi_ecall")
int BPF_KPROBE(hypercall_sbi_kprobe, struct kvm_vcpu *vcpu)
{
	return hypercall_sbi(vcpu);
}
