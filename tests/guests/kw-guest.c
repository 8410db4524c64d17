// SPDX-License-Identifier: Apache-2.0
/*
 * kw-guest.c - a tiny VMM whose guests make exactly N exits of one kind on each vCPU, so that
 * what a watcher counts can be checked to the last exit.
 * May not know about: kvm_watcher. Needs nothing but /dev/kvm and libc.
 * To extend: a kind is a piece of guest code and a line in kinds[], both in guest_code.h.
 *
 *   kw-guest [-k KIND] [-n COUNT] [-v VCPUS] [-m VMS] [-r ROUNDS] [-s SPIN] [-t TICKS] [-w] [-o]
 *            [--name NAME] [--huge] [--pages P] [--manual | --ring ENTRIES]
 *            [--drop K] [--log] [--ioctls K] [--spin-wait] [--dest VCPU] [--coalesce C]
 *            [--masked M] [--signals S] [--flips K] [--split]
 *            [--times] [--vmm-sleep US] [--vmm-spin US] [--iothread BUSY_US,IDLE_US]
 *
 *   -s       spins before each exit
 *   -t       ticks that a halt waits for its timer
 *   -o       one and the same thread runs all vCPUs
 *   --name   is for those who read our command line
 *   --huge   kinds that touch memory do so in steps of 2 MiB, on huge pages
 *   --pages, --manual, --ring   see the kind dirty
 *   --log    then the VMM turns on logging of the touched memory, so that KVM splits huge pages
 *   --flips K  before the vCPUs run, the VMM gives each VM reasons to do without APICv, and takes
 *            them away again, K times each: a debugged vCPU that takes no interrupts, and, of a VM
 *            with interrupt controllers, a PIT whose ticks are reinjected (and that once at first)
 *   --split  KVM has the local APICs, the VMM would have the other controllers (kind msi)
 *   --ioctls K  the VMM does each ioctl of a list K times (ledger.c), once per VM, before its vCPUs
 *            run; one more line per VM, after those of its vCPUs, says how many ioctls there were
 *            on KVM's file descriptors from "go" on, by scope, request and errno: all threads',
 *            KVM_RUN included
 *   --spin-wait, --dest, --coalesce, --masked, --signals   see the kinds with an injector
 *   --drop K then the VMM takes 8 pages of the touched memory from each VM, K times
 *   --times  each vCPU's record has "times", which its thread took itself, in ns: "start" and "end"
 *            of the run, "cpu" that it had in it, "inside" KVM_RUN (and "inside_cpu"), … (times.c).
 *            SIGUSR2 then pauses the VMs: no thread calls KVM_RUN until the next SIGUSR2. SIGTERM
 *            ends their runs wherever they are (kinds with an injector: not). The three that follow
 *            imply --times
 *   --vmm-sleep US, --vmm-spin US   the VMM sleeps, or is on a CPU, for so long at each exit to
 * user space, but for the one that ends a run
 *   --iothread BUSY_US,IDLE_US   a thread "IO iothread0" of the process is on a CPU and sleeps for
 *            so long in turn, from "go" to the end of all vCPUs' runs; one more line, the last one,
 *            says for how long it was on a CPU, "run", and for how long it slept, "idle"
 *
 * Kinds; each of the COUNT iterations makes one exit of each access that is named here:
 *   cpuid, out, in, rdmsr, wrmsr, vmmcall, vmcall, pause, hlt, and spin, which makes none
 *   mix      CPUID, OUT, IN, RDMSR, a read from a hole in memory, HLT
 *   msrs     RDMSR and WRMSR of 0x8b, 0x277 and 0x1a0
 *   ports    OUT to and IN from the ports 0x3f8, 0x2f8 and 0x70
 *   leaves   CPUID of the leaves 0, 1 and 0x80000000
 *   crs      a write of CR4
 *   mmio     a read from a hole in memory, HOLE, which user space answers
 *   mmior, mmiow   a read from, a write to HOLE + 0x10
 *   mmiok    a read of the IOAPIC, which KVM answers
 *   mmioev   a write to HOLE + 0x2000, which signals an eventfd of 4 bytes
 *   mmioev0  the same, the eventfd is of any length: where KVM can, it does not decode the write
 *   touch, touchr, touchx   a write to, a read from, a call into a page not yet mapped in KVM
 *            but present in the host (without KVM's TDP MMU, one fault maps 8 such pages)
 *   dirty    writes to each of P pages that KVM logs as dirty, and an OUT, upon which the VMM
 *            collects the log: by KVM_GET_DIRTY_LOG, with --manual also by KVM_CLEAR_DIRTY_LOG,
 *            with --ring from the vCPU's ring, each time it is full as well, after which KVM
 *            repeats one fault. "distinct" says how many pages each round found.
 *            All pages have been written to and collected once before the count begins (not so
 *            with -o). One vCPU only.
 *   flood    CPUID of a random leaf at one of 512 addresses, OUT to a random port, a write to a
 *            random page of 512 MiB of hole
 *   nested   VMRUN of an L2 that does CPUID
 *   nestmem  VMRUN of an L2 that writes to a page not yet mapped in KVM and does CPUID; L1 has no
 *            nested paging, so all page faults are the host's to handle
 *   nestcall VMRUN of an L2 that does VMMCALL, which is L1's to handle
 *   timer1, timerd   an expiry of the LAPIC timer, one-shot or TSC deadline, -t ticks ahead; HLT
 *            until then
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
 * Kinds with an injector; COUNT interrupts per VM, not per vCPU, each sent by a thread "injector"
 * of the VMM after the one before has been acknowledged; the vCPUs take turns, or there is --dest:
 *   pic      by the PIC, vector 0x25, always to vCPU 0; the line is raised and lowered
 *   ioapic   by the IOAPIC, edge, vector 0x60 + VCPU, pin 10 + VCPU; the line is raised and lowered
 *   ioapicl  the same, level; raised, and lowered upon an OUT of the guest, before its EOI
 *   msi      by KVM_SIGNAL_MSI, vector 0x70
 *   irqfd    by an eventfd, vector 0x70
 *   irqfdio  by an eventfd to the pins of ioapic, for which KVM uses a work queue
 *   hltsig   as msi, but before each the thread gets S signals (--signals), each when it sleeps
 * The vCPU waits by HLT, with --spin-wait awake. Each one's last interrupt is an MSI of vector
 * 0xf0.
 *   --coalesce C  then one more (also in "sent"), and C while it is pending as the guest, which an
 *            MSI of vector 0xf1 has told to, has its interrupts disabled (ioapic, ioapicl: the
 *            line is not lowered in between)
 *   --masked M  then M while the guest, told in the same way, has masked the pin; it stays so
 * What was sent is "sent", "coalesced", "masked", "signals" of the VM, in the record of each vCPU.
 *
 * The kinds from timer1 on count their interrupts: "vectors", by vector, and "interrupts", all. A
 * "twice" is one that the host delivered once more (see guest_code.h), and in none of those. Those
 * with hypercalls count the "rounds"; "returned" is by which value each one of the last round did.
 *
 * Each kind's own exits aside, a run makes the one that ends it and those of the host's interrupts;
 * hlt, mix and nested also those of the few pages that only their runs use.
 *
 * Each round creates VMS virtual machines, runs all their vCPUs, and destroys them. With -w it
 * prints "ready" when the first round's VMs have run once with a count of 0 (dirty: 1), so that
 * their pages are mapped, waits for a line on stdin, runs, prints one JSON object per vCPU with
 * KVM's own statistics of that span (all that are one number), waits for another line, and only
 * then destroys them.
 *
 * The exit that ends a run (a write to port 0x501) is never followed by an entry.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_code.h"
#include "kw-guest.h"

#define DROP_PAGES 8

struct options o = { .kind = &kinds[0],
		     .count = 1000,
		     .vcpus = 1,
		     .vms = 1,
		     .rounds = 1,
		     .ticks = 10000,
		     .pages = 64,
		     .dest = -1,
		     .kvm = -1 };

/* ---- KVM's own statistics (Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD) ---- */

