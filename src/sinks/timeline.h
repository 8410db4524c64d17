/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h - a Perfetto trace that is being written: tracks, and what is on them.
 * May not know about: schemas, VMs, collectors.
 * To extend: a field of the format is a line in perfetto.proto.
 */
#ifndef KW_TIMELINE_H
#define KW_TIMELINE_H

#include "irq_flow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct kw_timeline;

/* Times are of CLOCK_MONOTONIC, in ns. Text is of any bytes. All return 0 or -errno. */
struct kw_timeline *kw_timeline_new(FILE *out);
void kw_timeline_free(struct kw_timeline *t);

/* Where it was, once; what both clocks said at one moment. */
int kw_timeline_host(struct kw_timeline *t, const char *kernel, const char *machine);
int kw_timeline_clocks(struct kw_timeline *t, uint64_t mono_ns, uint64_t real_ns);

/* Words that are often told; 0: there are too many of them, or no memory. */
enum kw_words { KW_WORDS_CATEGORY, KW_WORDS_NAME, KW_WORDS_NOTE, KW_WORDS_TEXT, KW_WORDS };
uint64_t kw_timeline_word(struct kw_timeline *t, enum kw_words kind, const char *text);

/* A track is a number, never 0. What has no parent stands for itself. */
struct kw_track_about {
	uint64_t parent;
	const char *name;
	const char *unit; /* of a counter; NULL: it is none */
	uint32_t pid,
		tid; /* with tid a thread of the process, else the process itself; 0: neither */
};
int kw_timeline_track(struct kw_timeline *t, const struct kw_track_about *about, uint64_t *ret);

/* One thing to know about something: a number, an address, a share or a text. */
struct kw_note {
	uint64_t name; /* a word */
	enum { KW_NOTE_NUMBER, KW_NOTE_ADDRESS, KW_NOTE_SHARE, KW_NOTE_TEXT } kind;
	uint64_t number;
	double share;
	const char *text;
};

/* Something on a track. */
struct kw_mark {
	uint64_t track;
	uint64_t category; /* a word */
	const char *name;
	const struct kw_note *note;
	size_t n_notes;
	enum kw_flow flow;
	uint64_t flow_id;
};

/*
 * Times on one track must not go back from call to call; slices on it are then either apart from
 * each other or one within the other.
 */
int kw_timeline_begin(struct kw_timeline *t, const struct kw_mark *mark, uint64_t ns);
int kw_timeline_end(struct kw_timeline *t, uint64_t track, uint64_t ns);
int kw_timeline_instant(struct kw_timeline *t, const struct kw_mark *mark, uint64_t ns);
int kw_timeline_count(struct kw_timeline *t, uint64_t track, uint64_t ns, double value);

#endif
