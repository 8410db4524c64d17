/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * compat.bpf.h - every difference between kernels, each with the commit that made it.
 * May not know about: maps, collectors. Asks the running kernel's BTF, never its version.
 * To extend: one function per question, answered for all kernels; callers never test for forms.
 * What makes a whole program differ, or what user space finds out by trying, is a line below.
 * Fields that only one processor's KVM has are in its arch_*.bpf.h; what user space asks, in
 * core/kbtf.h.
 *
 * Whole programs: the older form, and since when there is the newer one.
 *   kw_kvm_exit_old: 0a62a0319abb ("KVM: x86: Get exit_reason as part of
 *     kvm_x86_ops.get_exit_info"), 5.16: kvm_exit has lost its reason.
 *   All that end in _raw: 36e68442d1af ("bpf: Load and verify kernel module BTFs"), 5.11:
 *     tp_btf and fentry take tracepoints and functions of modules.
 *   faults_*_old: f0066d94c92d ("KVM: MMU: change tracepoints arguments to kvm_page_fault"),
 *     5.16.
 *   nested_vmrun: 89e54ec59232 ("KVM: x86: Update trace function for nested VM entry to
 *     support VMX"), 6.1: kvm_nested_vmenter.
 *   faults_gstage_fexit: 6f6279f9b86b ("RISC-V: KVM: Factor-out MMU related declarations into
 *     separate headers"), 6.17: kvm_riscv_mmu_map().
 *   arm64's *_kprobe: 2aa6ac03516d ("arm64: ftrace: Add direct call support"), 6.4: its
 *     functions take fentry.
 *   irq_inhibit_changed: 4f4c4a3ee53c ("KVM: x86: Trace all APICv inhibit changes and capture
 *     overall status"), 5.18: there was no such tracepoint.
 *   dirty_mark_*: 28bd726aa404 ("KVM: Pass in kvm pointer into mark_page_dirty_in_slot()"),
 *     5.11: compilers put the older function, which had no such argument, into its callers.
 *   time_is_vhost(): f9010dbdce91 ("fork, vhost: Use CLONE_THREAD to fix freezer/ps
 *     regression"), 6.4: vhost's workers are threads of the VMM's process, and have
 *     PF_USER_WORKER of 54e6842d0775 ("fork/vm: Move common PF_IO_WORKER behavior to new
 *     flag").
 *   *_ioctl_kprobe, ioctl_*_kprobe: first, as fentry and fexit on kvm_vm_ioctl() are accepted
 *     and never called by some kernels (seen: 7.3); by which commit is not known.
 *
 * The verifier
 *   takes it that arguments of a module's tracepoint may be NULL: 838a10bd2ebf ("bpf: Augment
 *     raw_tp arguments with PTR_MAYBE_NULL"), 6.13 and stable ones before;
 *   refuses loops that the compiler enters in the middle, where it is old (seen: 6.1): they
 *     are unrolled.
 *
 * User space, which tries
 *   core/keyed.c: 3e87f192b405 ("bpf: Add lookup_and_delete_elem support to hashtab"), 5.14.
 *   core/engine.c: aba64c7da983 ("bpf: Add verified_insns to bpf_prog_info and fdinfo"),
 *     5.16; 90a5527d7686 ("bpf: add new map ops ->map_mem_usage"), 6.4: maps tell what they
 *     take, not what they are made for.
 *   core/meter.c: d46edd671a14 ("bpf: Sharing bpf runtime stats with BPF_ENABLE_STATS"), 5.8.
 */
#ifndef KW_COMPAT_BPF_H
#define KW_COMPAT_BPF_H

#include "ktypes.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * The kernel tells the types of the arguments of kvm_exit and kvm_entry, so that they can be read
 * like any memory. It does not where KVM is a module without type information: before 36e68442d1af
 * ("bpf: Load and verify kernel module BTFs"), 5.11.
 */
const volatile bool kw_typed = true;

/*
 * kvm_exit begins with the reason, and has three arguments: until 0a62a0319abb, see above. Where
 * types of KVM are not told, only such a one is taken to have those that are written down below.
 */
const volatile bool kw_exit_has_reason;

/*
 * This object is for kernels whose verifier knows neither atomic operations that tell what was
 * there, 5ffa25502b5a ("bpf: Add instructions for atomic_[cmp]xchg"), 5.12, nor pointers as
 * arguments of functions that it verifies on their own, e5069b9c23b3 ("bpf: Support pointers in
 * global func args"). It refuses a program that has one where it never comes to it: hence
 * two objects, of which user space tries which one it is.
 *
 * On riscv, where KVM is younger than both, it is for kernels whose BPF compiler is off, as it is
 * by default (net.core.bpf_jit_enable): they refuse programs that call the kernel's functions,
 * e6ac2450d6de ("bpf: Support bpf program calling kernel function"), 5.13.
 */
#if defined(KW_PLAIN) && defined(__TARGET_ARCH_riscv)
#define KW_WITHOUT_CALLS
#elif defined(KW_PLAIN)
#define KW_WITHOUT_EXCHANGE
#endif

#ifdef KW_WITHOUT_EXCHANGE
#define KW_VERIFIED_ALONE static __noinline
#else
#define KW_VERIFIED_ALONE __noinline
#endif

/* Who is in kw_swap() at an address; where there is no exchange alone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} kw_swaps SEC(".maps");

/*
 * Put what is wanted where old is, unless something else is there: that is returned, or, if another
 * CPU is doing the same just now and this kernel has no better way, anything but old.
 */
#ifdef KW_WITHOUT_EXCHANGE
#define KW_SWAP(name, type)                                                                        \
	static __always_inline type name(type *p, type old, type wanted)                           \
	{                                                                                          \
		__u64 key = (__u64)p;                                                              \
		__u32 mine = 0;                                                                    \
		type now;                                                                          \
                                                                                                   \
		if (bpf_map_update_elem(&kw_swaps, &key, &mine, BPF_NOEXIST))                      \
			return ~old;                                                               \
		now = *(volatile type *)p;                                                         \
		if (now == old)                                                                    \
			*(volatile type *)p = wanted;                                              \
		bpf_map_delete_elem(&kw_swaps, &key);                                              \
		return now;                                                                        \
	}
#else
#define KW_SWAP(name, type)                                                                        \
	static __always_inline type name(type *p, type old, type wanted)                           \
	{                                                                                          \
		return __sync_val_compare_and_swap(p, old, wanted);                                \
	}
#endif

KW_SWAP(kw_swap64, __u64)
KW_SWAP(kw_swap32, __u32)

/*
 * Threads have storage for what programs note of them: since a10787e6d58c ("bpf: Enable task local
 * storage for tracing programs"). On riscv, there is never memory for it since f484f4a3e058
 * ("bpf: Replace bpf memory allocator with kmalloc_nolock() in local storage"): what may be called
 * anywhere takes none without an exchange of 16 bytes, which such processors rarely have.
 */
static __always_inline bool kw_threads_have_storage(void)
{
#if defined(__TARGET_ARCH_riscv)
	return false;
#else
	struct task_struct *task = NULL;

	return bpf_core_field_exists(task->bpf_storage);
#endif
}

/*
 * The current thread. Its type is known since 3ca1032ab7ab ("bpf: Implement get_current_task_btf
 * and RET_PTR_TO_BTF_ID"), 5.11: before, fields are to be read by BPF_CORE_READ().
 */
static __always_inline struct task_struct *kw_current(void)
{
	return kw_threads_have_storage() ? bpf_get_current_task_btf()
					 : (void *)(long)bpf_get_current_task();
}

static __always_inline __u32 kw_tid(struct task_struct *task)
{
	return kw_threads_have_storage() ? task->pid : BPF_CORE_READ(task, pid);
}

/* Nothing was ever noted of this thread; false also where that takes longer to find out. */
static __always_inline bool kw_is_blank(struct task_struct *task)
{
	return kw_threads_have_storage() && !task->bpf_storage;
}

/* Logarithm of the bytes of the host's pages; user space tells. Read by KW_PAGE_SHIFT only. */
const volatile __u32 kw_page_shift = 12;

/*
 * What a task waits for (TASK_* of linux/sched.h); 0: nothing, it runs or could. The field had
 * another name and size before 2f064a59a11f ("sched: Change task_struct::state"), 5.14.
 */
static __always_inline __u32 kw_task_state(struct task_struct *task)
{
	struct task_struct___state *old = (void *)task;

	if (bpf_core_field_exists(old->state))
		return BPF_CORE_READ(old, state);
	return BPF_CORE_READ(task, __state);
}

/*
 * The state in which a task is being switched out; 0: it stays runnable. Preempted tasks do,
 * whatever their state. The tracepoint passes the state since fa2c3254d7cf ("sched/tracing: Don't
 * re-read p->state when emitting sched_switch event"), 5.18.
 */
const volatile bool kw_switch_has_state = true;

static __always_inline __u32 kw_switch_state(unsigned long long *ctx, struct task_struct *prev)
{
	if (ctx[0])
		return 0;
	return kw_switch_has_state ? ctx[3] : kw_task_state(prev);
}

/*
 * An exit that is handled on the fast path may be followed by another one with no kvm_entry in
 * between: Intel's KVM tells of such exits since dcf068da7eb2 ("KVM: VMX: Introduce generic
 * fastpath handler"), 5.8, and kvm_entry of every entry, and so of those, too, since 9c9025ea003a
 * ("KVM: x86: Plumb "force_immediate_exit" into kvm_entry() tracepoint"), 6.9 and some stable ones
 * before, which gave it a second argument.
 */
const volatile bool kw_reenters_silently;

/*
 * The CPU that this runs on. riscv's compiler puts bpf_get_smp_processor_id() in line itself, and
 * the verifier therefore leaves such a call as it is: 2ddec2c80b44 ("riscv, bpf: inline
 * bpf_get_smp_processor_id()"), 6.10. Where that compiler is off, the kernel then calls what is
 * 8 bytes behind __bpf_call_base(): it gets 0, and a stack that is not its own.
 */
static __always_inline __u32 kw_this_cpu(void)
{
#if defined(__TARGET_ARCH_riscv)
	return bpf_get_current_task_btf()->thread_info.cpu;
#else
	return bpf_get_smp_processor_id();
#endif
}

#define KW_TASK_STOPPED (4 | 8) /* __TASK_STOPPED, __TASK_TRACED of linux/sched.h */

/*
 * The CPU in whose run queue a task is. That is in thread_info since bcf9033e5449 ("sched: move CPU
 * field back into thread_info if THREAD_INFO_IN_TASK=y"), 5.16.
 */
static __always_inline __u32 kw_cpu_of(struct task_struct *task)
{
	struct task_struct___cpu *old = (void *)task;

	if (bpf_core_field_exists(old->cpu))
		return BPF_CORE_READ(old, cpu);
	return BPF_CORE_READ(task, thread_info.cpu);
}

/* Configurations, not versions: what a task waited for a CPU, CONFIG_SCHED_INFO. */
static __always_inline bool kw_has_waits(struct task_struct *task)
{
	return bpf_core_field_exists(task->sched_info.run_delay);
}

/* Its group, 0 where there are none: CONFIG_CGROUP_SCHED. */
static __always_inline __u64 kw_group_of(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->sched_task_group))
		return 0;
	return (__u64)BPF_CORE_READ(task, sched_task_group);
}

/* The kernel says that this group has quota left on the task's CPU: CONFIG_CFS_BANDWIDTH. */
static __always_inline bool kw_has_quota(struct task_struct *task)
{
	return bpf_core_field_exists(task->se.cfs_rq->throttle_count) &&
	       !BPF_CORE_READ(task, se.cfs_rq, throttle_count);
}

/* The thread that is to blame for a VM's memory; NULL where that is not known: CONFIG_MEMCG. */
static __always_inline struct task_struct *kw_owner(struct kvm *kvm)
{
	struct mm_struct *mm = NULL;

	if (!bpf_core_field_exists(mm->owner))
		return NULL;
	return BPF_CORE_READ(kvm, mm, owner);
}

/*
 * Programs of tracepoints can be preempted where the kernel guards tracepoints with SRCU instead of
 * switching preemption off, since a46023d5616e ("tracing: Guard __DECLARE_TRACE() use of
 * __DO_TRACE_CALL() with SRCU-fast"), 7.0; what is read and written in the middle of a switch is
 * then not of one moment. Such kernels can be told not to: fc7566ad0a82 ("bpf: Introduce
 * bpf_preempt_[disable,enable] kfuncs"), 6.10.
 */
const volatile bool kw_preemptible = true;

#ifdef KW_WITHOUT_CALLS
static __always_inline void kw_stay(void)
{
}

static __always_inline void kw_go_on(void)
{
}
#else
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;

static __always_inline void kw_stay(void)
{
	if (!kw_preemptible)
		return;
	barrier(); /* or the compiler tests both conditions before it jumps */
	if (bpf_preempt_disable)
		bpf_preempt_disable();
}

static __always_inline void kw_go_on(void)
{
	if (!kw_preemptible)
		return;
	barrier();
	if (bpf_preempt_enable)
		bpf_preempt_enable();
}
#endif

/*
 * 8 bytes of kernel memory. bpf_rdonly_cast(), which there is since a35b9af4ec2c ("bpf: Add a kfunc
 * for generic type cast"), 6.2, makes a plain load of it, which the kernel catches if it fails,
 * where bpf_probe_read_kernel() is a call. It takes types of the kernel itself only, not of
 * modules: so this one, which is known to begin with an integer.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

static __always_inline __u64 kw_load(const void *address)
{
	__u64 value;

	if (bpf_rdonly_cast) {
		value = *(const __u64 *)bpf_rdonly_cast(address,
							bpf_core_type_id_kernel(struct timespec64));
		barrier_var(value); /* or the compiler makes one load of both */
		return value;
	}
	value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), address);
	return value;
}

