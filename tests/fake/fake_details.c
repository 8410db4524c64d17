// SPDX-License-Identifier: Apache-2.0
/*
 * fake_details.c - rows of time, io, mmio, faults, dirty, nested, halt, irq, load, timer,
 * hypercall, ioctl and cost.
 * May not know about: the system, sinks, the command line.
 * To extend: a row is a line; a table is an array of lines and a line in tables[]. A line holds
 * what a row counts once; its life says how often it does.
 */
#include "fake_data.h"

#include "collectors/cost/cost_rows.h"
#include "collectors/dirty/dirty_rows.h"
#include "collectors/faults/faults_rows.h"
#include "collectors/halt/halt_rows.h"
#include "collectors/hypercall/hypercall_rows.h"
#include "collectors/io/io_rows.h"
#include "collectors/ioctl/ioctl_rows.h"
#include "collectors/irq/irq_rows.h"
#include "collectors/load/load_rows.h"
#include "collectors/mmio/mmio_rows.h"
#include "collectors/nested/nested_rows.h"
#include "collectors/time/time_rows.h"
#include "collectors/timer/timer_rows.h"
#include "core/hist.h"
#include "util/cleanup.h"

#include <errno.h>
#include <string.h>

/* Addresses of the guest's kernel and of its programs. */
#define KTEXT(offset) (0xffffffff81000000ULL + (offset))
#define UTEXT(offset) (0x00007f3a5c000000ULL + (offset))

#define NO_MIN UINT64_MAX

/* A row that nobody counted in for a while: dropped, and made again when it counts again. */
#define UNTIL_DROPPED                                                                              \
	{                                                                                          \
		1, 2, 3                                                                            \
	}
#define AGAIN(machine, id, thread)                                                                 \
	{                                                                                          \
		.vm = machine, .vcpu = id, .tid = thread, .born_ns = FAKE_MONO_NS + 4 * SECOND     \
	}

/* clang-format off */

/* unknown, guest, nested, kernel, vmm, poll hit and wasted, halted, preempted, woken, throttled,
 * blocked, idle, stopped; they add up to wall, but of one vCPU, 2 ms */
static const struct {
	struct life life;
	struct time_row row;
} times[] = {
	{ ALWAYS, { WEB1_0, 1000 * MS, { 0, 612 * MS, 0, 41 * MS, 23 * MS, 17 * MS, 4 * MS, 203 * MS,
		    61 * MS, 9 * MS, 0, 18 * MS, 12 * MS, 0 } } },
	{ ALWAYS, { WEB1_1, 1000 * MS, { 0, 21 * MS, 0, 5 * MS, 1 * MS, 2 * MS, 11 * MS, 949 * MS,
		    0, 11 * MS, 0, 0, 0, 0 } } },
	{ ALWAYS, { DATABASE_0, 1000 * MS, { 0, 380 * MS, 120 * MS, 33 * MS, 0, 0, 0, 0,
		    107 * MS, 10 * MS, 350 * MS, 0, 0, 0 } } },
	{ ALWAYS, { EVIL_0, 1000 * MS, { 2 * MS, 990 * MS, 0, 8 * MS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } } },
	{ ALWAYS, { FC_0, 1000 * MS, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1000 * MS } } },
	{ FROM(3), { FC_2_0, 1000 * MS, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1000 * MS, 0 } } },
	{ VANISHES(2), { GONE_0, 1000 * MS, { 0, 1000 * MS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } } },
};

static const struct {
	struct life life;
	struct time_reason_row row;
} time_reasons[] = {
	/* code, isa, level, pad; kernel */
	{ ALWAYS, { WEB1_0, 0x400, KW_ISA_SVM, 1, 0, 22 * MS } },
	{ ALWAYS, { WEB1_0, 0x78, KW_ISA_SVM, 1, 0, 31 * MS } },
	{ ALWAYS, { WEB1_0, 0x7c, KW_ISA_SVM, 1, 0, 8 * MS } },
	{ ALWAYS, { WEB1_0, 0, 0, 0, 0, 1 * MS } },
	{ ALWAYS, { WEB1_1, 0x78, KW_ISA_SVM, 1, 0, 18 * MS } },
	{ ALWAYS, { DATABASE_0, 0x80, KW_ISA_SVM, 1, 0, 30 * MS } },
	{ ALWAYS, { DATABASE_0, 0x72, KW_ISA_SVM, 2, 0, 3 * MS } },
	{ ALWAYS, { EVIL_0, 0x60, KW_ISA_SVM, 1, 0, 8 * MS } },
};

static const struct {
	struct life life;
	struct time_culprit_row row;
} time_culprits[] = {
	/* by, pid, id, pad, comm; waited, count */
	{ ALWAYS, { WEB1_0, TIME_BY_VCPU, 1003, 0, 0, "CPU 0/KVM", 30 * MS, 12 } },
	{ ALWAYS, { WEB1_0, TIME_BY_PROCESS, 777, 0, 0, "make\033[1m", 25 * MS, 40 } },
	{ ALWAYS, { WEB1_0, TIME_BY_VMM, 1001, 1103, 0, "IO iothread0", 9 * MS, 7 } },
	{ ALWAYS, { WEB1_0, TIME_BY_IRQ, 0, 0, 0, "", 4 * MS, 90 } },
	{ ALWAYS, { WEB1_0, TIME_BY_IDLE, 0, 0, 0, "", 2 * MS, 11 } },
	{ ALWAYS, { WEB1_1, TIME_BY_IDLE, 0, 0, 0, "", 11 * MS, 63 } },
	{ ALWAYS, { DATABASE_0, TIME_BY_LIMIT, 0, 0, 0, "", 350 * MS, 10 } },
	{ ALWAYS, { DATABASE_0, TIME_BY_KERNEL, 55, 0, 0, "kworker/0:1", 100 * MS, 3 } },
	{ ALWAYS, { DATABASE_0, TIME_BY_VHOST, 1002, 1105, 0, "vhost-1002", 17 * MS, 21 } },
};

