// SPDX-License-Identifier: Apache-2.0
/*
 * full.c - the tool as a listener: its own source, engine and collectors, with a collector more
 * that brings the driver and the program which the test tracepoint starts.
 * May not know about: rounds, tables, other listeners.
 * To extend: see listener.h.
 */
#include "listener.h"
#include "tool.h"

#include "../src/collectors/exits/exits_rows.h"
#include "../src/core/log.h"
#include "../src/util/cleanup.h"
#include "kvm_watcher.skel.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

struct full {
	struct kw_wants wants;
	struct kw_source *source;
	struct kvm_watcher_bpf *bpf;
	struct bpf_link *link;
};

/* ---- the collector; none of its functions gets an argument of ours, hence static ---- */

static const struct bench_listener *opening;
static struct kvm_watcher_bpf *opened;

static int collector_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	(void)slots;
	bpf->rodata->bench_many_cpus = opening->many_cpus;
	bpf->rodata->kw_preemptible |= opening->def->preemptible;
	return bpf_program__set_attach_target(bpf->progs.bench_full, 0, "bpf_trigger_tp");
}

static int collector_open(const struct kw_live *live, void **ret_state)
{
	*ret_state = NULL;
	opened = live->bpf;
	return 0;
}

static int collector_read(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
			  struct kw_frame *frame)
{
	(void)live, (void)state, (void)slot, (void)vm, (void)frame;
	return 0;
}

static void collector_forget(const struct kw_live *live, void *state, uint32_t slot)
{
	(void)live, (void)state, (void)slot;
}

#define OWN(title)                                                                                 \
	{                                                                                          \
		.name = title, .purpose = "the benchmark", .program = { title }                    \
	}

static const struct kw_hook_def own[] = {
	OWN("bench_make_vcpus"),   OWN("bench_fire_pairs"), OWN("bench_fire_exits"),
	OWN("bench_fire_entries"), OWN("bench_full"),
};

static const struct kw_collector collector = {
	.name = "bench",
	.help = "The benchmark's programs",
	.own = own,
	.n_own = ARRAY_SIZE(own),
	.configure = collector_configure,
	.open = collector_open,
	.read = collector_read,
	.forget = collector_forget,
};

/* ---- the listener ---- */

static void add_collectors(struct kw_wants *wants, const char *name)
{
	const struct kw_collector *c;

	for (size_t i = 0; (c = kw_collector(i)); i++)
		if (name ? !strcmp(name, c->name)
			 : !c->metered) /* to meter costs all others, too */
			kw_wants_add(wants, c);
	kw_wants_add(wants, &collector);
}

static int full_attach(struct bench_listener *l)
{
	struct full *f = l->state;

	f->link = bpf_program__attach_trace(f->bpf->progs.bench_full);
	return f->link ? 0 : -errno;
}

static void full_detach(struct bench_listener *l)
{
	struct full *f = l->state;

	bpf_link__destroy(f->link);
	f->link = NULL;
}

/* Of each vCPU the first entry alone tells that there is a vCPU, and of no exit. */
static int show_vcpus(struct bench_listener *l)
{
	struct full *f = l->state;
	int err = full_attach(l);
	uint64_t ns;

	f->bpf->bss->kw_clock[f->bpf->bss->kw_clock_now & 1] =
		(struct kw_tsc_clock){ .mult = 1ULL << KW_TSC_SHIFT };
	for (uint32_t vcpu = 0; vcpu < BENCH_VCPUS && !err; vcpu++)
		err = bench_fire(&l->driver, BENCH_ENTRIES, vcpu, 0, 1, NULL, &ns);
	full_detach(l);
	return err;
}

static int full_open(struct bench_listener *l)
{
	struct full *f = calloc(1, sizeof(*f));
	uint64_t start_ns;
	int err;

	if (!f)
		return -ENOMEM;
	l->state = f;
	f->wants = (struct kw_wants){ .timing = l->def->timing,
				      .one_in = l->def->one_in,
				      .isa = KW_ISA_SVM,
				      .max_vcpus = 4 * BENCH_VCPUS };
	add_collectors(&f->wants, l->def->collectors);
	opening = l;
	opened = NULL;
	err = bench_open_tool(&f->wants, &f->source);
	if (err)
		return err;
	if (!opened) {
		kw_say("the benchmark's programs cannot be loaded");
		return -EOPNOTSUPP;
	}
	f->bpf = opened;
	err = bench_driver_init(f->bpf->obj, f->bpf->bss->bench_mix, &l->driver);
	err = err ?: f->source->start(f->source, &start_ns);
	return err || f->wants.timing != KW_TIMED_AT_ENTRY ? err : show_vcpus(l);
}

