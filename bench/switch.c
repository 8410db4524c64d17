// SPDX-License-Identifier: Apache-2.0
/*
 * switch.c - what a context switch between two threads that run no vCPU costs with the tool's
 * program of sched_switch, and with an empty one.
 * May not know about: what the program does.
 * To extend: a line in ways[].
 */
#define _GNU_SOURCE
#include "figures.h"
#include "parts.h"
#include "tool.h"

#include "../src/core/log.h"
#include "../src/util/cleanup.h"
#include "../src/util/units.h"
#include "peers.skel.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#define BEST_OF 40 /* short runs: what else runs on this machine is in few of them */

/*
 * What is attached. Each round opens and closes the tool: it is measured as it runs, with all else
 * that it attaches.
 */
enum way { EMPTY, EXITS, TIME, WAYS };

static const struct {
	const char *title, *target;
	const char *collector; /* of the tool; NULL: it does not run */
} ways[WAYS] = {
	[EMPTY] = { "an empty program", "–", NULL },
	[EXITS] = { "**`stat exits`**", "≤ 1.15 × empty", "exits" },
	[TIME] = { "`stat time`", "–", "time" },
};

/* ---- two threads that take turns ---- */

struct turns {
	pthread_barrier_t *begin;
	uint32_t n;
	int err;
	uint64_t start_ns, end_ns, switches;
};

static uint64_t switches_so_far(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static void *take_turns(void *arg)
{
	struct turns *t = arg;

	t->err = bench_go_first();
	pthread_barrier_wait(t->begin);
	t->switches = switches_so_far();
	t->start_ns = kw_mono_ns();
	for (uint32_t i = 0; i < t->n; i++)
		sched_yield();
	t->end_ns = kw_mono_ns();
	t->switches = switches_so_far() - t->switches;
	return NULL;
}

static int start_threads(pthread_t *thread, struct turns *turns)
{
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, take_turns, &turns[i])) {
			if (i)
				pthread_cancel(thread[0]);
			return -EAGAIN;
		}
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return turns[0].err ?: turns[1].err;
}

/* Both threads yield n times, where this one may run. How often they switched, and what it took. */
static int take_all_turns(uint32_t n, uint64_t *ret_switches, double *ret_ns)
{
	pthread_barrier_t begin;
	struct turns turns[2] = { { .begin = &begin, .n = n }, { .begin = &begin, .n = n } };
	uint64_t start, end, switches;
	pthread_t thread[2];
	int err;

	pthread_barrier_init(&begin, NULL, 2);
	err = start_threads(thread, turns);
	pthread_barrier_destroy(&begin);
	if (err)
		return err;
	switches = turns[0].switches + turns[1].switches;
	if (switches < 2 * (uint64_t)n * 9 / 10) {
		kw_say("two threads that yielded %u times switched %llu times", n,
		       (unsigned long long)switches);
		return -EIO;
	}
	start = turns[0].start_ns < turns[1].start_ns ? turns[0].start_ns : turns[1].start_ns;
	end = turns[0].end_ns > turns[1].end_ns ? turns[0].end_ns : turns[1].end_ns;
	*ret_switches = switches;
	*ret_ns = (double)(end - start) / switches;
	return 0;
}

static int best_of(uint32_t n, double *ret)
{
	*ret = 1e9;
	for (int i = 0; i < BEST_OF; i++) {
		uint64_t switches;
		double ns;
		int err = take_all_turns(n / 10, &switches, &ns);

		if (err)
			return err;
		*ret = ns < *ret ? ns : *ret;
	}
	return 0;
}

/* ---- what is attached ---- */

static int with_empty(uint32_t n, double *ret)
{
	struct peers_bpf *bpf = peers_bpf__open();
	struct bpf_link *link = NULL;
	int err = bpf ? 0 : -errno;

	if (!err)
		bpf_program__set_autoload(bpf->progs.bench_empty, true);
	err = err ?: bpf_program__set_attach_target(bpf->progs.bench_empty, 0, "sched_switch");
	err = err ?: peers_bpf__load(bpf);
	if (!err)
		link = bpf_program__attach_trace(bpf->progs.bench_empty);
	err = err ?: link ? best_of(n, ret) : -errno;
	bpf_link__destroy(link);
	peers_bpf__destroy(bpf);
	return err;
}

/* Does the kernel say that the tool's programs run at each switch, now that it counts that? */
static int check_runs(struct kw_source *source, uint32_t n)
{
	struct kw_own_cost before, after;
	uint64_t switches = 0;
	double ns;
	int err = source->own_cost(source, &before);

	err = err ?: take_all_turns(n, &switches, &ns) ?: source->own_cost(source, &after);
	if (err || after.runs - before.runs >= switches)
		return err;
	kw_say("the tool's programs ran %llu times for %llu switches",
	       (unsigned long long)(after.runs - before.runs), (unsigned long long)switches);
	return -EIO;
}

static int with_tool(const char *collector, uint32_t n, double *ret)
{
	struct kw_wants wants = { .max_vcpus = 64 };
	struct kw_source *source;
	uint64_t start_ns;
	int err;

	kw_wants_add(&wants, kw_collector_find(collector));
	err = bench_open_tool(&wants, &source);
	if (err)
		return err;
	err = source->start(source, &start_ns) ?: best_of(n, ret) ?: check_runs(source, n);
	source->close(source);
	return err;
}

/* ns per switch, and with nothing attached, just before and after. */
struct took {
	struct bench_series with, without;
};

static int measure(enum way way, uint32_t n, struct took *took)
{
	double with = 0, before = 0, after = 0;
	int err = best_of(n, &before);

	if (!err)
		err = ways[way].collector ? with_tool(ways[way].collector, n, &with)
					  : with_empty(n, &with);
	err = err ?: best_of(n, &after);
	took->with.value[took->with.n++] = with;
	took->without.value[took->without.n++] = before < after ? before : after;
	return err;
}

/* ---- the table ---- */

static void print(const struct took *took)
{
	struct bench_series net[WAYS], ratio;

	puts("| at sched_switch | × empty (p10–p90) | target | ns per switch (p10–p90) |\n"
	     "|---|---|---|---|");
	for (int i = 0; i < WAYS; i++)
		net[i] = bench_difference(&took[i].with, &took[i].without);
	for (int i = 0; i < WAYS; i++) {
		ratio = bench_ratio(&net[i], &net[EMPTY]);
		printf("| %s | ", ways[i].title);
		bench_print_spread(&ratio, "%.2f");
		printf(" | %s | ", ways[i].target);
		bench_print_spread(&net[i], "%.0f");
		puts(" |");
	}
	puts("\nTargets:\n");
	ratio = bench_ratio(&net[EXITS], &net[EMPTY]);
	bench_print_target("`stat exits` / empty", &ratio, true, 1.15);
	printf("\n\nNet of a switch with nothing attached, which takes ");
	bench_print_spread(&took[EMPTY].without, "%.0f");
	puts(" ns: two SCHED_FIFO threads that yield to each other on one CPU.");
}

int bench_switch(const struct bench_options *options)
{
	struct took took[WAYS] = {};
	int err = bench_pin(bench_last_cpu());

	for (uint32_t round = 0; round < options->rounds && !err; round++) {
		for (int i = 0; i < WAYS && !err; i++)
			err = measure((i + round) % WAYS, options->events,
				      &took[(i + round) % WAYS]);
		bench_progress(round, options->rounds);
	}
	if (!err)
		print(took);
	return err;
}
