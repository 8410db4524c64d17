// SPDX-License-Identifier: Apache-2.0
/*
 * meter.c - tests when the runs of programs are measured, and that only those count. The kernel's
 * statistics and its clock are replaced.
 * May not know about: engine, BPF.
 * To extend: what the kernel does is in struct kernel.
 */
#define _GNU_SOURCE
#include "unit.h"

#include "core/meter.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MS     1000000ULL
#define SECOND (1000 * MS)

/* Two programs, that run once and twice per us, for 10 and 20 ns. There is one kernel. */
static struct kernel {
	uint64_t now_ns;
	int fd; /* that keeps statistics on; -1: there is none */
	bool others, refuses;
	uint64_t us[2]; /* in which runs were counted; by program */
	int switched;
} kernel;

static void pass(uint64_t ns)
{
	bool on = kernel.others || (kernel.fd >= 0 && fcntl(kernel.fd, F_GETFD) >= 0);

	kernel.now_ns += ns;
	for (int i = 0; i < 2; i++)
		kernel.us[i] += on ? ns / 1000 : 0;
}

int __wrap_bpf_enable_stats(enum bpf_stats_type type)
{
	assert_int_equal(type, BPF_STATS_RUN_TIME);
	if (kernel.refuses) {
		errno = EPERM;
		return -EPERM;
	}
	kernel.switched++;
	kernel.fd = eventfd(0, EFD_CLOEXEC);
	return kernel.fd;
}

int __wrap_bpf_obj_get_info_by_fd(int fd, void *ret, __u32 *len)
{
	struct bpf_prog_info *info = ret;

	assert_true(*len == sizeof(*info) && (fd == 1000 || fd == 1001));
	info->run_cnt = kernel.us[fd - 1000] * (fd - 999);
	info->run_time_ns = info->run_cnt * 10 * (fd - 999);
	info->recursion_misses = 7 + fd;
	return 0;
}

uint64_t __wrap_kw_mono_ns(void)
{
	return kernel.now_ns;
}

static void begin(struct kw_meter *m)
{
	static const struct kw_engine none;

	kernel = (struct kernel){ .now_ns = 5000 * SECOND, .fd = -1, .us = { 123, 456 } };
	kw_meter_init(m, &none);
	m->n = 2;
	m->program[0] = (struct kw_program){ .fd = 1000, .at_exit = true };
	m->program[1] = (struct kw_program){ .fd = 1001 };
}

static bool is_on(const struct kw_meter *m)
{
	return m->stats_fd >= 0 && fcntl(m->stats_fd, F_GETFD) >= 0;
}

static void nothing_is_measured_unasked(void **state)
{
	struct kw_meter m;

	(void)state;
	begin(&m);
	kernel.others = true;
	pass(SECOND);
	assert_true(kw_meter_tick(&m) == UINT64_MAX);
	kw_meter_read(&m);
	assert_false(is_on(&m));
	assert_int_equal(m.metered_ns, 0);
	assert_int_equal(m.program[0].runs, 0);
	assert_int_equal(m.program[1].misses, 1008); /* which need no statistics */
	kw_meter_release(&m);
}

static void always_is_every_run(void **state)
{
	struct kw_own_cost cost;
	struct kw_meter m;

	(void)state;
	begin(&m);
	assert_int_equal(kw_meter_in_slices(&m), 0); /* first, and for nothing */
	pass(10 * MS);
	assert_int_equal(kw_meter_always(&m), 0);
	for (int i = 0; i < 50; i++) {
		pass(77 * MS);
		assert_true(kw_meter_tick(&m) == UINT64_MAX);
		assert_int_equal(kw_meter_in_slices(&m), 0);
		kw_meter_read(&m);
		assert_true(is_on(&m));
		assert_int_equal(m.metered_ns, (i + 1) * 77 * MS);
		assert_int_equal(m.program[0].runs, (i + 1) * 77000);
		assert_int_equal(m.program[0].run_ns, (i + 1) * 770000);
		assert_int_equal(m.program[1].runs, (i + 1) * 154000);
		assert_int_equal(m.program[1].run_ns, (i + 1) * 3080000);
	}
	kw_meter_cost(&m, &cost);
	assert_true(cost.metered);
	assert_int_equal(cost.mono_ns, kernel.now_ns);
	assert_int_equal(cost.metered_ns, 50 * 77 * MS);
	assert_int_equal(cost.runs, 50 * 231000);
	assert_int_equal(cost.run_ns, 50 * 3850000);
	assert_int_equal(cost.exits, 50 * 77000);
	assert_true(cost.cpu_ns && cost.rss_bytes && cost.busy_ns);
	assert_int_equal(kernel.switched, 1);
	kw_meter_release(&m);
}

