// SPDX-License-Identifier: Apache-2.0
/*
 * kw-guest.c - a tiny VMM whose guests make exactly N exits of one kind on each vCPU, so that
 * what a watcher counts can be checked to the last exit.
 * May not know about: kvm_watcher. Needs nothing but /dev/kvm and libc.
 * To extend: a kind is a piece of guest code and a line in kinds[].
 *
 *   kw-guest [-k KIND] [-n COUNT] [-v VCPUS] [-m VMS] [-r ROUNDS] [-s SPIN] [-t TICKS] [-w]
 *            [-o ONE_THREAD] [--name NAME]
 *
 * Each round creates VMS virtual machines, runs all their vCPUs, and destroys them. With -w it
 * prints "ready" when the first round's VMs have run once with a count of 0 (so that their pages
 * are mapped), waits for a line on stdin, runs, prints one JSON object per vCPU with KVM's own
 * statistics of that span, waits for another line, and only then destroys them.
 *
 * The exit that ends a run (a write to port 0x501) is never followed by an entry.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_VCPUS 16
#define MAX_VMS	  1000

/* Guest-physical layout; everything below LOW_SIZE is identity-mapped by 2 MiB pages. */
#define PML4	 0x1000
#define PDPT	 0x2000
#define PD	 0x3000
#define GDT	 0x4000
#define IDT	 0x5000
#define VMCB	 0x6000	 /* one page per vCPU */
#define HSAVE	 0x16000 /* one page per vCPU */
#define CODE	 0x26000
#define L2_CODE	 0x27000
#define ISR	 0x28000
#define FAULT	 0x29000
#define STACKS	 0x30000 /* one page per vCPU, growing down from the next */
#define LOW_SIZE 0x200000
#define TOUCH	 0x20000000UL /* a slot of its own */
#define HOLE	 0x3ff00000UL /* in no slot */

#define PORT_END   0x501
#define PORT_FAULT 0x500

/*
 * Guest code, position-independent. rdi: how many; rsi: spins before each; rbp: first page to
 * touch; r8: timer ticks; r9: the vCPU's VMCB. A loop of 0 ends at once.
 */