/* those of a vCPU that are one number each; the same for all vCPUs */
static struct {
	uint32_t count;
	size_t end; /* of the last one */
	struct {
		char name[64];
		size_t offset;
	} of[MAX_STATS];
} stats;

static void learn_stat(const struct kvm_stats_desc *d, size_t offset)
{
	if (d->size != 1)
		return;
	if (stats.count == MAX_STATS)
		errx(1, "KVM has more than %d statistics", MAX_STATS);
	snprintf(stats.of[stats.count].name, sizeof(stats.of[0].name), "%s", d->name);
	stats.of[stats.count++].offset = offset;
	if (stats.end < offset + sizeof(uint64_t))
		stats.end = offset + sizeof(uint64_t);
}

static void learn_stats(int fd)
{
	struct kvm_stats_header h;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h))
		err(1, "reading KVM's statistics");
	for (uint32_t i = 0; i < h.num_desc; i++) {
		char buf[sizeof(struct kvm_stats_desc) + 256] = {};
		struct kvm_stats_desc *d = (void *)buf;
		size_t size = sizeof(*d) + h.name_size;

		if (size > sizeof(buf) ||
		    pread(fd, buf, size, h.desc_offset + i * size) != (ssize_t)size)
			err(1, "reading KVM's statistics");
		learn_stat(d, h.data_offset + d->offset);
	}
}

static uint64_t *read_stats(int fd)
{
	uint64_t *values = calloc(stats.count, sizeof(*values));
	char *buf = malloc(stats.end);

	if (pread(fd, buf, stats.end, 0) != (ssize_t)stats.end)
		err(1, "reading KVM's statistics");
	for (uint32_t i = 0; i < stats.count; i++)
		memcpy(&values[i], buf + stats.of[i].offset, sizeof(*values));
	free(buf);
	return values;
}

static uint64_t stat_delta(const struct vcpu *c, const char *name)
{
	for (uint32_t i = 0; i < stats.count; i++)
		if (!strcmp(stats.of[i].name, name))
			return c->after[i] - c->before[i];
	return 0;
}

/* ---- building a VM ---- */

static void put_page_tables(uint8_t *low)
{
	uint64_t *pd = (void *)(low + PD);

	*(uint64_t *)(low + PML4) = PDPT | 3;
	((uint64_t *)(low + PDPT))[0] = PD | 3;
	for (uint64_t i = 0; i < 512; i++)
		pd[i] = i << 21 | 0x83;
	pd[IOAPIC >> 21] = IOAPIC_GPA | 0x83;
}

