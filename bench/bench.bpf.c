// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * bench.bpf.c - the programs of the tool, all of them as they are, and a driver: where KVM would
 * fire kvm_exit and kvm_entry, the test tracepoint does.
 * May not know about: what is measured.
 * To extend: nothing here; another way to watch is another set of switches (full.c).
 */
#include "driver.bpf.h"

#include "../src/bpf/spine.bpf.c"

/* What kw_kvm_exit and kw_kvm_entry are made of; the branch is the test tracepoint's. */
SEC("?tp_btf")
int BPF_PROG(bench_full, int nonce)
{
	struct kvm_vcpu *vcpu = bench_vcpu_of(nonce);
	__u32 isa = KW_ISA_SVM;

	barrier_var(isa); /* an argument, which the compiler does not know */
	kw_stay();
	if (nonce & BENCH_ENTRY)
		kw_entry(vcpu);
	else
		kw_exit_begins(vcpu, isa);
	kw_go_on();
	return 0;
}
