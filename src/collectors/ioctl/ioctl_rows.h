/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ioctl_rows.h - the rows of the ioctl collector: what its table (ioctl.c) describes and its live
 * half (ioctl_live.c) fills.
 * May not know about: BPF, maps, sinks.
 * To extend: a member here is a column in ioctl.c.
 */
#ifndef KW_IOCTL_ROWS_H
#define KW_IOCTL_ROWS_H

#include "../../core/collector.h"
#include "ioctl.h"

#define IOCTL_OTHER 0x100 /* in scope: the row of those requests that found no room */

/* Whose structures arguments point to: of the processor that was watched, not of the one that
 * shows. */
enum ioctl_arch {
	IOCTL_X86,
	IOCTL_ARM64,
	IOCTL_RISCV,
	IOCTL_ARCHS,
};

/* Times in ns. */
struct ioctl_row {
	struct kw_row_head head;
	uint32_t request, scope;
	/* the key ends here */
	uint64_t count, errors;
	uint64_t total, max;
	uint64_t last_errno; /* 0: none failed */
};

struct ioctl_event_row {
	struct kw_row_head head;
	uint32_t request, scope;
	uint64_t arg;
	int64_t ret;
	uint64_t total;
	uint32_t size, arch;	       /* arch: enum ioctl_arch */
	uint32_t word[IOCTL_DATA / 4]; /* what arg points to, of which size bytes are known */
};

extern const struct kw_schema ioctl_table, ioctl_event_table;

/* What was asked for, and what came of it, in words; false if that is not known. */
bool ioctl_args(const struct ioctl_event_row *r, char *dst, size_t size);
void ioctl_result(const struct ioctl_event_row *r, char *dst, size_t size);

int ioctl_configure(struct kvm_watcher_bpf *bpf, uint32_t slots);
int ioctl_open(const struct kw_live *live, void **ret_state);
int ioctl_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row);

#endif
