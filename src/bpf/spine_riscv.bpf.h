/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * spine_riscv.bpf.h - the hooks of the spine whose arguments are riscv's: exit, entry, page fault.
 * May not know about: what collectors count.
 * To extend: see spine_x86.bpf.h, whose programs have the same names.
 */

KW_TRACEPOINT(kvm_exit, kw_kvm_exit, struct kvm_cpu_trap *trap)
{
	return kw_exit((struct kw_told){ .vcpu = kw_loaded_vcpu(),
					 .isa = KW_ISA_RISCV,
					 .has_code = true,
					 .code = kw_riscv_code(trap) });
}

KW_TRACEPOINT(kvm_entry, kw_kvm_entry, struct kvm_vcpu *vcpu)
{
	return kw_entry(vcpu);
}

/*
 * A page fault of the second stage begins with the exit: this comes after kw_kvm_exit, which was
 * attached before. The error is told by the bits of x86 (PFERR_*); htval is the address without its
 * two lowest bits.
 */
KW_TRACEPOINT(kvm_exit, kw_fault_tp, struct kvm_cpu_trap *trap)
{
	unsigned long scause = trap ? BPF_CORE_READ(trap, scause) : 0;

	if (scause != KW_RISCV_FETCH_FAULT && scause != KW_RISCV_LOAD_FAULT &&
	    scause != KW_RISCV_STORE_FAULT)
		return 0;
	return kw_fault_begins(kw_current_vcpu(),
			       BPF_CORE_READ(trap, htval) << 2 | (BPF_CORE_READ(trap, stval) & 3),
			       scause == KW_RISCV_FETCH_FAULT	? 1 << 4
			       : scause == KW_RISCV_STORE_FAULT ? 1 << 1
								: 0);
}
