/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_data.h - what the fake source (fake.c) is made of: VMs and vCPUs, rows, events.
 * May not know about: the system, sinks, the command line.
 * To extend: a VM is a line here and one in machines[] (fake.c), a vCPU one here.
 */
#ifndef KW_FAKE_DATA_H
#define KW_FAKE_DATA_H

#include "fake.h"

#define SECOND 1000000000ULL
#define MS     1000000ULL
#define US     1000ULL

enum { WEB1, DATABASE, EVIL, FC, FC_2, NAMELESS, GONE, PROCESS };

/* Heads of rows. born: ms before counting began. */
#define VCPU(machine, id, thread, born)                                                            \
	{                                                                                          \
		.vm = machine, .vcpu = id, .tid = thread, .born_ns = FAKE_MONO_NS - (born)*MS      \
	}
#define WEB1_0	   VCPU(WEB1, 0, 1101, 9)
#define WEB1_1	   VCPU(WEB1, 1, 1102, 8)
#define DATABASE_0 VCPU(DATABASE, 0, 1104, 6)
#define EVIL_0	   VCPU(EVIL, 0, 1106, 5)
#define FC_0	   VCPU(FC, 0, 1107, 4)
#define FC_2_0	   VCPU(FC_2, 0, 1108, 4)
#define NAMELESS_0 VCPU(NAMELESS, 0, 1109, 0)
#define GONE_0	   VCPU(GONE, 0, 1110, 3)

/* What happens to a VM outside its vCPUs. */
#define VM_ITSELF(machine) VCPU(machine, KW_ALL, 0, 9)

/* As long as there is data. */
#define FAKE_FOREVER ~0U

/* In which seconds a row counts, and until when it is to be read. */
struct life {
	unsigned int first, last, read_until;
};

#define ALWAYS                                                                                     \
	{                                                                                          \
		1, FAKE_FOREVER, FAKE_FOREVER                                                      \
	}
#define FROM(i)                                                                                    \
	{                                                                                          \
		i, FAKE_FOREVER, FAKE_FOREVER                                                      \
	}
#define ONLY(i)                                                                                    \
	{                                                                                          \
		i, i, FAKE_FOREVER                                                                 \
	}
#define VANISHES(i)                                                                                \
	{                                                                                          \
		1, i, i                                                                            \
	}

/* In the k-th second of its life, a row counts k times: how often after so many; 0: no row.
 * In real time, it is once in each. */
uint64_t fake_times(const struct life *life, unsigned int seconds);

/*
 * FAKE_STEADY: for so many seconds each is like the others, but for chance (FAKE_SEED) in exits; 0:
 * it is not set.
 */
unsigned int fake_steady(void);

/* Add what has been counted after so many seconds to a frame whose schema is set; 0 or -ENOMEM. */
int fake_exits(unsigned int seconds, const struct kw_wants *wants, struct kw_frame *frame);
int fake_details(unsigned int seconds, struct kw_frame *frame); /* of the other collectors */

struct fake_event {
	uint64_t us; /* since counting began; in order */
	const struct kw_collector *collector;
	const void *row; /* of the collector's event schema */
};

/* NULL past the last. */
const struct fake_event *fake_event(size_t i);

#endif
