/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html_page.h - the page around the data, made from the directory html when the tool is built.
 * May not know about: the data.
 * To extend: see html/embed.py.
 */
#ifndef KW_HTML_PAGE_H
#define KW_HTML_PAGE_H

/* What comes before the data, and after it; empty if the tool was built without it. */
extern const char *const kw_html_page[2];

#endif
