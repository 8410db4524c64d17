/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - a small table with a column of every role, for the tests of schemas and frames.
 * May not know about: any collector.
 * To extend: another role is a member of struct item and a column.
 */
#ifndef KW_UNIT_TABLE_H
#define KW_UNIT_TABLE_H

#include "core/schema.h"

#define ITEM_BUCKETS 8
#define ITEM_COLUMNS 8

struct item {
	struct kw_row_head head;
	uint32_t code; /* the last part of the key */
	uint32_t gauge;
	uint64_t count, min, max;
	uint64_t hist[ITEM_BUCKETS];
	uint8_t pad[8];
};

#define ITEM_AT(member) offsetof(struct item, member), sizeof(((struct item *)0)->member)

/* Missing for the codes from 1000 on. */
static inline void item_maybe(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	value->kind = ((const struct item *)row)->code < 1000 ? KW_NUMBER : KW_MISSING;
	value->number = ((const struct item *)row)->count;
}

static const struct kw_column item_columns[ITEM_COLUMNS] = {
	{ "code", "CODE", "Key", KW_KEY, KW_UNIT_NUMBER, KW_SHOW_TABLE, ITEM_AT(code), NULL },
	{ "gauge", "G", "Gauge", KW_GAUGE, KW_UNIT_NUMBER, KW_SHOW_TABLE, ITEM_AT(gauge), NULL },
	{ "count", "COUNT", "Counter", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, ITEM_AT(count),
	  NULL },
	{ "min", "MIN", "Least", KW_MIN, KW_UNIT_NS, KW_SHOW_MACHINE, ITEM_AT(min), NULL },
	{ "max", "MAX", "Most", KW_MAX, KW_UNIT_NS, KW_SHOW_MACHINE, ITEM_AT(max), NULL },
	{ "hist", "HIST", "Histogram", KW_HISTOGRAM, KW_UNIT_NUMBER, KW_SHOW_ASKED, ITEM_AT(hist),
	  NULL },
	{ "", "", "", KW_PADDING, KW_UNIT_WORD, KW_SHOW_ASKED, ITEM_AT(pad), NULL },
	{ "maybe", "MAYBE", "Derived", KW_DERIVED, KW_UNIT_NUMBER, KW_SHOW_TABLE, 0, 0,
	  item_maybe },
};

static inline struct kw_schema item_schema(const struct kw_column *columns)
{
	return (struct kw_schema){
		.name = "items",
		.help = "For tests",
		.columns = columns,
		.n_columns = ITEM_COLUMNS,
		.row_size = sizeof(struct item),
		.hist = { 4, 1, ITEM_BUCKETS },
		.hist_offset = offsetof(struct item, hist),
		.sort = "count",
	};
}

#endif
