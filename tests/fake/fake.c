// SPDX-License-Identifier: Apache-2.0
/*
 * fake.c - see fake.h. Waiting takes no time, if it is not to be real; what is read
 * depends on the faked time alone.
 * May not know about: the system, sinks, the command line.
 * To extend: a VM is a line in machines[], a loss one in lost[]; rows and events are in fake_*.c.
 */
#include "fake_data.h"

#include "core/log.h"
#include "core/vmident.h"
#include "util/cleanup.h"
#include "util/units.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct kw_vm machines[] = {
	[WEB1] = { .pid = 1001, .number = 1, .vmm = "qemu", .name = "web1" },
	[DATABASE] = { .pid = 1002, .number = 1, .vmm = "qemu", .name = "数据库-主机" },
	[EVIL] = { .pid = 1003, .number = 1, .vmm = "qemu", .name = "evil\033[31m\",\n\xff" },
	[FC] = { .pid = 1004, .number = 1, .vmm = "firecracker", .name = "fc" },
	[FC_2] = { .pid = 1004, .number = 2, .vmm = "firecracker", .name = "fc" },
	[NAMELESS] = { .pid = 1005, .number = 1, .vmm = "crosvm" },
	[GONE] = { .pid = 1006, .number = 1, .vmm = "qemu", .name = "gone" },
	[PROCESS] = { .pid = 1001, .vmm = "qemu", .name = "web1" }, /* what it does without a VM */
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

struct fake {
	struct kw_source source;
	struct kw_wants wants;
	struct kw_vms own_vms, *vms; /* vms: these, or those of a source before this one */
	uint64_t now_ns;	     /* since counting began */
	uint64_t began_ns;	     /* in real time; 0: time is faked */
	size_t next_event;
};

/* A handler has no argument, hence static. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static bool in_real_time(void)
{
	return getenv("FAKE_REALTIME") != NULL;
}

static const struct kw_about about = { .tool = "0.0.0",
				       .host = "fake-host",
				       .kernel = "6.1.0-fake",
				       .arch = "x86_64",
				       .boot_id = "00000000-0000-0000-0000-000000000000",
				       .cpus = 2 };

static int start(struct kw_source *source, uint64_t *ret_mono_ns)
{
	struct fake *f = (struct fake *)source;

	f->now_ns = 0;
	f->began_ns = in_real_time() ? kw_mono_ns() : 0;
	*ret_mono_ns = FAKE_MONO_NS;
	return 0;
}

static void stop(struct kw_source *source)
{
	(void)source;
}

unsigned int fake_steady(void)
{
	const char *seconds = getenv("FAKE_STEADY");

	return seconds ? atoi(seconds) : 0;
}

uint64_t fake_times(const struct life *life, unsigned int seconds)
{
	unsigned int last = seconds < life->last ? seconds : life->last;
	uint64_t k = last - life->first + 1;

	if (seconds < life->first || seconds > life->read_until)
		return 0;
	return in_real_time() || fake_steady() ? k : k * (k + 1) / 2;
}

/* True if the i-th collector of the wants is there. */
static bool works(const struct fake *f, size_t i)
{
	return !*f->source.unavailable[i];
}

/* Whose the i-th table of the wants is. */
static size_t collector_of(const struct fake *f, size_t i)
{
	size_t c = 0;

	while (c + 1 < f->wants.n && f->wants.first[c + 1] <= i)
		c++;
	return c;
}

static int read_frames(struct kw_source *source, struct kw_frame *frame, struct kw_losses *losses)
{
	struct fake *f = (struct fake *)source;
	unsigned int seconds = f->now_ns / (getenv("FAKE_FAST") ? MS : SECOND);
	int err = getenv("FAKE_BROKEN") ? -EIO : 0;

	for (size_t i = 0; i < f->wants.n_tables; i++) {
		kw_frame_empty(&frame[i]);
		frame[i].schema = f->wants.table[i];
		frame[i].mono_ns = FAKE_MONO_NS + f->now_ns;
		frame[i].real_ns = FAKE_REAL_NS + f->now_ns;
		if (!err && works(f, collector_of(f, i)))
			err = fake_exits(seconds, &f->wants, &frame[i])
				      ?: fake_details(seconds, &frame[i]);
	}
	memset(losses, 0, sizeof(*losses));
	for (size_t i = 0; i < ARRAY_SIZE(lost); i++)
		if (seconds >= lost[i].second)
			losses->n[lost[i].what] += lost[i].n;
	return err;
}

static bool wanted(const struct fake *f, const struct kw_collector *c)
{
	for (size_t i = 0; i < f->wants.n; i++)
		if (f->wants.collector[i] == c)
			return works(f, i);
	return false;
}

/* Dirty pages took no time, so that --slower is nothing to them; an arming took none at all. */
static bool too_fast(const struct fake *f, const struct fake_event *e)
{
	const struct kw_schema *schema = e->collector->event;
	const struct kw_column *time = kw_schema_find(schema, schema->sort);
	uint64_t ns = kw_column_raw(time, e->row), slower = f->wants.filters.slower_ns;

	return time->unit == KW_UNIT_NS && slower && (ns < slower || ns == UINT64_MAX);
}

