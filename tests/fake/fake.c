// SPDX-License-Identifier: Apache-2.0
/*
 * fake.c - see fake.h. Waiting takes no time; what is read depends on the faked time alone.
 * May not know about: the system, sinks, the command line.
 * To extend: a VM is a line in machines[], a reason of a vCPU one in entries[], an event in
 * events[].
 */
#include "fake.h"

#include "collectors/exits/exits_rows.h"
#include "core/hist.h"
#include "core/log.h"
#include "core/vmident.h"
#include "util/cleanup.h"

#include <errno.h>
#include <string.h>

#define SECOND 1000000000ULL

enum { WEB1, DATABASE, EVIL, FC, FC_2, NAMELESS, GONE };

static const struct kw_vm machines[] = {
	[WEB1] = { .pid = 1001, .number = 1, .vmm = "qemu", .name = "web1" },
	[DATABASE] = { .pid = 1002, .number = 1, .vmm = "qemu", .name = "数据库-主机" },
	[EVIL] = { .pid = 1003, .number = 1, .vmm = "qemu", .name = "evil\033[31m\",\n\xff" },
	[FC] = { .pid = 1004, .number = 1, .vmm = "firecracker", .name = "fc" },
	[FC_2] = { .pid = 1004, .number = 2, .vmm = "firecracker", .name = "fc" },
	[NAMELESS] = { .pid = 1005, .number = 1, .vmm = "crosvm" },
	[GONE] = { .pid = 1006, .number = 1, .vmm = "qemu", .name = "gone" },
};

/* In which intervals of a second a row counts, and until when it is to be read. */
struct life {
	unsigned int first, last, read_until;
};

#define ALWAYS                                                                                     \
	{                                                                                          \
		1, FAKE_SECONDS, FAKE_SECONDS                                                      \
	}
#define FROM(i)                                                                                    \
	{                                                                                          \
		i, FAKE_SECONDS, FAKE_SECONDS                                                      \
	}
#define ONLY(i)                                                                                    \
	{                                                                                          \
		i, i, FAKE_SECONDS                                                                 \
	}
#define VANISHES(i)                                                                                \
	{                                                                                          \
		1, i, i                                                                            \
	}

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

/* Lost in all when so many seconds have passed. */
static const struct {
	unsigned int second;
	size_t what;
	uint64_t n;
} lost[] = {
	{ 2, KW_LOSS_RING, 7 },
	{ 2, KW_LOSS_UNMATCHED, 2 },
	{ 4, KW_LOSS_UNFINISHED, 1 },
};

static const struct {
	uint64_t us; /* since counting began */
	uint32_t vm, vcpu, tid;
	uint8_t isa, level;
	uint32_t code;
	uint64_t total;
	uint64_t part[KW_PARTS];
} events[] = {
	{ 100, WEB1, 0, 1101, KW_ISA_SVM, 1, 0x7c, 712, {} },
	{ 250000, WEB1, 1, 1102, KW_ISA_SVM, 1, 0x78, 4000000, { 0, 200000, 3700000, 50000 } },
	{ 999999, DATABASE, 0, 1104, KW_ISA_VMX, 1, 48, 20000000, { 0, 0, 6000000, 0 } },
	{ 1000001, EVIL, 0, 1106, KW_ISA_SVM, 1, 0x60, 120000, { 0, 0, 0, 48000 } },
	{ 1500000, WEB1, 1, 1102, KW_ISA_SVM, 2, 0x72, 1300, {} },
	{ 2000002, WEB1, 1, 1102, KW_ISA_SVM, 1, 0x123, 5000, {} },
	{ 2500000, FC_2, 0, 1108, KW_ISA_SVM, 1, 0x78, 480000000, { 0, 0, 478560000, 0 } },
	{ 3100000, DATABASE, 11, 1105, KW_ISA_VMX, 1, 0x80000021, 60, {} },
	{ 4900000, WEB1, 0, 1101, KW_ISA_SVM, 1, 0x7b, 700000, { 560000, 0, 0, 35000 } },
};

struct fake {
	struct kw_source source;
	struct kw_wants wants;
	struct kw_vms vms;
	uint64_t now_ns; /* since counting began */
	size_t next_event;
};

static int start(struct kw_source *source, uint64_t *ret_mono_ns)
{
	struct fake *f = (struct fake *)source;

	f->now_ns = 0;
	*ret_mono_ns = FAKE_MONO_NS;
	return 0;
}

static void stop(struct kw_source *source)
{
	(void)source;
}

static void fill_times(const struct entry *e, uint64_t times, struct exits_row *row)
{
	uint64_t slow = times * e->slow, fast = times * e->count - slow;

	row->total = fast * e->fast_ns + slow * e->slow_ns;
	row->kernel = row->total;
	for (int i = 0; i < KW_PARTS; i++) {
		row->part[i] = row->total / 1000 * e->split[i];
		row->kernel -= row->part[i];
	}
	row->min = e->fast_ns;
	row->max = slow ? e->slow_ns : e->fast_ns;
	row->hist[kw_hist_bucket(&exits_table.hist, e->fast_ns)] += fast;
	row->hist[kw_hist_bucket(&exits_table.hist, e->slow_ns)] += slow;
}

