// SPDX-License-Identifier: Apache-2.0
/*
 * time_random.c - the BPF half of the time collector against a small scheduler that does at random
 * what kernels may do, and that keeps its own books of who ran where.
 * May not know about: how the collector comes to its figures; but where it says that it does not
 * know (a list that is full, a thread that takes over), so do these books.
 * To extend: another thing that happens is a function in steps[].
 */
#define KW_UNIT_WAITERS 3 /* so that lists are often full */
#include "time_bpf.h"

#define SEEDS	6
#define STEPS	20000
#define USED	3 /* CPUs */
#define VMS	2
#define THREADS 17
#define VCPUS	6
#define GROUPS	2
#define ROWS	64

#define HLT 0x78

enum phase { IN_VMM, IN_KERNEL, IN_GUEST, IN_POLL, IN_HALT };
enum where { ASLEEP, RUNNABLE, RUNNING };

struct entry {
	struct time_culprit_key key; /* its slot is 0 here */
	__u64 ns;
};

struct reason {
	__u32 code, level;
	__u64 ns;
};

/* A vCPU, as it is. */
struct model {
	struct vcpu v;
	int vm, id, thread; /* thread: that ran it last */
	bool alive, seen;
	__u32 slot, state;
	__u64 begun, ns[TIME_STATES], before[TIME_STATES];
	enum phase phase;
	__u32 code, level;		  /* of the exit that KVM handles; 0, 0: none */
	int entered;			  /* level of its guest */
	__u64 halt_ns, polled, preempted; /* begin of the halt; of its polling */
	bool preempted_once;
	/* while it waits */
	int cpu;
	bool listed;
	__u64 limit, irq, rest; /* since it was last charged */
	struct entry entry[ROWS];
	struct reason reason[ROWS];
	size_t entries, reasons;
};

struct thread {
	struct task_struct task;
	enum where where;
	int cpu, vm;
	int vcpu;    /* that it runs, or ran last; -1: none */
	bool in_run; /* in KVM_RUN */
	bool can_run;
};

static struct kw_random random_state;
static struct model model[VCPUS];
static struct thread thread[THREADS];
static struct kvm kvm[VMS];
static char group[GROUPS];
static struct {
	int current; /* thread; -1: idle */
	int stale;   /* places of vCPUs that were destroyed */
	int irqs, counted;
	int limits[GROUPS];
} cpu[USED];

static __u32 any(__u32 n)
{
	return kw_random_next(&random_state) % n;
}

/* ---- the books --------------------------------------------------------------------------------*/

static bool is_waiting(const struct model *m)
{
	return m->seen && (m->state == TIME_PREEMPTED || m->state == TIME_WOKEN);
}

static int group_of(const struct model *m)
{
	return thread[m->thread].task.sched_task_group == (void *)&group[1];
}

static void note_reason(struct model *m, __u64 ns)
{
	size_t i = 0;

	while (i < m->reasons && (m->reason[i].code != m->code || m->reason[i].level != m->level))
		i++;
	assert_true(i < ROWS);
	if (i == m->reasons)
		m->reason[m->reasons++] = (struct reason){ m->code, m->level, 0 };
	m->reason[i].ns += ns;
}

static void pass(__u64 ns)
{
	now_ns += ns;
	for (struct model *m = model; m < model + VCPUS; m++) {
		if (!m->alive || !m->seen)
			continue;
		if (!is_waiting(m))
			m->ns[m->state] += ns;
		else if (cpu[m->cpu].limits[group_of(m)])
			m->limit += ns;
		else if (cpu[m->cpu].counted)
			m->irq += ns;
		else
			m->rest += ns;
		if (m->state == TIME_KERNEL && ns)
			note_reason(m, ns);
	}
}

static void note(struct model *m, struct time_culprit_key key, __u64 ns)
{
	size_t i = 0;

	if (!ns)
		return;
	while (i < m->entries && memcmp(&m->entry[i].key, &key, sizeof(key)))
		i++;
	assert_true(i < ROWS);
	if (i == m->entries)
		m->entry[m->entries++] = (struct entry){ key, 0 };
	m->entry[i].ns += ns;
}

