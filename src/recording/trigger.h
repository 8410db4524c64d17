/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trigger.h - a condition on an interval's rows: 'exits.p99 > 1ms'.
 * May not know about: recordings, any one collector.
 * To extend: another figure is a column of its table; rate alone is computed here.
 */
#ifndef KW_TRIGGER_H
#define KW_TRIGGER_H

#include "../core/source.h"

struct kw_trigger {
	const char *text;		/* the caller's */
	size_t table;			/* of the wants */
	const struct kw_column *column; /* of the rate: count */
	bool rate;			/* per second */
	bool less, or_equal;		/* else it is greater than the value */
	double value;
};

/* Prints what is wrong with it; 0 or -EINVAL. */
int kw_trigger_parse(const char *text, const struct kw_wants *wants, struct kw_trigger *ret);

/* The first row of which it is true, and its value; NULL if there is none. span is set. */
const void *kw_trigger_fires(const struct kw_trigger *trigger, const struct kw_frame *frame,
			     const struct kw_vms *vms, double *ret_value);

#endif
