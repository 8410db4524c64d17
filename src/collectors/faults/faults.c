// SPDX-License-Identifier: Apache-2.0
/*
 * faults.c - the columns of the faults collector's tables, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../arch/names.h"
#include "../../core/hist.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "faults_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_word(char *dst, size_t size, const char *word)
{
	size_t n = strlen(dst);

	snprintf(dst + n, size - n, "%s%s", n ? " " : "", word);
}

/*
 * What the access was, as the isa defines the bits: with Intel's EPT a set user bit means a read,
 * as no bit at all does on newer kernels; but for known MMIO, whose misconfigurations have none.
 * With AMD's nested paging hardware walks as user, so that the bit is set in most faults. On arm64
 * it is set if nothing but the page's access flag was missing.
 */
static void name_access(uint8_t isa, uint8_t error, bool mmio, char *dst, size_t size)
{
	*dst = 0;
	if (isa == KW_ISA_VMX) {
		if (error & FAULTS_USER || !(mmio || error & (FAULTS_WRITE | FAULTS_FETCH)))
			add_word(dst, size, "read");
	} else if (!(error & (FAULTS_WRITE | FAULTS_FETCH))) {
		add_word(dst, size, "read");
	}
	if (error & FAULTS_WRITE)
		add_word(dst, size, "write");
	if (error & FAULTS_FETCH)
		add_word(dst, size, "exec");
	if (isa != KW_ISA_VMX && error & FAULTS_USER)
		add_word(dst, size, isa == KW_ISA_ARM64 ? "flag" : "user");
	if (!*dst)
		add_word(dst, size, "unknown");
}

static void how(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct faults_row *r = row;

	(void)vms;
	kw_value_text(value, value->buf);
	name_access(r->isa, r->access, r->result == FAULTS_MMIO, value->buf, sizeof(value->buf));
}

static void event_access(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct faults_event_row *r = row;

	(void)vms;
	kw_value_text(value, value->buf);
	name_access(r->isa, r->access, r->result == FAULTS_MMIO, value->buf, sizeof(value->buf));
}

/* riscv's faults do not tell whether there was a translation. */
static void present_value(uint8_t isa, uint64_t error, struct kw_value *value)
{
	if (isa != KW_ISA_RISCV)
		kw_value_text(value, error & FAULTS_PRESENT ? "yes" : "no");
}

static void present(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct faults_row *r = row;

	(void)vms;
	present_value(r->isa, r->access, value);
}

static void event_present(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct faults_event_row *r = row;

	(void)vms;
	present_value(r->isa, r->access, value);
}

static const char *result_name(uint8_t result)
{
	static const char *const names[FAULTS_RESULTS] = {
		[FAULTS_RETRY] = "retry", [FAULTS_MAPPED] = "mapped",
		[FAULTS_FAST] = "fast",	  [FAULTS_SPURIOUS] = "spurious",
		[FAULTS_MMIO] = "mmio",	  [FAULTS_EMULATE] = "emulate",
		[FAULTS_ERROR] = "error", [FAULTS_RELAXED] = "relaxed",
	};

	return result < FAULTS_RESULTS ? names[result] : NULL;
}

static void size_value(uint8_t size, struct kw_value *value)
{
	static const char *const levels[] = { NULL, "4K", "2M", "1G" };

	kw_value_text(value, size < ARRAY_SIZE(levels) ? levels[size] : NULL);
	if (size < 12 || size >= 40)
		return;
	snprintf(value->buf, sizeof(value->buf), "%u%c", 1u << size % 10, " KMG"[size / 10]);
	kw_value_text(value, value->buf);
}

static void result(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, result_name(((const struct faults_row *)row)->result));
}

static void size(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	size_value(((const struct faults_row *)row)->size, value);
}

static void event_result(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, result_name(((const struct faults_event_row *)row)->result));
}

static void event_size(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	size_value(((const struct faults_event_row *)row)->size, value);
}

static void isa(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, kw_isa_name(((const struct faults_row *)row)->isa));
}

/* KVM for PVM does not tell. */
static void event_timed(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct faults_event_row *)row)->isa == KW_ISA_USER)
		kw_value_missing(value);
}

static void event_isa(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, kw_isa_name(((const struct faults_event_row *)row)->isa));
}

static void memslot(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct faults_event_row *)row)->memslot < 0)
		kw_value_missing(value);
}

/* ~0: KVM came to no page. */
static void known(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (value->number == UINT64_MAX)
		kw_value_missing(value);
}

static void page(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct faults_page_row *)row)->page == FAULTS_MANY)
		kw_value_text(value, "other");
}

