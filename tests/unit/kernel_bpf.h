/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_bpf.h - stands in for what BPF programs have of the kernel and of libbpf's headers,
 * helpers and maps, so that the programs themselves are functions of user space. May not know
 * about: any one program, what is tested. To extend: a helper that the programs begin to use gets a
 * stub here.
 */
#ifndef KW_UNIT_KERNEL_BPF_H
#define KW_UNIT_KERNEL_BPF_H

#include "unit.h"

#include <linux/bpf.h>
#include <linux/types.h>

/* ---- what libbpf's headers for BPF programs define ---- */

#define __BPF_HELPERS__
#define __BPF_CORE_READ_H__

#define SEC(name)
#define __uint(name, val) int(*name)[val]
#define __type(name, val) __typeof__(val) *name
#undef __always_inline
#define __always_inline inline __attribute__((always_inline, unused))
#undef __noinline
#define __noinline __attribute__((noinline, unused))
#define __ksym
#define __weak		 __attribute__((weak))
#define barrier()	 __asm__ volatile("" ::: "memory")
#define barrier_var(var) __asm__ volatile("" : "+r"(var))

#define KW_READ1(src, a)		      ((src)->a)
#define KW_READ2(src, a, b)		      ((src)->a->b)
#define KW_READ3(src, a, b, c)		      ((src)->a->b->c)
#define KW_READ_OF(src, a, b, c, reader, ...) reader
#define BPF_CORE_READ(...)		      KW_READ_OF(__VA_ARGS__, KW_READ3, KW_READ2, KW_READ1, )(__VA_ARGS__)
#define BPF_CORE_READ_STR_INTO(dst, ...)                                                           \
	snprintf(*(dst), sizeof(*(dst)), "%s", BPF_CORE_READ(__VA_ARGS__))

/* The newest kernel that is known: none of the older forms of types. */
#define bpf_core_field_exists(field)	  (sizeof(field) && kw_exists(#field))
#define bpf_core_type_exists(type)	  true
#define bpf_core_field_offset(type, name) offsetof(type, name)
#define bpf_core_type_id_kernel(type)	  0

