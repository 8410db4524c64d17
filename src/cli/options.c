// SPDX-License-Identifier: Apache-2.0
/*
 * options.c - see options.h.
 * May not know about: how it is done, the system.
 * To extend: see options.h.
 */
#define _GNU_SOURCE
#include "options.h"

#include "../core/log.h"
#include "../top/screen.h"
#include "../util/cleanup.h"
#include "../util/text.h"
#include "../util/units.h"
#include "version.h"

#include <argp.h>
#include <errno.h>
#include <string.h>

#define ON(verb)   (1u << (verb))
#define SHOWN	   (ON(KW_STAT) | ON(KW_TRACE) | ON(KW_HIST) | ON(KW_REPORT))
#define LIVE	   (ON(KW_STAT) | ON(KW_TRACE) | ON(KW_HIST) | ON(KW_TOP) | ON(KW_RECORD))
#define WATCHED	   (SHOWN | LIVE)
#define LOOKED_AT  (WATCHED | ON(KW_DIFF))
#define TABLES	   (ON(KW_STAT) | ON(KW_REPORT))
#define EVERYWHERE (ON(KW_VERBS) - 1)

/* Options without a letter. */
enum {
	O_TID = 256,
	O_VCPU,
	O_VM,
	O_REASON,
	O_EXCLUDE,
	O_SLOWER,
	O_SORT,
	O_COLUMNS,
	O_ROWS,
	O_PER,
	O_COLOR,
	O_MAX_VCPUS,
	O_PAGE_COUNTS,
	O_SAMPLE,
	O_COUNT_ONLY,
	O_LOW_OVERHEAD,
	O_STATS,
	O_BUDGET,
	O_INPUT,
	O_EVENTS,
	O_FORCE,
	O_CHECK,
	O_MAX_SIZE,
	O_MAX_AGE,
	O_TRIGGER,
	O_BEFORE,
	O_AFTER,
};

