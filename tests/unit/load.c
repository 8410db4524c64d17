// SPDX-License-Identifier: Apache-2.0
/*
 * load.c - tests which slices the BPF half of the load collector makes of what threads do: that
 * each vCPU has the time of whoever runs it, and nobody else's.
 * May not know about: the kernel, rows of tables.
 * To extend: a thing that threads do is a function; what came of it is checked by assert_row.
 */
#include "unit.h"

#include "load_bpf.h"

static struct kw_vcpu a = { .vcpu = 0xa, .slot = 1 }, b = { .vcpu = 0xb, .slot = 2 };

static int setup(void **state)
{
	(void)state;
	memset(load_rows, 0, sizeof(load_rows));
	memset(load_slots, 0, sizeof(load_slots));
	a = (struct kw_vcpu){ .vcpu = 0xa, .slot = 1 };
	b = (struct kw_vcpu){ .vcpu = 0xb, .slot = 2 };
	return 0;
}

/* On a CPU, at a time, a thread begins to run a vCPU. */
static void runs(__u32 cpu, __u64 now, __u32 tid, struct kw_vcpu *before, struct kw_vcpu *v)
{
	this_cpu = cpu;
	now_ns = now;
	v->tid = tid;
	load_on_thread(before, v);
}

static void out(__u32 cpu, __u64 now, struct kw_vcpu *v, bool runnable)
{
	this_cpu = cpu;
	v->off_ns = now;
	v->wake_ns = runnable ? now : 0;
	load_on_switch_out(v, now);
}

static void in(__u32 cpu, __u64 now, struct kw_vcpu *v)
{
	this_cpu = cpu;
	load_on_switch_in(v, now);
	v->off_ns = v->wake_ns = 0;
}

static const struct load_value *row(const struct kw_vcpu *v, __u32 cpu)
{
	struct load_key key = { .key.slot = v->slot, .cpu = cpu };

	return bpf_map_lookup_elem(&load_rows, &key);
}

static void assert_row(const struct kw_vcpu *v, __u32 cpu, __u64 now, __u64 run, __u64 slices)
{
	const struct load_value *r = row(v, cpu);

	assert_non_null(r);
	assert_int_equal(load_ended(r->run, now), run);
	assert_int_equal(r->head.count, slices);
}

static void slices_of_a_thread(void **state)
{
	(void)state;
	runs(3, 100, 7, NULL, &a);
	assert_row(&a, 3, 150, 50, 0); /* there, before any ended */
	out(3, 200, &a, true);
	assert_row(&a, 3, 999, 100, 1);
	in(3, 230, &a);
	out(3, 240, &a, false);
	a.wake_ns = 300;
	in(3, 304, &a);
	out(3, 310, &a, false);
	in(3, 400, &a); /* nobody was seen to wake it: it had not slept */
	out(3, 500, &a, false);
	assert_row(&a, 3, 999, 100 + 10 + 6 + 100, 4);
	assert_int_equal(row(&a, 3)->waited, 30 + 4 + 90);
	assert_int_equal(row(&a, 3)->ended[LOAD_PREEMPTED], 1);
	assert_int_equal(row(&a, 3)->ended[LOAD_SLEPT], 3);
	assert_int_equal(row(&a, 3)->max.max[0], 100);
	assert_int_equal(~row(&a, 3)->min.max[0], 6);
	assert_int_equal(row(&a, 3)->arrivals, 0);
}

static void migrations(void **state)
{
	static const __u32 path[] = { 1, 2, 3, 0, 0 };

	(void)state;
	runs(0, 0x100, 7, NULL, &a);
	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		out(path[i], 0x200 + 0x100 * i, &a, true);
		in(path[i], 0x210 + 0x100 * i, &a);
	}
	assert_row(&a, 0, 0x700, 0x100 + 0xf0 + 0xf0, 2); /* and one that goes on */
	for (__u32 cpu = 1; cpu < 4; cpu++) {
		assert_row(&a, cpu, 0x700, 0xf0, 1);
		assert_int_equal(row(&a, cpu)->arrivals, 1);
		assert_int_equal(row(&a, cpu)->node, cpu / 2);
		assert_int_equal(row(&a, cpu)->remote, cpu == 2);
	}
	assert_int_equal(row(&a, 0)->arrivals, 1);
	assert_int_equal(row(&a, 0)->remote, 1);
	assert_int_equal(load_slots[1].used, 4);
}

