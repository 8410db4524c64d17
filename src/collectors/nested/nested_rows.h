/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nested_rows.h - the rows of the nested collector: what its tables (nested.c) describe and its
 * live half (nested_live.c) fills. May not know about: BPF, maps, sinks. To extend: a member here
 * is a column in nested.c.
 */
#ifndef KW_NESTED_ROWS_H
#define KW_NESTED_ROWS_H

#include "../../core/collector.h"
#include "nested.h"

/* Times in ns. */
struct nested_row {
	struct kw_row_head head;
	uint32_t code;
	uint8_t what, isa;
	uint16_t pad;
	/* the key ends here */
	uint64_t count, total, kernel, away;
	uint64_t max;
};

struct nested_event_row {
	struct kw_row_head head;
	uint32_t code;
	uint8_t what, isa;
	uint16_t pad;
	uint64_t total, kernel;
};

extern const struct kw_schema nested_table, nested_event_table;

int nested_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int nested_open(const struct kw_live *live, void **ret_state);
int nested_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
