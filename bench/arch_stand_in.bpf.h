/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * arch_stand_in.bpf.h - bpf/arch_x86.bpf.h for stand-in vCPUs: what it reads through the types of
 * kvm-amd, which a kernel without that module lacks, is read at the places of driver.bpf.h.
 * May not know about: maps, collectors.
 * To extend: a function of arch_x86.bpf.h that reads vcpu_svm needs its double here.
 */
#ifndef BENCH_ARCH_STAND_IN_BPF_H
#define BENCH_ARCH_STAND_IN_BPF_H

#define kw_exit_code	  kw_exit_code_of_kvm
#define kw_last_exit_code kw_last_exit_code_of_kvm
#include "../src/bpf/arch_x86.bpf.h"
#undef kw_exit_code
#undef kw_last_exit_code

/* The same two loads that depend on each other: vcpu_svm.vmcb, vmcb.control.exit_code. */
static __always_inline __u32 bench_exit_code(const __u64 *at)
{
	bench_vcpu_t *v = NULL;
	__u64 vmcb = kw_load(at);

	return vmcb ? kw_load((void *)vmcb + sizeof(v->vmcb_head)) : KW_CODE_UNKNOWN;
}

static __always_inline __u32 kw_exit_code(struct kvm_vcpu *vcpu, __u32 isa)
{
	bench_vcpu_t *v = (void *)vcpu;

	return isa == KW_ISA_SVM ? bench_exit_code(&v->vmcb) : kw_exit_code_of_kvm(vcpu, isa);
}

static __always_inline __u32 kw_last_exit_code(struct kvm_vcpu *vcpu, __u32 isa, __u8 level)
{
	bench_vcpu_t *v = (void *)vcpu;

	if (isa != KW_ISA_SVM)
		return kw_last_exit_code_of_kvm(vcpu, isa, level);
	return level == 2 ? bench_exit_code(&v->vmcb02) : bench_exit_code(&v->vmcb);
}

#endif
