// SPDX-License-Identifier: Apache-2.0
/*
 * irq_flow.c - see irq_flow.h. An interrupt is injected from when the local APIC accepted it, which
 * is while it is set, and ends from when it was injected: so the times tell which is which.
 * May not know about: how events are shown.
 * To extend: see irq_flow.h.
 */
#include "irq_flow.h"

#include <errno.h>
#include <stdlib.h>

#define PLACES 1024 /* vectors of vCPUs whose interrupts are held; two in one place part */

struct held {
	void *row; /* a copy; its memory is used again */
	uint64_t begin_ns, ns;
	bool is;
};

struct place {
	uint32_t vm, vcpu;
	uint64_t vector;
	struct held set, inject;
};

struct kw_irq_flow {
	kw_flow_put_fn put;
	void *arg;
	const struct kw_vms *vms;
	const struct kw_schema *schema;
	const struct kw_column *what, *vector, *fate, *delay;
	uint64_t flows; /* so far */
	struct place place[PLACES];
};

struct kw_irq_flow *kw_irq_flow_new(kw_flow_put_fn put, void *arg)
{
	struct kw_irq_flow *f = calloc(1, sizeof(*f));

	if (f) {
		f->put = put;
		f->arg = arg;
	}
	return f;
}

void kw_irq_flow_free(struct kw_irq_flow *f)
{
	for (size_t i = 0; f && i < PLACES; i++) {
		free(f->place[i].set.row);
		free(f->place[i].inject.row);
	}
	free(f);
}

static int hold(struct kw_irq_flow *f, struct held *held, const void *row, uint64_t begin_ns,
		uint64_t ns)
{
	if (!held->row)
		held->row = malloc(f->schema->row_size);
	if (!held->row)
		return -ENOMEM;
	memcpy(held->row, row, f->schema->row_size);
	held->begin_ns = begin_ns;
	held->ns = ns;
	held->is = true;
	return 0;
}

static int put_held(struct kw_irq_flow *f, struct held *held, enum kw_flow flow)
{
	if (!held->is)
		return 0;
	held->is = false;
	return f->put(f->arg, f->vms, f->schema, held->row, held->ns, flow, f->flows);
}

/* Nothing more will come of what is held here, but for its end, if it was seen. */
static int let_go(struct kw_irq_flow *f, struct place *p, bool with_end)
{
	bool flows = p->set.is && p->inject.is;
	int err;

	f->flows += flows || with_end;
	err = put_held(f, &p->set, flows ? KW_FLOW_GOES_ON : KW_FLOW_NONE);
	return err
		       ?: put_held(f, &p->inject,
				   with_end ? KW_FLOW_GOES_ON
				   : flows  ? KW_FLOW_ENDS
					    : KW_FLOW_NONE);
}

static struct place *place_of(struct kw_irq_flow *f, const struct kw_row_head *head,
			      uint64_t vector, int *ret_err)
{
	uint64_t hash = (head->vm * 31ULL + head->vcpu) * 257 + vector;
	struct place *p = &f->place[hash % PLACES];

	*ret_err = 0;
	if (p->vm != head->vm || p->vcpu != head->vcpu || p->vector != vector)
		*ret_err = let_go(f, p, false);
	p->vm = head->vm;
	p->vcpu = head->vcpu;
	p->vector = vector;
	return p;
}

/* Another schema has other columns: that of another source, say. */
static int set_schema(struct kw_irq_flow *f, const struct kw_vms *vms,
		      const struct kw_schema *schema)
{
	int err = 0;

	f->vms = vms;
	if (f->schema == schema)
		return 0;
	if (f->schema)
		err = kw_irq_flow_end(f);
	for (size_t i = 0; i < PLACES; i++) {
		free(f->place[i].set.row);
		free(f->place[i].inject.row);
		f->place[i] = (struct place){};
	}
	f->schema = schema;
	f->what = kw_schema_find(schema, "what");
	f->vector = kw_schema_find(schema, "vector");
	f->fate = kw_schema_find(schema, "fate");
	f->delay = kw_schema_find(schema, "delay");
	return err;
}

static bool says(const struct kw_column *column, const struct kw_vms *vms, const void *row,
		 const char *word)
{
	struct kw_value value;

	kw_column_value(column, vms, row, &value);
	return value.kind == KW_TEXT && !strcmp(value.text, word);
}

/* A number that is known; false if it is missing. */
static bool number(const struct kw_column *column, const struct kw_vms *vms, const void *row,
		   uint64_t *ret)
{
	struct kw_value value;

	kw_column_value(column, vms, row, &value);
	*ret = value.number;
	return value.kind == KW_NUMBER;
}

static bool is_while(const struct held *inject, const struct held *set)
{
	return inject->begin_ns >= set->begin_ns && inject->begin_ns <= set->ns;
}

/* It may be told of after the injection: KVM is then still about it. */
static int on_set(struct kw_irq_flow *f, struct place *p, const void *row, uint64_t begin_ns,
		  uint64_t ns)
{
	const struct held set = { .begin_ns = begin_ns, .ns = ns };
	int err = 0;

	if (p->set.is || (p->inject.is && !is_while(&p->inject, &set)))
		err = let_go(f, p, false);
	return err ?: hold(f, &p->set, row, begin_ns, ns);
}

static int on_inject(struct kw_irq_flow *f, struct place *p, const void *row, uint64_t begin_ns,
		     uint64_t ns)
{
	const struct held inject = { .begin_ns = begin_ns, .ns = ns };
	int err = 0;

	if (p->inject.is || (p->set.is && !is_while(&inject, &p->set)))
		err = let_go(f, p, false);
	return err ?: hold(f, &p->inject, row, begin_ns, ns);
}

static int on_eoi(struct kw_irq_flow *f, struct place *p, const void *row, uint64_t begin_ns,
		  uint64_t ns)
{
	bool its = p->inject.is && p->inject.ns == begin_ns;
	int err = let_go(f, p, its);

	return err
		       ?: f->put(f->arg, f->vms, f->schema, row, ns,
				 its ? KW_FLOW_ENDS : KW_FLOW_NONE, f->flows);
}

int kw_irq_flow_event(struct kw_irq_flow *f, const struct kw_vms *vms,
		      const struct kw_schema *schema, const void *row, uint64_t ns)
{
	int err = set_schema(f, vms, schema);
	uint64_t vector, delay;
	struct place *p;

	if (err)
		return err;
	if (!f->what || !f->vector || !f->fate || !f->delay ||
	    ((const struct kw_row_head *)row)->vcpu == KW_ALL ||
	    !number(f->vector, vms, row, &vector) || !number(f->delay, vms, row, &delay) ||
	    delay > ns)
		return f->put(f->arg, vms, schema, row, ns, KW_FLOW_NONE, 0);
	p = place_of(f, row, vector, &err);
	if (err)
		return err;
	if (says(f->what, vms, row, "inject"))
		return on_inject(f, p, row, ns - delay, ns);
	if (says(f->what, vms, row, "eoi"))
		return on_eoi(f, p, row, ns - delay, ns);
	if (says(f->fate, vms, row, "accepted"))
		return on_set(f, p, row, ns - delay, ns);
	return f->put(f->arg, vms, schema, row, ns, KW_FLOW_NONE, 0);
}

int kw_irq_flow_end(struct kw_irq_flow *f)
{
	int err = 0;

	for (size_t i = 0; i < PLACES; i++)
		err = err ?: let_go(f, &f->place[i], false);
	return err;
}
