/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_rows.h - the rows of the io collector: what its table (io.c) describes and its live half
 * (io_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in io.c.
 */
#ifndef KW_IO_ROWS_H
#define KW_IO_ROWS_H

#include "../../core/collector.h"
#include "io.h"

/* Times in ns. */
struct io_row {
	struct kw_row_head head;
	uint64_t detail, rip;
	uint16_t what, level;
	uint32_t pad;
	/* the key ends here */
	uint64_t count, exits;
	uint64_t total, kernel, vmm;
	uint64_t max;
};

struct io_event_row {
	struct kw_row_head head;
	uint64_t detail, rip;
	uint16_t what, level;
	uint32_t untold; /* data is not known */
	uint64_t data;
	uint64_t total, kernel, vmm;
};

extern const struct kw_schema io_table, io_event_table;

int io_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int io_open(const struct kw_live *live, void **ret_state);
int io_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
