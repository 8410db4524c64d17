// SPDX-License-Identifier: Apache-2.0
/*
 * bench.c - runs one part of the benchmark.
 * May not know about: what a part measures.
 * To extend: a line in parts[].
 */
#define _GNU_SOURCE
#include "figures.h"
#include "parts.h"

#include "../src/core/log.h"
#include "../src/util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>

static const struct {
	const char *name;
	int (*run)(const struct bench_options *options);
} parts[] = {
	{ "pair", bench_pair },
	{ "switch", bench_switch },
	{ "contention", bench_contention },
};

int bench_last_cpu(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) - 1;
}

int bench_pin(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

int bench_go_first(void)
{
	struct sched_param first = { .sched_priority = 1 };

	return -pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
}

void bench_progress(uint32_t round, uint32_t rounds)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rround %u of %u%s", round + 1, rounds,
			round + 1 == rounds ? "\n" : "");
}

/* The test tracepoint is one for the whole machine: two that fire it would count each other's. */
static int lock_machine(void)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "another benchmark runs; waiting for its end\n");
		if (flock(fd, LOCK_EX))
			return -errno;
	}
	return fd; /* open until the process ends */
}

static int usage(void)
{
	fprintf(stderr, "usage: bench [--smoke] [--rounds N] [--only LISTENER,…] PART\nparts:");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		fprintf(stderr, " %s", parts[i].name);
	fprintf(stderr, "\n");
	return 2;
}

static int run_part(const char *name, const struct bench_options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(parts[i].name, name)) {
			int err = lock_machine();

			alarm(60 + 20 * options->rounds); /* it takes CPUs from all others */
			err = err < 0 ? err : parts[i].run(options);
			if (err)
				fprintf(stderr, "%s: %s\n", name, strerror(-err));
			return err != 0;
		}
	return usage();
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "smoke", no_argument, NULL, 's' },
						 { "rounds", required_argument, NULL, 'r' },
						 { "only", required_argument, NULL, 'o' },
						 {} };
	struct bench_options o = { .rounds = 21, .events = 20000 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			o.rounds = 1, o.events = 1000;
		else if (c == 'r')
			o.rounds = strtoul(optarg, NULL, 10);
		else if (c == 'o')
			o.only = optarg;
		else
			return usage();
	}
	if (optind != argc - 1 || !o.rounds || o.rounds > BENCH_ROUNDS)
		return usage();
	return run_part(argv[optind], &o);
}
