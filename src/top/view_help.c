// SPDX-License-Identifier: Apache-2.0
/*
 * view_help.c - the keys, and what the characters of a bar mean.
 * May not know about: terminals, collectors' structs.
 * To extend: a key is a line in help[].
 */
#include "view.h"

#include "../util/cleanup.h"
#include "states.h"

#include <stdio.h>
#include <string.h>

static const char *const help[][2] = {
	{ "Up Down j k", "move; PgUp PgDn Home End g G: faster" },
	{ "Enter", "go into a VM, a vCPU, an exit reason" },
	{ "Esc Backspace", "no filter any more, else back" },
	{ "Tab Shift-Tab", "first page: the tables of the collectors; elsewhere: the panes" },
	{ "Left Right h l", "panes; in a list with more columns than fit: other columns" },
	{ "/", "only VMs whose name, or rows whose text, contains what is typed" },
	{ "s > <", "sort by the next, the previous column" },
	{ "r", "reverse the order" },
	{ "c", "choose columns" },
	{ "p Space", "pause: the screen stays, counting goes on" },
	{ "[ ] t", "of a recording: one interval back, on; go to a time" },
	{ "+ -", "longer, shorter intervals: 0.1 to 60 seconds" },
	{ "Ctrl-L Ctrl-Z", "draw again; suspend" },
	{ "?", "this help" },
	{ "(no HLT)", "lists of slow exits leave out those of an idle vCPU" },
	{ "q", "quit; in this help and the choice of columns: back" },
};

static const char *const meaning[TOP_STATES] = {
	[TOP_STATE_UNKNOWN] = "on a CPU, not known yet for what",
	[TOP_STATE_GUEST] = "in guest mode",
	[TOP_STATE_NESTED] = "in a guest of the guest",
	[TOP_STATE_KERNEL] = "KVM handles an exit",
	[TOP_STATE_VMM] = "the VMM runs in user space",
	[TOP_STATE_POLL_HIT] = "halt-polling that ended with an event",
	[TOP_STATE_POLL_WASTED] = "halt-polling in vain: it slept after it",
	[TOP_STATE_HALTED] = "halted and asleep",
	[TOP_STATE_PREEMPTED] = "runnable, and another one runs",
	[TOP_STATE_WOKEN] = "woken, and not running yet",
	[TOP_STATE_THROTTLED] = "runnable, its cgroup's CPU limit is used up",
	[TOP_STATE_BLOCKED] = "asleep in KVM for a page or a lock",
	[TOP_STATE_IDLE] = "asleep outside KVM_RUN: the VMM does not run it",
	[TOP_STATE_STOPPED] = "stopped by a signal or a debugger",
};

/* What figures are of, in lines. */
static const char *const figures[] = {
	"CPU%: of a VM's vCPUs; THR%: of its other threads, the VMM's and vhost's.",
	"100: one CPU. VMs are sorted by both together, unless another order is chosen.",
	"Other shares are of the vCPUs' wall time; a VM's of who ran instead, too.",
	"UNACC%, a ? and a CPU% in warning style: time that no state explains.",
};

static void about(const struct kw_top *top, const struct top_page *page, char *dst, size_t size)
{
	(void)top, (void)page;
	snprintf(dst, size, "help");
}

/* Where the next line goes, if it is seen; counts all. */
struct pen {
	struct kw_canvas *canvas; /* NULL: only count */
	struct top_area area;
	int skip, lines;
};

static bool next_line(struct pen *pen, struct top_area *ret)
{
	pen->lines++;
	if (!pen->canvas || pen->lines <= pen->skip || pen->area.height <= 0)
		return false;
	*ret = top_take(&pen->area, 1);
	return true;
}

static void draw_text(struct pen *pen, int x, enum kw_style style, const char *text)
{
	struct top_area line;

	if (next_line(pen, &line))
		top_print(pen->canvas, line, x, style, "%s", text);
}

