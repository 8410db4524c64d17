// SPDX-License-Identifier: Apache-2.0
/*
 * frame.c - see frame.h.
 * May not know about: where rows come from or go to, what they mean.
 * To extend: see frame.h.
 */
#define _GNU_SOURCE
#include "frame.h"

#include "../util/cleanup.h"
#include "../util/grow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory: rows are as large as their table says, and many at a time ---- */

#define FIRST_ROWS 16	     /* of the first block; each further one has twice as many, */
#define BLOCK_SIZE (1 << 20) /* as long as it is no larger than this */

struct kw_block {
	struct kw_block *next;
	size_t used, size;
	uint64_t row[]; /* rows hold integers of up to 8 bytes */
};

static void free_blocks(struct kw_block *block)
{
	while (block) {
		struct kw_block *next = block->next;

		free(block);
		block = next;
	}
}

void kw_frame_clear(struct kw_frame *frame)
{
	free_blocks(frame->block);
	free_blocks(frame->spare);
	free(frame->row);
	frame->block = frame->spare = NULL;
	frame->row = NULL;
	frame->dropped = NULL;
	frame->n = frame->room = 0;
}

void kw_frame_empty(struct kw_frame *frame)
{
	while (frame->block) {
		struct kw_block *block = frame->block;

		frame->block = block->next;
		block->next = frame->spare;
		block->used = 0;
		frame->spare = block;
	}
	frame->dropped = NULL;
	frame->n = 0;
}

/* The rows of from go where into has its own; from is empty then. */
static void take_memory(struct kw_frame *into, struct kw_frame *from)
{
	free_blocks(into->block);
	free_blocks(into->spare);
	into->block = from->block;
	into->spare = from->spare;
	into->dropped = from->dropped;
	from->block = from->spare = NULL;
	from->dropped = NULL;
	from->n = 0;
}

/* One more block at the head of the list: a spare one, or a new one. */
static struct kw_block *add_block(struct kw_frame *frame)
{
	struct kw_block *block = frame->spare;
	size_t size = frame->block ? 2 * frame->block->size : FIRST_ROWS * frame->schema->row_size;

	if (block) {
		frame->spare = block->next;
	} else {
		size = size < BLOCK_SIZE ? size : BLOCK_SIZE;
		block = malloc(sizeof(*block) + size);
		if (!block)
			return NULL;
		block->used = 0;
		block->size = size;
	}
	block->next = frame->block;
	frame->block = block;
	return block;
}

/* Memory for a row, with anything in it. */
static void *take_row(struct kw_frame *frame)
{
	size_t size = frame->schema->row_size;
	struct kw_block *block = frame->block;
	void *row = frame->dropped;

	if (row) {
		memcpy(&frame->dropped, row, sizeof(frame->dropped));
		return row;
	}
	if (!block || block->size - block->used < size)
		block = add_block(frame);
	if (!block)
		return NULL;
	row = (char *)block->row + block->used;
	block->used += size;
	for (size_t i = 0; i < size && block->used + i < block->size; i += 64)
		__builtin_prefetch((char *)row + size + i, 1); /* the next one */
	return row;
}

/* The row is no part of the frame any more; its memory is for the next one. */
static void drop(struct kw_frame *frame, void *row)
{
	memcpy(row, &frame->dropped, sizeof(frame->dropped));
	frame->dropped = row;
}

/* Append a row with anything in it. */
static void *append(struct kw_frame *frame)
{
	void *row;

	if (!kw_grow(&frame->row, frame->n, &frame->room, sizeof(*frame->row)))
		return NULL;
	row = take_row(frame);
	if (row)
		frame->row[frame->n++] = row;
	return row;
}

void *kw_frame_add(struct kw_frame *frame)
{
	void *row = append(frame);

	return row ? memset(row, 0, frame->schema->row_size) : NULL;
}

static int append_copy(struct kw_frame *frame, const void *from)
{
	void *row = append(frame);

	if (!row)
		return -ENOMEM;
	memcpy(row, from, frame->schema->row_size);
	return 0;
}

/* ---- keys ---- */

/* A table's own key columns, looked up once. */
struct keys {
	const struct kw_column *column[KW_KEYS];
	size_t n;
};

static struct keys keys_of(const struct kw_schema *schema)
{
	struct keys keys = {};

	for (size_t i = 0; i < schema->n_columns && keys.n < KW_KEYS; i++)
		if (schema->columns[i].role == KW_KEY)
			keys.column[keys.n++] = &schema->columns[i];
	return keys;
}

static int compare(uint64_t x, uint64_t y)
{
	return (x > y) - (x < y);
}

/* As numbers, so that vCPU 2 precedes 256 and an earlier instance a later one. */
static int compare_rows(const struct keys *keys, const void *a, const void *b)
{
	const struct kw_row_head *x = a, *y = b;
	int order = compare(x->vm, y->vm);

	order = order ?: compare(x->vcpu, y->vcpu) ?: compare(x->born_ns, y->born_ns);
	for (size_t i = 0; i < keys->n && !order; i++)
		order = compare(kw_column_raw(keys->column[i], a),
				kw_column_raw(keys->column[i], b));
	return order;
}