/*
 * Up to 8 bytes at what an argument of a tracepoint of type void * points to. A program may
 * read such an argument itself, if it is const, since 1271a40eeafa ("bpf: Allow access to const
 * void pointer arguments in tracing programs"), 6.16.
 */
static __always_inline __u64 kw_read_arg(const void *ctx, int argument, __u32 size)
{
	__u64 value = 0, n = size;
	const void *data = NULL;

	if (bpf_probe_read_kernel(&data, sizeof(data), ctx + 8 * argument) || !data)
		return 0;
	barrier_var(n); /* so that the verifier sees both bounds */
	if (n > sizeof(value))
		n = sizeof(value);
	bpf_probe_read_kernel(&value, n, data);
	return value;
}

/*
 * The vCPU that the current thread has loaded, that is, between the beginning of KVM_RUN, or of
 * another ioctl of a vCPU, and its end; NULL: none. KVM, and nothing else in the kernel, has itself
 * told of such a thread's switches.
 */
static __always_inline struct kvm_vcpu *kw_loaded_vcpu(void)
{
	struct task_struct *task = (void *)(long)bpf_get_current_task();
	void *notifier = BPF_CORE_READ(task, preempt_notifiers.first);

	return notifier ? notifier - bpf_core_field_offset(struct kvm_vcpu, preempt_notifier.link)
			: NULL;
}

