// SPDX-License-Identifier: Apache-2.0
/*
 * time_live.c - tests the live half of the time collector: what it tells of slots that are written
 * while it reads, that wait, that ended, and whose kernel time turns out to have been polling.
 * May not know about: the kernel, sinks.
 * To extend: another function of libbpf that it calls is a --wrap in ../meson.build and a function
 * here.
 */
#define _GNU_SOURCE
#include "unit.h"

#include "collectors/time/time_rows.h"
#include "kvm_watcher.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 8
#define ROWS  16

/* ---- what libbpf's maps and programs are here ------------------------------------------------*/

struct map {
	int fd;
	uint32_t key_size, value_size, max_entries;
	char key[ROWS][32], value[ROWS][64];
	size_t n;
};

#define MAP_FD 1000

static struct map slots, reasons, culprits, tids;
static char flush_program;
static int flushed[TIME_CPUS], flushes;

static struct map *map_of(int fd)
{
	assert_in_range(fd, MAP_FD, MAP_FD + 2);
	return fd == MAP_FD ? &reasons : fd == MAP_FD + 1 ? &culprits : &tids;
}

int __wrap_bpf_map__fd(const struct bpf_map *m);
__u32 __wrap_bpf_map__key_size(const struct bpf_map *m);
__u32 __wrap_bpf_map__value_size(const struct bpf_map *m);
__u32 __wrap_bpf_map__max_entries(const struct bpf_map *m);
int __wrap_bpf_map__set_max_entries(struct bpf_map *m, __u32 n);
int __wrap_bpf_map__set_map_flags(struct bpf_map *m, __u32 flags);
int __wrap_bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *count,
				const struct bpf_map_batch_opts *opts);
int __wrap_bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value);
int __wrap_bpf_map_lookup_elem(int fd, const void *key, void *value);
int __wrap_bpf_map_delete_elem(int fd, const void *key);
int __wrap_bpf_program__fd(const struct bpf_program *p);
int __wrap_bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *opts);
uint64_t __wrap_kw_mono_ns(void);

int __wrap_bpf_map__fd(const struct bpf_map *m)
{
	return ((const struct map *)m)->fd;
}

__u32 __wrap_bpf_map__key_size(const struct bpf_map *m)
{
	return ((const struct map *)m)->key_size;
}

__u32 __wrap_bpf_map__value_size(const struct bpf_map *m)
{
	return ((const struct map *)m)->value_size;
}

__u32 __wrap_bpf_map__max_entries(const struct bpf_map *m)
{
	return ((const struct map *)m)->max_entries;
}

int __wrap_bpf_map__set_map_flags(struct bpf_map *m, __u32 flags)
{
	(void)m;
	assert_int_equal(flags, 0); /* rows are there from the start */
	return 0;
}

int __wrap_bpf_map__set_max_entries(struct bpf_map *m, __u32 n)
{
	((struct map *)m)->max_entries = n;
	return 0;
}

int __wrap_bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, __u32 *count,
				const struct bpf_map_batch_opts *opts)
{
	const struct map *m = map_of(fd);

	(void)in, (void)out, (void)opts;
	for (size_t i = 0; i < m->n; i++) {
		memcpy((char *)keys + i * m->key_size, m->key[i], m->key_size);
		memcpy((char *)values + i * m->value_size, m->value[i], m->value_size);
	}
	*count = m->n;
	errno = ENOENT;
	return -ENOENT;
}

int __wrap_bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	const struct map *m = map_of(fd);

	for (size_t i = 0; i < m->n; i++)
		if (!memcmp(m->key[i], key, m->key_size)) {
			memcpy(value, m->value[i], m->value_size);
			return 0;
		}
	errno = ENOENT;
	return -ENOENT;
}

int __wrap_bpf_map_lookup_and_delete_elem(int fd, const void *key, void *value)
{
	return __wrap_bpf_map_lookup_elem(fd, key, value);
}

int __wrap_bpf_map_delete_elem(int fd, const void *key)
{
	struct map *m = map_of(fd);
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (!memcmp(m->key[i], key, m->key_size))
			continue;
		memmove(m->key[n], m->key[i], sizeof(m->key[i]));
		memmove(m->value[n++], m->value[i], sizeof(m->value[i]));
	}
	m->n = n;
	return 0;
}

