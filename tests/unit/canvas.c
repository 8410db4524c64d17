// SPDX-License-Identifier: Apache-2.0
/*
 * canvas.c - tests that what is drawn stays within its place, whole and harmless.
 * May not know about: terminals, views.
 * To extend: another way to draw gets a test for each edge, and for wide characters.
 */
#include "unit.h"

#include "top/canvas.h"

#define FULL KW_STYLE_PLAIN

static int open_canvas(void **state)
{
	struct kw_canvas *canvas = calloc(1, sizeof(*canvas));

	*state = canvas;
	canvas->utf8 = true;
	return kw_canvas_resize(canvas, 10, 3);
}

static int close_canvas(void **state)
{
	kw_canvas_release(*state);
	free(*state);
	return 0;
}

static void assert_line(const struct kw_canvas *canvas, int y, const char *expected)
{
	_cleanup_free_ char *line = NULL;

	assert_int_equal(kw_canvas_line(canvas, y, &line), 0);
	assert_string_equal(line, expected);
}

static void assert_blank(const struct kw_canvas *canvas)
{
	for (int y = 0; y < canvas->height; y++)
		assert_line(canvas, y, "");
}

static struct kw_cell *at(const struct kw_canvas *canvas, int x, int y)
{
	return &canvas->cell[y * canvas->width + x];
}

static void text_takes_its_columns(void **state)
{
	struct kw_canvas *c = *state;

	assert_int_equal(kw_canvas_text(c, 1, 1, 10, KW_STYLE_BOLD, "web1"), 4);
	assert_line(c, 0, "");
	assert_line(c, 1, " web1");
	assert_int_equal(at(c, 0, 1)->style, KW_STYLE_PLAIN);
	assert_int_equal(at(c, 1, 1)->style, KW_STYLE_BOLD);
	assert_int_equal(at(c, 5, 1)->style, KW_STYLE_PLAIN);
	assert_int_equal(kw_canvas_text(c, 0, 0, 10, FULL, ""), 0);
}

static void text_is_cut_and_says_so(void **state)
{
	struct kw_canvas *c = *state;

	assert_int_equal(kw_canvas_text(c, 0, 0, 4, FULL, "abcd"), 4);
	assert_line(c, 0, "abcd");
	assert_int_equal(kw_canvas_text(c, 0, 0, 4, FULL, "abcde"), 4);
	assert_line(c, 0, "abc~");
	assert_int_equal(kw_canvas_text(c, 0, 1, 1, FULL, "abc"), 1);
	assert_line(c, 1, "~");
	assert_int_equal(kw_canvas_text(c, 0, 2, 0, FULL, "abc"), 0);
	assert_int_equal(kw_canvas_text(c, 0, 2, -1, FULL, "abc"), 0);
	assert_line(c, 2, "");
}

static void edges_clip(void **state)
{
	struct kw_canvas *c = *state;

	assert_int_equal(kw_canvas_text(c, 7, 0, 50, FULL, "abcdef"), 3);
	assert_line(c, 0, "       ab~");
	assert_int_equal(kw_canvas_text(c, -2, 1, 50, FULL, "abcdef"), 6);
	assert_line(c, 1, "cdef");
	kw_canvas_clear(c);
	kw_canvas_text(c, 10, 0, 5, FULL, "abc");
	kw_canvas_text(c, -5, 0, 5, FULL, "abcde");
	kw_canvas_text(c, 0, -1, 5, FULL, "abc");
	kw_canvas_text(c, 0, 3, 5, FULL, "abc");
	kw_canvas_right(c, 0, 3, 5, FULL, "abc");
	kw_canvas_fill(c, 0, -1, 5, FULL, "-");
	kw_canvas_fill(c, 20, 0, 5, FULL, "-");
	kw_canvas_select(c, 0, -1, 10);
	kw_canvas_select(c, 0, 3, 10);
	kw_canvas_select(c, -3, 0, 3);
	kw_canvas_select(c, 10, 0, 3);
	assert_blank(c);
	kw_canvas_fill(c, -3, 2, 100, FULL, "-");
	assert_line(c, 2, "----------");
}

