/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_rows.h - the rows of the time collector: what its tables (time.c) describe and its live
 * half (time_live.c, time_threads.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in time.c.
 */
#ifndef KW_TIME_ROWS_H
#define KW_TIME_ROWS_H

#include "../../core/collector.h"
#include "time.h"

/* Times in ns. The states add up to wall, which began when the vCPU was first seen. */
struct time_row {
	struct kw_row_head head;
	uint64_t wall;
	uint64_t ns[TIME_STATES];
};

/* What KVM's time went to, by the exit that it handled. Adds up to TIME_KERNEL and the polling. */
struct time_reason_row {
	struct kw_row_head head;
	uint32_t code;
	uint8_t isa;
	uint8_t level; /* 0: no exit, KVM_RUN has just been called */
	uint16_t pad;
	/* the key ends here */
	uint64_t kernel;
};

/* Who ran while the vCPU waited. Adds up to TIME_PREEMPTED, TIME_WOKEN and TIME_THROTTLED. */
struct time_culprit_row {
	struct kw_row_head head;
	uint32_t by;  /* enum time_culprit */
	uint32_t pid; /* process; of a kernel thread, itself; 0: none */
	uint32_t id;  /* of a vCPU, its id; of a thread of the own VMM or a vhost worker, its tid */
	uint32_t pad;
	/* the key ends here */
	char comm[16]; /* of the thread, of another process its first one */
	uint64_t waited;
	uint64_t count; /* how often it had the CPU meanwhile */
};

/* What a VM's other threads do. vcpu of the head is KW_ALL. */
enum time_role {
	TIME_EMULATOR, /* the process's first thread */
	TIME_IOTHREAD,
	TIME_VHOST,  /* a vhost worker, be it a kernel thread or one of the process */
	TIME_KVM,    /* a kernel thread of KVM in the process */
	TIME_WORKER, /* any other thread of the process */
	TIME_ROLES,
};

struct time_thread_row {
	struct kw_row_head head; /* tid: the thread's */
	uint32_t role;		 /* enum time_role */
	uint32_t thread;	 /* tid, as a key */
	/* the key ends here */
	char comm[16];
	uint64_t run, waited; /* on a CPU; runnable without one */
	uint64_t slices;      /* times it got a CPU */
	uint64_t unknown;     /* not 0: this kernel knows neither waited nor slices */
};

extern const struct kw_schema time_table, time_reason_table, time_culprit_table, time_thread_table;

int time_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int time_open(const struct kw_live *live, void **ret_state);
void time_close(void *state);
int time_start(const struct kw_live *live, void *state);
int time_refresh(const struct kw_live *live, void *state);
int time_read(const struct kw_live *live, void *state, uint32_t slot, uint32_t vm,
	      struct kw_frame *frame);
void time_forget(const struct kw_live *live, void *state, uint32_t slot);

/* ---- time_threads.c: the other threads of VMs ---- */

struct time_threads;
int time_threads_open(const struct kw_live *live, struct time_threads **ret);
void time_threads_close(struct time_threads *threads);
/* Before a round of readings: what all threads of the VMs' processes ran and waited so far. */
int time_threads_refresh(const struct kw_live *live, struct time_threads *threads);
/* Rows of the threads of a slot's process, if no slot before it is of that process. */
int time_threads_read(const struct kw_live *live, struct time_threads *threads, uint32_t slot,
		      uint32_t vm, struct kw_frame *frame);

#endif
