/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mmio.bpf.h - memory-mapped I/O: each access once, by page and by who does it.
 * May not know about: names, VMs, other collectors.
 * To extend: see mmio.h.
 *
 * KVM tells of a write before it knows who does it, of a read in the kernel afterwards (arm64: both
 * before and afterwards), and of a read by user space both before and afterwards. So an access is
 * kept until it is known: at the exit to user space, at the next access, or when the guest is
 * entered again.
 */
#ifndef KW_MMIO_BPF_H
#define KW_MMIO_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "mmio.h"

KW_KEYED_MAP(mmio_rows, struct mmio_key, struct mmio_value);
KW_SLOT_MAP(mmio_slots, struct mmio_slot);

static const struct mmio_value mmio_zero;

static __always_inline struct mmio_slot *mmio_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&mmio_slots, &slot);
}

static __always_inline void mmio_emit(struct kw_vcpu *v, const struct mmio_slot *s, bool first,
				      __u64 now, __u64 total)
{
	struct mmio_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	kw_event_head(&e->head, v, KW_ID_mmio, now);
	e->gpa = first ? s->first_gpa : s->gpa;
	e->data = first ? s->first_data : s->data;
	e->size = first ? s->first_size : s->size;
	e->write = first ? s->first.write : s->write;
	e->by = s->first.by;
	e->total = total;
	e->kernel = total ? kw_kernel_part(v, total) : 0;
	e->vmm = total ? v->part[KW_PART_VMM] : 0;
	e->vcpu_id = v->vcpu_id;
	e->tid = v->tid;
	e->pad = 0;
	bpf_ringbuf_submit(e, 0);
}

/* The row of a key: its own, else that of the others. */
static __always_inline struct mmio_value *mmio_row(struct mmio_slot *s, struct mmio_key *key)
{
	struct mmio_value *value =
		kw_keyed(&mmio_rows, key, &mmio_zero, &s->used, kw_share(MMIO_PAGES));

	if (value)
		return value;
	key->page = MMIO_MANY;
	key->key.other = 1;
	return kw_keyed_other(&mmio_rows, key, &mmio_zero);
}

/* It is known who does the open access: count it. */
static __noinline int mmio_account(struct kw_vcpu *v, struct mmio_slot *s, __u32 by)
{
	struct mmio_key key = { .by = by };
	struct mmio_value *value;

	if (!v || !s || !s->open)
		return 0;
	s->open = false;
	key.key.slot = v->slot;
	key.page = s->gpa & ~0xfffULL;
	key.write = s->write;
	value = mmio_row(s, &key);
	if (value)
		value->head.count++;
	if (kw_user_exits ? by == MMIO_VMM : !s->has_first) {
		s->first = key;
		s->first_gpa = s->gpa;
		s->first_data = s->data;
		s->first_size = s->size;
		s->has_first = true;
	} else if (kw_trace_on && !kw_trace_slower) {
		mmio_emit(v, s, false, bpf_ktime_get_ns(), 0);
	}
	return 0;
}

static __always_inline __u32 mmio_in_kernel(const struct mmio_slot *s)
{
	return s->ioeventfd ? MMIO_IOEVENTFD : MMIO_KERNEL;
}

static __always_inline void mmio_on_userspace(struct kw_vcpu *v, __u32 reason)
{
	struct mmio_slot *s;

	if (!kw_is_on(mmio) || !(v->about & KW_ABOUT_MMIO))
		return;
	s = mmio_slot(v);
	if (!s || !s->open)
		return;
	s->read_by_vmm = reason == KVM_EXIT_MMIO && !s->write;
	mmio_account(v, s, reason == KVM_EXIT_MMIO ? MMIO_VMM : mmio_in_kernel(s));
}

/* The guest is entered again; total is 0 if the exit's begin was not seen. */
static __noinline int mmio_on_about(struct kw_vcpu *v, __u64 now, __u64 total)
{
	struct mmio_slot *s = v ? mmio_slot(v) : NULL;
	struct mmio_value *value;
	struct mmio_key key;

	if (!s)
		return 0;
	mmio_account(v, s, mmio_in_kernel(s));
	key = s->first;
	/* the row may have been dropped since the access was counted: then it is made again */
	value = total && s->has_first ? mmio_row(s, &key) : NULL;
	if (value) {
		kw_charge_exit(&value->cost, v, total);
		if (kw_trace_on && total >= kw_trace_slower)
			mmio_emit(v, s, true, now, total);
	}
	s->has_first = s->read_by_vmm = s->ioeventfd = 0;
	return 0;
}

