// SPDX-License-Identifier: Apache-2.0
/*
 * fake_events.c - events of all collectors.
 * May not know about: the system, sinks, the command line.
 * To extend: an event is a line in events[], at its time.
 */
#include "fake_data.h"

#include "collectors/dirty/dirty_rows.h"
#include "collectors/exits/exits_rows.h"
#include "collectors/faults/faults_rows.h"
#include "collectors/halt/halt_rows.h"
#include "collectors/hypercall/hypercall_rows.h"
#include "collectors/io/io_rows.h"
#include "collectors/ioctl/ioctl_rows.h"
#include "collectors/irq/irq_rows.h"
#include "collectors/load/load_rows.h"
#include "collectors/mmio/mmio_rows.h"
#include "collectors/nested/nested_rows.h"
#include "collectors/timer/timer_rows.h"
#include "util/cleanup.h"

#define KW_COLLECTOR(name) extern const struct kw_collector kw_collector_##name;
#include "collectors/list.h"
#undef KW_COLLECTOR

/* A collector, and a row of its events. */
#define EVENT(name, ...)                                                                           \
	&kw_collector_##name, &(const struct name##_event_row)                                     \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

#define EXIT(total, vmm, poll, halted, waiting)                                                    \
	total, (total) - (vmm) - (poll) - (halted) - (waiting),                                    \
	{                                                                                          \
		vmm, poll, halted, waiting                                                         \
	}

#define NONE ~0ULL
#define THREAD(tid_)                                                                               \
	{                                                                                          \
		.vm = WEB1, .vcpu = KW_ALL, .tid = tid_                                            \
	} /* one of the VMM's */

/* What an argument points to, as numbers of 32 bits. */
#define BYTES(...) .word = { __VA_ARGS__ }

/* clang-format off */

