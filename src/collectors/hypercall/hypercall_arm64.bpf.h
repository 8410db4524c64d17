/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * hypercall_arm64.bpf.h - calls by arm64's calling convention (SMCCC), with HVC or SMC.
 * May not know about: names, VMs, other collectors.
 * To extend: see hypercall.bpf.h, which includes this.
 *
 * KVM tells of HVC, but not of SMC: so both are taken where the guest leaves off. The engine has
 * attached the spine's program of the same tracepoint before, so that the vCPU's exit is known.
 */
static __always_inline bool hypercall_is_smc(__u32 class)
{
	return class == KW_EC_SMC32 || class == KW_EC_SMC64;
}

KW_TRACEPOINT(kvm_exit, hypercall_arm, int ret, __u32 class)
{
	struct hypercall_slot *s;
	struct kw_vcpu *v;
	struct kvm_vcpu *vcpu;
	__u64 x[1 + HYPERCALL_ARGS];

	if ((ret & 0x7fffffff) != KW_ARM_TRAP || !kw_is_hypercall(KW_ISA_ARM64, class))
		return 0;
	v = kw_current_vcpu();
	if (!v)
		return 0;
	vcpu = (void *)v->vcpu;
	BPF_CORE_READ_INTO(&x, vcpu, arch.ctxt.regs.regs);
	s = hypercall_call(v, hypercall_is_smc(class) ? HYPERCALL_SMC : HYPERCALL_HVC, (__u32)x[0]);
	for (int i = 0; s && i < HYPERCALL_ARGS; i++)
		s->arg[i] = x[1 + i];
	return 0;
}
