// SPDX-License-Identifier: Apache-2.0
/*
 * time_rows.c - tests what the tables of the time collector show: shares, what is unaccounted, the
 * names of culprits and threads, in every format, and what is left when rows are folded.
 * May not know about: BPF, sources.
 * To extend: a meaning of a column is an assert_text, assert_number or assert_missing.
 */
#include "cells.h"
#include "safe.h"

#include "collectors/time/time_rows.h"
#include "sinks/sink.h"

#include <jansson.h>

static int setup(void **state)
{
	static const struct kw_vm known[] = {
		{ .pid = 100, .number = 1, .name = "web1" },
		{ .pid = 200, .number = 0, .name = "no VM of it is known" },
		{ .pid = 300, .number = 1, .name = "\033[31mred, \"db\"" },
	};

	(void)state;
	vms = (struct kw_vms){};
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_int_equal(kw_vms_add(&vms, &known[i]), i);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kw_vms_release(&vms);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- cells -----------------------------------------------------------------------------------*/

static const struct {
	uint32_t state;
	const char *name, *share;
	bool on_cpu;
} states[] = {
	{ TIME_GUEST, "guest_ns", "guest_percent", true },
	{ TIME_NESTED, "nested_ns", "nested_percent", true },
	{ TIME_KERNEL, "kernel_ns", "kernel_percent", true },
	{ TIME_VMM, "vmm_ns", "vmm_percent", true },
	{ TIME_POLL_HIT, "poll_hit_ns", "poll_hit_percent", true },
	{ TIME_POLL_WASTED, "poll_wasted_ns", "poll_wasted_percent", true },
	{ TIME_HALTED, "halted_ns", "halted_percent", false },
	{ TIME_PREEMPTED, "preempted_ns", "preempted_percent", false },
	{ TIME_WOKEN, "woken_ns", "woken_percent", false },
	{ TIME_THROTTLED, "throttled_ns", "throttled_percent", false },
	{ TIME_BLOCKED, "blocked_ns", "blocked_percent", false },
	{ TIME_IDLE, "idle_ns", "idle_percent", false },
	{ TIME_STOPPED, "stopped_ns", "stopped_percent", false },
};

static void every_state_has_its_columns(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_SIZE(states), TIME_STATES - 1); /* all but unknown */
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		struct time_row row = { .wall = 3000000 };

		row.ns[states[i].state] = 1000000;
		assert_number(&time_table, states[i].name, &row, 1000000);
		assert_number(&time_table, states[i].share, &row, 3333);
		assert_number(&time_table, "cpu_percent", &row, states[i].on_cpu ? 3333 : 0);
		assert_number(&time_table, "unaccounted_ns", &row, 2000000);
		assert_number(&time_table, "unaccounted_percent", &row, 6667);
		for (size_t k = 0; k < ARRAY_SIZE(states); k++)
			if (k != i)
				assert_number(&time_table, states[k].share, &row, 0);
	}
}

static void shares_of_the_wall(void **state)
{
	struct time_row row = { .wall = 1000 };

	(void)state;
	row.ns[TIME_GUEST] = 600;
	row.ns[TIME_KERNEL] = 100;
	row.ns[TIME_POLL_WASTED] = 50;
	row.ns[TIME_HALTED] = 230;
	row.ns[TIME_UNKNOWN] = 20;
	assert_number(&time_table, "cpu_percent", &row, 7500);
	assert_number(&time_table, "unknown_ns", &row, 20);
	assert_number(&time_table, "unaccounted_ns", &row, 20);
	assert_number(&time_table, "unaccounted_percent", &row, 200);
	row.ns[TIME_HALTED] = 290; /* told twice is as wrong as not told */
	assert_number(&time_table, "unaccounted_ns", &row, 40);
	row.ns[TIME_HALTED] = 250;
	row.ns[TIME_UNKNOWN] = 0;
	assert_number(&time_table, "unaccounted_ns", &row, 0);
	assert_number(&time_table, "unaccounted_percent", &row, 0);
	row = (struct time_row){ .wall = 7ULL * 86400 * 1000000000 * 1000 }; /* 1000 weeks */
	row.ns[TIME_GUEST] = row.wall;
	assert_number(&time_table, "guest_percent", &row, 10000);
	row = (struct time_row){};
	assert_missing(&time_table, "guest_percent", &row); /* of no time */
	assert_missing(&time_table, "cpu_percent", &row);
	assert_missing(&time_table, "unaccounted_percent", &row);
	assert_number(&time_table, "guest_ns", &row, 0);
}

