// SPDX-License-Identifier: Apache-2.0
/*
 * top_stub.c - stands in for the views.
 * May not know about: anything.
 * To extend: not at all.
 */
#include "top.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
struct kw_top { uint64_t ns; uint32_t key; unsigned n; };
int kw_top_open(const struct kw_wants *w, uint64_t ns, struct kw_top **ret)
{ (void)w; *ret = calloc(1, sizeof(**ret)); (*ret)->ns = ns; return 0; }
void kw_top_close(struct kw_top *t) { free(t); }
int kw_top_feed(struct kw_top *t, struct kw_top_interval *i) { (void)i; t->n++; return 0; }
uint64_t kw_top_interval_ns(const struct kw_top *t) { return t->ns; }
enum kw_top_action kw_top_key(struct kw_top *t, uint32_t key)
{
	t->key = key;
	if (key == '+') { t->ns *= 2; return KW_TOP_FASTER; }
	return key == 'q' ? KW_TOP_QUIT : key == 26 ? KW_TOP_SUSPEND : key == 12 ? KW_TOP_REPAINT : KW_TOP_DRAW;
}
void kw_top_draw(struct kw_top *t, struct kw_canvas *c, uint64_t real_ns)
{
	char s[100];
	snprintf(s, sizeof(s), "stub %ux%u key %x feeds %u %llu", c->width, c->height, t->key, t->n, (unsigned long long)real_ns/1000000000);
	kw_canvas_text(c, 0, 0, c->width, KW_STYLE_TITLE, s);
	for (int i = 0; i < TIME_STATES; i++)
		kw_canvas_fill(c, 3*i, 1, 3, KW_STYLE_STATE + i, c->utf8 ? "█" : "#");
	for (int i = 0; i < KW_STYLES; i++)
		kw_canvas_text(c, 3*i, 2, 3, i, "ab");
	kw_canvas_text(c, 0, 3, 20, 0, "数据库-主机 x");
	kw_canvas_text(c, 0, c->height - 1, c->width, KW_STYLE_WARN, "last line");
	kw_canvas_select(c, 3);
	if (t->key == '!') abort();
}
