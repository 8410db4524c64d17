// SPDX-License-Identifier: Apache-2.0
/*
 * tsc.c - see tsc.h.
 * May not know about: BPF objects, collectors.
 * To extend: see tsc.h.
 */
#define _GNU_SOURCE
#include "tsc.h"

#include "../util/cleanup.h"
#include "../util/units.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_NS 20000000ULL   /* over which the speed is measured at first */
#define AGED_NS	 5000000000ULL /* at least over so long later on, and at most over twice that */

enum kw_isa kw_host_isa(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/cpuinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t room = 0;

	while (file && getline(&line, &room, file) > 0) {
		if (strncmp(line, "flags", 5))
			continue;
		return strstr(line, " svm ")   ? KW_ISA_SVM
		       : strstr(line, " vmx ") ? KW_ISA_VMX
					       : KW_ISA_NONE;
	}
	return KW_ISA_NONE;
}

#if defined(__x86_64__)
#include <x86intrin.h>

#define TRIES 5

/* Of several tries the one that took least: nothing came between. */
static int read_pair(struct kw_tsc_pair *ret)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t from = __rdtsc(), ns = kw_mono_ns(), took = __rdtsc() - from;

		if (took < least)
			*ret = (struct kw_tsc_pair){ .tsc = from + took / 2, .ns = ns };
		least = took < least ? took : least;
	}
	return 0;
}
#else
static int read_pair(struct kw_tsc_pair *ret)
{
	*ret = (struct kw_tsc_pair){};
	return -EOPNOTSUPP;
}
#endif

/* The clock that two pairs make: speed from both, time from the later one. */
static void make_clock(const struct kw_tsc_pair *before, const struct kw_tsc_pair *now,
		       struct kw_tsc_clock *ret)
{
	unsigned __int128 ns = now->ns - before->ns;

	*ret = (struct kw_tsc_clock){ .tsc = now->tsc,
				      .ns = now->ns,
				      .mult = (ns << KW_TSC_SHIFT) /
					      (now->tsc - before->tsc ?: 1) };
}

int kw_tsc_open(struct kw_tsc *tsc, struct kw_tsc_clock *ret)
{
	struct timespec time = { .tv_nsec = FIRST_NS };
	int err = read_pair(&tsc->before);

	if (err)
		return err;
	nanosleep(&time, NULL);
	read_pair(&tsc->since);
	make_clock(&tsc->before, &tsc->since, ret);
	tsc->mult = ret->mult;
	return 0;
}

/* Has the TSC, or the clock, stood still, jumped or begun anew? A speed does not change by 0.1 %.
 */
static bool has_jumped(const struct kw_tsc *tsc, const struct kw_tsc_pair *now,
		       const struct kw_tsc_clock *clock)
{
	uint64_t change =
		clock->mult > tsc->mult ? clock->mult - tsc->mult : tsc->mult - clock->mult;

	return now->tsc <= tsc->since.tsc || change > tsc->mult / 1000;
}

void kw_tsc_update(struct kw_tsc *tsc, const struct kw_tsc_pair *now, struct kw_tsc_clock *ret)
{
	make_clock(&tsc->before, now, ret);
	if (has_jumped(tsc, now, ret)) { /* the host slept: on from here with the speed it had */
		tsc->before = tsc->since = *now;
		ret->mult = tsc->mult;
		return;
	}
	tsc->mult = ret->mult;
	if (now->ns - tsc->since.ns >= AGED_NS) {
		tsc->before = tsc->since;
		tsc->since = *now;
	}
}

void kw_tsc_tend(struct kw_tsc *tsc, struct kw_tsc_clock *ret)
{
	struct kw_tsc_pair now;

	read_pair(&now);
	kw_tsc_update(tsc, &now, ret);
}
