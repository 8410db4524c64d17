/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen_guard.h - gives the terminal back where a process ends in a hurry: by a crash, a second
 * SIGINT or SIGTERM, or a first one while the terminal takes nothing.
 * May not know about: what is shown, keys.
 * To extend: a signal that crashes is a word in fatal[], one that ends a line in polite[].
 */
#ifndef KW_SCREEN_GUARD_H
#define KW_SCREEN_GUARD_H

#include <stdbool.h>

/* The terminal is as it shall be given back. 0 or -errno. */
int kw_screen_remember(void);
/* From now on, until unguarded; the terminal is open. */
void kw_screen_guard(void);
void kw_screen_unguard(void);

/* In the background the terminal is somebody else's; who writes to it is stopped. */
bool kw_screen_in_background(void);

/* Give the terminal back without waiting for it: what it has not shown yet is dropped. */
void kw_screen_give_back(void);

#endif
