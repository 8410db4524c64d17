/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collector.h - THE contract between a collector and the rest.
 * May not know about: any one collector, sinks, the command line.
 * To extend: a collector is a folder under collectors/ and a line in collectors/list.h. Its table
 * (x.c) knows neither kernel nor BPF; its live half (x_live.c) turns its maps into rows.
 */
#ifndef KW_COLLECTOR_H
#define KW_COLLECTOR_H

#include "abi.h"
#include "frame.h"
#include "schema.h"

struct kvm_watcher_bpf;
struct kw_filters;

/* One of the tool's own programs as the kernel took it, and what it costs. Texts are the engine's.
 */
struct kw_program {
	const char *hook, *name; /* e.g. kvm_exit, kw_kvm_exit */
	const char *kind;	 /* e.g. tp_btf/kvm_exit */
	bool at_exit;		 /* it runs once per exit */
	int fd;
	uint32_t id;	       /* the kernel's */
	uint32_t verified;     /* instructions that the verifier went through, of at most 1,000,000;
				  0: this kernel does not tell */
	uint32_t length;       /* instructions of its own, dead code removed */
	uint64_t runs, run_ns; /* while they were measured */
	uint64_t misses;       /* runs that the kernel skipped, since it was loaded */
};

/* What a collector's live half gets to see. */
struct kw_live {
	struct kvm_watcher_bpf *bpf;
	const struct kw_filters *filters;
	struct kw_vcpu *vcpu; /* the vCPU table, mapped; slots 1 … n_slots - 1 */
	uint32_t n_slots;     /* those ever given out, plus one */
	uint32_t max_slots;
	uint32_t quota_shift; /* halvings of the quotas of bounded keys, with very many slots */
	bool interval;	      /* the reading that follows ends an interval */
	uint16_t window;      /* number of the window (of min and max) after the one being read */
	uint64_t now_ns;      /* time of the reading that follows, or when counting ended */

	/* of the tool itself, for start and read_host of collectors that are metered */
	const struct kw_program *program;
	size_t n_programs;
	uint64_t metered_ns; /* for how long the programs' runs were measured */
	uint64_t map_bytes;  /* kernel memory of all maps */
};

/* Why a program of the shared object is needed: bits of struct kw_collector.hooks. */
enum kw_hook_id {
	KW_HOOK_EXIT,	   /* kvm_exit */
	KW_HOOK_ENTRY,	   /* kvm_entry */
	KW_HOOK_USERSPACE, /* kvm_userspace_exit: VMM time begins */
	KW_HOOK_RUN,	   /* KVM_RUN: VMM time ends */
	KW_HOOK_WAKEUP,	   /* kvm_vcpu_wakeup: halt-polling */
	KW_HOOK_SWITCH,	   /* sched_switch: off the CPU */
	KW_HOOK_WAKE,	   /* sched_wakeup: asleep or waiting */
	KW_HOOK_DESTROY,   /* end of a vCPU */
	KW_HOOK_END_OF_VM, /* end of a VM: for those that have rows of the VM itself */
	KW_HOOK_FAULT,	   /* page fault of a guest */
	KW_HOOKS,
};

/* What finding vCPUs and splitting the time of exits takes. */
#define KW_HOOKS_OF_EXITS                                                                          \
	(1 << KW_HOOK_EXIT | 1 << KW_HOOK_ENTRY | 1 << KW_HOOK_USERSPACE | 1 << KW_HOOK_RUN |      \
	 1 << KW_HOOK_WAKEUP | 1 << KW_HOOK_SWITCH | 1 << KW_HOOK_WAKE | 1 << KW_HOOK_DESTROY)

#define KW_VARIANTS 6
#define KW_TABLES   4

/* A place in the kernel, and the programs that can be attached there. */
struct kw_hook_def {
	const char *name;		  /* e.g. kvm_exit */
	const char *purpose;		  /* what it serves */
	const char *without;		  /* what is lost without it; NULL: the collector is */
	const char *program[KW_VARIANTS]; /* best first */
	const char *lost; /* what is unavailable or missing without it: "table table.column …";
			     of shared ones, "*.column …" of any table */
	const char *lost_here; /* … only where the processor has it: elsewhere another hook tells */
	bool counts;	       /* what it misses is missing in counts, not only in times */

