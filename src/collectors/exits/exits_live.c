// SPDX-License-Identifier: Apache-2.0
/*
 * exits_live.c - see exits_live.h.
 * May not know about: sinks, the command line, names other than to translate filters.
 * To extend: see exits.h.
 */
#include "exits_live.h"

#include "../../arch/names.h"
#include "../../util/cleanup.h"
#include "../../util/grow.h"
#include "exits_rows.h"
#include "kvm_watcher.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#define FREE_WANTED (EXITS_CHUNK / 2) /* records that are ready for new (vCPU, reason) pairs */

struct exits_state {
	struct exits_record *chunk[EXITS_CHUNKS];
	uint32_t n_chunks;
	uint64_t pushed; /* records ever put into the queue */
	uint32_t *free;	 /* returned records, to be put there again */
	size_t n_free, free_room;
	bool split;				     /* times are known by their parts */
	bool all;				     /* every exit is to be timed */
	uint64_t *carry[EXITS_CHUNKS * EXITS_CHUNK]; /* per record, or NULL: carries by bucket */
};

/* ---- the pool of records ---- */

static struct exits_record *record(const struct exits_state *s, uint32_t number)
{
	return &s->chunk[number >> EXITS_CHUNK_LOG2][number & (EXITS_CHUNK - 1)];
}

static int push(const struct kw_live *live, struct exits_state *s, uint32_t number)
{
	if (bpf_map_update_elem(bpf_map__fd(live->bpf->maps.exits_free), NULL, &number, BPF_ANY))
		return -errno;
	s->pushed++;
	return 0;
}

/* Map a chunk, and offer its records; 0 is none. */
static int take_chunk(const struct kw_live *live, struct exits_state *s, int fd)
{
	size_t size = EXITS_CHUNK * sizeof(struct exits_record);
	uint32_t first = s->n_chunks << EXITS_CHUNK_LOG2;
	int err = 0;
	void *map;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	s->chunk[s->n_chunks++] = map;
	for (uint32_t i = !first; !err && i < EXITS_CHUNK; i++)
		err = push(live, s, first + i);
	return err;
}

static int add_chunk(const struct kw_live *live, struct exits_state *s)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	uint32_t number = s->n_chunks;
	_cleanup_close_ int fd = -1;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "exits_chunk", sizeof(uint32_t),
			    sizeof(struct exits_record), EXITS_CHUNK, &opts);
	if (fd < 0)
		return -errno;
	if (bpf_map_update_elem(bpf_map__fd(live->bpf->maps.exits_pool), &number, &fd, BPF_ANY))
		return -errno;
	return take_chunk(live, s, fd);
}

int exits_tend(const struct kw_live *live, void *state)
{
	struct exits_state *s = state;

	while (s->pushed - live->bpf->bss->exits_taken < FREE_WANTED) {
		int err;

		if (s->n_free) {
			err = push(live, s, s->free[--s->n_free]);
		} else {
			if (s->n_chunks == EXITS_CHUNKS)
				return 0;
			err = add_chunk(live, s);
		}
		if (err)
			return err;
	}
	return 0;
}

