// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * bench.bpf.c - the programs of the tool, all of them as they are, and a driver: where KVM would
 * fire kvm_exit and kvm_entry, the test tracepoint does.
 * May not know about: what is measured.
 * To extend: nothing here; another way to watch is another set of switches (full.c).
 */
#include "driver.bpf.h"

#include "../src/bpf/spine.bpf.c"

/* What KVM keeps of an exit that it handles; the TSC is in ns here (full.c). */
static __always_inline void bench_silent_exit(bench_vcpu_t *v, __u64 ns)
{
	*(__u64 *)(v->kvm_vcpu +
		   bpf_core_field_offset(struct kvm_vcpu, arch.l1_tsc_scaling_ratio)) = 1;
	*(__u64 *)(v->kvm_vcpu + bpf_core_field_offset(struct kvm_vcpu, arch.last_guest_tsc)) = ns;
}

/* The programs of kvm_exit and kvm_entry themselves; the branch is the test tracepoint's. */
SEC("?tp_btf")
int BPF_PROG(bench_full, int nonce)
{
	struct kvm_vcpu *vcpu = bench_vcpu_of(nonce);
	__u32 isa = KW_ISA_SVM;

	barrier_var(isa); /* an argument, which the compiler does not know */
	if (nonce & BENCH_ENTRY)
		return kw_kvm_entry_body(ctx, vcpu);
	return ____kw_kvm_exit(ctx, vcpu, isa);
}
