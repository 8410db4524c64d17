// SPDX-License-Identifier: Apache-2.0
/*
 * table.c - aligned tables for people.
 * May not know about: where data comes from, any one collector.
 * To extend: how a unit looks is decided in core/cell.c.
 */
#include "../core/cell.h"
#include "../util/cleanup.h"
#include "../util/text.h"
#include "../util/units.h"
#include "sink.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LEAST_TEXT 8 /* columns that a shortened text keeps */

struct grid {
	const struct kw_column **column;
	int *width;
	bool *text;  /* left-aligned, and may be cut */
	char **cell; /* n_rows * n */
	size_t n, n_rows;
};

static void free_grid(struct grid *g)
{
	for (size_t i = 0; g->cell && i < g->n * g->n_rows; i++)
		free(g->cell[i]);
	free(g->cell);
	free(g->width);
	free(g->text);
	free(g->column);
}

static char *format_cell(const struct kw_column *c, const struct kw_vms *vms, const void *row)
{
	char text[1024], safe[1024];
	struct kw_value value;

	kw_column_value(c, vms, row, &value);
	return strdup(
		kw_printable(kw_cell_format(c, &value, text, sizeof(text)), safe, sizeof(safe)));
}

/* Make the widest text columns narrower until the table fits. */
static void fit(struct grid *g, int limit)
{
	int total = -1;

	for (size_t i = 0; i < g->n; i++)
		total += g->width[i] + 1;
	while (limit && total > limit) {
		size_t widest = g->n;

		for (size_t i = 0; i < g->n; i++)
			if (g->text[i] && g->column[i]->unit == KW_UNIT_WORD &&
			    g->width[i] > LEAST_TEXT &&
			    (widest == g->n || g->width[i] > g->width[widest]))
				widest = i;
		if (widest == g->n)
			return;
		g->width[widest]--;
		total--;
	}
}

/*
 * A table whose rows come one by one, so that the later ones are not known: columns keep the width
 * of the widest cell so far. Names of VMs are cut.
 */
#define STEADY_TABLES  16
#define STEADY_COLUMNS 64
#define VM_WIDTH       16

struct kw_steady {
	struct {
		const struct kw_schema *schema;
		int width[STEADY_COLUMNS];
	} table[STEADY_TABLES];
};

static int *steady_widths(struct kw_sink *sink, const struct kw_schema *schema)
{
	if (!sink->steady)
		sink->steady = calloc(1, sizeof(*sink->steady));
	for (int t = 0; sink->steady && t < STEADY_TABLES; t++) {
		if (!sink->steady->table[t].schema)
			sink->steady->table[t].schema = schema;
		if (sink->steady->table[t].schema == schema)
			return sink->steady->table[t].width;
	}
	return NULL;
}

static int usual_width(const struct kw_column *c)
{
	return c->width ?: c->unit == KW_UNIT_NS ? 6 : 0;
}

static void keep_steady(struct kw_sink *sink, const struct kw_schema *schema, struct grid *g)
{
	int *widths = steady_widths(sink, schema);

	for (size_t i = 0; widths && i < g->n && i < STEADY_COLUMNS; i++) {
		if (!strcmp(g->column[i]->name, "vm"))
			g->width[i] = widths[i] = VM_WIDTH;
		else if (g->width[i] < usual_width(g->column[i]))
			g->width[i] = usual_width(g->column[i]);
		widths[i] = g->width[i] > widths[i] ? g->width[i] : widths[i];
		g->width[i] = widths[i];
	}
}

static int add_cell(struct grid *g, size_t i, size_t r, const struct kw_vms *vms, const void *row)
{
	char *cell = format_cell(g->column[i], vms, row);
	int width;

	if (!cell)
		return -ENOMEM;
	g->cell[r * g->n + i] = cell;
	width = kw_text_width(cell);
	if (width > g->width[i])
		g->width[i] = width;
	return 0;
}

