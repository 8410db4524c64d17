// SPDX-License-Identifier: Apache-2.0
/*
 * writer_schema.c - see writer_schema.h.
 * May not know about: files, sources, any one collector.
 * To extend: see format.h.
 */
#define _GNU_SOURCE
#include "writer_schema.h"

#include "format.h"

#include <stdlib.h>

/* What recordings have besides the tables of collectors. */
static const char common[] =
	"PRAGMA application_id=0x6b766d77; PRAGMA user_version=1;"
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE vm(vm INTEGER PRIMARY KEY, pid INTEGER, start_ns INTEGER, number INTEGER,"
	" vmm TEXT, uuid TEXT, name BLOB, display TEXT);"
	"CREATE TABLE collector(position INTEGER PRIMARY KEY, name TEXT, events INTEGER);"
	"CREATE TABLE \"table\"(name TEXT PRIMARY KEY, collector TEXT, kind TEXT, help TEXT,"
	" sort TEXT, hist TEXT) WITHOUT ROWID;"
	"CREATE TABLE \"column\"(\"table\" TEXT, position INTEGER, name TEXT, title TEXT,"
	" help TEXT, role TEXT, unit INTEGER, size INTEGER, missing INTEGER,"
	" PRIMARY KEY(\"table\", position)) WITHOUT ROWID;"
	"CREATE TABLE reason(isa INTEGER, code INTEGER, isa_name TEXT, name TEXT,"
	" PRIMARY KEY(isa, code)) WITHOUT ROWID;"
	"CREATE TABLE reading(reading INTEGER PRIMARY KEY, mono_ns INTEGER, real_ns INTEGER,"
	" timing INTEGER, note TEXT, events INTEGER);"
	"CREATE TABLE losses(reading INTEGER, name TEXT, n INTEGER, PRIMARY KEY(reading, name))"
	" WITHOUT ROWID;"
	"CREATE TABLE \"trigger\"(reading INTEGER, mono_ns INTEGER, real_ns INTEGER,"
	" condition TEXT, vm TEXT, what TEXT, value REAL);"
	"CREATE TABLE state(reading INTEGER, collector TEXT, \"table\" TEXT, why TEXT);";

static const struct kw_column *column(const struct kw_schema *schema, size_t i, enum kw_kept *ret)
{
	if (i >= schema->n_columns)
		return NULL;
	*ret = kw_kept(&schema->columns[i]);
	return &schema->columns[i];
}

static void create_rows(FILE *sql, const struct kw_schema *schema, const char *table)
{
	const struct kw_column *c;
	enum kw_kept kept;

	fprintf(sql, "CREATE TABLE \"%s_row\"(row INTEGER PRIMARY KEY, vm, vcpu, born_ns", table);
	for (size_t i = 0; (c = column(schema, i, &kept)); i++) {
		if (kept == KW_KEPT_KEY || kept == KW_KEPT_TEXT)
			kw_put_name(sql, ", ", c, "");
		if (kw_kept_as_shown(c))
			kw_put_name(sql, ", ", c, "_shown");
	}
	fprintf(sql, ");CREATE TABLE \"%s\"(reading INTEGER, row INTEGER, tid", table);
	for (size_t i = 0; (c = column(schema, i, &kept)); i++)
		if (kept == KW_KEPT_VALUE)
			kw_put_name(sql, ", ", c, "");
	fprintf(sql,
		", PRIMARY KEY(reading, row)) WITHOUT ROWID;"
		"CREATE INDEX \"%s_of_row\" ON \"%s\"(row, reading);",
		table, table);
}

/* What was counted since the row's last version; that of the first reading is of before. */
static void create_view(FILE *sql, const struct kw_schema *schema, const char *table)
{
	const struct kw_column *c;
	enum kw_kept kept;

	fprintf(sql,
		"CREATE VIEW \"%s_by_interval\" AS SELECT * FROM"
		" (SELECT d.reading, r.mono_ns, r.real_ns, v.display AS vm, k.vcpu, d.tid",
		table);
	for (size_t i = 0; (c = column(schema, i, &kept)); i++) {
		if (kept == KW_KEPT_KEY || kept == KW_KEPT_TEXT)
			kw_put_name(sql, ", k.", c, "");
		if (kw_kept_as_shown(c))
			kw_put_name(sql, ", k.", c, "_shown");
		if (kept != KW_KEPT_VALUE || c->role == KW_HISTOGRAM)
			continue;
		kw_put_name(sql, ", d.", c, "");
		if (c->role == KW_COUNTER) {
			kw_put_name(sql, " - lag(d.", c, "");
			kw_put_name(sql, ", 1, 0) OVER w AS ", c, "");
		}
	}
	fprintf(sql,
		" FROM \"%s\" d JOIN \"%s_row\" k USING(row) LEFT JOIN vm v ON v.vm = k.vm"
		" LEFT JOIN reading r ON r.reading = d.reading WHERE d.tid IS NOT NULL"
		" WINDOW w AS (PARTITION BY d.row ORDER BY d.reading))"
		" WHERE reading > (SELECT min(reading) FROM reading);",
		table, table);
}

static void create_events(FILE *sql, const struct kw_schema *schema)
{
	const struct kw_column *c;
	enum kw_kept kept;
	char table[64];

	fprintf(sql,
		"CREATE TABLE \"%s\"(seq INTEGER PRIMARY KEY, mono_ns INTEGER, real_ns INTEGER,"
		" vm, vcpu, tid",
		kw_kept_table(schema, table, sizeof(table)));
	for (size_t i = 0; (c = column(schema, i, &kept)); i++)
		if (kept == KW_KEPT_KEY || kept == KW_KEPT_VALUE)
			kw_put_name(sql, ", ", c, "");
	fprintf(sql, ");");
}

char *kw_sql_create(const struct kw_wants *wants)
{
	char *text = NULL, table[64];
	size_t size;
	FILE *sql = open_memstream(&text, &size);

	if (!sql)
		return NULL;
	fputs(common, sql);
	for (size_t i = 0; i < wants->n_tables; i++) {
		kw_kept_table(wants->table[i], table, sizeof(table));
		create_rows(sql, wants->table[i], table);
		create_view(sql, wants->table[i], table);
	}
	for (size_t i = 0; i < wants->n && wants->events; i++)
		if (wants->collector[i]->event)
			create_events(sql, wants->collector[i]->event);
	return fclose(sql) ? NULL : text;
}

/* INSERT with one parameter for each of fixed columns and of those of the schema. */
static char *insert(const char *table, const char *suffix, int parameters)
{
	char *text = NULL;
	size_t size;
	FILE *sql = open_memstream(&text, &size);

	if (!sql)
		return NULL;
	fprintf(sql, "INSERT INTO \"%s%s\" VALUES(?", table, suffix);
	while (--parameters)
		fputs(",?", sql);
	fputs(")", sql);
	return fclose(sql) ? NULL : text;
}

static char *insert_kept(const struct kw_schema *schema, const char *suffix, int fixed,
			 uint32_t kinds, bool shown)
{
	const struct kw_column *c;
	enum kw_kept kept;
	char table[64];
	int n = fixed;

	for (size_t i = 0; (c = column(schema, i, &kept)); i++)
		n += (kinds >> kept & 1) + (shown && kw_kept_as_shown(c));
	return insert(kw_kept_table(schema, table, sizeof(table)), suffix, n);
}

char *kw_sql_add_row(const struct kw_schema *schema)
{
	return insert_kept(schema, "_row", 4, 1 << KW_KEPT_KEY | 1 << KW_KEPT_TEXT, true);
}

char *kw_sql_add_version(const struct kw_schema *schema)
{
	return insert_kept(schema, "", 3, 1 << KW_KEPT_VALUE, false);
}

char *kw_sql_add_event(const struct kw_schema *schema)
{
	return insert_kept(schema, "", 6, 1 << KW_KEPT_KEY | 1 << KW_KEPT_VALUE, false);
}
