// SPDX-License-Identifier: Apache-2.0
/*
 * schema.c - see schema.h.
 * May not know about: the kernel, sinks, any one collector.
 * To extend: see schema.h.
 */
#include "schema.h"

#include "../util/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void vm_name(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct kw_vm *vm = kw_vms_get(vms, ((const struct kw_row_head *)row)->vm);

	if (value->number == KW_ALL)
		return kw_value_text(value, "(all)");
	value->kind = vm ? KW_TEXT : KW_MISSING;
	value->text = vm ? vm->display : NULL;
}

static void vm_pid(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct kw_vm *vm = kw_vms_get(vms, ((const struct kw_row_head *)row)->vm);

	value->kind = vm ? KW_NUMBER : KW_MISSING;
	value->number = vm ? vm->pid : 0;
}

static void vcpu_id(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (value->number == KW_ALL)
		value->kind = KW_MISSING;
}

static void thread_id(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (!value->number)
		value->kind = KW_MISSING;
}

/* A text in the row itself, rather than an integer. */
static bool holds_text(const struct kw_column *c)
{
	return c->role == KW_LAST && c->unit == KW_UNIT_WORD && c->size > sizeof(uint64_t);
}

#define HEAD(member)                                                                               \
	.offset = offsetof(struct kw_row_head, member),                                            \
	.size = sizeof(((struct kw_row_head *)0)->member)

static const struct kw_column common[] = {
	{ "vm", "VM", "Name of the VM, as its VMM's command line tells it; else the owner's pid",
	  KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, HEAD(vm), .decode = vm_name },
	{ "pid", "PID", "Process that owns the VM", KW_DERIVED, KW_UNIT_WORD, KW_SHOW_MACHINE,
	  .decode = vm_pid },
	{ "vcpu", "VCPU", "vCPU id", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, HEAD(vcpu),
	  .decode = vcpu_id },
	{ "tid", "TID", "Thread that runs the vCPU", KW_GAUGE, KW_UNIT_WORD, KW_SHOW_MACHINE,
	  HEAD(tid), .decode = thread_id },
	{ "born", "BORN", "When the vCPU, or this row of it, was first seen (CLOCK_MONOTONIC)",
	  KW_KEY, KW_UNIT_NS, KW_SHOW_ASKED, HEAD(born_ns) },
	{ "", "", "", KW_PADDING, KW_UNIT_WORD, KW_SHOW_ASKED, HEAD(pad) },
	{ "", "", "", KW_PADDING, KW_UNIT_WORD, KW_SHOW_ASKED, HEAD(span_ns) },
};

const struct kw_column *kw_schema_column(const struct kw_schema *schema, size_t i)
{
	if (i < ARRAY_SIZE(common))
		return &common[i];
	i -= ARRAY_SIZE(common);
	return i < schema->n_columns ? &schema->columns[i] : NULL;
}

char *kw_column_name(const struct kw_column *column, char *dst, size_t size)
{
	snprintf(dst, size, "%s%s", column->name, column->unit == KW_UNIT_NS ? "_ns" : "");
	return dst;
}

const struct kw_column *kw_schema_find(const struct kw_schema *schema, const char *name)
{
	const struct kw_column *c;
	char full[64];

	for (size_t i = 0; (c = kw_schema_column(schema, i)); i++)
		if (c->role != KW_PADDING && (!strcmp(c->name, name) ||
					      !strcmp(kw_column_name(c, full, sizeof(full)), name)))
			return c;
	return NULL;
}

void kw_column_set_raw(const struct kw_column *column, void *row, uint64_t value)
{
	memcpy((char *)row + column->offset, &value, column->size);
}

void kw_column_value(const struct kw_column *column, const struct kw_vms *vms, const void *row,
		     struct kw_value *ret)
{
	ret->kind = column->size ? KW_NUMBER : KW_MISSING;
	ret->number = column->size ? kw_column_raw(column, row) : 0;
	ret->text = NULL;
	if (holds_text(column)) {
		snprintf(ret->buf, sizeof(ret->buf), "%.*s", column->size,
			 (const char *)row + column->offset);
		kw_value_text(ret, *ret->buf ? ret->buf : NULL);
	}
	if (column->decode)
		column->decode(vms, row, ret);
	if (column->unit == KW_UNIT_HEX && ret->kind == KW_NUMBER) {
		snprintf(ret->buf, sizeof(ret->buf), "0x%" PRIx64, ret->number);
		ret->kind = KW_TEXT;
		ret->text = ret->buf;
	}
}

static bool is_listed(const char *table, const char *column, const char *list)
{
	char name[128];
	size_t len;

	len = snprintf(name, sizeof(name), "%s%s%s", table, column ? "." : "", column ?: "");
	for (; list && *list; list += strcspn(list, " ") + (list[strcspn(list, " ")] == ' '))
		if (strcspn(list, " ") == len && !strncmp(list, name, len))
			return true;
	return false;
}

