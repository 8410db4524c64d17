// SPDX-License-Identifier: Apache-2.0
/*
 * contention.c - two CPUs at once, with vCPUs of the same VMs: is every exit counted, and does a
 * pair cost as much as on one CPU alone?
 * May not know about: how listeners listen.
 * To extend: rows[] names listeners of listeners.c.
 */
#define _GNU_SOURCE
#include "figures.h"
#include "listener.h"
#include "parts.h"

#include "../src/core/log.h"
#include "../src/util/cleanup.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define THREADS 2
#define TURNS	20 /* of each run; all threads begin each of them at once */

/* How the threads run: one of them alone, both, or both and with each turn they swap their CPUs. */
enum mode { ALONE, BOTH, MOVING, MODES };

static const char *const rows[] = { "exits", "sysak", "reference" };

struct row {
	struct bench_listener listener;
	struct bench_series with[MODES], without[MODES];
	uint64_t fired, counted; /* while both threads fired */
};

/* What all threads do next. They live as long as all runs: a vCPU stays with its thread. */
struct job {
	struct bench_listener *listener; /* NULL: end */
	enum mode mode;
	uint32_t n; /* pairs of a turn */
	bool attached;
};

struct crew {
	pthread_barrier_t begin, end;
	atomic_uint arrived; /* at the begins of turns, in this run */
	struct job job;
	struct worker {
		struct crew *crew;
		pthread_t thread;
		uint32_t number;
		struct bench_ledger fired;
		struct bench_series turn; /* ns per pair */
		int err;
	} worker[THREADS];
};

/* ---- the threads ---- */

static uint32_t threads_of(enum mode mode)
{
	return mode == ALONE ? 1 : THREADS;
}

/* All begin at once: whoever slept would begin later. */
static void meet(struct crew *crew, uint32_t turn)
{
	atomic_fetch_add(&crew->arrived, 1);
	while (atomic_load(&crew->arrived) < (turn + 1) * threads_of(crew->job.mode))
		sched_yield(); /* the others may have to leave this CPU first */
}

/* A thread's vCPUs are those with its number, modulo THREADS: some of each VM. */
static int take_turn(struct worker *w, const struct job *job, uint32_t turn)
{
	uint32_t vcpu = (turn * THREADS + w->number) % BENCH_VCPUS;
	uint32_t cpu = job->mode == MOVING
			       ? (w->number + turn + turn / (BENCH_VCPUS / THREADS)) % THREADS
			       : w->number;
	uint32_t at = (turn * 7919 + w->number * 977) % BENCH_MIX;
	int err = bench_pin(bench_last_cpu() - cpu);
	uint64_t ns;

	meet(w->crew, turn);
	err = err
		      ?: bench_fire(&job->listener->driver, BENCH_PAIRS, vcpu, at, job->n,
				    job->attached ? &w->fired : NULL, &ns);
	if (!err)
		w->turn.value[w->turn.n++] = (double)ns / job->n;
	return err;
}

