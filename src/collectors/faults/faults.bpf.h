/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * faults.bpf.h - EPT, NPT and shadow page faults: how many, of which kind, what came of them; and
 * what the host takes out of a VM's page tables, which makes more of them.
 * May not know about: names, VMs, other collectors.
 * To extend: see faults.h.
 *
 * A fault begins when KVM's handler (kvm_mmu_page_fault) is called. On its way KVM's MMU tells what
 * it does; the fault is counted when the handler returns, or, where that cannot be watched, when
 * the exit ends.
 */
#ifndef KW_FAULTS_BPF_H
#define KW_FAULTS_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "../../bpf/times.bpf.h"
#include "faults.h"

KW_KEYED_MAP(faults_rows, struct faults_key, struct faults_value);
KW_KEYED_MAP(faults_pages, struct faults_page_key, struct faults_page_value);
KW_KEYED_MAP(faults_zaps, struct faults_zap_key, struct faults_zap_value);
KW_SLOT_MAP(faults_slots, struct faults_slot);

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* an end that was missed leaves one behind */
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct faults_call);
} faults_calls SEC(".maps");

static const struct faults_value faults_zero;
static const struct faults_page_value faults_page_zero;
static const struct faults_zap_value faults_zap_zero;

static __always_inline struct faults_slot *faults_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&faults_slots, &slot);
}

/* The fault that the current thread's vCPU is handling. */
static __always_inline struct faults_slot *faults_open(void)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct faults_slot *s = v && v->about & KW_ABOUT_FAULT ? faults_slot(v) : NULL;

	return s && s->open ? s : NULL;
}

static __always_inline void faults_on_fault(struct kw_vcpu *v)
{
	struct faults_slot *s = kw_is_on(faults) ? faults_slot(v) : NULL;

	if (!s)
		return;
	s->open = true;
	s->fast = s->mapped = 0;
	s->mmio = !!(v->fault_error & FAULTS_RESERVED); /* KVM makes MMIO entries reserved ones */
	s->ret = s->memslot = -1;
	s->level = 0;
	s->pfn = s->hva = s->gfn = ~0ULL;
}

static __always_inline __u32 faults_result(const struct faults_slot *s)
{
	if (s->mmio)
		return FAULTS_MMIO;
	if (s->fast)
		return FAULTS_FAST;
	if (s->ret >= 0)
		return s->ret;
	return s->mapped ? FAULTS_MAPPED : FAULTS_RETRY;
}

/*
 * The page of the guest's memory. A fault of a nested guest tells its own address instead, one
 * with shadow paging a virtual one: then it is known only if KVM came to a page.
 */
static __always_inline __u64 faults_page(const struct kw_vcpu *v, const struct faults_slot *s)
{
	if (s->gfn != ~0ULL)
		return s->gfn << KW_PAGE_SHIFT;
	return v->level == 2 ? FAULTS_MANY : v->fault_gpa >> KW_PAGE_SHIFT << KW_PAGE_SHIFT;
}

static __always_inline void faults_count_page(struct kw_vcpu *v, struct faults_slot *s, __u64 ns)
{
	struct faults_page_key key = { .key.slot = v->slot, .page = faults_page(v, s) };
	struct faults_page_value *value;

	value = key.page == FAULTS_MANY ? NULL
					: kw_keyed(&faults_pages, &key, &faults_page_zero,
						   &s->used_pages, kw_share(FAULTS_PAGES));
	if (!value) {
		key.page = FAULTS_MANY;
		key.key.other = 1;
		value = kw_keyed_other(&faults_pages, &key, &faults_page_zero);
	}
	if (!value)
		return;
	value->head.count++;
	value->total += ns;
	kw_max(&value->max, ns);
}

static __always_inline void faults_emit(struct kw_vcpu *v, struct faults_slot *s,
					const struct faults_key *key, __u64 now, __u64 ns)
{
	struct faults_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	kw_event_head(&e->head, v, KW_ID_faults, now);
	e->gpa = v->fault_gpa;
	e->hva = s->hva;
	e->pfn = s->pfn;
	e->error = kw_fault_told((struct kvm_vcpu *)v->vcpu, v->fault_error);
	e->total = ns;
	e->memslot = s->memslot;
	e->result = key->result;
	e->size = key->size;
	e->isa = key->isa;
	e->access = key->access;
	e->vcpu_id = v->vcpu_id;
	e->tid = v->tid;
	bpf_ringbuf_submit(e, 0);
}

