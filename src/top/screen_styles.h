/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen_styles.h - what styles look like on a terminal, with and without colours.
 * May not know about: what they are used for.
 * To extend: a style is a line in the table in screen_styles.c.
 */
#ifndef KW_SCREEN_STYLES_H
#define KW_SCREEN_STYLES_H

#include "canvas.h"

#include <curses.h>

struct kw_look {
	attr_t attributes;
	short pair;
};

/* Fill look[KW_STYLES] for the open terminal; without color, or colours, there are only attributes.
 */
void kw_screen_looks(bool color, struct kw_look *look);

#endif
