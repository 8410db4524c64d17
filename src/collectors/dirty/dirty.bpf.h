/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * dirty.bpf.h - pages that a VM makes dirty while they are logged, and what logging costs it.
 * May not know about: names, VMs, other collectors.
 * To extend: see dirty.h.
 *
 * KVM marks a page each time it lets a write through, which can be several times; the pages of a
 * window are told apart by bitmaps, so that a page counts once in it, whoever marks it.
 */
#ifndef KW_DIRTY_BPF_H
#define KW_DIRTY_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "dirty.h"

#define DIRTY_LOGGED  (1 << 0) /* KVM_MEM_LOG_DIRTY_PAGES */
#define DIRTY_PRESENT (1 << 0) /* PFERR_PRESENT_MASK */
#define DIRTY_WRITE   (1 << 1) /* PFERR_WRITE_MASK */

/* Halvings of the VMs' shares of pages: user space raises it with their number. */
volatile __u32 dirty_pages_shift;

KW_KEYED_MAP(dirty_rows, struct dirty_key, struct dirty_value);
KW_KEYED_MAP(dirty_pages, struct dirty_page_key, struct dirty_page_value);
KW_KEYED_MAP(dirty_logs, struct dirty_log_key, struct dirty_log_value);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 20);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct dirty_block_key);
	__type(value, struct dirty_block);
} dirty_blocks SEC(".maps");

KW_SLOT_MAP(dirty_slots, struct dirty_slot);

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* an end that was missed leaves one behind */
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct dirty_call);
} dirty_calls SEC(".maps");

static const struct dirty_value dirty_zero;
static const struct dirty_page_value dirty_page_zero;
static const struct dirty_log_value dirty_log_zero;
static const struct dirty_block dirty_block_zero;

static __always_inline struct dirty_slot *dirty_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&dirty_slots, &slot);
}

static __always_inline struct dirty_value *dirty_row(struct kw_vcpu *v, struct dirty_slot *s,
						     __u32 memslot)
{
	struct dirty_key key = { .key.slot = v->slot, .memslot = memslot };
	struct dirty_value *value;

	value = kw_keyed(&dirty_rows, &key, &dirty_zero, &s->used_memslots,
			 kw_share(DIRTY_MEMSLOTS));
	if (value)
		return value;
	key.key.other = 1;
	key.memslot = DIRTY_ANY_SLOT;
	return kw_keyed_other(&dirty_rows, &key, &dirty_zero);
}

/* Mark a page in the VM's bitmap. True if it was not marked in this window; if in doubt, too. */
static __noinline bool dirty_first_mark(__u32 slot, __u32 as_id, __u64 gfn)
{
	struct dirty_block_key key = { .slot = slot, .as_id = as_id, .block = gfn / DIRTY_BLOCK };
	__u64 window = (__u64)(__u16)kw_window << DIRTY_WORD_PAGES;
	__u64 bit = 1ULL << (gfn % DIRTY_WORD_PAGES);
	__u32 i = gfn % DIRTY_BLOCK / DIRTY_WORD_PAGES;
	struct dirty_block *b = bpf_map_lookup_elem(&dirty_blocks, &key);

	if (!b) {
		bpf_map_update_elem(&dirty_blocks, &key, &dirty_block_zero, BPF_NOEXIST);
		b = bpf_map_lookup_elem(&dirty_blocks, &key);
	}
	if (!b) {
		kw_lose(KW_LOSS_NO_ROW);
		return true;
	}
	barrier_var(i); /* so that the verifier sees the mask */
	i &= DIRTY_WORDS - 1;
	for (int tries = 0; tries < 8; tries++) {
		__u64 old = b->word[i];
		__u64 pages = old >> DIRTY_WORD_PAGES << DIRTY_WORD_PAGES == window
				      ? old & ((1ULL << DIRTY_WORD_PAGES) - 1)
				      : 0;

		if (pages & bit)
			return false;
		if (kw_swap64(&b->word[i], old, window | pages | bit) == old)
			return true;
	}
	return true;
}