static void reasons(void **state)
{
	struct time_reason_row row = { .head.span_ns = 1000000,
				       .code = 0x78,
				       .isa = KW_ISA_SVM,
				       .level = 2,
				       .kernel = 12345 };

	(void)state;
	assert_text(&time_reason_table, "reason", &row, "HLT");
	assert_text(&time_reason_table, "isa", &row, "svm");
	assert_number(&time_reason_table, "reason_code", &row, 0x78);
	assert_number(&time_reason_table, "level", &row, 2);
	assert_number(&time_reason_table, "kernel_ns", &row, 12345);
	assert_number(&time_reason_table, "kernel_percent", &row, 123);
	row = (struct time_reason_row){ .kernel = 5 };
	assert_text(&time_reason_table, "reason", &row, "(none)");
	assert_missing(&time_reason_table, "reason_code", &row);
	assert_missing(&time_reason_table, "level", &row);
	assert_missing(&time_reason_table, "kernel_percent", &row);
}

static struct time_culprit_row culprit(uint32_t by, uint32_t pid, uint32_t id, const char *comm)
{
	struct time_culprit_row row = { .by = by, .pid = pid, .id = id, .waited = 10, .count = 1 };

	memcpy(row.comm, comm, strnlen(comm, sizeof(row.comm)));
	return row;
}

static void kinds_of_culprits(void **state)
{
	static const char *const names[TIME_CULPRITS] = { "unknown", "vcpu",	"vmm", "vhost",
							  "kernel",  "process", "irq", "idle",
							  "limit",   "other" };

	(void)state;
	for (uint32_t by = 0; by < TIME_CULPRITS; by++) {
		bool has_id = by >= TIME_BY_VCPU && by <= TIME_BY_VHOST;
		bool is_task = by >= TIME_BY_VCPU && by <= TIME_BY_PROCESS;
		struct time_culprit_row row =
			culprit(by, is_task ? 4711 : 0, has_id ? 3 : 0, is_task ? "name" : "");

		assert_text(&time_culprit_table, "by", &row, names[by]);
		if (is_task) {
			assert_number(&time_culprit_table, "culprit_pid", &row, 4711);
			assert_text(&time_culprit_table, "culprit", &row, "name");
			assert_text(&time_culprit_table, "comm", &row, "name");
		} else {
			assert_missing(&time_culprit_table, "culprit_pid", &row);
			assert_missing(&time_culprit_table, "culprit", &row);
		}
		if (has_id)
			assert_number(&time_culprit_table, "culprit_id", &row, 3);
		else
			assert_missing(&time_culprit_table, "culprit_id", &row);
	}
	assert_missing(&time_culprit_table, "by", &(struct time_culprit_row){ .by = 99 });
}

