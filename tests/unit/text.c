// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - tests that text from outside becomes safe, how wide it is, and how it is cut.
 * May not know about: sinks, VMs.
 * To extend: another dangerous character is a line in printable_examples().
 */
#include "unit.h"

#include "safe.h"
#include "util/text.h"

static void assert_printable(const char *text, const char *expected)
{
	char safe[256];

	assert_string_equal(kw_printable(text, safe, sizeof(safe)), expected);
}

static void printable_leaves_text_alone(void **state)
{
	(void)state;
	assert_printable("", "");
	assert_printable("web1 \"x\", ~!", "web1 \"x\", ~!");
	assert_printable("数据库-主机", "数据库-主机");
	assert_printable("e\xcc\x81t\xc3\xa9", "e\xcc\x81t\xc3\xa9");
	assert_printable("\xf0\x9f\x9a\x80", "\xf0\x9f\x9a\x80");
	assert_printable("\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd"); /* U+10FFFD */
	assert_printable("\xc2\xa0", "\xc2\xa0");		  /* the first after C1 */
}

static void printable_escapes_controls(void **state)
{
	(void)state;
	assert_printable("a\033[31mb", "a\\x1b[31mb");
	assert_printable("\t\n\r\a\b", "\\x09\\x0a\\x0d\\x07\\x08");
	assert_printable("\x01\x1f\x7f", "\\x01\\x1f\\x7f");
	assert_printable("\xc2\x9b"
			 "31m",
			 "\\u{9b}31m"); /* CSI as U+009B */
	assert_printable("\x9b"
			 "31m",
			 "\\x9b31m"); /* and as a byte */
	assert_printable("\xc2\x80\xc2\x9f", "\\u{80}\\u{9f}");
}

static void printable_escapes_directions(void **state)
{
	(void)state;
	assert_printable("\xe2\x80\xae"
			 "abc",
			 "\\u{202e}abc");
	assert_printable("\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad",
			 "\\u{202a}\\u{202b}\\u{202c}\\u{202d}");
	assert_printable("\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}");
	assert_printable("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u{200e}\\u{200f}\\u{61c}");
	assert_printable("\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}");
	assert_printable("\xef\xbb\xbf", "\\u{feff}");
	assert_printable("\xe2\x80\xa7\xe2\x80\xaf", "\xe2\x80\xa7\xe2\x80\xaf"); /* neighbours */
}

static void printable_is_unambiguous(void **state)
{
	(void)state;
	assert_printable("\\", "\\\\");
	assert_printable("\\x1b", "\\\\x1b");
	assert_printable("\x1b", "\\x1b");
	assert_printable("\\u{9b}", "\\\\u{9b}");
}

