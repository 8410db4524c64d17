// SPDX-License-Identifier: Apache-2.0
/*
 * keyed.c - tests the reading of a map with bounded keys, and how room is made in it.
 * May not know about: the kernel, any one collector.
 * To extend: what a map may do meanwhile is a member of struct map (maps.h).
 */
#include "maps.h"

static void count_others(uint32_t slot, uint64_t n)
{
	struct key k = others(slot);

	count_key(&map, &k, n);
}

static void refresh(void)
{
	assert_int_equal(kw_keyed_refresh(&keyed), 0);
}

static const struct value *read_key(struct key k)
{
	size_t n, first = kw_keyed_rows(&keyed, k.key.slot, &n);

	for (size_t i = first; i < first + n; i++)
		if (!memcmp(kw_keyed_key(&keyed, i), &k, sizeof(k)))
			return kw_keyed_value(&keyed, i);
	return NULL;
}

/* What was read of a row; 0: it is not there. */
static uint64_t read_count(uint32_t slot, uint64_t what)
{
	const struct value *v = read_key(key(slot, what));

	return v ? v->head.count : 0;
}

static size_t rows_of(uint32_t slot)
{
	size_t n;

	kw_keyed_rows(&keyed, slot, &n);
	return n;
}

/* ---- reading ---------------------------------------------------------------------------------*/

static void nothing_is_there(void **state)
{
	size_t n = 99;

	(void)state;
	kw_keyed_rows(&keyed, 1, &n); /* before anything was read */
	assert_int_equal(n, 0);
	refresh();
	refresh();
	assert_int_equal(keyed.n, 0);
	assert_int_equal(rows_of(0), 0);
}

static void sorted_by_slot(void **state)
{
	static const uint32_t slot[] = { 256, 1, 1023, 3, 255, 2, 257 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(slot); i++)
		for (uint64_t what = 0; what < 1 + slot[i] % 5; what++)
			count(slot[i], 1000 - what, slot[i] + what);
	refresh();
	for (size_t i = 1; i < keyed.n; i++) {
		const struct key *a = kw_keyed_key(&keyed, i - 1), *b = kw_keyed_key(&keyed, i);

		assert_true(a->key.slot <= b->key.slot);
	}
	for (size_t i = 0; i < ARRAY_SIZE(slot); i++) {
		assert_int_equal(rows_of(slot[i]), 1 + slot[i] % 5);
		for (uint64_t what = 0; what < 1 + slot[i] % 5; what++)
			assert_int_equal(read_count(slot[i], 1000 - what), slot[i] + what);
	}
	assert_int_equal(rows_of(0), 0);
	assert_int_equal(rows_of(4), 0);
	assert_int_equal(rows_of(1024), 0);
	assert_int_equal(rows_of(UINT32_MAX), 0);
}

static void values_are_those_of_the_map(void **state)
{
	const struct value *v;

	(void)state;
	count(7, 42, 5);
	refresh();
	v = read_key(key(7, 42));
	assert_non_null(v);
	assert_int_equal(v->head.count, 5);
	assert_int_equal(v->head.born_ns, 1);
	assert_int_equal(v->total, 50);
	count(7, 42, 1);
	assert_int_equal(read_count(7, 42), 5); /* what was read stays as it is */
	refresh();
	assert_int_equal(read_count(7, 42), 6);
}

/* However the rows are cut into batches: each is read once. */
static void every_row_once(void **state)
{
	static const size_t bucket[] = { 0, 1, 3, 50, 100 };

	(void)state;
	keyed.quota = 100;
	for (uint32_t i = 0; i < 100; i++)
		count(i % 10, i, 1);
	for (size_t b = 0; b < ARRAY_SIZE(bucket); b++) {
		map.bucket = bucket[b];
		refresh();
		assert_int_equal(keyed.n, 100);
		for (uint32_t i = 0; i < 100; i++)
			assert_int_equal(read_count(i % 10, i), 1);
	}
}

