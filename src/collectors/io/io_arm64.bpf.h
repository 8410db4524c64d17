/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * io_arm64.bpf.h - arm64's system registers that KVM emulates.
 * May not know about: names, VMs, other collectors.
 * To extend: see io.bpf.h, which includes this.
 */

/* A register as KVM's interface to user space numbers it: op0, op1, CRn, CRm, op2. */
static __always_inline __u64 io_sysreg_id(struct sys_reg_params *p)
{
	return BPF_CORE_READ(p, Op0) << 14 | BPF_CORE_READ(p, Op1) << 11 |
	       BPF_CORE_READ(p, CRn) << 7 | BPF_CORE_READ(p, CRm) << 3 | BPF_CORE_READ(p, Op2);
}

/* KVM tells of it before it does it: what is read is not known yet. */
KW_TRACEPOINT(kvm_sys_access, io_sysreg, unsigned long pc, struct sys_reg_params *p)
{
	struct kw_vcpu *v = kw_current_vcpu();
	bool write;

	if (!v || !p)
		return 0;
	write = BPF_CORE_READ(p, is_write);
	return io_access(v, io_sysreg_id(p), write ? BPF_CORE_READ(p, regval) : 0,
			 write ? IO_SYSREG_WRITE : IO_SYSREG_READ);
}
