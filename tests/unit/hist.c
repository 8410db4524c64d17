// SPDX-License-Identifier: Apache-2.0
/*
 * hist.c - tests edges of buckets and percentiles, and that the BPF half agrees.
 * May not know about: tables, sinks.
 * To extend: another layout is a line in layouts[].
 */
#include "unit.h"

#include "collectors/exits/exits_rows.h"
#include "core/hist.h"
#include "exits_bpf.h"

static const struct kw_hist layouts[] = {
	{ KW_TIMES_MIN_LOG2, KW_TIMES_SUB_LOG2, KW_TIMES_BUCKETS },
	{ 0, 0, 16 },
	{ 10, 3, 64 },
};
static const struct kw_hist *const h = &layouts[0];

static void layout_is_the_tables(void **state)
{
	(void)state;
	assert_memory_equal(&exits_table.hist, h, sizeof(*h));
	assert_int_equal(kw_hist_low(h, 1), 80);
	assert_int_equal(kw_hist_low(h, 4), 128);
	assert_int_equal(kw_hist_low(h, KW_TIMES_BUCKETS - 1), 7ULL << 31); /* 15 s, to 17 s */
}

static void every_edge(void **state)
{
	(void)state;
	for (size_t l = 0; l < ARRAY_SIZE(layouts); l++)
		for (unsigned int i = 0; i < layouts[l].buckets; i++) {
			uint64_t low = kw_hist_low(&layouts[l], i);
			uint64_t high = kw_hist_high(&layouts[l], i);

			assert_true(low < high);
			assert_int_equal(kw_hist_bucket(&layouts[l], low), i);
			assert_int_equal(kw_hist_bucket(&layouts[l], high - 1), i);
			if (i)
				assert_int_equal(low, kw_hist_high(&layouts[l], i - 1));
		}
}

static void ends(void **state)
{
	(void)state;
	assert_int_equal(kw_hist_low(h, 0), 0);
	assert_int_equal(kw_hist_high(h, KW_TIMES_BUCKETS - 1), UINT64_MAX);
	assert_int_equal(kw_hist_bucket(h, 0), 0);
	assert_int_equal(kw_hist_bucket(h, 63), 0);
	assert_int_equal(kw_hist_bucket(h, 1ULL << 34), KW_TIMES_BUCKETS - 1);
	assert_int_equal(kw_hist_bucket(h, 1ULL << 63), KW_TIMES_BUCKETS - 1);
	assert_int_equal(kw_hist_bucket(h, UINT64_MAX), KW_TIMES_BUCKETS - 1);
}

/* Many values from 64 ns to 2^35 - 1: all small ones, then steps of a thousandth. */
static uint64_t next_value(uint64_t value)
{
	return value + (value < 5000 ? 1 : value / 1000);
}

static void same_buckets_in_bpf(void **state)
{
	struct kw_random random = { 88172645463325252ULL };

	(void)state;
	for (uint64_t v = 0; v < 1ULL << 37; v = next_value(v))
		assert_int_equal(kw_times_bucket(v), kw_hist_bucket(h, v));
	for (unsigned int i = 0; i < KW_TIMES_BUCKETS; i++) {
		assert_int_equal(kw_times_bucket(kw_hist_low(h, i)), i);
		assert_int_equal(kw_times_bucket(kw_hist_high(h, i) - 1), i);
	}
	for (int i = 0; i < 100000; i++) {
		uint64_t v = kw_random_next(&random) >> (i & 63);

		assert_int_equal(kw_times_bucket(v), kw_hist_bucket(h, v));
	}
	assert_int_equal(kw_times_bucket(UINT64_MAX), KW_TIMES_BUCKETS - 1);
}

static uint64_t percentile(const uint64_t *buckets, unsigned int permille, uint64_t min,
			   uint64_t max)
{
	uint64_t value = 0;

	assert_true(kw_hist_percentile(h, buckets, permille, min, max, &value));
	return value;
}

static void assert_error(uint64_t got, uint64_t value)
{
	uint64_t error = got > value ? got - value : value - got;

	if (8 * error > value)
		fail_msg("%llu is more than 12.5 %% away from %llu", (unsigned long long)got,
			 (unsigned long long)value);
}