KW_TIMES_DECODERS(faults_row, count, total)

static void page_mean(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct faults_page_row *r = row;

	(void)vms;
	if (r->count)
		kw_value_number(value, r->total / r->count);
}

static void cause(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[FAULTS_CAUSES] = {
		[FAULTS_UNMAP] = "unmap",
		[FAULTS_CLEAR] = "clear",
		[FAULTS_PROTECT_VMA] = "protect-vma",
		[FAULTS_PROTECT_PAGE] = "protect-page",
		[FAULTS_SOFT_DIRTY] = "soft-dirty",
		[FAULTS_RELEASE] = "release",
		[FAULTS_MIGRATE] = "migrate",
		[FAULTS_EXCLUSIVE] = "exclusive",
		[FAULTS_UNKNOWN] = "unknown",
		[FAULTS_SPLIT] = "split-huge",
	};
	const struct faults_zap_row *r = row;

	(void)vms;
	kw_value_text(value, r->cause < FAULTS_CAUSES ? names[r->cause] : NULL);
}

static void actor(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[FAULTS_ACTORS] = {
		[FAULTS_BY_VCPU] = "vcpu",
		[FAULTS_BY_VMM] = "vmm",
		[FAULTS_BY_KHUGEPAGED] = "khugepaged",
		[FAULTS_BY_KSMD] = "ksmd",
		[FAULTS_BY_KSWAPD] = "kswapd",
		[FAULTS_BY_KCOMPACTD] = "kcompactd",
		[FAULTS_BY_KERNEL] = "kernel",
		[FAULTS_BY_OTHER] = "other",
	};
	const struct faults_zap_row *r = row;

	(void)vms;
	kw_value_text(value, r->actor < FAULTS_ACTORS ? names[r->actor] : NULL);
}

static void page_longest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct faults_page_row *r = row;

	(void)vms;
	kw_value_max(value, r->count, r->total);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "access", "ACCESS", "What the guest did, as the isa defines it (AMD: user is set in most "
	  "nested faults; arm64: flag: but for the access flag, it would not be a fault)", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(faults_row, access), how },
	{ "present", "P", "There was a translation, which forbade the access; missing where faults do not tell", KW_DERIVED,
	  KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, present },
	{ "result", "RESULT", "mapped, fast (without KVM's MMU lock), spurious (mapped already), mmio, "
	  "emulate, error, relaxed (it was mapped, and allows more now), or retry", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(faults_row, result), result },
	{ "size", "SIZE", "What was mapped: 4K, 2M, 1G, …", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(faults_row, size), size },
	{ "isa", "ISA", "Instruction set that defines the access", KW_KEY, KW_UNIT_WORD,
	  KW_SHOW_MACHINE, KW_AT(faults_row, isa), isa },
	{ "level", "L", "1: of the guest; 2: of a guest nested in it", KW_KEY, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(faults_row, level), NULL },
	{ "count", "COUNT", "Page faults", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(faults_row, count), NULL },
	{ "total", "TOTAL", "Time until KVM's fault handler returned", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(faults_row, total), NULL },
	{ "mean", "MEAN", "total / count", KW_DERIVED, KW_UNIT_NS, KW_SHOW_MACHINE, 0, 0, mean },
	{ "p50", "P50", "Half of the faults took at most this long (within 12.5 %)", KW_DERIVED,
	  KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, p50 },
	{ "p99", "P99", "99 % of the faults took at most this long (within 12.5 %)", KW_DERIVED,
	  KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, p99 },
	{ "max", "MAX", "Longest fault", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(faults_row, max), longest },
	{ "hist", "HIST", "Log-linear histogram of the times, as pairs [from_ns, count]",
	  KW_HISTOGRAM, KW_UNIT_NUMBER, KW_SHOW_ASKED, KW_AT(faults_row, hist), NULL },
};

static const struct kw_column page_columns[] = {
	{ "page", "PAGE", "Guest-physical address of the page; other: beyond the table's size",
	  KW_KEY, KW_UNIT_HEX, KW_SHOW_TABLE, KW_AT(faults_page_row, page), page },
	{ "count", "COUNT", "Page faults", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(faults_page_row, count), NULL },
	{ "total", "TOTAL", "Time until KVM's fault handler returned", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(faults_page_row, total), NULL },
	{ "mean", "MEAN", "total / count", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, page_mean },
	{ "max", "MAX", "Longest fault", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(faults_page_row, max), page_longest },
};

