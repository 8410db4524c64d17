// SPDX-License-Identifier: Apache-2.0
/*
 * time.c - tests what the BPF half of the time collector makes of what vCPUs, their threads and
 * those that they wait for do: which state each ns is in, which exit it is for, who had the CPU.
 * May not know about: the kernel, rows of tables.
 * To extend: a thing that happens is a function of time_bpf.h; what came of it is checked by
 * assert_state, assert_reason and assert_culprit.
 */
#include "time_bpf.h"

#define HLT  0x78
#define IO   0x7b
#define NPF  0x400
#define INTR 0x60

static struct kvm kvm1, kvm2;
static struct vcpu a, b;
/* threads: of a VM two vCPUs and a first thread, of another one a vCPU, and others */
static struct task_struct vmm1, ta, tb, vmm2, tc, shell, shell2, kworker, vhost;
static struct vcpu c;

static int setup(void **state)
{
	(void)state;
	machine_start();
	make_task(&vmm1, 100, &vmm1, "qemu-1");
	make_task(&ta, 101, &vmm1, "CPU 0/KVM");
	make_task(&tb, 102, &vmm1, "CPU 1/KVM");
	make_task(&vmm2, 200, &vmm2, "qemu-2");
	make_task(&tc, 201, &vmm2, "CPU 0/KVM");
	make_task(&shell, 300, &shell, "bash");
	make_task(&shell2, 301, &shell, "bash-helper");
	make_task(&kworker, 40, &kworker, "kworker/0:1");
	kworker.flags = TIME_PF_KTHREAD;
	make_task(&vhost, 41, &vhost, "vhost-100");
	vhost.flags = TIME_PF_KTHREAD;
	make_vcpu(&a, &kvm1, 0);
	make_vcpu(&b, &kvm1, 1);
	make_vcpu(&c, &kvm2, 0);
	return 0;
}

static int teardown(void **state)
{
	struct task_struct *tasks[] = { &vmm1,	&ta,	 &tb,	   &vmm2, &tc,
					&shell, &shell2, &kworker, &vhost };

	(void)state;
	assert_lists();
	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++)
		free_task(tasks[i]);
	fake_free();
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- what is expected -------------------------------------------------------------------------*/

static void assert_state(const struct vcpu *v, __u32 which, __u64 ns)
{
	const struct time_slot *s = time_of(slot_of(v)->slot);

	if (s->ns[which] != ns)
		fail_msg("state %u has %llu ns, not %llu", which, s->ns[which], ns);
}

static void assert_in(const struct vcpu *v, __u32 which)
{
	assert_int_equal(time_of(slot_of(v)->slot)->state, which);
}

/* All that there is adds up, in each table. */
static void assert_sums(const struct vcpu *v)
{
	__u32 slot = slot_of(v)->slot;
	const struct time_slot *s = time_of(slot);

	assert_int_equal(s->seq & 1, 0);
	assert_int_equal(sum_of_states(s), s->since - s->begun);
	assert_int_equal(sum_of_reasons(slot),
			 s->ns[TIME_KERNEL] + s->ns[TIME_POLL_HIT] + s->ns[TIME_POLL_WASTED]);
	assert_int_equal(sum_of_culprits(slot),
			 s->ns[TIME_PREEMPTED] + s->ns[TIME_WOKEN] + s->ns[TIME_THROTTLED]);
	assert_int_equal(time_waits(s->state) || !s->place, 1);
}

/* level 0: on the way to the first entry. */
static void assert_reason(const struct vcpu *v, __u32 code, __u8 level, __u64 ns, __u64 spans)
{
	struct time_reason_key key = { .key.slot = slot_of(v)->slot,
				       .code = code,
				       .isa = level ? KW_ISA_SVM : 0,
				       .level = level };
	const struct time_reason_value *value = bpf_map_lookup_elem(&time_reasons, &key);

	assert_non_null(value);
	assert_int_equal(value->kernel, ns);
	assert_int_equal(value->head.count, spans);
}

static void assert_culprit_of(__u32 slot, __u32 by, __u32 pid, __u32 id, __u64 ns, __u64 spans,
			      const char *comm)
{
	struct time_culprit_key key = { .key.slot = slot, .by = by, .pid = pid, .id = id };
	const struct time_culprit_value *value = bpf_map_lookup_elem(&time_culprits, &key);

	if (!value)
		fail_msg("no row of %u/%u/%u", by, pid, id);
	assert_int_equal(value->waited, ns);
	assert_int_equal(value->turns, spans);
	assert_string_equal(value->comm, comm);
}

static void assert_culprit(const struct vcpu *v, __u32 by, __u32 pid, __u32 id, __u64 ns,
			   __u64 spans, const char *comm)
{
	assert_culprit_of(slot_of(v)->slot, by, pid, id, ns, spans, comm);
}

static void assert_culprits(const struct vcpu *v, size_t n)
{
	size_t rows = 0;

	for (size_t i = 0; i < fake_map(&time_culprits)->n; i++)
		rows += ((const struct kw_keyed_key *)row_key(&time_culprits, i))->slot ==
			slot_of(v)->slot;
	assert_int_equal(rows, n);
}

/* A vCPU gets to its guest on a CPU: 10 ns of the kernel, then the guest. */
static void starts(__u32 cpu, struct task_struct *t, struct vcpu *v)
{
	switches(cpu, t, 1);
	calls_run(cpu, v);
	now_ns += 10;
	enters(cpu, v);
}

