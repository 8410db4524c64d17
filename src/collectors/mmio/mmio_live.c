// SPDX-License-Identifier: Apache-2.0
/*
 * mmio_live.c - the live half of the mmio collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see mmio.h.
 */
#include "../../core/keyed.h"
#include "kvm_watcher.skel.h"
#include "mmio_rows.h"

#include <errno.h>

int mmio_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.mmio_slots, slots);
	kw_keyed_size(bpf->maps.mmio_rows, MMIO_PAGES, slots);
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct mmio_key *key = k;
	const struct mmio_value *value = val;
	struct mmio_row *row = r;

	(void)v;
	row->page = key->page;
	row->by = key->by;
	row->write = key->write;
	row->count = value->head.count;
	row->exits = value->cost.exits;
	row->total = value->cost.total;
	row->kernel = value->cost.kernel;
	row->vmm = value->cost.vmm;
	row->max = kw_max_read(&value->cost.max, live->window);
}

int mmio_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table table = { live->bpf->maps.mmio_rows, MMIO_PAGES,
					      offsetof(struct mmio_slot, used), fill };

	return kw_tables_open(live->bpf->maps.mmio_slots, &table, 1, ret_state);
}

int mmio_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct mmio_event *e = (const void *)raw;
	struct mmio_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->gpa = e->gpa;
	r->by = e->by;
	r->write = e->write;
	r->data = e->data;
	r->size = e->size;
	r->total = e->total;
	r->kernel = e->kernel;
	r->vmm = e->vmm;
	return 0;
}
