/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirty_rows.h - the rows of the dirty collector: what its tables (dirty.c) describe and its live
 * half (dirty_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in dirty.c.
 */
#ifndef KW_DIRTY_ROWS_H
#define KW_DIRTY_ROWS_H

#include "../../core/collector.h"
#include "dirty.h"

/* Times in ns. */
struct dirty_row {
	struct kw_row_head head;
	uint32_t memslot, pad;
	/* the key ends here */
	uint64_t count, distinct;
	uint64_t stalls, stalled;
	uint64_t npages;
};

struct dirty_page_row {
	struct kw_row_head head;
	uint64_t gfn, rel_gfn;
	uint32_t memslot, pad;
	uint64_t count;
};

struct dirty_log_row {
	struct kw_row_head head;
	uint32_t what, pad;
	uint64_t count, total;
};

struct dirty_event_row {
	struct kw_row_head head;
	uint64_t gfn, rel_gfn;
	uint32_t memslot, pad;
	uint64_t npages, hva;
	char comm[16];
};

extern const struct kw_schema dirty_table, dirty_page_table, dirty_log_table, dirty_event_table;

int dirty_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int dirty_refresh(const struct kw_live *live, void *state);
int dirty_open(const struct kw_live *live, void **ret_state);
void dirty_forget(const struct kw_live *live, void *state, uint32_t slot);
int dirty_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