static const struct offered {
	struct argp_option argp;
	unsigned int verbs;
} table[] = {
	{ { NULL, 0, NULL, 0, "What to look at:", 1 }, LOOKED_AT },
	{ { "pid", 'p', "PID[,...]", 0, "Only VMs of these processes", 1 }, LOOKED_AT },
	{ { "tid", O_TID, "TID[,...]", 0, "Only vCPUs that these threads run", 1 }, LOOKED_AT },
	{ { "vcpu", O_VCPU, "ID[,...]", 0, "Only vCPUs with these ids", 1 }, LOOKED_AT },
	{ { "vm", O_VM, "NAME|UUID|PID[,...]", 0, "Only these VMs", 1 }, LOOKED_AT },
	{ { "reason", O_REASON, "REASON[,...]", 0,
	    "Only exits for these reasons (names or numbers)", 1 },
	  SHOWN | ON(KW_RECORD) | ON(KW_DIFF) },
	{ { "exclude", O_EXCLUDE, "REASON[,...]", 0, "No exits for these reasons", 1 },
	  SHOWN | ON(KW_RECORD) | ON(KW_DIFF) },
	{ { "slower", O_SLOWER, "TIME", 0, "Only events that took at least this long (1ms, 250us)",
	    1 },
	  ON(KW_TRACE) | ON(KW_RECORD) | ON(KW_REPORT) },
	{ { "input", O_INPUT, "FILE", 0, "Show this recording instead of what is live", 1 },
	  SHOWN | ON(KW_TOP) | ON(KW_LIST) | ON(KW_CHECK) },
	{ { "max-vcpus", O_MAX_VCPUS, "N", 0, "Room for this many vCPUs at once (16384)", 1 },
	  LIVE },
	{ { NULL, 0, NULL, 0, "How long:", 2 }, WATCHED },
	{ { "time", 't', "SEC", 0, "Stop after this time", 2 }, WATCHED },
	{ { "summary", 's', NULL, 0, "At the end, a table of the whole run", 2 }, ON(KW_STAT) },
	{ { "page-counts", O_PAGE_COUNTS, NULL, 0,
	    "At the end, how often each page was made dirty (with dirty)", 2 },
	  ON(KW_STAT) },
	{ { NULL, 0, NULL, 0, "What to write:", 3 }, ON(KW_RECORD) },
	{ { "output", 'o', "FILE", 0, "The recording (" KW_RECORDING ")", 3 }, ON(KW_RECORD) },
	{ { "force", O_FORCE, NULL, 0, "Overwrite a recording that is there", 3 }, ON(KW_RECORD) },
	{ { "events", O_EVENTS, NULL, 0, "Record each single event, too, for trace and report", 3 },
	  ON(KW_RECORD) },
	{ { "max-size", O_MAX_SIZE, "BYTES", 0, "Drop the oldest readings beyond this (100M, 2G)",
	    3 },
	  ON(KW_RECORD) },
	{ { "max-age", O_MAX_AGE, "TIME", 0, "Drop readings that are older (30m, 48h)", 3 },
	  ON(KW_RECORD) },
	{ { "trigger", O_TRIGGER, "CONDITION", 0,
	    "Keep only what is around intervals with such a row, e.g. 'exits.p99 > 1ms'", 3 },
	  ON(KW_RECORD) },
	{ { "before", O_BEFORE, "TIME", 0, "… for so long before it (60s)", 3 }, ON(KW_RECORD) },
	{ { "after", O_AFTER, "TIME", 0, "… and after it (60s)", 3 }, ON(KW_RECORD) },
	{ { NULL, 0, NULL, 0, "How to show it:", 3 }, EVERYWHERE & ~ON(KW_RECORD) },
	{ { "output", 'o', "FORMAT[:PATH]", 0,
	    "table, jsonl, csv, html or perfetto; repeatable; without PATH to standard output", 3 },
	  EVERYWHERE & ~ON(KW_TOP) & ~ON(KW_RECORD) },
	{ { "sort", O_SORT, "COLUMN", 0, "Sort rows by this column, greatest first", 3 }, TABLES },
	{ { "columns", O_COLUMNS, "NAME[,...]", 0, "Show these columns (kvm_watcher list columns)",
	    3 },
	  TABLES | ON(KW_TRACE) },
	{ { "rows", O_ROWS, "N", 0, "Rows of a table (50; 0: all)", 3 }, TABLES | ON(KW_DIFF) },
	{ { "per", O_PER, "vcpu|vm|host", 0,
	    "Rows of each vCPU (default), of each VM, or of all together", 3 },
	  TABLES },
	{ { "per", O_PER, "vcpu|vm|host", 0,
	    "Rows of each vCPU, of each VM (default), or of all together", 3 },
	  ON(KW_DIFF) },
	{ { "check", O_CHECK, "TABLE.FIGURE +N%", 0,
	    "Exit with 10 if rate, mean or p99 of a row changed by more (-N%: less), and not by "
	    "chance; repeatable",
	    3 },
	  ON(KW_DIFF) },
	{ { "color", O_COLOR, "WHEN", 0, "auto (on a terminal, unless NO_COLOR), always or never",
	    3 },
	  EVERYWHERE & ~ON(KW_RECORD) },
	{ { NULL, 0, NULL, 0, "At what cost:", 4 }, LIVE | ON(KW_CHECK) },
	{ { "sample", O_SAMPLE, "N", 0, "Count all exits, but time only one in N", 4 },
	  ON(KW_STAT) | ON(KW_HIST) | ON(KW_RECORD) | ON(KW_CHECK) },
	{ { "low-overhead", O_LOW_OVERHEAD, NULL, 0,
	    "One probe per exit instead of two; exits' times are not split", 4 },
	  ON(KW_STAT) | ON(KW_HIST) | ON(KW_RECORD) | ON(KW_CHECK) },
	{ { "count-only", O_COUNT_ONLY, NULL, 0, "Count exits, without any times", 4 },
	  ON(KW_STAT) | ON(KW_RECORD) | ON(KW_CHECK) },
	{ { "budget", O_BUDGET, "P%", 0,
	    "Cost at most this share of the CPU time in use: leave out details, sample, count only",
	    4 },
	  ON(KW_STAT) | ON(KW_TOP) | ON(KW_RECORD) },
	{ { "stats", O_STATS, NULL, 0, "Show what watching costs (adds the collector cost)", 4 },
	  ON(KW_STAT) | ON(KW_TOP) | ON(KW_RECORD) },
	{ { NULL, 0, NULL, 0, "Other:", 5 }, EVERYWHERE },
	{ { "verbose", 'v', NULL, 0,
	    "Say more, on standard error; twice: libbpf's messages as well", 5 },
	  EVERYWHERE },
	{ { "version", 'V', NULL, 0, "Print the version", 5 }, EVERYWHERE },
	{ { "help", 'h', NULL, 0, "This help", 5 }, EVERYWHERE },
	{ { "?", '?', NULL, OPTION_HIDDEN, "Help", 5 }, EVERYWHERE },
	{ { "usage", 'U', NULL, OPTION_HIDDEN, "Short usage", 5 }, EVERYWHERE },
};

