/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_rows.h - the rows of the load collector: what its table (load.c) describes and its live
 * half (load_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in load.c.
 */
#ifndef KW_LOAD_ROWS_H
#define KW_LOAD_ROWS_H

#include "../../core/collector.h"
#include "load.h"

/* Times in ns. */
struct load_row {
	struct kw_row_head head;
	uint32_t cpu, node;
	/* the key ends here */
	uint64_t run, waited;
	uint64_t slices, preempted, slept;
	uint64_t arrivals, remote;
	uint64_t min, max; /* min: UINT64_MAX: none */
};

struct load_event_row {
	struct kw_row_head head;
	uint32_t cpu, node, from, end;
	uint64_t run, waited;
};

extern const struct kw_schema load_table, load_event_table;

/* The row of one CPU as of now, which was before the value was read, and after the last reading. */
void load_fill(const struct load_value *value, uint64_t now, uint16_t window, struct load_row *row);

int load_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int load_open(const struct kw_live *live, void **ret_state);
int load_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