#define CODE_OF(name, text)                                                                        \
	asm(".pushsection .rodata\n.globl code_" #name ", code_" #name "_end\ncode_" #name         \
	    ":\n" text "\ncode_" #name "_end:\n.popsection\n");                                    \
	extern const char code_##name[], code_##name##_end[];
#define END " mov $0x501, %edx\n out %al, (%dx)\n hlt\n"
#define LOOP(setup, body)                                                                          \
	setup "1: test %rdi, %rdi\n jz 9f\n"                                                       \
	      " mov %rsi, %r10\n2: test %r10, %r10\n jz 3f\n dec %r10\n jmp 2b\n3:\n" body         \
	      "\n dec %rdi\n jmp 1b\n9:\n" END

#define X2APIC_ON                                                                                  \
	" mov $0x1b, %ecx\n rdmsr\n or $0xc00, %eax\n wrmsr\n"                                     \
	" mov $0x80f, %ecx\n mov $0x1ff, %eax\n xor %edx, %edx\n wrmsr\n"
#define TIMER_ONESHOT                                                                              \
	" mov $0x83e, %ecx\n mov $0xb, %eax\n xor %edx, %edx\n wrmsr\n"                            \
	" mov $0x832, %ecx\n mov $0x40, %eax\n xor %edx, %edx\n wrmsr\n"
#define CPUID_1 " xor %eax, %eax\n xor %ecx, %ecx\n cpuid\n"
#define OUT_1	" mov $0x3f8, %edx\n mov $0x78, %al\n out %al, (%dx)\n"
#define IN_1	" mov $0x3f8, %edx\n in (%dx), %al\n"
#define RDMSR_1 " mov $0x8b, %ecx\n rdmsr\n"
#define WRMSR_1 " mov $0x8b, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr\n"
#define MMIO_1	" mov $0x3ff00000, %eax\n mov (%rax), %ebx\n"
#define TOUCH_1 " movb $1, (%rbp)\n add $4096, %rbp\n"
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
CODE_OF(touch, LOOP("", TOUCH_1))
CODE_OF(pause, LOOP("", " pause\n"))
CODE_OF(hlt, LOOP(X2APIC_ON TIMER_ONESHOT, HLT_1))
CODE_OF(spin, LOOP("", ""))
CODE_OF(mix, LOOP(X2APIC_ON TIMER_ONESHOT, CPUID_1 OUT_1 IN_1 RDMSR_1 MMIO_1 HLT_1))
/* a hypervisor: runs L2, which makes one exit, which L1 handles by skipping the instruction */
CODE_OF(nested, LOOP("", " mov %r9, %rax\n vmrun\n addq $2, 0x578(%r9)\n"))
CODE_OF(l2, "1: xor %eax, %eax\n cpuid\n jmp 1b\n")
/* interrupts: end-of-interrupt, back */
CODE_OF(isr, " push %rax\n push %rcx\n push %rdx\n mov $0x80b, %ecx\n xor %eax, %eax\n"
	     " xor %edx, %edx\n wrmsr\n pop %rdx\n pop %rcx\n pop %rax\n iretq\n")
CODE_OF(fault, " mov $0x500, %edx\n out %al, (%dx)\n hlt\n")

static const struct kind {
	const char *name, *code, *end;
	bool irqchip;
} kinds[] = {
#define KIND(name, irqchip)                                                                        \
	{                                                                                          \
#name, code_##name, code_##name##_end, irqchip                                     \
	}
	KIND(cpuid, false), KIND(out, false),	  KIND(in, false),     KIND(rdmsr, false),
	KIND(wrmsr, false), KIND(vmmcall, false), KIND(vmcall, false), KIND(mmio, false),
	KIND(touch, false), KIND(pause, false),	  KIND(hlt, true),     KIND(spin, false),
	KIND(mix, true),    KIND(nested, false),
};

static struct {
	const struct kind *kind;
	long count, vcpus, vms, rounds, spin, ticks;
	bool wait, one_thread;
	int kvm;
	struct kvm_cpuid2 *cpuid;
} o = { &kinds[0], 1000, 1, 1, 1, 0, 10000, false, false, -1, NULL };

struct stats {
	uint64_t exits, poll_ns;
};

struct vcpu {
	struct vm *vm;
	int fd, stats_fd, id, tid;
	struct kvm_run *run;
	struct stats before, after;
	uint64_t user_exits;
	pthread_t thread;
};

struct vm {
	int fd, number;
	uint8_t *low, *touch;
	struct vcpu vcpu[MAX_VCPUS];
};

/* ---- KVM's own statistics (Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD)
 * -------------------*/

static struct stats read_stats(int fd)
{
	struct kvm_stats_header h;
	struct stats s = {};

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h))
		err(1, "reading KVM's statistics");
	for (uint32_t i = 0; i < h.num_desc; i++) {
		char buf[sizeof(struct kvm_stats_desc) + 256];
		struct kvm_stats_desc *d = (void *)buf;
		size_t size = sizeof(*d) + h.name_size;
		uint64_t value;

		if (pread(fd, buf, size, h.desc_offset + i * size) != (ssize_t)size ||
		    pread(fd, &value, sizeof(value), h.data_offset + d->offset) != sizeof(value))
			err(1, "reading KVM's statistics");
		if (!strcmp(d->name, "exits"))
			s.exits = value;
		else if (!strcmp(d->name, "halt_poll_success_ns") ||
			 !strcmp(d->name, "halt_poll_fail_ns"))
			s.poll_ns += value;
	}
	return s;
}

/* ---- building a VM
 * -----------------------------------------------------------------------------*/

static void put_page_tables(uint8_t *low)
{
	uint64_t *pd = (void *)(low + PD);

	*(uint64_t *)(low + PML4) = PDPT | 3;
	((uint64_t *)(low + PDPT))[0] = PD | 3;
	for (uint64_t i = 0; i < 512; i++)
		pd[i] = i << 21 | 0x83;
}

static void put_gate(uint8_t *low, int vector, uint64_t handler)
{
	uint64_t *gate = (uint64_t *)(low + IDT) + 2 * vector;

	gate[0] = (handler & 0xffff) | 8ULL << 16 | 0x8eULL << 40 | (handler >> 16 & 0xffff) << 48;
	gate[1] = handler >> 32;
}

static void put_memory(struct vm *vm)
{
	memcpy(vm->low + CODE, o.kind->code, o.kind->end - o.kind->code);
	memcpy(vm->low + L2_CODE, code_l2, code_l2_end - code_l2);
	memcpy(vm->low + ISR, code_isr, code_isr_end - code_isr);
	memcpy(vm->low + FAULT, code_fault, code_fault_end - code_fault);
	put_page_tables(vm->low);
	((uint64_t *)(vm->low + GDT))[1] = 0x00af9b000000ffff;
	((uint64_t *)(vm->low + GDT))[2] = 0x00cf93000000ffff;
	for (int i = 0; i < 256; i++)
		put_gate(vm->low, i, i < 32 ? FAULT : ISR);
}

