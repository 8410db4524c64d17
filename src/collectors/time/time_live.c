// SPDX-License-Identifier: Apache-2.0
/*
 * time_live.c - the live half of the time collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see time.h.
 */
#include "../../core/keyed.h"
#include "time_rows.h"
#include "kvm_watcher.skel.h"

#include <errno.h>

int time_configure(struct kvm_watcher_bpf *bpf, const struct kw_filters *filters, bool trace,
		   uint32_t slots)
{
	(void)filters, (void)trace, (void)slots;
	bpf->rodata->time_on = true;
	return 0;
}

int time_open(const struct kw_live *live, void **ret_state)
{
	struct time_threads *threads = NULL;
	int err = time_threads_open(live, &threads);

	*ret_state = threads;
	return err;
}

void time_close(void *state)
{
	time_threads_close(state);
}

int time_refresh(const struct kw_live *live, void *state)
{
	return time_threads_refresh(live, state);
}

int time_read(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
	      struct kw_frame *frame)
{
	return time_threads_read(live, state, slot, vm, &frame[3]);
}

void time_forget(const struct kw_live *live, void *state, uint32_t slot)
{
	(void)live, (void)state, (void)slot;
}
