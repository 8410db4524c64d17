// SPDX-License-Identifier: Apache-2.0
/*
 * view_columns.c - choose the columns of the list on the page before.
 * May not know about: terminals, collectors' structs.
 * To extend: nothing; columns are the list's own.
 */
#include "view.h"

#include "../util/cleanup.h"

#include <stdio.h>

static struct top_page *page_before(struct kw_top *top)
{
	return &top->page[top->depth - 2];
}

static void about(const struct kw_top *top, const struct top_page *page, char *dst, size_t size)
{
	(void)top, (void)page;
	snprintf(dst, size, "columns");
}

static int content_before(struct kw_top *top, struct top_content *ret)
{
	struct top_page *before = page_before(top);

	return before->view->content(top, before, before->pane, ret);
}

static void draw_line(struct kw_canvas *canvas, struct top_area line, const struct top_column *c,
		      bool shown, bool fits)
{
	int x = 21;

	top_print(canvas, line, 1, shown ? KW_STYLE_BOLD : KW_STYLE_DIM, "[%c] %s",
		  shown ? 'x' : ' ', c->title);
	if (shown && !fits)
		x = top_print(canvas, line, x, KW_STYLE_DIM, "no room: ");
	top_print(canvas, line, x, KW_STYLE_PLAIN, "%s", c->help);
}

static void draw(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		 struct top_area area)
{
	static const char *const keys[] = { "Space", "on or off", "Esc q", "back", NULL };
	_cleanup_(top_content_release) struct top_content content = {};
	const struct top_list *list = &page_before(top)->list[page_before(top)->pane];
	int first;

	if (area.height > 3)
		top_draw_hints(top, canvas, top_take_last(&area, 1), keys);
	if (content_before(top, &content))
		return;
	first = page->scroll - area.height + 1 > 0 ? page->scroll - area.height + 1 : 0;
	for (size_t i = first; i < content.rows.n_columns && area.height > 0; i++) {
		struct top_area line = top_take(&area, 1);

		draw_line(canvas, line, &content.rows.column[i],
			  top_list_shows(list, &content.rows, i),
			  !list->drawn || list->drawn >> i & 1);
		if ((int)i == page->scroll)
			kw_canvas_select(canvas, line.x, line.y, line.width);
	}
}

static bool key(struct kw_top *top, struct top_page *page, uint32_t key)
{
	_cleanup_(top_content_release) struct top_content content = {};
	struct top_list *list = &page_before(top)->list[page_before(top)->pane];
	int n;

	if (content_before(top, &content))
		return false;
	n = content.rows.n_columns;
	if (key == KW_KEY_DOWN || key == 'j')
		page->scroll++;
	else if (key == KW_KEY_UP || key == 'k')
		page->scroll--;
	else if ((key == ' ' || key == KW_KEY_ENTER) && page->scroll < n)
		list->flipped ^= 1ULL << page->scroll;
	else
		return false;
	page->scroll = page->scroll >= n ? n - 1 : page->scroll;
	page->scroll = page->scroll < 0 ? 0 : page->scroll;
	return true;
}

const struct top_view top_view_columns = { .about = about, .draw = draw, .key = key };
