/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recording.h - a recording that is read: what it is of, its readings and VMs. Files come from
 * anywhere: nothing in them is believed.
 * May not know about: the command line, sinks, any one collector.
 * To extend: what further verbs want to know before they show anything is a member here.
 */
#ifndef KW_RECORDING_H
#define KW_RECORDING_H

#include "../core/source.h"

#include <sqlite3.h>

struct kw_reading {
	int64_t id;
	uint64_t mono_ns, real_ns;
};

struct kw_recording {
	sqlite3 *db;
	const char *path; /* the caller's */
	struct kw_about about;
	uint64_t interval_ns;
	enum kw_timing timing;
	uint32_t one_in;
	bool filtered;			    /* only some events were recorded */
	char collectors[512], tracing[512]; /* comma-separated: recorded; with single events */
	struct kw_reading *reading;	    /* in order of id and time */
	size_t n, room;
	bool damaged; /* there were more readings */
};

/* Prints what is wrong: -EINVAL it is no recording, or of a newer kind; -EIO it is damaged. */
int kw_recording_open(const char *path, struct kw_recording *ret);
void kw_recording_close(struct kw_recording *recording);

/* Is the collector in such a comma-separated list? */
bool kw_recording_lists(const char *list, const char *name);

/* Print that reading failed, and what of. -EIO. */
int kw_recording_damaged(const struct kw_recording *recording, const char *what);

/* Has it a table of this name, which is no view that pretends to be one? */
bool kw_recording_has(const struct kw_recording *recording, const char *table);

/* The VMs, and which number in the file each has: *ret_ids is to be freed. */
int kw_recording_vms(const struct kw_recording *recording, struct kw_vms *vms, int64_t **ret_ids);

#endif