/* ---- on a CPU ---------------------------------------------------------------------------------*/

static void guest_kernel_and_vmm(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	now_ns += 1000;
	exits(0, &a, NPF);
	now_ns += 70;
	enters(0, &a);
	now_ns += 500;
	exits(0, &a, IO);
	now_ns += 30;
	returns_to_user(0, &a);
	now_ns += 400;
	calls_run(0, &a);
	now_ns += 20;
	enters(0, &a);
	now_ns += 5;
	enters(0, &a); /* a fast path: in guest mode all the time */
	now_ns += 5;
	exits(0, &a, NPF);
	assert_state(&a, TIME_GUEST, 1000 + 500 + 10);
	assert_state(&a, TIME_KERNEL, 10 + 70 + 30 + 20);
	assert_state(&a, TIME_VMM, 400);
	assert_reason(&a, 0, 0, 10, 1);
	assert_reason(&a, NPF, 1, 70, 1);
	assert_reason(&a, IO, 1, 50, 2);
	assert_sums(&a);
	assert_int_equal(time_of(slot_of(&a)->slot)->begun, 1000);
	assert_int_equal(sum_of_states(time_of(slot_of(&a)->slot)), now_ns - 1000);
}

static void guest_of_the_guest(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	now_ns += 100;
	exits(0, &a, 0x80); /* VMRUN */
	now_ns += 7;
	enters_level(0, &a, 2);
	now_ns += 300;
	exits(0, &a, IO); /* of level 2 */
	now_ns += 9;
	enters_level(0, &a, 1);
	now_ns += 50;
	exits(0, &a, IO);
	now_ns += 4;
	enters(0, &a);
	assert_state(&a, TIME_GUEST, 150);
	assert_state(&a, TIME_NESTED, 300);
	assert_reason(&a, 0x80, 1, 7, 1);
	assert_reason(&a, IO, 2, 9, 1);
	assert_reason(&a, IO, 1, 4, 1);
	assert_sums(&a);
}

static void clock_that_does_not_move(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, NPF);
	enters(0, &a);
	now_ns -= 3; /* another CPU's clock may be behind */
	exits(0, &a, NPF);
	now_ns += 5;
	enters(0, &a);
	assert_state(&a, TIME_KERNEL, 12);
	assert_state(&a, TIME_GUEST, 0);
	assert_sums(&a);
}

static void too_many_reasons(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	for (int i = 0; i < TIME_REASONS + 3; i++) {
		exits(0, &a, i);
		now_ns += 10;
		enters(0, &a);
	}
	assert_int_equal(time_of(slot_of(&a)->slot)->reasons, TIME_REASONS);
	assert_int_equal(kw_lost[KW_LOSS_NO_ROW], 4);
	assert_state(&a, TIME_KERNEL, 10 + 10 * (TIME_REASONS + 3));
}

static void nothing_before_counting(void **state)
{
	(void)state;
	kw_running = 0;
	starts(0, &ta, &a);
	now_ns += 5;
	exits(0, &a, NPF);
	throttles(&kvm1, 0);
	flushes(0);
	assert_null(slot_of(&a));
	kw_running = 1;
	now_ns += 5;
	enters(0, &a);
	now_ns += 6;
	exits(0, &a, NPF);
	assert_state(&a, TIME_GUEST, 6);
	assert_int_equal(sum_of_states(time_of(slot_of(&a)->slot)), 6);
	assert_int_equal(fake_map(&time_groups)->n, 0);
}

/* ---- asleep -----------------------------------------------------------------------------------*/

static void sleeps_until(struct task_struct *t, __u32 cpu, __u32 task_state, __u64 ns, __u64 wait)
{
	switches(cpu, &idle[cpu], task_state);
	now_ns += ns;
	wakes(t, cpu);
	now_ns += wait;
	switches(cpu, t, 0);
}

static void what_it_sleeps_for(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, HLT);
	a.svm.vcpu.wait.task = &ta;
	sleeps_until(&ta, 0, 1, 1000, 3);
	a.svm.vcpu.wait.task = NULL;
	assert_state(&a, TIME_HALTED, 1000);
	sleeps_until(&ta, 0, 2, 200, 4); /* a page is read */
	assert_state(&a, TIME_BLOCKED, 200);
	now_ns += 6;
	returns_to_user(0, &a);
	sleeps_until(&ta, 0, 1, 5000, 5);
	assert_state(&a, TIME_IDLE, 5000);
	sleeps_until(&ta, 0, 4, 70, 0);
	sleeps_until(&ta, 0, 8, 7, 0);
	assert_state(&a, TIME_STOPPED, 77);
	assert_in(&a, TIME_VMM);
	assert_state(&a, TIME_WOKEN, 12);
	assert_state(&a, TIME_PREEMPTED, 0);
	assert_culprit(&a, TIME_BY_IDLE, 0, 0, 12, 3, "");
	assert_culprits(&a, 1);
	assert_reason(&a, HLT, 1, 6, 1);
	assert_sums(&a);
}