static const struct {
	struct life life;
	struct time_thread_row row;
} time_threads[] = {
	/* role, thread, comm; run, waited, slices */
	{ ALWAYS, { VM_ITSELF(WEB1), TIME_EMULATOR, 1001, "qemu-system-x86", 11 * MS, 1 * MS, 120 } },
	{ ALWAYS, { VM_ITSELF(WEB1), TIME_IOTHREAD, 1103, "IO iothread0", 71 * MS, 3 * MS, 900 } },
	{ ALWAYS, { VM_ITSELF(DATABASE), TIME_VHOST, 1105, "vhost-1002", 203 * MS, 40 * MS, 5000 } },
	{ ALWAYS, { VM_ITSELF(EVIL), TIME_WORKER, 1111, "wo\033]0;rker", 2 * MS, 0, 3 } },
};

static const struct {
	struct life life;
	struct io_row row;
} io[] = {
	/* detail, rip, what, level, pad; count, exits; total, kernel, vmm, max */
	{ ALWAYS, { WEB1_0, 0x3f8, KTEXT(0x5a1c2e), IO_PORT_OUT, 1, 0,
		    120, 120, 2400 * US, 600 * US, 1700 * US, 95 * US } },
	{ ALWAYS, { WEB1_0, 0x1f0, UTEXT(0xa2b), IO_PORT_IN, 1, 0,
		    256, 2, 410 * US, 400 * US, 0, 210 * US } },
	{ ALWAYS, { WEB1_0, 0x6e0, KTEXT(0x7ffe0), IO_MSR_WRITE, 1, 0,
		    1000, 1000, 1300 * US, 1290 * US, 0, 41 * US } },
	{ ALWAYS, { WEB1_0, 0x12345, KTEXT(0x7fff0), IO_MSR_READ, 1, 0,
		    3, 3, 9 * US, 9 * US, 0, 4 * US } },
	{ ALWAYS, { WEB1_0, 0x40000071, IO_MANY, IO_MSR_WRITE, 1, 0,
		    77, 77, 308 * US, 300 * US, 0, 8 * US } },
	{ ALWAYS, { WEB1_0, IO_MANY, IO_MANY, IO_MSR_READ, 0, 0,
		    50000, 50000, 65 * MS, 64 * MS, 0, 77 * US } },
	{ ALWAYS, { WEB1_0, IO_MANY, IO_MANY, IO_PORT_IN, 0, 0, 9, 0, 0, 0, 0, 0 } },
	{ ALWAYS, { WEB1_0, 2, KTEXT(0x5a1c2e), IO_USER, 1, 0,
		    120, 120, 2400 * US, 600 * US, 1700 * US, 95 * US } },
	{ ALWAYS, { WEB1_1, 0x40000000, 0, IO_CPUID, 1, 0,
		    40, 40, 36 * US, 36 * US, 0, 1100 } },
	{ ALWAYS, { WEB1_1, 0xd, UTEXT(0x10), IO_CPUID, 2, 0, 6, 6, 7 * US, 7 * US, 0, 1300 } },
	{ ALWAYS, { WEB1_1, 0xfee00000, KTEXT(0x61a80), IO_MMIO_WRITE, 1, 0,
		    12, 12, 25 * US, 25 * US, 0, 2900 } },
	{ UNTIL_DROPPED, { WEB1_1, 0xfebf1000, KTEXT(0x61b00), IO_MMIO_READ, 1, 0,
			   5, 5, 95 * US, 15 * US, 78 * US, 22 * US } },
	{ FROM(5), { AGAIN(WEB1, 1, 1102), 0xfebf1000, KTEXT(0x61b00), IO_MMIO_READ, 1, 0,
		     4, 4, 44 * US, 12 * US, 30 * US, 13 * US } },
	{ ALWAYS, { WEB1_1, 6, KTEXT(0x61b00), IO_USER, 1, 0,
		    5, 5, 95 * US, 15 * US, 78 * US, 22 * US } },
	{ ONLY(2), { WEB1_1, 999, KTEXT(0x61b00), IO_USER, 1, 0, 1, 1, 7 * US, US, 5 * US, 7 * US } },
	{ ALWAYS, { DATABASE_0, 3, KTEXT(0x2f310), IO_CR_READ, 1, 0, 8, 8, 5600, 5600, 0, 900 } },
	{ ALWAYS, { DATABASE_0, 8, KTEXT(0x2f318), IO_CR_WRITE, 1, 0, 4, 4, 2800, 2800, 0, 800 } },
	{ ALWAYS, { DATABASE_0, 0xc0000100, KTEXT(0x2f400), IO_MSR_WRITE, 2, 0,
		    2, 2, 3 * US, 3 * US, 0, 1700 } },
	{ ALWAYS, { DATABASE_0, KW_USER_ERRNO | 14, 0, IO_USER, 1, 0,
		    1, 1, 250 * MS, 10 * MS, 240 * MS, 250 * MS } },
	{ ALWAYS, { EVIL_0, 0x604, IO_MANY, IO_PORT_OUT, 1, 0,
		    123456, 123456, 210 * MS, 200 * MS, 0, 3 * MS } },
	{ VANISHES(2), { GONE_0, 0x64, KTEXT(0x64), IO_PORT_OUT, 1, 0,
			 1, 1, 65 * US, 25 * US, 30 * US, 65 * US } },
};

