// SPDX-License-Identifier: Apache-2.0
/*
 * perfetto.c - many exits into a trace: tells how many per second, and how many bytes each.
 * May not know about: what a trace looks like (tests/perfetto does).
 * To extend: nothing; what is told is no claim.
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

#define EXITS 200000
#define VCPUS 64

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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rate) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
