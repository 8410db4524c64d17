/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * kw.bpf.h - what every BPF program of this tool uses: the vCPU table, the split of an exit's
 * time, filters, losses, the ring buffer.
 * May not know about: what any collector counts.
 * To extend: helpers that at least two collectors need; everything else stays in its folder.
 */
#ifndef KW_BPF_H
#define KW_BPF_H

#if defined(__TARGET_ARCH_arm64)
#define KW_ARCH		 "arch_arm64.bpf.h"
#define KW_SPINE_OF_ARCH "spine_arm64.bpf.h"
#elif defined(__TARGET_ARCH_riscv)
#define KW_ARCH		 "arch_riscv.bpf.h"
#define KW_SPINE_OF_ARCH "spine_riscv.bpf.h"
#else
#define KW_ARCH		 "arch_x86.bpf.h"
#define KW_SPINE_OF_ARCH "spine_x86.bpf.h"
#endif
/* Faults tell whether there was a translation that forbade the access; not so on riscv. */
#if defined(__TARGET_ARCH_riscv)
#define KW_FAULTS_TELL_PRESENT false
#else
#define KW_FAULTS_TELL_PRESENT true
#endif
#ifndef KW_ARCH_H /* the benchmark has its own */
#define KW_ARCH_H KW_ARCH
#endif
#include KW_ARCH_H
#include <bpf/bpf_tracing.h>

/*
 * A program of a tracepoint of KVM: NAME where the kernel tells the types of KVM's tracepoints,
 * NAME_raw where it does not. There, arguments are mere numbers: so the body follows pointers by
 * BPF_CORE_READ() and its like only.
 */
#define KW_TRACEPOINT(event, name, args...)                                                        \
	static __always_inline int name##_body(unsigned long long *ctx, ##args);                   \
	_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")      \
		SEC("?tp_btf/" #event) int                                                         \
		name(unsigned long long *ctx)                                                      \
	{                                                                                          \
		return name##_body(___bpf_ctx_cast(args));                                         \
	}                                                                                          \
	SEC("?raw_tp/" #event)                                                                     \
	int name##_raw(unsigned long long *ctx)                                                    \
	{                                                                                          \
		return name##_body(___bpf_ctx_cast(args));                                         \
	}                                                                                          \
	_Pragma("GCC diagnostic pop") static __always_inline int name##_body(                      \
		unsigned long long *ctx, ##args)

/* include/uapi/linux/kvm.h, asm-generic/errno-base.h */
#define KVM_EXIT_MMIO	      6
#define KVM_EXIT_INTR	      10
#define KVM_EXIT_MEMORY_FAULT 39
#define KW_EINTR	      4

#define KW_TOO_MANY 16384 /* sizes that user space replaces before loading */

#ifndef KW_ON_AT_FIRST /* unit tests have it otherwise */
#define KW_ON_AT_FIRST 0
#endif

/*
 * What user space decides before loading. The verifier knows these constants, and leaves out what
 * is not wanted, but for the loads of the constants themselves: so all switches are in one.
 */
const volatile __u32 kw_on =
	KW_ON_AT_FIRST; /* collectors that were chosen: bits of 1 << enum kw_collector_id */

#define KW_ON(collector)    (1U << KW_ID_##collector)
#define kw_is_on(collector) (kw_on & KW_ON(collector))

const volatile bool kw_trace_on;      /* send events … */
const volatile __u64 kw_trace_slower; /* … of what took at least this long, ns */

const volatile __u32 kw_include, kw_exclude; /* reasons that filters name */

/* Counting is on: set when the first interval starts, cleared at the end. */
volatile __u32 kw_running;

/* Number of the current window (of min and max); user space advances it with each reading. */
volatile __u32 kw_window;

__u64 kw_lost[KW_LOSSES];

/* Returns of KVM_RUN to user space of vCPUs that no exit told of, or that a filter excludes. */
__u64 kw_strangers;

/* vCPUs that ended so far. */
__u64 kw_vcpus_ended;

/* Slots ever taken out of vcpu_free: user space keeps it stocked. */
__u64 kw_slots_taken;

