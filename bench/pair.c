// SPDX-License-Identifier: Apache-2.0
/*
 * pair.c - what a pair of kvm_exit and kvm_entry costs with each listener, on one CPU.
 * May not know about: how listeners listen.
 * To extend: targets[] names listeners of listeners.c.
 */
#include "figures.h"
#include "listener.h"
#include "parts.h"

#include "../src/core/log.h"
#include "../src/util/cleanup.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#define BEST_OF 3

/* The listeners that are measured, and what a pair took with each, ns; and without any. */
struct pair {
	struct bench_listener listener[20];
	struct bench_series with[20], without[20], net[20];
	size_t n;
};

/* A ratio of what two listeners cost, and what it should be. */
static const struct {
	const char *what, *listener, *than;
	bool at_most;
	double target;
	const char *best; /* what does the least that the tool must do, in the tool's place */
} targets[] = {
	{ "`stat exits` / floor", "exits", "floor", true, 1.08, NULL },
	{ "`--low-overhead` / empty pair", "low-overhead", "empty", true, 1.1, "one-clock" },
	{ "perf / `stat exits`", "perf", "exits", false, 6, "floor" },
	{ "the reference / `stat exits`", "reference", "exits", false, 2.8, "floor" },
	{ "sysak / `stat exits`", "sysak", "exits", false, 2.4, "floor" },
	{ "bcc / `--count-only`", "bcc", "count-only", false, 1.6, "one-empty" },
};

/* What a listener takes round by round; NULL: it is not measured. */
static const struct bench_series *net(const struct pair *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->listener[i].def->name, name))
			return &p->net[i];
	return NULL;
}

static const char *title(const char *name)
{
	size_t i = 0;

	while (strcmp(bench_listeners[i].name, name))
		i++;
	return bench_listeners[i].title;
}

/* ---- measuring ---- */

/* One run, ns per pair; attached: the listener listens. */
static int run(struct bench_listener *l, bool attached, uint32_t n, double *ret)
{
	uint32_t vcpu = bench_random() % BENCH_VCPUS, at = bench_random() % BENCH_MIX;
	uint64_t ns;
	int err;

	err = attached ? bench_listener_fire(l, vcpu, at, n, &ns)
		       : bench_fire(&l->driver, l->def->hooks, vcpu, at, n, NULL, &ns);
	*ret = (double)ns / n;
	return err;
}

/* The best of a few runs, each of another vCPU. */
static int best_of(struct bench_listener *l, bool attached, uint32_t n, double *ret)
{
	int err = run(l, attached, n, ret);

	for (int i = 1; i < BEST_OF && !err; i++) {
		double ns;

		err = run(l, attached, n, &ns);
		*ret = ns < *ret ? ns : *ret;
	}
	return err;
}

static int measure(struct pair *p, size_t i, const struct bench_options *o)
{
	struct bench_listener *l = &p->listener[i];
	double with = 0, without = 0;
	int err = best_of(l, false, o->events, &without);

	err = err ?: l->def->kind->attach(l) ?: best_of(l, true, o->events, &with);
	l->def->kind->detach(l);
	p->with[i].value[p->with[i].n++] = with;
	p->without[i].value[p->without[i].n++] = without;
	return err;
}

/* Once with all vCPUs: what they have is made at their first exits. */
static int warm_up(struct bench_listener *l)
{
	uint64_t ns;
	int err = l->def->kind->attach(l);

	for (uint32_t vcpu = 0; vcpu < BENCH_VCPUS && !err; vcpu++)
		err = bench_listener_fire(l, vcpu, 0, 2000, &ns);
	l->def->kind->detach(l);
	return err;
}

/* Each round in another order, so that none always follows the same one. */
static int all_rounds(struct pair *p, const struct bench_options *o)
{
	int err = 0;

	for (uint32_t round = 0; round < o->rounds && !err; round++) {
		size_t first = bench_random() % p->n;

		for (size_t k = 0; k < p->n && !err; k++) {
			size_t i = round & 1 ? first + p->n - k : first + k;

			err = measure(p, i % p->n, o);
		}
		bench_progress(round, o->rounds);
	}
	return err;
}

/* ---- checking ---- */