/* Appends without looking for the row, as there are many. */
static void fill(size_t n)
{
	map.row = reallocarray(map.row, n, sizeof(*map.row));
	assert_non_null(map.row);
	for (size_t i = map.n; i < n; i++)
		map.row[i] = (struct row){ { .key.slot = i * 7 % SLOTS, .what = i },
					   { { 1, i + 1 }, i } };
	map.n = map.room = n;
}

static void more_than_a_batch(void **state)
{
	static const size_t sizes[] = { 4095, 4096, 4097, 8192, 10000, 50000 };

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		uint64_t sum = 0;

		fill(sizes[s]);
		refresh();
		assert_int_equal(keyed.n, sizes[s]);
		for (size_t i = 0; i < keyed.n; i++) {
			const struct key *k = kw_keyed_key(&keyed, i);
			const struct value *v = kw_keyed_value(&keyed, i);

			assert_int_equal(k->what, v->total);
			assert_int_equal(k->key.slot, v->total * 7 % SLOTS);
			sum += v->head.count;
		}
		assert_int_equal(sum, sizes[s] * (sizes[s] + 1) / 2);
		assert_in_range(rows_of(SLOTS - 1), sizes[s] / SLOTS, sizes[s] / SLOTS + 1);
	}
}

static void errors_are_told(void **state)
{
	(void)state;
	count(1, 1, 1);
	refresh();
	map.broken = EPERM;
	assert_int_equal(kw_keyed_refresh(&keyed), -EPERM);
	map.broken = ENOSPC;
	assert_int_equal(kw_keyed_refresh(&keyed), -ENOSPC);
	map.broken = 0;
	refresh();
	assert_int_equal(read_count(1, 1), 1);
}

/* ---- making room -----------------------------------------------------------------------------*/

/* Three intervals, as rows are compared at the ends of two and dropped before the third. */
static void refresh_thrice(void)
{
	refresh();
	refresh();
	refresh();
}

static void cold_rows_are_dropped(void **state)
{
	(void)state;
	for (uint64_t what = 0; what < 8; what++)
		count(5, what, 1);
	refresh();
	count(5, 3, 1);
	refresh();
	count(5, 6, 1);
	assert_int_equal(map.n, 8);
	assert_int_equal(used[5 * STEP], 8);
	refresh();
	assert_int_equal(used[5 * STEP], 6); /* of 8: no longer scarce */
	assert_int_equal(map.n, 6);
	assert_int_equal(rows_of(5), 6);
	assert_int_equal(read_count(5, 3), 2);
	assert_int_equal(read_count(5, 6), 2);
}

static void as_many_as_it_takes(void **state)
{
	(void)state;
	keyed.quota = 100;
	for (uint64_t what = 0; what < 90; what++)
		count(5, what, 1);
	refresh_thrice();
	assert_int_equal(used[5 * STEP], 75);
	assert_int_equal(rows_of(5), 75);
	refresh_thrice();
	assert_int_equal(used[5 * STEP], 75);
}

static void hot_rows_stay(void **state)
{
	(void)state;
	for (uint64_t what = 0; what < 8; what++)
		count(5, what, 1);
	for (int i = 0; i < 5; i++) {
		refresh();
		for (uint64_t what = 0; what < 8; what++)
			count(5, what, 1);
	}
	assert_int_equal(map.n, 8);
	assert_int_equal(used[5 * STEP], 8);
}

static void slots_with_room_keep_cold_rows(void **state)
{
	(void)state;
	for (uint64_t what = 0; what < 8; what++) {
		count(5, what, 1);
		if (what < 6)
			count(4, what, 1), count(6, what, 1);
	}
	refresh_thrice();
	refresh_thrice();
	assert_int_equal(rows_of(4), 6);
	assert_int_equal(rows_of(6), 6);
	assert_int_equal(rows_of(5), 6);
	assert_int_equal(used[4 * STEP], 6);
	assert_int_equal(used[5 * STEP], 6);
	assert_int_equal(used[6 * STEP], 6);
	for (size_t i = 0; i < ARRAY_SIZE(used); i++)
		assert_true(i % STEP == 0 || !used[i]); /* the other numbers of a slot */
}

