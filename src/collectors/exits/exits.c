// SPDX-License-Identifier: Apache-2.0
/*
 * exits.c - the columns of the exits collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../arch/names.h"
#include "../../core/collector.h"
#include "../../core/hist.h"
#include "../../util/cleanup.h"
#include "exits_live.h"
#include "exits_rows.h"

#include <stdio.h>
#include <string.h>

static void reason(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct exits_row *r = row;

	(void)vms;
	value->kind = KW_TEXT;
	value->text = value->buf;
	if (r->level)
		kw_reason_name(r->isa, r->code, value->buf, sizeof(value->buf));
	else
		snprintf(value->buf, sizeof(value->buf), "FASTPATH");
}

static void isa(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	value->kind = KW_TEXT;
	value->text = kw_isa_name(((const struct exits_row *)row)->isa);
}

/* Fast-path re-entries have neither a reason nor a level. */
static void level(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct exits_row *)row)->level)
		value->kind = KW_MISSING;
}

/* Of exits that were only counted, no time is known. */
static void timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct exits_row *)row)->timed)
		value->kind = KW_MISSING;
}

/* A time is known by its parts unless there are none. */
static bool is_split(const struct exits_row *r)
{
	uint64_t sum = r->kernel;

	for (int i = 0; i < KW_PARTS; i++)
		sum += r->part[i];
	return sum || !r->total;
}

static void part_of(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	if (is_split(row))
		timed(vms, row, value);
	else
		value->kind = KW_MISSING;
}

/* Of an exit to user space, KVM's part is not told: it is before it begins, and after its end. */
static void kernel_of_event(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct exits_event_row *)row)->isa == KW_ISA_USER)
		value->kind = KW_MISSING;
}

static uint64_t of_all(const struct exits_row *r, uint64_t ns)
{
	return (unsigned __int128)ns * r->count / r->timed;
}

/* What the exits that were timed took is made what all took. */
static void exits_estimate(void *row)
{
	struct exits_row *r = row;

	uint64_t parts = 0;

	if (r->timed == r->count || !r->timed)
		return;
	for (int i = 0; i < KW_PARTS; i++)
		parts += r->part[i] = of_all(r, r->part[i]);
	if (is_split(r))
		r->kernel = of_all(r, r->total) - parts;
	r->total = of_all(r, r->total);
}

static void reason_code(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	value->kind = ((const struct exits_row *)row)->level ? KW_NUMBER : KW_MISSING;
	value->number = ((const struct exits_row *)row)->code;
}

/*
 * Exits between the end of an interval and its reading are in both intervals' windows: what a
 * row's own sum excludes is none of its exits.
 */
static void shortest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct exits_row *r = row;

	if (r->count == 1)
		value->number = r->total;
	timed(vms, row, value);
}

static void longest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct exits_row *r = row;

	if (r->max > r->total || r->count == 1)
		value->number = r->total;
	timed(vms, row, value);
}

static void number(const struct kw_vms *vms, const void *row, struct kw_value *value, uint64_t n)
{
	value->kind = KW_NUMBER;
	value->number = n;
	timed(vms, row, value);
}

static void mean(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct exits_row *r = row;

	number(vms, row, value, r->count ? r->total / r->count : 0);
}

static void e2e(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	number(vms, row, value, ((const struct exits_row *)row)->total);
}

static void sched_out(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct exits_row *r = row;

	number(vms, row, value, r->part[KW_PART_HALTED] + r->part[KW_PART_WAITING]);
	part_of(vms, row, value);
}

static void on_cpu(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct exits_row *r = row;

	number(vms, row, value, r->total - r->part[KW_PART_HALTED] - r->part[KW_PART_WAITING]);
	part_of(vms, row, value);
}

static void percentile(const void *row, unsigned int permille, struct kw_value *value)
{
	const struct exits_row *r = row;

	if (kw_hist_percentile(&exits_table.hist, r->hist, permille, r->min, r->max,
			       &value->number))
		value->kind = KW_NUMBER;
}

static void p50(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	percentile(row, 500, value);
}

static void p90(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	percentile(row, 900, value);
}

static void p99(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	percentile(row, 990, value);
}

static void p999(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	percentile(row, 999, value);
}

/* clang-format off */

/* What an exit was; the same in rows and events. */
#define WHAT(type)                                                                                 \
	{ "reason", "REASON", "Why the guest exited; FASTPATH: re-entered without passing kvm_exit", \
	  KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, reason, 16 },                                   \
	{ "reason_code", "CODE", "Number of the reason, as the isa defines it", KW_KEY,              \
	  KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(type, code), reason_code },                            \
	{ "isa", "ISA", "Instruction set that defines the reason", KW_KEY, KW_UNIT_WORD,             \
	  KW_SHOW_MACHINE, KW_AT(type, isa), isa },                                                     \
	{ "level", "L", "1: exit of the guest; 2: exit of a guest nested in it", KW_KEY,             \
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(type, level), level },                                   \
	{ "", "", "", KW_PADDING, KW_UNIT_WORD, KW_SHOW_ASKED, KW_AT(type, pad), NULL }