static void polling(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, HLT);
	now_ns += 300;
	halt_ends(0, &a, 290, 280, false);
	now_ns += 15;
	assert_state(&a, TIME_POLL_HIT, 280);
	assert_state(&a, TIME_KERNEL, 10 + 20);
	enters(0, &a);
	assert_state(&a, TIME_KERNEL, 10 + 20 + 15);
	assert_reason(&a, HLT, 1, 315, 2);
	exits(0, &a, HLT);
	now_ns += 100;
	a.svm.vcpu.wait.task = &ta;
	sleeps_until(&ta, 0, 1, 5000, 8);
	now_ns += 20;
	halt_ends(0, &a, 5125, 90, true);
	now_ns += 1;
	enters(0, &a);
	assert_state(&a, TIME_POLL_WASTED, 90);
	assert_state(&a, TIME_POLL_HIT, 280);
	assert_state(&a, TIME_HALTED, 5000);
	assert_state(&a, TIME_WOKEN, 8);
	assert_state(&a, TIME_KERNEL, 45 + 10 + 20 + 1);
	assert_sums(&a);
}

/* KVM counts what it polls by the clock; while another one ran, it was no polling. */
static void preempted_while_it_polls(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, HLT);
	now_ns += 50;
	switches(0, &shell, 0);
	now_ns += 120;
	switches(0, &ta, 1);
	now_ns += 30;
	halt_ends(0, &a, 200, 200, false);
	assert_state(&a, TIME_POLL_HIT, 80);
	assert_state(&a, TIME_KERNEL, 10);
	assert_state(&a, TIME_PREEMPTED, 120);
	assert_sums(&a);
	now_ns += 5;
	halt_ends(0, &a, 200, 1000, false); /* more than there was */
	assert_state(&a, TIME_KERNEL, 0);
	assert_state(&a, TIME_POLL_HIT, 95);
	assert_sums(&a);
}

/* ---- waiting ----------------------------------------------------------------------------------*/

static void everyone_that_runs_meanwhile(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	now_ns += 100;
	exits(0, &a, INTR);
	switches(0, &shell, 0);
	now_ns += 11;
	switches(0, &shell2, 0);
	now_ns += 13;
	switches(0, &kworker, 0);
	now_ns += 17;
	switches(0, &vhost, 1);
	now_ns += 19;
	switches(0, &vmm1, 1);
	now_ns += 23;
	switches(0, &tc, 1); /* no vCPU so far */
	now_ns += 29;
	calls_run(0, &c);
	now_ns += 31;
	switches(0, &vmm2, 0);
	now_ns += 37;
	switches(0, &idle[0], 1);
	now_ns += 2;
	switches(0, &shell, 0);
	now_ns += 41;
	assert_state(&a, TIME_PREEMPTED, 11 + 13 + 17 + 19 + 23 + 29 + 31 + 37 + 2);
	switches(0, &ta, 0);
	assert_in(&a, TIME_KERNEL);
	assert_state(&a, TIME_PREEMPTED, 11 + 13 + 17 + 19 + 23 + 29 + 31 + 37 + 2 + 41);
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 11 + 13 + 41, 3, "bash");
	assert_culprit(&a, TIME_BY_KERNEL, 40, 0, 17, 1, "kworker/0:1");
	assert_culprit(&a, TIME_BY_VHOST, 41, 41, 19, 1, "vhost-100");
	assert_culprit(&a, TIME_BY_VMM, 100, 100, 23, 1, "qemu-1");
	/* its thread became a vCPU's in this turn */
	assert_culprit(&a, TIME_BY_VCPU, 200, 0, 60, 1, "CPU 0/KVM");
	assert_culprit(&a, TIME_BY_PROCESS, 200, 0, 37, 1, "qemu-2");
	assert_culprit(&a, TIME_BY_IDLE, 0, 0, 2, 1, "");
	assert_culprits(&a, 7);
	/* c has begun to wait for the same CPU */
	assert_state(&c, TIME_PREEMPTED, 37 + 2 + 41);
	assert_culprit(&c, TIME_BY_VMM, 200, 200, 37, 1, "qemu-2");
	assert_culprit(&c, TIME_BY_PROCESS, 300, 0, 41, 1, "bash");
	assert_int_equal(time_now[0].waiting, 1);
	assert_sums(&a);
	assert_sums(&c);
}

/* A vhost worker that is a thread of the process is no other thread of the VMM. */
static void vhost_worker_in_the_process(void **state)
{
	struct task_struct worker;

	(void)state;
	make_task(&worker, 105, &vmm1, "vhost-100");
	worker.flags = TIME_PF_USER_WORKER;
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	switches(0, &worker, 0);
	now_ns += 7;
	switches(0, &ta, 1);
	assert_culprit(&a, TIME_BY_VHOST, 100, 105, 7, 1, "vhost-100");
	assert_sums(&a);
}

static void several_wait_for_one_cpu(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	switches(0, &tb, 0);
	now_ns += 5;
	calls_run(0, &b);
	now_ns += 6;
	switches(0, &tc, 0); /* b waits, too */
	calls_run(0, &c);
	now_ns += 50;
	switches(0, &tb, 0); /* c, too */
	now_ns += 60;
	assert_int_equal(time_now[0].waiting, 2);
	switches(0, &ta, 0);
	now_ns += 70;
	switches(0, &shell, 0);
	assert_int_equal(time_now[0].waiting, 3);
	assert_culprit(&a, TIME_BY_VCPU, 100, 1, 11 + 60, 2, "CPU 1/KVM");
	assert_culprit(&a, TIME_BY_VCPU, 200, 0, 50, 1, "CPU 0/KVM");
	assert_culprits(&a, 2);
	assert_culprit(&b, TIME_BY_VCPU, 200, 0, 50, 1, "CPU 0/KVM");
	assert_culprit(&b, TIME_BY_VCPU, 100, 0, 70, 1, "CPU 0/KVM");
	assert_culprits(&b, 2);
	assert_culprit(&c, TIME_BY_VCPU, 100, 1, 60, 1, "CPU 1/KVM");
	assert_culprit(&c, TIME_BY_VCPU, 100, 0, 70, 1, "CPU 0/KVM");
	assert_culprits(&c, 2);
	assert_sums(&a);
	assert_sums(&b);
	assert_sums(&c);
}

