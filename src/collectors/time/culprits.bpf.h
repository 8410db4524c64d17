/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * culprits.bpf.h - who ran while a vCPU was runnable: each CPU keeps a list of the vCPUs that wait
 * for it, and charges them at every switch with the time of the one that is switched out.
 * May not know about: names, VMs, other collectors.
 * To extend: see enum time_culprit (time.h).
 *
 * Who waits is in at most one list. It gets there and leaves it under the lock of a run queue, but
 * the flush before a reading takes none, and one that moves is under that of the CPU it leaves:
 * places and spans of time are taken by compare-and-swap, so that each is taken once.
 */
#ifndef KW_CULPRITS_BPF_H
#define KW_CULPRITS_BPF_H

#include "slots.bpf.h"
#include "threads.bpf.h"

KW_KEYED_MAP(time_culprits, struct time_culprit_key, struct time_culprit_value);

static const struct time_culprit_value time_culprit_zero;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TIME_CPUS);
	__type(key, __u32);
	__type(value, struct time_cpu);
} time_cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct time_group_key);
	__type(value, struct time_group);
} time_groups SEC(".maps");

/* What every switch and interrupt of the host looks at first: a cache line for each CPU. */
struct {
	__u32 waiting;	 /* vCPUs that wait for the CPU */
	__u32 irq_depth; /* interrupts that interrupted others */
	__u64 irq_since;
	__u64 irq_ns;  /* in interrupts, while anyone waited; cumulative */
	__u64 turn_ns; /* last switch while anyone waited */
	__u64 pad[4];
} time_now[TIME_CPUS];

typedef __typeof__(time_now[0]) time_now_t; /* without a name, as user space has its own */

extern const struct rq runqueues __ksym __weak;

/* That of a CPU below TIME_CPUS, which is what callers make sure of; the verifier sees a mask. */
static __always_inline time_now_t *time_now_of(__u32 cpu)
{
	__u64 i = cpu;

	barrier_var(i);
	return &time_now[i & (TIME_CPUS - 1)];
}

static __always_inline struct time_cpu *time_cpu(__u32 cpu)
{
	return bpf_map_lookup_elem(&time_cpus, &cpu);
}

/* ---- rows ---- */

/* key and fresh, its value when it is new, are on the stack: what helpers of maps accept. */
static __always_inline void time_count_culprit(struct kw_vcpu *v, struct time_slot *s,
					       struct time_culprit_key *key,
					       const struct time_culprit_value *fresh, __u32 turns,
					       __u64 ns)
{
	struct time_culprit_value *value;

	key->key.slot = v->slot;
	value = kw_keyed(&time_culprits, key, fresh, &s->culprits, kw_share(TIME_CULPRIT_ROWS));
	if (!value) {
		*key = (struct time_culprit_key){ .key.slot = v->slot, .key.other = 1 };
		value = kw_keyed_other(&time_culprits, key, &time_culprit_zero);
	}
	if (!value)
		return;
	__sync_fetch_and_add(&value->head.count, 1);
	__sync_fetch_and_add(&value->turns, turns);
	__sync_fetch_and_add(&value->waited, ns);
}

/* Someone that is no task: interrupts, the CPU limit, unknown. */
static __noinline int time_count_nobody(struct kw_vcpu *v, struct time_slot *s, __u32 by, __u64 ns)
{
	struct time_culprit_key key = { .by = by };

	if (v && s)
		time_count_culprit(v, s, &key, &time_culprit_zero, 1, ns);
	return 0;
}

/* ---- the CPU limit ---- */

/* Time that a vCPU's task group was without quota on a CPU until now; cumulative. */
static __always_inline __u64 time_limited(__u64 group, __u32 cpu, __u64 now)
{
	struct time_group_key key = { .group = group, .cpu = cpu };
	struct time_group *g = bpf_map_lookup_elem(&time_groups, &key);
	__u64 since;

	if (!g)
		return 0;
	since = g->since;
	return g->ns + (since && now > since ? now - since : 0);
}

