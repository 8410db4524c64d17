// SPDX-License-Identifier: Apache-2.0
/*
 * top.c - tests the live screen's model and views: what is remembered, what keys do, what is seen.
 * May not know about: terminals. Whole screens are compared by the golden tests (golden/top).
 * To extend: rows are added by time_row() and exit_row(); one test function per promise of top.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/dirty/dirty_rows.h"
#include "collectors/exits/exits_rows.h"
#include "collectors/faults/faults_rows.h"
#include "collectors/time/time_rows.h"
#include "core/hist.h"
#include "top/draw.h"
#include "top/model.h"
#include "top/states.h"
#include "top/top.h"
#include "top/view.h"
#include "util/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000ULL
#define MS     1000000ULL

enum { TIME, EXITS, FAULTS, DIRTY, THREADS, CULPRITS, TABLES };

static const struct kw_schema *const schemas[TABLES] = { &time_table,	     &exits_table,
							 &faults_table,	     &dirty_table,
							 &time_thread_table, &time_culprit_table };

struct screen {
	struct kw_vms vms;
	struct kw_wants wants;
	struct kw_top *top;
	struct kw_canvas canvas;
	struct kw_frame frame[TABLES]; /* of the next interval */
	struct kw_losses lost;
	uint64_t now_ns;
};

/* ---- a screen ---- */

static void begin_interval(struct screen *s)
{
	s->now_ns += SECOND;
	for (int i = 0; i < TABLES; i++) {
		kw_frame_clear(&s->frame[i]); /* memory of an interval that is over */
		s->frame[i] = (struct kw_frame){ .schema = schemas[i],
						 .span_ns = SECOND,
						 .mono_ns = s->now_ns,
						 .real_ns = s->now_ns };
	}
}

static void feed(struct screen *s)
{
	struct kw_top_interval interval = {
		.vms = &s->vms, .frame = s->frame, .n = TABLES, .lost = s->lost
	};

	assert_int_equal(kw_top_feed(s->top, &interval), 0);
	for (int i = 0; i < TABLES; i++)
		assert_int_equal(s->frame[i].n, 0); /* taken over */
	begin_interval(s);
}

static void open_screen(struct screen *s, int width, int height, int vms)
{
	*s = (struct screen){ .canvas = { .utf8 = true } };
	for (int i = 0; i < TABLES; i++)
		s->wants.table[s->wants.n_tables++] = schemas[i];
	for (int i = 0; i < vms; i++) {
		struct kw_vm vm = { .pid = 1000 + i, .number = 1, .vmm = "qemu" };

		snprintf(vm.name, sizeof(vm.name), "vm-%d", i);
		assert_int_equal(kw_vms_add(&s->vms, &vm), i);
	}
	assert_int_equal(kw_top_open(&s->wants, SECOND, &s->top), 0);
	assert_int_equal(kw_canvas_resize(&s->canvas, width, height), 0);
	begin_interval(s);
}

static void close_screen(struct screen *s)
{
	kw_top_close(s->top);
	kw_canvas_release(&s->canvas);
	for (int i = 0; i < TABLES; i++)
		kw_frame_clear(&s->frame[i]);
	kw_vms_release(&s->vms);
}

static void press(struct screen *s, const char *keys)
{
	for (; *keys; keys++)
		kw_top_key(s->top, (unsigned char)*keys);
}

static void *new_row(struct screen *s, int table, uint32_t vm, uint32_t vcpu)
{
	struct kw_row_head *row = kw_frame_add(&s->frame[table]);

	assert_non_null(row);
	*row = (struct kw_row_head){ .vm = vm, .vcpu = vcpu, .tid = 2000 + vcpu };
	return row;
}

/* A vCPU that was so many ms in guest mode, and halted for the rest of a second. */
static struct time_row *time_row(struct screen *s, uint32_t vm, uint32_t vcpu, uint64_t guest_ms)
{
	struct time_row *row = new_row(s, TIME, vm, vcpu);

	row->wall = SECOND;
	row->ns[TIME_GUEST] = guest_ms * MS;
	row->ns[TIME_HALTED] = SECOND - guest_ms * MS;
	return row;
}

/* Rows of a vCPU must come in the order of their codes. */
static struct exits_row *exit_row(struct screen *s, uint32_t vm, uint32_t vcpu, uint32_t code,
				  uint64_t count, uint64_t ns)
{
	struct exits_row *row = new_row(s, EXITS, vm, vcpu);

	row->isa = KW_ISA_SVM;
	row->level = 1;
	row->code = code;
	row->count = row->timed = count;
	row->total = row->kernel = count * ns;
	row->min = row->max = ns;
	row->hist[kw_hist_bucket(&exits_table.hist, ns)] = count;
	return row;
}

/* ---- what is seen ---- */

static char *line(struct screen *s, int y)
{
	static char text[4096];
	_cleanup_free_ char *got = NULL;

	kw_top_draw(s->top, &s->canvas, s->now_ns);
	assert_int_equal(kw_canvas_line(&s->canvas, y, &got), 0);
	snprintf(text, sizeof(text), "%s", got);
	return text;
}

/* Line of the first text that begins with this; -1: none. */
static int find(struct screen *s, const char *begin)
{
	for (int y = 0; y < s->canvas.height; y++)
		if (!strncmp(line(s, y), begin, strlen(begin)))
			return y;
	return -1;
}

static bool seen(struct screen *s, const char *text)
{
	for (int y = 0; y < s->canvas.height; y++)
		if (strstr(line(s, y), text))
			return true;
	return false;
}

/* The line that is selected; -1: none. */
static int selected(struct screen *s)
{
	kw_top_draw(s->top, &s->canvas, s->now_ns);
	for (int y = 0; y < s->canvas.height; y++)
		if (s->canvas.cell[y * s->canvas.width].selected)
			return y;
	return -1;
}

/* The n-th word of a line. */
static const char *word(char *text, int n)
{
	char *save = NULL, *w = strtok_r(text, " ", &save);

	while (w && n--)
		w = strtok_r(NULL, " ", &save);
	return w ?: "";
}

/* ---- rows ---- */

static void three_vms(struct screen *s)
{
	time_row(s, 0, 0, 100);
	time_row(s, 1, 0, 900);
	time_row(s, 1, 1, 500);
	time_row(s, 2, 0, 300);
	exit_row(s, 0, 0, 0x7c, 3000, 1000);
	exit_row(s, 1, 0, 0x7c, 10, 1000);
	exit_row(s, 2, 0, 0x78, 200, 1000);
}

