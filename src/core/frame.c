// SPDX-License-Identifier: Apache-2.0
/*
 * frame.c - see frame.h.
 * May not know about: where rows come from or go to, what they mean.
 * To extend: see frame.h.
 */
#define _GNU_SOURCE
#include "frame.h"

#include "../util/grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void kw_frame_clear(struct kw_frame *frame)
{
	for (size_t i = 0; i < frame->n; i++)
		free(frame->row[i]);
	free(frame->row);
	frame->row = NULL;
	frame->n = frame->room = 0;
}

void *kw_frame_add(struct kw_frame *frame)
{
	void *row;

	if (!kw_grow(&frame->row, frame->n, &frame->room, sizeof(*frame->row)))
		return NULL;
	row = calloc(1, frame->schema->row_size);
	if (row)
		frame->row[frame->n++] = row;
	return row;
}

static int compare_keys(const void *a, const void *b, void *schema)
{
	const struct kw_column *c;

	/* as numbers, so that vCPU 2 precedes 256 and an earlier instance a later one */
	for (size_t i = 0; (c = kw_schema_column(schema, i)); i++) {
		uint64_t x, y;

		if (c->role != KW_KEY)
			continue;
		x = kw_column_raw(c, *(const void *const *)a);
		y = kw_column_raw(c, *(const void *const *)b);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static void sort_by_key(struct kw_frame *frame)
{
	if (frame->n)
		qsort_r(frame->row, frame->n, sizeof(*frame->row), compare_keys,
			(void *)frame->schema);
}

static void merge_hist(const struct kw_column *c, void *into, const void *row, int sign)
{
	uint64_t *a = (uint64_t *)((char *)into + c->offset);
	const uint64_t *b = (const uint64_t *)((const char *)row + c->offset);

	for (size_t i = 0; i < c->size / sizeof(*a); i++)
		a[i] += sign * b[i];
}

/* into += row, or, with sign -1, what was counted since row. */
static void merge_row(const struct kw_schema *schema, void *into, const void *row, int sign)
{
	const struct kw_column *c;

	for (size_t i = 0; (c = kw_schema_column(schema, i)); i++) {
		uint64_t a, b;

		if (c->role == KW_HISTOGRAM) {
			merge_hist(c, into, row, sign);
			continue;
		}
		if (c->role == KW_LAST && c->size > sizeof(a)) { /* a text */
			if (sign > 0 && ((const char *)row)[c->offset])
				memcpy((char *)into + c->offset, (const char *)row + c->offset,
				       c->size);
			continue;
		}
		a = kw_column_raw(c, into);
		b = kw_column_raw(c, row);
		if (c->role == KW_COUNTER)
			kw_column_set_raw(c, into, a + sign * b);
		else if (sign > 0 && (c->role == KW_GAUGE || (c->role == KW_LAST && b) ||
				      (c->role == KW_MIN && b < a) || (c->role == KW_MAX && b > a)))
			kw_column_set_raw(c, into, b);
	}
}

static bool anything_counted(const struct kw_schema *schema, const void *row)
{
	const struct kw_column *c;

	for (size_t i = 0; (c = kw_schema_column(schema, i)); i++)
		if (c->role == KW_COUNTER && kw_column_raw(c, row))
			return true;
	return false;
}

int kw_frame_delta(struct kw_frame *cur, struct kw_frame *prev, struct kw_frame *ret)
{
	const struct kw_schema *schema = cur->schema;
	size_t p = 0;

	sort_by_key(cur);
	sort_by_key(prev);
	ret->schema = schema;
	ret->mono_ns = cur->mono_ns;
	ret->real_ns = cur->real_ns;
	ret->span_ns = cur->mono_ns - prev->mono_ns;
	for (size_t i = 0; i < cur->n; i++) {
		int order = 1;
		void *row;

		while (p < prev->n &&
		       (order = compare_keys(&prev->row[p], &cur->row[i], (void *)schema)) < 0)
			p++;
		row = kw_frame_add(ret);
		if (!row)
			return -ENOMEM;
		memcpy(row, cur->row[i], schema->row_size);
		if (p < prev->n && !order)
			merge_row(schema, row, prev->row[p], -1);
		if (!anything_counted(schema, row)) {
			free(row);
			ret->n--;
		}
	}
	return 0;
}

/* Rows that now have equal keys become one. */
static void merge_equal(struct kw_frame *frame)
{
	size_t n = 0;

	sort_by_key(frame);
	for (size_t i = 0; i < frame->n; i++) {
		if (n && !compare_keys(&frame->row[n - 1], &frame->row[i], (void *)frame->schema)) {
			merge_row(frame->schema, frame->row[n - 1], frame->row[i], 1);
			free(frame->row[i]);
		} else {
			frame->row[n++] = frame->row[i];
		}
	}
	frame->n = n;
}

int kw_frame_fold(struct kw_frame *frame, enum kw_per per)
{
	for (size_t i = 0; i < frame->n; i++) {
		struct kw_row_head *head = frame->row[i];

		head->born_ns = 0;
		if (per != KW_PER_VCPU) {
			head->vcpu = KW_ALL;
			head->tid = 0;
		}
		if (per == KW_PER_HOST)
			head->vm = KW_ALL;
	}
	merge_equal(frame);
	return 0;
}

void kw_frame_estimate(struct kw_frame *frame)
{
	for (size_t i = 0; i < frame->n && frame->schema->estimate; i++)
		frame->schema->estimate(frame->row[i]);
}

int kw_frame_merge(struct kw_frame *total, const struct kw_frame *more)
{
	total->schema = more->schema;
	total->mono_ns = more->mono_ns;
	total->real_ns = more->real_ns;
	total->span_ns += more->span_ns;
	total->unavailable = more->unavailable;
	for (size_t i = 0; i < more->n; i++) {
		void *row = kw_frame_add(total);

		if (!row)
			return -ENOMEM;
		memcpy(row, more->row[i], more->schema->row_size);
	}
	merge_equal(total);
	return 0;
}

size_t kw_frame_truncate(struct kw_frame *frame, size_t n)
{
	size_t freed = frame->n > n ? frame->n - n : 0;

	while (frame->n > n)
		free(frame->row[--frame->n]);
	return freed;
}

void kw_frame_set_span(struct kw_frame *frame)
{
	for (size_t i = 0; i < frame->n; i++)
		((struct kw_row_head *)frame->row[i])->span_ns = frame->span_ns;
}

struct order {
	const struct kw_schema *schema;
	const struct kw_vms *vms;
	const struct kw_column *column;
};

static int compare_cells(const void *a, const void *b, void *arg)
{
	const struct order *o = arg;
	struct kw_value x, y;
	int order = 0;

	if (o->column->unit == KW_UNIT_HEX) {
		x.number = kw_column_raw(o->column, *(void *const *)a);
		y.number = kw_column_raw(o->column, *(void *const *)b);
		order = x.number < y.number ? 1 : x.number > y.number ? -1 : 0;
		return order ? order : compare_keys(a, b, (void *)o->schema);
	}
	kw_column_value(o->column, o->vms, *(void *const *)a, &x);
	kw_column_value(o->column, o->vms, *(void *const *)b, &y);
	if (x.kind == KW_TEXT && y.kind == KW_TEXT)
		order = strcmp(x.text, y.text);
	else if (x.kind == KW_NUMBER && y.kind == KW_NUMBER)
		order = x.number < y.number ? 1 : x.number > y.number ? -1 : 0;
	else
		order = (x.kind == KW_MISSING) - (y.kind == KW_MISSING);
	return order ? order : compare_keys(a, b, (void *)o->schema);
}

void kw_frame_order(struct kw_frame *frame, const struct kw_vms *vms,
		    const struct kw_column *column)
{
	struct order order = { frame->schema, vms, column };

	if (frame->n)
		qsort_r(frame->row, frame->n, sizeof(*frame->row), compare_cells, &order);
}
