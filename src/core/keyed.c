// SPDX-License-Identifier: Apache-2.0
/*
 * keyed.c - see keyed.h.
 * May not know about: any one collector, sinks.
 * To extend: see keyed.h.
 */
#define _GNU_SOURCE
#include "keyed.h"

#include "../util/cleanup.h"
#include "../util/search.h"
#include "kbtf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define BATCH 4096

#ifndef ENOTSUPP
#define ENOTSUPP 524 /* the kernel's own */
#endif

/*
 * Rows of a map at most: the kernel allocates a bucket for each at once, the rows when they come.
 * FULL_SLOTS slots can use up quotas of up to FULL_QUOTA; with more, quotas are halved.
 */
#define FULL_SLOTS 960 /* for no more than 1 << 18 rows */
#define FULL_QUOTA 256
#define OTHERS	   16 /* rows of the others */

/* … and where it must allocate the rows at once, too: so many slots, so many bytes of one map. */
#define FULL_SLOTS_AT_ONCE 64

static size_t row_size(const struct kw_keyed *k)
{
	return k->key_size + k->value_size;
}

static char *row_at(const struct kw_keyed *k, char *rows, size_t i)
{
	return rows + i * row_size(k);
}

const void *kw_keyed_key(const struct kw_keyed *k, size_t i)
{
	return row_at(k, k->row, i);
}

const void *kw_keyed_value(const struct kw_keyed *k, size_t i)
{
	return row_at(k, k->row, i) + k->key_size;
}

static uint32_t slot_of(const void *row)
{
	uint32_t slot;

	memcpy(&slot, row, sizeof(slot));
	return slot;
}

static const struct kw_keyed_head *head_of(const struct kw_keyed *k, const void *row)
{
	return (const void *)((const char *)row + k->key_size);
}

int kw_keyed_open(struct kw_keyed *k, const struct bpf_map *map, uint32_t quota, uint32_t *used,
		  uint32_t used_step)
{
	*k = (struct kw_keyed){ .fd = bpf_map__fd(map),
				.key_size = bpf_map__key_size(map),
				.value_size = bpf_map__value_size(map),
				.quota = quota,
				.used = used,
				.used_step = used_step };
	return 0;
}

void kw_keyed_close(struct kw_keyed *k)
{
	free(k->row);
	free(k->ended);
	free(k->last);
}

static int by_slot_and_key(const void *a, const void *b, void *arg)
{
	const struct kw_keyed *k = arg;
	uint32_t x = slot_of(a), y = slot_of(b);

	return x != y ? (x < y ? -1 : 1) : memcmp(a, b, k->key_size);
}

static int append(struct kw_keyed *k, const char *keys, const char *values, size_t n)
{
	if (k->n + n > k->room) {
		size_t room = (k->n + n) * 2;
		void *grown = reallocarray(k->row, room, row_size(k));

		if (!grown)
			return -ENOMEM;
		k->row = grown;
		k->room = room;
	}
	for (size_t i = 0; i < n; i++) {
		char *row = row_at(k, k->row, k->n++);

		memcpy(row, keys + i * k->key_size, k->key_size);
		memcpy(row + k->key_size, values + i * k->value_size, k->value_size);
	}
	return 0;
}

/* Everything that is in the map. A bucket is read whole, so no row is missed or read twice. */
static int read_map(struct kw_keyed *k)
{
	_cleanup_free_ char *keys = calloc(BATCH, k->key_size);
	_cleanup_free_ char *values = calloc(BATCH, k->value_size);
	uint32_t in = 0, out = 0;
	bool first = true;
	int err = 0;

	if (!keys || !values)
		return -ENOMEM;
	while (!err) {
		uint32_t n = BATCH;

		if (bpf_map_lookup_batch(k->fd, first ? NULL : &in, &out, keys, values, &n, NULL))
			err = -errno;
		if (err && err != -ENOENT)
			return err;
		in = out;
		first = false;
		if (append(k, keys, values, n))
			return -ENOMEM;
	}
	if (k->n)
		qsort_r(k->row, k->n, row_size(k), by_slot_and_key, k);
	return 0;
}

/* In one step where the kernel can. */
static int take_out(int fd, const void *key, void *value)
{
	if (!bpf_map_lookup_and_delete_elem(fd, key, value))
		return 0;
	if (errno != ENOTSUPP && errno != EOPNOTSUPP && errno != EINVAL)
		return -1;
	return bpf_map_lookup_elem(fd, key, value) ?: bpf_map_delete_elem(fd, key);
}