static void rows_are_sorted_by_cost(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 3);
	three_vms(&s);
	feed(&s);
	assert_true(find(&s, "vm-1") < find(&s, "vm-2"));
	assert_true(find(&s, "vm-2") < find(&s, "vm-0"));
	assert_true(seen(&s, "by CPU+THR%"));
	assert_string_equal(word(line(&s, find(&s, "vm-1")), 1), "2");
	assert_string_equal(word(line(&s, find(&s, "vm-1")), 2), "140.0");
	close_screen(&s);
}

static void equal_cost_is_sorted_by_exits(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 3);
	for (int i = 0; i < 3; i++) {
		time_row(&s, i, 0, 100);
		exit_row(&s, i, 0, 0x7c, i == 1 ? 900 : 10, 1000);
	}
	feed(&s);
	assert_true(find(&s, "vm-1") < find(&s, "vm-0"));
	assert_true(find(&s, "vm-0") < find(&s, "vm-2"));
	close_screen(&s);
}

/* What the VM's other threads run is its cost, too. */
static void other_threads_are_cost(void **state)
{
	struct time_thread_row *thread;
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 3);
	three_vms(&s);
	for (int vm = 0; vm < 2; vm++)
		for (int i = 0; i < 2; i++) {
			thread = new_row(&s, THREADS, vm, KW_ALL);
			thread->thread = 5000 + i;
			thread->run = vm ? 0 : 700 * MS;
		}
	feed(&s);
	assert_true(find(&s, "vm-0") < find(&s, "vm-1"));
	assert_string_equal(word(line(&s, find(&s, "vm-0")), 2), "10.0");
	assert_string_equal(word(line(&s, find(&s, "vm-0")), 3), "140.0");
	assert_string_equal(word(line(&s, find(&s, "vm-1")), 3), "0.0");
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "threads 140.0%"));
	close_screen(&s);
}

/* All shares on a VM's page are of its vCPUs' wall time. */
static void culprits_have_their_share_of_the_wall(void **state)
{
	struct time_culprit_row *culprit;
	struct screen s;

	(void)state;
	open_screen(&s, 100, 24, 1);
	for (int i = 0; i < 4; i++) {
		time_row(&s, 0, i, 500);
		culprit = new_row(&s, CULPRITS, 0, i);
		culprit->by = TIME_BY_PROCESS;
		culprit->pid = 77;
		culprit->waited = 100 * MS;
	}
	feed(&s);
	kw_top_key(s.top, KW_KEY_ENTER);
	for (int i = 0; i < 6 && find(&s, "BY") < 0; i++)
		kw_top_key(s.top, KW_KEY_TAB);
	assert_non_null(strstr(line(&s, find(&s, "process")), "400ms 10.0"));
	close_screen(&s);
}

static void gaps_are_a_warning(void **state)
{
	struct screen s;
	int y;

	(void)state;
	open_screen(&s, 100, 24, 2);
	time_row(&s, 0, 0, 500)->ns[TIME_HALTED] -= 20 * MS;
	time_row(&s, 1, 0, 400)->ns[TIME_HALTED] -= MS; /* 0.1 % may be missing */
	feed(&s);
	for (int vm = 0; vm < 2; vm++) {
		size_t warned = 0;

		y = find(&s, vm ? "vm-1" : "vm-0");
		for (int x = 0; x < s.canvas.width; x++)
			warned += s.canvas.cell[y * s.canvas.width + x].style == KW_STYLE_WARN;
		assert_int_equal(warned, vm ? 0 : 4);
	}
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "? unaccounted 2.0%"));
	kw_top_key(s.top, KW_KEY_ESCAPE);
	kw_top_key(s.top, KW_KEY_DOWN);
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_false(seen(&s, "unaccounted"));
	close_screen(&s);
}

static void other_columns_sort_and_reverse(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 3);
	three_vms(&s);
	feed(&s);
	for (int i = 0; i < 30 && !seen(&s, "by EXITS/S"); i++)
		press(&s, "s");
	assert_true(find(&s, "vm-0") < find(&s, "vm-2"));
	assert_true(find(&s, "vm-2") < find(&s, "vm-1"));
	press(&s, "r");
	assert_true(seen(&s, "by EXITS/S reversed"));
	assert_true(find(&s, "vm-1") < find(&s, "vm-2"));
	for (int i = 0; i < 30 && !seen(&s, "by NAME"); i++)
		press(&s, "<");
	assert_true(find(&s, "vm-0") < find(&s, "vm-1"));
	close_screen(&s);
}

static void filter_hides(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 12);
	for (int i = 0; i < 12; i++)
		time_row(&s, i, 0, 100);
	feed(&s);
	press(&s, "/VM-1");
	assert_true(seen(&s, "name contains: VM-1_"));
	assert_true(find(&s, "vm-1 ") > 0);
	assert_true(find(&s, "vm-10") > 0);
	assert_int_equal(find(&s, "vm-2"), -1);
	kw_top_key(s.top, KW_KEY_BACKSPACE);
	press(&s, "2q"); /* characters, no command */
	kw_top_key(s.top, KW_KEY_BACKSPACE);
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "filter /VM-2"));
	assert_int_equal(find(&s, "vm-1 "), -1);
	assert_true(find(&s, "vm-2") > 0);
	assert_int_equal(kw_top_key(s.top, KW_KEY_ESCAPE), KW_TOP_DRAW);
	assert_true(find(&s, "vm-1 ") > 0);
	assert_int_equal(kw_top_key(s.top, KW_KEY_ESCAPE), KW_TOP_NOTHING);
	close_screen(&s);
}

