// SPDX-License-Identifier: Apache-2.0
/*
 * list.c - see list.h.
 * May not know about: what the rows are.
 * To extend: see list.h.
 */
#include "list.h"

#include "../util/cleanup.h"
#include "../util/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void top_list_release(struct top_list *list)
{
	free(list->order);
	*list = (struct top_list){};
}

bool top_list_shows(const struct top_list *list, const struct top_rows *rows, size_t column)
{
	return rows->column[column].off == (list->flipped >> column & 1);
}

size_t top_list_sort(const struct top_list *list, const struct top_rows *rows)
{
	return list->sort && list->sort <= rows->n_columns ? list->sort - 1 : rows->sort;
}

/* ---- order ---- */

/* What is needed of a row to order it, fetched once. */
struct sorted {
	uint32_t row;
	uint8_t kind;
	bool reverse;
	uint64_t number, then;
	uint64_t id;
	char text[48];
};

/* Text ascending, numbers descending, missing last whatever the direction. */
static int compare(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int order = 0;

	if (x->kind == KW_TEXT && y->kind == KW_TEXT)
		order = strcmp(x->text, y->text);
	else if (x->kind == KW_NUMBER && y->kind == KW_NUMBER)
		order = x->number < y->number ? 1 : x->number > y->number ? -1 : 0;
	else if ((x->kind == KW_MISSING) != (y->kind == KW_MISSING))
		return x->kind == KW_MISSING ? 1 : -1;
	order = x->reverse ? -order : order;
	if (!order && x->then != y->then)
		order = x->then < y->then ? 1 : -1;
	return order ?: x->row < y->row ? -1 : x->row > y->row;
}

static void fetch(const struct top_list *list, const struct top_rows *rows, size_t row,
		  struct sorted *s)
{
	size_t column = top_list_sort(list, rows);
	struct kw_value value;

	*s = (struct sorted){ .row = row, .reverse = list->reverse };
	s->id = rows->id(rows, row);
	rows->value(rows, row, rows->then, &value);
	s->then = value.kind == KW_NUMBER ? value.number : 0;
	rows->value(rows, row, column, &value);
	s->kind = value.kind;
	s->number = value.kind == KW_NUMBER ? value.number : 0;
	if (rows->column[column].ascending)
		s->number = UINT64_MAX - s->number;
	if (value.kind == KW_TEXT)
		snprintf(s->text, sizeof(s->text), "%s", value.text);
}

/*
 * The selected row stays so wherever it is now. While it is gone, the cursor is on what took its
 * place; it may come back.
 */
static void follow_selected(struct top_list *list)
{
	for (size_t i = 0; list->has_selected && i < list->n; i++)
		if (list->order[i].id == list->selected) {
			list->at = i;
			return;
		}
	if (!list->has_selected)
		list->at = 0;
	else if (list->n && list->at >= list->n)
		list->at = list->n - 1;
}

int top_list_arrange(struct top_list *list, const struct top_rows *rows, uint64_t stamp)
{
	_cleanup_free_ struct sorted *sorted = NULL;
	struct top_place *order;

	if (stamp && list->stamp == stamp && list->n == rows->n)
		return 0;
	list->n = list->stamp = 0;
	sorted = malloc((rows->n ?: 1) * sizeof(*sorted));
	order = reallocarray(list->order, rows->n ?: 1, sizeof(*order));
	if (order)
		list->order = order;
	if (!sorted || !order)
		return -ENOMEM;
	for (size_t i = 0; i < rows->n; i++)
		fetch(list, rows, i, &sorted[i]);
	qsort(sorted, rows->n, sizeof(*sorted), compare);
	for (size_t i = 0; i < rows->n; i++)
		order[i] = (struct top_place){ sorted[i].id, sorted[i].row };
	list->n = rows->n;
	list->stamp = stamp;
	snprintf(list->by, sizeof(list->by), "%s",
		 rows->n_columns ? rows->column[top_list_sort(list, rows)].title : "");
	follow_selected(list);
	return 0;
}

/* ---- columns ---- */

/* Which columns there is room for, and how wide they are (0: not shown). */
struct fitted {
	int width[TOP_COLUMNS];
};

static int wider(int a, int b)
{
	return a > b ? a : b;
}

/* Of those that can use more, one gets what is left, the first first. */
static void spread(const struct top_rows *rows, struct fitted *f, int left)
{
	for (size_t i = 0; i < rows->n_columns && left > 0; i++) {
		int more = rows->column[i].most - f->width[i];

		if (!f->width[i] || more <= 0)
			continue;
		more = more < left ? more : left;
		f->width[i] += more;
		left -= more;
	}
}

