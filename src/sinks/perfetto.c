// SPDX-License-Identifier: Apache-2.0
/*
 * perfetto.c - events and counters on a time line, as a trace for Perfetto: a VM is a process, a
 * vCPU a thread, an event that took time a slice.
 * May not know about: where data comes from, any one collector.
 * To extend: what a table needs to be shown well is a line in perfetto_plan.c; most need none.
 */
#define _GNU_SOURCE
#include "perfetto.h"

#include "../core/log.h"
#include "../util/cleanup.h"
#include "../util/grow.h"

#include <errno.h>
#include <search.h>
#include <string.h>

static int put_slice(struct kw_pf *s, struct kw_mark *mark, const char *name, uint64_t begin_ns,
		     uint64_t end_ns)
{
	int err;

	mark->name = name;
	err = kw_timeline_begin(s->line, mark, begin_ns);
	return err ?: kw_timeline_end(s->line, mark->track, end_ns);
}

static int put_turn(struct kw_pf *s, const struct kw_pf_plan *p, const struct kw_vms *vms,
		    const struct kw_row_head *head, uint64_t begin_ns, uint64_t end_ns)
{
	const struct kw_turn turn = { head->vm, head->vcpu, begin_ns, end_ns };
	uint32_t cpu = kw_column_raw(p->cpu, head);
	struct kw_pf_track *track;
	struct kw_mark mark = {};
	char name[KW_PF_NAME_SIZE];
	int err = kw_pf_cpu(s, cpu, begin_ns, &track);

	if (err || !track)
		return err;
	kw_pf_name_vcpu(name, vms, head->vm, head->vcpu);
	mark.track = track->id;
	err = put_slice(s, &mark, name, begin_ns, end_ns);
	track->end_ns = end_ns;
	return err ?: kw_turns_add(s->turns, cpu, &turn);
}

/* ---- events ---- */

/* A column's time in ns; false if it is missing. */
static bool time_of(const struct kw_column *column, const struct kw_vms *vms, const void *row,
		    uint64_t *ret)
{
	struct kw_value value = {};

	*ret = 0;
	if (column)
		kw_column_value(column, vms, row, &value);
	if (!column || value.kind != KW_NUMBER)
		return false;
	*ret = value.number;
	return true;
}

static void name_event(const struct kw_pf_plan *p, const struct kw_vms *vms, const void *row,
		       char *dst)
{
	int n = snprintf(dst, KW_PF_NAME_SIZE, "%s", p->way.prefix ?: "");
	struct kw_value value;

	for (int i = 0; i < 2 && p->name[i] && n < KW_PF_NAME_SIZE; i++) {
		kw_column_value(p->name[i], vms, row, &value);
		if (value.kind == KW_TEXT)
			n += snprintf(dst + n, KW_PF_NAME_SIZE - n, "%s%s", n ? " " : "",
				      value.text);
		else if (value.kind == KW_NUMBER)
			n += snprintf(dst + n, KW_PF_NAME_SIZE - n, "%s%llu", n ? " " : "",
				      (unsigned long long)value.number);
	}
	if (!n)
		snprintf(dst, KW_PF_NAME_SIZE, "%s", p->schema->name);
}

/* An address comes as text, too; those that a decoder has words for are words. */
static int kind_of(const struct kw_column *column, const struct kw_value *value)
{
	if (column->unit == KW_UNIT_HEX && value->text == value->buf &&
	    !strncmp(value->buf, "0x", 2))
		return KW_NOTE_ADDRESS;
	if (value->kind == KW_TEXT)
		return KW_NOTE_TEXT;
	return column->unit == KW_UNIT_PERCENT ? KW_NOTE_SHARE : KW_NOTE_NUMBER;
}

static size_t add_notes(const struct kw_pf_plan *p, const struct kw_vms *vms, const void *row,
			struct kw_note *note, struct kw_value *value)
{
	const struct kw_row_head *head = row;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct kw_column *c = p->column[i];

		kw_column_value(c, vms, row, &value[n]);
		if (value[n].kind == KW_MISSING)
			continue;
		note[n].name = p->note[i];
		note[n].kind = kind_of(c, &value[n]);
		note[n].number = value[n].number;
		note[n].share = value[n].number / 100.0;
		note[n].text = value[n].text;
		n++;
	}
	if (p->way.by_others && head->tid) {
		note[n].name = p->tid;
		note[n].kind = KW_NOTE_NUMBER;
		note[n++].number = head->tid;
	}
	return n;
}

