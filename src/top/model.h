/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.h - what the live screen remembers: the rows of one interval (two, while it is paused), the
 * sums of each VM, and, in rings of fixed size, what was before.
 * May not know about: terminals, views, collectors' structs: figures are found by the names of
 * tables and columns, so that recordings work as well.
 * To extend: a figure of VMs is a member of enum top_figure and a line in model.c.
 */
#ifndef TOP_MODEL_H
#define TOP_MODEL_H

#include "states.h"
#include "top.h"

#define TOP_HOST_HISTORY   600
#define TOP_VM_HISTORY	   120
#define TOP_REASON_HISTORY 60
#define TOP_REASONS	   32	/* of a VM of which there is a history */
#define TOP_SLOW	   8	/* longest exits of a reason */
#define TOP_VCPU_SLOW	   4	/* and of a vCPU */
#define TOP_REMEMBERED	   4096 /* VMs */

/* How often something happened to a VM or vCPU. */
enum top_figure { TOP_EXITS, TOP_FAULTS, TOP_DIRTY, TOP_IRQS, TOP_FIGURES };

/* What a VM, or a vCPU of it, did in an interval. */
struct top_sums {
	uint32_t vm, vcpu; /* vcpu: KW_ALL for the VM */
	uint32_t tid;	   /* of a vCPU; 0: not known */
	uint32_t vcpus;	   /* seen in it */
	uint32_t counting; /* vCPUs of the table that is being added */
	uint64_t span_ns;
	bool timed; /* the next two are known, but for the time in these states: bits */
	uint32_t left_out;
	uint64_t wall, ns[TOP_STATES];
	bool has_threads; /* the next one is known */
	uint64_t threads; /* CPU time of a VM's threads that are no vCPUs */
	uint32_t counted; /* bits of figures that somebody counts */
	uint64_t figure[TOP_FIGURES];
	const void *reason; /* row of exits: the reason that took most CPU time; or NULL */
	uint64_t reason_ns;
};

/* One interval of a history. */
struct top_sample {
	uint32_t seq;	  /* number of the interval, from 1; 0: none */
	uint64_t mono_ns; /* when it ended */
	bool timed;
	uint16_t share[TOP_STATES]; /* of the wall time, in hundredths of a percent */
	float exits;		    /* per second */
};

struct top_slow_exit {
	uint32_t seq; /* 0: none */
	uint32_t vcpu;
	uint64_t reason;  /* id */
	uint64_t real_ns; /* end of the interval that it was in */
	uint64_t ns;
};

/* An exit reason of a VM, over time. */
struct top_reason {
	uint64_t id; /* top_row_id() */
	uint32_t first_seq, last_seq;
	uint64_t interval_ns;		/* CPU time in the interval last_seq */
	bool idle;			/* halting, rather than doing something */
	char name[32];			/* as it is shown */
	float rate[TOP_REASON_HISTORY]; /* per second; by seq modulo size */
	uint64_t slow_ns;		/* exits that took no longer are not kept */
	struct top_slow_exit slow[TOP_SLOW];
};

/* A vCPU of a VM, over time; without those of its reasons that are idle. */
struct top_vcpu {
	uint32_t vcpu;
	struct top_slow_exit slow[TOP_VCPU_SLOW];
};

struct top_past {
	uint32_t last_seq;
	struct top_sample sample[TOP_VM_HISTORY]; /* by seq modulo size */
	struct top_reason *reason;
	size_t n_reasons, room;
	struct top_vcpu *vcpu; /* by their ids */
	size_t n_vcpus, vcpu_room;
};

/* A table's columns, found once. Those that it does not have are NULL. */
struct top_table {
	const struct kw_schema *schema;
	enum { TOP_OTHER, TOP_TIME, TOP_THREADS, TOP_OF_EXITS, TOP_COUNTED } kind;
	enum top_figure figure;
	const struct kw_column *count, *wall, *state[TOP_STATES];
	uint32_t left_out; /* states that this kernel does not tell: bits */
	const struct kw_column *run, *kernel, *vmm, *max, *reason;
	const struct kw_column *key[12]; /* its own */
	size_t n_keys;
};

/* All of one interval. */
struct top_moment {
	uint32_t seq;
	uint64_t mono_ns, real_ns, span_ns;
	const struct kw_vms *vms;
	struct kw_frame frame[KW_FRAMES];
	size_t n_frames;
	struct top_sums *vm; /* those with rows, by index */
	size_t n, room;
	struct kw_losses lost, lost_so_far;
	struct kw_top_cost cost;
	char note[128];
};

struct top_model {
	struct top_table table[KW_FRAMES];
	struct top_moment *shown, *latest; /* the same, unless paused; NULL before the first */
	uint32_t seq;
	struct kw_losses lost;
	struct top_sample host[TOP_HOST_HISTORY];
	struct top_past **past; /* by VM; NULL: nothing is remembered */
	size_t n_past, remembered;
};

void top_model_release(struct top_model *model);

/* Take over the rows of an interval; if hold, what is shown stays. 0 or -ENOMEM. */
int top_model_feed(struct top_model *model, struct kw_top_interval *interval, bool hold);

/* Show the latest again. */
void top_model_catch_up(struct top_model *model);

/* A table of what is shown; NULL: it was not chosen. */
struct kw_frame *top_frame(const struct top_model *model, const char *table);

/* Tells apart the rows of a table by its own keys, whoever's they are. */
uint64_t top_row_id(const struct top_model *model, const struct kw_frame *frame, const void *row);

/* Rows of a VM: [*ret_first, *ret_end). */
void top_rows_of(const struct kw_frame *frame, uint32_t vm, size_t *ret_first, size_t *ret_end);

/* What is shown of a VM; NULL if it had no rows. */
const struct top_sums *top_sums_of(const struct top_model *model, uint32_t vm);

/* The same of its vCPUs, in their order; *ret is to be freed. 0 or -ENOMEM. */
int top_vcpus_of(const struct top_model *model, uint32_t vm, struct top_sums **ret, size_t *ret_n);

/* What was back intervals before what is shown; NULL: not known. */
const struct top_sample *top_host_sample(const struct top_model *model, uint32_t back);
const struct top_sample *top_vm_sample(const struct top_model *model, uint32_t vm, uint32_t back);

const struct top_past *top_past_of(const struct top_model *model, uint32_t vm);
const struct top_reason *top_reason_of(const struct top_model *model, uint32_t vm, uint64_t id);

/* The longest exits of late of a vCPU, TOP_VCPU_SLOW; NULL: none are known. */
const struct top_slow_exit *top_slow_of_vcpu(const struct top_past *past, uint32_t vcpu);

/*
 * Times of a vCPU's exits, without those of idle reasons: added up in *ret, of so many buckets as
 * the returned layout says; NULL if there are none to tell. *ret is to be freed.
 */
const struct kw_hist *top_times_of(const struct top_model *model, uint32_t vm, uint32_t vcpu,
				   uint64_t **ret);

/* Wall time that no state explains. */
uint64_t top_unaccounted(const struct top_sums *sums);

/* False: not known. */
bool top_reason_rate(const struct top_model *model, const struct top_reason *reason, uint32_t back,
		     double *ret);

#endif
