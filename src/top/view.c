// SPDX-License-Identifier: Apache-2.0
/*
 * view.c - what all views show alike: the first line, the last one, panes.
 * May not know about: terminals, collectors' structs.
 * To extend: see view.h.
 */
#include "view.h"

#include "../util/cleanup.h"
#include "../util/text.h"
#include "../util/units.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

uint64_t top_stamp(const struct kw_top *top)
{
	return top->model.shown ? (uint64_t)top->model.shown->seq << 32 | top->filters : 0;
}

/* strcasestr() of bytes: letters other than ASCII are compared as they are. */
static bool contains(const char *text, const char *part)
{
	size_t len = strlen(part);

	for (; *text; text++)
		if (!strncasecmp(text, part, len))
			return true;
	return false;
}

bool top_passes(const struct kw_top *top, uint32_t vm)
{
	const char *filter = top->page[0].filter;
	const struct kw_vm *v;

	if (!*filter)
		return true;
	v = kw_vms_get(top->model.shown ? top->model.shown->vms : NULL, vm);
	return v && contains(v->display, filter);
}

/* Texts, and numbers that name something: not figures. */
static bool row_contains(const struct top_rows *rows, size_t row, const char *part)
{
	for (size_t i = 0; i < rows->n_columns; i++) {
		struct kw_value value;
		char text[32];

		if (rows->column[i].picture)
			continue;
		rows->value(rows, row, i, &value);
		if (value.kind == KW_TEXT && contains(value.text, part))
			return true;
		if (value.kind != KW_NUMBER || !rows->column[i].ascending)
			continue;
		rows->text(rows, row, i, text, sizeof(text));
		if (contains(text, part))
			return true;
	}
	return false;
}

bool top_filters(const struct top_page *page, size_t pane)
{
	return *page->filter && (page->view->tabs || pane == page->filter_pane);
}

/* Leave out rows that the filter hides. */
static void filter_rows(const struct top_page *page, struct top_content *content)
{
	size_t before = content->rows.n, n = 0;

	for (size_t i = 0; i < before; i++) {
		if (!row_contains(&content->rows, i, page->filter))
			continue;
		if (content->row)
			content->row[n] = content->row[i];
		if (content->sums)
			content->sums[n] = content->sums[i];
		if (content->slow)
			content->slow[n] = content->slow[i];
		n++;
	}
	content->rows.n = n;
	if (before && !n)
		content->rows.empty = "nothing here has what the filter looks for";
}

int top_fill(const struct kw_top *top, const struct top_page *page, size_t pane,
	     struct top_content *ret)
{
	int err = page->view->content(top, page, pane, ret);
	bool vms = page->view == &top_view_host && !pane; /* filtered by their names alone */

	if (!err && !vms && top_filters(page, pane))
		filter_rows(page, ret);
	return err;
}

bool top_watched(const struct kw_top *top, const char *table)
{
	for (size_t i = 0; i < top->wants.n_tables; i++)
		if (!strcmp(top->wants.table[i]->name, table))
			return true;
	return false;
}

/* ---- first and last line ---- */

static int draw_state(const struct kw_top *top, const struct top_page *page,
		      struct kw_canvas *canvas, struct top_area line, int x)
{
	if (top->paused)
		x = top_print(canvas, line, x, KW_STYLE_WARN, " PAUSED ") + 2;
	if (top->wants.input)
		x = top_print(canvas, line, x, KW_STYLE_TITLE, "recorded") + 2;
	if (top_filters(page, page->pane) && !top->typing)
		x = top_print(canvas, line, x, KW_STYLE_TITLE, "filter /%s", page->filter) + 2;
	return x;
}

/* While it is paused, and of a recording, the time of what is seen. */
void top_draw_title(const struct kw_top *top, const struct top_page *page, struct kw_canvas *canvas,
		    struct top_area line, uint64_t real_ns)
{
	const struct top_list *list = &page->list[page->pane];
	char clock[16], span[32], about[512] = "";
	int x;

	if (!line.height)
		return;
	if ((top->paused || top->wants.input) && top->model.shown)
		real_ns = top->model.shown->real_ns;
	kw_canvas_fill(canvas, line.x, line.y, line.width, KW_STYLE_TITLE, " ");
	x = top_print(canvas, line, 0, KW_STYLE_TITLE, "kvm_watcher %s  every %s",
		      kw_format_clock(real_ns, clock, sizeof(clock)),
		      top_format_span(top->interval_ns, span, sizeof(span))) +
	    2;
	x = draw_state(top, page, canvas, line, x);
	page->view->about(top, page, about, sizeof(about));
	x = top_print(canvas, line, x, KW_STYLE_TITLE, "%s", about) + 2;
	if (page->view->panes && *list->by)
		top_print(canvas, line, x, KW_STYLE_TITLE, "by %s%s", list->by,
			  list->reverse ? " reversed" : "");
}

