/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool.h - opens the tool's source, in silence.
 * May not know about: what is measured.
 * To extend: nothing.
 */
#ifndef BENCH_TOOL_H
#define BENCH_TOOL_H

#include "../src/core/source.h"

/*
 * As kw_source_live_open(), but what this kernel refuses is said only if all is: it is the same at
 * each of many openings.
 */
int bench_open_tool(const struct kw_wants *wants, struct kw_source **ret);

#endif