/* Each page has its own, of the list that has the keys. */
static void filter_works_on_every_list(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 24, 3);
	time_row(&s, 1, 0, 900);
	time_row(&s, 2, 0, 300);
	exit_row(&s, 1, 0, 0x78, 10, 1000);
	exit_row(&s, 1, 0, 0x7c, 10, 1000);
	feed(&s);
	kw_top_key(s.top, KW_KEY_ENTER);
	kw_top_key(s.top, KW_KEY_RIGHT);
	assert_true(find(&s, "HLT") > 0 && find(&s, "MSR") > 0);
	press(&s, "/msr");
	assert_true(seen(&s, "row contains: msr_"));
	assert_int_equal(find(&s, "HLT"), -1);
	assert_true(find(&s, "MSR") > 0);
	press(&s, "q"); /* no command */
	assert_true(seen(&s, "nothing here has what the filter looks for"));
	kw_top_key(s.top, KW_KEY_BACKSPACE);
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "filter /msr"));
	kw_top_key(s.top, KW_KEY_RIGHT);
	assert_false(seen(&s, "filter /msr"));
	kw_top_key(s.top, KW_KEY_LEFT);
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "MSR of vm-1"));
	kw_top_key(s.top, KW_KEY_ESCAPE);
	kw_top_key(s.top, KW_KEY_ESCAPE); /* the filter goes first */
	assert_true(find(&s, "HLT") > 0);
	assert_true(seen(&s, "vm-1 (qemu"));
	press(&s, "?/q");
	assert_true(seen(&s, "row contains: q_"));
	kw_top_key(s.top, KW_KEY_ESCAPE);
	kw_top_key(s.top, KW_KEY_ESCAPE);
	kw_top_key(s.top, KW_KEY_TAB);
	press(&s, "/vm-2");
	assert_true(seen(&s, "table time"));
	assert_true(find(&s, "vm-2") > 0);
	assert_int_equal(find(&s, "vm-1"), -1);
	close_screen(&s);
}

static void filter_takes_any_character(void **state)
{
	struct kw_vm vm = { .pid = 1, .number = 1, .vmm = "qemu", .name = "数据库" };
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 1);
	assert_int_equal(kw_vms_add(&s.vms, &vm), 1);
	time_row(&s, 0, 0, 100);
	time_row(&s, 1, 0, 100);
	feed(&s);
	press(&s, "/");
	kw_top_key(s.top, 0x636e); /* 据 */
	assert_true(find(&s, "数据库") > 0);
	assert_int_equal(find(&s, "vm-0"), -1);
	kw_top_key(s.top, 0x1f600);
	assert_int_equal(find(&s, "数据库"), -1);
	kw_top_key(s.top, KW_KEY_BACKSPACE);
	assert_true(find(&s, "数据库") > 0);
	for (int i = 0; i < 200; i++)
		kw_top_key(s.top, 0x1f600); /* more than fits */
	for (int i = 0; i < 200; i++)
		kw_top_key(s.top, KW_KEY_BACKSPACE);
	assert_true(find(&s, "vm-0") > 0);
	close_screen(&s);
}

/* From the first time it is seen, without any key. */
static void cursor_is_bound_at_once(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 3);
	three_vms(&s);
	feed(&s);
	assert_int_equal(selected(&s), find(&s, "vm-1"));
	time_row(&s, 0, 0, 800);
	time_row(&s, 1, 0, 10);
	feed(&s);
	assert_int_equal(selected(&s), find(&s, "vm-1"));
	assert_true(find(&s, "vm-0") < find(&s, "vm-1"));
	close_screen(&s);
}

static void selection_follows_the_vm(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 3);
	three_vms(&s);
	feed(&s);
	kw_top_key(s.top, KW_KEY_DOWN);
	assert_int_equal(selected(&s), find(&s, "vm-2"));
	time_row(&s, 0, 0, 800);
	time_row(&s, 1, 0, 10);
	time_row(&s, 2, 0, 900);
	feed(&s);
	assert_int_equal(find(&s, "vm-2"), find(&s, "NAME") + 1);
	assert_int_equal(selected(&s), find(&s, "vm-2"));
	press(&s, "r");
	assert_int_equal(selected(&s), find(&s, "vm-2"));
	time_row(&s, 0, 0, 800); /* it is gone: the one in its place, if there is one */
	time_row(&s, 1, 0, 10);
	feed(&s);
	assert_int_equal(selected(&s), find(&s, "vm-0"));
	three_vms(&s); /* and when it comes back, it is the selected one again */
	feed(&s);
	assert_int_equal(selected(&s), find(&s, "vm-2"));
	close_screen(&s);
}

/* Keys may come faster than the screen is drawn. */
static void keys_need_no_drawing(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 24, 3);
	three_vms(&s);
	feed(&s);
	press(&s, "j");
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "vm-2 (qemu, pid 1002)"));
	kw_top_key(s.top, KW_KEY_ESCAPE);
	press(&s, "gj");
	kw_top_key(s.top, KW_KEY_ENTER);
	kw_top_key(s.top, KW_KEY_RIGHT);
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "HLT of vm-2"));
	assert_int_equal(kw_top_key(s.top, 'q'), KW_TOP_QUIT);
	close_screen(&s);
}

static void pause_freezes_and_remembers(void **state)
{
	char title[256];
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 3);
	three_vms(&s);
	feed(&s);
	press(&s, "p");
	assert_true(seen(&s, "PAUSED"));
	snprintf(title, sizeof(title), "%s", line(&s, 0)); /* the time of what is seen */
	for (int i = 0; i < 5; i++) {
		time_row(&s, 0, 0, 1000);
		feed(&s);
	}
	assert_string_equal(line(&s, 0), title);
	assert_true(find(&s, "vm-1") > 0);
	assert_string_equal(word(line(&s, find(&s, "vm-0")), 2), "10.0");
	press(&s, " ");
	assert_int_equal(find(&s, "vm-1"), -1);
	assert_string_equal(word(line(&s, find(&s, "vm-0")), 2), "100.0");
	close_screen(&s);
}

static void columns_can_be_chosen(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 250, 30, 3);
	three_vms(&s);
	feed(&s);
	assert_non_null(strstr(line(&s, find(&s, "NAME")), "PID"));
	press(&s, "c");
	assert_true(seen(&s, "[x] PID"));
	press(&s, "jj ");
	assert_true(seen(&s, "[ ] PID"));
	kw_top_key(s.top, KW_KEY_ESCAPE);
	assert_null(strstr(line(&s, find(&s, "NAME")), "PID"));
	press(&s, "cjj");
	kw_top_key(s.top, KW_KEY_ENTER);
	kw_top_key(s.top, KW_KEY_ESCAPE);
	assert_non_null(strstr(line(&s, find(&s, "NAME")), "PID"));
	close_screen(&s);
}

