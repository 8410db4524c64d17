// SPDX-License-Identifier: Apache-2.0
/*
 * perfetto.c - events and counters on a time line, as a trace for Perfetto: a VM is a process, a
 * vCPU a thread, an event that took time a slice.
 * May not know about: where data comes from, collectors but for what ways[] says of their tables.
 * To extend: what a table needs to be shown well is a line in ways[]; most need none.
 */
#define _GNU_SOURCE
#include "../core/log.h"
#include "../util/cleanup.h"
#include "../util/grow.h"
#include "irq_flow.h"
#include "sink.h"
#include "timeline.h"
#include "turns.h"

#include <errno.h>
#include <search.h>
#include <string.h>

#define LANES	  64 /* of slices that overlap, at most; what would need more is an instant */
#define COLUMNS	  64 /* of a table, at most */
#define NAME_SIZE 400

/*
 * What the roles and units of a table's columns do not tell. Without a line the name of an event is
 * its first two words. An event took the time of the column by which its table is sorted, if that
 * is a time, and ended when it was told.
 */
static const struct way {
	const char *table;
	const char *prefix, *name[2]; /* of its name: a word, and columns */
	const char *between; /* from the end of one event to the begin of the next on its vCPU */
	const char *before, *before_name; /* column: time just before it, and what that was */
	const char *first, *first_name; /* column: the first part of its time, and what that was */
	const char *cpu, *moved; /* columns: where on the host; whether it came from elsewhere */
	bool by_others;		 /* it is not always the vCPU's thread that does it */
	bool flows;		 /* see irq_flow.h */
	bool no_sums;		 /* its rows cannot be added up: they tell of some things twice */
} ways[] = {
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

/* How a table is shown: found out once. */
struct plan {
	const struct kw_schema *schema;
	struct way way;
	char what[64]; /* collector */
	uint64_t category;
	const struct kw_column *time, *before, *first, *level, *cpu, *moved;
	const struct kw_column *name[2];
	const struct kw_column **column; /* its notes, or what is counted of it */
	uint64_t *note;			 /* words */
	size_t n;
	uint64_t tid;		      /* a word: it is told if it need not be the vCPU's */
	uint64_t culprit, culprit_ns; /* words: who ran while it waited */
};

enum kind {
	OF_PROCESS,
	OF_THREAD,
	OF_VCPU,
	OF_EVENTS,
	OF_HOST,
	OF_CPU,
	OF_COLUMN,
	OF_LOSSES,
	OF_UNAVAILABLE,
};

struct track {
	enum kind kind;
	uint32_t vm, vcpu, lane;
	const void *about; /* the table or column it is of; NULL: none */
	/* the key ends here */
	uint64_t id;
	uint64_t end_ns; /* of what was told last */
	uint32_t tid;	 /* who ran the vCPU then */
	char *name;	 /* of a process */

	/* of a counter */
	const struct plan *plan;
	bool of_time; /* what is counted is ns */
	uint64_t sum; /* in this interval */
	double value; /* of the last one */
};

struct perfetto {
	struct kw_timeline *line;
	struct plan **plan;
	size_t n_plans, room;
	void *tracks;
	struct track **counter;
	size_t n_counters, counters_room;
	struct kw_irq_flow *flows;
	struct kw_turns *turns;
	bool began;		      /* clocks are told */
	bool summary;		      /* it is over: what follows has been told */
	uint64_t interval_ns, now_ns; /* the last interval: how long, its end */
};

/* ---- plans ---- */

static void set_way(struct plan *p)
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
static int choose_columns(struct kw_sink *sink, struct plan *p, bool of_frames)
{
	struct perfetto *s = sink->state;
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
	for (size_t i = 0; i < n && kept < COLUMNS; i++) {
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

static void free_plan(struct plan *p)
{
	free(p->column);
	free(p->note);
	free(p);
}

static struct plan *new_plan(struct kw_sink *sink, const struct kw_schema *schema, bool of_frames)
{
	struct perfetto *s = sink->state;
	struct plan *p = calloc(1, sizeof(*p));

	if (!p || !kw_grow(&s->plan, s->n_plans, &s->room, sizeof(struct plan *))) {
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
		free_plan(p);
		return NULL;
	}
	return s->plan[s->n_plans++] = p;
}

static const struct plan *plan_of(struct kw_sink *sink, const struct kw_schema *schema,
				  bool of_frames)
{
	const struct perfetto *s = sink->state;

	for (size_t i = 0; i < s->n_plans; i++)
		if (s->plan[i]->schema == schema)
			return s->plan[i];
	return new_plan(sink, schema, of_frames);
}

/* ---- tracks ---- */

static int compare_tracks(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct track, id));
}

static void free_track(void *item)
{
	free(((struct track *)item)->name);
	free(item);
}

/* The track; a new one is still without an id. NULL: there is no memory. */
static struct track *track_at(struct perfetto *s, enum kind kind, uint32_t vm, uint32_t vcpu,
			      uint32_t lane, const void *about)
{
	struct track key = {}, *new, **found;

	key.kind = kind;
	key.vm = vm;
	key.vcpu = vcpu;
	key.lane = lane;
	key.about = about;
	found = tfind(&key, &s->tracks, compare_tracks);
	if (found)
		return *found;
	new = malloc(sizeof(*new));
	if (!new)
		return NULL;
	memcpy(new, &key, sizeof(key));
	if (tsearch(new, &s->tracks, compare_tracks))
		return new;
	free(new);
	return NULL;
}

static int describe(struct perfetto *s, struct track *track, const struct kw_track_about *about)
{
	return track->id ? 0 : kw_timeline_track(s->line, about, &track->id);
}

/*
 * The process of a VM, 0 for what is of no VM. *ret_vm is its name where the process has another:
 * a process can have several VMs.
 */
static int process_of(struct perfetto *s, const struct kw_vms *vms, uint32_t index, uint64_t *ret,
		      const char **ret_vm)
{
	const struct kw_vm *vm = kw_vms_get(vms, index);
	struct track *track;
	int err;

	*ret = 0;
	*ret_vm = "";
	if (!vm)
		return 0;
	track = track_at(s, OF_PROCESS, vm->pid, 0, 0, NULL);
	if (track && !track->name)
		track->name = strdup(vm->display);
	if (!track || !track->name)
		return -ENOMEM;
	err = describe(s, track, &(struct kw_track_about){ .name = vm->display, .pid = vm->pid });
	*ret = track->id;
	*ret_vm = strcmp(track->name, vm->display) ? vm->display : "";
	return err;
}

/*
 * Names a track of a VM: "what", "what vCPU 1", with the VM's name before it if need be.
 */
static void name_track(char *dst, const char *vm, const char *what, uint32_t vcpu)
{
	int n = snprintf(dst, NAME_SIZE, "%s%s%s", vm, *vm && *what ? " " : "", what);

	if (vcpu != KW_ALL && n < NAME_SIZE)
		snprintf(dst + n, NAME_SIZE - n, "%svCPU %u", n ? " " : "", vcpu);
}

/* A thread that runs several vCPUs in turn can be the thread of one track only. */
static int vcpu_track(struct perfetto *s, const struct kw_vms *vms, const struct kw_row_head *head,
		      uint64_t *ret)
{
	struct track *track = track_at(s, OF_VCPU, head->vm, head->vcpu, 0, NULL);
	const struct kw_vm *vm = kw_vms_get(vms, head->vm);
	struct track *thread =
		head->tid && vm ? track_at(s, OF_THREAD, head->tid, 0, 0, NULL) : NULL;
	bool is_first = thread && !thread->id;
	struct kw_track_about about = {};
	char name[NAME_SIZE];
	const char *of;
	int err;

	if (!track)
		return -ENOMEM;
	if (!track->id) {
		err = process_of(s, vms, head->vm, &about.parent, &of);
		if (err)
			return err;
		name_track(name, of, "", head->vcpu);
		about.name = name;
		about.pid = is_first ? vm->pid : 0;
		about.tid = is_first ? head->tid : 0;
		err = describe(s, track, &about);
		if (err)
			return err;
		if (is_first)
			thread->id = track->id;
	}
	*ret = track->id;
	return 0;
}

/* Exits are on the vCPU's own track; all else is below it, or where others do it, below the VM. */
static int describe_lane(struct perfetto *s, const struct kw_vms *vms, const struct plan *p,
			 const struct kw_row_head *head, struct track *track)
{
	struct kw_track_about about = {};
	char name[NAME_SIZE];
	bool own = head->vcpu != KW_ALL && !p->way.by_others;
	const char *of = "";
	int err;

	if (own && p->way.between && !track->lane)
		return vcpu_track(s, vms, head, &track->id);
	err = own ? vcpu_track(s, vms, head, &about.parent)
		  : process_of(s, vms, head->vm, &about.parent, &of);
	name_track(name, of, p->what, own ? KW_ALL : head->vcpu);
	about.name = name;
	return err ?: describe(s, track, &about);
}

/* A track on which nothing is after a time; NULL: none is left, or there is no memory. */
static struct track *lane(struct perfetto *s, const struct kw_vms *vms, const struct plan *p,
			  const struct kw_row_head *head, uint64_t begin_ns)
{
	for (uint32_t i = 0; i < LANES; i++) {
		struct track *track = track_at(s, OF_EVENTS, head->vm, head->vcpu, i, p->schema);

		if (!track || (!track->id && describe_lane(s, vms, p, head, track)))
			return NULL;
		if (track->end_ns <= begin_ns)
			return track;
	}
	return NULL;
}

static int put_slice(struct perfetto *s, struct kw_mark *mark, const char *name, uint64_t begin_ns,
		     uint64_t end_ns)
{
	int err;

	mark->name = name;
	err = kw_timeline_begin(s->line, mark, begin_ns);
	return err ?: kw_timeline_end(s->line, mark->track, end_ns);
}

/* ---- the host's CPUs: which vCPU was where ---- */

static void name_vcpu(char *dst, const struct kw_vms *vms, uint32_t vm, uint32_t vcpu)
{
	const struct kw_vm *of = kw_vms_get(vms, vm);

	name_track(dst, of ? of->display : "", "", vcpu);
}

static struct track *cpu_track(struct perfetto *s, uint32_t cpu, uint64_t begin_ns)
{
	struct track *host = track_at(s, OF_HOST, 0, 0, 0, NULL);
	struct kw_track_about about = { .name = "host" };
	char name[32];

	if (!host || describe(s, host, &about))
		return NULL;
	snprintf(name, sizeof(name), "CPU %u", cpu);
	about.name = name;
	about.parent = host->id;
	for (uint32_t i = 0; i < LANES; i++) {
		struct track *track = track_at(s, OF_CPU, cpu, 0, i, NULL);

		if (!track || describe(s, track, &about))
			return NULL;
		if (track->end_ns <= begin_ns)
			return track;
	}
	return NULL;
}

static int put_turn(struct perfetto *s, const struct plan *p, const struct kw_vms *vms,
		    const struct kw_row_head *head, uint64_t begin_ns, uint64_t end_ns)
{
	const struct kw_turn turn = { head->vm, head->vcpu, begin_ns, end_ns };
	uint32_t cpu = kw_column_raw(p->cpu, head);
	struct track *track = cpu_track(s, cpu, begin_ns);
	struct kw_mark mark = {};
	char name[NAME_SIZE];
	int err;

	if (!track)
		return -ENOMEM;
	name_vcpu(name, vms, head->vm, head->vcpu);
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

static void name_event(const struct plan *p, const struct kw_vms *vms, const void *row, char *dst)
{
	int n = snprintf(dst, NAME_SIZE, "%s", p->way.prefix ?: "");
	struct kw_value value;

	for (int i = 0; i < 2 && p->name[i] && n < NAME_SIZE; i++) {
		kw_column_value(p->name[i], vms, row, &value);
		if (value.kind == KW_TEXT)
			n += snprintf(dst + n, NAME_SIZE - n, "%s%s", n ? " " : "", value.text);
		else if (value.kind == KW_NUMBER)
			n += snprintf(dst + n, NAME_SIZE - n, "%s%llu", n ? " " : "",
				      (unsigned long long)value.number);
	}
	if (!n)
		snprintf(dst, NAME_SIZE, "%s", p->schema->name);
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

static size_t add_notes(const struct plan *p, const struct kw_vms *vms, const void *row,
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
static int put_waiting(struct perfetto *s, const struct plan *p, const struct kw_vms *vms,
		       const struct kw_row_head *head, struct kw_mark *mark, uint64_t begin_ns,
		       uint64_t end_ns)
{
	const struct kw_turn wait = { head->vm, head->vcpu, begin_ns, end_ns };
	struct kw_note note[2];
	struct kw_value moved = {};
	struct kw_turn culprit;
	char name[NAME_SIZE];
	uint64_t ns;

	if (p->moved)
		kw_column_value(p->moved, vms, head, &moved);
	if (p->cpu && moved.kind == KW_MISSING &&
	    kw_turns_most(s->turns, kw_column_raw(p->cpu, head), &wait, &culprit, &ns)) {
		name_vcpu(name, vms, culprit.vm, culprit.vcpu);
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
static int put_before(struct kw_sink *sink, const struct plan *p, const struct kw_vms *vms,
		      const struct track *track, const struct kw_row_head *head, uint64_t before_ns,
		      uint64_t begin_ns)
{
	struct kw_mark mark = { .track = track->id, .category = p->category };
	struct perfetto *s = sink->state;

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

static int put_slices(struct kw_sink *sink, const struct plan *p, struct kw_mark *mark,
		      const struct kw_vms *vms, const void *row, uint64_t begin_ns, uint64_t end_ns)
{
	struct kw_mark part = { .track = mark->track, .category = p->category };
	struct perfetto *s = sink->state;
	uint64_t first;
	int err = kw_timeline_begin(s->line, mark, begin_ns);

	if (time_of(p->first, vms, row, &first) && first && first <= end_ns - begin_ns)
		err = err ?: put_slice(s, &part, p->way.first_name, begin_ns, begin_ns + first);
	return err ?: kw_timeline_end(s->line, mark->track, end_ns);
}

static int put_event(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_schema *schema,
		     const void *row, uint64_t ns, enum kw_flow flow, uint64_t flow_id)
{
	const struct plan *p = plan_of(sink, schema, false);
	struct kw_mark mark = { .flow = flow, .flow_id = flow_id };
	struct perfetto *s = sink->state;
	struct kw_value value[COLUMNS];
	struct kw_note note[COLUMNS + 1];
	char name[NAME_SIZE];
	uint64_t took, before;
	struct track *track;
	bool slice;
	int err;

	if (!p)
		return -ENOMEM;
	slice = time_of(p->time, vms, row, &took) && took <= ns;
	took = slice ? took : 0;
	time_of(p->before, vms, row, &before);
	before = before <= ns - took ? before : 0;
	track = lane(s, vms, p, row, ns - took - before);
	if (!track) { /* what is shown in a wrong place is worse than what is not */
		track = lane(s, vms, p, row, UINT64_MAX);
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

static int began(struct perfetto *s, uint64_t mono_ns, uint64_t real_ns)
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
	struct perfetto *s = sink->state;
	const struct plan *p = plan_of(sink, schema, false);
	int err = p ? began(s, mono_ns, real_ns) : -ENOMEM;

	(void)collector;
	if (err)
		return err;
	return p->way.flows ? kw_irq_flow_event(s->flows, vms, schema, row, mono_ns)
			    : put_event(sink, vms, schema, row, mono_ns, KW_FLOW_NONE, 0);
}

/* ---- frames: counters of each VM ---- */

static struct track *counter(struct perfetto *s, const struct kw_vms *vms, const struct plan *p,
			     const struct kw_column *column, uint32_t vm)
{
	struct track *track = track_at(s, OF_COLUMN, vm, 0, 0, column);
	struct kw_track_about about = {};
	char what[128], name[NAME_SIZE];
	const char *of;

	if (!track || track->id)
		return track;
	snprintf(what, sizeof(what), "%s %s", p->schema->name, column->name);
	if (!kw_grow(&s->counter, s->n_counters, &s->counters_room, sizeof(struct track *)) ||
	    process_of(s, vms, vm, &about.parent, &of))
		return NULL;
	name_track(name, of, what, KW_ALL);
	about.name = name;
	about.unit = column->unit == KW_UNIT_NS ? "%" : "/s";
	if (describe(s, track, &about))
		return NULL;
	track->plan = p;
	track->of_time = column->unit == KW_UNIT_NS;
	s->counter[s->n_counters++] = track;
	return track;
}

static int add_row(struct perfetto *s, const struct kw_vms *vms, const struct plan *p,
		   const void *row)
{
	for (size_t i = 0; i < p->n; i++) {
		struct track *track;
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
static int put_counters(struct perfetto *s, const struct plan *p, const struct kw_frame *frame)
{
	int err = 0;

	for (size_t i = 0; i < s->n_counters && !err; i++) {
		struct track *track = s->counter[i];

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
static int put_unavailable(struct perfetto *s, const struct kw_frame *frame)
{
	struct track *track = track_at(s, OF_UNAVAILABLE, 0, 0, 0, frame->schema);
	const struct kw_track_about about = { .name = "unavailable" };
	struct kw_mark mark = {};
	char text[NAME_SIZE];
	int err;

	if (!track || track->id)
		return track ? 0 : -ENOMEM;
	snprintf(text, sizeof(text), "%s: %s", frame->schema->name, frame->unavailable);
	err = describe(s, track, &about);
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
	struct perfetto *s = sink->state;
	const struct plan *p;
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
	p = plan_of(sink, frame->schema, true);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < frame->n && !err; i++)
		err = add_row(s, vms, p, frame->row[i]);
	return err ?: put_counters(s, p, frame);
}

/* ---- losses: over the interval in which they were found ---- */

static int begin_loss(struct perfetto *s, uint64_t track, const struct kw_loss_info *info,
		      uint64_t n, uint64_t ns)
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
	struct perfetto *s = sink->state;
	struct track *track = track_at(s, OF_LOSSES, 0, 0, 0, NULL);
	uint64_t since_ns = mono_ns - (mono_ns > s->interval_ns ? s->interval_ns : mono_ns);
	int err;

	if (s->summary)
		return 0;
	if (!track)
		return -ENOMEM;
	err = began(s, mono_ns, real_ns) ?: describe(s, track, &about);
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
	struct perfetto *s = sink->state;

	for (size_t i = 0; i < s->n_plans; i++)
		free_plan(s->plan[i]);
	free(s->plan);
	free(s->counter);
	tdestroy(s->tracks, free_track);
	kw_irq_flow_free(s->flows);
	kw_turns_free(s->turns);
	kw_timeline_free(s->line);
	free(s);
}

static int open_perfetto(struct kw_sink *sink)
{
	struct perfetto *s;

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
	struct perfetto *s = sink->state;

	(void)note;
	return kw_timeline_host(s->line, about->kernel, about->arch);
}

/* A counter ends where its last interval does. */
static int end(struct kw_sink *sink)
{
	struct perfetto *s = sink->state;
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