static void put_gate(uint8_t *low, int vector, uint64_t handler)
{
	uint64_t *gate = (uint64_t *)(low + IDT) + 2 * vector;

	gate[0] = (handler & 0xffff) | 8ULL << 16 | 0x8eULL << 40 | (handler >> 16 & 0xffff) << 48;
	gate[1] = handler >> 32;
}

static uint64_t tail_of(int vector)
{
	if (o.kind->flags & BY_PIC && vector < PIC_BASE + 8)
		return TAIL_PIC;
	if (o.kind->flags & BY_LEVEL && vector < END_VECTOR)
		return TAIL_LOW;
	return TAIL;
}

/* testb $2, 17(%rsp); jz to TAIL_TWICE; incq vector * 8(%r9); jmp to the tail */
static void put_stub(uint8_t *low, int vector)
{
	uint64_t start = STUBS + 32 * vector;
	uint32_t twice = TAIL_TWICE - (start + 11), counter = vector * sizeof(uint64_t);
	uint32_t away = tail_of(vector) - (start + 23);
	uint8_t *stub = low + start;

	memcpy(stub, (const uint8_t[]){ 0xf6, 0x44, 0x24, 17, 2, 0x0f, 0x84 }, 7);
	memcpy(stub + 7, &twice, 4);
	memcpy(stub + 11, (const uint8_t[]){ 0x49, 0xff, 0x81 }, 3);
	memcpy(stub + 14, &counter, 4);
	stub[18] = 0xe9;
	memcpy(stub + 19, &away, 4);
	put_gate(low, vector, start);
}

static void put_stubs(uint8_t *low)
{
	memcpy(low + TAIL, code_tail, code_tail_end - code_tail);
	memcpy(low + TAIL_PIC, code_tail_pic, code_tail_pic_end - code_tail_pic);
	memcpy(low + TAIL_LOW, code_tail_low, code_tail_low_end - code_tail_low);
	memcpy(low + TAIL_TWICE, code_tail_twice, code_tail_twice_end - code_tail_twice);
	for (int i = 32; i < 256; i++)
		put_stub(low, i);
}

static void put_board(struct vcpu *c)
{
	struct board *b = board_of(c);

	if (!(o.kind->flags & COUNTS))
		return;
	memset(b, 0, sizeof(*b));
	b->id = c->id;
	b->spin = o.spin_wait;
}

static void put_memory(struct vm *vm)
{
	memcpy(vm->low + CODE, o.kind->code, o.kind->end - o.kind->code);
	if (o.kind->flags & TOUCHES)
		memcpy(vm->low + L2_CODE, code_l2mem, code_l2mem_end - code_l2mem);
	else if (o.kind->flags & CALLS)
		memcpy(vm->low + L2_CODE, code_l2call, code_l2call_end - code_l2call);
	else
		memcpy(vm->low + L2_CODE, code_l2, code_l2_end - code_l2);
	memcpy(vm->low + ISR, code_isr, code_isr_end - code_isr);
	memcpy(vm->low + FAULT, code_fault, code_fault_end - code_fault);
	put_page_tables(vm->low);
	((uint64_t *)(vm->low + GDT))[1] = 0x00af9b000000ffff;
	((uint64_t *)(vm->low + GDT))[2] = 0x00cf93000000ffff;
	for (int i = 0; i < 256; i++)
		put_gate(vm->low, i, i < 32 ? FAULT : ISR);
	if (o.kind->flags & COUNTS)
		put_stubs(vm->low);
}

static uint8_t *get_memory(size_t size, bool huge)
{
	int flags = huge ? MAP_HUGETLB | MAP_HUGE_2MB : MAP_NORESERVE;
	uint8_t *mem =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);

	if (mem == MAP_FAILED && huge)
		err(1, "no %zu huge pages: echo %zu > /proc/sys/vm/nr_hugepages", size >> 21,
		    o.vms * size >> 21);
	if (mem == MAP_FAILED)
		err(1, "mmap");
	if (!huge)
		madvise(mem, size, MADV_NOHUGEPAGE);
	return mem;
}

