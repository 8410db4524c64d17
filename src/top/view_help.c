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

static const char *const help[][2] = {
	{ "Up Down j k", "move; PgUp PgDn Home End g G: faster" },
	{ "Enter", "go into a VM, a vCPU, an exit reason" },
	{ "Esc Backspace", "no filter any more, else back" },
	{ "Tab Shift-Tab", "first page: the tables of the collectors; elsewhere: the panes" },
	{ "Left Right h l", "panes; in a wide table: other columns" },
	{ "/", "only VMs whose name, or rows whose text, contains what is typed" },
	{ "s > <", "sort by the next, the previous column" },
	{ "r", "reverse the order" },
	{ "c", "choose columns" },
	{ "p Space", "pause: the screen stays, counting goes on" },
	{ "+ -", "longer, shorter intervals: 0.1 to 60 seconds" },
	{ "Ctrl-L Ctrl-Z", "draw again; suspend" },
	{ "?", "this help" },
	{ "(no HLT)", "lists of slow exits leave out those of an idle vCPU" },
	{ "q", "quit; in this help and the choice of columns: back" },
};

static const char *const meaning[TIME_STATES] = {
	[TIME_UNKNOWN] = "on a CPU, not known yet for what",
	[TIME_GUEST] = "in guest mode",
	[TIME_NESTED] = "in a guest of the guest",
	[TIME_KERNEL] = "KVM handles an exit",
	[TIME_VMM] = "the VMM runs in user space",
	[TIME_POLL_HIT] = "halt-polling that ended with an event",
	[TIME_POLL_WASTED] = "halt-polling in vain: it slept after it",
	[TIME_HALTED] = "halted and asleep",
	[TIME_PREEMPTED] = "runnable, and another one runs",
	[TIME_WOKEN] = "woken, and not running yet",
	[TIME_THROTTLED] = "runnable, its cgroup's CPU limit is used up",
	[TIME_BLOCKED] = "asleep in KVM for a page or a lock",
	[TIME_IDLE] = "asleep outside KVM_RUN: the VMM does not run it",
	[TIME_STOPPED] = "stopped by a signal or a debugger",
};

#define LINES ((int)(ARRAY_SIZE(help) + 2 + TIME_STATES))

static void about(const struct kw_top *top, const struct top_page *page, char *dst, size_t size)
{
	(void)top, (void)page;
	snprintf(dst, size, "help");
}

static void draw_line(struct kw_canvas *canvas, struct top_area line, int i)
{
	int keys = ARRAY_SIZE(help);

	if (i < keys) {
		top_print(canvas, line, 1, KW_STYLE_KEY, "%s", help[i][0]);
		top_print(canvas, line, 17, KW_STYLE_PLAIN, "%s", help[i][1]);
	} else if (i == keys + 1) {
		top_print(canvas, line, 0, KW_STYLE_BOLD, "Where a vCPU's time goes:");
	} else if (i > keys + 1) {
		int state = top_states_order[i - keys - 2];

		top_print(canvas, line, 1, KW_STYLE_STATE + state, "%s",
			  top_state_character(canvas, state));
		top_print(canvas, line, 4, KW_STYLE_PLAIN, "%s", top_states[state].label);
		top_print(canvas, line, 17, KW_STYLE_PLAIN, "%s", meaning[state]);
	}
}

static void draw(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		 struct top_area area)
{
	static const char *const keys[] = { "Esc q", "back", "Up Down", "scroll", NULL };
	int most;

	if (area.height > 3)
		top_draw_hints(top, canvas, top_take_last(&area, 1), keys);
	most = LINES > area.height ? LINES - area.height : 0;
	page->scroll = page->scroll < most ? page->scroll : most;
	for (int i = page->scroll; i < LINES && area.height > 0; i++)
		draw_line(canvas, top_take(&area, 1), i);
}

static bool key(struct kw_top *top, struct top_page *page, uint32_t key)
{
	(void)top;
	if (key == KW_KEY_DOWN || key == 'j' || key == KW_KEY_PAGE_DOWN)
		page->scroll += key == KW_KEY_PAGE_DOWN ? 10 : 1;
	else if (key == KW_KEY_UP || key == 'k' || key == KW_KEY_PAGE_UP)
		page->scroll -= key == KW_KEY_PAGE_UP ? 10 : 1;
	else
		return false;
	page->scroll = page->scroll < 0 ? 0 : page->scroll < LINES ? page->scroll : LINES;
	return true;
}

const struct top_view top_view_help = { .about = about, .draw = draw, .key = key };
