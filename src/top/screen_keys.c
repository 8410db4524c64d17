// SPDX-License-Identifier: Apache-2.0
/*
 * screen_keys.c - see screen_keys.h.
 * May not know about: what keys do.
 * To extend: a key that ncurses knows is a line in functions[], a character in characters[].
 */
#define NCURSES_WIDECHAR 1
#include "screen_keys.h"

#include "../util/cleanup.h"
#include "top.h"

#include <curses.h>

struct pair {
	wint_t from;
	uint32_t to;
};

static const struct pair functions[] = {
	{ KEY_UP, KW_KEY_UP },	       { KEY_DOWN, KW_KEY_DOWN },
	{ KEY_LEFT, KW_KEY_LEFT },     { KEY_RIGHT, KW_KEY_RIGHT },
	{ KEY_PPAGE, KW_KEY_PAGE_UP }, { KEY_NPAGE, KW_KEY_PAGE_DOWN },
	{ KEY_HOME, KW_KEY_HOME },     { KEY_END, KW_KEY_END },
	{ KEY_ENTER, KW_KEY_ENTER },   { KEY_BACKSPACE, KW_KEY_BACKSPACE },
	{ KEY_BTAB, KW_KEY_BACKTAB },
};

static const struct pair characters[] = {
	{ '\r', KW_KEY_ENTER },	   { '\n', KW_KEY_ENTER },     { '\t', KW_KEY_TAB },
	{ '\033', KW_KEY_ESCAPE }, { '\b', KW_KEY_BACKSPACE }, { 0x7f, KW_KEY_BACKSPACE },
};

static const struct {
	const char *sent;
	int key;
} others[] = {
	{ "\033[A", KEY_UP },	  { "\033[B", KEY_DOWN },  { "\033[C", KEY_RIGHT },
	{ "\033[D", KEY_LEFT },	  { "\033[H", KEY_HOME },  { "\033[F", KEY_END },
	{ "\033[1~", KEY_HOME },  { "\033[4~", KEY_END },  { "\033[5~", KEY_PPAGE },
	{ "\033[6~", KEY_NPAGE }, { "\033OA", KEY_UP },	   { "\033OB", KEY_DOWN },
	{ "\033OC", KEY_RIGHT },  { "\033OD", KEY_LEFT },  { "\033OH", KEY_HOME },
	{ "\033OF", KEY_END },	  { "\033OM", KEY_ENTER }, { "\033[Z", KEY_BTAB },
};

void kw_screen_define_keys(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		define_key(others[i].sent, others[i].key);
}

static uint32_t find(const struct pair *pair, size_t n, wint_t from, uint32_t otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (pair[i].from == from)
			return pair[i].to;
	return otherwise;
}

bool kw_screen_next_key(uint32_t *ret)
{
	wint_t c;
	int kind = get_wch(&c);

	if (kind == ERR)
		return false;
	if (kind == KEY_CODE_YES)
		*ret = find(functions, ARRAY_SIZE(functions), c, 0);
	else
		*ret = find(characters, ARRAY_SIZE(characters), c, c);
	return true;
}