static void add_slot(struct vm *vm, int slot, uint64_t gpa, size_t size, uint8_t *mem, int flags)
{
	struct kvm_userspace_memory_region r = { .slot = slot,
						 .flags = flags,
						 .guest_phys_addr = gpa,
						 .memory_size = size,
						 .userspace_addr = (uintptr_t)mem };

	if (vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		err(1, "KVM_SET_USER_MEMORY_REGION");
}

/* How far it is from one page to touch to the next. */
static size_t touch_step(void)
{
	return o.huge ? 2 << 20 : 4096;
}

static size_t touch_size(void)
{
	if (o.kind->flags & TOUCHES)
		return (size_t)o.vcpus * (o.count ?: 1) * touch_step();
	return o.kind->flags & DIRTIES ? o.pages * 4096UL : 0;
}

/* Memory that the host has already, so that KVM need but map it; each page is also a function. */
static void put_touch(struct vm *vm)
{
	size_t size = touch_size();

	if (!size)
		return;
	if (size > MAX_SIZE)
		errx(2, "%s: %zu pages are too many, the most is %zu", o.kind->name,
		     size / touch_step(), MAX_SIZE / touch_step());
	vm->touch = get_memory(size, o.huge);
	for (size_t i = 0; i < size; i += touch_step())
		vm->touch[i] = 0xc3; /* ret */
	add_slot(vm, TOUCH_SLOT, TOUCH, size, vm->touch,
		 o.kind->flags & DIRTIES ? KVM_MEM_LOG_DIRTY_PAGES : 0);
}

static void put_event(struct vm *vm)
{
	struct kvm_ioeventfd e = { .addr = EVENT_GPA, .len = o.kind->flags & EVENT ? 4 : 0 };

	vm->event = -1;
	if (!(o.kind->flags & (EVENT | EVENT_LENGTH0)))
		return;
	vm->event = e.fd = eventfd(0, EFD_CLOEXEC);
	if (vm->event < 0 || vm_ioctl(vm, KVM_IOEVENTFD, &e) < 0)
		err(1, "KVM_IOEVENTFD");
}

static void enable(struct vm *vm, unsigned int capability, uint64_t arg, const char *name)
{
	struct kvm_enable_cap cap = { .cap = capability, .args = { arg } };

	if (vm_ioctl(vm, KVM_ENABLE_CAP, &cap) < 0)
		err(1, "%s", name);
}

static size_t ring_size(void)
{
	return o.ring * sizeof(struct kvm_dirty_gfn);
}

/* What hypercalls need of KVM. */
static void enable_calls(struct vm *vm)
{
	struct kvm_xen_hvm_config xen = { .flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
					  .msr = 0x40000000 }; /* without, KVM ignores it all */
	long exits = vm_ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_EXIT_HYPERCALL);

	if (o.kind->flags & XEN && vm_ioctl(vm, KVM_XEN_HVM_CONFIG, &xen) < 0)
		err(1, "KVM_XEN_HVM_CONFIG");
	if (exits > 0)
		enable(vm, KVM_CAP_EXIT_HYPERCALL, exits, "KVM_CAP_EXIT_HYPERCALL");
}

static void enable_dirty_log(struct vm *vm)
{
	if (o.ring)
		enable(vm, KVM_CAP_DIRTY_LOG_RING, ring_size(), "KVM_CAP_DIRTY_LOG_RING");
	if (o.manual)
		enable(vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE,
		       "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
}

static size_t bitmap_size(void)
{
	return (o.pages + 63) / 64 * sizeof(uint64_t);
}

static void create_dirty(struct vcpu *c)
{
	struct dirty *d = &c->dirty;

	d->found = calloc(1, bitmap_size());
	d->distinct = calloc(o.count + 1, sizeof(*d->distinct));
	if (!d->found || !d->distinct)
		err(1, "%ld rounds", o.count);
	if (!o.ring)
		return;
	d->ring = mmap(NULL, ring_size(), PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
		       KVM_DIRTY_LOG_PAGE_OFFSET * 4096);
	if (d->ring == MAP_FAILED)
		err(1, "the ring of dirty pages");
}

/* AMD's VMCB: L2 is L1 over again, at L2_CODE; it may do all but CPUID, VMMCALL, VMRUN. */
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
	*(uint32_t *)(vmcb + 0x010) = 3 << 0;  /* intercept VMRUN, VMMCALL */
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
	if (vcpu_ioctl(c, KVM_SET_MSRS, &msr) != 1)
		err(1, "VM_HSAVE_PA");
}

static void put_system_registers(struct vcpu *c)
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
	struct kvm_sregs s;

	if (vcpu_ioctl(c, KVM_GET_SREGS, &s) < 0)
		err(1, "KVM_GET_SREGS");
	s.cs = cs;
	s.ds = s.es = s.ss = s.fs = s.gs = ds;
	s.cr0 = 0x80000031;
	s.cr3 = PML4;
	s.cr4 = 0x220;
	s.efer = o.kind->flags & NESTS ? 0x1500 : 0x500;
	s.gdt.base = GDT;
	s.gdt.limit = 23;
	s.idt.base = IDT;
	s.idt.limit = 4095;
	if (vcpu_ioctl(c, KVM_SET_SREGS, &s) < 0)
		err(1, "KVM_SET_SREGS");
}

static void put_registers(struct vcpu *c, long count)
{
	struct kvm_regs r = { .rip = CODE,
			      .rflags = 2,
			      .rdi = count,
			      .rsi = o.spin,
			      .r8 = o.ticks,
			      .rsp = STACKS + 0x1000 * (c->id + 1),
			      .r9 = (o.kind->flags & COUNTS ? BOARDS : VMCB) + 0x1000 * c->id,
			      .rbp = TOUCH + touch_step() * (o.count ?: 1) * c->id,
			      .r12 = touch_step(),
			      .r13 = o.pages,
			      .r14 = c->vm->number * MAX_VCPUS + c->id };

	put_system_registers(c);
	if (vcpu_ioctl(c, KVM_SET_REGS, &r) < 0)
		err(1, "KVM_SET_REGS");
	if (o.kind->flags & NESTS)
		enable_svm(c);
}

