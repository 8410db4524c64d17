/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.h - writes what a source has counted into a recording, reading by reading.
 * May not know about: the command line, sinks.
 * To extend: what is in the file is format.h's and docs/recording.md's.
 */
#ifndef KW_RECORDING_WRITER_H
#define KW_RECORDING_WRITER_H

#include "../core/source.h"

struct kw_writer;

/* All of these print what is wrong; 0 or -errno. */

/*
 * Make a new recording. A file that is there is overwritten only if it is a recording and force is
 * set. wants: the tables as the source has them.
 */
int kw_writer_open(const char *path, bool force, const struct kw_wants *wants,
		   const struct kw_source *source, const struct kw_about *about,
		   uint64_t interval_ns, struct kw_writer **ret);

/* A reading: cumulative rows in order (kw_frame_sort); it is on the disk when this returns. */
int kw_writer_add(struct kw_writer *writer, const struct kw_frame *frame,
		  const struct kw_losses *losses, enum kw_timing timing);

/* Readings that are not kept: 0 stands for no limit. */
struct kw_writer_limits {
	uint64_t bytes;	      /* of the file: then the oldest go */
	uint64_t age_ns;      /* older ones go, a tenth of that later */
	bool around_triggers; /* others than those around triggers that fired go */
	uint64_t before_ns, after_ns;
};
void kw_writer_limit(struct kw_writer *writer, const struct kw_writer_limits *limits);

/* In the last reading a condition was true, of this row. */
int kw_writer_fired(struct kw_writer *writer, const char *condition, const struct kw_schema *schema,
		    const void *row, double value);

/* An event; it is on the disk after the next reading. */
int kw_writer_event(struct kw_writer *writer, const struct kw_collector *collector, const void *row,
		    uint64_t mono_ns, uint64_t real_ns);

/* For who looks: readings, rows of all of them, and bytes of the file. */
struct kw_writer_size {
	uint64_t readings, rows, events, bytes;
};
void kw_writer_size(const struct kw_writer *writer, struct kw_writer_size *ret);

/* One file is left. */
int kw_writer_close(struct kw_writer *writer);

#endif