static void names_of_culprits(void **state)
{
	struct time_culprit_row row = culprit(TIME_BY_VCPU, 100, 0, "CPU 0/KVM");

	(void)state;
	assert_text(&time_culprit_table, "culprit", &row, "web1/0"); /* vCPU 0 has an id, too */
	assert_number(&time_culprit_table, "culprit_id", &row, 0);
	row.pid = 200; /* a process, but no VM of it is known */
	assert_text(&time_culprit_table, "culprit", &row, "CPU 0/KVM");
	row.pid = 4711;
	assert_text(&time_culprit_table, "culprit", &row, "CPU 0/KVM");
	row = culprit(TIME_BY_VMM, 100, 101, "qemu"); /* named as a thread */
	assert_text(&time_culprit_table, "culprit", &row, "qemu");
	row = culprit(TIME_BY_PROCESS, 7, 0, "sixteen letters!"); /* no 0 at its end */
	assert_text(&time_culprit_table, "culprit", &row, "sixteen letters!");
	assert_text(&time_culprit_table, "comm", &row, "sixteen letters!");
	row.head.span_ns = 40;
	assert_number(&time_culprit_table, "waited_percent", &row, 2500);
	assert_number(&time_culprit_table, "count", &row, 1);
}

/* A name of 255 bytes is cut, the vCPU's id is not. */
static void long_names_of_culprits(void **state)
{
	struct time_culprit_row row = culprit(TIME_BY_VCPU, 500, 4294967294, "CPU 0/KVM");
	struct kw_vm vm = { .pid = 500, .number = 1 };
	struct kw_value value;

	(void)state;
	memset(vm.name, 'x', sizeof(vm.name) - 1);
	assert_true(kw_vms_add(&vms, &vm) >= 0);
	value = cell(&time_culprit_table, "culprit", &row);
	assert_int_equal(value.kind, KW_TEXT);
	kw_assert_holds(value.buf, "xx/4294967294");
}

static void threads(void **state)
{
	static const char *const roles[TIME_ROLES] = { "emulator", "iothread", "vhost", "kvm",
						       "worker" };
	struct time_thread_row row = { .thread = 101, .run = 50, .waited = 7, .slices = 3 };

	(void)state;
	memcpy(row.comm, "IO iothread1", 12);
	row.head.span_ns = 200;
	for (row.role = 0; row.role < TIME_ROLES; row.role++)
		assert_text(&time_thread_table, "role", &row, roles[row.role]);
	assert_missing(&time_thread_table, "role", &row);
	assert_number(&time_thread_table, "thread", &row, 101);
	assert_text(&time_thread_table, "comm", &row, "IO iothread1");
	assert_number(&time_thread_table, "run_ns", &row, 50);
	assert_number(&time_thread_table, "run_percent", &row, 2500);
	assert_number(&time_thread_table, "waited_ns", &row, 7);
	assert_number(&time_thread_table, "slices", &row, 3);
	row.unknown = 1; /* this kernel does not know */
	assert_number(&time_thread_table, "run_ns", &row, 50);
	assert_missing(&time_thread_table, "waited_ns", &row);
	assert_missing(&time_thread_table, "slices", &row);
}

/* ---- formats ---------------------------------------------------------------------------------*/

/* A frame as a format shows it; to be freed. */
static char *show(const struct kw_sink_ops *ops, const struct kw_frame *frame, const char *columns)
{
	struct kw_sink sink = { .ops = ops, .view.columns = columns };
	char *text = NULL;
	size_t size = 0;

	sink.out = open_memstream(&text, &size);
	assert_int_equal(ops->frame(&sink, &vms, frame, false), 0);
	fclose(sink.out);
	free(sink.steady);
	return text;
}