static void create_vcpu(struct vm *vm, int id)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct vcpu *c = &vm->vcpu[id];

	c->vm = vm;
	c->id = id;
	c->fd = vm_ioctl(vm, KVM_CREATE_VCPU, id);
	if (c->fd < 0)
		err(1, "KVM_CREATE_VCPU");
	c->run = mmap(NULL, system_ioctl(c->vm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		      MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED || vcpu_ioctl(c, KVM_SET_CPUID2, o.cpuid) < 0)
		err(1, "vCPU");
	if (o.kind->flags & IRQCHIP && vcpu_ioctl(c, KVM_SET_MP_STATE, &runnable) < 0)
		err(1, "KVM_SET_MP_STATE");
	c->stats_fd = vcpu_ioctl(c, KVM_GET_STATS_FD, NULL);
	if (!stats.count)
		learn_stats(c->stats_fd);
	if (o.kind->flags & DIRTIES)
		create_dirty(c);
	put_board(c);
}

static int create_controllers(struct vm *vm)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };

	return o.split ? vm_ioctl(vm, KVM_ENABLE_CAP, &split) : vm_ioctl(vm, KVM_CREATE_IRQCHIP, 0);
}

static struct vm *create_vm(int number)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	vm->number = number;
	vm->fd = system_ioctl(vm, KVM_CREATE_VM, 0);
	if (vm->fd < 0 || (o.kind->flags & IRQCHIP && create_controllers(vm) < 0))
		err(1, "creating VM %d", number);
	if (o.kind->flags & DIRTIES)
		enable_dirty_log(vm);
	if (o.kind->flags & CALLS)
		enable_calls(vm);
	vm->low = get_memory(LOW_SIZE, false);
	add_slot(vm, 0, 0, LOW_SIZE, vm->low, 0);
	put_memory(vm);
	put_touch(vm);
	put_event(vm);
	for (int i = 0; i < o.vcpus; i++)
		create_vcpu(vm, i);
	create_injector(vm);
	return vm;
}

static void destroy_vcpu(struct vcpu *c)
{
	munmap(c->run, system_ioctl(c->vm, KVM_GET_VCPU_MMAP_SIZE, 0));
	if (c->dirty.ring)
		munmap(c->dirty.ring, ring_size());
	close(c->stats_fd);
	close(c->fd);
	free(c->before);
	free(c->after);
	free(c->dirty.found);
	free(c->dirty.distinct);
}

static void destroy_vm(struct vm *vm)
{
	for (int i = 0; i < o.vcpus; i++)
		destroy_vcpu(&vm->vcpu[i]);
	destroy_injector(vm);
	close(vm->fd);
	if (vm->event >= 0)
		close(vm->event);
	munmap(vm->low, LOW_SIZE);
	if (vm->touch)
		munmap(vm->touch, touch_size());
	free(vm);
}

/* ---- dirty pages ---- */

