/* SPDX-License-Identifier: Apache-2.0 */
/*
 * riscv_code.h - what the guests of kw-guest.c execute on riscv64, and the kinds that there are.
 * May not know about: the VMM, but for the layout of memory.
 * To extend: a kind is a piece of guest code, a line in kinds[] and one here.
 *
 * Kinds; each of the COUNT iterations makes one exit of each access that is named here:
 *   sbi         a call of SBI that KVM answers: base, get_spec_version
 *   sbiuser     one that goes to user space: experimental extension 0x08000001
 *   sbicalls    base: get_spec_version, probe_extension (of TIME); TIME: set_timer (never); IPI:
 *               send_ipi (to nobody); HSM: hart_get_status (of hart 0); an extension that there
 *               is not, 0x0badca11; the one that goes to user space, function 3
 *   sbiflood    a call of a random extension, function 0
 *   csr         a read of cycle, which KVM answers with 0
 *   mmio        a read from a hole in memory, HOLE, which user space answers
 *   mmior, mmiow   a read from, a write to HOLE + 0x10
 *   mmioev, mmioev0   a write to HOLE + 0x2000, which signals an eventfd of 4 bytes, of any length
 *   mmioflood   a write to a random page of 512 MiB of hole
 *   touch, touchr, touchx   a write to, a read from, a call into a page not yet mapped in KVM but
 *               present in the host
 *   dirty       writes to each of P pages that KVM logs as dirty, and a call of the VMM, upon which
 *               it collects the log
 *   wfi         set_timer of SBI, -t ticks ahead, and WFI until it has expired. (Something else may
 *               end a WFI, after which another one follows: how many there were is KVM's
 *               wfi_exit_stat.)
 *   spin        none
 *   mix         sbi, csr, a write to and a read from HOLE, wfi
 */
#ifndef RISCV_CODE_H
#define RISCV_CODE_H

#include "kw-guest.h"

/*
 * Guest code, position-independent, interrupts masked, all instructions of 4 bytes. s2: how many;
 * s3: spins before each; s4: timer ticks; s5: first page to touch; s6: from page to page; s7: the
 * middle of the vCPU's board; s8: pages to make dirty; s9: DOOR; s10: HOLE; s11: the vCPU's number;
 * s1: a random seed. A loop of 0 does its setup and ends. It begins with a nop, as KVM skips the
 * instruction that ended the run before, wherever the next one begins.
 */
