/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm64.h - what the parts of the test guest that are arm64's share: memory, interrupts.
 * May not know about: kvm_watcher.
 * To extend: see kw-guest.h.
 */
#ifndef ARM64_H
#define ARM64_H

#include "kw-guest.h"

/* Guest-physical layout: the guest has no page tables of its own. */
#define VECTORS	    0x28000 /* of exceptions */
#define GIC_DIST    0x08000000UL
#define GIC_REDIST  0x080a0000UL /* 128 KiB per vCPU */
#define REDIST_SIZE 0x20000UL

/* Interrupts by number, those of vCPU 0; each vCPU has the next one to itself. */
#define SPI	  32 /* of the injector, edge-triggered */
#define SPI_END	  48
#define SPI_NUDGE 64
#define GIC_IRQS  96

#endif
