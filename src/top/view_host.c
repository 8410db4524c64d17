// SPDX-License-Identifier: Apache-2.0
/*
 * view_host.c - the first view: one row per VM, what watching costs, and the host's last minutes;
 * Tab goes on to the tables of the collectors.
 * May not know about: terminals, collectors' structs.
 * To extend: a column of VMs is in entities.c.
 */
#include "view.h"

#include "../util/text.h"
#include "../util/units.h"

#include <stdio.h>
#include <string.h>

#define STRIP_FROM 18 /* lines from which on there is a strip */

static size_t panes(const struct kw_top *top, const struct top_page *page)
{
	(void)page;
	return 1 + top->wants.n_tables;
}

static const char *pane_title(const struct kw_top *top, const struct top_page *page, size_t pane)
{
	(void)page;
	return pane ? top->wants.table[pane - 1]->name : "VMs";
}

static int content(const struct kw_top *top, const struct top_page *page, size_t pane,
		   struct top_content *ret)
{
	(void)page;
	return pane ? top_table(top, top->wants.table[pane - 1], ret) : top_vms(top, ret);
}

static void enter(struct kw_top *top, struct top_page *page, const struct top_content *content,
		  size_t row)
{
	uint32_t vm = page->pane ? ((const struct kw_row_head *)content->row[row])->vm
				 : content->sums[row].vm;

	if (kw_vms_get(top->model.shown->vms, vm))
		top_push_vm(top, vm);
}

/* ---- what watching costs ---- */

/* Exits that ended with their vCPU are no fault of anybody's. */
static enum kw_style style_of_losses(const uint64_t *n)
{
	for (size_t i = 0; kw_loss_info(i); i++)
		if (n[i] && i != KW_LOSS_UNFINISHED)
			return KW_STYLE_WARN;
	return KW_STYLE_DIM;
}

/* Those of this interval, else those of before; returns where to go on. */
static int draw_losses(const struct top_moment *m, struct kw_canvas *canvas, struct top_area line)
{
	const char *sign = "lost ";
	const uint64_t *n = m->lost.n;
	enum kw_style style;
	uint64_t now = 0;
	char count[32];
	int x = 0;

	for (size_t i = 0; kw_loss_info(i); i++)
		now += n[i];
	if (!now) {
		sign = "lost so far: ";
		n = m->lost_so_far.n;
	}
	style = style_of_losses(n);
	for (size_t i = 0; kw_loss_info(i); i++) {
		if (!n[i])
			continue;
		x = top_print(canvas, line, x, style, "%s%s %s", sign,
			      kw_format_count(n[i], count, sizeof(count)), kw_loss_info(i)->name);
		sign = ", ";
	}
	return x ? x + 2 : top_print(canvas, line, 0, KW_STYLE_DIM, "nothing lost  ");
}

/* A part of the line, whole or not at all. */
static int draw_part(struct kw_canvas *canvas, struct top_area line, int x, const char *part)
{
	if (x + kw_text_width(part) > line.width)
		return line.width;
	return top_print(canvas, line, x, KW_STYLE_DIM, "%s", part);
}

/* Of one CPU: what this process and the programs in the kernel used. */
static double cpu_percent(const struct top_moment *m)
{
	const struct kw_top_cost *c = &m->cost;

	return 100.0 * (m->span_ns ? (double)c->cpu_ns / m->span_ns : 0) +
	       100.0 * (c->metered_ns ? (double)c->run_ns / c->metered_ns : 0);
}

static void draw_cost(const struct kw_top *top, struct kw_canvas *canvas, struct top_area line)
{
	const struct top_moment *m = top->model.shown;
	char part[64], number[32];
	int x;

	if (!m)
		return;
	x = draw_losses(m, canvas, line);
	snprintf(part, sizeof(part), "cost %.1f%% CPU", cpu_percent(m));
	x = draw_part(canvas, line, x, part);
	snprintf(part, sizeof(part), ", %.0f MiB", m->cost.rss_bytes / 1048576.0);
	x = draw_part(canvas, line, x, part);
	if (!m->cost.metered_ns)
		return;
	kw_format_count((uint64_t)(m->cost.runs * 1e9 / m->cost.metered_ns), number,
			sizeof(number));
	snprintf(part, sizeof(part), ", %s runs/s", number);
	x = draw_part(canvas, line, x, part);
	kw_format_ns(m->cost.runs ? m->cost.run_ns / m->cost.runs : 0, number, sizeof(number));
	snprintf(part, sizeof(part), ", %s/run", number);
	draw_part(canvas, line, x, part);
}

