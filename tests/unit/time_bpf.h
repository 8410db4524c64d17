/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_bpf.h - the hooks of the spine with the time collector as the only one that listens, and a
 * machine for them: whatever tasks and vCPUs do there fires the hooks that it fires in the kernel.
 * May not know about: what is expected of it.
 * To extend: another thing that happens is a function here.
 */
#ifndef KW_UNIT_TIME_BPF_H
#define KW_UNIT_TIME_BPF_H

#define KW_ON_AT_FIRST (1U << KW_ID_time)
#include "kernel_bpf.h"

#include "collectors/time/time.h"

#ifdef KW_UNIT_WAITERS /* shorter lists */
#undef TIME_WAITERS
#define TIME_WAITERS KW_UNIT_WAITERS
#endif

#define CPUS 8

/* Of which run queue it is is asked with a number, or with an address. */
static struct rq rqs[CPUS];
#define bpf_per_cpu_ptr(what, cpu) ((cpu) < CPUS ? &rqs[cpu] : NULL)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* as where they are built for the kernel */
#include "collectors/time/time.bpf.h"

const struct rq runqueues;

#define KW_HOT_BPF_H /* what follows replaces it */

static inline void kw_collectors_on_untimed(struct kw_vcpu *v)
{
	(void)v;
}

static inline void kw_collectors_on_exit_done(struct kw_vcpu *v, __u64 now, __u64 total)
{
	(void)v, (void)now, (void)total;
}

static inline void kw_collectors_on_about(struct kw_vcpu *v, __u64 now, __u64 total)
{
	(void)v, (void)now, (void)total;
}

static inline void kw_collectors_on_window(struct kw_vcpu *v)
{
	(void)v;
}

static inline void kw_collectors_on_userspace(struct kw_vcpu *v, __u32 reason)
{
	(void)v, (void)reason;
}

static inline void kw_collectors_on_fault(struct kw_vcpu *v)
{
	(void)v;
}

static inline void kw_collectors_on_state(struct kw_vcpu *v, enum kw_state state,
					  struct kvm_vcpu *entered, __u64 now)
{
	time_on_state(v, state, entered ? kw_exit_level(entered) : 0, now);
}

static inline void kw_collectors_on_halt(struct kw_vcpu *v, __u64 ns, __u64 polled, bool waited,
					 bool valid, __u64 now)
{
	(void)valid;
	time_on_halt(v, ns, polled, waited, now);
}

static inline __u64 kw_collectors_on_any_switch(struct task_struct *prev, __u32 cpu)
{
	return time_on_any_switch(prev, cpu);
}

static inline void kw_collectors_on_switch_out(struct kw_vcpu *v, struct task_struct *task,
					       __u32 state, __u32 cpu, __u64 now)
{
	time_on_switch_out(v, task, state, cpu, now);
}

static inline void kw_collectors_on_wake(struct kw_vcpu *v, struct task_struct *task, __u64 now)
{
	time_on_wake(v, task, now);
}

static inline void kw_collectors_on_switch_in(struct kw_vcpu *v, __u64 now)
{
	time_on_switch_in(v, now);
}

static inline void kw_collectors_on_thread(struct kw_vcpu *before, struct kw_vcpu *v)
{
	time_on_thread(before, v);
}

#include "bpf/spine.bpf.c"
#pragma GCC diagnostic pop

/* ---- what is in the machine ---- */

#define SLOTS 128

struct vcpu {
	struct vcpu_svm svm;
	struct vmcb vmcb;
	struct pid pid;
	struct kvm *kvm;
};

static struct task_struct idle[CPUS];