/*
 * Types of KVM's own headers where the kernel does not tell types of modules (kw_typed): what they
 * were before 36e68442d1af, 5.11. Where one points back, that is checked before it is believed.
 */
struct kvm_lapic_untold {
	__u64 base_address;
	void *dev;
	struct {
		struct {
			struct {
				char node[24];
				__s64 expires;
			} node;
			char rest[32];
		} timer;
		__s64 period;
		__s64 target_expiration;
		__u32 timer_mode, timer_mode_mask;
		__u64 tscdeadline, expired_tscdeadline;
		__u32 timer_advance_ns;
		__s64 advance_expire_delta;
		atomic_t pending;
		bool hv_timer_in_use;
	} lapic_timer;
	__u32 divide_count;
	struct kvm_vcpu *vcpu;
	bool sw_enabled, irr_pending, lvt0_in_nmi_mode;
	__s16 isr_count;
	int highest_isr_cache;
	void *regs;
};

struct kvm_kernel_irq_routing_entry_untold {
	__u32 gsi, type;
	void *set;
	struct {
		__u32 address_lo, address_hi, data;
	} msi;
};

struct kvm_device_untold {
	void *ops;
	struct kvm *kvm;
};

struct kvm_pic_untold {
	__u32 lock;
	bool wakeup_needed;
	__u32 pending_acks;
	struct kvm *kvm;
	struct {
		__u8 before[5], irq_base, after[11];
		void *pics_state;
	} pics[2];
};

