// SPDX-License-Identifier: Apache-2.0
/*
 * hypercall.c - the columns of the hypercall collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h. What a call's arguments mean is in
 * hypercall_args.c.
 */
#include "../../arch/names.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "hypercall_rows.h"

#include <inttypes.h>
#include <stdio.h>

static void api_value(uint16_t api, struct kw_value *value)
{
	static const char *const names[HYPERCALL_APIS] = {
		[HYPERCALL_NONE] = "none", [HYPERCALL_KVM] = "kvm", [HYPERCALL_HYPERV] = "hyperv",
		[HYPERCALL_XEN] = "xen",   [HYPERCALL_SBI] = "sbi", [HYPERCALL_HVC] = "hvc",
		[HYPERCALL_SMC] = "smc",
	};

	api &= ~HYPERCALL_OTHER;
	kw_value_text(value, api < HYPERCALL_APIS ? names[api] : NULL);
}

static void api(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	api_value(((const struct hypercall_row *)row)->api, value);
}

static void event_api(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	api_value(((const struct hypercall_event_row *)row)->api, value);
}

static const char *name_of(uint16_t api, uint64_t nr)
{
	switch (api) {
	case HYPERCALL_KVM:
		return kw_kvm_hypercall_name(nr);
	case HYPERCALL_HYPERV:
		return kw_hyperv_hypercall_name(nr);
	case HYPERCALL_XEN:
		return kw_xen_hypercall_name(nr);
	case HYPERCALL_SBI:
		return kw_sbi_name(nr);
	case HYPERCALL_HVC:
	case HYPERCALL_SMC:
		return kw_smccc_name(nr);
	default:
		return NULL;
	}
}

/* Small numbers as KVM's and Xen's headers have them, all others as one would look for them. */
static void name_value(uint16_t api, uint64_t nr, struct kw_value *value)
{
	const char *name = name_of(api, nr);

	if (api == HYPERCALL_NONE)
		return;
	kw_value_text(value, value->buf);
	if (api & HYPERCALL_OTHER)
		snprintf(value->buf, sizeof(value->buf), "other");
	else if (name)
		snprintf(value->buf, sizeof(value->buf), "%s", name);
	else if (api == HYPERCALL_SBI)
		snprintf(value->buf, sizeof(value->buf), "0x%x:%u", (uint32_t)(nr >> 32),
			 (uint32_t)nr);
	else if (api == HYPERCALL_HYPERV || nr > UINT16_MAX)
		snprintf(value->buf, sizeof(value->buf), "0x%" PRIx64, nr);
	else
		snprintf(value->buf, sizeof(value->buf), "%" PRIu64, nr);
}

static void name(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct hypercall_row *r = row;

	(void)vms;
	name_value(r->api, r->nr, value);
}

static void event_name(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct hypercall_event_row *r = row;

	(void)vms;
	name_value(r->api, r->nr, value);
}

static void nr(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct hypercall_row *r = row;

	(void)vms;
	if (r->api == HYPERCALL_NONE || r->api & HYPERCALL_OTHER)
		kw_value_missing(value);
}

static void level(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct hypercall_row *)row)->level)
		kw_value_missing(value);
}

static void mean(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct hypercall_row *r = row;

	(void)vms;
	if (r->timed)
		kw_value_number(value, r->total / r->timed);
}

/* Of rows that no exit was charged to, no time is known. */
static void timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct hypercall_row *)row)->timed)
		kw_value_missing(value);
}

static void longest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct hypercall_row *r = row;

	(void)vms;
	kw_value_max(value, r->timed, r->total);
}

static void event_timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct hypercall_event_row *)row)->total)
		kw_value_missing(value);
}

static void args(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	hypercall_args(row, value->buf, sizeof(value->buf));
	kw_value_text(value, value->buf);
}

static void result(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct hypercall_event_row *r = row;

	(void)vms;
	if (!r->has_result)
		return;
	hypercall_result(r, value->buf, sizeof(value->buf));
	kw_value_text(value, value->buf);
}

static void result_code(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct hypercall_event_row *)row)->has_result)
		kw_value_missing(value);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "api", "API", "Whose hypercalls: kvm, hyperv or xen; arm64: by hvc or smc; riscv: sbi; none: exits by the "
	  "hypercall instruction of which KVM told no call", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(hypercall_row, api), api },
	{ "name", "NAME", "Which one; a number if it has no name; other: of those beyond the table's size",
	  KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, name },
	{ "nr", "NR", "Its number, or Hyper-V's call code", KW_KEY, KW_UNIT_HEX, KW_SHOW_MACHINE,
	  KW_AT(hypercall_row, nr), nr },
	{ "level", "L", "1: the guest did it; 2: a guest nested in it", KW_KEY, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(hypercall_row, level), level },
	KW_PAD(hypercall_row, pad),
	{ "count", "COUNT", "Calls; with api none: exits", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(hypercall_row, count), NULL },
	{ "exits", "EXITS", "Exits by the hypercall instruction that they came by", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(hypercall_row, exits), NULL },
	{ "timed", "TIMED", "Exits that the times are of, whatever they were by", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(hypercall_row, timed), NULL },
	{ "total", "TOTAL", "Time from exit to entry", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(hypercall_row, total), timed },
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(hypercall_row, kernel), timed },
	{ "vmm", "VMM", "… of it on a CPU in the VMM's user space", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(hypercall_row, vmm), timed },
	{ "mean", "MEAN", "total / timed", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean },
	{ "max", "MAX", "Longest exit", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(hypercall_row, max),
	  longest },
};