/* Does the kernel say that the listener's program runs at each event, now that it counts that? */
static int check_runs(struct bench_listener *l)
{
	uint32_t hooks = l->def->hooks == BENCH_PAIRS ? 2 : 1, n = 1000;
	int fd = l->def->kind->program_fd ? l->def->kind->program_fd(l) : -1;
	struct bpf_prog_info before = {}, after = {};
	uint32_t size = sizeof(before);
	uint64_t ns;
	int err;

	if (fd < 0)
		return 0;
	err = l->def->kind->attach(l);
	bpf_obj_get_info_by_fd(fd, &before, &size);
	err = err ?: bench_listener_fire(l, 0, 0, n, &ns);
	bpf_obj_get_info_by_fd(fd, &after, &size);
	l->def->kind->detach(l);
	if (err || after.run_cnt - before.run_cnt == hooks * n)
		return err;
	kw_say("%s ran %llu times for %u events", l->def->name,
	       (unsigned long long)(after.run_cnt - before.run_cnt), hooks * n);
	return -EIO;
}

static int check(struct pair *p)
{
	_cleanup_close_ int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	int err = stats < 0 ? -errno : 0;

	for (size_t i = 0; i < p->n && !err; i++) {
		struct bench_listener *l = &p->listener[i];

		err = check_runs(l) ?: l->def->kind->check(l);
		if (err)
			kw_say("%s has not counted what was made: no figures", l->def->name);
	}
	return err;
}

/* ---- the table ---- */

static const char *target_of(const char *listener, char *buf, size_t size)
{
	snprintf(buf, size, "–");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i].at_most && !strcmp(targets[i].listener, listener))
			snprintf(buf, size, "≤ %.2f × %s", targets[i].target, targets[i].than);
	return buf;
}

static void print_ratio(const struct bench_series *a, const struct bench_series *b)
{
	struct bench_series ratio = {};

	if (b)
		ratio = bench_ratio(a, b);
	if (b)
		bench_print_spread(&ratio, "%.2f");
	else
		fputs("–", stdout);
	fputs(" | ", stdout);
}

static void print_row(const struct pair *p, size_t i)
{
	const struct bench_listener_def *def = p->listener[i].def;
	char target[32];

	printf("| %s | ", def->title);
	print_ratio(&p->net[i], net(p, "floor"));
	print_ratio(&p->net[i], net(p, "exits"));
	printf("%s | ", target_of(def->name, target, sizeof(target)));
	bench_print_spread(&p->net[i], "%.1f");
	puts(" |");
}

/* A target, and what it would be if the tool did the least that it must. */
static void print_target(const struct pair *p, size_t i)
{
	const struct bench_series *a = net(p, targets[i].listener), *b = net(p, targets[i].than);
	const struct bench_series *best = targets[i].best ? net(p, targets[i].best) : NULL;
	struct bench_series ratio;

	if (!a || !b)
		return;
	ratio = bench_ratio(a, b);
	bench_print_target(targets[i].what, &ratio, targets[i].at_most, targets[i].target);
	if (best) {
		ratio = targets[i].at_most ? bench_ratio(best, b) : bench_ratio(a, best);
		printf("; %.2f if the tool cost no more than \"%s\"", bench_quantile(&ratio, 0.5),
		       title(targets[i].best));
	}
	puts("");
}

static void print(struct pair *p)
{
	for (size_t i = 0; i < p->n; i++)
		p->net[i] = bench_difference(&p->with[i], &p->without[i]);
	puts("| listener | × floor (p10–p90) | × `stat exits` | target | ns per exit (p10–p90) |\n"
	     "|---|---|---|---|---|");
	for (size_t i = 0; i < p->n; i++)
		print_row(p, i);
	puts("\nTargets:\n");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		print_target(p, i);
	printf("\nNet of the loop with nothing attached, which takes ");
	bench_print_spread(&p->without[0], "%.1f");
	puts(" ns per pair.");
}

/* Is a name among some with commas between them? */
static bool among(const char *name, const char *names)
{
	size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at++)
		if ((at == names || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
	return false;
}

static int open_listeners(struct pair *p, const char *only)
{
	int err = 0;

	for (size_t i = 0; i < bench_n_listeners && !err; i++) {
		struct bench_listener *l = &p->listener[p->n];

		if (only && !among(bench_listeners[i].name, only))
			continue;
		p->n++;
		err = bench_listener_open(bench_listeners[i].name, false, l) ?: warm_up(l);
		if (err)
			kw_say("%s: %s", bench_listeners[i].name, strerror(-err));
	}
	return err ?: p->n ? 0 : -ENOENT;
}

int bench_pair(const struct bench_options *options)
{
	_cleanup_free_ struct pair *p = calloc(1, sizeof(*p));
	int err = p ? 0 : -ENOMEM;

	err = err ?: bench_pin(bench_last_cpu()) ?: bench_go_first();
	err = err ?: open_listeners(p, options->only) ?: all_rounds(p, options) ?: check(p);
	for (size_t i = 0; p && i < p->n; i++)
		bench_listener_close(&p->listener[i]);
	if (!err)
		print(p);
	return err;
}