/* The fault has been handled. */
static __noinline int faults_done(struct kw_vcpu *v, __u64 now)
{
	struct faults_slot *s = v ? faults_slot(v) : NULL;
	struct faults_key key = {};
	struct faults_value *value;
	__u64 ns;
	__u32 bucket;

	if (!s || !s->open)
		return 0;
	s->open = false;
	ns = now > v->fault_ns ? now - v->fault_ns : 0;
	key.key.slot = v->slot;
	key.access = v->fault_error & FAULTS_ERROR_BITS;
	key.result = faults_result(s);
	key.size = key.result == FAULTS_MAPPED ? s->level : 0;
	key.isa = kw_user_exits ? KW_ISA_USER : v->isa;
	key.level = v->exit_ns ? v->level : 1;
	value = kw_keyed(&faults_rows, &key, &faults_zero, &s->used_types, FAULTS_TYPES);
	if (value) {
		value->head.count++;
		value->total += ns;
		kw_max(&value->max, ns);
		bucket = kw_times_bucket(ns);
		if (bucket < KW_TIMES_BUCKETS)
			value->hist[bucket]++;
	} else {
		kw_lose(KW_LOSS_NO_ROW);
	}
	faults_count_page(v, s, ns);
	if (kw_trace_on && ns >= kw_trace_slower)
		faults_emit(v, s, &key, now, ns);
	return 0;
}

static __always_inline void faults_on_about(struct kw_vcpu *v, __u64 now)
{
	faults_done(v, now);
}

#if defined(__TARGET_ARCH_x86)
/* KVM makes an entry for an address that is MMIO: the first fault there. */
KW_TRACEPOINT(mark_mmio_spte, faults_mmio_new)
{
	struct faults_slot *s = faults_open();

	if (s)
		s->mmio = true;
	return 0;
}

/* Which memory slot and address of the VMM a fault is about. */
static __always_inline bool faults_place(struct faults_slot *s, struct kvm_page_fault *fault)
{
	struct kvm_memory_slot *memslot = BPF_CORE_READ(fault, slot);
	__u64 gfn = BPF_CORE_READ(fault, gfn);

	s->gfn = gfn;
	if (!memslot)
		return false;
	s->memslot = (__u16)BPF_CORE_READ(memslot, id);
	s->hva = BPF_CORE_READ(memslot, userspace_addr) +
		 ((gfn - BPF_CORE_READ(memslot, base_gfn)) << 12);
	return true;
}

#define FAULTS_SPTE_PFN(spte) (((spte)&0x000ffffffffff000ULL) >> 12) /* bits 51…12 */

static __always_inline int faults_fast_ends(struct faults_slot *s, __u64 old, int ret)
{
	if ((__u32)ret == kw_ret_pf_fixed)
		s->fast = true;
	else if ((__u32)ret == kw_ret_pf_spurious)
		s->ret = FAULTS_SPURIOUS;
	else
		return 0;
	s->pfn = FAULTS_SPTE_PFN(old);
	return 0;
}

KW_TRACEPOINT(fast_page_fault, faults_fast, struct kvm_vcpu *vcpu, struct kvm_page_fault *fault,
	      __u64 *sptep, __u64 old, int ret)
{
	struct faults_slot *s = faults_open();

	if (!s || !fault)
		return 0;
	faults_place(s, fault);
	return faults_fast_ends(s, old, ret);
}

/*
 * The older form, in which faults have no structure, see compat.bpf.h. Where that type is unknown,
 * the programs that use it are refused, and where it is known, those that read more arguments than
 * there are. No memory slot is told.
 */
SEC("?raw_tp/fast_page_fault")
int BPF_PROG(faults_fast_old, struct kvm_vcpu *vcpu, __u64 gpa, __u32 error, __u64 *sptep,
	     __u64 old, int ret)
{
	struct faults_slot *s = faults_open();

	if (!s)
		return 0;
	s->gfn = gpa >> 12;
	return faults_fast_ends(s, old, ret);
}

