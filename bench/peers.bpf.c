// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * peers.bpf.c - what the tool is compared with: programs that do nothing, or read the clock alone,
 * and stand-ins of what other tools do at each event, written from descriptions of their designs.
 * May not know about: the tool's own programs.
 * To extend: a program and its maps; a line in listeners.c.
 *
 * In doubt a stand-in does less than its original: none filters by name, none counts what it
 * lost, and the test tracepoint's record has 4 bytes where kvm_exit's has 64.
 */
#include "driver.bpf.h"
#include "peers.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void bench_silent_exit(bench_vcpu_t *v, __u64 ns)
{
}

/* The record of the test tracepoint, for programs that get records. */
struct bench_record {
	__u64 common;
	int nonce;
};

/* ---- nothing, and the clock ---- */

SEC("?tp_btf")
int bench_empty(void *ctx)
{
	return 0;
}

SEC("?tracepoint")
int bench_empty_classic(void *ctx)
{
	return 0;
}

/* Where the floor keeps what it reads. */
__u64 bench_exit_ns, bench_entry_ns, bench_floor_vcpu;

/* No program that tells how long an exit took does less. */
SEC("?tp_btf")
int BPF_PROG(bench_floor, int nonce)
{
	bench_floor_vcpu = (__u64)bench_vcpu_of(nonce);
	if (nonce & BENCH_ENTRY)
		bench_entry_ns = bpf_ktime_get_ns();
	else
		bench_exit_ns = bpf_ktime_get_ns();
	return 0;
}

/* ---- bcc's kvmexit: counts at kvm_exit, in a cache per CPU of the thread seen last ---- */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bcc_cache);
} bcc_caches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bcc_cache);
} bcc_zero SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct bcc_cache);
} bcc_counts SEC(".maps");

/* Another thread than before: what is cached goes to its own place, the thread's comes here. */
static __noinline int bcc_change(__u64 pid_tgid)
{
	struct bcc_cache *cache, *zero, *counts;
	__u32 key = 0;

	cache = bpf_map_lookup_elem(&bcc_caches, &key);
	zero = bpf_map_lookup_elem(&bcc_zero, &key);
	if (!cache || !zero)
		return 0;
	if (cache->pid_tgid) {
		__u64 before = cache->pid_tgid;

		bpf_map_update_elem(&bcc_counts, &before, cache, BPF_ANY);
	}
	counts = bpf_map_lookup_elem(&bcc_counts, &pid_tgid) ?: zero;
	bpf_probe_read_kernel(cache, sizeof(*cache), counts);
	cache->pid_tgid = pid_tgid;
	return 0;
}

SEC("?tracepoint")
int bench_bcc(struct bench_record *ctx)
{
	__u32 reason = BENCH_REASON(ctx->nonce), key = 0;
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct bcc_cache *cache = bpf_map_lookup_elem(&bcc_caches, &key);

	if (!cache)
		return 0;
	if (cache->pid_tgid != pid_tgid)
		bcc_change(pid_tgid);
	cache->count[reason]++;
	return 0;
}

/* ---- sysak's kvmexittime: times by thread, kept in place; sums by reason alone ---- */

struct sysak_args {
	__u32 tid, pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct sysak_args);
} sysak_args SEC(".maps");

struct sysak_start {
	__u32 reason;
	__u64 exit_ns, switch_ns, off_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct sysak_start);
} sysak_starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, __u32);
	__type(value, struct sysak_sum);
} sysak_sums SEC(".maps");

/* At each event, it takes what it was told to watch out of a map, by two reads of any memory. */
static __always_inline bool sysak_watched(__u64 pid_tgid)
{
	__u32 key = 0, pid = 0, tid = 0;
	struct sysak_args *args = bpf_map_lookup_elem(&sysak_args, &key);

	if (!args)
		return true;
	bpf_probe_read_kernel(&pid, sizeof(pid), &args->pid);
	bpf_probe_read_kernel(&tid, sizeof(tid), &args->tid);
	return (!pid || pid == pid_tgid >> 32) && (!tid || tid == (__u32)pid_tgid);
}

static __always_inline void sysak_exit(__u32 tid, __u32 reason)
{
	struct sysak_start *start = bpf_map_lookup_elem(&sysak_starts, &tid);
	static const struct sysak_start zero;

	if (!start) {
		bpf_map_update_elem(&sysak_starts, &tid, &zero, BPF_NOEXIST);
		start = bpf_map_lookup_elem(&sysak_starts, &tid);
	}
	if (!start)
		return;
	start->exit_ns = bpf_ktime_get_ns();
	start->reason = reason;
	start->switch_ns = start->off_ns = 0;
}

static __always_inline void sysak_entry(__u32 tid)
{
	struct sysak_start *start = bpf_map_lookup_elem(&sysak_starts, &tid);
	static const struct sysak_sum zero;
	struct sysak_sum *sum;
	__u32 reason;

	if (!start)
		return;
	reason = start->reason;
	sum = bpf_map_lookup_elem(&sysak_sums, &reason);
	if (!sum) {
		bpf_map_update_elem(&sysak_sums, &reason, &zero, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&sysak_sums, &reason);
	}
	if (!sum)
		return;
	sum->total += bpf_ktime_get_ns() - start->exit_ns;
	sum->off_ns += start->off_ns;
	sum->count++;
}

SEC("?tracepoint")
int bench_sysak(struct bench_record *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (!sysak_watched(pid_tgid))
		return 0;
	if (ctx->nonce & BENCH_ENTRY)
		sysak_entry(pid_tgid);
	else
		sysak_exit(pid_tgid, BENCH_REASON(ctx->nonce));
	return 0;
}

/* ---- the reference kvm_watcher -e: times by thread, sums by reason, process and thread ---- */

struct reference_start {
	__u64 ns;
	__u32 reason;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, struct reference_start);
} reference_starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct reference_key);
	__type(value, struct reference_sum);
} reference_sums SEC(".maps");

static __always_inline void reference_add(const struct reference_key *key, __u64 ns)
{
	struct reference_sum *sum = bpf_map_lookup_elem(&reference_sums, key);

	if (!sum) {
		struct reference_sum first = { .max = ns, .total = ns, .min = ns, .count = 1 };

		bpf_map_update_elem(&reference_sums, key, &first, BPF_NOEXIST);
		return;
	}
	sum->count++;
	sum->total += ns;
	if (ns > sum->max)
		sum->max = ns;
	if (ns < sum->min)
		sum->min = ns;
}

static __always_inline void reference_entry(__u64 pid_tgid)
{
	struct reference_key key = { .pid = pid_tgid >> 32, .tid = pid_tgid };
	struct reference_start *start = bpf_map_lookup_elem(&reference_starts, &key.tid);
	__u64 ns;

	if (!start)
		return;
	ns = bpf_ktime_get_ns() - start->ns;
	key.reason = start->reason;
	bpf_map_delete_elem(&reference_starts, &key.tid);
	reference_add(&key, ns);
}

SEC("?tracepoint")
int bench_reference(struct bench_record *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u32 tid = pid_tgid;

	if (ctx->nonce & BENCH_ENTRY) {
		reference_entry(pid_tgid);
	} else {
		struct reference_start start = { .ns = bpf_ktime_get_ns(),
						 .reason = BENCH_REASON(ctx->nonce) };

		bpf_map_update_elem(&reference_starts, &tid, &start, BPF_ANY);
	}
	return 0;
}
