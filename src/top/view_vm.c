// SPDX-License-Identifier: Apache-2.0
/*
 * view_vm.c - one VM: where its time goes and went, its vCPUs, exit reasons, who ran instead, its
 * interrupts and other threads; and the same of one vCPU.
 * May not know about: terminals, collectors' structs.
 * To extend: a pane that is a part of a table is a line in top_panes_of_vm[] or
 * top_panes_of_vcpu[].
 */
#include "view.h"

#include "../util/cleanup.h"

#include <stdio.h>
#include <string.h>

#define PART(title, table, columns, sort)                                                          \
	{                                                                                          \
		NULL, title, table, columns, sort, NULL, NULL, TOP_PANE_PART                       \
	}
/* A reason's history is that of the VM, not of a vCPU. */
#define EXITS(history)                                                                             \
	PART("exits", "exits",                                                                     \
	     "reason,level,count/s,on_cpu,total,p50,p99," history                                  \
	     "max,kernel,vmm,poll,halted,waiting",                                                 \
	     "on_cpu")
#define CULPRITS                                                                                   \
	PART("ran instead", "time-culprits", "by,culprit,waited,waited_percent,count,culprit_pid", \
	     "waited")
#define INTERRUPTS                                                                                 \
	PART("interrupts", "irq", "source,line,vector,count/s,mode,coalesced,masked,posted",       \
	     "count")
#define SLOWEST                                                                                    \
	{                                                                                          \
		.title = "slowest (no HLT)", .table = "exits", .kind = TOP_PANE_SLOW               \
	}

const struct top_pane top_panes_of_vm[] = {
	{ .title = "vCPUs", .kind = TOP_PANE_VCPUS },
	EXITS("~,"),
	CULPRITS,
	INTERRUPTS,
	PART("threads", "time-threads", "comm,role,run_percent,run,waited,slices,thread", "run"),
	SLOWEST,
	{},
};

const struct top_pane top_panes_of_vcpu[] = {
	EXITS(""),
	CULPRITS,
	{ .title = "times (no HLT)", .table = "exits", .kind = TOP_PANE_TIMES },
	PART("kernel", "time-kernel", "reason,level,kernel,kernel_percent", "kernel"),
	INTERRUPTS,
	SLOWEST,
	{},
};

static const struct top_pane *panes_of(const struct top_page *page)
{
	return page->vcpu == KW_ALL ? top_panes_of_vm : top_panes_of_vcpu;
}

static size_t panes(const struct kw_top *top, const struct top_page *page)
{
	size_t n = 0;

	for (const struct top_pane *p = panes_of(page); p->title; p++)
		n += !p->table || top_watched(top, p->table);
	return n;
}

/* NULL: nothing is watched that there is a pane for. */
static const struct top_pane *pane_of(const struct kw_top *top, const struct top_page *page,
				      size_t pane)
{
	for (const struct top_pane *p = panes_of(page); p->title; p++)
		if ((!p->table || top_watched(top, p->table)) && !pane--)
			return p;
	return NULL;
}

static const char *pane_title(const struct kw_top *top, const struct top_page *page, size_t pane)
{
	return pane_of(top, page, pane)->title;
}

static int content(const struct kw_top *top, const struct top_page *page, size_t pane,
		   struct top_content *ret)
{
	const struct top_pane *p = pane_of(top, page, pane);
	struct top_part part = { .vm = page->vm, .vcpu = page->vcpu };
	const struct top_sums *sums = top_sums_of(&top->model, page->vm);

	if (!p || p->kind == TOP_PANE_TIMES)
		return 0;
	if (p->kind == TOP_PANE_VCPUS)
		return top_vcpus(top, page->vm, ret);
	if (p->kind == TOP_PANE_SLOW)
		return top_slow_exits(top, page, ret);
	part.table = p->table;
	part.columns = p->columns;
	part.sort = p->sort;
	if (!strcmp(p->table, "time-culprits") && page->vcpu == KW_ALL && sums && sums->timed)
		part.wall_ns = sums->wall; /* as all that is said of the VM's vCPUs */
	return top_part(top, &part, ret);
}

static void enter_reason(struct kw_top *top, const struct top_page *page,
			 const struct top_content *content, size_t row)
{
	uint64_t id = top_row_id(&top->model, content->frame, content->row[row]);
	struct top_page *deeper = top_push(top, &top_view_reason);

	if (!deeper)
		return;
	deeper->vm = page->vm;
	deeper->vcpu = page->vcpu;
	deeper->reason = id;
	content->rows.text(&content->rows, row, 0, deeper->name, sizeof(deeper->name));
	top_recall(top, deeper);
}

