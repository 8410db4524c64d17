// SPDX-License-Identifier: Apache-2.0
/*
 * io_live.c - the live half of the io collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see io.h.
 */
#include "../../core/keyed.h"
#include "io_rows.h"
#include "kvm_watcher.skel.h"

#include <errno.h>

int io_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.io_slots, slots);
	kw_keyed_size(bpf->maps.io_rows, IO_DETAILS, slots);
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct io_key *key = k;
	const struct io_value *value = val;
	struct io_row *row = r;

	(void)v;
	row->detail = key->detail;
	row->rip = key->rip;
	row->what = key->what;
	row->level = key->level;
	row->count = value->head.count;
	row->exits = value->cost.exits;
	row->total = value->cost.total;
	row->kernel = value->cost.kernel;
	row->vmm = value->cost.vmm;
	row->max = kw_max_read(&value->cost.max, live->window);
}

int io_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table table = { live->bpf->maps.io_rows, IO_DETAILS,
					      offsetof(struct io_slot, used), fill };

	return kw_tables_open(live->bpf->maps.io_slots, &table, 1, ret_state);
}

int io_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct io_event *e = (const void *)raw;
	struct io_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->detail = e->detail;
	r->rip = e->rip;
	r->what = e->what;
	r->level = e->level;
	r->data = e->data;
	r->untold = e->untold;
	r->total = e->total;
	r->kernel = e->kernel;
	r->vmm = e->vmm;
	return 0;
}
