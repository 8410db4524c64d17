// SPDX-License-Identifier: Apache-2.0
/*
 * scale.c - how memory and the time of one refresh grow with the number of VMs: the tool itself,
 * its live source and its screen, with maps filled as the kernel would (fill.h). Each size is a
 * process; all take turns, round by round.
 * May not know about: how the figures come about in the tool.
 * To extend: another size is a line in sizes[], another figure a member of struct figures.
 */
#define _GNU_SOURCE
#include "figures.h"
#include "fill.h"

#include "../src/cli/run.h"
#include "../src/core/log.h"
#include "../src/top/top.h"
#include "../src/util/cleanup.h"
#include "../src/util/units.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define VCPUS	     8 /* of each VM */
#define SLOTS	     "64000"
#define IDLE_MB	     40
#define RECORD	     320 /* bytes */
#define READ_MS	     1	 /* 10,000 records */
#define START_MS     150
#define GROWTH	     1.15 /* 1: linear; caches end somewhere in between */
#define SLOTS_MATTER 1.1
#define ROUNDS	     21
#define WARM_UP	     3 /* rounds that do not count */
#define AGAIN	     3 /* readings in a row */
#define WIDTH	     120
#define HEIGHT	     40

static const struct size {
	const char *title;
	uint32_t vms, before; /* before: those that were there earlier, and ended */
	const char *max_vcpus;
} sizes[] = {
	{ "1", 1, 0, SLOTS },
	{ "10", 10, 0, SLOTS },
	{ "100", 100, 0, SLOTS },
	{ "1000", 1000, 0, SLOTS },
	{ "100, room for 1000 vCPUs", 100, 0, "1000" },
	{ "100, left of 1000", 100, 1000, SLOTS },
};

enum { ONE, TEN, HUNDRED, THOUSAND, HUNDRED_SMALL, HUNDRED_LEFT, SIZES };

/* Of one round, in ns. */
struct figures {
	double first;	   /* all maps into rows, after all else ran on this machine */
	double read;	   /* the same again, and once more, and … */
	double difference; /* rows of the interval from those of two readings */
	double print;	   /* put in order, and printed as a table */
	double feed, draw; /* the live screen */
	double rss;	   /* bytes of this process's own memory */
	double memory;	   /* bytes of maps */
};

#define FIGURES	   (sizeof(struct figures) / sizeof(double))
#define AT(member) (offsetof(struct figures, member) / sizeof(double))

struct process {
	pid_t pid;
	int to, from;
	uint64_t idle; /* bytes of maps, without VMs */
	struct bench_series figure[FIGURES];
};

/* ---- one size ---- */

struct watch {
	struct kw_options options;
	struct kw_run run;
	struct kw_top *top;
	struct kw_canvas canvas;
	struct kw_frame frame[KW_FRAMES];
	struct fill fill;
	uint64_t idle, shown; /* shown: exits */
};

/* What else runs on this machine does not count. */
static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* What the source's own function takes; it has no argument of ours, hence static. */
static int (*source_read)(struct kw_source *, struct kw_frame *, struct kw_losses *);
static uint64_t read_ns;

static int timed_read(struct kw_source *source, struct kw_frame *frame, struct kw_losses *losses)
{
	uint64_t start = cpu_ns();
	int err = source_read(source, frame, losses);

	read_ns = cpu_ns() - start;
	return err;
}

static int add_vms(struct watch *w, uint32_t vms)
{
	struct kw_source *source = w->run.source;

	for (uint32_t i = w->fill.n_slots; i < vms * VCPUS;) {
		int err = fill_vcpu(&w->fill, i / VCPUS, i % VCPUS);

		if (err == -EAGAIN)
			err = source->wait(source, 0, NULL, NULL);
		else
			i += !err;
		if (err < 0)
			return err;
	}
	return 0;
}

