// SPDX-License-Identifier: Apache-2.0
/*
 * options.c - tests what command lines mean, which ones are refused, and the exit codes.
 * May not know about: the system, BPF, output.
 * To extend: a wrong command line is a line in wrong[].
 */
#include "unit.h"

#include "cli/run.h"
#include "core/log.h"

#include <errno.h>
#include <unistd.h>

/* A command line, from words that single blanks separate. */
struct line {
	char text[2048];
	char *argv[200];
	int argc;
};

static void split(struct line *l, const char *words)
{
	char *save = NULL;

	memset(l, 0, sizeof(*l));
	snprintf(l->text, sizeof(l->text), "kvm_watcher %s", words);
	for (char *word = strtok_r(l->text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(l->argc < 199);
		l->argv[l->argc++] = word;
	}
}

static int parse(const char *words, struct kw_options *o)
{
	struct line l;

	split(&l, words);
	return kw_options_parse(l.argc, l.argv, o);
}

static struct kw_options parsed(const char *words)
{
	struct kw_options o;
	int code = parse(words, &o);

	if (code)
		fail_msg("'%s' is refused with %d", words, code);
	return o;
}

static void no_option_twice(void **state)
{
	(void)state;
	assert_null(kw_options_check());
}

static void defaults(void **state)
{
	struct kw_options o = parsed("");

	(void)state;
	assert_int_equal(o.verb, KW_STAT);
	assert_null(o.what);
	assert_int_equal(o.interval_ns, 1000000000);
	assert_int_equal(o.count, 0);
	assert_int_equal(o.duration_ns, 0);
	assert_false(o.has_interval);
	assert_false(o.summary);
	assert_int_equal(o.n_outputs, 0);
	assert_int_equal(o.view.rows, 50);
	assert_int_equal(o.view.width, 100);
	assert_int_equal(o.view.per, KW_PER_VCPU);
	assert_null(o.view.sort);
	assert_null(o.view.columns);
	assert_int_equal(o.wants.max_vcpus, 16384);
	assert_int_equal(o.wants.filters.pid.n, 0);
	assert_int_equal(o.wants.filters.n_vm, 0);
	kw_options_release(&o);
}

static void verbs(void **state)
{
	static const struct {
		const char *words;
		enum kw_verb verb;
		const char *what;
	} examples[] = {
		{ "top", KW_TOP, NULL },
		{ "top exits,time 0.5", KW_TOP, "exits,time" },
		{ "top 2 -p 1 --vm web1 --color never", KW_TOP, NULL },
		{ "stat", KW_STAT, NULL },
		{ "stat exits", KW_STAT, "exits" },
		{ "exits", KW_STAT, "exits" },
		{ "exits,exits", KW_STAT, "exits,exits" },
		{ "2", KW_STAT, NULL },
		{ "trace", KW_TRACE, NULL },
		{ "trace exits", KW_TRACE, "exits" },
		{ "hist exits", KW_HIST, "exits" },
		{ "list reasons", KW_LIST, "reasons" },
		{ "list", KW_LIST, NULL },
		{ "check", KW_CHECK, NULL },
		{ "exits -p 1", KW_STAT, "exits" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct kw_options o = parsed(examples[i].words);

		assert_int_equal(o.verb, examples[i].verb);
		if (examples[i].what)
			assert_string_equal(o.what, examples[i].what);
		else
			assert_null(o.what);
		kw_options_release(&o);
	}
}

static void intervals(void **state)
{
	static const struct {
		const char *words;
		uint64_t interval_ns, count;
	} examples[] = {
		{ "exits 5", 5000000000, 0 },
		{ "exits 5 12", 5000000000, 12 },
		{ "5 12", 5000000000, 12 },
		{ "exits 0.5", 500000000, 0 },
		{ "stat exits 250ms 4", 250000000, 4 },
		{ "hist exits 2 3", 2000000000, 3 },
		{ "top 2 3", 2000000000, 3 },
		{ "exits -s 5 -p 1 12", 5000000000, 12 },
		{ "stat 1m", 60000000000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct kw_options o = parsed(examples[i].words);

		assert_true(o.has_interval);
		assert_int_equal(o.interval_ns, examples[i].interval_ns);
		assert_int_equal(o.count, examples[i].count);
		kw_options_release(&o);
	}
}

static void assert_list(const struct kw_list *list, uint64_t a, uint64_t b)
{
	assert_int_equal(list->n, 2);
	assert_int_equal(list->item[0], a);
	assert_int_equal(list->item[1], b);
}

static void assert_everything(struct kw_options *o)
{
	struct kw_filters *f = &o->wants.filters;

	assert_list(&f->pid, 11, 12);
	assert_list(&f->tid, 21, 22);
	assert_list(&f->vcpu, 0, 31);
	assert_int_equal(f->n_vm, 2);
	assert_string_equal(f->vm[0], "web1");
	assert_string_equal(f->vm[1], "4711");
	assert_int_equal(f->n_include, 2);
	assert_string_equal(f->include[0], "HLT");
	assert_string_equal(f->include[1], "0x400");
	assert_int_equal(f->n_exclude, 1);
	assert_string_equal(f->exclude[0], "MSR");
	assert_int_equal(o->wants.max_vcpus, 64);
	assert_int_equal(o->duration_ns, 1500000000);
	assert_true(o->summary);
	assert_int_equal(o->n_outputs, 2);
	assert_string_equal(o->output[0], "jsonl:/tmp/x:y");
	assert_string_equal(o->output[1], "table");
	assert_string_equal(o->view.sort, "count");
	assert_string_equal(o->view.columns, "vm,reason");
	assert_int_equal(o->view.rows, 7);
	assert_int_equal(o->view.per, KW_PER_VM);
	assert_true(o->view.color);
	assert_string_equal(o->what, "exits");
	assert_int_equal(o->interval_ns, 3000000000);
	assert_int_equal(o->count, 9);
}

static void every_option_in_any_order(void **state)
{
	static const char *const orders[] = {
		"stat -p 11,12 --tid 21,22 --vcpu 0,31 --vm web1,4711 --reason HLT,0x400 "
		"--exclude MSR --max-vcpus 64 -t 1.5 -s -o jsonl:/tmp/x:y -o table --sort count "
		"--columns vm,reason --rows 7 --per vm --color always exits 3 9",
		"stat exits 3 9 --color=always --per=vm --rows=7 --columns=vm,reason --sort=count "
		"--output=jsonl:/tmp/x:y --output=table --summary --time=1.5 --max-vcpus=64 "
		"--exclude=MSR --reason=HLT,0x400 --vm=web1,4711 --vcpu=0,31 --tid=21,22 "
		"--pid=11,12",
		"exits -p11 -p12 --tid 21 --tid 22 3 --vcpu 0 --vcpu 31 --vm web1 --vm 4711 "
		"--reason HLT --reason 0x400 9 --exclude MSR --max-vcpus 0x40 -t1500ms "
		"-ojsonl:/tmp/x:y -otable --sort count --columns vm,reason --rows 7 --per vcpu "
		"--per vm --color never --color always -s",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct kw_options o = parsed(orders[i]);

		assert_everything(&o);
		kw_options_release(&o);
	}
}

static void slower(void **state)
{
	static const struct {
		const char *words;
		uint64_t ns;
	} examples[] = {
		{ "trace --slower 1ms", 1000000 },
		{ "trace --slower=250us exits", 250000 },
		{ "trace exits --slower 2", 2000000 },
		{ "trace exits --slower 0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct kw_options o = parsed(examples[i].words);

		assert_int_equal(o.wants.filters.slower_ns, examples[i].ns);
		kw_options_release(&o);
	}
}

static void color_and_verbose(void **state)
{
	struct kw_options o = parsed("stat --color never");

	(void)state;
	assert_false(o.view.color);
	kw_options_release(&o);
	o = parsed("stat --color always --color never");
	assert_false(o.view.color);
	kw_options_release(&o);
	o = parsed("stat --color always --color auto"); /* the last one counts */
	assert_int_equal(o.view.color, isatty(STDOUT_FILENO));
	kw_options_release(&o);
	kw_verbose = 0;
	o = parsed("stat -v");
	assert_int_equal(kw_verbose, 1);
	kw_options_release(&o);
	o = parsed("stat --verbose");
	assert_int_equal(kw_verbose, 2);
	kw_options_release(&o);
	kw_verbose = 0;
}

static void width_of_the_terminal(void **state)
{
	static const struct {
		const char *columns;
		int width;
	} examples[] = { { "80", 80 },	   { "200", 200 },  { "40", 40 },
			 { "39", 100 },	   { "", 100 },	    { "0", 100 },
			 { "1000", 1000 }, { "1001", 100 }, { "x", 100 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct kw_options o;

		setenv("COLUMNS", examples[i].columns, 1);
		o = parsed("stat");
		assert_int_equal(o.view.width, examples[i].width);
		kw_options_release(&o);
	}
	setenv("TERM", "dumb", 1); /* else no argument means top, where this is a terminal */
	unsetenv("COLUMNS");
}

static void budgets_are_percentages(void **state)
{
	static const struct {
		const char *words;
		double budget;
	} examples[] = {
		{ "stat", 0 },
		{ "stat --budget 1%", 0.01 },
		{ "stat --budget 1", 0.01 },
		{ "top --budget=0.5%", 0.005 },
		{ "stat --budget 100%", 1 },
		{ "stat --budget 1% --budget 2%", 0.02 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct kw_options o = parsed(examples[i].words);

		assert_true(o.budget > 0.9999 * examples[i].budget - 1e-12 &&
			    o.budget < 1.0001 * examples[i].budget + 1e-12);
		kw_options_release(&o);
	}
}

static const char *const wrong[] = {
	/* budgets */
	"stat --budget",
	"stat --budget 0",
	"stat --budget 0%",
	"stat --budget -1%",
	"stat --budget 100.1%",
	"stat --budget 1%%",
	"stat --budget %",
	"stat --budget nan",
	"stat --budget 1e999%",
	"stat --budget 1ms",
	"trace --budget 1%",
	"hist --budget 1%",
	"list vms --budget 1%",
	"trace --stats",
	/* words that are neither */
	"bogus",
	"Stat",
	"stat exits bogus",
	"stat bogus exits",
	"list reasons vms",
	"top bogus exits",
	/* intervals and counts */
	"stat exits 0",
	"stat exits 1x",
	"exits 1 0",
	"exits 1 2 3",
	"exits 1 x",
	"exits 1 1.5",
	"2 exits",
	"list reasons 5",
	"top 1 2 3",
	"top 1 0",
	"top 0",
	"top -o jsonl",
	"top --sort count",
	"top -s",
	"check 5",
	"check bogus",
	"trace exits 1 5",
	"exits 1000000000s",
	/* lists of numbers */
	"stat -p",
	"stat -p x",
	"stat -p 1,x",
	"stat -p 4294967296",
	"stat -p ,",
	"stat -p 1 -p ,",
	"stat --pid=",
	"stat --tid x",
	"stat --vcpu -1",
	"stat --vcpu 1.5",
	/* lists of names: an empty one would mean everything */
	"stat --vm=",
	"stat --vm ,",
	"stat --reason=",
	"stat --reason ,",
	"stat --exclude ,",
	"stat --vm web1 --vm=",
	/* numbers and words */
	"stat --rows x",
	"stat --rows -1",
	"stat --rows 1000001",
	"stat --rows=",
	"stat --per x",
	"stat --per=",
	"stat --per VM",
	"stat --color x",
	"stat --max-vcpus 15",
	"stat --max-vcpus 1048577",
	"stat --max-vcpus x",
	/* times */
	"stat -t 0",
	"stat -t x",
	"stat -t -1",
	"stat -t",
	"stat -t 1y",
	"trace --slower x",
	"trace --slower=",
	/* options of other verbs, and of none */
	"stat --slower 1ms",
	"trace -s",
	"trace --sort count",
	"trace --rows 1",
	"trace --per vm",
	"hist --columns vm",
	"hist -s",
	"list -p 1",
	"check -t 1",
	"list --rows 1",
	"stat --bogus",
	"stat -x",
	"stat --ver",
	"stat --summary=1",
	"stat -s1",
	/* too many */
	"stat -o a -o b -o c -o d -o e -o f -o g -o h -o i",
};

static void wrong_command_lines(void **state)
{
	size_t accepted = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct kw_options o;
		int code = parse(wrong[i], &o);

		kw_options_release(&o);
		if (code == KW_EXIT_USAGE + 1)
			continue;
		print_error("'%s' is not refused: %d\n", wrong[i], code);
		accepted++;
	}
	assert_int_equal(accepted, 0);
}

static void repeated(char *dst, size_t size, const char *first, const char *word, int times)
{
	snprintf(dst, size, "%s", first);
	for (int i = 0; i < times; i++)
		strncat(dst, word, size - strlen(dst) - 1);
}

static void very_many_options(void **state)
{
	struct kw_options o;
	char words[1800];
	int code;

	(void)state;
	repeated(words, sizeof(words), "stat", " --vm x", 64);
	o = parsed(words);
	assert_int_equal(o.wants.filters.n_vm, 64);
	kw_options_release(&o);
	repeated(words, sizeof(words), "stat", " --vm x", 65);
	assert_int_equal(parse(words, &o), KW_EXIT_USAGE + 1);
	kw_options_release(&o);
	/* whatever there is no room for must be refused, never be forgotten */
	repeated(words, sizeof(words), "stat", " --reason HLT", 80);
	strcat(words, " --sort count -o jsonl");
	code = parse(words, &o);
	if (!code) {
		assert_int_equal(o.wants.filters.n_include, 80);
		assert_non_null(o.view.sort);
		assert_non_null(o.output[0]);
	}
	kw_options_release(&o);
}

static void help_and_version(void **state)
{
	static const char *const asked[] = {
		"--help",	  "-h",		  "-?",		  "help",
		"stat --help",	  "stat -h",	  "stat -?",	  "trace --help",
		"hist --help",	  "list --help",  "check --help", "stat -V",
		"stat --version", "stat --usage", "exits --help",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		struct kw_options o;

		assert_int_equal(parse(asked[i], &o), KW_EXIT_OK + 1);
		kw_options_release(&o);
	}
}

/* ---- the reference's options -----------------------------------------------------------------*/

static int seed(const char *words, int *argc, char ***argv)
{
	struct kw_options o;
	struct line l;
	int code;

	*argc = 0;
	*argv = NULL;
	split(&l, words);
	code = kw_options_parse(l.argc, l.argv, &o);
	kw_options_release(&o);
	assert_int_equal(code, -EAGAIN);
	return kw_seed_options(l.argc, l.argv, argc, argv);
}

static void assert_seed(const char *words, const char *expected)
{
	char got[512] = "";
	char **argv;
	int argc;

	assert_int_equal(seed(words, &argc, &argv), 0);
	for (int i = 0; i < argc; i++) {
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "",
			 argv[i]);
		free(argv[i]);
	}
	free(argv);
	assert_string_equal(got, expected);
}

static void seed_translates(void **state)
{
	(void)state;
	assert_seed("-e", "kvm_watcher stat exits");
	assert_seed("--vm_exit", "kvm_watcher stat exits");
	assert_seed("-e -s -p 1 -t 2", "kvm_watcher stat exits -s --pid=1 --time=2");
	assert_seed("-t 2 -p 1 -s -e", "kvm_watcher stat exits -s --pid=1 --time=2");
	assert_seed("-sep1 -t2", "kvm_watcher stat exits -s --pid=1 --time=2");
	assert_seed("--stat --vm_pid=1 --monitoring_time=2 --vm_exit --verbose",
		    "kvm_watcher stat exits -s -v --pid=1 --time=2");
	assert_seed("-e -e -v", "kvm_watcher stat exits -v");
	assert_seed("-l", "kvm_watcher stat ioctl");
	assert_seed("--kvm_ioctl", "kvm_watcher stat ioctl");
	assert_seed("-y", "kvm_watcher stat hypercall");
	assert_seed("--hypercall -l", "kvm_watcher stat ioctl,hypercall");
	assert_seed("-f", "kvm_watcher stat faults");
	assert_seed("--kvmmmu_page_fault", "kvm_watcher stat faults");
	assert_seed("-m", "kvm_watcher stat mmio");
	assert_seed("--mmio", "kvm_watcher stat mmio");
	assert_seed("-d -t 2", "kvm_watcher stat dirty --page-counts --time=2");
	assert_seed("--mark_page_dirty", "kvm_watcher stat dirty --page-counts");
}

/* Several modes at once, which the reference cannot: their order says nothing. */
static void seed_modes_in_any_order(void **state)
{
	static const char all[] =
		"kvm_watcher stat exits,faults,mmio,dirty -s --page-counts -v --pid=1 --time=2";

	(void)state;
	assert_seed("-e -f -m -d -s -v -p 1 -t 2", all);
	assert_seed("-t 2 -v -d -m -s -p 1 -f -e", all);
	assert_seed("-defmvs -t2 -p1", all);
	assert_seed("-m -f -m -f", "kvm_watcher stat faults,mmio");
	assert_seed("-d -e", "kvm_watcher stat exits,dirty --page-counts");
}

static void seed_is_understood(void **state)
{
	struct kw_options o = parsed("stat exits -s --pid=1 --time=2");

	(void)state;
	assert_true(o.summary);
	assert_false(o.page_counts);
	assert_int_equal(o.duration_ns, 2000000000);
	assert_int_equal(o.wants.filters.pid.n, 1);
	kw_options_release(&o);
	o = parsed("stat dirty --page-counts");
	assert_true(o.page_counts);
	kw_options_release(&o);
}

static void seed_refuses(void **state)
{
	static const char *const bad[] = { "-d -p",	 "-f extra", "-s",	 "-p 1", "-x",
					   "-e --bogus", "-e -p",    "-e bogus", "-e -t" };
	char **argv;
	int argc;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (seed(bad[i], &argc, &argv) != KW_EXIT_USAGE + 1)
			fail_msg("'%s' is not refused", bad[i]);
		assert_null(argv);
	}
}

static void seed_help(void **state)
{
	static const char *const asked[] = { "-V",    "--version", "--usage",
					     "-e -?", "-e --help", "-s -V" };
	char **argv;
	int argc;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		assert_int_equal(seed(asked[i], &argc, &argv), KW_EXIT_OK + 1);
		assert_null(argv);
	}
}

/* ---- exit codes ------------------------------------------------------------------------------*/

static int answer;

static int open_fails(const struct kw_wants *wants, struct kw_source **ret)
{
	(void)wants, (void)ret;
	return answer;
}

static const char *exits(void)
{
	return "exits";
}

static int run(const char *words)
{
	struct line l;

	split(&l, words);
	return kw_main(l.argc, l.argv, open_fails, exits);
}

static void exit_codes_of_opening(void **state)
{
	static const struct {
		int err, code;
	} examples[] = {
		{ -EPERM, KW_EXIT_PERMISSION }, { -EOPNOTSUPP, KW_EXIT_IMPOSSIBLE },
		{ -EINVAL, KW_EXIT_USAGE },	{ -ENXIO, KW_EXIT_USAGE },
		{ -ENOMEM, KW_EXIT_FAILED },	{ -EIO, KW_EXIT_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		answer = examples[i].err;
		assert_int_equal(run("stat"), examples[i].code);
		assert_int_equal(run("trace exits"), examples[i].code);
		assert_int_equal(run("hist exits"), examples[i].code);
		assert_int_equal(kw_exit_code(examples[i].err), examples[i].code);
	}
	assert_int_equal(kw_exit_code(0), KW_EXIT_OK);
}

static void exit_codes_before_opening(void **state)
{
	static const char *const bad[] = {
		"stat nothing",
		"stat exits,nothing",
		"stat ,",
		",",
		"trace ,",
		"hist ,",
		"stat --columns nothing",
		"stat --sort nothing",
		"stat -o xml",
		"stat -o",
		"trace --columns hist",
		"stat exits,io --columns vm,away", /* of nested */
		"stat exits,io --sort away",
		"stat faults --columns memslot", /* of its events only */
		"trace faults --columns p50",	 /* of its rows only */
		"trace io,mmio --columns reason",
		"stat io --reason HLT",
		"trace faults,nested --exclude HLT",
		"hist faults --reason HLT",
		"stat --page-counts",
		"stat exits,io --page-counts",
		"list",
		"list bogus",
		"bogus",
	};

	(void)state;
	answer = -EPERM; /* would be another exit code */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (run(bad[i]) != KW_EXIT_USAGE)
			fail_msg("'%s' is not refused", bad[i]);
	assert_int_equal(run("stat -o jsonl:/nonexistent/file"), KW_EXIT_FAILED);
	assert_int_equal(run("stat -V"), KW_EXIT_OK);
	assert_int_equal(run("-V"), KW_EXIT_OK);
	assert_int_equal(run("-s"), KW_EXIT_USAGE);
}

/* What is right with one of several collectors, or with one of its tables. */
static void several_collectors(void **state)
{
	static const char *const good[] = {
		"stat exits,io --reason HLT",
		"trace io,exits --exclude HLT",
		"stat exits,nested --columns vm,away",
		"stat exits,nested --sort away_ns",
		"stat faults --columns page",
		"stat faults --sort guest_pages",
		"trace faults --columns memslot",
		"trace exits,dirty --columns reason,comm",
		"stat dirty --page-counts",
		"stat exits,dirty --page-counts -s",
		"stat exits,io,mmio,faults,dirty,nested,exits",
		"exits,io",
		"nested",
		"-e -f -m -d",
	};

	(void)state;
	answer = -EPERM; /* opened, after all was found right */
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (run(good[i]) != KW_EXIT_PERMISSION)
			fail_msg("'%s' is refused", good[i]);
}

static void seed_runs(void **state)
{
	(void)state;
	answer = -EPERM;
	assert_int_equal(run("-e -s -p 1 -t 2"), KW_EXIT_PERMISSION);
	assert_int_equal(run("-e -p x"), KW_EXIT_USAGE);
	assert_int_equal(run("-e -t 0"), KW_EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_option_twice),
		cmocka_unit_test(defaults),
		cmocka_unit_test(verbs),
		cmocka_unit_test(intervals),
		cmocka_unit_test(every_option_in_any_order),
		cmocka_unit_test(slower),
		cmocka_unit_test(budgets_are_percentages),
		cmocka_unit_test(color_and_verbose),
		cmocka_unit_test(width_of_the_terminal),
		cmocka_unit_test(wrong_command_lines),
		cmocka_unit_test(very_many_options),
		cmocka_unit_test(help_and_version),
		cmocka_unit_test(seed_translates),
		cmocka_unit_test(seed_modes_in_any_order),
		cmocka_unit_test(seed_is_understood),
		cmocka_unit_test(seed_refuses),
		cmocka_unit_test(seed_help),
		cmocka_unit_test(exit_codes_of_opening),
		cmocka_unit_test(exit_codes_before_opening),
		cmocka_unit_test(several_collectors),
		cmocka_unit_test(seed_runs),
	};

	unsetenv("COLUMNS");
	unsetenv("NO_COLOR");
	return kw_run_tests(tests);
}
