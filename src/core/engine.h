/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - loads and attaches the BPF programs that the chosen collectors need, each in the
 * best variant that this kernel accepts, found out by trying.
 * May not know about: rows, sinks, the command line.
 * To extend: a hook or a variant of one is a line in the table in engine.c.
 */
#ifndef KW_ENGINE_H
#define KW_ENGINE_H

#include "collector.h"
#include "source.h"

#define KW_VARIANTS 3

/* How one hook fared. */
struct kw_hook {
	const char *name;		  /* e.g. kvm_exit */
	const char *purpose;		  /* what it serves */
	const char *without;		  /* what is lost without it; NULL: the collector is */
	const char *program[KW_VARIANTS]; /* best first */
	int variant;			  /* the one in use; -1: none worked */
	bool counts; /* what it misses is missing in counts, not only in times */
	bool wanted;
	char why[KW_VARIANTS][200]; /* why a variant was refused; empty: not tried */
};

struct bpf_link;

struct kw_engine {
	struct kvm_watcher_bpf *bpf;
	struct kw_hook hook[KW_HOOKS];
	struct bpf_link *link[KW_HOOKS];
};

/*
 * Load and attach for collectors; counting is still off. Returns 0, -EPERM, -EOPNOTSUPP (a needed
 * hook is missing), or another -errno; ret->hook says why, also on failure. Close it either way.
 */
int kw_engine_open(const struct kw_wants *wants, struct kw_engine *ret);
void kw_engine_close(struct kw_engine *engine);

/* The first needed hook that no variant works for; NULL if there is none. */
const struct kw_hook *kw_engine_missing(const struct kw_engine *engine);

/*
 * Times that the kernel skipped a hook's program because it was running on that CPU already (one
 * that was preempted amidst, where the kernel allows that).
 */
uint64_t kw_engine_misses(const struct kw_engine *engine, enum kw_hook_id hook);

/* One word or sentence about a variant of a hook for people, e.g. "fentry". */
const char *kw_engine_variant(const struct kw_engine *engine, enum kw_hook_id hook);

#endif