/* Where its time went; likewise. */
#define TIMES(type, whole, inside, parts)                                                                   \
	{ "total", "TOTAL", "Time from kvm_exit to the next kvm_entry", KW_COUNTER, KW_UNIT_NS,      \
	  KW_SHOW_TABLE, KW_AT(type, total), whole },                                                   \
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel, halt-polling not included",           \
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(type, kernel), inside },                         \
	{ "vmm", "VMM", "… of it on a CPU in the VMM's user space", KW_COUNTER, KW_UNIT_NS,          \
	  KW_SHOW_TABLE, KW_AT(type, part[KW_PART_VMM]), parts },                                       \
	{ "poll", "POLL", "… of it halt-polling, as KVM counts it", KW_COUNTER, KW_UNIT_NS,          \
	  KW_SHOW_TABLE, KW_AT(type, part[KW_PART_POLL]), parts },                                      \
	{ "halted", "HALTED", "… of it asleep: halted, or the VMM or the kernel slept", KW_COUNTER,  \
	  KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(type, part[KW_PART_HALTED]), parts },                        \
	{ "waiting", "WAIT", "… of it runnable, waiting for a CPU", KW_COUNTER, KW_UNIT_NS,          \
	  KW_SHOW_TABLE, KW_AT(type, part[KW_PART_WAITING]), parts }

static const struct kw_column columns[] = {
	WHAT(exits_row),
	{ "count", "COUNT", "Exits handled to the end", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(exits_row, count), NULL },
	{ "timed", "TIMED", "… of them timed; if not all, total and its parts are estimates", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(exits_row, timed), NULL },
	TIMES(exits_row, timed, part_of, part_of),
	{ "min", "MIN", "Shortest exit", KW_MIN, KW_UNIT_NS, KW_SHOW_MACHINE, KW_AT(exits_row, min),
	  shortest },
	{ "max", "MAX", "Longest exit", KW_MAX, KW_UNIT_NS, KW_SHOW_MACHINE, KW_AT(exits_row, max),
	  longest },
	{ "mean", "MEAN", "total / count", KW_DERIVED, KW_UNIT_NS, KW_SHOW_MACHINE, 0, 0, mean },
	{ "p50", "P50", "Half of the exits took at most this long (within 12.5 %)", KW_DERIVED,
	  KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, p50 },
	{ "p90", "P90", "90 % of the exits took at most this long (within 12.5 %)", KW_DERIVED,
	  KW_UNIT_NS, KW_SHOW_MACHINE, 0, 0, p90 },
	{ "p99", "P99", "99 % of the exits took at most this long (within 12.5 %)", KW_DERIVED,
	  KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, p99 },
	{ "p999", "P99.9", "99.9 % of the exits took at most this long (within 12.5 %)",
	  KW_DERIVED, KW_UNIT_NS, KW_SHOW_MACHINE, 0, 0, p999 },
	{ "e2e", "E2E", "End to end: another word for total", KW_DERIVED, KW_UNIT_NS,
	  KW_SHOW_MACHINE, 0, 0, e2e },
	{ "sched_out", "SCHED-OUT", "Off the CPU: halted + waiting", KW_DERIVED, KW_UNIT_NS,
	  KW_SHOW_MACHINE, 0, 0, sched_out },
	{ "on_cpu", "ON-CPU", "On a CPU: total - sched_out; what the exits cost the host",
	  KW_DERIVED, KW_UNIT_NS, KW_SHOW_MACHINE, 0, 0, on_cpu },
	{ "hist", "HIST", "Log-linear histogram of the exit times, as pairs [from_ns, count]",
	  KW_HISTOGRAM, KW_UNIT_NUMBER, KW_SHOW_ASKED, KW_AT(exits_row, hist), timed },
};

static const struct kw_column event_columns[] = {
	WHAT(exits_event_row),
	TIMES(exits_event_row, NULL, kernel_of_event, NULL),
};

/* clang-format on */

const struct kw_schema exits_table = {
	.name = "exits",
	.help = "VM exits by reason: how many, how long, and where the time went",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct exits_row),
	.hist = { KW_TIMES_MIN_LOG2, KW_TIMES_SUB_LOG2, KW_TIMES_BUCKETS },
	.hist_offset = offsetof(struct exits_row, hist),
	.estimate = exits_estimate,
	.sort = "on_cpu",
};

const struct kw_schema exits_event_table = {
	.name = "exits-event",
	.help = "One VM exit: how long it took, and where the time went",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct exits_event_row),
	.sort = "total",
};

const struct kw_collector kw_collector_exits = {
	.name = "exits",
	.help = "VM exits by reason: how many, how long, and where the time went",
	.table = { &exits_table },
	.event = &exits_event_table,
	.hooks = KW_HOOKS_OF_EXITS,
	.of_exits = "exits.kernel",
	.open = exits_open,
	.close = exits_close,
	.tend = exits_tend,
	.read = exits_read,
	.forget = exits_forget,
	.decode = exits_decode,
};