/* The slot of the vCPU last seen on a CPU; a hint, checked against the slot's own vcpu. */
struct {
	__u32 slot;
	__u32 pad[15];
} kw_memo[KW_MAX_CPUS];

static __always_inline void kw_set_memo(__u32 cpu, __u32 slot)
{
	__u64 i = cpu;

	if (cpu >= KW_MAX_CPUS)
		return;
	barrier_var(i); /* so that the verifier sees the bound of what is used */
	kw_memo[i & (KW_MAX_CPUS - 1)].slot = slot;
}

/* Which exits are timed (enum kw_timing), and one in how many. */
const volatile __u32 kw_timing, kw_one_in;

/* With KW_TIMED_AT_ENTRY: enum kw_isa of this host, and its clock: the one of kw_clock_now & 1. */
const volatile __u32 kw_isa;
struct kw_tsc_clock kw_clock[2];
volatile __u32 kw_clock_now;

/*
 * This KVM tells of no exits: those to user space are taken for them. All that happens in KVM_RUN
 * is KW_ST_KERNEL then, and happens between exits instead of in one.
 */
const volatile bool kw_user_exits;

/* Nothing tells that a vCPU is destroyed: it ends with its thread. */
const volatile bool kw_ends_with_thread;

/* Filters that are on: bits of 1 << enum kw_filter. */
const volatile __u32 kw_filters;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KW_TOO_MANY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct kw_vcpu);
} vcpus SEC(".maps");

/* struct kvm_vcpu * -> slot */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KW_TOO_MANY);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} vcpu_slots SEC(".maps");

/* Free slots, filled by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, KW_TOO_MANY);
	__type(value, __u32);
} vcpu_free SEC(".maps");

/*
 * The slot of the vCPU that a thread runs. Where threads have no storage, user space makes it a
 * hash by thread id; functions below that are called kw_thread_… hide that.
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} vcpu_tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct kw_filter_id);
	__type(value,
	       __u64); /* of a process: clock tick at which it started, to tell reused pids */
} filter_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

static __always_inline void kw_lose(enum kw_loss what)
{
	__sync_fetch_and_add(&kw_lost[what], 1);
}

static __always_inline struct kw_vcpu *kw_slot(__u32 slot)
{
	return bpf_map_lookup_elem(&vcpus, &slot);
}

/* ---- finding the vCPU ---- */

static __always_inline bool kw_filter_passes(__u32 kind, __u32 id, __u64 tick)
{
	struct kw_filter_id key = { .kind = kind, .id = id };
	__u64 *value;

	if (!(kw_filters & (1 << kind)))
		return true;
	value = bpf_map_lookup_elem(&filter_ids, &key);
	return value && (!*value || *value == tick);
}

/* The slot of a vCPU, or of a VM itself; NULL if it has none. */
static __always_inline struct kw_vcpu *kw_slot_of(__u64 key)
{
	__u32 *slot = bpf_map_lookup_elem(&vcpu_slots, &key);

	return slot ? kw_slot(*slot) : NULL;
}

/*
 * Take a slot for a vCPU that thread tid runs, or for a VM itself, of the process that task belongs
 * to. If another CPU was quicker, the one it took.
 */
static __noinline struct kw_vcpu *kw_slot_take(__u64 key, __u64 kvm, __u32 vcpu_id, __u32 tid,
					       struct task_struct *task)
{
	struct kw_vcpu *v;
	__u32 slot = 0;

