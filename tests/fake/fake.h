/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake.h - a source whose VMs, figures, events and times are always the same.
 * May not know about: the system, sinks, the command line.
 * To extend: see fake_data.h; VMs, rows and events are tables.
 */
#ifndef KW_FAKE_H
#define KW_FAKE_H

#include "core/source.h"

/* When counting begins, and how much data there is. */
#define FAKE_MONO_NS 1000000000000ULL	    /* CLOCK_MONOTONIC */
#define FAKE_REAL_NS 1769862896000000000ULL /* 2026-01-31T12:34:56Z */
#define FAKE_SECONDS 5

/*
 * Of wants, only --vm (-ENXIO if there is no such VM) and --slower are heeded: filters are the
 * kernel's. The collector that the environment's FAKE_UNAVAILABLE names is unavailable.
 *
 * With FAKE_FAST, what happens in a second happens in a millisecond.
 *
 * With FAKE_REALTIME, waiting takes its time, ends for input, SIGINT and SIGTERM, and data does not
 * end after FAKE_SECONDS: for what people do with a terminal.
 */
int kw_fake_open(const struct kw_wants *wants, struct kw_source **ret);

#endif
