// SPDX-License-Identifier: Apache-2.0
/*
 * tables.c - tests the live half of collectors all of whose tables are maps with bounded keys, and
 * how such maps and their quotas are sized.
 * May not know about: the kernel, any one collector.
 * To extend: see maps.h.
 */
#define _GNU_SOURCE
#include "maps.h"

#include <sys/mman.h>
#include <unistd.h>

struct slot_record {
	uint32_t used, other, used_second;
	uint32_t pad; /* by which the kernel keeps elements of an array apart; not of the record */
};

#define RECORD_SIZE offsetof(struct slot_record, pad)

struct table_row {
	struct kw_row_head head;
	uint64_t what, count, slot;
};

static const struct kw_schema table_schema = { .row_size = sizeof(struct table_row) };

static void fill_row(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		     const void *val, void *r)
{
	struct table_row *row = r;

	(void)live;
	row->what = ((const struct key *)k)->what;
	row->count = ((const struct value *)val)->head.count;
	row->slot = v->slot;
}

static struct map slots;

struct tables {
	struct kw_vcpu vcpu[4];
	struct kw_live live;
	struct slot_record *record;
	void *state;
	struct kw_frame frame[2];
};

static void open_tables(struct tables *t)
{
	const struct kw_keyed_table table[] = {
		{ (struct bpf_map *)&map, 8, offsetof(struct slot_record, used), fill_row },
		{ (struct bpf_map *)&second, 4, offsetof(struct slot_record, used_second), fill_row,
		  .fixed = true },
	};

	*t = (struct tables){
		.live = { .vcpu = t->vcpu, .n_slots = 4, .max_slots = 4, .interval = true }
	};
	for (uint32_t i = 0; i < 4; i++)
		t->vcpu[i] = (struct kw_vcpu){ .slot = i, .vcpu_id = 10 + i, .tid = 100 + i };
	for (int i = 0; i < 2; i++)
		t->frame[i].schema = &table_schema;
	slots = (struct map){ .value_size = RECORD_SIZE, .max_entries = 4 };
	slots.fd = memfd_create("slots", MFD_CLOEXEC);
	assert_true(slots.fd >= 0);
	assert_int_equal(ftruncate(slots.fd, 4 * sizeof(struct slot_record)), 0);
	t->record = mmap(NULL, 4 * sizeof(struct slot_record), PROT_READ | PROT_WRITE, MAP_SHARED,
			 slots.fd, 0);
	assert_ptr_not_equal(t->record, MAP_FAILED);
	assert_int_equal(kw_tables_open((struct bpf_map *)&slots, table, 2, &t->state), 0);
}

static void close_tables(struct tables *t)
{
	kw_tables_close(t->state);
	munmap(t->record, 4 * sizeof(struct slot_record));
	close(slots.fd);
	for (int i = 0; i < 2; i++)
		kw_frame_clear(&t->frame[i]);
}

static void tables_fill_frames(void **state)
{
	struct key k = key(2, 77);
	const struct table_row *row;
	struct tables t;

	(void)state;
	open_tables(&t);
	count(2, 5, 9);
	count(3, 6, 1);
	count_key(&second, &k, 4);
	assert_int_equal(kw_tables_refresh(&t.live, t.state), 0);
	assert_int_equal(kw_tables_read(&t.live, t.state, 1, 0, t.frame), 0);
	assert_int_equal(t.frame[0].n + t.frame[1].n, 0);
	assert_int_equal(kw_tables_read(&t.live, t.state, 2, 33, t.frame), 0);
	assert_int_equal(t.frame[0].n, 1);
	assert_int_equal(t.frame[1].n, 1);
	row = t.frame[0].row[0];
	assert_int_equal(row->head.vm, 33);
	assert_int_equal(row->head.vcpu, 12);
	assert_int_equal(row->head.tid, 102);
	assert_int_equal(row->head.born_ns, 1);
	assert_int_equal(row->what, 5);
	assert_int_equal(row->count, 9);
	assert_int_equal(row->slot, 2);
	row = t.frame[1].row[0];
	assert_int_equal(row->what, 77);
	assert_int_equal(row->count, 4);
	close_tables(&t);
}

