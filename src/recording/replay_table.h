/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_table.h - one table of a recording, as it was at a reading.
 * May not know about: sources, filters, any one collector.
 * To extend: see format.h.
 */
#ifndef KW_REPLAY_TABLE_H
#define KW_REPLAY_TABLE_H

#include "recording.h"

#include <stdio.h>

/* A row, from its first version on; those who ended are there until they were read. */
struct kw_held {
	int64_t id;
	bool fresh; /* it got a version since it was read */
	bool gone;
	uint64_t row[];
};

struct kw_replay_table {
	const struct kw_recording *recording;
	const int64_t *vm_id; /* of each of the VMs */
	size_t n_vms;
	const struct kw_schema *schema;	 /* columns that were not recorded are missing */
	struct kw_hist hist;		 /* as in the file */
	const struct kw_column **column; /* keys, then values */
	size_t n_keys, n_values;
	sqlite3_stmt *row, *since, *last;
	struct kw_held **held; /* ascending by id */
	size_t n, room;
};

/* 0; -ENOENT it was not recorded; -EIO, which was said; -ENOMEM. */
int kw_replay_table_open(const struct kw_recording *recording, const struct kw_schema *schema,
			 const int64_t *vm_id, size_t n_vms, struct kw_replay_table *ret);
void kw_replay_table_close(struct kw_replay_table *table);

/* As it was at a reading, whatever is there; and what came after one reading up to another. */
int kw_replay_table_seek(struct kw_replay_table *table, int64_t reading);
int kw_replay_table_advance(struct kw_replay_table *table, int64_t from, int64_t to);

/* Rows that pass, cumulative, into a frame, in the place of what is there. */
int kw_replay_table_read(struct kw_replay_table *table,
			 bool (*pass)(void *arg, const struct kw_schema *schema, const void *row),
			 void *arg, struct kw_frame *frame);

/* The head's VM and vCPU from two columns of a result. False: there is no such VM. */
bool kw_replay_head(const int64_t *vm_id, size_t n_vms, sqlite3_stmt *stmt, int i,
		    struct kw_row_head *head);

/*
 * The columns of a table that are in the file and kept in these ways (1 << enum kw_kept), into
 * column from *n on; what the others are is appended to missing as "table.column ", if not NULL.
 */
int kw_replay_columns(const struct kw_recording *recording, const struct kw_schema *schema,
		      uint32_t kinds, const struct kw_column **column, size_t *n, FILE *missing);

#endif