static void full_close(struct bench_listener *l)
{
	struct full *f = l->state;

	full_detach(l);
	if (f->source)
		f->source->close(f->source);
	free(f);
}

/* ---- checking ---- */

static int reason_of(uint32_t code)
{
	static const uint32_t codes[BENCH_REASONS] = BENCH_CODES;

	for (int i = 0; i < BENCH_REASONS; i++)
		if (codes[i] == code)
			return i;
	return -ENOENT;
}

static int say_row(const struct exits_row *row, uint64_t fired, uint64_t ns)
{
	kw_say("vCPU %u, code %#x: %llu exits, %llu timed, %llu ns; made were %llu, %llu ns",
	       row->head.vcpu, row->code, (unsigned long long)row->count,
	       (unsigned long long)row->timed, (unsigned long long)row->total,
	       (unsigned long long)fired, (unsigned long long)ns);
	return -EIO;
}

/* How many exits a row of this many has timed; one in one_in, at random: about so many. */
static bool right_timed(const struct full *f, const struct exits_row *row)
{
	uint64_t in_hist = 0, n = row->count;

	for (int i = 0; i < KW_TIMES_BUCKETS; i++)
		in_hist += row->hist[i];
	if (in_hist != row->timed)
		return false;
	if (f->wants.timing == KW_TIMED_NONE)
		return !row->timed;
	if (f->wants.timing == KW_TIMED_SOME)
		return row->timed <= n &&
		       (n < 64 * f->wants.one_in || (row->timed > n / f->wants.one_in / 2 &&
						     row->timed < n / f->wants.one_in * 2));
	return row->timed == n;
}

/* A row against the ledger, which forgets what was found: its count, its times. */
static int check_row(const struct full *f, const struct exits_row *row, struct bench_ledger *left)
{
	int reason = row->level == 1 ? reason_of(row->code) : -ENOENT;
	uint64_t fired, ns;

	if (reason < 0 || row->head.vcpu >= BENCH_VCPUS)
		return say_row(row, 0, 0);
	fired = left->count[row->head.vcpu][reason];
	ns = left->ns[row->head.vcpu][reason];
	left->count[row->head.vcpu][reason] = 0;
	if (row->count != fired || !right_timed(f, row))
		return say_row(row, fired, ns);
	return f->wants.timing == KW_TIMED_ALL && row->total < ns ? say_row(row, fired, ns) : 0;
}

static int check_losses(const struct kw_losses *losses)
{
	for (size_t i = 0; i < KW_LOSS_ALL; i++)
		if (losses->n[i]) {
			kw_say("%llu lost: %s", (unsigned long long)losses->n[i],
			       kw_loss_info(i)->what);
			return -EIO;
		}
	return 0;
}

static int check_frames(const struct bench_listener *l, const struct full *f,
			const struct kw_frame *frame)
{
	struct bench_ledger left = l->fired;
	int err = 0;

	for (size_t i = 0; i < frame[0].n && !err; i++)
		err = check_row(f, frame[0].row[i], &left);
	if (!err && bench_ledger_sum(&left)) {
		kw_say("%llu exits have no row", (unsigned long long)bench_ledger_sum(&left));
		err = -EIO;
	}
	return err;
}

static int full_check(struct bench_listener *l)
{
	struct kw_frame frame[KW_FRAMES] = {};
	struct full *f = l->state;
	struct kw_losses losses;
	int err = f->source->read(f->source, frame, &losses);

	err = err ?: check_frames(l, f, frame) ?: check_losses(&losses);
	for (size_t i = 0; i < f->wants.n_tables; i++)
		kw_frame_clear(&frame[i]);
	return err;
}

static int full_fd(const struct bench_listener *l)
{
	const struct full *f = l->state;

	return bpf_program__fd(f->bpf->progs.bench_full);
}

const struct bench_kind bench_kind_full = {
	.open = full_open,
	.attach = full_attach,
	.detach = full_detach,
	.check = full_check,
	.program_fd = full_fd,
	.close = full_close,
};
