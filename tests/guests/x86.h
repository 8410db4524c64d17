/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86.h - what the parts of the test guest that are x86's share: memory, ports, interrupts.
 * May not know about: kvm_watcher.
 * To extend: see kw-guest.h.
 */
#ifndef X86_H
#define X86_H

#include "kw-guest.h"

/* Guest-physical layout; all of the first GiB but IOAPIC is identity-mapped by 2 MiB pages. */
#define PML4	   0x1000
#define PDPT	   0x2000
#define PD	   0x3000
#define GDT	   0x4000
#define IDT	   0x5000
#define VMCB	   0x6000  /* one page per vCPU; Intel: the VMCS */
#define HSAVE	   0x16000 /* one page per vCPU; Intel: the VMXON region */
#define L2_CODE	   0x27000
#define ISR	   0x28000
#define FAULT	   0x29000
#define STUBS	   0x50000	/* 32 bytes of code per vector, where the guest counts */
#define TAIL	   0x54000	/* and what they go on with: end of interrupt by the LAPIC, */
#define TAIL_PIC   0x54100	/* by the PIC, */
#define TAIL_LOW   0x54200	/* by the LAPIC after the line has been lowered */
#define TAIL_TWICE 0x54300	/* one that has been taken before */
#define FIELDS	   0x55000	/* struct field: what L1 writes into its VMCS; the last is 0 */
#define IOAPIC	   0x1fe00000UL /* mapped to IOAPIC_GPA */

#define IOAPIC_GPA 0xfec00000UL

/* PORT_CALL + enum call */
#define PORT_CALL 0x500

#define PIC_PIN	     5
#define PIC_BASE     0x20
#define IOAPIC_PINS  10	  /* that of vCPU 0 */
#define IOAPIC_BASE  0x60 /* the vector of vCPU 0 */
#define MSI_GSI	     24	  /* that of vCPU 0 */
#define MSI_VECTOR   0x70
#define END_VECTOR   0xf0
#define NUDGE_VECTOR 0xf1

/* A field of a VMCS: its encoding, what is in it. */
struct field {
	uint64_t code, value;
};

extern bool is_intel; /* the processor */

/*
 * L1 is about to run its guest, for the first time or again: what its processor wants to find in
 * memory and registers. (x86_nested.c)
 */
void enable_nesting(struct vcpu *c, bool first);

void set_line(struct vm *vm, int gsi, int level); /* x86_irq.c */

#endif
