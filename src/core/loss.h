/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loss.h - what was not counted, and why; shown beside the figures it affects.
 * May not know about: where it was lost, sinks.
 * To extend: a loss in BPF is a member of enum kw_loss (abi.h) and a line here.
 */
#ifndef KW_LOSS_H
#define KW_LOSS_H

#include "abi.h"

#include <stddef.h>
#include <stdint.h>

/* Losses that user space knows of, after those of enum kw_loss. */
enum {
	KW_LOSS_MISSES = KW_LOSSES, /* the kernel skipped a run of a program that counts */
	KW_LOSS_SPLIT,		    /* … of one that only splits times */
	KW_LOSS_UNFINISHED,	    /* exits that ended with their vCPU, or with their source */
	KW_LOSS_STALE,		    /* events of vCPUs that were gone when they were read */
	KW_LOSS_ALL,
};

struct kw_losses {
	uint64_t n[KW_LOSS_ALL];
};

struct kw_loss_info {
	const char *name; /* machine name */
	const char *what; /* e.g. "exits: no record free" */
	const char *help; /* what to do, or what it means */
};

const struct kw_loss_info *kw_loss_info(size_t i); /* NULL past the last */

#endif
