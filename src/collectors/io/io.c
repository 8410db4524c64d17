// SPDX-License-Identifier: Apache-2.0
/*
 * io.c - the columns of the io collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../arch/names.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "io_rows.h"

#include <inttypes.h>
#include <stdio.h>

static void what(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[IO_WHATS] = {
		[IO_PORT_IN] = "in",
		[IO_PORT_OUT] = "out",
		[IO_MSR_READ] = "rdmsr",
		[IO_MSR_WRITE] = "wrmsr",
		[IO_CPUID] = "cpuid",
		[IO_CR_READ] = "cr-read",
		[IO_CR_WRITE] = "cr-write",
		[IO_MMIO_READ] = "mmio-read",
		[IO_MMIO_WRITE] = "mmio-write",
		[IO_USER] = "to-user",
		[IO_CSR_READ] = "csr-read",
		[IO_CSR_WRITE] = "csr-write",
		[IO_SYSREG_READ] = "sysreg-read",
		[IO_SYSREG_WRITE] = "sysreg-write",
	};
	const struct io_row *r = row;

	(void)vms;
	kw_value_text(value, r->what < IO_WHATS ? names[r->what] : NULL);
}

static void user_reason(uint64_t detail, char *dst, size_t size)
{
	const char *name = kw_user_exit_name(detail);

	if (detail & KW_USER_ERRNO)
		snprintf(dst, size, "ERROR(%" PRIu64 ")", detail & ~KW_USER_ERRNO);
	else if (name)
		snprintf(dst, size, "%s", name);
	else
		snprintf(dst, size, "UNKNOWN(%" PRIu64 ")", detail);
}

static void detail(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct io_row *r = row;
	size_t size = sizeof(value->buf);
	const char *name = NULL;

	(void)vms;
	kw_value_text(value, value->buf);
	if (r->detail == IO_MANY) {
		snprintf(value->buf, size, "other");
		return;
	}
	if (r->what == IO_USER) {
		user_reason(r->detail, value->buf, size);
		return;
	}
	if (r->what == IO_CR_READ || r->what == IO_CR_WRITE) {
		snprintf(value->buf, size, "CR%" PRIu64, r->detail);
		return;
	}
	if (r->what == IO_SYSREG_READ || r->what == IO_SYSREG_WRITE) {
		kw_sysreg_name(r->detail, value->buf, size);
		return;
	}
	if (r->what == IO_MSR_READ || r->what == IO_MSR_WRITE)
		name = kw_msr_name(r->detail);
	if (r->what == IO_CSR_READ || r->what == IO_CSR_WRITE)
		name = kw_csr_name(r->detail);
	snprintf(value->buf, size, "0x%" PRIx64 "%s%s", r->detail, name ? " " : "", name ?: "");
}

static void detail_code(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct io_row *r = row;

	(void)vms;
	if (r->detail != IO_MANY && !(r->what == IO_USER && r->detail & KW_USER_ERRNO))
		kw_value_number(value, r->detail);
}

static void rip(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct io_row *r = row;

	(void)vms;
	if (r->rip == IO_MANY)
		kw_value_text(value, "several");
	else if (!r->rip)
		kw_value_missing(value);
}

static void level(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct io_row *)row)->level)
		kw_value_missing(value);
}

static void mean(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct io_row *r = row;

	(void)vms;
	if (r->exits)
		kw_value_number(value, r->total / r->exits);
}

/* Of rows that no exit was charged to, no time is known; so it is with an event in passing. */
static void timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct io_row *)row)->exits)
		kw_value_missing(value);
}

static void event_told(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct io_event_row *)row)->untold)
		kw_value_missing(value);
}

static void event_timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct io_event_row *)row)->total)
		kw_value_missing(value);
}

static void longest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct io_row *r = row;

	(void)vms;
	kw_value_max(value, r->exits, r->total);
}

/* clang-format off */

#define WHAT(type)                                                                                 \
	{ "what", "WHAT", "Port, MSR, CPUID leaf, control or system register, or MMIO page; to-user: the exits "\
	  "to user space, once more by their reason", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,           \
	  KW_AT(type, what), what, 10 },                                                                 \
	{ "detail", "DETAIL", "Which one; other: of those beyond the table's size", KW_KEY,          \
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(type, detail), detail, 18 },                                \
	{ "detail_code", "CODE", "The same as a number", KW_DERIVED, KW_UNIT_NUMBER,                 \
	  KW_SHOW_MACHINE, 0, 0, detail_code },                                                      \
	{ "rip", "RIP", "Guest's instruction pointer; missing where KVM does not know it",           \
	  KW_KEY, KW_UNIT_HEX, KW_SHOW_TABLE, KW_AT(type, rip), rip, 18 },                               \
	{ "level", "L", "1: the guest did it; 2: a guest nested in it", KW_KEY, KW_UNIT_NUMBER,      \
	  KW_SHOW_TABLE, KW_AT(type, level), level }

