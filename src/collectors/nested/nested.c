// SPDX-License-Identifier: Apache-2.0
/*
 * nested.c - the columns of the nested collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../arch/names.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "nested_rows.h"

/* Rows and events begin alike. */
static void what(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[NESTED_WHATS] = {
		[NESTED_BY_L0] = "L2 by L0", [NESTED_TO_L1] = "L2 to L1", [NESTED_TAX] = "L1 tax",
		[NESTED_ENTER] = "L1->L2",   [NESTED_LEAVE] = "L2->L1",
	};
	const struct nested_row *r = row;

	(void)vms;
	kw_value_text(value, r->what < NESTED_WHATS ? names[r->what] : NULL);
}

static bool is_switch(const void *row)
{
	const struct nested_row *r = row;

	return r->what == NESTED_ENTER || r->what == NESTED_LEAVE;
}

static void reason(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct nested_row *r = row;

	(void)vms;
	kw_value_text(value, value->buf);
	if (is_switch(row))
		kw_value_missing(value);
	else if (r->code == NESTED_MANY)
		kw_value_text(value, "other");
	else
		kw_reason_name(r->isa, r->code, value->buf, sizeof(value->buf));
}

static void reason_code(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (is_switch(row) || ((const struct nested_row *)row)->code == NESTED_MANY)
		kw_value_missing(value);
}

static void isa(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, kw_isa_name(((const struct nested_row *)row)->isa));
}

static void timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (is_switch(row))
		kw_value_missing(value);
}

static void mean(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct nested_row *r = row;

	(void)vms;
	if (r->count && !is_switch(row))
		kw_value_number(value, r->total / r->count);
}

static void away(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct nested_row *)row)->what != NESTED_TO_L1)
		kw_value_missing(value);
}

static void longest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct nested_row *r = row;

	(void)vms;
	if (is_switch(row)) {
		kw_value_missing(value);
		return;
	}
	kw_value_max(value, r->count, r->total);
}

/* clang-format off */

#define WHAT(type)                                                                                 \
	{ "what", "WHAT", "L2 by L0: exits of L2 that the host handled; L2 to L1: reflected to L1; "   \
	  "L1 tax: exits of L1 for managing L2; L1->L2 and L2->L1: switches", KW_KEY, KW_UNIT_WORD,  \
	  KW_SHOW_TABLE, KW_AT(type, what), what, 8 },                                                  \
	{ "reason", "REASON", "Why the exit happened", KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE,      \
	  0, 0, reason, 16 },                                                                            \
	{ "reason_code", "CODE", "Number of the reason, as the isa defines it", KW_KEY,              \
	  KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(type, code), reason_code },                         \
	{ "isa", "ISA", "Instruction set that defines the reason", KW_KEY, KW_UNIT_WORD,             \
	  KW_SHOW_MACHINE, KW_AT(type, isa), isa },                                                  \
	KW_PAD(type, pad)

static const struct kw_column columns[] = {
	WHAT(nested_row),
	{ "count", "COUNT", "Exits or switches", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(nested_row, count), NULL },
	{ "total", "TOTAL", "Time from exit to entry, into L2 or L1", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(nested_row, total), timed },
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(nested_row, kernel), timed },
	{ "mean", "MEAN", "total / count", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean },
	{ "max", "MAX", "Longest exit", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(nested_row, max),
	  longest },
	{ "away", "AWAY", "Time from reflected exits until L2 was entered again: all that L1 did about "
	  "them", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(nested_row, away), away },
};

static const struct kw_column event_columns[] = {
	WHAT(nested_event_row),
	{ "total", "TOTAL", "Time from exit to entry, into L2 or L1", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(nested_event_row, total), NULL },
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(nested_event_row, kernel), NULL },
};

static const struct kw_hook_def hooks[] = {
	{ .name = "kvm_nested_vmenter", .purpose = "switches from L1 to L2",
	  .without = "those are not seen, nor how long L2 was away",
	  .program = { "nested_enter", "nested_vmrun", "nested_enter_raw", "nested_vmrun_raw" }, .counts = true,
	  .lost = "nested.away" },
	{ .name = "kvm_nested_vmexit_inject", .purpose = "exits that are reflected to L1",
	  .program = { "nested_leave", "nested_leave_raw" }, .counts = true },
};

/* clang-format on */

const struct kw_schema nested_table = {
	.name = "nested",
	.help = "Guests in guests: exits of L2, who handles them, and what L1 pays for managing L2",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct nested_row),
	.sort = "total",
};

const struct kw_schema nested_event_table = {
	.name = "nested-event",
	.help = "One exit of L2, or of L1 for managing L2",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct nested_event_row),
	.sort = "total",
};

const struct kw_collector kw_collector_nested = {
	.name = "nested",
	.help = "Guests in guests: exits of L2, who handles them, and what L1 pays for managing L2",
	.table = { &nested_table },
	.event = &nested_event_table,
	.hooks = KW_HOOKS_OF_EXITS,
	.of_guest_exits = true,
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = nested_configure,
	.open = nested_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = nested_decode,
};
