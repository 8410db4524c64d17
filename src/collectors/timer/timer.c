// SPDX-License-Identifier: Apache-2.0
/*
 * timer.c - the columns of the timer collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../core/hist.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "timer_rows.h"

static const char *mode_name(uint32_t mode)
{
	static const char *const names[TIMER_MODES] = {
		[TIMER_ONESHOT] = "oneshot",	  [TIMER_PERIODIC] = "periodic",
		[TIMER_DEADLINE] = "deadline",	  [TIMER_PHYSICAL] = "ptimer",
		[TIMER_VIRTUAL] = "vtimer",	  [TIMER_EL2_VIRTUAL] = "hvtimer",
		[TIMER_EL2_PHYSICAL] = "hptimer",
	};

	return mode < TIMER_MODES ? names[mode] : NULL;
}

static void mode(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, mode_name(((const struct timer_row *)row)->mode));
}

static void event_mode(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, mode_name(((const struct timer_event_row *)row)->mode));
}

static void hv(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	kw_value_text(value, value->number ? "yes" : "no");
}

static void what(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[TIMER_WHATS] = {
		[TIMER_ARM] = "arm",
		[TIMER_EXPIRE] = "expire",
		[TIMER_MERGED] = "merged",
		[TIMER_RESTART] = "restart",
	};
	const struct timer_event_row *r = row;

	(void)vms;
	kw_value_text(value, r->what < TIMER_WHATS ? names[r->what] : NULL);
}

KW_TIMES_DECODERS(timer_row, timed, late)

/* Of expiries whose deadline is not known, nor is how late they were. */
static void timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct timer_row *)row)->timed)
		kw_value_missing(value);
}

/* arm64's guests arm and silence their timers without an exit. */
static void seen(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct timer_row *)row)->mode >= TIMER_PHYSICAL)
		kw_value_missing(value);
}

static void delay(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (!value->number)
		kw_value_missing(value);
}

static void known(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (value->number == TIMER_UNKNOWN)
		kw_value_missing(value);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "mode", "MODE", "oneshot, periodic, or deadline: at a value of the TSC; arm64: which timer: ptimer "
	  "(physical), vtimer (virtual), hptimer, hvtimer (those of EL2)", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(timer_row, mode), mode },
	{ "hv", "HV", "The processor's own timer (VMX preemption timer) instead of KVM's; arm64: expired in the "
	  "processor, not while the vCPU slept or waited", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(timer_row, hv), hv },
	{ "arms", "ARMS", "Times that the guest armed it; missing: without an exit (arm64)", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(timer_row, arms), seen },
	{ "expired", "EXPIRED", "Times that it expired", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(timer_row, expired), NULL },
	{ "merged", "MERGED", "… of them, with the last interrupt still to be delivered: the guest sees one "
	  "for both", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(timer_row, merged), seen },
	{ "early", "EARLY", "… of them, before the guest's deadline, for which KVM then waits (lateness 0)",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(timer_row, early), seen },
	{ "restarts", "RESTARTS", "Starts that the guest had no part in: of the next period, or moved to or "
	  "from the processor's timer", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_MACHINE,
	  KW_AT(timer_row, restarts), seen },
	{ "timed", "TIMED", "Expiries whose deadline is known: the lateness is theirs", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(timer_row, timed), NULL },
	{ "late", "LATE", "Time from the guest's deadlines to the expiries; arm64: of those of vCPUs that slept", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(timer_row, late), timed },
	{ "mean", "MEAN", "late / timed", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean },
	{ "p50", "P50", "Half were not later", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, p50 },
	{ "p99", "P99", "99 % were not later", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, p99 },
	{ "max", "MAX", "The latest", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(timer_row, max),
	  longest },
	{ "delay", "DELAY", "Period, or time from arming to the deadline, as it was the last time",
	  KW_LAST, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(timer_row, delay), delay },
	{ "hist", "HIST", "Log-linear histogram of the lateness, as pairs [from_ns, count]",
	  KW_HISTOGRAM, KW_UNIT_NUMBER, KW_SHOW_ASKED, KW_AT(timer_row, hist), NULL },
};

static const struct kw_column event_columns[] = {
	{ "what", "WHAT", "arm, expire; merged: expired with the last interrupt still to be delivered; "
	  "restart: KVM started it anew", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(timer_event_row, what), what, 7 },
	{ "mode", "MODE", "oneshot, periodic, or deadline: at a value of the TSC; arm64: which timer", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(timer_event_row, mode), event_mode, 8 },
	{ "hv", "HV", "The processor's own timer (VMX preemption timer) instead of KVM's", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(timer_event_row, hv), hv, 3 },
	KW_PAD(timer_event_row, pad),
	{ "delay", "DELAY", "Period, or time from arming to the deadline", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(timer_event_row, delay), known },
	{ "late", "LATE", "How long after the guest's deadline it expired", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(timer_event_row, late), known },
	{ "early", "EARLY", "How long before, for KVM to wait for the rest", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(timer_event_row, early), known },
};

static const struct kw_hook_def hooks[] = {
	{ .name = "start_sw_timer", .purpose = "timers that KVM starts itself",
	  .without = "their arming is not seen",
	  .program = { "timer_sw_fentry", "timer_sw_kprobe" }, .counts = true,
	  .lost = "timer.arms timer.restarts timer.delay", .untold = KW_UNTOLD },
	{ .name = "start_hv_timer", .purpose = "timers that the processor has",
	  .without = "their arming is not seen",
	  .program = { "timer_hv_fexit", "timer_hv_kretprobe" }, .counts = true,
	  .untold = KW_UNTOLD },
	{ .name = "timers expire", .purpose = "expiries of timers, and how late they are",
	  .program = { "timer_expired_fentry", "timer_expired_kprobe", "timer_line_fentry", "timer_line_kprobe" },
	  .counts = true, .may_move = true, .untold = KW_UNTOLD },
	{ .name = "kvm_bg_timer_expire", .purpose = "how late timers of vCPUs that sleep are",
	  .without = "how late timers are is not known",
	  .program = { "timer_sleeper_fentry", "timer_sleeper_kprobe" },
	  .lost_here = "timer.late timer.mean timer.p50 timer.p99 timer.max timer.hist" },
	{ .name = "kvm_timer_hrtimer_expire", .purpose = "how late timers are that KVM emulates",
	  .without = "those are not timed", .program = { "timer_emulated", "timer_emulated_raw" } },
	{ .name = "hrtimer_expire_entry", .purpose = "those of KVM's timers, in interrupts",
	  .program = { "timer_hrtimer" }, .counts = true, .beside = "timer_expired_kprobe",
	  .untold = KW_UNTOLD },
};

/* clang-format on */

const struct kw_schema timer_table = {
	.name = "timer",
	.help = "Timers of the guests (local APICs', arm64's): armed, expired, how late",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct timer_row),
	.hist = { KW_TIMES_MIN_LOG2, KW_TIMES_SUB_LOG2, KW_TIMES_BUCKETS },
	.hist_offset = offsetof(struct timer_row, hist),
	.sort = "expired",
};

const struct kw_schema timer_event_table = {
	.name = "timer-event",
	.help = "A timer is armed, or expires: for when, how late",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct timer_event_row),
	.sort = "late",
};

const struct kw_collector kw_collector_timer = {
	.name = "timer",
	.help = "Timers of the guests (local APICs', arm64's): armed, expired, how late",
	.table = { &timer_table },
	.event = &timer_event_table,
	.hooks = KW_HOOKS_OF_EXITS,
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = timer_configure,
	.open = timer_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = timer_decode,
};
