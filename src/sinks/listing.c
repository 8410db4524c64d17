// SPDX-License-Identifier: Apache-2.0
/*
 * listing.c - see listing.h.
 * May not know about: what is listed.
 * To extend: see listing.h.
 */
#define _GNU_SOURCE
#include "listing.h"

#include "../core/log.h"
#include "../util/cleanup.h"
#include "../util/grow.h"
#include "../util/text.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

int kw_listing_add(struct kw_listing *l, const char *const *cells)
{
	for (size_t i = 0; i < l->n_columns; i++) {
		if (!kw_grow(&l->cell, l->n, &l->room, sizeof(*l->cell)))
			return -ENOMEM;
		l->cell[l->n] = cells[i] ? strdup(cells[i]) : NULL;
		if (cells[i] && !l->cell[l->n])
			return -ENOMEM;
		l->n++;
	}
	return 0;
}

void kw_listing_release(struct kw_listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->cell[i]);
	free(l->cell);
	l->cell = NULL;
	l->n = l->room = 0;
}

/* A cell as a terminal may see it; to be freed. */
static char *safe(const char *cell)
{
	size_t size = 8 * strlen(cell ?: "-") + 2;
	char *text = malloc(size);

	return text ? kw_printable(cell ?: "-", text, size) : NULL;
}

static void print_table(const struct kw_listing *l, struct kw_sink *sink)
{
	_cleanup_free_ int *width = calloc(l->n_columns, sizeof(*width));

	for (size_t i = 0; width && i < l->n; i++) {
		_cleanup_free_ char *text = safe(l->cell[i]);
		size_t c = i % l->n_columns;
		int w = text ? kw_text_width(text) : 0, title = kw_text_width(l->column[c].title);

		w = w > title ? w : title;
		width[c] = w > width[c] ? w : width[c];
	}
	for (size_t i = 0; width && i < l->n_columns + l->n; i++) {
		size_t c = i % l->n_columns;
		_cleanup_free_ char *text = i < l->n_columns ? strdup(l->column[c].title)
							     : safe(l->cell[i - l->n_columns]);
		int pad = text ? width[c] - kw_text_width(text) : 0;
		bool last = c + 1 == l->n_columns;

		if (l->column[c].number)
			fprintf(sink->out, "%*s", pad, "");
		fputs(text ?: "", sink->out);
		if (!l->column[c].number && !last)
			fprintf(sink->out, "%*s", pad, "");
		fputs(last ? "\n" : "  ", sink->out);
	}
}

/* A number where it is one: a whole one, or a fraction. */
static json_t *number(const char *cell)
{
	uint64_t whole;
	double fraction;
	char *end;

	if (kw_parse_u64(cell, &whole))
		return json_integer(whole);
	fraction = strtod(cell, &end);
	return *cell && !*end ? json_real(fraction) : NULL;
}

static void print_jsonl(const struct kw_listing *l, struct kw_sink *sink)
{
	for (size_t i = 0; i < l->n; i += l->n_columns) {
		json_t *object = json_object();

		json_object_set_new(object, "collector", json_string(l->name));
		for (size_t c = 0; c < l->n_columns; c++) {
			_cleanup_free_ char *valid = NULL;
			const char *cell = l->cell[i + c];
			json_t *n = cell && l->column[c].number ? number(cell) : NULL;

			if (n) {
				json_object_set_new(object, l->column[c].name, n);
				continue;
			}
			valid = cell ? malloc(3 * strlen(cell) + 1) : NULL;
			json_object_set_new(object, l->column[c].name,
					    valid ? json_string(kw_valid_utf8(cell, valid,
									      3 * strlen(cell) + 1))
						  : json_null());
		}
		kw_json_write(object, sink->out);
		json_decref(object);
	}
}

static void print_csv(const struct kw_listing *l, struct kw_sink *sink)
{
	for (size_t c = 0; c < l->n_columns; c++)
		fprintf(sink->out, "%s%s", c ? "," : "", l->column[c].name);
	fputs("\r\n", sink->out);
	for (size_t i = 0; i < l->n; i++) {
		if (i % l->n_columns)
			fputc(',', sink->out);
		if (l->cell[i])
			kw_csv_field(sink->out, l->cell[i]);
		if (i % l->n_columns + 1 == l->n_columns)
			fputs("\r\n", sink->out);
	}
}

int kw_listing_print(const struct kw_listing *l, const char *spec, const struct kw_view *view)
{
	const struct kw_sink_ops *format = kw_sink_format(spec);
	struct kw_sink *sink;
	int err;

	if (format && format != &kw_sink_table && format != &kw_sink_jsonl &&
	    format != &kw_sink_csv) {
		kw_say("-o %s: a list is shown as table, jsonl or csv", format->name);
		return -EINVAL;
	}
	err = kw_sink_open(spec, view, &sink);
	if (err)
		return err;
	if (sink->ops == &kw_sink_jsonl)
		print_jsonl(l, sink);
	else if (sink->ops == &kw_sink_csv)
		print_csv(l, sink);
	else
		print_table(l, sink);
	return kw_sink_close(sink);
}
