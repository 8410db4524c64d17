// SPDX-License-Identifier: Apache-2.0
/*
 * history.c - see history.h.
 * May not know about: how it is shown, where rows come from, any one collector.
 * To extend: see history.h.
 */
#include "history.h"

#include "../core/cell.h"
#include "../util/grow.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables ---- */

/* Words that tell rows apart: what a histogram is drawn apart by, else the first that is shown. */
static const struct kw_column *word_of(const struct kw_schema *schema)
{
	if (schema->hist_by)
		return kw_schema_find(schema, schema->hist_by);
	for (size_t i = 0; i < schema->n_columns; i++) {
		const struct kw_column *c = &schema->columns[i];

		if (c->unit == KW_UNIT_WORD && c->show == KW_SHOW_TABLE &&
		    (c->role == KW_KEY || c->role == KW_DERIVED))
			return c;
	}
	return NULL;
}

static void figures_of(struct kw_timetable *t)
{
	const struct kw_schema *s = t->schema;

	for (size_t i = 0; i < s->n_columns && t->n_figures < KW_HISTORY_FIGURES; i++) {
		const struct kw_column *c = &s->columns[i];

		if (c->role == KW_COUNTER && c->unit != KW_UNIT_HEX && c->show != KW_SHOW_ASKED)
			t->figure[t->n_figures++] = c;
	}
	if (s->hist.buckets)
		t->n_octaves = ((s->hist.buckets - 1) >> s->hist.sub_log2) + 1;
}

static struct kw_timetable *table_of(struct kw_history *tl, const struct kw_schema *schema)
{
	struct kw_timetable *t;

	for (size_t i = 0; i < tl->n_tables; i++)
		if (tl->table[i]->schema == schema)
			return tl->table[i];
	t = kw_grow(&tl->table, tl->n_tables, &tl->tables_room, sizeof(*tl->table))
		    ? calloc(1, sizeof(*t))
		    : NULL;
	if (!t)
		return NULL;
	t->schema = schema;
	t->word = word_of(schema);
	figures_of(t);
	tl->table[tl->n_tables++] = t;
	return t;
}

static size_t width(const struct kw_timetable *t)
{
	return t->n_figures + t->n_octaves;
}

/* ---- series ---- */

static bool same_word(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static struct kw_series *new_series(struct kw_timetable *t, uint32_t vm, const char *word)
{
	struct kw_series *s;

	if (!kw_grow(&t->series, t->n, &t->room, sizeof(*t->series)))
		return NULL;
	s = &t->series[t->n];
	*s = (struct kw_series){ .vm = vm, .word = word ? strdup(word) : NULL };
	if (word && !s->word)
		return NULL;
	t->n++;
	return s;
}

static struct kw_series *series_of(struct kw_timetable *t, const struct kw_vms *vms,
				   const void *row)
{
	uint32_t vm = ((const struct kw_row_head *)row)->vm;
	struct kw_value value = { .kind = KW_MISSING };
	const char *word = NULL;
	char text[sizeof(value.buf)];

	if (t->word) {
		kw_column_value(t->word, vms, row, &value);
		word = kw_cell_format(t->word, &value, text, sizeof(text));
	}
	for (size_t i = 0; i < t->n; i++)
		if (t->series[i].vm == vm && same_word(t->series[i].word, word))
			return &t->series[i];
	if (t->n < KW_HISTORY_SERIES)
		return new_series(t, vm, word);
	if (t->n == KW_HISTORY_SERIES)
		return new_series(t, KW_ALL, "(others)");
	return &t->series[KW_HISTORY_SERIES];
}

/*
 * The cells of the last interval: not known before a row tells. In those before it, which had no
 * row, nothing was counted.
 */
static double *last_cells(struct kw_history *tl, const struct kw_timetable *t, struct kw_series *s)
{
	size_t size = width(t) * sizeof(*s->cell);

	while (s->n < tl->n) {
		if (!kw_grow(&s->cell, s->n, &s->room, size))
			return NULL;
		memset(s->cell + s->n * width(t), 0, size);
		for (size_t i = 0; i < t->n_figures && s->n + 1 == tl->n; i++)
			s->cell[s->n * width(t) + i] = NAN;
		s->n++;
		tl->cells += width(t);
	}
	return s->cell + (s->n - 1) * width(t);
}

/* Of what is known. */
static double sum(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : a + b;
}

static void add_row(const struct kw_timetable *t, const struct kw_vms *vms, const void *row,
		    double *cell)
{
	const uint64_t *hist = kw_row_hist(t->schema, row);
	struct kw_value value;

	for (size_t i = 0; i < t->n_figures; i++) {
		kw_column_value(t->figure[i], vms, row, &value);
		cell[i] = sum(cell[i], value.kind == KW_NUMBER ? (double)value.number : NAN);
	}
	for (size_t i = 0; hist && i < t->schema->hist.buckets; i++)
		cell[t->n_figures + (i >> t->schema->hist.sub_log2)] += hist[i];
}

double kw_history_cell(const struct kw_timetable *table, const struct kw_series *series,
		       size_t interval, size_t figure)
{
	return interval < series->n ? series->cell[interval * width(table) + figure] : 0;
}

/* ---- intervals ---- */

static void halve_series(const struct kw_timetable *t, struct kw_series *s)
{
	size_t w = width(t);

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < w; k++) {
			double *into = &s->cell[i / 2 * w + k], more = s->cell[i * w + k];

			*into = i % 2 ? sum(*into, more) : more;
		}
	s->n = (s->n + 1) / 2;
}