static const struct {
	struct life life;
	struct mmio_row row;
} mmio[] = {
	/* page, by, write; count, exits; total, kernel, vmm, max */
	{ ALWAYS, { WEB1_0, 0xfee00000, MMIO_KERNEL, 1, 900, 900, 1800 * US, 1800 * US, 0, 9 * US } },
	{ ALWAYS, { WEB1_0, 0xfec00000, MMIO_KERNEL, 0, 30, 15, 48 * US, 48 * US, 0, 5 * US } },
	{ ALWAYS, { WEB1_0, 0xfebf1000, MMIO_VMM, 0, 7, 7, 133 * US, 20 * US, 105 * US, 40 * US } },
	{ ALWAYS, { WEB1_0, 0xfebf1000, MMIO_VMM, 1, 5, 0, 0, 0, 0, 0 } },
	{ ALWAYS, { WEB1_0, MMIO_MANY, MMIO_VMM, 0, 70000, 70000,
		    940 * MS, 110 * MS, 800 * MS, 2 * MS } },
	{ ALWAYS, { WEB1_0, MMIO_MANY, MMIO_KERNEL, 1, 2, 1, 4 * US, 4 * US, 0, 4 * US } },
	{ ALWAYS, { WEB1_1, 0xfee00000, MMIO_KERNEL, 1, 450, 450, 900 * US, 900 * US, 0, 8 * US } },
	{ ALWAYS, { WEB1_1, 0x380000006000, MMIO_IOEVENTFD, 1, 60, 60, 66 * US, 66 * US, 0, 2 * US } },
	{ UNTIL_DROPPED, { WEB1_1, 0xfed00000, MMIO_VMM, 0, 3, 3, 60 * US, 9 * US, 50 * US, 21 * US } },
	{ FROM(5), { AGAIN(WEB1, 1, 1102), 0xfed00000, MMIO_VMM, 0,
		     1, 1, 20 * US, 3 * US, 16 * US, 20 * US } },
	{ ONLY(2), { DATABASE_0, 0xffffffffff000, MMIO_VMM, 1, 1, 1, 5 * MS, MS, 4 * MS, 5 * MS } },
	{ ALWAYS, { FC_0, 0xd0000000, MMIO_IOEVENTFD, 1, 11, 11, 9 * US, 9 * US, 0, 1200 } },
	{ ALWAYS, { FC_2_0, 0xd0000000, MMIO_IOEVENTFD, 1, 22, 22, 18 * US, 18 * US, 0, 1100 } },
	{ VANISHES(2), { GONE_0, 0, MMIO_VMM, 0, 1, 1, 65 * US, 25 * US, 30 * US, 65 * US } },
};

static const struct {
	struct life life;
	struct faults_row row;
} faults[] = {
	/* access, result, size, isa, level; count, total, max */
	{ ALWAYS, { WEB1_0, 0x06, FAULTS_MAPPED, FAULTS_2M, KW_ISA_SVM, 1, 40, 160 * US, 43 * US } },
	{ ALWAYS, { WEB1_0, 0x04, FAULTS_MAPPED, FAULTS_4K, KW_ISA_SVM, 1, 900, 2 * MS, 90 * US } },
	{ ALWAYS, { WEB1_0, 0x14, FAULTS_MAPPED, FAULTS_1G, KW_ISA_SVM, 1, 1, 9 * US, 9 * US } },
	{ ALWAYS, { WEB1_0, 0x07, FAULTS_FAST, 0, KW_ISA_SVM, 1, 512, 350 * US, 2 * US } },
	{ ALWAYS, { WEB1_0, 0x07, FAULTS_SPURIOUS, 0, KW_ISA_SVM, 1, 6, 9 * US, 3 * US } },
	{ ALWAYS, { WEB1_0, 0x04, FAULTS_MMIO, 0, KW_ISA_SVM, 1, 70, 600 * US, 30 * US } },
	{ ALWAYS, { WEB1_0, 0x03, FAULTS_EMULATE, 0, KW_ISA_SVM, 1, 4, 20 * US, 8 * US } },
	{ ALWAYS, { WEB1_1, 0x06, FAULTS_RETRY, 0, KW_ISA_SVM, 1, 3, 12 * MS, 11 * MS } },
	{ ALWAYS, { WEB1_1, 0x00, FAULTS_RETRY, 0, KW_ISA_SVM, 1, 2, 2 * US, US } },
	{ ALWAYS, { WEB1_1, 0x04, FAULTS_ERROR, 0, KW_ISA_SVM, 1, 1, 5 * US, 5 * US } },
	{ ALWAYS, { WEB1_1, 0x04, FAULTS_MAPPED, FAULTS_4K, KW_ISA_SVM, 2, 10, 60 * US, 9 * US } },
	{ ALWAYS, { WEB1_1, 0x04, FAULTS_MAPPED, FAULTS_4K, KW_ISA_SVM, 1, 100, 200 * US, 8 * US } },
	{ ALWAYS, { DATABASE_0, 0x04, FAULTS_MAPPED, FAULTS_4K, KW_ISA_VMX, 1, 33, 99 * US, 7 * US } },
	{ ALWAYS, { DATABASE_0, 0x02, FAULTS_MAPPED, FAULTS_2M, KW_ISA_VMX, 1, 5, 25 * US, 9 * US } },
	{ ALWAYS, { DATABASE_0, 0x10, FAULTS_MAPPED, FAULTS_1G, KW_ISA_VMX, 1, 1, 9 * US, 9 * US } },
	{ ALWAYS, { DATABASE_0, 0x17, FAULTS_EMULATE, 0, KW_ISA_VMX, 1, 2, 12 * US, 7 * US } },
	{ ALWAYS, { DATABASE_0, 0x00, FAULTS_MMIO, 0, KW_ISA_VMX, 1, 8, 16 * US, 3 * US } },
	{ ONLY(3), { EVIL_0, 0x06, FAULTS_MAPPED, 0, KW_ISA_SVM, 1, 1, 40 * SECOND, 40 * SECOND } },
	{ VANISHES(2), { GONE_0, 0x06, FAULTS_MAPPED, FAULTS_4K, KW_ISA_SVM, 1, 1, 30, 30 } },
};

static const struct {
	struct life life;
	struct faults_page_row row;
} pages[] = {
	/* page; count, total, max */
	{ ALWAYS, { WEB1_0, 0xfebf1000, 70, 600 * US, 30 * US } },
	{ ALWAYS, { WEB1_0, 0x100000000, 3, 40 * US, 20 * US } },
	{ ALWAYS, { WEB1_0, FAULTS_MANY, 1400, 3 * MS, 90 * US } },
	{ ALWAYS, { WEB1_1, 0x7fff000, 5, 12 * MS, 11 * MS } },
	{ UNTIL_DROPPED, { WEB1_1, 0x8000000, 2, 4 * US, 2 * US } },
	{ FROM(5), { AGAIN(WEB1, 1, 1102), 0x8000000, 7, 14 * US, 3 * US } },
	{ ALWAYS, { DATABASE_0, 0, 2, 12 * US, 7 * US } },
	{ ALWAYS, { DATABASE_0, 0xffffffffff000, 1, 9 * US, 9 * US } },
	{ ONLY(3), { EVIL_0, 0x1000, 1, 40 * SECOND, 40 * SECOND } },
	{ VANISHES(2), { GONE_0, 0xf0000, 1, 30, 30 } },
};