static const struct verb {
	const char *name, *args, *doc;
} verbs[KW_VERBS] = {
	[KW_TOP] = { "top", "[COLLECTOR[,...]] [INTERVAL [COUNT]]",
		     "Live screen of all VMs, vCPUs and what they wait for; ? shows its keys." },
	[KW_STAT] = { "stat", "[COLLECTOR[,...]] [INTERVAL [COUNT]]",
		      "Tables per interval of INTERVAL seconds (1), COUNT times." },
	[KW_TRACE] = { "trace", "[COLLECTOR]", "One line per event, filtered in the kernel." },
	[KW_HIST] = { "hist", "[COLLECTOR] [INTERVAL [COUNT]]",
		      "Histogram of the times of all events; INTERVAL: until Ctrl-C." },
	[KW_RECORD] = { "record", "[COLLECTOR[,...]] [INTERVAL [COUNT]]",
			"Write what is counted into a file, for all other verbs' --input." },
	[KW_REPORT] = { "report", "[COLLECTOR[,...]] [INTERVAL [COUNT]]",
			"A recording as a whole; INTERVAL: tables per interval as well." },
	[KW_DIFF] = { "diff", "A[@FROM..TO] B[@FROM..TO] [COLLECTOR[,...]]",
		      "What changed from one recording, or a time of it, to another." },
	[KW_LIST] = { "list", "vms|collectors|columns|reasons",
		      "VMs on this host; what can be collected, shown and filtered." },
	[KW_CHECK] = { "check", "",
		       "What works on this kernel, what does not, why, and what to do." },
};