static void enter(struct kw_top *top, struct top_page *page, const struct top_content *content,
		  size_t row)
{
	const struct top_pane *p = pane_of(top, page, page->pane);
	struct top_page *deeper;

	if (!p)
		return;
	if (p->kind == TOP_PANE_PART && !strcmp(p->table, "exits"))
		return enter_reason(top, page, content, row);
	if (p->kind != TOP_PANE_VCPUS)
		return;
	deeper = top_push(top, &top_view_vcpu);
	if (!deeper)
		return;
	deeper->vm = page->vm;
	deeper->vcpu = content->sums[row].vcpu;
	top_recall(top, deeper);
}

/* ---- the histogram of a vCPU ---- */

/* False: the pane is a list. */
static bool paint(const struct kw_top *top, const struct top_page *page, size_t pane,
		  struct kw_canvas *canvas, struct top_area area)
{
	const struct top_pane *p = pane_of(top, page, pane);
	_cleanup_free_ uint64_t *buckets = NULL;
	const struct kw_hist *hist;

	if (!p || p->kind != TOP_PANE_TIMES)
		return false;
	hist = top_times_of(&top->model, page->vm, page->vcpu, &buckets);
	if (hist)
		top_draw_hist(canvas, area, hist, buckets);
	else
		top_print(canvas, area, 0, KW_STYLE_DIM, "%s",
			  top->model.shown ? "not known" : "waiting for the first interval");
	return true;
}

/* ---- drawing ---- */

static void about(const struct kw_top *top, const struct top_page *page, char *dst, size_t size)
{
	const struct top_moment *m = top->model.shown;
	const struct kw_vm *vm = m ? kw_vms_get(m->vms, page->vm) : NULL;
	const struct top_sums *sums = top_sums_of(&top->model, page->vm);

	if (!vm)
		snprintf(dst, size, "no such VM");
	else if (page->vcpu != KW_ALL)
		snprintf(dst, size, "%s, vCPU %u%s", vm->display, page->vcpu,
			 sums ? "" : ": ended");
	else
		snprintf(dst, size, "%s (%s, pid %u)%s", vm->display, vm->vmm, vm->pid,
			 sums ? "" : ": ended");
}

struct strip_arg {
	const struct top_model *model;
	uint32_t vm;
};

static const struct top_sample *sample(const void *arg, uint32_t back)
{
	const struct strip_arg *a = arg;

	return top_vm_sample(a->model, a->vm, back);
}

static void draw_strip(const struct kw_top *top, const struct top_page *page,
		       struct kw_canvas *canvas, struct top_area *area)
{
	struct strip_arg arg = { &top->model, page->vm };
	struct top_area strip;

	if (area->height < 14 || !top->model.shown || !top_frame(&top->model, "time") ||
	    top_frame(&top->model, "time")->unavailable)
		return;
	strip = top_take(area, area->height >= 50 ? 5 : 3);
	strip.width = strip.width < TOP_VM_HISTORY + 6 ? strip.width : TOP_VM_HISTORY + 6;
	top_draw_strip(canvas, strip, top->model.shown->seq, 1, top->interval_ns, sample, &arg);
}

static const char *const keys[] = { "Enter", "go into", "Esc",	   "back", "Left Right",
				    "panes", "/",	"filter",  "s",	   "sort",
				    "p",     "pause",	"?",	   "help", "q",
				    "quit",  "r",	"reverse", NULL };

static void draw_sums(struct kw_top *top, const struct top_page *page, struct kw_canvas *canvas,
		      struct top_area *area)
{
	_cleanup_free_ struct top_sums *vcpus = NULL;
	const struct top_sums *found = top_sums_of(&top->model, page->vm);
	size_t n;

	if (page->vcpu != KW_ALL) {
		found = NULL;
		if (top_vcpus_of(&top->model, page->vm, &vcpus, &n))
			return;
		for (size_t i = 0; i < n; i++)
			found = vcpus[i].vcpu == page->vcpu ? &vcpus[i] : found;
	}
	top_draw_budget(found, !top->model.shown, canvas, area);
}

static void draw(struct kw_top *top, struct top_page *page, struct kw_canvas *canvas,
		 struct top_area area)
{
	if (area.height > 5 || top->typing)
		top_draw_hints(top, canvas, top_take_last(&area, 1), keys);
	draw_sums(top, page, canvas, &area);
	if (page->vcpu == KW_ALL)
		draw_strip(top, page, canvas, &area);
	top_draw_panes(top, page, canvas, area);
}

const struct top_view top_view_vm = {
	.panes = panes,
	.pane_title = pane_title,
	.about = about,
	.content = content,
	.draw = draw,
	.enter = enter,
};

const struct top_view top_view_vcpu = {
	.panes = panes,
	.pane_title = pane_title,
	.about = about,
	.content = content,
	.draw = draw,
	.paint = paint,
	.enter = enter,
};
