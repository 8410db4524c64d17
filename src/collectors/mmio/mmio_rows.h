/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmio_rows.h - the rows of the mmio collector: what its table (mmio.c) describes and its live
 * half (mmio_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in mmio.c.
 */
#ifndef KW_MMIO_ROWS_H
#define KW_MMIO_ROWS_H

#include "../../core/collector.h"
#include "mmio.h"

/* Times in ns. */
struct mmio_row {
	struct kw_row_head head;
	uint64_t page;
	uint32_t by, write;
	/* the key ends here */
	uint64_t count, exits;
	uint64_t total, kernel, vmm;
	uint64_t max;
};

struct mmio_event_row {
	struct kw_row_head head;
	uint64_t gpa;
	uint32_t by, write;
	uint64_t data, size;
	uint64_t total, kernel, vmm;
};

extern const struct kw_schema mmio_table, mmio_event_table;

int mmio_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int mmio_open(const struct kw_live *live, void **ret_state);
int mmio_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
