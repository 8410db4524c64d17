// SPDX-License-Identifier: Apache-2.0
/*
 * entities.c - lists of VMs and of vCPUs: what they cost, and where their time goes.
 * May not know about: terminals, keys, collectors' structs.
 * To extend: a column is a line in columns[] and a case in value().
 */
#include "../core/cell.h"
#include "../util/cleanup.h"
#include "../util/text.h"
#include "states.h"
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME,
	VMM,
	PID,
	VCPUS,
	CPU,
	THREADS,
	COST,
	BAR,
	GUEST,
	NESTED,
	KERNEL,
	IN_VMM,
	POLL,
	HALTED,
	OTHER,
	UNACCOUNTED,
	STEAL,
	WASTE,
	EXITS,
	REASON,
	FAULTS,
	DIRTY,
	IRQS,
	COLUMNS,
};

/* clang-format off */
static const struct top_column columns[COLUMNS] = {
	[NAME] = { "name", "NAME", "Name of the VM", 8, 40, 0, .left = true },
	[VMM] = { "vmm", "VMM", "What runs it", 8, 12, 21, .left = true },
	[PID] = { "pid", "PID", "Its process", 7, 0, 22 },
	[VCPUS] = { "vcpus", "VCPU", "vCPUs seen", 4, 0, 5 },
	[CPU] = { "cpu", "CPU%", "Its vCPUs on a CPU; 100: one CPU", 6, 0, 0 },
	[THREADS] = { "threads", "THR%", "Its other threads, vhost workers too; 100: one CPU", 5, 0,
		      4 },
	[COST] = { "cost", "CPU+THR%", "Both together", 8, 0, 99, .off = true },
	[BAR] = { "budget", "BUDGET", "Where the wall time goes, as a bar", 14, 60, 2,
		  .left = true, .picture = true },
	[GUEST] = { "guest", "GUEST%", "In guest mode, of the wall time as all that follow", 6, 0,
		    11 },
	[NESTED] = { "nested", "L2%", "In a guest of the guest", 5, 0, 17 },
	[KERNEL] = { "kernel", "KERN%", "KVM handles an exit", 5, 0, 12 },
	[IN_VMM] = { "in_vmm", "VMM%", "The VMM runs in user space", 5, 0, 13 },
	[POLL] = { "poll", "POLL%", "Halt-polling", 5, 0, 14 },
	[HALTED] = { "halted", "HALT%", "Halted and asleep", 5, 0, 15 },
	[OTHER] = { "other", "OTHER%", "Blocked, idle outside KVM, stopped", 6, 0, 16 },
	[UNACCOUNTED] = { "unaccounted", "UNACC%", "Not explained by any state", 6, 0, 18 },
	[STEAL] = { "steal", "STEAL%", "Runnable without a CPU: preempted, woken, limited", 6, 0,
		    4 },
	[WASTE] = { "waste", "WASTE%", "Halt-polling in vain", 6, 0, 6 },
	[EXITS] = { "exits", "EXITS/S", "Exits per second", 7, 0, 1 },
	[REASON] = { "reason", "TOP REASON", "Exit reason that takes most CPU time", 10, 18, 3,
		     .left = true },
	[FAULTS] = { "faults", "FAULT/S", "Page faults per second", 7, 0, 7 },
	[DIRTY] = { "dirty", "DIRTY/S", "Pages made dirty per second, while the VMM logs them", 7,
		    0, 8 },
	[IRQS] = { "irqs", "IRQ/S", "Interrupts raised per second", 6, 0, 9 },
};
/* clang-format on */

static const struct top_sums *sums_at(const struct top_rows *rows, size_t row)
{
	return &((const struct top_content *)rows->owner)->sums[row];
}

/* ---- figures ---- */

static uint64_t on_cpu(const struct top_sums *s)
{
	uint64_t ns = 0;

	for (int i = 0; i < TOP_STATES; i++)
		ns += top_states[i].on_cpu ? s->ns[i] : 0;
	return ns;
}

/* CPU time of all that belongs to it, as far as that is known. */
static uint64_t cost(const struct top_sums *s)
{
	return on_cpu(s) + s->threads;
}

/* More than 0.1 % of the wall time is explained by no state. */
static bool has_gap(const struct top_sums *s)
{
	return s->timed && top_unaccounted(s) > s->wall / 1000;
}

/* Hundredths of a percent. */
static void share(const struct top_sums *s, uint64_t ns, uint64_t whole, struct kw_value *value)
{
	if (s->timed && whole)
		kw_value_number(value, (uint64_t)(10000.0 * ns / whole + 0.5));
}