static const struct {
	struct life life;
	struct faults_zap_row row;
} zaps[] = {
	/* cause, actor; count, pages, guest, total */
	{ ALWAYS, { VM_ITSELF(WEB1), FAULTS_UNMAP, FAULTS_BY_VMM, 2, 262144, 131072, 900 * US } },
	{ ALWAYS, { VM_ITSELF(WEB1), FAULTS_CLEAR, FAULTS_BY_KSMD, 50, 50, 50, 75 * US } },
	{ ALWAYS, { VM_ITSELF(WEB1), FAULTS_CLEAR, FAULTS_BY_KSWAPD, 30, 30, 28, 45 * US } },
	{ ALWAYS, { VM_ITSELF(WEB1), FAULTS_CLEAR, FAULTS_BY_KHUGEPAGED, 1, 512, 512, 80 * US } },
	{ ALWAYS, { VM_ITSELF(WEB1), FAULTS_MIGRATE, FAULTS_BY_KCOMPACTD, 9, 9, 9, 11 * US } },
	{ ALWAYS, { VM_ITSELF(WEB1), FAULTS_MIGRATE, FAULTS_BY_OTHER, 4, 2048, 0, 2 * MS } },
	{ ALWAYS, { VM_ITSELF(WEB1), FAULTS_SPLIT, FAULTS_BY_VMM, 64, 32768, 32768, 3 * MS } },
	{ ALWAYS, { VM_ITSELF(WEB1), FAULTS_SPLIT, FAULTS_BY_VCPU, 3, 1536, 1536, 0 } },
	{ ALWAYS, { VM_ITSELF(DATABASE), FAULTS_PROTECT_VMA, FAULTS_BY_VMM, 1, 100, 90, 5 * US } },
	{ ALWAYS, { VM_ITSELF(DATABASE), FAULTS_PROTECT_PAGE, FAULTS_BY_KERNEL, 1, 1, 1, 900 } },
	{ FROM(2), { VM_ITSELF(DATABASE), FAULTS_SOFT_DIRTY, FAULTS_BY_OTHER, 1, 1, 0, 700 } },
	{ FROM(2), { VM_ITSELF(FC), FAULTS_UNKNOWN, FAULTS_BY_VMM, 2, 2, 2, 2 * US } },
	{ FROM(2), { VM_ITSELF(FC_2), FAULTS_EXCLUSIVE, FAULTS_BY_VCPU, 1, 1, 1, 3 * US } },
	{ ONLY(2), { VM_ITSELF(GONE), FAULTS_RELEASE, FAULTS_BY_VMM, 1, 68719476736, 65536, 7 * MS } },
};

#define SMM_SLOT(id) (1u << 16 | (id)) /* in address space 1 */

static const struct {
	struct life life;
	struct dirty_row row;
} dirty[] = {
	/* memslot, pad; marks, distinct; stalls, stalled; npages */
	{ ALWAYS, { WEB1_0, 0, 0, 700, 650, 640, 1900 * US, 163840 } },
	{ ALWAYS, { WEB1_0, 3, 0, 20, 10, 0, 0, 4096 } },
	{ ALWAYS, { WEB1_0, SMM_SLOT(0), 0, 5, 2, 2, 9 * US, 163840 } },
	{ ALWAYS, { WEB1_0, DIRTY_ANY_SLOT, 0, 6, 6, 1, 4 * US, 512 } },
	{ ALWAYS, { WEB1_1, 0, 0, 250, 200, 199, 610 * US, 163840 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 0, 0, 90, 30, 0, 0, 163840 } },
	{ FROM(2), { DATABASE_0, 509, 0, 400000, 399000, 398000, 700 * MS, 33554432 } },
	{ FROM(2), { VM_ITSELF(DATABASE), 509, 0, 1, 0, 0, 0, 33554432 } },
	{ ALWAYS, { FC_0, 1, 0, 1, 1, 1, 3 * US, 32768 } },
	{ VANISHES(2), { GONE_0, 0, 0, 8, 8, 8, 24 * US, 65536 } },
};

static const struct {
	struct life life;
	struct dirty_page_row row;
} dirty_pages[] = {
	/* gfn, rel_gfn, memslot, pad; count */
	{ ALWAYS, { VM_ITSELF(WEB1), 0x1000, 0x1000, 0, 0, 400 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 0x100010, 0x10, 3, 0, 20 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 0xa0, 0xa0, SMM_SLOT(0), 0, 5 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 0xa0, 0xa0, 0, 0, 7 } },
	{ ALWAYS, { VM_ITSELF(WEB1), DIRTY_MANY, DIRTY_MANY, DIRTY_ANY_SLOT, 0, 639 } },
	{ FROM(2), { VM_ITSELF(DATABASE), 0xfffffffff, 0xfffeffff0, 509, 0, 123456 } },
	{ ALWAYS, { VM_ITSELF(FC), 0, 0, 1, 0, 1 } },
	{ VANISHES(2), { VM_ITSELF(GONE), 0x7, 0x7, 0, 0, 8 } },
};

static const struct {
	struct life life;
	struct dirty_log_row row;
} dirty_logs[] = {
	/* what, pad; count, total */
	{ ALWAYS, { WEB1_0, DIRTY_PML_FULL, 0, 2, 0 } },
	{ ALWAYS, { WEB1_1, DIRTY_RING_PUSH, 0, 250, 0 } },
	{ ALWAYS, { WEB1_1, DIRTY_RING_FULL, 0, 1, 0 } },
	{ ALWAYS, { VM_ITSELF(WEB1), DIRTY_GET_LOG, 0, 2, 480 * US } },
	{ ALWAYS, { VM_ITSELF(WEB1), DIRTY_CLEAR_LOG, 0, 16, 3 * MS } },
	{ ALWAYS, { VM_ITSELF(WEB1), DIRTY_RING_RESET, 0, 1, 0 } },
	{ FROM(2), { VM_ITSELF(DATABASE), DIRTY_RING_RESET, 0, 4, 52 * MS } },
};

