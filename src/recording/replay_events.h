/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_events.h - the single events of a recording, in the order in which they were seen.
 * May not know about: sources, filters but --slower, any one collector.
 * To extend: see format.h.
 */
#ifndef KW_REPLAY_EVENTS_H
#define KW_REPLAY_EVENTS_H

#include "recording.h"

/* Those of one collector; its statement is at the next one. */
struct kw_replay_stream {
	const struct kw_collector *collector;
	const struct kw_column **column;
	size_t n_columns;
	sqlite3_stmt *stmt;
	bool over;
};

struct kw_replay_events {
	const struct kw_recording *recording;
	const int64_t *vm_id;
	size_t n_vms, n;
	uint64_t slower_ns;
	bool damaged; /* some could not be read, which was said */
	struct kw_replay_stream stream[16];
};

/* 0 or -ENOMEM. */
int kw_replay_events_add(struct kw_replay_events *events, const struct kw_recording *recording,
			 const struct kw_collector *collector, const int64_t *vm_id, size_t n_vms,
			 uint64_t slower_ns);

/* Those that pass, up to a time of CLOCK_MONOTONIC. 0, -ENOMEM, or what fn returned. */
int kw_replay_events_deliver(struct kw_replay_events *events, uint64_t until,
			     bool (*pass)(void *arg, const struct kw_schema *schema,
					  const void *row),
			     void *pass_arg, kw_event_fn fn, void *arg);

void kw_replay_events_close(struct kw_replay_events *events);

#endif