static int compare_keys(const void *a, const void *b, void *keys)
{
	return compare_rows(keys, *(const void *const *)a, *(const void *const *)b);
}

static bool is_sorted(const struct kw_frame *frame, const struct keys *keys)
{
	for (size_t i = 1; i < frame->n; i++)
		if (compare_rows(keys, frame->row[i - 1], frame->row[i]) > 0)
			return false;
	return true;
}

static void sort_by_key(struct kw_frame *frame, struct keys *keys)
{
	if (!is_sorted(frame, keys))
		qsort_r(frame->row, frame->n, sizeof(*frame->row), compare_keys, keys);
}

void kw_frame_sort(struct kw_frame *frame)
{
	struct keys keys = keys_of(frame->schema);

	sort_by_key(frame, &keys);
}

int kw_row_compare(const struct kw_schema *schema, const void *a, const void *b)
{
	const struct keys keys = keys_of(schema);

	return compare_rows(&keys, a, b);
}

/* ---- roles ---- */

static void merge_hist(const struct kw_column *c, void *into, const void *row)
{
	uint64_t *a = (uint64_t *)((char *)into + c->offset);
	const uint64_t *b = (const uint64_t *)((const char *)row + c->offset);

	for (size_t i = 0; i < c->size / sizeof(*a); i++)
		a[i] += b[i];
}

static void merge_cell(const struct kw_column *c, void *into, const void *row)
{
	uint64_t a, b;

	if (c->role == KW_HISTOGRAM)
		return merge_hist(c, into, row);
	if (c->role == KW_LAST && c->size > sizeof(a)) { /* a text */
		if (((const char *)row)[c->offset])
			memcpy((char *)into + c->offset, (const char *)row + c->offset, c->size);
		return;
	}
	a = kw_column_raw(c, into);
	b = kw_column_raw(c, row);
	if (c->role == KW_COUNTER)
		kw_column_set_raw(c, into, a + b);
	else if (c->role == KW_GAUGE || (c->role == KW_LAST && b) || (c->role == KW_MIN && b < a) ||
		 (c->role == KW_MAX && b > a))
		kw_column_set_raw(c, into, b);
}

/* into += row */
static void merge_row(const struct kw_schema *schema, void *into, const void *row)
{
	((struct kw_row_head *)into)->tid = ((const struct kw_row_head *)row)->tid;
	for (size_t i = 0; i < schema->n_columns; i++)
		merge_cell(&schema->columns[i], into, row);
}

static bool anything_counted(const struct kw_schema *schema, const void *row)
{
	for (size_t i = 0; i < schema->n_columns; i++)
		if (schema->columns[i].role == KW_COUNTER &&
		    kw_column_raw(&schema->columns[i], row))
			return true;
	return false;
}

/*
 * before = cur - before: in hist the buckets, of the others what can be subtracted. A bucket of
 * which something was lost may have become less.
 */
static void subtract_cell(const struct kw_column *c, const void *cur, void *before)
{
	const uint64_t *a = (const uint64_t *)((const char *)cur + c->offset);
	uint64_t *b = (uint64_t *)((char *)before + c->offset);

	if (c->role == KW_HISTOGRAM)
		for (size_t i = 0; i < c->size / sizeof(*a); i++)
			b[i] = a[i] > b[i] ? a[i] - b[i] : 0;
	else if (c->role == KW_COUNTER)
		kw_column_set_raw(c, before, kw_column_raw(c, cur) - kw_column_raw(c, before));
	else
		memcpy(b, a, c->size);
}

static void subtract_row(const struct kw_schema *schema, const void *cur, void *before)
{
	memcpy(before, cur, sizeof(struct kw_row_head));
	for (size_t i = 0; i < schema->n_columns; i++)
		subtract_cell(&schema->columns[i], cur, before);
}

/* ---- what can be done with rows ---- */

static bool same_counters(const struct kw_schema *schema, const void *a, const void *b)
{
	for (size_t i = 0; i < schema->n_columns; i++)
		if (schema->columns[i].role == KW_COUNTER &&
		    kw_column_raw(&schema->columns[i], a) != kw_column_raw(&schema->columns[i], b))
			return false;
	return true;
}

/* Append what happened since: before, NULL if there was none, becomes the row. */
static int append_since(struct kw_frame *ret, const void *cur, void *before)
{
	if (before && same_counters(ret->schema, cur, before)) {
		drop(ret, before);
		return 0;
	}
	if (!before)
		return anything_counted(ret->schema, cur) ? append_copy(ret, cur) : 0;
	if (!kw_grow(&ret->row, ret->n, &ret->room, sizeof(*ret->row)))
		return -ENOMEM;
	subtract_row(ret->schema, cur, before);
	ret->row[ret->n++] = before;
	return 0;
}

