// SPDX-License-Identifier: Apache-2.0
/*
 * time_threads.c - see time_rows.h.
 * May not know about: sinks, the command line.
 * To extend: see time.h.
 */
#include "time_rows.h"

#include <errno.h>
#include <stdlib.h>

struct time_threads {
	int dummy;
};

int time_threads_open(const struct kw_live *live, struct time_threads **ret)
{
	(void)live;
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void time_threads_close(struct time_threads *threads)
{
	free(threads);
}

int time_threads_refresh(const struct kw_live *live, struct time_threads *threads)
{
	(void)live, (void)threads;
	return 0;
}

int time_threads_read(const struct kw_live *live, struct time_threads *threads, uint32_t slot,
		      uint32_t vm, struct kw_frame *frame)
{
	(void)live, (void)threads, (void)slot, (void)vm, (void)frame;
	return 0;
}