#define NOBODY(which) ((struct time_culprit_key){ .by = which })

static void charge(struct model *m, struct time_culprit_key who)
{
	m->ns[TIME_THROTTLED] += m->limit;
	m->ns[m->state] += m->irq + m->rest;
	note(m, NOBODY(TIME_BY_LIMIT), m->limit);
	note(m, NOBODY(TIME_BY_IRQ), m->irq);
	note(m, who, m->rest);
	m->limit = m->irq = m->rest = 0;
}

/* Whom the vCPU blames when it waits for a CPU: the task that has it. */
static struct time_culprit_key culprit_on(const struct model *m, int c)
{
	struct time_culprit_key key = { .by = TIME_BY_IDLE };
	const struct thread *t;

	if (cpu[c].current < 0)
		return key;
	t = &thread[cpu[c].current];
	key.pid = t->task.tgid;
	if (t->vcpu >= 0 && model[t->vcpu].thread == cpu[c].current) {
		key.by = TIME_BY_VCPU;
		key.id = model[t->vcpu].id;
	} else if (!strncmp(t->task.comm, "vhost-", 6)) {
		key.by = TIME_BY_VHOST;
		key.id = t->task.pid;
	} else if (t->task.flags & TIME_PF_KTHREAD) {
		key.by = TIME_BY_KERNEL;
	} else if (t->vm == m->vm) {
		key.by = TIME_BY_VMM;
		key.id = t->task.pid;
	} else {
		key.by = TIME_BY_PROCESS;
	}
	return key;
}

/* Who waits for a CPU blames who had it until now; places of the dead are found to be free. */
static void charge_all(int c)
{
	for (struct model *m = model; m < model + VCPUS; m++)
		if (m->alive && is_waiting(m) && m->listed && m->cpu == c)
			charge(m, culprit_on(m, c));
	cpu[c].stale = 0;
}

static int places(int c)
{
	int n = cpu[c].stale;

	for (const struct model *m = model; m < model + VCPUS; m++)
		n += m->alive && is_waiting(m) && m->listed && m->cpu == c;
	return n;
}

static void waits_for(struct model *m, int c, __u32 state)
{
	m->listed = false;
	m->listed = places(c) < KW_UNIT_WAITERS;
	m->cpu = c;
	m->state = state;
}

/* What is left of a wait when it ends, nobody saw. */
static void is_now(struct model *m, __u32 state)
{
	if (is_waiting(m))
		charge(m, NOBODY(TIME_BY_UNKNOWN));
	m->state = state;
	m->listed = false;
}

/* ---- what happens -----------------------------------------------------------------------------*/

/* The vCPU that a thread runs, if it is still its own. */
static struct model *vcpu_of(int t)
{
	struct model *m = t >= 0 && thread[t].vcpu >= 0 ? &model[thread[t].vcpu] : NULL;

	return m && m->alive && m->thread == t ? m : NULL;
}

static void guest_exits(struct model *m, int c, __u32 code)
{
	exits(c, &m->v, code);
	is_now(m, TIME_KERNEL);
	m->phase = IN_KERNEL;
	m->code = code;
	m->level = m->entered;
}

static __u32 state_on_cpu(const struct model *m)
{
	return m->phase == IN_VMM ? TIME_VMM : TIME_KERNEL;
}

/* Of polling, KVM tells only how long it took; a second time without a CPU would be forgotten. */
static bool may_be_preempted(const struct model *m)
{
	return !m || m->phase < IN_POLL || !m->preempted_once;
}

