/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kw-guest.h - what the parts of the test guest share: its options, its VMs, their memory.
 * May not know about: kvm_watcher.
 * To extend: an option is a member of struct options, a property of a kind a flag.
 */
#ifndef KW_GUEST_H
#define KW_GUEST_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_VCPUS 16
#define MAX_VMS	  1000
#define MAX_STATS 256

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB (21 << 26)
#endif

/* Guest-physical layout; all of the first GiB but IOAPIC is identity-mapped by 2 MiB pages. */
#define PML4	   0x1000
#define PDPT	   0x2000
#define PD	   0x3000
#define GDT	   0x4000
#define IDT	   0x5000
#define VMCB	   0x6000  /* one page per vCPU */
#define HSAVE	   0x16000 /* one page per vCPU */
#define CODE	   0x26000
#define L2_CODE	   0x27000
#define ISR	   0x28000
#define FAULT	   0x29000
#define STACKS	   0x30000 /* one page per vCPU, growing down from the next */
#define BOARDS	   0x40000 /* struct board, one page per vCPU */
#define STUBS	   0x50000 /* 32 bytes of code per vector, where the guest counts */
#define TAIL	   0x54000 /* and what they go on with: end of interrupt by the LAPIC, */
#define TAIL_PIC   0x54100 /* by the PIC, */
#define TAIL_LOW   0x54200 /* by the LAPIC after the line has been lowered */
#define TAIL_TWICE 0x54300 /* one that has been taken before */
#define LOW_SIZE   0x200000
#define IOAPIC	   0x1fe00000UL /* mapped to IOAPIC_GPA */
#define TOUCH	   0x20000000UL /* a slot of its own; kinds that have none: a hole */
#define HOLE	   0x3ff00000UL /* in no slot */
#define MAX_SIZE   0x1fe00000UL /* of the slot at TOUCH */

#define IOAPIC_GPA 0xfec00000UL
#define EVENT_GPA  (HOLE + 0x2000)
#define TOUCH_SLOT 1

#define PORT_FAULT 0x500
#define PORT_END   0x501
#define PORT_ROUND 0x502
#define PORT_LOWER 0x503

#define PIC_PIN	     5
#define PIC_BASE     0x20
#define IOAPIC_PINS  10	  /* that of vCPU 0 */
#define IOAPIC_BASE  0x60 /* the vector of vCPU 0 */
#define MSI_GSI	     24	  /* that of vCPU 0 */
#define MSI_VECTOR   0x70
#define END_VECTOR   0xf0
#define NUDGE_VECTOR 0xf1

enum {
	IRQCHIP = 1,	    /* has KVM's interrupt controllers */
	TOUCHES = 2,	    /* COUNT pages of its own, on each vCPU */
	DIRTIES = 4,	    /* PAGES pages of its own, logged when dirty */
	NESTS = 8,	    /* is a hypervisor */
	EVENT = 16,	    /* has an eventfd at EVENT_GPA, for writes of 4 bytes */
	EVENT_LENGTH0 = 32, /* the same, for writes of any length */
	COUNTS = 64,	    /* counts its interrupts on a board */
	DEADLINE = 128,	    /* its CPUID has the TSC deadline timer */
	BY_PIC = 256,	    /* what the injector sends its interrupts by */
	BY_IOAPIC = 512,
	BY_LEVEL = 1024,
	BY_MSI = 2048,
	BY_IRQFD = 4096,
	BY_SIGNALS = 8192,  /* and before each MSI the signals */
	SENDS_IPIS = 16384, /* vCPU 0 to vCPU 1 */
	CALLS = 32768,	    /* makes KVM's hypercalls, and tells on its board what they returned */
	HYPERV = 65536,
	XEN = 131072
};

#define INJECTS (BY_PIC | BY_IOAPIC | BY_LEVEL | BY_MSI | BY_IRQFD | BY_SIGNALS)

struct kind {
	const char *name, *code, *end;
	unsigned int flags;
};

struct options {
	const struct kind *kind;
	long count, vcpus, vms, rounds, spin, ticks, pages, ring, drop;
	long ioctls, flips, dest, coalesce, masked, signals;
	long vmm_sleep, vmm_spin, io_busy, io_idle;
	bool wait, one_thread, huge, manual, log, split, spin_wait, times, iothread;
	int kvm;
	struct kvm_cpuid2 *cpuid;
};

extern struct options o;