/* Not even shortest and longest help here: they are far away from the value. */
static void error_of_single_values(void **state)
{
	(void)state;
	for (uint64_t v = 64; v < 7ULL << 31; v = next_value(v)) {
		uint64_t buckets[KW_TIMES_BUCKETS] = {};

		buckets[kw_hist_bucket(h, v)] = 1000;
		assert_error(percentile(buckets, 500, 0, UINT64_MAX), v);
		assert_error(percentile(buckets, 999, 0, UINT64_MAX), v);
		assert_int_equal(percentile(buckets, 500, v, v), v);
	}
}

/* The last bucket has no end, so it is the longest one that tells where its values are. */
static void values_in_the_last_bucket(void **state)
{
	(void)state;
	for (uint64_t v = 7ULL << 32; v < 1ULL << 40; v = next_value(v)) {
		uint64_t buckets[KW_TIMES_BUCKETS] = { [KW_TIMES_BUCKETS - 1] = 3 };

		assert_int_equal(percentile(buckets, 500, 0, v), v);
		assert_int_equal(percentile(buckets, 500, v, v), v);
	}
}

static void empty(void **state)
{
	uint64_t buckets[KW_TIMES_BUCKETS] = {}, value = 4711;

	(void)state;
	assert_false(kw_hist_percentile(h, buckets, 500, 0, UINT64_MAX, &value));
	assert_int_equal(value, 4711);
}

static void one(void **state)
{
	static const unsigned int permille[] = { 0, 1, 500, 900, 990, 999, 1000 };
	uint64_t buckets[KW_TIMES_BUCKETS] = { [20] = 1 }; /* 2048 up to 2560 */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(permille); i++) {
		assert_int_equal(percentile(buckets, permille[i], 0, UINT64_MAX), 2304);
		assert_int_equal(percentile(buckets, permille[i], 2310, 2310), 2310);
	}
}

static void kept_within_min_and_max(void **state)
{
	uint64_t buckets[KW_TIMES_BUCKETS] = { [20] = 1, [40] = 1 };

	(void)state;
	assert_int_equal(percentile(buckets, 500, 2400, 1000000), 2400);
	assert_int_equal(percentile(buckets, 500, 2100, 1000000), 2304);
	assert_int_equal(percentile(buckets, 1000, 2100, 70000), 70000);
	assert_int_equal(percentile(buckets, 1000, 2100, 80000), 73728);
}

/* 1000 values: number n (from 1) is in bucket 10 + n / 100, so ranks show exactly. */
static void ranks(void **state)
{
	uint64_t buckets[KW_TIMES_BUCKETS] = {};

	(void)state;
	for (unsigned int n = 1; n <= 1000; n++)
		buckets[10 + (n - 1) / 100]++;
	for (unsigned int permille = 1; permille <= 1000; permille++) {
		unsigned int i = 10 + (permille - 1) / 100;
		uint64_t middle = (kw_hist_low(h, i) + kw_hist_high(h, i)) / 2;

		assert_int_equal(percentile(buckets, permille, 0, UINT64_MAX), middle);
	}
}

static void ranks_of_few(void **state)
{
	uint64_t buckets[KW_TIMES_BUCKETS] = { [10] = 9, [30] = 1 };
	uint64_t low = (kw_hist_low(h, 10) + kw_hist_high(h, 10)) / 2;
	uint64_t high = (kw_hist_low(h, 30) + kw_hist_high(h, 30)) / 2;

	(void)state;
	assert_int_equal(percentile(buckets, 500, 0, UINT64_MAX), low);
	assert_int_equal(percentile(buckets, 900, 0, UINT64_MAX), low);
	assert_int_equal(percentile(buckets, 901, 0, UINT64_MAX), high);
	assert_int_equal(percentile(buckets, 990, 0, UINT64_MAX), high);
	buckets[10] = 999;
	assert_int_equal(percentile(buckets, 990, 0, UINT64_MAX), low);
	assert_int_equal(percentile(buckets, 999, 0, UINT64_MAX), low);
	assert_int_equal(percentile(buckets, 1000, 0, UINT64_MAX), high);
}

