// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - see text.h.
 * May not know about: sinks, VMs.
 * To extend: add ranges to must_escape() or is_wide().
 */
#define _GNU_SOURCE
#include "text.h"

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

static bool is_wide(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0x303e) ||
	       (c >= 0x3041 && c <= 0xa4cf) || (c >= 0xa960 && c <= 0xa97c) ||
	       (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
	       (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	       (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) ||
	       (c >= 0x1f680 && c <= 0x1f6ff) || (c >= 0x1f900 && c <= 0x1f9ff) ||
	       (c >= 0x20000 && c <= 0x3fffd);
}

static bool is_combining(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) ||
	       (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe00 && c <= 0xfe0f) ||
	       (c >= 0xfe20 && c <= 0xfe2f) || c == 0x200b || c == 0x200c || c == 0x200d;
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

	*ret_width = !len ? 1 : is_combining(c) ? 0 : is_wide(c) ? 2 : 1;
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