/* Who waits where it ran before knows who of the vCPUs ran there instead, and most of all. */
static int put_waiting(struct kw_pf *s, const struct kw_pf_plan *p, const struct kw_vms *vms,
		       const struct kw_row_head *head, struct kw_mark *mark, uint64_t begin_ns,
		       uint64_t end_ns)
{
	const struct kw_turn wait = { head->vm, head->vcpu, begin_ns, end_ns };
	struct kw_note note[2];
	struct kw_value moved = {};
	struct kw_turn culprit;
	char name[KW_PF_NAME_SIZE];
	uint64_t ns;

	if (p->moved)
		kw_column_value(p->moved, vms, head, &moved);
	if (p->cpu && moved.kind == KW_MISSING &&
	    kw_turns_most(s->turns, kw_column_raw(p->cpu, head), &wait, &culprit, &ns)) {
		kw_pf_name_vcpu(name, vms, culprit.vm, culprit.vcpu);
		note[0] =
			(struct kw_note){ .name = p->culprit, .kind = KW_NOTE_TEXT, .text = name };
		note[1] = (struct kw_note){ .name = p->culprit_ns, .number = ns };
		mark->note = note;
		mark->n_notes = 2;
	}
	return put_slice(s, mark, p->way.before_name, begin_ns, end_ns);
}

/*
 * What was before it on its track, as far as that is known: a guest that ran since the last exit,
 * if none was left out in between and the same thread runs the vCPU.
 */
static int put_before(struct kw_sink *sink, const struct kw_pf_plan *p, const struct kw_vms *vms,
		      const struct kw_pf_track *track, const struct kw_row_head *head,
		      uint64_t before_ns, uint64_t begin_ns)
{
	struct kw_mark mark = { .track = track->id, .category = p->category };
	struct kw_pf *s = sink->state;

	if (before_ns)
		return put_waiting(s, p, vms, head, &mark, begin_ns - before_ns, begin_ns);
	if (!p->way.between || track->lane || !track->end_ns || track->end_ns >= begin_ns ||
	    sink->view.filtered || track->tid != head->tid)
		return 0;
	return put_slice(s, &mark,
			 p->level && kw_column_raw(p->level, head) > 1 ? "nested guest"
								       : p->way.between,
			 track->end_ns, begin_ns);
}

static int put_slices(struct kw_sink *sink, const struct kw_pf_plan *p, struct kw_mark *mark,
		      const struct kw_vms *vms, const void *row, uint64_t begin_ns, uint64_t end_ns)
{
	struct kw_mark part = { .track = mark->track, .category = p->category };
	struct kw_pf *s = sink->state;
	uint64_t first;
	int err = kw_timeline_begin(s->line, mark, begin_ns);

	if (time_of(p->first, vms, row, &first) && first && first <= end_ns - begin_ns)
		err = err ?: put_slice(s, &part, p->way.first_name, begin_ns, begin_ns + first);
	return err ?: kw_timeline_end(s->line, mark->track, end_ns);
}

static int put_event(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_schema *schema,
		     const void *row, uint64_t ns, enum kw_flow flow, uint64_t flow_id)
{
	const struct kw_pf_plan *p = kw_pf_plan(sink, schema, false);
	struct kw_mark mark = { .flow = flow, .flow_id = flow_id };
	struct kw_pf *s = sink->state;
	struct kw_value value[KW_PF_COLUMNS];
	struct kw_note note[KW_PF_COLUMNS + 1];
	char name[KW_PF_NAME_SIZE];
	uint64_t took, before;
	struct kw_pf_track *track;
	bool slice;
	int err;

	if (!p)
		return -ENOMEM;
	slice = time_of(p->time, vms, row, &took) && took <= ns;
	took = slice ? took : 0;
	time_of(p->before, vms, row, &before);
	before = before <= ns - took ? before : 0;
	track = kw_pf_lane(s, vms, p, row, ns - took - before);
	if (!track) { /* what is shown in a wrong place is worse than what is not */
		track = kw_pf_lane(s, vms, p, row, UINT64_MAX);
		if (!track)
			return -ENOMEM;
		slice = false;
		ns = track->end_ns > ns ? track->end_ns : ns;
		took = before = 0;
	}
	name_event(p, vms, row, name);
	mark.track = track->id;
	mark.category = p->category;
	mark.name = name;
	mark.note = note;
	mark.n_notes = add_notes(p, vms, row, note, value);
	err = put_before(sink, p, vms, track, row, before, ns - took);
	if (slice)
		err = err ?: put_slices(sink, p, &mark, vms, row, ns - took, ns);
	else
		err = err ?: kw_timeline_instant(s->line, &mark, ns);
	if (slice && p->cpu)
		err = err ?: put_turn(s, p, vms, row, ns - took, ns);
	track->end_ns = ns;
	track->tid = ((const struct kw_row_head *)row)->tid;
	return err;
}