static void one_thread_runs_several(void **state)
{
	(void)state;
	runs(0, 100, 7, NULL, &a);
	runs(0, 200, 7, &a, &b);
	out(0, 300, &b, true);
	in(0, 310, &b);
	runs(0, 350, 7, &b, &a);
	assert_row(&a, 0, 360, 110, 1);
	assert_row(&b, 0, 999, 140, 2);
	assert_int_equal(row(&a, 0)->ended[LOAD_HANDED], 1);
	assert_int_equal(row(&b, 0)->ended[LOAD_HANDED], 1);
	assert_int_equal(row(&b, 0)->ended[LOAD_PREEMPTED], 1);
}

/* Thread 8 takes over from thread 7, which is still on its CPU, and goes on with b. */
static void one_vcpu_on_several_threads(void **state)
{
	(void)state;
	runs(0, 100, 7, NULL, &a);
	runs(1, 200, 8, NULL, &a);
	assert_row(&a, 0, 999, 100, 1);
	assert_row(&a, 1, 250, 50, 0);
	assert_int_equal(row(&a, 1)->arrivals, 1);
	runs(0, 300, 7, &a, &b); /* a is no more what thread 7 leaves */
	assert_row(&a, 1, 400, 200, 0);
	assert_row(&b, 0, 400, 100, 0);
	runs(0, 500, 7, &b, &a); /* back: 8 has it no more */
	assert_row(&a, 1, 999, 300, 1);
	assert_row(&b, 0, 999, 200, 1);
	assert_row(&a, 0, 600, 200, 1);
	out(0, 700, &a, false);
	runs(1, 800, 8, &a, &a); /* the same once more, by its other thread */
	assert_row(&a, 0, 999, 300, 2);
	assert_row(&a, 1, 850, 350, 1);
}

static void what_ended_is_left_alone(void **state)
{
	(void)state;
	runs(0, 100, 7, NULL, &a);
	a.vcpu = 0; /* destroyed: its end bounds the slice */
	runs(0, 200, 7, &a, &b);
	assert_row(&a, 0, 150, 50, 0);
	assert_row(&b, 0, 250, 50, 0);
	runs(0, 300, 7, &(struct kw_vcpu){}, &b);
	assert_row(&b, 0, 350, 150, 0); /* goes on */
	b.flags = KW_VCPU_IGNORED;
	out(0, 400, &b, true);
	runs(0, 500, 7, &a, &b);
	assert_row(&b, 0, 999, 200, 1);
}

/* The program that sees a vCPU first is preempted after it has read the clock, or a bit later. */
static void preempted_amidst(void **state)
{
	(void)state;
	a.tid = 7;
	out(0, 110, &a, true); /* the clock was 100 */
	in(0, 150, &a);
	load_close(&a, 100, LOAD_HANDED);
	load_open(&a, 100, 0);
	assert_row(&a, 0, 170, 20, 0);
	out(0, 180, &a, true);
	assert_row(&a, 0, 999, 30, 1);
	assert_int_equal(row(&a, 0)->max.max[0], 30);
	assert_int_equal(row(&a, 0)->arrivals, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(slices_of_a_thread, setup),
		cmocka_unit_test_setup(migrations, setup),
		cmocka_unit_test_setup(one_thread_runs_several, setup),
		cmocka_unit_test_setup(one_vcpu_on_several_threads, setup),
		cmocka_unit_test_setup(what_ended_is_left_alone, setup),
		cmocka_unit_test_setup(preempted_amidst, setup),
	};

	return kw_run_tests(tests);
}