#define CODE_OF(name, text)                                                                        \
	asm(".pushsection .rodata\n.balign 8\n.option push\n.option norvc\n"                       \
	    ".globl code_" #name ", code_" #name "_end\ncode_" #name                               \
	    ": nop\n sd zero, 64(s7)\n" text "\ncode_" #name "_end:\n.option pop\n.popsection\n"); \
	extern const char code_##name[], code_##name##_end[];
#define END " sd zero, 16(s9)\n9: j 9b\n"
#define LOOP(setup, body)                                                                          \
	setup "1: beqz s2, 9f\n mv t0, s3\n2: beqz t0, 3f\n addi t0, t0, -1\n j 2b\n3:\n" body     \
	      "\n addi s2, s2, -1\n j 1b\n9:\n" END

/* in a setup: what a run of 0 does, so that all accesses of the next run are alike to KVM */
#define IF_0(body) " bnez s2, 1f\n" body

#define SBI(extension, function) " li a7, " #extension "\n li a6, " #function "\n ecall\n"
#define SBI_TIME		 0x54494d45
#define SBI_OF(e, f)		 SBI(e, f)
#define CSR_1			 " rdcycle t0\n"
#define READ_4			 " lw t0, 16(s10)\n"
#define WRITE_4			 " sw t0, 16(s10)\n"
#define EVENT_4			 " li t1, 0x2000\n add t1, t1, s10\n sw t0, 0(t1)\n"
#define NEXT_PAGE		 " add s5, s5, s6\n"
#define DIRTY_1                                                                                    \
	" mv t0, s5\n mv t1, s8\n4: sb t1, 0(t0)\n add t0, t0, s6\n addi t1, t1, -1\n"             \
	" bnez t1, 4b\n sd zero, 24(s9)\n"
/* a linear congruential generator, of which only the upper bits are random enough */
#define RANDOM	   " li t0, 0x5851f42d4c957f2d\n mul s1, s1, t0\n addi s1, s1, 1013\n"
#define SBI_RANDOM RANDOM " srli a7, s1, 16\n li a6, 0\n ecall\n"
#define MMIO_RANDOM                                                                                \
	RANDOM " srli t1, s1, 32\n li t2, 0x1ffff000\n and t1, t1, t2\n li t2, 0x20000000\n"       \
	       " or t1, t1, t2\n sw t0, 0(t1)\n"
#define TIMER_ON " li t0, 0x20\n csrs sie, t0\n"
#define TIMER_1                                                                                    \
	" rdtime a2\n add a2, a2, s4\n mv a0, a2\n" SBI_OF(                                        \
		SBI_TIME,                                                                          \
		0) "4: wfi\n rdtime t0\n bltu t0, a2, 4b\n"                                        \
		   " ld t0, 5 * 8 - 2048(s7)\n addi t0, t0, 1\n sd t0, 5 * 8 - 2048(s7)\n"
/* a call of the kind sbicalls, and where what it returned goes; at last */
#define CALL(e, f, a0, to)                                                                         \
	" li a0, " a0 "\n li a1, 0\n" SBI_OF(e, f) " sd a0, 128 + 8 * " to "(s7)\n"
#define ROUND " ld t0, 48(s7)\n addi t0, t0, 1\n sd t0, 48(s7)\n"

CODE_OF(sbi, LOOP("", SBI(0x10, 0)))
CODE_OF(sbiuser, LOOP("", SBI(0x08000001, 3)))
CODE_OF(sbicalls, LOOP("", CALL(0x10, 0, "0", "0") CALL(0x10, 3, "0x54494d45", "1")
				   CALL(SBI_TIME, 0, "-1", "2") CALL(0x735049, 0, "0", "3")
					   CALL(0x48534d, 2, "0", "4") CALL(0x0badca11, 0, "1", "5")
						   CALL(0x08000001, 3, "7", "6") ROUND))
CODE_OF(sbiflood, LOOP("", SBI_RANDOM))
CODE_OF(csr, LOOP("", CSR_1))
CODE_OF(mmio, LOOP("", " lw t0, 0(s10)\n"))
CODE_OF(mmior, LOOP(IF_0(READ_4), READ_4))
CODE_OF(mmiow, LOOP(IF_0(WRITE_4), WRITE_4))
CODE_OF(mmioev, LOOP("", EVENT_4))
CODE_OF(mmioev0, LOOP("", EVENT_4))
CODE_OF(mmioflood, LOOP("", MMIO_RANDOM))
CODE_OF(touch, LOOP("", " sb t0, 0(s5)\n" NEXT_PAGE))
CODE_OF(touchr, LOOP("", " lb t0, 0(s5)\n" NEXT_PAGE))
CODE_OF(touchx, LOOP("", " jalr s5\n" NEXT_PAGE))
CODE_OF(dirty, LOOP("", DIRTY_1))
CODE_OF(wfi, LOOP(TIMER_ON, TIMER_1))
CODE_OF(spin, LOOP("", ""))
CODE_OF(mix, LOOP(TIMER_ON, SBI(0x10, 0) CSR_1 " sw t0, 0(s10)\n lw t0, 0(s10)\n" TIMER_1))
/* an exception */
CODE_OF(fault, " sd zero, 8(s9)\n1: j 1b\n")

const struct kind kinds[] = {
#define KIND(name, flags)                                                                          \
	{                                                                                          \
#name, code_##name, code_##name##_end, flags                                       \
	}
	KIND(sbi, 0),
	KIND(sbiuser, 0),
	KIND(sbicalls, COUNTS | CALLS),
	KIND(sbiflood, 0),
	KIND(csr, 0),
	KIND(mmio, 0),
	KIND(mmior, 0),
	KIND(mmiow, 0),
	KIND(mmioev, EVENT),
	KIND(mmioev0, EVENT_LENGTH0),
	KIND(mmioflood, 0),
	KIND(touch, TOUCHES),
	KIND(touchr, TOUCHES),
	KIND(touchx, TOUCHES),
	KIND(dirty, DIRTIES),
	KIND(wfi, COUNTS),
	KIND(spin, 0),
	KIND(mix, COUNTS),
};

const int kinds_count = sizeof(kinds) / sizeof(kinds[0]);

#endif