	if (bpf_map_pop_elem(&vcpu_free, &slot))
		return NULL;
	v = kw_slot(slot);
	if (!v)
		return NULL;
	v->slot = slot;
	v->died_ns = 0;
	v->kvm = kvm;
	v->vcpu_id = vcpu_id;
	v->tgid = BPF_CORE_READ(task, tgid);
	v->tid = tid;
	v->window = ~0U; /* none yet */
	v->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	BPF_CORE_READ_STR_INTO(&v->comm, task, group_leader, comm);
	if (!kw_filter_passes(KW_FILTER_PID, v->tgid, v->start_ns / KW_TICK_NS) ||
	    !kw_filter_passes(KW_FILTER_TID, v->tid, 0) ||
	    !kw_filter_passes(KW_FILTER_VCPU, v->vcpu_id, 0))
		v->flags = KW_VCPU_IGNORED;
	v->vcpu = key;
	/* filled before others can find it: a VM's slot is used from many CPUs */
	if (bpf_map_update_elem(&vcpu_slots, &key, &slot, BPF_NOEXIST)) {
		__builtin_memset(v, 0, sizeof(*v));
		if (bpf_map_push_elem(&vcpu_free, &slot, BPF_ANY))
			__sync_fetch_and_add(&kw_slots_taken, 1);
		return kw_slot_of(key);
	}
	v->born_ns = bpf_ktime_get_ns();
	/* last: user space looks for new slots when it sees this change */
	__sync_fetch_and_add(&kw_slots_taken, 1);
	return v;
}

/* A first event of this vCPU: take a slot for it. task is of its process. */
static __always_inline struct kw_vcpu *kw_vcpu_create(struct kvm_vcpu *vcpu, __u32 tid,
						      struct task_struct *task)
{
	struct kw_vcpu *v = kw_slot_take((__u64)vcpu, (__u64)BPF_CORE_READ(vcpu, kvm),
					 BPF_CORE_READ(vcpu, vcpu_id), tid, task);

	if (v)
		kw_poll_stat(vcpu, &v->poll_stat);
	if (v && kw_timing == KW_TIMED_SOME) /* not always the first exit, which is a slow one */
		v->skip = bpf_get_prandom_u32() % kw_one_in;
	return v;
}

/* The slot of the vCPU that a thread runs; NULL: it never ran one. */
static __always_inline __u32 *kw_thread_slot(struct task_struct *task)
{
	__u32 tid;

	if (kw_threads_have_storage())
		return bpf_task_storage_get(&vcpu_tasks, task, 0, 0);
	tid = kw_tid(task);
	return bpf_map_lookup_elem(&vcpu_tasks, &tid);
}

