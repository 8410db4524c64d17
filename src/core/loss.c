// SPDX-License-Identifier: Apache-2.0
/*
 * loss.c - see loss.h.
 * May not know about: where it was lost, sinks.
 * To extend: see loss.h.
 */
#include "loss.h"

const struct kw_loss_info *kw_loss_info(size_t i)
{
	static const struct kw_loss_info info[KW_LOSS_ALL] = {
		[KW_LOSS_NO_SLOT] = { "no_slot", "events of vCPUs beyond the table's size",
				      "raise --max-vcpus" },
		[KW_LOSS_NO_RECORD] = { "no_record", "exits without a free record",
					"many new vCPUs at once; later intervals are complete" },
		[KW_LOSS_REASONS] = { "reasons", "exits of vCPUs with too many different reasons",
				      "use --reason or --exclude" },
		[KW_LOSS_NO_TASK] = { "no_task", "threads that could not be marked as a vCPU's",
				      "the kernel had no memory; their time off the CPU counts as "
				      "the "
				      "kernel's until it has" },
		[KW_LOSS_RING] = { "ring", "events that did not fit into the ring buffer",
				   "use --slower, --reason, --exclude or -p" },
		[KW_LOSS_UNMATCHED] = { "unmatched", "exits that a further kvm_exit ended",
					"their time is not known" },
		[KW_LOSS_CLOCK] = { "clock", "exits whose clock went backwards",
				    "their time is not known" },
		[KW_LOSS_HISTOGRAM] = { "histogram", "wraps of a histogram bucket",
					"percentiles are off, nothing else" },
		[KW_LOSS_NO_ROW] = { "no_row", "events for which there was no row",
				     "the table is full, or the kernel had no memory" },
		[KW_LOSS_NO_OWNER] = { "no_owner", "events of VMs that could not be told apart",
				       "no slot was free (--max-vcpus), or their process was "
				       "gone" },
		[KW_LOSS_NO_CALL] = { "no_call", "calls whose begin or end was not noted",
				      "they are not counted" },
		[KW_LOSS_MISSES] = { "misses", "events that the kernel kept from us",
				     "our program was running on that CPU already" },
		[KW_LOSS_SPLIT] = { "split", "changes of state that the kernel kept from us",
				    "counts are right; some VMM time counts as kernel, or vice "
				    "versa" },
		[KW_LOSS_UNFINISHED] = { "unfinished", "exits without an end",
					 "their vCPU ended, or --budget changed what is watched" },
		[KW_LOSS_STALE] = { "stale", "events of vCPUs that were gone when they were read",
				    "use --slower, --reason, --exclude or -p" },
	};

	return i < KW_LOSS_ALL ? &info[i] : NULL;
}
