/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * driver.bpf.h - fires the kernel's test tracepoint as KVM would fire kvm_exit and kvm_entry, for
 * vCPUs that exist only in memory, with a clock that durations are added to.
 * May not know about: who listens. Include it before anything that reads the clock.
 * To extend: what listeners must find in memory at an exit is written in bench_fire().
 */
#ifndef BENCH_DRIVER_BPF_H
#define BENCH_DRIVER_BPF_H

#include "../src/bpf/ktypes.h"
#include "bench.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern int bpf_modify_return_test_tp(int nonce) __ksym;
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/* What user space filled in: see bench.h. */
__u32 bench_mix[BENCH_MIX];

/* Durations so far, ns: what the clock is ahead. One place serves all if one CPU fires at a time.
 */
struct {
	__u64 ns;
	__u64 pad[7];
} bench_ahead[BENCH_CPUS];

const volatile bool bench_many_cpus;

static __always_inline __u64 *bench_ahead_here(void)
{
	return &bench_ahead[bench_many_cpus ? bpf_get_smp_processor_id() & (BENCH_CPUS - 1) : 0].ns;
}

static __always_inline __u64 bench_ktime_get_ns(void)
{
	return bpf_ktime_get_ns() + *bench_ahead_here();
}

#define bpf_ktime_get_ns() bench_ktime_get_ns()

/* ---- vCPUs ---- */

/*
 * Stand-ins for a vcpu_svm and its vmcb. The sizes let vCPUs that follow each other have different
 * places in the caches.
 */
struct {
	__u8 kvm_vcpu[24 * 1024];
	__u64 vmcb; /* address of vmcb_head */
	__u64 vmcb02;
	__u64 pad[6];
	__u8 vmcb_head[0x70];
	__u64 exit_code;
	__u8 stagger[1024 + 320];
} bench_vcpus[BENCH_VCPUS];

typedef __typeof__(bench_vcpus[0]) bench_vcpu_t; /* without a name, as user space needs none */

/* Where they are, as KVM knows them; and their VMs. */
__u64 bench_address[BENCH_VCPUS];
__u8 bench_kvm[BENCH_VMS][64];

static __always_inline bench_vcpu_t *bench_vcpu(__u64 i)
{
	barrier_var(i); /* so that the verifier sees the bound of what is used */
	return &bench_vcpus[i & (BENCH_VCPUS - 1)];
}

static __always_inline void bench_make_vcpu(__u64 i)
{
	bench_vcpu_t *v = bench_vcpu(i);

	v->vmcb = (__u64)v->vmcb_head;
	*(__u64 *)(v->kvm_vcpu + bpf_core_field_offset(struct kvm_vcpu, kvm)) =
		(__u64)bench_kvm[i / (BENCH_VCPUS / BENCH_VMS) & (BENCH_VMS - 1)];
	*(__u32 *)(v->kvm_vcpu + bpf_core_field_offset(struct kvm_vcpu, vcpu_id)) = i;
	bench_address[i & (BENCH_VCPUS - 1)] = (__u64)v;
}

SEC("?raw_tp")
int bench_make_vcpus(void *ctx)
{
	for (__u64 i = 0; i < BENCH_VCPUS; i++)
		bench_make_vcpu(i);
	return 0;
}

/* The argument that a kvm_exit or kvm_entry would have. */
static __always_inline struct kvm_vcpu *bench_vcpu_of(__u32 nonce)
{
	return bpf_rdonly_cast((void *)bench_address[BENCH_VCPU(nonce)],
			       bpf_core_type_id_kernel(struct kvm_vcpu));
}

/* ---- firing ---- */

static const __u32 bench_code[16] = BENCH_CODES;

struct bench_run {
	__u32 at;
	__u32 vcpu;
};

/* An exit at ns whose kvm_exit nobody is told of; whoever includes this file knows what for. */
static __always_inline void bench_silent_exit(bench_vcpu_t *v, __u64 ns);

static __always_inline long bench_fire(const struct bench_run *run, __u32 i, enum bench_hooks hooks)
{
	__u32 mix = bench_mix[(run->at + i) & (BENCH_MIX - 1)];
	__u32 nonce = BENCH_REASON(mix) | run->vcpu << 8;
	bench_vcpu_t *v = bench_vcpu(run->vcpu);

	v->exit_code = bench_code[BENCH_REASON(mix)];
	if (hooks == BENCH_ENTRIES)
		bench_silent_exit(v, bpf_ktime_get_ns());
	else
		bpf_modify_return_test_tp(nonce);
	*bench_ahead_here() += mix >> 4;
	if (hooks != BENCH_EXITS)
		bpf_modify_return_test_tp(nonce | BENCH_ENTRY);
	return 0;
}

/* Programs that user space runs, with arguments enum bench_arg; they return what they fired. */
#define BENCH_DRIVER(name, hooks)                                                                  \
	static long name##_one(__u32 i, struct bench_run *run)                                     \
	{                                                                                          \
		return bench_fire(run, i, hooks);                                                  \
	}                                                                                          \
                                                                                                   \
	SEC("?raw_tp")                                                                             \
	int name(struct bpf_raw_tracepoint_args *ctx)                                              \
	{                                                                                          \
		struct bench_run run = { .at = ctx->args[BENCH_ARG_AT],                            \
					 .vcpu = ctx->args[BENCH_ARG_VCPU] };                      \
                                                                                                   \
		return bpf_loop(ctx->args[BENCH_ARG_N], name##_one, &run, 0);                      \
	}

BENCH_DRIVER(bench_fire_pairs, BENCH_PAIRS)
BENCH_DRIVER(bench_fire_exits, BENCH_EXITS)
BENCH_DRIVER(bench_fire_entries, BENCH_ENTRIES)

#endif
