// SPDX-License-Identifier: Apache-2.0
/*
 * frame.c - tests difference, fold, sum and order of rows, by every role.
 * May not know about: sinks, sources, any collector.
 * To extend: another role is another member of struct item (table.h) and of the naive versions.
 */
#include "unit.h"

#include "core/frame.h"
#include "table.h"

#include <errno.h>

static struct kw_schema schema;

static struct item *add(struct kw_frame *f, uint32_t vm, uint32_t vcpu, uint64_t born,
			uint32_t code, uint64_t count)
{
	struct item *row = kw_frame_add(f);

	assert_non_null(row);
	row->head = (struct kw_row_head){ .vm = vm, .vcpu = vcpu, .born_ns = born };
	row->code = code;
	row->count = count;
	return row;
}

static struct item *at(const struct kw_frame *f, size_t i)
{
	assert_in_range(i, 0, f->n - 1);
	return f->row[i];
}

static bool same_key(const struct item *a, const struct item *b)
{
	return a->head.vm == b->head.vm && a->head.vcpu == b->head.vcpu &&
	       a->head.born_ns == b->head.born_ns && a->code == b->code;
}

static struct item *find(const struct kw_frame *f, const struct item *key)
{
	for (size_t i = 0; i < f->n; i++)
		if (same_key(f->row[i], key))
			return f->row[i];
	return NULL;
}

static void delta_by_roles(void **state)
{
	_cleanup_frame_ struct kw_frame prev = { .schema = &schema, .mono_ns = 100 };
	_cleanup_frame_ struct kw_frame cur = { .schema = &schema, .mono_ns = 350, .real_ns = 9 };
	_cleanup_frame_ struct kw_frame delta = {};
	struct item *a = add(&prev, 1, 2, 3, 4, 10), *b = add(&cur, 1, 2, 3, 4, 25), *d;

	(void)state;
	*a = (struct item){ a->head, 4, 5, 10, 100, 200, { 1, 2, 3, 0, 0, 0, 0, 4 } };
	*b = (struct item){ b->head, 4, 6, 25, 150, 180, { 1, 4, 3, 0, 0, 9, 0, 8 } };
	b->head.tid = 77;
	assert_int_equal(kw_frame_delta(&cur, &prev, &delta), 0);
	assert_int_equal(delta.n, 1);
	d = at(&delta, 0);
	assert_true(same_key(d, b));
	assert_int_equal(d->count, 15);
	assert_int_equal(d->gauge, 6);
	assert_int_equal(d->min, 150); /* cur's, as it is of the interval */
	assert_int_equal(d->max, 180);
	assert_memory_equal(d->hist, ((uint64_t[]){ 0, 2, 0, 0, 0, 9, 0, 4 }), sizeof(d->hist));
	assert_int_equal(d->head.tid, 77);
	assert_int_equal(delta.mono_ns, 350);
	assert_int_equal(delta.real_ns, 9);
	assert_int_equal(delta.span_ns, 250);
	assert_int_equal(b->count, 25); /* what was read stays as it is */
	assert_int_equal(prev.n, 0);
}

static void delta_rows_come_and_go(void **state)
{
	_cleanup_frame_ struct kw_frame prev = { .schema = &schema }, cur = { .schema = &schema };
	_cleanup_frame_ struct kw_frame delta = {};

	(void)state;
	add(&prev, 0, 0, 1, 1, 10); /* vanishes */
	add(&prev, 0, 0, 1, 2, 20); /* stays unchanged */
	add(&prev, 0, 0, 1, 3, 30); /* grows */
	add(&prev, 9, 0, 1, 1, 40); /* vanishes, the last one */
	add(&cur, 0, 0, 1, 5, 7);   /* appears */
	add(&cur, 0, 0, 1, 3, 31);
	add(&cur, 0, 0, 1, 2, 20);
	add(&cur, 0, 0, 1, 6, 0); /* appears, but nothing was counted */
	assert_int_equal(kw_frame_delta(&cur, &prev, &delta), 0);
	assert_int_equal(delta.n, 2);
	assert_int_equal(at(&delta, 0)->code, 3);
	assert_int_equal(at(&delta, 0)->count, 1);
	assert_int_equal(at(&delta, 1)->code, 5);
	assert_int_equal(at(&delta, 1)->count, 7);
}

