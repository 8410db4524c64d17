/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults_rows.h - the rows of the faults collector: what its tables (faults.c) describe and its
 * live half (faults_live.c) fills. May not know about: BPF, maps, sinks. To extend: a member here
 * is a column in faults.c.
 */
#ifndef KW_FAULTS_ROWS_H
#define KW_FAULTS_ROWS_H

#include "../../core/collector.h"
#include "faults.h"

/* Times in ns. */
struct faults_row {
	struct kw_row_head head;
	uint8_t access, result, size, isa;
	uint32_t level;
	/* the key ends here */
	uint64_t count, total, max;
	uint64_t hist[KW_TIMES_BUCKETS];
};

struct faults_page_row {
	struct kw_row_head head;
	uint64_t page;
	uint64_t count, total, max;
};

struct faults_zap_row {
	struct kw_row_head head;
	uint32_t cause, actor;
	uint64_t count, pages, guest, total;
};

struct faults_event_row {
	struct kw_row_head head;
	uint64_t gpa;
	uint8_t result, size, isa, access;
	int32_t memslot;   /* -1: none */
	uint64_t hva, pfn; /* ~0: none */
	uint64_t error, total;
};

extern const struct kw_schema faults_table, faults_page_table, faults_zap_table, faults_event_table;

int faults_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int faults_open(const struct kw_live *live, void **ret_state);
int faults_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