/* A row that was not touched lately goes; its last count, if it was touched now, stays readable. */
static int drop(struct kw_keyed *k, const char *row, struct kw_keyed *late)
{
	_cleanup_free_ char *value = malloc(k->value_size);
	uint32_t slot = slot_of(row);

	if (!value)
		return -ENOMEM;
	if (take_out(k->fd, row, value))
		return errno == ENOENT ? 0 : -errno;
	__atomic_fetch_sub(&k->used[slot * k->used_step], 1, __ATOMIC_RELAXED);
	if (!memcmp(value, row + k->key_size, k->value_size))
		return 0;
	return append(late, row, value, 1);
}

static bool is_scarce(const struct kw_keyed *k, uint32_t slot)
{
	uint32_t quota = k->quota >> k->shift;

	return !k->fixed && k->used[slot * k->used_step] > quota - quota / 4;
}

/*
 * Rows whose count did not change in the last interval, of slots that have few left. What a vCPU
 * counts in such a row in the very moment in which it is deleted can get lost, or, as the kernel
 * reuses the element at once, into another row.
 */
static int drop_cold(struct kw_keyed *k, struct kw_keyed *late)
{
	size_t before = 0;
	int err = 0;

	for (size_t i = 0; i < k->n_ended && !err; i++) {
		const char *row = row_at(k, k->ended, i);
		int order = -1;

		while (before < k->n_last &&
		       (order = by_slot_and_key(row_at(k, k->last, before), row, k)) < 0)
			before++;
		if (before == k->n_last || order || !is_scarce(k, slot_of(row)) ||
		    ((const struct kw_keyed_key *)row)->other)
			continue;
		if (head_of(k, row_at(k, k->last, before))->count == head_of(k, row)->count)
			err = drop(k, row, late);
	}
	return err;
}

/* The end of the last interval becomes the one to compare with. */
static int begin_interval(struct kw_keyed *k, struct kw_keyed *late)
{
	int err = drop_cold(k, late);

	free(k->last);
	k->last = k->ended;
	k->n_last = k->n_ended;
	k->ended = NULL;
	k->n_ended = 0;
	return err;
}

static int keep_ended(struct kw_keyed *k)
{
	k->ended = malloc(k->n * row_size(k) ?: 1);
	if (!k->ended)
		return -ENOMEM;
	if (k->n)
		memcpy(k->ended, k->row, k->n * row_size(k));
	k->n_ended = k->n;
	return 0;
}

int kw_keyed_peek(struct kw_keyed *k)
{
	k->n = 0;
	return read_map(k);
}

int kw_keyed_refresh(struct kw_keyed *k)
{
	struct kw_keyed late = { .key_size = k->key_size, .value_size = k->value_size };
	int err = begin_interval(k, &late);

	k->n = 0;
	for (size_t i = 0; i < late.n && !err; i++)
		err = append(k, kw_keyed_key(&late, i), kw_keyed_value(&late, i), 1);
	free(late.row);
	return err ?: read_map(k) ?: keep_ended(k);
}

static int compare_slot(const void *key, const void *row)
{
	uint32_t x = *(const uint32_t *)key, y = slot_of(row);

	return x < y ? -1 : x > y;
}

size_t kw_keyed_rows(const struct kw_keyed *k, uint32_t slot, size_t *ret_n)
{
	size_t first = kw_lower_bound(&slot, k->row, k->n, row_size(k), compare_slot), end = first;

	while (end < k->n && slot_of(row_at(k, k->row, end)) == slot)
		end++;
	*ret_n = end - first;
	return first;
}

void kw_keyed_forget(struct kw_keyed *k, uint32_t slot)
{
	size_t n, first = kw_keyed_rows(k, slot, &n);

	for (size_t i = first; i < first + n; i++)
		bpf_map_delete_elem(k->fd, kw_keyed_key(k, i));
	k->used[slot * k->used_step] = 0;
}

/* ---- all tables of a collector ---- */

struct tables {
	char *slots; /* the collector's records per slot, mapped */
	size_t slots_size;
	struct kw_keyed_table table[KW_TABLES];
	struct kw_keyed keyed[KW_TABLES];
	size_t n;
};

