// SPDX-License-Identifier: Apache-2.0
/*
 * perf.c - what perf kvm stat has at each event as a listener: a sample in a ring.
 * May not know about: BPF, rounds, tables.
 * To extend: see listener.h.
 *
 * In favour of perf: nobody reads the ring while it is written, and what its reader does with
 * the samples costs nothing here.
 */
#define _GNU_SOURCE
#include "listener.h"

#include "../src/core/log.h"
#include "../src/util/cleanup.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define RING_PAGES 512 /* perf kvm's default; a power of two */

/* A sample: header, pid and tid, time, CPU, and the record with its length. */
#define SAMPLE_BYTES (8 + 8 + 8 + 8 + 4 + 12)

struct perf {
	struct bench_listener driver; /* one without a program */
	int fd;
	struct perf_event_mmap_page *ring;
	uint64_t samples; /* written to the ring, before it was drained */
};

static size_t ring_size(void)
{
	return (1 + RING_PAGES) * sysconf(_SC_PAGESIZE);
}

static int perf_open(struct bench_listener *l)
{
	struct perf *perf = calloc(1, sizeof(*perf));
	int err;

	if (!perf)
		return -ENOMEM;
	l->state = perf;
	perf->fd = -1;
	perf->driver.def = l->def;
	err = bench_kind_program.open(&perf->driver);
	l->driver = perf->driver.driver;
	return err;
}

static int64_t tracepoint_id(void)
{
	_cleanup_fclose_ FILE *f = NULL;
	int64_t id = -ENOENT;

	f = fopen("/sys/kernel/tracing/events/bpf_test_run/bpf_trigger_tp/id", "re");
	if (f && fscanf(f, "%ld", &id) != 1)
		return -EINVAL;
	return id;
}

/* Take what is in the ring, as its reader would. */
static void perf_ready(struct bench_listener *l)
{
	struct perf *perf = l->state;
	uint64_t head = __atomic_load_n(&perf->ring->data_head, __ATOMIC_ACQUIRE);

	perf->samples += (head - perf->ring->data_tail) / SAMPLE_BYTES;
	__atomic_store_n(&perf->ring->data_tail, head, __ATOMIC_RELEASE);
}

static int perf_attach(struct bench_listener *l)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = tracepoint_id(),
		.sample_period = 1,
		.sample_type =
			PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_RAW,
		.watermark = 1,
		.wakeup_watermark = RING_PAGES * 4096 / 2,
	};
	struct perf *perf = l->state;
	void *ring;

	perf->fd =
		syscall(SYS_perf_event_open, &attr, -1, sched_getcpu(), -1, PERF_FLAG_FD_CLOEXEC);
	if (perf->fd < 0)
		return -errno;
	ring = mmap(NULL, ring_size(), PROT_READ | PROT_WRITE, MAP_SHARED, perf->fd, 0);
	if (ring == MAP_FAILED)
		return -errno;
	perf->ring = ring;
	return 0;
}

static void perf_detach(struct bench_listener *l)
{
	struct perf *perf = l->state;

	if (perf->ring) {
		perf_ready(l);
		munmap(perf->ring, ring_size());
	}
	kw_closep(&perf->fd);
	perf->ring = NULL;
	perf->fd = -1;
}

static void perf_close(struct bench_listener *l)
{
	struct perf *perf = l->state;

	perf_detach(l);
	bench_kind_program.close(&perf->driver);
	free(perf);
}

static int perf_check(struct bench_listener *l)
{
	const struct perf *perf = l->state;
	uint64_t fired = 2 * bench_ledger_sum(&l->fired);

	if (perf->samples == fired)
		return 0;
	kw_say("perf has %llu samples of %llu events", (unsigned long long)perf->samples,
	       (unsigned long long)fired);
	return -EIO;
}

const struct bench_kind bench_kind_perf = {
	.open = perf_open,
	.attach = perf_attach,
	.ready = perf_ready,
	.detach = perf_detach,
	.check = perf_check,
	.close = perf_close,
};