/* The filter's key holds the isa as well, so a name may mean another code in each. */
static int add_filter(struct kvm_watcher_bpf *bpf, const char *text, uint32_t kind)
{
	const struct kw_isa_names *const *tables;
	uint32_t code;
	size_t n;

	tables = kw_isa_tables(&n);
	for (size_t i = 0; i < n; i++) {
		struct exits_filter_key key = { .isa = tables[i]->isa };

		if (!kw_reason_parse(tables[i]->isa, text, &code))
			continue;
		key.code = code;
		if (bpf_map_update_elem(bpf_map__fd(bpf->maps.exits_filter), &key, &kind, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_filters(const struct kw_live *live, const struct kw_filters *f)
{
	int err = 0;

	for (size_t i = 0; i < f->n_include && !err; i++)
		err = add_filter(live->bpf, f->include[i], EXITS_INCLUDE);
	for (size_t i = 0; i < f->n_exclude && !err; i++)
		err = add_filter(live->bpf, f->exclude[i], EXITS_EXCLUDE);
	return err;
}

int exits_open(const struct kw_live *live, void **ret_state)
{
	struct exits_state *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->split = live->bpf->rodata->kw_timing != KW_TIMED_AT_ENTRY;
	s->all = live->bpf->rodata->kw_timing == KW_TIMED_ALL;
	err = take_chunk(live, s, bpf_map__fd(live->bpf->maps.exits_first));
	err = err ?: fill_filters(live, live->filters) ?: exits_tend(live, s);
	if (err) {
		exits_close(s);
		return err;
	}
	*ret_state = s;
	return 0;
}

void exits_close(void *state)
{
	struct exits_state *s = state;

	for (uint32_t i = 0; i < s->n_chunks * EXITS_CHUNK; i++)
		free(s->carry[i]);
	for (uint32_t i = 0; i < s->n_chunks; i++)
		munmap(s->chunk[i], EXITS_CHUNK * sizeof(struct exits_record));
	free(s->free);
	free(s);
}

/* ---- reading ---- */

/*
 * Copy a record while its vCPU may be writing it: again, until nothing moved. The writer may
 * itself be off its CPU, where this host is a guest.
 */
static int snapshot(const struct exits_record *r, struct exits_record *ret)
{
	const volatile uint8_t *seq = &r->seq;

	for (int tries = 0; tries < 1000000; tries++) {
		uint8_t before = *seq;

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		memcpy(ret, r, sizeof(*ret));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(before & 1) && *seq == before)
			return 0;
		if (tries > 1000)
			sched_yield();
	}
	return -EAGAIN;
}

/* How many times each bucket of a record wrapped. */
static int read_carries(const struct kw_live *live, struct exits_state *s, uint32_t number)
{
	uint64_t *carry = s->carry[number];

	if (!carry)
		carry = s->carry[number] = calloc(KW_TIMES_BUCKETS, sizeof(*carry));
	if (!carry)
		return -ENOMEM;
	for (uint32_t i = 0; i < KW_TIMES_BUCKETS; i++) {
		struct exits_carry key = { .record = number, .bucket = i };

		bpf_map_lookup_elem(bpf_map__fd(live->bpf->maps.exits_carries), &key, &carry[i]);
	}
	return 0;
}

/* Every exit is in one bucket: if the sum is not the count, some bucket wrapped meanwhile. */
static bool read_hist(const struct exits_record *r, const uint64_t *carry, uint64_t *hist)
{
	uint32_t low = 0;
	uint64_t high = 0;

	/* loops without conditions: the compiler makes vector instructions of them */
	for (int i = 0; i < KW_TIMES_BUCKETS; i++) {
		hist[i] = r->hist[i];
		low += r->hist[i];
	}
	for (int i = 0; carry && i < KW_TIMES_BUCKETS; i++) {
		hist[i] += carry[i] << 16;
		high += carry[i] << 16;
	}
	return low + high == r->count;
}

static void read_min_max(const struct exits_record *r, uint16_t window, struct exits_row *row)
{
	uint16_t before = window - 1; /* the one that this reading closed */

	row->min = UINT64_MAX;
	row->max = 0;
	if (r->window != window && r->window != before)
		return;
	row->min = r->min[before & 1];
	row->max = r->max[before & 1];
	if (r->window == window) {
		row->min = r->min[window & 1] < row->min ? r->min[window & 1] : row->min;
		row->max = r->max[window & 1] > row->max ? r->max[window & 1] : row->max;
	}
}

static int read_record(const struct kw_live *live, struct exits_state *s, uint32_t number,
		       struct exits_row *row)
{
	struct exits_record r;
	int err = snapshot(record(s, number), &r);

	for (int tries = 0; !err && !read_hist(&r, s->carry[number], row->hist) && tries < 4;
	     tries++)
		err = read_carries(live, s, number) ?: snapshot(record(s, number), &r);
	if (err)
		return err;
	row->code = r.code;
	row->level = r.level;
	row->count = r.count + r.untimed;
	row->timed = r.count;
	if (s->all && r.count) /* the others were handled on a fast path, in next to no time */
		row->timed = row->count;
	row->total = r.total;
	row->kernel = s->split ? r.total : 0;
	for (int i = 0; i < KW_PARTS; i++) {
		row->part[i] = r.part[i];
		row->kernel -= r.part[i];
	}
	read_min_max(&r, live->window, row);
	return 0;
}

static struct exits_row *add_row(struct kw_frame *frame, const struct kw_vcpu *v, uint32_t vm)
{
	struct exits_row *row = kw_frame_add(frame);

	if (row) {
		row->head = (struct kw_row_head){
			.vm = vm, .vcpu = v->vcpu_id, .tid = v->tid, .born_ns = v->born_ns
		};
		row->isa = v->isa;
	}
	return row;
}

static bool precedes(const struct exits_record *a, const struct exits_record *b)
{
	return a->code != b->code ? a->code < b->code : a->level < b->level;
}

/*
 * The numbers of a slot's records, in the order of their keys. The records are wherever there was
 * room, and nobody has read them for an interval: all are fetched at once.
 */
static size_t find_records(const struct exits_state *s, const struct kw_vcpu *v, uint32_t *ret)
{
	size_t n = 0;

	for (int i = 0; i < KW_REASONS; i++) {
		uint32_t number = __atomic_load_n(&v->exits[i], __ATOMIC_ACQUIRE);

		for (size_t line = 0; number && line < sizeof(struct exits_record); line += 64)
			__builtin_prefetch((const char *)record(s, number) + line);
		if (number)
			ret[n++] = number;
	}
	for (size_t i = 1; i < n; i++) {
		uint32_t number = ret[i];
		size_t k = i;

		for (; k && precedes(record(s, number), record(s, ret[k - 1])); k--)
			ret[k] = ret[k - 1];
		ret[k] = number;
	}
	return n;
}

/* What no kvm_exit told of has no reason: the least of all keys. */
static int read_fastpath(const struct kw_live *live, const struct kw_vcpu *v, uint32_t vm,
			 struct kw_frame *frame)
{
	struct exits_row *row;

	if (!v->fastpath || !v->isa || live->filters->n_include)
		return 0;
	row = add_row(frame, v, vm);
	if (!row)
		return -ENOMEM;
	row->count = v->fastpath;
	row->min = UINT64_MAX;
	return 0;
}

int exits_read(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
	       struct kw_frame *frame)
{
	const struct kw_vcpu *v = &live->vcpu[slot];
	struct exits_state *s = state;
	uint32_t number[KW_REASONS];
	size_t n = find_records(s, v, number);
	int err = read_fastpath(live, v, vm, frame);

	for (size_t i = 0; i < n && !err; i++) {
		struct exits_row *row;

		if (record(s, number[i])->level & EXITS_SKIP)
			continue;
		row = add_row(frame, v, vm);
		err = row ? read_record(live, s, number[i], row) : -ENOMEM;
	}
	return err;
}

static void forget_carries(const struct kw_live *live, struct exits_state *s, uint32_t number)
{
	for (uint32_t i = 0; s->carry[number] && i < KW_TIMES_BUCKETS; i++) {
		struct exits_carry key = { .record = number, .bucket = i };

		if (s->carry[number][i])
			bpf_map_delete_elem(bpf_map__fd(live->bpf->maps.exits_carries), &key);
	}
	free(s->carry[number]);
	s->carry[number] = NULL;
}

void exits_forget(const struct kw_live *live, void *state, uint32_t slot)
{
	struct exits_state *s = state;

	for (int i = 0; i < KW_REASONS; i++) {
		uint32_t number = live->vcpu[slot].exits[i];

		if (!number)
			continue;
		live->vcpu[slot].exits[i] = 0;
		forget_carries(live, s, number);
		memset(record(s, number), 0, sizeof(struct exits_record));
		if (!kw_grow(&s->free, s->n_free, &s->free_room, sizeof(*s->free)))
			continue; /* the record stays unused */
		s->free[s->n_free++] = number;
	}
}

int exits_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct exits_event *e = (const void *)raw;
	struct exits_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->code = e->code;
	r->isa = e->isa;
	r->level = e->level;
	r->total = e->total;
	r->kernel = e->total;
	for (int i = 0; i < KW_PARTS; i++) {
		r->part[i] = e->part[i];
		r->kernel -= e->part[i];
	}
	return 0;
}
