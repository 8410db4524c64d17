/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells.h - what a cell of a row is: text, number or missing.
 * May not know about: any one table. vms are the VMs that rows are of; a test may fill it.
 * To extend: what two tests of columns need.
 */
#ifndef KW_TEST_CELLS_H
#define KW_TEST_CELLS_H

#include "unit.h"

#include "core/schema.h"

#include <inttypes.h>
#include <stdio.h>

static struct kw_vms vms;

static inline struct kw_value cell(const struct kw_schema *t, const char *name, const void *row)
{
	const struct kw_column *c = kw_schema_find(t, name);
	struct kw_value value;

	if (!c)
		fail_msg("%s has no column %s", t->name, name);
	kw_column_value(c, &vms, row, &value);
	if (value.kind == KW_TEXT && value.text != value.buf)
		snprintf(value.buf, sizeof(value.buf), "%s", value.text);
	value.text = NULL; /* it may have pointed to this very buf */
	return value;
}

static inline void assert_text(const struct kw_schema *t, const char *name, const void *row,
			       const char *expected)
{
	struct kw_value value = cell(t, name, row);

	assert_int_equal(value.kind, KW_TEXT);
	assert_string_equal(value.buf, expected);
}

static inline void assert_number(const struct kw_schema *t, const char *name, const void *row,
				 uint64_t expected)
{
	struct kw_value value = cell(t, name, row);

	assert_int_equal(value.kind, KW_NUMBER);
	if (value.number != expected)
		fail_msg("%s is %" PRIu64 ", not %" PRIu64, name, value.number, expected);
}

static inline void assert_missing(const struct kw_schema *t, const char *name, const void *row)
{
	if (cell(t, name, row).kind != KW_MISSING)
		fail_msg("%s is not missing", name);
}

#endif