int kw_frame_delta(struct kw_frame *cur, struct kw_frame *prev, struct kw_frame *ret)
{
	struct keys keys = keys_of(cur->schema);
	size_t p = 0, n_prev = prev->n;
	int err = 0;

	sort_by_key(cur, &keys);
	sort_by_key(prev, &keys);
	ret->schema = cur->schema;
	ret->mono_ns = cur->mono_ns;
	ret->real_ns = cur->real_ns;
	ret->span_ns = cur->mono_ns - prev->mono_ns;
	take_memory(ret, prev);
	for (size_t i = 0; i < cur->n && !err; i++) {
		int order = 1;

		while (p < n_prev && (order = compare_rows(&keys, prev->row[p], cur->row[i])) < 0)
			drop(ret, prev->row[p++]);
		err = append_since(ret, cur->row[i], p < n_prev && !order ? prev->row[p++] : NULL);
	}
	return err;
}

/* Rows that now have equal keys become one. */
static void merge_equal(struct kw_frame *frame)
{
	struct keys keys = keys_of(frame->schema);
	size_t n = 0;

	sort_by_key(frame, &keys);
	for (size_t i = 0; i < frame->n; i++) {
		if (n && !compare_rows(&keys, frame->row[n - 1], frame->row[i])) {
			merge_row(frame->schema, frame->row[n - 1], frame->row[i]);
			drop(frame, frame->row[i]);
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
	int err = 0;

	total->schema = more->schema;
	total->mono_ns = more->mono_ns;
	total->real_ns = more->real_ns;
	total->span_ns += more->span_ns;
	for (size_t i = 0; i < more->n && !err; i++)
		err = append_copy(total, more->row[i]);
	total->unavailable = total->n ? NULL : more->unavailable;
	if (!err)
		merge_equal(total);
	return err;
}

size_t kw_frame_truncate(struct kw_frame *frame, size_t n)
{
	size_t dropped = frame->n > n ? frame->n - n : 0;

	while (frame->n > n)
		drop(frame, frame->row[--frame->n]);
	return dropped;
}

void kw_frame_set_span(struct kw_frame *frame)
{
	for (size_t i = 0; i < frame->n; i++)
		((struct kw_row_head *)frame->row[i])->span_ns = frame->span_ns;
}

/* ---- order by a column ---- */

/* A row, and the number that it is ordered by, worked out once. */
struct place {
	bool missing;
	uint64_t number;
	void *row;
};

struct order {
	struct keys keys;
	const struct kw_vms *vms;
	const struct kw_column *column;
};

static int compare_places(const void *a, const void *b, void *arg)
{
	const struct place *x = a, *y = b;
	const struct order *o = arg;
	int order = x->missing - y->missing;

	order = order ?: compare(y->number, x->number);
	return order ?: compare_rows(&o->keys, x->row, y->row);
}

static int compare_texts(const void *a, const void *b, void *arg)
{
	const void *x = *(const void *const *)a, *y = *(const void *const *)b;
	const struct order *o = arg;
	struct kw_value left, right;
	int order;

	kw_column_value(o->column, o->vms, x, &left);
	kw_column_value(o->column, o->vms, y, &right);
	if (left.kind == KW_TEXT && right.kind == KW_TEXT)
		order = strcmp(left.text, right.text);
	else
		order = (left.kind == KW_MISSING) - (right.kind == KW_MISSING);
	return order ?: compare_rows(&o->keys, x, y);
}

/* False if the cell is a text, but for addresses, which are ordered as numbers. */
static bool find_place(const struct order *o, void *row, struct place *ret)
{
	struct kw_value value = { .kind = KW_NUMBER };

	ret->row = row;
	if (o->column->unit == KW_UNIT_HEX)
		value.number = kw_column_raw(o->column, row);
	else
		kw_column_value(o->column, o->vms, row, &value);
	ret->missing = value.kind == KW_MISSING;
	ret->number = ret->missing ? 0 : value.number;
	return value.kind != KW_TEXT;
}

static bool order_numbers(struct kw_frame *frame, struct order *order)
{
	_cleanup_free_ struct place *place = calloc(frame->n, sizeof(*place));

	for (size_t i = 0; i < frame->n; i++)
		if (!place || !find_place(order, frame->row[i], &place[i]))
			return false;
	qsort_r(place, frame->n, sizeof(*place), compare_places, order);
	for (size_t i = 0; i < frame->n; i++)
		frame->row[i] = place[i].row;
	return true;
}

void kw_frame_order(struct kw_frame *frame, const struct kw_vms *vms,
		    const struct kw_column *column)
{
	struct order order = { keys_of(frame->schema), vms, column };

	if (frame->n && !order_numbers(frame, &order))
		qsort_r(frame->row, frame->n, sizeof(*frame->row), compare_texts, &order);
}
