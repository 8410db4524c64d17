/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perfetto.h - what the files of the Perfetto output share: how tables are shown, and the tracks.
 * May not know about: where data comes from.
 * To extend: what a table needs to be shown well is a line in perfetto_plan.c.
 */
#ifndef KW_PERFETTO_H
#define KW_PERFETTO_H

#include "irq_flow.h"
#include "sink.h"
#include "timeline.h"
#include "turns.h"

#define KW_PF_COLUMNS	64 /* of a table, at most */
#define KW_PF_NAME_SIZE 400

/* What the roles and units of a table's columns do not tell. */
struct kw_pf_way {
	const char *table;
	const char *prefix, *name[2]; /* of its name: a word, and columns */
	const char *between; /* from the end of one event to the begin of the next on its vCPU */
	const char *before, *before_name; /* column: time just before it, and what that was */
	const char *first, *first_name; /* column: the first part of its time, and what that was */
	const char *cpu, *moved; /* columns: where on the host; whether it came from elsewhere */
	bool by_others;		 /* it is not always the vCPU's thread that does it */
	bool flows;		 /* see irq_flow.h */
	bool no_sums;		 /* its rows cannot be added up: they tell of some things twice */
};

/* How a table is shown: found out once. */
struct kw_pf_plan {
	const struct kw_schema *schema;
	struct kw_pf_way way;
	char what[64]; /* collector */
	uint64_t category;
	const struct kw_column *time, *before, *first, *level, *cpu, *moved;
	const struct kw_column *name[2];
	const struct kw_column **column; /* its notes, or what is counted of it */
	uint64_t *note;			 /* words */
	size_t n;
	uint64_t tid;		      /* a word: it is told if it need not be the vCPU's */
	uint64_t culprit, culprit_ns; /* words: who ran while it waited */
};

enum kw_pf_kind {
	KW_PF_PROCESS,
	KW_PF_THREAD,
	KW_PF_VCPU,
	KW_PF_EVENTS,
	KW_PF_HOST,
	KW_PF_CPU,
	KW_PF_COLUMN,
	KW_PF_LOSSES,
	KW_PF_UNAVAILABLE,
};

struct kw_pf_track {
	enum kw_pf_kind kind;
	uint32_t vm, vcpu, lane;
	const void *about; /* the table or column it is of; NULL: none */
	/* the key ends here */
	uint64_t id;
	uint64_t end_ns; /* of what was told last */
	uint32_t tid;	 /* who ran the vCPU then */
	char *name;	 /* of a process */

	/* of a counter */
	const struct kw_pf_plan *plan;
	bool of_time; /* what is counted is ns */
	uint64_t sum; /* in this interval */
	double value; /* of the last one */
};

struct kw_pf {
	struct kw_timeline *line;
	struct kw_pf_plan **plan;
	size_t n_plans, room;
	void *tracks;
	struct kw_pf_track **counter;
	size_t n_counters, counters_room;
	struct kw_irq_flow *flows;
	struct kw_turns *turns;
	bool began;		      /* clocks are told */
	bool summary;		      /* it is over: what follows has been told */
	uint64_t interval_ns, now_ns; /* the last interval: how long, its end */
};

/* How a table is shown; NULL: there is no memory. */
const struct kw_pf_plan *kw_pf_plan(struct kw_sink *sink, const struct kw_schema *schema,
				    bool of_frames);
void kw_pf_free_plan(struct kw_pf_plan *p);

/* The track; a new one is still without an id. NULL: there is no memory. */
struct kw_pf_track *kw_pf_track(struct kw_pf *s, enum kw_pf_kind kind, uint32_t vm, uint32_t vcpu,
				uint32_t lane, const void *about);
void kw_pf_free_track(void *track);

/* Give a new track its id. 0 or -errno. */
int kw_pf_describe(struct kw_pf *s, struct kw_pf_track *track, const struct kw_track_about *about);

/*
 * The process of a VM, 0 for what is of no VM. *ret_vm is its name where the process has another:
 * a process can have several VMs.
 */
int kw_pf_process(struct kw_pf *s, const struct kw_vms *vms, uint32_t index, uint64_t *ret,
		  const char **ret_vm);

/* Names a track of a VM: "what", "what vCPU 1", with the VM's name before it if need be. */
void kw_pf_name(char *dst, const char *vm, const char *what, uint32_t vcpu);
void kw_pf_name_vcpu(char *dst, const struct kw_vms *vms, uint32_t vm, uint32_t vcpu);

/*
 * A track for events of a table on which nothing is after a time; NULL: none is left, or there is
 * no memory.
 */
struct kw_pf_track *kw_pf_lane(struct kw_pf *s, const struct kw_vms *vms,
			       const struct kw_pf_plan *p, const struct kw_row_head *head,
			       uint64_t begin_ns);
/* The same for a CPU of the host; *ret is NULL if none is left. 0 or -errno. */
int kw_pf_cpu(struct kw_pf *s, uint32_t cpu, uint64_t begin_ns, struct kw_pf_track **ret);

#endif
