// SPDX-License-Identifier: Apache-2.0
/*
 * golden_top.c - the live screen without a terminal: feeds it the fake source's seconds, presses
 * keys, and prints what is on the canvas. The environment's FAKE_NOTE is the note of the source.
 * May not know about: what is tested.
 * To extend: cases are lines in top/cases.
 */
#include "../fake/fake.h"
#include "cli/run.h"
#include "core/vms.h"
#include "top/top.h"
#include "util/cleanup.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{ "Up", KW_KEY_UP },	      { "Down", KW_KEY_DOWN },	  { "Left", KW_KEY_LEFT },
	{ "Right", KW_KEY_RIGHT },    { "PgUp", KW_KEY_PAGE_UP }, { "PgDn", KW_KEY_PAGE_DOWN },
	{ "Home", KW_KEY_HOME },      { "End", KW_KEY_END },	  { "Enter", KW_KEY_ENTER },
	{ "Esc", KW_KEY_ESCAPE },     { "Tab", KW_KEY_TAB },	  { "BackTab", KW_KEY_BACKTAB },
	{ "Back", KW_KEY_BACKSPACE }, { "Space", ' ' },
};

struct screen {
	struct kw_run run;
	struct kw_options options;
	struct kw_top *top;
	struct kw_canvas canvas;
	struct kw_frame frame[KW_FRAMES]; /* of an interval, on their way to the screen */
	uint64_t now_ns;		  /* since counting began */
};

/* One second more. */
static int feed(struct screen *s)
{
	struct kw_top_interval interval = {
		.vms = s->run.source->vms,
		.frame = s->frame,
		.n = s->options.wants.n_tables,
		.note = getenv("FAKE_NOTE"),
		.cost = { .cpu_ns = 12345678,
			  .rss_bytes = 23 << 20,
			  .metered_ns = 100000000,
			  .runs = 9876,
			  .run_ns = 432100 },
	};
	int err;

	s->now_ns += 1000000000;
	err = s->run.source->wait(s->run.source, FAKE_MONO_NS + s->now_ns, NULL, NULL);
	err = err < 0 ? err : kw_run_interval(&s->run, s->frame, &interval.lost);
	return err ? err : kw_top_feed(s->top, &interval);
}

/* A named key, seconds ("3s"), or characters to type. */
static int press(struct screen *s, const char *word)
{
	unsigned int seconds;
	char unit, rest;
	int err = 0;

	if (sscanf(word, "%u%c%c", &seconds, &unit, &rest) == 2 && unit == 's') {
		while (seconds-- && !err)
			err = feed(s);
		return err;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(word, names[i].name)) {
			kw_top_key(s->top, names[i].key);
			return 0;
		}
	for (; *word; word++)
		kw_top_key(s->top, (unsigned char)*word);
	return 0;
}

static void print_canvas(struct screen *s)
{
	kw_top_draw(s->top, &s->canvas, FAKE_REAL_NS + s->now_ns);
	for (int y = 0; y < s->canvas.height; y++) {
		_cleanup_free_ char *line = NULL;

		if (!kw_canvas_line(&s->canvas, y, &line))
			puts(line);
	}
}

/* Which cells are selected or in a warning's style, as a picture below the screen. */
static void print_marks(const struct screen *s)
{
	for (int y = 0; y < s->canvas.height; y++) {
		int selected = 0, warned = 0;

		for (int x = 0; x < s->canvas.width; x++) {
			const struct kw_cell *c = &s->canvas.cell[y * s->canvas.width + x];

			selected += c->selected;
			warned += c->style == KW_STYLE_WARN;
		}
		if (selected || warned)
			printf("line %d: %d selected, %d warning\n", y, selected, warned);
	}
}

/* Like an argument of kvm_watcher, but that all is all of them. */
static char *collectors(const char *names)
{
	static char all[512];

	if (strcmp(names, "all"))
		snprintf(all, sizeof(all), "%s", names);
	for (size_t i = 0; !strcmp(names, "all") && kw_collector(i); i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? "," : "",
			 kw_collector(i)->name);
	return all;
}

static int open_screen(struct screen *s, int width, int height)
{
	return kw_run_open(&s->run, &s->options, kw_fake_open) ?:
	       kw_top_open(&s->options.wants, 1000000000, &s->top) ?:
	       kw_canvas_resize(&s->canvas, width, height);
}

int main(int argc, char **argv)
{
	struct screen s = {};
	int width, height, err;

	setlocale(LC_TIME, "");
	if (argc < 4 || sscanf(argv[2], "%dx%d", &width, &height) != 2) {
		fprintf(stderr, "usage: %s COLLECTOR[,…]|all WIDTHxHEIGHT utf8|ascii [KEY|Ns]…\n",
			argv[0]);
		return 2;
	}
	s.options.what = collectors(argv[1]);
	s.canvas.utf8 = !strcmp(argv[3], "utf8");
	err = open_screen(&s, width, height);
	for (int i = 4; i < argc && !err; i++) {
		err = press(&s, argv[i]);
		kw_top_draw(s.top, &s.canvas, FAKE_REAL_NS + s.now_ns);
	}
	if (!err) {
		print_canvas(&s);
		print_marks(&s);
	}
	kw_top_close(s.top);
	for (size_t i = 0; i < KW_FRAMES; i++)
		kw_frame_clear(&s.frame[i]);
	kw_canvas_release(&s.canvas);
	return kw_run_close(&s.run, err ? 1 : 0);
}
