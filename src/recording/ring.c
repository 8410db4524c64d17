// SPDX-License-Identifier: Apache-2.0
/*
 * ring.c - see ring.h.
 * May not know about: which readings, the command line, any one collector.
 * To extend: see ring.h.
 */
#include "ring.h"

#include "format.h"

#define BETWEEN "reading > ?1 AND reading < ?2"

/* One statement with the two readings; of what it returns, if anything, the first column. */
static int execute(sqlite3 *db, char *sql, int64_t from, int64_t to,
		   void (*row)(void *arg, int64_t value), void *arg)
{
	sqlite3_stmt *stmt = NULL;
	int err = sql ? sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	if (!err && sqlite3_bind_parameter_count(stmt))
		err = sqlite3_bind_int64(stmt, 1, from) ?: sqlite3_bind_int64(stmt, 2, to);
	while (!err && sqlite3_step(stmt) == SQLITE_ROW)
		if (row)
			row(arg, sqlite3_column_int64(stmt, 0));
	return sqlite3_finalize(stmt) ?: err;
}

/* Versions that a later one replaces, of those with the same key. */
static int drop_replaced(sqlite3 *db, const char *table, const char *same, int64_t from, int64_t to)
{
	return execute(db,
		       sqlite3_mprintf("DELETE FROM \"%w\" AS d WHERE " BETWEEN
				       " AND EXISTS (SELECT 1 FROM \"%w\" AS n WHERE %s"
				       " AND n.reading > d.reading AND n.reading <= ?2)",
				       table, table, same),
		       from, to, NULL, NULL);
}

/* With nothing before them, rows that had ended by then have never been. */
static int drop_ended(sqlite3 *db, const char *table, int64_t to)
{
	int err = execute(db,
			  sqlite3_mprintf("DELETE FROM \"%w\" WHERE reading > ?1 AND reading <= ?2"
					  " AND tid IS NULL",
					  table),
			  0, to, NULL, NULL);

	return err
		       ?: execute(db,
				  sqlite3_mprintf(
					  "DELETE FROM \"%w_row\" WHERE NOT EXISTS (SELECT 1"
					  " FROM \"%w\" AS d WHERE d.row = \"%w_row\".row)",
					  table, table, table),
				  0, 0, NULL, NULL);
}

static int drop_events(sqlite3 *db, const char *table, int64_t from, int64_t to)
{
	return execute(db,
		       sqlite3_mprintf("DELETE FROM \"%w\" WHERE seq > coalesce((SELECT events FROM"
				       " reading WHERE reading = ?1), 0) AND seq <= (SELECT events"
				       " FROM reading WHERE reading = ?2)",
				       table),
		       from, to, NULL, NULL);
}

static int drop_vms(sqlite3 *db, const struct kw_wants *wants, void (*gone)(void *arg, int64_t vm),
		    void *arg)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	char table[64];

	sqlite3_str_appendall(sql, "DELETE FROM vm WHERE 1");
	for (size_t i = 0; i < wants->n_tables; i++)
		sqlite3_str_appendf(
			sql, " AND vm NOT IN (SELECT vm FROM \"%w_row\" WHERE vm IS NOT NULL)",
			kw_kept_table(wants->table[i], table, sizeof(table)));
	sqlite3_str_appendall(sql, " RETURNING vm");
	return execute(db, sqlite3_str_finish(sql), 0, 0, gone, arg);
}

int kw_ring_drop(sqlite3 *db, const struct kw_wants *wants, int64_t from, int64_t to,
		 void (*gone)(void *arg, int64_t vm), void *arg)
{
	char table[64];
	int err = 0;

	for (size_t i = 0; i < wants->n_tables && !err; i++) {
		kw_kept_table(wants->table[i], table, sizeof(table));
		/* what ended in a gap was counted until then, and that counts */
		err = drop_replaced(db, table,
				    from ? "n.row = d.row AND n.tid IS NOT NULL" : "n.row = d.row",
				    from, to);
		if (!err && !from)
			err = drop_ended(db, table, to);
	}
	for (size_t i = 0; i < wants->n && wants->events && !err; i++)
		if (wants->collector[i]->event)
			err = drop_events(
				db, kw_kept_table(wants->collector[i]->event, table, sizeof(table)),
				from, to);
	err = err ?: drop_replaced(db, "losses", "n.name = d.name", from, to);
	err = err
		      ?: drop_replaced(db, "state",
				       "n.collector IS d.collector AND n.\"table\" IS d.\"table\"",
				       from, to);
	err = err
		      ?: execute(db, sqlite3_mprintf("DELETE FROM reading WHERE " BETWEEN), from,
				 to, NULL, NULL);
	return err ?: from ? 0 : drop_vms(db, wants, gone, arg);
}
