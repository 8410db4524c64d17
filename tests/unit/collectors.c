// SPDX-License-Identifier: Apache-2.0
/*
 * collectors.c - tests what collectors declare: their tables, and what the cells of rows are; and
 * which tables a run wants.
 * May not know about: BPF, sinks, sources. exits has tests of its own (schema.c).
 * To extend: a meaning of a column is an assert_text, assert_number or assert_missing.
 */
#include "cells.h"

#include "collectors/dirty/dirty_rows.h"
#include "collectors/faults/faults_rows.h"
#include "collectors/io/io_rows.h"
#include "collectors/load/load_rows.h"
#include "collectors/mmio/mmio_rows.h"
#include "collectors/nested/nested_rows.h"
#include "collectors/timer/timer_rows.h"
#include "core/hist.h"
#include "core/source.h"

/* ---- tables ----------------------------------------------------------------------------------*/

static void for_every_table(void (*fn)(const struct kw_schema *t))
{
	const struct kw_collector *c;

	for (size_t i = 0; (c = kw_collector(i)); i++) {
		for (int t = 0; t < KW_TABLES && c->table[t]; t++)
			fn(c->table[t]);
		if (c->event)
			fn(c->event);
	}
}

static void check_table(const struct kw_schema *t)
{
	const char *wrong = kw_schema_check(t);

	if (wrong)
		fail_msg("%s", wrong);
}

static void every_table_is_right(void **state)
{
	(void)state;
	for_every_table(check_table);
}

static const struct kw_schema *seen[64];
static size_t n_seen;

static void check_name(const struct kw_schema *t)
{
	for (size_t i = 0; i < n_seen; i++)
		if (!strcmp(seen[i]->name, t->name))
			fail_msg("two tables are called %s", t->name);
	assert_true(n_seen < ARRAY_SIZE(seen));
	seen[n_seen++] = t;
}

static void every_table_has_its_own_name(void **state)
{
	(void)state;
	n_seen = 0;
	for_every_table(check_name);
}

static void check_histogram(const struct kw_schema *t)
{
	const struct kw_column *c, *hist = NULL;

	for (size_t i = 0; (c = kw_schema_column(t, i)); i++)
		hist = c->role == KW_HISTOGRAM ? c : hist;
	assert_int_equal(hist != NULL, t->hist.buckets != 0);
	if (!hist)
		return;
	assert_int_equal(hist->offset, t->hist_offset);
	assert_int_equal(hist->size, t->hist.buckets * sizeof(uint64_t));
}

static void histograms_are_where_they_are_said_to_be(void **state)
{
	(void)state;
	for_every_table(check_histogram);
}

static void check_counters(const struct kw_schema *t)
{
	const struct kw_column *c;

	for (size_t i = 0; (c = kw_schema_column(t, i)); i++)
		if (c->role == KW_COUNTER)
			return;
	fail_msg("%s counts nothing, so that no row of it would ever be shown", t->name);
}

static void rows_count_something(void **state)
{
	const struct kw_collector *c;

	(void)state;
	for (size_t i = 0; (c = kw_collector(i)); i++)
		for (int t = 0; t < KW_TABLES && c->table[t]; t++)
			check_counters(c->table[t]);
}

static void collectors_are_found(void **state)
{
	static const char *const names[] = { "exits", "time",	   "io",    "mmio", "faults",
					     "dirty", "nested",	   "halt",  "irq",  "load",
					     "timer", "hypercall", "ioctl", "cost" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct kw_collector *c = kw_collector_find(names[i]);

		assert_non_null(c);
		assert_ptr_equal(c, kw_collector(i));
		assert_string_equal(c->name, names[i]);
		assert_string_equal(c->table[0]->name, names[i]);
	}
	assert_null(kw_collector(ARRAY_SIZE(names)));
	assert_null(kw_collector_find("exit"));
	assert_null(kw_collector_find("faults-pages")); /* a table is no collector */
	assert_null(kw_collector_find(""));
}

/* ---- what a run wants ------------------------------------------------------------------------*/