static uint8_t *add_slot(struct vm *vm, int slot, uint64_t gpa, size_t size)
{
	uint8_t *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct kvm_userspace_memory_region r = { .slot = slot,
						 .guest_phys_addr = gpa,
						 .memory_size = size,
						 .userspace_addr = (uintptr_t)mem };

	if (mem == MAP_FAILED)
		err(1, "mmap");
	madvise(mem, size, MADV_NOHUGEPAGE);
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		err(1, "KVM_SET_USER_MEMORY_REGION");
	return mem;
}

static size_t touch_size(void)
{
	return o.kind->code == code_touch ? (size_t)o.vcpus * (o.count ?: 1) * 4096 : 0;
}

/* AMD's VMCB: L2 is L1 over again, at L2_CODE; it may do all but CPUID (and VMRUN, as it must). */
static void put_vmcb(struct vcpu *c)
{
	uint8_t *vmcb = c->vm->low + VMCB + c->id * 0x1000;
	static const struct {
		uint16_t offset, selector, attributes;
	} segments[] = { { 0x400, 16, 0xc93 },
			 { 0x410, 8, 0xa9b },
			 { 0x420, 16, 0xc93 },
			 { 0x430, 16, 0xc93 } };

	memset(vmcb, 0, 0x1000);
	*(uint32_t *)(vmcb + 0x00c) = 1 << 18; /* intercept CPUID */
	*(uint32_t *)(vmcb + 0x010) = 1 << 0;  /* intercept VMRUN */
	*(uint32_t *)(vmcb + 0x058) = 1;       /* ASID */
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		*(uint16_t *)(vmcb + segments[i].offset) = segments[i].selector;
		*(uint16_t *)(vmcb + segments[i].offset + 2) = segments[i].attributes;
		*(uint32_t *)(vmcb + segments[i].offset + 4) = 0xffffffff;
	}
	*(uint32_t *)(vmcb + 0x464) = 23; /* GDTR */
	*(uint64_t *)(vmcb + 0x468) = GDT;
	*(uint32_t *)(vmcb + 0x484) = 4095; /* IDTR */
	*(uint64_t *)(vmcb + 0x488) = IDT;
	*(uint64_t *)(vmcb + 0x4d0) = 0x1500;	  /* EFER: SVME LMA LME */
	*(uint64_t *)(vmcb + 0x548) = 0x220;	  /* CR4 */
	*(uint64_t *)(vmcb + 0x550) = PML4;	  /* CR3 */
	*(uint64_t *)(vmcb + 0x558) = 0x80000031; /* CR0 */
	*(uint64_t *)(vmcb + 0x560) = 0x400;	  /* DR7 */
	*(uint64_t *)(vmcb + 0x568) = 0xffff0ff0; /* DR6 */
	*(uint64_t *)(vmcb + 0x570) = 2;	  /* RFLAGS */
	*(uint64_t *)(vmcb + 0x578) = L2_CODE;
	*(uint64_t *)(vmcb + 0x668) = 0x0007040600070406; /* PAT */
}

static void enable_svm(struct vcpu *c)
{
	struct {
		struct kvm_msrs m;
		struct kvm_msr_entry e;
	} msr = { .m.nmsrs = 1, .e = { .index = 0xc0010117, .data = HSAVE + c->id * 0x1000 } };

	put_vmcb(c);
	if (ioctl(c->fd, KVM_SET_MSRS, &msr) != 1)
		err(1, "VM_HSAVE_PA");
}