static void shared_quotas_are_smaller(void **state)
{
	(void)state;
	for (uint64_t what = 0; what < 6; what++)
		count(5, what, 1);
	refresh_thrice();
	assert_int_equal(rows_of(5), 6);
	keyed.shift = 1; /* 4 of 8, of which 3 are free to keep */
	refresh();
	assert_int_equal(rows_of(5), 3);
	assert_int_equal(used[5 * STEP], 3);
	keyed.shift = 8; /* nothing is left of 8 */
	refresh();
	assert_int_equal(rows_of(5), 0);
	assert_int_equal(used[5 * STEP], 0);
}

/* A row that was first seen in the last reading was just made. */
static void new_rows_stay(void **state)
{
	(void)state;
	for (uint64_t what = 10; what < 17; what++)
		count(5, what, 1);
	refresh();
	for (uint64_t what = 10; what < 17; what++)
		count(5, what, 1);
	count(5, 1, 1); /* as many as the row after it had in the reading before */
	refresh();
	refresh();
	assert_int_equal(map.n, 8);
	assert_int_equal(read_count(5, 1), 1);
}

static void rows_of_others_stay(void **state)
{
	(void)state;
	count_others(5, 100);
	for (int i = 0; i < 5; i++) {
		for (uint64_t what = 0; what < 8; what++)
			count(5, what, 1);
		refresh(); /* the others' is the only cold one */
	}
	assert_int_equal(used[5 * STEP], 8);
	assert_int_equal(rows_of(5), 9);
	assert_int_equal(read_key(others(5))->head.count, 100);
	keyed.shift = 8; /* no room at all */
	refresh_thrice();
	assert_int_equal(used[5 * STEP], 0);
	assert_int_equal(rows_of(5), 1);
	assert_int_equal(read_key(others(5))->head.count, 100);
}

/* ---- what happens meanwhile ------------------------------------------------------------------*/

static uint64_t meanwhile; /* of slot 5 */

static void count_meanwhile(void)
{
	map.before_drop = NULL;
	count(5, meanwhile, 41);
}

static void vanish_meanwhile(void)
{
	struct key k = key(5, meanwhile);

	map.before_drop = NULL;
	__wrap_bpf_map_delete_elem(MAP_FD, &k);
}

/* One row that is cold, in a slot that is scarce, as if it had others. */
static void make_scarce(uint64_t what)
{
	count(5, what, 1);
	used[5 * STEP] = 8;
	refresh();
	refresh();
}

static void last_value_is_read_once(void **state)
{
	(void)state;
	make_scarce(7);
	meanwhile = 7;
	map.before_drop = count_meanwhile;
	refresh();
	assert_int_equal(map.n, 0);
	assert_int_equal(used[5 * STEP], 7);
	assert_int_equal(rows_of(5), 1);
	assert_int_equal(read_count(5, 7), 42);
	assert_int_equal(read_key(key(5, 7))->total, 420);
	refresh();
	assert_int_equal(rows_of(5), 0);
	refresh();
	assert_int_equal(rows_of(5), 0);
}

/* Rows that are still there and those that were dropped late are in one order. */
static void last_values_are_in_order(void **state)
{
	(void)state;
	count(4, 1, 1);
	count(6, 1, 1);
	make_scarce(7);
	count_others(5, 3);
	meanwhile = 7;
	map.before_drop = count_meanwhile;
	refresh();
	assert_int_equal(keyed.n, 4);
	assert_int_equal(rows_of(4), 1);
	assert_int_equal(rows_of(5), 2);
	assert_int_equal(rows_of(6), 1);
	assert_int_equal(read_count(5, 7), 42);
	assert_int_equal(read_key(others(5))->head.count, 3);
}

static void count_again(void)
{
	map.after_drop = NULL;
	count(5, meanwhile, 3);
	map.row[0].value.head.born_ns = 2;
}