static void columns_fit_by_priority(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 250, 24, 3);
	three_vms(&s);
	feed(&s);
	for (int width = 1; width <= 250; width++) {
		int heads;

		assert_int_equal(kw_canvas_resize(&s.canvas, width, 24), 0);
		heads = find(&s, "NAME");
		if (width >= 40)
			assert_non_null(strstr(line(&s, heads), "EXITS/S"));
		if (width >= 80)
			assert_non_null(strstr(line(&s, heads), "TOP REASON"));
		if (width < 80)
			assert_null(strstr(line(&s, heads), "PID"));
	}
	assert_non_null(strstr(line(&s, find(&s, "NAME")), "DIRTY/S"));
	assert_non_null(strstr(line(&s, find(&s, "NAME")), "OTHER%"));
	close_screen(&s);
}

static void pages_are_looked_at_as_before(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 24, 3);
	three_vms(&s);
	feed(&s);
	kw_top_key(s.top, KW_KEY_ENTER);
	kw_top_key(s.top, KW_KEY_RIGHT);
	for (int i = 0; i < 20 && !seen(&s, "by P50"); i++)
		press(&s, "s");
	press(&s, "rcj q"); /* without the level */
	assert_true(seen(&s, "by P50 reversed"));
	assert_int_equal(find(&s, "REASON  L"), -1);
	kw_top_key(s.top, KW_KEY_ESCAPE);
	press(&s, "j");
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "vm-2 (qemu"));
	assert_true(seen(&s, "by P50 reversed"));
	assert_null(strstr(line(&s, find(&s, "REASON")), " L "));
	close_screen(&s);
}

static void columns_without_room_can_be_scrolled_to(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 80, 24, 3);
	three_vms(&s);
	feed(&s);
	assert_null(strstr(line(&s, find(&s, "NAME")), "DIRTY/S"));
	press(&s, "c");
	assert_true(seen(&s, "no room: "));
	press(&s, "q");
	for (int i = 0; i < 40; i++)
		press(&s, "l");
	assert_non_null(strstr(line(&s, find(&s, "NAME")), "IRQ/S"));
	assert_true(find(&s, "vm-1") > 0);
	for (int i = 0; i < 40; i++)
		press(&s, "h");
	assert_non_null(strstr(line(&s, find(&s, "NAME")), "EXITS/S"));
	for (int i = 0; i < 40 && !seen(&s, "by GUEST%"); i++)
		press(&s, "s");
	assert_true(seen(&s, "by GUEST%")); /* though it is not seen */
	assert_int_equal(kw_canvas_resize(&s.canvas, 250, 24), 0);
	line(&s, 0);
	press(&s, "l"); /* all are seen already */
	assert_non_null(strstr(line(&s, find(&s, "NAME")), "VMM"));
	close_screen(&s);
}

static void without_time_there_are_no_columns_of_it(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 24, 3);
	kw_top_close(s.top);
	s.wants.n_tables = 0;
	s.wants.table[s.wants.n_tables++] = &exits_table;
	assert_int_equal(kw_top_open(&s.wants, SECOND, &s.top), 0);
	three_vms(&s);
	for (int i = 0; i < TABLES; i++)
		if (i != EXITS)
			kw_frame_clear(&s.frame[i]);
	s.frame[0] = s.frame[EXITS];
	s.frame[EXITS] = (struct kw_frame){};
	assert_int_equal(
		kw_top_feed(s.top,
			    &(struct kw_top_interval){ .vms = &s.vms, .frame = s.frame, .n = 1 }),
		0);
	assert_null(strstr(line(&s, find(&s, "NAME")), "BUDGET"));
	assert_null(strstr(line(&s, find(&s, "NAME")), "CPU%"));
	assert_true(seen(&s, "by EXITS/S"));
	assert_false(seen(&s, "halted"));
	assert_true(find(&s, "vm-0") < find(&s, "vm-2"));
	close_screen(&s);
}

/* ---- missing is not zero ---- */

static void missing_is_not_zero(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 250, 16, 3);
	three_vms(&s);
	s.frame[TIME].unavailable = "no such place";
	kw_frame_truncate(&s.frame[TIME], 0);
	s.frame[DIRTY].unavailable = "nor there";
	feed(&s);
	assert_true(seen(&s, "time: unavailable: no such place"));
	assert_true(seen(&s, "dirty: unavailable: nor there"));
	assert_string_equal(word(line(&s, find(&s, "vm-0")), 4), "-"); /* CPU% */
	assert_string_equal(word(line(&s, find(&s, "vm-0")), 6), "-"); /* the bar */
	assert_non_null(strstr(line(&s, find(&s, "vm-0")), " 3000 "));
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "where its time goes is not known"));
	close_screen(&s);
}

/* Help has all of it, however long it is. */
static void reasons_can_be_read(void **state)
{
	char why[300] = "it begins,";
	struct screen s;

	(void)state;
	open_screen(&s, 60, 60, 1);
	for (int i = 0; i < 20; i++)
		strcat(why, " goes on");
	strcat(why, " and ends here");
	s.frame[DIRTY].unavailable = why;
	feed(&s);
	assert_false(seen(&s, "ends here"));
	press(&s, "?");
	assert_true(seen(&s, "dirty: unavailable: it begins, goes on"));
	assert_true(seen(&s, "ends here"));
	close_screen(&s);
}

static void figures_that_nobody_counts_are_missing(void **state)
{
	struct kw_frame frame = { .schema = &time_table, .span_ns = SECOND };
	_cleanup_free_ struct top_sums *vcpus = NULL;
	struct top_model model = {};
	struct screen s;
	size_t n;

	(void)state;
	open_screen(&s, 80, 24, 1);
	time_row(&s, 0, 3, 400);
	frame.row = s.frame[TIME].row;
	frame.n = frame.room = 1;
	s.frame[TIME].row = NULL;
	s.frame[TIME].n = s.frame[TIME].room = 0;
	assert_int_equal(
		top_model_feed(&model,
			       &(struct kw_top_interval){ .vms = &s.vms, .frame = &frame, .n = 1 },
			       false),
		0);
	assert_int_equal(top_sums_of(&model, 0)->counted, 0);
	assert_true(top_sums_of(&model, 0)->timed);
	assert_int_equal(top_sums_of(&model, 0)->ns[TOP_STATE_GUEST], 400 * MS);
	assert_int_equal(top_vcpus_of(&model, 0, &vcpus, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(vcpus[0].vcpu, 3);
	assert_int_equal(vcpus[0].tid, 2003);
	assert_null(top_sums_of(&model, 1));
	top_model_release(&model);
	close_screen(&s);
}

static void ended_vms_vanish(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 24, 3);
	three_vms(&s);
	feed(&s);
	press(&s, "jj");
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(seen(&s, "vm-0 (qemu, pid 1000)"));
	assert_false(seen(&s, "ended"));
	time_row(&s, 1, 0, 900);
	feed(&s);
	assert_true(seen(&s, "vm-0 (qemu, pid 1000): ended"));
	assert_true(seen(&s, "CPU -"));
	kw_top_key(s.top, KW_KEY_ESCAPE);
	assert_int_equal(find(&s, "vm-0"), -1);
	assert_true(find(&s, "vm-1") > 0);
	feed(&s);
	assert_true(seen(&s, "no VM was seen"));
	close_screen(&s);
}

static void losses_are_seen(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 1);
	time_row(&s, 0, 0, 1);
	feed(&s);
	assert_true(seen(&s, "nothing lost"));
	s.lost.n[KW_LOSS_RING] = 17;
	feed(&s);
	assert_true(seen(&s, "lost 17 ring"));
	assert_int_equal(s.canvas.cell[s.canvas.width].style, KW_STYLE_WARN);
	s.lost.n[KW_LOSS_RING] = 0;
	feed(&s);
	assert_true(seen(&s, "lost so far: 17 ring"));
	assert_int_equal(s.canvas.cell[s.canvas.width].style, KW_STYLE_WARN);
	close_screen(&s);
}

