/* SPDX-License-Identifier: Apache-2.0 */
/*
 * halt_rows.h - the rows of the halt collector: what its tables (halt.c) describe and its live
 * half (halt_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in halt.c.
 */
#ifndef KW_HALT_ROWS_H
#define KW_HALT_ROWS_H

#include "../../core/collector.h"
#include "halt.h"

/* Times in ns. */
struct halt_row {
	struct kw_row_head head;
	uint8_t outcome, valid;
	uint16_t pad;
	uint32_t pad2;
	/* the key ends here */
	uint64_t count, total, polled, max;
	uint64_t hist[KW_TIMES_BUCKETS];
};

struct halt_vcpu_row {
	struct kw_row_head head;
	uint64_t hlts, unhalted, again, outside;
	uint64_t hit, wasted;
	uint64_t grows, shrinks, now;
};

struct halt_if_row {
	struct kw_row_head head;
	uint64_t poll; /* halt_poll_ns, if it were that */
	uint64_t halts, hits;
	uint64_t polled, wasted;
};

struct halt_event_row {
	struct kw_row_head head;
	uint8_t what, outcome, valid, pad;
	uint32_t pad2;
	uint64_t total, polled;
	uint64_t old, now;
};

extern const struct kw_schema halt_table, halt_vcpu_table, halt_if_table, halt_event_table;

int halt_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int halt_open(const struct kw_live *live, void **ret_state);
int halt_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
