// SPDX-License-Identifier: Apache-2.0
/*
 * view_reason.c - one exit reason of a VM or vCPU: how long it takes, where that goes, and what of
 * the details other collectors know belongs to it.
 * May not know about: terminals, collectors' structs.
 * To extend: which details belong to a reason is a line in details[].
 */
#include "view.h"

#include "../core/cell.h"
#include "../util/cleanup.h"

#include <stdio.h>
#include <string.h>

/* Reasons whose name contains a word, and the rows that tell more of them. */
static const struct detail {
	const char *reason; /* NULL: any */
	const char *title, *table, *columns, *sort, *column, *prefix;
} details[] = {
#define IO "what,detail,rip,count/s,total,mean,max", "total", "what"
	{ "MSR", "MSRs", "io", IO, "rdmsr|wrmsr" },
	{ "IO", "ports", "io", IO, "in|out" },
	{ "CPUID", "CPUID leaves", "io", IO, "cpuid" },
	{ "CR", "control registers", "io", IO, "cr-" },
	{ "NPF", "MMIO", "io", IO, "mmio" },
	{ "EPT", "MMIO", "io", IO, "mmio" },
#undef IO
#define PAGES "page,count/s,total,mean,max", "total", NULL, NULL
	{ "NPF", "pages faulted on", "faults-pages", PAGES },
	{ "EPT", "pages faulted on", "faults-pages", PAGES },
#undef PAGES
#define MMIO "page,access,by,count/s,total,mean,max", "total", NULL, NULL
	{ "NPF", "MMIO pages", "mmio", MMIO },
	{ "EPT", "MMIO pages", "mmio", MMIO },
#undef MMIO
	{ "HLT", "halts", "halt", "outcome,wakeup,count/s,total,polled,p50,p99,max", "total", NULL,
	  NULL },
	{ "VMMCALL", "hypercalls", "hypercall", "call,api,count/s,total,mean,max", "total", NULL,
	  NULL },
	{ "VMCALL", "hypercalls", "hypercall", "call,api,count/s,total,mean,max", "total", NULL,
	  NULL },
	{ "", "ports, MSRs and the like", "io", "what,detail,rip,count/s,total,mean,max", "total",
	  NULL, NULL },
	{ "", "MMIO pages", "mmio", "page,access,by,count/s,total,mean,max", "total", NULL, NULL },
	{ "", "pages faulted on", "faults-pages", "page,count/s,total,mean,max", "total", NULL,
	  NULL },
};

/* Does one of the words, which '_' separates, begin like this? */
static bool has_word(const char *name, const char *word)
{
	for (; name; name = strchr(name, '_')) {
		name += *name == '_';
		if (!strncmp(name, word, strlen(word)))
			return true;
	}
	return false;
}

/* The words decide; if none fits, all details there are. */
static bool fits(const struct top_page *page, const struct detail *d, bool known)
{
	return known ? *d->reason && has_word(page->name, d->reason) : !*d->reason;
}

static bool known(const struct top_page *page)
{
	for (size_t i = 0; i < ARRAY_SIZE(details); i++)
		if (fits(page, &details[i], true))
			return true;
	return false;
}

static size_t count(const struct top_page *page)
{
	bool is_known = known(page);
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(details); i++)
		n += fits(page, &details[i], is_known);
	return n;
}

static const struct detail *detail_of(const struct top_page *page, size_t pane)
{
	bool is_known = known(page);

	for (size_t i = 0; i < ARRAY_SIZE(details); i++)
		if (fits(page, &details[i], is_known) && !pane--)
			return &details[i];
	return NULL;
}

/* ---- panes: details, and after them the slowest ---- */

static size_t panes(const struct kw_top *top, const struct top_page *page)
{
	(void)top;
	return count(page) + 1;
}

static const char *pane_title(const struct kw_top *top, const struct top_page *page, size_t pane)
{
	const struct detail *d = detail_of(page, pane);

	(void)top;
	return d ? d->title : "slowest of late";
}

static int content(const struct kw_top *top, const struct top_page *page, size_t pane,
		   struct top_content *ret)
{
	const struct detail *d = detail_of(page, pane);
	struct top_part part = { .vm = page->vm, .vcpu = page->vcpu };

