// SPDX-License-Identifier: Apache-2.0
/*
 * cell.c - see cell.h.
 * May not know about: where it is shown, any one collector.
 * To extend: see cell.h.
 */
#include "cell.h"

#include "../util/units.h"

#include <inttypes.h>
#include <stdio.h>

char *kw_cell_format(const struct kw_column *column, const struct kw_value *value, char *dst,
		     size_t size)
{
	if (value->kind == KW_MISSING || column->role == KW_HISTOGRAM)
		snprintf(dst, size, "-");
	else if (value->kind == KW_TEXT)
		snprintf(dst, size, "%s", value->text);
	else if (column->unit == KW_UNIT_NS)
		kw_format_ns(value->number, dst, size);
	else if (column->unit == KW_UNIT_PERCENT)
		snprintf(dst, size, "%.1f", value->number / 100.0);
	else if (column->unit == KW_UNIT_NUMBER && column->role != KW_KEY)
		kw_format_count(value->number, dst, size);
	else
		snprintf(dst, size, "%" PRIu64, value->number);
	return dst;
}

bool kw_cell_is_text(const struct kw_column *column, const struct kw_value *value)
{
	return value->kind == KW_TEXT || column->unit == KW_UNIT_HEX ||
	       (value->kind == KW_MISSING && column->unit == KW_UNIT_WORD &&
		column->role == KW_DERIVED);
}