static void printable_escapes_bad_utf8(void **state)
{
	(void)state;
	assert_printable("a\xe4\xb8", "a\\xe4\\xb8");	     /* truncated */
	assert_printable("\xe4\xb8z", "\\xe4\\xb8z");	     /* interrupted */
	assert_printable("\xf0\x9f\x9a", "\\xf0\\x9f\\x9a"); /* truncated, four bytes */
	assert_printable("\xc3", "\\xc3");
	assert_printable("\x80", "\\x80");
	assert_printable("\xff\xfe", "\\xff\\xfe");
	assert_printable("\xc0\xaf", "\\xc0\\xaf"); /* overlong slash */
	assert_printable("\xc1\xbf", "\\xc1\\xbf");
	assert_printable("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
	assert_printable("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
	assert_printable("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* surrogates */
	assert_printable("\xed\xbf\xbf", "\\xed\\xbf\\xbf");
	assert_printable("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
	assert_printable("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
}

static void printable_cuts_at_characters(void **state)
{
	static const char text[] = "a数\033\xff\\b";
	static const char whole[] = "a数\\x1b\\xff\\\\b";
	static const size_t ends[] = { 0, 1, 4, 8, 12, 14, 15 }; /* where characters end */
	size_t k = 0;

	(void)state;
	for (size_t size = 1; size <= sizeof(whole); size++) {
		char safe[32];

		memset(safe, 'X', sizeof(safe));
		while (k + 1 < ARRAY_SIZE(ends) && ends[k + 1] < size)
			k++;
		kw_printable(text, safe, size);
		assert_int_equal(strlen(safe), ends[k]);
		assert_memory_equal(safe, whole, ends[k]);
		assert_int_equal(safe[size], 'X');
	}
}

static void valid_utf8(void **state)
{
	char valid[64];

	(void)state;
	assert_string_equal(kw_valid_utf8("a\033\\\xc2\x9b数", valid, sizeof(valid)),
			    "a\033\\\xc2\x9b数");
	assert_string_equal(kw_valid_utf8("a\xff"
					  "b",
					  valid, sizeof(valid)),
			    "a\xef\xbf\xbd"
			    "b");
	assert_string_equal(kw_valid_utf8("\xe4\xb8", valid, sizeof(valid)),
			    "\xef\xbf\xbd\xef\xbf\xbd");
	assert_string_equal(kw_valid_utf8("\xed\xa0\x80", valid, sizeof(valid)),
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_string_equal(kw_valid_utf8("数据", valid, 4), "数");
	assert_string_equal(kw_valid_utf8("数据", valid, 6), "数");
	assert_string_equal(kw_valid_utf8("数据", valid, 7), "数据");
}

/* Whatever comes in, what goes out is valid and acts on no terminal. */
static void anything_becomes_safe(void **state)
{
	struct kw_random random = { 0x853c49e6748fea9bULL };

	(void)state;
	for (int i = 0; i < 50000; i++) {
		char text[24], safe[256], valid[256];
		size_t len = kw_random_next(&random) % (sizeof(text) - 1);

		for (size_t k = 0; k < len; k++) {
			uint64_t bits = kw_random_next(&random);

			text[k] = bits & 1 ? 0x80 | (bits >> 8 & 0x7f) : (bits >> 8) % 255 + 1;
		}
		text[len] = 0;
		kw_printable(text, safe, sizeof(safe));
		kw_assert_safe(safe, strlen(safe), "");
		kw_valid_utf8(text, valid, sizeof(valid));
		assert_string_equal(kw_valid_utf8(valid, safe, sizeof(safe)), valid);
	}
}

static void widths(void **state)
{
	(void)state;
	assert_int_equal(kw_text_width(""), 0);
	assert_int_equal(kw_text_width("web1"), 4);
	assert_int_equal(kw_text_width("数据库-主机"), 11);
	assert_int_equal(kw_text_width("é"), 1);
	assert_int_equal(kw_text_width("e\xcc\x81"), 1); /* e and a combining accent */
	assert_int_equal(kw_text_width("한국어"), 6);
	assert_int_equal(kw_text_width("カタカナ"), 8);
	assert_int_equal(kw_text_width("ｗｅｂ"), 6); /* full-width */
	assert_int_equal(kw_text_width("ｶﾀ"), 2);     /* half-width */
	assert_int_equal(kw_text_width("…µ·"), 3);
	assert_int_equal(kw_text_width("\xf0\x9f\x98\x80"), 2); /* U+1F600 */
	assert_int_equal(kw_text_width("\xf0\x9f\x9a\x80"), 2); /* U+1F680 */
	assert_int_equal(kw_text_width("a\xff"
				       "b"),
			 3);
	assert_int_equal(kw_text_width("a\xe2\x80\x8d"
				       "b"),
			 2); /* zero-width joiner */
}

/* Marks stand on the letter before; their names are what terminals differ about most. */
static void widths_of_other_scripts(void **state)
{
	(void)state;
	assert_int_equal(kw_text_width("ที่นี่"), 2);    /* Thai: vowels and tones above */
	assert_int_equal(kw_text_width("ຕູ້"), 1);     /* Lao */
	assert_int_equal(kw_text_width("हिन्दी"), 5); /* Devanagari: only virama is above */
	assert_int_equal(kw_text_width("कुं"), 1);
	assert_int_equal(kw_text_width("বাংলা"), 5); /* Bengali: marks that take a column */
	assert_int_equal(kw_text_width("ਪੰਜਾਬੀ"), 5); /* Gurmukhi */
	assert_int_equal(kw_text_width("ગુ"), 1);     /* Gujarati */
	assert_int_equal(kw_text_width("மீ"), 1);     /* Tamil */
	assert_int_equal(kw_text_width("తె"), 1);     /* Telugu */
	assert_int_equal(kw_text_width("ಕಿ"), 1);     /* Kannada */
	assert_int_equal(kw_text_width("ക്"), 1);     /* Malayalam */
	assert_int_equal(kw_text_width("සි"), 1);     /* Sinhala */
	assert_int_equal(kw_text_width("မြ"), 2);    /* Myanmar */
	assert_int_equal(kw_text_width("កុ"), 1);     /* Khmer */
	assert_int_equal(kw_text_width("שָׁ"), 1);     /* Hebrew points */
	assert_int_equal(kw_text_width("بَّ"), 1);     /* Arabic */
	assert_int_equal(kw_text_width("й"), 1);     /* Cyrillic, composed */
	assert_int_equal(kw_text_width("\u1112\u1161\u11ab"), 2); /* one syllable of Jamo */
}

static void widths_of_symbols(void **state)
{
	(void)state;
	assert_int_equal(kw_text_width("\u231a\u23f0\u26a1\u2728\u274c\u2b50"), 12);
	assert_int_equal(kw_text_width("\u2600\u2602\u2714\u2194"), 4); /* as text */
	assert_int_equal(kw_text_width("\U0001fae0\U0001fac3\U0001faf6\U0001f9ff"), 8);
	assert_int_equal(kw_text_width("\U0001f7e2\U0001f6dd\U0001f004\U0001f18e"), 8);
	assert_int_equal(kw_text_width("\U0001f5a5\U0001f321"),
			 2); /* without a picture of theirs */
	assert_int_equal(kw_text_width("\u2764\ufe0f"), 1);
	assert_int_equal(kw_text_width("\u00a0\u00ad\u00b7\u02ff"), 4); /* before all ranges */
	assert_int_equal(kw_text_width("\u0300\U000e01ef"), 0);		/* the first, the last */
	assert_int_equal(kw_text_width("\U0003fffd\U00040000\U0010fffd"), 4);
}

static void assert_cut(const char *text, int width, const char *expected)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%s", text);
	kw_text_cut(buf, width);
	assert_string_equal(buf, expected);
	assert_true(kw_text_width(buf) <= width);
}

static void cuts(void **state)
{
	(void)state;
	assert_cut("web1", 4, "web1");
	assert_cut("web1", 5, "web1");
	assert_cut("web1", 3, "we~");
	assert_cut("web1", 1, "~");
	assert_cut("web1", 0, "");
	assert_cut("", 0, "");
	assert_cut("数据库", 6, "数据库");
	assert_cut("数据库", 5, "数据~");
	assert_cut("数据库", 4, "数~"); /* half a character is none */
	assert_cut("数据库", 2, "~");
	assert_cut("e\xcc\x81"
		   "e\xcc\x81"
		   "e\xcc\x81",
		   2, "e\xcc\x81~");
	assert_cut("数", 1, "~");
}

static void assert_u64(const char *text, bool good, uint64_t expected)
{
	uint64_t n = 4711;

	if (kw_parse_u64(text, &n) != good)
		fail_msg("'%s' is %s a number", text, good ? "not" : "");
	assert_int_equal(n, good ? expected : 4711);
}

static void parses_numbers(void **state)
{
	(void)state;
	assert_u64("0", true, 0);
	assert_u64("4294967296", true, 4294967296);
	assert_u64("18446744073709551615", true, UINT64_MAX);
	assert_u64("0x1F", true, 31);
	assert_u64("0Xff", true, 255);
	assert_u64("0xffffffffffffffff", true, UINT64_MAX);
	assert_u64("007", true, 7); /* not octal */
	assert_u64("010", true, 10);
}

static void refuses_what_is_no_number(void **state)
{
	static const char *const bad[] = { "",
					   "-1",
					   "+1",
					   "0x",
					   "0xg",
					   "1x",
					   " 1",
					   "1 ",
					   "a",
					   "1.0",
					   "x1",
					   "0x1 ",
					   "--1",
					   "1e3",
					   "18446744073709551616",
					   "0x0x1",
					   "0x-1",
					   "0x 1",
					   "0x10000000000000000" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_u64(bad[i], false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_leaves_text_alone),
		cmocka_unit_test(printable_escapes_controls),
		cmocka_unit_test(printable_escapes_directions),
		cmocka_unit_test(printable_is_unambiguous),
		cmocka_unit_test(printable_escapes_bad_utf8),
		cmocka_unit_test(printable_cuts_at_characters),
		cmocka_unit_test(valid_utf8),
		cmocka_unit_test(anything_becomes_safe),
		cmocka_unit_test(widths),
		cmocka_unit_test(widths_of_other_scripts),
		cmocka_unit_test(widths_of_symbols),
		cmocka_unit_test(cuts),
		cmocka_unit_test(parses_numbers),
		cmocka_unit_test(refuses_what_is_no_number),
	};

	return kw_run_tests(tests);
}