static void uneven_distribution(void **state)
{
	/* 1 us: 500, 10 us: 400, 100 us: 90, 1 ms: 9, 10 ms: 1 */
	static const uint64_t value[] = { 1000, 10000, 100000, 1000000, 10000000 };
	static const uint64_t count[] = { 500, 400, 90, 9, 1 };
	static const unsigned int permille[] = { 500, 900, 990, 999, 1000 };
	uint64_t buckets[KW_TIMES_BUCKETS] = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(value); i++)
		buckets[kw_hist_bucket(h, value[i])] += count[i];
	for (size_t i = 0; i < ARRAY_SIZE(value); i++) {
		assert_error(percentile(buckets, permille[i], 1000, 10000000), value[i]);
		if (i + 1 < ARRAY_SIZE(value)) /* one further is the next value */
			assert_error(percentile(buckets, permille[i] + 1, 1000, 10000000),
				     value[i + 1]);
	}
}

static void overflow(void **state)
{
	uint64_t buckets[KW_TIMES_BUCKETS] = { [KW_TIMES_BUCKETS - 1] = 2, [0] = 2 };

	(void)state;
	assert_int_equal(percentile(buckets, 1000, 10, 1ULL << 50), 1ULL << 50);
	assert_true(percentile(buckets, 500, 10, 1ULL << 50) < 80);
}

static void counts_beyond_32_bits(void **state)
{
	uint64_t buckets[KW_TIMES_BUCKETS] = { [10] = UINT64_MAX / 2, [30] = UINT64_MAX / 2 };

	(void)state;
	assert_int_equal(percentile(buckets, 500, 0, UINT64_MAX),
			 (kw_hist_low(h, 10) + kw_hist_high(h, 10)) / 2);
	assert_int_equal(percentile(buckets, 501, 0, UINT64_MAX),
			 (kw_hist_low(h, 30) + kw_hist_high(h, 30)) / 2);
}

/* ---- min and max of the last two windows, in BPF ---------------------------------------------*/

static void bpf_min_max(void **state)
{
	struct exits_record r = { .min = { ~0ULL, ~0ULL } };

	(void)state;
	kw_window = 4;
	exits_min_max(&r, 50);
	exits_min_max(&r, 30);
	exits_min_max(&r, 70);
	assert_int_equal(r.min[0], 30);
	assert_int_equal(r.max[0], 70);
	kw_window = 5; /* the next one leaves those of the one before */
	exits_min_max(&r, 40);
	assert_int_equal(r.min[0], 30);
	assert_int_equal(r.min[1], 40);
	assert_int_equal(r.max[1], 40);
	kw_window = 8; /* windows without exits in between: nothing old is left */
	exits_min_max(&r, 60);
	assert_int_equal(r.min[0], 60);
	assert_int_equal(r.max[0], 60);
	assert_int_equal(r.min[1], ~0ULL);
	assert_int_equal(r.max[1], 0);
}

/* Number of the window wraps in the record, which keeps 16 bits of it. */
static void bpf_min_max_wraps(void **state)
{
	struct exits_record r = { .min = { ~0ULL, ~0ULL } };

	(void)state;
	kw_window = 0xffff;
	exits_min_max(&r, 50);
	kw_window = 0x10000;
	exits_min_max(&r, 20);
	assert_int_equal(r.min[1], 50);
	assert_int_equal(r.max[1], 50);
	assert_int_equal(r.min[0], 20);
	assert_int_equal(r.max[0], 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_the_tables),
		cmocka_unit_test(every_edge),
		cmocka_unit_test(ends),
		cmocka_unit_test(same_buckets_in_bpf),
		cmocka_unit_test(error_of_single_values),
		cmocka_unit_test(values_in_the_last_bucket),
		cmocka_unit_test(empty),
		cmocka_unit_test(one),
		cmocka_unit_test(kept_within_min_and_max),
		cmocka_unit_test(ranks),
		cmocka_unit_test(ranks_of_few),
		cmocka_unit_test(uneven_distribution),
		cmocka_unit_test(overflow),
		cmocka_unit_test(counts_beyond_32_bits),
		cmocka_unit_test(bpf_min_max),
		cmocka_unit_test(bpf_min_max_wraps),
	};

	return kw_run_tests(tests);
}