static void fit(const struct top_list *list, const struct top_rows *rows, int width,
		struct fitted *f)
{
	int left = width + 1;

	*f = (struct fitted){};
	for (int priority = 0; priority < 256; priority++)
		for (size_t i = 0; i < rows->n_columns; i++) {
			const struct top_column *c = &rows->column[i];

			if (c->priority != priority || !top_list_shows(list, rows, i))
				continue;
			if (c->width + 1 > left && priority)
				return spread(rows, f, left);
			f->width[i] = c->width;
			left -= c->width + 1;
		}
	spread(rows, f, left);
}

/* The widest cell so far, so that columns do not jump. */
static void measure(struct top_list *list, const struct top_rows *rows, size_t first, size_t n)
{
	char text[512], safe[1024];

	for (size_t c = 0; c < rows->n_columns && c < TOP_COLUMNS; c++) {
		int width = wider(list->width[c], kw_text_width(rows->column[c].title));

		for (size_t i = first; i < first + n && i < list->n; i++) {
			rows->text(rows, list->order[i].row, c, text, sizeof(text));
			width = wider(width, kw_text_width(kw_printable(text, safe, sizeof(safe))));
		}
		list->width[c] = width < 40 ? width : 40;
	}
}

static int width_of(const struct top_list *list, const struct top_rows *rows, size_t column)
{
	return rows->scrolls ? list->width[column] : rows->column[column].width;
}

/* The first column stays, the others begin with the first one scrolled to. */
static void fit_scrolled(const struct top_list *list, const struct top_rows *rows, int width,
			 struct fitted *f)
{
	size_t skip = list->first_column;
	bool first = true;

	*f = (struct fitted){};
	for (size_t i = 0; i < rows->n_columns && width > 0; i++) {
		if (!top_list_shows(list, rows, i))
			continue;
		if (!first && skip) {
			skip--;
			continue;
		}
		first = false;
		f->width[i] = width_of(list, rows, i);
		f->width[i] = f->width[i] < width ? f->width[i] : width;
		width -= f->width[i] + 1;
	}
}

/* ---- drawing ---- */

static void draw_heads(const struct top_list *list, const struct top_rows *rows,
		       const struct fitted *f, struct kw_canvas *canvas, struct top_area line)
{
	size_t sort = top_list_sort(list, rows);
	int x = line.x;

	kw_canvas_fill(canvas, line.x, line.y, line.width, KW_STYLE_HEAD, " ");
	for (size_t i = 0; i < rows->n_columns; i++) {
		enum kw_style style = i == sort ? KW_STYLE_SORTED : KW_STYLE_HEAD;
		int width = f->width[i];

		if (!width)
			continue;
		if (rows->column[i].left)
			kw_canvas_text(canvas, x, line.y, width, style, rows->column[i].title);
		else
			kw_canvas_right(canvas, x, line.y, width, style, rows->column[i].title);
		x += width + 1;
	}
}

static void draw_row(const struct top_rows *rows, const struct fitted *f, size_t row,
		     struct kw_canvas *canvas, struct top_area line)
{
	int x = line.x;
	char text[512];

	for (size_t i = 0; i < rows->n_columns; i++) {
		enum kw_style style = KW_STYLE_PLAIN;
		int width = f->width[i];

		if (!width)
			continue;
		if (!rows->paint || !rows->paint(rows, row, i, canvas, x, line.y, width)) {
			rows->text(rows, row, i, text, sizeof(text));
			style = strcmp(text, "-") ? style : KW_STYLE_DIM;
			if (rows->column[i].left)
				kw_canvas_text(canvas, x, line.y, width, style, text);
			else
				kw_canvas_right(canvas, x, line.y, width, style, text);
		}
		x += width + 1;
	}
}

/* Scroll so that the selected row is seen. */
static void scroll(struct top_list *list, int height)
{
	size_t rows = height > 0 ? height : 1;

	list->height = rows;
	if (list->at < list->first)
		list->first = list->at;
	if (list->at >= list->first + rows)
		list->first = list->at - rows + 1;
	if (list->first + rows > list->n)
		list->first = list->n > rows ? list->n - rows : 0;
}

/* From now on the cursor follows the row that it is on. */
static void bind(struct top_list *list)
{
	if (list->has_selected || list->at >= list->n)
		return;
	list->selected = list->order[list->at].id;
	list->has_selected = true;
}