static void percent_in_every_format(void **state)
{
	static const char columns[] = "vm,vcpu,guest_percent,halted_percent,woken_percent";
	struct kw_frame frame = { .schema = &time_table, .span_ns = 1000000000 };
	struct time_row *row = kw_frame_add(&frame);
	char *text;

	(void)state;
	row->head.vcpu = 3;
	row->wall = 1000000;
	row->ns[TIME_GUEST] = 123400;
	row->ns[TIME_HALTED] = 1000000 - 123400;
	row = kw_frame_add(&frame); /* of no time */
	row->head.vcpu = 4;
	text = show(&kw_sink_csv, &frame, columns);
	kw_assert_holds(text, "interval_ns,summary,vm,vcpu,guest_percent,halted_percent,"
			      "woken_percent\r\n");
	kw_assert_holds(text, ",1000000000,0,web1,3,12.34,87.66,0.00\r\n");
	kw_assert_holds(text, ",web1,4,,,\r\n");
	free(text);
	text = show(&kw_sink_jsonl, &frame, columns);
	kw_assert_holds(text, "\"guest_percent\":12.34,\"halted_percent\":87.66,"
			      "\"woken_percent\":0.0}");
	kw_assert_holds(text, "\"vcpu\":4,\"guest_percent\":null,\"halted_percent\":null,"
			      "\"woken_percent\":null}");
	free(text);
	text = show(&kw_sink_table, &frame, columns);
	kw_assert_holds(text, "web1    3   12.3  87.7    0.0");
	kw_assert_holds(text, "web1    4      -     -      -");
	free(text);
	kw_frame_clear(&frame);
}

static void machines_get_numbers_and_people_shares(void **state)
{
	struct kw_frame frame = { .schema = &time_table, .span_ns = 1000000000 };
	struct time_row *row = kw_frame_add(&frame);
	char *text;

	(void)state;
	row->wall = 1000;
	row->ns[TIME_GUEST] = 1000;
	text = show(&kw_sink_jsonl, &frame, NULL);
	kw_assert_holds(text, "\"wall_ns\":1000");
	kw_assert_holds(text, "\"guest_ns\":1000");
	kw_assert_holds(text, "\"unaccounted_ns\":0");
	free(text);
	text = show(&kw_sink_table, &frame, NULL);
	kw_assert_holds(text, "CPU%");
	kw_assert_holds(text, "UNACC%");
	assert_null(strstr(text, "WALL"));
	free(text);
	kw_frame_clear(&frame);
}

/* What a VM's name or a thread's comm holds acts on no terminal, and leaves no field. */
static void names_are_safe_in_every_format(void **state)
{
	struct kw_frame frame = { .schema = &time_culprit_table, .span_ns = 1000000000 };
	struct time_culprit_row *row = kw_frame_add(&frame);
	json_t *object;
	char *text;

	(void)state;
	*row = culprit(TIME_BY_VCPU, 300, 1, "CPU 1/KVM");
	*(struct time_culprit_row *)kw_frame_add(&frame) =
		culprit(TIME_BY_PROCESS, 7, 0, "a\033]0;,\"\n\xff\xc2\x9b");
	text = show(&kw_sink_table, &frame, NULL);
	kw_assert_safe(text, strlen(text), "\n");
	kw_assert_holds(text, "\\x1b[31mred, \"db\"/1");
	free(text);
	text = show(&kw_sink_csv, &frame, "by,culprit,comm,waited");
	kw_assert_safe(text, strlen(text), "\r\n");
	kw_assert_holds(text, ",vcpu,\"\\x1b[31mred, \"\"db\"\"/1\",CPU 1/KVM,10\r\n");
	free(text);
	text = show(&kw_sink_jsonl, &frame, "culprit,comm");
	kw_assert_safe(text, strlen(text), "\n");
	object = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, "culprit")),
			    "\033[31mred, \"db\"/1");
	assert_string_equal(json_string_value(json_object_get(object, "comm")), "CPU 1/KVM");
	json_decref(object);
	object = json_loads(strchr(text, '\n') + 1, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(object);
	kw_assert_holds(json_string_value(json_object_get(object, "comm")), "a\033]0;,\"\n");
	json_decref(object);
	free(text);
	kw_frame_clear(&frame);
}

static void nothing_is_missing_not_empty(void **state)
{
	struct kw_frame frame = { .schema = &time_culprit_table, .span_ns = 1000000000 };
	char *text;

	(void)state;
	*(struct time_culprit_row *)kw_frame_add(&frame) = culprit(TIME_BY_IRQ, 0, 0, "");
	text = show(&kw_sink_jsonl, &frame, NULL);
	kw_assert_holds(text, "\"by\":\"irq\",\"culprit\":null,\"culprit_pid\":null,"
			      "\"culprit_id\":null");
	free(text);
	kw_frame_clear(&frame);
}