static void delta_of_nothing(void **state)
{
	_cleanup_frame_ struct kw_frame prev = { .schema = &schema }, cur = { .schema = &schema };
	_cleanup_frame_ struct kw_frame delta = {};

	(void)state;
	assert_int_equal(kw_frame_delta(&cur, &prev, &delta), 0);
	assert_int_equal(delta.n, 0);
	add(&prev, 0, 0, 1, 1, 10);
	assert_int_equal(kw_frame_delta(&cur, &prev, &delta), 0);
	assert_int_equal(delta.n, 0);
}

/* A vCPU with the same id followed another: their counts are not subtracted from each other. */
static void delta_of_two_instances(void **state)
{
	_cleanup_frame_ struct kw_frame prev = { .schema = &schema }, cur = { .schema = &schema };
	_cleanup_frame_ struct kw_frame delta = {};

	(void)state;
	add(&prev, 0, 0, 1000, 1, 50);
	add(&cur, 0, 0, 1000, 1, 55);
	add(&cur, 0, 0, 2000, 1, 7);
	assert_int_equal(kw_frame_delta(&cur, &prev, &delta), 0);
	assert_int_equal(delta.n, 2);
	assert_int_equal(kw_frame_fold(&delta, KW_PER_VCPU), 0);
	assert_int_equal(delta.n, 1);
	assert_int_equal(at(&delta, 0)->count, 12);
	assert_int_equal(at(&delta, 0)->head.born_ns, 0);
}

static void fold_by_roles(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };
	struct item *a = add(&f, 1, 2, 0x1ff, 4, 10), *b = add(&f, 1, 2, 0x200, 4, 25), *sum;

	(void)state;
	*a = (struct item){ a->head, 4, 5, 10, 100, 200, { 1, 2, 3, 0, 0, 0, 0, 4 } };
	*b = (struct item){ b->head, 4, 6, 25, 150, 280, { 1, 4, 3, 0, 0, 9, 0, 8 } };
	assert_int_equal(kw_frame_fold(&f, false), 0);
	assert_int_equal(f.n, 1);
	sum = at(&f, 0);
	assert_int_equal(sum->head.vm, 1);
	assert_int_equal(sum->head.vcpu, 2);
	assert_int_equal(sum->code, 4);
	assert_int_equal(sum->count, 35);
	assert_int_equal(sum->min, 100);
	assert_int_equal(sum->max, 280);
	assert_memory_equal(sum->hist, ((uint64_t[]){ 2, 6, 6, 0, 0, 9, 0, 12 }),
			    sizeof(sum->hist));
	assert_int_equal(sum->gauge, 6); /* the later one */
}

/* The thread of a vCPU that came twice is that of the later instance, whatever the numbers. */
static void gauge_of_the_later_instance(void **state)
{
	static const uint64_t born[][2] = { { 0xff, 0x100 }, { 0xffff, 0x10000 }, { 5, 6 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(born); i++) {
		_cleanup_frame_ struct kw_frame prev = { .schema = &schema };
		_cleanup_frame_ struct kw_frame cur = { .schema = &schema }, delta = {};

		add(&cur, 0, 0, born[i][0], 1, 1)->head.tid = 10;
		add(&cur, 0, 0, born[i][1], 1, 1)->head.tid = 20;
		assert_int_equal(kw_frame_delta(&cur, &prev, &delta), 0);
		assert_int_equal(kw_frame_fold(&delta, KW_PER_VCPU), 0);
		assert_int_equal(delta.n, 1);
		assert_int_equal(at(&delta, 0)->head.tid, 20);
	}
}

static void fold_by_vm(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };

	(void)state;
	add(&f, 0, 0, 1, 7, 1)->head.tid = 5;
	add(&f, 0, 1, 2, 7, 2)->head.tid = 6;
	add(&f, 0, 1, 2, 8, 4)->head.tid = 6;
	add(&f, 1, 0, 3, 7, 8)->head.tid = 7;
	assert_int_equal(kw_frame_fold(&f, KW_PER_VM), 0);
	assert_int_equal(f.n, 3);
	assert_int_equal(at(&f, 0)->count, 3);
	assert_int_equal(at(&f, 1)->count, 4);
	assert_int_equal(at(&f, 2)->count, 8);
	for (size_t i = 0; i < f.n; i++) {
		assert_int_equal(at(&f, i)->head.vcpu, KW_ALL);
		assert_int_equal(at(&f, i)->head.tid, 0);
		assert_int_equal(at(&f, i)->head.born_ns, 0);
	}
}

