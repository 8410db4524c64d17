/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost_rows.h - the rows of the cost collector: what its tables (cost.c) describe and its live
 * half (cost_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in cost.c.
 */
#ifndef KW_COST_ROWS_H
#define KW_COST_ROWS_H

#include "../../core/collector.h"

/* One program of the tool in the kernel. Times in ns. */
struct cost_row {
	struct kw_row_head head;
	uint32_t id;
	/* the key ends here */
	uint32_t verified;
	char hook[48], program[40], kind[16];
	uint64_t metered;
	uint64_t runs, run;
	uint64_t misses;
};

/* The tool. */
struct cost_tool_row {
	struct kw_row_head head;
	/* the key ends here */
	uint64_t user, system;
	uint64_t metered, runs, run;
	uint64_t rss_bytes, map_bytes; /* bytes */
	uint64_t programs;
};

extern const struct kw_schema cost_table, cost_tool_table;

int cost_open(const struct kw_live *live, void **ret_state);
void cost_close(void *state);
int cost_start(const struct kw_live *live, void *state);
int cost_read_host(const struct kw_live *live, void *state, struct kw_frame *frame);

#endif
