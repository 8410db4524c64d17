// SPDX-License-Identifier: Apache-2.0
/*
 * nested_live.c - the live half of the nested collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see nested.h.
 */
#include "../../core/keyed.h"
#include "kvm_watcher.skel.h"
#include "nested_rows.h"

#include <errno.h>

int nested_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.nested_slots, slots);
	kw_keyed_size(bpf->maps.nested_rows, NESTED_ROWS, slots);
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct nested_key *key = k;
	const struct nested_value *value = val;
	struct nested_row *row = r;

	(void)v;
	row->code = key->code;
	row->what = key->what;
	row->isa = key->isa;
	row->count = value->head.count;
	row->total = value->total;
	row->kernel = value->kernel;
	row->away = value->away;
	row->max = kw_max_read(&value->max, live->window);
}

int nested_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table table = { live->bpf->maps.nested_rows, NESTED_ROWS,
					      offsetof(struct nested_slot, used), fill };

	return kw_tables_open(live->bpf->maps.nested_slots, &table, 1, ret_state);
}

int nested_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct nested_event *e = (const void *)raw;
	struct nested_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->code = e->code;
	r->what = e->what;
	r->isa = e->isa;
	r->total = e->total;
	r->kernel = e->kernel;
	return 0;
}