static const struct kw_column zap_columns[] = {
	{ "cause", "CAUSE", "What the host did to the VM's memory (event of the MMU notifier), or "
	  "split-huge: KVM split a huge page", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(faults_zap_row, cause), cause },
	{ "by", "BY", "Who: a vCPU's thread, the VMM, khugepaged, ksmd, kswapd, kcompactd, another "
	  "kernel thread, another process", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(faults_zap_row, actor), actor },
	{ "count", "COUNT", "Ranges, or huge pages split", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(faults_zap_row, count), NULL },
	{ "pages", "PAGES", "Pages of the host in the VMM's address ranges", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(faults_zap_row, pages), NULL },
	{ "guest_pages", "GUEST", "… of them, pages of the guest's memory, which it may fault on again",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(faults_zap_row, guest), NULL },
	{ "total", "TOTAL", "Time in KVM", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(faults_zap_row, total), NULL },
};

static const struct kw_column event_columns[] = {
	{ "gpa", "GPA", "Guest-physical address", KW_KEY, KW_UNIT_HEX, KW_SHOW_TABLE,
	  KW_AT(faults_event_row, gpa), NULL, 12 },
	{ "hva", "HVA", "Address of the page in the VMM", KW_COUNTER, KW_UNIT_HEX, KW_SHOW_TABLE,
	  KW_AT(faults_event_row, hva), known, 14 },
	{ "pfn", "PFN", "Host page frame", KW_COUNTER, KW_UNIT_HEX, KW_SHOW_TABLE,
	  KW_AT(faults_event_row, pfn), known, 9 },
	{ "memslot", "SLOT", "Memory slot", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(faults_event_row, memslot), memslot },
	{ "access", "ACCESS", "What the guest did, as the isa defines it", KW_DERIVED, KW_UNIT_WORD,
	  KW_SHOW_TABLE, 0, 0, event_access, 10 },
	{ "present", "P", "There was a translation, which forbade the access; missing where faults do not tell", KW_DERIVED,
	  KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, event_present, 3 },
	{ "error", "ERROR", "Error code; arm64: syndrome", KW_COUNTER, KW_UNIT_HEX, KW_SHOW_MACHINE,
	  KW_AT(faults_event_row, error), NULL },
	{ "isa", "ISA", "Instruction set that defines the error code", KW_KEY, KW_UNIT_WORD,
	  KW_SHOW_MACHINE, KW_AT(faults_event_row, isa), event_isa },
	{ "result", "RESULT", "What came of it", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(faults_event_row, result), event_result, 8 },
	{ "size", "SIZE", "What was mapped", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(faults_event_row, size), event_size },
	KW_PAD(faults_event_row, access),
	{ "total", "TIME", "Time until KVM's fault handler returned", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(faults_event_row, total), event_timed },
};