static void woken_on_a_cpu_that_is_busy(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, HLT);
	a.svm.vcpu.wait.task = &ta;
	switches(0, &idle[0], 1);
	switches(1, &shell, 1);
	now_ns += 100;
	wakes(&ta, 1);
	now_ns += 40;
	switches(0, &vmm1, 0); /* elsewhere */
	now_ns += 2;
	switches(1, &ta, 0);
	assert_state(&a, TIME_HALTED, 100);
	assert_state(&a, TIME_WOKEN, 42);
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 42, 1, "bash");
	assert_culprits(&a, 1);
	wakes(&ta, 1); /* it runs: nothing to wake */
	assert_in(&a, TIME_KERNEL);
	assert_sums(&a);
}

static void moved_while_it_waits(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	starts(1, &tc, &c);
	exits(0, &a, INTR);
	switches(0, &shell, 0);
	now_ns += 10;
	migrates(&ta, 1); /* behind c, in its guest */
	assert_int_equal(time_now[0].waiting, 0);
	assert_int_equal(time_now[1].waiting, 1);
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 10, 1, "bash");
	now_ns += 20;
	migrates(&ta, 2);
	now_ns += 30;
	assert_culprit(&a, TIME_BY_VCPU, 200, 0, 20, 1, "CPU 0/KVM");
	migrates(&ta, 0);
	now_ns += 40;
	switches(0, &ta, 0);
	assert_culprit(&a, TIME_BY_IDLE, 0, 0, 30, 1, "");
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 50, 2, "bash");
	assert_culprits(&a, 3);
	assert_state(&a, TIME_PREEMPTED, 100);
	assert_sums(&a);
	migrates(&shell, 2); /* none of its business */
	migrates(&ta, 2);
	assert_in(&a, TIME_KERNEL);
}

/* Told that it was moved by nobody, it runs elsewhere: until then, nobody knows. */
static void moved_without_a_word(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	switches(0, &shell, 0);
	now_ns += 10;
	switches(0, &kworker, 0);
	now_ns += 25;
	switches(3, &ta, 1);
	assert_int_equal(time_now[0].waiting, 0);
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 10, 1, "bash");
	assert_culprit(&a, TIME_BY_UNKNOWN, 0, 0, 25, 1, "");
	assert_sums(&a);
}

static void flushed_in_the_middle(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	switches(0, &tc, 0);
	calls_run(0, &c);
	now_ns += 100;
	flushes(0);
	assert_state(&a, TIME_PREEMPTED, 100);
	assert_culprit(&a, TIME_BY_VCPU, 200, 0, 100, 1, "CPU 0/KVM");
	assert_in(&a, TIME_PREEMPTED);
	assert_int_equal(time_now[0].waiting, 1);
	flushes(0); /* no time has passed */
	flushes(1); /* nobody waits there */
	now_ns += 11;
	switches(0, &ta, 1);
	assert_state(&a, TIME_PREEMPTED, 111);
	assert_culprit(&a, TIME_BY_VCPU, 200, 0, 111, 1,
		       "CPU 0/KVM"); /* one turn, in two readings */
	assert_culprits(&a, 1);
	assert_sums(&a);
}

static void more_wait_than_are_kept(void **state)
{
	enum { MANY = TIME_WAITERS + 3 };
	static struct task_struct t[MANY];
	static struct vcpu v[MANY];
	__u64 each;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		make_task(&t[i], 1000 + i, &vmm1, "CPU n/KVM");
		make_vcpu(&v[i], &kvm1, i);
		switches(0, &t[i], 0);
		calls_run(0, &v[i]);
		now_ns += 100;
	}
	switches(0, &shell, 0); /* now all wait */
	assert_int_equal(time_now[0].waiting, TIME_WAITERS);
	now_ns += 1000;
	switches(0, &t[MANY - 1], 0);
	assert_state(&v[MANY - 1], TIME_PREEMPTED, 1000);
	assert_culprit(&v[MANY - 1], TIME_BY_UNKNOWN, 0, 0, 1000, 1, "");
	assert_culprits(&v[MANY - 1], 1);
	now_ns += 10;
	switches(0, &t[0], 0); /* its place is free, but too late for that one */
	assert_culprit(&v[0], TIME_BY_PROCESS, 300, 0, 1000, 1, "bash");
	assert_int_equal(time_now[0].waiting, TIME_WAITERS - 1);
	now_ns += 5;
	migrates(&t[MANY - 2], 1); /* it was in no list: who had the CPU is not told */
	each = 100 + 1000 + 10 + 5;
	assert_culprit(&v[MANY - 2], TIME_BY_UNKNOWN, 0, 0, each, 1, "");
	assert_int_equal(time_now[1].waiting, 1);
	now_ns += 6;
	switches(1, &t[MANY - 2], 1);
	assert_culprit(&v[MANY - 2], TIME_BY_IDLE, 0, 0, 6, 1, "");
	for (int i = 0; i < MANY; i++) {
		assert_sums(&v[i]);
		free_task(&t[i]);
	}
	assert_lists();
}