/* About a tenth of the time; and what runs add up to is that of this time, whoever counts. */
static void slices_are_a_tenth(void **state)
{
	(void)state;
	for (int others = 0; others < 2; others++) {
		uint64_t start_ns;
		struct kw_meter m;

		begin(&m);
		kernel.others = others;
		assert_int_equal(kw_meter_in_slices(&m), 0);
		start_ns = kernel.now_ns;
		while (kernel.now_ns < start_ns + 100 * SECOND) {
			uint64_t ns = kw_meter_tick(&m);

			assert_true(ns > 0 && ns <= SECOND);
			assert_int_equal(kw_meter_in_slices(&m), 0); /* changes nothing */
			pass(ns < 100 * MS ? ns : 100 * MS);
		}
		kw_meter_read(&m);
		assert_true(m.metered_ns >= 9 * SECOND && m.metered_ns <= 12 * SECOND);
		assert_int_equal(m.program[0].runs, m.metered_ns / 1000);
		assert_int_equal(m.program[1].run_ns, m.metered_ns / 1000 * 40);
		assert_true(kernel.switched > 90 && kernel.switched < 120);
		kw_meter_release(&m);
	}
}

/* Whatever second one looks at, some of it was measured. */
static void each_second_has_some(void **state)
{
	uint64_t before = 0, least = SECOND;
	struct kw_meter m;

	(void)state;
	begin(&m);
	kw_meter_in_slices(&m);
	for (int i = 1; i <= 10000; i++) {
		kw_meter_tick(&m);
		pass(10 * MS);
		if (i % 100)
			continue;
		kw_meter_read(&m);
		least = m.metered_ns - before < least ? m.metered_ns - before : least;
		before = m.metered_ns;
	}
	assert_true(least >= 90 * MS);
	kw_meter_release(&m);
}

/* Nobody waited for a while: the slice was longer, and is measured as long as it was. */
static void late_ticks_make_longer_slices(void **state)
{
	struct kw_meter m;

	(void)state;
	begin(&m);
	kw_meter_in_slices(&m);
	pass(400 * MS);
	kw_meter_tick(&m);
	assert_false(is_on(&m));
	assert_int_equal(m.metered_ns, 400 * MS);
	pass(5 * SECOND);
	kw_meter_tick(&m);
	assert_true(is_on(&m));
	kw_meter_read(&m);
	assert_int_equal(m.metered_ns, 400 * MS);
	assert_int_equal(m.program[0].runs, 400000);
	kw_meter_release(&m);
}

static void kernels_may_refuse(void **state)
{
	struct kw_own_cost cost;
	struct kw_meter m;

	(void)state;
	begin(&m);
	kernel.refuses = true;
	assert_int_equal(kw_meter_always(&m), -EPERM);
	assert_int_equal(kw_meter_in_slices(&m), -EPERM);
	pass(SECOND);
	assert_true(kw_meter_tick(&m) == UINT64_MAX);
	kw_meter_cost(&m, &cost);
	assert_false(cost.metered);
	assert_int_equal(cost.metered_ns, 0);
	assert_true(cost.cpu_ns && cost.rss_bytes);
	kw_meter_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_measured_unasked),
		cmocka_unit_test(always_is_every_run),
		cmocka_unit_test(slices_are_a_tenth),
		cmocka_unit_test(each_second_has_some),
		cmocka_unit_test(late_ticks_make_longer_slices),
		cmocka_unit_test(kernels_may_refuse),
	};

	return kw_run_tests(tests);
}