static void wide_characters_are_never_halved(void **state)
{
	struct kw_canvas *c = *state;

	assert_int_equal(kw_canvas_text(c, 0, 0, 10, FULL, "数据库"), 6);
	assert_string_equal(at(c, 0, 0)->text, "数");
	assert_string_equal(at(c, 1, 0)->text, "");
	assert_int_equal(kw_canvas_text(c, 0, 1, 5, FULL, "数据库"), 5);
	assert_line(c, 1, "数据~");
	kw_canvas_clear(c);
	assert_int_equal(kw_canvas_text(c, 0, 1, 4, FULL, "数据库"), 4); /* 据 would end at 4 */
	assert_line(c, 1, "数 ~");
	assert_int_equal(kw_canvas_text(c, 9, 2, 5, FULL, "数"), 1); /* the right edge */
	assert_line(c, 2, "         ~");
	kw_canvas_clear(c);
	assert_int_equal(kw_canvas_text(c, -1, 2, 9, FULL, "数据"), 4); /* the left edge */
	assert_line(c, 2, " 据");
}

static void overwriting_a_half_clears_the_other(void **state)
{
	struct kw_canvas *c = *state;

	kw_canvas_text(c, 0, 0, 10, FULL, "数据库");
	kw_canvas_text(c, 1, 0, 1, FULL, "x"); /* the right half */
	assert_line(c, 0, " x据库");
	kw_canvas_text(c, 4, 0, 1, FULL, "y"); /* the left half */
	assert_line(c, 0, " x据y");
	kw_canvas_text(c, 0, 1, 10, FULL, "数据");
	kw_canvas_text(c, 1, 1, 2, FULL, "库"); /* a right and a left half at once */
	assert_line(c, 1, " 库");
	kw_canvas_text(c, 0, 2, 10, FULL, "数据");
	kw_canvas_fill(c, 1, 2, 1, FULL, "-");
	assert_line(c, 2, " -据");
}

static void combining_characters_stay_with_theirs(void **state)
{
	struct kw_canvas *c = *state;
	char marks[256] = "a";

	assert_int_equal(kw_canvas_text(c, 0, 0, 10, FULL, "e\xcc\x81t"), 2);
	assert_string_equal(at(c, 0, 0)->text, "e\xcc\x81");
	assert_string_equal(at(c, 1, 0)->text, "t");
	assert_int_equal(kw_canvas_text(c, 0, 1, 2, FULL, "e\xcc\x81t\xcc\x82"), 2);
	assert_line(c, 1, "e\xcc\x81t\xcc\x82");
	assert_int_equal(kw_canvas_text(c, 5, 1, 5, FULL, "\xcc\x81x"),
			 1); /* none to combine with */
	assert_string_equal(at(c, 5, 1)->text, "x");
	for (int i = 0; i < 100; i++)
		strcat(marks, "\xcc\x81");
	assert_int_equal(kw_canvas_text(c, 0, 2, 9, FULL, marks), 1);
	assert_true(strlen(at(c, 0, 2)->text) < sizeof(at(c, 0, 2)->text));
	assert_string_equal(at(c, 1, 2)->text, " ");
}

static void joiners_are_left_out(void **state)
{
	struct kw_canvas *c = *state;

	assert_int_equal(kw_canvas_text(c, 0, 0, 10, FULL,
					"a\xe2\x80\x8d"
					"b\xef\xb8\x8f"),
			 2);
	assert_line(c, 0, "ab");
}

static void nothing_dangerous_is_drawn(void **state)
{
	struct kw_canvas *c = *state;

	assert_int_equal(kw_canvas_resize(c, 60, 3), 0);
	kw_canvas_text(c, 0, 0, 60, FULL, "a\033[31mb\n\r\x7f");
	assert_line(c, 0, "a\\x1b[31mb\\x0a\\x0d\\x7f");
	kw_canvas_text(c, 0, 1, 60, FULL, "\xc2\x9b \xe2\x80\xae \xff");
	assert_line(c, 1, "\\u{9b} \\u{202e} \\xff");
	kw_canvas_right(c, 0, 2, 8, FULL, "\033");
	assert_line(c, 2, "    \\x1b");
	kw_canvas_fill(c, 0, 2, 8, FULL, "\033");
	assert_line(c, 2, "\\\\\\\\\\\\\\\\"); /* eight of what an escape begins with */
}