static void ended_vcpus_are_no_warning(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 16, 1);
	s.lost.n[KW_LOSS_UNFINISHED] = 2;
	feed(&s);
	assert_true(seen(&s, "lost 2 unfinished"));
	assert_int_equal(s.canvas.cell[s.canvas.width].style, KW_STYLE_DIM);
	close_screen(&s);
}

/* ---- what is remembered ---- */

struct fed {
	struct top_model model;
	struct screen s;
};

static void feed_model(struct fed *f, uint64_t guest_ms, uint64_t exits)
{
	struct kw_top_interval interval = { .vms = &f->s.vms, .frame = f->s.frame, .n = TABLES };

	if (guest_ms <= 1000)
		time_row(&f->s, 0, 0, guest_ms);
	if (exits)
		exit_row(&f->s, 0, 0, 0x7c, exits, 10 * f->model.seq + 10);
	assert_int_equal(top_model_feed(&f->model, &interval, false), 0);
	begin_interval(&f->s);
}

static void history_is_a_ring(void **state)
{
	struct fed f = {};

	(void)state;
	open_screen(&f.s, 80, 24, 1);
	assert_null(top_host_sample(&f.model, 0));
	for (int i = 1; i <= 2000; i++) {
		feed_model(&f, i % 1000, 1);
		assert_int_equal(top_host_sample(&f.model, 0)->share[TOP_STATE_GUEST],
				 i % 1000 * 10);
	}
	for (int back = 0; back < TOP_HOST_HISTORY; back++)
		assert_int_equal(top_host_sample(&f.model, back)->share[TOP_STATE_GUEST],
				 (2000 - back) % 1000 * 10);
	assert_null(top_host_sample(&f.model, TOP_HOST_HISTORY));
	assert_non_null(top_vm_sample(&f.model, 0, TOP_VM_HISTORY - 1));
	assert_null(top_vm_sample(&f.model, 0, TOP_VM_HISTORY));
	top_model_release(&f.model);
	close_screen(&f.s);
}

static void intervals_without_rows_are_not_known(void **state)
{
	struct fed f = {};

	(void)state;
	open_screen(&f.s, 80, 24, 1);
	feed_model(&f, 500, 1);
	feed_model(&f, 2000, 0);
	feed_model(&f, 600, 1);
	assert_int_equal(top_vm_sample(&f.model, 0, 0)->share[TOP_STATE_GUEST], 6000);
	assert_null(top_vm_sample(&f.model, 0, 1));
	assert_int_equal(top_vm_sample(&f.model, 0, 2)->share[TOP_STATE_GUEST], 5000);
	assert_false(top_host_sample(&f.model, 1)->timed);
	for (int i = 0; i <= TOP_VM_HISTORY; i++)
		feed_model(&f, 2000, 0);
	assert_null(top_past_of(&f.model, 0)); /* nothing is left of it */
	assert_int_equal(f.model.remembered, 0);
	top_model_release(&f.model);
	close_screen(&f.s);
}

static void rates_of_reasons_are_remembered(void **state)
{
	const struct top_reason *reason;
	struct fed f = {};
	double rate;

	(void)state;
	open_screen(&f.s, 80, 24, 1);
	feed_model(&f, 500, 0);
	feed_model(&f, 500, 10);
	feed_model(&f, 500, 0);
	feed_model(&f, 500, 30);
	feed_model(&f, 500, 0);
	assert_int_equal(top_past_of(&f.model, 0)->n_reasons, 1);
	reason = &top_past_of(&f.model, 0)->reason[0];
	assert_string_equal(reason->name, "MSR");
	assert_ptr_equal(top_reason_of(&f.model, 0, reason->id), reason);
	for (int back = 0; back < 4; back++) {
		assert_true(top_reason_rate(&f.model, reason, back, &rate));
		assert_true(rate == (back == 1 ? 30 : back == 3 ? 10 : 0));
	}
	assert_false(top_reason_rate(&f.model, reason, 4, &rate));
	top_model_release(&f.model);
	close_screen(&f.s);
}

static void longest_exits_are_kept(void **state)
{
	const struct top_reason *reason;
	struct fed f = {};
	uint64_t most = 0;

	(void)state;
	open_screen(&f.s, 80, 24, 1);
	for (int i = 0; i < 30; i++)
		feed_model(&f, 500, 1); /* each 10 ns longer than the one before */
	reason = &top_past_of(&f.model, 0)->reason[0];
	for (int i = 0; i < TOP_SLOW; i++) {
		assert_true(reason->slow[i].seq > 30 - TOP_SLOW);
		most = reason->slow[i].ns > most ? reason->slow[i].ns : most;
	}
	assert_int_equal(most, 300);
	top_model_release(&f.model);
	close_screen(&f.s);
}

static void feed_rows(struct fed *f)
{
	struct kw_top_interval interval = { .vms = &f->s.vms, .frame = f->s.frame, .n = TABLES };

	assert_int_equal(top_model_feed(&f->model, &interval, false), 0);
	begin_interval(&f->s);
}

static size_t slow_exits(const struct top_slow_exit *slow, size_t n)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		used += slow[i].seq != 0;
	return used;
}

