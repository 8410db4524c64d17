// SPDX-License-Identifier: Apache-2.0
/*
 * fake_exits.c - rows of exits.
 * May not know about: the system, sinks, the command line.
 * To extend: a reason of a vCPU is a line in entries[].
 */
#include "fake_data.h"

#include "arch/names.h"
#include "collectors/exits/exits_rows.h"
#include "core/hist.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The k-th interval of an entry adds k * count exits. Of each count, slow ones take slow_ns and
 * the rest fast_ns. split: per mille of the time per part; what remains is the kernel's.
 */
static const struct entry {
	uint32_t vm, vcpu, tid, born; /* born: ms before counting began; 0: with the entry */
	uint8_t isa, level;
	uint32_t code;
	struct life life;
	uint64_t count, slow, fast_ns, slow_ns;
	uint16_t split[KW_PARTS];
} entries[] = {
	{ WEB1,
	  0,
	  1101,
	  9,
	  KW_ISA_SVM,
	  1,
	  0x78,
	  ALWAYS,
	  100,
	  5,
	  800000,
	  4000000,
	  { 0, 50, 900, 20 } },
	{ WEB1, 0, 1101, 9, KW_ISA_SVM, 1, 0x400, ALWAYS, 1000, 10, 2000, 90000, { 0, 0, 0, 100 } },
	{ WEB1, 0, 1101, 9, KW_ISA_SVM, 1, 0x7b, ALWAYS, 40, 4, 15000, 700000, { 800, 0, 0, 50 } },
	{ WEB1, 0, 1101, 9, KW_ISA_SVM, 1, 0x7c, ALWAYS, 60000, 0, 700, 0, {} },
	{ WEB1,
	  1,
	  1102,
	  8,
	  KW_ISA_SVM,
	  1,
	  0x78,
	  ALWAYS,
	  50,
	  1,
	  950000,
	  9000000,
	  { 0, 30, 960, 5 } },
	{ WEB1, 1, 1102, 8, KW_ISA_SVM, 1, 0x123, ONLY(2), 3, 0, 5000, 0, {} },
	{ WEB1, 1, 1102, 8, KW_ISA_SVM, 2, 0x72, ALWAYS, 20, 0, 1300, 0, {} },
	{ WEB1, 1, 1102, 8, KW_ISA_SVM, 0, 0, ALWAYS, 1500, 0, 0, 0, {} },
	{ WEB1, 2, 1103, 7, KW_ISA_SVM, 1, 0x72, VANISHES(1), 11, 0, 1500, 0, {} },
	{ WEB1, 2, 1203, 0, KW_ISA_SVM, 1, 0x72, FROM(2), 13, 0, 1500, 0, {} },
	{ DATABASE,
	  0,
	  1104,
	  6,
	  KW_ISA_VMX,
	  1,
	  48,
	  ALWAYS,
	  200,
	  2,
	  3000,
	  20000000,
	  { 0, 0, 300, 0 } },
	{ DATABASE, 0, 1104, 6, KW_ISA_VMX, 1, 12, ALWAYS, 10, 0, 30000000, 0, { 0, 7, 990, 0 } },
	{ DATABASE, 11, 1105, 6, KW_ISA_VMX, 1, 0x80000021, ONLY(1), 1, 0, 60, 0, {} },
	{ EVIL, 0, 1106, 5, KW_ISA_SVM, 1, 0x60, ALWAYS, 250, 1, 1100, 120000, { 0, 0, 0, 400 } },
	{ FC, 0, 1107, 4, KW_ISA_SVM, 1, 0x78, ALWAYS, 4, 0, 240000000, 0, { 0, 0, 995, 0 } },
	{ FC_2, 0, 1108, 4, KW_ISA_SVM, 1, 0x78, ALWAYS, 2, 0, 480000000, 0, { 0, 0, 997, 0 } },
	{ NAMELESS, 0, 1109, 0, KW_ISA_SVM, 1, 0x81, FROM(2), 7, 0, 9000, 0, { 250, 0, 0, 0 } },
	{ GONE, 0, 1110, 3, KW_ISA_SVM, 1, 0x7f, VANISHES(2), 1, 0, 65000, 0, { 500, 0, 0, 0 } },
};