static void collect_ring(struct vcpu *c)
{
	struct dirty *d = &c->dirty;

	for (;; d->next++) {
		struct kvm_dirty_gfn *e = &d->ring[d->next % o.ring];

		if (__atomic_load_n(&e->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY)
			break;
		if (e->slot != TOUCH_SLOT || e->offset >= (uint64_t)o.pages)
			errx(1, "dirty: page %#llx of slot %u", e->offset, e->slot);
		d->found[e->offset / 64] |= 1ULL << e->offset % 64;
		__atomic_store_n(&e->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
	}
	if (vm_ioctl(c->vm, KVM_RESET_DIRTY_RINGS, 0) < 0)
		err(1, "KVM_RESET_DIRTY_RINGS");
}

static void collect_log(struct vcpu *c)
{
	struct kvm_dirty_log get = { .slot = TOUCH_SLOT, .dirty_bitmap = c->dirty.found };
	struct kvm_clear_dirty_log clear = { .slot = TOUCH_SLOT,
					     .num_pages = o.pages,
					     .dirty_bitmap = c->dirty.found };

	if (vm_ioctl(c->vm, KVM_GET_DIRTY_LOG, &get) < 0)
		err(1, "KVM_GET_DIRTY_LOG");
	if (o.manual && vm_ioctl(c->vm, KVM_CLEAR_DIRTY_LOG, &clear) < 0)
		err(1, "KVM_CLEAR_DIRTY_LOG");
}

static void collect(struct vcpu *c)
{
	if (o.ring)
		collect_ring(c);
	else
		collect_log(c);
}

static void end_round(struct vcpu *c)
{
	struct dirty *d = &c->dirty;

	collect(c);
	for (size_t i = 0; i < bitmap_size() / sizeof(uint64_t); i++)
		d->distinct[d->rounds] += __builtin_popcountll(d->found[i]);
	d->rounds++;
	memset(d->found, 0, bitmap_size());
}

/* Forget the round that has made all pages known to KVM. */
static void forget_rounds(struct vcpu *c)
{
	if (c->dirty.rounds)
		c->dirty.distinct[0] = c->dirty.rounds = 0;
}

/* ---- running it ---- */

static void die_of(struct vcpu *c)
{
	struct kvm_regs r = {};

	vcpu_ioctl(c, KVM_GET_REGS, &r);
	errx(1, "vCPU %d: unexpected KVM exit %u at rip %#llx, rsp %#llx, rdi %lld, rflags %#llx",
	     c->id, c->run->exit_reason, r.rip, r.rsp, r.rdi, r.rflags);
}

static void die_of_fault(struct vcpu *c)
{
	struct kvm_regs r;

	vcpu_ioctl(c, KVM_GET_REGS, &r);
	errx(1, "the guest faulted at %#lx", *(uint64_t *)(c->vm->low + r.rsp));
}

#define XEN_RESULT 42

/* Most exits to user space need no more than another KVM_RUN. */
static void handle_exit(struct vcpu *c)
{
	uint32_t reason = c->run->exit_reason, port = c->run->io.port;

	c->user_exits++;
	if (reason == KVM_EXIT_IO && port == PORT_FAULT)
		die_of_fault(c);
	else if (reason == KVM_EXIT_IO && port == PORT_ROUND)
		end_round(c);
	else if (reason == KVM_EXIT_IO && port == PORT_LOWER)
		set_line(c->vm, IOAPIC_PINS + c->id, 0);
	else if (reason == KVM_EXIT_DIRTY_RING_FULL)
		collect(c);
	else if (reason == KVM_EXIT_HYPERCALL)
		c->run->hypercall.ret = 0;
	else if (reason == KVM_EXIT_XEN)
		c->run->xen.u.hcall.result = XEN_RESULT;
	else if (reason != KVM_EXIT_IO && reason != KVM_EXIT_MMIO)
		die_of(c);
}

/* Run a vCPU until its guest ends, or is to end. */
static void run_vcpu(struct vcpu *c, long count)
{
	put_registers(c, count);
	for (;;) {
		if (!may_run(c))
			return;
		if ((o.times ? timed_run(c) : vcpu_ioctl(c, KVM_RUN, 0)) < 0) {
			if (errno != EINTR)
				err(1, "KVM_RUN");
			__atomic_fetch_add(&c->interrupted, 1, __ATOMIC_RELEASE);
			continue;
		}
		if (c->run->exit_reason == KVM_EXIT_IO && c->run->io.port == PORT_END)
			return;
		handle_exit(c);
		spend_time(c);
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
	run_vcpu(c, o.kind->flags & DIRTIES ? 1 : 0);
	forget_rounds(c);
	put_board(c);
	c->before = read_stats(c->stats_fd);
	c->user_exits = c->interrupted = 0;
	pthread_barrier_wait(&warm);
	pthread_barrier_wait(&go);
	start_times(c);
	run_vcpu(c, o.count);
	stop_times(c);
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

static void report_stats(const struct vcpu *c)
{
	printf("\"stats\":{");
	for (uint32_t i = 0; i < stats.count; i++)
		printf("%s\"%s\":%ld", i ? "," : "", stats.of[i].name, c->after[i] - c->before[i]);
	printf("}");
}

static void report_dirty(const struct dirty *d)
{
	printf(",\"distinct\":[");
	for (long i = 0; i < d->rounds; i++)
		printf("%s%u", i ? "," : "", d->distinct[i]);
	printf("]");
}

static void report_board(const struct vcpu *c)
{
	const struct board *b = board_of(c);
	uint64_t all = 0;

	printf(",\"vectors\":{");
	for (int i = 0; i < 256; i++) {
		if (b->count[i])
			printf("%s\"%#x\":%lu", all ? "," : "", i, b->count[i]);
		all += b->count[i];
	}
	printf("},\"interrupts\":%lu,\"twice\":%lu", all, b->twice);
	report_injector(c->vm);
	if (!(o.kind->flags & CALLS))
		return;
	printf(",\"rounds\":%lu,\"returned\":[", b->rounds);
	for (int i = 0; i < 7; i++)
		printf("%s%ld", i ? "," : "", (long)b->returned[i]);
	printf("]");
}

static void report(const struct vcpu *c)
{
	printf("{\"pid\":%d,\"vm\":%d,\"vcpu\":%d,\"tid\":%d,\"exits\":%lu,\"poll_ns\":%lu,"
	       "\"user_exits\":%lu,",
	       getpid(), c->vm->number, c->id, c->tid, stat_delta(c, "exits"),
	       stat_delta(c, "halt_poll_success_ns") + stat_delta(c, "halt_poll_fail_ns"),
	       c->user_exits);
	report_stats(c);
	if (o.kind->flags & DIRTIES)
		report_dirty(&c->dirty);
	if (o.kind->flags & COUNTS)
		report_board(c);
	report_times(c);
	printf("}\n");
}

static void block_interrupts(struct vcpu *c, bool block)
{
	struct kvm_guest_debug d = { .control = block ? KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_BLOCKIRQ
						      : 0 };

	if (vcpu_ioctl(c, KVM_SET_GUEST_DEBUG, &d) < 0)
		err(1, "KVM_SET_GUEST_DEBUG");
}

static void reinject_ticks(struct vm *vm, bool reinject)
{
	struct kvm_reinject_control r = { .pit_reinject = reinject };

	if (vm_ioctl(vm, KVM_REINJECT_CONTROL, &r) < 0)
		err(1, "KVM_REINJECT_CONTROL");
}

static void flip_apicv(struct vm *vm)
{
	struct kvm_pit_config pit = {};
	bool has_pit = o.kind->flags & IRQCHIP;

	if (has_pit && vm_ioctl(vm, KVM_CREATE_PIT2, &pit) < 0)
		err(1, "KVM_CREATE_PIT2");
	for (long i = 0; i < o.flips; i++) {
		block_interrupts(&vm->vcpu[0], true);
		block_interrupts(&vm->vcpu[0], false);
		if (has_pit) {
			reinject_ticks(vm, false);
			reinject_ticks(vm, true);
		}
	}
	if (has_pit)
		reinject_ticks(vm, false);
}

static void start_ioctls(struct vm **vm)
{
	for (long m = 0; m < o.vms && o.ioctls; m++) {
		start_ledger(vm[m]);
		do_ioctls(vm[m]);
	}
	for (long m = 0; m < o.vms && o.flips; m++)
		flip_apicv(vm[m]);
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
	start_ioctls(vm);
	if (first)
		start_iothread();
	pthread_barrier_wait(&go);
	for (long m = 0; m < o.vms; m++)
		start_injector(vm[m]);
	pthread_barrier_wait(&done);
	for (long m = 0; m < o.vms; m++)
		join_injector(vm[m]);
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++)
			pthread_join(vm[m]->vcpu[i].thread, NULL);
}

/* All vCPUs of all rounds on one and the same thread: what a new VM inherits is then most. */
static void run_one_thread(struct vm **vm, bool first)
{
	if (first)
		tell("ready");
	start_ioctls(vm);
	if (first)
		start_iothread();
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++) {
			struct vcpu *c = &vm[m]->vcpu[i];

			c->tid = syscall(SYS_gettid);
			c->before = read_stats(c->stats_fd);
			start_times(c);
			run_vcpu(c, o.count);
			stop_times(c);
			c->after = read_stats(c->stats_fd);
		}
}

/* From now on the touched memory is logged, as when a migration begins. */
static void log_memory(struct vm *vm)
{
	struct kvm_userspace_memory_region r = { .slot = TOUCH_SLOT,
						 .flags = KVM_MEM_LOG_DIRTY_PAGES,
						 .guest_phys_addr = TOUCH,
						 .memory_size = touch_size(),
						 .userspace_addr = (uintptr_t)vm->touch };

	if (vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		err(1, "KVM_SET_USER_MEMORY_REGION");
}

/* Guest memory goes back to the host, as by a balloon; the guest would fault on it again. */
static void drop_memory(struct vm *vm)
{
	for (long i = 0; i < o.drop; i++)
		if (madvise(vm->touch + i * DROP_PAGES * 4096, DROP_PAGES * 4096, MADV_DONTNEED))
			err(1, "madvise");
}

static void play_round(bool first, bool last)
{
	struct vm **vm = calloc(o.vms, sizeof(*vm));

	for (long m = 0; m < o.vms; m++)
		vm[m] = create_vm(m + 1);
	control_vms(vm);
	if (o.one_thread)
		run_one_thread(vm, first);
	else
		run_round(vm, first);
	control_vms(NULL);
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++)
			report(&vm[m]->vcpu[i]);
	for (long m = 0; m < o.vms; m++)
		report_ledger(vm[m]);
	if (last)
		join_iothread();
	for (long m = 0; m < o.vms && o.log; m++)
		log_memory(vm[m]);
	for (long m = 0; m < o.vms && o.drop; m++)
		drop_memory(vm[m]);
	if (last)
		tell("done");
	for (long m = 0; m < o.vms; m++)
		destroy_vm(vm[m]);
	free(vm);
}

/* Hyper-V's leaves in place of KVM's: with both, KVM would be Hyper-V to none. */
static void put_hyperv(struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid2 *hv = calloc(1, sizeof(*hv) + 64 * sizeof(struct kvm_cpuid_entry2));
	uint32_t kept = 0;

	hv->nent = 64;
	if (system_ioctl(NULL, KVM_GET_SUPPORTED_HV_CPUID, hv) < 0)
		err(1, "KVM_GET_SUPPORTED_HV_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function >> 8 != 0x400000)
			cpuid->entries[kept++] = cpuid->entries[i];
	for (uint32_t i = 0; i < hv->nent && kept < 256; i++)
		cpuid->entries[kept++] = hv->entries[i];
	cpuid->nent = kept;
	free(hv);
}

static struct kvm_cpuid2 *supported_cpuid(void)
{
	uint32_t features = 1 << 21 | (o.kind->flags & DEADLINE ? 1 << 24 : 0); /* x2APIC */

	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + 256 * sizeof(struct kvm_cpuid_entry2));

	cpuid->nent = 256;
	if (system_ioctl(NULL, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		err(1, "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= features;
	if (o.kind->flags & HYPERV)
		put_hyperv(cpuid);
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

static void check_injector(void)
{
	unsigned int flags = o.kind->flags;

	if ((flags & INJECTS || flags & SENDS_IPIS) && o.one_thread)
		errx(2, "%s: not on one thread", o.kind->name);
	if (flags & SENDS_IPIS && o.vcpus != 2)
		errx(2, "%s: two vCPUs only", o.kind->name);
	if (flags & INJECTS && o.vcpus > 8)
		errx(2, "%s: 8 vCPUs at most", o.kind->name);
	if (o.dest >= o.vcpus)
		errx(2, "there is no vCPU %ld", o.dest);
	if ((o.dest >= 0 || o.coalesce) && !(flags & INJECTS))
		errx(2, "%s: has no injector", o.kind->name);
	if (o.masked && !(flags & (BY_PIC | BY_IOAPIC | BY_LEVEL)))
		errx(2, "%s: has no pin to mask", o.kind->name);
	if (o.signals && !(flags & BY_SIGNALS))
		errx(2, "%s: sends no signals", o.kind->name);
	if (o.spin_wait && (!(flags & (INJECTS | SENDS_IPIS)) || flags & BY_SIGNALS))
		errx(2, "%s: does not wait spinning", o.kind->name);
}

static void check_options(void)
{
	check_injector();
	if (o.kind->flags & DIRTIES && o.vcpus != 1)
		errx(2, "%s: one vCPU only", o.kind->name);
	if (o.huge && !(o.kind->flags & TOUCHES))
		errx(2, "%s: has no use for huge pages", o.kind->name);
	if (o.drop && (!(o.kind->flags & TOUCHES) || o.drop * DROP_PAGES > o.count * o.vcpus))
		errx(2, "%s: touches too little memory to drop that much", o.kind->name);
	if (o.split && !(o.kind->flags & BY_MSI))
		errx(2, "%s: needs KVM's interrupt controllers", o.kind->name);
	if (o.ring & (o.ring - 1))
		errx(2, "a ring's entries must be a power of two");
	if (o.ring && o.manual)
		errx(2, "--manual and --ring exclude each other");
}

static bool parse_interrupts(int c)
{
	switch (c) {
	case 'W':
		o.spin_wait = true;
		break;
	case 'V':
		o.dest = number(optarg, 0, MAX_VCPUS - 1);
		break;
	case 'C':
		o.coalesce = number(optarg, 1, 1000000);
		break;
	case 'K':
		o.masked = number(optarg, 1, 1000000);
		break;
	case 'S':
		o.signals = number(optarg, 1, 1000000);
		break;
	default:
		return false;
	}
	return true;
}

static void parse_iothread(char *text)
{
	char *comma = strchr(text, ',');

	if (!comma)
		errx(2, "'%s' is not BUSY_US,IDLE_US", text);
	*comma = '\0';
	o.io_busy = number(text, 0, 1000000);
	o.io_idle = number(comma + 1, 0, 1000000);
	o.iothread = true;
}

static bool parse_times(int c)
{
	switch (c) {
	case 'E':
		break;
	case 'Z':
		o.vmm_sleep = number(optarg, 1, 10000000);
		break;
	case 'Y':
		o.vmm_spin = number(optarg, 1, 10000000);
		break;
	case 'X':
		parse_iothread(optarg);
		break;
	default:
		return false;
	}
	o.times = true;
	return true;
}

static bool parse_long(int c)
{
	switch (c) {
	case 'N':
		break; /* for those who read our command line */
	case 'H':
		o.huge = true;
		break;
	case 'P':
		o.pages = number(optarg, 1, MAX_SIZE / 4096);
		break;
	case 'M':
		o.manual = true;
		break;
	case 'R':
		o.ring = number(optarg, 1, 65536);
		break;
	case 'L':
		o.log = true;
		break;
	case 'D':
		o.drop = number(optarg, 1, MAX_SIZE / 4096);
		break;
	case 'I':
		o.ioctls = number(optarg, 1, 1000000);
		break;
	case 'F':
		o.flips = number(optarg, 1, 1000000);
		break;
	case 'T':
		o.split = true;
		break;
	default:
		return parse_interrupts(c) || parse_times(c);
	}
	return true;
}

static void parse_short(int c)
{
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
		o.ticks = number(optarg, 1, UINT32_MAX);
		break;
	case 'w':
		o.wait = true;
		break;
	case 'o':
		o.one_thread = true;
		break;
	default:
		exit(2);
	}
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = { { "name", required_argument, NULL, 'N' },
						 { "huge", no_argument, NULL, 'H' },
						 { "pages", required_argument, NULL, 'P' },
						 { "manual", no_argument, NULL, 'M' },
						 { "ring", required_argument, NULL, 'R' },
						 { "drop", required_argument, NULL, 'D' },
						 { "log", no_argument, NULL, 'L' },
						 { "ioctls", required_argument, NULL, 'I' },
						 { "flips", required_argument, NULL, 'F' },
						 { "split", no_argument, NULL, 'T' },
						 { "spin-wait", no_argument, NULL, 'W' },
						 { "dest", required_argument, NULL, 'V' },
						 { "coalesce", required_argument, NULL, 'C' },
						 { "masked", required_argument, NULL, 'K' },
						 { "signals", required_argument, NULL, 'S' },
						 { "times", no_argument, NULL, 'E' },
						 { "vmm-sleep", required_argument, NULL, 'Z' },
						 { "vmm-spin", required_argument, NULL, 'Y' },
						 { "iothread", required_argument, NULL, 'X' },
						 {} };
	int c;

	while ((c = getopt_long(argc, argv, "k:n:v:m:r:s:t:wo", options, NULL)) != -1)
		if (!parse_long(c))
			parse_short(c);
	check_options();
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	o.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (o.kvm < 0)
		err(1, "/dev/kvm");
	o.cpuid = supported_cpuid();
	start_control();
	create_iothread();
	for (long r = 0; r < o.rounds; r++)
		play_round(!r, r + 1 == o.rounds);
	return 0;
}