/* What a guest and its VMM tell each other, in guest memory; the guest's r9 points to it. */
struct board {
	uint64_t count[256]; /* of interrupts, by vector */
	uint64_t command;    /* one of enum command */
	uint64_t obeyed;     /* the command that the guest obeys */
	uint64_t spin;	     /* rather than to halt */
	uint64_t acked;	     /* interrupts, after their EOI */
	uint64_t id;	     /* of the vCPU */
	uint64_t up;	     /* the setup is done */
	uint64_t rounds;     /* of hypercalls */
	uint64_t twice;	     /* interrupts that the host has delivered once more */
	uint64_t unused[8];
	uint64_t returned[16]; /* by hypercalls of the last round */
};

enum command {
	SERVE,	     /* take interrupts */
	BLOCK,	     /* stay awake with interrupts disabled */
	BLOCK_MASKED /* the same, after the pin has been masked for good */
};

/* what the dirty pages' log has told */
struct dirty {
	uint64_t *found;    /* bitmap: in this round */
	uint32_t *distinct; /* for each round: how many */
	long rounds;
	struct kvm_dirty_gfn *ring;
	uint64_t next; /* of the ring's entries, ever growing */
};

/* what a vCPU's thread knows of its times, ns */
struct times {
	uint64_t start, end;	     /* of the run */
	uint64_t cpu;		     /* all that it had of a CPU, guest mode included */
	int64_t user, system;	     /* of it, as the kernel counts it */
	uint64_t inside, inside_cpu; /* in KVM_RUN: passed, and had of a CPU */
	uint64_t slept, slept_cpu;   /* as --vmm-sleep has it */
	uint64_t spun;		     /* on a CPU, as --vmm-spin has it */
	uint64_t paused, paused_cpu; /* as a signal had it */
	uint64_t runs, sleeps, spins, pauses;
};

struct vcpu {
	struct vm *vm;
	int fd, stats_fd, id, tid;
	struct kvm_run *run;
	uint64_t *before, *after; /* values of stats */
	uint64_t user_exits;
	uint64_t interrupted; /* how often KVM_RUN was, by signals */
	struct dirty dirty;
	struct times times;
	pthread_t thread;
};

struct vm {
	int fd, number, event;
	int irqfd[MAX_VCPUS];
	struct ledger *ledger;
	struct injector *injector;
	uint8_t *low, *touch;
	struct vcpu vcpu[MAX_VCPUS];
};

static inline struct board *board_of(const struct vcpu *c)
{
	return (void *)(c->vm->low + BOARDS + 0x1000 * c->id);
}

/* ---- ledger.c ---- */

enum scope { SYSTEM, VM, VCPU, DEVICE };

/* vm may be NULL, as nothing is noted then */
int noted_ioctl(struct vm *vm, enum scope scope, int fd, unsigned long request, unsigned long arg);
#define system_ioctl(vm, request, arg) noted_ioctl(vm, SYSTEM, o.kvm, request, (unsigned long)(arg))
#define vm_ioctl(vm, request, arg)     noted_ioctl(vm, VM, (vm)->fd, request, (unsigned long)(arg))
#define vcpu_ioctl(c, request, arg)                                                                \
	noted_ioctl((c)->vm, VCPU, (c)->fd, request, (unsigned long)(arg))
#define device_ioctl(vm, fd, request, arg)                                                         \
	noted_ioctl(vm, DEVICE, fd, request, (unsigned long)(arg))

void start_ledger(struct vm *vm);

void report_ledger(struct vm *vm);
/* Do each of a known list of ioctls o.ioctls times. */
void do_ioctls(struct vm *vm);

/* ---- times.c: all without effect unless it is asked for ---- */

void start_times(struct vcpu *c);
void stop_times(struct vcpu *c);
int timed_run(struct vcpu *c);
void spend_time(struct vcpu *c);
bool may_run(struct vcpu *c);
void report_times(const struct vcpu *c);

void start_control(void);
void control_vms(struct vm **vm);

void create_iothread(void);
void start_iothread(void);
void join_iothread(void);

/* ---- injector.c ---- */

void set_routes(struct vm *vm);
void set_line(struct vm *vm, int gsi, int level);
void create_injector(struct vm *vm);
void start_injector(struct vm *vm);
void join_injector(struct vm *vm);
void destroy_injector(struct vm *vm);
void report_injector(const struct vm *vm);

#endif
