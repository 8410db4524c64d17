// SPDX-License-Identifier: Apache-2.0
/*
 * injector.c - a thread of the VMM that sends a VM's guests a known number of interrupts, each only
 * after the one before has been acknowledged (its EOI is over).
 * May not know about: the guests' code, but for their boards and vectors.
 * To extend: another way of sending is a case in fire().
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kw-guest.h"

#define VCPUS 8 /* that have pins and GSIs of their own */

struct injector {
	pthread_t thread;
	int tid;
	uint64_t sent, coalesced, masked, signals;
	uint64_t expected[MAX_VCPUS]; /* acknowledgements */
};

/* ---- routes and lines ---- */

/* PIC and IOAPIC have no GSI in common: each interrupt goes to but one of them. */
void set_routes(struct vm *vm)
{
	struct {
		struct kvm_irq_routing r;
		struct kvm_irq_routing_entry e[1 + 2 * VCPUS];
	} routes = { .r.nr = 1 + 2 * VCPUS };
	struct kvm_irq_routing_entry *e = routes.r.entries;

	*e++ = (struct kvm_irq_routing_entry){ .gsi = PIC_PIN,
					       .type = KVM_IRQ_ROUTING_IRQCHIP,
					       .u.irqchip = { .irqchip = KVM_IRQCHIP_PIC_MASTER,
							      .pin = PIC_PIN } };
	for (int i = 0; i < VCPUS; i++) {
		*e++ = (struct kvm_irq_routing_entry){ .gsi = IOAPIC_PINS + i,
						       .type = KVM_IRQ_ROUTING_IRQCHIP,
						       .u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC,
								      .pin = IOAPIC_PINS + i } };
		*e++ = (struct kvm_irq_routing_entry){
			.gsi = MSI_GSI + i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = { .address_lo = 0xfee00000 | i << 12, .data = MSI_VECTOR }
		};
	}
	if (vm_ioctl(vm, KVM_SET_GSI_ROUTING, &routes) < 0 && o.kind->flags & IRQCHIP)
		err(1, "KVM_SET_GSI_ROUTING");
}

void set_line(struct vm *vm, int gsi, int level)
{
	struct kvm_irq_level l = { .irq = gsi, .level = level };

	if (vm_ioctl(vm, KVM_IRQ_LINE, &l) < 0)
		err(1, "KVM_IRQ_LINE");
}

static void set_irqfd(struct vcpu *c)
{
	struct kvm_irqfd irq = { .fd = eventfd(0, EFD_CLOEXEC),
				 .gsi = (o.kind->flags & BY_IOAPIC ? IOAPIC_PINS : MSI_GSI) +
					c->id };

	if ((int)irq.fd < 0 || vm_ioctl(c->vm, KVM_IRQFD, &irq) < 0)
		err(1, "KVM_IRQFD");
	c->vm->irqfd[c->id] = irq.fd;
}

static void send_msi(struct vcpu *c, int vector)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000 | c->id << 12, .data = vector };

	if (vm_ioctl(c->vm, KVM_SIGNAL_MSI, &msi) < 0)
		err(1, "KVM_SIGNAL_MSI");
}

static void write_irqfd(struct vcpu *c)
{
	uint64_t one = 1;

	if (write(c->vm->irqfd[c->id], &one, sizeof(one)) != sizeof(one))
		err(1, "eventfd");
}

/* The line is left high: where only level counts the guest has it lowered, else drop() does it. */
static void fire(struct vcpu *c)
{
	unsigned int flags = o.kind->flags;

	if (flags & BY_PIC)
		set_line(c->vm, PIC_PIN, 1);
	else if (flags & BY_IRQFD)
		write_irqfd(c);
	else if (flags & (BY_IOAPIC | BY_LEVEL))
		set_line(c->vm, IOAPIC_PINS + c->id, 1);
	else
		send_msi(c, MSI_VECTOR);
}

static void drop(struct vcpu *c)
{
	if (o.kind->flags & BY_PIC)
		set_line(c->vm, PIC_PIN, 0);
	else if ((o.kind->flags & (BY_IOAPIC | BY_IRQFD)) == BY_IOAPIC)
		set_line(c->vm, IOAPIC_PINS + c->id, 0);
}

/* ---- the handshake ---- */

static void await(const uint64_t *word, uint64_t value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		usleep(20);
}

static void await_acks(struct vcpu *c)
{
	await(&board_of(c)->acked, c->vm->injector->expected[c->id]);
}

static void command(struct vcpu *c, enum command what)
{
	struct board *b = board_of(c);

	__atomic_store_n(&b->command, what, __ATOMIC_RELEASE);
	if (what != SERVE) {
		send_msi(c, NUDGE_VECTOR);
		c->vm->injector->expected[c->id]++;
	}
	await(&b->obeyed, what);
}

/* ---- signals ---- */

