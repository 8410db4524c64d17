// SPDX-License-Identifier: Apache-2.0
/*
 * compare.c - tests of analysis/compare: which VM is which. The rest is tests/diff's.
 * May not know about: how changes are shown.
 * To extend: a test is a function in main().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/compare.h"

#include <stdlib.h>

/* The UUID first, then the name, then the process; a further VM of a process is not its first. */
static void match(void **state)
{
	struct kw_vm before[] = {
		{ .pid = 1, .start_ns = 5, .number = 1, .name = "web", .uuid = "u-1" },
		{ .pid = 2, .start_ns = 5, .number = 1, .name = "db" },
		{ .pid = 3, .start_ns = 5, .number = 1 },
		{ .pid = 4, .start_ns = 5, .number = 1, .name = "two" },
		{ .pid = 4, .start_ns = 5, .number = 2, .name = "two" },
		{ .pid = 6, .start_ns = 5, .number = 1 },
	};
	struct kw_vm after[] = {
		{ .pid = 9, .start_ns = 7, .number = 1, .name = "renamed", .uuid = "u-1" },
		{ .pid = 1, .start_ns = 7, .number = 1, .name = "db" },
		{ .pid = 3, .start_ns = 5, .number = 1, .name = "named" },
		{ .pid = 8, .start_ns = 7, .number = 2, .name = "two" },
		{ .pid = 6, .start_ns = 7, .number = 1 }, /* another process of this number */
		{ .pid = 8, .start_ns = 7, .number = 1, .name = "two" },
		{ .pid = 7, .start_ns = 7, .number = 1, .name = "web" }, /* whose UUID is taken */
	};
	static const uint32_t expected[] = { 0, 1, 2, 4, 6 + 4, 3, 6 + 6 };
	struct kw_vm *a_vm[6], *b_vm[7];
	struct kw_vms a = { .vm = a_vm, .n = 6 }, b = { .vm = b_vm, .n = 7 };
	uint32_t *got;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		a_vm[i] = &before[i];
	for (size_t i = 0; i < 7; i++)
		b_vm[i] = &after[i];
	got = kw_match_vms(&a, &b);
	assert_non_null(got);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(got[i], expected[i]);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(match) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