/* What is in two intervals' maxima is one exit. */
static void exits_are_not_listed_twice(void **state)
{
	static const uint64_t took[] = { 5000, 5000, 700, 5000 };
	struct fed f = {};

	(void)state;
	open_screen(&f.s, 80, 24, 1);
	for (size_t i = 0; i < ARRAY_SIZE(took); i++) {
		exit_row(&f.s, 0, 0, 0x7c, 1, took[i]);
		exit_row(&f.s, 0, 1, 0x7c, 1, 5000 + i);
		feed_rows(&f);
	}
	assert_int_equal(slow_exits(top_past_of(&f.model, 0)->reason[0].slow, TOP_SLOW), 3 + 4);
	assert_int_equal(slow_exits(top_slow_of_vcpu(top_past_of(&f.model, 0), 0), TOP_VCPU_SLOW),
			 3);
	top_model_release(&f.model);
	close_screen(&f.s);
}

/* Even if those of another vCPU took longer; and idle is not slow. */
static void every_vcpu_has_slow_exits(void **state)
{
	const struct top_past *past;
	struct fed f = {};

	(void)state;
	open_screen(&f.s, 80, 24, 1);
	for (int i = 0; i < 20; i++) {
		exit_row(&f.s, 0, 5, 0x78, 1, 1000000 + i);
		exit_row(&f.s, 0, 5, 0x7c, 1, 20 + i);
		exit_row(&f.s, 0, 9, 0x7c, 1, 90000 + i);
		feed_rows(&f);
	}
	past = top_past_of(&f.model, 0);
	assert_null(top_slow_of_vcpu(past, 6));
	assert_int_equal(slow_exits(top_slow_of_vcpu(past, 5), TOP_VCPU_SLOW), TOP_VCPU_SLOW);
	for (int i = 0; i < TOP_VCPU_SLOW; i++)
		assert_true(top_slow_of_vcpu(past, 5)[i].ns >= 20 + 20 - TOP_VCPU_SLOW &&
			    top_slow_of_vcpu(past, 5)[i].ns < 40);
	for (int i = 0; i < TOP_VM_HISTORY; i++)
		feed_rows(&f);
	exit_row(&f.s, 0, 5, 0x7c, 1, 7);
	feed_rows(&f);
	past = top_past_of(&f.model, 0);
	assert_int_equal(slow_exits(top_slow_of_vcpu(past, 5), TOP_VCPU_SLOW), 1);
	top_model_release(&f.model);
	close_screen(&f.s);
}

static void memory_is_bounded(void **state)
{
	struct fed f = {};

	(void)state;
	open_screen(&f.s, 80, 24, TOP_REMEMBERED + 50);
	for (int i = 0; i < TOP_REMEMBERED + 50; i++)
		time_row(&f.s, i, 0, 10);
	for (int code = 0; code < 100; code++)
		exit_row(&f.s, 0, 0, code, 1, 1000);
	feed_model(&f, 2000, 0);
	assert_int_equal(f.model.remembered, TOP_REMEMBERED);
	assert_int_equal(top_past_of(&f.model, 0)->n_reasons, TOP_REASONS);
	assert_int_equal(top_sums_of(&f.model, 0)->figure[TOP_EXITS], 100);
	for (int code = 200; code < 300; code++) /* those seen last are kept */
		exit_row(&f.s, 0, 0, code, 1, 1000);
	feed_model(&f, 2000, 0);
	assert_int_equal(top_past_of(&f.model, 0)->n_reasons, TOP_REASONS);
	assert_int_equal(top_past_of(&f.model, 0)->reason[0].last_seq, 2);
	top_model_release(&f.model);
	close_screen(&f.s);
}

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

/* 1000 VMs of 8 vCPUs with 12 reasons each: how long that takes is printed, not judged. */
static void many_vms(void **state)
{
	double begin, fed, drawn;
	struct screen s;

	(void)state;
	open_screen(&s, 250, 80, 1000);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++)
			for (int v = 0; v < 8; v++) {
				time_row(&s, i, v, 10 * v);
				for (int code = 0; code < 12; code++)
					exit_row(&s, i, v, code, i + 1, 1000);
			}
		begin = cpu_ms();
		feed(&s);
		fed = cpu_ms();
		kw_top_draw(s.top, &s.canvas, 0);
		drawn = cpu_ms();
		print_message("fed in %.1f ms, drawn in %.1f ms\n", fed - begin, drawn - fed);
	}
	assert_true(seen(&s, "1000 VMs, 8000 vCPUs"));
	begin = cpu_ms();
	kw_top_key(s.top, KW_KEY_TAB);
	kw_top_key(s.top, KW_KEY_TAB);
	kw_top_draw(s.top, &s.canvas, 0);
	drawn = cpu_ms();
	print_message("96000 rows ordered and drawn in %.1f ms\n", drawn - begin);
	begin = cpu_ms();
	kw_top_key(s.top, KW_KEY_DOWN);
	kw_top_draw(s.top, &s.canvas, 0);
	drawn = cpu_ms();
	print_message("moved in %.1f ms\n", drawn - begin);
	press(&s, "/vm-77");
	begin = cpu_ms();
	kw_top_draw(s.top, &s.canvas, 0);
	drawn = cpu_ms();
	print_message("filtered in %.1f ms\n", drawn - begin);
	assert_false(seen(&s, "vm-999"));
	close_screen(&s);
}

/* ---- pieces ---- */

static void bar_is_proportional(void **state)
{
	uint64_t ns[TOP_STATES] = {
		[TOP_STATE_GUEST] = 500, [TOP_STATE_KERNEL] = 250, [TOP_STATE_HALTED] = 250
	};
	int cells[TOP_STATES];

	(void)state;
	top_bar_cells(ns, 1000, 10, cells);
	assert_int_equal(cells[TOP_STATE_GUEST], 5);
	assert_int_equal(cells[TOP_STATE_KERNEL] + cells[TOP_STATE_HALTED], 5);
	for (int width = -1; width < 300; width++) {
		int sum = 0;

		for (int i = 0; i < TOP_STATES; i++)
			ns[i] = i * i * 37 % 101;
		top_bar_cells(ns, 0, width, cells);
		for (int i = 0; i < TOP_STATES; i++) {
			sum += cells[i];
			assert_true(cells[i] >= 0);
		}
		assert_int_equal(sum, width > 0 ? width : 0);
	}
	top_bar_cells((uint64_t[TOP_STATES]){ [TOP_STATE_GUEST] = 250 }, 1000, 8, cells);
	assert_int_equal(cells[TOP_STATE_GUEST], 2); /* what is not explained stays blank */
	top_bar_cells((uint64_t[TOP_STATES]){}, 0, 8, cells);
	assert_int_equal(cells[TOP_STATE_GUEST], 0);
}

