/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h - a collector's table, declared: columns, how they merge, what they mean.
 * May not know about: the kernel, sinks, any one collector.
 * To extend: a role says how rows merge, a unit how a figure is shown; nothing else may.
 */
#ifndef KW_SCHEMA_H
#define KW_SCHEMA_H

#include "vms.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How two rows of the same key become one, and what an interval's figure is. */
enum kw_role {
	KW_KEY,	      /* same in both */
	KW_COUNTER,   /* add; the interval's figure is the difference */
	KW_GAUGE,     /* the later one */
	KW_LAST,      /* the later one that is not 0, which is none */
	KW_MIN,	      /* the smaller one, of the interval */
	KW_MAX,	      /* the greater one, of the interval */
	KW_HISTOGRAM, /* add buckets; an array of uint64_t */
	KW_DERIVED,   /* computed from the others when shown; takes no bytes */
	KW_PADDING,   /* bytes without meaning */
};

enum kw_unit {
	KW_UNIT_WORD,	/* text or an identifier */
	KW_UNIT_NUMBER, /* a plain number */
	KW_UNIT_NS,	/* nanoseconds; the machine name gets _ns */
	KW_UNIT_HEX, /* an address: text with 0x in every output, as 64 bits are no JSON number */
	KW_UNIT_PERCENT, /* hundredths of a percent; shown as percent */
};

/* Where a column is shown unless --columns says otherwise. */
enum kw_show {
	KW_SHOW_TABLE,	 /* everywhere */
	KW_SHOW_MACHINE, /* in jsonl and csv */
	KW_SHOW_ASKED,	 /* only if asked for */
};

/* One cell. Missing (not known, not measured) is not zero. */
struct kw_value {
	enum { KW_MISSING, KW_NUMBER, KW_TEXT } kind;
	uint64_t number;
	const char *text; /* valid while the row and the VMs are; may point to buf */
	char buf[160];
};

/* Every row starts with this. */
struct kw_row_head {
	uint64_t span_ns; /* over which the figures were counted; set when they are shown */
	uint32_t tid;	  /* thread that runs the vCPU; 0: several, or none */
	uint32_t pad;
	uint32_t vm; /* index into the frame's VMs */
	uint32_t vcpu;
	uint64_t born_ns; /* tells apart vCPUs, or rows, with the same key that followed each other
			   */
};

#define KW_KEYS 16 /* key columns of a table's own, at most */

#define KW_ALL UINT32_MAX /* vcpu: of all vCPUs of the VM; vm: of all VMs of the host */

/* Log-linear buckets: 1 << sub_log2 per power of two, the first begins at 1 << min_log2. */
struct kw_hist {
	uint8_t min_log2, sub_log2;
	uint16_t buckets;
};

struct kw_column {
	const char *name;  /* machine name, without unit */
	const char *title; /* in tables */
	const char *help;  /* one sentence */
	enum kw_role role;
	enum kw_unit unit;
	enum kw_show show;
	uint16_t offset,
		size; /* in the row; integers are 1, 2, 4 or 8 bytes, a text (of unit
			 KW_UNIT_WORD and role KW_LAST) more, ended by 0 if it is shorter */

	/*
	 * The cell, where it is not just the integer: a word for it, or a computed column.
	 * *value is preset (the integer, or missing for a derived column).
	 */
	void (*decode)(const struct kw_vms *vms, const void *row, struct kw_value *value);

	uint8_t width; /* usual width of a text, for tables whose rows come one by one */
};

/* Offset and size of a column. */
#define KW_AT(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)

/*
 * Bytes that are no column: struct members that only align others (pad…), or that other columns are
 * made of. The title is the member's name, by which recordings keep the latter.
 */
#define KW_PAD(type, member)                                                                       \
	{                                                                                          \
		"", #member, "", KW_PADDING, KW_UNIT_WORD, KW_SHOW_ASKED, KW_AT(type, member),     \
			NULL                                                                       \
	}

struct kw_schema {
	const char *name, *help;
	const struct kw_column *columns; /* after the common ones */
	size_t n_columns;
	size_t row_size;
	struct kw_hist hist; /* layout of the histogram column, if there is one */
	size_t hist_offset;
	const char *hist_by; /* key column whose values are drawn apart; NULL: all rows together */
	void (*estimate)(void *row); /* of an interval: from what was sampled to all; may be NULL */
	const char *sort;	     /* column that rows are sorted by, greatest first */
};

/* Columns of every row (vm, pid, vcpu, tid), then the schema's own. NULL past the last. */
const struct kw_column *kw_schema_column(const struct kw_schema *schema, size_t i);

/* The column with this name, with or without its unit; NULL if there is none. */
const struct kw_column *kw_schema_find(const struct kw_schema *schema, const char *name);

/* Machine name with its unit, e.g. total_ns. Returns dst. */
char *kw_column_name(const struct kw_column *column, char *dst, size_t size);

/*
 * Does a list of tables and columns, "table table.column *.column …", name this table (column
 * NULL), or this column of it?
 */
bool kw_schema_listed(const struct kw_schema *schema, const char *column, const char *list);

/*
 * The same table, of which the columns in such a list are always missing; itself, if there are
 * none. It lives as long as the program. NULL: there is no memory.
 */
const struct kw_schema *kw_schema_without(const struct kw_schema *schema, const char *list);

/* Is the column one that was left out so? */
bool kw_column_left_out(const struct kw_column *column);

/* Decoders: make the cell a text that lives as long as the program, or missing. */
void kw_value_text(struct kw_value *value, const char *text);
void kw_value_missing(struct kw_value *value);
void kw_value_number(struct kw_value *value, uint64_t number);

/*
 * A maximum: what happens between the end of an interval and its reading is in both intervals'
 * windows, and what a row's own sum excludes is none of its own.
 */
void kw_value_max(struct kw_value *value, uint64_t count, uint64_t total);

/* The cell of a row. */
void kw_column_value(const struct kw_column *column, const struct kw_vms *vms, const void *row,
		     struct kw_value *ret);

/* The raw integer of a column with bytes; 0 if it is none. */
static inline uint64_t kw_column_raw(const struct kw_column *column, const void *row)
{
	const void *at = (const char *)row + column->offset;
	uint64_t value = 0;

	/* little-endian, as every processor with KVM that this tool knows runs it */
	switch (column->size) {
	case 8:
		memcpy(&value, at, 8);
		break;
	case 4:
		memcpy(&value, at, 4);
		break;
	case 2:
		memcpy(&value, at, 2);
		break;
	case 1:
		memcpy(&value, at, 1);
		break;
	}
	return value;
}

void kw_column_set_raw(const struct kw_column *column, void *row, uint64_t value);

const char *kw_role_name(enum kw_role role);
const char *kw_unit_name(enum kw_unit unit);

/*
 * Refuse a table with a missing name, title or help, doubled names, or row bytes that no column
 * or more than one covers. Returns NULL if it is right, else what is wrong (static buffer).
 */
const char *kw_schema_check(const struct kw_schema *schema);

/* The histogram of a row, NULL if the schema has none. */
static inline uint64_t *kw_row_hist(const struct kw_schema *schema, const void *row)
{
	return schema->hist.buckets ? (uint64_t *)((char *)row + schema->hist_offset) : NULL;
}

#endif
