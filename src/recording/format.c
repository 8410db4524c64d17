// SPDX-License-Identifier: Apache-2.0
/*
 * format.c - see format.h.
 * May not know about: files, sources, any one collector.
 * To extend: see format.h.
 */
#include "format.h"

#include "../core/hist.h"
#include "../util/text.h"

#include <string.h>

/* What only aligns others is called pad…, or nothing. */
static bool is_filler(const struct kw_column *c)
{
	return c->role == KW_PADDING && (!*c->title || !strncmp(c->title, "pad", 3));
}

enum kw_kept kw_kept(const struct kw_column *c)
{
	if (c->role == KW_DERIVED)
		return c->unit == KW_UNIT_WORD ? KW_KEPT_TEXT : KW_KEPT_NOT;
	if (c->offset < sizeof(struct kw_row_head) || is_filler(c))
		return KW_KEPT_NOT;
	return c->role == KW_KEY ? KW_KEPT_KEY : KW_KEPT_VALUE;
}

bool kw_kept_as_shown(const struct kw_column *c)
{
	return kw_kept(c) == KW_KEPT_KEY && (c->unit == KW_UNIT_HEX || c->decode);
}

char *kw_kept_table(const struct kw_schema *schema, char *dst, size_t size)
{
	snprintf(dst, size, "%s", schema->name);
	for (char *c = dst; *c; c++)
		if (*c == '-')
			*c = '_';
	return dst;
}

char *kw_kept_name(const struct kw_column *c, char *dst, size_t size)
{
	if (c->role == KW_PADDING)
		snprintf(dst, size, "_%s", c->title);
	else
		kw_column_name(c, dst, size);
	return dst;
}

void kw_put_name(FILE *sql, const char *what, const struct kw_column *c, const char *suffix)
{
	char name[64];

	fprintf(sql, "%s\"%s%s\"", what, kw_kept_name(c, name, sizeof(name)), suffix);
}

/* ---- histograms: {"bucket":count,…} of those that are not empty ---- */

static int bind_hist(sqlite3_stmt *stmt, int i, const struct kw_hist *h, const uint64_t *bucket)
{
	sqlite3_str *text = sqlite3_str_new(NULL);
	const char *comma = "";
	int n;

	sqlite3_str_appendall(text, "{");
	for (unsigned int b = 0; b < h->buckets; b++)
		if (bucket[b]) {
			sqlite3_str_appendf(text, "%s\"%u\":%llu", comma, b, bucket[b]);
			comma = ",";
		}
	sqlite3_str_appendall(text, "}");
	n = sqlite3_str_length(text);
	return sqlite3_bind_text(stmt, i, sqlite3_str_finish(text), n, sqlite3_free);
}

/* The next number of a text that only pretends to be JSON, perhaps; false past the last. */
static bool next_number(const char **at, uint64_t *ret)
{
	*at += strcspn(*at, "0123456789");
	for (*ret = 0; **at >= '0' && **at <= '9'; (*at)++)
		*ret = *ret * 10 + **at - '0';
	return **at;
}

static void unbind_hist(const char *text, const struct kw_hist *file, const struct kw_hist *h,
			uint64_t *bucket)
{
	bool same = !memcmp(file, h, sizeof(*h));
	uint64_t b, n;

	memset(bucket, 0, h->buckets * sizeof(*bucket));
	while (next_number(&text, &b) && next_number(&text, &n))
		if (b < file->buckets)
			bucket[same ? b : kw_hist_bucket(h, kw_hist_low(file, b))] += n;
}

/* ---- cells ---- */

static bool is_integer(const struct kw_column *c)
{
	return c->size == 8 || c->size == 4 || c->size == 2 || c->size == 1;
}

int kw_bind_raw(sqlite3_stmt *stmt, int i, const struct kw_schema *schema,
		const struct kw_column *c, const void *row)
{
	const char *at = (const char *)row + c->offset;

	if (c->role == KW_HISTOGRAM)
		return bind_hist(stmt, i, &schema->hist, (const uint64_t *)at);
	if (is_integer(c))
		return sqlite3_bind_int64(stmt, i, kw_column_raw(c, row));
	if (c->role == KW_LAST)
		return sqlite3_bind_text(stmt, i, at, strnlen(at, c->size), SQLITE_TRANSIENT);
	return sqlite3_bind_blob(stmt, i, at, c->size, SQLITE_TRANSIENT);
}

/* Names are made safe to print: they go to whatever shows a query's result. */
int kw_bind_shown(sqlite3_stmt *stmt, int i, const struct kw_column *c, const struct kw_vms *vms,
		  const void *row)
{
	char safe[3 * sizeof(((struct kw_value *)0)->buf)];
	struct kw_value value;

	kw_column_value(c, vms, row, &value);
	if (value.kind == KW_NUMBER)
		return sqlite3_bind_int64(stmt, i, value.number);
	if (value.kind == KW_MISSING)
		return sqlite3_bind_null(stmt, i);
	kw_printable(value.text, safe, sizeof(safe));
	return sqlite3_bind_text(stmt, i, safe, -1, SQLITE_TRANSIENT);
}

void kw_unbind_raw(sqlite3_stmt *stmt, int i, const struct kw_schema *schema,
		   const struct kw_hist *file, const struct kw_column *c, void *row)
{
	char *at = (char *)row + c->offset;
	const void *bytes;
	int n;

	if (c->role == KW_HISTOGRAM) {
		bytes = sqlite3_column_text(stmt, i);
		unbind_hist(bytes ?: "", file, &schema->hist, (uint64_t *)at);
	} else if (is_integer(c)) {
		kw_column_set_raw(c, row, sqlite3_column_int64(stmt, i));
	} else {
		bytes = sqlite3_column_blob(stmt, i);
		n = sqlite3_column_bytes(stmt, i);
		memset(at, 0, c->size);
		if (bytes && n > 0)
			memcpy(at, bytes, (size_t)n < c->size ? (size_t)n : c->size);
	}
}
