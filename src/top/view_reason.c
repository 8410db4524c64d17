// SPDX-License-Identifier: Apache-2.0
/*
 * view_reason.c - one exit reason of a VM or vCPU: how long it takes, where that goes, and what of
 * the details other collectors know belongs to it.
 * May not know about: terminals, collectors' structs.
 * To extend: which details belong to a reason is a line in top_details[].
 */
#include "view.h"

#include "../core/cell.h"
#include "../util/cleanup.h"

#include <stdio.h>
#include <string.h>

#define IO(words)                                                                                  \
	"io", "what,detail,rip,count/s,total,mean,max", "total", "what", words, TOP_PANE_PART
#define PAGES "faults-pages", "page,count/s,total,mean,max", "total", NULL, NULL, TOP_PANE_PART
#define MMIO  "mmio", "page,access,by,count/s,total,mean,max", "total", NULL, NULL, TOP_PANE_PART
#define HALTS                                                                                      \
	"halt", "outcome,wakeup,count/s,total,polled,p50,p99,max", "total", NULL, NULL,            \
		TOP_PANE_PART
#define CALLS "hypercall", "name,api,count/s,total,mean,max", "total", NULL, NULL, TOP_PANE_PART

const struct top_pane top_details[] = {
	{ "MSR", "MSRs", IO("rdmsr|wrmsr") },
	{ "IO", "ports", IO("in|out") },
	{ "CPUID", "CPUID leaves", IO("cpuid") },
	{ "CR", "control registers", IO("cr-") },
	{ "SYS64", "system registers", IO("sysreg-") },
	{ "VIRTUAL", "control and status registers", IO("csr-") },
	{ "NPF", "pages faulted on", PAGES },
	{ "DABT", "pages faulted on", PAGES },
	{ "IABT", "pages faulted on", PAGES },
	{ "GUEST_PAGE", "pages faulted on", PAGES },
	{ "VIOLATION", "pages faulted on", PAGES },
	{ "NPF", "MMIO pages", MMIO },
	{ "VIOLATION", "MMIO pages", MMIO },
	{ "MISCONFIG", "MMIO pages", MMIO },
	{ "DABT", "MMIO pages", MMIO },
	{ "GUEST_PAGE", "MMIO pages", MMIO },
	{ "MMIO", "MMIO pages", MMIO },
	{ "HLT", "halts", HALTS },
	{ "WFI", "halts", HALTS },
	{ "VMMCALL", "hypercalls", CALLS },
	{ "VMCALL", "hypercalls", CALLS },
	{ "HVC", "hypercalls", CALLS },
	{ "SMC", "calls of the firmware", CALLS },
	{ "SUPERVISOR", "calls of the firmware", CALLS },
	{},
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

static bool fits(const struct kw_top *top, const struct top_page *page, const struct top_pane *d)
{
	return has_word(page->name, d->reason) && top_watched(top, d->table);
}

/* ---- panes: details, and after them the slowest ---- */

static size_t panes(const struct kw_top *top, const struct top_page *page)
{
	size_t n = 1;

	for (const struct top_pane *d = top_details; d->title; d++)
		n += fits(top, page, d);
	return n;
}

/* NULL: the slowest. */
static const struct top_pane *detail_of(const struct kw_top *top, const struct top_page *page,
					size_t pane)
{
	for (const struct top_pane *d = top_details; d->title; d++)
		if (fits(top, page, d) && !pane--)
			return d;
	return NULL;
}

static const char *pane_title(const struct kw_top *top, const struct top_page *page, size_t pane)
{
	const struct top_pane *d = detail_of(top, page, pane);

	return d ? d->title : "slowest of late";
}

static int content(const struct kw_top *top, const struct top_page *page, size_t pane,
		   struct top_content *ret)
{
	const struct top_pane *d = detail_of(top, page, pane);
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

const char *const top_reason_figures[] = { "count",  "total",	"kernel", "vmm", "poll",
					   "halted", "waiting", "p50",	  "p90", "p99",
					   "p999",   "max",	NULL };

static void draw_figures(const struct top_content *c, struct kw_canvas *canvas,
			 struct top_area *area)
{
	struct top_area line = top_take(area, 1);
	int x = 0;

	for (const char *const *name = top_reason_figures; *name && line.height; name++) {
		const struct kw_column *column = kw_schema_find(c->frame->schema, *name);
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

static const char *const keys[] = { "Esc",    "back", "Left Right", "panes", "/",
				    "filter", "s",    "sort",	    "p",     "pause",
				    "?",      "help", "q",	    "quit",  NULL };

static void draw(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		 struct top_area area)
{
	if (area.height > 5 || top->typing)
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