	if (!d)
		return top_slow_exits(top, page, ret);
	part.table = d->table;
	part.columns = d->columns;
	part.sort = d->sort;
	part.column = d->column;
	part.prefix = d->prefix;
	return top_part(top, &part, ret);
}

/* ---- drawing ---- */

static void about(const struct kw_top *top, const struct top_page *page, char *dst, size_t size)
{
	const struct kw_vms *vms = top->model.shown ? top->model.shown->vms : NULL;
	const struct kw_vm *vm = kw_vms_get(vms, page->vm);
	char vcpu[32] = "";

	if (page->vcpu != KW_ALL)
		snprintf(vcpu, sizeof(vcpu), ", vCPU %u", page->vcpu);
	snprintf(dst, size, "%s of %s%s", page->name, vm ? vm->display : "-", vcpu);
}

static const char *const figures[] = { "count",	 "total",   "kernel",  "vmm", "poll",
				       "halted", "blocked", "waiting", "p50", "p90",
				       "p99",	 "p999",    "max" };

static void draw_figures(const struct top_content *c, struct kw_canvas *canvas,
			 struct top_area *area)
{
	struct top_area line = top_take(area, 1);
	int x = 0;

	for (size_t i = 0; i < ARRAY_SIZE(figures) && line.height; i++) {
		const struct kw_column *column = kw_schema_find(c->frame->schema, figures[i]);
		struct kw_value value;
		char cell[64];

		if (!column)
			continue;
		kw_column_value(column, c->top->model.shown->vms, c->row[0], &value);
		kw_cell_format(column, &value, cell, sizeof(cell));
		if (x && x + (int)(strlen(column->title) + strlen(cell)) + 3 > line.width) {
			line = top_take(area, 1);
			x = 0;
		}
		x = top_print(canvas, line, x, KW_STYLE_DIM, "%s ", column->title);
		x = top_print(canvas, line, x, KW_STYLE_BOLD, "%s", cell) + 2;
	}
}

static void draw_rates(const struct kw_top *top, const struct top_page *page,
		       struct kw_canvas *canvas, struct top_area line)
{
	const struct top_reason *reason = top_reason_of(&top->model, page->vm, page->reason);
	double rate[TOP_REASON_HISTORY];
	int width = line.width - 16 < TOP_REASON_HISTORY ? line.width - 16 : TOP_REASON_HISTORY;

	if (!reason || !line.height || width <= 0)
		return;
	top_print(canvas, line, 0, KW_STYLE_DIM, "%s",
		  page->vcpu == KW_ALL ? "last intervals" : "of the whole VM");
	for (int i = 0; i < width; i++)
		if (!top_reason_rate(&top->model, reason, width - 1 - i, &rate[i]))
			rate[i] = -1;
	top_draw_spark(canvas, line.x + 16, line.y, width, rate);
}

static void draw_reason(const struct kw_top *top, const struct top_page *page,
			struct kw_canvas *canvas, struct top_area *area)
{
	_cleanup_(top_content_release) struct top_content c = {};
	struct top_part part = { .table = "exits",
				 .columns = "count",
				 .sort = "count",
				 .vm = page->vm,
				 .vcpu = page->vcpu,
				 .row_id = page->reason };
	int lines = area->height / 2 - 4;

	if (top_part(top, &part, &c))
		return;
	if (!c.rows.n) {
		top_print(canvas, top_take(area, 1), 0, KW_STYLE_DIM, "none in this interval");
		return;
	}
	draw_figures(&c, canvas, area);
	draw_rates(top, page, canvas, top_take(area, 1));
	if (c.frame->schema->hist.buckets && lines > 1) {
		struct top_area hist = top_take(area, lines < 24 ? lines : 24);

		top_draw_hist(canvas, hist, &c.frame->schema->hist,
			      kw_row_hist(c.frame->schema, c.row[0]));
	}
}

static const char *const keys[] = { "Esc",   "back", "Left Right", "panes", "s",    "sort", "p",
				    "pause", "?",    "help",	   "q",	    "quit", NULL };

static void draw(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		 struct top_area area)
{
	if (area.height > 5)
		top_draw_hints(top, canvas, top_take_last(&area, 1), keys);
	draw_reason(top, page, canvas, &area);
	top_draw_panes(top, page, canvas, area);
}

const struct top_view top_view_reason = {
	.panes = panes,
	.pane_title = pane_title,
	.about = about,
	.content = content,
	.draw = draw,
};
