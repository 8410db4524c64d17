/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - what the files of the live screen share: the state of the screen, pages that were gone
 * into, views, and what lists are filled with.
 * May not know about: terminals, collectors' structs.
 * To extend: a view is a struct top_view in a file view_*.c; a page of it is pushed by another one.
 */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include "../core/frame.h"
#include "list.h"
#include "model.h"

#define TOP_PANES (1 + KW_FRAMES)
#define TOP_DEPTH 8

struct top_view;

/* One thing that was gone into, and how it is looked at. */
struct top_page {
	const struct top_view *view;
	uint32_t vm, vcpu;  /* vcpu: KW_ALL for all of the VM */
	uint64_t reason;    /* top_row_id() of exits */
	char name[32];	    /* of the reason */
	size_t pane;	    /* to which the keys go */
	int scroll;	    /* of text */
	char filter[64];    /* only rows that contain this are seen */
	size_t filter_pane; /* of this pane, where there are several at once */
	struct top_list list[TOP_PANES];
};

/* How a list of a page was looked at when that was left. */
struct top_look {
	const struct top_view *view;
	const char *pane; /* its title; NULL: none, from here on */
	bool had_keys;
	size_t sort, first_column;
	bool reverse;
	uint64_t flipped;
};

#define TOP_LOOKS 64

struct kw_top {
	struct kw_wants wants;
	uint64_t interval_ns;
	struct top_model model;
	bool paused;
	bool typing;	/* a filter of the page that is seen */
	bool asking;	/* for a time of the recording */
	char asked[24]; /* … as far as it was typed */
	uint64_t wanted_ns;
	uint32_t filters; /* how often it was changed: rows are others then */
	struct top_page page[TOP_DEPTH];
	size_t depth;			 /* pages */
	struct top_look look[TOP_LOOKS]; /* of pages that can be gone into */
};

/* ---- what a list shows ---- */

enum top_cell { TOP_CELL, TOP_RATE, TOP_SPARK };

struct top_slow {
	const struct top_reason *reason;
	const struct top_slow_exit *exit;
};

struct top_content {
	const struct kw_top *top;
	struct top_rows rows; /* refers to what follows */
	struct top_column column[TOP_COLUMNS];
	char title[TOP_COLUMNS][24];
	char empty[256];

	/* rows of a table */
	struct kw_frame *frame; /* own, or one that is shown */
	struct kw_frame own;
	void **row; /* those of the frame that are shown */
	struct {
		enum top_cell cell;
		const struct kw_column *column;
	} of[TOP_COLUMNS];

	/* or sums, of VMs or vCPUs */
	struct top_sums *sums;
	const struct kw_column *reason;

	/* or longest exits */
	struct top_slow *slow;
};

void top_content_release(struct top_content *content);

/* Each fills an empty content; 0 or -ENOMEM. */
int top_vms(const struct kw_top *top, struct top_content *ret);
int top_vcpus(const struct kw_top *top, uint32_t vm, struct top_content *ret);
int top_slow_exits(const struct kw_top *top, const struct top_page *page, struct top_content *ret);
/* A whole table. */
int top_table(const struct kw_top *top, const struct kw_schema *schema, struct top_content *ret);

/* Of a table, the rows about one thing: columns by name, "count/s" for a rate, "~" for a history.
 */
struct top_part {
	const char *table, *columns, *sort;
	uint32_t vm, vcpu;  /* vcpu: KW_ALL: those of all, as one */
	uint64_t row_id;    /* of exits: this reason only; 0: all */
	const char *column; /* only rows whose cell of this column … */
	const char *prefix; /* … begins with one of these words, separated by '|'; NULL: all */
	uint64_t wall_ns;   /* what shares are of; 0: of the interval */
};
int top_part(const struct kw_top *top, const struct top_part *part, struct top_content *ret);

