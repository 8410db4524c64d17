/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - what changed between two runs: rows of a table, each with samples of its figures, one
 * per interval, and how likely chance alone makes them differ so.
 * May not know about: where rows come from, how changes are shown, any one collector.
 * To extend: a figure is a member of enum kw_figure, and a line in sample(): tests and output
 * follow.
 */
#ifndef KW_COMPARE_H
#define KW_COMPARE_H

#include "../core/frame.h"

enum kw_figure {
	KW_FIGURE_RATE, /* of the table's count, per second */
	KW_FIGURE_MEAN, /* of its times, ns */
	KW_FIGURE_P99,
	KW_FIGURES,
};

#define KW_SAMPLED_ROWS 20000 /* of one table: those that come first */
#define KW_SIGNIFICANT	0.05  /* share of false findings to be expected among all */

/* Samples of one row. */
struct kw_sampled {
	struct kw_row_head *row; /* a copy: key columns are what counts */
	uint32_t vm;		 /* in its own run; that of row may become the other run's */
	double *value[KW_FIGURES];
	size_t n[KW_FIGURES], room[KW_FIGURES];
};

/* Of one table, in one run. */
struct kw_samples {
	const struct kw_schema *schema;
	const struct kw_column *column[KW_FIGURES]; /* that tells; NULL: the table does not */
	struct kw_sampled **row;		    /* in order of their keys */
	size_t n, room, left_out;
	struct kw_frame total; /* of all intervals */
	size_t intervals;
	double seconds;
};

/* A row in both runs, or in one of them. A figure that is not known is NAN. */
struct kw_change {
	const struct kw_schema *schema;
	const void *row;	  /* of either */
	const struct kw_vms *vms; /* whose row it is */
	double a[KW_FIGURES], b[KW_FIGURES];
	double p[KW_FIGURES], q[KW_FIGURES]; /* NAN: not tested */
};

struct kw_changes {
	struct kw_change *change;
	size_t n, room;
};

/* Has the table something to compare? */
bool kw_samples_begin(struct kw_samples *samples, const struct kw_schema *schema);

/* Add an interval: rows as they are shown, with their span. 0 or -ENOMEM. */
int kw_samples_add(struct kw_samples *samples, const struct kw_vms *vms,
		   const struct kw_frame *delta);
void kw_samples_release(struct kw_samples *samples);

/*
 * Which VM of a each VM of b is: the one with the same UUID, else name, else process and start;
 * beyond those of a if it is none. To be freed; NULL if there is no memory.
 */
uint32_t *kw_match_vms(const struct kw_vms *a, const struct kw_vms *b);

/* Append what changed from a to b; match is kw_match_vms(). Both must live on. 0 or -ENOMEM. */
int kw_compare(struct kw_samples *a, const struct kw_vms *a_vms, struct kw_samples *b,
	       const struct kw_vms *b_vms, const uint32_t *match, struct kw_changes *ret);

/* All changes are known: fill q, and order by significance and by size of the change. */
int kw_changes_judge(struct kw_changes *changes);

/* Is it no chance, as far as can be told? */
bool kw_change_is_significant(const struct kw_change *change, enum kw_figure figure);

/* In percent; INFINITY from nothing to something, NAN if it is not known. */
double kw_change_percent(const struct kw_change *change, enum kw_figure figure);

#endif
