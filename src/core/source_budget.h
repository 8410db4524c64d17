/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_budget.h - a source that keeps to a budget: another source, opened anew for less or more
 * whenever that is needed.
 * May not know about: which source that is, sinks.
 * To extend: see budget.h.
 */
#ifndef KW_SOURCE_BUDGET_H
#define KW_SOURCE_BUDGET_H

#include "source.h"

/*
 * share: of the CPU time in use on the host, which is at least one CPU's. wants has to have exits,
 * no events, and times all exits. For readers it looks as if all vCPUs ended and others began when
 * the level changes; VMs stay the same. Returns what open returns, or -EOPNOTSUPP if the source
 * cannot tell what it costs (message printed).
 */
int kw_source_budget_open(const struct kw_wants *wants, double share, kw_source_open_fn open,
			  struct kw_source **ret);

#endif
