/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - drops readings of a recording, so that what is left still tells the truth.
 * May not know about: which readings, the command line, any one collector.
 * To extend: what else belongs to a reading goes with it in ring.c.
 */
#ifndef KW_RECORDING_RING_H
#define KW_RECORDING_RING_H

#include "../core/source.h"

#include <sqlite3.h>

/*
 * Drop the readings between two, neither of them; from 0: all before to. Of each row the last
 * version until then stays, so that cumulative values stay what they were, and to's interval
 * becomes as long as what was dropped. Rows that had ended go, and VMs without rows: gone is
 * called for each. SQLite's codes.
 */
int kw_ring_drop(sqlite3 *db, const struct kw_wants *wants, int64_t from, int64_t to,
		 void (*gone)(void *arg, int64_t vm), void *arg);

#endif