static inline void machine_start(void)
{
	FAKE_MAP(&vcpus, KW_FAKE_ARRAY);
	FAKE_MAP(&vcpu_slots, KW_FAKE_HASH);
	FAKE_MAP(&filter_ids, KW_FAKE_HASH);
	FAKE_MAP(&time_slots, KW_FAKE_ARRAY);
	FAKE_MAP(&time_cpus, KW_FAKE_ARRAY);
	FAKE_MAP(&time_reasons, KW_FAKE_HASH);
	FAKE_MAP(&time_culprits, KW_FAKE_HASH);
	FAKE_MAP(&time_groups, KW_FAKE_HASH);
	FAKE_MAP(&time_processes, KW_FAKE_HASH);
	FAKE_MAP(&time_ended, KW_FAKE_HASH);
	FAKE_MAP(&time_tids, KW_FAKE_HASH);
	fake_new(&vcpu_free, KW_FAKE_QUEUE, 0, sizeof(__u32), KW_TOO_MANY);
	for (__u32 slot = 1; slot <= SLOTS; slot++)
		bpf_map_push_elem(&vcpu_free, &slot, BPF_ANY);
	memset(kw_memo, 0, sizeof(kw_memo));
	memset(kw_lost, 0, sizeof(kw_lost));
	memset(time_now, 0, sizeof(time_now));
	kw_slots_taken = kw_vcpus_ended = 0;
	kw_quota_shift = 0;
	kw_running = 1;
	now_ns = 1000;
	for (__u32 cpu = 0; cpu < CPUS; cpu++) {
		idle[cpu] = (struct task_struct){ .thread_info.cpu = cpu,
						  .group_leader = &idle[cpu],
						  .flags = TIME_PF_KTHREAD };
		snprintf(idle[cpu].comm, sizeof(idle[cpu].comm), "swapper/%u", cpu);
		rqs[cpu] = (struct rq){ .curr = &idle[cpu], .cpu = cpu };
	}
}

/* Of no group does the kernel say itself that it has quota: what hooks told is all there is. */
static struct cfs_rq without_quota_rq = { .throttle_count = 1 };

static inline void make_task(struct task_struct *t, int pid, struct task_struct *leader,
			     const char *comm)
{
	*t = (struct task_struct){ .pid = pid, .tgid = leader->pid, .group_leader = leader };
	t->tgid = leader == t ? pid : leader->pid;
	t->se.cfs_rq = &without_quota_rq;
	snprintf(t->comm, sizeof(t->comm), "%s", comm);
}

static inline void free_task(struct task_struct *t)
{
	free(t->bpf_storage);
	t->bpf_storage = NULL;
}

static inline void make_vcpu(struct vcpu *v, struct kvm *kvm, int id)
{
	*v = (struct vcpu){ .svm.vmcb = &v->vmcb,
			    .svm.vcpu.kvm = kvm,
			    .svm.vcpu.vcpu_id = id,
			    .svm.vcpu.pid = &v->pid };
}

/* Its slot; NULL if it has none. */
static inline struct kw_vcpu *slot_of(const struct vcpu *v)
{
	return kw_slot_of((__u64)&v->svm.vcpu);
}

/* ---- what happens ---- */

#define ARGS(...) ((unsigned long long[]){ __VA_ARGS__ })

/* On this CPU, by whoever runs there. */
static inline void on(__u32 cpu)
{
	this_cpu = cpu;
	current_task = cpu < CPUS ? rqs[cpu].curr : &idle[0];
}

/* The vCPU's thread calls KVM_RUN. */
static inline void calls_run(__u32 cpu, struct vcpu *v)
{
	on(cpu);
	v->svm.vcpu.mutex.owner.counter = (__s64)current_task;
	v->pid.numbers[0].nr = current_task->pid;
	kw_run_fentry(ARGS((__u64)&v->svm.vcpu));
}

static inline void returns_to_user(__u32 cpu, struct vcpu *v)
{
	on(cpu);
	kw_kvm_userspace_exit(ARGS(2, 0));
	v->svm.vcpu.mutex.owner.counter = 0;
}

/* level 2: the guest of the guest is entered. */
static inline void enters_level(__u32 cpu, struct vcpu *v, int level)
{
	on(cpu);
	v->svm.vcpu.arch.hflags = level == 2;
	kw_kvm_entry(ARGS((__u64)&v->svm.vcpu));
}

static inline void enters(__u32 cpu, struct vcpu *v)
{
	enters_level(cpu, v, 1);
}

static inline void exits(__u32 cpu, struct vcpu *v, __u32 code)
{
	on(cpu);
	v->vmcb.control.exit_code = code;
	kw_kvm_exit(ARGS((__u64)&v->svm.vcpu, KW_ISA_SVM));
}

/* A halt of ns is over; KVM's counters tell how long it polled. */
static inline void halt_ends(__u32 cpu, struct vcpu *v, __u64 ns, __u64 polled, bool waited)
{
	struct kvm_vcpu_stat_generic *stat = &v->svm.vcpu.stat.generic;

	on(cpu);
	*(waited ? &stat->halt_poll_fail_ns : &stat->halt_poll_success_ns) += polled;
	kw_kvm_vcpu_wakeup(ARGS(ns, waited, true));
}

