// SPDX-License-Identifier: Apache-2.0
/*
 * canvas.c - see canvas.h.
 * May not know about: terminals, figures, keys.
 * To extend: everything is written through put(), which keeps wide characters whole.
 */
#include "canvas.h"

#include "../util/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096 /* bytes of a text that are looked at; no screen is that wide */

static struct kw_cell *cell_at(const struct kw_canvas *canvas, int x, int y)
{
	if (x < 0 || x >= canvas->width || y < 0 || y >= canvas->height)
		return NULL;
	return &canvas->cell[(size_t)y * canvas->width + x];
}

static void blank(struct kw_cell *cell)
{
	strcpy(cell->text, " ");
}

void kw_canvas_clear(struct kw_canvas *canvas)
{
	for (size_t i = 0; i < (size_t)canvas->width * canvas->height; i++)
		canvas->cell[i] = (struct kw_cell){ .text = " " };
}

int kw_canvas_resize(struct kw_canvas *canvas, int width, int height)
{
	struct kw_cell *cell;

	width = width > 0 ? width : 1;
	height = height > 0 ? height : 1;
	cell = reallocarray(canvas->cell, (size_t)width * height, sizeof(*cell));
	if (!cell)
		return -ENOMEM;
	canvas->cell = cell;
	canvas->width = width;
	canvas->height = height;
	kw_canvas_clear(canvas);
	return 0;
}

void kw_canvas_release(struct kw_canvas *canvas)
{
	free(canvas->cell);
	*canvas = (struct kw_canvas){ .utf8 = canvas->utf8 };
}

/* The other half of a wide character that loses one here is no character: blank. */
static void free_halves(struct kw_canvas *canvas, int x, int y)
{
	struct kw_cell *cell = cell_at(canvas, x, y), *right = cell_at(canvas, x + 1, y);

	if (!*cell->text)
		blank(cell_at(canvas, x - 1, y));
	if (right && !*right->text)
		blank(right);
}

/* Write one character of 1 or 2 columns; one that is not wholly on the canvas becomes blanks. */
static void put(struct kw_canvas *canvas, int x, int y, int width, enum kw_style style,
		const char *character, int len)
{
	bool whole = cell_at(canvas, x, y) && cell_at(canvas, x + width - 1, y);

	for (int i = 0; i < width; i++) {
		struct kw_cell *cell = cell_at(canvas, x + i, y);

		if (!cell)
			continue;
		free_halves(canvas, x + i, y);
		blank(cell);
		cell->style = style;
	}
	if (!whole)
		return;
	memcpy(cell_at(canvas, x, y)->text, character, len);
	cell_at(canvas, x, y)->text[len] = 0;
	if (width == 2)
		*cell_at(canvas, x + 1, y)->text = 0;
}

/*
 * Joiners and variation selectors make one wide picture of several characters on some terminals
 * and not on others: without them the width is the same everywhere.
 */
static bool changes_width(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	return (u[0] == 0xe2 && u[1] == 0x80 && u[2] >= 0x8b && u[2] <= 0x8d) ||
	       (u[0] == 0xef && u[1] == 0xb8 && u[2] >= 0x80 && u[2] <= 0x8f);
}

/* What combines with the character at x goes into its cell, as long as there is room. */
static void combine(struct kw_canvas *canvas, int x, int y, const char *mark, int len)
{
	struct kw_cell *cell = cell_at(canvas, x, y);
	size_t used;

	if (!cell || changes_width(mark))
		return;
	used = strlen(cell->text);
	if (used + len < sizeof(cell->text)) {
		memcpy(cell->text + used, mark, len);
		cell->text[used + len] = 0;
	}
}

/* Make text fit to be shown at all: printable, and in ASCII where there is nothing else. */
static void prepare(const struct kw_canvas *canvas, const char *text, char *safe, size_t size)
{
	char *out = safe;
	int width;

	kw_printable(text, safe, size);
	for (const char *s = safe; *s && !canvas->utf8;) {
		int len = kw_text_next(s, &width);

		if (len == 1)
			*out++ = *s;
		else if (width)
			*out++ = '?';
		s += len;
	}
	if (!canvas->utf8)
		*out = 0;
}

/* Write a prepared text. */
static int draw(struct kw_canvas *canvas, int x, int y, int width, enum kw_style style,
		const char *text)
{
	int used = 0, last = x, w, room, len;
	bool cut;

	width = width < canvas->width - x ? width : canvas->width - x;
	if (width <= 0)
		return 0;
	cut = kw_text_width(text) > width;
	room = width - cut;
	for (; *text; text += len) {
		len = kw_text_next(text, &w);
		if (!w && used)
			combine(canvas, last, y, text, len);
		if (used + w > room)
			break;
		if (!w)
			continue;
		last = x + used;
		put(canvas, last, y, w, style, text, len);
		used += w;
	}
	for (; cut && used < room; used++)
		put(canvas, x + used, y, 1, style, " ", 1);
	if (cut)
		put(canvas, x + used++, y, 1, style, "~", 1);
	return used;
}

int kw_canvas_text(struct kw_canvas *canvas, int x, int y, int width, enum kw_style style,
		   const char *text)
{
	char safe[TEXT_MAX];

	prepare(canvas, text, safe, sizeof(safe));
	return draw(canvas, x, y, width, style, safe);
}

void kw_canvas_right(struct kw_canvas *canvas, int x, int y, int width, enum kw_style style,
		     const char *text)
{
	char safe[TEXT_MAX];
	int free_columns;

	prepare(canvas, text, safe, sizeof(safe));
	free_columns = width - kw_text_width(safe);
	free_columns = free_columns > 0 ? free_columns : 0;
	draw(canvas, x + free_columns, y, width - free_columns, style, safe);
}

void kw_canvas_fill(struct kw_canvas *canvas, int x, int y, int width, enum kw_style style,
		    const char *character)
{
	char safe[TEXT_MAX];
	int w, len;

	prepare(canvas, character, safe, sizeof(safe));
	len = kw_text_next(safe, &w);
	if (w != 1 || !*safe)
		len = strlen(strcpy(safe, "?"));
	for (int i = 0; i < width; i++)
		put(canvas, x + i, y, 1, style, safe, len);
}

void kw_canvas_select(struct kw_canvas *canvas, int x, int y, int width)
{
	for (int i = x < 0 ? 0 : x; i < x + width && cell_at(canvas, i, y); i++)
		cell_at(canvas, i, y)->selected = true;
}

int kw_canvas_line(const struct kw_canvas *canvas, int y, char **ret)
{
	size_t size = canvas->width * sizeof(canvas->cell->text) + 1;
	char *line = malloc(size), *end = line;

	if (!line)
		return -ENOMEM;
	for (int x = 0; x < canvas->width && cell_at(canvas, x, y); x++)
		end = stpcpy(end, cell_at(canvas, x, y)->text);
	while (end > line && end[-1] == ' ')
		end--;
	*end = 0;
	*ret = line;
	return 0;
}
