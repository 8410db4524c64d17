// SPDX-License-Identifier: Apache-2.0
/*
 * run.c - see run.h.
 * May not know about: BPF, any one collector but for those that an option is about.
 * To extend: see run.h.
 */
#include "run.h"

#include "../arch/names.h"
#include "../core/log.h"
#include "../core/source_budget.h"
#include "../recording/source_file.h"
#include "../util/cleanup.h"
#include "replay.h"

#include <errno.h>
#include <string.h>

static const char *named_collectors(const struct kw_options *o)
{
	if (o->what)
		return o->what;
	if (o->verb == KW_TOP)
		return KW_TOP_COLLECTORS;
	return (o->verb == KW_STAT || o->verb == KW_RECORD) && o->wants.timing == KW_TIMED_ALL
		       ? o->collectors()
		       : "exits";
}

static bool wanted(const struct kw_options *o, const char *collector)
{
	for (size_t i = 0; i < o->wants.n; i++)
		if (!strcmp(o->wants.collector[i]->name, collector))
			return true;
	return false;
}

/* Is exits all that is watched, but for the tool itself? */
static bool exits_alone(const struct kw_options *o)
{
	for (size_t i = 0; i < o->wants.n; i++)
		if (o->wants.collector[i]->hooks && strcmp(o->wants.collector[i]->name, "exits"))
			return false;
	return wanted(o, "exits");
}

static int choose_collectors(struct kw_options *o)
{
	char *save = NULL, *name, names[256];

	snprintf(names, sizeof(names), "%s", named_collectors(o));
	for (name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		const struct kw_collector *c = kw_collector_find(name);

		if (!c) {
			kw_say("there is no collector '%s'; 'kvm_watcher list collectors' shows "
			       "them",
			       name);
			return KW_EXIT_USAGE;
		}
		for (size_t i = 0; i < o->wants.n; i++)
			c = o->wants.collector[i] == c ? NULL : c;
		if (c)
			kw_wants_add(&o->wants, c);
	}
	if (!o->wants.n) {
		kw_say("no collector is named; 'kvm_watcher list collectors' shows them");
		return KW_EXIT_USAGE;
	}
	if (o->stats && !wanted(o, "cost"))
		kw_wants_add(&o->wants, kw_collector_find("cost"));
	return 0;
}

/* True if some table that will be shown has a column of this name. */
static bool any_table_has(const struct kw_options *o, const char *name)
{
	for (size_t i = 0; i < (o->verb == KW_TRACE ? o->wants.n : o->wants.n_tables); i++) {
		const struct kw_schema *s =
			o->verb == KW_TRACE ? o->wants.collector[i]->event : o->wants.table[i];

		if (s && kw_schema_find(s, name))
			return true;
	}
	return false;
}

static int check_column(const struct kw_options *o, const char *option, const char *name)
{
	if (any_table_has(o, name))
		return 0;
	kw_say("--%s: %s has no column '%s'; 'kvm_watcher list columns' shows them", option,
	       o->what ?: "exits", name);
	return KW_EXIT_USAGE;
}

static int check_reasons(char *const *reason, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!kw_reason_is_known(reason[i])) {
			kw_say("reason '%s' is unknown; 'kvm_watcher list reasons' shows the "
			       "names, "
			       "and any number is accepted",
			       reason[i]);
			return KW_EXIT_USAGE;
		}
	return 0;
}

/* Does some output show what is counted, besides events? */
static bool shows_counters(const struct kw_options *o)
{
	bool any = false;

	for (size_t i = 0; i < o->n_outputs; i++) {
		const struct kw_sink_ops *format = kw_sink_format(o->output[i]);

		any |= format && format->timeline;
	}
	return any;
}

