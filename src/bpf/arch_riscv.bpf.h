/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * arch_riscv.bpf.h - what only a riscv KVM can be asked.
 * May not know about: maps, collectors, names of reasons (user space has them).
 * To extend: see arch_x86.bpf.h; functions of what riscv has not say so.
 */
#ifndef KW_ARCH_RISCV_BPF_H
#define KW_ARCH_RISCV_BPF_H

#include "../core/abi.h"
#include "compat.bpf.h"

/* The reason could not be read. Shown as UNKNOWN. */
#define KW_CODE_UNKNOWN 0xfffffffe

/* kvm_exit has no vCPU; reasons are among its arguments, see spine_riscv.bpf.h. */
static __always_inline __u32 kw_exit_code(struct kvm_vcpu *vcpu, __u32 isa)
{
	return KW_CODE_UNKNOWN;
}

static __always_inline __u32 kw_last_exit_code(struct kvm_vcpu *vcpu, __u32 isa, __u8 level)
{
	return KW_CODE_UNKNOWN;
}

/* KVM keeps no time of exits. */
static __always_inline __u64 kw_last_exit_tsc(struct kvm_vcpu *vcpu)
{
	return 0;
}

static __always_inline bool kw_to_host_tsc(struct kvm_vcpu *vcpu, __u64 *tsc)
{
	return false;
}

/* Nested guests are not told apart. */
static __always_inline __u8 kw_exit_level(struct kvm_vcpu *vcpu)
{
	return 1;
}

/*
 * The exit of a vCPU that has nothing to do: WFI is one of the instructions that exit as
 * EXC_VIRTUAL_INST_FAULT, which by itself does not tell them apart.
 */
static __always_inline bool kw_is_hlt(__u32 isa, __u32 code)
{
	return code == 22;
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

#endif