static void print_help(void)
{
	const struct kw_collector *c;

	printf("Usage: kvm_watcher [VERB] [COLLECTOR[,COLLECTOR...]] [OPTION...] [INTERVAL "
	       "[COUNT]]\n"
	       "Tells where the time of KVM's virtual machines goes, from the host.\n\nVerbs:\n");
	for (int i = 0; i < KW_VERBS; i++)
		printf("  %-8s %s\n", verbs[i].name, verbs[i].doc);
	printf("A collector's name where a verb is expected means stat of it; no argument at all,\n"
	       "on a terminal, means top.\n\nCollectors:\n");
	for (size_t i = 0; (c = kw_collector(i)); i++)
		printf("  %-9s %s\n", c->name, c->help);
	printf("\nThe reference's options work as well, when no verb is given:\n"
	       "  -e exits, -f page faults, -m MMIO, -d dirty pages, -w -n halts and polling,\n"
	       "  -o where vCPUs run, -c -i interrupts, -T timers, -l ioctls, -y --hypercall,\n"
	       "  several at once, in any order;\n"
	       "  -s summary at the end, -p PID, -t SEC, -v, -V, -?, --usage\n\n"
	       "'kvm_watcher VERB --help' shows a verb's options.\n\nExamples:\n"
	       "  kvm_watcher                             all VMs and where their time goes, live\n"
	       "  kvm_watcher exits                       exits of all VMs, every second\n"
	       "  kvm_watcher stat exits -p 1234 -s 5 12  of one VM, for a minute, with a summary\n"
	       "  kvm_watcher trace exits --slower 1ms --exclude HLT\n"
	       "  kvm_watcher hist exits --reason NPF -t 10\n"
	       "  kvm_watcher stat exits,faults --per vm  page-fault exits, and the faults they "
	       "were\n"
	       "  kvm_watcher halt --vm web1 10 1         is halt-polling worth it?\n"
	       "  kvm_watcher hist irq --vm web1 -t 10    from an interrupt to the guest's EOI\n"
	       "  kvm_watcher io                          MSRs, ports, … and the guest code using "
	       "them\n"
	       "  kvm_watcher exits -o jsonl 1 | jq .reason\n"
	       "  kvm_watcher record exits,halt -t 60     into " KW_RECORDING "; then: report\n"
	       "  kvm_watcher stat --input FILE 1         a recording as if it were live\n");
}

/* ---- values of options ---- */

char *kw_options_keep(struct kw_options *o, const char *text)
{
	char **grown = reallocarray(o->text, o->n_texts + 1, sizeof(*o->text));
	char *copy = grown ? strdup(text) : NULL;

	if (grown)
		o->text = grown;
	if (copy)
		o->text[o->n_texts++] = copy;
	return copy;
}

static int bad(const char *option, const char *arg, const char *expected)
{
	kw_say("--%s: '%s' is not %s", option, arg, expected);
	return EINVAL;
}

static int parse_ids(struct kw_options *o, const char *option, const char *arg,
		     struct kw_list *list)
{
	char *save = NULL, *copy = kw_options_keep(o, arg), *item;
	size_t before = list->n;

	if (!copy)
		return ENOMEM;
	for (item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		uint64_t id, *grown;

		if (!kw_parse_u64(item, &id) || id > UINT32_MAX)
			return bad(option, arg, "a list of numbers like 1,2,3");
		grown = reallocarray(list->item, list->n + 1, sizeof(*list->item));
		if (!grown)
			return ENOMEM;
		list->item = grown;
		list->item[list->n++] = id;
	}
	return list->n > before ? 0 : bad(option, arg, "a list of numbers like 1,2,3");
}

static int parse_reasons(struct kw_options *o, const char *option, const char *arg, char ***list,
			 size_t *n)
{
	char *save = NULL, *copy = kw_options_keep(o, arg), *item;
	size_t before = *n;

	if (!copy)
		return ENOMEM;
	for (item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		void *grown = reallocarray(*list, *n + 1, sizeof(**list));

		if (!grown)
			return ENOMEM;
		*list = grown;
		(*list)[(*n)++] = item;
	}
	return *n > before ? 0 : bad(option, arg, "a list of reasons like HLT,MSR");
}

static int parse_vms(struct kw_options *o, const char *arg)
{
	char *save = NULL, *copy = kw_options_keep(o, arg), *item;
	size_t before = o->wants.filters.n_vm;

	if (!copy)
		return ENOMEM;
	for (item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		if (o->wants.filters.n_vm == ARRAY_SIZE(o->vm))
			return bad("vm", arg, "a list of at most 64 VMs");
		o->vm[o->wants.filters.n_vm++] = item;
		o->wants.filters.vm = o->vm;
	}
	return o->wants.filters.n_vm > before ? 0 : bad("vm", arg, "a list of VMs");
}

static int parse_seconds(const char *option, const char *arg, uint64_t *ret_ns)
{
	if (kw_parse_duration(arg, 1000000000, ret_ns) || !*ret_ns)
		return bad(option, arg, "a time in seconds, greater than 0");
	return 0;
}

