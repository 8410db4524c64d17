/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * io.bpf.h - what exits were about: counts each access when KVM tells of it, and charges the
 * exit's time to it when the guest is entered again.
 * May not know about: names, VMs, other collectors.
 * To extend: see io.h.
 */
#ifndef KW_IO_BPF_H
#define KW_IO_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "io.h"

KW_KEYED_MAP(io_rows, struct io_key, struct io_value);
KW_SLOT_MAP(io_slots, struct io_slot);

static const struct io_value io_zero;

/* The row of a key: its own, else that of the detail from anywhere, else that of all others. */
static __always_inline struct io_value *io_row(struct io_slot *s, struct io_key *key)
{
	struct io_value *value = kw_keyed(&io_rows, key, &io_zero, &s->used, kw_share(IO_RIPS));

	if (value)
		return value;
	key->rip = IO_MANY;
	value = kw_keyed(&io_rows, key, &io_zero, &s->used, kw_share(IO_DETAILS));
	if (value)
		return value;
	key->detail = IO_MANY;
	key->level = 0;
	key->key.other = 1;
	return kw_keyed_other(&io_rows, key, &io_zero);
}

static __always_inline struct io_slot *io_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&io_slots, &slot);
}

/* Nothing tells the value: of what arm64's guests read, and of all that riscv's read and write. */
static __always_inline bool io_is_untold(__u32 what)
{
#if defined(__TARGET_ARCH_riscv)
	return true;
#else
	return what == IO_SYSREG_READ;
#endif
}

static __always_inline void io_emit(struct kw_vcpu *v, __u32 what, __u64 detail, __u64 rip,
				    __u64 data, __u64 now, __u64 total)
{
	struct io_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	kw_event_head(&e->head, v, KW_ID_io, now);
	e->detail = detail;
	e->rip = rip;
	e->data = data;
	e->total = total;
	e->kernel = total ? kw_kernel_part(v, total) : 0;
	e->vmm = total ? v->part[KW_PART_VMM] : 0;
	e->what = what;
	e->level = v->exit_ns ? v->level : 1;
	e->vcpu_id = v->vcpu_id;
	e->tid = v->tid;
	e->untold = io_is_untold(what);
	bpf_ringbuf_submit(e, 0);
}

/*
 * The vCPU made an access. The first one of an exit is what its time is charged to; where exits are
 * those to user space, that time is another's: see kw_user_exits.
 */
static __noinline int io_access(struct kw_vcpu *v, __u64 detail, __u64 data, __u32 what)
{
	struct io_key key = { .detail = detail, .what = what };
	struct io_value *value;
	struct io_slot *s;
	__u64 rip;

	s = v ? io_slot(v) : NULL;
	if (!s)
		return 0;
	if (!(v->about & KW_ABOUT_IO))
		s->has_first = s->has_user = false;
	key.key.slot = v->slot;
	key.level = v->exit_ns ? v->level : 1;
	if (what == IO_USER && s->has_first)
		key.rip = s->rip; /* by now it may be that of the next instruction */
	else if (!kw_guest_rip((struct kvm_vcpu *)v->vcpu, v->isa, &key.rip))
		key.rip = 0;
	rip = key.rip;
	value = io_row(s, &key);
	if (value)
		value->head.count++;
	if (what == IO_USER) {
		s->user = key;
		s->has_user = true;
	} else if (!s->has_first && !kw_user_exits) {
		s->first = key;
		s->data = data;
		s->detail = detail;
		s->rip = rip;
		s->has_first = true;
	} else if (kw_trace_on && !kw_trace_slower) {
		io_emit(v, what, detail, rip, data, bpf_ktime_get_ns(), 0);
	}
	v->about |= KW_ABOUT_IO;
	return 0;
}

/* The row may have been dropped since the access was counted: then it is made again. */
static __always_inline void io_charge(struct kw_vcpu *v, struct io_slot *s, struct io_key key,
				      __u64 total)
{
	struct io_value *value = io_row(s, &key);

	if (value)
		kw_charge_exit(&value->cost, v, total);
}

/* The guest is entered again; total is 0 if the exit's begin was not seen. */
static __noinline int io_on_about(struct kw_vcpu *v, __u64 now, __u64 total)
{
	struct io_slot *s = v ? io_slot(v) : NULL;

	if (!s)
		return 0;
	if (total && s->has_first) {
		io_charge(v, s, s->first, total);
		if (kw_trace_on && total >= kw_trace_slower)
			io_emit(v, s->first.what, s->detail, s->rip, s->data, now, total);
	}
	if (total && s->has_user)
		io_charge(v, s, s->user, total);
	s->has_first = s->has_user = false;
	return 0;
}

static __always_inline void io_on_userspace(struct kw_vcpu *v, __u32 reason)
{
	if (kw_is_on(io))
		io_access(v, reason, 0, IO_USER);
}

#if defined(__TARGET_ARCH_x86)
KW_TRACEPOINT(kvm_pio, io_pio, __u32 out, __u32 port, __u32 size)
{
	__u64 value = kw_trace_on ? kw_read_arg(ctx, 4, size) : 0;

	return io_access(kw_current_vcpu(), port, value, out ? IO_PORT_OUT : IO_PORT_IN);
}

KW_TRACEPOINT(kvm_msr, io_msr, __u32 write, __u32 msr, __u64 data)
{
	return io_access(kw_current_vcpu(), msr, data, write ? IO_MSR_WRITE : IO_MSR_READ);
}

KW_TRACEPOINT(kvm_cpuid, io_cpuid, __u32 leaf, __u32 index)
{
	return io_access(kw_current_vcpu(), leaf, index, IO_CPUID);
}

KW_TRACEPOINT(kvm_cr, io_cr, __u32 write, __u32 cr, unsigned long value)
{
	return io_access(kw_current_vcpu(), cr, value, write ? IO_CR_WRITE : IO_CR_READ);
}
#endif /* x86 */

#if !defined(__TARGET_ARCH_riscv)
/* An access that user space has to finish is told of a second time when it has. */
KW_TRACEPOINT(kvm_mmio, io_mmio, int type, int size, __u64 gpa)
{
	if (type == KW_MMIO_READ_UNSATISFIED)
		return 0;
	return io_access(kw_current_vcpu(), gpa & ~0xfffULL,
			 kw_trace_on ? kw_read_arg(ctx, 3, size) : 0,
			 type == KW_MMIO_WRITE ? IO_MMIO_WRITE : IO_MMIO_READ);
}
#endif /* not riscv */

#if defined(__TARGET_ARCH_x86)
KW_TRACEPOINT(kvm_fast_mmio, io_fast_mmio, __u64 gpa)
{
	return io_access(kw_current_vcpu(), gpa & ~0xfffULL, 0, IO_MMIO_WRITE);
}
#endif /* x86 */

#if defined(__TARGET_ARCH_arm64)
#include "io_arm64.bpf.h"
#elif defined(__TARGET_ARCH_riscv)
#include "io_riscv.bpf.h"
#endif

#endif