static void merge_by_roles(void **state)
{
	_cleanup_frame_ struct kw_frame total = {}, more = {
		.schema = &schema, .mono_ns = 5, .real_ns = 6, .span_ns = 10
	};
	struct item *row = add(&more, 0, 0, 0, 1, 3), *sum;

	(void)state;
	*row = (struct item){ row->head, 1, 5, 3, 100, 200, { 3 } };
	assert_int_equal(kw_frame_merge(&total, &more), 0);
	row->gauge = 9, row->min = 50, row->max = 60;
	add(&more, 0, 0, 0, 2, 8);
	more.mono_ns = 15, more.real_ns = 16;
	assert_int_equal(kw_frame_merge(&total, &more), 0);
	assert_int_equal(total.n, 2);
	assert_int_equal(total.span_ns, 20);
	assert_int_equal(total.mono_ns, 15);
	assert_int_equal(total.real_ns, 16);
	sum = at(&total, 0);
	assert_int_equal(sum->count, 6);
	assert_int_equal(sum->gauge, 9);
	assert_int_equal(sum->min, 50);
	assert_int_equal(sum->max, 200);
	assert_int_equal(sum->hist[0], 6);
	assert_int_equal(at(&total, 1)->count, 8);
	assert_int_equal(more.n, 2);
}

static void order_by(struct kw_frame *f, const struct kw_vms *vms, const char *column)
{
	kw_frame_order(f, vms, kw_schema_find(&schema, column));
}

static void order_of_numbers(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };

	(void)state;
	order_by(&f, NULL, "count"); /* of no rows */
	add(&f, 0, 0, 0, 1, 5);
	add(&f, 0, 0, 0, 2, UINT64_MAX);
	add(&f, 0, 0, 0, 3, 0);
	add(&f, 0, 0, 0, 4, 300);
	order_by(&f, NULL, "count");
	assert_int_equal(at(&f, 0)->code, 2);
	assert_int_equal(at(&f, 1)->code, 4);
	assert_int_equal(at(&f, 2)->code, 1);
	assert_int_equal(at(&f, 3)->code, 3);
}

/* Ties are in order of the key, as numbers: people expect vCPU 2 before vCPU 256. */
static void order_of_ties(void **state)
{
	static const uint32_t vcpu[] = { 256, 1, 65536, 2, 257, 0 },
			      sorted[] = { 0, 1, 2, 256, 257, 65536 };
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vcpu); i++)
		add(&f, 0, vcpu[i], 0, 1, 5);
	order_by(&f, NULL, "count");
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		assert_int_equal(at(&f, i)->head.vcpu, sorted[i]);
}

static void order_of_ties_by_whole_key(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };

	(void)state;
	add(&f, 1, 0, 0, 2, 5);
	add(&f, 1, 0, 0, 1, 5);
	add(&f, 0, 7, 0, 9, 5);
	add(&f, 0, 6, 0, 9, 5);
	order_by(&f, NULL, "gauge");
	assert_int_equal(at(&f, 0)->head.vcpu, 6);
	assert_int_equal(at(&f, 1)->head.vcpu, 7);
	assert_int_equal(at(&f, 2)->code, 1);
	assert_int_equal(at(&f, 3)->code, 2);
}

static void order_of_missing(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };

	(void)state;
	add(&f, 0, 0, 0, 1001, 9); /* maybe is missing from 1000 on */
	add(&f, 0, 0, 0, 1, 0);
	add(&f, 0, 0, 0, 1000, 99);
	add(&f, 0, 0, 0, 2, 5);
	order_by(&f, NULL, "maybe");
	assert_int_equal(at(&f, 0)->code, 2);
	assert_int_equal(at(&f, 1)->code, 1);
	assert_int_equal(at(&f, 2)->code, 1000);
	assert_int_equal(at(&f, 3)->code, 1001);
}

static void order_of_text(void **state)
{
	static const char *const names[] = { "web2", "db", "web1" };
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };
	struct kw_vms vms = {};

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		struct kw_vm vm = { .pid = i + 1, .number = 1 };

		snprintf(vm.name, sizeof(vm.name), "%s", names[i]);
		assert_int_equal(kw_vms_add(&vms, &vm), i);
		add(&f, i, 0, 0, 1, i);
	}
	add(&f, 99, 0, 0, 1, 5); /* a VM that is not known */
	order_by(&f, &vms, "vm");
	assert_int_equal(at(&f, 0)->head.vm, 1);
	assert_int_equal(at(&f, 1)->head.vm, 2);
	assert_int_equal(at(&f, 2)->head.vm, 0);
	assert_int_equal(at(&f, 3)->head.vm, 99);
	kw_vms_release(&vms);
}