static void put_registers(struct vcpu *c, long count)
{
	struct kvm_segment cs = {
		.limit = 0xffffffff, .selector = 8, .present = 1, .type = 11, .s = 1, .l = 1, .g = 1
	};
	struct kvm_segment ds = { .limit = 0xffffffff,
				  .selector = 16,
				  .present = 1,
				  .type = 3,
				  .s = 1,
				  .db = 1,
				  .g = 1 };
	struct kvm_regs r = { .rip = CODE,
			      .rflags = 2,
			      .rdi = count,
			      .rsi = o.spin,
			      .r8 = o.ticks,
			      .rsp = STACKS + 0x1000 * (c->id + 1),
			      .r9 = VMCB + 0x1000 * c->id,
			      .rbp = TOUCH + 4096UL * (o.count ?: 1) * c->id };
	struct kvm_sregs s;

	if (ioctl(c->fd, KVM_GET_SREGS, &s) < 0)
		err(1, "KVM_GET_SREGS");
	s.cs = cs;
	s.ds = s.es = s.ss = s.fs = s.gs = ds;
	s.cr0 = 0x80000031;
	s.cr3 = PML4;
	s.cr4 = 0x220;
	s.efer = o.kind->code == code_nested ? 0x1500 : 0x500;
	s.gdt.base = GDT;
	s.gdt.limit = 23;
	s.idt.base = IDT;
	s.idt.limit = 4095;
	if (ioctl(c->fd, KVM_SET_SREGS, &s) < 0 || ioctl(c->fd, KVM_SET_REGS, &r) < 0)
		err(1, "setting registers");
	if (o.kind->code == code_nested)
		enable_svm(c);
}

static void create_vcpu(struct vm *vm, int id)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct vcpu *c = &vm->vcpu[id];

	c->vm = vm;
	c->id = id;
	c->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (long)id);
	if (c->fd < 0)
		err(1, "KVM_CREATE_VCPU");
	c->run = mmap(NULL, ioctl(o.kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		      MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED || ioctl(c->fd, KVM_SET_CPUID2, o.cpuid) < 0)
		err(1, "vCPU");
	if (o.kind->irqchip && ioctl(c->fd, KVM_SET_MP_STATE, &runnable) < 0)
		err(1, "KVM_SET_MP_STATE");
	c->stats_fd = ioctl(c->fd, KVM_GET_STATS_FD, NULL);
}

static struct vm *create_vm(int number)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	vm->number = number;
	vm->fd = ioctl(o.kvm, KVM_CREATE_VM, 0L);
	if (vm->fd < 0 || (o.kind->irqchip && ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) < 0))
		err(1, "creating VM %d", number);
	vm->low = add_slot(vm, 0, 0, LOW_SIZE);
	if (touch_size())
		vm->touch = add_slot(vm, 1, TOUCH, touch_size());
	put_memory(vm);
	for (int i = 0; i < o.vcpus; i++)
		create_vcpu(vm, i);
	return vm;
}

static void destroy_vm(struct vm *vm)
{
	for (int i = 0; i < o.vcpus; i++) {
		munmap(vm->vcpu[i].run, ioctl(o.kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
		close(vm->vcpu[i].stats_fd);
		close(vm->vcpu[i].fd);
	}
	close(vm->fd);
	munmap(vm->low, LOW_SIZE);
	if (vm->touch)
		munmap(vm->touch, touch_size());
	free(vm);
}

/* ---- running it
 * --------------------------------------------------------------------------------*/

static void die_of(struct vcpu *c)
{
	struct kvm_regs r = {};

	ioctl(c->fd, KVM_GET_REGS, &r);
	errx(1, "vCPU %d: unexpected KVM exit %u at rip %#llx, rsp %#llx, rdi %lld, rflags %#llx",
	     c->id, c->run->exit_reason, r.rip, r.rsp, r.rdi, r.rflags);
}

/* Run a vCPU until its guest ends; exits to user space need no more than another KVM_RUN. */
static void run_vcpu(struct vcpu *c, long count)
{
	put_registers(c, count);
	for (;;) {
		if (ioctl(c->fd, KVM_RUN, 0) < 0) {
			if (errno == EINTR)
				continue;
			err(1, "KVM_RUN");
		}
		if (c->run->exit_reason == KVM_EXIT_IO && c->run->io.port == PORT_END)
			return;
		c->user_exits++;
		if (c->run->exit_reason == KVM_EXIT_MMIO ||
		    (c->run->exit_reason == KVM_EXIT_IO && c->run->io.port != PORT_FAULT))
			continue;
		if (c->run->exit_reason == KVM_EXIT_IO) {
			struct kvm_regs r;

			ioctl(c->fd, KVM_GET_REGS, &r);
			errx(1, "the guest faulted at %#lx", *(uint64_t *)(c->vm->low + r.rsp));
		}
		die_of(c);
	}
}

static pthread_barrier_t warm, go, done;

static void *vcpu_thread(void *arg)
{
	struct vcpu *c = arg;
	char name[16];

	snprintf(name, sizeof(name), "CPU %d/KVM", c->id);
	prctl(PR_SET_NAME, name);
	c->tid = syscall(SYS_gettid);
	run_vcpu(c, 0);
	c->before = read_stats(c->stats_fd);
	c->user_exits = 0;
	pthread_barrier_wait(&warm);
	pthread_barrier_wait(&go);
	run_vcpu(c, o.count);
	c->after = read_stats(c->stats_fd);
	pthread_barrier_wait(&done);
	return NULL;
}

static void tell(const char *what)
{
	char line[64];

	if (!o.wait)
		return;
	if (what) {
		puts(what);
		fflush(stdout);
	}
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

static void report(const struct vcpu *c)
{
	printf("{\"pid\":%d,\"vm\":%d,\"vcpu\":%d,\"tid\":%d,\"exits\":%lu,\"poll_ns\":%lu,"
	       "\"user_exits\":%lu}\n",
	       getpid(), c->vm->number, c->id, c->tid, c->after.exits - c->before.exits,
	       c->after.poll_ns - c->before.poll_ns, c->user_exits);
}

static void run_round(struct vm **vm, bool first)
{
	unsigned int threads = o.vms * o.vcpus;

	pthread_barrier_init(&warm, NULL, threads + 1);
	pthread_barrier_init(&go, NULL, threads + 1);
	pthread_barrier_init(&done, NULL, threads + 1);
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++)
			if (pthread_create(&vm[m]->vcpu[i].thread, NULL, vcpu_thread,
					   &vm[m]->vcpu[i]))
				errx(1, "no thread for VM %ld vCPU %d", m, i);
	pthread_barrier_wait(&warm);
	if (first)
		tell("ready");
	pthread_barrier_wait(&go);
	pthread_barrier_wait(&done);
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++)
			pthread_join(vm[m]->vcpu[i].thread, NULL);
}

/* All vCPUs of all rounds on one and the same thread: what a new VM inherits is then most. */
static void run_one_thread(struct vm **vm, bool first)
{
	if (first)
		tell("ready");
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++) {
			struct vcpu *c = &vm[m]->vcpu[i];

			c->tid = syscall(SYS_gettid);
			c->before = read_stats(c->stats_fd);
			run_vcpu(c, o.count);
			c->after = read_stats(c->stats_fd);
		}
}