/* How the task that is switched out sleeps; 0: it does not. *ret: what its vCPU is then in. */
static __u32 way_to_sleep(struct model *m, __u32 *ret)
{
	static const __u32 states[] = { 1, 2, 4, 8 };
	__u32 how = any(4);

	*ret = TIME_PREEMPTED;
	if (may_be_preempted(m) && any(2))
		return 0;
	if (!m)
		return states[how];
	switch (m->phase) {
	case IN_VMM:
		*ret = how < 2 ? TIME_IDLE : TIME_STOPPED;
		return states[how];
	case IN_POLL:
		m->polled = now_ns - m->halt_ns;
		m->phase = IN_HALT;
		m->v.svm.vcpu.wait.task = &thread[m->thread].task;
		/* fall through */
	case IN_HALT:
		*ret = TIME_HALTED;
		return 1;
	default:
		*ret = TIME_BLOCKED;
		return 2;
	}
}

static void leaves_cpu(int c, __u32 *task_state)
{
	struct model *m = vcpu_of(cpu[c].current);
	__u32 state;

	*task_state = 0;
	if (cpu[c].current < 0)
		return;
	if (m && m->phase == IN_GUEST)
		guest_exits(m, c, 0x60);
	*task_state = way_to_sleep(m, &state);
	thread[cpu[c].current].where = *task_state ? ASLEEP : RUNNABLE;
	if (!m)
		return;
	if (!*task_state && m->phase == IN_POLL) {
		m->preempted_once = true;
		m->preempted = now_ns;
	}
	if (*task_state)
		is_now(m, state);
	else
		waits_for(m, c, TIME_PREEMPTED);
}

static void step_switch(int c)
{
	int next = any(THREADS), prev = cpu[c].current;
	struct model *m;
	__u32 state;

	if (cpu[c].irqs)
		return;
	if (thread[next].where != RUNNABLE || thread[next].cpu != c) {
		if (prev < 0 || any(4))
			return;
		next = -1;
	}
	charge_all(c);
	leaves_cpu(c, &state);
	switches(c, next < 0 ? &idle[c] : &thread[next].task, state);
	cpu[c].current = next;
	m = vcpu_of(next);
	if (next >= 0)
		thread[next].where = RUNNING;
	if (!m)
		return;
	is_now(m, state_on_cpu(m));
	if (m->phase == IN_POLL && m->preempted)
		m->preempted = now_ns - m->preempted;
}

static void step_wake(int c)
{
	int i = any(THREADS);
	struct thread *t = &thread[i];
	struct model *m = vcpu_of(i);

	if (t->where == RUNNING && !any(8)) /* it was about to sleep */
		wakes(&t->task, t->task.thread_info.cpu);
	if (t->where != ASLEEP)
		return;
	wakes(&t->task, c);
	t->where = RUNNABLE;
	t->cpu = c;
	if (!m)
		return;
	is_now(m, TIME_UNKNOWN);
	waits_for(m, c, TIME_WOKEN);
}

static void step_migrate(int c)
{
	int i = any(THREADS);
	struct thread *t = &thread[i];
	struct model *m = vcpu_of(i);
	int from = t->cpu;

	if (t->where != RUNNABLE || from == c || cpu[from].counted)
		return;
	migrates(&t->task, c);
	t->cpu = c;
	if (!m)
		return;
	charge(m, m->listed ? culprit_on(m, from) : NOBODY(TIME_BY_UNKNOWN));
	waits_for(m, c, m->state);
}

static void step_flush(int c)
{
	if (cpu[c].irqs)
		return;
	flushes(c);
	charge_all(c);
}

static void step_irq(int c)
{
	if (cpu[c].limits[0] || cpu[c].limits[1])
		return;
	if (cpu[c].irqs < 3 && any(2)) {
		cpu[c].irqs++;
		cpu[c].counted += places(c) != 0;
		irq_begins(c);
	} else if (cpu[c].irqs) {
		cpu[c].irqs--;
		cpu[c].counted -= cpu[c].counted != 0;
		irq_ends(c);
	}
}