/* A field of struct kvm_type, by its path. */
#define kw_read_kvm(kvm_type, pointer, field)                                                      \
	({                                                                                         \
		__typeof__(((struct kvm_type##_untold *)0)->field) value = 0;                      \
                                                                                                   \
		if (bpf_core_type_exists(struct kvm_type))                                         \
			value = BPF_CORE_READ((struct kvm_type *)(pointer), field);                \
		else                                                                               \
			bpf_probe_read_kernel(                                                     \
				&value, sizeof(value),                                             \
				(void *)(pointer) +                                                \
					__builtin_offsetof(struct kvm_type##_untold, field));      \
		value;                                                                             \
	})

#define kw_read_lapic(apic, field) kw_read_kvm(kvm_lapic, apic, field)
#define kw_lapic_offset(field)                                                                     \
	(bpf_core_type_exists(struct kvm_lapic)                                                    \
		 ? bpf_core_field_offset(struct kvm_lapic, field)                                  \
		 : __builtin_offsetof(struct kvm_lapic_untold, field))

/* The vCPU of a local APIC; NULL: this is none. */
static __always_inline struct kvm_vcpu *kw_vcpu_of_lapic(struct kvm_lapic *apic)
{
	struct kvm_vcpu *vcpu = kw_read_lapic(apic, vcpu);

	if (!bpf_core_type_exists(struct kvm_lapic) && BPF_CORE_READ(vcpu, arch.apic) != apic)
		return NULL;
	return vcpu;
}

/* The local APIC whose timer this is; NULL: it is another one. */
static __always_inline struct kvm_lapic *kw_lapic_of_timer(const void *timer)
{
	struct kvm_lapic *apic = (void *)timer - kw_lapic_offset(lapic_timer.timer);
	struct kvm_vcpu *vcpu = kw_read_lapic(apic, vcpu);

	return vcpu && BPF_CORE_READ(vcpu, arch.apic) == apic ? apic : NULL;
}

/*
 * kvm_inj_virq tells of software interrupts and reinjection: since 2d61391270a3 ("KVM: x86:
 * Differentiate Soft vs. Hard IRQs vs. reinjected in tracepoint"). Before, all are injected.
 */
const volatile bool kw_injection_has_kind = true;

/*
 * kvm_xen_hypercall begins with the privilege level: since c3f3719952b9 ("KVM: x86/xen: Add CPL to
 * Xen hypercall tracepoint").
 */
const volatile bool kw_xen_call_has_cpl = true;

/*
 * kvm_hv_hypercall tells of a variable header, third: since bd1ba5732bb9 ("KVM: x86: Get the number
 * of Hyper-V sparse banks from the VARHEAD field").
 */
const volatile bool kw_hyperv_call_has_header = true;

/*
 * What KVM's page fault handlers return: an enumeration without a name, which CO-RE cannot find,
 * and whose values moved with 989a84c93f59 ("KVM: x86/mmu: Trigger unprotect logic only on
 * write-protection page faults"), 6.12; ~0: there is none.
 */
const volatile __u32 kw_ret_pf_emulate = ~0, kw_ret_pf_fixed = ~0, kw_ret_pf_spurious = ~0,
		     kw_ret_pf_write_protected = ~0;

/* First argument of the tracepoint kvm_mmio (KVM_TRACE_MMIO_* in the kernel's trace/events/kvm.h).
 */
enum { KW_MMIO_READ_UNSATISFIED, KW_MMIO_READ, KW_MMIO_WRITE };

/*
 * Time that KVM says it polled for this vCPU so far, ns; false if this kernel does not tell. In a
 * structure of its own since 0193cc908b5a ("KVM: stats: Separate generic stats from architecture
 * specific ones"), 5.14.
 */
static __always_inline bool kw_poll_stat(struct kvm_vcpu *vcpu, __u64 *ns)
{
	struct kvm_vcpu___flat *flat = (void *)vcpu;

	if (bpf_core_field_exists(vcpu->stat.generic.halt_poll_success_ns)) {
		*ns = BPF_CORE_READ(vcpu, stat.generic.halt_poll_success_ns) +
		      BPF_CORE_READ(vcpu, stat.generic.halt_poll_fail_ns);
		return true;
	}
	if (bpf_core_field_exists(flat->stat.halt_poll_success_ns)) {
		*ns = BPF_CORE_READ(flat, stat.halt_poll_success_ns) +
		      BPF_CORE_READ(flat, stat.halt_poll_fail_ns);
		return true;
	}
	return false;
}

#endif