static const struct kw_hook_def hooks[] = {
	{ .name = "fast_page_fault", .purpose = "faults repaired without KVM's MMU lock",
	  .without = "those show as retry or mapped", .program = { "faults_fast", "faults_fast_old", "faults_fast_raw" } },
	{ .name = "kvm_mmu_spte_requested", .purpose = "which page is mapped, and how large",
	  .without = "sizes, memory slots and host pages are not known",
	  .program = { "faults_requested", "faults_requested_old", "faults_requested_raw" } },
	{ .name = "second stage is mapped", .purpose = "which page is mapped",
	  .without = "mapped pages show as retry",
	  .program = { "faults_gstage_fexit", "faults_mmu_map_fexit" } },
	{ .name = "kvm_riscv_vcpu_mmio_store", .purpose = "which faults are a device's",
	  .without = "those show as retry", .program = { "faults_store" } },
	{ .name = "kvm_riscv_vcpu_mmio_load", .purpose = "which faults are a device's",
	  .without = "those show as retry", .program = { "faults_load" } },
	{ .name = "kvm_mmio", .purpose = "which faults are a device's",
	  .without = "those show as retry", .program = { "faults_mmio", "faults_mmio_raw" } },
	{ .name = "kvm_pgtable_stage2_map begins", .purpose = "which page is mapped, and how large",
	  .without = "mapped pages show as retry, and sizes are not known",
	  .program = { "faults_map_fentry", "faults_map_kprobe" } },
	{ .name = "kvm_pgtable_stage2_map ends", .purpose = "whether it could be mapped",
	  .without = "spurious faults show as mapped",
	  .program = { "faults_map_fexit", "faults_map_kretprobe" } },
	{ .name = "kvm_pgtable_stage2_relax_perms", .purpose = "which page allows more",
	  .without = "those show as retry", .program = { "faults_relax_fentry", "faults_relax_kprobe" } },
	{ .name = "kvm_access_fault", .purpose = "which page has got its access flag",
	  .without = "those show as retry", .program = { "faults_flag", "faults_flag_raw" } },
	{ .name = "kvm_handle_guest_abort", .purpose = "end of a fault",
	  .without = "a fault's time ends with its exit",
	  .program = { "faults_abort_fexit", "faults_abort_kretprobe" } },
	{ .name = "mark_mmio_spte", .purpose = "first faults of an MMIO page",
	  .without = "those show as emulate", .program = { "faults_mmio_new", "faults_mmio_new_raw" } },
	{ .name = "kvm_tdp_page_fault", .purpose = "what KVM's handler returned",
	  .without = "spurious, emulated and retried faults show as mapped or retry",
	  .program = { "faults_ret_fexit", "faults_ret_kretprobe" }, .untold = KW_UNTOLD },
	{ .name = "kvm_mmu_page_fault", .purpose = "end of a fault",
	  .without = "a fault's time ends with its exit",
	  .program = { "faults_end_fexit", "faults_end_kretprobe" } },
	{ .name = "MMU notifier begins", .purpose = "what the host takes from the VM, and why",
	  .without = "invalidations are not seen",
	  .program = { "faults_inv_fentry", "faults_inv_kprobe" }, .counts = true,
	  .lost = "faults-zaps" },
	{ .name = "MMU notifier ends", .purpose = "how long that takes",
	  .without = "invalidations are not seen",
	  .program = { "faults_inv_fexit", "faults_inv_kretprobe" }, .counts = true,
	  .lost = "faults-zaps" },
	{ .name = "kvm_unmap_gfn_range", .purpose = "how much of that is the guest's memory",
	  .without = "the guest's pages among them are not counted",
	  .program = { "faults_unmap_fentry", "faults_unmap_kprobe" }, .counts = true,
	  .lost = "faults-zaps.guest_pages" },
	{ .name = "kvm_mmu_split_huge_page", .purpose = "huge pages that KVM splits",
	  .without = "huge-page splits are not seen", .program = { "faults_split", "faults_split_raw" },
	  .counts = true },
	{ .name = "split by the VMM begins", .purpose = "which VM's huge pages are split",
	  .without = "splits by the VMM are not seen",
	  .program = { "faults_split_fentry", "faults_split_kprobe" }, .counts = true },
	{ .name = "split by the VMM ends", .purpose = "how long that takes",
	  .without = "splits by the VMM have no time",
	  .program = { "faults_split_fexit", "faults_split_kretprobe" } },
};

/* clang-format on */

const struct kw_schema faults_table = {
	.name = "faults",
	.help = "Page faults (EPT, NPT, stage 2, shadow) by access, result and page size",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct faults_row),
	.hist = { KW_TIMES_MIN_LOG2, KW_TIMES_SUB_LOG2, KW_TIMES_BUCKETS },
	.hist_offset = offsetof(struct faults_row, hist),
	.sort = "total",
};

const struct kw_schema faults_page_table = {
	.name = "faults-pages",
	.help = "Pages with the most faults",
	.columns = page_columns,
	.n_columns = ARRAY_SIZE(page_columns),
	.row_size = sizeof(struct faults_page_row),
	.sort = "count",
};

const struct kw_schema faults_zap_table = {
	.name = "faults-zaps",
	.help = "What the host takes out of the VM's page tables, and on whose behalf",
	.columns = zap_columns,
	.n_columns = ARRAY_SIZE(zap_columns),
	.row_size = sizeof(struct faults_zap_row),
	.sort = "total",
};

const struct kw_schema faults_event_table = {
	.name = "faults-event",
	.help = "One page fault: where, why, what came of it, how long it took",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct faults_event_row),
	.sort = "total",
};

const struct kw_collector kw_collector_faults = {
	.name = "faults",
	.help = "Page faults of guests (EPT, NPT, stage 2, shadow), and what the host takes from "
		"them",
	.table = { &faults_table, &faults_page_table, &faults_zap_table },
	.event = &faults_event_table,
	.hooks = KW_HOOKS_OF_EXITS | 1 << KW_HOOK_FAULT | 1 << KW_HOOK_END_OF_VM,
	.of_exits = "faults.total faults.mean faults.p50 faults.p99 faults.max faults.hist "
		    "faults-pages.total faults-pages.mean faults-pages.max",
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = faults_configure,
	.open = faults_open,
	.close = kw_tables_close,
	.refresh = kw_tables_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = faults_decode,
};