/* Thousandths per second. */
static void rate(const struct top_sums *s, enum top_figure figure, struct kw_value *value)
{
	if (s->counted >> figure & 1 && s->span_ns)
		kw_value_number(value, (uint64_t)(1e12 * s->figure[figure] / s->span_ns + 0.5));
}

static uint64_t ns_of(const struct top_sums *s, size_t column)
{
	const uint64_t *ns = s->ns;

	switch (column) {
	case GUEST:
		return ns[TOP_STATE_GUEST];
	case NESTED:
		return ns[TOP_STATE_NESTED];
	case KERNEL:
		return ns[TOP_STATE_KERNEL];
	case IN_VMM:
		return ns[TOP_STATE_VMM];
	case POLL:
		return ns[TOP_STATE_POLL_HIT] + ns[TOP_STATE_POLL_WASTED];
	case HALTED:
		return ns[TOP_STATE_HALTED];
	case OTHER:
		return ns[TOP_STATE_BLOCKED] + ns[TOP_STATE_IDLE] + ns[TOP_STATE_STOPPED];
	case UNACCOUNTED:
		return top_unaccounted(s);
	case STEAL:
		return ns[TOP_STATE_PREEMPTED] + ns[TOP_STATE_WOKEN] + ns[TOP_STATE_THROTTLED];
	default:
		return ns[TOP_STATE_POLL_WASTED];
	}
}

static void name_value(const struct top_content *c, const struct top_sums *s,
		       struct kw_value *value)
{
	const struct kw_vm *vm = kw_vms_get(c->top->model.shown->vms, s->vm);

	if (s->vcpu != KW_ALL)
		kw_value_number(value, s->vcpu);
	else if (vm)
		kw_value_text(value, vm->display);
}

static void who_value(const struct top_content *c, const struct top_sums *s, size_t column,
		      struct kw_value *value)
{
	const struct kw_vm *vm = kw_vms_get(c->top->model.shown->vms, s->vm);

	if (column == VMM && vm)
		kw_value_text(value, vm->vmm);
	else if (column == VCPUS && s->vcpus)
		kw_value_number(value, s->vcpus);
	else if (column == PID && s->vcpu != KW_ALL && s->tid)
		kw_value_number(value, s->tid);
	else if (column == PID && s->vcpu == KW_ALL && vm)
		kw_value_number(value, vm->pid);
}

static void cost_value(const struct top_sums *s, size_t column, struct kw_value *value)
{
	uint64_t ns = column == COST ? cost(s) : s->threads;

	if (s->span_ns && (s->has_threads || (column == COST && s->timed)))
		kw_value_number(value, (uint64_t)(10000.0 * ns / s->span_ns + 0.5));
}

/* Where KVM tells of no exits, its time is the guest's, too. */
static bool is_left_out(const struct top_sums *s, size_t column)
{
	return (column == GUEST && s->left_out & 1u << TOP_STATE_GUEST) ||
	       (column == NESTED && s->left_out & 1u << TOP_STATE_NESTED);
}

static void value(const struct top_rows *rows, size_t row, size_t column, struct kw_value *ret)
{
	static const enum top_figure figures[COLUMNS] = {
		[EXITS] = TOP_EXITS, [FAULTS] = TOP_FAULTS, [DIRTY] = TOP_DIRTY, [IRQS] = TOP_IRQS
	};
	const struct top_content *c = rows->owner;
	const struct top_sums *s = sums_at(rows, row);

	*ret = (struct kw_value){ .kind = KW_MISSING };
	if (column == NAME)
		name_value(c, s, ret);
	else if (column < CPU)
		who_value(c, s, column, ret);
	else if (column == CPU)
		share(s, on_cpu(s), s->span_ns, ret);
	else if (column == THREADS || column == COST)
		cost_value(s, column, ret);
	else if (column == BAR)
		return;
	else if (column <= WASTE && !is_left_out(s, column))
		share(s, ns_of(s, column), s->wall, ret);
	else if (column > WASTE && column != REASON)
		rate(s, figures[column], ret);
	else if (column == REASON && s->reason && c->reason)
		kw_column_value(c->reason, c->top->model.shown->vms, s->reason, ret);
}

static void text(const struct top_rows *rows, size_t row, size_t column, char *dst, size_t size)
{
	struct kw_value v;

	value(rows, row, column, &v);
	if (v.kind == KW_MISSING)
		snprintf(dst, size, "-");
	else if (v.kind == KW_TEXT)
		snprintf(dst, size, "%s", v.text);
	else if (column < CPU)
		snprintf(dst, size, "%llu", (unsigned long long)v.number);
	else if (column <= WASTE)
		snprintf(dst, size, v.number < 1000000 ? "%.1f" : "%.0f", v.number / 100.0);
	else
		top_format_rate(v.number, dst, size);
}