static void run(struct worker *w)
{
	struct crew *crew = w->crew;

	w->turn.n = 0;
	for (uint32_t turn = 0; turn < TURNS && w->number < threads_of(crew->job.mode); turn++) {
		int err = take_turn(w, &crew->job, turn);

		w->err = w->err ?: err;
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	w->err = bench_go_first();
	for (;;) {
		pthread_barrier_wait(&w->crew->begin);
		if (!w->crew->job.listener)
			return NULL;
		run(w);
		pthread_barrier_wait(&w->crew->end);
	}
}

static void hire(struct crew *crew)
{
	pthread_barrier_init(&crew->begin, NULL, THREADS + 1);
	pthread_barrier_init(&crew->end, NULL, THREADS + 1);
	for (uint32_t i = 0; i < THREADS; i++) {
		struct worker *w = &crew->worker[i];

		w->crew = crew;
		w->number = i;
		if (pthread_create(&w->thread, NULL, work, w)) {
			kw_say("cannot start a thread");
			exit(1); /* the others wait for it */
		}
	}
}

static void dismiss(struct crew *crew)
{
	crew->job.listener = NULL;
	pthread_barrier_wait(&crew->begin);
	for (int i = 0; i < THREADS; i++)
		pthread_join(crew->worker[i].thread, NULL);
}

/* ---- measuring ---- */

/* One run; *ret: ns per pair, the median of the turns of all threads. */
static int do_job(struct crew *crew, const struct job *job, double *ret)
{
	struct bench_series turns = {};
	int err = 0;

	crew->job = *job;
	atomic_store(&crew->arrived, 0);
	pthread_barrier_wait(&crew->begin);
	pthread_barrier_wait(&crew->end);
	for (uint32_t i = 0; i < threads_of(job->mode); i++) {
		const struct bench_series *turn = &crew->worker[i].turn;

		err = err ?: crew->worker[i].err;
		memcpy(turns.value + turns.n, turn->value, turn->n * sizeof(*turn->value));
		turns.n += turn->n;
	}
	*ret = bench_quantile(&turns, 0.5);
	return err;
}

/* What all threads fired goes to the listener's ledger. Returns how much that was. */
static uint64_t collect(struct crew *crew, struct bench_ledger *ledger)
{
	uint64_t sum = bench_ledger_sum(ledger);

	for (int i = 0; i < THREADS; i++) {
		struct bench_ledger *fired = &crew->worker[i].fired;

		for (int v = 0; v < BENCH_VCPUS; v++)
			for (int r = 0; r < BENCH_REASONS; r++) {
				ledger->count[v][r] += fired->count[v][r];
				ledger->ns[v][r] += fired->ns[v][r];
			}
		memset(fired, 0, sizeof(*fired));
	}
	return bench_ledger_sum(ledger) - sum;
}

static uint64_t counted(const struct row *row)
{
	uint64_t n = 0;

	bench_program_counted(&row->listener, &n);
	return n;
}

static int measure(struct crew *crew, struct row *row, enum mode mode, uint32_t n)
{
	struct bench_listener *l = &row->listener;
	struct job job = { .listener = l, .mode = mode, .n = n };
	uint64_t before = counted(row), fired;
	double with = 0, without;
	int err = do_job(crew, &job, &without);

	job.attached = true;
	err = err ?: l->def->kind->attach(l) ?: do_job(crew, &job, &with);
	l->def->kind->detach(l);
	fired = collect(crew, &l->fired);
	if (mode != ALONE) {
		row->fired += fired;
		row->counted += counted(row) - before;
	}
	row->with[mode].value[row->with[mode].n++] = with;
	row->without[mode].value[row->without[mode].n++] = without;
	return err;
}

static int all_rounds(struct crew *crew, struct row *row, const struct bench_options *o)
{
	int err = 0;

	for (uint32_t round = 0; round < o->rounds && !err; round++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(rows) * MODES && !err; i++) {
			uint32_t k = (i + round) % (ARRAY_SIZE(rows) * MODES);

			err = measure(crew, &row[k / MODES], k % MODES, o->events / 4);
		}
		bench_progress(round, o->rounds);
	}
	return err;
}

/* ---- the table ---- */

/* The tool must not lose any; of the others it is shown what they lost. */
static int check(struct row *row)
{
	struct bench_listener *l = &row->listener;
	uint64_t n;

	if (bench_program_counted(l, &n))
		return 0;
	row->counted = row->fired;
	return l->def->kind->check(l);
}

static struct bench_series net(const struct row *row, enum mode mode)
{
	return bench_difference(&row->with[mode], &row->without[mode]);
}

static struct bench_series to_alone(const struct row *row, enum mode mode)
{
	struct bench_series a = net(row, mode), b = net(row, ALONE);

	return bench_ratio(&a, &b);
}

static void print_row(const struct row *row)
{
	struct bench_series both = to_alone(row, BOTH), moving = to_alone(row, MOVING);
	struct bench_series alone = net(row, ALONE);
	int64_t lost = row->fired - row->counted;

	printf("| %s | ", row->listener.def->title);
	bench_print_spread(&both, "%.2f");
	fputs(" | ", stdout);
	bench_print_spread(&moving, "%.2f");
	fputs(" | ", stdout);
	bench_print_spread(&alone, "%.1f");
	printf(" | %lld of %llu (%.3f %%) |\n", (long long)lost, (unsigned long long)row->fired,
	       100.0 * lost / row->fired);
}

static void print(const struct row *row)
{
	struct bench_series ratio;

	puts("| listener | two CPUs × one (p10–p90) | and vCPUs move × one (p10–p90) | "
	     "ns per exit on one CPU (p10–p90) | exits lost |\n"
	     "|---|---|---|---|---|");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		print_row(&row[i]);
	puts("\nTargets:\n\n* `stat exits` loses no exit: met, or there would be no figures");
	ratio = to_alone(&row[0], BOTH);
	bench_print_target("`stat exits` on two CPUs / on one", &ratio, true, 1.05);
	puts("");
	ratio = to_alone(&row[0], MOVING);
	bench_print_target("… and vCPUs move / on one", &ratio, true, 1.05);
	puts("");
}

static int open_rows(struct row *row)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && !err; i++)
		err = bench_listener_open(rows[i], true, &row[i].listener);
	return err;
}

int bench_contention(const struct bench_options *options)
{
	struct row row[ARRAY_SIZE(rows)] = {};
	struct crew crew = {};
	int err = bench_last_cpu() < THREADS - 1 ? -EOPNOTSUPP : 0;

	hire(&crew);
	err = err ?: open_rows(row) ?: all_rounds(&crew, row, options);
	for (size_t i = 0; i < ARRAY_SIZE(rows) && !err; i++)
		err = check(&row[i]);
	if (!err)
		print(row);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		bench_listener_close(&row[i].listener);
	dismiss(&crew);
	return err;
}
