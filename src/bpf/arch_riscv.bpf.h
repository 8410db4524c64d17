/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * arch_riscv.bpf.h - what only a riscv KVM can be asked.
 * May not know about: maps, collectors, names of reasons (user space has them).
 * To extend: see arch_x86.bpf.h; functions of what riscv has not say so.
 */
#ifndef KW_ARCH_RISCV_BPF_H
#define KW_ARCH_RISCV_BPF_H

#include "../core/abi.h"
#include "arch_told.bpf.h"

#define KW_PAGE_SHIFT 12
#define kw_mmio_twice false /* see arch_arm64.bpf.h */

/* scause of exits */
#define KW_RISCV_FETCH_FAULT  20
#define KW_RISCV_LOAD_FAULT   21
#define KW_RISCV_VIRTUAL_INST 22
#define KW_RISCV_STORE_FAULT  23

/*
 * WFI, one of the instructions that exit as 22: so it has a code of its own. A processor need not
 * tell which instruction it was; then it is 22.
 */
#define KW_RISCV_WFI		 0x1016
#define KW_RISCV_INSTRUCTION_WFI 0x10500073

/* The reason is scause, whose highest bit says interrupt: here it is bit 31. */
static __always_inline __u32 kw_riscv_code(struct kvm_cpu_trap *trap)
{
	unsigned long scause = trap ? BPF_CORE_READ(trap, scause) : 0;

	if (scause == KW_RISCV_VIRTUAL_INST &&
	    BPF_CORE_READ(trap, stval) == KW_RISCV_INSTRUCTION_WFI)
		return KW_RISCV_WFI;
	return scause >> 63 << 31 | (scause & 0x7fffffff);
}

/* The exit of a vCPU that has nothing to do. */
static __always_inline bool kw_is_hlt(__u32 isa, __u32 code)
{
	return code == KW_RISCV_WFI;
}

static __always_inline bool kw_guest_rip(struct kvm_vcpu *vcpu, __u32 isa, __u64 *ret)
{
	*ret = BPF_CORE_READ(vcpu, arch.guest_context.sepc);
	return true;
}

/* The exit of an instruction that calls the firmware (SBI): EXC_SUPERVISOR_SYSCALL. */
static __always_inline bool kw_is_hypercall(__u32 isa, __u32 code)
{
	return code == 10;
}

/* What a call returns first: a0, its error. */
static __always_inline bool kw_guest_result(struct kvm_vcpu *vcpu, __u64 *ret)
{
	*ret = BPF_CORE_READ(vcpu, arch.guest_context.a0);
	return true;
}

/* What the processor told of the fault. */
static __always_inline __u64 kw_fault_told(struct kvm_vcpu *vcpu, __u64 error)
{
	return error;
}

#endif
