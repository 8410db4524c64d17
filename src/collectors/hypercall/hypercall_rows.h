/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hypercall_rows.h - the rows of the hypercall collector: what its table (hypercall.c) describes
 * and its live half (hypercall_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in hypercall.c.
 */
#ifndef KW_HYPERCALL_ROWS_H
#define KW_HYPERCALL_ROWS_H

#include "../../core/collector.h"
#include "hypercall.h"

#define HYPERCALL_OTHER 0x100 /* in api: the row of those numbers that found no room */

/* Times in ns. */
struct hypercall_row {
	struct kw_row_head head;
	uint64_t nr;
	uint16_t api, level;
	uint32_t pad;
	/* the key ends here */
	uint64_t count, exits;
	uint64_t timed; /* exits that the times are of */
	uint64_t total, kernel, vmm;
	uint64_t max;
};

struct hypercall_event_row {
	struct kw_row_head head;
	uint64_t nr;
	uint16_t api, level;
	uint32_t has_result;
	uint64_t arg[HYPERCALL_ARGS];
	uint64_t result;
	uint64_t total, kernel, vmm;
};

extern const struct kw_schema hypercall_table, hypercall_event_table;

/* What a call was asked to do, and what it answered, in words. */
void hypercall_args(const struct hypercall_event_row *r, char *dst, size_t size);
void hypercall_result(const struct hypercall_event_row *r, char *dst, size_t size);

int hypercall_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int hypercall_open(const struct kw_live *live, void **ret_state);
int hypercall_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
