// SPDX-License-Identifier: Apache-2.0
/*
 * dirty.c - the columns of the dirty collector's tables, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "dirty_rows.h"

#include <string.h>

/* The upper half is the address space: 1 is that of system management mode. */
static void memslot_value(uint32_t memslot, struct kw_value *value)
{
	if (memslot == DIRTY_ANY_SLOT)
		kw_value_missing(value);
	else
		kw_value_number(value, memslot & 0xffff);
}

static void memslot(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	memslot_value(((const struct dirty_row *)row)->memslot, value);
}

static void page_memslot(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	memslot_value(((const struct dirty_page_row *)row)->memslot, value);
}

static void event_memslot(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	memslot_value(((const struct dirty_event_row *)row)->memslot, value);
}

static void space_value(uint32_t memslot, struct kw_value *value)
{
	if (memslot != DIRTY_ANY_SLOT)
		kw_value_number(value, memslot >> 16);
}

static void space(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	space_value(((const struct dirty_row *)row)->memslot, value);
}

static void page_space(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	space_value(((const struct dirty_page_row *)row)->memslot, value);
}

static void event_space(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	space_value(((const struct dirty_event_row *)row)->memslot, value);
}

/* Of several slots, none is the size. */
static void slot_size(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct dirty_row *)row)->memslot == DIRTY_ANY_SLOT)
		kw_value_missing(value);
}

static void per_second(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct dirty_row *r = row;

	(void)vms;
	if (r->head.span_ns)
		kw_value_number(
			value, (uint64_t)((__uint128_t)r->distinct * 1000000000 / r->head.span_ns));
}

static void gfn(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (value->number == DIRTY_MANY)
		kw_value_text(value, "other");
}

static void what(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[DIRTY_WHATS] = {
		[DIRTY_PML_FULL] = "pml-full",	       [DIRTY_RING_PUSH] = "ring-push",
		[DIRTY_RING_FULL] = "ring-full",       [DIRTY_RING_RESET] = "KVM_RESET_DIRTY_RINGS",
		[DIRTY_GET_LOG] = "KVM_GET_DIRTY_LOG", [DIRTY_CLEAR_LOG] = "KVM_CLEAR_DIRTY_LOG",
	};
	const struct dirty_log_row *r = row;

	(void)vms;
	kw_value_text(value, r->what < DIRTY_WHATS ? names[r->what] : NULL);
}

/* Exits and pushes are moments; what a full ring costs is in the exits' times. */
static void timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct dirty_log_row *)row)->what < DIRTY_RING_RESET)
		kw_value_missing(value);
}

static void writer(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct dirty_event_row *r = row;

	(void)vms;
	memcpy(value->buf, r->comm, sizeof(r->comm));
	value->buf[sizeof(r->comm)] = 0;
	kw_value_text(value, value->buf);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "memslot", "SLOT", "Memory slot; missing: those beyond the table's size", KW_KEY, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(dirty_row, memslot), memslot },
	{ "address_space", "AS", "Address space of the slot; 1: system management mode", KW_DERIVED,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, 0, 0, space },
	KW_PAD(dirty_row, pad),
	{ "distinct", "PAGES", "Pages made dirty, each counted once per interval, for whoever was first; "
	  "a summary adds up its intervals", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(dirty_row, distinct), NULL },
	{ "per_second", "PAGES/S", "distinct / interval", KW_DERIVED, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  0, 0, per_second },
	{ "marks", "MARKS", "Times that KVM marked a page of the slot as dirty", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(dirty_row, count), NULL },
	{ "stalls", "STALLS", "Exits because of a write to a page that logging protects (riscv: or that was "
	  "not mapped yet)", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(dirty_row, stalls), NULL },
	{ "stalled", "STALLED", "Time from those exits to the next entry", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(dirty_row, stalled), NULL },
	{ "npages", "SIZE", "Pages of the slot", KW_GAUGE, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(dirty_row, npages), slot_size },
};

static const struct kw_column page_columns[] = {
	{ "gfn", "GFN", "Guest page frame; other: beyond the table's size", KW_KEY, KW_UNIT_HEX,
	  KW_SHOW_TABLE, KW_AT(dirty_page_row, gfn), gfn },
	{ "rel_gfn", "REL_GFN", "The same, within its memory slot", KW_GAUGE, KW_UNIT_HEX,
	  KW_SHOW_TABLE, KW_AT(dirty_page_row, rel_gfn), gfn },
	{ "memslot", "SLOT_ID", "Memory slot", KW_KEY, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(dirty_page_row, memslot), page_memslot },
	{ "address_space", "AS", "Address space of the slot; 1: system management mode", KW_DERIVED,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, 0, 0, page_space },
	KW_PAD(dirty_page_row, pad),
	{ "count", "COUNTS", "Times that it was marked as dirty", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(dirty_page_row, count), NULL },
};

