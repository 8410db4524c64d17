/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - text from outside (names of VMs, command lines) made safe to print, and its width.
 * May not know about: sinks, VMs.
 * To extend: whatever must never reach a terminal is decided in kw_printable alone.
 */
#ifndef KW_TEXT_H
#define KW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy text as valid UTF-8 that may be written to a terminal: control characters (C0, DEL, C1),
 * bidirectional overrides and line separators become \xNN or \u{N}, invalid bytes become \xNN,
 * and a backslash is doubled so that the result is unambiguous. Cut, at a whole character, to
 * fit into size bytes. Returns dst.
 */
char *kw_printable(const char *text, char *dst, size_t size);

/* As kw_printable, but only repairs the encoding: each invalid byte becomes U+FFFD. */
char *kw_valid_utf8(const char *text, char *dst, size_t size);

/* Length in bytes of the first character of a text that is not empty, and its width: 0, 1 or 2. */
int kw_text_next(const char *text, int *ret_width);

/* Columns that text takes on a terminal; wide characters take two. Any locale. */
int kw_text_width(const char *text);

/* Cut text to at most width columns; what is cut is marked by ASCII '~' at the end. In place. */
void kw_text_cut(char *text, int width);

/* strtoull for a whole string, decimal or 0x; false if it is anything else. */
bool kw_parse_u64(const char *text, uint64_t *ret);

#endif
