// SPDX-License-Identifier: Apache-2.0
/*
 * halt.c - the columns of the halt collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../core/hist.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "halt_rows.h"

static const char *outcome_name(uint8_t outcome)
{
	static const char *const names[HALT_OUTCOMES] = {
		[HALT_POLL] = "poll",
		[HALT_WAIT] = "wait",
		[HALT_AT_ONCE] = "at-once",
	};

	return outcome < HALT_OUTCOMES ? names[outcome] : NULL;
}

static void outcome(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, outcome_name(((const struct halt_row *)row)->outcome));
}

static void wakeup(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, ((const struct halt_row *)row)->valid ? "valid" : "invalid");
}

KW_TIMES_DECODERS(halt_row, count, total)

static void what(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[HALT_WHATS] = {
		[HALT_WAKEUP] = "wakeup",
		[HALT_GROW] = "grow",
		[HALT_SHRINK] = "shrink",
	};
	const struct halt_event_row *r = row;

	(void)vms;
	kw_value_text(value, r->what < HALT_WHATS ? names[r->what] : NULL);
}

static void event_outcome(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct halt_event_row *r = row;

	(void)vms;
	if (r->what == HALT_WAKEUP)
		kw_value_text(value, outcome_name(r->outcome));
	else
		kw_value_missing(value);
}

static void event_wakeup(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct halt_event_row *r = row;

	(void)vms;
	if (r->what == HALT_WAKEUP)
		kw_value_text(value, r->valid ? "valid" : "invalid");
	else
		kw_value_missing(value);
}

static void of_wakeup(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct halt_event_row *)row)->what != HALT_WAKEUP)
		kw_value_missing(value);
}

static void of_change(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct halt_event_row *)row)->what == HALT_WAKEUP)
		kw_value_missing(value);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "outcome", "OUTCOME", "poll: it ended while KVM polled; wait: the vCPU's thread slept; at-once: "
	  "neither, as what it waits for was there already", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(halt_row, outcome), outcome },
	{ "wakeup", "WAKEUP", "valid: KVM says that there was something for the vCPU to do; on x86 it says "
	  "so always: see AGAIN", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(halt_row, valid), wakeup },
	KW_PAD(halt_row, pad),
	KW_PAD(halt_row, pad2),
	{ "count", "COUNT", "Halts", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(halt_row, count), NULL },
	{ "total", "TOTAL", "Time halted, polling included", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(halt_row, total), NULL },
	{ "polled", "POLLED", "… of it polling; of waits: for nothing", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(halt_row, polled), NULL },
	{ "mean", "MEAN", "total / count", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean },
	{ "p50", "P50", "Half of the halts took at most this long (within 12.5 %)", KW_DERIVED,
	  KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, p50 },
	{ "p99", "P99", "99 % of the halts took at most this long (within 12.5 %)", KW_DERIVED,
	  KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, p99 },
	{ "max", "MAX", "Longest halt", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(halt_row, max),
	  longest },
	{ "hist", "HIST", "Log-linear histogram of the times, as pairs [from_ns, count]",
	  KW_HISTOGRAM, KW_UNIT_NUMBER, KW_SHOW_ASKED, KW_AT(halt_row, hist), NULL },
};

static const struct kw_column vcpu_columns[] = {
	{ "hlts", "HLTS", "Exits of guests that had nothing to do (HLT; arm64, riscv: WFI) that are over", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(halt_vcpu_row, hlts), NULL },
	{ "unhalted", "UNHALTED", "… in which the vCPU did not halt: an event was pending, or a nested "
	  "guest's hypervisor handles it", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(halt_vcpu_row, unhalted), NULL },
	{ "again", "AGAIN", "Halts of such an exit after its first, because a wake-up was invalid",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(halt_vcpu_row, again), NULL },
	{ "outside", "OUTSIDE", "Halts outside of such exits, or of one whose begin was not seen; all halts "
	  "are hlts - unhalted + again + outside", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(halt_vcpu_row, outside), NULL },
	{ "hit", "POLL-HIT", "Polling that a wake-up ended: it saved the way through the scheduler",
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(halt_vcpu_row, hit), NULL },
	{ "wasted", "POLL-WASTE", "Polling before a sleep: CPU time for nothing", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(halt_vcpu_row, wasted), NULL },
	{ "grows", "GROWS", "Times KVM raised the vCPU's halt_poll_ns", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(halt_vcpu_row, grows), NULL },
	{ "shrinks", "SHRINKS", "Times KVM lowered it", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(halt_vcpu_row, shrinks), NULL },
	{ "halt_poll", "NOW", "halt_poll_ns: how long KVM polls now at most", KW_GAUGE, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(halt_vcpu_row, now), NULL },
};

static const struct kw_column if_columns[] = {
	{ "halt_poll", "HALT_POLL", "halt_poll_ns, if it were this", KW_KEY, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(halt_if_row, poll), NULL },
	{ "halts", "HALTS", "All halts", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(halt_if_row, halts), NULL },
	{ "hits", "HITS", "Halts that would have ended while polling", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(halt_if_row, hits), NULL },
	{ "polled", "POLLED", "CPU time that polling would have taken", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(halt_if_row, polled), NULL },
	{ "wasted", "WASTED", "… of it before a sleep", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(halt_if_row, wasted), NULL },
};

static const struct kw_column event_columns[] = {
	{ "what", "EVENT", "wakeup: a halt ended; grow, shrink: KVM changed halt_poll_ns", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(halt_event_row, what), what, 7 },
	{ "outcome", "OUTCOME", "poll: it ended while KVM polled; wait: the vCPU's thread slept; at-once: "
	  "neither, as what it waits for was there already", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(halt_event_row, outcome), event_outcome, 7 },
	{ "wakeup", "WAKEUP", "valid: there was something for the vCPU to do", KW_KEY, KW_UNIT_WORD,
	  KW_SHOW_TABLE, KW_AT(halt_event_row, valid), event_wakeup, 7 },
	KW_PAD(halt_event_row, pad),
	KW_PAD(halt_event_row, pad2),
	{ "total", "TIME", "How long the vCPU was halted", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(halt_event_row, total), of_wakeup },
	{ "polled", "POLLED", "… of it polling", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(halt_event_row, polled), of_wakeup },
	{ "old", "OLD", "halt_poll_ns before the change", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(halt_event_row, old), of_change },
	{ "new", "NEW", "halt_poll_ns after the change", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(halt_event_row, now), of_change },
};

static const struct kw_hook_def hooks[] = {
	{ .name = "kvm_halt_poll_ns", .purpose = "changes of halt_poll_ns",
	  .without = "growing and shrinking is not seen", .program = { "halt_poll_changes", "halt_poll_changes_raw" },
	  .counts = true, .lost = "halt-polling.grows halt-polling.shrinks" },
};

/* clang-format on */

