// SPDX-License-Identifier: Apache-2.0
/*
 * mmio.c - the columns of the mmio collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "mmio_rows.h"

static const char *by_name(uint32_t by)
{
	static const char *const names[MMIO_BYS] = {
		[MMIO_KERNEL] = "kernel", [MMIO_IOEVENTFD] = "ioeventfd", [MMIO_VMM] = "vmm"
	};

	return by < MMIO_BYS ? names[by] : NULL;
}

static void page(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct mmio_row *)row)->page == MMIO_MANY)
		kw_value_text(value, "other");
}

static void by(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, by_name(((const struct mmio_row *)row)->by));
}

static void how(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, ((const struct mmio_row *)row)->write ? "write" : "read");
}

static void mean(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct mmio_row *r = row;

	(void)vms;
	if (r->exits)
		kw_value_number(value, r->total / r->exits);
}

static void timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct mmio_row *)row)->exits)
		kw_value_missing(value);
}

static void event_timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct mmio_event_row *)row)->total)
		kw_value_missing(value);
}

/* KVM does not say of fast MMIO how large the write was, and looks at no value. */
static void known_size(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct mmio_event_row *)row)->size)
		kw_value_missing(value);
}

static void longest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct mmio_row *r = row;

	(void)vms;
	kw_value_max(value, r->exits, r->total);
}

/* clang-format off */

#define WHAT(type)                                                                                 \
	{ "access", "ACCESS", "read or write", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,                  \
	  KW_AT(type, write), how },                                                              \
	{ "by", "BY", "Who did it: a device in the kernel, an ioeventfd, or the VMM", KW_KEY,        \
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(type, by), by, 9 }

static const struct kw_column columns[] = {
	{ "page", "PAGE", "Guest-physical address of the page; other: beyond the table's size",
	  KW_KEY, KW_UNIT_HEX, KW_SHOW_TABLE, KW_AT(mmio_row, page), page },
	WHAT(mmio_row),
	{ "count", "COUNT", "Accesses", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(mmio_row, count), NULL },
	{ "exits", "EXITS", "Exits that the times are of: those it was the first access of",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(mmio_row, exits), NULL },
	{ "total", "TOTAL", "Time from exit to entry", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(mmio_row, total), timed },
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(mmio_row, kernel), timed },
	{ "vmm", "VMM", "… of it on a CPU in the VMM's user space", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(mmio_row, vmm), timed },
	{ "mean", "MEAN", "total / exits", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean },
	{ "max", "MAX", "Longest exit", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(mmio_row, max),
	  longest },
};

static const struct kw_column event_columns[] = {
	{ "gpa", "GPA", "Guest-physical address", KW_KEY, KW_UNIT_HEX, KW_SHOW_TABLE,
	  KW_AT(mmio_event_row, gpa), NULL, 12 },
	WHAT(mmio_event_row),
	{ "size", "SIZE", "Bytes", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(mmio_event_row, size), known_size },
	{ "data", "DATA", "Value read or written", KW_COUNTER, KW_UNIT_HEX, KW_SHOW_TABLE,
	  KW_AT(mmio_event_row, data), known_size, 10 },
	{ "total", "TOTAL", "Time from exit to entry; missing: a further access of one exit",
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(mmio_event_row, total), event_timed },
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(mmio_event_row, kernel), event_timed },
	{ "vmm", "VMM", "… of it on a CPU in the VMM's user space", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(mmio_event_row, vmm), event_timed },
};

static const struct kw_hook_def hooks[] = {
	{ .name = "kvm_mmio", .purpose = "MMIO accesses (riscv: writes)",
	  .program = { "mmio_tp", "mmio_tp_raw", "mmio_store" }, .counts = true },
	{ .name = "kvm_riscv_vcpu_mmio_load begins", .purpose = "MMIO reads",
	  .without = "those are not seen", .program = { "mmio_load" }, .counts = true },
	{ .name = "kvm_riscv_vcpu_mmio_store ends", .purpose = "sizes and values of writes",
	  .without = "those are not known", .program = { "mmio_stored" } },
	{ .name = "kvm_riscv_vcpu_mmio_load ends", .purpose = "sizes and values of reads",
	  .without = "those are not known", .program = { "mmio_loaded" } },
	{ .name = "kvm_fast_mmio", .purpose = "MMIO writes that only signal an eventfd",
	  .without = "fast MMIO is not seen", .program = { "mmio_fast", "mmio_fast_raw" }, .counts = true },
	{ .name = "ioeventfd", .purpose = "which other writes an ioeventfd takes",
	  .without = "those count as the kernel's",
	  .program = { "mmio_ioeventfd_fexit", "mmio_ioeventfd_kretprobe" } },
};

/* clang-format on */

const struct kw_schema mmio_table = {
	.name = "mmio",
	.help = "Memory-mapped I/O by page: how often, how long, and who does it",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct mmio_row),
	.sort = "count",
};

const struct kw_schema mmio_event_table = {
	.name = "mmio-event",
	.help = "One MMIO access: address, size, value, how long the exit took",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct mmio_event_row),
	.sort = "total",
};

const struct kw_collector kw_collector_mmio = {
	.name = "mmio",
	.help = "Memory-mapped I/O by page: how often, how long, and who does it",
	.table = { &mmio_table },
	.event = &mmio_event_table,
	.hooks = KW_HOOKS_OF_EXITS,
	.of_exits = "mmio.kernel",
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = mmio_configure,
	.open = mmio_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = mmio_decode,
};