static const struct {
	struct life life;
	struct nested_row row;
} nested[] = {
	/* code, what, isa, pad; count, total, kernel, away; max */
	{ ALWAYS, { WEB1_1, 0x400, NESTED_BY_L0, KW_ISA_SVM, 0, 300, MS, 990 * US, 0, 70 * US } },
	{ ALWAYS, { WEB1_1, 0x123, NESTED_BY_L0, KW_ISA_SVM, 0, 1, 5 * US, 5 * US, 0, 5 * US } },
	{ ALWAYS, { WEB1_1, 0x78, NESTED_TO_L1, KW_ISA_SVM, 0, 50, 90 * US, 85 * US, 9 * MS, 4 * US } },
	{ ALWAYS, { WEB1_1, 0x60, NESTED_TO_L1, KW_ISA_SVM, 0, 8, 16 * US, 16 * US, 0, 3 * US } },
	{ ALWAYS, { WEB1_1, 0x80, NESTED_TAX, KW_ISA_SVM, 0, 58, 170 * US, 170 * US, 0, 6 * US } },
	{ ALWAYS, { WEB1_1, 0, NESTED_ENTER, KW_ISA_SVM, 0, 58, 0, 0, 0, 0 } },
	{ ALWAYS, { WEB1_1, 0, NESTED_LEAVE, KW_ISA_SVM, 0, 58, 0, 0, 0, 0 } },
	{ ALWAYS, { WEB1_1, NESTED_MANY, NESTED_BY_L0, KW_ISA_SVM, 0, 9, 18 * US, 18 * US, 0, 3 * US } },
	{ ALWAYS, { WEB1_1, NESTED_MANY, NESTED_TAX, KW_ISA_SVM, 0, 2, 4 * US, 4 * US, 0, 3 * US } },
	{ ALWAYS, { DATABASE_0, 48, NESTED_BY_L0, KW_ISA_VMX, 0, 70, 200 * US, 140 * US, 0, 9 * US } },
	{ ALWAYS, { DATABASE_0, 12, NESTED_TO_L1, KW_ISA_VMX, 0, 4, 8 * US, 8 * US, 30 * MS, 3 * US } },
	{ ALWAYS, { DATABASE_0, 24, NESTED_TAX, KW_ISA_VMX, 0, 4, 15 * US, 15 * US, 0, 4 * US } },
	{ ALWAYS, { DATABASE_0, 0x80000021, NESTED_TO_L1, KW_ISA_VMX, 0, 1, 900, 900, 0, 900 } },
	{ ONLY(2), { DATABASE_0, 0, NESTED_ENTER, KW_ISA_VMX, 0, 4, 0, 0, 0, 0 } },
	{ VANISHES(2), { GONE_0, 0x7c, NESTED_TO_L1, KW_ISA_SVM, 0, 1, 650, 650, 2 * US, 650 } },
};

static const struct {
	struct life life;
	struct halt_row row;
} halts[] = {
	/* waited, valid, pad, pad2; count, total, polled, max */
	{ ALWAYS, { WEB1_0, 0, 1, 0, 0, 300, 9 * MS, 9 * MS, 190 * US } },
	{ ALWAYS, { WEB1_0, 1, 1, 0, 0, 40, 700 * MS, 8 * MS, 250 * MS } },
	{ ALWAYS, { WEB1_0, 1, 0, 0, 0, 2, 3 * MS, 400 * US, 2 * MS } },
	{ ALWAYS, { WEB1_1, 0, 0, 0, 0, 1, 900, 0, 900 } },
	{ ALWAYS, { DATABASE_0, 1, 1, 0, 0, 1000, 400 * MS, 0, 5 * MS } },
	{ ONLY(3), { EVIL_0, 1, 1, 0, 0, 1, 40 * SECOND, 0, 40 * SECOND } },
	{ VANISHES(2), { GONE_0, 1, 1, 0, 0, 1, 30, 0, 30 } },
};

static const struct {
	struct life life;
	struct halt_vcpu_row row;
} polling[] = {
	/* hlts, unhalted, again, outside; hit, wasted; grows, shrinks, now */
	{ ALWAYS, { WEB1_0, 350, 10, 2, 0, 9 * MS, 8400 * US, 7, 5, 200 * US } },
	{ ALWAYS, { WEB1_1, 0, 0, 0, 1, 0, 0, 0, 0, 0 } },
	{ ALWAYS, { DATABASE_0, 1000, 0, 0, 0, 0, 0, 0, 1, 0 } },
	{ ONLY(3), { EVIL_0, 0, 0, 0, 1, 0, 0, 0, 0, 0 } },
};

static const struct {
	struct life life;
	struct halt_if_row row;
} ifs[] = {
	/* poll; halts, hits; polled, wasted */
	{ ALWAYS, { WEB1_0, 10000, 342, 12, 3400 * US, 3300 * US } },
	{ ALWAYS, { WEB1_0, 200000, 342, 300, 17400 * US, 8400 * US } },
	{ ALWAYS, { WEB1_0, 4000000, 342, 330, 100 * MS, 48 * MS } },
	{ ALWAYS, { DATABASE_0, 10000, 1000, 0, 10 * MS, 10 * MS } },
	{ ALWAYS, { DATABASE_0, 4000000, 1000, 998, 398 * MS, 8 * MS } },
};

