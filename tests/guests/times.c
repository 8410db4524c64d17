// SPDX-License-Identifier: Apache-2.0
/*
 * times.c - what the VMM itself knows of its threads' times, and what it does to spend some: it
 * sleeps or spins between two KVM_RUNs, pauses its VMs, and has an iothread.
 * May not know about: what guests do, kvm_watcher.
 * To extend: a further time is a member of struct times and a line in report_times().
 *
 * CPU times are CLOCK_THREAD_CPUTIME_ID's, which has no time of other threads in it and goes on in
 * guest mode; others are CLOCK_MONOTONIC's.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kw-guest.h"

#define PAUSE  SIGUSR2
#define FINISH SIGTERM
#define KICK   SIGRTMIN

static struct {
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct vm **vm; /* those of the round; NULL: none */
	bool paused, finished;
} control = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static struct {
	pthread_t thread;
	sem_t go;
	bool stop;
	int tid;
	uint64_t run, idle;
} iothread;

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t wall_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

static uint64_t cpu_ns(void)
{
	return now(CLOCK_THREAD_CPUTIME_ID);
}

/* What a clock says of itself is what the caller gets, not what it asked for. */
static uint64_t spin(long us)
{
	uint64_t start = cpu_ns(), spent;

	do
		spent = cpu_ns() - start;
	while (spent < us * 1000ULL);
	return spent;
}

