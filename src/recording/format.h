/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.h - how tables lie in a recording, which is an SQLite database: docs/recording.md.
 * May not know about: files, sources, any one collector.
 * To extend: columns and tables come and go by name; KW_RECORDING_VERSION is raised only if older
 * readers would misread what they know.
 */
#ifndef KW_RECORDING_FORMAT_H
#define KW_RECORDING_FORMAT_H

#include "../core/collector.h"

#include <sqlite3.h>
#include <stdio.h>

#define KW_RECORDING_ID	     0x6b766d77 /* PRAGMA application_id: kvmw */
#define KW_RECORDING_VERSION 1

/* What a column is in a recording. */
enum kw_kept {
	KW_KEPT_NOT,
	KW_KEPT_KEY,   /* part of what the row is about */
	KW_KEPT_VALUE, /* cumulative, or of the moment */
	KW_KEPT_TEXT, /* computed, but not from figures: kept for those who query, not read again */
};

enum kw_kept kw_kept(const struct kw_column *column);

/* A key that is shown as something else is kept as that, too. */
bool kw_kept_as_shown(const struct kw_column *column);

/* The table's, and the column's, name in the database. They return dst. */
char *kw_kept_table(const struct kw_schema *schema, char *dst, size_t size);
char *kw_kept_name(const struct kw_column *column, char *dst, size_t size);

/* what"name-and-suffix" */
void kw_put_name(FILE *sql, const char *what, const struct kw_column *column, const char *suffix);

/* Bind a column's raw value to the i-th parameter, and what it is shown as. SQLite's codes. */
int kw_bind_raw(sqlite3_stmt *stmt, int i, const struct kw_schema *schema,
		const struct kw_column *column, const void *row);
int kw_bind_shown(sqlite3_stmt *stmt, int i, const struct kw_column *column,
		  const struct kw_vms *vms, const void *row);

/* Set a column from the i-th of a result; file: the layout of histograms there. */
void kw_unbind_raw(sqlite3_stmt *stmt, int i, const struct kw_schema *schema,
		   const struct kw_hist *file, const struct kw_column *column, void *row);

#endif