int __wrap_bpf_program__fd(const struct bpf_program *p)
{
	return p == (const void *)&flush_program ? 77 : -EINVAL;
}

int __wrap_bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *opts)
{
	assert_int_equal(fd, 77);
	assert_int_equal(opts->flags, BPF_F_TEST_RUN_ON_CPU);
	flushed[opts->cpu]++;
	flushes++;
	return 0;
}

/* The clock is read amidst a reading: what the kernel does then can be done here. */
static uint64_t now_ns;
static void (*amidst)(void);

uint64_t __wrap_kw_mono_ns(void)
{
	if (amidst)
		amidst();
	return now_ns;
}

/* ---- a collector with fake maps --------------------------------------------------------------*/

static struct kvm_watcher_bpf bpf;
static struct kvm_watcher_bpf__bss bss;
static struct kvm_watcher_bpf__rodata rodata;
static struct kw_vcpu vcpu[SLOTS];
static struct kw_live live;
static struct time_slot *slot;
static void *collector;
static struct kw_frame frame[KW_TABLES];

static int setup(void **state)
{
	(void)state;
	memset(&bpf, 0, sizeof(bpf));
	memset(&bss, 0, sizeof(bss));
	memset(vcpu, 0, sizeof(vcpu));
	memset(flushed, 0, sizeof(flushed));
	flushes = 0;
	slots = (struct map){ .value_size = sizeof(struct time_slot), .max_entries = SLOTS };
	slots.fd = memfd_create("slots", MFD_CLOEXEC);
	assert_true(slots.fd >= 0);
	assert_int_equal(ftruncate(slots.fd, SLOTS * sizeof(*slot)), 0);
	slot = mmap(NULL, SLOTS * sizeof(*slot), PROT_READ | PROT_WRITE, MAP_SHARED, slots.fd, 0);
	assert_ptr_not_equal(slot, MAP_FAILED);
	reasons = (struct map){ .fd = MAP_FD,
				.key_size = sizeof(struct time_reason_key),
				.value_size = sizeof(struct time_reason_value) };
	culprits = (struct map){ .fd = MAP_FD + 1,
				 .key_size = sizeof(struct time_culprit_key),
				 .value_size = sizeof(struct time_culprit_value) };
	tids = (struct map){ .fd = MAP_FD + 2, .key_size = 4, .value_size = 4 };
	bpf.maps.time_tids = (void *)&tids;
	bpf.maps.time_slots = (void *)&slots;
	bpf.maps.time_reasons = (void *)&reasons;
	bpf.maps.time_culprits = (void *)&culprits;
	bpf.bss = &bss;
	bpf.rodata = &rodata;
	bss.kw_running = 1;
	live = (struct kw_live){
		.bpf = &bpf, .vcpu = vcpu, .n_slots = 4, .max_slots = SLOTS, .interval = true
	};
	for (uint32_t i = 1; i < 4; i++)
		vcpu[i] = (struct kw_vcpu){
			.slot = i, .vcpu_id = 10 + i, .tid = 100 + i, .born_ns = 7, .vcpu = i
		};
	now_ns = 10000;
	amidst = NULL;
	for (int i = 0; i < KW_TABLES; i++)
		frame[i] = (struct kw_frame){ .schema = kw_collector_find("time")->table[i] };
	return time_open(&live, &collector);
}