/* The same, made if there is none yet; NULL: there is no room. */
static __always_inline __u32 *kw_thread_make(struct task_struct *task)
{
	__u32 tid, none = 0;

	if (kw_threads_have_storage())
		return bpf_task_storage_get(&vcpu_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	tid = kw_tid(task);
	bpf_map_update_elem(&vcpu_tasks, &tid, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&vcpu_tasks, &tid);
}

/* The thread that ran a vCPU does so no more. Storage ends with its thread. */
static __always_inline void kw_thread_forget(struct kw_vcpu *v)
{
	__u32 *slot, tid = v->tid;

	if (kw_threads_have_storage())
		return;
	slot = bpf_map_lookup_elem(&vcpu_tasks, &tid);
	if (slot && *slot == v->slot) /* else it runs another one */
		bpf_map_delete_elem(&vcpu_tasks, &tid);
}

/* Is this the thread that runs a vCPU? Its id alone may be a later one's, of another process. */
static __always_inline bool kw_thread_is(struct task_struct *task, const struct kw_vcpu *v)
{
	return v->tid == kw_tid(task) &&
	       (kw_threads_have_storage() || v->tgid == (__u32)BPF_CORE_READ(task, tgid));
}

/* The vCPU is no more. Its figures stay until user space has read them. */
static __always_inline void kw_vcpu_end(struct kw_vcpu *v)
{
	__u64 key = v->vcpu;

	if (bpf_map_delete_elem(&vcpu_slots, &key)) /* another CPU was quicker */
		return;
	if (v->exit_ns)
		v->unfinished++;
	kw_thread_forget(v);
	v->vcpu = 0;
	v->died_ns = bpf_ktime_get_ns();
	__sync_fetch_and_add(&kw_vcpus_ended, 1);
}

/*
 * This thread now runs another vCPU than before, or its first, or one that another thread ran last;
 * defined in hot.bpf.h.
 */
static __always_inline void kw_collectors_on_thread(struct kw_vcpu *before, struct kw_vcpu *v);

/* Not the vCPU last seen on this CPU: look it up, and tell the thread which vCPU it runs. */
static __noinline struct kw_vcpu *kw_vcpu_find_slow(struct kvm_vcpu *vcpu, __u32 cpu)
{
	struct kw_vcpu *v = kw_slot_of((__u64)vcpu), *before;
	struct task_struct *task = kw_current();
	__u32 *slot, tid, mine = kw_tid(task);

	if (v && kw_ends_with_thread && v->tid && v->tid != mine) {
		kw_vcpu_end(v); /* the end of its thread is still to be told, or was kept from us */
		v = NULL;
	}
	v = v ?: kw_vcpu_create(vcpu, mine, task);
	if (!v) {
		kw_lose(KW_LOSS_NO_SLOT);
		return NULL;
	}
	tid = v->tid;
	if (tid != mine)
		kw_thread_forget(v);
	v->tid = mine;
	slot = kw_thread_make(task);
	if (!slot) {
		kw_lose(KW_LOSS_NO_TASK); /* and no memo, so that it is tried again */
		return v;
	}
	if (*slot != v->slot || tid != v->tid) {
		before = kw_slot(*slot);
		*slot = v->slot;
		kw_poll_stat(vcpu, &v->poll_stat); /* of halts that were not its thread's to tell */
		kw_collectors_on_thread(before, v);
		if (tid != v->tid) /* what the thread before slept or waited for is over */
			v->off_ns = v->wake_ns = 0;
	}
	kw_set_memo(cpu, v->slot);
	return v;
}

/*
 * The slot of a vCPU, whose thread is current; NULL if there was no room, or a filter excludes it.
 * Identity comes from the kvm_vcpu pointer alone.
 */
static __always_inline struct kw_vcpu *kw_vcpu_find(struct kvm_vcpu *vcpu)
{
	__u32 cpu = kw_this_cpu();
	struct kw_vcpu *v = NULL;

	if (cpu < KW_MAX_CPUS)
		v = kw_slot(kw_memo[cpu].slot);
	if (!v || v->vcpu != (__u64)vcpu)
		v = kw_vcpu_find_slow(vcpu, cpu);
	if (v && v->flags & KW_VCPU_IGNORED)
		return NULL;
	return v;
}

/* The slot of the vCPU that a thread runs, also of an excluded one; NULL if it runs none. */
static __always_inline struct kw_vcpu *kw_any_vcpu_of_task(struct task_struct *task)
{
	__u32 *slot = kw_thread_slot(task);
	struct kw_vcpu *v = slot ? kw_slot(*slot) : NULL;

	return v && v->vcpu && kw_thread_is(task, v) ? v : NULL;
}

/* The slot of the vCPU that a thread runs; NULL if it runs none, or an excluded one. */
static __always_inline struct kw_vcpu *kw_vcpu_of_task(struct task_struct *task)
{
	struct kw_vcpu *v = kw_any_vcpu_of_task(task);

	return v && !(v->flags & KW_VCPU_IGNORED) ? v : NULL;
}

/* Fill the head of an event of a vCPU. */
static __always_inline void kw_event_head(struct kw_event *e, const struct kw_vcpu *v, __u32 kind,
					  __u64 now)
{
	e->time_ns = now;
	e->born_ns = v->born_ns;
	e->slot = v->slot;
	e->kind = kind;
}

/* A VM that is being destroyed: its vCPUs and itself have ended already, or will at once. */
static __always_inline bool kw_is_dying(struct kvm *kvm)
{
	return !BPF_CORE_READ(kvm, users_count.refs.counter);
}

/*
 * The slot of a VM itself, for what no vCPU did; NULL if there was no room. Whoever is current: the
 * owner is the process whose memory the VM has.
 */
static __noinline struct kw_vcpu *kw_any_vm(struct kvm *kvm)
{
	struct kw_vcpu *v = kw_slot_of((__u64)kvm);
	struct task_struct *owner;

	if (!v) {
		if (kw_is_dying(kvm))
			return NULL;
		owner = kw_owner(kvm);
		v = owner ? kw_slot_take((__u64)kvm, (__u64)kvm, KW_VM_ITSELF, 0, owner) : NULL;
	}
	if (!v)
		kw_lose(KW_LOSS_NO_OWNER);
	return v;
}

/* The same; NULL also if a filter excludes it. */
static __always_inline struct kw_vcpu *kw_vm_find(struct kvm *kvm)
{
	struct kw_vcpu *v = kw_any_vm(kvm);

	return v && !(v->flags & KW_VCPU_IGNORED) ? v : NULL;
}

/*
 * The slot of a vCPU, whoever is current; NULL if there was no room, or a filter excludes it. One
 * that has not been seen to run yet gets the thread that KVM says ran it last.
 */
static __noinline struct kw_vcpu *kw_vcpu_of(struct kvm_vcpu *vcpu)
{
	struct kw_vcpu *v = kw_slot_of((__u64)vcpu);
	struct task_struct *owner;
	__u32 tid;

	if (!v) {
		if (kw_is_dying(BPF_CORE_READ(vcpu, kvm)))
			return NULL;
		tid = BPF_CORE_READ(vcpu, pid, numbers[0].nr);
		if (!tid && kw_filters & (1 << KW_FILTER_TID))
			return NULL;
		owner = kw_owner(BPF_CORE_READ(vcpu, kvm));
		v = owner ? kw_vcpu_create(vcpu, tid, owner) : NULL;
		if (!v)
			kw_lose(KW_LOSS_NO_OWNER);
	}
	return v && !(v->flags & KW_VCPU_IGNORED) ? v : NULL;
}

static __always_inline void kw_collectors_on_state(struct kw_vcpu *v, enum kw_state state,
						   struct kvm_vcpu *entered, __u64 now);

/* The slot of the vCPU that the current thread has loaded, whatever told of it. */
static __noinline struct kw_vcpu *kw_loaded_slot(void)
{
	struct kvm_vcpu *vcpu = kw_running ? kw_loaded_vcpu() : NULL;
	struct kw_vcpu *v = vcpu ? kw_vcpu_find_slow(vcpu, KW_MAX_CPUS) : NULL;
	__u64 now;

	if (!v || v->flags & KW_VCPU_IGNORED)
		return NULL;
	if (v->state == KW_ST_UNKNOWN) { /* it was in KVM_RUN when counting began */
		now = bpf_ktime_get_ns();
		kw_collectors_on_state(v, KW_ST_KERNEL, NULL, now);
		v->state = KW_ST_KERNEL;
		v->since_ns = now;
	}
	return v;
}

/* The slot of the vCPU that runs on the current thread. */
static __always_inline struct kw_vcpu *kw_current_vcpu(void)
{
	struct kw_vcpu *v;

	if (!kw_running)
		return NULL;
	v = kw_vcpu_of_task(kw_current());
	return v || !kw_user_exits ? v : kw_loaded_slot();
}

/* The slot of the current vCPU if it is one of this VM's, else of the VM itself. */
static __always_inline struct kw_vcpu *kw_actor(struct kvm *kvm)
{
	struct kw_vcpu *v = kw_vcpu_of_task(kw_current());

	return v && v->kvm == (__u64)kvm ? v : kw_vm_find(kvm);
}

/* ---- timing less than every exit ---- */

/* Is this exit timed? One in kw_one_in is, at random, so that no pattern of exits can evade. */
static __always_inline bool kw_is_timed(struct kw_vcpu *v)
{
	if (v->skip) {
		v->skip--;
		return false;
	}
	v->skip = bpf_get_prandom_u32() % (2 * kw_one_in - 1);
	return true;
}

/* When the host's TSC was that, CLOCK_MONOTONIC. In two steps, as the product has over 64 bits. */
static __always_inline __u64 kw_ns_of_tsc(__u64 tsc)
{
	const struct kw_tsc_clock *c = &kw_clock[kw_clock_now & 1];
	__s64 ticks = tsc - c->tsc, high = ticks >> 20, low = ticks & ((1 << 20) - 1);
	__s64 mult = c->mult;

	return c->ns + ((high * mult) >> (KW_TSC_SHIFT - 20)) + ((low * mult) >> KW_TSC_SHIFT);
}

/* ---- splitting an exit's time ---- */

static __always_inline void kw_charge(struct kw_vcpu *v, enum kw_part part, __u64 ns)
{
	v->part[part] += ns;
	v->flags |= KW_VCPU_SPLIT;
}

static __always_inline void kw_clear_parts(struct kw_vcpu *v)
{
	if (!(v->flags & KW_VCPU_SPLIT))
		return;
	__builtin_memset(v->part, 0, sizeof(v->part));
	v->flags &= ~KW_VCPU_SPLIT;
}

/*
 * The vCPU, on its CPU, changes its state during an exit: charge the time in the old one. The
 * state changes first: where this program can be preempted, the switch that does it must not
 * charge the same span again.
 */
static __always_inline void kw_set_state(struct kw_vcpu *v, enum kw_state state, __u64 now)
{
	__u8 old = v->state;
	__u64 since;

	v->state = state;
	barrier();
	since = v->since_ns;
	if (v->exit_ns && old == KW_ST_VMM && now > since)
		kw_charge(v, KW_PART_VMM, now - since);
	if (now > v->since_ns)
		v->since_ns = now;
}

static __always_inline void kw_switch_out(struct kw_vcpu *v, bool runnable, __u64 now)
{
	kw_set_state(v, v->state, now);
	v->off_ns = now;
	v->wake_ns = runnable ? now : 0;
}

/* Back on a CPU. One that nobody was seen to wake had not slept. */
static __always_inline void kw_switch_in(struct kw_vcpu *v, __u64 now)
{
	__u64 off = v->off_ns, wake = v->wake_ns ?: off;

	if (v->exit_ns && off >= v->exit_ns && now >= wake) {
		kw_charge(v, KW_PART_HALTED, wake - off);
		kw_charge(v, KW_PART_WAITING, now - wake);
		if (wake == off) {
			v->preempt_ns = off;
			v->preempt_len = now - off;
		}
	}
	v->since_ns = now;
	v->off_ns = 0;
	v->wake_ns = 0;
}

/*
 * Of the time that KVM counted as polled, in a halt that began ns ago, what was spent on a CPU:
 * what was spent waiting for one is in that part already.
 */
static __always_inline __u64 kw_polled_on_cpu(const struct kw_vcpu *v, __u64 ns, __u64 polled,
					      __u64 now)
{
	if (v->preempt_ns < now - ns || v->preempt_ns >= now - ns + polled)
		return polled;
	return polled - (v->preempt_len < polled ? v->preempt_len : polled);
}

/* A halt ended that began ns ago. Returns the time that KVM counted as polled before it slept. */
static __always_inline __u64 kw_halt_ended(struct kw_vcpu *v, struct kvm_vcpu *vcpu, __u64 ns,
					   __u64 now)
{
	__u64 stat, polled, poll;

	if (!kw_poll_stat(vcpu, &stat))
		return 0;
	polled = stat > v->poll_stat ? stat - v->poll_stat : 0; /* an administrator may clear it */
	v->poll_stat = stat;
	polled = polled > ns ? ns : polled;
	poll = kw_polled_on_cpu(v, ns, polled, now);
	if (v->exit_ns && poll)
		kw_charge(v, KW_PART_POLL, poll);
	return polled;
}

static __always_inline void kw_fit(__u64 *part, __u64 *left)
{
	if (*part > *left)
		*part = *left;
	*left -= *part;
}

/* What remains of an exit's time when its parts are taken off: on a CPU in the kernel. */
static __always_inline __u64 kw_kernel_part(const struct kw_vcpu *v, __u64 total)
{
	for (int i = 0; i < KW_PARTS; i++)
		total -= v->part[i];
	return total;
}

/*
 * The parts of an exit never exceed it: they are spans of this clock that do not overlap, but for
 * the time that KVM polled, which is KVM's own, and for a hook that was preempted amidst.
 */
static __always_inline void kw_fit_parts(struct kw_vcpu *v, __u64 total)
{
	kw_fit(&v->part[KW_PART_WAITING], &total);
	kw_fit(&v->part[KW_PART_HALTED], &total);
	kw_fit(&v->part[KW_PART_VMM], &total);
	kw_fit(&v->part[KW_PART_POLL], &total);
}

#endif
