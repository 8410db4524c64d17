// SPDX-License-Identifier: Apache-2.0
/*
 * time_live.c - the live half of the time collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see time.h.
 */
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "../../util/units.h"
#include "time_rows.h"
#include "kvm_watcher.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Tables of the collector, in order. */
enum { WALL, REASONS, CULPRITS, THREADS };

#define MOST_ROWS 65536 /* of all vCPUs */

/* What was told last of a slot: no figure goes backwards. */
struct told {
	uint64_t born_ns, wall;
	uint64_t ns[TIME_STATES];
};

/* A slot as of one moment. */
struct moment {
	uint64_t ns;
	struct time_slot slot;
};

struct state {
	struct time_slot *slot; /* mapped */
	size_t slots_size;
	struct moment *moment; /* of the slots that are in use, as last refreshed */
	uint32_t n_moments, room;
	struct told *told; /* by slot */
	void *keyed;	   /* the tables of reasons and of culprits */
	struct time_threads *threads;
};

/*
 * Rows that are made in a switch: the kernel has few at hand there, and an older one's allocator
 * may wake somebody (kw_maps_can_allocate()), which must not be under the lock of a run queue. So
 * they are there from the start.
 */
static void size_rows(struct bpf_map *map, uint32_t quota, uint32_t slots)
{
	kw_keyed_size(map, quota, slots);
	if (bpf_map__max_entries(map) > MOST_ROWS)
		bpf_map__set_max_entries(map, MOST_ROWS);
	bpf_map__set_map_flags(map, 0);
}

int time_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.time_slots, slots);
	bpf_map__set_max_entries(bpf->maps.time_tids, slots);
	size_rows(bpf->maps.time_reasons, TIME_REASONS, slots);
	size_rows(bpf->maps.time_culprits, TIME_CULPRIT_ROWS, slots);
	return 0;
}

static void fill_reason(const struct kw_live *live, const struct kw_vcpu *v, const void *key,
			const void *value, void *row)
{
	const struct time_reason_key *k = key;
	struct time_reason_row *r = row;

	(void)live, (void)v;
	r->code = k->code;
	r->isa = k->isa;
	r->level = k->level;
	r->kernel = ((const struct time_reason_value *)value)->kernel;
}

static void fill_culprit(const struct kw_live *live, const struct kw_vcpu *v, const void *key,
			 const void *value, void *row)
{
	const struct time_culprit_value *c = value;
	const struct time_culprit_key *k = key;
	struct time_culprit_row *r = row;

	(void)live, (void)v;
	r->by = k->key.other ? TIME_BY_OTHER : k->by;
	r->pid = k->pid;
	r->id = k->id;
	memcpy(r->comm, c->comm, sizeof(r->comm));
	r->waited = c->waited;
	r->count = c->turns;
}

static int open_tables(const struct kw_live *live, struct state *s)
{
	const struct bpf_map *slots = live->bpf->maps.time_slots;
	const struct kw_keyed_table tables[] = {
		{ live->bpf->maps.time_reasons, TIME_REASONS, offsetof(struct time_slot, reasons),
		  fill_reason, .fixed = true },
		{ live->bpf->maps.time_culprits, TIME_CULPRIT_ROWS,
		  offsetof(struct time_slot, culprits), fill_culprit },
	};
	void *mapped;

	s->slots_size = sizeof(struct time_slot) * live->max_slots;
	mapped = mmap(NULL, s->slots_size, PROT_READ, MAP_SHARED, bpf_map__fd(slots), 0);
	if (mapped == MAP_FAILED)
		return -errno;
	s->slot = mapped;
	s->told = calloc(live->max_slots, sizeof(*s->told));
	return s->told ? kw_tables_open(slots, tables, 2, &s->keyed) : -ENOMEM;
}

int time_open(const struct kw_live *live, void **ret_state)
{
	struct state *s = calloc(1, sizeof(*s));
	int err = s ? open_tables(live, s) : -ENOMEM;

	err = err ?: time_threads_open(live, &s->threads);
	if (err && s)
		time_close(s);
	else
		*ret_state = s;
	return err;
}

void time_close(void *state)
{
	struct state *s = state;

	if (s->threads)
		time_threads_close(s->threads);
	if (s->keyed)
		kw_tables_close(s->keyed);
	if (s->slot)
		munmap(s->slot, s->slots_size);
	free(s->moment);
	free(s->told);
	free(s);
}

/* Run a program for everything that it iterates over. */
static int iterate(const struct bpf_program *program)
{
	_cleanup_close_ int fd = -1;
	struct bpf_link *link;
	char none[64];
	ssize_t n = 0;

	if (bpf_program__fd(program) < 0) /* this kernel refused it */
		return 0;
	link = bpf_program__attach_iter(program, NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	while (fd >= 0 && ((n = read(fd, none, sizeof(none))) > 0 || (n < 0 && errno == EAGAIN)))
		;
	n = fd < 0 || n < 0 ? -errno : 0;
	bpf_link__destroy(link);
	return n;
}

int time_start(const struct kw_live *live, void *state)
{
	(void)state;
	if (bpf_program__fd(live->bpf->progs.time_census_tasks) < 0) /* one needs the other */
		return 0;
	return iterate(live->bpf->progs.time_census_files)
		       ?: iterate(live->bpf->progs.time_census_tasks);
}

/* Let the CPUs that vCPUs wait for charge them with who runs there now. */
static void flush(const struct kw_live *live)
{
	int fd = bpf_program__fd(live->bpf->progs.time_flush);

	if (fd < 0)
		return;
	for (int cpu = 0; cpu < TIME_CPUS; cpu++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .flags = BPF_F_TEST_RUN_ON_CPU, .cpu = cpu);

		/* a CPU that is offline has nobody waiting */
		if (live->bpf->bss->time_now[cpu].waiting)
			bpf_prog_test_run_opts(fd, &opts);
	}
}