static void rows_know_their_span(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema, .span_ns = 250 };
	_cleanup_frame_ struct kw_frame total = {}, none = { .schema = &schema };

	(void)state;
	kw_frame_set_span(&none); /* of no rows */
	add(&f, 0, 0, 0, 1, 5);
	add(&f, 0, 0, 0, 2, 6);
	kw_frame_set_span(&f);
	assert_int_equal(at(&f, 0)->head.span_ns, 250);
	assert_int_equal(at(&f, 1)->head.span_ns, 250);
	assert_int_equal(kw_frame_merge(&total, &f), 0);
	assert_int_equal(kw_frame_merge(&total, &f), 0);
	kw_frame_set_span(&total); /* a sum is of both intervals */
	assert_int_equal(total.n, 2);
	assert_int_equal(at(&total, 0)->head.span_ns, 500);
	assert_int_equal(at(&total, 0)->count, 10);
	assert_int_equal(at(&f, 0)->head.span_ns, 250);
}

static void why_there_is_nothing(void **state)
{
	_cleanup_frame_ struct kw_frame total = {}, more = { .schema = &schema };

	(void)state;
	more.unavailable = "no such place";
	assert_int_equal(kw_frame_merge(&total, &more), 0);
	assert_string_equal(total.unavailable, "no such place");
}

/* ---- a thousand rows against a naive implementation ------------------------------------------*/

static void fill(struct item *row, struct kw_random *random, const struct item *before)
{
	row->gauge = 42;
	row->count = before ? before->count : 0;
	row->min = kw_random_next(random) % 100000;
	row->max = row->min + kw_random_next(random) % 100000;
	for (int i = 0; i < ITEM_BUCKETS; i++) {
		uint64_t n = kw_random_next(random) % 5 ? 0 : kw_random_next(random) % 1000;

		row->hist[i] = (before ? before->hist[i] : 0) + n;
		row->count += n;
	}
}

/* Row i of 1024 possible keys, in an order without pattern. */
static struct item *add_numbered(struct kw_frame *f, uint32_t i)
{
	uint32_t key = i * 389 % 1024;

	return add(f, key & 3, (key >> 2 & 7) * 100, 1 + (key >> 5 & 1) * 1000000, key >> 6, 0);
}

/* Of 1000 rows, some vanish and some appear; in some of the others nothing was counted. */
static void make_frames(struct kw_frame *prev, struct kw_frame *cur)
{
	struct kw_random random = { 0x9e3779b97f4a7c15 };

	for (uint32_t i = 0; i < 1000; i++)
		if (i % 10 < 8)
			fill(add_numbered(prev, i), &random, NULL);
	for (uint32_t i = 0; i < 1000; i++)
		if (i % 10 != 3)
			add_numbered(cur, 999 - i);
	for (size_t i = 0; i < cur->n; i++)
		fill(cur->row[i], &random, find(prev, cur->row[i]));
}

static void assert_same_figures(const struct item *a, const struct item *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->min, b->min);
	assert_int_equal(a->max, b->max);
	assert_int_equal(a->gauge, b->gauge);
	assert_memory_equal(a->hist, b->hist, sizeof(a->hist));
}

static void thousand_rows_delta(void **state)
{
	_cleanup_frame_ struct kw_frame prev = { .schema = &schema }, cur = { .schema = &schema };
	_cleanup_frame_ struct kw_frame before = { .schema = &schema },
					same = { .schema = &schema };
	_cleanup_frame_ struct kw_frame delta = {};
	size_t expected = 0;

	(void)state;
	make_frames(&prev, &cur);
	make_frames(&before, &same); /* as prev is used up */
	assert_true(cur.n > 500 && prev.n > 500);
	assert_int_equal(kw_frame_delta(&cur, &prev, &delta), 0);
	for (size_t i = 0; i < cur.n; i++) {
		struct item want = *at(&cur, i), *old = find(&before, &want);
		struct item *got = find(&delta, &want);

		want.count -= old ? old->count : 0;
		for (int k = 0; old && k < ITEM_BUCKETS; k++)
			want.hist[k] -= old->hist[k];
		assert_int_equal(!!got, want.count > 0);
		if (got)
			assert_same_figures(got, &want);
		expected += want.count > 0;
	}
	assert_int_equal(delta.n, expected);
}

static void naive_add(struct item *into, const struct item *row)
{
	into->count += row->count;
	into->min = row->min < into->min ? row->min : into->min;
	into->max = row->max > into->max ? row->max : into->max;
	for (int k = 0; k < ITEM_BUCKETS; k++)
		into->hist[k] += row->hist[k];
}