static bool paint(const struct top_rows *rows, size_t row, size_t column, struct kw_canvas *canvas,
		  int x, int y, int width)
{
	const struct top_sums *s = sums_at(rows, row);
	char cell[32];

	if ((column == CPU && s->timed) || (column == UNACCOUNTED && has_gap(s))) {
		text(rows, row, column, cell, sizeof(cell));
		kw_canvas_right(canvas, x, y, width, has_gap(s) ? KW_STYLE_WARN : KW_STYLE_BOLD,
				cell);
		return true;
	}
	if (column != BAR || !s->timed)
		return false;
	top_draw_bar(canvas, x, y, width, s->ns, s->wall);
	return true;
}

static uint64_t id(const struct top_rows *rows, size_t row)
{
	const struct top_sums *s = sums_at(rows, row);

	return s->vcpu == KW_ALL ? s->vm : s->vcpu;
}

/* ---- lists ---- */

/* Nobody counts where time goes: no columns for it. */
static void without_time(struct top_content *content)
{
	for (size_t i = CPU; i <= WASTE; i++)
		content->column[i].off = true;
	content->rows.sort = EXITS;
}

static void begin(const struct kw_top *top, struct top_content *ret)
{
	const struct kw_frame *exits = top_frame(&top->model, "exits");

	ret->top = top;
	ret->reason = exits ? kw_schema_find(exits->schema, "reason") : NULL;
	memcpy(ret->column, columns, sizeof(columns));
	ret->rows = (struct top_rows){
		.column = ret->column,
		.n_columns = COLUMNS,
		.sort = COST,
		.then = EXITS,
		.owner = ret,
		.id = id,
		.value = value,
		.text = text,
		.paint = paint,
	};
	if (!top_watched(top, "time"))
		without_time(ret);
}

/* The names get as much room as the widest one needs, within limits. */
static void fit_names(struct top_content *content)
{
	struct top_column *name = &content->column[NAME];
	int widest = name->width;

	for (size_t i = 0; i < content->rows.n; i++) {
		char raw[320], safe[1024];
		int width;

		text(&content->rows, i, NAME, raw, sizeof(raw));
		width = kw_text_width(kw_printable(raw, safe, sizeof(safe)));
		widest = width > widest ? width : widest;
	}
	name->most = widest < 40 ? widest : 40;
	name->width = widest < 14 ? widest : 14;
}

int top_vms(const struct kw_top *top, struct top_content *ret)
{
	const struct top_moment *m = top->model.shown;

	begin(top, ret);
	ret->rows.slides = true;
	ret->rows.empty = m ? "no VM was seen" : "waiting for the first interval";
	ret->sums = calloc(m && m->n ? m->n : 1, sizeof(*ret->sums));
	if (!ret->sums)
		return -ENOMEM;
	for (size_t i = 0; m && i < m->n; i++) {
		const struct kw_vm *vm = kw_vms_get(m->vms, m->vm[i].vm);

		/* what a process does without a VM is no VM's */
		if (vm && vm->number && top_passes(top, m->vm[i].vm))
			ret->sums[ret->rows.n++] = m->vm[i];
	}
	if (m && m->n && !ret->rows.n)
		ret->rows.empty = "no VM's name has what the filter looks for";
	fit_names(ret);
	return 0;
}

int top_vcpus(const struct kw_top *top, uint32_t vm, struct top_content *ret)
{
	struct top_column *c = ret->column;

	begin(top, ret);
	ret->rows.sort = NAME;
	ret->rows.empty = !top->model.shown		 ? "waiting for the first interval"
			  : top_sums_of(&top->model, vm) ? "no vCPU was seen"
							 : "ended";
	c[NAME] = (struct top_column){ "vcpu", "VCPU", "vCPU id", 5, 0, 0, .ascending = true };
	c[PID] = (struct top_column){ "tid", "TID", "Thread that runs it", 7, 0, 8 };
	c[VMM] = (struct top_column){ "vmm", "VMM", "What runs the VM", 8,
				      12,    99,    .left = true,	.off = true };
	c[VCPUS].off = c[THREADS].off = true;
	return top_vcpus_of(&top->model, vm, &ret->sums, &ret->rows.n);
}

/* ---- one of them, in full ---- */

#define LEFT_FOR_LISTS 5 /* lines that numbers leave to what is below */

/* Where the next piece of so many columns goes; on a new line if this one is full. */
struct pen {
	struct kw_canvas *canvas;
	struct top_area *area, line;
	int x;
};

