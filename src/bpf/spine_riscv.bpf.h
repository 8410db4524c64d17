/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * spine_riscv.bpf.h - the hooks of the spine whose arguments are riscv's: exit and entry.
 * May not know about: what collectors count.
 * To extend: see spine_x86.bpf.h, whose programs have the same names.
 */

/* The reason is scause, whose highest bit says interrupt: here it is bit 31. */
KW_TRACEPOINT(kvm_exit, kw_kvm_exit, struct kvm_cpu_trap *trap)
{
	unsigned long scause = trap ? BPF_CORE_READ(trap, scause) : 0;

	return kw_exit((struct kw_told){ .vcpu = kw_loaded_vcpu(),
					 .isa = KW_ISA_RISCV,
					 .has_code = true,
					 .code = scause >> 63 << 31 | (scause & 0x7fffffff) });
}

KW_TRACEPOINT(kvm_entry, kw_kvm_entry, struct kvm_vcpu *vcpu)
{
	return kw_entry(vcpu);
}
