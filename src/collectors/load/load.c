// SPDX-License-Identifier: Apache-2.0
/*
 * load.c - the columns of the load collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "load_rows.h"

static void share(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct load_row *r = row;

	(void)vms;
	if (r->head.span_ns)
		kw_value_number(value, (uint64_t)(100.0 * r->run / r->head.span_ns + 0.5));
}

static void mean(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct load_row *r = row;

	(void)vms;
	if (r->slices)
		kw_value_number(value, r->run / r->slices);
}

/* A slice may be longer than the interval that it ended in. */
static void shortest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct load_row *)row)->slices || value->number == UINT64_MAX)
		kw_value_missing(value);
}

static void longest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct load_row *)row)->slices || !value->number)
		kw_value_missing(value);
}

static void from(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (value->number == LOAD_NO_CPU)
		kw_value_missing(value);
}

static void end(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[LOAD_ENDS] = {
		[LOAD_PREEMPTED] = "preempted",
		[LOAD_SLEPT] = "slept",
		[LOAD_HANDED] = "handed-over",
	};
	const struct load_event_row *r = row;

	(void)vms;
	kw_value_text(value, r->end < LOAD_ENDS ? names[r->end] : NULL);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "cpu", "CPU", "CPU of the host", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(load_row, cpu), NULL },
	{ "node", "NODE", "Its NUMA node", KW_GAUGE, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(load_row, node), NULL },
	{ "run", "RUN", "Time for which the vCPU's thread ran there, the slice still running included",
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(load_row, run), NULL },
	{ "share_percent", "%CPU", "… of the interval", KW_DERIVED, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  0, 0, share },
	{ "waited", "WAITED", "Time for which it was runnable before its slices there",
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(load_row, waited), NULL },
	{ "slices", "SLICES", "Slices that ended", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(load_row, slices), NULL },
	{ "preempted", "PREEMPT", "… of them, with the thread still runnable", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(load_row, preempted), NULL },
	{ "slept", "SLEPT", "… of them, with the thread going to sleep", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(load_row, slept), NULL },
	{ "arrivals", "MOVES", "Migrations: slices that began here after one on another CPU",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(load_row, arrivals), NULL },
	{ "remote", "REMOTE", "… of them, from another NUMA node", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(load_row, remote), NULL },
	{ "mean", "MEAN", "run / slices", KW_DERIVED, KW_UNIT_NS, KW_SHOW_MACHINE, 0, 0, mean },
	{ "min", "MIN", "Shortest slice that ended", KW_MIN, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(load_row, min), shortest },
	{ "max", "MAX", "Longest slice that ended", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(load_row, max), longest },
};

static const struct kw_column event_columns[] = {
	{ "cpu", "CPU", "CPU of the host", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(load_event_row, cpu), NULL },
	{ "node", "NODE", "Its NUMA node", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(load_event_row, node), NULL },
	{ "from_cpu", "FROM", "CPU of the slice before, if that was another one", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(load_event_row, from), from },
	{ "run", "RUN", "Length of the slice", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(load_event_row, run), NULL },
	{ "waited", "WAITED", "For how long it was runnable before", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(load_event_row, waited), NULL },
	{ "end", "END", "preempted: still runnable; slept; handed-over: the thread went on with another "
	  "vCPU, or another thread with this one", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(load_event_row, end), end, 11 },
};

/* clang-format on */

const struct kw_schema load_table = {
	.name = "load",
	.help = "Where vCPUs' threads run: time, slices and migrations by CPU of the host",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct load_row),
	.sort = "run",
};

const struct kw_schema load_event_table = {
	.name = "load-event",
	.help = "One slice: where, how long, waiting before, why it ended",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct load_event_row),
	.sort = "run",
};

const struct kw_collector kw_collector_load = {
	.name = "load",
	.help = "Where vCPUs' threads run: time, slices and migrations by CPU of the host",
	.table = { &load_table },
	.event = &load_event_table,
	.hooks = KW_HOOKS_OF_EXITS,
	.needs = 1 << KW_HOOK_SWITCH,
	.counted = 1 << KW_HOOK_SWITCH,
	.configure = load_configure,
	.open = load_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = load_decode,
};
