// SPDX-License-Identifier: Apache-2.0
/*
 * faults_live.c - the live half of the faults collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see faults.h.
 */
#include "../../core/keyed.h"
#include "../../core/kbtf.h"
#include "faults_rows.h"
#include "kvm_watcher.skel.h"

#include <errno.h>
#include <string.h>

/* What KVM's page fault handlers return: see bpf/compat.bpf.h. */
static void learn_results(struct kvm_watcher_bpf *bpf)
{
	kw_kvm_enumerator("RET_PF_EMULATE", (uint32_t *)&bpf->rodata->kw_ret_pf_emulate);
	kw_kvm_enumerator("RET_PF_FIXED", (uint32_t *)&bpf->rodata->kw_ret_pf_fixed);
	kw_kvm_enumerator("RET_PF_SPURIOUS", (uint32_t *)&bpf->rodata->kw_ret_pf_spurious);
	kw_kvm_enumerator("RET_PF_WRITE_PROTECTED",
			  (uint32_t *)&bpf->rodata->kw_ret_pf_write_protected);
}

int faults_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.faults_slots, slots);
	kw_keyed_size(bpf->maps.faults_rows, FAULTS_TYPES, slots);
	kw_keyed_size(bpf->maps.faults_pages, FAULTS_PAGES, slots);
	kw_keyed_size(bpf->maps.faults_zaps, FAULTS_CAUSES * FAULTS_ACTORS, slots);
	learn_results(bpf);
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct faults_key *key = k;
	const struct faults_value *value = val;
	struct faults_row *row = r;

	(void)v;
	row->access = key->access;
	row->result = key->result;
	row->size = key->size;
	row->isa = key->isa;
	row->level = key->level;
	row->count = value->head.count;
	row->total = value->total;
	row->max = kw_max_read(&value->max, live->window);
	memcpy(row->hist, value->hist, sizeof(row->hist));
}

static void fill_page(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		      const void *val, void *r)
{
	const struct faults_page_value *value = val;
	struct faults_page_row *row = r;

	(void)v;
	row->page = ((const struct faults_page_key *)k)->page;
	row->count = value->head.count;
	row->total = value->total;
	row->max = kw_max_read(&value->max, live->window);
}

static void fill_zap(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		     const void *val, void *r)
{
	const struct faults_zap_key *key = k;
	const struct faults_zap_value *value = val;
	struct faults_zap_row *row = r;

	(void)live, (void)v;
	row->cause = key->cause;
	row->actor = key->actor;
	row->count = value->head.count;
	row->pages = value->pages;
	row->guest = value->guest;
	row->total = value->total;
}

int faults_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table tables[] = {
		{ live->bpf->maps.faults_rows, FAULTS_TYPES,
		  offsetof(struct faults_slot, used_types), fill, true },
		{ live->bpf->maps.faults_pages, FAULTS_PAGES,
		  offsetof(struct faults_slot, used_pages), fill_page },
		{ live->bpf->maps.faults_zaps, FAULTS_CAUSES * FAULTS_ACTORS,
		  offsetof(struct faults_slot, used_zaps), fill_zap, true },
	};

	return kw_tables_open(live->bpf->maps.faults_slots, tables, 3, ret_state);
}

int faults_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct faults_event *e = (const void *)raw;
	struct faults_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->gpa = e->gpa;
	r->result = e->result;
	r->size = e->size;
	r->isa = e->isa;
	r->access = e->access;
	r->memslot = e->memslot;
	r->hva = e->hva;
	r->pfn = e->pfn;
	r->error = e->error;
	r->total = e->total;
	return 0;
}
