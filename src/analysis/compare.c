// SPDX-License-Identifier: Apache-2.0
/*
 * compare.c - see compare.h.
 * May not know about: where rows come from, how changes are shown, any one collector.
 * To extend: see compare.h.
 */
#define _GNU_SOURCE
#include "compare.h"

#include "../util/cleanup.h"
#include "../util/grow.h"
#include "rank.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- samples ---- */

/* What a table counts: count, or else the first number that adds up. */
static const struct kw_column *count_of(const struct kw_schema *schema)
{
	const struct kw_column *count = kw_schema_find(schema, "count");

	for (size_t i = 0; i < schema->n_columns && !count; i++)
		if (schema->columns[i].role == KW_COUNTER &&
		    schema->columns[i].unit == KW_UNIT_NUMBER)
			count = &schema->columns[i];
	return count;
}

bool kw_samples_begin(struct kw_samples *samples, const struct kw_schema *schema)
{
	memset(samples, 0, sizeof(*samples));
	samples->schema = samples->total.schema = schema;
	samples->column[KW_FIGURE_RATE] = count_of(schema);
	samples->column[KW_FIGURE_MEAN] = kw_schema_find(schema, "mean");
	samples->column[KW_FIGURE_P99] = kw_schema_find(schema, "p99");
	return samples->column[KW_FIGURE_RATE] != NULL;
}

/* Where a row is, or would be. */
static size_t place_of(const struct kw_samples *s, const void *row)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (kw_row_compare(s->schema, s->row[middle]->row, row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct kw_sampled *insert(struct kw_samples *s, size_t at, const struct kw_row_head *row)
{
	struct kw_sampled *new;

	if (!kw_grow(&s->row, s->n, &s->room, sizeof(*s->row)))
		return NULL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return NULL;
	new->row = malloc(s->schema->row_size);
	if (!new->row) {
		free(new);
		return NULL;
	}
	memcpy(new->row, row, s->schema->row_size);
	new->vm = row->vm;
	memmove(&s->row[at + 1], &s->row[at], (s->n - at) * sizeof(*s->row));
	s->row[at] = new;
	s->n++;
	return new;
}

static double figure_of(const struct kw_samples *s, enum kw_figure figure, const struct kw_vms *vms,
			const void *row, double seconds)
{
	struct kw_value value;

	if (!s->column[figure] || !row)
		return NAN;
	kw_column_value(s->column[figure], vms, row, &value);
	if (value.kind != KW_NUMBER)
		return NAN;
	return figure == KW_FIGURE_RATE ? value.number / seconds : (double)value.number;
}

static int sample(const struct kw_samples *s, struct kw_sampled *row, enum kw_figure figure,
		  double value)
{
	if (isnan(value))
		return 0;
	if (!kw_grow(&row->value[figure], row->n[figure], &row->room[figure], sizeof(value)))
		return -ENOMEM;
	row->value[figure][row->n[figure]++] = value;
	(void)s;
	return 0;
}

int kw_samples_add(struct kw_samples *samples, const struct kw_vms *vms,
		   const struct kw_frame *delta)
{
	double seconds = delta->span_ns / 1e9;

	for (size_t i = 0; i < delta->n; i++) {
		size_t at = place_of(samples, delta->row[i]);
		struct kw_sampled *row = at < samples->n ? samples->row[at] : NULL;

		if (!row || kw_row_compare(samples->schema, row->row, delta->row[i])) {
			if (samples->n == KW_SAMPLED_ROWS) {
				samples->left_out++;
				continue;
			}
			row = insert(samples, at, delta->row[i]);
		}
		for (int f = 0; f < KW_FIGURES; f++)
			if (!row || sample(samples, row, f,
					   figure_of(samples, f, vms, delta->row[i], seconds)))
				return -ENOMEM;
	}
	samples->intervals++;
	samples->seconds += seconds;
	return kw_frame_merge(&samples->total, delta);
}

void kw_samples_release(struct kw_samples *samples)
{
	for (size_t i = 0; i < samples->n; i++) {
		for (int f = 0; f < KW_FIGURES; f++)
			free(samples->row[i]->value[f]);
		free(samples->row[i]->row);
		free(samples->row[i]);
	}
	free(samples->row);
	kw_frame_clear(&samples->total);
	memset(samples, 0, sizeof(*samples));
}

/* ---- which row is which ---- */

static bool same_uuid(const struct kw_vm *a, const struct kw_vm *b)
{
	return *a->uuid && !strcmp(a->uuid, b->uuid) && a->number == b->number;
}

static bool same_name(const struct kw_vm *a, const struct kw_vm *b)
{
	return *a->name && !strcmp(a->name, b->name) && a->number == b->number;
}

static bool same_process(const struct kw_vm *a, const struct kw_vm *b)
{
	return a->pid == b->pid && a->start_ns == b->start_ns && a->number == b->number;
}

uint32_t *kw_match_vms(const struct kw_vms *a, const struct kw_vms *b)
{
	static bool (*const ways[])(const struct kw_vm *a,
				    const struct kw_vm *b) = { same_uuid, same_name, same_process };
	uint32_t *match = calloc(b->n + 1, sizeof(*match));
	_cleanup_free_ bool *taken = calloc(a->n + 1, sizeof(*taken));

	if (!match || !taken) {
		free(match);
		return NULL;
	}
	for (size_t k = 0; k < b->n; k++)
		match[k] = a->n + k;
	for (size_t way = 0; way < ARRAY_SIZE(ways); way++)
		for (size_t k = 0; k < b->n; k++)
			for (size_t i = 0; i < a->n && match[k] >= a->n; i++)
				if (!taken[i] && ways[way](a->vm[i], b->vm[k])) {
					match[k] = i;
					taken[i] = true;
				}
	return match;
}

static int by_key(const void *x, const void *y, void *schema)
{
	return kw_row_compare(schema, (*(struct kw_sampled *const *)x)->row,
			      (*(struct kw_sampled *const *)y)->row);
}

/* Rows of b get the VMs of a. */
static void rename_vms(struct kw_samples *b, const uint32_t *match, size_t n)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->row[i]->vm < n)
			b->row[i]->row->vm = match[b->row[i]->vm];
	if (b->n)
		qsort_r(b->row, b->n, sizeof(*b->row), by_key, (void *)b->schema);
}