static int parse_bytes(const char *arg, uint64_t *ret)
{
	static const char units[] = "KMGT";
	char *end;
	double n = *arg >= '0' && *arg <= '9' ? strtod(arg, &end) : 0;
	const char *unit = n > 0 && *end ? strchr(units, *end) : NULL;

	if (!(n > 0) || (*end && (!unit || end[1])))
		return bad("max-size", arg, "a size like 100M or 2G");
	for (int i = 0; unit && i <= unit - units; i++)
		n *= 1024;
	if (n < 1 << 20 || n > 1e18)
		return bad("max-size", arg, "a size of 1M or more");
	*ret = n;
	return 0;
}

static bool default_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb");
}

static int parse_color(struct kw_options *o, const char *arg)
{
	if (!strcmp(arg, "always"))
		o->view.color = true;
	else if (!strcmp(arg, "never"))
		o->view.color = false;
	else if (!strcmp(arg, "auto"))
		o->view.color = default_color();
	else
		return bad("color", arg, "auto, always or never");
	return 0;
}

static int parse_per(struct kw_options *o, const char *arg)
{
	static const char *const names[] = {
		[KW_PER_VCPU] = "vcpu", [KW_PER_VM] = "vm", [KW_PER_HOST] = "host"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i])) {
			o->view.per = i;
			return 0;
		}
	return bad("per", arg, "vcpu, vm or host");
}

static int parse_number(const char *option, const char *arg, uint32_t least, uint32_t most,
			uint32_t *ret)
{
	uint64_t n;

	if (!kw_parse_u64(arg, &n) || n < least || n > most) {
		kw_say("--%s: '%s' is not a number from %u to %u", option, arg, least, most);
		return EINVAL;
	}
	*ret = n;
	return 0;
}

static int parse_timing(struct kw_options *o, enum kw_timing timing)
{
	if (o->wants.timing != KW_TIMED_ALL && o->wants.timing != timing) {
		kw_say("--sample, --low-overhead and --count-only exclude each other");
		return EINVAL;
	}
	o->wants.timing = timing;
	return 0;
}

static int parse_budget(struct kw_options *o, const char *arg)
{
	char *end = NULL;
	double percent = *arg >= '0' && *arg <= '9' ? strtod(arg, &end) : 0;

	if (!(percent > 0 && percent <= 100) || (*end && strcmp(end, "%")))
		return bad("budget", arg, "a percentage like 1% or 0.5%");
	o->budget = percent / 100;
	return 0;
}

static bool takes_interval(enum kw_verb verb)
{
	return ON(verb) & (ON(KW_TOP) | ON(KW_STAT) | ON(KW_HIST) | ON(KW_RECORD) | ON(KW_REPORT));
}