static const struct kw_column columns[] = {
	WHAT(io_row),
	KW_PAD(io_row, pad),
	{ "count", "COUNT", "Accesses, or exits to user space", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(io_row, count), NULL },
	{ "exits", "EXITS", "Exits that the times are of: those it was the first detail of",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(io_row, exits), NULL },
	{ "total", "TOTAL", "Time from exit to entry", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(io_row, total), timed },
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(io_row, kernel), timed },
	{ "vmm", "VMM", "… of it on a CPU in the VMM's user space", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(io_row, vmm), timed },
	{ "mean", "MEAN", "total / exits", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean },
	{ "max", "MAX", "Longest exit", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(io_row, max),
	  longest },
};

static const struct kw_column event_columns[] = {
	WHAT(io_event_row),
	KW_PAD(io_event_row, untold),
	{ "data", "DATA", "Value read or written; of CPUID: the sub-leaf", KW_COUNTER, KW_UNIT_HEX,
	  KW_SHOW_TABLE, KW_AT(io_event_row, data), event_told, 10 },
	{ "total", "TOTAL", "Time from exit to entry; missing: a further access of one exit",
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(io_event_row, total), event_timed },
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(io_event_row, kernel), event_timed },
	{ "vmm", "VMM", "… of it on a CPU in the VMM's user space", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(io_event_row, vmm), event_timed },
};

static const struct kw_hook_def hooks[] = {
	{ .name = "kvm_pio", .purpose = "port accesses", .without = "no ports are seen",
	  .program = { "io_pio", "io_pio_raw" }, .counts = true },
	{ .name = "kvm_msr", .purpose = "MSR accesses", .without = "no MSRs are seen",
	  .program = { "io_msr", "io_msr_raw" }, .counts = true },
	{ .name = "kvm_cpuid", .purpose = "CPUID leaves", .without = "no CPUID leaves are seen",
	  .program = { "io_cpuid", "io_cpuid_raw" }, .counts = true },
	{ .name = "kvm_cr", .purpose = "control registers", .without = "no control registers are seen",
	  .program = { "io_cr", "io_cr_raw" }, .counts = true },
	{ .name = "kvm_exit of CSRs", .purpose = "CSR accesses", .without = "no CSRs are seen",
	  .program = { "io_csr", "io_csr_raw" }, .counts = true },
	{ .name = "kvm_riscv_vcpu_mmio_store", .purpose = "MMIO writes", .without = "those are not seen",
	  .program = { "io_store" }, .counts = true },
	{ .name = "kvm_riscv_vcpu_mmio_load", .purpose = "MMIO reads", .without = "those are not seen",
	  .program = { "io_load" }, .counts = true },
	{ .name = "kvm_sys_access", .purpose = "system registers",
	  .without = "no system registers are seen", .program = { "io_sysreg", "io_sysreg_raw" },
	  .counts = true },
	{ .name = "kvm_mmio", .purpose = "MMIO accesses", .without = "no MMIO is seen",
	  .program = { "io_mmio", "io_mmio_raw" }, .counts = true },
	{ .name = "kvm_fast_mmio", .purpose = "MMIO writes that only signal an eventfd",
	  .without = "fast MMIO is not seen", .program = { "io_fast_mmio", "io_fast_mmio_raw" }, .counts = true },
};

/* clang-format on */

const struct kw_schema io_table = {
	.name = "io",
	.help = "What exits were about: port, MSR, CPUID leaf, register, MMIO page, and from where",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct io_row),
	.sort = "count",
};

const struct kw_schema io_event_table = {
	.name = "io-event",
	.help = "One access: to what, from where, how long the exit took",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct io_event_row),
	.sort = "total",
};

const struct kw_collector kw_collector_io = {
	.name = "io",
	.help = "What exits were about: port, MSR, CPUID leaf, register, MMIO page, and from where",
	.table = { &io_table },
	.event = &io_event_table,
	.hooks = KW_HOOKS_OF_EXITS,
	.of_exits = "io.kernel",
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = io_configure,
	.open = io_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = io_decode,
};
