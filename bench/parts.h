/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts.h - the parts of the benchmark that this program has, and what all of them take.
 * May not know about: what they measure.
 * To extend: a function here and a line in bench.c.
 */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include <stdint.h>

struct bench_options {
	uint32_t rounds;
	uint32_t events;  /* pairs of a run; best of three runs is a round's value */
	const char *only; /* names of listeners, with commas; NULL: all */
};

/* Each prints its section's body; 0 or -errno, also if a count was wrong. */
int bench_pair(const struct bench_options *options);
int bench_switch(const struct bench_options *options);
int bench_contention(const struct bench_options *options);

/* Let the calling thread run on this CPU only; 0 or -errno. */
int bench_pin(int cpu);
int bench_last_cpu(void);

/* Let the calling thread run before all ordinary ones: they wait for as long as it runs. */
int bench_go_first(void);

/* Show on stderr, if it is a terminal, which round has ended. */
void bench_progress(uint32_t round, uint32_t rounds);

#endif
