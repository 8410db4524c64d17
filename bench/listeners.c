// SPDX-License-Identifier: Apache-2.0
/*
 * listeners.c - all ways of listening that are measured.
 * May not know about: rounds, tables, targets.
 * To extend: a line; pair.c says what it is held against.
 */
#include "listener.h"

#include "../src/util/cleanup.h"

#include <errno.h>
#include <string.h>

#define PROGRAM(listener, heading, fired, program_name)                                            \
	{                                                                                          \
		.name = listener, .title = heading, .kind = &bench_kind_program, .hooks = fired,   \
		.program = program_name                                                            \
	}

#define TOOL(listener, heading, fired, ...)                                                        \
	{                                                                                          \
		.name = listener, .title = heading, .kind = &bench_kind_full, .hooks = fired,      \
		__VA_ARGS__                                                                        \
	}

const struct bench_listener_def bench_listeners[] = {
	PROGRAM("empty", "empty programs", BENCH_PAIRS, "bench_empty"),
	PROGRAM("floor", "empty programs and two clock reads (the floor)", BENCH_PAIRS,
		"bench_floor"),
	TOOL("exits", "**`stat exits`**", BENCH_PAIRS, .collectors = "exits"),
	TOOL("preemptible", "… where its programs can be preempted", BENCH_PAIRS,
	     .collectors = "exits", .preemptible = true),
	TOOL("all", "`stat` of all collectors", BENCH_PAIRS),
	TOOL("sample", "`stat exits --sample 16`", BENCH_PAIRS, .collectors = "exits",
	     .timing = KW_TIMED_SOME, .one_in = 16),
	TOOL("low-overhead", "`stat exits --low-overhead` (kvm_entry alone)", BENCH_ENTRIES,
	     .collectors = "exits", .timing = KW_TIMED_AT_ENTRY),
	TOOL("count-only", "`stat exits --count-only` (kvm_exit alone)", BENCH_EXITS,
	     .collectors = "exits", .timing = KW_TIMED_NONE),
	PROGRAM("one-empty", "an empty program (kvm_exit alone)", BENCH_EXITS, "bench_empty"),
	PROGRAM("one-clock", "an empty program and a clock read (kvm_entry alone)", BENCH_ENTRIES,
		"bench_floor"),
	PROGRAM("bcc", "bcc kvmexit (counts; kvm_exit alone)", BENCH_EXITS, "bench_bcc"),
	PROGRAM("classic", "empty programs of classic tracepoints", BENCH_PAIRS,
		"bench_empty_classic"),
	PROGRAM("sysak", "sysak kvmexittime", BENCH_PAIRS, "bench_sysak"),
	PROGRAM("reference", "the reference kvm_watcher", BENCH_PAIRS, "bench_reference"),
	{ .name = "perf",
	  .title = "perf, a sample per event into its ring",
	  .kind = &bench_kind_perf,
	  .hooks = BENCH_PAIRS },
};

const size_t bench_n_listeners = ARRAY_SIZE(bench_listeners);

static const struct bench_listener_def *find(const char *name)
{
	for (size_t i = 0; i < bench_n_listeners; i++)
		if (!strcmp(bench_listeners[i].name, name))
			return &bench_listeners[i];
	return NULL;
}

int bench_listener_open(const char *name, bool many_cpus, struct bench_listener *ret)
{
	*ret = (struct bench_listener){ .def = find(name), .many_cpus = many_cpus };
	return ret->def ? ret->def->kind->open(ret) : -ENOENT;
}

void bench_listener_close(struct bench_listener *listener)
{
	if (listener->def && listener->state)
		listener->def->kind->close(listener);
	listener->state = NULL;
}

int bench_listener_fire(struct bench_listener *listener, uint32_t vcpu, uint32_t at, uint32_t n,
			uint64_t *ret_ns)
{
	if (listener->def->kind->ready)
		listener->def->kind->ready(listener);
	return bench_fire(&listener->driver, listener->def->hooks, vcpu, at, n, &listener->fired,
			  ret_ns);
}