/* The key counts again at once: two rows, which their births tell apart; then the new one. */
static void dropped_and_made_again(void **state)
{
	const struct value *a, *b;
	size_t n, first;

	(void)state;
	make_scarce(7);
	meanwhile = 7;
	map.before_drop = count_meanwhile;
	map.after_drop = count_again;
	refresh();
	first = kw_keyed_rows(&keyed, 5, &n);
	assert_int_equal(n, 2);
	a = kw_keyed_value(&keyed, first);
	b = kw_keyed_value(&keyed, first + 1);
	assert_int_equal(a->head.count + b->head.count, 45);
	assert_int_equal(a->head.born_ns + b->head.born_ns, 3);
	assert_int_equal(used[5 * STEP], 8);
	refresh();
	assert_int_equal(rows_of(5), 1);
	assert_int_equal(read_count(5, 7), 3);
	assert_int_equal(read_key(key(5, 7))->head.born_ns, 2);
}

static void gone_before_it_was_dropped(void **state)
{
	(void)state;
	make_scarce(7);
	meanwhile = 7;
	map.before_drop = vanish_meanwhile;
	refresh();
	assert_int_equal(rows_of(5), 0);
	assert_int_equal(used[5 * STEP], 8); /* whoever deleted it settles that */
}

/* Kernels before 5.14 cannot look up and delete in one step. */
static void dropped_by_old_kernels(void **state)
{
	static const int refusals[] = { 524 /* ENOTSUPP */, EOPNOTSUPP, EINVAL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		make_scarce(7);
		meanwhile = 7;
		map.before_drop = count_meanwhile;
		map.no_take_out = refusals[i];
		refresh();
		assert_int_equal(map.n, 0);
		assert_int_equal(used[5 * STEP], 7);
		assert_int_equal(read_count(5, 7), 42);
		refresh();
		assert_int_equal(rows_of(5), 0);
	}
	make_scarce(7);
	map.before_drop = vanish_meanwhile;
	refresh();
	assert_int_equal(rows_of(5), 0);
	make_scarce(7);
	map.no_take_out = EPERM;
	assert_int_equal(kw_keyed_refresh(&keyed), -EPERM);
}

/* Readings within an interval drop nothing, and what is counted meanwhile stays to be read. */
static void readings_in_between(void **state)
{
	(void)state;
	make_scarce(7);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kw_keyed_peek(&keyed), 0);
		assert_int_equal(rows_of(5), map.n);
	}
	count(5, 7, 2); /* after the end of the last interval: late, but not lost */
	assert_int_equal(kw_keyed_peek(&keyed), 0);
	assert_int_equal(read_count(5, 7), 3);
	refresh();
	assert_int_equal(read_count(5, 7), 3);
	refresh();
	assert_int_equal(read_count(5, 7), 0);
}

/* What counted between the last end and a peek is no row that was cold. */
static void peeks_are_no_ends(void **state)
{
	(void)state;
	count(5, 7, 1);
	used[5 * STEP] = 8;
	refresh();
	count(5, 7, 10);
	assert_int_equal(kw_keyed_peek(&keyed), 0);
	assert_int_equal(kw_keyed_peek(&keyed), 0);
	refresh();
	assert_int_equal(read_count(5, 7), 11);
	assert_int_equal(map.n, 1);
	refresh();
	assert_int_equal(map.n, 1);
	refresh();
	assert_int_equal(map.n, 0);
	map.broken = EPERM;
	assert_int_equal(kw_keyed_peek(&keyed), -EPERM);
}

static void forget_deletes_a_slot(void **state)
{
	(void)state;
	for (uint64_t what = 0; what < 5; what++)
		count(5, what, 1), count(4, what, 1), count(6, what, 1);
	count_others(5, 9);
	refresh();
	kw_keyed_forget(&keyed, 5);
	assert_int_equal(map.n, 10);
	assert_int_equal(used[5 * STEP], 0);
	assert_int_equal(used[4 * STEP], 5);
	kw_keyed_forget(&keyed, 5);   /* again: there is nothing */
	kw_keyed_forget(&keyed, 777); /* nor was there ever */
	refresh();
	assert_int_equal(rows_of(5), 0);
	assert_int_equal(rows_of(4), 5);
	assert_int_equal(rows_of(6), 5);
	refresh();
	assert_int_equal(used[5 * STEP], 0); /* not below */
}