static void draw_note(const struct kw_top *top, struct kw_canvas *canvas, struct top_area *area)
{
	const struct top_moment *m = top->model.shown;

	if (m && *m->note && area->height > 6)
		top_print(canvas, top_take(area, 1), 0, KW_STYLE_WARN, "%s", m->note);
}

/* Collectors that show nothing here, each once. */
static void draw_unavailable(const struct kw_top *top, struct kw_canvas *canvas,
			     struct top_area *area)
{
	const struct top_moment *m = top->model.shown;
	const char *last = NULL;

	for (size_t i = 0; m && i < m->n_frames; i++) {
		const char *why = m->frame[i].unavailable;

		if (why && why != last && area->height > 6)
			top_print(canvas, top_take(area, 1), 0, KW_STYLE_WARN,
				  "%s: unavailable: %s", m->frame[i].schema->name, why);
		last = why;
	}
}

/* ---- drawing ---- */

static const struct top_sample *sample(const void *arg, uint32_t back)
{
	return top_host_sample(arg, back);
}

static bool timed(const struct kw_top *top)
{
	const struct kw_frame *time = top_frame(&top->model, "time");

	return time && !time->unavailable;
}

static void draw_strip(const struct kw_top *top, struct kw_canvas *canvas, struct top_area *area)
{
	int lines = area->height >= 60 ? 8 : area->height >= 36 ? 5 : 3;
	uint32_t group = area->width >= 120 ? 1 : 2;

	if (area->height < STRIP_FROM || !timed(top))
		return;
	top_draw_strip(canvas, top_take(area, lines), top->model.shown->seq, group,
		       top->interval_ns, sample, &top->model);
}

/* Its counts are those of an interval. */
static void about_table(const struct kw_top *top, const struct kw_schema *table, char *dst,
			size_t size)
{
	const struct kw_frame *frame = top_frame(&top->model, table->name);
	char span[32];

	snprintf(dst, size, "table %s%s%s", table->name, frame ? ", counts per " : "",
		 frame ? top_format_span(frame->span_ns, span, sizeof(span)) : "");
}

static void about(const struct kw_top *top, const struct top_page *page, char *dst, size_t size)
{
	const struct top_moment *m = top->model.shown;
	size_t vms = 0, vcpus = 0;

	for (size_t i = 0; m && i < m->n; i++) {
		const struct kw_vm *vm = kw_vms_get(m->vms, m->vm[i].vm);

		if (!vm || !vm->number || !top_passes(top, m->vm[i].vm))
			continue;
		vms++;
		vcpus += m->vm[i].vcpus;
	}
	if (page->pane)
		about_table(top, top->wants.table[page->pane - 1], dst, size);
	else
		snprintf(dst, size, "%zu VM%s, %zu vCPU%s", vms, vms == 1 ? "" : "s", vcpus,
			 vcpus == 1 ? "" : "s");
}

static const char *const keys[] = { "Enter", "go into",	 "Tab", "tables",  "/", "filter",
				    "s",     "sort",	 "c",	"columns", "p", "pause",
				    "?",     "help",	 "q",	"quit",	   "r", "reverse",
				    "+ -",   "interval", NULL };

static const char *const keys_of_table[] = {
	"Enter", "go into", "Tab", "next table", "Left Right", "scroll", "/", "filter", "s", "sort",
	"c",	 "columns", "p",   "pause",	 "?",	       "help",	 "q", "quit",	NULL
};

static void draw(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		 struct top_area area)
{
	if (area.height > 4)
		draw_cost(top, canvas, top_take(&area, 1));
	if (area.height > 5 || top->typing)
		top_draw_hints(top, canvas, top_take_last(&area, 1),
			       page->pane ? keys_of_table : keys);
	draw_note(top, canvas, &area);
	draw_unavailable(top, canvas, &area);
	if (!page->pane) {
		if (area.height > 7 && timed(top))
			top_draw_legend(canvas, top_take_last(&area, 1));
		draw_strip(top, canvas, &area);
	} else if (area.height > 7) {
		top_draw_names(top, page, canvas, top_take(&area, 1), panes(top, page));
		top_print(canvas, top_take_last(&area, 1), 0, KW_STYLE_DIM, "%s",
			  top->wants.table[page->pane - 1]->help);
	}
	top_draw_pane(top, page, page->pane, canvas, area);
}

const struct top_view top_view_host = {
	.panes = panes,
	.pane_title = pane_title,
	.about = about,
	.content = content,
	.draw = draw,
	.enter = enter,
	.tabs = true,
};
