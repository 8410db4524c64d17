/* SPDX-License-Identifier: Apache-2.0 */
/*
 * states.h - what a vCPU's states are called on the screen, and how a bar draws them.
 * May not know about: frames, views.
 * To extend: a state of time.h is a line in states.c.
 */
#ifndef TOP_STATES_H
#define TOP_STATES_H

#include "canvas.h"

#include <stdbool.h>

struct top_state {
	const char *column; /* of the table time, in ns */
	const char *label;
	const char *utf8, *ascii; /* one character each, all different */
	bool on_cpu;
};

extern const struct top_state top_states[TIME_STATES];

/* The order in which bars stack them, and legends name them. */
extern const uint8_t top_states_order[TIME_STATES];

static inline const char *top_state_character(const struct kw_canvas *canvas, int state)
{
	return canvas->utf8 ? top_states[state].utf8 : top_states[state].ascii;
}

#endif
