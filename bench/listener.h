/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.h - one way of listening to exits: opened once, attached around each measurement only,
 * and held against the ledger of what was fired at it.
 * May not know about: rounds, tables.
 * To extend: another way of a known kind is a line in listeners.c; another kind is a file.
 */
#ifndef BENCH_LISTENER_H
#define BENCH_LISTENER_H

#include "../src/core/abi.h"
#include "fire.h"

#include <stdbool.h>

struct bench_listener;

/* All return 0 or -errno, and say what is wrong. close: whatever open left, also if it failed. */
struct bench_kind {
	int (*open)(struct bench_listener *listener);
	int (*attach)(struct bench_listener *listener);
	/* Before each run of events; NULL: it is always ready. */
	void (*ready)(struct bench_listener *listener);
	void (*detach)(struct bench_listener *listener);
	/* Has it counted exactly what was fired at it? */
	int (*check)(struct bench_listener *listener);
	/* The program that is attached; NULL: none is. */
	int (*program_fd)(const struct bench_listener *listener);
	void (*close)(struct bench_listener *listener);
};

extern const struct bench_kind bench_kind_full;	   /* the tool */
extern const struct bench_kind bench_kind_program; /* a program of peers.bpf.c */
extern const struct bench_kind bench_kind_perf;	   /* perf's events */

struct bench_listener_def {
	const char *name, *title;
	const struct bench_kind *kind;
	enum bench_hooks hooks; /* those that it needs */
	const char *program;	/* of peers.bpf.c */

	/* of the tool */
	const char *collectors; /* NULL: all */
	enum kw_timing timing;
	uint32_t one_in;
	bool preemptible; /* as on a kernel that lets its programs be preempted */
};

extern const struct bench_listener_def bench_listeners[];
extern const size_t bench_n_listeners;

struct bench_listener {
	const struct bench_listener_def *def;
	bool many_cpus; /* several CPUs will fire at once */
	struct bench_driver driver;
	struct bench_ledger fired;
	void *state; /* of its kind */
};

/* 0 or -errno; close it either way. */
int bench_listener_open(const char *name, bool many_cpus, struct bench_listener *ret);
void bench_listener_close(struct bench_listener *listener);

/* Fire at an attached listener: its ledger notes it. */
int bench_listener_fire(struct bench_listener *listener, uint32_t vcpu, uint32_t at, uint32_t n,
			uint64_t *ret_ns);

/* Does a program of peers.bpf.c count? How many exits it has. */
bool bench_program_counted(const struct bench_listener *listener, uint64_t *ret);

#endif