static void refresh(struct tables *t)
{
	assert_int_equal(kw_tables_refresh(&t->live, t->state), 0);
}

/* Of slot 2, the first table has 8 rows of 8, the second one 4 of 4. */
static void tables_use_their_records(void **state)
{
	struct tables t;

	(void)state;
	open_tables(&t);
	for (uint64_t what = 0; what < 8; what++) {
		struct key k = key(2, what);

		count(2, what, 1);
		if (what < 4)
			count_key(&second, &k, 1);
	}
	for (int i = 0; i < 4; i++)
		t.record[i] = (struct slot_record){ 8, 1, 4, 9 };
	refresh(&t);
	refresh(&t);
	assert_int_equal(t.record[2].used, 8);
	refresh(&t);
	assert_int_equal(t.record[2].used, 6);
	assert_int_equal(t.record[2].used_second, 4); /* fixed: none is dropped */
	assert_int_equal(map.n, 6);
	assert_int_equal(second.n, 4);
	t.live.quota_shift = 1;
	refresh(&t);
	assert_int_equal(t.record[2].used, 3);
	assert_int_equal(t.record[2].used_second, 4);
	kw_tables_forget(&t.live, t.state, 2);
	assert_int_equal(map.n + second.n, 0);
	assert_memory_equal(&t.record[2], (&(struct slot_record){}), RECORD_SIZE);
	for (int i = 0; i < 4; i++)
		if (i != 2)
			assert_memory_equal(&t.record[i], (&(struct slot_record){ 8, 1, 4, 9 }),
					    sizeof(t.record[i]));
	close_tables(&t);
}

/* In between, nothing is dropped; what no guest chooses keeps its quota. */
static void tables_between_intervals(void **state)
{
	struct tables t;

	(void)state;
	open_tables(&t);
	for (uint64_t what = 0; what < 4; what++) {
		struct key k = key(2, what);

		count(2, what, 1);
		count_key(&second, &k, 1);
	}
	t.record[2] = (struct slot_record){ 4, 1, 4, 9 };
	refresh(&t);
	refresh(&t);
	t.live.quota_shift = 2; /* 2 of 8, and 4 as ever */
	t.live.interval = false;
	for (int i = 0; i < 5; i++)
		refresh(&t);
	assert_int_equal(t.record[2].used, 4);
	assert_int_equal(t.record[2].used_second, 4);
	assert_int_equal(kw_tables_read(&t.live, t.state, 2, 0, t.frame), 0);
	assert_int_equal(t.frame[0].n, 4);
	assert_int_equal(t.frame[1].n, 4);
	t.live.interval = true;
	refresh(&t);
	assert_int_equal(t.record[2].used, 2);
	assert_int_equal(t.record[2].used_second, 4);
	close_tables(&t);
}

static void tables_need_memory_that_is_mapped(void **state)
{
	void *none = NULL;

	(void)state;
	slots = (struct map){ .value_size = 16, .max_entries = 4, .fd = -1 };
	assert_int_equal(kw_tables_open((struct bpf_map *)&slots, NULL, 0, &none), -EBADF);
	assert_null(none);
}

/* ---- sizes -----------------------------------------------------------------------------------*/

static uint32_t size_of(uint32_t quota, uint32_t n)
{
	kw_keyed_size((struct bpf_map *)&map, quota, n);
	return map.max_entries;
}

static void sizes_of_maps(void **state)
{
	(void)state;
	assert_int_equal(size_of(256, 17), (256 + 16) * 17); /* 16: rows of the others */
	assert_int_equal(size_of(1, 1), 17);
	assert_int_equal(size_of(256, 960), (256 + 16) * 960);
	assert_int_equal(size_of(256, 16385), (256 + 16) * 960);
	assert_int_equal(size_of(UINT32_MAX, UINT32_MAX), (256 + 16) * 960);
	assert_in_range((256 + 16) * 960, (1 << 17) + 1, 1 << 18); /* the kernel rounds up */
}

