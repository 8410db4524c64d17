/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meter.h - measures the runs of the tool's programs, all of the time or a tenth of it: the
 * kernel's statistics of that cost two looks at the clock in each run of any BPF program.
 * May not know about: what programs do, collectors.
 * To extend: another figure of a program is a member of struct kw_program, filled by look().
 */
#ifndef KW_METER_H
#define KW_METER_H

#include "engine.h"

struct kw_meter {
	struct kw_program program[KW_ALL_HOOKS];
	size_t n;
	uint64_t metered_ns; /* for how long their runs were measured */

	/* its own */
	struct kw_program before[KW_ALL_HOOKS]; /* what the kernel said last */
	uint64_t looked_ns;			/* when that was, if it is on */
	uint64_t period_ns;			/* when this period began; 0: there are none */
	int stats_fd;				/* keeps the kernel's statistics on; -1: off */
};

/* Nothing is measured yet. The programs are the engine's, which must live longer. */
void kw_meter_init(struct kw_meter *meter, const struct kw_engine *engine);
void kw_meter_release(struct kw_meter *meter);

/*
 * From now on measure always, and count from 0; or in slices, unless it does always. 0 or -errno:
 * the kernel does not, or not for us.
 */
int kw_meter_always(struct kw_meter *meter);
int kw_meter_in_slices(struct kw_meter *meter);

/* Begin or end a slice if it is time to. Returns how long until it has to be called again, ns. */
uint64_t kw_meter_tick(struct kw_meter *meter);

/* Bring all figures up to date. */
void kw_meter_read(struct kw_meter *meter);

/* What all programs cost, this process, and the host's use of its CPUs. */
void kw_meter_cost(struct kw_meter *meter, struct kw_own_cost *ret);

#endif
