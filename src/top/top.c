// SPDX-License-Identifier: Apache-2.0
/*
 * top.c - see top.h: the pages gone into, and what keys do on all of them.
 * May not know about: terminals, BPF, collectors' structs.
 * To extend: a key of one view is that view's; one that works everywhere is a case in
 * global_key().
 */
#include "top.h"

#include "../util/cleanup.h"
#include "../util/units.h"
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CTRL_L 0x0c
#define CTRL_Z 0x1a

int kw_top_open(const struct kw_wants *wants, uint64_t interval_ns, struct kw_top **ret)
{
	struct kw_top *top = calloc(1, sizeof(*top));

	if (!top)
		return -ENOMEM;
	top->wants = *wants;
	top->interval_ns = interval_ns;
	top_push(top, &top_view_host);
	*ret = top;
	return 0;
}

static void release_page(struct top_page *page)
{
	for (size_t i = 0; i < ARRAY_SIZE(page->list); i++)
		top_list_release(&page->list[i]);
}

void kw_top_close(struct kw_top *top)
{
	if (!top)
		return;
	for (size_t i = 0; i < top->depth; i++)
		release_page(&top->page[i]);
	top_model_release(&top->model);
	free(top);
}

int kw_top_feed(struct kw_top *top, struct kw_top_interval *interval)
{
	return top_model_feed(&top->model, interval, top->paused && !top->wants.input);
}

void kw_top_forget(struct kw_top *top)
{
	top_model_release(&top->model);
}

bool kw_top_paused(const struct kw_top *top)
{
	return top->paused;
}

uint64_t kw_top_wanted_ns(const struct kw_top *top)
{
	return top->wanted_ns;
}

uint64_t kw_top_interval_ns(const struct kw_top *top)
{
	return top->interval_ns;
}

/* ---- pages ---- */

struct top_page *top_push(struct kw_top *top, const struct top_view *view)
{
	struct top_page *page;

	if (top->depth == TOP_DEPTH)
		return NULL;
	page = &top->page[top->depth++];
	*page = (struct top_page){ .view = view, .vcpu = KW_ALL };
	return page;
}

void top_push_vm(struct kw_top *top, uint32_t vm)
{
	struct top_page *page = top_push(top, &top_view_vm);

	if (!page)
		return;
	page->vm = vm;
	top_recall(top, page);
}

/* ---- how pages are looked at ---- */

static struct top_look *look_of(struct kw_top *top, const struct top_view *view, const char *pane)
{
	for (struct top_look *l = top->look; l < top->look + TOP_LOOKS; l++)
		if (!l->pane || (l->view == view && !strcmp(l->pane, pane)))
			return l;
	return NULL;
}

static void remember_looks(struct kw_top *top, const struct top_page *page)
{
	size_t n = page->view->panes ? page->view->panes(top, page) : 0;

	for (size_t i = 0; i < n; i++) {
		const char *pane = page->view->pane_title(top, page, i);
		struct top_look *look = look_of(top, page->view, pane);
		const struct top_list *list = &page->list[i];

		if (look)
			*look = (struct top_look){
				.view = page->view,
				.pane = pane,
				.had_keys = i == page->pane,
				.sort = list->sort,
				.first_column = list->first_column,
				.reverse = list->reverse,
				.flipped = list->flipped,
			};
	}
}

void top_recall(struct kw_top *top, struct top_page *page)
{
	size_t n = page->view->panes(top, page);

	for (size_t i = 0; i < n; i++) {
		const char *pane = page->view->pane_title(top, page, i);
		struct top_list *list = &page->list[i];
		const struct top_look *look = look_of(top, page->view, pane);

		if (!look || !look->pane)
			continue;
		list->sort = look->sort;
		list->first_column = look->first_column;
		list->reverse = look->reverse;
		list->flipped = look->flipped;
		if (look->had_keys)
			page->pane = i;
	}
}

static enum kw_top_action go_back(struct kw_top *top)
{
	struct top_page *page = top_page(top);

	if (*page->filter) {
		*page->filter = 0;
		top->filters++;
		return KW_TOP_DRAW;
	}
	if (top->depth == 1)
		return KW_TOP_NOTHING;
	remember_looks(top, page);
	release_page(page);
	top->depth--;
	return KW_TOP_DRAW;
}

/* ---- the filter ---- */