/* Each two neighbours become one. */
static void halve(struct kw_history *tl)
{
	for (size_t i = 0; i < tl->n; i++) {
		uint64_t before = i % 2 ? tl->span[i / 2].span_ns : 0;

		tl->span[i / 2] = tl->span[i];
		tl->span[i / 2].span_ns += before;
	}
	if (tl->n % 2 == 0) /* else the last one is only half as long as it shall be */
		tl->readings += tl->stride;
	tl->n = (tl->n + 1) / 2;
	tl->stride *= 2;
	tl->cells = 0;
	for (size_t i = 0; i < tl->n_tables; i++)
		for (size_t k = 0; k < tl->table[i]->n; k++) {
			halve_series(tl->table[i], &tl->table[i]->series[k]);
			tl->cells += tl->table[i]->series[k].n * width(tl->table[i]);
		}
}

/* A reading begins: it is a further interval, or one more of the last one. */
static int begin(struct kw_history *tl, const struct kw_frame *frame)
{
	struct kw_span span = { frame->mono_ns, frame->real_ns, frame->span_ns };

	if (tl->n && tl->span[tl->n - 1].mono_ns == frame->mono_ns)
		return 0;
	if (tl->n == KW_HISTORY_INTERVALS || (tl->cells > KW_HISTORY_CELLS && tl->n > 32))
		halve(tl);
	if (tl->n && tl->readings < tl->stride) {
		span.span_ns += tl->span[tl->n - 1].span_ns;
		tl->span[tl->n - 1] = span;
		tl->readings++;
		return 0;
	}
	if (!kw_grow(&tl->span, tl->n, &tl->room, sizeof(*tl->span)))
		return -ENOMEM;
	tl->span[tl->n++] = span;
	tl->readings = 1;
	tl->stride += !tl->stride;
	return 0;
}

int kw_history_add(struct kw_history *history, const struct kw_vms *vms,
		   const struct kw_frame *frame)
{
	struct kw_timetable *t = table_of(history, frame->schema);
	int err = t ? begin(history, frame) : -ENOMEM;

	for (size_t i = 0; i < frame->n && !err; i++) {
		struct kw_series *s = series_of(t, vms, frame->row[i]);
		double *cell = s ? last_cells(history, t, s) : NULL;

		if (!cell)
			return -ENOMEM;
		add_row(t, vms, frame->row[i], cell);
	}
	return err;
}

static void free_table(struct kw_timetable *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->series[i].word);
		free(t->series[i].cell);
	}
	free(t->series);
	free(t);
}

void kw_history_release(struct kw_history *history)
{
	for (size_t i = 0; i < history->n_tables; i++)
		free_table(history->table[i]);
	free(history->table);
	free(history->span);
	memset(history, 0, sizeof(*history));
}