/* tg_throttle_down(): a group, or one above it, has used up its quota on the CPU of rq. */
static __always_inline int time_throttle(void *group, void *rq)
{
	struct time_group_key key = { .group = (__u64)group };
	static const struct time_group zero;
	struct time_group *g;

	if (!kw_running)
		return 0;
	key.cpu = BPF_CORE_READ((struct rq *)rq, cpu);
	g = bpf_map_lookup_elem(&time_groups, &key);
	if (!g) {
		bpf_map_update_elem(&time_groups, &key, &zero, BPF_NOEXIST);
		g = bpf_map_lookup_elem(&time_groups, &key);
	}
	if (!g)
		kw_lose(KW_LOSS_NO_ROW);
	else if (!g->depth++)
		g->since = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void time_limit_over(struct time_group *g, __u64 now)
{
	__u64 since = g->since;

	g->depth = 0;
	g->since = 0;
	if (since && now > since)
		g->ns += now - since;
}

/* tg_unthrottle_up(): it may run again. */
static __always_inline int time_unthrottle(void *group, void *rq)
{
	struct time_group_key key = { .group = (__u64)group };
	struct time_group *g;

	key.cpu = BPF_CORE_READ((struct rq *)rq, cpu);
	g = bpf_map_lookup_elem(&time_groups, &key);
	if (g && g->depth && !--g->depth)
		time_limit_over(g, bpf_ktime_get_ns());
	return 0;
}

/*
 * A task of a group begins to wait on a CPU. If the kernel says that the group has quota there, but
 * nobody told us, that was kept from us, or it is another group at the same address.
 */
static __always_inline void time_check_limit(struct task_struct *task, __u64 group, __u32 cpu,
					     __u64 now)
{
	struct time_group_key key = { .group = group, .cpu = cpu };
	struct time_group *g = bpf_map_lookup_elem(&time_groups, &key);

	if (g && g->depth && kw_has_quota(task))
		time_limit_over(g, now);
}

SEC("?fentry/tg_throttle_down")
int BPF_PROG(time_throttle_fentry, void *group, void *rq)
{
	return time_throttle(group, rq);
}

SEC("?kprobe/tg_throttle_down")
int BPF_KPROBE(time_throttle_kprobe, void *group, void *rq)
{
	return time_throttle(group, rq);
}

SEC("?fentry/tg_unthrottle_up")
int BPF_PROG(time_unthrottle_fentry, void *group, void *rq)
{
	return time_unthrottle(group, rq);
}

SEC("?kprobe/tg_unthrottle_up")
int BPF_KPROBE(time_unthrottle_kprobe, void *group, void *rq)
{
	return time_unthrottle(group, rq);
}

/* ---- interrupts, while anyone waits ---- */

static __always_inline int time_irq_begins(void)
{
	__u32 cpu = kw_this_cpu();
	time_now_t *n = time_now_of(cpu);

	if (cpu < TIME_CPUS && n->waiting && !n->irq_depth++)
		n->irq_since = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int time_irq_ends(void)
{
	__u32 cpu = kw_this_cpu();
	time_now_t *n = time_now_of(cpu);

	if (cpu < TIME_CPUS && n->irq_depth && !--n->irq_depth)
		n->irq_ns += bpf_ktime_get_ns() - n->irq_since;
	return 0;
}

SEC("?tp_btf/irq_handler_entry")
int BPF_PROG(time_irq_entry, int irq)
{
	return time_irq_begins();
}

SEC("?tp_btf/irq_handler_exit")
int BPF_PROG(time_irq_exit, int irq)
{
	return time_irq_ends();
}

SEC("?tp_btf/softirq_entry")
int BPF_PROG(time_softirq_entry, unsigned int vec)
{
	return time_irq_begins();
}

SEC("?tp_btf/softirq_exit")
int BPF_PROG(time_softirq_exit, unsigned int vec)
{
	return time_irq_ends();
}

SEC("?tp_btf/local_timer_entry")
int BPF_PROG(time_timer_entry, int vector)
{
	return time_irq_begins();
}

SEC("?tp_btf/local_timer_exit")
int BPF_PROG(time_timer_exit, int vector)
{
	return time_irq_ends();
}

/* ---- who it was ---- */

/* A task's turn on a CPU: what it is charged as, and until when. */
struct time_turn {
	struct time_culprit_key key;
	struct time_culprit_value fresh; /* its row, when it is new */
	char comm[16], leader[16];
	__u32 tgid, tid;
	__u32 cpu;
	__u32 pad;
	__u64 irq_ns; /* of the CPU, cumulative */
	__u64 began;  /* it got the CPU then, or before anyone waited */
	__u64 now;
};

/* A task that ran; v: the vCPU that it runs, if it runs one. */
static __always_inline void time_who(struct task_struct *task, const struct kw_vcpu *v,
				     struct time_turn *turn)
{
	struct time_culprit_key *key = &turn->key;
	__u32 flags = BPF_CORE_READ(task, flags);

	BPF_CORE_READ_STR_INTO(&turn->comm, task, comm);
	BPF_CORE_READ_STR_INTO(&turn->leader, task, group_leader, comm);
	turn->tgid = BPF_CORE_READ(task, tgid);
	turn->tid = BPF_CORE_READ(task, pid);
	key->pid = turn->tgid;
	if (!turn->tid) {
		key->by = TIME_BY_IDLE;
		turn->comm[0] = 0;
	} else if (v) {
		key->by = TIME_BY_VCPU;
		key->pid = v->tgid;
		key->id = v->vcpu_id;
	} else if (time_is_vhost_name(turn->comm) &&
		   flags & (TIME_PF_KTHREAD | TIME_PF_USER_WORKER)) {
		key->by = TIME_BY_VHOST;
		key->id = turn->tid;
	} else if (flags & TIME_PF_KTHREAD) {
		key->by = TIME_BY_KERNEL;
	} else {
		key->by = TIME_BY_PROCESS;
	}
}

/* Another thread of the waiting vCPU's own process is told by its thread, not as a process. */
static __always_inline void time_who_to(const struct kw_vcpu *v, struct time_turn *turn)
{
	bool process = turn->key.by == TIME_BY_PROCESS || turn->key.by == TIME_BY_VMM;
	bool own = process && turn->tgid == v->tgid;

	if (process) {
		turn->key.by = own ? TIME_BY_VMM : TIME_BY_PROCESS;
		turn->key.id = own ? turn->tid : 0;
	}
	__builtin_memcpy(turn->fresh.comm, process && !own ? turn->leader : turn->comm,
			 sizeof(turn->fresh.comm));
}

/* ---- who waits ---- */

/* What of a wait was due to the CPU limit, and what to interrupts; the rest is left in *ns. */
static __always_inline __u64 time_of_limit(struct time_slot *s, __u64 now, __u64 *ns)
{
	__u64 total = time_limited(s->group, s->cpu, now), limit;

	limit = total > s->limit_ns ? total - s->limit_ns : 0;
	limit = limit > *ns ? *ns : limit;
	s->limit_ns = total;
	*ns -= limit;
	return limit;
}

static __always_inline __u64 time_of_irq(struct time_slot *s, __u64 total, __u64 *ns)
{
	__u64 irq = total > s->irq_ns ? total - s->irq_ns : 0;

	irq = irq > *ns ? *ns : irq;
	if (total > s->irq_ns)
		s->irq_ns = total;
	*ns -= irq;
	return irq;
}

/*
 * The time for which a vCPU waited since it was last charged goes to who ran meanwhile. turn NULL:
 * nobody knows.
 */
static __always_inline void time_charge_wait(struct kw_vcpu *v, struct time_slot *s,
					     struct time_turn *turn, __u64 irq_ns, __u64 now)
{
	__u32 state = s->state == TIME_WOKEN ? TIME_WOKEN : TIME_PREEMPTED;
	__u64 since = s->since, ns, limit, irq;

	if (now <= since || !time_waits(s->state))
		return;
	__sync_fetch_and_add(&s->seq, 1); /* as time_write(), but there may be two */
	if (kw_swap64(&s->since, since, now) != since) {
		__sync_fetch_and_add(&s->seq, 1);
		return; /* another CPU charges it */
	}
	ns = now - since;
	limit = time_of_limit(s, now, &ns);
	__sync_fetch_and_add(&s->ns[TIME_THROTTLED], limit);
	__sync_fetch_and_add(&s->ns[state], ns);
	__sync_fetch_and_add(&s->seq, 1);
	irq = time_of_irq(s, irq_ns, &ns);
	if (limit)
		time_count_nobody(v, s, TIME_BY_LIMIT, limit);
	if (irq)
		time_count_nobody(v, s, TIME_BY_IRQ, irq);
	if (ns && turn) {
		struct time_culprit_value fresh = turn->fresh;
		struct time_culprit_key key = turn->key;

		/* a turn counts when it is first charged to this wait, not at each reading */
		time_count_culprit(v, s, &key, &fresh, since <= turn->began || since == s->wait_ns,
				   ns);
	} else if (ns) {
		time_count_nobody(v, s, TIME_BY_UNKNOWN, ns);
	}
}

/* A place in a CPU's list. */
static __always_inline void time_take_place(struct kw_vcpu *v, struct time_slot *s,
					    struct time_cpu *c, time_now_t *n)
{
	for (__u32 i = 0; i < TIME_WAITERS; i++) {
		s->place = i + 1; /* first: whoever finds it in the list looks at that */
		if (!kw_swap32(&c->waiter[i], 0, v->slot)) {
			__sync_fetch_and_add(&n->waiting, 1);
			return;
		}
	}
	s->place = 0;
}

/* Whoever frees a place is the one that counts it. */
static __always_inline void time_free_place(struct time_cpu *c, time_now_t *n, __u32 i, __u32 slot)
{
	if (i < TIME_WAITERS && kw_swap32(&c->waiter[i], slot, 0) == slot)
		__sync_fetch_and_add(&n->waiting, -1);
}

/* A vCPU begins to wait for a CPU: it goes to its list. */
static __noinline int time_enter(struct kw_vcpu *v, __u32 cpu, struct task_struct *task, __u64 now)
{
	struct time_slot *s = v ? time_slot(v) : NULL;
	time_now_t *n = time_now_of(cpu);
	struct time_cpu *c = time_cpu(cpu);

	if (!s || !v || !task || !time_waits(s->state) || s->place)
		return 0;
	s->cpu = cpu;
	s->wait_ns = now;
	s->group = kw_group_of(task);
	time_check_limit(task, s->group, cpu, now);
	s->limit_ns = time_limited(s->group, cpu, now);
	if (!c || cpu >= TIME_CPUS)
		return 0;
	s->irq_ns = n->irq_ns;
	if (n->irq_depth && now > n->irq_since) /* what has passed of it is none of this wait */
		s->irq_ns += now - n->irq_since;
	time_take_place(v, s, c, n);
	return 0;
}

/*
 * It waits no more. The switch that gives it its CPU has charged it already; what is left if it was
 * in no list, or went on elsewhere, nobody saw.
 */
static __noinline int time_end_wait(struct kw_vcpu *v, struct time_slot *s, __u64 now)
{
	time_now_t *n;
	struct time_cpu *c;
	__u32 place;

	if (!v || !s)
		return 0;
	n = time_now_of(s->cpu);
	c = time_cpu(s->cpu);
	time_charge_wait(v, s, NULL, s->cpu < TIME_CPUS ? n->irq_ns : 0, now);
	place = s->place;
	s->place = 0;
	if (place && c) /* so it is a CPU that there is a list for */
		time_free_place(c, n, place - 1, v->slot);
	return 0;
}

/*
 * One of those that wait for a CPU. To be verified once, not for each place in the list. Returns 1
 * if it ended meanwhile.
 */
KW_VERIFIED_ALONE int time_charge_waiter(struct time_turn *turn, __u32 slot, __u32 place)
{
	struct time_slot *s;
	struct kw_vcpu *v;

	if (!kw_is_on(time) || !turn) /* kernels verify it though nobody calls it */
		return 0;
	v = kw_slot(slot);
	s = v ? time_slot(v) : NULL;
	if (!s || !v->vcpu || s->cpu != turn->cpu || s->place != place)
		return 1;
	time_who_to(v, turn);
	time_charge_wait(v, s, turn, turn->irq_ns, turn->now);
	return 0;
}

/* Those that wait for this CPU are charged with the task that had it until now. */
static __noinline int time_charge_waiters(struct task_struct *task, const struct kw_vcpu *runs,
					  time_now_t *n, struct time_turn *turn)
{
	__u32 left;
	struct time_cpu *c;

	if (!n || !task || !turn)
		return 0;
	c = time_cpu(turn->cpu);
	if (!c)
		return 0;
	turn->irq_ns = n->irq_ns;
	time_who(task, runs, turn);
	left = n->waiting;
	for (__u32 i = 0; i < TIME_WAITERS && left; i++) {
		__u32 slot = c->waiter[i];

		if (!slot)
			continue;
		left--;
		if (time_charge_waiter(turn, slot, i + 1))
			time_free_place(c, n, i, slot);
	}
	return 0;
}

/* A switch on a CPU that someone waits for, at this time. */
static __noinline int time_charge_switch(struct task_struct *prev, time_now_t *n, __u32 cpu,
					 __u64 now)
{
	struct time_turn turn = { .cpu = cpu, .now = now };

	if (!prev || !n)
		return 0;
	n->irq_depth = 0; /* there are no switches in interrupts, but where those are threads */
	turn.began = n->turn_ns;
	time_charge_waiters(prev, kw_any_vcpu_of_task(prev), n, &turn);
	n->turn_ns = now;
	return 0;
}

/* Any switch of the host, before all else. Returns its time if that was needed, else 0. */
static __always_inline __u64 time_on_any_switch(struct task_struct *prev, __u32 cpu)
{
	time_now_t *n = time_now_of(cpu);
	__u64 now;

	if (cpu >= TIME_CPUS || !n->waiting)
		return 0;
	now = bpf_ktime_get_ns();
	time_charge_switch(prev, n, cpu, now);
	return now;
}

/*
 * Run by user space on a CPU before a reading, so that a wait that goes on has its share in each
 * interval: there is no switch meanwhile, but one that waits may be moved away by another CPU.
 */
SEC("?raw_tp")
int time_flush(void *ctx)
{
	struct task_struct *task = kw_current();
	struct time_turn turn = {};
	time_now_t *n;

	turn.cpu = kw_this_cpu();
	n = time_now_of(turn.cpu);
	if (!kw_running || turn.cpu >= TIME_CPUS || !n->waiting)
		return 0;
	turn.began = n->turn_ns;
	turn.now = bpf_ktime_get_ns();
	time_charge_waiters(task, kw_any_vcpu_of_task(task), n, &turn);
	return 0;
}

/* The task that runs on a CPU, whose run queue is locked; not one that helpers accept. */
static __always_inline struct task_struct *time_current_of(__u32 cpu)
{
	const struct rq *rq;

	if (!&runqueues)
		return NULL;
	rq = bpf_per_cpu_ptr(&runqueues, cpu);
	return rq ? BPF_CORE_READ(rq, curr) : NULL;
}

/* One that waits is charged with who runs until now on the CPU that it leaves. */
static __always_inline void time_charge_move(struct kw_vcpu *v, struct time_slot *s, __u64 now)
{
	struct task_struct *runs = s->place ? time_current_of(s->cpu) : NULL;
	time_now_t *n = time_now_of(s->cpu);
	struct time_turn turn = { .began = n->turn_ns };

	if (!runs)
		return;
	time_who(runs, time_vcpu_by_tid(BPF_CORE_READ(runs, pid)), &turn);
	time_who_to(v, &turn);
	time_charge_wait(v, s, &turn, n->irq_ns, now);
}

/* A task goes to another run queue. */
SEC("?tp_btf/sched_migrate_task")
int BPF_PROG(time_migrate, struct task_struct *task, int cpu)
{
	struct time_slot *s;
	struct kw_vcpu *v;
	__u64 now;

	if (!kw_running || kw_is_blank(task))
		return 0;
	v = kw_vcpu_of_task(task);
	s = v ? time_slot(v) : NULL;
	if (!s || !time_waits(s->state))
		return 0;
	now = bpf_ktime_get_ns();
	time_charge_move(v, s, now);
	time_end_wait(v, s, now);
	time_enter(v, cpu, task, now);
	return 0;
}

#endif
