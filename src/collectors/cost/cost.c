// SPDX-License-Identifier: Apache-2.0
/*
 * cost.c - the columns of the cost collector's tables, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../util/cleanup.h"
#include "cost_rows.h"

/* In hundredths of a percent. */
static void share(struct kw_value *value, uint64_t ns, uint64_t of_ns)
{
	if (of_ns)
		kw_value_number(value, (uint64_t)(10000.0 * ns / of_ns + 0.5));
}

static void per_run(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct cost_row *r = row;

	(void)vms;
	if (r->runs)
		kw_value_number(value, r->run / r->runs);
}

static void run_share(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct cost_row *r = row;

	(void)vms;
	share(value, r->run, r->metered);
}

static void verified(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (!value->number)
		kw_value_missing(value);
}

static void runs_share(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct cost_tool_row *r = row;

	(void)vms;
	share(value, r->run, r->metered);
}

static void mean_run(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct cost_tool_row *r = row;

	(void)vms;
	if (r->runs)
		kw_value_number(value, r->run / r->runs);
}

static void process_share(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct cost_tool_row *r = row;

	(void)vms;
	share(value, r->user + r->system, r->head.span_ns);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "id", "ID", "The kernel's number of the program, as bpftool prog shows it", KW_KEY, KW_UNIT_WORD,
	  KW_SHOW_MACHINE, KW_AT(cost_row, id), NULL },
	{ "hook", "HOOK", "Where the program runs", KW_LAST, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(cost_row, hook), NULL },
	{ "program", "PROGRAM", "Name of the program", KW_LAST, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(cost_row, program), NULL },
	{ "kind", "KIND", "How it is attached", KW_LAST, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(cost_row, kind), NULL },
	{ "runs", "RUNS", "How often it ran", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(cost_row, runs), NULL },
	{ "run", "TIME", "CPU time of its runs, without the way into the program, as the kernel measures it",
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(cost_row, run), NULL },
	{ "per_run", "PER-RUN", "run / runs", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, per_run },
	{ "run_percent", "%CPU", "run, of one CPU's time", KW_DERIVED, KW_UNIT_PERCENT, KW_SHOW_TABLE,
	  0, 0, run_share },
	{ "missed", "MISSED", "Runs that the kernel skipped, as the program was running on that CPU already",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(cost_row, misses), NULL },
	{ "metered", "METERED", "For how long runs were measured", KW_COUNTER, KW_UNIT_NS, KW_SHOW_MACHINE,
	  KW_AT(cost_row, metered), NULL },
	{ "verified", "VERIFIED", "Instructions that the kernel's verifier went through before it accepted it",
	  KW_GAUGE, KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(cost_row, verified), verified },
};

static const struct kw_column tool_columns[] = {
	{ "user", "USER", "CPU time of the tool's process in user space", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(cost_tool_row, user), NULL },
	{ "system", "SYSTEM", "… in the kernel", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(cost_tool_row, system), NULL },
	{ "process_percent", "PROCESS%", "user + system, of one CPU's time", KW_DERIVED, KW_UNIT_PERCENT,
	  KW_SHOW_TABLE, 0, 0, process_share },
	{ "runs", "RUNS", "Runs of all its programs", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(cost_tool_row, runs), NULL },
	{ "run", "TIME", "CPU time of these, without the way into the programs", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(cost_tool_row, run), NULL },
	{ "per_run", "PER-RUN", "run / runs", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean_run },
	{ "run_percent", "PROGRAMS%", "run, of one CPU's time", KW_DERIVED, KW_UNIT_PERCENT,
	  KW_SHOW_TABLE, 0, 0, runs_share },
	{ "metered", "METERED", "For how long runs were measured", KW_COUNTER, KW_UNIT_NS, KW_SHOW_MACHINE,
	  KW_AT(cost_tool_row, metered), NULL },
	{ "rss_bytes", "RSS", "Resident memory of the process, bytes", KW_GAUGE, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(cost_tool_row, rss_bytes), NULL },
	{ "map_bytes", "MAPS", "Memory of its maps in the kernel, bytes; before Linux 6.4, what they may take",
	  KW_GAUGE, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(cost_tool_row, map_bytes), NULL },
	{ "programs", "PROGRAMS", "Programs that it has in the kernel", KW_GAUGE, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(cost_tool_row, programs), NULL },
};

/* clang-format on */

const struct kw_schema cost_table = {
	.name = "cost",
	.help = "What each of the tool's own programs costs the host",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct cost_row),
	.sort = "run",
};

const struct kw_schema cost_tool_table = {
	.name = "cost-tool",
	.help = "What the tool itself costs the host: CPU time and memory",
	.columns = tool_columns,
	.n_columns = ARRAY_SIZE(tool_columns),
	.row_size = sizeof(struct cost_tool_row),
	.sort = "run",
};

const struct kw_collector kw_collector_cost = {
	.name = "cost",
	.help = "What watching costs: the tool's own programs, CPU time and memory",
	.table = { &cost_table, &cost_tool_table },
	.metered = true,
	.open = cost_open,
	.close = cost_close,
	.start = cost_start,
	.read_host = cost_read_host,
};
