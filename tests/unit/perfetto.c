// SPDX-License-Identifier: Apache-2.0
/*
 * perfetto.c - many exits into a trace: tells how many per second of CPU time, and how many bytes
 * each. With a file and a seed: random events of all collectors into that file.
 * May not know about: what a trace looks like (tests/perfetto does).
 * To extend: nothing; what is told of the rate is no claim.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/exits/exits_rows.h"
#include "core/collector.h"
#include "sinks/sink.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <stdlib.h>
#include <unistd.h>

#define EXITS	 200000
#define VCPUS	 64
#define EVENTS	 3000
#define VMS	 4
#define ROW_SIZE 4096

extern const struct kw_collector kw_collector_exits;

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void test_rate(void **state)
{
	static const uint32_t codes[] = { 0x7c, 0x78, 0x400, 0x7b, 0x60 };
	const struct kw_vm vm = { .pid = 77, .number = 1, .vmm = "qemu", .name = "busy" };
	struct exits_event_row row = { .isa = KW_ISA_SVM, .level = 1 };
	struct kw_view view = {};
	struct kw_vms vms = {};
	struct kw_sink *sink;
	double began, took;
	char path[] = "/tmp/kvm_watcher-XXXXXX", spec[64];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	snprintf(spec, sizeof(spec), "perfetto:%s", path);
	assert_int_equal(kw_vms_add(&vms, &vm), 0);
	assert_int_equal(kw_sink_open(spec, &view, &sink), 0);
	began = seconds();
	for (uint64_t i = 0; i < EXITS; i++) {
		row.head.vcpu = i % VCPUS;
		row.head.tid = 1000 + row.head.vcpu;
		row.code = codes[i % 5];
		row.total = 2000 + i % 1000;
		row.kernel = 1500;
		row.part[0] = row.total - row.kernel;
		assert_int_equal(sink->ops->event(sink, &vms, "exits", kw_collector_exits.event,
						  &row, 1000000 + i * 5000, 2000000 + i * 5000),
				 0);
	}
	took = seconds() - began;
	assert_int_equal(kw_sink_close(sink), 0);
	print_message("%.0f exits/s, %.0f bytes each\n", EXITS / took,
		      (double)lseek(fd, 0, SEEK_END) / EXITS);
	close(fd);
	unlink(path);
	kw_vms_release(&vms);
}

static const struct kw_collector *random_collector(void)
{
	const struct kw_collector *c;
	size_t n = 0;

	while (kw_collector(n))
		n++;
	do
		c = kw_collector(random() % n);
	while (!c->event);
	return c;
}

/* Any bytes, of few vCPUs, one VM of which nobody knows; times that come close to each other. */
static void random_row(const struct kw_schema *schema, void *row)
{
	const struct kw_column *time = kw_schema_find(schema, schema->sort);
	struct kw_row_head *head = row;

	assert_true(schema->row_size <= ROW_SIZE);
	for (size_t i = 0; i < schema->row_size; i++)
		((uint8_t *)row)[i] = random() >> 8;
	head->vm = random() % (VMS + 1);
	head->vcpu = random() % 4 ? (uint32_t)random() % 3 : KW_ALL;
	head->tid = random() % 6;
	if (kw_schema_find(schema, "from_cpu"))
		kw_column_set_raw(kw_schema_find(schema, "cpu"), row, random() % 2);
	if (random() % 8)
		kw_column_set_raw(time, row, random() % 30000);
}

static int write_random(const char *path, unsigned int seed)
{
	static uint64_t row[ROW_SIZE / sizeof(uint64_t)];
	struct kw_vms vms = {};
	struct kw_view view = {};
	struct kw_sink *sink;
	char spec[300];
	int err;

	srandom(seed);
	snprintf(spec, sizeof(spec), "perfetto:%s", path);
	for (uint32_t i = 0; i < VMS; i++)
		kw_vms_add(&vms, &(struct kw_vm){ .pid = 10 + i / 2, .number = 1 + i % 2 });
	err = kw_sink_open(spec, &view, &sink);
	for (int i = 0; i < EVENTS && !err; i++) {
		const struct kw_collector *c = random_collector();
		uint64_t ns = 5000 + 100 * i + random() % 2000;

		random_row(c->event, row);
		err = sink->ops->event(sink, &vms, c->name, c->event, row, ns, ns);
	}
	err = err ? err : kw_sink_close(sink);
	kw_vms_release(&vms);
	printf("%d\n", EVENTS);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rate) };

	if (argc == 3)
		return write_random(argv[1], strtoul(argv[2], NULL, 0));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
