/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw.h - pieces that views are made of: areas, the budget's bar, strips of a history, sparklines,
 * histograms, lines of hints.
 * May not know about: keys, which view is shown.
 * To extend: a piece is a function that keeps within its area.
 */
#ifndef TOP_DRAW_H
#define TOP_DRAW_H

#include "../core/schema.h"
#include "canvas.h"
#include "model.h"

struct top_area {
	int x, y, width, height;
};

/* Take lines off an area, from above or below; less if there are no more. */
struct top_area top_take(struct top_area *area, int lines);
struct top_area top_take_last(struct top_area *area, int lines);

/* Write text in a line of an area, from column x of it on; returns the next free column. */
__attribute__((format(printf, 5, 6))) int top_print(struct kw_canvas *canvas, struct top_area line,
						    int x, enum kw_style style, const char *format,
						    ...);

/* How many of width cells each state gets: in proportion, by largest remainder. */
void top_bar_cells(const uint64_t ns[TOP_STATES], uint64_t wall, int width, int cells[TOP_STATES]);
void top_draw_bar(struct kw_canvas *canvas, int x, int y, int width, const uint64_t ns[TOP_STATES],
		  uint64_t wall);
void top_draw_legend(struct kw_canvas *canvas, struct top_area line);

/* What was back intervals ago; NULL: not known. */
typedef const struct top_sample *(*top_sample_fn)(const void *arg, uint32_t back);

/*
 * CPU time over time, newest right; a cell of a column is in the style of the state that most of it
 * is. group intervals are one column; seq is the newest one's number. With a scale at the left.
 */
void top_draw_strip(struct kw_canvas *canvas, struct top_area area, uint32_t seq, uint32_t group,
		    uint64_t interval_ns, top_sample_fn sample, const void *arg);

/* Values from 0 on, newest right; those below 0 are not known. */
void top_draw_spark(struct kw_canvas *canvas, int x, int y, int width, const double *value);

void top_draw_hist(struct kw_canvas *canvas, struct top_area area, const struct kw_hist *h,
		   const uint64_t *buckets);

/* Keys and what they do: pairs, ended by NULL; those that do not fit are left out. */
void top_draw_keys(struct kw_canvas *canvas, struct top_area line, const char *const *pairs);

/* "0.1s", "1s", "2000s": of an interval. Returns dst. */
char *top_format_span(uint64_t ns, char *dst, size_t size);

/* "0", "0.4", "12", "34.5k": of thousandths. Returns dst. */
char *top_format_rate(uint64_t thousandths, char *dst, size_t size);

#endif