static void wants_hold_tables_in_order(void **state)
{
	struct kw_wants wants = {};

	(void)state;
	kw_wants_add(&wants, kw_collector_find("faults"));
	assert_int_equal(wants.n, 1);
	assert_int_equal(wants.n_tables, 3);
	assert_int_equal(wants.first[0], 0);
	kw_wants_add(&wants, kw_collector_find("io"));
	kw_wants_add(&wants, kw_collector_find("dirty"));
	assert_int_equal(wants.n, 3);
	assert_int_equal(wants.n_tables, 7);
	assert_int_equal(wants.first[1], 3);
	assert_int_equal(wants.first[2], 4);
	assert_ptr_equal(wants.collector[1], kw_collector_find("io"));
	assert_ptr_equal(wants.table[0], &faults_table);
	assert_ptr_equal(wants.table[1], &faults_page_table);
	assert_ptr_equal(wants.table[2], &faults_zap_table);
	assert_ptr_equal(wants.table[3], &io_table);
	assert_ptr_equal(wants.table[4], &dirty_table);
	assert_ptr_equal(wants.table[5], &dirty_page_table);
	assert_ptr_equal(wants.table[6], &dirty_log_table);
	assert_null(wants.table[7]);
}

static void wants_hold_every_collector(void **state)
{
	const struct kw_collector *c;
	struct kw_wants wants = {};
	size_t tables = 0;

	(void)state;
	for (size_t i = 0; (c = kw_collector(i)); i++) {
		assert_true(wants.n < ARRAY_SIZE(wants.collector));
		kw_wants_add(&wants, c);
		assert_ptr_equal(wants.table[wants.first[i]], c->table[0]);
		for (int t = 0; t < KW_TABLES && c->table[t]; t++)
			assert_ptr_equal(wants.table[tables++], c->table[t]);
	}
	assert_int_equal(wants.n_tables, tables);
	assert_true(wants.n_tables <= ARRAY_SIZE(wants.table));
}

/* ---- cells -----------------------------------------------------------------------------------*/