/* Sums of rows with equal keys, with or without the vCPU and the VM. */
static void naive_fold(const struct kw_frame *from, enum kw_per per, struct kw_frame *ret)
{
	for (size_t i = 0; i < from->n; i++) {
		struct item row = *at(from, i), *sum;

		row.head.born_ns = 0;
		row.head.vcpu = per == KW_PER_VCPU ? row.head.vcpu : KW_ALL;
		row.head.vm = per == KW_PER_HOST ? KW_ALL : row.head.vm;
		sum = find(ret, &row);
		if (sum)
			naive_add(sum, &row);
		else
			*(struct item *)kw_frame_add(ret) = row;
	}
}

static void assert_same_frames(const struct kw_frame *a, const struct kw_frame *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		struct item *other = find(b, at(a, i));

		assert_non_null(other);
		assert_same_figures(at(a, i), other);
	}
}

static void thousand_rows_fold(void **state)
{
	(void)state;
	for (enum kw_per per = KW_PER_VCPU; per <= KW_PER_HOST; per++) {
		_cleanup_frame_ struct kw_frame prev = { .schema = &schema };
		_cleanup_frame_ struct kw_frame cur = { .schema = &schema };
		_cleanup_frame_ struct kw_frame want = { .schema = &schema };

		make_frames(&prev, &cur);
		naive_fold(&cur, per, &want);
		assert_int_equal(kw_frame_fold(&cur, per), 0);
		assert_same_frames(&cur, &want);
	}
}

static void thousand_rows_merge(void **state)
{
	_cleanup_frame_ struct kw_frame prev = { .schema = &schema }, cur = { .schema = &schema };
	_cleanup_frame_ struct kw_frame total = {}, want = { .schema = &schema };

	(void)state;
	make_frames(&prev, &cur);
	kw_frame_fold(&prev, false);
	kw_frame_fold(&cur, false);
	naive_fold(&prev, false, &want);
	naive_fold(&cur, false, &want);
	assert_int_equal(kw_frame_merge(&total, &prev), 0);
	assert_int_equal(kw_frame_merge(&total, &cur), 0);
	assert_same_frames(&total, &want);
}

static void thousand_rows_in_order(void **state)
{
	_cleanup_frame_ struct kw_frame prev = { .schema = &schema }, cur = { .schema = &schema };
	uint64_t sum = 0, after = 0;

	(void)state;
	make_frames(&prev, &cur);
	for (size_t i = 0; i < cur.n; i++)
		sum += at(&cur, i)->count * (at(&cur, i)->code + 1);
	order_by(&cur, NULL, "count");
	for (size_t i = 0; i < cur.n; i++) {
		after += at(&cur, i)->count * (at(&cur, i)->code + 1);
		if (i)
			assert_true(at(&cur, i - 1)->count >= at(&cur, i)->count);
	}
	assert_int_equal(after, sum); /* no row was lost or doubled */
}

/* ---- memory ---------------------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_reallocarray(void *array, size_t n, size_t size);
void *__wrap_reallocarray(void *array, size_t n, size_t size);

static bool no_memory;

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void *__wrap_reallocarray(void *array, size_t n, size_t size)
{
	return no_memory ? NULL : __real_reallocarray(array, n, size);
}

#define MANY 100000 /* rows: many blocks */

/* Each row is another one's, zeroed, and stays where it is. */
static void fill_many(struct kw_frame *f, struct item **row)
{
	static const struct item zero;

	for (uint32_t i = 0; i < MANY; i++) {
		row[i] = kw_frame_add(f);
		assert_non_null(row[i]);
		assert_memory_equal(row[i], &zero, sizeof(zero));
		memset(row[i], 0xff, sizeof(zero));
		row[i]->code = i;
	}
	assert_int_equal(f->n, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_ptr_equal(f->row[i], row[i]);
		assert_int_equal(row[i]->code, i);
	}
}

static int compare_addresses(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return (x > y) - (x < y);
}

static void many_rows(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };
	struct item **row = calloc(2 * MANY, sizeof(*row)), **again = row + MANY;

	(void)state;
	assert_non_null(row);
	fill_many(&f, row);
	kw_frame_empty(&f);
	assert_int_equal(f.n, 0);
	fill_many(&f, again); /* in the same memory */
	qsort(row, MANY, sizeof(*row), compare_addresses);
	qsort(again, MANY, sizeof(*row), compare_addresses);
	assert_memory_equal(row, again, MANY * sizeof(*row));
	kw_frame_clear(&f);
	assert_int_equal(f.n, 0);
	fill_many(&f, row); /* a cleared frame may be used again */
	free(row);
}

