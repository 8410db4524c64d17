// SPDX-License-Identifier: Apache-2.0
/*
 * slow.c - the list of the longest exits of late: of a VM, a vCPU or a reason.
 * May not know about: terminals, keys, collectors' structs.
 * To extend: a column is a line in columns[] and a case in value().
 */
#include "../util/units.h"
#include "../util/cleanup.h"
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TIME, VCPU, REASON, TOOK, COLUMNS };

static const struct top_column columns[COLUMNS] = {
	[TIME] = { "time", "TIME", "End of the interval that it was in", 8, 0, 0, .left = true },
	[VCPU] = { "vcpu", "VCPU", "Whose exit it was", 5, 0, 0, .ascending = true },
	[REASON] = { "reason", "REASON", "Why the guest exited", 10, 24, 0, .left = true },
	[TOOK] = { "took", "TOOK", "The longest exit of this vCPU and reason in that interval", 7,
		   0, 0 },
};

static const struct top_slow *slow_at(const struct top_rows *rows, size_t row)
{
	return &((const struct top_content *)rows->owner)->slow[row];
}

static void value(const struct top_rows *rows, size_t row, size_t column, struct kw_value *ret)
{
	const struct top_slow *s = slow_at(rows, row);

	switch (column) {
	case TIME:
		return kw_value_number(ret, s->exit->real_ns);
	case VCPU:
		return kw_value_number(ret, s->exit->vcpu);
	case REASON:
		return kw_value_text(ret, s->reason->name);
	default:
		return kw_value_number(ret, s->exit->ns);
	}
}

static void text(const struct top_rows *rows, size_t row, size_t column, char *dst, size_t size)
{
	const struct top_slow *s = slow_at(rows, row);

	switch (column) {
	case TIME:
		kw_format_clock(s->exit->real_ns, dst, size);
		break;
	case VCPU:
		snprintf(dst, size, "%u", s->exit->vcpu);
		break;
	case REASON:
		snprintf(dst, size, "%s", s->reason->name);
		break;
	default:
		kw_format_ns(s->exit->ns, dst, size);
	}
}

static uint64_t id(const struct top_rows *rows, size_t row)
{
	const struct top_slow *s = slow_at(rows, row);

	return (s->reason->id ^ s->exit->seq) * 0x9e3779b97f4a7c15ULL ^ s->exit->vcpu;
}

static bool belongs(const struct top_page *page, const struct top_reason *reason,
		    const struct top_slow_exit *exit, uint32_t seq)
{
	if (!exit->seq || exit->seq > seq || seq - exit->seq >= TOP_VM_HISTORY)
		return false;
	if (page->vcpu != KW_ALL && exit->vcpu != page->vcpu)
		return false;
	return page->reason ? reason->id == page->reason : !reason->idle;
}

static bool is_listed(const struct top_content *c, const struct top_slow_exit *exit)
{
	for (size_t i = 0; i < c->rows.n; i++) {
		const struct top_slow_exit *other = c->slow[i].exit;

		if (other->seq == exit->seq && other->vcpu == exit->vcpu &&
		    other->reason == exit->reason)
			return true;
	}
	return false;
}

static void add_exits(const struct kw_top *top, const struct top_page *page,
		      const struct top_slow_exit *exit, size_t n, struct top_content *ret)
{
	for (; exit && n--; exit++) {
		const struct top_reason *reason =
			exit->seq ? top_reason_of(&top->model, page->vm, exit->reason) : NULL;

		if (reason && belongs(page, reason, exit, top->model.shown->seq) &&
		    !is_listed(ret, exit))
			ret->slow[ret->rows.n++] = (struct top_slow){ reason, exit };
	}
}

int top_slow_exits(const struct kw_top *top, const struct top_page *page, struct top_content *ret)
{
	const struct top_past *past = top_past_of(&top->model, page->vm);

	ret->top = top;
	ret->rows =
		(struct top_rows){ .column = columns,
				   .n_columns = COLUMNS,
				   .sort = TOOK,
				   .then = TIME,
				   .owner = ret,
				   .id = id,
				   .value = value,
				   .text = text,
				   .empty = top->model.shown ? "none seen"
							     : "waiting for the first interval" };
	ret->slow = calloc(TOP_REASONS * TOP_SLOW + TOP_VCPU_SLOW, sizeof(*ret->slow));
	if (!ret->slow)
		return -ENOMEM;
	for (size_t i = 0; past && top->model.shown && i < past->n_reasons; i++)
		add_exits(top, page, past->reason[i].slow, TOP_SLOW, ret);
	if (past && top->model.shown && page->vcpu != KW_ALL)
		add_exits(top, page, top_slow_of_vcpu(past, page->vcpu), TOP_VCPU_SLOW, ret);
	return 0;
}
