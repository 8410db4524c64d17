/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.h - the terminal: shows a canvas, reads keys, and gives the terminal back as it was,
 * however the process ends. Messages wait until then.
 * May not know about: views, figures, sources.
 * To extend: what a style looks like is a line in screen_styles.c, a key one in screen_keys.c.
 */
#ifndef KW_SCREEN_H
#define KW_SCREEN_H

#include "canvas.h"

struct kw_screen;

/* What the terminal has to say. */
enum kw_screen_event {
	KW_SCREEN_NOTHING, /* no more for now */
	KW_SCREEN_KEY, /* a character, enum kw_top_key, or 0; what stops the process is Ctrl-Z */
	KW_SCREEN_RESIZED, /* or it takes again what is shown */
	KW_SCREEN_LOST,	   /* it is gone */
};

/* Can a screen be shown here at all? If not, *ret_why says why. */
bool kw_screen_possible(const char **ret_why);

/* Take the terminal; there is one screen in a process. 0 or -errno (message printed). */
int kw_screen_open(bool color, struct kw_screen **ret);
/* Give it back. NULL is fine. */
void kw_screen_close(struct kw_screen *screen);

/* Can be read when the terminal has something to say, until it is read that there is nothing. */
int kw_screen_fd(const struct kw_screen *screen);
enum kw_screen_event kw_screen_read(struct kw_screen *screen, uint32_t *ret_key);

/* Make a canvas as large as the terminal, of the characters that it has. 0 or -ENOMEM. */
int kw_screen_fit(const struct kw_screen *screen, struct kw_canvas *canvas);
/*
 * Show it; only what differs from what is shown is sent. It must still fit. If the terminal takes
 * nothing, it will say later that there is something to show.
 */
void kw_screen_show(struct kw_screen *screen, const struct kw_canvas *canvas);
/* What the terminal shows is not known any more: the next time all is sent. */
void kw_screen_repaint(struct kw_screen *screen);
/* Give the terminal back and stop, as Ctrl-Z means; returns when the process goes on. */
void kw_screen_suspend(struct kw_screen *screen);

#endif