static void a_cpu_beyond(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	switches(0, &shell, 0);
	now_ns += 10;
	migrates(&ta, TIME_CPUS);
	now_ns += 20;
	migrates(&ta, TIME_CPUS + 7);
	now_ns += 30;
	this_cpu = TIME_CPUS + 7;
	kw_sched_switch(ARGS(false, (__u64)&idle[1], (__u64)&ta, 0));
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 10, 1, "bash");
	assert_culprit(&a, TIME_BY_UNKNOWN, 0, 0, 50, 2, "");
	assert_state(&a, TIME_PREEMPTED, 60);
	assert_in(&a, TIME_KERNEL);
	now_ns += 5;
	irq_begins(TIME_CPUS);
	irq_ends(TIME_CPUS);
	flushes(TIME_CPUS);
	this_cpu = TIME_CPUS + 7;
	kw_sched_switch(ARGS(true, (__u64)&ta, (__u64)&idle[1], 0));
	assert_in(&a, TIME_PREEMPTED);
	now_ns += 8;
	this_cpu = 0;
	kw_sched_switch(ARGS(false, (__u64)&shell, (__u64)&ta, 0));
	assert_culprit(&a, TIME_BY_UNKNOWN, 0, 0, 58, 3, "");
	assert_sums(&a);
}

static void too_many_culprits(void **state)
{
	static struct task_struct t[TIME_CULPRIT_ROWS + 2];
	struct time_culprit_key key = { .key.other = 1 };
	const struct time_culprit_value *others;

	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		make_task(&t[i], 1000 + i, &t[i], "one");
		switches(0, &t[i], 0);
		now_ns += 10;
	}
	switches(0, &ta, 0);
	assert_culprits(&a, TIME_CULPRIT_ROWS + 1);
	key.key.slot = slot_of(&a)->slot;
	others = bpf_map_lookup_elem(&time_culprits, &key);
	assert_non_null(others);
	assert_int_equal(others->waited, 20);
	assert_int_equal(others->head.count, 2);
	assert_int_equal(kw_lost[KW_LOSS_NO_ROW], 0);
	assert_sums(&a);
	kw_quota_shift = 3; /* very many slots: it keeps what it has */
	switches(0, &t[3], 0);
	now_ns += 1;
	switches(0, &ta, 0);
	assert_culprit(&a, TIME_BY_PROCESS, 1003, 0, 11, 2, "one");
	assert_sums(&a);
}

/* ---- interrupts -------------------------------------------------------------------------------*/

static void interrupts_have_their_own_share(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	irq_begins(0);
	now_ns += 1000; /* nobody waits: it is the guest's */
	irq_ends(0);
	exits(0, &a, INTR);
	switches(0, &shell, 0);
	now_ns += 10;
	irq_begins(0);
	now_ns += 7;
	irq_ends(0);
	now_ns += 20;
	time_softirq_entry(ARGS(1));
	now_ns += 3;
	irq_begins(0); /* in the softirq: once is enough */
	now_ns += 4;
	time_timer_entry(ARGS(1));
	now_ns += 1;
	time_timer_exit(ARGS(1));
	irq_ends(0);
	now_ns += 5;
	time_softirq_exit(ARGS(1));
	irq_begins(1); /* of another CPU */
	now_ns += 30;
	irq_ends(1);
	switches(0, &ta, 1);
	assert_state(&a, TIME_PREEMPTED, 10 + 7 + 20 + 13 + 30);
	assert_culprit(&a, TIME_BY_IRQ, 0, 0, 7 + 13, 1, "");
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 60, 1, "bash");
	assert_state(&a, TIME_GUEST, 1000);
	assert_sums(&a);
}

static void interrupt_that_began_before_the_wait(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, HLT);
	a.svm.vcpu.wait.task = &ta;
	switches(0, &shell, 1);
	now_ns += 100;
	irq_begins(0);
	now_ns += 10;
	wakes(&ta, 0);
	now_ns += 5;
	irq_ends(0);
	now_ns += 20;
	irq_begins(0);
	now_ns += 6;
	irq_ends(0);
	switches(0, &ta, 0);
	assert_state(&a, TIME_WOKEN, 31);
	assert_culprit(&a, TIME_BY_IRQ, 0, 0, 6, 1, "");
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 25, 1, "bash");
	assert_sums(&a);
}

static void woken_amidst_an_interrupt_that_is_counted(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, HLT);
	a.svm.vcpu.wait.task = &ta;
	switches(0, &tc, 1);
	calls_run(0, &c);
	switches(0, &shell, 0); /* c waits, so that interrupts are counted */
	irq_begins(0);
	now_ns += 1000;
	wakes(&ta, 0);
	now_ns += 100;
	irq_ends(0);
	now_ns += 2000;
	switches(0, &ta, 0);
	assert_culprit(&c, TIME_BY_IRQ, 0, 0, 1100, 1, "");
	assert_culprit(&c, TIME_BY_PROCESS, 300, 0, 2000, 1, "bash");
	assert_culprit(&a, TIME_BY_IRQ, 0, 0, 100, 1, "");
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 2000, 1, "bash");
}

