/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * io_riscv.bpf.h - riscv's CSRs that KVM or user space emulates, and MMIO.
 * May not know about: names, VMs, other collectors.
 * To extend: see io.bpf.h, which includes this.
 */

/*
 * An instruction that the guest may not execute itself, as the processor tells it. This comes after
 * the spine's program of the same tracepoint, which was attached before.
 */
KW_TRACEPOINT(kvm_exit, io_csr, struct kvm_cpu_trap *trap)
{
	__u32 instruction, function;

	if (!trap || BPF_CORE_READ(trap, scause) != KW_RISCV_VIRTUAL_INST)
		return 0;
	instruction = BPF_CORE_READ(trap, stval);
	function = instruction >> 12 & 3; /* 1: CSRRW; 2, 3: CSRRS, CSRRC, which of x0 only read */
	if ((instruction & 0x7f) != 0x73 || !function)
		return 0;
	return io_access(kw_current_vcpu(), instruction >> 20, 0,
			 function == 1 || instruction >> 15 & 0x1f ? IO_CSR_WRITE : IO_CSR_READ);
}

/* See mmio/mmio_riscv.bpf.h. */
SEC("?fentry/kvm_riscv_vcpu_mmio_store")
int BPF_PROG(io_store, struct kvm_vcpu *vcpu, struct kvm_run *run, unsigned long gpa)
{
	return io_access(kw_current_vcpu(), gpa & ~0xfffULL, 0, IO_MMIO_WRITE);
}

SEC("?fentry/kvm_riscv_vcpu_mmio_load")
int BPF_PROG(io_load, struct kvm_vcpu *vcpu, struct kvm_run *run, unsigned long gpa)
{
	return io_access(kw_current_vcpu(), gpa & ~0xfffULL, 0, IO_MMIO_READ);
}
