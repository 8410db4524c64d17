/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arm64_code.h - what the guests of kw-guest.c execute on arm64, and the kinds that there are.
 * May not know about: the VMM, but for the layout of memory.
 * To extend: a kind is a piece of guest code, a line in kinds[] and one here.
 *
 * Kinds; each of the COUNT iterations makes one exit of each access that is named here:
 *   hvc, smc    PSCI_VERSION by HVC, by SMC
 *   sysreg      a read of ACTLR_EL1
 *   sysregs     reads of ACTLR_EL1, ID_AA64PFR0_EL1 and OSLSR_EL1, a write of OSLAR_EL1
 *   mmio        a read from a hole in memory, HOLE, which user space answers
 *   mmior, mmiow   a read from, a write to HOLE + 0x10
 *   mmiok       a read of the GIC's distributor, which KVM answers
 *   mmioev, mmioev0   a write to HOLE + 0x2000, which signals an eventfd of 4 bytes, of any length
 *   touch, touchr, touchx   a write to, a read from, a call into a page not yet mapped in KVM but
 *               present in the host
 *   dirty       writes to each of P pages that KVM logs as dirty, and a call of the VMM, upon which
 *               it collects the log
 *   flood       HVC of a random number, a write to a random page of 512 MiB of hole
 *   wfi         WFI until the virtual timer, -t ticks ahead, has expired; its interrupt is taken.
 *               (A WFI while an interrupt of the host is pending makes no exit, so that another one
 *               follows: how many there were is KVM's wfi_exit_stat.)
 *   wfe         WFE; KVM lets it exit only if other threads wait for the CPU (wfe_exit_stat)
 *   spin        none
 *   mix         PSCI_VERSION by HVC, a read of ACTLR_EL1, a write to and a read from HOLE, wfi
 *   timer1      as wfi
 *   timers      the same without WFI: it expires while the guest runs
 *   timerx      as timer1, with a write to HOLE + 0x10 between taking the interrupt and silencing
 *               the timer
 *   masked      a software-generated interrupt to itself while it is disabled, which is then
 *               enabled, and taken: two writes to the GIC's redistributor, one of ICC_SGI1R_EL1
 *   timerp      the same as timer1 with the physical timer, which is emulated where the host needs
 * it itself sgi         a software-generated interrupt to itself, by ICC_SGI1R_EL1, taken at once
 *   ipi         one of number 1 from vCPU 0 to vCPU 1, after the one before has been acknowledged;
 *               at last one of number 2. Two vCPUs only.
 *   hypercalls  PSCI_VERSION, PSCI_FEATURES of CPU_ON, AFFINITY_INFO of vCPU 0, SMCCC_VERSION, the
 *               UID of the vendor's services and an unknown one of those
 *   spi         an injector's: a shared peripheral interrupt by KVM_IRQ_LINE
 *   irqfd       the same by an eventfd
 */
#ifndef ARM64_CODE_H
#define ARM64_CODE_H

#include "arm64.h"

/*
 * Guest code, position-independent, interrupts masked: they are taken by asking for them. x19: how
 * many; x20: spins before each; x21: timer ticks; x22: first page to touch; x23: from page to page;
 * x24: the vCPU's board; x25: pages to make dirty; x26: DOOR; x27: HOLE; x28: the vCPU's number;
 * x18: a random seed. A loop of 0 does its setup and ends. It begins with a nop, as KVM skips the
 * instruction that ended the run before, wherever the next one begins.
 */
#define CODE_OF(name, text)                                                                        \
	asm(".pushsection .rodata\n.balign 8\n.globl code_" #name ", code_" #name                  \
	    "_end\ncode_" #name ": nop\n" text "\ncode_" #name "_end:\n.popsection\n");            \
	extern const char code_##name[], code_##name##_end[];
#define END " str xzr, [x26, #16]\n b .\n"
#define LOOP(setup, body)                                                                          \
	setup "1: cbz x19, 9f\n mov x9, x20\n2: cbz x9, 3f\n sub x9, x9, #1\n b 2b\n3:\n" body     \
	      "\n sub x19, x19, #1\n b 1b\n9:\n" END

/* in a setup: what a run of 0 does, so that all accesses of the next run are alike to KVM */
#define IF_0(body) " cbnz x19, 1f\n" body

#define SET(x, value) " movz " x ", #" value " & 0xffff\n movk " x ", #" value " >> 16, lsl #16\n"
#define PSCI(call)    SET("x0", "0x84000000") call " #0\n"
#define ACTLR	      " mrs x0, actlr_el1\n"
#define SYSREGS	      ACTLR " mrs x0, id_aa64pfr0_el1\n mrs x0, oslsr_el1\n msr oslar_el1, xzr\n"
#define READ_4	      " ldr w0, [x27, #16]\n"
#define WRITE_4	      " str w0, [x27, #16]\n"
#define TYPER	      " mov x1, #0x08000000\n ldr w0, [x1, #4]\n"
#define EVENT_4	      " add x1, x27, #0x2000\n str w0, [x1]\n"
#define NEXT_PAGE     " add x22, x22, x23\n"
#define DIRTY_1                                                                                    \
	" mov x0, x22\n mov x1, x25\n4: strb w1, [x0]\n add x0, x0, x23\n sub x1, x1, #1\n"        \
	" cbnz x1, 4b\n str xzr, [x26, #24]\n"
/* a linear congruential generator, of which only the upper bits are random enough */
#define RANDOM_ON                                                                                  \
	" movz x16, #0x7f2d\n movk x16, #0x4c95, lsl #16\n movk x16, #0xf42d, lsl #32\n"           \
	" movk x16, #0x5851, lsl #48\n movz x17, #0x814f\n movk x17, #0xf767, lsl #16\n"           \
	" movk x17, #0x7b7e, lsl #32\n movk x17, #0x1405, lsl #48\n"
#define RANDOM	  " madd x18, x18, x16, x17\n"
#define FLOOD_HVC RANDOM " mov x0, x18\n hvc #0\n"
#define FLOOD_MMIO                                                                                 \
	RANDOM " lsr x1, x18, #32\n and x1, x1, #0x1ffff000\n orr x1, x1, #0x20000000\n"           \
	       " str w0, [x1]\n"

/* Touches its board, so that no page fault is left for later. */
#define BOARD_ON " ldr x0, [x24, #0x818]\n str x0, [x24, #0x818]\n"
/* The GIC's CPU interface: ICC_SRE_EL1, ICC_PMR_EL1, ICC_IGRPEN1_EL1. None of this exits. */
#define INTERRUPTS_ON                                                                              \
	BOARD_ON " mov x0, #7\n msr S3_0_C12_C12_5, x0\n isb\n mov x0, #0xff\n msr S3_0_C4_C6_0, " \
		 "x0\n"                                                                            \
		 " mov x0, #1\n msr S3_0_C12_C12_7, x0\n isb\n"
/* Take an interrupt, after which quiet makes its source quiet; or go to 7 if there is none. */
#define TAKE(quiet)                                                                                \
	" mrs x8, S3_0_C12_C12_0\n and x8, x8, #0xffffff\n cmp x8, #1020\n b.hs 7f\n"              \
	" ldr x9, [x24, x8, lsl #3]\n add x9, x9, #1\n str x9, [x24, x8, lsl #3]\n" quiet          \
	" msr S3_0_C12_C12_1, x8\n ldr x9, [x24, #0x818]\n add x9, x9, #1\n"                       \
	" str x9, [x24, #0x818]\n"
#define TIMER_AND(which, idle, before)                                                             \
	" msr cnt" which "_tval_el0, x21\n mov x0, #1\n msr cnt" which "_ctl_el0, x0\n isb\n"      \
	"4:" TAKE(before " msr cnt" which "_ctl_el0, xzr\n isb\n") " b 8f\n7:" idle " b 4b\n8:\n"
#define TIMER(which) TIMER_AND(which, " wfi\n", "")
/* its redistributor's registers of private interrupts; GICR_ICENABLER0, GICR_ISENABLER0 */
#define GICR_ON	    " movz x10, #0x080b, lsl #16\n add x10, x10, x28, lsl #17\n"
#define SWITCH(reg) " mov w0, #2\n str w0, [x10, #" reg "]\n dsb sy\n isb\n"
#define SGI(nr, targets)                                                                           \
	" mov x1, #" nr "\n lsl x1, x1, #24\n orr x1, x1, " targets "\n"                           \
	" msr S3_0_C12_C11_5, x1\n isb\n"
/* Take interrupts until the last one, whose counter is at x7, and obey the board's commands. */
#define SERVE_UNTIL                                                                                \
	" cbz x19, 9f\n mov x0, #1\n str x0, [x24, #0x828]\n"                                      \
	"1: ldr x0, [x7]\n cbnz x0, 9f\n ldr x0, [x24, #0x800]\n str x0, [x24, #0x808]\n"          \
	" cbnz x0, 1b\n" TAKE("") " b 1b\n7: ldr x0, [x24, #0x810]\n cbnz x0, 1b\n wfi\n b 1b\n"   \
				  "9:\n" END
#define COUNTER_OF(nr) " add x7, x24, #8 * " nr "\n"

CODE_OF(hvc, LOOP("", PSCI("hvc")))
CODE_OF(smc, LOOP("", PSCI("smc")))
CODE_OF(sysreg, LOOP("", ACTLR))
CODE_OF(sysregs, LOOP("", SYSREGS))
CODE_OF(mmio, LOOP("", " ldr w0, [x27]\n"))
CODE_OF(mmior, LOOP(IF_0(READ_4), READ_4))
CODE_OF(mmiow, LOOP(IF_0(WRITE_4), WRITE_4))
CODE_OF(mmiok, LOOP("", TYPER))
CODE_OF(mmioev, LOOP("", EVENT_4))
CODE_OF(mmioev0, LOOP("", EVENT_4))
CODE_OF(touch, LOOP("", " strb w0, [x22]\n" NEXT_PAGE))
CODE_OF(touchr, LOOP("", " ldrb w0, [x22]\n" NEXT_PAGE))
CODE_OF(touchx, LOOP("", " blr x22\n" NEXT_PAGE))
CODE_OF(dirty, LOOP("", DIRTY_1))
CODE_OF(flood, LOOP(RANDOM_ON, FLOOD_HVC FLOOD_MMIO))
CODE_OF(wfi, LOOP(INTERRUPTS_ON, TIMER("v")))
CODE_OF(wfe, LOOP("", " wfe\n"))
CODE_OF(spin, LOOP("", ""))
CODE_OF(mix, LOOP(INTERRUPTS_ON, PSCI("hvc") ACTLR " str w0, [x27]\n ldr w0, [x27]\n" TIMER("v")))
CODE_OF(timer1, LOOP(INTERRUPTS_ON, TIMER("v")))
CODE_OF(timers, LOOP(INTERRUPTS_ON, TIMER_AND("v", "", "")))
CODE_OF(timerx, LOOP(INTERRUPTS_ON, TIMER_AND("v", " wfi\n", WRITE_4)))
CODE_OF(masked,
	LOOP(INTERRUPTS_ON GICR_ON " mov x2, #1\n lsl x2, x2, x28\n",
	     SWITCH("0x180") SGI("1", "x2") SWITCH("0x100") "4:" TAKE("") " b 8f\n7: b 4b\n8:\n"))
CODE_OF(timerp, LOOP(INTERRUPTS_ON, TIMER("p")))
CODE_OF(sgi, LOOP(INTERRUPTS_ON " mov x2, #1\n lsl x2, x2, x28\n",
		  SGI("1", "x2") "4:" TAKE("") " b 8f\n7: b 4b\n8:\n"))
/* x5 of them have been sent; the other one's board is the next page */
CODE_OF(ipi,
	INTERRUPTS_ON COUNTER_OF(
		"2") " mov x2, #2\n mov x5, #0\n add x6, x24, #0x1000\n"
		     " cbnz x28, 3f\n cbz x19, 9f\n1: ldr x0, [x6, #0x828]\n cbz x0, 1b\n"
		     "1: cbz x19, 2f\n" SGI(
			     "1", "x2") " add x5, x5, #1\n4: ldr x0, [x6, #0x818]\n cmp x0, x5\n"
					" b.ne 4b\n sub x19, x19, #1\n b 1b\n2:" SGI("2", "x2") END
	"3:" SERVE_UNTIL)
#define CALL(nr, a1, a2, to)                                                                       \
	SET("x0", nr)                                                                              \
	SET("x1", a1)                                                                              \
	SET("x2", a2)                                                                              \
	" mov x3, #0\n hvc #0\n"                                                                   \
	" str x0, [x24, #0x880 + 8 * " to "]\n"
#define ROUND " ldr x0, [x24, #0x830]\n add x0, x0, #1\n str x0, [x24, #0x830]\n"
CODE_OF(hypercalls,
	LOOP(BOARD_ON, CALL("0x84000000", "0", "0", "0") CALL("0x8400000a", "0xc4000003", "0", "1")
			       CALL("0xc4000004", "0", "0", "2") CALL("0x80000000", "0", "0", "3")
				       CALL("0x8600ff01", "0", "0", "4")
					       CALL("0x86001234", "1", "2", "5") ROUND))
CODE_OF(spi, INTERRUPTS_ON COUNTER_OF("48") " add x7, x7, x28, lsl #3\n" SERVE_UNTIL)
CODE_OF(irqfd, INTERRUPTS_ON COUNTER_OF("48") " add x7, x7, x28, lsl #3\n" SERVE_UNTIL)
/* an exception: all vectors are alike */
asm(".pushsection .rodata\n.balign 2048\n.globl code_vectors, code_vectors_end\ncode_vectors:\n"
    ".rept 16\n str xzr, [x26, #8]\n b .\n .balign 128\n .endr\ncode_vectors_end:\n.popsection\n");
extern const char code_vectors[], code_vectors_end[];

const struct kind kinds[] = {
#define KIND(name, flags)                                                                          \
	{                                                                                          \
#name, code_##name, code_##name##_end, flags                                       \
	}
	KIND(hvc, 0),
	KIND(smc, 0),
	KIND(sysreg, 0),
	KIND(sysregs, 0),
	KIND(mmio, 0),
	KIND(mmior, 0),
	KIND(mmiow, 0),
	KIND(mmiok, 0),
	KIND(mmioev, EVENT),
	KIND(mmioev0, EVENT_LENGTH0),
	KIND(touch, TOUCHES),
	KIND(touchr, TOUCHES),
	KIND(touchx, TOUCHES),
	KIND(dirty, DIRTIES),
	KIND(flood, 0),
	KIND(wfi, COUNTS),
	KIND(wfe, 0),
	KIND(spin, 0),
	KIND(mix, COUNTS),
	KIND(timer1, COUNTS),
	KIND(timers, COUNTS),
	KIND(timerx, COUNTS),
	KIND(timerp, COUNTS),
	KIND(masked, COUNTS),
	KIND(sgi, COUNTS),
	KIND(ipi, COUNTS | SENDS_IPIS),
	KIND(hypercalls, COUNTS | CALLS),
	KIND(spi, COUNTS | BY_SPI),
	KIND(irqfd, COUNTS | BY_IRQFD),
};

const int kinds_count = sizeof(kinds) / sizeof(kinds[0]);

#endif