/* The end of an interrupt got lost: a switch says that there is none. */
static void interrupt_without_an_end(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	switches(0, &shell, 0);
	irq_begins(0);
	now_ns += 10;
	switches(0, &kworker, 0);
	now_ns += 10;
	irq_ends(0);
	irq_begins(0);
	now_ns += 4;
	irq_ends(0);
	switches(0, &ta, 0);
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 10, 1, "bash");
	assert_culprit(&a, TIME_BY_KERNEL, 40, 0, 10, 1, "kworker/0:1");
	assert_culprit(&a, TIME_BY_IRQ, 0, 0, 4, 1, "");
	assert_sums(&a);
}

/* ---- the CPU limit ----------------------------------------------------------------------------*/

static char group, other_group;

static void without_quota(void **state)
{
	(void)state;
	ta.sched_task_group = (void *)&group;
	throttles(&group, 0);
	now_ns += 77; /* before it waits: not its own */
	unthrottles(&group, 0);
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	switches(0, &shell, 0);
	now_ns += 10;
	throttles(&group, 0);
	throttles(&group, 1);
	throttles(&other_group, 0);
	now_ns += 100;
	flushes(0);
	assert_state(&a, TIME_THROTTLED, 100);
	assert_state(&a, TIME_PREEMPTED, 10);
	now_ns += 50;
	switches(0, &idle[0], 1);
	now_ns += 40;
	unthrottles(&group, 0);
	now_ns += 3;
	switches(0, &ta, 0);
	assert_state(&a, TIME_THROTTLED, 190);
	assert_state(&a, TIME_PREEMPTED, 13);
	assert_culprit(&a, TIME_BY_LIMIT, 0, 0, 190, 3, "");
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 10, 1, "bash");
	assert_culprit(&a, TIME_BY_IDLE, 0, 0, 3, 1, "");
	assert_culprits(&a, 3);
	assert_sums(&a);
}

static void limits_of_nested_groups(void **state)
{
	(void)state;
	ta.sched_task_group = (void *)&group;
	starts(0, &ta, &a);
	exits(0, &a, INTR);
	switches(0, &shell, 0);
	now_ns += 1;
	throttles(&group, 0); /* that of the group above */
	now_ns += 20;
	throttles(&group, 0); /* and its own */
	now_ns += 30;
	unthrottles(&group, 0);
	now_ns += 40;
	unthrottles(&group, 0);
	now_ns += 2;
	unthrottles(&group, 0); /* once too often: of a time before counting */
	switches(0, &ta, 0);
	assert_state(&a, TIME_THROTTLED, 90);
	assert_state(&a, TIME_PREEMPTED, 3);
	assert_sums(&a);
}

static void limits_are_those_of_a_cpu(void **state)
{
	(void)state;
	ta.sched_task_group = (void *)&group;
	throttles(&group, 1);
	starts(0, &ta, &a);
	exits(0, &a, HLT);
	a.svm.vcpu.wait.task = &ta;
	switches(0, &shell, 1);
	now_ns += 5;
	wakes(&ta, 1);
	now_ns += 30;
	migrates(&ta, 0);
	now_ns += 8;
	switches(0, &ta, 0);
	assert_state(&a, TIME_THROTTLED, 30);
	assert_state(&a, TIME_WOKEN, 8);
	assert_culprit(&a, TIME_BY_LIMIT, 0, 0, 30, 1, "");
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 8, 1, "bash");
	assert_sums(&a);
}

/* ---- threads and slots ------------------------------------------------------------------------*/

static void one_thread_runs_several(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	now_ns += 100;
	exits(0, &a, IO);
	returns_to_user(0, &a);
	now_ns += 30;
	calls_run(0, &b);
	assert_state(&a, TIME_VMM, 30);
	assert_in(&a, TIME_IDLE);
	now_ns += 5;
	enters(0, &b);
	now_ns += 200;
	exits(0, &b, IO);
	switches(0, &shell, 0); /* only b waits */
	assert_in(&a, TIME_IDLE);
	now_ns += 9;
	switches(0, &ta, 0);
	returns_to_user(0, &b);
	now_ns += 4;
	calls_run(0, &a);
	assert_state(&a, TIME_IDLE, 5 + 200 + 9 + 4);
	assert_state(&a, TIME_PREEMPTED, 0);
	assert_state(&b, TIME_VMM, 4);
	assert_state(&b, TIME_PREEMPTED, 9);
	assert_in(&a, TIME_KERNEL);
	assert_in(&b, TIME_IDLE);
	assert_sums(&a);
	assert_sums(&b);
}

static void another_thread_takes_over(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, IO);
	returns_to_user(0, &a);
	switches(0, &shell, 0); /* its thread waits, in the VMM */
	now_ns += 10;
	switches(0, &kworker, 0);
	now_ns += 20;
	switches(1, &tb, 1);
	calls_run(1, &a);
	assert_in(&a, TIME_KERNEL);
	assert_int_equal(time_now[0].waiting, 0);
	assert_state(&a, TIME_PREEMPTED, 30);
	assert_culprit(&a, TIME_BY_PROCESS, 300, 0, 10, 1, "bash");
	assert_culprit(&a, TIME_BY_UNKNOWN, 0, 0, 20, 1, "");
	switches(0, &ta, 0); /* the old one runs nothing */
	now_ns += 7;
	switches(0, &shell, 0);
	assert_in(&a, TIME_KERNEL);
	enters(1, &a);
	assert_state(&a, TIME_KERNEL, 10 + 7);
	assert_sums(&a);
}