/* What options name must exist, before anything is opened. */
static int check_view(const struct kw_options *o)
{
	_cleanup_free_ char *columns = strdup(o->view.columns ?: "");
	char *save = NULL;
	int err = o->view.sort ? check_column(o, "sort", o->view.sort) : 0;

	if (o->verb == KW_HIST) /* chooses its columns itself */
		*columns = 0;
	for (char *name = strtok_r(columns, ",", &save); name && !err;
	     name = strtok_r(NULL, ",", &save))
		err = check_column(o, "columns", name);
	for (size_t i = 0; i < o->wants.n && !err && o->verb == KW_TRACE; i++)
		if (!o->wants.collector[i]->event && !shows_counters(o)) {
			kw_say("%s has no events to trace", o->wants.collector[i]->name);
			err = KW_EXIT_USAGE;
		}
	if (!err && (o->wants.filters.n_include || o->wants.filters.n_exclude) &&
	    !wanted(o, "exits")) {
		kw_say("--reason and --exclude filter exits; add that collector: exits,%s",
		       o->what);
		err = KW_EXIT_USAGE;
	}
	err = err ?: check_reasons(o->wants.filters.include, o->wants.filters.n_include);
	err = err ?: check_reasons(o->wants.filters.exclude, o->wants.filters.n_exclude);
	if (!err && o->wants.timing != KW_TIMED_ALL && !exits_alone(o)) {
		kw_say("--sample, --low-overhead and --count-only are of exits alone; leave out "
		       "the other collectors");
		err = KW_EXIT_USAGE;
	}
	if (!err && o->budget && !wanted(o, "exits")) {
		kw_say("--budget steps down to exits; add that collector: exits,%s", o->what);
		err = KW_EXIT_USAGE;
	}
	if (!err && o->budget && o->wants.timing != KW_TIMED_ALL) {
		kw_say("--budget chooses itself how exits are timed; leave out --sample, "
		       "--low-overhead and --count-only");
		err = KW_EXIT_USAGE;
	}
	if (!err && o->page_counts && !wanted(o, "dirty")) {
		kw_say("--page-counts are those of dirty; add that collector: dirty,%s",
		       o->what ?: "exits");
		err = KW_EXIT_USAGE;
	}
	return err;
}

/* Rows of VMs themselves pass no filter on vCPUs; nobody shall take that for "none seen". */
static void say_what_filters_hide(const struct kw_options *o)
{
	if (!o->wants.filters.tid.n && !o->wants.filters.vcpu.n)
		return;
	for (size_t i = 0; i < o->wants.n; i++)
		if (o->wants.collector[i]->hooks & 1 << KW_HOOK_END_OF_VM)
			kw_say("%s: with --vcpu or --tid, what is of the VM itself is left out",
			       o->wants.collector[i]->name);
}

int kw_exit_code(int err)
{
	switch (err) {
	case 0:
		return KW_EXIT_OK;
	case -EPERM:
		return KW_EXIT_PERMISSION;
	case -EOPNOTSUPP:
		return KW_EXIT_IMPOSSIBLE;
	case -EINVAL:
	case -ENXIO:
		return KW_EXIT_USAGE;
	default:
		return KW_EXIT_FAILED;
	}
}

/* Not every format has something to show of every verb. */
static bool suits(const struct kw_options *o, const char *spec)
{
	const struct kw_sink_ops *format = kw_sink_format(spec);
	bool fits = !format || (o->verb == KW_TRACE ? format->event != NULL
						    : o->verb != KW_HIST ||
							      !(format->whole || format->timeline));

	if (!fits)
		kw_say("-o %s: use stat", format->name);
	return fits;
}

static int open_sinks(struct kw_run *run)
{
	struct kw_options *o = run->o;
	size_t n = o->n_outputs ?: o->verb != KW_TOP;

	if (o->verb == KW_RECORD || o->verb == KW_DIFF) /* they show no frames */
		return 0;
	for (size_t i = 0; i < o->n_outputs; i++)
		if (!suits(o, o->output[i]))
			return KW_EXIT_USAGE;
	for (size_t i = 0; i < n; i++) {
		int err = kw_sink_open(o->n_outputs ? o->output[i] : "table", &o->view,
				       &run->sink[i]);

		if (err)
			return err == -EINVAL ? KW_EXIT_USAGE : KW_EXIT_FAILED;
		run->n_sinks++;
	}
	return 0;
}

/* Are there exits that no event tells of, though nothing is lost? */
static bool events_are_filtered(const struct kw_run *run)
{
	const struct kw_filters *f = &run->o->wants.filters;

	return f->slower_ns || f->n_include || f->n_exclude ||
	       run->o->wants.timing != KW_TIMED_ALL || run->source->filtered;
}

static int begin_sinks(struct kw_run *run)
{
	struct kw_about about;
	int err = 0;

	kw_about_here(&about);
	if (run->source->about)
		about = *run->source->about;
	for (size_t i = 0; i < run->n_sinks && !err; i++) {
		run->sink[i]->view.filtered = events_are_filtered(run);
		if (run->sink[i]->ops->begin)
			err = run->sink[i]->ops->begin(run->sink[i], &about, run->source->note);
	}
	return err;
}

/* Takes seconds with many collectors; who waits for a screen is told. */
static int load(struct kw_run *run, kw_source_open_fn open)
{
	struct kw_wants *wants = &run->o->wants;
	char text[64];
	int err;

	snprintf(text, sizeof(text), "loading %zu collector%s...", wants->n,
		 wants->n == 1 ? "" : "s");
	if (run->o->verb == KW_TOP)
		kw_log_passing(text);
	if (run->o->budget)
		err = kw_source_budget_open(wants, run->o->budget, open, &run->source);
	else
		err = open(wants, &run->source);
	kw_log_passing(NULL);
	return err;
}

