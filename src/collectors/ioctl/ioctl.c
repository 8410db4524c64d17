// SPDX-License-Identifier: Apache-2.0
/*
 * ioctl.c - the columns of the ioctl collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h. What arguments mean is in ioctl_args.c.
 */
#define _GNU_SOURCE
#include "../../arch/names.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "ioctl_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void scope_value(uint32_t scope, struct kw_value *value)
{
	static const char *const names[IOCTL_SCOPES] = {
		[IOCTL_SYSTEM] = "system",
		[IOCTL_VM] = "vm",
		[IOCTL_VCPU] = "vcpu",
		[IOCTL_DEVICE] = "device",
	};

	scope &= ~IOCTL_OTHER;
	kw_value_text(value, scope < IOCTL_SCOPES ? names[scope] : NULL);
}

static void scope(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	scope_value(((const struct ioctl_row *)row)->scope, value);
}

static void event_scope(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	scope_value(((const struct ioctl_event_row *)row)->scope, value);
}

static void name_value(uint32_t request, struct kw_value *value)
{
	const char *name = kw_ioctl_name(request);

	kw_value_text(value, name ?: value->buf);
	if (!name)
		snprintf(value->buf, sizeof(value->buf), "0x%" PRIx32, request);
}

static void name(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct ioctl_row *r = row;

	(void)vms;
	if (r->scope & IOCTL_OTHER)
		kw_value_text(value, "other");
	else
		name_value(r->request, value);
}

static void event_name(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	name_value(((const struct ioctl_event_row *)row)->request, value);
}

static void request(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct ioctl_row *)row)->scope & IOCTL_OTHER)
		kw_value_missing(value);
}

static void last_error(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	uint64_t error = ((const struct ioctl_row *)row)->last_errno;
	const char *text = error ? strerrorname_np(error) : NULL;

	(void)vms;
	if (!error)
		kw_value_missing(value);
	else if (text)
		kw_value_text(value, text);
}

static void mean(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct ioctl_row *r = row;

	(void)vms;
	if (r->count)
		kw_value_number(value, r->total / r->count);
}

static void longest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct ioctl_row *r = row;

	(void)vms;
	kw_value_max(value, r->count, r->total);
}

static void arch(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[IOCTL_ARCHS] = {
		[IOCTL_X86] = "x86",
		[IOCTL_ARM64] = "arm64",
		[IOCTL_RISCV] = "riscv",
	};
	const struct ioctl_event_row *r = row;

	(void)vms;
	kw_value_text(value, r->arch < IOCTL_ARCHS ? names[r->arch] : NULL);
}

static void args(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (ioctl_args(row, value->buf, sizeof(value->buf)))
		kw_value_text(value, value->buf);
}

static void result(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	ioctl_result(row, value->buf, sizeof(value->buf));
	kw_value_text(value, value->buf);
}

static void result_code(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct ioctl_event_row *r = row;

	(void)vms;
	if (r->ret < 0)
		kw_value_missing(value);
}

static void error_code(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct ioctl_event_row *r = row;

	(void)vms;
	kw_value_number(value, r->ret < 0 ? -(uint64_t)r->ret : 0);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "request", "REQUEST", "Its number, size and direction of its data included", KW_KEY,
	  KW_UNIT_HEX, KW_SHOW_MACHINE, KW_AT(ioctl_row, request), request },
	{ "scope", "SCOPE", "What was asked: system (/dev/kvm), vm, vcpu or device", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(ioctl_row, scope), scope },
	{ "name", "IOCTL", "Which one; a number if it has no name; other: of those beyond the table's size",
	  KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, name },
	{ "count", "COUNT", "Calls that returned", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(ioctl_row, count), NULL },
	{ "errors", "ERRORS", "… of them failed; interrupted ones (EINTR) included", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(ioctl_row, errors), NULL },
	{ "total", "TOTAL", "Time in the kernel, and of KVM_RUN in the guest", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(ioctl_row, total), NULL },
	{ "mean", "MEAN", "total / count", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean },
	{ "max", "MAX", "Longest call", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(ioctl_row, max),
	  longest },
	{ "last_errno", "LAST_ERRNO", "Why the last one that failed did, since counting began", KW_LAST,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(ioctl_row, last_errno), last_error },
};