/* What is dropped time and again does not pile up. */
static void dropped_rows(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema };
	void *first[100];

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		first[i] = add(&f, 0, 0, 0, i, 1);
	for (uint32_t round = 0; round < 1000; round++) {
		assert_int_equal(kw_frame_truncate(&f, 0), 100);
		for (uint32_t i = 0; i < 100; i++)
			assert_ptr_equal(add(&f, 0, 0, 0, i, 1), first[i]);
	}
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(at(&f, i)->code, i);
}

/* A summary of intervals with the same rows needs no more memory than one of them. */
static void merged_rows(void **state)
{
	_cleanup_frame_ struct kw_frame total = {}, more = { .schema = &schema };

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		add(&more, 0, 0, 0, i, 1);
	assert_int_equal(kw_frame_merge(&total, &more), 0);
	assert_int_equal(kw_frame_merge(&total, &more), 0);
	no_memory = true;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(kw_frame_merge(&total, &more), 0);
	no_memory = false;
	assert_int_equal(total.n, 100);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(at(&total, i)->count, 1002);
}

static void without_memory(void **state)
{
	_cleanup_frame_ struct kw_frame f = { .schema = &schema }, prev = { .schema = &schema };
	_cleanup_frame_ struct kw_frame delta = {};
	void *row;

	(void)state;
	no_memory = true;
	assert_null(kw_frame_add(&f));
	no_memory = false;
	assert_non_null(kw_frame_add(&f));
	no_memory = true;
	do {
		row = kw_frame_add(&f);
	} while (row);
	no_memory = false;
	assert_in_range(f.n, 2, 1000);
	for (size_t i = 0; i < f.n; i++) {
		at(&f, i)->code = i;
		at(&f, i)->count = 1;
	}
	no_memory = true;
	assert_int_equal(kw_frame_delta(&f, &prev, &delta), -ENOMEM);
	no_memory = false;
	kw_frame_clear(&delta);
	assert_int_equal(kw_frame_delta(&f, &prev, &delta), 0);
	assert_int_equal(delta.n, f.n);
}

/* An interval's rows take over the memory of the reading before it: two readings are enough. */
static void delta_takes_over(void **state)
{
	_cleanup_frame_ struct kw_frame cur = { .schema = &schema }, prev = { .schema = &schema };
	_cleanup_frame_ struct kw_frame delta = {};
	void *row[100];

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		row[i] = add(&prev, 0, 0, 0, i, 1);
		add(&cur, 0, 0, 0, i, i % 2 ? 1 : 3);
	}
	assert_int_equal(kw_frame_delta(&cur, &prev, &delta), 0);
	assert_int_equal(prev.n, 0);
	assert_int_equal(delta.n, 50);
	for (uint32_t i = 0; i < 50; i++) {
		assert_ptr_equal(delta.row[i], row[2 * i]);
		assert_int_equal(at(&delta, i)->count, 2);
	}
	kw_frame_clear(&prev); /* has nothing any more that it could free */
	assert_int_equal(at(&delta, 49)->code, 98);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delta_by_roles),
		cmocka_unit_test(delta_rows_come_and_go),
		cmocka_unit_test(delta_of_nothing),
		cmocka_unit_test(delta_of_two_instances),
		cmocka_unit_test(fold_by_roles),
		cmocka_unit_test(gauge_of_the_later_instance),
		cmocka_unit_test(fold_by_vm),
		cmocka_unit_test(merge_by_roles),
		cmocka_unit_test(order_of_numbers),
		cmocka_unit_test(order_of_ties),
		cmocka_unit_test(order_of_ties_by_whole_key),
		cmocka_unit_test(order_of_missing),
		cmocka_unit_test(order_of_text),
		cmocka_unit_test(rows_know_their_span),
		cmocka_unit_test(why_there_is_nothing),
		cmocka_unit_test(thousand_rows_delta),
		cmocka_unit_test(thousand_rows_fold),
		cmocka_unit_test(thousand_rows_merge),
		cmocka_unit_test(thousand_rows_in_order),
		cmocka_unit_test(many_rows),
		cmocka_unit_test(dropped_rows),
		cmocka_unit_test(merged_rows),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(delta_takes_over),
	};

	schema = item_schema(item_columns);
	return kw_run_tests(tests);
}
