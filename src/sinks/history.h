/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.h - what was counted in each interval, by VM and by a word of the table: for charts.
 * May not know about: how it is shown, where rows come from, any one collector.
 * To extend: what is kept of a row follows from its columns' roles (figures_of()); memory stays
 * bounded: of too many intervals, neighbours become one, and of too many series, the last ones do.
 */
#ifndef KW_HISTORY_H
#define KW_HISTORY_H

#include "../core/frame.h"

#define KW_HISTORY_INTERVALS 2000
#define KW_HISTORY_SERIES    200     /* of a table, and one more for all others */
#define KW_HISTORY_CELLS     4000000 /* of all tables: 32 MB */
#define KW_HISTORY_FIGURES   32

struct kw_span {
	uint64_t mono_ns, real_ns, span_ns; /* its end, and how long it was */
};

/* Figures of one VM (KW_ALL: of all others), and of the rows with one word. */
struct kw_series {
	uint32_t vm;
	char *word;   /* NULL: the table has none */
	double *cell; /* of each interval so far, all figures; NAN: not known */
	size_t n, room;
};

/* All of one table. */
struct kw_timetable {
	const struct kw_schema *schema;
	const struct kw_column *word; /* tells its series apart, besides the VM; NULL: none */
	const struct kw_column *figure[KW_HISTORY_FIGURES];
	size_t n_figures;
	size_t n_octaves; /* powers of two of the histogram: further figures; 0: there is none */
	struct kw_series *series;
	size_t n, room;
};

struct kw_history {
	struct kw_span *span;
	size_t n, room;
	size_t readings, stride; /* how many the last interval has; each shall have */
	size_t cells;
	struct kw_timetable **table;
	size_t n_tables, tables_room;
};

/* Add an interval's rows; those of one reading have the same mono_ns. 0 or -ENOMEM. */
int kw_history_add(struct kw_history *history, const struct kw_vms *vms,
		   const struct kw_frame *frame);

/* A figure (the octaves follow the columns) in an interval; 0 where there was no row. */
double kw_history_cell(const struct kw_timetable *table, const struct kw_series *series,
		       size_t interval, size_t figure);

void kw_history_release(struct kw_history *history);

#endif