int kw_tables_open(const struct bpf_map *slots, const struct kw_keyed_table *table, size_t n,
		   void **ret_state)
{
	size_t step = bpf_map__value_size(slots);
	struct tables *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	step = (step + 7) / 8 * 8; /* as the kernel lays out elements of an array */
	t->slots_size = step * bpf_map__max_entries(slots);
	t->slots = mmap(NULL, t->slots_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(slots),
			0);
	if (t->slots == MAP_FAILED) {
		int err = -errno;

		free(t);
		return err;
	}
	for (; t->n < n; t->n++) {
		t->table[t->n] = table[t->n];
		kw_keyed_open(&t->keyed[t->n], table[t->n].map, table[t->n].quota,
			      (uint32_t *)(t->slots + table[t->n].used_offset), step / 4);
		t->keyed[t->n].fixed = table[t->n].fixed;
	}
	*ret_state = t;
	return 0;
}

void kw_tables_close(void *state)
{
	struct tables *t = state;

	for (size_t i = 0; i < t->n; i++)
		kw_keyed_close(&t->keyed[i]);
	munmap(t->slots, t->slots_size);
	free(t);
}

int kw_tables_refresh(const struct kw_live *live, void *state)
{
	struct tables *t = state;
	int err = 0;

	for (size_t i = 0; i < t->n && !err; i++) {
		t->keyed[i].shift = t->table[i].fixed ? 0 : live->quota_shift;
		err = live->interval ? kw_keyed_refresh(&t->keyed[i]) : kw_keyed_peek(&t->keyed[i]);
	}
	return err;
}

static int read_row(const struct kw_live *live, struct tables *t, size_t i, size_t r, uint32_t slot,
		    uint32_t vm, struct kw_frame *frame)
{
	const struct kw_keyed_head *value = kw_keyed_value(&t->keyed[i], r);
	const void *key = kw_keyed_key(&t->keyed[i], r);
	const struct kw_keyed_table *table = &t->table[i];
	const struct kw_vcpu *v = &live->vcpu[slot];

	if (!value->born_ns) /* being made: its birth is part of the row's key */
		return 0;
	for (unsigned int k = 0; k < (table->each ?: 1); k++) {
		struct kw_row_head *row = kw_frame_add(frame);

		if (!row)
			return -ENOMEM;
		row->vm = vm;
		row->vcpu = v->vcpu_id;
		row->tid = v->tid;
		row->born_ns = value->born_ns;
		if (table->each)
			table->fill_each(live, v, key, value, k, row);
		else
			table->fill(live, v, key, value, row);
	}
	return 0;
}

int kw_tables_read(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
		   struct kw_frame *frame)
{
	struct tables *t = state;
	int err = 0;

	for (size_t i = 0; i < t->n && !err; i++) {
		size_t n, first = kw_keyed_rows(&t->keyed[i], slot, &n);

		for (size_t r = first; r < first + n && !err; r++)
			err = read_row(live, t, i, r, slot, vm, &frame[i]);
	}
	return err;
}

void kw_tables_forget(const struct kw_live *live, void *state, uint32_t slot)
{
	struct tables *t = state;
	size_t step = t->slots_size / live->max_slots;

	for (size_t i = 0; i < t->n; i++)
		kw_keyed_forget(&t->keyed[i], slot);
	memset(t->slots + slot * step, 0, step);
}

void kw_keyed_size(struct bpf_map *map, uint32_t quota, uint32_t slots)
{
	uint64_t wanted = ((uint64_t)quota + OTHERS) * slots;
	uint64_t most = FULL_SLOTS * (FULL_QUOTA + OTHERS);

	bpf_map__set_max_entries(map, wanted < most ? wanted : most);
}

uint32_t kw_keyed_shift(uint32_t live_slots)
{
	uint32_t full = kw_maps_can_allocate() ? FULL_SLOTS : FULL_SLOTS_AT_ONCE, shift = 0;

	while (live_slots > full << shift && shift < 8)
		shift++;
	return shift;
}

uint64_t kw_max_read(const struct kw_max *m, uint16_t window)
{
	uint64_t of = m->window, before = (uint16_t)(window - 1), max = 0;

	if (of == window || of == before)
		max = m->max[before & 1];
	if (of == window && m->max[window & 1] > max)
		max = m->max[window & 1];
	return max;
}

uint64_t kw_min_read(const struct kw_max *m, uint16_t window)
{
	return ~kw_max_read(m, window);
}
