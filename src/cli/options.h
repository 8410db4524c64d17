/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the command line: what was asked for.
 * May not know about: how it is done.
 * To extend: an option is a line in the table in options.c, with the verbs that take it.
 */
#ifndef KW_OPTIONS_H
#define KW_OPTIONS_H

#include "../core/source.h"
#include "../sinks/sink.h"

enum kw_verb {
	KW_TOP,
	KW_STAT,
	KW_TRACE,
	KW_HIST,
	KW_RECORD,
	KW_REPORT,
	KW_DIFF,
	KW_LIST,
	KW_CHECK,
	KW_VERBS
};

/* What record writes, and report reads, if no file is named. */
#define KW_RECORDING "kvm_watcher.kvmw"

/* What a live screen has to tell; what a kernel lacks of it is shown as unavailable. */
#define KW_TOP_COLLECTORS "time,exits,halt,faults,dirty,irq,io,mmio"

/* Exit codes of the process. */
enum {
	KW_EXIT_OK = 0,
	KW_EXIT_FAILED = 1,	/* while running */
	KW_EXIT_USAGE = 2,	/* or no such VM */
	KW_EXIT_IMPOSSIBLE = 3, /* on this kernel */
	KW_EXIT_PERMISSION = 4,
	KW_EXIT_FOUND = 10, /* what diff --check looks for */
};

struct kw_options {
	enum kw_verb verb;
	char *what;			 /* collectors, or what to list */
	const char *(*collectors)(void); /* of stat, if it names none */
	uint64_t interval_ns, count;
	bool has_interval;
	uint64_t duration_ns; /* 0: no limit */
	bool summary;
	bool page_counts;		/* at the end, of dirty */
	bool stats;			/* of the tool itself */
	bool events;			/* to record, too */
	bool force;			/* overwrite a recording */
	uint64_t max_bytes, max_age_ns; /* of a recording; 0: no limit */
	const char *trigger;		/* keep what is around it alone */
	uint64_t before_ns, after_ns;
	double budget; /* share of the CPU time in use on the host; 0: no limit */
	struct kw_wants wants;
	struct kw_view view;
	char *vm[64]; /* of --vm; wants.filters.vm points here */
	char *output[8];
	size_t n_outputs;
	char *file[2], *check[8]; /* of diff */
	size_t n_files, n_checks;
	char **argv; /* of the process, for recordings; ended by NULL */
	char **text; /* strings that the above point into, to be freed */
	size_t n_texts;
};

/*
 * Parse; does not look at the system. Returns 0 to go on, else an exit code + 1: help was asked
 * for, or a message was printed.
 */
int kw_options_parse(int argc, char **argv, struct kw_options *ret);
void kw_options_release(struct kw_options *options);

/* A copy of a text that lives as long as the options; NULL: there is no memory. */
char *kw_options_keep(struct kw_options *options, const char *text);

/* The seed's short options, as argv for kw_options_parse. *ret is to be freed with its strings. */
int kw_seed_options(int argc, char **argv, int *ret_argc, char ***ret_argv);

/* True if two options of a verb have the same letter or name (for the unit test). */
const char *kw_options_check(void);

#endif