static const struct kw_column event_columns[] = {
	{ "request", "REQUEST", "Its number, size and direction of its data included", KW_KEY,
	  KW_UNIT_HEX, KW_SHOW_MACHINE, KW_AT(ioctl_event_row, request), NULL },
	{ "scope", "SCOPE", "What was asked: system (/dev/kvm), vm, vcpu or device", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(ioctl_event_row, scope), event_scope, 6 },
	{ "name", "IOCTL", "Which one; a number if it has no name", KW_DERIVED, KW_UNIT_WORD,
	  KW_SHOW_TABLE, 0, 0, event_name, 26 },
	{ "arg", "ARG", "Its argument: a number, or where that is in the VMM", KW_COUNTER, KW_UNIT_HEX,
	  KW_SHOW_MACHINE, KW_AT(ioctl_event_row, arg), NULL },
	{ "result_code", "CODE", "What it returned; missing if it failed", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_MACHINE, KW_AT(ioctl_event_row, ret), result_code },
	{ "errno", "ERRNO", "Number of its error; 0: none", KW_DERIVED, KW_UNIT_NUMBER,
	  KW_SHOW_MACHINE, 0, 0, error_code },
	{ "total", "TOTAL", "Time in the kernel, and of KVM_RUN in the guest", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(ioctl_event_row, total), NULL },
	KW_PAD(ioctl_event_row, size),
	{ "arch", "ARCH", "Whose structures arguments point to: x86, arm64 or riscv", KW_KEY, KW_UNIT_WORD,
	  KW_SHOW_MACHINE, KW_AT(ioctl_event_row, arch), arch },
	{ "result", "RESULT", "What it returned: a number, a file descriptor, or an error", KW_DERIVED,
	  KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, result, 8 },
	{ "args", "ARGS", "What was asked for, and what came of it; missing where KVM's headers do not tell",
	  KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, args },
	KW_PAD(ioctl_event_row, word),
};

/*
 * kprobes first: there are kernels that never call what they accept here, see bpf/compat.bpf.h. A
 * kretprobe has room for few calls at once, which the vCPUs in KVM_RUN would use up: for them, fexit
 * comes first. Where those of VMs cannot be watched, none can.
 */
#define HOOKS(kind, function, whose, lost, end, second_end)                                          \
	{ .name = function " begins", .purpose = "ioctls of " whose, .without = lost,                \
	  .program = { "ioctl_" kind "_kprobe", "ioctl_" kind "_fentry" }, .counts = true },         \
	{ .name = function " ends", .purpose = "how long they take, and what they return",           \
	  .without = lost,                                                                           \
	  .program = { "ioctl_" kind end, "ioctl_" kind second_end }, .counts = true }

static const struct kw_hook_def hooks[] = {
	HOOKS("system", "kvm_dev_ioctl", "/dev/kvm", "those are not seen", "_kretprobe", "_fexit"),
	HOOKS("vm", "kvm_vm_ioctl", "VMs", NULL, "_kretprobe", "_fexit"),
	HOOKS("vcpu", "kvm_vcpu_ioctl", "vCPUs, KVM_RUN included", "those are not seen", "_fexit", "_kretprobe"),
	HOOKS("device", "kvm_device_ioctl", "devices in the kernel", "those are not seen", "_kretprobe", "_fexit"),
	{ .name = "sched_process_exit", .purpose = "end of a process that asked /dev/kvm",
	  .without = "its rows stay until the run ends", .program = { "ioctl_process_exit" } },
};

/* clang-format on */

const struct kw_schema ioctl_table = {
	.name = "ioctl",
	.help = "What the VMM asks of KVM: ioctls by file descriptor and request, their time and "
		"errors",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct ioctl_row),
	.sort = "total",
};

const struct kw_schema ioctl_event_table = {
	.name = "ioctl-event",
	.help = "One ioctl: what was asked for, what came of it, how long it took",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct ioctl_event_row),
	.sort = "total",
};

const struct kw_collector kw_collector_ioctl = {
	.name = "ioctl",
	.help = "What the VMM asks of KVM: ioctls on /dev/kvm, VMs, vCPUs and devices",
	.table = { &ioctl_table },
	.event = &ioctl_event_table,
	.hooks = 1 << KW_HOOK_DESTROY | 1 << KW_HOOK_END_OF_VM,
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = ioctl_configure,
	.open = ioctl_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = ioctl_decode,
};