static int open_watch(struct watch *w, const struct size *size)
{
	char *argv[] = { "kvm_watcher", "stat", "exits", "--max-vcpus",	   (char *)size->max_vcpus,
			 "--rows",	"0",	"-o",	 "table:/dev/null" };
	int err = kw_options_parse(ARRAY_SIZE(argv), argv, &w->options);

	err = err ?: kw_run_open(&w->run, &w->options, kw_source_live_open);
	if (err)
		return -EIO;
	source_read = w->run.source->read;
	w->run.source->read = timed_read;
	err = kw_top_open(&w->options.wants, 1000000000, &w->top);
	err = err ?: kw_canvas_resize(&w->canvas, WIDTH, HEIGHT);
	err = err ?: fill_open(&w->fill, VCPUS * (size->vms + size->before));
	w->idle = fill_memory(&w->fill);
	if (size->before) {
		err = err ?: add_vms(w, size->before);
		fill_end(&w->fill, VCPUS * size->vms);
	}
	return err ?: add_vms(w, size->vms);
}

static void close_watch(struct watch *w)
{
	for (size_t i = 0; i < KW_FRAMES; i++)
		kw_frame_clear(&w->frame[i]);
	if (w->top)
		kw_top_close(w->top);
	kw_canvas_release(&w->canvas);
	fill_close(&w->fill);
	kw_run_close(&w->run, 0);
	kw_options_release(&w->options);
}

/* Without what is shared with the kernel. */
static double own_memory(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/statm", "re");
	unsigned long size, resident, shared;

	if (!file || fscanf(file, "%lu %lu %lu", &size, &resident, &shared) != 3)
		return NAN;
	return (double)(resident - shared) * sysconf(_SC_PAGESIZE);
}

/* Exits of an interval's rows are those that were made. */
static int check(struct watch *w)
{
	const struct kw_frame *frame = &w->frame[0];
	const struct kw_column *count = kw_schema_find(frame->schema, "count");

	if (frame->n != w->fill.n_records) {
		kw_say("%zu records are %zu rows", w->fill.n_records, frame->n);
		return -EIO;
	}
	for (size_t i = 0; i < frame->n; i++)
		w->shown += kw_column_raw(count, frame->row[i]);
	if (w->shown == w->fill.exits)
		return 0;
	kw_say("of %llu exits %llu are shown", (unsigned long long)w->fill.exits,
	       (unsigned long long)w->shown);
	return -EIO;
}

static int read_interval(struct watch *w, struct figures *ret)
{
	struct kw_losses lost;
	uint64_t start;
	int err;

	fill_exits(&w->fill);
	start = cpu_ns();
	err = kw_run_interval(&w->run, w->frame, &lost);
	ret->read = read_ns;
	ret->difference = cpu_ns() - start - read_ns;
	return err ?: check(w);
}

static int print_interval(struct watch *w, struct figures *ret)
{
	uint64_t start = cpu_ns();
	int err = kw_run_show(&w->run, &w->frame[0], false);

	ret->print = cpu_ns() - start;
	return err;
}

static int draw_interval(struct watch *w, struct figures *ret)
{
	struct kw_top_interval interval = { .vms = w->run.source->vms,
					    .frame = w->frame,
					    .n = w->options.wants.n_tables };
	uint64_t start = cpu_ns(), fed;
	int err = kw_top_feed(w->top, &interval);

	fed = cpu_ns();
	kw_top_draw(w->top, &w->canvas, kw_real_ns());
	ret->feed = fed - start;
	ret->draw = cpu_ns() - fed;
	return err;
}

/* As top has it, then as stat has it. */
static int measure_round(struct watch *w, struct figures *ret)
{
	int err = read_interval(w, ret);

	ret->first = ret->read;
	for (int i = 0; i < AGAIN && !err; i++)
		err = read_interval(w, ret);
	err = err ?: draw_interval(w, ret);
	err = err ?: read_interval(w, &(struct figures){}) ?: print_interval(w, ret);
	ret->rss = own_memory();
	ret->memory = fill_memory(&w->fill);
	return err;
}

/* Measures once for each byte that comes. */
static int serve(const struct size *size, int from, int to)
{
	struct watch w = {};
	int err = open_watch(&w, size);
	char byte;

	if (!err && write(to, &w.idle, sizeof(w.idle)) != sizeof(w.idle))
		err = -errno;
	while (!err && read(from, &byte, 1) == 1) {
		struct figures figures = {};

		err = measure_round(&w, &figures);
		if (!err && write(to, &figures, sizeof(figures)) != sizeof(figures))
			err = -errno;
	}
	if (err)
		kw_say("%s VMs: %s", size->title, strerror(-err));
	close_watch(&w);
	return err != 0;
}

