// SPDX-License-Identifier: Apache-2.0
/*
 * halt_live.c - the live half of the halt collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see halt.h.
 */
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "halt_rows.h"
#include "kvm_watcher.skel.h"

#include <errno.h>
#include <string.h>

int halt_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.halt_slots, slots);
	kw_keyed_size(bpf->maps.halt_rows, HALT_ROWS, slots);
	bpf_map__set_max_entries(bpf->maps.halt_vcpus, slots - 1); /* slot 0 is none */
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct halt_key *key = k;
	const struct halt_value *value = val;
	struct halt_row *row = r;

	(void)v;
	row->outcome = key->outcome;
	row->valid = key->valid;
	row->count = value->head.count;
	row->total = value->total;
	row->polled = value->polled;
	row->max = kw_max_read(&value->max, live->window);
	memcpy(row->hist, value->hist, sizeof(row->hist));
}

static void fill_vcpu(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		      const void *val, void *r)
{
	const struct halt_vcpu_value *value = val;
	struct halt_vcpu_row *row = r;

	(void)live, (void)v, (void)k;
	row->hlts = value->hlts;
	row->unhalted = value->unhalted;
	row->again = value->again;
	row->outside = value->outside;
	row->hit = value->hit;
	row->wasted = value->wasted;
	row->grows = value->grows;
	row->shrinks = value->shrinks;
	row->now = value->now;
}

/*
 * A halt of up to i ns would have ended while polling, after its own time; a longer one would have
 * slept, after i ns of polling for nothing.
 */
static void fill_if(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		    const void *val, unsigned int i, void *r)
{
	static const uint64_t ifs[HALT_IFS] = { HALT_IFS_NS };
	const struct halt_vcpu_value *value = val;
	struct halt_if_row *row = r;

	(void)live, (void)v, (void)k;
	row->poll = ifs[i];
	for (unsigned int j = 0; j <= HALT_IFS; j++) {
		row->halts += value->n[j];
		row->hits += j <= i ? value->n[j] : 0;
		row->polled += j <= i ? value->sum[j] : 0;
	}
	row->wasted = (row->halts - row->hits) * row->poll;
	row->polled += row->wasted;
}

int halt_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table tables[] = {
		{ .map = live->bpf->maps.halt_rows,
		  .quota = HALT_ROWS,
		  .used_offset = offsetof(struct halt_slot, used_outcomes),
		  .fill = fill,
		  .fixed = true },
		{ .map = live->bpf->maps.halt_vcpus,
		  .quota = 1,
		  .used_offset = offsetof(struct halt_slot, used_vcpu),
		  .fill = fill_vcpu,
		  .fixed = true },
		{ .map = live->bpf->maps.halt_vcpus,
		  .quota = 1,
		  .used_offset = offsetof(struct halt_slot, used_vcpu),
		  .fill_each = fill_if,
		  .each = HALT_IFS,
		  .fixed = true },
	};

	return kw_tables_open(live->bpf->maps.halt_slots, tables, ARRAY_SIZE(tables), ret_state);
}

int halt_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct halt_event *e = (const void *)raw;
	struct halt_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->what = e->what;
	r->outcome = e->outcome;
	r->valid = e->valid;
	r->total = e->total;
	r->polled = e->polled;
	r->old = e->old;
	r->now = e->now;
	return 0;
}