static void quotas_are_halved(void **state)
{
	static const uint32_t expected[][2] = {
		{ 0, 0 },      { 1, 0 },      { 960, 0 },    { 961, 1 },	{ 1920, 1 },
		{ 1921, 2 },   { 3840, 2 },   { 3841, 3 },   { 15360, 4 },	{ 122880, 7 },
		{ 122881, 8 }, { 245760, 8 }, { 245761, 8 }, { UINT32_MAX, 8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (kw_keyed_shift(expected[i][0]) != expected[i][1])
			fail_msg("%u slots: %u halvings, not %u", expected[i][0],
				 kw_keyed_shift(expected[i][0]), expected[i][1]);
}

/* ---- maxima of windows -----------------------------------------------------------------------*/

/* window: number of the window after the one that is read. */
static void maximum_of_a_window(void **state)
{
	static const struct {
		struct kw_max m;
		uint16_t window;
		uint64_t max;
	} examples[] = {
		{ { { 0, 0 }, 0 }, 1, 0 },
		{ { { 70, 0 }, 0 }, 1, 70 },  /* of the window that was closed */
		{ { { 70, 50 }, 1 }, 1, 70 }, /* and of what followed */
		{ { { 70, 90 }, 1 }, 1, 90 }, /* which was longer */
		{ { { 0, 90 }, 1 }, 1, 90 },  /* nothing but that */
		{ { { 60, 90 }, 2 }, 3, 60 }, /* 90 was of window 1 */
		{ { { 60, 90 }, 3 }, 4, 90 }, /* 60 was of window 2 */
		{ { { 60, 90 }, 3 }, 3, 90 }, /* both count */
		{ { { 60, 90 }, 2 }, 4, 0 },  /* too long ago */
		{ { { 60, 90 }, 3 }, 60000, 0 },
		{ { { 60, 90 }, 65535 }, 0, 90 }, /* the number begins again */
		{ { { 60, 90 }, 0 }, 0, 90 },
		{ { { 99, 90 }, 0 }, 0, 99 },
		{ { { 60, 90 }, 65534 }, 65535, 60 },
		{ { { 60, 90 }, 65534 }, 0, 0 },
		{ { { UINT64_MAX, 0 }, 8 }, 9, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		if (kw_max_read(&examples[i].m, examples[i].window) != examples[i].max)
			fail_msg("example %zu: %llu", i,
				 (unsigned long long)kw_max_read(&examples[i].m,
								 examples[i].window));
}

/* What kw_min() keeps: complements, so that 0 is none. */
static void minimum_of_a_window(void **state)
{
	static const struct {
		struct kw_max m;
		uint16_t window;
		uint64_t min;
	} examples[] = {
		{ { { 0, 0 }, 0 }, 1, UINT64_MAX }, /* none */
		{ { { ~70ULL, 0 }, 0 }, 1, 70 },
		{ { { ~70ULL, ~90ULL }, 1 }, 1, 70 },
		{ { { ~70ULL, ~50ULL }, 1 }, 1, 50 }, /* of what followed */
		{ { { ~60ULL, ~90ULL }, 2 }, 3, 60 },
		{ { { ~60ULL, ~90ULL }, 2 }, 4, UINT64_MAX }, /* too long ago */
		{ { { ~0ULL, 0 }, 0 }, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		if (kw_min_read(&examples[i].m, examples[i].window) != examples[i].min)
			fail_msg("example %zu: %llu", i,
				 (unsigned long long)kw_min_read(&examples[i].m,
								 examples[i].window));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KW_MAP_TEST(tables_fill_frames),
		KW_MAP_TEST(tables_use_their_records),
		KW_MAP_TEST(tables_between_intervals),
		KW_MAP_TEST(tables_need_memory_that_is_mapped),
		KW_MAP_TEST(sizes_of_maps),
		KW_MAP_TEST(quotas_are_halved),
		KW_MAP_TEST(maximum_of_a_window),
		KW_MAP_TEST(minimum_of_a_window),
	};

	return kw_run_tests(tests);
}
