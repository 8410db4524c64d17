// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - see text.h.
 * May not know about: sinks, VMs.
 * To extend: add ranges to must_escape(); how wide what is, is in text_widths.h.
 */
#define _GNU_SOURCE
#include "text.h"

#include "cleanup.h"
#include "text_widths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decode one character; returns its length, or 0 if the bytes are no valid UTF-8 (RFC 3629). */
static int decode(const unsigned char *s, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int len = s[0] < 0x80		  ? 1
		  : (s[0] & 0xe0) == 0xc0 ? 2
		  : (s[0] & 0xf0) == 0xe0 ? 3
		  : (s[0] & 0xf8) == 0xf0 ? 4
					  : 0;
	uint32_t c;

	if (!len)
		return 0;
	c = len == 1 ? s[0] : s[0] & (0xff >> (len + 1));
	for (int i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return len;
}

static bool must_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||	   /* C0, DEL, C1 */
	       c == 0x61c || c == 0x200e || c == 0x200f || /* direction marks */
	       (c >= 0x2028 && c <= 0x202e) ||		   /* separators, embeddings, overrides */
	       (c >= 0x2066 && c <= 0x2069) ||		   /* isolates */
	       c == 0xfeff;				   /* byte order mark */
}

static bool is_in(const struct kw_range *range, size_t n, uint32_t c)
{
	while (n) {
		const struct kw_range *middle = range + n / 2;

		if (c >= middle->first && c <= middle->last)
			return true;
		if (c > middle->last)
			range = middle + 1;
		n = c > middle->last ? n - n / 2 - 1 : n / 2;
	}
	return false;
}

static int width_of(uint32_t c)
{
	if (c < no_column[0].first)
		return 1;
	if (is_in(no_column, ARRAY_SIZE(no_column), c))
		return 0;
	return 1 + is_in(two_columns, ARRAY_SIZE(two_columns), c);
}

static char *copy(const char *text, char *dst, size_t size, bool escape)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0;

	while (*s) {
		char piece[16];
		uint32_t c;
		int len = decode(s, &c), n;

		if (!len)
			n = snprintf(piece, sizeof(piece), escape ? "\\x%02x" : "\xef\xbf\xbd", *s);
		else if (escape && must_escape(c))
			n = snprintf(piece, sizeof(piece), c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
		else if (escape && c == '\\')
			n = snprintf(piece, sizeof(piece), "\\\\");
		else
			n = snprintf(piece, sizeof(piece), "%.*s", len, (const char *)s);
		if (used + n + 1 > size)
			break;
		memcpy(dst + used, piece, n);
		used += n;
		s += len ? len : 1;
	}
	dst[used] = 0;
	return dst;
}

char *kw_printable(const char *text, char *dst, size_t size)
{
	return copy(text, dst, size, true);
}

char *kw_valid_utf8(const char *text, char *dst, size_t size)
{
	return copy(text, dst, size, false);
}

int kw_text_next(const char *s, int *ret_width)
{
	uint32_t c;
	int len = decode((const unsigned char *)s, &c);

	*ret_width = len ? width_of(c) : 1;
	return len ? len : 1;
}

int kw_text_width(const char *text)
{
	int width = 0, w;

	while (*text) {
		text += kw_text_next(text, &w);
		width += w;
	}
	return width;
}

void kw_text_cut(char *text, int width)
{
	int used = 0, w;
	char *s = text;

	if (kw_text_width(text) <= width)
		return;
	while (*s) {
		int len = kw_text_next(s, &w);

		if (used + w > width - 1)
			break;
		used += w;
		s += len;
	}
	strcpy(s, width > 0 ? "~" : "");
}

bool kw_parse_u64(const char *text, uint64_t *ret)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, text[1] == 'x' || text[1] == 'X' ? 16 : 10);
	if (errno || *end)
		return false;
	*ret = n;
	return true;
}