static const struct {
	struct life life;
	struct irq_row row;
} irqs[] = {
	/* line, source, vector, mode, pad, pad2; count, coalesced, masked, posted */
	{ ALWAYS, { WEB1_0, 0xfee00000, IRQ_MSI_ATOMIC, 0x31, IRQ_FIXED, 0, 0, 4000, 12, 0, 0 } },
	{ ALWAYS, { WEB1_0, 0xfee01004, IRQ_MSI, 0x32, IRQ_LOWEST, 0, 0, 9, 0, 0, 0 } },
	{ ALWAYS, { WEB1_0, 0x320, IRQ_LVT, 0xec, IRQ_FIXED, 0, 0, 250, 0, 0, 0 } },
	{ ALWAYS, { WEB1_0, 0x340, IRQ_LVT, 0, IRQ_NMI, 0, 0, 3, 0, 0, 0 } },
	{ ALWAYS, { WEB1_0, 4, IRQ_IOAPIC, 0x24, IRQ_FIXED, 0, 0, 55, 5, 0, 0 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 11, IRQ_IOAPIC, 0x2b, IRQ_FIXED, 0, 0, 7, 0, 7, 0 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 0, IRQ_PIC, 0x30, IRQ_EXTINT, 0, 0, 18, 2, 1, 0 } },
	{ ALWAYS, { WEB1_1, 0, IRQ_IPI, 0xfb, IRQ_FIXED, 0, 0, 800, 40, 0, 0 } },
	{ ALWAYS, { WEB1_1, 0, IRQ_IPI, 0x9a, IRQ_STARTUP, 0, 0, 1, 0, 0, 0 } },
	{ ALWAYS, { WEB1_1, 0, IRQ_OTHER, 0xf3, IRQ_FIXED, 0, 0, 2, 0, 0, 0 } },
	{ ALWAYS, { WEB1_1, 0x999, IRQ_LVT, 1, IRQ_FIXED, 0, 0, 1, 0, 0, 0 } },
	{ ALWAYS, { EVIL_0, IRQ_MANY, IRQ_MSI, 0, IRQ_FIXED, 0, 0, 99999, 0, 0, 0 } },
	{ ALWAYS, { DATABASE_0, 0xfee00000ffULL << 12, IRQ_MSI_ATOMIC, 0x41, IRQ_FIXED, 0, 0,
		    5000, 0, 0, 5000 } },
	{ VANISHES(2), { GONE_0, 0, IRQ_IPI, 0, IRQ_INIT, 0, 0, 1, 0, 0, 0 } },
};

static const struct {
	struct life life;
	struct irq_vector_row row;
} irq_vectors[] = {
	/* vector, pad; accepted, coalesced, posted; injected, reinjected, eois, pv_eois; apicv */
	{ ALWAYS, { WEB1_0, 0x31, 0, 4000, 12, 0, 3988, 31, 3988, 3000, 0 } },
	{ ALWAYS, { WEB1_0, 0xec, 0, 250, 0, 0, 250, 0, 250, 0, 0 } },
	{ ALWAYS, { WEB1_0, 0x30, 0, 0, 0, 0, 15, 0, 0, 0, 0 } },
	{ ALWAYS, { DATABASE_0, 0x41, 0, 5000, 0, 5000, 0, 0, 0, 0, 5000 } },
	{ ALWAYS, { DATABASE_0, 0xec, 0, 5, 0, 3, 2, 0, 2, 0, 3 } },
};

static const struct {
	struct life life;
	struct irq_time_row row;
} irq_times[] = {
	/* vector, way, pad, pad2; count, total, max */
	{ ALWAYS, { WEB1_0, 0x31, IRQ_SET_ACCEPT, 0, 0, 3988, 3988 * US, 9 * US } },
	{ ALWAYS, { WEB1_0, 0x31, IRQ_ACCEPT_INJECT, 0, 0, 3988, 12 * MS, 300 * US } },
	{ ALWAYS, { WEB1_0, 0x31, IRQ_INJECT_EOI, 0, 0, 3988, 8 * MS, 70 * US } },
	{ ALWAYS, { WEB1_0, 0x31, IRQ_SET_EOI, 0, 0, 3988, 24 * MS, 320 * US } },
	{ ALWAYS, { WEB1_0, 0x30, IRQ_SET_INJECT, 0, 0, 15, 150 * US, 20 * US } },
	{ ALWAYS, { EVIL_0, IRQ_VECTORS, IRQ_INJECT_EOI, 0, 0, 1, SECOND, SECOND } },
};

static const struct {
	struct life life;
	struct irq_state_row row;
} irq_states[] = {
	/* reason, irqchip, name; looks, sets, clears; inhibits; since */
	{ ALWAYS, { VM_ITSELF(WEB1), 0, 1, "DISABLED", 2, 0, 0, 1, 0 } },
	{ ALWAYS, { VM_ITSELF(DATABASE), IRQ_NO_REASON, 2, "", 1, 0, 0, 1, 0 } },
	{ ALWAYS, { VM_ITSELF(DATABASE), 8, 2, "IRQWIN", 0, 41, 41, 0, 70 * US } },
	{ ALWAYS, { VM_ITSELF(FC), 31, 3, "", 1, 1, 0, 1, 2 * SECOND } },
	{ ALWAYS, { VM_ITSELF(EVIL), 2, 0, "\033[31mNOT_ONE_OF_OURS", 1, 0, 0, 1, 0 } },
};

static const struct {
	struct life life;
	struct load_row row;
} loads[] = {
	/* cpu, node; run, waited; slices, preempted, slept; arrivals, remote; min, max */
	{ ALWAYS, { WEB1_0, 0, 0, 55 * MS, 3 * MS, 40, 25, 15, 4, 0, 21 * US, 4 * MS } },
	{ ALWAYS, { WEB1_0, 1, 0, 6 * MS, 900 * US, 8, 1, 7, 4, 1, 3 * US, 2 * MS } },
	{ ALWAYS, { WEB1_0, 63, 1, 200 * US, 0, 1, 0, 1, 1, 1, 200 * US, 200 * US } },
	/* it spins: its slice goes on */
	{ ALWAYS, { WEB1_1, 2, 0, 66 * MS, 0, 0, 0, 0, 0, 0, NO_MIN, 0 } },
	{ ONLY(2), { WEB1_1, 3, 0, 12 * MS, 700 * US, 2, 1, 0, 1, 0, 4 * MS, 7 * SECOND } },
	{ ALWAYS, { DATABASE_0, 1023, 15, 500 * MS / 15, 33 * MS, 3000, 3000, 0, 0, 0, 900, 90 * US } },
	{ FROM(3), { FC_0, 1, 0, 3 * MS, 2 * US, 3, 0, 3, 0, 0, 800 * US, 1200 * US } },
	{ VANISHES(2), { GONE_0, 7, 0, 9 * MS, 0, 1, 0, 1, 1, 0, 9 * MS, 9 * MS } },
};