void top_draw_hints(const struct kw_top *top, struct kw_canvas *canvas, struct top_area line,
		    const char *const *pairs)
{
	const struct top_page *page = &top->page[top->depth - 1];
	int x;

	if (top->asking) {
		x = top_print(canvas, line, 0, KW_STYLE_KEY, "go to: ");
		x = top_print(canvas, line, x, KW_STYLE_BOLD, "%s_", top->asked);
		top_print(canvas, line, x, KW_STYLE_DIM, "  HH:MM[:SS], +TIME, -TIME; Enter");
		return;
	}
	if (!top->typing)
		return top_draw_keys(canvas, line, pairs);
	x = top_print(canvas, line, 0, KW_STYLE_KEY, "%s contains: ",
		      page->view == &top_view_host && !page->pane ? "name" : "row");
	x = top_print(canvas, line, x, KW_STYLE_BOLD, "%s_", page->filter);
	top_print(canvas, line, x, KW_STYLE_DIM, "  Enter: keep, Esc: all");
}

/* ---- panes ---- */

#define SIDE_BY_SIDE 160 /* columns from which on two panes are */
#define LEAST_LINES  7	 /* of a pane: title, heads, rows */

void top_draw_pane(struct kw_top *top, struct top_page *page, size_t pane, struct kw_canvas *canvas,
		   struct top_area area)
{
	_cleanup_(top_content_release) struct top_content content = {};
	struct top_list *list = &page->list[pane];

	if (page->view->paint && page->view->paint(top, page, pane, canvas, area))
		return;
	if (top_fill(top, page, pane, &content) ||
	    top_list_arrange(list, &content.rows, top_stamp(top)))
		top_print(canvas, area, 0, KW_STYLE_WARN, "out of memory");
	else
		top_list_draw(list, &content.rows, canvas, area, pane == page->pane);
}

static int name_width(const struct kw_top *top, const struct top_page *page, size_t pane)
{
	return kw_text_width(page->view->pane_title(top, page, pane)) + 3;
}

/* The first name, so that the one with the keys is seen. */
static size_t first_name(const struct kw_top *top, const struct top_page *page, int width, size_t n)
{
	size_t first = page->pane;
	int used = name_width(top, page, page->pane) + 2;

	for (size_t i = page->pane + 1; i < n && i < page->pane + 2; i++)
		used += name_width(top, page, i);
	while (first > 0 && used + name_width(top, page, first - 1) <= width)
		used += name_width(top, page, --first);
	return first;
}

void top_draw_names(const struct kw_top *top, const struct top_page *page, struct kw_canvas *canvas,
		    struct top_area line, size_t n)
{
	size_t first = first_name(top, page, line.width, n);
	int x = first ? top_print(canvas, line, 0, KW_STYLE_DIM, "<") : 0;

	for (size_t i = first; i < n; i++) {
		if (x + name_width(top, page, i) - 1 > line.width - (i + 1 < n) &&
		    i != page->pane) {
			top_print(canvas, line, line.width - 1, KW_STYLE_DIM, ">");
			return;
		}
		x = top_print(canvas, line, x, i == page->pane ? KW_STYLE_SELECTED : KW_STYLE_DIM,
			      " %s ", page->view->pane_title(top, page, i)) +
		    1;
	}
}

static void draw_tile(struct kw_top *top, struct top_page *page, size_t pane,
		      struct kw_canvas *canvas, struct top_area area)
{
	struct top_area line = top_take(&area, 1);

	top_print(canvas, line, 0, pane == page->pane ? KW_STYLE_SELECTED : KW_STYLE_BOLD, " %s ",
		  page->view->pane_title(top, page, pane));
	if (area.height > 3)
		top_take_last(&area, 1);
	top_draw_pane(top, page, pane, canvas, area);
}

void top_draw_panes(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		    struct top_area area)
{
	size_t n = page->view->panes(top, page);
	size_t across = area.width >= SIDE_BY_SIDE ? 2 : 1, down = (n + across - 1) / across;

	if (!n)
		return;
	if (area.height < (int)down * LEAST_LINES) {
		top_draw_names(top, page, canvas, top_take(&area, 1), n);
		return top_draw_pane(top, page, page->pane, canvas, area);
	}
	for (size_t i = 0; i < n; i++) {
		int row = i / across, width = area.width / across;
		int y = area.height * row / (int)down;
		bool last = i + 1 == n && across > 1 && i % across == 0;

		draw_tile(top, page, i, canvas,
			  (struct top_area){ .x = area.x + (int)(i % across) * width,
					     .y = area.y + y,
					     .width = across == 1 || last ? area.width : width - 2,
					     .height = area.height * (row + 1) / (int)down - y });
	}
}