static const struct kw_column log_columns[] = {
	{ "what", "WHAT", "pml-full: exits because the page-modification log was full; ring-push: pages "
	  "put into a dirty ring; ring-full: exits because it was full; and ioctls of the VMM", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(dirty_log_row, what), what },
	KW_PAD(dirty_log_row, pad),
	{ "count", "COUNT", "How often", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(dirty_log_row, count), NULL },
	{ "total", "TOTAL", "Time in the ioctl", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(dirty_log_row, total), timed },
};

static const struct kw_column event_columns[] = {
	{ "gfn", "GFN", "Guest page frame", KW_KEY, KW_UNIT_HEX, KW_SHOW_TABLE,
	  KW_AT(dirty_event_row, gfn), NULL, 9 },
	{ "rel_gfn", "REL_GFN", "The same, within its memory slot", KW_KEY, KW_UNIT_HEX,
	  KW_SHOW_TABLE, KW_AT(dirty_event_row, rel_gfn), NULL, 9 },
	{ "memslot", "SLOT_ID", "Memory slot", KW_KEY, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(dirty_event_row, memslot), event_memslot },
	{ "address_space", "AS", "Address space of the slot; 1: system management mode", KW_DERIVED,
	  KW_UNIT_NUMBER, KW_SHOW_MACHINE, 0, 0, event_space },
	KW_PAD(dirty_event_row, pad),
	{ "npages", "NPAGES", "Pages of the slot", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(dirty_event_row, npages), NULL },
	{ "hva", "HVA", "Address of the page in the VMM", KW_COUNTER, KW_UNIT_HEX, KW_SHOW_TABLE,
	  KW_AT(dirty_event_row, hva), NULL, 14 },
	{ "comm", "WRITER", "Name of the thread that wrote; without a vCPU, one of the VMM's",
	  KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, writer, 15 },
	KW_PAD(dirty_event_row, comm),
};

static const struct kw_hook_def hooks[] = {
	{ .name = "mark_page_dirty_in_slot", .purpose = "each page that is marked as dirty",
	  .program = { "dirty_mark_fentry", "dirty_mark_kprobe" }, .counts = true,
	  .args = 3, /* see bpf/compat.bpf.h */
	  .old = "before 5.11, compilers put it into its callers" },
	{ .name = "kvm_pml_full", .purpose = "exits because the page-modification log was full",
	  .without = "those are not seen", .program = { "dirty_pml_full", "dirty_pml_full_raw" }, .counts = true },
	{ .name = "kvm_dirty_ring_push", .purpose = "pages put into dirty rings",
	  .without = "those are not seen", .program = { "dirty_ring_push", "dirty_ring_push_raw" }, .counts = true },
	{ .name = "kvm_dirty_ring_exit", .purpose = "exits because a dirty ring was full",
	  .without = "those are not seen", .program = { "dirty_ring_exit", "dirty_ring_exit_raw" }, .counts = true },
	/* kprobes first: see bpf/compat.bpf.h */
	{ .name = "dirty-log ioctl begins", .purpose = "KVM_GET_DIRTY_LOG and its like",
	  .without = "those are not seen",
	  .program = { "dirty_ioctl_kprobe", "dirty_ioctl_fentry" }, .counts = true },
	{ .name = "dirty-log ioctl ends", .purpose = "how long they take",
	  .without = "those are not seen",
	  .program = { "dirty_ioctl_kretprobe", "dirty_ioctl_fexit" }, .counts = true },
};

/* clang-format on */

const struct kw_schema dirty_table = {
	.name = "dirty",
	.help = "Pages made dirty while they are logged, by memory slot, and what that costs the "
		"guest",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct dirty_row),
	.sort = "distinct",
};

const struct kw_schema dirty_page_table = {
	.name = "dirty-pages",
	.help = "Pages that were marked as dirty most often",
	.columns = page_columns,
	.n_columns = ARRAY_SIZE(page_columns),
	.row_size = sizeof(struct dirty_page_row),
	.sort = "count",
};

const struct kw_schema dirty_log_table = {
	.name = "dirty-log",
	.help = "What collecting the dirty pages takes: log, rings, ioctls",
	.columns = log_columns,
	.n_columns = ARRAY_SIZE(log_columns),
	.row_size = sizeof(struct dirty_log_row),
	.sort = "count",
};

const struct kw_schema dirty_event_table = {
	.name = "dirty-event",
	.help = "One page marked as dirty: which, and who wrote to it",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct dirty_event_row),
	.sort = "gfn",
};

const struct kw_collector kw_collector_dirty = {
	.name = "dirty",
	.help = "Dirty pages (seen only while memory is logged: migration, snapshots, VGA)",
	.table = { &dirty_table, &dirty_page_table, &dirty_log_table },
	.event = &dirty_event_table,
	.hooks = KW_HOOKS_OF_EXITS | 1 << KW_HOOK_FAULT | 1 << KW_HOOK_END_OF_VM,
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = dirty_configure,
	.open = dirty_open,
	.close = kw_tables_close,
	.refresh = dirty_refresh,
	.read = kw_tables_read,
	.forget = dirty_forget,
	.decode = dirty_decode,
};