static void bar_has_the_states_styles(void **state)
{
	uint64_t ns[TOP_STATES] = {
		[TOP_STATE_GUEST] = 50, [TOP_STATE_KERNEL] = 25, [TOP_STATE_HALTED] = 25
	};
	struct kw_canvas canvas = {};
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_int_equal(kw_canvas_resize(&canvas, 8, 1), 0);
	top_draw_bar(&canvas, 0, 0, 8, ns, 100);
	for (int x = 0; x < 8; x++)
		assert_int_equal(canvas.cell[x].style, top_states[x < 4	  ? TOP_STATE_GUEST
								  : x < 6 ? TOP_STATE_KERNEL
									  : TOP_STATE_HALTED]
							       .style);
	assert_int_equal(kw_canvas_line(&canvas, 0, &text), 0);
	assert_string_equal(text, "####kk..");
	kw_canvas_release(&canvas);
}

static void rates_have_a_fraction_if_small(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(top_format_rate(0, text, sizeof(text)), "0");
	assert_string_equal(top_format_rate(1, text, sizeof(text)), "0.1");
	assert_string_equal(top_format_rate(400, text, sizeof(text)), "0.4");
	assert_string_equal(top_format_rate(3000, text, sizeof(text)), "3");
	assert_string_equal(top_format_rate(3300, text, sizeof(text)), "3.3");
	assert_string_equal(top_format_rate(33300, text, sizeof(text)), "33");
}

static void spans_are_seconds(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(top_format_span(100 * MS, text, sizeof(text)), "0.1s");
	assert_string_equal(top_format_span(SECOND + 100, text, sizeof(text)), "1s");
	assert_string_equal(top_format_span(2000 * SECOND, text, sizeof(text)), "2000s");
}

/* Intervals were of 10 seconds, then of 1: 2 of them, 2 of these, and what came before. */
static void history_has_the_right_times(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 100, 24, 1);
	for (int i = 0; i < 4; i++) {
		s.frame[0].mono_ns = i < 2 ? (i + 1) * 10 * SECOND : (18 + i + 1) * SECOND;
		for (int t = 1; t < TABLES; t++)
			s.frame[t].mono_ns = s.frame[0].mono_ns;
		time_row(&s, 0, 0, 500);
		feed(&s);
	}
	kw_top_key(s.top, KW_KEY_ENTER);
	assert_true(find(&s, " -103s") < 0);
	assert_true(seen(&s, " -2m")); /* 94 columns: 12 s of three, 91 of 1 s */
	assert_int_equal(kw_canvas_resize(&s.canvas, 50, 24), 0);
	assert_true(seen(&s, " -53s"));
	close_screen(&s);
}

/* ---- keys ---- */

static void keys_tell_the_caller(void **state)
{
	static const uint64_t ms[] = { 500, 200, 100, 100 };
	struct screen s;

	(void)state;
	open_screen(&s, 80, 24, 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(kw_top_key(s.top, '-'), i < 3 ? KW_TOP_FASTER : KW_TOP_NOTHING);
		assert_int_equal(kw_top_interval_ns(s.top), ms[i] * MS);
	}
	for (int i = 0; i < 20; i++)
		kw_top_key(s.top, '+');
	assert_int_equal(kw_top_interval_ns(s.top), 60 * SECOND);
	assert_int_equal(kw_top_key(s.top, 0x0c), KW_TOP_REPAINT);
	assert_int_equal(kw_top_key(s.top, 0x1a), KW_TOP_SUSPEND);
	press(&s, "/");
	assert_int_equal(kw_top_key(s.top, 0x1a), KW_TOP_SUSPEND);
	assert_int_equal(kw_top_key(s.top, 'q'), KW_TOP_DRAW);
	kw_top_key(s.top, KW_KEY_ESCAPE);
	press(&s, "?");
	assert_true(seen(&s, "quit"));
	assert_int_equal(kw_top_key(s.top, 'q'), KW_TOP_DRAW);
	press(&s, "c");
	assert_int_equal(kw_top_key(s.top, 'q'), KW_TOP_DRAW);
	assert_int_equal(kw_top_key(s.top, 'q'), KW_TOP_QUIT);
	close_screen(&s);
}

static void collectors_are_tabs(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 80, 24, 3);
	three_vms(&s);
	feed(&s);
	for (int i = 0; i < TABLES; i++) {
		char text[64];

		kw_top_key(s.top, KW_KEY_TAB);
		snprintf(text, sizeof(text), "table %s, counts per 1s", schemas[i]->name);
		assert_true(seen(&s, text));
	}
	kw_top_key(s.top, KW_KEY_TAB);
	assert_true(seen(&s, "3 VMs, 4 vCPUs"));
	kw_top_key(s.top, KW_KEY_BACKTAB);
	assert_true(seen(&s, "table time-culprits"));
	close_screen(&s);
}

/* ---- what views name ---- */

static const struct kw_schema *table_named(const char *name)
{
	const struct kw_collector *c;

	for (size_t i = 0; (c = kw_collector(i)); i++)
		for (int t = 0; t < KW_TABLES && c->table[t]; t++)
			if (!strcmp(c->table[t]->name, name))
				return c->table[t];
	fail_msg("there is no table %s", name);
	return NULL;
}

static void check_column(const char *table, const char *name)
{
	if (!kw_schema_find(table_named(table), name))
		fail_msg("table %s has no column %s", table, name);
}

static void check_pane(const struct top_pane *pane)
{
	_cleanup_free_ char *columns = strdup(pane->columns ?: "");
	char *save = NULL;

	assert_non_null(columns);
	for (char *c = strtok_r(columns, ",", &save); c; c = strtok_r(NULL, ",", &save)) {
		c[strcspn(c, "/")] = 0;
		if (strcmp(c, "~"))
			check_column(pane->table, c);
	}
	if (pane->sort)
		check_column(pane->table, pane->sort);
	if (pane->column)
		check_column(pane->table, pane->column);
	if (pane->table)
		table_named(pane->table);
}