SEC("?raw_tp/kvm_mmu_spte_requested")
int BPF_PROG(faults_requested_old, __u64 gpa, int level, __u64 pfn)
{
	struct faults_slot *s = faults_open();

	if (!s)
		return 0;
	s->mapped = true;
	s->level = level;
	s->gfn = gpa >> 12;
	s->pfn = pfn;
	return 0;
}

static __always_inline void faults_maps(struct faults_slot *s, struct kvm_page_fault *fault)
{
	s->mapped = true;
	s->level = BPF_CORE_READ(fault, goal_level);
	if (faults_place(s, fault))
		s->pfn = BPF_CORE_READ(fault, pfn);
}

/* KVM for PVM tells of no fault as such. Of one that maps a page, it tells all but how long. */
static __noinline int faults_untold(struct kvm_page_fault *fault)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct faults_slot *s = v ? faults_slot(v) : NULL;

	if (!v || !s)
		return 0;
	v->fault_ns = bpf_ktime_get_ns();
	v->fault_gpa = BPF_CORE_READ(fault, addr);
	v->fault_error = BPF_CORE_READ(fault, error_code);
	faults_on_fault(v);
	faults_maps(s, fault);
	return faults_done(v, v->fault_ns);
}

/* KVM is about to map a page: which one, how large. */
KW_TRACEPOINT(kvm_mmu_spte_requested, faults_requested, struct kvm_page_fault *fault)
{
	struct faults_slot *s = faults_open();

	if (!fault)
		return 0;
	if (s)
		faults_maps(s, fault);
	else if (kw_user_exits)
		faults_untold(fault);
	return 0;
}

static __always_inline int faults_returned(__u32 ret)
{
	struct faults_slot *s = faults_open();

	if (!s)
		return 0;
	if ((int)ret < 0) /* before it is taken for one of those that this kernel has not */
		s->ret = FAULTS_ERROR;
	else if (ret == kw_ret_pf_fixed)
		s->ret = FAULTS_MAPPED;
	else if (ret == kw_ret_pf_spurious)
		s->ret = FAULTS_SPURIOUS;
	else if (ret == kw_ret_pf_emulate || ret == kw_ret_pf_write_protected)
		s->ret = FAULTS_EMULATE;
	else
		s->ret = FAULTS_RETRY;
	return 0;
}

SEC("?fexit/kvm_tdp_page_fault")
int BPF_PROG(faults_ret_fexit, struct kvm_vcpu *vcpu, struct kvm_page_fault *fault, int ret)
{
	struct faults_slot *s = faults_open();

	if (s && s->mapped) /* a workaround may have made it smaller than requested */
		s->level = BPF_CORE_READ(fault, goal_level);
	return faults_returned(ret);
}

SEC("?kretprobe/kvm_tdp_page_fault")
int BPF_KRETPROBE(faults_ret_kretprobe, int ret)
{
	return faults_returned(ret);
}
#endif /* x86 */

static __always_inline int faults_handled(void)
{
	struct kw_vcpu *v = kw_current_vcpu();

	if (v && v->about & KW_ABOUT_FAULT)
		faults_done(v, bpf_ktime_get_ns());
	return 0;
}

#if defined(__TARGET_ARCH_x86)
SEC("?fexit/kvm_mmu_page_fault")
int BPF_PROG(faults_end_fexit)
{
	return faults_handled();
}

SEC("?kretprobe/kvm_mmu_page_fault")
int BPF_KRETPROBE(faults_end_kretprobe)
{
	return faults_handled();
}
#endif /* x86 */

#if defined(__TARGET_ARCH_arm64)
#include "faults_arm64.bpf.h"
#elif defined(__TARGET_ARCH_riscv)
#include "faults_riscv.bpf.h"
#endif

/* ---- what the host takes away ---- */

#define FAULTS_PF_KTHREAD 0x00200000 /* include/linux/sched.h */

static __always_inline __u32 faults_cause(__u32 event)
{
	/* enum mmu_notifier_event has only been added to, at its end */
	return event < FAULTS_UNKNOWN ? event : FAULTS_UNKNOWN;
}

/* Does the name of a thread begin so? Unrolled by the compiler, which knows the letters. */
#define FAULTS_IS(comm, name) faults_begins(comm, name, sizeof(name) - 1)

static __always_inline bool faults_begins(const char *comm, const char *name, int n)
{
	bool same = true;

#pragma unroll
	for (int i = 0; i < n; i++)
		same &= comm[i] == name[i];
	return same;
}

