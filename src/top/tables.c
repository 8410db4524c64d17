// SPDX-License-Identifier: Apache-2.0
/*
 * tables.c - lists of rows of collectors' tables: whole ones, and what of them is about one VM,
 * vCPU or reason. All by the schema.
 * May not know about: terminals, keys, any one collector.
 * To extend: a cell that is no column's is a member of enum top_cell.
 */
#include "../core/cell.h"
#include "../util/cleanup.h"
#include "../util/text.h"
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEASURED 200 /* rows that decide how wide a column is */

void top_content_release(struct top_content *content)
{
	kw_frame_clear(&content->own);
	free(content->row);
	free(content->sums);
	free(content->slow);
}

/* ---- cells ---- */

static const struct kw_vms *vms_of(const struct top_content *c)
{
	return c->top->model.shown ? c->top->model.shown->vms : NULL;
}

static uint64_t id(const struct top_rows *rows, size_t row)
{
	const struct top_content *c = rows->owner;
	const struct kw_row_head *head = c->row[row];
	uint64_t hash = top_row_id(&c->top->model, c->frame, head);

	hash = (hash ^ head->vm) * 0x9e3779b97f4a7c15ULL;
	return (hash ^ hash >> 32 ^ head->vcpu) * 0x9e3779b97f4a7c15ULL;
}

static const struct top_reason *reason_of(const struct top_content *c, size_t row)
{
	const struct kw_row_head *head = c->row[row];

	return top_reason_of(&c->top->model, head->vm, top_row_id(&c->top->model, c->frame, head));
}

static void value(const struct top_rows *rows, size_t row, size_t column, struct kw_value *ret)
{
	const struct top_content *c = rows->owner;

	ret->kind = KW_MISSING;
	if (c->of[column].cell == TOP_SPARK)
		return;
	kw_column_value(c->of[column].column, vms_of(c), c->row[row], ret);
	if (c->of[column].cell != TOP_RATE || ret->kind != KW_NUMBER)
		return;
	if (c->frame->span_ns) /* thousandths per second */
		ret->number = (uint64_t)(1e12 * ret->number / c->frame->span_ns + 0.5);
	else
		ret->kind = KW_MISSING;
}

static void text(const struct top_rows *rows, size_t row, size_t column, char *dst, size_t size)
{
	const struct top_content *c = rows->owner;
	struct kw_value v;

	*dst = 0;
	if (c->of[column].cell == TOP_SPARK)
		return;
	value(rows, row, column, &v);
	if (c->of[column].cell == TOP_RATE && v.kind == KW_NUMBER)
		top_format_rate(v.number, dst, size);
	else
		kw_cell_format(c->of[column].column, &v, dst, size);
}

static bool paint(const struct top_rows *rows, size_t row, size_t column, struct kw_canvas *canvas,
		  int x, int y, int width)
{
	const struct top_content *c = rows->owner;
	const struct top_reason *reason;
	double rate[TOP_REASON_HISTORY];

	if (c->of[column].cell != TOP_SPARK)
		return false;
	reason = reason_of(c, row);
	width = width < TOP_REASON_HISTORY ? width : TOP_REASON_HISTORY;
	for (int i = 0; i < width && reason; i++)
		if (!top_reason_rate(&c->top->model, reason, width - 1 - i, &rate[i]))
			rate[i] = -1;
	if (reason)
		top_draw_spark(canvas, x, y, width, rate);
	return true;
}

/* ---- columns ---- */

static struct top_column *add_column(struct top_content *content, enum top_cell cell,
				     const struct kw_column *column)
{
	size_t n = content->rows.n_columns;
	struct top_column *c = &content->column[n];

	if (n == TOP_COLUMNS)
		return NULL;
	content->rows.n_columns++;
	content->of[n].cell = cell;
	content->of[n].column = column;
	*c = (struct top_column){ .priority = n };
	if (cell == TOP_SPARK) {
		c->picture = true;
		c->name = "history";
		c->title = "LAST INTERVALS";
		c->help = "Rate over the last intervals, newest right";
		c->width = 14;
		c->most = TOP_REASON_HISTORY;
		return c;
	}
	snprintf(content->title[n], sizeof(content->title[n]), "%s%s", column->title,
		 cell == TOP_RATE ? "/S" : "");
	c->name = column->name;
	c->title = content->title[n];
	c->help = column->help;
	c->off = column->show != KW_SHOW_TABLE;
	c->ascending = column->role == KW_KEY;
	return c;
}

/* Width of what is there, and whether it is text. */
static void measure(struct top_content *content, size_t i)
{
	struct top_column *c = &content->column[i];
	bool known = false;

	if (content->of[i].cell == TOP_SPARK)
		return;
	c->width = kw_text_width(c->title);
	for (size_t r = 0; r < content->rows.n && r < MEASURED; r++) {
		char cell[512], safe[1024];
		struct kw_value v;
		int width;

		value(&content->rows, r, i, &v);
		if (!known) {
			c->left = kw_cell_is_text(content->of[i].column, &v);
			known = v.kind != KW_MISSING;
		}
		if (content->rows.scrolls && known)
			return; /* the list measures what is seen */
		text(&content->rows, r, i, cell, sizeof(cell));
		width = kw_text_width(kw_printable(cell, safe, sizeof(safe)));
		c->width = width > c->width ? width : c->width;
	}
	c->width = c->width < 32 ? c->width : 32;
}

