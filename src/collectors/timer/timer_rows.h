/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer_rows.h - the rows of the timer collector: what its table (timer.c) describes and its live
 * half (timer_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in timer.c.
 */
#ifndef KW_TIMER_ROWS_H
#define KW_TIMER_ROWS_H

#include "../../core/collector.h"
#include "timer.h"

/* Times in ns. */
struct timer_row {
	struct kw_row_head head;
	uint32_t mode, hv;
	/* the key ends here */
	uint64_t arms, expired, early, merged, restarts;
	uint64_t timed, late, max;
	uint64_t delay; /* 0: not known */
	uint64_t hist[KW_TIMES_BUCKETS];
};

struct timer_event_row {
	struct kw_row_head head;
	uint32_t what, mode, hv, pad;
	uint64_t delay, late, early; /* TIMER_UNKNOWN */
};

extern const struct kw_schema timer_table, timer_event_table;

int timer_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int timer_open(const struct kw_live *live, void **ret_state);
int timer_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
