// SPDX-License-Identifier: Apache-2.0
/*
 * injector.c - a thread of the VMM that sends a VM's guests a known number of interrupts, each only
 * after the one before has been acknowledged (its EOI is over).
 * May not know about: the guests' code, but for their boards and vectors.
 * To extend: another way of sending is a case in the processor's arch_fire().
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kw-guest.h"

struct injector {
	pthread_t thread;
	int tid;
	uint64_t sent, coalesced, masked, signals;
	uint64_t expected[MAX_VCPUS]; /* acknowledgements */
};

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
		arch_nudge(c);
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
	arch_fire(c);
	arch_drop(c);
	c->vm->injector->sent++;
	c->vm->injector->expected[c->id]++;
	await_acks(c);
}

/* One that stays pending as the guest takes none, and those that KVM makes one of with it. */
static void send_coalescing(struct vcpu *c)
{
	struct injector *i = c->vm->injector;

	command(c, BLOCK);
	arch_fire(c);
	i->sent++;
	i->expected[c->id]++;
	for (; i->coalesced < (uint64_t)o.coalesce; i->coalesced++) {
		if (o.kind->flags & BY_PIC)
			arch_drop(c);
		arch_fire(c);
	}
	arch_drop(c);
	command(c, SERVE);
	await_acks(c);
}

static void send_masked(struct vcpu *c)
{
	struct injector *i = c->vm->injector;

	command(c, BLOCK_MASKED);
	for (; i->masked < (uint64_t)o.masked; i->masked++) {
		arch_fire(c);
		if (o.kind->flags & BY_LEVEL)
			arch_lower(c);
		arch_drop(c);
	}
	command(c, SERVE);
	await_acks(c);
}

static void send_end(struct vcpu *c)
{
	if (o.kind->flags & BY_SIGNALS)
		await_sleep(c);
	arch_end(c);
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
		arch_set_routes(vm);
	for (int i = 0; i < o.vcpus && o.kind->flags & BY_IRQFD; i++)
		arch_set_irqfd(&vm->vcpu[i]);
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
