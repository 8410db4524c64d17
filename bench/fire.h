/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fire.h - makes events, and keeps the ledger of what was made: what whoever listens must have
 * counted.
 * May not know about: who listens.
 * To extend: see driver.bpf.h, which does the firing.
 */
#ifndef BENCH_FIRE_H
#define BENCH_FIRE_H

#include "bench.h"

#include <stddef.h>
#include <stdint.h>

struct bpf_object;

/* A loaded object with the programs of driver.bpf.h. */
struct bench_driver {
	int fd[BENCH_HOOKS]; /* programs of the object; enum bench_hooks */
	uint32_t *mix;	     /* its bench_mix */
};

/* What was fired at a listener: exits, and the sum of their durations in ns. */
struct bench_ledger {
	uint64_t count[BENCH_VCPUS][BENCH_REASONS];
	uint64_t ns[BENCH_VCPUS][BENCH_REASONS];
};

/* Take the programs out of an object and fill in its memory; 0 or -errno. */
int bench_driver_init(struct bpf_object *obj, uint32_t *mix, struct bench_driver *ret);

/*
 * Fire n pairs (or exits, or entries) for a vCPU, of the mix from number at on; add them to the
 * ledger, if there is one. *ret_ns: how long it took. 0 or -errno.
 */
int bench_fire(const struct bench_driver *driver, enum bench_hooks hooks, uint32_t vcpu,
	       uint32_t at, uint32_t n, struct bench_ledger *ledger, uint64_t *ret_ns);

/* All of a ledger's exits. */
uint64_t bench_ledger_sum(const struct bench_ledger *ledger);

/* The next of a series of numbers that are the same each time. */
uint32_t bench_random(void);

#endif
