/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * hot.bpf.h - the programs of all collectors, and which of them listen at the hooks of the spine.
 * May not know about: what they do there.
 * To extend: include the collector's *.bpf.h and add its handlers to the lists.
 */
#ifndef KW_HOT_BPF_H
#define KW_HOT_BPF_H

#include "exits/exits.bpf.h"
#include "time/time.bpf.h"
#include "io/io.bpf.h"
#include "mmio/mmio.bpf.h"
#include "faults/faults.bpf.h"
#include "dirty/dirty.bpf.h"
#include "nested/nested.bpf.h"
#include "halt/halt.bpf.h"
#include "irq/irq.bpf.h"
#include "load/load.bpf.h"
#include "timer/timer.bpf.h"
#include "hypercall/hypercall.bpf.h"
#include "ioctl/ioctl.bpf.h"

/* The guest has exited, and this exit is not timed. */
static __always_inline void kw_collectors_on_untimed(struct kw_vcpu *v)
{
	exits_on_untimed(v);
}

/* The guest is entered again, total ns after its exit. Every timed exit comes here. */
static __always_inline void kw_collectors_on_exit_done(struct kw_vcpu *v, __u64 now, __u64 total)
{
	exits_on_exit_done(v, now, total);
	if (!(kw_on & (KW_ON(nested) | KW_ON(halt) | KW_ON(hypercall))))
		return;
	nested_on_exit_done(v, now, total);
	halt_on_exit_done(v);
	hypercall_on_exit_done(v, total);
}

/* The same for exits that something was noted about (kw_vcpu.about); total 0: begin not seen. */
static __always_inline void kw_collectors_on_about(struct kw_vcpu *v, __u64 now, __u64 total)
{
	if (kw_is_on(io) && v->about & KW_ABOUT_IO)
		io_on_about(v, now, total);
	if (kw_is_on(mmio) && v->about & KW_ABOUT_MMIO)
		mmio_on_about(v, now, total);
	if (kw_is_on(faults) && v->about & KW_ABOUT_FAULT)
		faults_on_about(v, now);
	if (kw_is_on(dirty) && v->about & KW_ABOUT_DIRTY)
		dirty_on_about(v, total);
	if (kw_is_on(hypercall) && v->about & KW_ABOUT_CALL)
		hypercall_on_about(v, now, total);
}

/* The guest is entered for the first time in an interval: a time to look at what has no event. */
static __always_inline void kw_collectors_on_window(struct kw_vcpu *v)
{
	if (kw_is_on(halt))
		halt_on_window(v);
#if !defined(__TARGET_ARCH_riscv)
	if (kw_is_on(irq))
		irq_on_window(v);
#endif
}

/*
 * The vCPU, on its CPU, goes over to another state; what v tells is still of the old one. entered:
 * the vCPU if it enters its guest, else NULL.
 */
static __always_inline void kw_collectors_on_state(struct kw_vcpu *v, enum kw_state state,
						   struct kvm_vcpu *entered, __u64 now)
{
	if (kw_is_on(time))
		time_on_state(v, state, entered ? kw_exit_level(entered) : 0, now);
}

/* KVM_RUN returns to user space; reason: KVM_EXIT_*, or KW_USER_ERRNO and why it failed. */
static __always_inline void kw_collectors_on_userspace(struct kw_vcpu *v, __u32 reason)
{
	io_on_userspace(v, reason);
	mmio_on_userspace(v, reason);
}

/* A page fault of the guest begins; v->fault_* tell of it. */
static __always_inline void kw_collectors_on_fault(struct kw_vcpu *v)
{
	faults_on_fault(v);
}

/*
 * A halt ended after ns, of which polled were spent polling; waited: it slept; valid: there is
 * something for the vCPU to do.
 */
static __always_inline void kw_collectors_on_halt(struct kw_vcpu *v, __u64 ns, __u64 polled,
						  bool waited, bool valid, __u64 now)
{
	halt_on_halt(v, ns, polled, waited, valid);
	if (kw_is_on(time))
		time_on_halt(v, ns, polled, waited, now);
}

/* Any task of the host is being switched out. Returns the time, if it was needed; else 0. */
static __always_inline __u64 kw_collectors_on_any_switch(struct task_struct *prev, __u32 cpu)
{
	return kw_is_on(time) ? time_on_any_switch(prev, cpu) : 0;
}

/* The vCPU's thread leaves its CPU; state: the task's, 0: it stays runnable. */
static __always_inline void kw_collectors_on_switch_out(struct kw_vcpu *v, struct task_struct *task,
							__u32 state, __u32 cpu, __u64 now)
{
	if (kw_is_on(load))
		load_on_switch_out(v, now);
	if (kw_is_on(time))
		time_on_switch_out(v, task, state, cpu, now);
}

/* It is woken, off its CPU. */
static __always_inline void kw_collectors_on_wake(struct kw_vcpu *v, struct task_struct *task,
						  __u64 now)
{
	if (kw_is_on(time))
		time_on_wake(v, task, now);
}

/* It gets a CPU; v->off_ns, v->wake_ns: since when it had none, since when it was runnable. */
static __always_inline void kw_collectors_on_switch_in(struct kw_vcpu *v, __u64 now)
{
	if (kw_is_on(load))
		load_on_switch_in(v, now);
	if (kw_is_on(time))
		time_on_switch_in(v, now);
}

/* The current thread runs v now; before: what it ran until now (v itself, if another thread ran v
 * in the meantime), if that has a vcpu. */
static __always_inline void kw_collectors_on_thread(struct kw_vcpu *before, struct kw_vcpu *v)
{
	if (kw_is_on(load))
		load_on_thread(before, v);
	if (kw_is_on(time))
		time_on_thread(before, v);
}

#endif
