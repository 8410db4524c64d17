/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_file.h - a source that shows a recording: kw_wants.input.
 * May not know about: the command line, sinks, any one collector.
 * To extend: see source.h.
 */
#ifndef KW_SOURCE_FILE_H
#define KW_SOURCE_FILE_H

#include "../core/source.h"

/*
 * Waiting takes no time: it goes to the first reading that is not before the time, or to the last
 * one, with which it ends. What was not recorded is unavailable, or missing.
 */
int kw_source_file_open(const struct kw_wants *wants, struct kw_source **ret);

#endif