static int put_event_of(void *sink, const struct kw_vms *vms, const struct kw_schema *schema,
			const void *row, uint64_t ns, enum kw_flow flow, uint64_t flow_id)
{
	return put_event(sink, vms, schema, row, ns, flow, flow_id);
}

static int began(struct kw_pf *s, uint64_t mono_ns, uint64_t real_ns)
{
	if (s->began)
		return 0;
	s->began = true;
	return kw_timeline_clocks(s->line, mono_ns, real_ns);
}

static int event(struct kw_sink *sink, const struct kw_vms *vms, const char *collector,
		 const struct kw_schema *schema, const void *row, uint64_t mono_ns,
		 uint64_t real_ns)
{
	struct kw_pf *s = sink->state;
	const struct kw_pf_plan *p = kw_pf_plan(sink, schema, false);
	int err = p ? began(s, mono_ns, real_ns) : -ENOMEM;

	(void)collector;
	if (err)
		return err;
	return p->way.flows ? kw_irq_flow_event(s->flows, vms, schema, row, mono_ns)
			    : put_event(sink, vms, schema, row, mono_ns, KW_FLOW_NONE, 0);
}

/* ---- frames: counters of each VM ---- */

static struct kw_pf_track *counter(struct kw_pf *s, const struct kw_vms *vms,
				   const struct kw_pf_plan *p, const struct kw_column *column,
				   uint32_t vm)
{
	struct kw_pf_track *track = kw_pf_track(s, KW_PF_COLUMN, vm, 0, 0, column);
	struct kw_track_about about = {};
	char what[128], name[KW_PF_NAME_SIZE];
	const char *of;

	if (!track || track->id)
		return track;
	snprintf(what, sizeof(what), "%s %s", p->schema->name, column->name);
	if (!kw_grow(&s->counter, s->n_counters, &s->counters_room, sizeof(struct kw_pf_track *)) ||
	    kw_pf_process(s, vms, vm, &about.parent, &of))
		return NULL;
	kw_pf_name(name, of, what, KW_ALL);
	about.name = name;
	about.unit = column->unit == KW_UNIT_NS ? "%" : "/s";
	if (kw_pf_describe(s, track, &about))
		return NULL;
	track->plan = p;
	track->of_time = column->unit == KW_UNIT_NS;
	s->counter[s->n_counters++] = track;
	return track;
}

static int add_row(struct kw_pf *s, const struct kw_vms *vms, const struct kw_pf_plan *p,
		   const void *row)
{
	for (size_t i = 0; i < p->n; i++) {
		struct kw_pf_track *track;
		struct kw_value value;

		kw_column_value(p->column[i], vms, row, &value);
		if (value.kind != KW_NUMBER)
			continue;
		track = counter(s, vms, p, p->column[i], ((const struct kw_row_head *)row)->vm);
		if (!track)
			return -ENOMEM;
		track->sum += value.number;
	}
	return 0;
}

/* A counter has its value from the begin of the interval on. */
static int put_counters(struct kw_pf *s, const struct kw_pf_plan *p, const struct kw_frame *frame)
{
	int err = 0;

	for (size_t i = 0; i < s->n_counters && !err; i++) {
		struct kw_pf_track *track = s->counter[i];

		if (track->plan != p)
			continue;
		track->value = (double)track->sum / frame->span_ns * (track->of_time ? 100 : 1e9);
		track->sum = 0;
		err = kw_timeline_count(s->line, track->id, frame->mono_ns - frame->span_ns,
					track->value);
	}
	return err;
}

/* Once per table: why it shows nothing. */
static int put_unavailable(struct kw_pf *s, const struct kw_frame *frame)
{
	struct kw_pf_track *track = kw_pf_track(s, KW_PF_UNAVAILABLE, 0, 0, 0, frame->schema);
	const struct kw_track_about about = { .name = "unavailable" };
	struct kw_mark mark = {};
	char text[KW_PF_NAME_SIZE];
	int err;

	if (!track || track->id)
		return track ? 0 : -ENOMEM;
	snprintf(text, sizeof(text), "%s: %s", frame->schema->name, frame->unavailable);
	err = kw_pf_describe(s, track, &about);
	mark.track = track->id;
	mark.name = text;
	return err ?: kw_timeline_instant(s->line, &mark, frame->mono_ns);
}

/* The main table of a collector has its name; the others tell of the same once more. */
static bool is_main(const struct kw_schema *schema)
{
	return !strchr(schema->name, '-');
}

