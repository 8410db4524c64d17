/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exits_rows.h - the rows of the exits collector: what its table (exits.c) describes, its live
 * half (exits_live.c) fills, and fakes and recordings fill as well.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in exits.c.
 */
#ifndef KW_EXITS_ROWS_H
#define KW_EXITS_ROWS_H

#include "../../core/schema.h"
#include "exits.h"

/*
 * Times in ns, of the timed exits until exits_estimate() makes them those of all. Level 0 stands
 * for fast-path re-entries: counted, but not timed.
 */
struct exits_row {
	struct kw_row_head head;
	uint32_t code;
	uint8_t isa;
	uint8_t level;
	uint16_t pad;
	/* the key ends here */
	uint64_t count, timed;
	uint64_t total, kernel;
	/* enum kw_part; kernel + all parts = total, or, if it is not known by its parts, 0 */
	uint64_t part[KW_PARTS];
	uint64_t min, max;
	uint64_t hist[KW_TIMES_BUCKETS];
};

struct exits_event_row {
	struct kw_row_head head;
	uint32_t code;
	uint8_t isa;
	uint8_t level;
	uint16_t pad;
	uint64_t total, kernel;
	uint64_t part[KW_PARTS];
};

extern const struct kw_schema exits_table, exits_event_table;

#endif