static const struct fake_event events[] = {
	/* exits: code, isa, level, pad; its times */
	/* io: detail, rip, what, level, pad; data; total, kernel, vmm */
	/* mmio: gpa, by, write; data, size; total, kernel, vmm */
	/* faults: gpa; result, size, isa, access; memslot, hva, pfn; error, total */
	/* dirty: gfn, rel_gfn, memslot, pad; npages, hva, comm */
	/* nested: code, what, isa, pad; total, kernel */
	/* hypercall: nr, api, level, has_result; args; result; total, kernel, vmm */
	/* ioctl: request, scope; arg, ret, total; size, pad; data */
	/* halt: what, waited, valid, pad, pad2; total, polled; old, now */
	/* load: cpu, node, from, end; run, waited */
	/* timer: what, mode, hv, pad; delay, late, early */
	/* irq: line, what, source, vector, mode; logical, level, masked, coalesced; posted,
	 * has_delay, has_dest, pad; dest, delay */
	{ 100, EVENT(exits, WEB1_0, 0x7c, KW_ISA_SVM, 1, 0, EXIT(712, 0, 0, 0, 0)) },
	{ 101, EVENT(io, WEB1_0, 0x6e0, 0xffffffff8107ffe0, IO_MSR_WRITE, 1, 0,
		     0x123456789abcdef0, 712, 712, 0) },
	{ 150, EVENT(io, WEB1_1, 0x40000000, 0, IO_CPUID, 1, 0, 0, 900, 900, 0) },
	{ 160, EVENT(io, WEB1_0, 0x3f8, 0x7f3a5c000a2b, IO_PORT_OUT, 1, 0,
		     0x41, 95 * US, 20 * US, 70 * US) },
	{ 161, EVENT(io, WEB1_0, 0x3f8, 0x7f3a5c000a2b, IO_PORT_OUT, 1, 0, 0x42, 0, 0, 0) },
	{ 200, EVENT(mmio, WEB1_0, 0xfee000b0, MMIO_KERNEL, 1, 0, 4, 1900, 1900, 0) },
	{ 201, EVENT(mmio, WEB1_1, 0x380000006004, MMIO_IOEVENTFD, 1, 0, 0, 1100, 1100, 0) },
	{ 300, EVENT(faults, WEB1_0, 0x7fff123, FAULTS_MAPPED, FAULTS_4K, KW_ISA_SVM, 0x6,
		     0, 0x7f3a07fff000, 0x12345, 0x100000006, 2200) },
	{ 301, EVENT(dirty, WEB1_0, 0x7fff, 0x7fff, 0, 0,
		     163840, 0x7f3a07fff000, "CPU 0/KVM") },
	{ 302, EVENT(dirty, THREAD(1150), 0x100010, 0x10, 3, 0,
		     4096, 0x7f3a20010000, "vhost-1001") },
	{ 250000, EVENT(exits, WEB1_1, 0x78, KW_ISA_SVM, 1, 0,
			EXIT(4000000, 0, 200000, 3700000, 50000)) },
	{ 300000, EVENT(mmio, WEB1_0, 0xfebf1008, MMIO_VMM, 0,
			0xffffffffffffffff, 8, 40 * US, 5 * US, 33 * US) },
	{ 300001, EVENT(mmio, WEB1_0, 0xfebf1010, MMIO_VMM, 0, 0x1, 8, 0, 0, 0) },
	{ 400000, EVENT(nested, WEB1_1, 0x80, NESTED_TAX, KW_ISA_SVM, 0, 3 * US, 3 * US) },
	{ 400100, EVENT(nested, WEB1_1, 0x400, NESTED_BY_L0, KW_ISA_SVM, 0, 70 * US, 69 * US) },
	{ 400200, EVENT(nested, WEB1_1, 0x78, NESTED_TO_L1, KW_ISA_SVM, 0, 1800, 1700) },
	{ 500000, EVENT(faults, WEB1_0, 0xfebf1008, FAULTS_MMIO, 0, KW_ISA_SVM, 0x5,
			-1, NONE, NONE, 0x10000000d, 8600) },
	{ 600000, EVENT(faults, WEB1_1, 0x40000000, FAULTS_FAST, 0, KW_ISA_SVM, 0x7,
			-1, NONE, NONE, 0x100000007, 690) },
	{ 700000, EVENT(halt, WEB1_0, HALT_WAKEUP, 0, 1, 0, 0, 90 * US, 90 * US, 0, 0) },
	{ 700001, EVENT(halt, WEB1_0, HALT_GROW, 0, 0, 0, 0, 0, 0, 0, 10000) },
	{ 700100, EVENT(halt, WEB1_1, HALT_WAKEUP, 1, 0, 0, 0, 2 * MS, 200 * US, 0, 0) },
	{ 700101, EVENT(halt, WEB1_1, HALT_SHRINK, 0, 0, 0, 0, 0, 0, 200000, 0) },
	{ 800000, EVENT(irq, WEB1_0, 0xfee00000, IRQ_SET, IRQ_MSI_ATOMIC, 0x31, IRQ_FIXED,
			0, 0, 0, 0, 0, 1, 1, 0, 0, 900) },
	{ 800003, EVENT(irq, WEB1_0, 0, IRQ_INJECT, 0, 0x31, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3 * US) },
	{ 800006, EVENT(irq, WEB1_0, 0, IRQ_EOI, 0, 0x31, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3 * US) },
	{ 800100, EVENT(irq, VM_ITSELF(WEB1), 11, IRQ_SET, IRQ_IOAPIC, 0x2b, IRQ_LOWEST,
			1, 1, 1, 0, 0, 1, 1, 0, 0xff, 700) },
	{ 800101, EVENT(irq, WEB1_0, 4, IRQ_SET, IRQ_IOAPIC, 0x24, IRQ_FIXED,
			0, 0, 0, 1, 0, 1, 1, 0, 0, 650) },
	{ 800200, EVENT(irq, VM_ITSELF(WEB1), 0, IRQ_SET, IRQ_PIC, 0x30, IRQ_EXTINT,
			0, 0, 0, 0, 0, 1, 0, 0, 0, 750) },
	{ 800201, EVENT(irq, WEB1_0, 0, IRQ_INJECT, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
	{ 800300, EVENT(irq, WEB1_1, 0, IRQ_SET, IRQ_IPI, 0, IRQ_NMI, 0, 0, 0, 0, 0, 1, 1, 0, 1, US) },
	{ 800400, EVENT(irq, DATABASE_0, 0x340, IRQ_SET, IRQ_LVT, 0xee, IRQ_FIXED,
			0, 0, 0, 0, 1, 1, 0, 0, 0, 800) },
	{ 800500, EVENT(irq, VM_ITSELF(FC), 0x1fee00000ULL, IRQ_SET, IRQ_MSI, 0x77, IRQ_FIXED,
			0, 0, 0, 0, 0, 1, 1, 0, 0x100, 11 * MS) },
	{ 800600, EVENT(irq, FC_0, 0, IRQ_SET, IRQ_OTHER, 0x77, IRQ_FIXED,
			0, 0, 0, 0, 0, 1, 0, 0, 0, 400) },
	{ 900000, EVENT(load, WEB1_0, 0, 0, LOAD_NO_CPU, LOAD_PREEMPTED, 4 * MS, 0) },
	{ 901000, EVENT(load, WEB1_0, 63, 1, 0, LOAD_SLEPT, 200 * US, MS) },
	{ 901001, EVENT(load, DATABASE_0, 1023, 15, LOAD_NO_CPU, LOAD_HANDED, 900, 33 * MS) },
	{ 902000, EVENT(load, DATABASE_0, 63, 1, LOAD_NO_CPU, LOAD_PREEMPTED, 500 * US, 700 * US) },
	{ 910000, EVENT(timer, WEB1_0, TIMER_ARM, TIMER_DEADLINE, 0, 0, NONE, NONE, NONE) },
	{ 914000, EVENT(timer, WEB1_0, TIMER_EXPIRE, TIMER_DEADLINE, 0, 0, 4 * MS, 0, 700) },
	{ 914001, EVENT(timer, WEB1_0, TIMER_ARM, TIMER_DEADLINE, 1, 0, NONE, NONE, NONE) },
	{ 914500, EVENT(timer, WEB1_0, TIMER_RESTART, TIMER_DEADLINE, 0, 0, NONE, NONE, NONE) },
	{ 914900, EVENT(timer, WEB1_0, TIMER_EXPIRE, TIMER_DEADLINE, 1, 0, NONE, NONE, NONE) },
	{ 915000, EVENT(timer, DATABASE_0, TIMER_MERGED, TIMER_PERIODIC, 0, 0, MS, 12 * MS, 0) },
	{ 916000, EVENT(timer, WEB1_1, TIMER_ARM, TIMER_ONESHOT, 0, 0, MS, NONE, NONE) },
	{ 917003, EVENT(timer, WEB1_1, TIMER_EXPIRE, TIMER_ONESHOT, 0, 0, MS, 3 * US, 0) },
	{ 920000, EVENT(hypercall, WEB1_0, 5, HYPERCALL_KVM, 1, 1, { 0, 3 }, 0, 2 * US, 2 * US, 0) },
	{ 920001, EVENT(hypercall, WEB1_0, 9, HYPERCALL_KVM, 1, 1, { 0x7000, 0 },
			-1000ULL, 2 * US, 2 * US, 0) },
	{ 920002, EVENT(hypercall, WEB1_0, 10, HYPERCALL_KVM, 1, 1, { ~0ULL, 0x3, 64, 0x4fb },
			66, 31 * US, 31 * US, 0) },
	{ 920003, EVENT(hypercall, WEB1_0, 11, HYPERCALL_KVM, 1, 1, { 7 }, 0, US, US, 0) },
	{ 920004, EVENT(hypercall, WEB1_0, 12, HYPERCALL_KVM, 1, 1, { 0x100000, 16, 0x11 },
			-22ULL, 99 * US, 4 * US, 90 * US) },
	{ 920005, EVENT(hypercall, WEB1_0, ~0ULL, HYPERCALL_KVM, 2, 1, { ~0ULL, ~0ULL, ~0ULL, ~0ULL },
			0xfffffc18, US, US, 0) },
	{ 920006, EVENT(hypercall, WEB1_1, 1, HYPERCALL_KVM, 1, 0, { 1, 2, 3, 4 }, 0, 0, 0, 0) },
	{ 920010, EVENT(hypercall, DATABASE_0, 0x2, HYPERCALL_HYPERV, 1, 1, { 0x5000, 0, 4, 1, 2, 0 },
			0x400000000, 9 * US, 9 * US, 0) },
	{ 920011, EVENT(hypercall, DATABASE_0, 0x5d, HYPERCALL_HYPERV, 1, 1, { 0x11, 0, 0, 0, 0, 1 },
			18, 70 * US, 9 * US, 60 * US) },
	{ 920012, EVENT(hypercall, DATABASE_0, 0xbeef, HYPERCALL_HYPERV, 1, 1, {}, 0x7777, US, US, 0) },
	{ 920020, EVENT(hypercall, FC_0, 17, HYPERCALL_XEN, 1, 1, { 0, 1, 2, 3, 4, 5 },
			-38ULL, 60 * US, 9 * US, 50 * US) },
	{ 920021, EVENT(hypercall, FC_0, 0xffffffff81000000, HYPERCALL_XEN, 1, 1, {},
			0x7f0000000000, US, US, 0) },
	{ 930000, EVENT(ioctl, VM_ITSELF(PROCESS), 0xae01, IOCTL_SYSTEM, 0, 12, 900 * US, 0, 0, {}) },
	{ 930001, EVENT(ioctl, VM_ITSELF(PROCESS), 0xae03, IOCTL_SYSTEM, 3, 1, US, 0, 0, {}) },
	{ 930002, EVENT(ioctl, VM_ITSELF(WEB1), 0xae41, IOCTL_VM, 1, 13, 500 * US, 0, 0, {}) },
	{ 930003, EVENT(ioctl, VM_ITSELF(WEB1), 0x4020ae46, IOCTL_VM, 0x7ffc00001000, 0, 90 * US, 32, 0,
			BYTES(3, 1, 0xc0000000, 0, 0x40000000, 1, 0x7f0000, 0x7f3a)) },
	{ 930004, EVENT(ioctl, VM_ITSELF(WEB1), 0x4020ae46, IOCTL_VM, 0x10, -14, US, 0, 0, {}) },
	{ 930005, EVENT(ioctl, VM_ITSELF(WEB1), 0x40a0ae49, IOCTL_VM, 0x7ffc00001000, 0, 95 * US, 64, 0,
			BYTES(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u)) },
	{ 930006, EVENT(ioctl, VM_ITSELF(WEB1), 0x4020ae76, IOCTL_VM, 0x7ffc00001000, 0, 30 * US, 32, 0,
			BYTES(17, 9, 2, 18)) },
	{ 930007, EVENT(ioctl, VM_ITSELF(WEB1), 0x4040ae79, IOCTL_VM, 0x7ffc00001000, -17, 20 * US, 64, 0,
			BYTES(0x55, 0, 0xfe000000, 0, 4, 19, 1)) },
	{ 930008, EVENT(ioctl, VM_ITSELF(WEB1), 0x4068aea3, IOCTL_VM, 0x7ffc00001000, 0, 2 * US, 64, 0,
			BYTES(121, 0, 24, 0)) },
	{ 930009, EVENT(ioctl, VM_ITSELF(WEB1), 0xc00caee0, IOCTL_VM, 0x7ffc00001000, 0, 9 * US, 12, 0,
			BYTES(4, 20, 0)) },
	{ 930010, EVENT(ioctl, VM_ITSELF(WEB1), 0x4018aee1, IOCTL_DEVICE, 0x7ffc00001000, -6, 3 * US, 24,
			0, BYTES(0, 1, 2)) },
	{ 930011, EVENT(ioctl, VM_ITSELF(WEB1), 0xc008ae67, IOCTL_VM, 0x7ffc00001000, 0, 3 * US, 8, 0,
			BYTES(1, 1)) },
	{ 930012, EVENT(ioctl, WEB1_0, 0x8040ae9f, IOCTL_VCPU, 0x7ffc00001000, 0, 2 * US, 64, 0,
			BYTES(0x0e01, 0, 0x2000)) },
	{ 930013, EVENT(ioctl, WEB1_0, 0xc018ae85, IOCTL_VCPU, 0x7ffc00001000, 0, 2 * US, 24, 0,
			BYTES(0x81000000, 0xffffffff, 0x1000000, 0, 1)) },
	{ 930014, EVENT(ioctl, WEB1_0, 0xae80, IOCTL_VCPU, 0, -4, 30 * MS, 0, 0, {}) },
	{ 930015, EVENT(ioctl, WEB1_0, 0xdeadbeef, IOCTL_VCPU, ~0ULL, -25, 500, 0, 0, {}) },
	{ 930016, EVENT(ioctl, WEB1_0, 0xae47, IOCTL_VM, 0xfffbd000, 0, 500, 0, 0, {}) },
	{ 999999, EVENT(exits, DATABASE_0, 48, KW_ISA_VMX, 1, 0,
			EXIT(20000000, 0, 0, 6000000, 0)) },
	{ 1000001, EVENT(exits, EVIL_0, 0x60, KW_ISA_SVM, 1, 0, EXIT(120000, 0, 0, 0, 48000)) },
	{ 1100000, EVENT(faults, DATABASE_0, 0x200000000, FAULTS_MAPPED, FAULTS_1G, KW_ISA_VMX, 0x4,
			 509, 0x7e0000000000, 0x1fc0000, 0x4, 9 * US) },
	{ 1200000, EVENT(faults, DATABASE_0, 0xffffffffff000, FAULTS_EMULATE, 0, KW_ISA_VMX, 0x12,
			 -1, NONE, NONE, 0x12, 12 * MS) },
	{ 1300000, EVENT(io, DATABASE_0, IO_MANY, NONE, IO_MSR_READ, 0, 0, 7, 5 * MS, MS, 0) },
	{ 1300500, EVENT(io, DATABASE_0, 8, NONE, IO_CR_WRITE, 2, 0, 0x1, 800, 800, 0) },
	{ 1500000, EVENT(exits, WEB1_1, 0x72, KW_ISA_SVM, 2, 0, EXIT(1300, 0, 0, 0, 0)) },
	{ 1600000, EVENT(dirty, EVIL_0, 0xa0, 0xa0, 1 << 16, 0,
			 163840, 0x7f1000a0000, "evil\033[31m\",\n\xff") },
	{ 1600001, EVENT(dirty, DATABASE_0, 0xfffffffff, 0xfffeffff0, 509, 0,
			 33554432, 0x7effeffff0000, "fifteen-letters") },
	{ 1700000, EVENT(nested, DATABASE_0, 0x80000021, NESTED_TO_L1, KW_ISA_VMX, 0, 900, 900) },
	{ 1700001, EVENT(nested, DATABASE_0, NESTED_MANY, NESTED_BY_L0, KW_ISA_VMX, 0,
			 12 * MS, 2 * MS) },
	{ 2000002, EVENT(exits, WEB1_1, 0x123, KW_ISA_SVM, 1, 0, EXIT(5000, 0, 0, 0, 0)) },
	{ 2500000, EVENT(exits, FC_2_0, 0x78, KW_ISA_SVM, 1, 0,
			 EXIT(480000000, 0, 0, 478560000, 0)) },
	{ 2600000, EVENT(mmio, FC_2_0, 0xd0000050, MMIO_IOEVENTFD, 1, 0, 0, 1000, 1000, 0) },
	{ 3100000, EVENT(exits, VCPU(DATABASE, 11, 1105, 6), 0x80000021, KW_ISA_VMX, 1, 0,
			 EXIT(60, 0, 0, 0, 0)) },
	{ 4900000, EVENT(exits, WEB1_0, 0x7b, KW_ISA_SVM, 1, 0,
			 EXIT(700000, 560000, 0, 0, 35000)) },
	{ 4900001, EVENT(io, WEB1_0, 0xcf8, 0xffffffff815a1c2e, IO_PORT_OUT, 1, 0,
			 0x80000000, 700 * US, 105 * US, 560 * US) },
};

/* clang-format on */

const struct fake_event *fake_event(size_t i)
{
	return i < ARRAY_SIZE(events) ? &events[i] : NULL;
}