static void woken_before_it_slept_after_a_hand_over(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, IO);
	returns_to_user(0, &a);
	switches(0, &shell, 1); /* its thread sleeps in the VMM */
	now_ns += 10;
	switches(1, &tb, 1);
	calls_run(1, &a);
	now_ns += 5;
	wakes(&tb, 1); /* it was about to sleep: ttwu_runnable() */
	assert_in(&a, TIME_KERNEL);
	assert_int_equal(time_now[1].waiting, 0);
}

static void takes_it_back_on_a_cpu_that_it_has_not_left(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	exits(0, &a, IO);
	returns_to_user(0, &a); /* ta goes on in user space, on CPU 0 */
	now_ns += 5;
	switches(1, &tb, 1);
	calls_run(1, &a);
	now_ns += 5;
	enters(1, &a);
	exits(1, &a, IO);
	returns_to_user(1, &a);
	now_ns += 5;
	calls_run(0, &a); /* ta again */
	enters(0, &a);
	now_ns += 10;
	exits(0, &a, IO);
	assert_int_equal(slot_of(&a)->tid, ta.pid);
	switches(0, &shell, 0);
	assert_in(&a, TIME_PREEMPTED);
}

static void destroyed_while_it_waits(void **state)
{
	__u32 slot, last = SLOTS;

	(void)state;
	starts(0, &ta, &a);
	slot = slot_of(&a)->slot;
	exits(0, &a, INTR);
	returns_to_user(0, &a);
	switches(0, &shell, 0);
	now_ns += 10;
	flushes(0);
	now_ns += 5;
	is_destroyed(&a);
	assert_null(slot_of(&a));
	assert_culprit_of(slot, TIME_BY_PROCESS, 300, 0, 10, 1, "bash");
	assert_int_equal(time_now[0].waiting, 1);
	now_ns += 5;
	switches(0, &ta, 0);
	assert_int_equal(time_now[0].waiting, 0);
	assert_culprit_of(slot, TIME_BY_PROCESS, 300, 0, 10, 1, "bash");
	assert_int_equal(time_of(slot)->ns[TIME_PREEMPTED], 10);
	/* the same once more, but its slot is taken before that CPU switches */
	starts(0, &ta, &a);
	slot = slot_of(&a)->slot;
	returns_to_user(0, &a);
	switches(0, &shell, 0);
	is_destroyed(&a);
	slot_is_forgotten(slot);
	while (!fake_map(&vcpu_free)->n || last != slot) {
		assert_int_equal(bpf_map_pop_elem(&vcpu_free, &last), 0);
		if (last == slot)
			bpf_map_push_elem(&vcpu_free, &slot, BPF_ANY);
	}
	starts(1, &tc, &c);
	assert_int_equal(slot_of(&c)->slot, slot);
	now_ns += 10;
	exits(1, &c, INTR);
	switches(1, &idle[1], 0);
	now_ns += 3;
	migrates(&tc, 0); /* now the slot is twice in that list */
	assert_int_equal(time_now[0].waiting, 2);
	now_ns += 20;
	switches(0, &vmm1, 0);
	assert_int_equal(time_now[0].waiting, 1);
	assert_culprit(&c, TIME_BY_PROCESS, 300, 0, 20, 1, "bash");
	now_ns += 4;
	switches(0, &tc, 0);
	assert_int_equal(time_now[0].waiting, 0);
	assert_culprit(&c, TIME_BY_PROCESS, 100, 0, 4, 1, "qemu-1");
	assert_state(&c, TIME_PREEMPTED, 27);
	assert_sums(&c);
}

static void excluded_ones_are_culprits_only(void **state)
{
	(void)state;
	starts(0, &ta, &a);
	slot_of(&a)->flags |= KW_VCPU_IGNORED;
	exits(0, &a, INTR);
	starts(1, &tc, &c);
	exits(1, &c, INTR);
	switches(1, &idle[1], 0);
	migrates(&tc, 0);
	now_ns += 30;
	switches(0, &tc, 0);
	assert_culprit(&c, TIME_BY_VCPU, 100, 0, 30, 1, "CPU 0/KVM");
	assert_int_equal(time_now[0].waiting, 0);
	assert_in(&a, TIME_GUEST); /* as it was */
	assert_sums(&c);
}

/* ---- vCPUs that are there when counting starts
 * -------------------------------------------------*/

/* The iterators over all files and over all threads, before counting starts. */
static void is_found(struct task_struct *t, struct vcpu *v, const char *name, unsigned long magic)
{
	struct super_block sb = { .s_magic = magic };
	char text[32] = {};
	struct dentry dentry = { .d_name.name = (void *)text, .d_sb = &sb };
	struct file file = { .private_data = &v->svm.vcpu, .f_path.dentry = &dentry };

	snprintf(text, sizeof(text), "%s", name);
	v->pid.numbers[0].nr = t->pid;
	time_census_files(&(struct bpf_iter__task_file){ .task = t, .file = &file });
}

static void thread_is_found(struct task_struct *t)
{
	time_census_tasks(&(struct bpf_iter__task){ .task = t });
}