static void draw_keys(struct pen *pen)
{
	struct top_area line;

	for (size_t i = 0; i < ARRAY_SIZE(help); i++) {
		if (!next_line(pen, &line))
			continue;
		top_print(pen->canvas, line, 1, KW_STYLE_KEY, "%s", help[i][0]);
		top_print(pen->canvas, line, 17, KW_STYLE_PLAIN, "%s", help[i][1]);
	}
}

static void draw_states(struct pen *pen)
{
	struct top_area line;

	for (int i = 0; i < TOP_STATES; i++) {
		int state = top_states_order[i];

		if (!next_line(pen, &line))
			continue;
		top_print(pen->canvas, line, 1, top_states[state].style, "%s",
			  top_state_character(pen->canvas, state));
		top_print(pen->canvas, line, 4, KW_STYLE_PLAIN, "%s", top_states[state].label);
		top_print(pen->canvas, line, 17, KW_STYLE_PLAIN, "%s", meaning[state]);
	}
}

/* A text of any length, broken between words. */
static void draw_wrapped(struct pen *pen, int width, const char *text)
{
	while (*text) {
		int len = strlen(text), cut = len;
		char part[256];

		width = width < (int)sizeof(part) - 1 ? width : (int)sizeof(part) - 1;
		if (len > width) {
			for (cut = width; cut > 0 && text[cut] != ' ';)
				cut--;
			cut = cut ?: width;
		}
		snprintf(part, sizeof(part), "%.*s", cut, text);
		draw_text(pen, 1, KW_STYLE_WARN, part);
		text += cut;
		text += strspn(text, " ");
	}
}

/* Why tables show nothing, in full. */
static void draw_unavailable(const struct kw_top *top, struct pen *pen, int width)
{
	const struct top_moment *m = top->model.shown;
	const char *last = NULL;

	for (size_t i = 0; m && i < m->n_frames; i++) {
		const char *why = m->frame[i].unavailable;
		char text[600];

		if (why && why != last) {
			snprintf(text, sizeof(text), "%s: unavailable: %s",
				 m->frame[i].schema->name, why);
			draw_text(pen, 0, KW_STYLE_PLAIN, "");
			draw_wrapped(pen, width > 20 ? width - 2 : 18, text);
		}
		last = why;
	}
}

static void draw_all(const struct kw_top *top, struct pen *pen, int width)
{
	draw_keys(pen);
	draw_unavailable(top, pen, width);
	draw_text(pen, 0, KW_STYLE_PLAIN, "");
	draw_text(pen, 0, KW_STYLE_BOLD, "Where a vCPU's time goes:");
	draw_states(pen);
	draw_text(pen, 0, KW_STYLE_PLAIN, "");
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		draw_text(pen, 1, KW_STYLE_PLAIN, figures[i]);
}

static void draw(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		 struct top_area area)
{
	static const char *const keys[] = { "Esc q", "back", "Up Down", "scroll", NULL };
	struct pen pen = {};
	int most;

	if (area.height > 3)
		top_draw_hints(top, canvas, top_take_last(&area, 1), keys);
	draw_all(top, &pen, area.width);
	most = pen.lines > area.height ? pen.lines - area.height : 0;
	page->scroll = page->scroll < most ? page->scroll : most;
	pen = (struct pen){ canvas, area, page->scroll, 0 };
	draw_all(top, &pen, area.width);
}

/* Drawing does not scroll farther than there is something to see. */
static bool key(struct kw_top *top, struct top_page *page, uint32_t key)
{
	(void)top;
	if (key == KW_KEY_DOWN || key == 'j' || key == KW_KEY_PAGE_DOWN)
		page->scroll += key == KW_KEY_PAGE_DOWN ? 10 : 1;
	else if (key == KW_KEY_UP || key == 'k' || key == KW_KEY_PAGE_UP)
		page->scroll -= key == KW_KEY_PAGE_UP ? 10 : 1;
	else if (key == KW_KEY_HOME || key == 'g')
		page->scroll = 0;
	else
		return false;
	page->scroll = page->scroll < 0 ? 0 : page->scroll < 1000 ? page->scroll : 1000;
	return true;
}

const struct top_view top_view_help = { .about = about, .draw = draw, .key = key };