/* ---- all sizes ---- */

static int start_size(struct process *processes, int n)
{
	struct process *p = &processes[n];
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		return -errno;
	fflush(stdout);
	p->pid = fork();
	if (p->pid < 0)
		return -errno;
	if (!p->pid) {
		for (int i = 0; i < n; i++) { /* which end when nobody else can write to them */
			close(processes[i].to);
			close(processes[i].from);
		}
		close(to[1]);
		close(from[0]);
		_exit(serve(&sizes[n], to[0], from[1]));
	}
	close(to[0]);
	close(from[1]);
	p->to = to[1];
	p->from = from[0];
	return read(p->from, &p->idle, sizeof(p->idle)) == sizeof(p->idle) ? 0 : -EIO;
}

static int ask(struct process *p, bool counts)
{
	double value[FIGURES];

	if (write(p->to, "", 1) != 1 || read(p->from, value, sizeof(value)) != sizeof(value))
		return -EIO;
	for (size_t i = 0; i < FIGURES && counts; i++)
		p->figure[i].value[p->figure[i].n++] = value[i];
	return 0;
}

static int end_size(struct process *p)
{
	int status;

	close(p->to);
	close(p->from);
	return waitpid(p->pid, &status, 0) == p->pid && !status ? 0 : -EIO;
}

/* ---- start-up ---- */

/* From exec until counting begins, in ns; the tool says when. 0 or -errno. */
static int time_start(const char *tool, double *ret)
{
	_cleanup_free_ char *command = NULL;
	char line[512];
	uint64_t start = kw_mono_ns();
	unsigned long long since = 0;
	FILE *out;

	if (asprintf(&command, "exec '%s' stat exits -v -t 0.01 2>&1 >/dev/null", tool) < 0)
		return -ENOMEM;
	out = popen(command, "re");
	while (out && fgets(line, sizeof(line), out))
		sscanf(line, "kvm_watcher: counting since %llu", &since);
	if (!out || pclose(out) || !since)
		return -EIO;
	*ret = since - start;
	return 0;
}

/* ---- what is printed ---- */

static double *member(struct figures *f, size_t i)
{
	return (double *)f + i;
}

static struct figures medians(const struct process *p)
{
	struct figures f;

	for (size_t i = 0; i < FIGURES; i++)
		*member(&f, i) = bench_quantile(&p->figure[i], 0.5);
	return f;
}

static size_t records(int size)
{
	return (size_t)sizes[size].vms * VCPUS * FILL_REASONS;
}

static void print_ms(const struct bench_series *series)
{
	struct bench_series ms = *series;

	for (size_t i = 0; i < ms.n; i++)
		ms.value[i] /= 1e6;
	bench_print_spread(&ms, "%.2f");
}

static void print_times(const struct process *processes)
{
	puts("CPU time, ms (median, p10–p90); something was counted in each record in each "
	     "interval:\n\n"
	     "| VMs × 8 vCPUs × 12 reasons | records | reading, ns per record | reading | … after "
	     "all "
	     "else ran | difference of two readings | `top`: rows | `top`: drawing | `stat`: order "
	     "and "
	     "table |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|");
	for (int i = 0; i < SIZES; i++) {
		const struct process *p = &processes[i];
		static const size_t shown[] = { AT(read), AT(first), AT(difference),
						AT(feed), AT(draw),  AT(print) };

		printf("| %s | %zu | %.0f | ", sizes[i].title, records(i),
		       medians(p).read / records(i));
		for (size_t k = 0; k < ARRAY_SIZE(shown); k++) {
			print_ms(&p->figure[shown[k]]);
			fputs(" | ", stdout);
		}
		puts("");
	}
}