static void play_round(bool first, bool last)
{
	struct vm **vm = calloc(o.vms, sizeof(*vm));

	for (long m = 0; m < o.vms; m++)
		vm[m] = create_vm(m + 1);
	if (o.one_thread)
		run_one_thread(vm, first);
	else
		run_round(vm, first);
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++)
			report(&vm[m]->vcpu[i]);
	if (last)
		tell("done");
	for (long m = 0; m < o.vms; m++)
		destroy_vm(vm[m]);
	free(vm);
}

static struct kvm_cpuid2 *supported_cpuid(void)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + 256 * sizeof(struct kvm_cpuid_entry2));

	cpuid->nent = 256;
	if (ioctl(o.kvm, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		err(1, "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= 1 << 21; /* x2APIC */
	return cpuid;
}

static void set_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name)) {
			o.kind = &kinds[i];
			return;
		}
	errx(2, "there is no kind '%s'", name);
}

static long number(const char *text, long least, long most)
{
	char *end;
	long n = strtol(text, &end, 0);

	if (*end || n < least || n > most)
		errx(2, "'%s' is not a number from %ld to %ld", text, least, most);
	return n;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = { { "name", required_argument, NULL, 'N' }, {} };
	int c;

	while ((c = getopt_long(argc, argv, "k:n:v:m:r:s:t:wo", options, NULL)) != -1)
		switch (c) {
		case 'k':
			set_kind(optarg);
			break;
		case 'n':
			o.count = number(optarg, 0, 1000000000);
			break;
		case 'v':
			o.vcpus = number(optarg, 1, MAX_VCPUS);
			break;
		case 'm':
			o.vms = number(optarg, 1, MAX_VMS);
			break;
		case 'r':
			o.rounds = number(optarg, 1, 1000000);
			break;
		case 's':
			o.spin = number(optarg, 0, 1000000000);
			break;
		case 't':
			o.ticks = number(optarg, 1, 1000000000);
			break;
		case 'w':
			o.wait = true;
			break;
		case 'o':
			o.one_thread = true;
			break;
		case 'N':
			break; /* for those who read our command line */
		default:
			exit(2);
		}
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	o.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (o.kvm < 0)
		err(1, "/dev/kvm");
	o.cpuid = supported_cpuid();
	for (long r = 0; r < o.rounds; r++)
		play_round(!r, r + 1 == o.rounds);
	return 0;
}