static void make_room(struct pen *pen, int width)
{
	if (!pen->x || pen->x + width <= pen->line.width)
		return;
	pen->line = top_take(pen->area, pen->area->height > LEFT_FOR_LISTS);
	pen->x = 0;
}

static void draw_share(struct pen *pen, const struct top_sums *s, int state)
{
	double percent = s->wall ? 100.0 * s->ns[state] / s->wall : 0;
	char text[16] = "-";

	if (!(s->left_out & 1u << state))
		snprintf(text, sizeof(text), "%.1f%%", percent);
	make_room(pen, kw_text_width(top_states[state].label) + 9);
	pen->x = top_print(pen->canvas, pen->line, pen->x, top_states[state].style, "%s",
			   top_state_character(pen->canvas, state));
	pen->x = top_print(pen->canvas, pen->line, pen->x, KW_STYLE_DIM, " %s ",
			   top_states[state].label);
	pen->x = top_print(pen->canvas, pen->line, pen->x, percent ? KW_STYLE_BOLD : KW_STYLE_DIM,
			   "%s", text) +
		 2;
}

static void draw_figures(struct pen *pen, const struct top_sums *s)
{
	static const char *const names[TOP_FIGURES] = {
		[TOP_EXITS] = "exits/s",
		[TOP_FAULTS] = "faults/s",
		[TOP_DIRTY] = "dirty/s",
		[TOP_IRQS] = "irq/s",
	};

	for (int i = 0; i < TOP_FIGURES; i++) {
		struct kw_value v = { .kind = KW_MISSING };
		char cell[32] = "-";

		rate(s, i, &v);
		if (v.kind == KW_NUMBER)
			top_format_rate(v.number, cell, sizeof(cell));
		make_room(pen, strlen(names[i]) + 1 + strlen(cell));
		pen->x = top_print(pen->canvas, pen->line, pen->x, KW_STYLE_DIM, "%s ", names[i]);
		pen->x = top_print(pen->canvas, pen->line, pen->x, KW_STYLE_BOLD, "%s", cell) + 2;
	}
}

/* What no state explains, should it be worth telling. */
static void draw_gap(struct pen *pen, const struct top_sums *s)
{
	char text[64];

	if (!has_gap(s))
		return;
	snprintf(text, sizeof(text), "? unaccounted %.1f%%", 100.0 * top_unaccounted(s) / s->wall);
	make_room(pen, strlen(text));
	pen->x = top_print(pen->canvas, pen->line, pen->x, KW_STYLE_WARN, "%s", text) + 2;
}

static void draw_threads(struct pen *pen, const struct top_sums *s)
{
	char text[64];

	if (!s->has_threads || !s->span_ns)
		return;
	snprintf(text, sizeof(text), "%.1f%%", 100.0 * s->threads / s->span_ns);
	make_room(pen, strlen("threads ") + strlen(text));
	pen->x = top_print(pen->canvas, pen->line, pen->x, KW_STYLE_DIM, "threads ");
	pen->x = top_print(pen->canvas, pen->line, pen->x, KW_STYLE_BOLD, "%s", text) + 2;
}

static void draw_numbers(const struct top_sums *s, struct kw_canvas *canvas, struct top_area *area)
{
	struct pen pen = { canvas, area, top_take(area, area->height > LEFT_FOR_LISTS), 0 };

	draw_gap(&pen, s);
	for (int i = 0; i < TOP_STATES && s->timed; i++)
		if (top_states_order[i] != TOP_STATE_UNKNOWN)
			draw_share(&pen, s, top_states_order[i]);
	draw_threads(&pen, s);
	draw_figures(&pen, s);
}

void top_draw_budget(const struct top_sums *sums, bool waiting, struct kw_canvas *canvas,
		     struct top_area *area)
{
	struct top_area line = top_take(area, 1);
	int x;

	if (!line.height)
		return;
	if (sums && sums->timed) {
		x = top_print(canvas, line, 0, KW_STYLE_DIM, "CPU ");
		x = top_print(canvas, line, x, KW_STYLE_BOLD, "%.1f%%",
			      sums->span_ns ? 100.0 * on_cpu(sums) / sums->span_ns : 0);
		top_draw_bar(canvas, line.x + x + 2, line.y, line.width - x - 2, sums->ns,
			     sums->wall);
	} else {
		top_print(canvas, line, 0, KW_STYLE_DIM, "CPU -   %s",
			  sums	    ? "where its time goes is not known"
			  : waiting ? "waiting for the first interval"
				    : "ended");
	}
	if (sums)
		draw_numbers(sums, canvas, area);
}