int kw_run_open(struct kw_run *run, struct kw_options *o, kw_source_open_fn open)
{
	int err;

	memset(run, 0, sizeof(*run));
	run->o = o;
	err = choose_collectors(o) ?: check_view(o) ?: open_sinks(run);
	if (err)
		return err;
	err = load(run, open);
	if (err)
		return kw_exit_code(err);
	say_what_filters_hide(o);
	for (size_t i = 0; i < o->wants.n_tables; i++) {
		o->wants.table[i] = run->source->table[i] ?: o->wants.table[i];
		run->prev[i].schema = o->wants.table[i];
	}
	err = run->source->start(run->source, &run->start_ns);
	kw_debug("counting since %llu ns", (unsigned long long)run->start_ns);
	for (size_t i = 0; i < o->wants.n_tables; i++)
		run->prev[i].mono_ns = run->start_ns;
	if (!err && run->source->resumed)
		err = run->source->read(run->source, run->prev, &run->prev_losses);
	run->end_ns = o->duration_ns ? run->start_ns + o->duration_ns : UINT64_MAX;
	return kw_exit_code(err ?: begin_sinks(run));
}

int kw_run_close(struct kw_run *run, int code)
{
	bool damaged = run->source && run->source->damaged;

	for (size_t i = 0; i < ARRAY_SIZE(run->prev); i++)
		kw_frame_clear(&run->prev[i]);
	if (damaged && !code)
		code = KW_EXIT_FAILED;
	for (size_t i = 0; i < run->n_sinks; i++) /* what they write at the end is of its VMs */
		if (kw_sink_close(run->sink[i]) && !code)
			code = KW_EXIT_FAILED;
	if (run->source)
		run->source->close(run->source);
	return code;
}

/* Who was watched for a part of the interval has rows to show. */
static void mark_unavailable(struct kw_run *run, struct kw_frame *delta)
{
	const struct kw_wants *w = &run->o->wants;

	for (size_t i = 0; i < w->n; i++)
		for (size_t t = w->first[i]; t < (i + 1 < w->n ? w->first[i + 1] : w->n_tables);
		     t++)
			if (*run->source->unavailable[i] && !delta[t].n)
				delta[t].unavailable = run->source->unavailable[i];
			else if (*run->source->lacks[t] && !delta[t].n)
				delta[t].unavailable = run->source->lacks[t];
}

int kw_run_interval(struct kw_run *run, struct kw_frame *delta, struct kw_losses *ret_lost)
{
	struct kw_frame cur[KW_FRAMES];
	struct kw_losses losses;
	int err;

	memcpy(cur, delta, sizeof(cur)); /* for their memory */
	memset(delta, 0, sizeof(cur));
	err = run->source->read(run->source, cur, &losses);
	for (size_t i = 0; i < run->o->wants.n_tables; i++) {
		cur[i].schema = run->o->wants.table[i];
		err = err ?: kw_frame_delta(&cur[i], &run->prev[i], &delta[i]);
		err = err ?: kw_frame_fold(&delta[i], run->o->view.per);
		kw_frame_clear(&run->prev[i]);
		run->prev[i] = cur[i];
	}
	mark_unavailable(run, delta);
	if (err) {
		kw_say("reading what was counted failed: %s", strerror(-err));
		return err;
	}
	for (int i = 0; i < KW_LOSS_ALL; i++)
		ret_lost->n[i] = losses.n[i] - run->prev_losses.n[i];
	run->prev_losses = losses;
	return 0;
}

int kw_run_seek(struct kw_run *run, uint64_t mono_ns)
{
	int err;

	run->source->seek(run->source, mono_ns);
	err = run->source->read(run->source, run->prev, &run->prev_losses);
	if (err)
		kw_say("reading what was recorded failed: %s", strerror(-err));
	return err;
}

int kw_run_intervals(struct kw_run *run, uint64_t interval_ns, kw_event_fn fn,
		     int (*show)(struct kw_run *run, void *arg), void *arg)
{
	for (uint64_t k = 1;; k++) {
		uint64_t next = interval_ns ? run->start_ns + k * interval_ns : UINT64_MAX;
		uint64_t until = next < run->end_ns ? next : run->end_ns;
		int how, err;

		how = run->source->wait(run->source, until, fn, run);
		if (how < 0)
			return how;
		if (how == KW_WAIT_DONE && until != run->end_ns && k != run->o->count) {
			err = show(run, arg);
			if (err)
				return err;
			continue;
		}
		run->source->stop(run->source);
		how = fn ? run->source->wait(run->source, 0, fn, run) : 0; /* what is left */
		err = show(run, arg);
		return err ?: how < 0 ? how : 0;
	}
}