static void sleep_for(long us)
{
	struct timespec left = { us / 1000000, us % 1000000 * 1000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* ---- a vCPU's thread ---- */

static void add_usage(struct times *t, int sign)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	t->user += sign * (u.ru_utime.tv_sec * 1000000000LL + u.ru_utime.tv_usec * 1000LL);
	t->system += sign * (u.ru_stime.tv_sec * 1000000000LL + u.ru_stime.tv_usec * 1000LL);
}

void start_times(struct vcpu *c)
{
	if (!o.times)
		return;
	c->times = (struct times){ .start = wall_ns(), .cpu = -cpu_ns() };
	add_usage(&c->times, -1);
}

void stop_times(struct vcpu *c)
{
	if (!o.times)
		return;
	add_usage(&c->times, 1);
	c->times.cpu += cpu_ns();
	c->times.end = wall_ns();
}

int timed_run(struct vcpu *c)
{
	struct times *t = &c->times;
	int result, error;

	t->inside_cpu -= cpu_ns();
	t->inside -= wall_ns();
	result = vcpu_ioctl(c, KVM_RUN, 0);
	error = errno;
	t->inside += wall_ns();
	t->inside_cpu += cpu_ns();
	t->runs++;
	errno = error;
	return result;
}

/* What a VMM takes to handle an exit. */
void spend_time(struct vcpu *c)
{
	struct times *t = &c->times;

	if (o.vmm_sleep) {
		t->slept_cpu -= cpu_ns();
		t->slept -= wall_ns();
		sleep_for(o.vmm_sleep);
		t->slept += wall_ns();
		t->slept_cpu += cpu_ns();
		t->sleeps++;
	}
	if (o.vmm_spin) {
		t->spun += spin(o.vmm_spin);
		t->spins++;
	}
}

/* Whether the vCPU may go on; waits while its VM is paused. */
bool may_run(struct vcpu *c)
{
	struct times *t = &c->times;
	bool may;

	if (!o.times)
		return true;
	pthread_mutex_lock(&control.lock);
	if (control.paused && !control.finished) {
		t->paused_cpu -= cpu_ns();
		t->paused -= wall_ns();
		while (control.paused && !control.finished)
			pthread_cond_wait(&control.changed, &control.lock);
		t->paused += wall_ns();
		t->paused_cpu += cpu_ns();
		t->pauses++;
	}
	may = !control.finished;
	pthread_mutex_unlock(&control.lock);
	return may;
}

void report_times(const struct vcpu *c)
{
	const struct times *t = &c->times;

	if (!o.times)
		return;
	printf(",\"times\":{\"start\":%lu,\"end\":%lu,\"cpu\":%lu,\"user\":%ld,\"system\":%ld,"
	       "\"runs\":%lu,\"inside\":%lu,\"inside_cpu\":%lu,",
	       t->start, t->end, t->cpu, t->user, t->system, t->runs, t->inside, t->inside_cpu);
	printf("\"sleeps\":%lu,\"slept\":%lu,\"slept_cpu\":%lu,\"spins\":%lu,\"spun\":%lu,"
	       "\"pauses\":%lu,\"paused\":%lu,\"paused_cpu\":%lu}",
	       t->sleeps, t->slept, t->slept_cpu, t->spins, t->spun, t->pauses, t->paused,
	       t->paused_cpu);
}

/* ---- pausing and ending ---- */

static void ignore(int signal)
{
	(void)signal;
}

/* Take all vCPUs out of KVM_RUN, and keep them from it; or let them in again. */
static void hold(bool out)
{
	for (long m = 0; control.vm && m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++) {
			struct vcpu *c = &control.vm[m]->vcpu[i];

			__atomic_store_n(&c->run->immediate_exit, out, __ATOMIC_SEQ_CST);
			if (out && c->tid)
				syscall(SYS_tgkill, getpid(), c->tid, KICK);
		}
}

static void *control_thread(void *arg)
{
	const sigset_t *signals = arg;
	int signal;

	prctl(PR_SET_NAME, "control");
	for (;;) {
		if (sigwait(signals, &signal))
			errx(1, "sigwait");
		pthread_mutex_lock(&control.lock);
		if (signal == FINISH)
			control.finished = true;
		else
			control.paused = !control.paused;
		hold(control.paused || control.finished);
		pthread_cond_broadcast(&control.changed);
		pthread_mutex_unlock(&control.lock);
	}
	return NULL;
}

/* Before there are other threads: they inherit which signals are not theirs. */
void start_control(void)
{
	static sigset_t signals;
	struct sigaction action = { .sa_handler = ignore };
	pthread_t thread;

	if (!o.times)
		return;
	sigemptyset(&signals);
	sigaddset(&signals, PAUSE);
	sigaddset(&signals, FINISH);
	if (pthread_sigmask(SIG_BLOCK, &signals, NULL) || sigaction(KICK, &action, NULL) ||
	    pthread_create(&thread, NULL, control_thread, &signals))
		errx(1, "no thread that takes signals");
	pthread_detach(thread);
}

/* The VMs that signals are about, from now on. */
void control_vms(struct vm **vm)
{
	pthread_mutex_lock(&control.lock);
	control.vm = vm;
	if (vm)
		hold(control.paused || control.finished);
	pthread_mutex_unlock(&control.lock);
}

/* ---- the iothread ---- */

static void *run_iothread(void *arg)
{
	uint64_t start;

	(void)arg;
	prctl(PR_SET_NAME, "IO iothread0");
	iothread.tid = syscall(SYS_gettid);
	while (sem_wait(&iothread.go))
		;
	start = cpu_ns();
	while (!__atomic_load_n(&iothread.stop, __ATOMIC_ACQUIRE)) {
		uint64_t before;

		if (o.io_busy)
			spin(o.io_busy);
		before = wall_ns();
		if (o.io_idle)
			sleep_for(o.io_idle);
		iothread.idle += wall_ns() - before;
	}
	iothread.run = cpu_ns() - start;
	return NULL;
}

void create_iothread(void)
{
	if (!o.iothread)
		return;
	sem_init(&iothread.go, 0, 0);
	if (pthread_create(&iothread.thread, NULL, run_iothread, NULL))
		errx(1, "no iothread");
}

void start_iothread(void)
{
	if (o.iothread)
		sem_post(&iothread.go);
}

/* Once, after the last round. */
void join_iothread(void)
{
	if (!o.iothread)
		return;
	__atomic_store_n(&iothread.stop, true, __ATOMIC_RELEASE);
	pthread_join(iothread.thread, NULL);
	printf("{\"pid\":%d,\"iothread\":%d,\"run\":%lu,\"idle\":%lu}\n", getpid(), iothread.tid,
	       iothread.run, iothread.idle);
}