/* As of one moment. A writer that is interrupted amidst is waited for. */
static void take_moment(const struct time_slot *slot, struct moment *ret)
{
	uint32_t seq;

	for (int tries = 0; tries < 100000; tries++) {
		seq = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE);
		ret->ns = kw_mono_ns();
		memcpy(&ret->slot, slot, sizeof(ret->slot));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && __atomic_load_n(&slot->seq, __ATOMIC_RELAXED) == seq)
			return;
	}
}

/* All slots, close to each other in time, and to the other tables. */
static int take_moments(const struct kw_live *live, struct state *s)
{
	if (s->room < live->n_slots) {
		struct moment *grown = reallocarray(s->moment, 2 * live->n_slots, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->moment = grown;
		s->room = 2 * live->n_slots;
	}
	for (uint32_t i = 1; i < live->n_slots; i++)
		if (live->vcpu[i].born_ns)
			take_moment(&s->slot[i], &s->moment[i]);
		else
			s->moment[i].slot.begun = 0;
	s->n_moments = live->n_slots;
	return 0;
}

int time_refresh(const struct kw_live *live, void *state)
{
	struct state *s = state;
	int err;

	flush(live);
	err = take_moments(live, s);
	return err ?: kw_tables_refresh(live, s->keyed) ?: time_threads_refresh(live, s->threads);
}

/*
 * Polling is taken from the kernel's time when it is over, and a change of state is written a
 * little after its time: what was told too much of one state is taken from those that grew since,
 * polling first.
 */
static void settle(struct told *told, uint64_t born_ns, struct time_row *row)
{
	uint64_t excess = 0, part;

	if (told->born_ns != born_ns)
		*told = (struct told){ .born_ns = born_ns };
	if (row->wall < told->wall) {
		row->wall = told->wall;
		memcpy(row->ns, told->ns, sizeof(row->ns));
		return;
	}
	for (int i = 0; i < TIME_STATES; i++)
		if (row->ns[i] < told->ns[i]) {
			excess += told->ns[i] - row->ns[i];
			row->ns[i] = told->ns[i];
		}
	for (int k = 0; k < TIME_STATES; k++) {
		int i = (TIME_POLL_HIT + k) % TIME_STATES;

		part = row->ns[i] - told->ns[i];
		part = part < excess ? part : excess;
		row->ns[i] -= part;
		excess -= part;
	}
	told->wall = row->wall;
	memcpy(told->ns, row->ns, sizeof(told->ns));
}

/* When the accounting of a slot ends, as of a moment. */
static uint64_t until(const struct kw_live *live, const struct kw_vcpu *v, uint64_t ns)
{
	if (!live->bpf->bss->kw_running && live->now_ns < ns)
		ns = live->now_ns;
	return v->died_ns && v->died_ns < ns ? v->died_ns : ns;
}

static int read_wall(const struct kw_live *live, struct state *s, uint32_t slot, uint32_t vm,
		     struct kw_frame *frame)
{
	const struct moment *m = &s->moment[slot];
	const struct kw_vcpu *v = &live->vcpu[slot];
	struct time_row *row;
	uint64_t ns;

	if (slot >= s->n_moments || !m->slot.begun)
		return 0;
	row = kw_frame_add(frame);
	if (!row)
		return -ENOMEM;
	row->head = (struct kw_row_head){
		.vm = vm, .vcpu = v->vcpu_id, .tid = v->tid, .born_ns = v->born_ns
	};
	memcpy(row->ns, m->slot.ns, sizeof(row->ns));
	ns = until(live, v, m->ns);
	/* a wait is charged by the CPU that it is for, up to the flush; who had it is known then */
	if (ns > m->slot.since && (!time_waits(m->slot.state) || !m->slot.place))
		row->ns[m->slot.state] += ns - m->slot.since;
	else
		ns = m->slot.since;
	row->wall = ns - m->slot.begun;
	settle(&s->told[slot], v->born_ns, row);
	return 0;
}

int time_read(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
	      struct kw_frame *frame)
{
	struct state *s = state;

	return read_wall(live, s, slot, vm, &frame[WALL])
		       ?: kw_tables_read(live, s->keyed, slot, vm, &frame[REASONS])
		       ?: time_threads_read(live, s->threads, slot, vm, &frame[THREADS]);
}

void time_forget(const struct kw_live *live, void *state, uint32_t slot)
{
	kw_tables_forget(live, ((struct state *)state)->keyed, slot);
}
