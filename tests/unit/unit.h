/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - what every unit test includes: cmocka with its prerequisites, and a few helpers.
 * May not know about: any one area that is tested.
 * To extend: helpers that at least two test programs need.
 */
#ifndef KW_UNIT_H
#define KW_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/cleanup.h"

/* A sequence of numbers without pattern, the same in each run (xorshift64). */
struct kw_random {
	uint64_t state;
};

static inline uint64_t kw_random_next(struct kw_random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state;
}

/* True if text holds part; says what text is if not. */
static inline bool kw_holds(const char *text, const char *part)
{
	if (text && strstr(text, part))
		return true;
	print_error("'%s' does not hold '%s'\n", text ? text : "(null)", part);
	return false;
}

#define kw_assert_holds(text, part) assert_true(kw_holds(text, part))
#define kw_run_tests(tests)	    cmocka_run_group_tests(tests, NULL, NULL)

#endif
