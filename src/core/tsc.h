/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsc.h - what timing exits at their entries alone takes: whose exit reasons this host has, and
 * a clock that makes times out of its TSC.
 * May not know about: BPF objects, collectors.
 * To extend: another processor has another counter that its KVM notes at each exit.
 */
#ifndef KW_TSC_H
#define KW_TSC_H

#include "abi.h"

#include <stdint.h>

/* The isa of this host's hardware virtualization; KW_ISA_NONE: it has none that is known. */
enum kw_isa kw_host_isa(void);

/* The same moment by both clocks. */
struct kw_tsc_pair {
	uint64_t tsc, ns; /* ns: CLOCK_MONOTONIC */
};

struct kw_tsc {
	struct kw_tsc_pair before, since; /* what the speed is measured from, and will be next */
	uint64_t mult;			  /* the speed as last measured */
};

/* Begin to measure; takes 20 ms. 0, or -EOPNOTSUPP: this processor has no TSC. */
int kw_tsc_open(struct kw_tsc *tsc, struct kw_tsc_clock *ret);

/* The clock for the next moments; to be renewed several times a second. */
void kw_tsc_tend(struct kw_tsc *tsc, struct kw_tsc_clock *ret);

/* The same, with a pair that was just read. */
void kw_tsc_update(struct kw_tsc *tsc, const struct kw_tsc_pair *now, struct kw_tsc_clock *ret);

#endif