void top_list_draw(struct top_list *list, const struct top_rows *rows, struct kw_canvas *canvas,
		   struct top_area area, bool focus)
{
	struct fitted f;

	if (area.height <= 0 || area.width <= 0)
		return;
	if (focus)
		bind(list);
	scroll(list, area.height - 1);
	if (rows->scrolls) {
		measure(list, rows, list->first, list->height);
		fit_scrolled(list, rows, area.width, &f);
	} else if (rows->slides && list->first_column) {
		fit_scrolled(list, rows, area.width, &f);
	} else {
		fit(list, rows, area.width, &f);
	}
	list->drawn = 0;
	for (size_t i = 0; i < rows->n_columns; i++)
		list->drawn |= f.width[i] ? 1ULL << i : 0;
	draw_heads(list, rows, &f, canvas, top_take(&area, 1));
	if (!list->n)
		top_print(canvas, area, 0, KW_STYLE_DIM, "%s", rows->empty ?: "none seen");
	for (size_t i = list->first; i < list->n && area.height > 0; i++) {
		struct top_area line = top_take(&area, 1);

		draw_row(rows, &f, list->order[i].row, canvas, line);
		if (focus && i == list->at)
			kw_canvas_select(canvas, line.x, line.y, line.width);
	}
}

/* ---- keys ---- */

static void move_to(struct top_list *list, long to)
{
	if (!list->n)
		return;
	to = to < 0 ? 0 : to >= (long)list->n ? (long)list->n - 1 : to;
	list->at = to;
	list->selected = list->order[to].id;
	list->has_selected = true;
}

/* The next column that is shown, in a direction. */
static void sort_by_next(struct top_list *list, const struct top_rows *rows, int step)
{
	size_t n = rows->n_columns, column = top_list_sort(list, rows);

	if (!n)
		return;
	for (size_t i = 0; i < n; i++) {
		column = (column + n + step) % n;
		if (column == rows->sort ||
		    (top_list_shows(list, rows, column) && !rows->column[column].picture))
			break;
	}
	list->sort = column + 1;
	list->reverse = false;
	list->stamp = 0;
}

/* Is there a column that is not seen, to the right if it was scrolled already? */
static bool more_columns(const struct top_list *list, const struct top_rows *rows)
{
	bool more = false;

	for (size_t i = 0; i < rows->n_columns; i++)
		if (top_list_shows(list, rows, i)) {
			bool hidden = !(list->drawn >> i & 1);

			more = list->first_column ? hidden : more || hidden;
		}
	return more;
}

static bool scroll_columns(struct top_list *list, const struct top_rows *rows, int step)
{
	size_t shown = 0;

	if (!rows->scrolls && !rows->slides)
		return false;
	for (size_t i = 0; i < rows->n_columns; i++)
		shown += top_list_shows(list, rows, i);
	if (step < 0 && list->first_column)
		list->first_column--;
	if (step > 0 && list->first_column + 2 < shown &&
	    (rows->scrolls || more_columns(list, rows)))
		list->first_column++;
	return true;
}

static bool move_key(struct top_list *list, uint32_t key)
{
	long at = list->at, page = list->height > 1 ? list->height - 1 : 1;

	switch (key) {
	case KW_KEY_UP:
	case 'k':
		move_to(list, at - 1);
		return true;
	case KW_KEY_DOWN:
	case 'j':
		move_to(list, at + 1);
		return true;
	case KW_KEY_PAGE_UP:
		move_to(list, at - page);
		return true;
	case KW_KEY_PAGE_DOWN:
		move_to(list, at + page);
		return true;
	case KW_KEY_HOME:
	case 'g':
		move_to(list, 0);
		return true;
	case KW_KEY_END:
	case 'G':
		move_to(list, list->n);
		return true;
	default:
		return false;
	}
}

bool top_list_key(struct top_list *list, const struct top_rows *rows, uint32_t key)
{
	if (move_key(list, key))
		return true;
	switch (key) {
	case 's':
	case '>':
		sort_by_next(list, rows, 1);
		return true;
	case '<':
		sort_by_next(list, rows, -1);
		return true;
	case 'r':
		list->reverse = !list->reverse;
		list->stamp = 0;
		return true;
	case KW_KEY_LEFT:
	case 'h':
		return scroll_columns(list, rows, -1);
	case KW_KEY_RIGHT:
	case 'l':
		return scroll_columns(list, rows, 1);
	default:
		return false;
	}
}