/* state: of the task that is switched out; 0: it stays runnable. */
static inline void switches(__u32 cpu, struct task_struct *next, __u32 state)
{
	struct task_struct *prev;

	on(cpu);
	prev = current_task;
	prev->__state = state;
	kw_sched_switch(ARGS(!state, (__u64)prev, (__u64)next, state));
	next->thread_info.cpu = cpu;
	next->__state = 0;
	if (cpu < CPUS)
		rqs[cpu].curr = next;
}

/* By someone on another CPU. */
static inline void wakes(struct task_struct *t, __u32 cpu)
{
	if (t->thread_info.cpu != cpu)
		time_migrate(ARGS((__u64)t, cpu));
	t->thread_info.cpu = cpu;
	t->__state = 0;
	kw_sched_wakeup(ARGS((__u64)t));
}

static inline void migrates(struct task_struct *t, __u32 cpu)
{
	time_migrate(ARGS((__u64)t, cpu));
	t->thread_info.cpu = cpu;
}

static inline void irq_begins(__u32 cpu)
{
	on(cpu);
	time_irq_entry(ARGS(1));
}

static inline void irq_ends(__u32 cpu)
{
	on(cpu);
	time_irq_exit(ARGS(1));
}

static inline void throttles(void *group, __u32 cpu)
{
	time_throttle_fentry(ARGS((__u64)group, (__u64)&rqs[cpu]));
}

static inline void unthrottles(void *group, __u32 cpu)
{
	time_unthrottle_fentry(ARGS((__u64)group, (__u64)&rqs[cpu]));
}

static inline void flushes(__u32 cpu)
{
	on(cpu);
	time_flush(NULL);
}

static inline void is_destroyed(struct vcpu *v)
{
	kw_destroy_fentry(ARGS((__u64)&v->svm.vcpu));
}

/* ---- what came of it ---- */

static inline struct time_slot *time_of(__u32 slot)
{
	return bpf_map_lookup_elem(&time_slots, &slot);
}

static inline __u64 sum_of_states(const struct time_slot *s)
{
	__u64 sum = 0;

	for (int i = 0; i < TIME_STATES; i++)
		sum += s->ns[i];
	return sum;
}

/* The i-th row of a map with bounded keys. */
static inline const void *row_key(const void *m, size_t i)
{
	return fake_map(m)->row[i];
}

static inline const void *row_value(const void *m, size_t i)
{
	return fake_map(m)->row[i] + fake_value_at(fake_map(m));
}

/* All rows of a slot together. */
static inline __u64 sum_of_reasons(__u32 slot)
{
	__u64 sum = 0;

	for (size_t i = 0; i < fake_map(&time_reasons)->n; i++)
		if (((const struct time_reason_key *)row_key(&time_reasons, i))->key.slot == slot)
			sum += ((const struct time_reason_value *)row_value(&time_reasons, i))
				       ->kernel;
	return sum;
}

static inline __u64 sum_of_culprits(__u32 slot)
{
	__u64 sum = 0;

	for (size_t i = 0; i < fake_map(&time_culprits)->n; i++)
		if (((const struct time_culprit_key *)row_key(&time_culprits, i))->key.slot == slot)
			sum += ((const struct time_culprit_value *)row_value(&time_culprits, i))
				       ->waited;
	return sum;
}

/* What user space does once it has read the last of a vCPU. */
static inline void slot_is_forgotten(__u32 slot)
{
	struct kw_fake_map *maps[] = { fake_map(&time_reasons), fake_map(&time_culprits) };

	for (size_t m = 0; m < ARRAY_SIZE(maps); m++)
		for (size_t i = maps[m]->n; i-- > 0;)
			if (((const struct kw_keyed_key *)maps[m]->row[i])->slot == slot)
				fake_remove(maps[m], i);
	memset(time_of(slot), 0, sizeof(struct time_slot));
	memset(kw_slot(slot), 0, sizeof(struct kw_vcpu));
	bpf_map_push_elem(&vcpu_free, &slot, BPF_ANY);
}

/* Every place that is used is counted, and no vCPU has two. */
static inline void assert_lists(void)
{
	for (__u32 cpu = 0; cpu < CPUS; cpu++) {
		const struct time_cpu *c = time_cpu(cpu);
		__u32 used = 0;

		for (int i = 0; i < TIME_WAITERS; i++)
			used += c->waiter[i] != 0;
		assert_int_equal(time_now[cpu].waiting, used);
	}
}

#endif