static __noinline __attribute__((unused)) int mmio_access(struct kw_vcpu *v, __u64 gpa, __u64 data,
							  __u32 size, __u32 write)
{
	struct mmio_slot *s = v ? mmio_slot(v) : NULL;

	if (!s)
		return 0;
	if (!(v->about & KW_ABOUT_MMIO))
		s->open = s->has_first = s->read_by_vmm = s->ioeventfd = 0;
	mmio_account(v, s, mmio_in_kernel(s)); /* one before it, in the same exit */
	s->gpa = gpa;
	s->data = data;
	s->size = size;
	s->write = write;
	s->open = true;
	s->ioeventfd = 0;
	v->about |= KW_ABOUT_MMIO;
	return 0;
}

/* User space has done its read, which is counted already: what it read. */
static __noinline __attribute__((unused)) int mmio_read_done(struct kw_vcpu *v, __u64 data)
{
	struct mmio_slot *s = v && v->about & KW_ABOUT_MMIO ? mmio_slot(v) : NULL;

	if (!s || !s->read_by_vmm)
		return 1;
	s->read_by_vmm = false;
	s->first_data = data;
	return 0;
}

/* A read that KVM told of when it began has been done by a device in the kernel. */
static __always_inline __attribute__((unused)) bool mmio_read_done_here(struct kw_vcpu *v,
									__u64 data)
{
	struct mmio_slot *s = v->about & KW_ABOUT_MMIO ? mmio_slot(v) : NULL;

	if (!s || !s->open || s->write)
		return false;
	s->data = data;
	return true;
}

#if !defined(__TARGET_ARCH_riscv)
/* Is KVM about to go on with an instruction for which user space has read? */
static __always_inline bool mmio_read_by_vmm(struct kw_vcpu *v)
{
	struct kvm_vcpu *vcpu = (struct kvm_vcpu *)v->vcpu;

	return BPF_CORE_READ(vcpu, mmio_read_completed);
}

KW_TRACEPOINT(kvm_mmio, mmio_tp, int type, int size, __u64 gpa)
{
	struct kw_vcpu *v = kw_current_vcpu();
	__u64 value = 0;

	if (!v)
		return 0;
	if (kw_trace_on && type != KW_MMIO_READ_UNSATISFIED)
		value = kw_read_arg(ctx, 3, size);
	if (type == KW_MMIO_READ && kw_mmio_twice && mmio_read_done_here(v, value))
		return 0;
	/* a read is over: one that was counted when it began, or that began before counting did */
	if (type == KW_MMIO_READ &&
	    (kw_user_exits ? mmio_read_by_vmm(v) : !v->exit_ns || !mmio_read_done(v, value)))
		return 0;
	return mmio_access(v, gpa, value, size, type == KW_MMIO_WRITE);
}
#endif /* not riscv */

#if defined(__TARGET_ARCH_x86)
KW_TRACEPOINT(kvm_fast_mmio, mmio_fast, __u64 gpa)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct mmio_slot *s;

	if (!v)
		return 0;
	mmio_access(v, gpa, 0, 0, true);
	s = mmio_slot(v);
	return s ? mmio_account(v, s, MMIO_IOEVENTFD) : 0;
}
#endif /* x86 */

#if defined(__TARGET_ARCH_riscv)
#include "mmio_riscv.bpf.h"
#endif

/* An ioeventfd took a write: that of the open access, unless the write was to a port. */
static __always_inline int mmio_ioeventfd(int ret)
{
	struct kw_vcpu *v = ret ? NULL : kw_current_vcpu();
	struct mmio_slot *s = v && v->about & KW_ABOUT_MMIO ? mmio_slot(v) : NULL;

	if (s && s->open)
		s->ioeventfd = true;
	return 0;
}

SEC("?fexit/ioeventfd_write")
int BPF_PROG(mmio_ioeventfd_fexit, void *vcpu, void *dev, __u64 addr, int len, void *val, int ret)
{
	return mmio_ioeventfd(ret);
}

SEC("?kretprobe/ioeventfd_write")
int BPF_KRETPROBE(mmio_ioeventfd_kretprobe, int ret)
{
	return mmio_ioeventfd(ret);
}

#endif