	/* Wanted only beside a program of another hook whose name begins so. */
	const char *beside;

	/*
	 * Compilers are known to move the arguments of its function, of which the kernel then tells
	 * no type: a probe of it would read something else.
	 */
	bool may_move;
	int args; /* of its function, where that had others before: so would a probe of those */

	/*
	 * Where the kernel does not tell the types of KVM, why it cannot work: with a KVM whose
	 * kvm_exit has the reason, and whose types are known; with a later one. NULL: it can.
	 */
	const char *old, *untold;
};

#define KW_UNTOLD "this kernel does not tell the types of KVM's modules"

struct kw_collector {
	const char *name, *help;
	const struct kw_schema *table[KW_TABLES]; /* rows of stat; the first is the main one */
	const struct kw_schema *event;		  /* rows of trace; NULL: has no events */
	uint32_t hooks;				  /* 1 << enum kw_hook_id, what it reads */
	uint32_t needs;				  /* … of these, without which it shows nothing */
	uint32_t counted;	       /* … and of these, those whose misses its counts lack */
	const struct kw_hook_def *own; /* hooks of its own, not shared with others */
	size_t n_own;
	bool metered; /* it is about the tool itself: each run of its programs is measured */

	/*
	 * Where KVM tells of no exits, but of those to user space: it cannot work, or which of its
	 * tables are unavailable, and columns missing ("table table.column …").
	 */
	bool of_guest_exits;
	const char *of_exits;

	/*
	 * The live half; none of these is called for other sources. All return 0 or -errno; one
	 * that is NULL has nothing to do.
	 */

	/*
	 * Set constants and sizes of the BPF side; before loading. Maps whose names begin
	 * with the collector's name exist only if it was chosen.
	 */
	int (*configure)(struct kvm_watcher_bpf *bpf, uint32_t slots);

	/* After loading: *ret_state is passed to the others, and freed by close. */
	int (*open)(const struct kw_live *live, void **ret_state);
	void (*close)(void *state);

	/* Just before counting starts: note what nothing will tell of. */
	int (*start)(const struct kw_live *live, void *state);

	/* Several times a second: add room where it gets scarce. */
	int (*tend)(const struct kw_live *live, void *state);

	/* Before a round of calls of read: fetch what is not mapped. */
	int (*refresh)(const struct kw_live *live, void *state);
	bool refreshed_first; /* its figures are of the moment of the reading, to the ms */

	/*
	 * Add the cumulative rows of one slot; vm is the index among the VMs, frame[i] is for
	 * table[i]. A slot stands for a vCPU, or, if its vcpu_id is KW_ALL, for the VM itself.
	 */
	int (*read)(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
		    struct kw_frame *frame);

	/*
	 * Once per reading, after all calls of read: add the cumulative rows of the host, whose vm
	 * and vcpu are KW_ALL.
	 */
	int (*read_host)(const struct kw_live *live, void *state, struct kw_frame *frame);

	/* A vCPU or VM is gone and was read for the last time: give its room back. */
	void (*forget)(const struct kw_live *live, void *state, uint32_t slot);

	/* Turn an event of the ring buffer into a row of the event schema. */
	int (*decode)(const struct kw_event *raw, size_t size, uint32_t vm, void *row);
};

/* All collectors, in the order of collectors/list.h; NULL past the last. */
const struct kw_collector *kw_collector(size_t i);
const struct kw_collector *kw_collector_find(const char *name);

/* What the kernel shall look at. Empty lists mean everything. */
struct kw_list {
	uint64_t *item;
	size_t n;
};

struct kw_filters {
	struct kw_list pid, tid, vcpu;
	char *const *vm; /* names, UUIDs or pids */
	size_t n_vm;
	char **include, **exclude; /* reasons of exits: names or numbers */
	size_t n_include, n_exclude;
	uint64_t slower_ns; /* events that took less are not sent */
};

#endif
