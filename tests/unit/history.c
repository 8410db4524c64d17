// SPDX-License-Identifier: Apache-2.0
/*
 * history.c - tests of sinks/history: sums stay right, and memory bounded, however long it runs.
 * May not know about: how it is shown.
 * To extend: a test is a function in main().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/names.h"
#include "collectors/exits/exits_rows.h"
#include "sinks/history.h"
#include "util/cleanup.h"

#include <math.h>

static struct kw_vm machine = { .pid = 1, .vmm = "qemu" };

/* One exit of each of n reasons, and the times given. */
static void add(struct kw_history *tl, uint64_t second, size_t n, uint64_t timed)
{
	struct kw_vm *vm[] = { &machine };
	struct kw_vms vms = { .vm = vm, .n = 1 };
	struct kw_frame frame = { .schema = &exits_table,
				  .mono_ns = second * 1000000000,
				  .real_ns = second * 1000000000 + 7,
				  .span_ns = 1000000000 };

	for (size_t i = 0; i < n; i++) {
		struct exits_row *row = kw_frame_add(&frame);

		*row = (struct exits_row){ .isa = KW_ISA_SVM,
					   .level = 1,
					   .code = 0x5000 + i,
					   .count = 1,
					   .timed = timed,
					   .total = 5 };
		row->hist[8] = 1;
	}
	assert_int_equal(kw_history_add(tl, &vms, &frame), 0);
	kw_frame_clear(&frame);
}

static size_t figure(const struct kw_timetable *t, const char *name)
{
	for (size_t i = 0; i < t->n_figures; i++)
		if (!strcmp(t->figure[i]->name, name))
			return i;
	fail();
	return 0;
}

static double all(const struct kw_history *tl, const struct kw_timetable *t, size_t figure)
{
	double sum = 0;

	for (size_t s = 0; s < t->n; s++)
		for (size_t i = 0; i < tl->n; i++)
			sum += kw_history_cell(t, &t->series[s], i, figure);
	return sum;
}

/* However many intervals: they touch, as long as each other but for the last, and all is there. */
static void long_runs(void **state)
{
	static const size_t lengths[] = { 1, 1999, 2000, 2001, 2002, 3999, 4000, 4001, 10007 };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(lengths); k++) {
		struct kw_history tl = {};
		uint64_t time = 0;

		for (size_t i = 1; i <= lengths[k]; i++)
			add(&tl, i, 2, 1);
		assert_in_range(tl.n, lengths[k] < 2000 ? lengths[k] : 1000, 2000);
		for (size_t i = 0; i < tl.n; i++) {
			time += tl.span[i].span_ns;
			assert_int_equal(tl.span[i].mono_ns, time);
			assert_int_equal(tl.span[i].real_ns, time + 7);
			if (i + 1 < tl.n)
				assert_int_equal(tl.span[i].span_ns, tl.span[0].span_ns);
		}
		assert_int_equal(time, lengths[k] * 1000000000);
		assert_int_equal(all(&tl, tl.table[0], figure(tl.table[0], "count")),
				 2 * lengths[k]);
		assert_int_equal(all(&tl, tl.table[0],
				     tl.table[0]->n_figures + (8 >> exits_table.hist.sub_log2)),
				 2 * lengths[k]);
		kw_history_release(&tl);
	}
}

/* Of too many words, the last are one series; and many words for long stay within the memory. */
static void many_series(void **state)
{
	struct kw_history tl = {};

	(void)state;
	for (size_t i = 1; i <= 1500; i++)
		add(&tl, i, 300, 1);
	assert_int_equal(tl.table[0]->n, KW_HISTORY_SERIES + 1);
	assert_int_equal(tl.table[0]->series[KW_HISTORY_SERIES].vm, KW_ALL);
	assert_in_range(tl.cells, 1, KW_HISTORY_CELLS * 1.1);
	assert_in_range(tl.n, 32, 1499);
	assert_int_equal(all(&tl, tl.table[0], figure(tl.table[0], "count")), 300 * 1500);
	kw_history_release(&tl);
}

/* What is not known is not 0; what is known in one of two rows is. */
static void not_known(void **state)
{
	const struct kw_timetable *t;
	struct kw_history tl = {};
	size_t total;

	(void)state;
	add(&tl, 1, 1, 0);
	add(&tl, 2, 0, 0);
	add(&tl, 3, 1, 1);
	t = tl.table[0];
	total = figure(t, "total");
	assert_int_equal(tl.n, 3);
	assert_true(isnan(kw_history_cell(t, &t->series[0], 0, total)));
	assert_true(kw_history_cell(t, &t->series[0], 1, total) == 0);
	assert_true(kw_history_cell(t, &t->series[0], 2, total) == 5);
	assert_true(kw_history_cell(t, &t->series[0], 0, figure(t, "count")) == 1);
	kw_history_release(&tl);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(long_runs),
					    cmocka_unit_test(many_series),
					    cmocka_unit_test(not_known) };

	kw_vm_set_display(&machine);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