static void print_memory(const struct process *processes)
{
	puts("\nMemory:\n\n"
	     "| VMs | the kernel's, without VMs | with them | bytes per record | the tool's own, "
	     "as `stat` and `top` at once |\n"
	     "|---|---:|---:|---:|---:|");
	for (int i = 0; i < SIZES; i++) {
		struct figures f = medians(&processes[i]);

		printf("| %s | %.1f MB | %.1f MB | %.0f | %.1f MB |\n", sizes[i].title,
		       processes[i].idle / 1e6, f.memory / 1e6,
		       (f.memory - processes[i].idle) / records(i), f.rss / 1e6);
	}
	puts("");
}

static void target(const char *what, double value, double most, const char *unit)
{
	const char *space = *unit ? " " : "";

	printf("* %s ≤ %.3g%s%s: %s, %.3g\n", what, most, space, unit,
	       value <= most ? "met" : "**missed**", value);
}

/* By which power of the number of records something grows. */
static double growth(double less, double more)
{
	return log(more / less) / log((double)records(THOUSAND) / records(HUNDRED));
}

static double refresh(const struct figures *f)
{
	return f->read + f->difference + f->feed + f->draw;
}

static void print_targets(const struct process *p, const struct bench_series *start)
{
	struct figures hundred = medians(&p[HUNDRED]), small = medians(&p[HUNDRED_SMALL]);
	struct figures thousand = medians(&p[THOUSAND]);
	double most = IDLE_MB + RECORD * records(THOUSAND) / 1e6;

	puts("\n\nTargets:\n");
	target("start-up", bench_quantile(start, 0.5) / 1e6, START_MS, "ms");
	target("reading 10,000 records", hundred.read / records(HUNDRED) / 100, READ_MS, "ms");
	target("maps with room for 64,000 vCPUs, without VMs", p[THOUSAND].idle / 1e6, IDLE_MB,
	       "MB");
	target("the same with 96,000 records: 40 MB and 320 bytes each", thousand.memory / 1e6,
	       most, "MB");
	target("from 100 to 1000 VMs, reading grows by the power of",
	       growth(hundred.read, thousand.read), GROWTH, "");
	target("from 100 to 1000 VMs, a refresh of `top` grows by the power of",
	       growth(refresh(&hundred), refresh(&thousand)), GROWTH, "");
	target("reading with room for 64,000 vCPUs / for 1000", hundred.read / small.read,
	       SLOTS_MATTER, "");
}

/* Memory needs no quiet machine: it is right in each round or wrong. */
static int check_memory(const struct process *processes)
{
	for (int i = 0; i < SIZES; i++) {
		struct figures f = medians(&processes[i]);

		if (f.memory <= IDLE_MB * 1e6 + RECORD * records(i) || sizes[i].before)
			continue;
		kw_say("%s VMs: maps take %.1f MB", sizes[i].title, f.memory / 1e6);
		return -EIO;
	}
	return 0;
}

static int measure(struct process *processes, const char *tool, int rounds,
		   struct bench_series *start)
{
	int err = 0;

	for (int i = 0; i < SIZES && !err; i++)
		err = start_size(processes, i);
	for (int round = -WARM_UP; round < rounds && !err; round++) {
		for (int i = 0; i < SIZES && !err; i++)
			err = ask(&processes[i], round >= 0);
		if (round >= 0 && !err)
			err = time_start(tool, &start->value[start->n++]);
	}
	for (int i = 0; i < SIZES && processes[i].pid > 0; i++)
		err = end_size(&processes[i]) ?: err;
	return err;
}

int main(int argc, char **argv)
{
	static struct process processes[SIZES];
	struct bench_series start = {};
	_cleanup_free_ char *tool = NULL;
	int rounds = ROUNDS, err;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--smoke"))
			rounds = 1;
		else if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
			rounds = atoi(argv[++i]);
	}
	rounds = rounds < BENCH_ROUNDS ? rounds : BENCH_ROUNDS;
	if (asprintf(&tool, "%s/../kvm_watcher", dirname(strdupa(argv[0]))) < 0)
		return 1;
	err = measure(processes, tool, rounds, &start);
	if (err)
		return 1;
	print_times(processes);
	print_memory(processes);
	fputs("Start-up, from exec of `stat exits` until counting begins, ms: ", stdout);
	print_ms(&start);
	print_targets(processes, &start);
	return check_memory(processes) ? 1 : 0;
}