/* Where less is timed, a table's usual order may be by a column that is missing. */
static const char *usual_sort(const struct kw_run *run)
{
	bool varies = run->o->budget || run->o->wants.input;
	enum kw_timing timing = varies ? run->source->timing : run->o->wants.timing;

	return timing == KW_TIMED_NONE ? "count" : timing == KW_TIMED_AT_ENTRY ? "total" : NULL;
}

static bool shows(const struct kw_run *run, size_t sink, bool summary)
{
	const struct kw_sink_ops *format = run->sink[sink]->ops;

	if (summary)
		return run->o->summary || format->whole;
	if (run->o->verb == KW_REPORT) /* of the whole, unless more is asked for */
		return run->o->has_interval || format->whole || format->timeline;
	return run->o->verb != KW_TRACE || format->timeline;
}

bool kw_run_has_summary(const struct kw_run *run)
{
	bool any = run->o->summary;

	for (size_t i = 0; i < run->n_sinks; i++)
		any |= run->sink[i]->ops->whole;
	return any;
}

int kw_run_show(struct kw_run *run, struct kw_frame *frame, bool summary)
{
	const char *by = run->o->view.sort ?: usual_sort(run);
	const struct kw_column *sort = by ? kw_schema_find(frame->schema, by) : NULL;
	int err = 0;

	kw_frame_set_span(frame);
	kw_frame_estimate(frame);
	kw_frame_order(frame, run->source->vms,
		       sort ?: kw_schema_find(frame->schema, frame->schema->sort));
	for (size_t i = 0; i < run->n_sinks && !err; i++)
		if (run->sink[i]->ops->frame && shows(run, i, summary))
			err = run->sink[i]->ops->frame(run->sink[i], run->source->vms, frame,
						       summary);
	return err;
}

int kw_run_event(void *arg, const struct kw_collector *c, const void *row, uint64_t mono_ns,
		 uint64_t real_ns)
{
	struct kw_run *run = arg;
	int err = 0;

	for (size_t i = 0; i < run->n_sinks && !err; i++)
		if (run->o->verb == KW_TRACE || run->sink[i]->ops->timeline)
			err = run->sink[i]->ops->event(run->sink[i], run->source->vms, c->name,
						       c->event, row, mono_ns, real_ns);
	return err;
}

/* Of a report, those of an interval are told where that is shown; of the whole, elsewhere. */
static bool shows_losses(const struct kw_run *run, size_t sink, bool summary)
{
	if (!run->sink[sink]->ops->losses)
		return false;
	if (summary)
		return !run->sink[sink]->ops->timeline;
	return run->o->verb != KW_REPORT || shows(run, sink, false);
}

int kw_run_show_losses(struct kw_run *run, const struct kw_losses *lost, uint64_t mono_ns,
		       uint64_t real_ns, bool summary)
{
	bool any = false;
	int err = 0;

	for (int i = 0; i < KW_LOSS_ALL; i++)
		any |= lost->n[i] != 0;
	for (size_t i = 0; any && i < run->n_sinks && !err; i++)
		if (shows_losses(run, i, summary))
			err = run->sink[i]->ops->losses(run->sink[i], lost, mono_ns, real_ns);
	return err;
}

int kw_main(int argc, char **argv, kw_source_open_fn open, const char *(*collectors)(void))
{
	static int (*const commands[KW_VERBS])(struct kw_options *, kw_source_open_fn) = {
		kw_cmd_top,    kw_cmd_stat, kw_cmd_trace, kw_cmd_hist, kw_cmd_record,
		kw_cmd_report, kw_cmd_diff, kw_cmd_list,  kw_cmd_check
	};
	struct kw_options o;
	char **seed_argv = NULL;
	int seed_argc = 0, code = kw_options_parse(argc, argv, &o);

	if (code == -EAGAIN) {
		code = kw_seed_options(argc, argv, &seed_argc, &seed_argv);
		code = code ?: kw_options_parse(seed_argc, seed_argv, &o);
	}
	o.collectors = collectors;
	o.argv = argv;
	if (!code && kw_replays(&o)) {
		open = kw_source_file_open;
		code = kw_replay_options(&o);
		code += code != 0;
	}
	code = code ? code - 1 : commands[o.verb](&o, open);
	kw_options_release(&o);
	for (int i = 0; i < seed_argc; i++)
		free(seed_argv[i]);
	free(seed_argv);
	return code;
}