/* Who does it: the current thread. */
static __always_inline __u32 faults_actor(struct kw_vcpu *vm)
{
	struct task_struct *task = kw_current();
	char comm[16] = {};

	if (!(BPF_CORE_READ(task, flags) & FAULTS_PF_KTHREAD)) {
		if (bpf_get_current_pid_tgid() >> 32 != vm->tgid)
			return FAULTS_BY_OTHER;
		return kw_vcpu_of_task(task) ? FAULTS_BY_VCPU : FAULTS_BY_VMM;
	}
	bpf_get_current_comm(comm, sizeof(comm));
	if (FAULTS_IS(comm, "khugepaged"))
		return FAULTS_BY_KHUGEPAGED;
	if (FAULTS_IS(comm, "ksmd"))
		return FAULTS_BY_KSMD;
	if (FAULTS_IS(comm, "kswapd"))
		return FAULTS_BY_KSWAPD;
	return FAULTS_IS(comm, "kcompactd") ? FAULTS_BY_KCOMPACTD : FAULTS_BY_KERNEL;
}

static __always_inline void faults_zap(struct kvm *kvm, __u32 cause, __u64 n, __u64 pages,
				       __u64 guest, __u64 ns)
{
	struct faults_zap_key key = { .cause = cause };
	struct kw_vcpu *vm = kw_vm_find(kvm);
	struct faults_slot *s = vm ? faults_slot(vm) : NULL;
	struct faults_zap_value *value;

	if (!s)
		return;
	key.key.slot = vm->slot;
	key.actor = faults_actor(vm);
	value = kw_keyed(&faults_zaps, &key, &faults_zap_zero, &s->used_zaps,
			 FAULTS_CAUSES * FAULTS_ACTORS);
	if (!value) {
		kw_lose(KW_LOSS_NO_ROW);
		return;
	}
	__sync_fetch_and_add(&value->head.count, n);
	__sync_fetch_and_add(&value->pages, pages);
	__sync_fetch_and_add(&value->guest, guest);
	__sync_fetch_and_add(&value->total, ns);
}

#define FAULTS_CALL_SPLIT (1ULL << 63) /* calls of one thread that may contain each other */

static __always_inline int faults_call_begins(__u64 what, struct kvm *kvm)
{
	struct faults_call call = { .kvm = (__u64)kvm };
	__u64 key = bpf_get_current_pid_tgid() ^ what;

	if (!kw_running)
		return 0;
	call.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&faults_calls, &key, &call, BPF_ANY))
		kw_lose(KW_LOSS_NO_CALL);
	return 0;
}

/* Time since the call began, 0 if that was not seen; *ret_kvm as noted then. */
static __always_inline __u64 faults_call_ends(__u64 what, struct kvm **ret_kvm)
{
	__u64 key = bpf_get_current_pid_tgid() ^ what, ns = 0;
	struct faults_call *call = bpf_map_lookup_elem(&faults_calls, &key);

	if (!call)
		return 0;
	ns = bpf_ktime_get_ns() - call->since_ns;
	*ret_kvm = (struct kvm *)call->kvm;
	bpf_map_delete_elem(&faults_calls, &key);
	return ns;
}

static __always_inline struct kvm *faults_kvm_of(struct mmu_notifier *mn)
{
	return (void *)mn - bpf_core_field_offset(struct kvm, mmu_notifier);
}

/* The range is noted at the begin: a probe of the return does not see arguments. */
static __always_inline int faults_invalidate(struct mmu_notifier *mn, struct mmu_notifier_range *r)
{
	struct faults_call call = {};
	__u64 key = bpf_get_current_pid_tgid();

	if (!kw_running || !mn || !r)
		return 0;
	call.kvm = (__u64)faults_kvm_of(mn);
	call.start = BPF_CORE_READ(r, start);
	call.end = BPF_CORE_READ(r, end);
	call.cause = faults_cause(BPF_CORE_READ(r, event));
	call.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&faults_calls, &key, &call, BPF_ANY))
		kw_lose(KW_LOSS_NO_CALL);
	return 0;
}

