// SPDX-License-Identifier: Apache-2.0
/*
 * load_live.c - the live half of the load collector: its map becomes rows.
 * May not know about: sinks, the command line, names.
 * To extend: see load.h.
 */
#include "../../core/keyed.h"
#include "load_rows.h"
#include "kvm_watcher.skel.h"

#include <bpf/libbpf.h>
#include <errno.h>

/* The host has so many CPUs, not the guest: a vCPU may have a row for each, which is never dropped
 * (a slice may run there for ever). */
#define NO_QUOTA UINT32_MAX

int load_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	bpf_map__set_max_entries(bpf->maps.load_slots, slots);
	kw_keyed_size(bpf->maps.load_rows, cpus, slots);
	return 0;
}

/*
 * The time for which the vCPU ran. It never goes backwards: a slice that began after now adds
 * nothing yet, and one that ended after it adds all.
 */
static uint64_t run_at(const struct load_value *value, uint64_t now)
{
	uint64_t begun = value->run & ~LOAD_RUNS;

	if (!(value->run & LOAD_RUNS))
		return value->run;
	return now > begun && now - begun > value->done ? now - begun : value->done;
}

void load_fill(const struct load_value *value, uint64_t now, uint16_t window, struct load_row *row)
{
	row->node = value->node;
	row->run = run_at(value, now);
	row->waited = value->waited;
	row->slices = value->head.count;
	row->preempted = value->ended[LOAD_PREEMPTED];
	row->slept = value->ended[LOAD_SLEPT];
	row->arrivals = value->arrivals;
	row->remote = value->remote;
	row->min = kw_min_read(&value->min, window);
	row->max = kw_max_read(&value->max, window);
}

/* The slice of a vCPU that is no more ended with it. */
static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *key,
		 const void *value, void *row)
{
	bool over = v->died_ns && v->died_ns < live->now_ns;

	((struct load_row *)row)->cpu = ((const struct load_key *)key)->cpu;
	load_fill(value, over ? v->died_ns : live->now_ns, live->window, row);
}

int load_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table table = { live->bpf->maps.load_rows, NO_QUOTA,
					      offsetof(struct load_slot, used), fill, true };

	return kw_tables_open(live->bpf->maps.load_slots, &table, 1, ret_state);
}

int load_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct load_event *e = (const void *)raw;
	struct load_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->cpu = e->cpu;
	r->node = e->node;
	r->from = e->from;
	r->end = e->end;
	r->run = e->run;
	r->waited = e->waited;
	return 0;
}
