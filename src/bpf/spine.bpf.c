// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * spine.bpf.c - the hooks that every collector shares: exit, entry, user space, halt, switch.
 * One program per hook; it finds the vCPU, keeps its state, and calls the collectors' handlers.
 * May not know about: what collectors count; kernel differences (compat.bpf.h has them).
 * To extend: a hook that two collectors need; what one alone needs goes into its own folder.
 */
#include "../collectors/hot.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The vCPU of an exit or entry; NULL if it is not to be watched. Arguments of a module's
 * tracepoint may be NULL, newer verifiers say.
 */
static __always_inline struct kw_vcpu *kw_watched(struct kvm_vcpu *vcpu)
{
	return vcpu && kw_running ? kw_vcpu_find(vcpu) : NULL;
}

/* What the tracepoint kvm_exit told. */
struct kw_told {
	struct kvm_vcpu *vcpu;
	__u32 isa;
	bool has_code; /* else KVM's own structures have the reason */
	__u32 code;
};

static __always_inline void kw_note_exit(struct kw_vcpu *v, struct kw_told t)
{
	v->code = t.has_code ? t.code : kw_exit_code(t.vcpu, t.isa);
	v->isa = t.isa;
	v->level = kw_exit_level(t.vcpu);
	v->state = KW_ST_KERNEL;
}

/*
 * Another exit before an entry: the one before was handled on KVM's fast path, which goes back to
 * the guest without a word, or an entry was kept from us. The fast path takes about a microsecond
 * and never leaves the CPU: when it ended is not known, and what passed is taken for the guest's.
 */
static __noinline int kw_exit_unended(struct kw_vcpu *v, struct kvm_vcpu *vcpu, __u64 now)
{
	if (!v || !vcpu)
		return 0;
	if (!kw_reenters_silently || v->isa != KW_ISA_VMX || v->flags & KW_VCPU_SPLIT ||
	    v->state != KW_ST_KERNEL) {
		kw_lose(KW_LOSS_UNMATCHED);
		kw_clear_parts(v);
		v->about = 0;
		return 0;
	}
	kw_collectors_on_state(v, KW_ST_GUEST, vcpu, v->exit_ns);
	kw_collectors_on_untimed(v);
	if (v->about)
		kw_collectors_on_about(v, now, 0);
	v->about = 0;
	return 0;
}

static __always_inline void kw_exit_begins(struct kw_told t)
{
	__u64 now = bpf_ktime_get_ns();
	struct kw_vcpu *v = kw_watched(t.vcpu);

	if (!v || !t.vcpu)
		return;
	if (v->exit_ns)
		kw_exit_unended(v, t.vcpu, now);
	kw_collectors_on_state(v, KW_ST_KERNEL, NULL, now);
	v->exit_ns = now;
	v->since_ns = now;
	kw_note_exit(v, t);
}

/* The same where only some exits are timed, or none. */
static __always_inline void kw_exit_counted(struct kw_told t)
{
	struct kw_vcpu *v = kw_watched(t.vcpu);

	if (!v || !t.vcpu)
		return;
	if (v->exit_ns) {
		kw_exit_unended(v, t.vcpu, bpf_ktime_get_ns());
		v->exit_ns = 0;
	}
	kw_note_exit(v, t);
	if (kw_timing == KW_TIMED_SOME && kw_is_timed(v))
		v->exit_ns = v->since_ns = bpf_ktime_get_ns();
	else
		kw_collectors_on_untimed(v);
}

/* A guest has exited; KVM starts to handle it. */
static __always_inline int kw_exit(struct kw_told t)
{
	kw_stay();
	if (kw_timing == KW_TIMED_ALL)
		kw_exit_begins(t);
	else
		kw_exit_counted(t);
	kw_go_on();
	return 0;
}

/* The end of an exit: how long it took, and in which parts. state: what comes now. */
static __always_inline void kw_exit_done(struct kw_vcpu *v, enum kw_state state, __u64 now)
{
	__u64 exit_ns = v->exit_ns;

	kw_set_state(v, state, now);
	if (now < exit_ns) {
		kw_lose(KW_LOSS_CLOCK);
	} else {
		if (v->flags & KW_VCPU_SPLIT)
			kw_fit_parts(v, now - exit_ns);
		kw_collectors_on_exit_done(v, now, now - exit_ns);
	}
	if (v->about) {
		if (now >= exit_ns)
			kw_collectors_on_about(v, now, now - exit_ns);
		v->about = 0;
	}
	v->exit_ns = 0;
	kw_clear_parts(v);
	if (v->window != kw_window) {
		v->window = kw_window;
		kw_collectors_on_window(v);
	}
}

/*
 * A guest is about to be entered. An entry from guest mode is a fast path: KVM handled an exit
 * and re-entered without passing kvm_exit.
 */
