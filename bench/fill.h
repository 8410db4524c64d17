/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill.h - plays the kernel's part for the exits collector: fills the maps of a live source in this
 * process as its BPF programs would, for as many VMs as wanted.
 * May not know about: what is measured, sinks.
 * To extend: what another collector's maps get is another function here.
 */
#ifndef BENCH_FILL_H
#define BENCH_FILL_H

#include "../src/collectors/exits/exits.h"

#include <stddef.h>
#include <stdint.h>

#define FILL_REASONS 12 /* live exit reasons of each vCPU */

struct kvm_watcher_bpf__bss;

struct fill {
	struct kvm_watcher_bpf__bss *bss;
	struct kw_vcpu *vcpu;
	struct exits_record *chunk[EXITS_CHUNKS];
	int slots, free_slots, free_records, pool; /* fds */
	uint32_t *slot, *record;		   /* numbers of those in use */
	size_t n_slots, n_records;
	uint64_t start_ns; /* of this process, as it owns all VMs */
	uint64_t exits;	   /* ever counted */
};

/* Find the maps of the source that this process has open, for up to vcpus. 0 or -errno. */
int fill_open(struct fill *fill, size_t vcpus);
void fill_close(struct fill *fill);

/* A vCPU's first exits. 0, -EAGAIN: user space must make room first, or another -errno. */
int fill_vcpu(struct fill *fill, uint32_t vm, uint32_t vcpu);

/* All vCPUs from number keep on are gone. */
void fill_end(struct fill *fill, size_t keep);

/* Some exits of each reason of each vCPU. */
void fill_exits(struct fill *fill);

/* Bytes that the kernel accounts to all maps; 0: it does not tell. */
uint64_t fill_memory(const struct fill *fill);

#endif
