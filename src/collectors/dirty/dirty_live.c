// SPDX-License-Identifier: Apache-2.0
/*
 * dirty_live.c - the live half of the dirty collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see dirty.h.
 */
#include "../../core/kbtf.h"
#include "../../core/keyed.h"
#include "dirty_rows.h"
#include "kvm_watcher.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* VMs that can fill their share of pages at once */
static uint32_t pages_vms(void)
{
	return kw_maps_can_allocate() ? 32 : 4;
}

/* Blocks for twice the host's memory: guests together rarely have more, and dirty it at once. */
static uint32_t blocks(void)
{
	return 2 * (sysconf(_SC_PHYS_PAGES) / DIRTY_BLOCK) + 1024;
}

int dirty_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.dirty_slots, slots);
	kw_keyed_size(bpf->maps.dirty_rows, DIRTY_MEMSLOTS, slots);
	bpf_map__set_max_entries(bpf->maps.dirty_pages, (DIRTY_PAGES + 1) * pages_vms());
	kw_keyed_size(bpf->maps.dirty_logs, DIRTY_WHATS, slots);
	bpf_map__set_max_entries(bpf->maps.dirty_blocks, blocks());
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct dirty_value *value = val;
	struct dirty_row *row = r;

	(void)live, (void)v;
	row->memslot = ((const struct dirty_key *)k)->memslot;
	row->count = value->head.count;
	row->distinct = value->distinct;
	row->stalls = value->stalls;
	row->stalled = value->stalled;
	row->npages = value->npages;
}

static void fill_page(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		      const void *val, void *r)
{
	const struct dirty_page_key *key = k;
	const struct dirty_page_value *value = val;
	struct dirty_page_row *row = r;

	(void)live, (void)v;
	row->gfn = key->gfn;
	row->rel_gfn = value->rel_gfn;
	row->memslot = key->memslot;
	row->count = value->head.count;
}

static void fill_log(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		     const void *val, void *r)
{
	const struct dirty_log_value *value = val;
	struct dirty_log_row *row = r;

	(void)live, (void)v;
	row->what = ((const struct dirty_log_key *)k)->what;
	row->count = value->head.count;
	row->total = value->total;
}

/* With more VMs than the map has room for, each may have fewer pages. */
int dirty_refresh(const struct kw_live *live, void *state)
{
	uint32_t vms = 0, shift = 0;

	for (uint32_t i = 1; i < live->n_slots; i++)
		vms += live->vcpu[i].born_ns && live->vcpu[i].vcpu_id == KW_VM_ITSELF;
	while (vms > pages_vms() << shift && shift < 8)
		shift++;
	live->bpf->bss->dirty_pages_shift = shift;
	return kw_tables_refresh(live, state);
}

int dirty_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table tables[] = {
		{ live->bpf->maps.dirty_rows, DIRTY_MEMSLOTS,
		  offsetof(struct dirty_slot, used_memslots), fill },
		{ live->bpf->maps.dirty_pages, DIRTY_PAGES, offsetof(struct dirty_slot, used_pages),
		  fill_page },
		{ live->bpf->maps.dirty_logs, DIRTY_WHATS, offsetof(struct dirty_slot, used_log),
		  fill_log, true },
	};

	return kw_tables_open(live->bpf->maps.dirty_slots, tables, 3, ret_state);
}

/* The bitmaps of a VM that is gone: another one in its slot must not find its pages marked. */
static void forget_blocks(int fd, uint32_t slot)
{
	struct dirty_block_key key, next;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (key.slot == slot)
			bpf_map_delete_elem(fd, &key);
	}
}

void dirty_forget(const struct kw_live *live, void *state, uint32_t slot)
{
	if (live->vcpu[slot].vcpu_id == KW_VM_ITSELF)
		forget_blocks(bpf_map__fd(live->bpf->maps.dirty_blocks), slot);
	kw_tables_forget(live, state, slot);
}

int dirty_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct dirty_event *e = (const void *)raw;
	struct dirty_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->gfn = e->gfn;
	r->rel_gfn = e->rel_gfn;
	r->memslot = e->memslot;
	r->npages = e->npages;
	r->hva = e->hva;
	memcpy(r->comm, e->comm, sizeof(r->comm));
	return 0;
}