static void step_limit(int c)
{
	int g = any(GROUPS);

	if (cpu[c].irqs)
		return;
	if (cpu[c].limits[g] < 2 && !any(3)) {
		throttles(&group[g], c);
		cpu[c].limits[g]++;
	} else if (cpu[c].limits[g]) {
		unthrottles(&group[g], c);
		cpu[c].limits[g]--;
	}
}

static void make_model(struct model *m, int t)
{
	int vm = m->vm, id = m->id;

	memset(m, 0, sizeof(*m));
	m->vm = vm;
	m->id = id;
	m->alive = true;
	m->thread = t;
	make_vcpu(&m->v, &kvm[vm], id);
}

static void thread_runs(int c, struct thread *t, struct model *m)
{
	struct model *before = vcpu_of(t - thread);
	const struct kw_vcpu *slot;

	calls_run(c, &m->v);
	slot = slot_of(&m->v);
	assert_non_null(slot);
	if (before && before != m)
		is_now(before, TIME_IDLE);
	if (!m->seen) {
		m->slot = slot->slot;
		m->begun = now_ns;
		m->seen = true;
	}
	m->thread = t - thread;
	t->vcpu = m - model;
	t->in_run = true;
	is_now(m, TIME_KERNEL);
	m->phase = IN_KERNEL;
}

static void step_run(int c)
{
	struct thread *t = cpu[c].current < 0 ? NULL : &thread[cpu[c].current];
	struct model *m = &model[any(VCPUS)];

	if (cpu[c].irqs || !t || t->in_run || !t->can_run || t->vm != m->vm)
		return;
	if (!m->alive)
		make_model(m, t - thread);
	if (m->phase != IN_VMM || (is_waiting(m) && cpu[m->cpu].counted))
		return;
	thread_runs(c, t, m);
}

static void polling_ends(struct model *m, int c, bool slept)
{
	__u64 polled = slept ? m->polled : now_ns - m->halt_ns;
	__u64 ran = polled - (m->preempted_once ? m->preempted : 0);

	m->v.svm.vcpu.wait.task = NULL;
	halt_ends(c, &m->v, now_ns - m->halt_ns, polled, slept);
	m->ns[TIME_KERNEL] -= ran;
	m->ns[slept ? TIME_POLL_WASTED : TIME_POLL_HIT] += ran;
	m->phase = IN_KERNEL;
}

static void in_kernel(struct model *m, int c)
{
	switch (any(3)) {
	case 0:
		returns_to_user(c, &m->v);
		thread[cpu[c].current].in_run = false;
		is_now(m, TIME_VMM);
		m->phase = IN_VMM;
		break;
	case 1:
		if (m->code != HLT)
			break;
		m->phase = IN_POLL;
		m->halt_ns = now_ns;
		m->polled = m->preempted = 0;
		m->preempted_once = false;
		break;
	default:
		m->entered = 1 + !any(4);
		enters_level(c, &m->v, m->entered);
		is_now(m, m->entered == 2 ? TIME_NESTED : TIME_GUEST);
		m->phase = IN_GUEST;
		m->code = m->level = 0;
	}
}

static void step_vcpu(int c)
{
	static const __u32 codes[] = { HLT, HLT, 0x60, 0x7b, 0x400 };
	struct model *m = vcpu_of(cpu[c].current);

	if (!m || cpu[c].irqs || !thread[cpu[c].current].in_run)
		return;
	if (m->phase == IN_KERNEL)
		in_kernel(m, c);
	else if (m->phase != IN_GUEST)
		polling_ends(m, c, m->phase == IN_HALT);
	else if (any(8))
		guest_exits(m, c, codes[any(ARRAY_SIZE(codes))]);
	else
		enters_level(c, &m->v, m->entered); /* a fast path */
}

static void assert_model(struct model *m);