static __always_inline void kw_entry_of_all(struct kvm_vcpu *vcpu)
{
	__u64 now = bpf_ktime_get_ns();
	struct kw_vcpu *v = kw_watched(vcpu);

	if (!v || !vcpu)
		return;
	kw_collectors_on_state(v, KW_ST_GUEST, vcpu, now);
	if (v->exit_ns) {
		kw_exit_done(v, KW_ST_GUEST, now);
		return;
	}
	if (v->about) { /* of an exit whose begin was not seen */
		kw_collectors_on_about(v, now, 0);
		v->about = 0;
	}
	if (v->state == KW_ST_GUEST)
		v->fastpath++;
	v->state = KW_ST_GUEST;
	v->since_ns = now;
}

/* The same where only some exits are timed: for the others, no clock is read. */
static __always_inline void kw_entry_of_some(struct kvm_vcpu *vcpu)
{
	struct kw_vcpu *v = kw_watched(vcpu);

	if (!v)
		return;
	if (v->exit_ns) {
		kw_exit_done(v, KW_ST_GUEST, bpf_ktime_get_ns());
		return;
	}
	if (v->state == KW_ST_GUEST)
		v->fastpath++;
	v->state = KW_ST_GUEST;
}

/* When this exit was, by what KVM keeps of it; 0 if that cannot be: see kw_entry_alone(). */
static __always_inline __u64 kw_time_of_exit(struct kvm_vcpu *vcpu, __u64 tsc, __u64 since,
					     __u64 now)
{
	__u64 ns = kw_to_host_tsc(vcpu, &tsc) ? kw_ns_of_tsc(tsc) : 0;

	if (ns + KW_TSC_ERROR < since || ns > now + KW_TSC_ERROR)
		return 0;
	return ns < now ? ns : now;
}

/*
 * The same where this is the only probe: reason and time of the exit are what KVM keeps of it. An
 * exit of which KVM kept no new time was handled on its fast path. The first exit of a vCPU that is
 * seen may be of before counting began. A time that is not between this entry and one before is
 * not the exit's: KVM writes another there when it updates the guest's clock, and a guest may set
 * its TSC.
 */
static __always_inline void kw_entry_alone(struct kvm_vcpu *vcpu)
{
	struct kw_vcpu *v = kw_watched(vcpu);
	__u64 tsc, now, since, exit_ns;

	if (!v || !vcpu)
		return;
	tsc = kw_last_exit_tsc(vcpu);
	if (!tsc)
		return;
	if (tsc == v->exit_tsc) {
		v->fastpath++;
		return;
	}
	now = bpf_ktime_get_ns();
	since = v->since_ns;
	v->since_ns = now;
	v->exit_tsc = tsc;
	v->isa = kw_isa;
	v->code = kw_last_exit_code(vcpu, kw_isa, v->level);
	if (since) {
		exit_ns = kw_time_of_exit(vcpu, tsc, since, now);
		if (exit_ns)
			kw_collectors_on_exit_done(v, now, now - exit_ns);
		else
			kw_collectors_on_untimed(v);
	}
	v->level = kw_exit_level(vcpu);
}

static __always_inline int kw_entry(struct kvm_vcpu *vcpu)
{
	kw_stay();
	if (kw_timing == KW_TIMED_AT_ENTRY)
		kw_entry_alone(vcpu);
	else if (kw_timing == KW_TIMED_SOME)
		kw_entry_of_some(vcpu);
	else
		kw_entry_of_all(vcpu);
	kw_go_on();
	return 0;
}

/* The state changes to the VMM's, or from it to the kernel's. */
static __always_inline void kw_pass(struct kw_vcpu *v, enum kw_state state)
{
	__u64 now = bpf_ktime_get_ns();

	kw_collectors_on_state(v, state, NULL, now);
	kw_set_state(v, state, now);
}

/*
 * Told to come back at once, KVM leaves the reason of the exit before; so it does with most errors,
 * but not with that of memory that it cannot map, which is a reason of its own.
 */
static __always_inline __u32 kw_user_reason(__u32 reason, int error)
{
	if (error == -KW_EINTR)
		return KVM_EXIT_INTR;
	return error < 0 && reason != KVM_EXIT_MEMORY_FAULT ? KW_USER_ERRNO | -error : reason;
}

/* KVM_RUN returns: from here on it is the VMM's time. The tracepoint names no vCPU. */
KW_TRACEPOINT(kvm_userspace_exit, kw_kvm_userspace_exit, __u32 reason, int error)
{
	struct kw_vcpu *v;

	kw_stay();
	v = kw_current_vcpu();
	if (v) {
		kw_pass(v, KW_ST_VMM);
		kw_collectors_on_userspace(v, kw_user_reason(reason, error));
	} else if (kw_running) {
		__sync_fetch_and_add(&kw_strangers, 1);
	}
	kw_go_on();
	return 0;
}

/* A page fault of a guest: what it is about, for all that look at faults. */
static __always_inline __attribute__((unused)) int kw_fault_begins(struct kw_vcpu *v, __u64 gpa,
								   __u64 error)
{
	if (!v)
		return 0;
	v->fault_ns = bpf_ktime_get_ns();
	v->fault_gpa = gpa;
	v->fault_error = error;
	v->about |= KW_ABOUT_FAULT;
	kw_collectors_on_fault(v);
	return 0;
}

