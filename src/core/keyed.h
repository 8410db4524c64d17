/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyed.h - reads maps with bounded keys (bpf/keyed.bpf.h), and makes room in them: rows that
 * nothing was counted in of late are dropped when their slot has few left.
 * May not know about: any one collector, sinks.
 * To extend: keys begin with struct kw_keyed_key, values with struct kw_keyed_head.
 */
#ifndef KW_KEYED_H
#define KW_KEYED_H

#include "collector.h"

struct bpf_map;

struct kw_keyed {
	int fd;
	uint32_t key_size, value_size, quota, shift; /* shift: halvings of the quota */
	uint32_t *used;	    /* of slot i: used[i * used_step]; mapped, shared with the kernel */
	uint32_t used_step; /* in uint32_t */
	char *row;	    /* as last read: key and value, by slot and key */
	char *ended, *last; /* as they were at the ends of the last two intervals */
	size_t n, room, n_ended, n_last;
	bool fixed; /* no row is ever dropped */
};

/* What a collector says of its maps, if all its tables are maps with bounded keys. */
struct kw_keyed_table {
	const struct bpf_map *map;
	uint32_t quota;	    /* rows of a slot */
	size_t used_offset; /* in the collector's record per slot: __u32, rows in use */
	/* Fill what is the table's own in a row; its head is filled. */
	void (*fill)(const struct kw_live *live, const struct kw_vcpu *v, const void *key,
		     const void *value, void *row);
	bool fixed; /* no guest chooses the keys: the quota is never halved, and no row dropped */
	/* … or, of a value that is several rows: the i-th of each. */
	void (*fill_each)(const struct kw_live *live, const struct kw_vcpu *v, const void *key,
			  const void *value, unsigned int i, void *row);
	unsigned int each;
};

/* used is in the collector's own records per slot, used_step apart; it stays the caller's. */
int kw_keyed_open(struct kw_keyed *k, const struct bpf_map *map, uint32_t quota, uint32_t *used,
		  uint32_t used_step);
void kw_keyed_close(struct kw_keyed *k);

/*
 * An interval ends: read the map. Before that, drop rows in which nothing was counted in the one
 * before, from slots that have used most of their quota. 0 or -errno.
 */
int kw_keyed_refresh(struct kw_keyed *k);

/* Read the map in between, without an end of an interval: nothing is dropped. */
int kw_keyed_peek(struct kw_keyed *k);

/* The rows of a slot: index of the first, and how many. */
size_t kw_keyed_rows(const struct kw_keyed *k, uint32_t slot, size_t *ret_n);
const void *kw_keyed_key(const struct kw_keyed *k, size_t i);
const void *kw_keyed_value(const struct kw_keyed *k, size_t i);

/* A slot's rows were read for the last time. */
void kw_keyed_forget(struct kw_keyed *k, uint32_t slot);

/*
 * The live half of a collector all of whose tables are such maps: what its kw_collector's close,
 * refresh, read and forget can be. slots is its mappable array with a record per slot.
 */
int kw_tables_open(const struct bpf_map *slots, const struct kw_keyed_table *table, size_t n,
		   void **ret_state);
void kw_tables_close(void *state);
int kw_tables_refresh(const struct kw_live *live, void *state);
int kw_tables_read(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
		   struct kw_frame *frame);
void kw_tables_forget(const struct kw_live *live, void *state, uint32_t slot);

/* Before loading: sizes of a map with quota rows for each of so many slots. */
void kw_keyed_size(struct bpf_map *map, uint32_t quota, uint32_t slots);

/* How many halvings of the quotas make the rows of so many live slots fit. */
uint32_t kw_keyed_shift(uint32_t live_slots);

/* Largest value of the window that a reading closes, and of what followed until it was read. */
uint64_t kw_max_read(const struct kw_max *m, uint16_t window);

/* The same of what kw_min() keeps: the smallest value; UINT64_MAX: none. */
uint64_t kw_min_read(const struct kw_max *m, uint16_t window);

#endif