static int parse_positional(struct kw_options *o, const char *arg)
{
	bool number = *arg >= '0' && *arg <= '9';
	uint64_t count;

	if (o->verb == KW_DIFF && o->n_files < ARRAY_SIZE(o->file)) {
		o->file[o->n_files++] = kw_options_keep(o, arg);
		return 0;
	}
	if (!number && o->verb != KW_CHECK && !o->what && !o->has_interval) {
		o->what = kw_options_keep(o, arg);
		return o->what ? 0 : ENOMEM;
	}
	if (!number || !takes_interval(o->verb) || o->count) {
		kw_say("'%s' is too much, or not expected there; try --help", arg);
		return EINVAL;
	}
	if (!o->has_interval) {
		o->has_interval = true;
		return parse_seconds("INTERVAL", arg, &o->interval_ns);
	}
	if (!kw_parse_u64(arg, &count) || !count)
		return bad("COUNT", arg, "a number greater than 0");
	o->count = count;
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct kw_options *o = state->input;
	struct kw_filters *f = &o->wants.filters;

	switch (key) {
	case 'p':
		return parse_ids(o, "pid", arg, &f->pid);
	case O_TID:
		return parse_ids(o, "tid", arg, &f->tid);
	case O_VCPU:
		return parse_ids(o, "vcpu", arg, &f->vcpu);
	case O_VM:
		return parse_vms(o, arg);
	case O_REASON:
		return parse_reasons(o, "reason", arg, &f->include, &f->n_include);
	case O_EXCLUDE:
		return parse_reasons(o, "exclude", arg, &f->exclude, &f->n_exclude);
	case O_SLOWER:
		return kw_parse_duration(arg, 1000000, &f->slower_ns)
			       ? bad("slower", arg, "a time like 1ms or 250us")
			       : 0;
	case 't':
		return parse_seconds("time", arg, &o->duration_ns);
	case 's':
		o->summary = true;
		return 0;
	case O_PAGE_COUNTS:
		o->page_counts = true;
		return 0;
	case 'o':
		if (o->n_outputs == ARRAY_SIZE(o->output))
			return bad("output", arg, "one of at most 8 outputs");
		o->output[o->n_outputs++] = kw_options_keep(o, arg);
		return 0;
	case O_SORT:
		o->view.sort = kw_options_keep(o, arg);
		return 0;
	case O_COLUMNS:
		o->view.columns = kw_options_keep(o, arg);
		return 0;
	case O_ROWS:
		return parse_number("rows", arg, 0, 1000000, &o->view.rows);
	case O_PER:
		return parse_per(o, arg);
	case O_COLOR:
		return parse_color(o, arg);
	case O_MAX_VCPUS:
		return parse_number("max-vcpus", arg, 16, 1 << 20, &o->wants.max_vcpus);
	case O_SAMPLE:
		return parse_timing(o, KW_TIMED_SOME)
			       ?: parse_number("sample", arg, 2, 1 << 20, &o->wants.one_in);
	case O_COUNT_ONLY:
		return parse_timing(o, KW_TIMED_NONE);
	case O_LOW_OVERHEAD:
		return parse_timing(o, KW_TIMED_AT_ENTRY);
	case O_STATS:
		o->stats = true;
		return 0;
	case O_INPUT:
		o->wants.input = kw_options_keep(o, arg);
		return 0;
	case O_EVENTS:
		o->events = true;
		return 0;
	case O_CHECK:
		if (o->n_checks == ARRAY_SIZE(o->check))
			return bad("check", arg, "one of at most 8");
		o->check[o->n_checks++] = kw_options_keep(o, arg);
		return 0;
	case O_FORCE:
		o->force = true;
		return 0;
	case O_MAX_SIZE:
		return parse_bytes(arg, &o->max_bytes);
	case O_MAX_AGE:
		return parse_seconds("max-age", arg, &o->max_age_ns);
	case O_TRIGGER:
		o->trigger = kw_options_keep(o, arg);
		return 0;
	case O_BEFORE:
		return parse_seconds("before", arg, &o->before_ns);
	case O_AFTER:
		return parse_seconds("after", arg, &o->after_ns);
	case O_BUDGET:
		return parse_budget(o, arg);
	case 'v':
		kw_verbose++;
		return 0;
	case 'V':
		printf("kvm_watcher %s\n", KW_VERSION);
		return ECANCELED;
	case 'h':
	case '?':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK);
		return ECANCELED;
	case 'U':
		argp_state_help(state, stdout, ARGP_HELP_USAGE & ~ARGP_HELP_EXIT_ERR);
		return ECANCELED;
	case ARGP_KEY_ARG:
		return parse_positional(o, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- verbs ---- */

static int find_verb(const char *name)
{
	for (int i = 0; i < KW_VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return i;
	return -1;
}

static size_t options_of(enum kw_verb verb, struct argp_option *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].verbs & ON(verb))
			ret[n++] = table[i].argp;
	memset(&ret[n], 0, sizeof(ret[n]));
	return n;
}

static const char *doc_of(enum kw_verb verb)
{
	static char doc[256];

	snprintf(doc, sizeof(doc), "%s%s", verbs[verb].doc,
		 verb == KW_TOP ? "\vWithout COLLECTOR: " KW_TOP_COLLECTORS "." : "");
	return doc;
}

static int parse_verb(enum kw_verb verb, int argc, char **argv, struct kw_options *o)
{
	struct argp_option options[ARRAY_SIZE(table) + 1];
	struct argp argp = { .options = options,
			     .parser = parse_option,
			     .args_doc = verbs[verb].args,
			     .doc = doc_of(verb) };
	char name[64], *first = argv[0];
	int err;

	options_of(verb, options);
	o->verb = verb;
	o->view.per = verb == KW_DIFF ? KW_PER_VM : KW_PER_VCPU;
	snprintf(name, sizeof(name), "kvm_watcher %s", verbs[verb].name);
	argv[0] = name;
	err = argp_parse(&argp, argc, argv, ARGP_NO_HELP | ARGP_NO_EXIT, NULL, o);
	argv[0] = first;
	return err == ECANCELED ? KW_EXIT_OK + 1 : err ? KW_EXIT_USAGE + 1 : 0;
}

static int default_width(void)
{
	const char *columns = getenv("COLUMNS");
	uint64_t n;

	return columns && kw_parse_u64(columns, &n) && n >= 40 && n <= 1000 ? (int)n : 100;
}

static void set_defaults(struct kw_options *o)
{
	memset(o, 0, sizeof(*o));
	o->interval_ns = 1000000000;
	o->view.rows = 50;
	o->view.color = default_color();
	o->view.width = default_width();
	o->wants.max_vcpus = 16384;
	o->before_ns = o->after_ns = 60000000000;
}

/* "-" and "--" options only: no verb, no collector, so they are the reference's. */
static bool is_seed(int argc, char **argv)
{
	return argc > 1 && *argv[1] == '-';
}

int kw_options_parse(int argc, char **argv, struct kw_options *ret)
{
	const char *why;
	int verb;

	set_defaults(ret);
	if (argc < 2)
		return parse_verb(kw_screen_possible(&why) ? KW_TOP : KW_STAT, argc, argv, ret);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "-?") ||
	    !strcmp(argv[1], "help")) {
		print_help();
		return KW_EXIT_OK + 1;
	}
	if (is_seed(argc, argv))
		return -EAGAIN; /* kw_seed_options translates them */
	verb = find_verb(argv[1]);
	if (verb >= 0)
		return parse_verb(verb, argc - 1, argv + 1, ret);
	if (kw_collector_find(argv[1]) || strchr(argv[1], ',') ||
	    (*argv[1] >= '0' && *argv[1] <= '9'))
		return parse_verb(KW_STAT, argc, argv, ret);
	kw_say("'%s' is neither a verb nor a collector; try 'kvm_watcher --help'", argv[1]);
	return KW_EXIT_USAGE + 1;
}

void kw_options_release(struct kw_options *o)
{
	for (size_t i = 0; i < o->n_texts; i++)
		free(o->text[i]);
	free(o->text);
	free(o->wants.filters.pid.item);
	free(o->wants.filters.tid.item);
	free(o->wants.filters.vcpu.item);
	free(o->wants.filters.include);
	free(o->wants.filters.exclude);
	memset(o, 0, sizeof(*o));
}

const char *kw_options_check(void)
{
	struct argp_option options[ARRAY_SIZE(table) + 1];

	for (int verb = 0; verb < KW_VERBS; verb++) {
		size_t n = options_of(verb, options);

		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < i; k++) {
				if (options[i].key && options[i].key == options[k].key)
					return options[i].name;
				if (options[i].name && options[k].name &&
				    !strcmp(options[i].name, options[k].name))
					return options[i].name;
			}
	}
	return NULL;
}
