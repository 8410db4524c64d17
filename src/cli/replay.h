/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h - what a recording says of the options that were not given, and of those that were.
 * May not know about: how it is stored, sinks.
 * To extend: an option that a recording decides is looked at in kw_replay_options().
 */
#ifndef KW_REPLAY_H
#define KW_REPLAY_H

#include "options.h"

/* Does the verb show a recording through a source? */
bool kw_replays(struct kw_options *o);

/* Take from the recording what was not given; refuse what it cannot show. 0 or an exit code. */
int kw_replay_options(struct kw_options *o);

#endif