static inline bool kw_exists(const char *field)
{
	static const char *const old[] = { "old->", "flat->", "ops->", "apart->", "vt->" };

	for (size_t i = 0; i < ARRAY_SIZE(old); i++)
		if (!strncmp(field, old[i], strlen(old[i])))
			return false;
	return true;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#include "bpf/ktypes.h"
#pragma GCC diagnostic pop

/* ---- helpers ---- */

static __u64 now_ns;
static __u32 this_cpu;
static struct task_struct *current_task;

static inline __u64 bpf_ktime_get_ns(void)
{
	return now_ns;
}

static inline __u32 bpf_get_smp_processor_id(void)
{
	return this_cpu;
}

static inline struct task_struct *bpf_get_current_task_btf(void)
{
	return current_task;
}

static inline __u64 bpf_get_current_task(void)
{
	return (__u64)current_task;
}

static inline __u64 bpf_get_current_pid_tgid(void)
{
	return (__u64)current_task->tgid << 32 | current_task->pid;
}

static inline long bpf_probe_read_kernel(void *dst, __u32 size, const void *src)
{
	memcpy(dst, src, size);
	return 0;
}

static struct kw_random kernel_random = { 4711 };

static inline __u32 bpf_get_prandom_u32(void)
{
	return kw_random_next(&kernel_random) >> 32;
}

static inline long bpf_probe_read_kernel_str(char *dst, __u32 size, const char *src)
{
	return snprintf(dst, size, "%s", src) + 1;
}

static inline long bpf_seq_write(struct seq_file *seq, const void *data, __u32 size)
{
	(void)seq, (void)data, (void)size;
	return 0;
}

/* ---- maps ---- */

enum kw_fake_kind { KW_FAKE_ARRAY, KW_FAKE_HASH, KW_FAKE_QUEUE };

struct kw_fake_map {
	const void *map;
	enum kw_fake_kind kind;
	size_t key_size, value_size, most;
	char **row; /* key and value of each */
	size_t n, room;
};

static struct kw_fake_map fake_maps[16];
static size_t n_fake_maps;

static inline void fake_new(const void *map, enum kw_fake_kind kind, size_t key, size_t value,
			    size_t most)
{
	assert_true(n_fake_maps < ARRAY_SIZE(fake_maps));
	fake_maps[n_fake_maps++] = (struct kw_fake_map){ map, kind, key, value, most, NULL, 0, 0 };
}

static inline struct kw_fake_map *fake_map(const void *map)
{
	for (size_t i = 0; i < n_fake_maps; i++)
		if (fake_maps[i].map == map)
			return &fake_maps[i];
	fail_msg("a map that is not there");
	return NULL;
}

static inline size_t fake_value_at(const struct kw_fake_map *m)
{
	return (m->key_size + 7) / 8 * 8;
}

static inline char *fake_add(struct kw_fake_map *m)
{
	if (m->n == m->room) {
		m->room = m->room ? 2 * m->room : 64;
		m->row = reallocarray(m->row, m->room, sizeof(*m->row));
		assert_non_null(m->row);
	}
	m->row[m->n] = calloc(1, fake_value_at(m) + m->value_size);
	assert_non_null(m->row[m->n]);
	return m->row[m->n++];
}

/* An array's elements are made when they are first looked at. */
static inline void *fake_element(struct kw_fake_map *m, __u32 i)
{
	if (i >= m->most)
		return NULL;
	while (m->n <= i)
		fake_add(m);
	return m->row[i] + fake_value_at(m);
}

static inline size_t fake_find(const struct kw_fake_map *m, const void *key)
{
	size_t i = 0;

	while (i < m->n && memcmp(m->row[i], key, m->key_size))
		i++;
	return i;
}

static inline void *bpf_map_lookup_elem(void *map, const void *key)
{
	struct kw_fake_map *m = fake_map(map);
	size_t i;

	if (m->kind == KW_FAKE_ARRAY)
		return fake_element(m, *(const __u32 *)key);
	i = fake_find(m, key);
	return i < m->n ? m->row[i] + fake_value_at(m) : NULL;
}

static inline long bpf_map_update_elem(void *map, const void *key, const void *value, __u64 flags)
{
	char *found = bpf_map_lookup_elem(map, key);
	struct kw_fake_map *m = fake_map(map);

	if (found && flags == BPF_NOEXIST)
		return -1;
	if (!found && m->n == m->most)
		return -1;
	if (!found) {
		char *row = fake_add(m);

		memcpy(row, key, m->key_size);
		found = row + fake_value_at(m);
	}
	memcpy(found, value, m->value_size);
	return 0;
}

static inline void fake_remove(struct kw_fake_map *m, size_t i)
{
	free(m->row[i]);
	memmove(&m->row[i], &m->row[i + 1], (--m->n - i) * sizeof(*m->row));
}

static inline long bpf_map_delete_elem(void *map, const void *key)
{
	struct kw_fake_map *m = fake_map(map);
	size_t i = fake_find(m, key);

	if (i == m->n)
		return -1;
	fake_remove(m, i);
	return 0;
}

static inline long bpf_map_push_elem(void *map, const void *value, __u64 flags)
{
	struct kw_fake_map *m = fake_map(map);

	(void)flags;
	memcpy(fake_add(m), value, m->value_size);
	return 0;
}

static inline long bpf_map_pop_elem(void *map, void *value)
{
	struct kw_fake_map *m = fake_map(map);

	if (!m->n)
		return -1;
	memcpy(value, m->row[0], m->value_size);
	fake_remove(m, 0);
	return 0;
}

/* The storage of a task is its bpf_storage. */
static inline void *bpf_task_storage_get(void *map, struct task_struct *task, void *value,
					 __u64 flags)
{
	(void)map, (void)value;
	if (!task->bpf_storage && flags & BPF_LOCAL_STORAGE_GET_F_CREATE)
		task->bpf_storage = calloc(1, sizeof(__u32));
	return task->bpf_storage;
}

static inline void fake_free(void)
{
	for (; n_fake_maps; n_fake_maps--) {
		struct kw_fake_map *m = &fake_maps[n_fake_maps - 1];

		while (m->n)
			free(m->row[--m->n]);
		free(m->row);
		*m = (struct kw_fake_map){};
	}
}

#define MAP_ENTRIES(of) (sizeof(*(of)->max_entries) / sizeof(int))

#define FAKE_MAP(of, how)                                                                          \
	fake_new(of, how, sizeof(*(of)->key), sizeof(*(of)->value), MAP_ENTRIES(of))

#endif
