// SPDX-License-Identifier: Apache-2.0
/*
 * hypercall_live.c - the live half of the hypercall collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see hypercall.h.
 */
#include "../../core/kbtf.h"
#include "../../core/keyed.h"
#include "hypercall_rows.h"
#include "kvm_watcher.skel.h"

#include <errno.h>
#include <string.h>

int hypercall_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.hypercall_slots, slots);
	kw_keyed_size(bpf->maps.hypercall_rows, HYPERCALL_ROWS, slots);
	bpf->rodata->kw_xen_call_has_cpl = kw_kvm_event_has("kvm_xen_hypercall", 8, "cpl");
	bpf->rodata->kw_hyperv_call_has_header = kw_kvm_event_has("kvm_hv_hypercall", 7, "var_cnt");
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct hypercall_key *key = k;
	const struct hypercall_value *value = val;
	struct hypercall_row *row = r;

	(void)v;
	row->nr = key->nr;
	row->api = key->api | (key->key.other ? HYPERCALL_OTHER : 0);
	row->level = key->level;
	row->count = value->head.count;
	row->exits = value->exits;
	row->timed = value->cost.exits;
	row->total = value->cost.total;
	row->kernel = value->cost.kernel;
	row->vmm = value->cost.vmm;
	row->max = kw_max_read(&value->cost.max, live->window);
}

int hypercall_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table table = { live->bpf->maps.hypercall_rows, HYPERCALL_ROWS,
					      offsetof(struct hypercall_slot, used), fill };

	return kw_tables_open(live->bpf->maps.hypercall_slots, &table, 1, ret_state);
}

int hypercall_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct hypercall_event *e = (const void *)raw;
	struct hypercall_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->nr = e->nr;
	r->api = e->api;
	r->level = e->level;
	r->has_result = e->has_result;
	memcpy(r->arg, e->arg, sizeof(r->arg));
	r->result = e->result;
	r->total = e->total;
	r->kernel = e->kernel;
	r->vmm = e->vmm;
	return 0;
}
