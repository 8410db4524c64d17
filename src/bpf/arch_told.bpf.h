/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * arch_told.bpf.h - what is the same on processors whose kvm_exit tells the reason itself and whose
 * KVM keeps no time of exits: arm64, riscv.
 * May not know about: maps, collectors, any one processor.
 * To extend: a function that such a processor does have goes into its own arch_*.bpf.h.
 */
#ifndef KW_ARCH_TOLD_BPF_H
#define KW_ARCH_TOLD_BPF_H

#include "../core/abi.h"
#include "compat.bpf.h"

/* The reason could not be read. Shown as UNKNOWN. */
#define KW_CODE_UNKNOWN 0xfffffffe

/* kvm_exit has no vCPU; reasons are among its arguments, see spine_arm64.bpf.h and
 * spine_riscv.bpf.h. */
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

#endif
