/* SPDX-License-Identifier: Apache-2.0 */
/*
 * states.h - what a vCPU's states are called on the screen, and how a bar draws them.
 * May not know about: frames, views.
 * To extend: a state is a member here and a line in states.c; columns are found by their names.
 */
#ifndef TOP_STATES_H
#define TOP_STATES_H

#include "canvas.h"

#include <stdbool.h>

enum {
	TOP_STATE_UNKNOWN,
	TOP_STATE_GUEST,
	TOP_STATE_NESTED,
	TOP_STATE_KERNEL,
	TOP_STATE_VMM,
	TOP_STATE_POLL_HIT,
	TOP_STATE_POLL_WASTED,
	TOP_STATE_HALTED,
	TOP_STATE_PREEMPTED,
	TOP_STATE_WOKEN,
	TOP_STATE_THROTTLED,
	TOP_STATE_BLOCKED,
	TOP_STATE_IDLE,
	TOP_STATE_STOPPED,
	TOP_STATES,
};

struct top_state {
	const char *column; /* of the table time, in ns */
	const char *label;
	const char *utf8, *ascii; /* one character each, all different */
	bool on_cpu;
	enum kw_style style;
};

extern const struct top_state top_states[TOP_STATES];

/* The order in which bars stack them, and legends name them. */
extern const uint8_t top_states_order[TOP_STATES];

static inline const char *top_state_character(const struct kw_canvas *canvas, int state)
{
	return canvas->utf8 ? top_states[state].utf8 : top_states[state].ascii;
}

#endif
