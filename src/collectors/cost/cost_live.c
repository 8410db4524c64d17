// SPDX-License-Identifier: Apache-2.0
/*
 * cost_live.c - the live half of the cost collector: what the source measured of the tool's
 * programs, and the kernel's books on its process, become rows.
 * May not know about: sinks, the command line, what programs do.
 * To extend: see cost_rows.h.
 */
#include "../../core/self.h"
#include "../../util/cleanup.h"
#include "../../util/units.h"
#include "cost_rows.h"

#include <errno.h>
#include <string.h>

struct cost_state {
	uint64_t start_ns;     /* of counting: nothing before it counts */
	uint64_t user, system; /* of this process by then */
	uint64_t *misses;      /* of each program by then */
};

int cost_open(const struct kw_live *live, void **ret_state)
{
	struct cost_state *s = calloc(1, sizeof(*s));

	(void)live;
	*ret_state = s;
	return s ? 0 : -ENOMEM;
}

void cost_close(void *state)
{
	struct cost_state *s = state;

	free(s->misses);
	free(s);
}

int cost_start(const struct kw_live *live, void *state)
{
	struct cost_state *s = state;

	s->misses = calloc(live->n_programs ?: 1, sizeof(*s->misses));
	if (!s->misses)
		return -ENOMEM;
	for (size_t i = 0; i < live->n_programs; i++)
		s->misses[i] = live->program[i].misses;
	s->start_ns = kw_mono_ns();
	kw_self_cpu(&s->user, &s->system);
	return 0;
}

static struct kw_row_head head(const struct cost_state *s)
{
	return (struct kw_row_head){ .vm = KW_ALL, .vcpu = KW_ALL, .born_ns = s->start_ns };
}

static int add_program(const struct kw_live *live, const struct cost_state *s, size_t i,
		       struct kw_frame *frame)
{
	const struct kw_program *p = &live->program[i];
	struct cost_row *row = kw_frame_add(frame);

	if (!row)
		return -ENOMEM;
	row->head = head(s);
	row->id = p->id;
	row->verified = p->verified;
	snprintf(row->hook, sizeof(row->hook), "%s", p->hook);
	snprintf(row->program, sizeof(row->program), "%s", p->name);
	snprintf(row->kind, sizeof(row->kind), "%.*s", (int)strcspn(p->kind, "/"), p->kind);
	row->metered = live->metered_ns;
	row->runs = p->runs;
	row->run = p->run_ns;
	row->misses = p->misses - s->misses[i];
	return 0;
}

static int add_tool(const struct kw_live *live, const struct cost_state *s, struct kw_frame *frame)
{
	struct cost_tool_row *row = kw_frame_add(frame);

	if (!row)
		return -ENOMEM;
	row->head = head(s);
	kw_self_cpu(&row->user, &row->system);
	row->user -= s->user;
	row->system -= s->system;
	for (size_t i = 0; i < live->n_programs; i++) {
		row->runs += live->program[i].runs;
		row->run += live->program[i].run_ns;
	}
	row->metered = live->metered_ns;
	row->rss_bytes = kw_self_rss_bytes();
	row->map_bytes = live->map_bytes;
	row->programs = live->n_programs;
	return 0;
}

int cost_read_host(const struct kw_live *live, void *state, struct kw_frame *frame)
{
	int err = 0;

	for (size_t i = 0; i < live->n_programs && !err; i++)
		err = add_program(live, state, i, &frame[0]);
	return err ?: add_tool(live, state, &frame[1]);
}