static __always_inline void dirty_count_page(struct kw_vcpu *vm, __u32 memslot, __u64 gfn,
					     __u64 rel_gfn)
{
	struct dirty_page_key key = { .key.slot = vm->slot, .gfn = gfn, .memslot = memslot };
	struct dirty_slot *s = dirty_slot(vm);
	struct dirty_page_value *value;

	if (!s)
		return;
	value = kw_keyed(&dirty_pages, &key, &dirty_page_zero, &s->used_pages,
			 DIRTY_PAGES >> (dirty_pages_shift & 15));
	if (!value) {
		key.key.other = 1;
		key.gfn = rel_gfn = DIRTY_MANY;
		key.memslot = DIRTY_ANY_SLOT;
		value = kw_keyed_other(&dirty_pages, &key, &dirty_page_zero);
	}
	if (!value)
		return;
	value->rel_gfn = rel_gfn;
	__sync_fetch_and_add(&value->head.count, 1);
}

static __always_inline void dirty_emit(struct kw_vcpu *v, struct kvm_memory_slot *memslot, __u32 id,
				       __u64 gfn)
{
	struct dirty_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	__builtin_memset(e, 0, sizeof(*e));
	kw_event_head(&e->head, v, KW_ID_dirty, bpf_ktime_get_ns());
	e->gfn = gfn;
	e->rel_gfn = gfn - BPF_CORE_READ(memslot, base_gfn);
	e->npages = BPF_CORE_READ(memslot, npages);
	e->hva = BPF_CORE_READ(memslot, userspace_addr) + (e->rel_gfn << KW_PAGE_SHIFT);
	e->memslot = id;
	e->vcpu_id = v->vcpu_id;
	e->tid = (__u32)bpf_get_current_pid_tgid();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int dirty_mark(struct kvm *kvm, struct kvm_memory_slot *memslot, __u64 gfn)
{
	struct kw_vcpu *v, *vm;
	struct dirty_value *value;
	struct dirty_slot *s;
	__u32 as_id, id;

	if (!kw_running || !kvm || !memslot || !(BPF_CORE_READ(memslot, flags) & DIRTY_LOGGED))
		return 0;
	v = kw_actor(kvm);
	vm = kw_any_vm(kvm); /* also if only some of its vCPUs are watched */
	s = v ? dirty_slot(v) : NULL;
	if (!v || !s)
		return 0;
	as_id = BPF_CORE_READ(memslot, as_id);
	id = (__u16)BPF_CORE_READ(memslot, id) | as_id << 16;
	value = dirty_row(v, s, id);
	if (value) {
		value->npages = BPF_CORE_READ(memslot, npages);
		__sync_fetch_and_add(&value->head.count, 1);
		if (vm && dirty_first_mark(vm->slot, as_id, gfn))
			__sync_fetch_and_add(&value->distinct, 1);
	}
	if (vm && !(vm->flags & KW_VCPU_IGNORED))
		dirty_count_page(vm, id, gfn, gfn - BPF_CORE_READ(memslot, base_gfn));
	/* the page that the guest wrote to, not one that KVM writes to in passing */
	if (v->about & KW_ABOUT_FAULT &&
	    (v->fault_error & DIRTY_PRESENT || !KW_FAULTS_TELL_PRESENT) &&
	    v->fault_error & DIRTY_WRITE && v->fault_gpa >> KW_PAGE_SHIFT == gfn) {
		s->memslot = id;
		v->about |= KW_ABOUT_DIRTY;
	}
	if (kw_trace_on)
		dirty_emit(v, memslot, id, gfn);
	return 0;
}

SEC("?fentry/mark_page_dirty_in_slot")
int BPF_PROG(dirty_mark_fentry, struct kvm *kvm, struct kvm_memory_slot *memslot, __u64 gfn)
{
	return dirty_mark(kvm, memslot, gfn);
}

SEC("?kprobe/mark_page_dirty_in_slot")
int BPF_KPROBE(dirty_mark_kprobe, struct kvm *kvm, struct kvm_memory_slot *memslot, __u64 gfn)
{
	return dirty_mark(kvm, memslot, gfn);
}

/* The guest is entered again, after a write to a protected, logged page. */
static __noinline int dirty_on_about(struct kw_vcpu *v, __u64 total)
{
	struct dirty_slot *s = v ? dirty_slot(v) : NULL;
	struct dirty_value *value = s ? dirty_row(v, s, s->memslot) : NULL;

	if (!value || !total)
		return 0;
	value->stalls++;
	value->stalled += total;
	return 0;
}

/* ---- what logging costs besides ---- */

static __noinline int dirty_log(struct kw_vcpu *v, __u32 what, __u64 ns)
{
	struct dirty_log_key key = { .what = what };
	struct dirty_log_value *value;
	struct dirty_slot *s = v ? dirty_slot(v) : NULL;

	if (!s)
		return 0;
	key.key.slot = v->slot;
	value = kw_keyed(&dirty_logs, &key, &dirty_log_zero, &s->used_log, DIRTY_WHATS);
	if (!value) {
		kw_lose(KW_LOSS_NO_ROW);
		return 0;
	}
	__sync_fetch_and_add(&value->head.count, 1);
	__sync_fetch_and_add(&value->total, ns);
	return 0;
}

#if defined(__TARGET_ARCH_x86)
KW_TRACEPOINT(kvm_pml_full, dirty_pml_full)
{
	return dirty_log(kw_current_vcpu(), DIRTY_PML_FULL, 0);
}
#endif

KW_TRACEPOINT(kvm_dirty_ring_push, dirty_ring_push, struct kvm_dirty_ring *ring)
{
	if (!kw_running || !ring)
		return 0;
	return dirty_log(
		kw_vcpu_find((void *)ring - bpf_core_field_offset(struct kvm_vcpu, dirty_ring)),
		DIRTY_RING_PUSH, 0);
}

KW_TRACEPOINT(kvm_dirty_ring_exit, dirty_ring_exit, struct kvm_vcpu *vcpu)
{
	return kw_running && vcpu ? dirty_log(kw_vcpu_find(vcpu), DIRTY_RING_FULL, 0) : 0;
}

/* ioctls of a VM (include/uapi/linux/kvm.h) */
#define DIRTY_KVM_GET_DIRTY_LOG	    0x4010ae42
#define DIRTY_KVM_CLEAR_DIRTY_LOG   0xc018aec0
#define DIRTY_KVM_RESET_DIRTY_RINGS 0xaec7

static __always_inline int dirty_ioctl(struct file *file, __u32 ioctl)
{
	struct dirty_call call = {};
	__u64 key = bpf_get_current_pid_tgid();

	if (!kw_running || !file)
		return 0;
	if (ioctl == DIRTY_KVM_GET_DIRTY_LOG)
		call.what = DIRTY_GET_LOG;
	else if (ioctl == DIRTY_KVM_CLEAR_DIRTY_LOG)
		call.what = DIRTY_CLEAR_LOG;
	else if (ioctl == DIRTY_KVM_RESET_DIRTY_RINGS)
		call.what = DIRTY_RING_RESET;
	else {
		bpf_map_delete_elem(&dirty_calls, &key);
		return 0;
	}
	call.kvm = (__u64)BPF_CORE_READ(file, private_data);
	call.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&dirty_calls, &key, &call, BPF_ANY))
		kw_lose(KW_LOSS_NO_CALL);
	return 0;
}

static __always_inline int dirty_ioctl_ends(void)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct dirty_call *found = bpf_map_lookup_elem(&dirty_calls, &key), call;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&dirty_calls, &key);
	if (kw_running)
		dirty_log(kw_vm_find((struct kvm *)call.kvm), call.what,
			  bpf_ktime_get_ns() - call.since_ns);
	return 0;
}

SEC("?fentry/kvm_vm_ioctl")
int BPF_PROG(dirty_ioctl_fentry, struct file *file, __u32 ioctl)
{
	return dirty_ioctl(file, ioctl);
}

SEC("?kprobe/kvm_vm_ioctl")
int BPF_KPROBE(dirty_ioctl_kprobe, struct file *file, __u32 ioctl)
{
	return dirty_ioctl(file, ioctl);
}

SEC("?fexit/kvm_vm_ioctl")
int BPF_PROG(dirty_ioctl_fexit)
{
	return dirty_ioctl_ends();
}

SEC("?kretprobe/kvm_vm_ioctl")
int BPF_KRETPROBE(dirty_ioctl_kretprobe)
{
	return dirty_ioctl_ends();
}

#endif