bool kw_schema_listed(const struct kw_schema *schema, const char *column, const char *list)
{
	return is_listed(schema->name, column, list) || (column && is_listed("*", column, list));
}

static void always_missing(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	kw_value_missing(value);
}

bool kw_column_left_out(const struct kw_column *column)
{
	return column->decode == always_missing;
}

const struct kw_schema *kw_schema_without(const struct kw_schema *schema, const char *list)
{
	static struct made {
		struct kw_schema schema;
		struct made *next;
	} * all; /* found by leak checkers, and by nobody else */
	struct kw_column *columns = NULL;
	struct made *made;

	for (size_t i = 0; i < schema->n_columns; i++) {
		if (!kw_schema_listed(schema, schema->columns[i].name, list))
			continue;
		if (!columns) {
			made = calloc(1, sizeof(*made));
			columns = made ? malloc(schema->n_columns * sizeof(*columns)) : NULL;
			if (!columns) {
				free(made);
				return NULL;
			}
			memcpy(columns, schema->columns, schema->n_columns * sizeof(*columns));
			*made = (struct made){ .schema = *schema, .next = all };
			made->schema.columns = columns;
			all = made;
		}
		columns[i].decode = always_missing;
	}
	return columns ? &all->schema : schema;
}

void kw_value_text(struct kw_value *value, const char *text)
{
	value->kind = text ? KW_TEXT : KW_MISSING;
	value->text = text;
}

void kw_value_missing(struct kw_value *value)
{
	value->kind = KW_MISSING;
}

void kw_value_number(struct kw_value *value, uint64_t number)
{
	value->kind = KW_NUMBER;
	value->number = number;
}

void kw_value_max(struct kw_value *value, uint64_t count, uint64_t total)
{
	if (!count)
		kw_value_missing(value);
	else if (value->number > total || count == 1)
		value->number = total;
}

const char *kw_role_name(enum kw_role role)
{
	static const char *const names[] = { "key", "counter",	 "gauge",   "last",   "min",
					     "max", "histogram", "derived", "padding" };

	return names[role];
}

const char *kw_unit_name(enum kw_unit unit)
{
	static const char *const names[] = { "word", "number", "ns", "hex", "percent" };

	return names[unit];
}

static const char *check_column(const struct kw_schema *schema, const struct kw_column *c,
				unsigned char *covered)
{
	char full[64];

	if (c->role != KW_PADDING &&
	    (!*c->name || !c->title || !*c->title || !c->help || !*c->help))
		return "has a column without name, title or help";
	if (c->role == KW_DERIVED ? c->size || !c->decode : !c->size)
		return "has a column that is neither bytes nor derived";
	if (c->offset + c->size > schema->row_size)
		return "has a column outside its row";
	if (c->role != KW_HISTOGRAM && c->role != KW_PADDING && c->size > 8 &&
	    (!holds_text(c) || c->size >= sizeof(((struct kw_value *)0)->buf)))
		return "has an integer of more than 8 bytes";
	if (c->role != KW_PADDING &&
	    (kw_schema_find(schema, c->name) != c ||
	     kw_schema_find(schema, kw_column_name(c, full, sizeof(full))) != c))
		return "has two columns with one name";
	for (size_t i = c->offset; i < (size_t)c->offset + c->size; i++)
		if (covered[i]++)
			return "has row bytes that two columns cover";
	return NULL;
}

const char *kw_schema_check(const struct kw_schema *schema)
{
	static char message[200];
	_cleanup_free_ unsigned char *covered = calloc(1, schema->row_size);
	const struct kw_column *c;
	const char *wrong = NULL;
	size_t i, keys = 0;

	for (i = 0; (c = kw_schema_column(schema, i)) && !wrong; i++) {
		wrong = check_column(schema, c, covered);
		if (wrong)
			snprintf(message, sizeof(message), "%s %s: %s", schema->name, wrong,
				 c->name);
	}
	for (i = 0; i < schema->row_size && !wrong; i++)
		if (!covered[i]) {
			wrong = "uncovered";
			snprintf(message, sizeof(message),
				 "%s has a row byte that no column covers: %zu", schema->name, i);
		}
	for (i = 0; i < schema->n_columns; i++)
		keys += schema->columns[i].role == KW_KEY;
	if (!wrong && keys > KW_KEYS) {
		wrong = "keys";
		snprintf(message, sizeof(message), "%s has too many keys", schema->name);
	}
	if (!wrong && (!schema->help || !kw_schema_find(schema, schema->sort))) {
		wrong = "help or sort";
		snprintf(message, sizeof(message), "%s has no help or sorts by no column",
			 schema->name);
	}
	return wrong ? message : NULL;
}
