// SPDX-License-Identifier: Apache-2.0
/*
 * irq_flow.c - which interrupts' events are said to belong together, and that all are shown.
 * May not know about: how they are shown.
 * To extend: a case is what happens, and what is shown: an event's letter and time; "1>" in flow 1,
 * "1." its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/irq/irq_rows.h"
#include "core/collector.h"
#include "sinks/irq_flow.h"

#include <stdio.h>
#include <string.h>

extern const struct kw_collector kw_collector_irq;

struct shown {
	char text[1024];
	size_t n;
};

static int put(void *arg, const struct kw_vms *vms, const struct kw_schema *schema, const void *row,
	       uint64_t ns, enum kw_flow flow, uint64_t flow_id)
{
	const struct irq_event_row *r = row;
	struct shown *shown = arg;

	(void)vms;
	assert_ptr_equal(schema, kw_collector_irq.event);
	shown->n += snprintf(shown->text + shown->n, sizeof(shown->text) - shown->n, "%c%d",
			     "?sie"[r->what == IRQ_SET	    ? 1
				    : r->what == IRQ_INJECT ? 2
							    : 3],
			     (int)ns);
	if (flow != KW_FLOW_NONE)
		shown->n += snprintf(shown->text + shown->n, sizeof(shown->text) - shown->n,
				     ":%d%c", (int)flow_id, flow == KW_FLOW_ENDS ? '.' : '>');
	shown->n += snprintf(shown->text + shown->n, sizeof(shown->text) - shown->n, " ");
	return 0;
}

/* What happened: S I E, at a time, which took so long; c: coalesced, -: how long is not known. */
struct happened {
	char what;
	int ns, took;
	uint32_t vcpu;
	uint8_t vector;
};

static void check(const char *expected, const struct happened *h, size_t n)
{
	struct shown shown = {};
	struct kw_irq_flow *f = kw_irq_flow_new(put, &shown);
	struct kw_vms vms = {};

	for (size_t i = 0; i < n; i++) {
		const struct irq_event_row row = {
			.head = { .vcpu = h[i].vcpu },
			.what = h[i].what == 'I'   ? IRQ_INJECT
				: h[i].what == 'E' ? IRQ_EOI
						   : IRQ_SET,
			.coalesced = h[i].what == 'c',
			.vector = h[i].vector,
			.has_delay = h[i].took >= 0,
			.delay = h[i].took,
		};

		assert_int_equal(kw_irq_flow_event(f, &vms, kw_collector_irq.event, &row, h[i].ns),
				 0);
	}
	assert_int_equal(kw_irq_flow_end(f), 0);
	kw_irq_flow_free(f);
	assert_string_equal(shown.text, expected);
}

#define CHECK(expected, ...)                                                                       \
	do {                                                                                       \
		const struct happened h[] = { __VA_ARGS__ };                                       \
		check(expected, h, sizeof(h) / sizeof(*h));                                        \
	} while (0)

static void test_whole(void **state)
{
	(void)state;
	CHECK("s10:1> i20:1> e50:1. ", { 'S', 10, 5 }, { 'I', 20, 12 }, { 'E', 50, 30 });
	/* KVM is still about setting it when it is injected */
	CHECK("s25:1> i20:1> e50:1. ", { 'I', 20, 12 }, { 'S', 25, 20 }, { 'E', 50, 30 });
	/* one after another, the next one set before the end */
	CHECK("s10:1> i20:1> e50:1. s60:2> i70:2> e80:2. ", { 'S', 10, 5 }, { 'I', 20, 12 },
	      { 'E', 50, 30 }, { 'S', 60, 5 }, { 'I', 70, 12 }, { 'E', 80, 10 });
	/* several at once */
	CHECK("s11:1> i30:1> e40:1. s10:2> i20:2> e50:2. ", { 'S', 10, 5, 0, 1 },
	      { 'S', 11, 5, 1, 1 }, { 'I', 20, 12, 0, 1 }, { 'I', 30, 20, 1, 1 },
	      { 'E', 40, 10, 1, 1 }, { 'E', 50, 30, 0, 1 });
}

static void test_parts(void **state)
{
	(void)state;
	CHECK("s10 ", { 'S', 10, 5 });
	CHECK("i20 ", { 'I', 20, 5 });
	CHECK("e20 ", { 'E', 20, 5 });
	CHECK("s10:1> i20:1. ", { 'S', 10, 5 }, { 'I', 20, 12 }); /* the guest's end is not seen */
	CHECK("i20:1> e30:1. ", { 'I', 20, 5 }, { 'E', 30, 10 });
	CHECK("s12 s10:1> i20:1> e50:1. ", { 'S', 10, 5 }, { 'c', 12, 1 }, { 'I', 20, 12 },
	      { 'E', 50, 30 });
}

static void test_others(void **state)
{
	(void)state;
	/* accepted when it was not set: another one's */
	CHECK("s10 i20:1> e50:1. ", { 'S', 10, 5 }, { 'I', 20, 2 }, { 'E', 50, 30 });
	CHECK("i20 s25 ", { 'I', 20, 12 }, { 'S', 25, 2 });
	/* the end of another one */
	CHECK("s10:1> i20:1. e50 ", { 'S', 10, 5 }, { 'I', 20, 12 }, { 'E', 50, 20 });
	/* another vector, another vCPU */
	CHECK("e50 s10:1> i20:1. ", { 'S', 10, 5 }, { 'I', 20, 12 }, { 'E', 50, 30, 0, 1 });
	CHECK("e50 s10:1> i20:1. ", { 'S', 10, 5 }, { 'I', 20, 12 }, { 'E', 50, 30, 1, 0 });
	/* nobody knows since when */
	CHECK("i20 s10 ", { 'S', 10, 5 }, { 'I', 20, -1 });
	/* of the VM itself */
	CHECK("i20 e30 ", { 'I', 20, 5, KW_ALL }, { 'E', 30, 10, KW_ALL });
	/* two vCPUs in one place */
	CHECK("s10 i20 ", { 'S', 10, 5, 0, 0 }, { 'I', 20, 12, 1024, 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