static int frame(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_frame *frame,
		 bool summary)
{
	struct kw_pf *s = sink->state;
	const struct kw_pf_plan *p;
	int err;

	s->summary |= summary;
	if (summary || !frame->span_ns || frame->span_ns > frame->mono_ns)
		return 0;
	s->interval_ns = frame->span_ns;
	s->now_ns = frame->mono_ns;
	err = began(s, frame->mono_ns, frame->real_ns);
	if (frame->unavailable)
		return err ?: put_unavailable(s, frame);
	if (!is_main(frame->schema))
		return err;
	p = kw_pf_plan(sink, frame->schema, true);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < frame->n && !err; i++)
		err = add_row(s, vms, p, frame->row[i]);
	return err ?: put_counters(s, p, frame);
}

/* ---- losses: over the interval in which they were found ---- */

static int begin_loss(struct kw_pf *s, uint64_t track, const struct kw_loss_info *info, uint64_t n,
		      uint64_t ns)
{
	struct kw_note note = { .name = kw_timeline_word(s->line, KW_WORDS_NOTE, "count"),
				.kind = KW_NOTE_NUMBER,
				.number = n };
	const struct kw_mark mark = { .track = track,
				      .category =
					      kw_timeline_word(s->line, KW_WORDS_CATEGORY, "loss"),
				      .name = info->what,
				      .note = &note,
				      .n_notes = 1 };

	return kw_timeline_begin(s->line, &mark, ns);
}

static int losses(struct kw_sink *sink, const struct kw_losses *lost, uint64_t mono_ns,
		  uint64_t real_ns)
{
	const struct kw_track_about about = { .name = "lost" };
	struct kw_pf *s = sink->state;
	struct kw_pf_track *track = kw_pf_track(s, KW_PF_LOSSES, 0, 0, 0, NULL);
	uint64_t since_ns = mono_ns - (mono_ns > s->interval_ns ? s->interval_ns : mono_ns);
	int err;

	if (s->summary)
		return 0;
	if (!track)
		return -ENOMEM;
	err = began(s, mono_ns, real_ns) ?: kw_pf_describe(s, track, &about);
	since_ns = since_ns > track->end_ns ? since_ns : track->end_ns;
	for (size_t i = 0; kw_loss_info(i); i++)
		if (lost->n[i])
			err = err
				      ?: begin_loss(s, track->id, kw_loss_info(i), lost->n[i],
						    since_ns);
	for (size_t i = 0; kw_loss_info(i); i++)
		if (lost->n[i])
			err = err ?: kw_timeline_end(s->line, track->id, mono_ns);
	track->end_ns = mono_ns;
	return err;
}

/* ---- begin and end ---- */

static void close_perfetto(struct kw_sink *sink)
{
	struct kw_pf *s = sink->state;

	for (size_t i = 0; i < s->n_plans; i++)
		kw_pf_free_plan(s->plan[i]);
	free(s->plan);
	free(s->counter);
	tdestroy(s->tracks, kw_pf_free_track);
	kw_irq_flow_free(s->flows);
	kw_turns_free(s->turns);
	kw_timeline_free(s->line);
	free(s);
}

static int open_perfetto(struct kw_sink *sink)
{
	struct kw_pf *s;

	if (isatty(fileno(sink->out))) {
		kw_say("-o perfetto is not for a terminal; name a file: -o perfetto:FILE");
		return -EINVAL;
	}
	s = sink->state = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->line = kw_timeline_new(sink->out);
	s->flows = kw_irq_flow_new(put_event_of, sink);
	s->turns = kw_turns_new();
	if (s->line && s->flows && s->turns)
		return 0;
	close_perfetto(sink);
	return -ENOMEM;
}

static int begin(struct kw_sink *sink, const struct kw_about *about, const char *note)
{
	struct kw_pf *s = sink->state;

	(void)note;
	return kw_timeline_host(s->line, about->kernel, about->arch);
}

/* A counter ends where its last interval does. */
static int end(struct kw_sink *sink)
{
	struct kw_pf *s = sink->state;
	int err = kw_irq_flow_end(s->flows);

	for (size_t i = 0; i < s->n_counters; i++)
		err = err
			      ?: kw_timeline_count(s->line, s->counter[i]->id, s->now_ns,
						   s->counter[i]->value);
	return err;
}

const struct kw_sink_ops kw_sink_perfetto = {
	.name = "perfetto",
	.frame = frame,
	.event = event,
	.losses = losses,
	.timeline = true,
	.open = open_perfetto,
	.begin = begin,
	.end = end,
	.close = close_perfetto,
};