/* KVM_RUN is called: the VMM's time is over, and this thread now runs this vCPU. */
static __always_inline int kw_run_begins(struct kvm_vcpu *vcpu)
{
	struct kw_vcpu *v;

	kw_stay();
	v = kw_watched(vcpu);
	if (v && v->tid != (__u32)bpf_get_current_pid_tgid()) /* another one ran it meanwhile */
		v = kw_vcpu_find_slow(vcpu, KW_MAX_CPUS);
	if (v && !(v->flags & KW_VCPU_IGNORED) &&
	    (v->state == KW_ST_VMM || v->state == KW_ST_UNKNOWN))
		kw_pass(v, KW_ST_KERNEL);
	kw_go_on();
	return 0;
}

SEC("?fentry/kvm_arch_vcpu_ioctl_run")
int BPF_PROG(kw_run_fentry, struct kvm_vcpu *vcpu)
{
	return kw_run_begins(vcpu);
}

SEC("?kprobe/kvm_arch_vcpu_ioctl_run")
int BPF_KPROBE(kw_run_kprobe, struct kvm_vcpu *vcpu)
{
	return kw_run_begins(vcpu);
}

/* A halt has ended after ns, with or without sleeping. The tracepoint names no vCPU. */
KW_TRACEPOINT(kvm_vcpu_wakeup, kw_kvm_vcpu_wakeup, __u64 ns, bool waited, bool valid)
{
	struct kw_vcpu *v;
	__u64 polled, now;

	kw_stay();
	v = kw_current_vcpu();
	if (v) {
		now = bpf_ktime_get_ns();
		polled = kw_halt_ended(v, (struct kvm_vcpu *)v->vcpu, ns, now);
		kw_collectors_on_halt(v, ns, polled, waited, valid, now);
	}
	kw_go_on();
	return 0;
}

/*
 * Runs at every context switch of the host: a thread without any task storage is no vCPU's. The
 * memo of this CPU is dropped or set, so that another thread with the same vCPU is noticed.
 */
SEC("?tp_btf/sched_switch")
int BPF_PROG(kw_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 cpu = kw_this_cpu(), memo = 0, state;
	struct kw_vcpu *v;
	__u64 now;

	if (!kw_running)
		return 0;
	now = kw_collectors_on_any_switch(prev, cpu);
	if (kw_is_blank(prev) && kw_is_blank(next))
		return 0;
	now = now ?: bpf_ktime_get_ns();
	v = kw_vcpu_of_task(prev);
	if (v) {
		state = kw_switch_state(ctx, prev);
		kw_switch_out(v, !state, now);
		kw_collectors_on_switch_out(v, prev, state, cpu, now);
	}
	v = kw_vcpu_of_task(next);
	if (v) {
		kw_collectors_on_switch_in(v, now);
		kw_switch_in(v, now);
		memo = v->slot;
	}
	kw_set_memo(cpu, memo);
	return 0;
}

SEC("?tp_btf/sched_wakeup")
int BPF_PROG(kw_sched_wakeup, struct task_struct *task)
{
	struct kw_vcpu *v;

	if (!kw_running || kw_is_blank(task))
		return 0;
	v = kw_vcpu_of_task(task);
	if (v && v->off_ns && !v->wake_ns) {
		v->wake_ns = bpf_ktime_get_ns();
		kw_collectors_on_wake(v, task, v->wake_ns);
	}
	return 0;
}

static __always_inline int kw_vcpu_destroyed(__u64 vcpu)
{
	struct kw_vcpu *v = kw_slot_of(vcpu);

	if (v)
		kw_vcpu_end(v);
	return 0;
}

SEC("?fentry/kvm_arch_vcpu_destroy")
int BPF_PROG(kw_destroy_fentry, struct kvm_vcpu *vcpu)
{
	return kw_vcpu_destroyed((__u64)vcpu);
}

SEC("?kprobe/kvm_arch_vcpu_destroy")
int BPF_KPROBE(kw_destroy_kprobe, struct kvm_vcpu *vcpu)
{
	return kw_vcpu_destroyed((__u64)vcpu);
}

SEC("?fentry/kvm_arch_destroy_vm")
int BPF_PROG(kw_end_of_vm_fentry, struct kvm *kvm)
{
	return kw_vcpu_destroyed((__u64)kvm);
}

SEC("?kprobe/kvm_arch_destroy_vm")
int BPF_KPROBE(kw_end_of_vm_kprobe, struct kvm *kvm)
{
	return kw_vcpu_destroyed((__u64)kvm);
}

/* Where nothing tells that a vCPU is destroyed, it ends with its thread. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(kw_destroy_thread, struct task_struct *task)
{
	struct kw_vcpu *v;

	if (kw_is_blank(task))
		return 0;
	v = kw_any_vcpu_of_task(task);
	if (v)
		kw_vcpu_end(v);
	return 0;
}

#include KW_SPINE_OF_ARCH