static void ascii_where_there_is_nothing_else(void **state)
{
	struct kw_canvas *c = *state;

	c->utf8 = false;
	assert_int_equal(kw_canvas_text(c, 0, 0, 10, FULL,
					"数a\xc3\xa9"
					"e\xcc\x81"),
			 4);
	assert_line(c, 0, "?a?e");
	kw_canvas_right(c, 0, 1, 6, FULL, "数据");
	assert_line(c, 1, "    ??");
	kw_canvas_fill(c, 0, 2, 3, FULL, "█");
	assert_line(c, 2, "???");
}

static void right_is_right(void **state)
{
	struct kw_canvas *c = *state;

	kw_canvas_right(c, 1, 0, 5, KW_STYLE_DIM, "12");
	assert_line(c, 0, "    12");
	assert_int_equal(at(c, 4, 0)->style, KW_STYLE_DIM);
	assert_int_equal(at(c, 3, 0)->style, KW_STYLE_PLAIN);
	kw_canvas_right(c, 1, 1, 5, FULL, "123456");
	assert_line(c, 1, " 1234~");
	kw_canvas_right(c, 0, 2, 5, FULL, "数据");
	assert_line(c, 2, " 数据");
}

static void fill_fills(void **state)
{
	struct kw_canvas *c = *state;

	kw_canvas_fill(c, 2, 0, 3, KW_STYLE_PART + 1, "█");
	assert_line(c, 0, "  ███");
	assert_int_equal(at(c, 4, 0)->style, KW_STYLE_PART + 1);
	kw_canvas_fill(c, 0, 1, 3, FULL, "数"); /* not of one column */
	assert_line(c, 1, "???");
	kw_canvas_fill(c, 0, 2, 3, FULL, "");
	assert_line(c, 2, "???");
}

static void select_marks_a_line(void **state)
{
	struct kw_canvas *c = *state;

	kw_canvas_select(c, 0, 1, 10);
	for (int i = 0; i < 30; i++)
		assert_int_equal(c->cell[i].selected, i >= 10 && i < 20);
	kw_canvas_clear(c);
	kw_canvas_select(c, -2, 1, 5);
	kw_canvas_select(c, 8, 1, 5);
	for (int i = 0; i < 30; i++)
		assert_int_equal(c->cell[i].selected, (i >= 10 && i < 13) || (i >= 18 && i < 20));
	kw_canvas_clear(c);
	assert_false(at(c, 0, 1)->selected);
}

static void resize_blanks(void **state)
{
	struct kw_canvas *c = *state;

	kw_canvas_fill(c, 0, 0, 10, KW_STYLE_BOLD, "x");
	assert_int_equal(kw_canvas_resize(c, 250, 80), 0);
	assert_blank(c);
	assert_int_equal(kw_canvas_resize(c, 0, -1), 0);
	assert_int_equal(c->width, 1);
	assert_int_equal(c->height, 1);
	kw_canvas_text(c, 0, 0, 10, FULL, "abc");
	assert_line(c, 0, "~");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_canvas, close_canvas)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_takes_its_columns),
		TEST(text_is_cut_and_says_so),
		TEST(edges_clip),
		TEST(wide_characters_are_never_halved),
		TEST(overwriting_a_half_clears_the_other),
		TEST(combining_characters_stay_with_theirs),
		TEST(joiners_are_left_out),
		TEST(nothing_dangerous_is_drawn),
		TEST(ascii_where_there_is_nothing_else),
		TEST(right_is_right),
		TEST(fill_fills),
		TEST(select_marks_a_line),
		TEST(resize_blanks),
	};

	return kw_run_tests(tests);
}
