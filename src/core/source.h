/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - where frames and events come from: the live kernel, a recording, a fake.
 * May not know about: which of them it is, sinks.
 * To extend: another source fills struct kw_source; nothing after it can tell the difference.
 */
#ifndef KW_SOURCE_H
#define KW_SOURCE_H

#include "about.h"
#include "collector.h"
#include "loss.h"

/* One event: a row of its collector's event schema, at a time (CLOCK_MONOTONIC and _REALTIME). */
typedef int (*kw_event_fn)(void *arg, const struct kw_collector *collector, const void *row,
			   uint64_t mono_ns, uint64_t real_ns);

/* What a run wants of a source. */
#define KW_FRAMES (16 * KW_TABLES)

struct kw_wants {
	const struct kw_collector *collector[16];
	size_t n;
	const struct kw_schema *table[KW_FRAMES]; /* of all of them, in order */
	size_t first[16];			  /* table of each collector */
	size_t n_tables;
	bool events;
	enum kw_timing timing;
	uint32_t one_in; /* with KW_TIMED_SOME: one exit in so many, from 2 on */
	enum kw_isa isa; /* of exits; KW_ISA_NONE: this host's, if it need be known */
	struct kw_filters filters;
	uint32_t max_vcpus; /* room for this many vCPUs at once */
	const char *input;  /* the recording to show; NULL: what is live */

	/* of a source that takes over from another one */
	struct kw_vms *vms; /* to go on with: the caller's, and it must live longer; NULL: none */
	bool reopened;	    /* what this kernel lacks has been told, and filters are resolved */
};

/* Add a collector and its tables. */
void kw_wants_add(struct kw_wants *wants, const struct kw_collector *collector);

enum kw_wait {
	KW_WAIT_DONE,	     /* the time has come */
	KW_WAIT_INTERRUPTED, /* SIGINT or SIGTERM */
	KW_WAIT_END,	     /* there is no more data */
	KW_WAIT_INPUT,	     /* input_fd has something to read, and it is none of the others */
};

/* What it has cost to watch, and where: all cumulative but the memory. */
struct kw_own_cost {
	uint64_t mono_ns;      /* when this was so */
	bool metered;	       /* the kernel measures runs for us, at least now and then */
	uint64_t metered_ns;   /* for how long it did: the next three are of that time */
	uint64_t runs, run_ns; /* of its BPF programs, without the way into them */
	uint64_t exits;	       /* runs of those at kvm_exit */
	uint64_t cpu_ns;       /* of this process */
	uint64_t rss_bytes;    /* of this process, now */
	uint64_t busy_ns;      /* of all CPUs of the host: neither idle nor with another host */
};

struct kw_source {
	struct kw_vms *vms;
	char unavailable[16][400];  /* why a collector shows nothing here; empty: it does */
	char lacks[KW_FRAMES][200]; /* why a table does, of a collector that shows others */
	const struct kw_schema *table[KW_FRAMES]; /* to be used instead; NULL: as it was wanted */
	bool filtered; /* its events are only some: --slower or the like, when it was recorded */
	int input_fd;  /* waiting ends when it can be read; -1: none. The caller's */
	struct kw_list pid;    /* all it looks at, from --pid and --vm; empty: any. Its own */
	char note[128];	       /* what is to be known of all that it shows; empty: nothing */
	enum kw_timing timing; /* of one that keeps to a budget: which exits are timed now */
	bool handed_over;      /* another one goes on: exits that are open are lost. The caller's */
	bool held;	       /* of one that can seek: it stays at its time. The caller's */
	bool resumed; /* when it starts there are rows of before: of none of its intervals */
	bool damaged; /* some of the data could not be read, which was said */
	const struct kw_about *about; /* where it was recorded; NULL: here, now */

	/* Begin counting; *ret_mono_ns is when. */
	int (*start)(struct kw_source *source, uint64_t *ret_mono_ns);
	/* Count no more; what is counted can still be read. */
	void (*stop)(struct kw_source *source);
	/*
	 * Read all collectors at once: cumulative rows into frame[i], for table[i] of the wants, in
	 * the place of what is there.
	 */
	int (*read)(struct kw_source *source, struct kw_frame *frame, struct kw_losses *ret_losses);
	/* Deliver events until a time; UINT64_MAX: until there is no more. enum kw_wait or -errno.
	 */
	int (*wait)(struct kw_source *source, uint64_t until_mono_ns, kw_event_fn fn, void *arg);
	/*
	 * Go to the last reading that is not after a time, or to the first one: what is read next
	 * is of then, and times of waits are the recording's from now on. With input_fd, waits take
	 * as long as they did then, and do not end with the data. NULL: what is past is gone.
	 */
	void (*seek)(struct kw_source *source, uint64_t mono_ns);
	/*
	 * What it costs to watch, from the first call on; NULL: this source cannot tell. As
	 * measuring costs a little itself, runs are measured about a tenth of the time, while it is
	 * waited, unless a collector needs all of them.
	 */
	int (*own_cost)(struct kw_source *source, struct kw_own_cost *ret);
	void (*close)(struct kw_source *source);
};

/*
 * Open a source. Prints what is wrong; returns 0 or -errno: -EPERM not permitted, -EOPNOTSUPP not
 * possible on this kernel, -EINVAL a filter is wrong, -ENXIO it names a VM that is not there.
 */
typedef int (*kw_source_open_fn)(const struct kw_wants *wants, struct kw_source **ret);

int kw_source_live_open(const struct kw_wants *wants, struct kw_source **ret);

/* What to show of this kernel if nothing is asked for: exits, or what there is instead. */
const char *kw_live_collectors(void);

#endif
