/* SPDX-License-Identifier: Apache-2.0 */
/*
 * irq_flow.h - which of the events about interrupts belong together: set, inject, eoi.
 * May not know about: how events are shown.
 * To extend: nothing; what is not surely the same interrupt is not said to be.
 */
#ifndef KW_IRQ_FLOW_H
#define KW_IRQ_FLOW_H

#include "../core/schema.h"

enum kw_flow { KW_FLOW_NONE, KW_FLOW_GOES_ON, KW_FLOW_ENDS };

/* Shows an event; those of one flow have the same number, the last one ends it. 0 or -errno. */
typedef int (*kw_flow_put_fn)(void *arg, const struct kw_vms *vms, const struct kw_schema *schema,
			      const void *row, uint64_t ns, enum kw_flow flow, uint64_t flow_id);

struct kw_irq_flow;

struct kw_irq_flow *kw_irq_flow_new(kw_flow_put_fn put, void *arg);
void kw_irq_flow_free(struct kw_irq_flow *f);

/* Show it, now or when it is known what came of it: in the order of each vCPU's vector. */
int kw_irq_flow_event(struct kw_irq_flow *f, const struct kw_vms *vms,
		      const struct kw_schema *schema, const void *row, uint64_t ns);

/* Show what still waits. */
int kw_irq_flow_end(struct kw_irq_flow *f);

#endif