/* A pane: rows of a table, or what is made of them. */
struct top_pane {
	const char *reason; /* of details: how a word of the reasons begins that they are for */
	const char *title;
	const char *table; /* left out unless it is watched; NULL: none is needed */
	const char *columns, *sort;
	const char *column, *prefix; /* as in struct top_part */
	enum { TOP_PANE_PART, TOP_PANE_VCPUS, TOP_PANE_SLOW, TOP_PANE_TIMES } kind;
};

/* Each ends with a pane without a title. */
extern const struct top_pane top_panes_of_vm[], top_panes_of_vcpu[], top_details[];
/* Columns of exits that a reason's page shows; ends with NULL. */
extern const char *const top_reason_figures[];

bool top_watched(const struct kw_top *top, const char *table);

/* ---- views ---- */

struct top_view {
	/* What the first line says that it is about. */
	void (*about)(const struct kw_top *top, const struct top_page *page, char *dst,
		      size_t size);
	/* How many lists, what they are called, and what one is filled with. */
	size_t (*panes)(const struct kw_top *top, const struct top_page *page);
	const char *(*pane_title)(const struct kw_top *top, const struct top_page *page,
				  size_t pane);
	int (*content)(const struct kw_top *top, const struct top_page *page, size_t pane,
		       struct top_content *ret);
	void (*draw)(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		     struct top_area area);
	/* Draw a pane that is no list; false: it is one. May be NULL. */
	bool (*paint)(const struct kw_top *top, const struct top_page *page, size_t pane,
		      struct kw_canvas *canvas, struct top_area area);
	/* Enter on a row; NULL: nothing is below it. */
	void (*enter)(struct kw_top *top, struct top_page *page, const struct top_content *content,
		      size_t row);
	/* Keys of its own, before those of lists; true if it took it. NULL: none. */
	bool (*key)(struct kw_top *top, struct top_page *page, uint32_t key);
	bool tabs; /* Left and Right are the list's; Tab goes on */
};

extern const struct top_view top_view_host, top_view_vm, top_view_vcpu, top_view_reason,
	top_view_help, top_view_columns;

struct top_page *top_push(struct kw_top *top, const struct top_view *view);
void top_push_vm(struct kw_top *top, uint32_t vm);

/* Look at a page as at the last one of its kind; once it is known what it is about. */
void top_recall(struct kw_top *top, struct top_page *page);

/* The page that is seen. */
static inline struct top_page *top_page(struct kw_top *top)
{
	return &top->page[top->depth - 1];
}

/* Tells when a list is to be ordered again. */
uint64_t top_stamp(const struct kw_top *top);

/* Does the first page's filter let a VM through? */
bool top_passes(const struct kw_top *top, uint32_t vm);

/* Is a pane's list filtered? */
bool top_filters(const struct top_page *page, size_t pane);

/* What a pane shows, filtered; 0 or -ENOMEM. */
int top_fill(const struct kw_top *top, const struct top_page *page, size_t pane,
	     struct top_content *ret);

/* ---- pieces ---- */

/* The first line. */
void top_draw_title(const struct kw_top *top, const struct top_page *page, struct kw_canvas *canvas,
		    struct top_area line, uint64_t real_ns);

/* The last line: hints, or the filter that is being typed. */
void top_draw_hints(const struct kw_top *top, struct kw_canvas *canvas, struct top_area line,
		    const char *const *pairs);

/* Fill a list and draw it. */
void top_draw_pane(struct kw_top *top, struct top_page *page, size_t pane, struct kw_canvas *canvas,
		   struct top_area area);

/* Names of panes in a line, as many as fit around the one with the keys. */
void top_draw_names(const struct kw_top *top, const struct top_page *page, struct kw_canvas *canvas,
		    struct top_area line, size_t n);

/* All panes of a page: side by side where there is room, else the one with the keys. */
void top_draw_panes(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		    struct top_area area);

/*
 * The budget as a bar and numbers: of a VM or vCPU. Takes lines off the area. Without sums it has
 * ended, or one waits for the first interval.
 */
void top_draw_budget(const struct top_sums *sums, bool waiting, struct kw_canvas *canvas,
		     struct top_area *area);

#endif
