// SPDX-License-Identifier: Apache-2.0
/*
 * states.c - see states.h.
 * May not know about: frames, views.
 * To extend: see states.h.
 */
#include "states.h"

const struct top_state top_states[TIME_STATES] = {
	[TIME_UNKNOWN] = { "unknown", "unknown", "?", "?", false },
	[TIME_GUEST] = { "guest", "guest", "█", "#", true },
	[TIME_NESTED] = { "nested", "L2", "2", "2", true },
	[TIME_KERNEL] = { "kernel", "kernel", "k", "k", true },
	[TIME_VMM] = { "vmm", "VMM", "v", "v", true },
	[TIME_POLL_HIT] = { "poll_hit", "poll", "p", "p", true },
	[TIME_POLL_WASTED] = { "poll_wasted", "waste", "w", "w", true },
	[TIME_HALTED] = { "halted", "halted", "·", ".", false },
	[TIME_PREEMPTED] = { "preempted", "preempted", "!", "!", false },
	[TIME_WOKEN] = { "woken", "woken", "+", "+", false },
	[TIME_THROTTLED] = { "throttled", "limit", "L", "L", false },
	[TIME_BLOCKED] = { "blocked", "blocked", "b", "b", false },
	[TIME_IDLE] = { "idle", "idle", "_", "_", false },
	[TIME_STOPPED] = { "stopped", "stopped", "s", "s", false },
};

const uint8_t top_states_order[TIME_STATES] = {
	TIME_GUEST,	  TIME_NESTED,	TIME_KERNEL,	TIME_VMM,    TIME_POLL_HIT,
	TIME_POLL_WASTED, TIME_UNKNOWN, TIME_PREEMPTED, TIME_WOKEN,  TIME_THROTTLED,
	TIME_BLOCKED,	  TIME_IDLE,	TIME_STOPPED,	TIME_HALTED,
};
