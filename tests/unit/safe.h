/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safe.h - what output may never hold, whatever names of VMs hold; written apart from the code
 * that is tested.
 * May not know about: how text is made safe.
 * To extend: another dangerous character is a line in kw_dangerous().
 */
#ifndef KW_UNIT_SAFE_H
#define KW_UNIT_SAFE_H

#include "unit.h"

/* Length of the UTF-8 character at s, as RFC 3629 lists them byte by byte; 0 if it is none. */
static inline int kw_utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char first[2], second[2];
		int more;
	} forms[] = {
		{ { 0xc2, 0xdf }, { 0x80, 0xbf }, 1 }, { { 0xe0, 0xe0 }, { 0xa0, 0xbf }, 2 },
		{ { 0xe1, 0xec }, { 0x80, 0xbf }, 2 }, { { 0xed, 0xed }, { 0x80, 0x9f }, 2 },
		{ { 0xee, 0xef }, { 0x80, 0xbf }, 2 }, { { 0xf0, 0xf0 }, { 0x90, 0xbf }, 3 },
		{ { 0xf1, 0xf3 }, { 0x80, 0xbf }, 3 }, { { 0xf4, 0xf4 }, { 0x80, 0x8f }, 3 },
	};
	int n = 2;

	if (*s < 0x80)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (*s < forms[i].first[0] || *s > forms[i].first[1])
			continue;
		if (s[1] < forms[i].second[0] || s[1] > forms[i].second[1])
			return 0;
		while (n <= forms[i].more && (s[n] & 0xc0) == 0x80)
			n++;
		return n > forms[i].more ? n : 0;
	}
	return 0;
}

/* True if the character at s, of len bytes, acts on a terminal or on the order of text. */
static inline bool kw_dangerous(const unsigned char *s, int len)
{
	return len == 1	  ? *s < 0x20 || *s == 0x7f
	       : len == 2 ? (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c)
	       : len == 3 ? (s[0] == 0xe2 && s[1] == 0x80 &&
			     (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
				    (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)
			  : false;
}

/* Valid UTF-8 in which nothing is dangerous, but for the ASCII characters in allowed. */
static inline void kw_assert_safe(const char *text, size_t size, const char *allowed)
{
	for (size_t i = 0; i < size;) {
		const unsigned char *s = (const unsigned char *)text + i;
		int len = kw_utf8_length(s);

		if (!len)
			fail_msg("byte %zu (0x%02x) is no UTF-8 in: %s", i, *s, text);
		if (kw_dangerous(s, len) && !(*s && strchr(allowed, *s)))
			fail_msg("a dangerous character at byte %zu (0x%02x) in: %s", i, *s, text);
		i += len;
	}
}

#endif
