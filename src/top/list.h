/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h - a list on the screen: its order, the row under the cursor, which columns fit.
 * May not know about: what the rows are; who has them fills struct top_rows.
 * To extend: what a cell looks like is its owner's text() and paint().
 */
#ifndef TOP_LIST_H
#define TOP_LIST_H

#include "draw.h"

#define TOP_COLUMNS 64

struct top_column {
	const char *name; /* in the chooser */
	const char *title, *help;
	int width, most;  /* it needs, and can use; most 0: no more than it needs */
	uint8_t priority; /* those with greater ones are the first to be left out */
	bool left;	  /* aligned left: text */
	bool ascending;	  /* numbers that name something */
	bool picture;	  /* of what other columns say: nothing to sort by */
	bool off;	  /* unless chosen */
};

struct top_rows {
	const struct top_column *column;
	size_t n_columns, n;
	size_t sort;	   /* column that decides the order unless another is chosen */
	size_t then;	   /* and the one that decides among equals */
	bool scrolls;	   /* has more columns than fit: scrolled, not left out; widths as cells */
	bool slides;	   /* columns that do not fit are left out, and can be scrolled to */
	const char *empty; /* what to say instead of rows */
	const void *owner;

	/* tells rows apart, whatever the order is */
	uint64_t (*id)(const struct top_rows *rows, size_t row);
	void (*value)(const struct top_rows *rows, size_t row, size_t column, struct kw_value *ret);
	void (*text)(const struct top_rows *rows, size_t row, size_t column, char *dst,
		     size_t size);
	/* Draw what is no text; false: it is. May be NULL. */
	bool (*paint)(const struct top_rows *rows, size_t row, size_t column,
		      struct kw_canvas *canvas, int x, int y, int width);
};

/* How somebody looks at a list. All 0 at first. */
struct top_list {
	size_t sort; /* column + 1; 0: the rows' */
	bool reverse;
	uint64_t flipped; /* columns that are on though off by default, or the other way round */
	uint64_t selected;
	bool has_selected;
	size_t at;    /* where the selected one was, should it vanish */
	size_t first; /* row shown first */
	size_t first_column;
	int height; /* rows seen at once */
	struct top_place {
		uint64_t id;
		uint32_t row;
	} * order;
	size_t n;
	uint64_t drawn;		/* columns for which there was room; 0: not known yet */
	char by[24];		/* title of the column that decides it */
	uint64_t stamp;		/* of what order is of; 0: order it again */
	int width[TOP_COLUMNS]; /* so far, of lists that scroll */
};

void top_list_release(struct top_list *list);

/* Bring rows into order, unless that was done for this stamp. 0 or -ENOMEM. */
int top_list_arrange(struct top_list *list, const struct top_rows *rows, uint64_t stamp);

/* Draw the rows in the order that they were brought into; focus: keys go to it. */
void top_list_draw(struct top_list *list, const struct top_rows *rows, struct kw_canvas *canvas,
		   struct top_area area, bool focus);

/* Move, sort or scroll; false if the key means nothing to a list. */
bool top_list_key(struct top_list *list, const struct top_rows *rows, uint32_t key);

/* Is a column to be shown, if it fits? */
bool top_list_shows(const struct top_list *list, const struct top_rows *rows, size_t column);

/* The column that it is sorted by. */
size_t top_list_sort(const struct top_list *list, const struct top_rows *rows);

#endif
