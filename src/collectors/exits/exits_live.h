/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exits_live.h - the live half of the exits collector: its maps become rows.
 * May not know about: sinks, the command line.
 * To extend: see core/collector.h, which says what each of these does.
 */
#ifndef KW_EXITS_LIVE_H
#define KW_EXITS_LIVE_H

#include "../../core/collector.h"

int exits_open(const struct kw_live *live, void **ret_state);
void exits_close(void *state);
int exits_tend(const struct kw_live *live, void *state);
int exits_read(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
	       struct kw_frame *frame);
void exits_forget(const struct kw_live *live, void *state, uint32_t slot);
int exits_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
