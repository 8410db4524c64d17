/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - all rows of one table at one instant, or of one interval, and what can be done with
 * them by the columns' roles alone: difference, sum, fold, order.
 * May not know about: where rows come from or go to, what they mean.
 * To extend: operations here must work for every schema.
 */
#ifndef KW_FRAME_H
#define KW_FRAME_H

#include "schema.h"

struct kw_block; /* memory for many rows */

/* May be moved: its old place is then to be forgotten. */
struct kw_frame {
	const struct kw_schema *schema;
	uint64_t mono_ns, real_ns; /* when it was read */
	uint64_t span_ns;	   /* how long the interval was; 0: since counting began */
	const char *unavailable; /* why it shows nothing here, which is not "none seen"; or NULL */
	void **row;		 /* rows in order; each schema->row_size bytes */
	size_t n, room;
	struct kw_block *block, *spare; /* where rows are, and where none are yet */
	void *dropped;			/* rows that may be used again */
};

/* Frees the rows; the frame may be used again. */
void kw_frame_clear(struct kw_frame *frame);

/* Drops the rows, but keeps their memory for as many: for a frame that is filled time and again. */
void kw_frame_empty(struct kw_frame *frame);

/*
 * Append a zeroed row; NULL if there is no memory. The row stays where it is until the frame is
 * cleared or emptied.
 */
void *kw_frame_add(struct kw_frame *frame);

/* Order rows by key; how two rows of a table are in that order: less, equal or greater than 0. */
void kw_frame_sort(struct kw_frame *frame);
int kw_row_compare(const struct kw_schema *schema, const void *a, const void *b);

/*
 * What happened between two readings of cumulative rows: rows of cur without those of prev (rows
 * are found by key, cur gets sorted by it); rows in which nothing was counted are left out. They
 * take over prev's memory, and prev is empty afterwards; ret must be. 0 or -ENOMEM.
 */
int kw_frame_delta(struct kw_frame *cur, struct kw_frame *prev, struct kw_frame *ret);

/* What a row is about, besides its own keys. */
enum kw_per { KW_PER_VCPU, KW_PER_VM, KW_PER_HOST };

/* Merge rows with the same visible key: born_ns is forgotten, per VM the vCPU, per host the VM. */
int kw_frame_fold(struct kw_frame *frame, enum kw_per per);

/* Rows of an interval that tell of a sample of what happened, tell of all of it from here on. */
void kw_frame_estimate(struct kw_frame *frame);

/* Merge the rows of more into total (same schema); total's rows get sorted by key. */
int kw_frame_merge(struct kw_frame *total, const struct kw_frame *more);

/* Order rows by a column: text ascending, numbers descending (missing last), ties by key. */
void kw_frame_order(struct kw_frame *frame, const struct kw_vms *vms,
		    const struct kw_column *column);

/* Keep the first n rows, and drop the others. Returns how many those were. */
size_t kw_frame_truncate(struct kw_frame *frame, size_t n);

/* Let each row know the interval, for columns that show a rate. */
void kw_frame_set_span(struct kw_frame *frame);

static inline void kw_framep(struct kw_frame *frame)
{
	kw_frame_clear(frame);
}

#define _cleanup_frame_ __attribute__((cleanup(kw_framep)))

#endif