static void those_that_sleep_are_known(void **state)
{
	(void)state;
	kw_running = 0;
	a.svm.vcpu.mutex.owner.counter = 1; /* in KVM_RUN, halted */
	a.svm.vcpu.wait.task = &ta;
	ta.__state = 1;
	tb.__state = 1; /* paused by its VMM */
	c.svm.vcpu.mutex.owner.counter = 1;
	tc.__state = 8; /* traced */
	is_found(&ta, &a, "kvm-vcpu:0", TIME_ANON_INODES);
	is_found(&ta, &a, "kvm-vcpu:0", TIME_ANON_INODES); /* open twice */
	is_found(&tb, &b, "kvm-vcpu:1", TIME_ANON_INODES);
	is_found(&tc, &c, "kvm-vcpu:0", TIME_ANON_INODES);
	now_ns += 40;
	thread_is_found(&ta);
	thread_is_found(&tb);
	thread_is_found(&tc);
	thread_is_found(&shell);
	kw_running = 1;
	assert_in(&a, TIME_HALTED);
	assert_in(&b, TIME_IDLE);
	assert_in(&c, TIME_STOPPED);
	now_ns += 60;
	wakes(&ta, 0);
	switches(0, &ta, 1);
	now_ns += 5;
	enters(0, &a);
	assert_state(&a, TIME_HALTED, 100);
	assert_state(&a, TIME_KERNEL, 5);
	wakes(&tb, 1);
	now_ns += 3;
	switches(1, &tb, 1);
	now_ns += 7;
	calls_run(1, &b);
	assert_state(&b, TIME_IDLE, 105);
	assert_state(&b, TIME_WOKEN, 3);
	assert_state(&b, TIME_VMM, 7);
	wakes(&tc, 2);
	assert_state(&c, TIME_STOPPED, 115);
	assert_sums(&a);
	assert_sums(&b);
	assert_int_equal(kw_slots_taken, 3);
}

/* One that runs tells what it does itself, and when it begins. */
static void those_that_run_tell_themselves(void **state)
{
	(void)state;
	kw_running = 0;
	a.svm.vcpu.mutex.owner.counter = 1;
	is_found(&ta, &a, "kvm-vcpu:0", TIME_ANON_INODES);
	thread_is_found(&ta);
	kw_running = 1;
	now_ns += 50;
	rqs[0].curr = &ta;
	exits(0, &a, NPF);
	now_ns += 9;
	enters(0, &a);
	assert_state(&a, TIME_KERNEL, 9);
	assert_int_equal(sum_of_states(time_of(slot_of(&a)->slot)), 9);
	assert_sums(&a);
}

static void other_files_are_no_vcpus(void **state)
{
	(void)state;
	is_found(&ta, &a, "kvm-vm", TIME_ANON_INODES);
	is_found(&ta, &a, "kvm-vcpu", TIME_ANON_INODES);
	is_found(&ta, &a, "kvm-vcpu-stats:0", TIME_ANON_INODES);
	is_found(&ta, &a, "kvm-vcpu:0", 0xef53);			 /* a file of that name */
	time_census_files(&(struct bpf_iter__task_file){ .task = &ta }); /* the end */
	time_census_files(&(struct bpf_iter__task_file){});
	time_census_tasks(&(struct bpf_iter__task){});
	assert_null(slot_of(&a));
	is_found(&(struct task_struct){}, &a, "kvm-vcpu:0", TIME_ANON_INODES); /* it never ran */
	assert_null(slot_of(&a));
}

/* Of two vCPUs that a thread ran, it sleeps in the one that it is in. */
static void two_of_one_thread(void **state)
{
	(void)state;
	kw_running = 0;
	b.svm.vcpu.mutex.owner.counter = 1;
	b.svm.vcpu.wait.task = &ta;
	ta.__state = 1;
	is_found(&ta, &a, "kvm-vcpu:0", TIME_ANON_INODES);
	is_found(&ta, &b, "kvm-vcpu:1", TIME_ANON_INODES);
	thread_is_found(&ta);
	kw_running = 1;
	now_ns += 10;
	wakes(&ta, 0);
	assert_in(&a, TIME_IDLE);
	assert_in(&b, TIME_WOKEN);
	assert_state(&b, TIME_HALTED, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(guest_kernel_and_vmm),
		TEST(guest_of_the_guest),
		TEST(clock_that_does_not_move),
		TEST(too_many_reasons),
		TEST(nothing_before_counting),
		TEST(what_it_sleeps_for),
		TEST(polling),
		TEST(preempted_while_it_polls),
		TEST(everyone_that_runs_meanwhile),
		TEST(vhost_worker_in_the_process),
		TEST(several_wait_for_one_cpu),
		TEST(woken_on_a_cpu_that_is_busy),
		TEST(moved_while_it_waits),
		TEST(moved_without_a_word),
		TEST(flushed_in_the_middle),
		TEST(more_wait_than_are_kept),
		TEST(a_cpu_beyond),
		TEST(too_many_culprits),
		TEST(interrupts_have_their_own_share),
		TEST(interrupt_that_began_before_the_wait),
		TEST(woken_amidst_an_interrupt_that_is_counted),
		TEST(interrupt_without_an_end),
		TEST(without_quota),
		TEST(limits_of_nested_groups),
		TEST(limits_are_those_of_a_cpu),
		TEST(one_thread_runs_several),
		TEST(another_thread_takes_over),
		TEST(woken_before_it_slept_after_a_hand_over),
		TEST(takes_it_back_on_a_cpu_that_it_has_not_left),
		TEST(destroyed_while_it_waits),
		TEST(excluded_ones_are_culprits_only),
		TEST(those_that_sleep_are_known),
		TEST(those_that_run_tell_themselves),
		TEST(other_files_are_no_vcpus),
		TEST(two_of_one_thread),
	};

	return kw_run_tests(tests);
}