static const struct {
	struct life life;
	struct timer_row row;
} timers[] = {
	/* mode, hv; arms, expired, early, merged, restarts; timed, late, max; delay */
	{ ALWAYS, { WEB1_0, TIMER_DEADLINE, 0, 250, 240, 230, 0, 30, 240, 480 * US, 90 * US, 4 * MS } },
	{ ALWAYS, { WEB1_0, TIMER_DEADLINE, 1, 700, 690, 0, 0, 33, 0, 0, 0, 0 } },
	{ ALWAYS, { WEB1_1, TIMER_ONESHOT, 0, 100, 100, 0, 0, 0, 100, 5 * MS, 3 * MS, MS } },
	{ ONLY(1), { WEB1_1, TIMER_PERIODIC, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ ALWAYS, { DATABASE_0, TIMER_PERIODIC, 0, 0, 67, 0, 13, 0, 67, 670 * MS, 40 * MS, MS } },
	{ ALWAYS, { EVIL_0, TIMER_ONESHOT, 0, 9999, 0, 0, 0, 0, 0, 0, 0, 0 } },
	{ ALWAYS, { FC_0, TIMER_PERIODIC, 1, 0, 1, 0, 0, 1, 1, 0, 0, SECOND } },
	{ VANISHES(2), { GONE_0, TIMER_ONESHOT, 0, 1, 1, 0, 0, 0, 1, 40 * US, 40 * US, 9 * MS } },
};

static const struct {
	struct life life;
	struct hypercall_row row;
} hypercalls[] = {
	/* nr, api, level, pad; count, exits, timed; total, kernel, vmm, max */
	{ ALWAYS, { WEB1_0, 5, HYPERCALL_KVM, 1, 0, 40, 40, 40, 90 * US, 90 * US, 0, 7 * US } },
	{ ALWAYS, { WEB1_0, 10, HYPERCALL_KVM, 1, 0, 900, 900, 900, 2 * MS, 2 * MS, 0, 31 * US } },
	{ ALWAYS, { WEB1_0, 12, HYPERCALL_KVM, 1, 0, 8, 8, 8, 700 * US, 30 * US, 650 * US, 99 * US } },
	{ ALWAYS, { WEB1_0, 4711, HYPERCALL_KVM, 1, 0, 3, 3, 3, 6 * US, 6 * US, 0, 2 * US } },
	{ ALWAYS, { WEB1_0, ~0ULL, HYPERCALL_KVM, 1, 0, 1, 1, 1, 2 * US, 2 * US, 0, 2 * US } },
	{ ALWAYS, { WEB1_0, 0, HYPERCALL_KVM | HYPERCALL_OTHER, 0, 0, 70000, 70000, 70000,
		    140 * MS, 139 * MS, 0, 2 * MS } },
	{ ALWAYS, { WEB1_0, 0, HYPERCALL_NONE, 1, 0, 5, 5, 5, 15 * US, 15 * US, 0, 4 * US } },
	{ ALWAYS, { WEB1_0, 0, HYPERCALL_NONE, 2, 0, 2, 2, 2, 5 * US, 5 * US, 0, 3 * US } },
	/* by an exit of another kind, and one whose begin was not seen */
	{ ALWAYS, { WEB1_1, 11, HYPERCALL_KVM, 1, 0, 6, 0, 5, 20 * US, 20 * US, 0, 5 * US } },
	{ ONLY(1), { WEB1_1, 9, HYPERCALL_KVM, 1, 0, 1, 0, 0, 0, 0, 0, 0 } },
	{ ALWAYS, { DATABASE_0, 0x2, HYPERCALL_HYPERV, 1, 0, 60, 60, 60, 300 * US, 300 * US, 0, 9 * US } },
	{ ALWAYS, { DATABASE_0, 0x5c, HYPERCALL_HYPERV, 1, 0, 7, 7, 7, 400 * US, 70 * US, 320 * US,
		    88 * US } },
	{ ALWAYS, { DATABASE_0, 0xbeef, HYPERCALL_HYPERV, 1, 0, 1, 1, 1, 4 * US, 4 * US, 0, 4 * US } },
	{ ALWAYS, { FC_0, 17, HYPERCALL_XEN, 1, 0, 12, 12, 12, 24 * US, 24 * US, 0, 3 * US } },
	{ ALWAYS, { FC_0, 0xffffffff81000000, HYPERCALL_XEN, 1, 0, 1, 1, 1, 60 * US, 9 * US, 50 * US,
		    60 * US } },
	{ VANISHES(2), { GONE_0, 5, HYPERCALL_KVM, 1, 0, 1, 1, 1, 2 * US, 2 * US, 0, 2 * US } },
};

static const struct {
	struct life life;
	struct ioctl_row row;
} ioctls[] = {
	/* request, scope; count, errors; total, max, last_errno */
	{ ONLY(1), { VM_ITSELF(PROCESS), 0xae01, IOCTL_SYSTEM, 1, 0, 900 * US, 900 * US, 0 } },
	{ ONLY(1), { VM_ITSELF(PROCESS), 0xae03, IOCTL_SYSTEM, 30, 0, 33 * US, 3 * US, 0 } },
	{ ONLY(1), { VM_ITSELF(WEB1), 0xae41, IOCTL_VM, 2, 0, 800 * US, 500 * US, 0 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 0x4020ae46, IOCTL_VM, 4, 1, 200 * US, 90 * US, 22 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 0x4020ae76, IOCTL_VM, 3, 0, 60 * US, 30 * US, 0 } },
	{ ALWAYS, { VM_ITSELF(WEB1), 0x4018aee1, IOCTL_DEVICE, 2, 2, 4 * US, 3 * US, 6 } },
	{ ALWAYS, { WEB1_0, 0xae80, IOCTL_VCPU, 500, 20, 800 * MS, 30 * MS, 4 } },
	{ ALWAYS, { WEB1_0, 0x8040ae9f, IOCTL_VCPU, 1, 0, 2 * US, 2 * US, 0 } },
	{ ALWAYS, { WEB1_0, 0xdeadbeef, IOCTL_VCPU, 1, 1, US, US, 25 } },
	{ ALWAYS, { WEB1_0, 0, IOCTL_VCPU, 1, 1, 500, 500, 4000 } },
	{ ALWAYS, { WEB1_0, 0, IOCTL_VCPU | IOCTL_OTHER, 900, 900, 900 * US, 4 * US, 25 } },
	{ ALWAYS, { DATABASE_0, 0xae80, IOCTL_VCPU, 9, 0, 950 * MS, 400 * MS, 0 } },
	{ VANISHES(2), { GONE_0, 0xae80, IOCTL_VCPU, 1, 1, 20 * MS, 20 * MS, 14 } },
};

#define HOST VCPU(KW_ALL, KW_ALL, 0, 0)

static const struct {
	struct life life;
	struct cost_row row;
} costs[] = {
	/* id, verified, hook, program, kind; metered, runs, run, misses */
	{ ALWAYS, { HOST, 41, 1480, "kvm_exit", "kw_kvm_exit", "tp_btf",
		    1000 * MS, 24000, 1512 * US, 0 } },
	{ ALWAYS, { HOST, 42, 3975, "kvm_entry", "kw_kvm_entry", "tp_btf",
		    1000 * MS, 24000, 3144 * US, 3 } },
	{ ALWAYS, { HOST, 43, 0, "KVM_RUN", "kw_run_kprobe", "kprobe", 1000 * MS, 2000, 130 * US, 0 } },
	{ ALWAYS, { HOST, 47, 212, "vCPU destroyed", "kw_destroy_fentry", "fentry",
		    1000 * MS, 0, 0, 0 } },
};

static const struct {
	struct life life;
	struct cost_tool_row row;
} cost_tools[] = {
	/* user, system; metered, runs, run; rss_bytes, map_bytes, programs */
	{ ALWAYS, { HOST, 7 * MS, 3 * MS, 1000 * MS, 50000, 4786 * US, 12 << 20, 5 << 20, 4 } },
};

#define TABLE(schema, lines)                                                                       \
	{ &schema, lines, ARRAY_SIZE(lines), sizeof(lines[0]) }

static const struct table {
	const struct kw_schema *schema;
	const void *lines;
	size_t n, size;
} tables[] = {
	TABLE(io_table, io),
	TABLE(mmio_table, mmio),
	TABLE(faults_table, faults),
	TABLE(faults_page_table, pages),
	TABLE(faults_zap_table, zaps),
	TABLE(dirty_table, dirty),
	TABLE(dirty_page_table, dirty_pages),
	TABLE(dirty_log_table, dirty_logs),
	TABLE(nested_table, nested),
	TABLE(halt_table, halts),
	TABLE(halt_vcpu_table, polling),
	TABLE(halt_if_table, ifs),
	TABLE(irq_table, irqs),
	TABLE(irq_vector_table, irq_vectors),
	TABLE(irq_time_table, irq_times),
	TABLE(irq_state_table, irq_states),
	TABLE(load_table, loads),
	TABLE(time_table, times),
	TABLE(time_reason_table, time_reasons),
	TABLE(time_culprit_table, time_culprits),
	TABLE(time_thread_table, time_threads),
	TABLE(timer_table, timers),
	TABLE(hypercall_table, hypercalls),
	TABLE(ioctl_table, ioctls),
	TABLE(cost_table, costs),
	TABLE(cost_tool_table, cost_tools),
};

/* clang-format on */

/* How all of the above begin. */
struct line {
	struct life life;
	struct kw_row_head head;
};

static uint64_t raw(const struct kw_schema *schema, const char *column, const void *row)
{
	return kw_column_raw(kw_schema_find(schema, column), row);
}

/* Of each count, one takes max, the others alike what remains. */
static void fill_hist(const struct kw_schema *schema, const void *row)
{
	bool timer = schema == &timer_table;
	uint64_t count = raw(schema, timer ? "timed" : "count", row);
	uint64_t total = raw(schema, timer ? "late" : "total", row), max = raw(schema, "max", row);
	const struct kw_hist *h = &schema->hist;
	uint64_t *hist = kw_row_hist(schema, row);

	if (count)
		hist[kw_hist_bucket(h, max)]++;
	if (count > 1)
		hist[kw_hist_bucket(h, (total - max) / (count - 1))] += count - 1;
}

/* What was counted once becomes what was counted several times. */
static void multiply(const struct kw_schema *schema, void *row, uint64_t times)
{
	const struct kw_column *c;

	for (size_t i = 0; (c = kw_schema_column(schema, i)); i++)
		if (c->role == KW_COUNTER)
			kw_column_set_raw(c, row, kw_column_raw(c, row) * times);
	for (unsigned int i = 0; i < schema->hist.buckets; i++)
		kw_row_hist(schema, row)[i] *= times;
}

static int add_line(const struct table *t, const struct line *line, unsigned int seconds,
		    struct kw_frame *frame)
{
	uint64_t times = fake_times(&line->life, seconds);
	void *row;

	if (!times)
		return 0;
	row = kw_frame_add(frame);
	if (!row)
		return -ENOMEM;
	memcpy(row, (const char *)line + offsetof(struct line, head), t->schema->row_size);
	if (t->schema->hist.buckets)
		fill_hist(t->schema, row);
	multiply(t->schema, row, times);
	return 0;
}

int fake_details(unsigned int seconds, struct kw_frame *frame)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct table *t = &tables[i];

		for (size_t r = 0; r < t->n && !err && t->schema == frame->schema; r++)
			err = add_line(t, (const void *)((const char *)t->lines + r * t->size),
				       seconds, frame);
	}
	return err;
}