static int teardown(void **state)
{
	(void)state;
	time_close(collector);
	for (int i = 0; i < KW_TABLES; i++)
		kw_frame_clear(&frame[i]);
	munmap(slot, SLOTS * sizeof(*slot));
	close(slots.fd);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void reads(uint32_t i)
{
	for (int t = 0; t < KW_TABLES; t++)
		kw_frame_clear(&frame[t]);
	assert_int_equal(time_read(&live, collector, i, 5, frame), 0);
}

/* The row of a slot, now. */
static const struct time_row *row_of(uint32_t i)
{
	assert_int_equal(time_refresh(&live, collector), 0);
	reads(i);
	return frame[0].n ? frame[0].row[0] : NULL;
}

static void assert_adds_up(const struct time_row *row)
{
	uint64_t sum = 0;

	for (int i = 0; i < TIME_STATES; i++)
		sum += row->ns[i];
	assert_int_equal(sum, row->wall);
}

/* ---- slots -----------------------------------------------------------------------------------*/

static void until_the_moment_of_reading(void **state)
{
	const struct time_row *row;

	(void)state;
	slot[2] = (struct time_slot){ .state = TIME_GUEST, .since = 9000, .begun = 1000 };
	slot[2].ns[TIME_GUEST] = 7500;
	slot[2].ns[TIME_KERNEL] = 500;
	row = row_of(2);
	assert_int_equal(frame[0].n, 1);
	assert_int_equal(row->head.vm, 5);
	assert_int_equal(row->head.vcpu, 12);
	assert_int_equal(row->head.tid, 102);
	assert_int_equal(row->head.born_ns, 7);
	assert_int_equal(row->wall, 9000);
	assert_int_equal(row->ns[TIME_GUEST], 8500);
	assert_int_equal(row->ns[TIME_KERNEL], 500);
	assert_adds_up(row);
	vcpu[2].born_ns++; /* another one */
	now_ns = 8000;	   /* the slot is ahead of the clock that was read */
	row = row_of(2);
	assert_int_equal(row->wall, 8000);
	assert_adds_up(row);
}

static void slots_without_a_row(void **state)
{
	(void)state;
	assert_null(row_of(1)); /* nothing has happened yet */
	slot[1] = (struct time_slot){ .state = TIME_GUEST, .since = 2000, .begun = 2000 };
	assert_non_null(row_of(1));
	vcpu[1].born_ns = 0; /* free */
	assert_null(row_of(1));
	slot[4] = slot[1]; /* given out since it was refreshed */
	vcpu[4] = vcpu[2];
	reads(4);
	assert_int_equal(frame[0].n, 0);
	live.n_slots = SLOTS;
	assert_int_equal(row_of(4)->wall, 8000);
}

static void waiting_ends_with_its_charge(void **state)
{
	static const uint32_t states[] = { TIME_PREEMPTED, TIME_WOKEN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		const struct time_row *row;

		slot[1] = (struct time_slot){
			.state = states[i], .since = 6000, .begun = 1000, .place = 1
		};
		slot[1].ns[TIME_GUEST] = 4000;
		slot[1].ns[states[i]] = 1000;
		vcpu[1].born_ns++;
		row = row_of(1);
		assert_int_equal(row->wall, 5000);
		assert_int_equal(row->ns[states[i]], 1000);
		assert_adds_up(row);
	}
	slot[1].state = TIME_HALTED;
	assert_int_equal(row_of(1)->ns[TIME_HALTED], 4000);
	assert_adds_up(row_of(1));
}

static void until_it_died(void **state)
{
	const struct time_row *row;

	(void)state;
	slot[3] = (struct time_slot){ .state = TIME_VMM, .since = 6000, .begun = 1000 };
	slot[3].ns[TIME_GUEST] = 5000;
	vcpu[3].died_ns = 6400;
	vcpu[3].vcpu = 0;
	row = row_of(3);
	assert_int_equal(row->wall, 5400);
	assert_int_equal(row->ns[TIME_VMM], 400);
	assert_adds_up(row);
	now_ns = 50000;
	assert_int_equal(row_of(3)->wall, 5400);
	vcpu[3].born_ns++;
	vcpu[3].died_ns = 5999; /* it wrote its end a bit later */
	row = row_of(3);
	assert_int_equal(row->wall, 5000);
	assert_adds_up(row);
	slot[3].state = TIME_PREEMPTED;
	slot[3].place = 1;
	vcpu[3].died_ns = 6400;
	assert_int_equal(row_of(3)->wall, 5000);
}

/* What it did between the moment and its end is in no figure. */
static void died_after_the_moment(void **state)
{
	const struct time_row *row;

	(void)state;
	slot[3] = (struct time_slot){ .state = TIME_GUEST, .since = 9000, .begun = 1000 };
	slot[3].ns[TIME_GUEST] = 8000;
	assert_int_equal(time_refresh(&live, collector), 0);
	vcpu[3].died_ns = 10900;
	slot[3].ns[TIME_GUEST] = 8100;
	slot[3].ns[TIME_KERNEL] = 1700;
	slot[3].since = 10800;
	slot[3].state = TIME_VMM;
	reads(3);
	row = frame[0].row[0];
	assert_int_equal(row->wall, 9000);
	assert_int_equal(row->ns[TIME_GUEST], 9000);
	now_ns = 20000;
	row = row_of(3);
	assert_int_equal(row->wall, 9900);
	assert_int_equal(row->ns[TIME_GUEST], 9000); /* told already */
	assert_adds_up(row);
}

static void until_counting_ended(void **state)
{
	(void)state;
	slot[1] = (struct time_slot){ .state = TIME_HALTED, .since = 6000, .begun = 1000 };
	slot[1].ns[TIME_GUEST] = 5000;
	bss.kw_running = 0;
	live.now_ns = 7000;
	assert_int_equal(row_of(1)->wall, 6000);
	assert_int_equal(row_of(1)->ns[TIME_HALTED], 1000);
	assert_adds_up(row_of(1));
}

/* ---- while it is written ---------------------------------------------------------------------*/

static int calls;

/* The clock is read between two looks at seq: the writer does all of its work there. */
static void whole_write(void)
{
	if (calls++)
		return;
	slot[1].seq += 2;
	slot[1].ns[TIME_GUEST] += 500;
	slot[1].since = now_ns;
	slot[1].state = TIME_KERNEL;
}

static void written_while_it_is_read(void **state)
{
	const struct time_row *row;

	(void)state;
	slot[1] = (struct time_slot){ .state = TIME_GUEST, .since = 9500, .begun = 9500 };
	calls = 0;
	amidst = whole_write;
	row = row_of(1);
	amidst = NULL;
	assert_true(calls > 1);
	assert_int_equal(row->wall, 500);
	assert_int_equal(row->ns[TIME_GUEST], 500);
	assert_adds_up(row);
}

/* The writer is interrupted amidst, and goes on after a while. */
static void write_of_three_calls(void)
{
	if (calls == 0) {
		slot[1].ns[TIME_GUEST] += 300;
	} else if (calls == 1) {
		slot[1].since += 300;
	} else if (calls == 2) {
		slot[1].state = TIME_HALTED;
		slot[1].seq++;
	}
	calls++;
	now_ns += 10;
}

static void writer_is_waited_for(void **state)
{
	const struct time_row *row;

	(void)state;
	slot[1] = (struct time_slot){ .seq = 1, .state = TIME_GUEST, .since = 9500, .begun = 9500 };
	live.n_slots = 2;
	calls = 0;
	amidst = write_of_three_calls;
	row = row_of(1);
	amidst = NULL;
	assert_int_equal(calls, 4);
	assert_int_equal(row->ns[TIME_GUEST], 300);
	assert_int_equal(row->ns[TIME_HALTED], 10040 - 9800);
	assert_adds_up(row);
}

/* It does not wait for ever. */
static void writer_that_never_ends(void **state)
{
	(void)state;
	slot[1] = (struct time_slot){ .seq = 1, .state = TIME_GUEST, .since = 9500, .begun = 9500 };
	assert_non_null(row_of(1));
}

/* ---- polling that was told as the kernel's time ----------------------------------------------*/

static void told_polling_stays_the_kernels(void **state)
{
	const struct time_row *row;

	(void)state;
	slot[1] = (struct time_slot){ .state = TIME_KERNEL, .since = 9000, .begun = 1000 };
	slot[1].ns[TIME_GUEST] = 8000;
	row = row_of(1); /* amidst the polling, that began at 9000 */
	assert_int_equal(row->ns[TIME_KERNEL], 1000);
	now_ns = 10500;
	slot[1].ns[TIME_KERNEL] = 100;
	slot[1].ns[TIME_POLL_HIT] = 1200;
	slot[1].since = 10300;
	row = row_of(1);
	assert_int_equal(row->ns[TIME_KERNEL], 1000); /* 300 by the slot's figures */
	assert_int_equal(row->ns[TIME_POLL_HIT], 500);
	assert_adds_up(row);
	now_ns = 10600; /* it makes good for the rest, as far as it can */
	row = row_of(1);
	assert_int_equal(row->ns[TIME_KERNEL], 1000);
	assert_int_equal(row->ns[TIME_POLL_HIT], 600);
	assert_adds_up(row);
	now_ns = 12000;
	row = row_of(1);
	assert_int_equal(row->ns[TIME_KERNEL], 1800);
	assert_int_equal(row->ns[TIME_POLL_HIT], 1200);
	assert_adds_up(row);
}

static void told_polling_of_both_kinds(void **state)
{
	const struct time_row *row;

	(void)state;
	slot[1] = (struct time_slot){ .state = TIME_KERNEL, .since = 9000, .begun = 9000 };
	row_of(1);
	now_ns = 11000;
	slot[1].since = 11000;
	slot[1].state = TIME_GUEST;
	slot[1].ns[TIME_POLL_HIT] = 800;
	slot[1].ns[TIME_POLL_WASTED] = 700;
	slot[1].ns[TIME_HALTED] = 500;
	row = row_of(1);
	assert_int_equal(row->ns[TIME_KERNEL], 1000);
	assert_int_equal(row->ns[TIME_POLL_HIT] + row->ns[TIME_POLL_WASTED], 500);
	assert_adds_up(row);
	/* another vCPU in the slot has been told nothing */
	vcpu[1].born_ns = 8;
	row = row_of(1);
	assert_int_equal(row->ns[TIME_KERNEL], 0);
	assert_int_equal(row->ns[TIME_POLL_HIT], 800);
}

/* The clock is read first, and the slot written a bit later: a reading comes in between. */
static void told_too_much_of_any_state(void **state)
{
	const struct time_row *row;

	(void)state;
	slot[1] = (struct time_slot){ .state = TIME_GUEST, .since = 9000, .begun = 9000 };
	row = row_of(1);
	assert_int_equal(row->ns[TIME_GUEST], 1000);
	slot[1].ns[TIME_GUEST] = 990;
	slot[1].since = 9990;
	slot[1].state = TIME_HALTED;
	now_ns = 10005;
	row = row_of(1);
	assert_int_equal(row->ns[TIME_GUEST], 1000);
	assert_int_equal(row->ns[TIME_HALTED], 5);
	assert_int_equal(row->ns[TIME_POLL_HIT], 0);
	assert_adds_up(row);
	slot[1].state = TIME_PREEMPTED; /* of which nothing is known before it is charged */
	slot[1].place = 1;
	slot[1].ns[TIME_HALTED] = 10;
	slot[1].since = 10000;
	now_ns = 10500;
	row = row_of(1);
	assert_int_equal(row->wall, 1005);
	assert_adds_up(row);
}

/* Halts of both kinds, read at any moment: no figure that was told goes back. */
static void no_figure_goes_back(void **state)
{
	struct kw_random random = { 4711 };
	struct time_row before = {};
	uint64_t halt = 0;

	(void)state;
	slot[1] = (struct time_slot){ .state = TIME_GUEST, .since = 10000, .begun = 10000 };
	for (int i = 0; i < 20000; i++) {
		uint32_t what = kw_random_next(&random) % 4;
		const struct time_row *row;
		struct time_slot *s = &slot[1];

		now_ns += kw_random_next(&random) % 1000;
		if (what < 3) { /* guest, exit, the end of its polling, entry */
			s->ns[s->state] += now_ns - s->since;
			halt += s->state == TIME_KERNEL ? now_ns - s->since : 0;
			s->since = now_ns;
		}
		if (what == 1 && s->state == TIME_KERNEL) {
			uint64_t polled = halt - halt / 8;

			s->ns[TIME_KERNEL] -= polled;
			s->ns[i & 8 ? TIME_POLL_HIT : TIME_POLL_WASTED] += polled;
			halt = 0;
		} else if (what == 2) {
			s->state = s->state == TIME_GUEST ? TIME_KERNEL : TIME_GUEST;
			halt = 0;
		}
		row = row_of(1);
		assert_adds_up(row);
		assert_int_equal(row->wall, now_ns - 10000);
		for (int k = 0; k < TIME_STATES; k++)
			assert_true(row->ns[k] >= before.ns[k]);
		before = *row;
	}
	assert_true(before.ns[TIME_POLL_HIT] && before.ns[TIME_POLL_WASTED]);
}

/* ---- the other tables ------------------------------------------------------------------------*/

static void add_culprit(uint32_t of, uint32_t by, uint32_t pid, uint32_t id, uint64_t ns,
			const char *comm)
{
	struct time_culprit_key key = { .key.slot = of, .by = by, .pid = pid, .id = id };
	struct time_culprit_value value = { .head = { 9, 4 }, .turns = 3, .waited = ns };

	snprintf(value.comm, sizeof(value.comm), "%s", comm);
	memcpy(culprits.key[culprits.n], &key, sizeof(key));
	memcpy(culprits.value[culprits.n++], &value, sizeof(value));
	slot[of].culprits++;
}

static void add_reason(uint32_t of, uint32_t code, uint64_t ns)
{
	struct time_reason_key key = {
		.key.slot = of, .code = code, .isa = KW_ISA_SVM, .level = 1
	};
	struct time_reason_value value = { .head = { 9, 2 }, .kernel = ns };

	memcpy(reasons.key[reasons.n], &key, sizeof(key));
	memcpy(reasons.value[reasons.n++], &value, sizeof(value));
	slot[of].reasons++;
}

static void reasons_and_culprits(void **state)
{
	const struct time_culprit_row *culprit;
	const struct time_reason_row *reason;

	(void)state;
	add_reason(2, 0x78, 1234);
	add_culprit(2, TIME_BY_VCPU, 200, 3, 77, "CPU 3/KVM");
	add_culprit(1, TIME_BY_IRQ, 0, 0, 5, "");
	row_of(2);
	assert_int_equal(frame[0].n, 0);
	assert_int_equal(frame[1].n, 1);
	reason = frame[1].row[0];
	assert_int_equal(reason->head.vcpu, 12);
	assert_int_equal(reason->code, 0x78);
	assert_int_equal(reason->isa, KW_ISA_SVM);
	assert_int_equal(reason->level, 1);
	assert_int_equal(reason->kernel, 1234);
	assert_int_equal(frame[2].n, 1);
	culprit = frame[2].row[0];
	assert_int_equal(culprit->by, TIME_BY_VCPU);
	assert_int_equal(culprit->pid, 200);
	assert_int_equal(culprit->id, 3);
	assert_int_equal(culprit->waited, 77);
	assert_int_equal(culprit->count, 3);
	assert_string_equal(culprit->comm, "CPU 3/KVM");
	assert_int_equal(frame[3].n, 0); /* no program that tells of threads */
	time_forget(&live, collector, 2);
	assert_int_equal(reasons.n, 0);
	assert_int_equal(culprits.n, 1);
	assert_int_equal(slot[2].reasons + slot[2].culprits, 0);
	assert_int_equal(slot[1].culprits, 1);
}

/* Before a reading, those CPUs that somebody waits for. */
static void flushes_where_somebody_waits(void **state)
{
	(void)state;
	bss.time_now[3].waiting = 1;
	row_of(1);
	assert_int_equal(flushes, 0); /* this kernel has no such program */
	bpf.progs.time_flush = (void *)&flush_program;
	bss.time_now[TIME_CPUS - 1].waiting = 2;
	row_of(1);
	assert_int_equal(flushes, 2);
	assert_int_equal(flushed[3] + flushed[TIME_CPUS - 1], 2);
}

static void sizes(void **state)
{
	(void)state;
	assert_int_equal(time_configure(&bpf, 100), 0);
	assert_int_equal(slots.max_entries, 100);
	assert_int_equal(tids.max_entries, 100);
	assert_true(reasons.max_entries >= 100 * TIME_REASONS);
	assert_true(culprits.max_entries >= 100 * TIME_CULPRIT_ROWS);
	assert_int_equal(time_start(&live, collector), 0); /* with none of its programs */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(until_the_moment_of_reading),  TEST(slots_without_a_row),
		TEST(waiting_ends_with_its_charge), TEST(until_it_died),
		TEST(died_after_the_moment),	    TEST(until_counting_ended),
		TEST(written_while_it_is_read),	    TEST(writer_is_waited_for),
		TEST(writer_that_never_ends),	    TEST(told_polling_stays_the_kernels),
		TEST(told_polling_of_both_kinds),   TEST(told_too_much_of_any_state),
		TEST(no_figure_goes_back),	    TEST(reasons_and_culprits),
		TEST(flushes_where_somebody_waits), TEST(sizes),
	};

	return kw_run_tests(tests);
}
