/* SPDX-License-Identifier: Apache-2.0 */
/*
 * irq_rows.h - the rows of the irq collector: what its tables (irq.c) describe and its live half
 * (irq_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in irq.c.
 */
#ifndef KW_IRQ_ROWS_H
#define KW_IRQ_ROWS_H

#include "../../core/collector.h"
#include "irq.h"

struct irq_row {
	struct kw_row_head head;
	uint64_t line;
	uint8_t source, vector, mode, pad;
	uint32_t pad2;
	/* the key ends here */
	uint64_t count, coalesced, masked, posted;
};

struct irq_vector_row {
	struct kw_row_head head;
	uint32_t vector, pad;
	uint64_t accepted, coalesced, posted;
	uint64_t injected, reinjected, eois, pv_eois;
	uint64_t apicv;
};

/* Times in ns. */
struct irq_time_row {
	struct kw_row_head head;
	uint16_t vector;
	uint8_t way, pad;
	uint32_t pad2;
	uint64_t count, total, max;
	uint64_t hist[KW_TIMES_BUCKETS];
};

#define IRQ_REASON_NAME 32

struct irq_state_row {
	struct kw_row_head head;
	uint32_t reason, irqchip;
	char name[IRQ_REASON_NAME]; /* of the reason, as this kernel calls it */
	uint64_t looks, sets, clears;
	uint64_t inhibits;
	uint64_t since; /* ns that it is what it is; 0: not known */
};

struct irq_event_row {
	struct kw_row_head head;
	uint64_t line;
	uint8_t what, source, vector, mode;
	uint8_t to, level, masked, coalesced;
	uint8_t posted, has_delay, has_dest, pad;
	uint32_t dest;
	uint64_t delay;
};

extern const struct kw_schema irq_table, irq_vector_table, irq_time_table, irq_state_table,
	irq_event_table;

int irq_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int irq_open(const struct kw_live *live, void **ret_state);
int irq_refresh(const struct kw_live *live, void *state);
int irq_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
