/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps.h - maps in memory for core/keyed.c: the linker puts these functions in the place of
 * libbpf's.
 * May not know about: the kernel, any one collector, what is tested.
 * To extend: another function of libbpf that core/keyed.c calls is a --wrap in ../meson.build and
 * a function here.
 */
#ifndef KW_UNIT_MAPS_H
#define KW_UNIT_MAPS_H

#include "unit.h"

#include "core/keyed.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

struct key {
	struct kw_keyed_key key;
	uint64_t what;
};

struct value {
	struct kw_keyed_head head;
	uint64_t total;
};

struct row {
	struct key key;
	struct value value;
};

/* What libbpf's struct bpf_map is here. */
struct map {
	struct row *row; /* in no order; NULL: an array, that fd is the memory of */
	size_t n, room;
	uint32_t value_size, max_entries;
	int fd;
	/* how it behaves */
	size_t bucket;	 /* rows that one call of lookup_batch returns at most; 0: any */
	int broken;	 /* errno of every lookup_batch */
	int no_take_out; /* errno of every lookup_and_delete */
	void (*before_drop)(void), (*after_drop)(void); /* of lookup_and_delete */
};

static struct map map, second;

/* Maps are found by their fd, which no kernel knows of. */
#define MAP_FD 1000

static struct map *map_of(int fd)
{
	assert_in_range(fd, MAP_FD, MAP_FD + 1);
	return fd == MAP_FD ? &map : &second;
}

int __wrap_bpf_map__fd(const struct bpf_map *m);
__u32 __wrap_bpf_map__key_size(const struct bpf_map *m);
__u32 __wrap_bpf_map__value_size(const struct bpf_map *m);
__u32 __wrap_bpf_map__max_entries(const struct bpf_map *m);
int __wrap_bpf_map__set_max_entries(struct bpf_map *m, __u32 n);
int __wrap_bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *count,
				const struct bpf_map_batch_opts *opts);
int __wrap_bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value);
int __wrap_bpf_map_lookup_elem(int fd, const void *key, void *value);
int __wrap_bpf_map_delete_elem(int fd, const void *key);

int __wrap_bpf_map__fd(const struct bpf_map *m)
{
	return ((const struct map *)m)->fd;
}

__u32 __wrap_bpf_map__key_size(const struct bpf_map *m)
{
	(void)m;
	return sizeof(struct key);
}

__u32 __wrap_bpf_map__value_size(const struct bpf_map *m)
{
	return ((const struct map *)m)->value_size;
}

__u32 __wrap_bpf_map__max_entries(const struct bpf_map *m)
{
	return ((const struct map *)m)->max_entries;
}

int __wrap_bpf_map__set_max_entries(struct bpf_map *m, __u32 n)
{
	((struct map *)m)->max_entries = n;
	return 0;
}

static int fails(int err)
{
	errno = err;
	return -err;
}

static struct row *find(struct map *m, const struct key *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (!memcmp(&m->row[i].key, key, sizeof(*key)))
			return &m->row[i];
	return NULL;
}

/* As of a hash map: a token of four bytes; -ENOENT with the last rows, when no more follow. */
int __wrap_bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *count,
				const struct bpf_map_batch_opts *opts)
{
	struct map *m = map_of(fd);
	size_t most = m->bucket && m->bucket < *count ? m->bucket : *count;
	uint32_t at = 0, n = 0;

	assert_null(opts);
	*count = 0;
	if (m->broken)
		return fails(m->broken);
	if (in)
		memcpy(&at, in, sizeof(at));
	for (; n < most && at < m->n; n++, at++) {
		memcpy((char *)keys + n * sizeof(struct key), &m->row[at].key, sizeof(struct key));
		memcpy((char *)values + n * sizeof(struct value), &m->row[at].value,
		       sizeof(struct value));
	}
	memcpy(out, &at, sizeof(at));
	*count = n;
	return at < m->n ? 0 : fails(ENOENT);
}

int __wrap_bpf_map_delete_elem(int fd, const void *key)
{
	struct map *m = map_of(fd);
	struct row *row = find(m, key);

	if (!row)
		return fails(ENOENT);
	*row = m->row[--m->n];
	return 0;
}

int __wrap_bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	struct row *row = find(map_of(fd), key);

	if (!row)
		return fails(ENOENT);
	memcpy(value, &row->value, sizeof(row->value));
	return 0;
}

int __wrap_bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value)
{
	struct map *m = map_of(fd);
	int err;

	if (m->before_drop)
		m->before_drop();
	if (m->no_take_out)
		return fails(m->no_take_out);
	err = __wrap_bpf_map_lookup_elem(fd, key, value);
	if (err)
		return err;
	__wrap_bpf_map_delete_elem(fd, key);
	if (m->after_drop)
		m->after_drop();
	return 0;
}

/* ---- what tests do with them ---- */

#define SLOTS 1024
#define STEP  3 /* used is one of three numbers of a slot */

static uint32_t used[SLOTS * STEP];
static struct kw_keyed keyed;

static inline struct key key(uint32_t slot, uint64_t what)
{
	return (struct key){ .key.slot = slot, .what = what };
}

static inline struct key others(uint32_t slot)
{
	return (struct key){ .key = { slot, 1 }, .what = ~0ULL };
}

/* As the kernel's half counts: makes the row if it is new. */
static inline void count_key(struct map *m, const struct key *k, uint64_t n)
{
	struct row *row = find(m, k);

	if (!row) {
		if (m->n == m->room) {
			m->room = m->room ? 2 * m->room : 64;
			m->row = reallocarray(m->row, m->room, sizeof(*m->row));
			assert_non_null(m->row);
		}
		row = &m->row[m->n++];
		*row = (struct row){ .key = *k, .value.head.born_ns = 1 };
		used[k->key.slot * STEP] += !k->key.other;
	}
	row->value.head.count += n;
	row->value.total += 10 * n;
}

static inline void count(uint32_t slot, uint64_t what, uint64_t n)
{
	struct key k = key(slot, what);

	count_key(&map, &k, n);
}

/* A map with so many rows for each slot. */
static inline int open_map(void **state)
{
	(void)state;
	map = (struct map){ .value_size = sizeof(struct value), .fd = MAP_FD };
	second = (struct map){ .value_size = sizeof(struct value), .fd = MAP_FD + 1 };
	memset(used, 0, sizeof(used));
	return kw_keyed_open(&keyed, (struct bpf_map *)&map, 8, used, STEP);
}

static inline int close_map(void **state)
{
	(void)state;
	kw_keyed_close(&keyed);
	free(map.row);
	free(second.row);
	return 0;
}

#define KW_MAP_TEST(f) cmocka_unit_test_setup_teardown(f, open_map, close_map)

#endif