/* one_by_one: keep columns steady though the other rows are not known. */
static int make_grid(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_schema *schema,
		     void *const *row, size_t n_rows, bool one_by_one, struct grid *g)
{
	int err = kw_view_columns(&sink->view, schema, false, &g->column, &g->n);

	if (err)
		return err;
	g->n_rows = n_rows;
	g->width = calloc(g->n, sizeof(*g->width));
	g->text = calloc(g->n, sizeof(*g->text));
	g->cell = calloc(g->n * n_rows ?: 1, sizeof(*g->cell));
	if (!g->width || !g->text || !g->cell)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		struct kw_value value = {};

		for (size_t r = 0; r < n_rows && value.kind != KW_TEXT; r++)
			kw_column_value(g->column[i], vms, row[r], &value);
		g->text[i] = kw_cell_is_text(g->column[i], &value);
		g->width[i] = kw_text_width(g->column[i]->title);
		for (size_t r = 0; r < n_rows && !err; r++)
			err = add_cell(g, i, r, vms, row[r]);
	}
	if (!err && one_by_one)
		keep_steady(sink, schema, g);
	else if (!err)
		fit(g, sink->view.width);
	return err;
}

static void put(FILE *out, const struct grid *g, size_t i, const char *text, bool number)
{
	int pad = g->width[i] - kw_text_width(text);
	bool last = i + 1 == g->n;

	if (i)
		fputc(' ', out);
	if (number && pad > 0)
		fprintf(out, "%*s", pad, "");
	fputs(text, out);
	if (!number && pad > 0 && !last)
		fprintf(out, "%*s", pad, "");
}

static void put_header(struct kw_sink *sink, const struct grid *g)
{
	fputs(sink->view.color ? "\033[1m" : "", sink->out);
	for (size_t i = 0; i < g->n; i++)
		put(sink->out, g, i, g->column[i]->title, !g->text[i]);
	fputs(sink->view.color ? "\033[0m\n" : "\n", sink->out);
}

static void put_row(struct kw_sink *sink, const struct grid *g, size_t r)
{
	for (size_t i = 0; i < g->n; i++) {
		char *cell = g->cell[r * g->n + i];

		kw_text_cut(cell, g->width[i]);
		put(sink->out, g, i, cell, !g->text[i]);
	}
	fputc('\n', sink->out);
}

static int frame(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_frame *frame,
		 bool summary)
{
	__attribute__((cleanup(free_grid))) struct grid g = {};
	size_t n = sink->view.rows && sink->view.rows < frame->n ? sink->view.rows : frame->n;
	char clock[16];
	int err = make_grid(sink, vms, frame->schema, frame->row, n, false, &g);

	if (err || !g.n) /* --columns names none of this table's */
		return err;
	fprintf(sink->out, "%s%s %s, %.2f s%s\n", sink->lines++ ? "\n" : "",
		kw_format_clock(frame->real_ns, clock, sizeof(clock)), frame->schema->name,
		frame->span_ns / 1e9, summary ? " in all" : "");
	if (n)
		put_header(sink, &g);
	else if (frame->unavailable)
		fprintf(sink->out, "unavailable: %s\n", frame->unavailable);
	else
		fprintf(sink->out, "none seen\n");
	for (size_t r = 0; r < n; r++)
		put_row(sink, &g, r);
	if (n < frame->n)
		fprintf(sink->out, "… and %zu rows more (--rows 0 shows all)\n", frame->n - n);
	return fflush(sink->out) ? -errno : 0;
}

static int event(struct kw_sink *sink, const struct kw_vms *vms, const char *collector,
		 const struct kw_schema *schema, const void *row, uint64_t mono_ns,
		 uint64_t real_ns)
{
	__attribute__((cleanup(free_grid))) struct grid g = {};
	void *const rows[] = { (void *)row };
	char clock[16];
	int err = make_grid(sink, vms, schema, rows, 1, true, &g);

	(void)collector, (void)mono_ns;
	if (err)
		return err;
	if (sink->headed != schema) {
		sink->headed = schema;
		fputs("TIME            ", sink->out);
		put_header(sink, &g);
	}
	fprintf(sink->out, "%s.%06u ", kw_format_clock(real_ns, clock, sizeof(clock)),
		(unsigned int)(real_ns % 1000000000 / 1000));
	put_row(sink, &g, 0);
	return 0;
}

static int losses(struct kw_sink *sink, const struct kw_losses *lost, uint64_t mono_ns,
		  uint64_t real_ns)
{
	(void)mono_ns, (void)real_ns;
	for (size_t i = 0; kw_loss_info(i); i++)
		if (lost->n[i])
			fprintf(sink->out, "not counted: %" PRIu64 " %s (%s)\n", lost->n[i],
				kw_loss_info(i)->what, kw_loss_info(i)->help);
	return fflush(sink->out) ? -errno : 0;
}

const struct kw_sink_ops kw_sink_table = { "table", frame, event, losses };