/* ---- rows that become one --------------------------------------------------------------------*/

static void fold_of_the_host(void **state)
{
	struct kw_frame frame = { .schema = &time_table, .span_ns = 1000000000 };
	const struct time_row *row;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		struct time_row *r = kw_frame_add(&frame);

		r->head =
			(struct kw_row_head){ .vm = i / 3, .vcpu = i % 3, .tid = 9, .born_ns = i };
		r->wall = 1000;
		r->ns[TIME_GUEST] = 100 * i;
		r->ns[TIME_HALTED] = 1000 - 100 * i;
	}
	assert_int_equal(kw_frame_fold(&frame, KW_PER_VM), 0);
	assert_int_equal(frame.n, 2);
	assert_text(&time_table, "vm", frame.row[0], "web1");
	assert_missing(&time_table, "vcpu", frame.row[0]);
	assert_missing(&time_table, "tid", frame.row[0]);
	assert_number(&time_table, "wall_ns", frame.row[0], 3000);
	assert_number(&time_table, "guest_percent", frame.row[0], 1000);
	assert_number(&time_table, "guest_percent", frame.row[1], 4000);
	assert_int_equal(kw_frame_fold(&frame, KW_PER_HOST), 0);
	assert_int_equal(frame.n, 1);
	row = frame.row[0];
	assert_text(&time_table, "vm", row, "(all)");
	assert_missing(&time_table, "pid", row);
	assert_missing(&time_table, "vcpu", row);
	assert_int_equal(row->wall, 6000);
	assert_number(&time_table, "guest_percent", row, 2500);
	assert_number(&time_table, "halted_percent", row, 7500);
	assert_number(&time_table, "unaccounted_ns", row, 0);
	kw_frame_clear(&frame);
}

static void fold_of_culprits(void **state)
{
	struct kw_frame frame = { .schema = &time_culprit_table, .span_ns = 1000000000 };
	char *text;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct time_culprit_row *r = kw_frame_add(&frame);

		*r = culprit(TIME_BY_PROCESS, 7 + i / 2, 0, i == 2 ? "" : "bash");
		r->head = (struct kw_row_head){ .vm = i & 1, .vcpu = i, .tid = 9, .born_ns = i };
		r->waited = 100 + i;
	}
	assert_int_equal(kw_frame_fold(&frame, KW_PER_HOST), 0);
	assert_int_equal(frame.n, 2);
	assert_text(&time_culprit_table, "vm", frame.row[0], "(all)");
	assert_number(&time_culprit_table, "culprit_pid", frame.row[0], 7);
	assert_number(&time_culprit_table, "waited_ns", frame.row[0], 201);
	assert_number(&time_culprit_table, "count", frame.row[0], 2);
	assert_number(&time_culprit_table, "waited_ns", frame.row[1], 205);
	assert_text(&time_culprit_table, "culprit", frame.row[1], "bash");
	text = show(&kw_sink_csv, &frame, "vm,pid,vcpu,tid,by,culprit,waited");
	kw_assert_holds(text, ",(all),,,,process,bash,201\r\n");
	free(text);
	kw_frame_clear(&frame);
}

