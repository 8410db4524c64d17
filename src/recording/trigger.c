// SPDX-License-Identifier: Apache-2.0
/*
 * trigger.c - see trigger.h.
 * May not know about: recordings, any one collector.
 * To extend: see trigger.h.
 */
#include "trigger.h"

#include "../core/log.h"
#include "../util/units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(const char *text, const char *why)
{
	kw_say("--trigger '%s': %s; expected is something like 'exits.p99 > 1ms'", text, why);
	return -EINVAL;
}

/* A time, a share, or a plain number. */
static int parse_value(struct kw_trigger *t, const char *text)
{
	bool percent = !t->rate && t->column->unit == KW_UNIT_PERCENT;
	uint64_t ns;
	char *end;

	if (!t->rate && t->column->unit == KW_UNIT_NS) {
		if (kw_parse_duration(text, 1, &ns))
			return refuse(t->text, "its value is no time like 1ms or 250us");
		t->value = ns;
		return 0;
	}
	t->value = strtod(text, &end);
	if (end == text || !isfinite(t->value) || (*end && (!percent || strcmp(end, "%"))))
		return refuse(t->text, percent ? "its value is no share like 20%"
					       : "its value is no number");
	t->value *= percent ? 100 : 1;
	return 0;
}

static int find_column(struct kw_trigger *t, const struct kw_wants *wants, const char *table,
		       const char *column)
{
	for (t->table = 0; t->table < wants->n_tables; t->table++)
		if (!strcmp(wants->table[t->table]->name, table))
			break;
	if (t->table == wants->n_tables)
		return refuse(t->text, "that table is not recorded");
	t->column = kw_schema_find(wants->table[t->table], column);
	t->rate = !t->column && !strcmp(column, "rate");
	if (t->rate)
		t->column = kw_schema_find(wants->table[t->table], "count");
	if (!t->column)
		return refuse(t->text,
			      "that table has no such column ('kvm_watcher list columns')");
	if (t->column->role == KW_HISTOGRAM || t->column->unit == KW_UNIT_WORD ||
	    t->column->unit == KW_UNIT_HEX)
		return refuse(t->text, "that column is no figure");
	return 0;
}

int kw_trigger_parse(const char *text, const struct kw_wants *wants, struct kw_trigger *ret)
{
	char table[64], column[64], operator[3], value[64], rest[2];
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->text = text;
	if (sscanf(text, " %63[^. ].%63[^ <>=] %2[<>=] %63s %1s", table, column, operator, value,
		   rest) != 4 ||
	    !strchr("<>", *operator) || (operator[1] && operator[1] != '='))
		return refuse(text, "it is no TABLE.COLUMN > VALUE");
	ret->less = *operator== '<';
	ret->or_equal = operator[1] == '=';
	err = find_column(ret, wants, table, column);
	return err ?: parse_value(ret, value);
}

static bool holds(const struct kw_trigger *t, double value)
{
	return (t->or_equal && value == t->value) ||
	       (t->less ? value < t->value : value > t->value);
}

const void *kw_trigger_fires(const struct kw_trigger *t, const struct kw_frame *frame,
			     const struct kw_vms *vms, double *ret_value)
{
	for (size_t i = 0; i < frame->n; i++) {
		struct kw_value cell;
		double value;

		kw_column_value(t->column, vms, frame->row[i], &cell);
		if (cell.kind != KW_NUMBER)
			continue;
		value = cell.number;
		if (t->rate)
			value = frame->span_ns ? value * 1e9 / frame->span_ns : 0;
		if (holds(t, value)) {
			*ret_value = value;
			return frame->row[i];
		}
	}
	return NULL;
}
