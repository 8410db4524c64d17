/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/*
 * irq.h - what the irq collector's BPF and user-space halves share.
 * May not know about: maps, libbpf, sinks.
 * To extend: a new source of interrupts is a member of enum irq_source, a line where irq.bpf.h
 * tells sources apart, and a name in irq.c.
 */
#ifndef KW_IRQ_H
#define KW_IRQ_H

#include "../../core/abi.h"

enum irq_source {
	IRQ_PIC,
	IRQ_IOAPIC,
	IRQ_MSI,	/* KVM_SIGNAL_MSI, irqfd through a work queue, a route of KVM_IRQ_LINE */
	IRQ_MSI_ATOMIC, /* irqfd (vhost, VFIO, an eventfd) without leaving atomic context */
	IRQ_IPI,	/* a vCPU wrote its interrupt command register */
	IRQ_LVT,	/* the vCPU's own: timer, performance counters, errors … */
	IRQ_OTHER, /* what KVM delivers by itself: pins unmasked, hypercalls, Hyper-V's timers */
	/* arm64's, by number: software-generated, of one vCPU, shared, message-based */
	IRQ_SGI,
	IRQ_PPI,
	IRQ_SPI,
	IRQ_LPI,
	IRQ_SOURCES,
};

/* Delivery modes as an interrupt command register has them, bits 10..8. */
enum irq_mode {
	IRQ_FIXED,
	IRQ_LOWEST,
	IRQ_SMI,
	IRQ_REMOTE,
	IRQ_NMI,
	IRQ_INIT,
	IRQ_STARTUP,
	IRQ_EXTINT,
	IRQ_MODES,
};

/* In place of a mode with arm64's: who raised it, as far as the current thread tells. */
enum irq_by { IRQ_BY_SELF, IRQ_BY_VCPU, IRQ_BY_VMM, IRQ_BY_HOST, IRQ_BYS };

/* Those that have a vector of their own. */
#define IRQ_WITH_VECTOR (1 << IRQ_FIXED | 1 << IRQ_LOWEST | 1 << IRQ_STARTUP | 1 << IRQ_EXTINT)

/* How a destination is meant. */
enum irq_to { IRQ_TO_PHYSICAL, IRQ_TO_LOGICAL, IRQ_TO_SELF, IRQ_TO_ALL, IRQ_TO_OTHERS };

#define IRQ_ROWS 256   /* rows of one vCPU or VM: by source, line, vector */
#define IRQ_MANY ~0ULL /* line: several, or not known */

/* Slot: of the vCPU that accepted it; of the VM itself if none did. */
struct irq_key {
	struct kw_keyed_key key;
	__u64 line; /* pin, MSI address, sender's vCPU, register of the local APIC; INTID */
	__u8 source;
	__u8 vector;
	__u8 mode; /* enum irq_mode; of arm64's: enum irq_by */
	__u8 pad;
	__u32 pad2;
};

/* Many writers, as of all below: atomics. */
struct irq_value {
	struct kw_keyed_head head;
	__u64 coalesced; /* one was pending already, so that the guest sees one for both */
	__u64 masked;	 /* the pin was masked */
	__u64 posted;	 /* by the processor (APICv, AVIC): no exit, no injection, no EOI to see */
};

#define IRQ_VECTORS 256

struct irq_vector_key {
	struct kw_keyed_key key;
	__u32 vector, pad;
};

struct irq_vector_value {
	struct kw_keyed_head head; /* count: times accepted */
	__u64 coalesced, posted;
	__u64 injected, reinjected;
	__u64 eois, pv_eois; /* of them by shared memory, without an exit */
	__u64 apicv;	     /* times that the vCPU had APICv or AVIC when something happened */
	/* of the one that is pending, and of the one in service; 0: none, or not seen */
	__u64 set_ns, accept_ns;
	__u64 service_set_ns, inject_ns;
	__u64 waits; /* arm64: raised while it was disabled, and not enabled since */
};

/* Ways of which the time is told. */
enum irq_way {
	IRQ_SET_ACCEPT,
	IRQ_ACCEPT_INJECT,
	IRQ_INJECT_EOI,
	IRQ_SET_EOI,
	IRQ_SET_INJECT, /* of the PIC, which no local APIC accepts */
	IRQ_WAYS,
};

#define IRQ_TIMES 256 /* rows of one vCPU: vectors and ways */

struct irq_time_key {
	struct kw_keyed_key key;
	__u16 vector;
	__u8 way;
	__u8 pad;
	__u32 pad2;
};

struct irq_time_value {
	struct kw_keyed_head head;
	__u64 total;
	struct kw_max max;
	__u64 hist[KW_TIMES_BUCKETS];
};

/* APICv or AVIC of a VM: reasons that inhibit it. */
#define IRQ_REASONS   32
#define IRQ_NO_REASON IRQ_REASONS /* the VM's row if nothing inhibits it */

struct irq_state_key {
	struct kw_keyed_key key; /* slot: of the VM itself */
	__u32 reason, pad;
};

struct irq_state_value {
	struct kw_keyed_head head; /* count: times looked at */
	__u64 sets, clears;
	__u64 since_ns; /* when it became what it is, if that was seen; 0: before */
	__u32 inhibits; /* now */
	__u32 irqchip;	/* KVM_IRQCHIP_NONE, _KERNEL, _SPLIT */
};

/* Per slot. */
struct irq_slot {
	__u32 used_rows, used_vectors, used_times, used_states;
	__u32 ipi_vector, ipi_mode; /* what the vCPU sends in this exit */
	__u32 ipi_dest, ipi_to;
	__u64 ipi_ns;
};

/* A call in progress; the key is the thread, and which call. */
enum irq_call_kind {
	IRQ_CALL_ATOMIC,
	IRQ_CALL_MSI,
	IRQ_CALL_SET,
	IRQ_CALL_ACCEPT,
	IRQ_CALL_ACCEPT_IN,
	IRQ_CALL_INHIBIT
};

struct irq_call_key {
	__u64 thread;
	__u64 kind;
};

#define IRQ_TARGETS 4

struct irq_call {
	__u64 since_ns;
	__u64 set_ns; /* of ACCEPT: when it was raised; 0: now */
	__u64 kvm;    /* of ACCEPT: struct kvm_vcpu * */
	__u64 line;   /* of MSIs: the address */
	__u32 data;   /* of MSIs */
	__u32 level;
	__u8 vector, mode, trigger;
	__u8 coalesced, posted;
	__u8 pad[3];
	/* vCPUs that accepted it so far */
	__u32 n;
	struct {
		__u32 slot;
		__u8 coalesced, posted;
		__u8 vector, mode;
	} target[IRQ_TARGETS];
};

enum irq_what { IRQ_SET, IRQ_INJECT, IRQ_EOI, IRQ_WHATS };

struct irq_event {
	struct kw_event head;
	__u64 line;
	__u64 delay; /* set: until it was accepted or refused; inject, eoi: since the step before */
	__u32 dest;  /* as the pin, the address, or the command register has it */
	__u8 what, source, vector, mode;
	__u8 to, level, masked, coalesced; /* to: enum irq_to */
	__u8 posted, has_delay, has_dest, pad;
	__u32 vcpu_id, tid;
};

#endif