static __always_inline int faults_invalidated(void)
{
	__u64 key = bpf_get_current_pid_tgid(), pages, now;
	struct faults_call *found = bpf_map_lookup_elem(&faults_calls, &key), call;

	if (!found)
		return 0;
	call = *found;
	now = bpf_ktime_get_ns();
	bpf_map_delete_elem(&faults_calls, &key);
	pages = (call.end - call.start + (1 << KW_PAGE_SHIFT) - 1) >> KW_PAGE_SHIFT;
	if (kw_running)
		faults_zap((struct kvm *)call.kvm, call.cause, 1, pages, call.guest,
			   now - call.since_ns);
	return 0;
}

SEC("?fentry/kvm_mmu_notifier_invalidate_range_start")
int BPF_PROG(faults_inv_fentry, struct mmu_notifier *mn, struct mmu_notifier_range *r)
{
	return faults_invalidate(mn, r);
}

SEC("?kprobe/kvm_mmu_notifier_invalidate_range_start")
int BPF_KPROBE(faults_inv_kprobe, struct mmu_notifier *mn, struct mmu_notifier_range *r)
{
	return faults_invalidate(mn, r);
}

SEC("?fexit/kvm_mmu_notifier_invalidate_range_start")
int BPF_PROG(faults_inv_fexit)
{
	return faults_invalidated();
}

SEC("?kretprobe/kvm_mmu_notifier_invalidate_range_start")
int BPF_KRETPROBE(faults_inv_kretprobe)
{
	return faults_invalidated();
}

/* The part of the range that is guest memory, once for each memory slot it touches. */
static __always_inline int faults_unmap(struct kvm_gfn_range *range)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct faults_call *call = bpf_map_lookup_elem(&faults_calls, &key);

	/* the address space of system management mode has the same memory once more */
	if (call && range && !BPF_CORE_READ(range, slot, as_id))
		call->guest += BPF_CORE_READ(range, end) - BPF_CORE_READ(range, start);
	return 0;
}

SEC("?fentry/kvm_unmap_gfn_range")
int BPF_PROG(faults_unmap_fentry, struct kvm *kvm, struct kvm_gfn_range *range)
{
	return faults_unmap(range);
}

SEC("?kprobe/kvm_unmap_gfn_range")
int BPF_KPROBE(faults_unmap_kprobe, struct kvm *kvm, struct kvm_gfn_range *range)
{
	return faults_unmap(range);
}

#if defined(__TARGET_ARCH_x86)
/* ---- huge pages that KVM splits, for dirty logging ---- */

SEC("?fentry/kvm_tdp_mmu_try_split_huge_pages")
int BPF_PROG(faults_split_fentry, struct kvm *kvm)
{
	return faults_call_begins(FAULTS_CALL_SPLIT, kvm);
}

SEC("?kprobe/kvm_tdp_mmu_try_split_huge_pages")
int BPF_KPROBE(faults_split_kprobe, struct kvm *kvm)
{
	return faults_call_begins(FAULTS_CALL_SPLIT, kvm);
}

static __always_inline int faults_split_ends(void)
{
	struct kvm *kvm = NULL;
	__u64 ns = faults_call_ends(FAULTS_CALL_SPLIT, &kvm);

	if (kvm && kw_running)
		faults_zap(kvm, FAULTS_SPLIT, 0, 0, 0, ns);
	return 0;
}

SEC("?fexit/kvm_tdp_mmu_try_split_huge_pages")
int BPF_PROG(faults_split_fexit)
{
	return faults_split_ends();
}

SEC("?kretprobe/kvm_tdp_mmu_try_split_huge_pages")
int BPF_KRETPROBE(faults_split_kretprobe)
{
	return faults_split_ends();
}

/* One huge page is split: by the call noted above, else by the fault of a vCPU. */
KW_TRACEPOINT(kvm_mmu_split_huge_page, faults_split, __u64 gfn, __u64 spte, int level, int error)
{
	__u64 key = bpf_get_current_pid_tgid() ^ FAULTS_CALL_SPLIT;
	struct faults_call *call = bpf_map_lookup_elem(&faults_calls, &key);
	struct kw_vcpu *v = kw_current_vcpu();
	__u64 kvm = call ? call->kvm : v ? v->kvm : 0, pages = level == FAULTS_1G ? 512 * 512 : 512;

	if (kvm && kw_running && !error)
		faults_zap((struct kvm *)kvm, FAULTS_SPLIT, 1, pages, 0, 0);
	return 0;
}
#endif /* x86 */

#endif