static void step_destroy(int c)
{
	struct model *m = &model[any(VCPUS)];
	__u32 slot = m->slot;

	(void)c;
	if (!m->alive || !m->seen || m->phase != IN_VMM || any(5))
		return;
	assert_model(m);
	is_destroyed(&m->v);
	if (is_waiting(m) && m->listed)
		cpu[m->cpu].stale++;
	m->alive = false;
	m->seen = false;
	for (int t = 0; t < THREADS; t++)
		if (thread[t].vcpu == m - model)
			thread[t].vcpu = -1;
	slot_is_forgotten(slot);
	/* the next one shall have it at once */
	while (memcmp(fake_map(&vcpu_free)->row[0], &slot, sizeof(slot))) {
		__u32 other;

		bpf_map_pop_elem(&vcpu_free, &other);
		bpf_map_push_elem(&vcpu_free, &other, BPF_ANY);
	}
}

static void (*const steps[])(int c) = {
	step_switch, step_switch, step_switch, step_wake, step_wake, step_wake,	   step_migrate,
	step_flush,  step_irq,	  step_limit,  step_run,  step_run,  step_vcpu,	   step_vcpu,
	step_vcpu,   step_vcpu,	  step_vcpu,   step_vcpu, step_vcpu, step_destroy,
};

/* ---- what must hold ---------------------------------------------------------------------------*/

static void assert_states(struct model *m, const struct time_slot *s)
{
	__u64 late = is_waiting(m) ? 0 : now_ns - s->since;

	assert_int_equal(s->state, m->state);
	assert_int_equal(s->begun, m->begun);
	assert_int_equal(sum_of_states(s), s->since - s->begun);
	if (is_waiting(m))
		assert_int_equal(now_ns - s->since, m->limit + m->irq + m->rest);
	for (__u32 i = 0; i < TIME_STATES; i++) {
		if (s->ns[i] + (i == s->state ? late : 0) != m->ns[i])
			fail_msg("state %u has %llu ns, not %llu", i, s->ns[i], m->ns[i]);
		assert_true(s->ns[i] >= m->before[i] || i == TIME_KERNEL);
		m->before[i] = s->ns[i];
	}
	assert_int_equal(s->seq & 1, 0);
}

static void assert_place(const struct model *m, const struct time_slot *s)
{
	int found = 0;

	for (__u32 c = 0; c < USED; c++)
		for (__u32 i = 0; i < TIME_WAITERS; i++)
			found += time_cpu(c)->waiter[i] == m->slot && s->cpu == c &&
				 s->place == i + 1;
	assert_int_equal(found, is_waiting(m) && m->listed);
	assert_int_equal(s->place != 0, found);
	if (found)
		assert_int_equal(s->cpu, m->cpu);
}

static void assert_entry(const struct model *m, const struct entry *e)
{
	struct time_culprit_key key = e->key;
	const struct time_culprit_value *value;

	key.key.slot = m->slot;
	value = bpf_map_lookup_elem(&time_culprits, &key);
	if (!value || value->waited != e->ns)
		fail_msg("by %u of %u/%u waited %llu ns, not %llu", key.by, key.pid, key.id,
			 value ? value->waited : 0, e->ns);
}

static void assert_ledger(const struct model *m, const struct time_slot *s)
{
	assert_int_equal(sum_of_culprits(m->slot),
			 s->ns[TIME_PREEMPTED] + s->ns[TIME_WOKEN] + s->ns[TIME_THROTTLED]);
	assert_int_equal(s->culprits, m->entries);
	for (size_t i = 0; i < m->entries; i++)
		assert_entry(m, &m->entry[i]);
}

static void assert_reasons(const struct model *m, const struct time_slot *s)
{
	assert_int_equal(sum_of_reasons(m->slot),
			 s->ns[TIME_KERNEL] + s->ns[TIME_POLL_HIT] + s->ns[TIME_POLL_WASTED]);
	for (size_t i = 0; i < m->reasons; i++) {
		const struct reason *r = &m->reason[i];
		struct time_reason_key key = { .key.slot = m->slot,
					       .code = r->code,
					       .level = r->level,
					       .isa = r->level ? KW_ISA_SVM : 0 };
		const struct time_reason_value *value = bpf_map_lookup_elem(&time_reasons, &key);
		bool now = s->state == TIME_KERNEL && r->code == m->code && r->level == m->level;

		assert_int_equal((value ? value->kernel : 0) + (now ? now_ns - s->since : 0),
				 r->ns);
	}
}

