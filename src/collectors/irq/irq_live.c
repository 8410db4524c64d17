// SPDX-License-Identifier: Apache-2.0
/*
 * irq_live.c - the live half of the irq collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see irq.h.
 */
#include "../../core/kbtf.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "../../util/units.h"
#include "irq_rows.h"
#include "kvm_watcher.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STALE_NS 10000000000ULL /* no call takes that long */

int irq_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.irq_slots, slots);
	kw_keyed_size(bpf->maps.irq_rows, IRQ_ROWS, slots);
	kw_keyed_size(bpf->maps.irq_vectors, IRQ_VECTORS, slots);
	kw_keyed_size(bpf->maps.irq_times, IRQ_TIMES, slots);
	kw_keyed_size(bpf->maps.irq_states, IRQ_REASONS + 1, slots);
	bpf->rodata->kw_injection_has_kind = kw_kvm_event_has("kvm_inj_virq", 3, "soft");
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct irq_key *key = k;
	const struct irq_value *value = val;
	struct irq_row *row = r;

	(void)live, (void)v;
	row->line = key->line;
	row->source = key->source;
	row->vector = key->vector;
	row->mode = key->mode;
	row->count = value->head.count;
	row->coalesced = value->coalesced;
	row->masked = value->masked;
	row->posted = value->posted;
}

static void fill_vector(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
			const void *val, void *r)
{
	const struct irq_vector_value *value = val;
	struct irq_vector_row *row = r;

	(void)live, (void)v;
	row->vector = ((const struct irq_vector_key *)k)->vector;
	row->accepted = value->head.count;
	row->coalesced = value->coalesced;
	row->posted = value->posted;
	row->injected = value->injected;
	row->reinjected = value->reinjected;
	row->eois = value->eois;
	row->pv_eois = value->pv_eois;
	row->apicv = value->apicv;
}

static void fill_time(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		      const void *val, void *r)
{
	const struct irq_time_key *key = k;
	const struct irq_time_value *value = val;
	struct irq_time_row *row = r;

	(void)v;
	row->vector = key->vector;
	row->way = key->way;
	row->count = value->head.count;
	row->total = value->total;
	row->max = kw_max_read(&value->max, live->window);
	memcpy(row->hist, value->hist, sizeof(row->hist));
}

static void fill_state(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		       const void *val, void *r)
{
	const struct irq_state_value *value = val;
	struct irq_state_row *row = r;
	static const char prefix[] = "APICV_INHIBIT_REASON_";
	const char *name;

	(void)live, (void)v;
	row->reason = ((const struct irq_state_key *)k)->reason;
	row->irqchip = value->irqchip;
	name = kw_kvm_enumerator_name("kvm_apicv_inhibit", row->reason);
	if (name && !strncmp(name, prefix, strlen(prefix)))
		name += strlen(prefix);
	snprintf(row->name, sizeof(row->name), "%s", name ?: "");
	row->looks = value->head.count;
	row->sets = value->sets;
	row->clears = value->clears;
	row->inhibits = value->inhibits;
	row->since = value->since_ns ? kw_mono_ns() - value->since_ns : 0;
}

int irq_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table tables[] = {
		{ live->bpf->maps.irq_rows, IRQ_ROWS, offsetof(struct irq_slot, used_rows), fill },
		{ live->bpf->maps.irq_vectors, IRQ_VECTORS, offsetof(struct irq_slot, used_vectors),
		  fill_vector, true },
		{ live->bpf->maps.irq_times, IRQ_TIMES, offsetof(struct irq_slot, used_times),
		  fill_time },
		{ live->bpf->maps.irq_states, IRQ_REASONS + 1,
		  offsetof(struct irq_slot, used_states), fill_state, true },
	};

	return kw_tables_open(live->bpf->maps.irq_slots, tables, ARRAY_SIZE(tables), ret_state);
}

/* Calls whose end was kept from the programs, of threads that may be gone: give their room back. */
static void drop_stale_calls(int fd)
{
	uint64_t now = kw_mono_ns();
	struct irq_call_key key, next;
	struct irq_call call;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);

	while (more) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &call) && now > call.since_ns &&
		    now - call.since_ns > STALE_NS)
			bpf_map_delete_elem(fd, &key);
	}
}

int irq_refresh(const struct kw_live *live, void *state)
{
	if (live->interval)
		drop_stale_calls(bpf_map__fd(live->bpf->maps.irq_calls));
	return kw_tables_refresh(live, state);
}

int irq_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct irq_event *e = (const void *)raw;
	struct irq_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	*r = (struct irq_event_row){
		.head = { .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid },
		.line = e->line,
		.what = e->what,
		.source = e->source,
		.vector = e->vector,
		.mode = e->mode,
		.to = e->to,
		.level = e->level,
		.masked = e->masked,
		.coalesced = e->coalesced,
		.posted = e->posted,
		.has_delay = e->has_delay,
		.has_dest = e->has_dest,
		.dest = e->dest,
		.delay = e->delay,
	};
	return 0;
}