#define ARGUMENT(i)                                                                                \
	{ "a" #i, "A" #i, "Argument as the guest passed it; Hyper-V: 0 input, 1 output, 2 repetitions, "\
	  "3 the first of them", KW_COUNTER, KW_UNIT_HEX, KW_SHOW_MACHINE,                           \
	  KW_AT(hypercall_event_row, arg[i]), NULL }

static const struct kw_column event_columns[] = {
	{ "api", "API", "Whose hypercalls: kvm, hyperv or xen; arm64: by hvc or smc; riscv: sbi", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(hypercall_event_row, api), event_api, 6 },
	{ "name", "NAME", "Which one; a number if it has no name", KW_DERIVED, KW_UNIT_WORD,
	  KW_SHOW_TABLE, 0, 0, event_name, 13 },
	{ "nr", "NR", "Its number, or Hyper-V's call code", KW_KEY, KW_UNIT_HEX, KW_SHOW_MACHINE,
	  KW_AT(hypercall_event_row, nr), NULL },
	{ "level", "L", "1: the guest did it; 2: a guest nested in it", KW_KEY, KW_UNIT_NUMBER,
	  KW_SHOW_MACHINE, KW_AT(hypercall_event_row, level), NULL },
	KW_PAD(hypercall_event_row, has_result),
	{ "total", "TOTAL", "Time from exit to entry", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(hypercall_event_row, total), event_timed },
	{ "kernel", "KERNEL", "… of it on a CPU in the kernel", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_MACHINE, KW_AT(hypercall_event_row, kernel), event_timed },
	{ "vmm", "VMM", "… of it on a CPU in the VMM's user space", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_MACHINE, KW_AT(hypercall_event_row, vmm), event_timed },
	{ "result", "RESULT", "What the guest found in RAX (arm64: x0) when it ran again, or Hyper-V's status",
	  KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, result, 10 },
	{ "result_code", "CODE", "The same, all 64 bits", KW_COUNTER, KW_UNIT_HEX, KW_SHOW_MACHINE,
	  KW_AT(hypercall_event_row, result), result_code },
	{ "args", "ARGS", "What was asked for", KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, args },
	ARGUMENT(0), ARGUMENT(1), ARGUMENT(2), ARGUMENT(3),
	KW_PAD(hypercall_event_row, arg[4]), KW_PAD(hypercall_event_row, arg[5]),
};

static const struct kw_hook_def hooks[] = {
	{ .name = "kvm_hypercall", .purpose = "KVM's hypercalls", .without = "those show as none",
	  .program = { "hypercall_kvm", "hypercall_kvm_raw" }, .counts = true },
	{ .name = "kvm_riscv_vcpu_sbi_ecall", .purpose = "calls of SBI", .without = "those show as none",
	  .program = { "hypercall_sbi_fentry", "hypercall_sbi_kprobe" }, .counts = true },
	{ .name = "kvm_exit of calls", .purpose = "HVC and SMC", .without = "those show as none",
	  .program = { "hypercall_arm", "hypercall_arm_raw" }, .counts = true },
	{ .name = "kvm_hv_hypercall", .purpose = "Hyper-V's hypercalls",
	  .without = "those show as none", .program = { "hypercall_hyperv", "hypercall_hyperv_raw" }, .counts = true },
	{ .name = "kvm_hv_hypercall_done", .purpose = "what Hyper-V's hypercalls return",
	  .without = "that is not shown", .program = { "hypercall_hyperv_done", "hypercall_hyperv_done_raw" } },
	{ .name = "kvm_xen_hypercall", .purpose = "Xen's hypercalls",
	  .without = "those show as none", .program = { "hypercall_xen", "hypercall_xen_raw" }, .counts = true },
};

/* clang-format on */

const struct kw_schema hypercall_table = {
	.name = "hypercall",
	.help = "Hypercalls by number, whose they are, and what they take",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct hypercall_row),
	.sort = "count",
};

const struct kw_schema hypercall_event_table = {
	.name = "hypercall-event",
	.help = "One hypercall: what was asked for, what came of it, how long it took",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct hypercall_event_row),
	.sort = "total",
};

const struct kw_collector kw_collector_hypercall = {
	.name = "hypercall",
	.help = "What guests ask of the hypervisor: hypercalls of KVM, Hyper-V and Xen, HVC and "
		"SMC",
	.table = { &hypercall_table },
	.event = &hypercall_event_table,
	.hooks = KW_HOOKS_OF_EXITS,
	.of_guest_exits = true,
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = hypercall_configure,
	.open = hypercall_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = hypercall_decode,
};