static void io_details(void **state)
{
	static const struct {
		uint16_t what;
		uint64_t detail;
		const char *what_text, *text;
	} examples[] = {
		{ IO_PORT_IN, 0x3f8, "in", "0x3f8" },
		{ IO_PORT_OUT, 0, "out", "0x0" },
		{ IO_PORT_OUT, 0x10, "out", "0x10" }, /* the number of an MSR, but it is none */
		{ IO_MSR_READ, 0x10, "rdmsr", "0x10 TSC" },
		{ IO_MSR_WRITE, 0x140, "wrmsr", "0x140 MISC_FEATURES_ENABLES" },
		{ IO_MSR_WRITE, 0xdead, "wrmsr", "0xdead" },
		{ IO_CPUID, 0x40000000, "cpuid", "0x40000000" },
		{ IO_CR_READ, 3, "cr-read", "CR3" },
		{ IO_CR_WRITE, 8, "cr-write", "CR8" },
		{ IO_MMIO_READ, 0xfee00000, "mmio-read", "0xfee00000" },
		{ IO_MMIO_WRITE, 0xffffffffff000, "mmio-write", "0xffffffffff000" },
		{ IO_USER, 2, "to-user", "IO" },
		{ IO_USER, 31, "to-user", "DIRTY_RING_FULL" },
		{ IO_USER, 999, "to-user", "UNKNOWN(999)" },
		{ IO_USER, KW_USER_ERRNO | 14, "to-user", "ERROR(14)" },
		{ IO_PORT_IN, IO_MANY, "in", "other" },
		{ IO_USER, IO_MANY, "to-user", "other" },
		{ IO_CR_READ, IO_MANY, "cr-read", "other" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct io_row row = { .what = examples[i].what, .detail = examples[i].detail };

		assert_text(&io_table, "what", &row, examples[i].what_text);
		assert_text(&io_table, "detail", &row, examples[i].text);
		if (row.detail == IO_MANY || row.detail == (KW_USER_ERRNO | 14))
			assert_missing(&io_table, "detail_code", &row);
		else
			assert_number(&io_table, "detail_code", &row, row.detail);
	}
	assert_missing(&io_table, "what", &(struct io_row){ .what = IO_WHATS });
	assert_missing(&io_table, "what", &(struct io_row){ .what = UINT16_MAX });
}

static void io_places(void **state)
{
	struct io_row row = { .rip = 0xffffffff81000000, .level = 2 };

	(void)state;
	assert_text(&io_table, "rip", &row, "0xffffffff81000000");
	assert_number(&io_table, "level", &row, 2);
	row.rip = IO_MANY;
	assert_text(&io_table, "rip", &row, "several");
	row.rip = row.level = 0;
	assert_missing(&io_table, "rip", &row);
	assert_missing(&io_table, "level", &row);
}

static void io_times(void **state)
{
	struct io_row row = { .count = 9, .exits = 4, .total = 4000, .max = 2500 };
	struct io_event_row event = { .data = UINT64_MAX };

	(void)state;
	assert_number(&io_table, "mean", &row, 1000); /* of exits, not of accesses */
	assert_number(&io_table, "vmm", &row, 0);
	row.exits = 0;
	assert_number(&io_table, "count", &row, 9);
	for (size_t i = 0; i < 5; i++)
		assert_missing(&io_table,
			       (const char *[]){ "total", "kernel", "vmm", "mean", "max" }[i],
			       &row);
	assert_text(&io_event_table, "data", &event, "0xffffffffffffffff");
	assert_missing(&io_event_table, "total", &event);
	assert_missing(&io_event_table, "vmm", &event);
	event.total = 1;
	assert_number(&io_event_table, "vmm", &event, 0);
}

static void mmio_cells(void **state)
{
	struct mmio_row row = { .page = 0xfee00000, .by = MMIO_IOEVENTFD, .write = 1, .count = 2 };
	struct mmio_event_row event = { .gpa = 0, .data = 7 };

	(void)state;
	assert_text(&mmio_table, "page", &row, "0xfee00000");
	assert_text(&mmio_table, "access", &row, "write");
	assert_text(&mmio_table, "by", &row, "ioeventfd");
	assert_missing(&mmio_table, "total", &row);
	assert_missing(&mmio_table, "mean", &row);
	row = (struct mmio_row){ .page = MMIO_MANY, .by = MMIO_BYS, .exits = 3, .total = 10 };
	assert_text(&mmio_table, "page", &row, "other");
	assert_text(&mmio_table, "access", &row, "read");
	assert_missing(&mmio_table, "by", &row);
	assert_number(&mmio_table, "mean", &row, 3);
	assert_text(&mmio_event_table, "gpa", &event, "0x0");
	assert_missing(&mmio_event_table, "size", &event); /* fast MMIO */
	assert_missing(&mmio_event_table, "data", &event);
	assert_missing(&mmio_event_table, "total", &event);
	event.size = 8;
	assert_text(&mmio_event_table, "data", &event, "0x7");
}

/* The user bit is a read on Intel's EPT, and is no more than said to be user elsewhere. */
static void fault_accesses(void **state)
{
	static const struct {
		uint8_t isa, error;
		const char *text, *present;
	} examples[] = {
		{ KW_ISA_SVM, 0x00, "read", "no" },
		{ KW_ISA_SVM, 0x04, "read user", "no" },
		{ KW_ISA_SVM, 0x07, "write user", "yes" },
		{ KW_ISA_SVM, 0x10, "exec", "no" },
		{ KW_ISA_SVM, 0x17, "write exec user", "yes" },
		{ KW_ISA_NONE, 0x05, "read user", "yes" },
		{ KW_ISA_VMX, 0x00, "read", "no" },
		{ KW_ISA_VMX, 0x01, "read", "yes" },
		{ KW_ISA_VMX, 0x04, "read", "no" },
		{ KW_ISA_VMX, 0x02, "write", "no" },
		{ KW_ISA_VMX, 0x10, "exec", "no" },
		{ KW_ISA_VMX, 0x17, "read write exec", "yes" },
		{ KW_ISA_ARM64, 0x00, "read", "no" },
		{ KW_ISA_ARM64, 0x03, "write", "yes" },
		{ KW_ISA_ARM64, 0x15, "exec flag", "yes" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct faults_row row = { .isa = examples[i].isa, .access = examples[i].error };
		struct faults_event_row event = { .isa = examples[i].isa,
						  .access = examples[i].error };

		assert_text(&faults_table, "access", &row, examples[i].text);
		assert_text(&faults_table, "present", &row, examples[i].present);
		assert_text(&faults_event_table, "access", &event, examples[i].text);
		assert_text(&faults_event_table, "present", &event, examples[i].present);
	}
	/* but of known MMIO Intel's processors tell nothing */
	assert_text(&faults_table, "access",
		    &(struct faults_row){ .isa = KW_ISA_VMX, .result = FAULTS_MMIO }, "unknown");
	assert_text(&faults_event_table, "access",
		    &(struct faults_event_row){ .isa = KW_ISA_VMX, .result = FAULTS_MMIO },
		    "unknown");
}

static void fault_words(void **state)
{
	static const char *const results[] = { "retry", "mapped",  "fast",  "spurious",
					       "mmio",	"emulate", "error", "relaxed" };
	static const char *const sizes[] = { NULL, "4K", "2M", "1G" };

	(void)state;
	assert_int_equal(ARRAY_SIZE(results), FAULTS_RESULTS);
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		assert_text(&faults_table, "result", &(struct faults_row){ .result = i },
			    results[i]);
	for (size_t i = 1; i < ARRAY_SIZE(sizes); i++)
		assert_text(&faults_event_table, "size", &(struct faults_event_row){ .size = i },
			    sizes[i]);
	assert_missing(&faults_table, "size", &(struct faults_row){ .size = 0 });
	assert_missing(&faults_table, "size", &(struct faults_row){ .size = 4 });
	assert_text(&faults_table, "size", &(struct faults_row){ .size = 12 }, "4K");
	assert_text(&faults_table, "size", &(struct faults_row){ .size = 14 }, "16K");
	assert_text(&faults_table, "size", &(struct faults_row){ .size = 25 }, "32M");
	assert_missing(&faults_table, "result", &(struct faults_row){ .result = FAULTS_RESULTS });
}

static void fault_times(void **state)
{
	struct faults_row row = { .count = 4, .total = 5200, .max = 2200 };

	(void)state;
	assert_missing(&faults_table, "p50", &row);
	row.hist[16] = 3; /* from 1024 */
	row.hist[20] = 1; /* from 2048 */
	assert_number(&faults_table, "mean", &row, 1300);
	assert_number(&faults_table, "p50", &row, 1152);
	assert_number(&faults_table, "p99", &row, 2200);
	assert_missing(&faults_table, "mean", &(struct faults_row){});
}

static void fault_places(void **state)
{
	struct faults_event_row event = { .memslot = -1, .hva = ~0ULL, .pfn = ~0ULL };

	(void)state;
	assert_missing(&faults_event_table, "memslot", &event);
	assert_missing(&faults_event_table, "hva", &event);
	assert_missing(&faults_event_table, "pfn", &event);
	event = (struct faults_event_row){ .pfn = 1 };
	assert_number(&faults_event_table, "memslot", &event, 0);
	assert_text(&faults_event_table, "hva", &event, "0x0");
	assert_text(&faults_event_table, "pfn", &event, "0x1");
	assert_text(&faults_page_table, "page", &(struct faults_page_row){ .page = 0x7000 },
		    "0x7000");
	assert_text(&faults_page_table, "page", &(struct faults_page_row){ .page = FAULTS_MANY },
		    "other");
}

/* Every cause and actor has a word of its own; one that came later has none yet. */
static void zaps_have_words(void **state)
{
	char words[FAULTS_CAUSES + FAULTS_ACTORS][48];

	(void)state;
	for (uint32_t i = 0; i < FAULTS_CAUSES; i++) {
		struct kw_value value =
			cell(&faults_zap_table, "cause", &(struct faults_zap_row){ .cause = i });

		assert_int_equal(value.kind, KW_TEXT);
		strcpy(words[i], value.buf);
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(words[i], words[k]);
	}
	for (uint32_t i = 0; i < FAULTS_ACTORS; i++) {
		struct kw_value value =
			cell(&faults_zap_table, "by", &(struct faults_zap_row){ .actor = i });

		assert_int_equal(value.kind, KW_TEXT);
		strcpy(words[i], value.buf);
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(words[i], words[k]);
	}
	assert_missing(&faults_zap_table, "cause",
		       &(struct faults_zap_row){ .cause = FAULTS_CAUSES });
	assert_missing(&faults_zap_table, "by", &(struct faults_zap_row){ .actor = FAULTS_ACTORS });
}

static void dirty_slots(void **state)
{
	struct dirty_row row = { .memslot = 1u << 16 | 509 };
	struct dirty_page_row page = { .gfn = 0xa0, .memslot = row.memslot };

	(void)state;
	assert_number(&dirty_table, "memslot", &row, 509);
	assert_number(&dirty_table, "address_space", &row, 1);
	assert_number(&dirty_page_table, "memslot", &page, 509);
	assert_number(&dirty_page_table, "address_space", &page, 1);
	assert_text(&dirty_page_table, "gfn", &page, "0xa0");
	row.memslot = 3;
	assert_number(&dirty_table, "memslot", &row, 3);
	assert_number(&dirty_table, "address_space", &row, 0);
	row.memslot = page.memslot = DIRTY_ANY_SLOT;
	page.gfn = page.rel_gfn = DIRTY_MANY;
	assert_missing(&dirty_table, "memslot", &row);
	assert_missing(&dirty_table, "npages", &row);
	assert_missing(&dirty_table, "address_space", &row);
	assert_missing(&dirty_page_table, "memslot", &page);
	assert_missing(&dirty_page_table, "address_space", &page);
	assert_text(&dirty_page_table, "gfn", &page, "other");
	assert_text(&dirty_page_table, "rel_gfn", &page, "other");
}

/* A rate is that of the interval that is shown, whatever it is. */
static void dirty_rate(void **state)
{
	_cleanup_frame_ struct kw_frame frame = { .schema = &dirty_table };
	struct dirty_row *row = kw_frame_add(&frame);

	(void)state;
	row->distinct = 1000;
	assert_missing(&dirty_table, "per_second", row);
	kw_frame_set_span(&frame); /* of no time */
	assert_missing(&dirty_table, "per_second", row);
	frame.span_ns = 2000000000;
	kw_frame_set_span(&frame);
	assert_number(&dirty_table, "per_second", row, 500);
	frame.span_ns = 300000000;
	kw_frame_set_span(&frame);
	assert_number(&dirty_table, "per_second", row, 3333);
	row->distinct = 1ULL << 60; /* times 1e9 is more than 64 bits hold */
	frame.span_ns = 1000000000;
	kw_frame_set_span(&frame);
	assert_number(&dirty_table, "per_second", row, 1ULL << 60);
	row->distinct = 0;
	assert_number(&dirty_table, "per_second", row, 0);
}

static void dirty_logs(void **state)
{
	static const char *const words[] = {
		"pml-full",	     "ring-push",	    "ring-full", "KVM_RESET_DIRTY_RINGS",
		"KVM_GET_DIRTY_LOG", "KVM_CLEAR_DIRTY_LOG",
	};

	(void)state;
	assert_int_equal(ARRAY_SIZE(words), DIRTY_WHATS);
	for (uint32_t i = 0; i < DIRTY_WHATS; i++) {
		struct dirty_log_row row = { .what = i, .total = 7 };

		assert_text(&dirty_log_table, "what", &row, words[i]);
		if (i < DIRTY_RING_RESET)
			assert_missing(&dirty_log_table, "total", &row);
		else
			assert_number(&dirty_log_table, "total", &row, 7);
	}
	assert_missing(&dirty_log_table, "what", &(struct dirty_log_row){ .what = DIRTY_WHATS });
}

/* A name of 16 bytes need not end. */
static void dirty_writers(void **state)
{
	struct dirty_event_row event = {};

	(void)state;
	assert_text(&dirty_event_table, "comm", &event, "");
	memset(event.comm, 'x', sizeof(event.comm));
	assert_text(&dirty_event_table, "comm", &event, "xxxxxxxxxxxxxxxx");
}

static void nested_exits(void **state)
{
	struct nested_row row = {
		.what = NESTED_TO_L1, .isa = KW_ISA_VMX, .code = 12, .count = 3, .total = 10
	};

	(void)state;
	assert_text(&nested_table, "what", &row, "L2 to L1");
	assert_text(&nested_table, "reason", &row, "HLT");
	assert_number(&nested_table, "reason_code", &row, 12);
	assert_number(&nested_table, "mean", &row, 3);
	assert_number(&nested_table, "away", &row, 0);
	row.what = NESTED_BY_L0;
	row.code = NESTED_MANY;
	assert_text(&nested_table, "what", &row, "L2 by L0");
	assert_text(&nested_table, "reason", &row, "other");
	assert_missing(&nested_table, "reason_code", &row);
	assert_missing(&nested_table, "away", &row);
	row.what = NESTED_TAX;
	row.isa = KW_ISA_SVM;
	row.code = 0x80;
	assert_text(&nested_table, "what", &row, "L1 tax");
	assert_text(&nested_table, "reason", &row, "VMRUN");
	assert_missing(&nested_table, "away", &row);
}

static void nested_switches(void **state)
{
	static const char *const missing[] = { "reason", "reason_code", "total", "kernel",
					       "mean",	 "max",		"away" };
	struct nested_row row = { .what = NESTED_ENTER, .isa = KW_ISA_SVM, .count = 4 };

	(void)state;
	assert_text(&nested_table, "what", &row, "L1->L2");
	assert_number(&nested_table, "count", &row, 4);
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		assert_missing(&nested_table, missing[i], &row);
	row.what = NESTED_LEAVE;
	assert_text(&nested_table, "what", &row, "L2->L1");
	assert_missing(&nested_table, "total", &row);
	row.what = NESTED_WHATS;
	assert_missing(&nested_table, "what", &row);
}

/* A maximum of the moment after the interval is none of its own. */
static void maximum_within_total(void **state)
{
	struct io_row io = { .exits = 3, .total = 90, .max = 500 };
	struct nested_row nested = { .what = NESTED_TO_L1, .count = 1, .total = 7, .max = 3 };
	struct faults_row fault = { .count = 2, .total = 50, .max = 40 };

	(void)state;
	assert_number(&io_table, "max", &io, 90);
	assert_number(&nested_table, "max", &nested, 7);
	assert_number(&faults_table, "max", &fault, 40);
	io.exits = 0;
	assert_missing(&io_table, "max", &io);
}

static void slices(void **state)
{
	static const char *const ends[LOAD_ENDS] = { "preempted", "slept", "handed-over" };
	struct load_row row = { .head.span_ns = 1000, .run = 995, .min = UINT64_MAX };
	struct load_event_row event = { .from = LOAD_NO_CPU };

	(void)state;
	assert_number(&load_table, "share_percent", &row, 100); /* 99.5, rounded */
	row.run = 4;
	assert_number(&load_table, "share_percent", &row, 0);
	row.head.span_ns = 0;
	assert_missing(&load_table, "share_percent", &row);
	assert_missing(&load_table, "mean", &row);
	assert_missing(&load_table, "min", &row);
	assert_missing(&load_table, "max", &row);
	row.slices = 1;
	assert_missing(&load_table, "min", &row); /* its end was not in this window */
	row.min = row.max = 7000;
	assert_number(&load_table, "min", &row, 7000);
	assert_number(&load_table, "max", &row, 7000); /* most of it in earlier intervals */
	assert_number(&load_table, "mean", &row, 4);
	assert_missing(&load_event_table, "from_cpu", &event);
	event.from = 0;
	assert_number(&load_event_table, "from_cpu", &event, 0);
	for (size_t i = 0; i < LOAD_ENDS; i++)
		assert_text(&load_event_table, "end", &(struct load_event_row){ .end = i },
			    ends[i]);
	assert_missing(&load_event_table, "end", &(struct load_event_row){ .end = LOAD_ENDS });
}

static uint64_t run_at(const struct load_value *value, uint64_t now)
{
	struct load_row row;

	load_fill(value, now, 1, &row);
	return row.run;
}

/* What a slice that goes on has run counts, and what was reported is never taken back. */
static void running_slice(void **state)
{
	struct load_value v = {};

	(void)state;
	assert_int_equal(run_at(&v, 500), 0);
	v.run = load_begun(v.run, 1000);
	assert_int_equal(run_at(&v, 1000), 0);
	assert_int_equal(run_at(&v, 900), 0); /* it began after the reading did */
	assert_int_equal(run_at(&v, 1700), 700);
	assert_int_equal(load_begun(v.run, 1800), v.run); /* it runs already */
	v.run = v.done = load_ended(v.run, 2000);
	assert_int_equal(v.run, 1000);
	assert_int_equal(run_at(&v, 1700), 1000);
	assert_int_equal(run_at(&v, 9999), 1000);
	assert_int_equal(load_ended(v.run, 9999), 1000); /* none runs */
	v.run = load_begun(v.run, 5000);
	assert_int_equal(run_at(&v, 4990), 1000);
	assert_int_equal(run_at(&v, 10), 1000);
	assert_int_equal(run_at(&v, 5003), 1003);
	v.done = load_ended(v.run, 5010); /* read amidst its end */
	assert_int_equal(run_at(&v, 5003), 1010);
	v.run = v.done;
	assert_int_equal(run_at(&v, 5003), 1010);
}

static void timer_cells(void **state)
{
	static const char *const modes[TIMER_MODES] = { "oneshot", "periodic", "deadline", "ptimer",
							"vtimer",  "hvtimer",  "hptimer" };
	static const char *const armed[] = { "arms", "merged", "early", "restarts" };
	static const char *const times[] = { "late", "mean", "p50", "p99", "max", "delay" };
	static const char *const events[] = { "delay", "late", "early" };
	struct timer_row row = { .expired = 3, .hv = 1 };
	struct timer_event_row event = { .what = TIMER_MERGED };

	(void)state;
	for (size_t i = 0; i < TIMER_MODES; i++) {
		row.mode = event.mode = i;
		assert_text(&timer_table, "mode", &row, modes[i]);
		assert_text(&timer_event_table, "mode", &event, modes[i]);
		for (size_t j = 0; j < ARRAY_SIZE(armed); j++)
			if (i <= TIMER_DEADLINE)
				assert_number(&timer_table, armed[j], &row, 0);
			else /* without an exit */
				assert_missing(&timer_table, armed[j], &row);
	}
	assert_text(&timer_table, "hv", &row, "yes");
	assert_text(&timer_event_table, "hv", &event, "no");
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_missing(&timer_table, times[i], &row); /* no deadline is known */
	row.timed = 2;
	row.late = 5200;
	row.max = 4000;
	row.hist[kw_hist_bucket(&timer_table.hist, 1200)]++;
	row.hist[kw_hist_bucket(&timer_table.hist, 4000)]++;
	assert_number(&timer_table, "late", &row, 5200);
	assert_number(&timer_table, "mean", &row, 2600);
	assert_number(&timer_table, "p50", &row, 1152);
	assert_number(&timer_table, "p99", &row, 3840);
	assert_number(&timer_table, "max", &row, 4000);
	assert_text(&timer_event_table, "what", &event, "merged");
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		assert_number(&timer_event_table, events[i], &event, 0);
	event.delay = event.late = event.early = TIMER_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		assert_missing(&timer_event_table, events[i], &event);
	event.what = TIMER_WHATS;
	assert_missing(&timer_event_table, "what", &event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_table_is_right),
		cmocka_unit_test(every_table_has_its_own_name),
		cmocka_unit_test(histograms_are_where_they_are_said_to_be),
		cmocka_unit_test(rows_count_something),
		cmocka_unit_test(collectors_are_found),
		cmocka_unit_test(wants_hold_tables_in_order),
		cmocka_unit_test(wants_hold_every_collector),
		cmocka_unit_test(io_details),
		cmocka_unit_test(io_places),
		cmocka_unit_test(io_times),
		cmocka_unit_test(mmio_cells),
		cmocka_unit_test(fault_accesses),
		cmocka_unit_test(fault_words),
		cmocka_unit_test(fault_times),
		cmocka_unit_test(fault_places),
		cmocka_unit_test(zaps_have_words),
		cmocka_unit_test(dirty_slots),
		cmocka_unit_test(dirty_rate),
		cmocka_unit_test(dirty_logs),
		cmocka_unit_test(dirty_writers),
		cmocka_unit_test(nested_exits),
		cmocka_unit_test(nested_switches),
		cmocka_unit_test(maximum_within_total),
		cmocka_unit_test(slices),
		cmocka_unit_test(running_slice),
		cmocka_unit_test(timer_cells),
	};

	return kw_run_tests(tests);
}