static void names_of_columns_are_right(void **state)
{
	static const struct top_pane *const panes[] = { top_panes_of_vm, top_panes_of_vcpu,
							top_details };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(panes); i++)
		for (const struct top_pane *p = panes[i]; p->title; p++)
			check_pane(p);
	for (const char *const *name = top_reason_figures; *name; name++)
		check_column("exits", *name);
	for (int i = 0; i < TOP_STATES; i++)
		check_column("time", top_states[i].column);
}

/* ---- whatever comes ---- */

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void random_rows(struct screen *s, uint32_t *seed)
{
	for (int vm = 0; vm < 20; vm++)
		for (uint32_t v = 0; v < next_random(seed) % 4; v++) {
			struct time_row *row = time_row(s, vm, v, 0);

			for (int i = 0; i < TIME_STATES; i++)
				row->ns[i] = next_random(seed);
			if (next_random(seed) % 8 == 0)
				row->wall = 0;
			for (uint32_t code = 0; code < next_random(seed) % 9; code++)
				exit_row(s, vm, v, 0x70 + code, next_random(seed) % 5000 + 1,
					 next_random(seed));
		}
}

static void random_key(struct screen *s, uint32_t *seed)
{
	static const char characters[] = "jkhlgGrs<>c?/p +-vm1\x0c\x1a";
	uint32_t r = next_random(seed);

	if (r % 3)
		kw_top_key(s->top, KW_KEY_UP + r / 3 % (KW_KEY_BACKTAB - KW_KEY_UP + 1));
	else if (r % 2)
		kw_top_key(s->top, characters[r / 6 % (sizeof(characters) - 1)]);
	else
		kw_top_key(s->top, r);
}

static void anything_goes(void **state)
{
	uint32_t seed = 20260131;
	struct screen s;

	(void)state;
	open_screen(&s, 80, 24, 20);
	for (int i = 0; i < 6000; i++) {
		if (i % 50 == 0) {
			random_rows(&s, &seed);
			feed(&s);
		}
		if (i % 7 == 0) {
			s.canvas.utf8 = next_random(&seed) % 2;
			assert_int_equal(kw_canvas_resize(&s.canvas, next_random(&seed) % 250 + 1,
							  next_random(&seed) % 60 + 1),
					 0);
		}
		random_key(&s, &seed);
		kw_top_draw(s.top, &s.canvas, s.now_ns);
	}
	close_screen(&s);
}

static void tiny_screens(void **state)
{
	static const char pages[][8] = { "", "\t", "e", "er", "err", "ere", "c", "?", "/x" };
	struct screen s;

	(void)state;
	open_screen(&s, 80, 24, 3);
	three_vms(&s);
	feed(&s);
	for (size_t p = 0; p < ARRAY_SIZE(pages); p++) {
		for (const char *k = pages[p]; *k; k++)
			kw_top_key(s.top, *k == 'e'    ? (uint32_t)KW_KEY_ENTER
					  : *k == 'r'  ? (uint32_t)KW_KEY_RIGHT
					  : *k == '\t' ? (uint32_t)KW_KEY_TAB
						       : (uint32_t)*k);
		for (int width = 1; width < 40; width++)
			for (int height = 1; height < 12; height++) {
				kw_canvas_resize(&s.canvas, width, height);
				kw_top_draw(s.top, &s.canvas, 0);
			}
		for (int i = 0; i < 5; i++)
			kw_top_key(s.top, KW_KEY_ESCAPE);
		kw_top_key(s.top, KW_KEY_HOME);
	}
	close_screen(&s);
}

static void ascii_is_ascii(void **state)
{
	struct screen s;

	(void)state;
	open_screen(&s, 120, 40, 3);
	s.canvas.utf8 = false;
	for (int i = 0; i < 3; i++) {
		three_vms(&s);
		feed(&s);
	}
	for (int page = 0; page < 8; page++) {
		for (int y = 0; y < s.canvas.height; y++)
			for (const char *c = line(&s, y); *c; c++)
				assert_true(*c >= ' ' && *c <= '~');
		kw_top_key(s.top, page == 3 ? KW_KEY_RIGHT : page == 5 ? '?' : KW_KEY_ENTER);
	}
	close_screen(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_by_cost),
		cmocka_unit_test(equal_cost_is_sorted_by_exits),
		cmocka_unit_test(other_threads_are_cost),
		cmocka_unit_test(culprits_have_their_share_of_the_wall),
		cmocka_unit_test(gaps_are_a_warning),
		cmocka_unit_test(other_columns_sort_and_reverse),
		cmocka_unit_test(filter_hides),
		cmocka_unit_test(filter_works_on_every_list),
		cmocka_unit_test(filter_takes_any_character),
		cmocka_unit_test(cursor_is_bound_at_once),
		cmocka_unit_test(selection_follows_the_vm),
		cmocka_unit_test(keys_need_no_drawing),
		cmocka_unit_test(pause_freezes_and_remembers),
		cmocka_unit_test(columns_can_be_chosen),
		cmocka_unit_test(columns_fit_by_priority),
		cmocka_unit_test(pages_are_looked_at_as_before),
		cmocka_unit_test(columns_without_room_can_be_scrolled_to),
		cmocka_unit_test(without_time_there_are_no_columns_of_it),
		cmocka_unit_test(missing_is_not_zero),
		cmocka_unit_test(reasons_can_be_read),
		cmocka_unit_test(figures_that_nobody_counts_are_missing),
		cmocka_unit_test(ended_vms_vanish),
		cmocka_unit_test(losses_are_seen),
		cmocka_unit_test(ended_vcpus_are_no_warning),
		cmocka_unit_test(history_is_a_ring),
		cmocka_unit_test(intervals_without_rows_are_not_known),
		cmocka_unit_test(rates_of_reasons_are_remembered),
		cmocka_unit_test(longest_exits_are_kept),
		cmocka_unit_test(exits_are_not_listed_twice),
		cmocka_unit_test(every_vcpu_has_slow_exits),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(many_vms),
		cmocka_unit_test(bar_is_proportional),
		cmocka_unit_test(bar_has_the_states_styles),
		cmocka_unit_test(rates_have_a_fraction_if_small),
		cmocka_unit_test(spans_are_seconds),
		cmocka_unit_test(history_has_the_right_times),
		cmocka_unit_test(keys_tell_the_caller),
		cmocka_unit_test(collectors_are_tabs),
		cmocka_unit_test(names_of_columns_are_right),
		cmocka_unit_test(anything_goes),
		cmocka_unit_test(tiny_screens),
		cmocka_unit_test(ascii_is_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