static size_t column_index(const struct top_content *content, const char *name)
{
	for (size_t i = 0; name && i < content->rows.n_columns; i++)
		if (!strcmp(content->column[i].name, name))
			return i;
	return 0;
}

static void begin(const struct kw_top *top, struct top_content *ret)
{
	ret->top = top;
	ret->rows = (struct top_rows){
		.column = ret->column,
		.owner = ret,
		.id = id,
		.value = value,
		.text = text,
		.paint = paint,
		.empty = ret->empty,
	};
}

/* Columns are known, rows too. */
static void finish(struct top_content *content, const char *sort)
{
	const char *why = content->frame->unavailable;

	for (size_t i = 0; i < content->rows.n_columns; i++)
		measure(content, i);
	content->rows.sort = content->rows.then = column_index(content, sort);
	snprintf(content->empty, sizeof(content->empty), "%s%s",
		 why ? "unavailable: " : "none seen", why ?: "");
}

static int no_frame(struct top_content *ret)
{
	ret->frame = &ret->own;
	snprintf(ret->empty, sizeof(ret->empty), "%s",
		 ret->top->model.shown ? "not watched" : "waiting for the first interval");
	return 0;
}

/* ---- whole tables ---- */

int top_table(const struct kw_top *top, const struct kw_schema *schema, struct top_content *ret)
{
	const struct kw_column *c;

	begin(top, ret);
	ret->frame = top_frame(&top->model, schema->name);
	if (!ret->frame)
		return no_frame(ret);
	ret->rows.scrolls = true;
	ret->row = malloc((ret->frame->n ?: 1) * sizeof(*ret->row));
	if (!ret->row)
		return -ENOMEM;
	for (size_t i = 0; i < ret->frame->n; i++)
		ret->row[ret->rows.n++] = ret->frame->row[i];
	for (size_t i = 0; (c = kw_schema_column(schema, i)); i++)
		if (c->role != KW_PADDING && c->role != KW_HISTOGRAM)
			add_column(ret, TOP_CELL, c);
	finish(ret, schema->sort);
	return 0;
}

/* ---- parts of tables ---- */

static void add_columns(struct top_content *content, const char *names)
{
	const struct kw_schema *schema = content->frame->schema;
	_cleanup_free_ char *copy = strdup(names);
	char *save = NULL;

	if (!copy)
		return;
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		char *slash = strchr(name, '/');
		const struct kw_column *c;
		struct top_column *added;

		if (slash)
			*slash = 0;
		c = kw_schema_find(schema, name);
		added = !strcmp(name, "~") ? add_column(content, TOP_SPARK, NULL)
			: c		   ? add_column(content, slash ? TOP_RATE : TOP_CELL, c)
					   : NULL;
		if (added)
			added->off = false;
	}
}

/* Does a word, up to the next '|', begin the text? */
static bool begins(const char *text, const char *words)
{
	while (words) {
		size_t len = strcspn(words, "|");

		if (!strncmp(text, words, len))
			return true;
		words = words[len] ? words + len + 1 : NULL;
	}
	return false;
}

static bool belongs(const struct kw_top *top, const struct top_part *part,
		    const struct kw_frame *frame, const void *row)
{
	const struct kw_column *c =
		part->prefix ? kw_schema_find(frame->schema, part->column) : NULL;
	struct kw_value v;

	if (part->vcpu != KW_ALL && ((const struct kw_row_head *)row)->vcpu != part->vcpu)
		return false;
	if (part->row_id && top_row_id(&top->model, frame, row) != part->row_id)
		return false;
	if (!c)
		return true;
	kw_column_value(c, top->model.shown->vms, row, &v);
	return v.kind == KW_TEXT && begins(v.text, part->prefix);
}

/* Copies, as they are going to be merged. */
static int copy_rows(const struct kw_top *top, const struct top_part *part,
		     const struct kw_frame *from, struct kw_frame *to)
{
	size_t i, end;
	int err;

	*to = (struct kw_frame){ .schema = from->schema, .span_ns = from->span_ns };
	to->unavailable = from->unavailable;
	top_rows_of(from, part->vm, &i, &end);
	for (; i < end; i++) {
		void *row;

		if (!belongs(top, part, from, from->row[i]))
			continue;
		row = kw_frame_add(to);
		if (!row)
			return -ENOMEM;
		memcpy(row, from->row[i], from->schema->row_size);
	}
	err = kw_frame_fold(to, part->vcpu == KW_ALL ? KW_PER_VM : KW_PER_VCPU);
	for (i = 0; i < to->n && part->wall_ns; i++)
		((struct kw_row_head *)to->row[i])->span_ns = part->wall_ns;
	return err;
}

int top_part(const struct kw_top *top, const struct top_part *part, struct top_content *ret)
{
	const struct kw_frame *from = top_frame(&top->model, part->table);
	int err;

	begin(top, ret);
	if (!from)
		return no_frame(ret);
	ret->frame = &ret->own;
	err = copy_rows(top, part, from, &ret->own);
	if (err)
		return err;
	ret->row = malloc((ret->own.n ?: 1) * sizeof(*ret->row));
	if (!ret->row)
		return -ENOMEM;
	for (size_t i = 0; i < ret->own.n; i++)
		ret->row[ret->rows.n++] = ret->own.row[i];
	add_columns(ret, part->columns);
	finish(ret, part->sort);
	return 0;
}