/* All that an entry has counted after so many seconds. */
static int read_entry(const struct entry *e, unsigned int seconds, struct kw_frame *frame)
{
	unsigned int last = seconds < e->life.last ? seconds : e->life.last;
	uint64_t k = last - e->life.first + 1, times = k * (k + 1) / 2;
	struct exits_row *row;

	if (seconds < e->life.first || seconds > e->life.read_until)
		return 0;
	row = kw_frame_add(frame);
	if (!row)
		return -ENOMEM;
	row->head = (struct kw_row_head){ .vm = e->vm, .vcpu = e->vcpu, .tid = e->tid };
	row->head.born_ns = e->born ? FAKE_MONO_NS - e->born * 1000000
				    : FAKE_MONO_NS + (e->life.first - 1) * SECOND;
	row->isa = e->isa;
	row->level = e->level;
	row->code = e->code;
	row->count = times * e->count;
	row->min = UINT64_MAX;
	if (e->level)
		fill_times(e, times, row);
	return 0;
}

static int read_frames(struct kw_source *source, struct kw_frame *frame, struct kw_losses *losses)
{
	struct fake *f = (struct fake *)source;
	unsigned int seconds = f->now_ns / SECOND;
	int err = 0;

	for (size_t c = 0; c < f->wants.n_tables; c++) {
		frame[c].schema = f->wants.table[c];
		frame[c].mono_ns = FAKE_MONO_NS + f->now_ns;
		frame[c].real_ns = FAKE_REAL_NS + f->now_ns;
		for (size_t i = 0; i < ARRAY_SIZE(entries) && !err; i++)
			if (frame[c].schema == &exits_table)
				err = read_entry(&entries[i], seconds, &frame[c]);
	}
	memset(losses, 0, sizeof(*losses));
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++)
		if (seconds >= lost[i].second)
			losses->n[lost[i].what] += lost[i].n;
	return err;
}

static int send_event(struct fake *f, size_t i, kw_event_fn fn, void *arg)
{
	struct exits_event_row row = {
		.head = { .vm = events[i].vm, .vcpu = events[i].vcpu, .tid = events[i].tid },
		.code = events[i].code,
		.isa = events[i].isa,
		.level = events[i].level,
		.total = events[i].total,
		.kernel = events[i].total
	};

	if (events[i].total < f->wants.filters.slower_ns)
		return 0;
	for (int p = 0; p < KW_PARTS; p++) {
		row.part[p] = events[i].part[p];
		row.kernel -= events[i].part[p];
	}
	return fn(arg, f->wants.collector[0], &row, FAKE_MONO_NS + events[i].us * 1000,
		  FAKE_REAL_NS + events[i].us * 1000);
}

static int wait(struct kw_source *source, uint64_t until_mono_ns, kw_event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)source;
	uint64_t end = FAKE_SECONDS * SECOND;
	uint64_t until = until_mono_ns > FAKE_MONO_NS ? until_mono_ns - FAKE_MONO_NS : 0;
	int err = 0;

	if (until > f->now_ns)
		f->now_ns = until < end ? until : end;
	for (; f->next_event < ARRAY_SIZE(events) && !err; f->next_event++) {
		if (events[f->next_event].us * 1000 > f->now_ns)
			break;
		if (fn && f->wants.events)
			err = send_event(f, f->next_event, fn, arg);
	}
	return err ? err : until > end ? KW_WAIT_END : KW_WAIT_DONE;
}

static void close_fake(struct kw_source *source)
{
	struct fake *f = (struct fake *)source;

	kw_vms_release(&f->vms);
	free(f);
}

static bool knows(const struct fake *f, const char *name)
{
	for (size_t i = 0; i < f->vms.n; i++)
		if (kw_vm_is(f->vms.vm[i], name))
			return true;
	return false;
}

static int check_vms(const struct fake *f)
{
	for (size_t i = 0; i < f->wants.filters.n_vm; i++)
		if (!knows(f, f->wants.filters.vm[i])) {
			kw_say("there is no VM '%s'", f->wants.filters.vm[i]);
			return -ENXIO;
		}
	return 0;
}

int kw_fake_open(const struct kw_wants *wants, struct kw_source **ret)
{
	struct fake *f = calloc(1, sizeof(*f));
	int err = 0;

	if (!f)
		return -ENOMEM;
	f->wants = *wants;
	f->source = (struct kw_source){
		.vms = &f->vms,
		.start = start,
		.stop = stop,
		.read = read_frames,
		.wait = wait,
		.close = close_fake,
	};
	for (size_t i = 0; i < ARRAY_SIZE(machines) && !err; i++)
		err = kw_vms_add(&f->vms, &machines[i]) < 0 ? -ENOMEM : 0;
	err = err ? err : check_vms(f);
	if (err)
		close_fake(&f->source);
	else
		*ret = &f->source;
	return err;
}