static int send_event(const struct fake *f, const struct fake_event *e, kw_event_fn fn, void *arg)
{
	_cleanup_free_ struct kw_row_head *row = NULL;

	if (!wanted(f, e->collector) || too_fast(f, e))
		return 0;
	row = malloc(e->collector->event->row_size);
	if (!row)
		return -ENOMEM;
	memcpy(row, e->row, e->collector->event->row_size);
	row->born_ns = 0; /* events do not tell */
	return fn(arg, e->collector, row, FAKE_MONO_NS + e->us * US, FAKE_REAL_NS + e->us * US);
}

static int wait_really(struct fake *f, uint64_t until)
{
	struct pollfd input = { .fd = f->source.input_fd, .events = POLLIN };

	do {
		uint64_t left = until > f->now_ns ? until - f->now_ns : 0;
		bool any = poll(&input, 1, left < 100 * MS ? left / MS : 100) > 0;

		if (interrupted)
			return KW_WAIT_INTERRUPTED;
		f->now_ns = kw_mono_ns() - f->began_ns;
		if (any && f->now_ns < until)
			return KW_WAIT_INPUT;
	} while (f->now_ns < until);
	return KW_WAIT_DONE;
}

static int wait(struct kw_source *source, uint64_t until_mono_ns, kw_event_fn fn, void *arg)
{
	struct fake *f = (struct fake *)source;
	const struct fake_event *e;
	uint64_t end = (fake_steady() ? fake_steady() : FAKE_SECONDS) * SECOND;
	uint64_t until = until_mono_ns > FAKE_MONO_NS ? until_mono_ns - FAKE_MONO_NS : 0;
	int err = 0;

	if (f->began_ns)
		return wait_really(f, until);
	if (until > f->now_ns)
		f->now_ns = until < end ? until : end;
	while (!err && (e = fake_event(f->next_event)) && e->us * US <= f->now_ns) {
		f->next_event++;
		if (fn && f->wants.events)
			err = send_event(f, e, fn, arg);
	}
	return err ? err : until > end ? KW_WAIT_END : KW_WAIT_DONE;
}

/* 50000 runs per second, of 200 ns each: 1 % of a CPU, and as much of the process; of two CPUs. */
static int own_cost(struct kw_source *source, struct kw_own_cost *ret)
{
	struct fake *f = (struct fake *)source;
	uint64_t runs = f->now_ns / 20000;

	*ret = (struct kw_own_cost){
		.mono_ns = FAKE_MONO_NS + f->now_ns,
		.metered = true,
		.metered_ns = f->now_ns,
		.runs = runs,
		.run_ns = runs * 200,
		.exits = runs / 2,
		.cpu_ns = f->now_ns / 100,
		.rss_bytes = 12 << 20,
		.busy_ns = f->now_ns * 2,
	};
	return 0;
}

/* As long as FAKE_SLOW says, in seconds. */
static void take_time(void)
{
	const char *seconds = getenv("FAKE_SLOW");

	for (int left = seconds ? atoi(seconds) : 0; left;)
		left = sleep(left);
}

static void close_fake(struct kw_source *source)
{
	struct fake *f = (struct fake *)source;

	take_time();
	kw_vms_release(&f->own_vms);
	free(f);
}

static bool knows(const struct fake *f, const char *name)
{
	for (size_t i = 0; i < f->vms->n; i++)
		if (kw_vm_is(f->vms->vm[i], name))
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

static void make_unavailable(struct fake *f)
{
	const char *name = getenv("FAKE_UNAVAILABLE");

	for (size_t i = 0; i < f->wants.n; i++)
		if (name && !strcmp(f->wants.collector[i]->name, name))
			snprintf(
				f->source.unavailable[i], sizeof(f->source.unavailable[i]),
				"fake_hook cannot be watched on this kernel (\"no such place\", it "
				"said)");
}

int kw_fake_open(const struct kw_wants *wants, struct kw_source **ret)
{
	struct fake *f = calloc(1, sizeof(*f));
	int err = 0;

	if (!f)
		return -ENOMEM;
	f->wants = *wants;
	f->vms = wants->vms ?: &f->own_vms;
	f->source = (struct kw_source){
		.vms = f->vms,
		.about = &about,
		.input_fd = -1,
		.start = start,
		.stop = stop,
		.read = read_frames,
		.wait = wait,
		.own_cost = own_cost,
		.close = close_fake,
	};
	take_time();
	make_unavailable(f);
	if (in_real_time()) {
		signal(SIGINT, on_interrupt);
		signal(SIGTERM, on_interrupt);
	}
	for (size_t i = f->vms->n; i < ARRAY_SIZE(machines) && !err; i++) {
		struct kw_vm vm = machines[i];

		if (i == WEB1 && getenv("FAKE_NAME"))
			snprintf(vm.name, sizeof(vm.name), "%s", getenv("FAKE_NAME"));
		err = kw_vms_add(f->vms, &vm) < 0 ? -ENOMEM : 0;
	}
	err = err ? err : check_vms(f);
	if (err)
		close_fake(&f->source);
	else
		*ret = &f->source;
	return err;
}
