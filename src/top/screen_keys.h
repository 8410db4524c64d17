/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen_keys.h - keys of the terminal as the live screen knows them.
 * May not know about: what keys do.
 * To extend: a key is a line in screen_keys.c.
 */
#ifndef KW_SCREEN_KEYS_H
#define KW_SCREEN_KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* Teach ncurses the other ways in which terminals send these keys, whatever TERM says. */
void kw_screen_define_keys(void);

/* The next key of the open terminal, 0 if it means nothing here; false if there is none. */
bool kw_screen_next_key(uint32_t *ret);

#endif
