// SPDX-License-Identifier: Apache-2.0
/*
 * states.c - see states.h.
 * May not know about: frames, views.
 * To extend: see states.h.
 */
#include "states.h"

const struct top_state top_states[TOP_STATES] = {
	[TOP_STATE_UNKNOWN] = { "unknown", "unknown", "?", "?", false, KW_STYLE_PART + 0 },
	[TOP_STATE_GUEST] = { "guest", "guest", "█", "#", true, KW_STYLE_PART + 1 },
	[TOP_STATE_NESTED] = { "nested", "L2", "2", "2", true, KW_STYLE_PART + 2 },
	[TOP_STATE_KERNEL] = { "kernel", "kernel", "k", "k", true, KW_STYLE_PART + 3 },
	[TOP_STATE_VMM] = { "vmm", "VMM", "v", "v", true, KW_STYLE_PART + 4 },
	[TOP_STATE_POLL_HIT] = { "poll_hit", "poll", "p", "p", true, KW_STYLE_PART + 5 },
	[TOP_STATE_POLL_WASTED] = { "poll_wasted", "waste", "w", "w", true, KW_STYLE_PART + 6 },
	[TOP_STATE_HALTED] = { "halted", "halted", "·", ".", false, KW_STYLE_PART + 7 },
	[TOP_STATE_PREEMPTED] = { "preempted", "preempted", "!", "!", false, KW_STYLE_PART + 8 },
	[TOP_STATE_WOKEN] = { "woken", "woken", "+", "+", false, KW_STYLE_PART + 9 },
	[TOP_STATE_THROTTLED] = { "throttled", "limit", "L", "L", false, KW_STYLE_PART + 10 },
	[TOP_STATE_BLOCKED] = { "blocked", "blocked", "b", "b", false, KW_STYLE_PART + 11 },
	[TOP_STATE_IDLE] = { "idle", "idle", "_", "_", false, KW_STYLE_PART + 12 },
	[TOP_STATE_STOPPED] = { "stopped", "stopped", "s", "s", false, KW_STYLE_PART + 13 },
};

const uint8_t top_states_order[TOP_STATES] = {
	TOP_STATE_GUEST,    TOP_STATE_NESTED,	   TOP_STATE_KERNEL,  TOP_STATE_VMM,
	TOP_STATE_POLL_HIT, TOP_STATE_POLL_WASTED, TOP_STATE_UNKNOWN, TOP_STATE_PREEMPTED,
	TOP_STATE_WOKEN,    TOP_STATE_THROTTLED,   TOP_STATE_BLOCKED, TOP_STATE_IDLE,
	TOP_STATE_STOPPED,  TOP_STATE_HALTED,
};