const struct kw_schema halt_table = {
	.name = "halt",
	.help = "Halts of vCPUs: how they ended, and how long they took",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct halt_row),
	.hist = { KW_TIMES_MIN_LOG2, KW_TIMES_SUB_LOG2, KW_TIMES_BUCKETS },
	.hist_offset = offsetof(struct halt_row, hist),
	.sort = "total",
};

const struct kw_schema halt_vcpu_table = {
	.name = "halt-polling",
	.help = "Exits to halt and halts, and what halt-polling gains and wastes",
	.columns = vcpu_columns,
	.n_columns = ARRAY_SIZE(vcpu_columns),
	.row_size = sizeof(struct halt_vcpu_row),
	.sort = "wasted",
};

const struct kw_schema halt_if_table = {
	.name = "halt-whatif",
	.help = "What halt-polling would have gained and wasted with other values of halt_poll_ns",
	.columns = if_columns,
	.n_columns = ARRAY_SIZE(if_columns),
	.row_size = sizeof(struct halt_if_row),
	.sort = "halt_poll",
};

const struct kw_schema halt_event_table = {
	.name = "halt-event",
	.help = "One wake-up of a halted vCPU, or one change of halt_poll_ns",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct halt_event_row),
	.sort = "total",
};

const struct kw_collector kw_collector_halt = {
	.name = "halt",
	.help = "Halts and wake-ups of vCPUs, and halt-polling",
	.table = { &halt_table, &halt_vcpu_table, &halt_if_table },
	.event = &halt_event_table,
	.hooks = KW_HOOKS_OF_EXITS,
	.of_exits = "halt-polling.hlts halt-polling.unhalted halt-polling.again "
		    "halt-polling.outside",
	.needs = 1 << KW_HOOK_WAKEUP,
	.counted = 1 << KW_HOOK_WAKEUP,
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = halt_configure,
	.open = halt_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = halt_decode,
};