static void assert_model(struct model *m)
{
	const struct time_slot *s;

	if (!m->alive || !m->seen)
		return;
	s = time_of(m->slot);
	assert_states(m, s);
	assert_place(m, s);
	assert_ledger(m, s);
	assert_reasons(m, s);
}

/* ---- the machine ------------------------------------------------------------------------------*/

static void add_thread(int *n, int vm, int leader, const char *comm, __u32 flags, bool can_run)
{
	struct thread *t = &thread[*n];

	make_task(&t->task, 100 + *n, leader < 0 ? &t->task : &thread[leader].task, comm);
	t->task.flags = flags;
	t->task.sched_task_group = (void *)&group[*n & 1];
	t->where = ASLEEP;
	t->cpu = 0;
	t->vcpu = -1;
	t->vm = vm;
	t->can_run = can_run;
	t->in_run = false;
	(*n)++;
}

static void make_machine(void)
{
	int n = 0;

	for (int vm = 0; vm < VMS; vm++) {
		int leader = n;

		add_thread(&n, vm, -1, "qemu", 0, false);
		for (int i = 0; i < 4; i++)
			add_thread(&n, vm, leader, "CPU/KVM", 0, true);
		add_thread(&n, -1, -1, "vhost-100", TIME_PF_KTHREAD, false);
	}
	add_thread(&n, -1, -1, "bash", 0, false);
	add_thread(&n, -1, n - 1, "helper", 0, false);
	add_thread(&n, -1, -1, "make", 0, false);
	add_thread(&n, -1, -1, "kworker/0:1", TIME_PF_KTHREAD, false);
	add_thread(&n, -1, -1, "ksoftirqd/0", TIME_PF_KTHREAD, false);
	assert_int_equal(n, THREADS);
	memset(model, 0, sizeof(model));
	memset(cpu, 0, sizeof(cpu));
	for (int i = 0; i < VCPUS; i++) {
		model[i].vm = i & 1;
		model[i].id = i / 2;
	}
	for (int c = 0; c < USED; c++)
		cpu[c].current = -1;
}

/* How often what is worth a test came about. */
static struct {
	__u64 waits, unlisted, stale, lives;
} seen;

static void look(void)
{
	for (const struct model *m = model; m < model + VCPUS; m++) {
		seen.waits += m->alive && is_waiting(m);
		seen.unlisted += m->alive && is_waiting(m) && !m->listed;
	}
	for (int c = 0; c < USED; c++)
		seen.stale += cpu[c].stale;
}

static void run_seed(__u64 seed)
{
	static const __u32 spans[] = { 2, 10, 100, 1000, 100000 };

	random_state.state = 0x9e3779b97f4a7c15ULL * seed;
	machine_start();
	make_machine();
	for (int i = 0; i < STEPS; i++) {
		pass(1 + any(spans[any(ARRAY_SIZE(spans))]));
		steps[any(ARRAY_SIZE(steps))](any(USED));
		assert_lists();
		look();
		for (struct model *m = model; m < model + VCPUS; m++)
			assert_model(m);
	}
	seen.lives += kw_vcpus_ended;
	assert_int_equal(kw_lost[KW_LOSS_NO_SLOT] + kw_lost[KW_LOSS_NO_ROW], 0);
	for (int t = 0; t < THREADS; t++)
		free_task(&thread[t].task);
	fake_free();
}

static void books_agree(void **state)
{
	(void)state;
	for (__u64 seed = 1; seed <= SEEDS; seed++)
		run_seed(seed);
	assert_true(seen.waits > STEPS);
	assert_true(seen.unlisted > STEPS / 100);
	assert_true(seen.stale > 100);
	assert_true(seen.lives > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(books_agree),
	};

	return kw_run_tests(tests);
}