/* Between two readings: what did not go on is not shown, and a name stays. */
static void difference_of_readings(void **state)
{
	struct kw_frame before = { .schema = &time_culprit_table, .mono_ns = 1000 };
	struct kw_frame now = { .schema = &time_culprit_table, .mono_ns = 3000 };
	struct kw_frame delta = {};

	(void)state;
	*(struct time_culprit_row *)kw_frame_add(&before) = culprit(TIME_BY_PROCESS, 7, 0, "bash");
	*(struct time_culprit_row *)kw_frame_add(&before) = culprit(TIME_BY_PROCESS, 8, 0, "make");
	*(struct time_culprit_row *)kw_frame_add(&now) = culprit(TIME_BY_PROCESS, 8, 0, "make");
	*(struct time_culprit_row *)kw_frame_add(&now) = culprit(TIME_BY_PROCESS, 7, 0, "bash");
	*(struct time_culprit_row *)kw_frame_add(&now) = culprit(TIME_BY_IRQ, 0, 0, "");
	((struct time_culprit_row *)now.row[0])->waited += 500;
	assert_int_equal(kw_frame_delta(&now, &before, &delta), 0);
	assert_int_equal(delta.n, 2);
	kw_frame_set_span(&delta);
	assert_number(&time_culprit_table, "waited_ns", delta.row[0], 500);
	assert_number(&time_culprit_table, "waited_percent", delta.row[0], 2500);
	assert_text(&time_culprit_table, "culprit", delta.row[0], "make");
	assert_text(&time_culprit_table, "by", delta.row[1], "irq");
	kw_frame_clear(&before);
	kw_frame_clear(&now);
	kw_frame_clear(&delta);
}

/* A thread that gets another name keeps its row, under the later one. */
static void later_names(void **state)
{
	struct kw_frame total = { .schema = &time_thread_table };
	struct kw_frame more = { .schema = &time_thread_table };
	struct time_thread_row *row = kw_frame_add(&total);

	(void)state;
	row->thread = 101;
	row->run = 5;
	memcpy(row->comm, "qemu", 5);
	row = kw_frame_add(&more);
	row->thread = 101;
	row->run = 6;
	memcpy(row->comm, "sixteen letters!", 16);
	assert_int_equal(kw_frame_merge(&total, &more), 0);
	assert_int_equal(total.n, 1);
	assert_number(&time_thread_table, "run_ns", total.row[0], 11);
	assert_text(&time_thread_table, "comm", total.row[0], "sixteen letters!");
	row->comm[0] = 0; /* none is no name */
	assert_int_equal(kw_frame_merge(&total, &more), 0);
	assert_text(&time_thread_table, "comm", total.row[0], "sixteen letters!");
	kw_frame_clear(&total);
	kw_frame_clear(&more);
}

static void order_by_names_and_shares(void **state)
{
	struct kw_frame frame = { .schema = &time_culprit_table };

	(void)state;
	*(struct time_culprit_row *)kw_frame_add(&frame) = culprit(TIME_BY_IRQ, 0, 0, "");
	*(struct time_culprit_row *)kw_frame_add(&frame) = culprit(TIME_BY_PROCESS, 7, 0, "make");
	*(struct time_culprit_row *)kw_frame_add(&frame) = culprit(TIME_BY_PROCESS, 8, 0, "bash");
	kw_frame_order(&frame, &vms, kw_schema_find(&time_culprit_table, "comm"));
	assert_number(&time_culprit_table, "culprit_pid", frame.row[0], 8);
	assert_number(&time_culprit_table, "culprit_pid", frame.row[1], 7);
	kw_frame_order(&frame, &vms, kw_schema_find(&time_culprit_table, "culprit"));
	assert_number(&time_culprit_table, "culprit_pid", frame.row[0], 8);
	assert_text(&time_culprit_table, "by", frame.row[2], "irq"); /* missing is last */
	kw_frame_clear(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_state_has_its_columns),
		TEST(shares_of_the_wall),
		TEST(reasons),
		TEST(kinds_of_culprits),
		TEST(names_of_culprits),
		TEST(long_names_of_culprits),
		TEST(threads),
		TEST(percent_in_every_format),
		TEST(machines_get_numbers_and_people_shares),
		TEST(names_are_safe_in_every_format),
		TEST(nothing_is_missing_not_empty),
		TEST(fold_of_the_host),
		TEST(fold_of_culprits),
		TEST(difference_of_readings),
		TEST(later_names),
		TEST(order_by_names_and_shares),
	};

	return kw_run_tests(tests);
}
