/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - small tables that are no data of a collector: what list and check print.
 * May not know about: what is listed.
 * To extend: nothing; they come in the formats table, jsonl and csv.
 */
#ifndef KW_LISTING_H
#define KW_LISTING_H

#include "sink.h"

struct kw_listing_column {
	const char *name, *title;
	bool number;
};

struct kw_listing {
	const char *name; /* "collector" of its JSON objects */
	const struct kw_listing_column *column;
	size_t n_columns;
	char **cell;
	size_t n, room; /* cells */
};

/* Append one row: n_columns strings, copied; NULL is missing. 0 or -ENOMEM. */
int kw_listing_add(struct kw_listing *listing, const char *const *cells);

/* Print in the format of spec ("table", "jsonl:PATH", …). 0 or -errno, message printed. */
int kw_listing_print(const struct kw_listing *listing, const char *spec,
		     const struct kw_view *view);

void kw_listing_release(struct kw_listing *listing);

#endif
