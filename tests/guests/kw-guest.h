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

/* Guest-physical layout, all of it below 1 GiB; what is below LOW_SIZE is also the processor's. */
#define CODE	 0x26000
#define STACKS	 0x30000 /* one page per vCPU, growing down from the next */
#define BOARDS	 0x40000 /* struct board, one page of 4 KiB per vCPU */
#define LOW_SIZE 0x200000
#define TOUCH	 0x20000000UL /* a slot of its own; kinds that have none: a hole */
#define HOLE	 0x3ff00000UL /* in no slot */
#define MAX_SIZE 0x1fe00000UL /* of the slot at TOUCH */

#define EVENT_GPA  (HOLE + 0x2000)
#define TOUCH_SLOT 1

/* What a guest asks of its VMM. */
enum call {
	CALL_NONE,
	CALL_FAULT, /* an exception that it did not expect: die */
	CALL_END,   /* of the run */
	CALL_ROUND, /* of dirty pages */
	CALL_LOWER  /* the interrupt's line */
};

/* By a write of anything to DOOR + 8 * enum call, where the processor has no ports. */
#define DOOR (HOLE + 0x1000)

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
	XEN = 131072,
	BY_SPI = 262144,
	IN_USER_MODE = 524288 /* all of its code, with the right to use ports */
};

#define INJECTS (BY_PIC | BY_IOAPIC | BY_LEVEL | BY_MSI | BY_IRQFD | BY_SIGNALS | BY_SPI)

struct kind {
	const char *name, *code, *end;
	unsigned int flags;
	const char *vmx, *vmx_end; /* of an x86 hypervisor: the same for Intel's processors */
};

struct options {
	const struct kind *kind;
	long count, vcpus, vms, rounds, spin, ticks, pages, ring, drop;
	long ioctls, flips, dest, coalesce, masked, signals;
	long vmm_sleep, vmm_spin, io_busy, io_idle;
	bool wait, one_thread, huge, manual, log, split, spin_wait, times, iothread;
	int kvm;
};

extern struct options o;

/* What a guest and its VMM tell each other, in guest memory. */
struct board {
	uint64_t count[256]; /* of interrupts, by vector (arm64: by number) */
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
	int gic; /* arm64's interrupt controller, a device */
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

size_t page_size(void); /* of the host */
size_t touch_step(void);
void enable(struct vm *vm, unsigned int capability, uint64_t arg, const char *name);

/* ---- of the processor: x86.c, arm64.c, … ---- */

extern const struct kind kinds[];
extern const int kinds_count;
extern const uint32_t arch_return; /* the instruction that returns from a function */

void arch_init(void);		     /* /dev/kvm is open */
void arch_create_vm(struct vm *vm);  /* has no memory and no vCPUs yet */
void arch_put_memory(struct vm *vm); /* below LOW_SIZE */
void arch_create_vcpu(struct vcpu *c);
void arch_complete_vm(struct vm *vm);		     /* has all its vCPUs */
void arch_put_registers(struct vcpu *c, long count); /* a run is to begin */
enum call arch_call(const struct vcpu *c);	     /* what this exit to user space asks for */
bool arch_handle_exit(struct vcpu *c);		     /* false: nothing is known about such exits */
_Noreturn void arch_die(struct vcpu *c);	     /* of such an exit, or of CALL_FAULT */
void arch_flip(struct vm *vm);			     /* --flips */
void arch_do_ioctls(struct vcpu *c);		     /* --ioctls: a known list */

/* for injector.c: a vCPU's interrupt as its kind has it */
void arch_set_routes(struct vm *vm);
void arch_set_irqfd(struct vcpu *c);
void arch_fire(struct vcpu *c);	 /* leaves the line high */
void arch_drop(struct vcpu *c);	 /* … and lowers it, if the guest does not ask for it */
void arch_lower(struct vcpu *c); /* … as the guest asks for */
void arch_nudge(struct vcpu *c); /* another one, so that it looks at its board */
void arch_end(struct vcpu *c);	 /* its last one */

/* ---- one_reg.c, of processors whose registers are set one by one ---- */

extern const uint64_t arch_pc; /* the number of the program counter */

void set_register(struct vcpu *c, uint64_t id, uint64_t value);
uint64_t get_register(struct vcpu *c, uint64_t id);

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

void create_injector(struct vm *vm);
void start_injector(struct vm *vm);
void join_injector(struct vm *vm);
void destroy_injector(struct vm *vm);
void report_injector(const struct vm *vm);

#endif
