/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86_code.h - what the guests of kw-guest.c execute on x86, and the kinds that there are of them.
 * May not know about: the VMM, but for the layout of memory and the ports.
 * To extend: a kind is a piece of guest code, a line in kinds[] and one here.
 *
 * Kinds; each of the COUNT iterations makes one exit of each access that is named here:
 *   cpuid, out, in, rdmsr, wrmsr, vmmcall, vmcall, pause, hlt, and spin, which makes none
 *   mix      CPUID, OUT, IN, RDMSR, a read from a hole in memory, HLT
 *   msrs     RDMSR and WRMSR of 0x8b, 0x277 and 0x1a0
 *   ports    OUT to and IN from the ports 0x3f8, 0x2f8 and 0x70
 *   leaves   CPUID of the leaves 0, 1 and 0x80000000
 *   crs      a write of CR4
 *   cr8      a read and a write of CR8
 *   fsbase   RDMSR and WRMSR of FS_BASE, which KVM lets guests do by themselves: no exits
 *   mmio     a read from a hole in memory, HOLE, which user space answers
 *   mmior, mmiow   a read from, a write to HOLE + 0x10
 *   mmiok    a read of the IOAPIC, which KVM answers
 *   mmioev   a write to HOLE + 0x2000, which signals an eventfd of 4 bytes
 *   mmioev0  the same, the eventfd is of any length: where KVM can, it does not decode the write
 *   touch, touchr, touchx   a write to, a read from, a call into a page not yet mapped in KVM
 *            but present in the host (without KVM's TDP MMU, one fault maps 8 such pages)
 *   touchu, outu   as touch and out, by a guest in user mode, which KVM for PVM does not emulate
 *   dirty    writes to each of P pages that KVM logs as dirty, and an OUT, upon which the VMM
 *            collects the log: by KVM_GET_DIRTY_LOG, with --manual also by KVM_CLEAR_DIRTY_LOG,
 *            with --ring from the vCPU's ring, each time it is full as well, after which KVM
 *            repeats one fault. "distinct" says how many pages each round found.
 *            All pages have been written to and collected once before the count begins (not so
 *            with -o). One vCPU only.
 *   flood    CPUID of a random leaf at one of 512 addresses, OUT to a random port, a write to a
 *            random page of 512 MiB of hole
 *   nested   VMRUN of an L2 that does CPUID (here and below: VMRESUME, VMCALL on Intel's)
 *   nestmem  VMRUN of an L2 that writes to a page not yet mapped in KVM and does CPUID; L1 has no
 *            nested paging, so all page faults are the host's to handle
 *   nestcall VMRUN of an L2 that does VMMCALL, which is L1's to handle
 *   timer1, timerd   an expiry of the LAPIC timer, one-shot or TSC deadline, -t ticks ahead; HLT
 *            until then, or spinning (--spin-wait)
 *   timerp   an expiry of the periodic timer, -t ticks long; those that it does not get to take in
 *            time become one, and one more may expire untaken at the end
 *   selfipi  an IPI to itself by the x2APIC register, taken at once
 *   ipi      a fixed IPI of vector 0x51 from vCPU 0 to vCPU 1, sent by ICR after the one before has
 *            been acknowledged; at last one of vector 0xf0. Two vCPUs only.
 *   hypercalls   KVM's 1 (VAPIC_POLL_IRQ), 5 (KICK_CPU), 9 (CLOCK_PAIRING), 11 (SCHED_YIELD), 10
 *            (SEND_IPI of vector 0x90 to vCPU 0, which does not take it), 12 (MAP_GPA_RANGE, which
 *            goes to user space where KVM can) and 0x1234 (unknown); all to APIC id 0
 *   hcflood  a KVM hypercall of a random number of 64 bits
 *   hvcalls  Hyper-V's fast hypercalls 8 (long spin wait) and 0x7777 (unknown)
 *   xencalls Xen's hypercall 17, which goes to user space; needs a KVM with CONFIG_KVM_XEN
 *
 * Kinds with an injector:
 *   pic      by the PIC, vector 0x25, always to vCPU 0; the line is raised and lowered
 *   ioapic   by the IOAPIC, edge, vector 0x60 + VCPU, pin 10 + VCPU; the line is raised and lowered
 *   ioapicl  the same, level; raised, and lowered upon an OUT of the guest, before its EOI
 *   msi      by KVM_SIGNAL_MSI, vector 0x70
 *   irqfd    by an eventfd, vector 0x70
 *   irqfdio  by an eventfd to the pins of ioapic, for which KVM uses a work queue
 *   hltsig   as msi, but before each the thread gets S signals (--signals), each when it sleeps
 *            The last interrupt of each vCPU is an MSI of vector 0xf0, the one that tells it to
 * look at its board one of 0xf1.
 */
#ifndef X86_CODE_H
#define X86_CODE_H

#include "x86.h"

/*
 * Guest code, position-independent. rdi: how many; rsi: spins before each; rbp: first page to
 * touch; r8: timer ticks; r9: the vCPU's VMCB or VMCS, or its board; r12: from page to page; r13:
 * pages to make dirty; r14: a random seed. A loop of 0 does its setup and ends.
 */
#define CODE_OF(name, text)                                                                        \
	asm(".pushsection .rodata\n.globl code_" #name ", code_" #name "_end\ncode_" #name         \
	    ":\n" text "\ncode_" #name "_end:\n.popsection\n");                                    \
	extern const char code_##name[], code_##name##_end[];
#define END " mov $0x502, %edx\n out %al, (%dx)\n hlt\n"
#define LOOP(setup, body)                                                                          \
	setup "1: test %rdi, %rdi\n jz 9f\n"                                                       \
	      " mov %rsi, %r10\n2: test %r10, %r10\n jz 3f\n dec %r10\n jmp 2b\n3:\n" body         \
	      "\n dec %rdi\n jmp 1b\n9:\n" END

/* in a setup: what a run of 0 does, so that all accesses of the next run are alike to KVM */
#define IF_0(body) " test %rdi, %rdi\n jnz 1f\n" body

#define X2APIC_ON                                                                                  \
	" mov $0x1b, %ecx\n rdmsr\n or $0xc00, %eax\n wrmsr\n"                                     \
	" mov $0x80f, %ecx\n mov $0x1ff, %eax\n xor %edx, %edx\n wrmsr\n"
#define TIMER_ONESHOT                                                                              \
	" mov $0x83e, %ecx\n mov $0xb, %eax\n xor %edx, %edx\n wrmsr\n"                            \
	" mov $0x832, %ecx\n mov $0x40, %eax\n xor %edx, %edx\n wrmsr\n"
#define CPUID_1	       " xor %eax, %eax\n xor %ecx, %ecx\n cpuid\n"
#define OUT_1	       " mov $0x3f8, %edx\n mov $0x78, %al\n out %al, (%dx)\n"
#define IN_1	       " mov $0x3f8, %edx\n in (%dx), %al\n"
#define RDMSR_1	       " mov $0x8b, %ecx\n rdmsr\n"
#define WRMSR_1	       " mov $0x8b, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr\n"
#define MMIO_1	       " mov $0x3ff00000, %eax\n mov (%rax), %ebx\n"
#define RDWRMSR(msr)   " mov $" msr ", %ecx\n rdmsr\n wrmsr\n"
#define OUT_IN(port)   " mov $" port ", %edx\n out %al, (%dx)\n in (%dx), %al\n"
#define CPUID_OF(leaf) " mov $" leaf ", %eax\n xor %ecx, %ecx\n cpuid\n"
#define CR4_1	       " xor $0x40, %ebx\n mov %rbx, %cr4\n" /* MCE */
#define VMRUN_OF(size) " mov %r9, %rax\n vmrun\n addq $" size ", 0x578(%r9)\n"
#define VMRUN_1	       VMRUN_OF("2")
#define OR_DIE	       " ja 4f\n ud2\n4:\n"
/* L1 of Intel's: once, on the way to its loop; then it is where L2's first exit has led it to */
#define VMX_SETUP                                                                                  \
	" lea 0x10000(%r9), %rax\n push %rax\n vmxon (%rsp)\n" OR_DIE                              \
	" mov %r9, (%rsp)\n vmclear (%rsp)\n" OR_DIE " vmptrld (%rsp)\n" OR_DIE                    \
	" pop %rax\n mov $0x55000, %ebx\n"                                                         \
	"5: mov (%rbx), %rax\n test %rax, %rax\n jz 6f\n"                                          \
	" vmwrite 8(%rbx), %rax\n" OR_DIE " add $16, %rbx\n jmp 5b\n"                              \
	"6: mov $0x6c14, %eax\n vmwrite %rsp, %rax\n lea 5f(%rip), %rcx\n"                         \
	" mov $0x6c16, %eax\n vmwrite %rcx, %rax\n vmlaunch\n ud2\n5:\n"
#define VMX_LOOPS " lea 7f(%rip), %rcx\n mov $0x6c16, %eax\n vmwrite %rcx, %rax\n"
#define VMX_SKIP(size)                                                                             \
	" mov $0x681e, %eax\n vmread %rax, %rcx\n add $" size ", %rcx\n vmwrite %rcx, %rax\n"
#define VMX_ON(size)	  IF_0(VMX_SETUP VMX_SKIP(size) VMX_LOOPS)
#define VMRESUME_OF(size) " vmresume\n ud2\n7:\n" VMX_SKIP(size)
#define TOUCH_1		  " movb $1, (%rbp)\n add %r12, %rbp\n"
#define READ_4		  " mov (%rax), %ebx\n"
#define WRITE_4		  " mov %ebx, (%rax)\n"
#define STACK_1		  " push %rax\n pop %rax\n"
#define DIRTY_1                                                                                    \
	" mov %rbp, %rbx\n mov %r13, %rcx\n"                                                       \
	"4: movb $1, (%rbx)\n add $4096, %rbx\n dec %rcx\n jnz 4b\n"                               \
	" mov $0x503, %edx\n out %al, (%dx)\n"
/* a linear congruential generator, of which only the upper bits are random enough */
#define RANDOM_ON " movabs $6364136223846793005, %r15\n movabs $1442695040888963407, %r11\n"
#define RANDOM	  " imul %r15, %r14\n add %r11, %r14\n"
#define FLOOD_CPUID                                                                                \
	RANDOM " mov %r14, %rax\n shr $32, %rax\n mov %r14d, %ecx\n shr $23, %ecx\n"               \
	       " lea 8f(%rip), %rbx\n lea (%rbx, %rcx, 4), %rbx\n call *%rbx\n"
#define FLOOD_OUT RANDOM " mov %r14, %rdx\n shr $48, %rdx\n or $0x8000, %edx\n out %al, (%dx)\n"
#define FLOOD_MMIO                                                                                 \
	RANDOM " mov %r14, %rbx\n shr $32, %rbx\n and $0x1ffff000, %ebx\n"                         \
	       " or $0x20000000, %ebx\n mov %eax, (%rbx)\n"
/* the interrupt that ends the halt may be pending already: sti holds it back until hlt has run */
#define HLT_1 " mov $0x838, %ecx\n mov %r8d, %eax\n xor %edx, %edx\n wrmsr\n sti\n hlt\n cli\n"

CODE_OF(cpuid, LOOP("", CPUID_1))
CODE_OF(out, LOOP("", OUT_1))
CODE_OF(in, LOOP("", IN_1))
CODE_OF(rdmsr, LOOP("", RDMSR_1))
CODE_OF(wrmsr, LOOP("", WRMSR_1))
CODE_OF(vmmcall, LOOP("", " mov $1, %eax\n vmmcall\n"))
CODE_OF(vmcall, LOOP("", " mov $1, %eax\n vmcall\n"))
CODE_OF(mmio, LOOP("", MMIO_1))
CODE_OF(msrs, LOOP("", RDWRMSR("0x8b") RDWRMSR("0x277") RDWRMSR("0x1a0")))
CODE_OF(ports, LOOP("", OUT_IN("0x3f8") OUT_IN("0x2f8") OUT_IN("0x70")))
CODE_OF(leaves, LOOP("", CPUID_OF("0") CPUID_OF("1") CPUID_OF("0x80000000")))
CODE_OF(crs, LOOP(" mov $0x220, %ebx\n", CR4_1))
CODE_OF(cr8, LOOP("", " mov %cr8, %rbx\n mov %rbx, %cr8\n"))
CODE_OF(fsbase, LOOP("", RDWRMSR("0xc0000100")))
CODE_OF(mmior, LOOP(" mov $0x3ff00010, %eax\n" IF_0(READ_4), READ_4))
CODE_OF(mmiow, LOOP(" mov $0x3ff00010, %eax\n" IF_0(WRITE_4), WRITE_4))
CODE_OF(mmiok, LOOP(" mov $0x1fe00000, %eax\n" IF_0(READ_4), READ_4))
CODE_OF(mmioev, LOOP(" mov $0x3ff02000, %eax\n" IF_0(WRITE_4), WRITE_4))
CODE_OF(mmioev0, LOOP(" mov $0x3ff02000, %eax\n" IF_0(WRITE_4), WRITE_4))
CODE_OF(touch, LOOP("", TOUCH_1))
CODE_OF(touchu, LOOP("", TOUCH_1))
CODE_OF(outu, LOOP("", OUT_1))
CODE_OF(touchr, LOOP("", " mov (%rbp), %al\n add %r12, %rbp\n"))
CODE_OF(touchx, LOOP(STACK_1, " call *%rbp\n add %r12, %rbp\n"))
CODE_OF(dirty, LOOP("", DIRTY_1))
CODE_OF(flood, LOOP(STACK_1 RANDOM_ON,
		    FLOOD_CPUID FLOOD_OUT FLOOD_MMIO) "8: .rept 512\n cpuid\n ret\n nop\n .endr\n")
CODE_OF(pause, LOOP("", " pause\n"))
CODE_OF(hlt, LOOP(X2APIC_ON TIMER_ONESHOT, HLT_1))
CODE_OF(spin, LOOP("", ""))
CODE_OF(mix, LOOP(X2APIC_ON TIMER_ONESHOT, CPUID_1 OUT_1 IN_1 RDMSR_1 MMIO_1 HLT_1))
/* a hypervisor: runs L2, which makes one exit, which L1 handles by skipping the instruction */
CODE_OF(nested, LOOP("", VMRUN_1))
CODE_OF(nestcall, LOOP("", VMRUN_OF("3")))
CODE_OF(nested_vmx, LOOP(VMX_ON("2"), VMRESUME_OF("2")))
CODE_OF(nestcall_vmx, LOOP(VMX_ON("3"), VMRESUME_OF("3")))
CODE_OF(l2call, "1: vmmcall\n jmp 1b\n")
CODE_OF(l2, "1: xor %eax, %eax\n cpuid\n jmp 1b\n")
/* in a run of 0, L2's write goes to the stack */
CODE_OF(nestmem, LOOP(IF_0(" lea -1024(%rsp), %rbp\n" VMRUN_1), VMRUN_1))
CODE_OF(nestmem_vmx, LOOP(IF_0(" lea -1024(%rsp), %rbp\n") VMX_ON("2"), VMRESUME_OF("2")))
CODE_OF(l2mem, "1:" TOUCH_1 CPUID_1 " jmp 1b\n")
/* interrupts: end-of-interrupt, back */
CODE_OF(isr, " push %rax\n push %rcx\n push %rdx\n mov $0x80b, %ecx\n xor %eax, %eax\n"
	     " xor %edx, %edx\n wrmsr\n pop %rdx\n pop %rcx\n pop %rax\n iretq\n")
CODE_OF(fault, " mov $0x501, %edx\n out %al, (%dx)\n hlt\n")

/*
 * Interrupts. A stub per vector counts it on the board (r9) and goes on with one of the tails,
 * which return with interrupts disabled, so that a guest takes one whenever it asks for one.
 */
#define SAVE	  " push %rax\n push %rcx\n push %rdx\n"
#define RESTORE	  " pop %rdx\n pop %rcx\n pop %rax\n iretq\n"
#define LAPIC_EOI " mov $0x80b, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr\n"
/*
 * Also past a hlt: not all hosts (QEMU without KVM) hold the interrupt back from sti to hlt, which
 * would then wait for one that has been taken.
 */
#define RETURN                                                                                     \
	" incq 0x818(%r9)\n andq $~0x200, 40(%rsp)\n mov 24(%rsp), %rax\n"                         \
	" cmpb $0xf4, (%rax)\n jne 1f\n incq 24(%rsp)\n1:\n" RESTORE
/*
 * QEMU without KVM sometimes has KVM deliver an interrupt a second time, in the midst of the first,
 * even though interrupts are disabled then.
 */
CODE_OF(tail_twice, " incq 0x838(%r9)\n iretq\n")
CODE_OF(tail, SAVE LAPIC_EOI RETURN)
CODE_OF(tail_low, SAVE " mov $0x504, %edx\n out %al, (%dx)\n" LAPIC_EOI RETURN)
CODE_OF(tail_pic, SAVE " mov $0x20, %al\n out %al, $0x20\n" RETURN)

/* Also touches all that taking an interrupt does, so that no page fault has KVM inject it again. */
#define INTERRUPTS_ON                                                                              \
	X2APIC_ON STACK_1 " mov 0x4008, %al\n mov 0x5400, %al\n mov 0x50400, %al\n"                \
			  " mov 0x51fe0, %al\n mov 0x54000, %al\n orq $0, 0x818(%r9)\n"

/* Take interrupts until that of END_VECTOR, and obey the board's commands; none in a run of 0. */
#define SERVE_BY(mask)                                                                             \
	" test %rdi, %rdi\n jz 9f\n movq $1, 0x828(%r9)\n"                                         \
	"1: cli\n cmpq $0, 0x780(%r9)\n jne 9f\n"                                                  \
	" mov 0x800(%r9), %rbx\n cmp 0x808(%r9), %rbx\n je 5f\n cmp $2, %rbx\n jne 4f\n" mask      \
	"4: mov %rbx, 0x808(%r9)\n5: test %rbx, %rbx\n jnz 1b\n"                                   \
	" cmpq $0, 0x810(%r9)\n jne 6f\n sti\n hlt\n jmp 1b\n6: sti\n nop\n jmp 1b\n9:\n" END
#define ONLY_VCPU0(body)   " cmpq $0, 0x820(%r9)\n jne 8f\n" body "8:\n"
#define OUT_8(port, value) " mov $" value ", %al\n out %al, $" port "\n"
/* as a PC does, with but pin 5 not masked; LINT0 is ExtINT */
#define PIC_MASTER OUT_8("0x20", "0x11") OUT_8("0x21", "0x20") OUT_8("0x21", "4") OUT_8("0x21", "1")
#define PIC_SLAVE  OUT_8("0xa0", "0x11") OUT_8("0xa1", "0x28") OUT_8("0xa1", "2") OUT_8("0xa1", "1")
#define PIC_ON                                                                                     \
	PIC_MASTER PIC_SLAVE OUT_8("0x21", "0xdf") OUT_8(                                          \
		"0xa1", "0xff") " mov $0x835, %ecx\n mov $0x700, %eax\n xor %edx, %edx\n wrmsr\n"
/* pins 10 to 17 to the vCPUs 0 to 7, by the vectors from 0x60 on */
#define IOAPIC_ON(trigger)                                                                         \
	" mov $0x1fe00000, %ebx\n xor %ecx, %ecx\n"                                                \
	"7: lea 0x25(,%rcx,2), %eax\n mov %eax, (%rbx)\n mov %ecx, %eax\n shl $24, %eax\n"         \
	" mov %eax, 0x10(%rbx)\n lea 0x24(,%rcx,2), %eax\n mov %eax, (%rbx)\n"                     \
	" lea 0x60+" trigger "(%rcx), %eax\n mov %eax, 0x10(%rbx)\n"                               \
	" inc %ecx\n cmp $8, %ecx\n jb 7b\n"
#define IOAPIC_MASK                                                                                \
	" mov $0x1fe00000, %edx\n mov 0x820(%r9), %rcx\n lea 0x24(,%rcx,2), %eax\n"                \
	" mov %eax, (%rdx)\n mov 0x10(%rdx), %eax\n or $0x10000, %eax\n mov %eax, 0x10(%rdx)\n"
/* until the timer's interrupts are more than they were */
#define AWAIT_TIMER                                                                                \
	"4: cmp %rbx, 0x200(%r9)\n jne 5f\n cmpq $0, 0x810(%r9)\n jne 6f\n"                        \
	" sti\n hlt\n cli\n jmp 4b\n6: sti\n nop\n cli\n jmp 4b\n5:\n"
#define TIMER_MODE(mode)                                                                           \
	" mov $0x83e, %ecx\n mov $0xb, %eax\n xor %edx, %edx\n wrmsr\n"                            \
	" mov $0x832, %ecx\n mov $" mode ", %eax\n xor %edx, %edx\n wrmsr\n"
#define TIMER_TICKS(ticks) " mov $0x838, %ecx\n mov " ticks ", %eax\n xor %edx, %edx\n wrmsr\n"
#define TIMER_DEADLINE                                                                             \
	" rdtsc\n shl $32, %rdx\n or %rdx, %rax\n add %r8, %rax\n mov %rax, %rdx\n"                \
	" shr $32, %rdx\n mov $0x6e0, %ecx\n wrmsr\n"
#define TIMER_NOW " mov 0x200(%r9), %rbx\n"

CODE_OF(timer1, LOOP(INTERRUPTS_ON TIMER_ONESHOT, TIMER_NOW TIMER_TICKS("%r8d") AWAIT_TIMER))
CODE_OF(timerd, LOOP(INTERRUPTS_ON TIMER_MODE("0x40040"), TIMER_NOW TIMER_DEADLINE AWAIT_TIMER))
CODE_OF(timerp, INTERRUPTS_ON TIMER_MODE("0x20040") " test %rdi, %rdi\n jz 9f\n" TIMER_TICKS(
			"%r8d") "1: cmp %rdi, 0x200(%r9)\n jae 2f\n sti\n hlt\n cli\n jmp 1b\n"
				"2:" TIMER_TICKS("$0") "9:" END)
CODE_OF(pic, INTERRUPTS_ON ONLY_VCPU0(PIC_ON) SERVE_BY(OUT_8("0x21", "0xff")))
CODE_OF(ioapic, INTERRUPTS_ON ONLY_VCPU0(IOAPIC_ON("0")) SERVE_BY(IOAPIC_MASK))
CODE_OF(irqfdio, X2APIC_ON ONLY_VCPU0(IOAPIC_ON("0")) SERVE_BY(IOAPIC_MASK))
CODE_OF(ioapicl, INTERRUPTS_ON ONLY_VCPU0(IOAPIC_ON("0x8000")) SERVE_BY(IOAPIC_MASK))
CODE_OF(msi, INTERRUPTS_ON SERVE_BY(""))
CODE_OF(irqfd, INTERRUPTS_ON SERVE_BY(""))
CODE_OF(hltsig, INTERRUPTS_ON SERVE_BY(""))
CODE_OF(selfipi, LOOP(INTERRUPTS_ON, " mov 0x280(%r9), %rbx\n mov $0x83f, %ecx\n mov $0x50, %eax\n"
				     " xor %edx, %edx\n wrmsr\n4: cmp %rbx, 0x280(%r9)\n jne 5f\n"
				     " sti\n nop\n cli\n jmp 4b\n5:\n"))
/* vCPU 0: rbx interrupts have been sent, as many the other one must have acknowledged */
#define IPI(vector) " mov $0x830, %ecx\n mov $1, %edx\n mov $" vector ", %eax\n wrmsr\n"
CODE_OF(ipi, INTERRUPTS_ON
	" test %rdi, %rdi\n jz 9f\n cmpq $0, 0x820(%r9)\n jne 8f\n xor %ebx, %ebx\n"
	"1: test %rdi, %rdi\n jz 3f\n" IPI("0x51") " inc %rbx\n2: cmp %rbx, 0x1818(%r9)\n jne 2b\n"
						   " dec %rdi\n jmp 1b\n3:" IPI(
							   "0xf0") " jmp 9f\n8:" SERVE_BY(""))

/* Hypercalls: what was returned goes to the board. */
#define CALL(nr, a0, a1, a2, a3, to)                                                               \
	" mov $" a0 ", %ebx\n mov $" a1 ", %ecx\n mov $" a2 ", %edx\n mov $" a3 ", %esi\n"         \
	" mov $" nr ", %eax\n vmmcall\n mov %rax, 0x880+8*" to "(%r9)\n"
#define ROUND " incq 0x830(%r9)\n"
CODE_OF(hypercalls,
	LOOP(INTERRUPTS_ON,
	     " mov %rsi, %r11\n" CALL("1", "0", "0", "0", "0", "0")
		     CALL("5", "0", "0", "0", "0", "1") CALL("9", "0x52000", "0", "0", "0", "2")
			     CALL("11", "0", "0", "0", "0", "3")
				     CALL("10", "1", "0", "0", "0x90", "4")
					     CALL("12", "0x200000", "1", "0x10", "0", "5")
						     CALL("0x1234", "1", "2", "3", "4",
							  "6") " mov %r11, %rsi\n" ROUND))
CODE_OF(hcflood, LOOP(RANDOM_ON, RANDOM " mov %r14, %rax\n vmmcall\n" ROUND))
#define HV_CALL(code, to)                                                                          \
	" mov $0x10000+" code ", %ecx\n xor %edx, %edx\n vmmcall\n"                                \
	" mov %rax, 0x880+8*" to "(%r9)\n"
CODE_OF(hvcalls, LOOP(" mov $0x40000000, %ecx\n mov $1, %eax\n mov $0x81000000, %edx\n wrmsr\n"
		      " mov $0x40000001, %ecx\n mov $0x53001, %eax\n xor %edx, %edx\n wrmsr\n",
		      HV_CALL("8", "0") HV_CALL("0x7777", "1") ROUND))
CODE_OF(xencalls, LOOP("", " mov $17, %eax\n vmmcall\n mov %rax, 0x880(%r9)\n" ROUND))

const struct kind kinds[] = {
#define KIND(name, flags)                                                                          \
	{                                                                                          \
#name, code_##name, code_##name##_end, flags                                       \
	}
#define KIND_NESTS(name, flags)                                                                    \
	{                                                                                          \
#name, code_##name, code_##name##_end, NESTS | (flags), code_##name##_vmx,         \
			code_##name##_vmx_end                                                      \
	}
	KIND(cpuid, 0),
	KIND(out, 0),
	KIND(in, 0),
	KIND(rdmsr, 0),
	KIND(wrmsr, 0),
	KIND(vmmcall, 0),
	KIND(vmcall, 0),
	KIND(mmio, 0),
	KIND(touch, TOUCHES),
	KIND(pause, 0),
	KIND(hlt, IRQCHIP),
	KIND(spin, 0),
	KIND(mix, IRQCHIP),
	KIND_NESTS(nested, 0),
	KIND(msrs, 0),
	KIND(ports, 0),
	KIND(leaves, 0),
	KIND(crs, 0),
	KIND(cr8, 0),
	KIND(fsbase, 0),
	KIND(mmior, 0),
	KIND(mmiow, 0),
	KIND(mmiok, IRQCHIP),
	KIND(mmioev, EVENT),
	KIND(mmioev0, EVENT_LENGTH0),
	KIND(touchr, TOUCHES),
	KIND(touchx, TOUCHES),
	KIND(touchu, TOUCHES | IN_USER_MODE),
	KIND(outu, IN_USER_MODE),
	KIND(dirty, DIRTIES),
	KIND(flood, 0),
	KIND_NESTS(nestmem, TOUCHES),
	KIND_NESTS(nestcall, CALLS),
	KIND(timer1, IRQCHIP | COUNTS),
	KIND(timerp, IRQCHIP | COUNTS),
	KIND(timerd, IRQCHIP | COUNTS | DEADLINE),
	KIND(pic, IRQCHIP | COUNTS | BY_PIC),
	KIND(ioapic, IRQCHIP | COUNTS | BY_IOAPIC),
	KIND(ioapicl, IRQCHIP | COUNTS | BY_LEVEL),
	KIND(msi, IRQCHIP | COUNTS | BY_MSI),
	KIND(irqfd, IRQCHIP | COUNTS | BY_IRQFD),
	KIND(irqfdio, IRQCHIP | COUNTS | BY_IRQFD | BY_IOAPIC),
	KIND(selfipi, IRQCHIP | COUNTS),
	KIND(ipi, IRQCHIP | COUNTS | SENDS_IPIS),
	KIND(hypercalls, IRQCHIP | COUNTS | CALLS),
	KIND(hcflood, IRQCHIP | COUNTS | CALLS),
	KIND(hvcalls, IRQCHIP | COUNTS | CALLS | HYPERV),
	KIND(xencalls, IRQCHIP | COUNTS | CALLS | XEN),
	KIND(hltsig, IRQCHIP | COUNTS | BY_SIGNALS),
};

const int kinds_count = sizeof(kinds) / sizeof(kinds[0]);

#endif