static void append(char *text, size_t size, uint32_t c)
{
	size_t used = strlen(text);
	int len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	if (c < ' ' || c == 0x7f || c >= 0x110000 || used + len >= size)
		return;
	for (int i = len - 1; i > 0; i--, c >>= 6)
		text[used + i] = 0x80 | (c & 0x3f);
	text[used] = first[len] | c;
	text[used + len] = 0;
}

/* The last character, be it of several bytes. False if there is none. */
static bool erase(char *text)
{
	size_t used = strlen(text);

	if (!used)
		return false;
	while (used > 1 && (text[used - 1] & 0xc0) == 0x80)
		used--;
	text[used - 1] = 0;
	return true;
}

static enum kw_top_action type(struct kw_top *top, uint32_t key)
{
	if (key == KW_KEY_ENTER) {
		top->typing = false;
	} else if (key == KW_KEY_ESCAPE) {
		top->typing = false;
		*top_page(top)->filter = 0;
	} else if (key == KW_KEY_BACKSPACE) {
		top->typing = erase(top_page(top)->filter);
	} else {
		append(top_page(top)->filter, sizeof(top_page(top)->filter), key);
	}
	top->filters++;
	return KW_TOP_DRAW;
}

/* ---- keys ---- */

static enum kw_top_action change_interval(struct kw_top *top, int step)
{
	static const uint64_t ms[] = { 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000 };
	uint64_t before = top->interval_ns;

	for (size_t i = 0; i < ARRAY_SIZE(ms); i++) {
		size_t k = step < 0 ? ARRAY_SIZE(ms) - 1 - i : i;
		uint64_t ns = ms[k] * 1000000;

		if (step < 0 ? ns < before : ns > before) {
			top->interval_ns = ns;
			return KW_TOP_FASTER;
		}
	}
	return KW_TOP_NOTHING;
}

/* ---- other times of a recording ---- */

static enum kw_top_action go(struct kw_top *top, int64_t ns)
{
	uint64_t now = top->model.latest ? top->model.latest->mono_ns : 0;

	if (!top->wants.input || !now)
		return KW_TOP_NOTHING;
	top->wanted_ns = ns < 0 && (uint64_t)-ns > now ? 0 : now + ns;
	return KW_TOP_GO;
}

static enum kw_top_action step(struct kw_top *top, int intervals)
{
	top->paused = true;
	return go(top, intervals * (int64_t)top->interval_ns);
}

/* "+30", "-2m": from here; "12:34:56" or "12:34": that time of the day that is seen. */
static enum kw_top_action go_to_asked(struct kw_top *top)
{
	bool relative = *top->asked == '+' || *top->asked == '-';
	struct tm tm;
	uint64_t ns;
	time_t now;
	int n = 0;

	if (!top->model.latest)
		return KW_TOP_DRAW;
	if (relative)
		return kw_parse_duration(top->asked + 1, 1000000000, &ns) || ns > INT64_MAX
			       ? KW_TOP_DRAW
			       : go(top, *top->asked == '-' ? -(int64_t)ns : (int64_t)ns);
	now = top->model.latest->real_ns / 1000000000;
	localtime_r(&now, &tm);
	tm.tm_sec = 0;
	if (sscanf(top->asked, "%2d:%2d%n:%2d%n", &tm.tm_hour, &tm.tm_min, &n, &tm.tm_sec, &n) <
		    2 ||
	    top->asked[n])
		return KW_TOP_DRAW;
	tm.tm_isdst = -1;
	return go(top, (mktime(&tm) - now) * INT64_C(1000000000));
}

static enum kw_top_action ask(struct kw_top *top, uint32_t key)
{
	if (key == KW_KEY_BACKSPACE)
		top->asking = erase(top->asked);
	else if (key == KW_KEY_ENTER || key == KW_KEY_ESCAPE)
		top->asking = false;
	else
		append(top->asked, sizeof(top->asked), key);
	return key == KW_KEY_ENTER ? go_to_asked(top) : KW_TOP_DRAW;
}

static enum kw_top_action begin_asking(struct kw_top *top)
{
	top->asking = top->wants.input;
	*top->asked = 0;
	return top->asking ? KW_TOP_DRAW : KW_TOP_NOTHING;
}

static enum kw_top_action pause_or_go_on(struct kw_top *top)
{
	top->paused = !top->paused;
	if (top->wants.input)
		return KW_TOP_HOLD;
	if (!top->paused)
		top_model_catch_up(&top->model);
	return KW_TOP_DRAW;
}

