// SPDX-License-Identifier: Apache-2.0
/*
 * perfetto_plan.c - how the events and rows of a table are shown on a time line.
 * May not know about: where data comes from, collectors but for what ways[] says of their tables.
 * To extend: what a table needs to be shown well is a line in ways[]; most need none.
 */
#include "perfetto.h"

#include "../util/cleanup.h"
#include "../util/grow.h"

#include <errno.h>
#include <string.h>

/*
 * Without a line the name of an event is its first two words. An event took the time of the column
 * by which its table is sorted, if that is a time, and ended when it was told.
 */
static const struct kw_pf_way ways[] = {
	{ .table = "exits-event", .name = { "reason" }, .between = "guest" },
	{ .table = "halt-event",
	  .first = "polled",
	  .first_name = "poll",
	  .name = { "what", "outcome" } },
	{ .table = "load-event",
	  .prefix = "CPU",
	  .name = { "cpu" },
	  .before = "waited",
	  .before_name = "waiting",
	  .cpu = "cpu",
	  .moved = "from_cpu" },
	{ .table = "faults-event", .name = { "access", "result" } },
	{ .table = "irq-event", .name = { "what", "vector" }, .by_others = true, .flows = true },
	{ .table = "dirty-event", .by_others = true },
	{ .table = "ioctl-event", .by_others = true },
	{ .table = "io", .no_sums = true },
	{ .table = "nested", .no_sums = true },
};

static void set_way(struct kw_pf_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].table, p->schema->name))
			p->way = ways[i];
	for (int i = 0; i < 2 && p->way.name[i]; i++)
		p->name[n++] = kw_schema_find(p->schema, p->way.name[i]);
	for (size_t i = 0; !p->way.name[0] && i < p->schema->n_columns && n < 2; i++)
		if (p->schema->columns[i].unit == KW_UNIT_WORD &&
		    p->schema->columns[i].role != KW_PADDING &&
		    p->schema->columns[i].show == KW_SHOW_TABLE)
			p->name[n++] = &p->schema->columns[i];
	p->before = p->way.before ? kw_schema_find(p->schema, p->way.before) : NULL;
	p->cpu = p->way.cpu ? kw_schema_find(p->schema, p->way.cpu) : NULL;
	p->moved = p->way.moved ? kw_schema_find(p->schema, p->way.moved) : NULL;
	p->first = p->way.first ? kw_schema_find(p->schema, p->way.first) : NULL;
	p->level = p->way.between ? kw_schema_find(p->schema, "level") : NULL;
	p->time = kw_schema_find(p->schema, p->schema->sort);
	if (p->time && p->time->unit != KW_UNIT_NS)
		p->time = NULL;
}

/* The columns that every row has are not told again: the track tells them. */
static bool is_of_all_rows(const struct kw_schema *schema, const struct kw_column *column)
{
	return column < schema->columns || column >= schema->columns + schema->n_columns;
}

static bool is_counted(const struct kw_column *c)
{
	return c->role == KW_COUNTER && (c->unit == KW_UNIT_NUMBER || c->unit == KW_UNIT_NS);
}

/* Of events all columns but their time, of which the slice tells; of frames what can be added. */
static int choose_columns(struct kw_sink *sink, struct kw_pf_plan *p, bool of_frames)
{
	struct kw_pf *s = sink->state;
	size_t n, kept = 0;
	char name[64];
	int err = kw_view_columns(&sink->view, p->schema, !of_frames, &p->column, &n);
	bool any = !of_frames;

	if (err)
		return err;
	for (size_t i = 0; i < n && !any; i++)
		any = is_counted(p->column[i]);
	if (!any) { /* tables show but shares of it */
		free(p->column);
		err = kw_view_columns(&sink->view, p->schema, true, &p->column, &n);
		if (err)
			return err;
	}
	for (size_t i = 0; i < n && kept < KW_PF_COLUMNS; i++) {
		const struct kw_column *c = p->column[i];

		if (!is_of_all_rows(p->schema, c) && c->role != KW_HISTOGRAM &&
		    (of_frames ? is_counted(c) && !p->way.no_sums : c != p->time))
			p->column[kept++] = c;
	}
	p->n = kept;
	p->note = calloc(kept + 1, sizeof(*p->note));
	for (size_t i = 0; p->note && i < kept; i++)
		p->note[i] = kw_timeline_word(s->line, KW_WORDS_NOTE,
					      kw_column_name(p->column[i], name, sizeof(name)));
	return p->note ? 0 : -ENOMEM;
}

void kw_pf_free_plan(struct kw_pf_plan *p)
{
	free(p->column);
	free(p->note);
	free(p);
}

static struct kw_pf_plan *new_plan(struct kw_sink *sink, const struct kw_schema *schema,
				   bool of_frames)
{
	struct kw_pf *s = sink->state;
	struct kw_pf_plan *p = calloc(1, sizeof(*p));

	if (!p || !kw_grow(&s->plan, s->n_plans, &s->room, sizeof(struct kw_pf_plan *))) {
		free(p);
		return NULL;
	}
	p->schema = schema;
	set_way(p);
	snprintf(p->what, sizeof(p->what), "%s", schema->name);
	p->what[strcspn(p->what, "-")] = 0;
	p->category = kw_timeline_word(s->line, KW_WORDS_CATEGORY, p->what);
	p->tid = p->way.by_others ? kw_timeline_word(s->line, KW_WORDS_NOTE, "tid") : 0;
	if (p->cpu) {
		p->culprit = kw_timeline_word(s->line, KW_WORDS_NOTE, "culprit");
		p->culprit_ns = kw_timeline_word(s->line, KW_WORDS_NOTE, "culprit_ns");
	}
	if (choose_columns(sink, p, of_frames)) {
		kw_pf_free_plan(p);
		return NULL;
	}
	return s->plan[s->n_plans++] = p;
}

const struct kw_pf_plan *kw_pf_plan(struct kw_sink *sink, const struct kw_schema *schema,
				    bool of_frames)
{
	const struct kw_pf *s = sink->state;

	for (size_t i = 0; i < s->n_plans; i++)
		if (s->plan[i]->schema == schema)
			return s->plan[i];
	return new_plan(sink, schema, of_frames);
}
