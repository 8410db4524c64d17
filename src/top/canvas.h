/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canvas.h - a screen in memory: cells with a character and a style, which views are drawn on.
 * May not know about: terminals (screen.c shows it), figures, keys.
 * To extend: a style is a line in enum kw_style; what it looks like is screen.c's.
 */
#ifndef KW_CANVAS_H
#define KW_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KW_STYLE_PARTS 16

enum kw_style {
	KW_STYLE_PLAIN,
	KW_STYLE_DIM,	   /* units, hints, what is missing */
	KW_STYLE_BOLD,	   /* figures that matter */
	KW_STYLE_TITLE,	   /* first line */
	KW_STYLE_HEAD,	   /* heads of columns */
	KW_STYLE_SORTED,   /* head of the column that rows are sorted by */
	KW_STYLE_SELECTED, /* the pane that has the keys */
	KW_STYLE_WARN,	   /* losses, what is unavailable */
	KW_STYLE_KEY,	   /* a key, in help and in the last line */
	KW_STYLE_PART,	   /* + n: a part of a bar, each looks different */
	KW_STYLES = KW_STYLE_PART + KW_STYLE_PARTS,
};

struct kw_cell {
	char text[16]; /* a character and what combines with it; "": right half of a wide one */
	uint8_t style; /* enum kw_style */
	bool selected; /* drawn inverse, whatever its style */
};

struct kw_canvas {
	int width, height;
	bool utf8;	      /* else only ASCII may be drawn; views choose characters by it */
	struct kw_cell *cell; /* height * width */
};

/* Make it so large and all blank; what was on it is gone. 0 or -ENOMEM. */
int kw_canvas_resize(struct kw_canvas *canvas, int width, int height);
void kw_canvas_release(struct kw_canvas *canvas);

/* All blank. */
void kw_canvas_clear(struct kw_canvas *canvas);

/*
 * Write text at x, y, over at most width columns (less at the edge; a negative x is cut): text is
 * made printable (kw_printable), wide characters take two cells and are never halved, what does not
 * fit is cut, the last column then says '~'. Without UTF-8, what is not ASCII becomes '?'. Returns
 * the columns taken, from x on.
 */
int kw_canvas_text(struct kw_canvas *canvas, int x, int y, int width, enum kw_style style,
		   const char *text);

/* The same, aligned right within width. */
void kw_canvas_right(struct kw_canvas *canvas, int x, int y, int width, enum kw_style style,
		     const char *text);

/* Fill width cells with one character of one column. */
void kw_canvas_fill(struct kw_canvas *canvas, int x, int y, int width, enum kw_style style,
		    const char *character);

/* Mark width cells of a line as selected. */
void kw_canvas_select(struct kw_canvas *canvas, int x, int y, int width);

/* A line as text, without trailing blanks, for tests; *ret is to be freed. 0 or -ENOMEM. */
int kw_canvas_line(const struct kw_canvas *canvas, int y, char **ret);

#endif