/* The same as if another processor's host had recorded it: FAKE_ISA says which one's. */
static const struct {
	enum kw_isa isa;
	uint32_t code[8];
} others[] = {
	{ KW_ISA_ARM64, { 0x01, 0x24, 0x16, 0x18, 0x100, 0x20, 0x17, 0x3f } },
	{ KW_ISA_RISCV, { 10, 22, 21, 0x80000005, 23, 2, 0x80000009, 20 } },
	{ KW_ISA_PVM, { 0x40000, 0x20000, 14, 0x10000, 0x30000, 13, 0x50000, 0x401 } },
};

static void choose_reason(const struct entry *e, struct exits_row *row)
{
	const char *isa = getenv("FAKE_ISA");

	row->isa = e->isa;
	row->code = e->code;
	for (size_t i = 0; i < ARRAY_SIZE(others) && isa; i++)
		if (!strcmp(isa, kw_isa_name(others[i].isa))) {
			row->isa = others[i].isa;
			if (!e->level) /* the row of those without kvm_exit has no reason */
				continue;
			row->code = others[i].code[(e - entries) % ARRAY_SIZE(others[i].code)];
		}
}

/* With KW_TIMED_SOME, of fast and of slow ones every so many-th, as far as they go. */
static void fill_times(const struct entry *e, uint64_t times, const struct kw_wants *wants,
		       struct exits_row *row)
{
	uint64_t one_in = wants->timing == KW_TIMED_SOME ? wants->one_in : 1;
	uint64_t slow = times * e->slow / one_in, fast = times * (e->count - e->slow) / one_in;

	row->timed = fast + slow;
	row->total = fast * e->fast_ns + slow * e->slow_ns;
	row->kernel = wants->timing == KW_TIMED_AT_ENTRY ? 0 : row->total;
	for (int i = 0; i < KW_PARTS && row->kernel; i++) {
		row->part[i] = row->total / 1000 * e->split[i];
		row->kernel -= row->part[i];
	}
	row->min = e->fast_ns;
	row->max = slow ? e->slow_ns : e->fast_ns;
	row->hist[kw_hist_bucket(&exits_table.hist, e->fast_ns)] += fast;
	row->hist[kw_hist_bucket(&exits_table.hist, e->slow_ns)] += slow;
}

static uint64_t number(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* 90 to 110, by chance, but always the same. */
static uint64_t percent(uint64_t seed, uint64_t entry, uint64_t second)
{
	uint64_t x = seed * 1000003 + entry * 10007 + second;

	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15;
	x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9;
	return 90 + (x >> 33) % 21;
}

/*
 * What so many steady seconds make of an entry, as if it were one. FAKE_MORE: web1's MSR exits are
 * so many times more; FAKE_SLOWER: its IO exits take so many times longer.
 */
static struct entry steady(const struct entry *e, uint64_t times)
{
	struct entry all = *e;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < times; i++)
		sum += percent(number("FAKE_SEED", 1), e - entries, i);
	if (e->vm == WEB1 && e->code == 0x7c)
		sum *= number("FAKE_MORE", 1);
	if (e->vm == WEB1 && e->code == 0x7b) {
		all.fast_ns *= number("FAKE_SLOWER", 1);
		all.slow_ns *= number("FAKE_SLOWER", 1);
	}
	all.count = e->count * sum / 100;
	all.slow = e->slow * sum / 100;
	return all;
}

/* All that an entry has counted after so many seconds. */
static int add_entry(const struct entry *e, unsigned int seconds, const struct kw_wants *wants,
		     struct kw_frame *frame)
{
	uint64_t times = fake_times(&e->life, seconds);
	struct entry all = fake_steady() ? steady(e, times) : *e;
	struct exits_row *row;

	if (!times)
		return 0;
	times = fake_steady() ? 1 : times;
	row = kw_frame_add(frame);
	if (!row)
		return -ENOMEM;
	row->head = (struct kw_row_head){ .vm = e->vm, .vcpu = e->vcpu, .tid = e->tid };
	row->head.born_ns =
		e->born ? FAKE_MONO_NS - e->born * MS : FAKE_MONO_NS + (e->life.first - 1) * SECOND;
	choose_reason(e, row);
	row->level = e->level;
	row->count = times * all.count;
	row->min = UINT64_MAX;
	if (e->level && wants->timing != KW_TIMED_NONE)
		fill_times(&all, times, wants, row);
	return 0;
}

int fake_exits(unsigned int seconds, const struct kw_wants *wants, struct kw_frame *frame)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(entries) && !err; i++)
		err = frame->schema == &exits_table ? add_entry(&entries[i], seconds, wants, frame)
						    : 0;
	return err;
}
