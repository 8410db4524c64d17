// SPDX-License-Identifier: Apache-2.0
/*
 * run.c - see run.h.
 * May not know about: BPF, any one collector.
 * To extend: see run.h.
 */
#include "run.h"

#include "../core/log.h"
#include "../util/cleanup.h"

#include <errno.h>
#include <string.h>

static int choose_collectors(struct kw_options *o)
{
	char *save = NULL, *name, names[256];

	snprintf(names, sizeof(names), "%s", o->what ?: "exits");
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
			o->wants.collector[o->wants.n++] = c;
	}
	if (!o->wants.n) {
		kw_say("no collector is named; 'kvm_watcher list collectors' shows them");
		return KW_EXIT_USAGE;
	}
	return 0;
}

/* Columns named by options must exist, before anything is opened. */
static int check_view(const struct kw_options *o)
{
	for (size_t i = 0; i < o->wants.n; i++) {
		const struct kw_collector *c = o->wants.collector[i];
		_cleanup_free_ const struct kw_column **columns = NULL;
		size_t n;

		if (kw_view_columns(&o->view, o->verb == KW_TRACE ? c->event : c->table, false,
				    &columns, &n))
			return KW_EXIT_USAGE;
		if (o->view.sort && !kw_schema_find(c->table, o->view.sort)) {
			kw_say("--sort: %s has no column '%s'; 'kvm_watcher list columns' shows "
			       "them",
			       c->name, o->view.sort);
			return KW_EXIT_USAGE;
		}
	}
	return 0;
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

static int open_sinks(struct kw_run *run)
{
	struct kw_options *o = run->o;
	size_t n = o->n_outputs ?: 1;

	for (size_t i = 0; i < n; i++) {
		int err = kw_sink_open(o->n_outputs ? o->output[i] : "table", &o->view,
				       &run->sink[i]);

		if (err)
			return err == -EINVAL ? KW_EXIT_USAGE : KW_EXIT_FAILED;
		run->n_sinks++;
	}
	return 0;
}

int kw_run_open(struct kw_run *run, struct kw_options *o, kw_source_open_fn open)
{
	int err;

	memset(run, 0, sizeof(*run));
	run->o = o;
	err = choose_collectors(o) ?: check_view(o) ?: open_sinks(run);
	if (err)
		return err;
	err = open(&o->wants, &run->source);
	if (err)
		return kw_exit_code(err);
	for (size_t i = 0; i < o->wants.n; i++)
		run->prev[i].schema = o->wants.collector[i]->table;
	err = run->source->start(run->source, &run->start_ns);
	kw_debug("counting since %llu ns", (unsigned long long)run->start_ns);
	for (size_t i = 0; i < o->wants.n; i++)
		run->prev[i].mono_ns = run->start_ns;
	run->end_ns = o->duration_ns ? run->start_ns + o->duration_ns : UINT64_MAX;
	return kw_exit_code(err);
}

int kw_run_close(struct kw_run *run, int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(run->prev); i++)
		kw_frame_clear(&run->prev[i]);
	if (run->source)
		run->source->close(run->source);
	for (size_t i = 0; i < run->n_sinks; i++)
		if (kw_sink_close(run->sink[i]) && !code)
			code = KW_EXIT_FAILED;
	return code;
}

int kw_run_interval(struct kw_run *run, struct kw_frame *delta, struct kw_losses *ret_lost)
{
	struct kw_frame cur[16] = {};
	struct kw_losses losses;
	int err = run->source->read(run->source, cur, &losses);

	for (size_t i = 0; i < run->o->wants.n; i++) {
		err = err ?: kw_frame_delta(&cur[i], &run->prev[i], &delta[i]);
		err = err ?: kw_frame_fold(&delta[i], run->o->view.by_vm);
		kw_frame_clear(&run->prev[i]);
		run->prev[i] = cur[i];
	}
	if (err) {
		kw_say("reading what was counted failed: %s", strerror(-err));
		return err;
	}
	for (int i = 0; i < KW_LOSS_ALL; i++)
		ret_lost->n[i] = losses.n[i] - run->prev_losses.n[i];
	run->prev_losses = losses;
	return 0;
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

int kw_run_show(struct kw_run *run, struct kw_frame *frame, bool summary)
{
	const char *sort = run->o->view.sort ?: frame->schema->sort;
	int err = 0;

	kw_frame_order(frame, run->source->vms, kw_schema_find(frame->schema, sort));
	for (size_t i = 0; i < run->n_sinks && !err; i++)
		err = run->sink[i]->ops->frame(run->sink[i], run->source->vms, frame, summary);
	return err;
}

int kw_run_show_losses(struct kw_run *run, const struct kw_losses *lost, uint64_t mono_ns,
		       uint64_t real_ns)
{
	bool any = false;
	int err = 0;

	for (int i = 0; i < KW_LOSS_ALL; i++)
		any |= lost->n[i] != 0;
	for (size_t i = 0; any && i < run->n_sinks && !err; i++)
		err = run->sink[i]->ops->losses(run->sink[i], lost, mono_ns, real_ns);
	return err;
}

int kw_main(int argc, char **argv, kw_source_open_fn open)
{
	static int (*const commands[KW_VERBS])(struct kw_options *, kw_source_open_fn) = {
		kw_cmd_stat, kw_cmd_trace, kw_cmd_hist, kw_cmd_list, kw_cmd_check
	};
	struct kw_options o;
	char **seed_argv = NULL;
	int seed_argc = 0, code = kw_options_parse(argc, argv, &o);

	if (code == -EAGAIN) {
		code = kw_seed_options(argc, argv, &seed_argc, &seed_argv);
		code = code ?: kw_options_parse(seed_argc, seed_argv, &o);
	}
	code = code ? code - 1 : commands[o.verb](&o, open);
	kw_options_release(&o);
	for (int i = 0; i < seed_argc; i++)
		free(seed_argv[i]);
	free(seed_argv);
	return code;
}