/* ---- many readings against a simple model ----------------------------------------------------*/

#define KEYS 24

static uint64_t counted[4][KEYS], shown[4][KEYS], before[4][KEYS];
static struct kw_random dice = { 0x9e3779b97f4a7c15 };

/* As the kernel's half would: a row of its own only while the quota lasts. */
static void count_something(bool new_rows)
{
	uint32_t slot = kw_random_next(&dice) % 4;
	uint64_t what = kw_random_next(&dice) % KEYS;
	struct key k = key(slot, what);

	if (!find(&map, &k) && (!new_rows || used[slot * STEP] >= keyed.quota))
		return;
	if (!find(&map, &k))
		before[slot][what] = 0;
	count(slot, what, 1);
	counted[slot][what]++;
}

static void count_something_known(void)
{
	for (int i = 0; i < 4; i++)
		count_something(false);
}

/* What each row shows is what was added since the reading before. */
static void show(uint32_t slot, uint64_t what)
{
	uint64_t n = read_count(slot, what);

	if (n)
		shown[slot][what] += n - before[slot][what];
	before[slot][what] = n;
}

/* A vCPU ends: it is read in between, and another one gets its slot. */
static void end_slot(uint32_t slot)
{
	assert_int_equal(kw_keyed_peek(&keyed), 0);
	for (uint64_t what = 0; what < KEYS; what++)
		show(slot, what);
	kw_keyed_forget(&keyed, slot);
	assert_int_equal(used[slot * STEP], 0);
	memset(before[slot], 0, sizeof(before[slot]));
}

static void nothing_is_lost(void **state)
{
	uint64_t most = 0;

	(void)state;
	keyed.quota = 12;
	map.before_drop = count_something_known;
	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < 10; i++) {
			count_something(true);
			if (kw_random_next(&dice) % 64 == 0)
				end_slot(kw_random_next(&dice) % 4);
		}
		if (round % 3 == 0)
			assert_int_equal(kw_keyed_peek(&keyed), 0);
		refresh();
		for (uint32_t slot = 0; slot < 4; slot++) {
			assert_in_range(used[slot * STEP], 0, 12);
			most = used[slot * STEP] > most ? used[slot * STEP] : most;
			for (uint64_t what = 0; what < KEYS; what++)
				show(slot, what);
		}
	}
	assert_memory_equal(shown, counted, sizeof(shown));
	assert_in_range(most, 10, 12); /* slots were scarce, and rows had to go */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KW_MAP_TEST(nothing_is_there),
		KW_MAP_TEST(sorted_by_slot),
		KW_MAP_TEST(values_are_those_of_the_map),
		KW_MAP_TEST(every_row_once),
		KW_MAP_TEST(more_than_a_batch),
		KW_MAP_TEST(errors_are_told),
		KW_MAP_TEST(cold_rows_are_dropped),
		KW_MAP_TEST(as_many_as_it_takes),
		KW_MAP_TEST(hot_rows_stay),
		KW_MAP_TEST(slots_with_room_keep_cold_rows),
		KW_MAP_TEST(shared_quotas_are_smaller),
		KW_MAP_TEST(new_rows_stay),
		KW_MAP_TEST(rows_of_others_stay),
		KW_MAP_TEST(last_value_is_read_once),
		KW_MAP_TEST(last_values_are_in_order),
		KW_MAP_TEST(dropped_and_made_again),
		KW_MAP_TEST(gone_before_it_was_dropped),
		KW_MAP_TEST(dropped_by_old_kernels),
		KW_MAP_TEST(readings_in_between),
		KW_MAP_TEST(peeks_are_no_ends),
		KW_MAP_TEST(forget_deletes_a_slot),
		KW_MAP_TEST(nothing_is_lost),
	};

	return kw_run_tests(tests);
}
