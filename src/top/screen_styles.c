// SPDX-License-Identifier: Apache-2.0
/*
 * screen_styles.c - see screen_styles.h.
 * May not know about: what styles are used for.
 * To extend: a line in the table; the background is always the terminal's own, so that a colour
 * must be readable on black and on white.
 */
#define NCURSES_WIDECHAR 1
#include "screen_styles.h"

#define PART(n) [KW_STYLE_PART + (n)]
#define OWN	(-1) /* the terminal's own foreground */

static const struct {
	attr_t plain;  /* without colours */
	attr_t bright; /* with colours */
	short of_8, of_256;
} styles[KW_STYLES] = {
	[KW_STYLE_PLAIN] = { A_NORMAL, A_NORMAL, OWN, OWN },
	[KW_STYLE_DIM] = { A_DIM, A_DIM, OWN, OWN },
	[KW_STYLE_BOLD] = { A_BOLD, A_BOLD, OWN, OWN },
	[KW_STYLE_TITLE] = { A_BOLD, A_BOLD, OWN, OWN },
	[KW_STYLE_HEAD] = { A_UNDERLINE, A_UNDERLINE, OWN, OWN },
	[KW_STYLE_SORTED] = { A_BOLD | A_REVERSE, A_BOLD | A_REVERSE, OWN, OWN },
	[KW_STYLE_SELECTED] = { A_REVERSE, A_REVERSE, OWN, OWN },
	[KW_STYLE_WARN] = { A_BOLD | A_UNDERLINE, A_BOLD, COLOR_RED, 160 },
	[KW_STYLE_KEY] = { A_BOLD, A_BOLD, COLOR_CYAN, 31 },
	PART(0) = { A_NORMAL, A_NORMAL, OWN, OWN },
	PART(1) = { A_BOLD, A_NORMAL, COLOR_GREEN, 34 },
	PART(2) = { A_BOLD | A_UNDERLINE, A_BOLD, COLOR_GREEN, 37 },
	PART(3) = { A_REVERSE, A_NORMAL, COLOR_RED, 160 },
	PART(4) = { A_REVERSE | A_UNDERLINE, A_NORMAL, COLOR_YELLOW, 172 },
	PART(5) = { A_UNDERLINE, A_NORMAL, COLOR_CYAN, 32 },
	PART(6) = { A_UNDERLINE, A_BOLD, COLOR_CYAN, 25 },
	PART(7) = { A_DIM, A_DIM, OWN, 246 },
	PART(8) = { A_BOLD | A_REVERSE, A_NORMAL, COLOR_MAGENTA, 163 },
	PART(9) = { A_BOLD | A_REVERSE, A_BOLD, COLOR_MAGENTA, 133 },
	PART(10) = { A_BOLD | A_REVERSE, A_BOLD, COLOR_RED, 125 },
	PART(11) = { A_REVERSE | A_DIM, A_NORMAL, COLOR_BLUE, 68 },
	PART(12) = { A_DIM, A_DIM, OWN, 242 },
	PART(13) = { A_DIM | A_UNDERLINE, A_DIM | A_UNDERLINE, OWN, 103 },
};

void kw_screen_looks(bool color, struct kw_look *look)
{
	color = color && has_colors() && start_color() == OK && COLORS >= 8;
	color = color && use_default_colors() == OK && COLOR_PAIRS > KW_STYLES;
	for (int i = 0; i < KW_STYLES; i++) {
		short foreground = COLORS >= 256 ? styles[i].of_256 : styles[i].of_8;

		look[i] = (struct kw_look){ .attributes = styles[i].plain };
		if (!color)
			continue;
		look[i].attributes = styles[i].bright;
		/* 256 colours tell apart what 8 need brightness for; that may be another colour */
		if (COLORS >= 256 && i >= KW_STYLE_PART)
			look[i].attributes &= ~(A_BOLD | A_DIM);
		if (foreground == OWN)
			continue;
		init_pair(i + 1, foreground, -1);
		look[i].pair = i + 1;
	}
}