static enum kw_top_action open_over(struct kw_top *top, const struct top_view *view)
{
	const struct top_view *now = top_page(top)->view;

	if (now == &top_view_help || now == &top_view_columns)
		return KW_TOP_NOTHING;
	return top_push(top, view) ? KW_TOP_DRAW : KW_TOP_NOTHING;
}

/* What is typed filters a list: on pages without one, that of the page below. */
static enum kw_top_action begin_filter(struct kw_top *top)
{
	struct top_page *page;

	while (!top_page(top)->view->panes)
		go_back(top);
	page = top_page(top);
	if (page->filter_pane != page->pane && !page->view->tabs)
		*page->filter = 0;
	page->filter_pane = page->pane;
	top->filters++;
	top->typing = true;
	return KW_TOP_DRAW;
}

/* What works on every page, after what a page makes of a key. */
static enum kw_top_action global_key(struct kw_top *top, uint32_t key)
{
	switch (key) {
	case 'q':
		return top_page(top)->view->panes ? KW_TOP_QUIT : go_back(top);
	case 'p':
	case ' ':
		return pause_or_go_on(top);
	case '+':
	case '=':
		return change_interval(top, 1);
	case '-':
		return change_interval(top, -1);
	case '?':
		return open_over(top, &top_view_help);
	case 'c':
		return open_over(top, &top_view_columns);
	case '/':
		return begin_filter(top);
	case '[':
	case ']':
		return step(top, key == ']' ? 1 : -1);
	case 't':
		return begin_asking(top);
	case KW_KEY_ESCAPE:
	case KW_KEY_BACKSPACE:
		return go_back(top);
	default:
		return KW_TOP_NOTHING;
	}
}

static bool change_pane(struct kw_top *top, struct top_page *page, int step)
{
	size_t n = page->view->panes(top, page);

	if (n < 2)
		return false;
	page->pane = (page->pane + n + step) % n;
	return true;
}

static bool pane_key(struct kw_top *top, struct top_page *page, uint32_t key)
{
	switch (key) {
	case KW_KEY_TAB:
		return change_pane(top, page, 1);
	case KW_KEY_BACKTAB:
		return change_pane(top, page, -1);
	case KW_KEY_RIGHT:
	case 'l':
		return !page->view->tabs && change_pane(top, page, 1);
	case KW_KEY_LEFT:
	case 'h':
		return !page->view->tabs && change_pane(top, page, -1);
	default:
		return false;
	}
}

/* A key for the list that has the keys; it may not have been drawn yet. */
static bool list_key(struct kw_top *top, struct top_page *page, uint32_t key)
{
	_cleanup_(top_content_release) struct top_content content = {};
	struct top_list *list = &page->list[page->pane];

	if (top_fill(top, page, page->pane, &content) ||
	    top_list_arrange(list, &content.rows, top_stamp(top)))
		return false;
	if (key != KW_KEY_ENTER)
		return top_list_key(list, &content.rows, key);
	if (!page->view->enter || list->at >= list->n)
		return false;
	list->selected = list->order[list->at].id; /* where to be when coming back */
	list->has_selected = true;
	page->view->enter(top, page, &content, list->order[list->at].row);
	return true;
}

enum kw_top_action kw_top_key(struct kw_top *top, uint32_t key)
{
	struct top_page *page = top_page(top);

	if (key == CTRL_L)
		return KW_TOP_REPAINT;
	if (key == CTRL_Z)
		return KW_TOP_SUSPEND;
	if (top->typing)
		return type(top, key);
	if (top->asking)
		return ask(top, key);
	if (page->view->key && page->view->key(top, page, key))
		return KW_TOP_DRAW;
	if (page->view->panes && (pane_key(top, page, key) || list_key(top, page, key)))
		return KW_TOP_DRAW;
	return global_key(top, key);
}

/* ---- drawing ---- */

void kw_top_draw(struct kw_top *top, struct kw_canvas *canvas, uint64_t real_ns)
{
	struct top_area area = { 0, 0, canvas->width, canvas->height };
	struct top_page *page = top_page(top);
	struct top_area title = top_take(&area, 1);

	kw_canvas_clear(canvas);
	page->view->draw(top, page, canvas, area);
	top_draw_title(top, page, canvas, title, real_ns);
}