/* ---- changes ---- */

/* Of the whole run. */
static const void *total_of(const struct kw_samples *s, const struct kw_sampled *row)
{
	uint32_t vm = row->row->vm;
	const void *found = NULL;
	size_t low = 0, high = s->total.n;

	row->row->vm = row->vm;
	while (low < high && !found) {
		size_t middle = (low + high) / 2;
		int order = kw_row_compare(s->schema, s->total.row[middle], row->row);

		if (!order)
			found = s->total.row[middle];
		else if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	row->row->vm = vm;
	return found;
}

/* In intervals without the row, nothing was counted. */
static int pad_rates(const struct kw_samples *s, struct kw_sampled *row)
{
	int err = 0;

	while (row->n[KW_FIGURE_RATE] < s->intervals && !err)
		err = sample(s, row, KW_FIGURE_RATE, 0);
	return err;
}

static void whole(const struct kw_samples *s, const struct kw_vms *vms,
		  const struct kw_sampled *row, double *ret)
{
	const void *total = row->row ? total_of(s, row) : NULL;

	for (int f = 0; f < KW_FIGURES; f++)
		ret[f] = figure_of(s, f, vms, total, s->seconds);
	if (!row->row)
		ret[KW_FIGURE_RATE] = 0;
}

/* Either may be missing. */
static int add_change(struct kw_samples *a, const struct kw_vms *a_vms, struct kw_sampled *x,
		      struct kw_samples *b, const struct kw_vms *b_vms, struct kw_sampled *y,
		      struct kw_changes *ret)
{
	struct kw_sampled none = {}, nothing = {};
	struct kw_change *c;
	int err;

	if (!kw_grow(&ret->change, ret->n, &ret->room, sizeof(*ret->change)))
		return -ENOMEM;
	c = &ret->change[ret->n++];
	*c = (struct kw_change){ .schema = a->schema,
				 .vms = x ? a_vms : b_vms,
				 .row = x ? total_of(a, x) : total_of(b, y) };
	x = x ?: &none;
	y = y ?: &nothing;
	whole(a, a_vms, x, c->a);
	whole(b, b_vms, y, c->b);
	err = pad_rates(a, x) ?: pad_rates(b, y);
	for (int f = 0; f < KW_FIGURES && !err; f++) {
		c->p[f] = c->q[f] = NAN;
		if (x->n[f] && y->n[f])
			c->p[f] = kw_rank_test(x->value[f], x->n[f], y->value[f], y->n[f]);
		err = c->p[f] < 0 ? -ENOMEM : 0;
	}
	free(none.value[KW_FIGURE_RATE]);
	free(nothing.value[KW_FIGURE_RATE]);
	return err;
}

int kw_compare(struct kw_samples *a, const struct kw_vms *a_vms, struct kw_samples *b,
	       const struct kw_vms *b_vms, const uint32_t *match, struct kw_changes *ret)
{
	size_t i = 0, k = 0;
	int err = 0;

	rename_vms(b, match, b_vms->n);
	while ((i < a->n || k < b->n) && !err) {
		int order = i == a->n	? 1
			    : k == b->n ? -1
					: kw_row_compare(a->schema, a->row[i]->row, b->row[k]->row);

		err = add_change(a, a_vms, order <= 0 ? a->row[i] : NULL, b, b_vms,
				 order >= 0 ? b->row[k] : NULL, ret);
		i += order <= 0;
		k += order >= 0;
	}
	return err;
}

double kw_change_percent(const struct kw_change *change, enum kw_figure figure)
{
	double a = change->a[figure], b = change->b[figure];

	if (isnan(a) || isnan(b))
		return NAN;
	return a ? 100 * (b - a) / a : b ? INFINITY : 0;
}

bool kw_change_is_significant(const struct kw_change *change, enum kw_figure figure)
{
	return change->q[figure] <= KW_SIGNIFICANT; /* false for NAN */
}

/* How many times more or less, of what is significant; if nothing is, of all, below all of those.
 */
static double effect(const struct kw_change *change)
{
	double sure = 0, any = 0;
	bool significant = false;

	for (int f = 0; f < KW_FIGURES; f++) {
		double ratio = fabs(log(change->b[f] / change->a[f]));

		if (isnan(ratio))
			continue;
		ratio = ratio < 100 ? ratio : 100; /* new, or gone */
		any = fmax(any, ratio);
		if (kw_change_is_significant(change, f)) {
			significant = true;
			sure = fmax(sure, ratio);
		}
	}
	return significant ? 1000 + sure : any;
}

static int by_effect(const void *a, const void *b)
{
	const struct kw_change *x = a, *y = b;
	double left = effect(x), right = effect(y);

	if (left != right)
		return left < right ? 1 : -1;
	left = fmax(x->a[KW_FIGURE_RATE], x->b[KW_FIGURE_RATE]);
	right = fmax(y->a[KW_FIGURE_RATE], y->b[KW_FIGURE_RATE]);
	if (left != right)
		return left < right ? 1 : -1;
	return x->schema == y->schema ? kw_row_compare(x->schema, x->row, y->row) : 0;
}

int kw_changes_judge(struct kw_changes *changes)
{
	_cleanup_free_ double *p = calloc(changes->n * KW_FIGURES + 1, sizeof(*p));
	_cleanup_free_ double *q = calloc(changes->n * KW_FIGURES + 1, sizeof(*q));
	size_t n = 0;
	int err;

	if (!p || !q)
		return -ENOMEM;
	for (size_t i = 0; i < changes->n; i++)
		for (int f = 0; f < KW_FIGURES; f++)
			if (!isnan(changes->change[i].p[f]))
				p[n++] = changes->change[i].p[f];
	err = kw_false_discovery(p, n, q);
	n = 0;
	for (size_t i = 0; i < changes->n && !err; i++)
		for (int f = 0; f < KW_FIGURES; f++)
			if (!isnan(changes->change[i].p[f]))
				changes->change[i].q[f] = q[n++];
	if (changes->n)
		qsort(changes->change, changes->n, sizeof(*changes->change), by_effect);
	return err;
}
