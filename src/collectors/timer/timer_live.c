// SPDX-License-Identifier: Apache-2.0
/*
 * timer_live.c - the live half of the timer collector: its map becomes rows.
 * May not know about: sinks, the command line, names.
 * To extend: see timer.h.
 */
#include "../../core/keyed.h"
#include "timer_rows.h"
#include "kvm_watcher.skel.h"

#include <errno.h>
#include <string.h>

int timer_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.timer_slots, slots);
	kw_keyed_size(bpf->maps.timer_rows, TIMER_ROWS, slots);
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct timer_key *key = k;
	const struct timer_value *value = val;
	struct timer_row *row = r;

	(void)v;
	row->mode = key->mode;
	row->hv = key->hv;
	row->arms = value->what[TIMER_ARM];
	row->expired = value->what[TIMER_EXPIRE];
	row->merged = value->what[TIMER_MERGED];
	row->restarts = value->what[TIMER_RESTART];
	row->early = value->early;
	row->timed = value->timed;
	row->late = value->late;
	row->max = kw_max_read(&value->max, live->window);
	row->delay = value->delay;
	memcpy(row->hist, value->hist, sizeof(row->hist));
}

int timer_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table table = { live->bpf->maps.timer_rows, TIMER_ROWS,
					      offsetof(struct timer_slot, used), fill, true };

	return kw_tables_open(live->bpf->maps.timer_slots, &table, 1, ret_state);
}

int timer_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct timer_event *e = (const void *)raw;
	struct timer_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->what = e->what;
	r->mode = e->mode;
	r->hv = e->hv;
	r->delay = e->delay;
	r->late = e->late;
	r->early = e->early;
	return 0;
}
