/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - loads and attaches the BPF programs that the chosen collectors need, each in the
 * best variant that this kernel accepts, found out by trying.
 * May not know about: rows, sinks, the command line.
 * To extend: a hook that collectors share is a line in the table in engine.c; one
 * that a collector has for itself is a line in that collector's folder.
 */
#ifndef KW_ENGINE_H
#define KW_ENGINE_H

#include "collector.h"
#include "source.h"

/* How one hook fared. */
struct kw_hook {
	const struct kw_hook_def *def;
	const struct kw_collector *owner; /* NULL: of the spine */
	int variant;			  /* the one in use; -1: none worked */
	bool wanted;
	bool foreign;		    /* other processors alone have it */
	char why[KW_VARIANTS][200]; /* why a variant was refused; empty: not tried */
	struct bpf_link *link;
};

#define KW_ALL_HOOKS 160

struct kw_engine {
	struct kvm_watcher_bpf *bpf;
	struct kw_hook hook[KW_ALL_HOOKS]; /* first those of enum kw_hook_id */
	size_t n_hooks;
	enum kw_timing timing;	 /* with less of it, fewer hooks are wanted */
	bool user_exits;	 /* this KVM tells of no exits: those to user space are taken */
	struct kw_hook no_exits; /* what they are instead of, and why */
	const struct kw_hook
		*missing[16]; /* per collector: what it cannot do without; NULL: works */
};

/*
 * Where exits are timed at their entries alone, what KVM notes of them is this processor's: whose
 * reasons those are becomes part of the wants, unless they say so. Prints what is wrong; 0, or
 * -EOPNOTSUPP: this host has no such processor.
 */
int kw_engine_choose_isa(struct kw_wants *wants);

/*
 * Load and attach for collectors; counting is still off. A collector that lacks a needed hook is
 * left out (ret->missing). Returns 0, -EPERM, -EOPNOTSUPP (none works), or another -errno;
 * ret->hook says why, also on failure. Close it either way.
 */
int kw_engine_open(const struct kw_wants *wants, struct kw_engine *ret);
void kw_engine_close(struct kw_engine *engine);

/* May this process load programs at all? A kernel may refuse some kinds of them to everybody. */
bool kw_engine_is_permitted(void);

/* Does a collector want this hook (its index)? */
bool kw_hook_serves(const struct kw_engine *engine, size_t hook,
		    const struct kw_collector *collector);

/* Can a collector not do without this hook (its index)? */
bool kw_hook_needed(const struct kw_engine *engine, size_t hook,
		    const struct kw_collector *collector);

/* The first hook of a collector all of whose own other processors alone have; else NULL. */
const struct kw_hook *kw_foreign(const struct kw_engine *engine,
				 const struct kw_collector *collector);

/* Why the last variant that was tried of a hook was refused. */
const char *kw_hook_why(const struct kw_hook *hook);

/*
 * Times that the kernel skipped a hook's program because it was running on that CPU already (one
 * that was preempted amidst, where the kernel allows that).
 */
uint64_t kw_engine_misses(const struct kw_engine *engine, const struct kw_hook *hook);

/* Memory that the maps take in the kernel, as it says itself; an older one, what they are made for.
 */
uint64_t kw_engine_map_bytes(const struct kw_engine *engine);

/* The program of a hook in use, without what it costs; false if it has none in the kernel. */
bool kw_engine_program(const struct kw_engine *engine, const struct kw_hook *hook,
		       struct kw_program *ret);

/* One word or sentence about the variant of a hook in use for people, e.g. "fentry". */
const char *kw_engine_variant(const struct kw_engine *engine, const struct kw_hook *hook);

/* Memory of a map, by its file descriptor, as the kernel accounts it (memlock); 0: not told. */
uint64_t kw_map_bytes(int fd);

#endif