static char state_of(int tid)
{
	char path[64], line[256] = "", *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	if (!f || !fgets(line, sizeof(line), f))
		err(1, "%s", path);
	fclose(f);
	p = strrchr(line, ')');
	return p ? p[2] : 0;
}

static void await_sleep(struct vcpu *c)
{
	while (state_of(c->tid) != 'S')
		usleep(20);
}

/* Each ends the sleep of a vCPU that halts, which KVM_RUN then goes on with. */
static void send_signals(struct vcpu *c)
{
	for (long i = 0; i < o.signals; i++) {
		uint64_t interrupted = __atomic_load_n(&c->interrupted, __ATOMIC_ACQUIRE);

		await_sleep(c);
		if (syscall(SYS_tgkill, getpid(), c->tid, SIGUSR1))
			err(1, "tgkill");
		await(&c->interrupted, interrupted + 1);
		c->vm->injector->signals++;
	}
	await_sleep(c);
}

static void ignore(int signal)
{
	(void)signal;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = ignore };

	if (sigaction(SIGUSR1, &action, NULL))
		err(1, "sigaction");
}

/* ---- what is sent ---- */

static void send_one(struct vcpu *c)
{
	if (o.kind->flags & BY_SIGNALS)
		send_signals(c);
	fire(c);
	drop(c);
	c->vm->injector->sent++;
	c->vm->injector->expected[c->id]++;
	await_acks(c);
}

/* One that stays pending as the guest takes none, and those that KVM makes one of with it. */
static void send_coalescing(struct vcpu *c)
{
	struct injector *i = c->vm->injector;

	command(c, BLOCK);
	fire(c);
	i->sent++;
	i->expected[c->id]++;
	for (; i->coalesced < (uint64_t)o.coalesce; i->coalesced++) {
		if (o.kind->flags & BY_PIC)
			drop(c);
		fire(c);
	}
	drop(c);
	command(c, SERVE);
	await_acks(c);
}

static void send_masked(struct vcpu *c)
{
	struct injector *i = c->vm->injector;

	command(c, BLOCK_MASKED);
	for (; i->masked < (uint64_t)o.masked; i->masked++) {
		fire(c);
		if (o.kind->flags & BY_LEVEL)
			set_line(c->vm, IOAPIC_PINS + c->id, 0);
		drop(c);
	}
	command(c, SERVE);
	await_acks(c);
}

static void send_end(struct vcpu *c)
{
	if (o.kind->flags & BY_SIGNALS)
		await_sleep(c);
	send_msi(c, END_VECTOR);
}

static struct vcpu *target(struct vm *vm, long i)
{
	if (o.kind->flags & BY_PIC)
		return &vm->vcpu[0];
	return &vm->vcpu[o.dest >= 0 ? o.dest : i % o.vcpus];
}

static void *injector_thread(void *arg)
{
	struct vm *vm = arg;

	prctl(PR_SET_NAME, "injector");
	vm->injector->tid = syscall(SYS_gettid);
	for (int i = 0; i < o.vcpus; i++)
		await(&board_of(&vm->vcpu[i])->up, 1);
	for (long i = 0; i < o.count; i++)
		send_one(target(vm, i));
	if (o.coalesce)
		send_coalescing(target(vm, 0));
	if (o.masked)
		send_masked(target(vm, 0));
	for (int i = 0; i < o.vcpus; i++)
		send_end(&vm->vcpu[i]);
	return NULL;
}

void create_injector(struct vm *vm)
{
	if (!(o.kind->flags & INJECTS))
		return;
	vm->injector = calloc(1, sizeof(*vm->injector));
	if (!o.split)
		set_routes(vm);
	for (int i = 0; i < o.vcpus && o.kind->flags & BY_IRQFD; i++)
		set_irqfd(&vm->vcpu[i]);
	if (o.kind->flags & BY_SIGNALS)
		catch_signals();
}

/* In a run of 0 no guest waits for it. */
void start_injector(struct vm *vm)
{
	if (vm->injector && o.count &&
	    pthread_create(&vm->injector->thread, NULL, injector_thread, vm))
		errx(1, "no thread for the injector of VM %d", vm->number);
}

void join_injector(struct vm *vm)
{
	if (vm->injector && o.count)
		pthread_join(vm->injector->thread, NULL);
}

void destroy_injector(struct vm *vm)
{
	for (int i = 0; i < o.vcpus && o.kind->flags & BY_IRQFD; i++)
		close(vm->irqfd[i]);
	free(vm->injector);
}

void report_injector(const struct vm *vm)
{
	const struct injector *i = vm->injector;

	if (i)
		printf(",\"injector\":%d,\"sent\":%lu,\"coalesced\":%lu,\"masked\":%lu,"
		       "\"signals\":%lu",
		       i->tid, i->sent, i->coalesced, i->masked, i->signals);
}
