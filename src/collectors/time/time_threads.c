// SPDX-License-Identifier: Apache-2.0
/*
 * time_threads.c - a VM's other threads: what the kernel says that they had so far becomes rows.
 * May not know about: sinks, the command line, what vCPUs do.
 * To extend: a role is a member of enum time_role, a line in role_of() and a name in time.c.
 *
 * A thread's figures count from its start, or, if it is older than this run, from when it was
 * first seen. They stay until the reading after its end.
 */
#define _GNU_SOURCE
#include "../../core/vmident.h"
#include "../../util/cleanup.h"
#include "../../util/grow.h"
#include "../../util/search.h"
#include "threads.h"
#include "time_rows.h"
#include "kvm_watcher.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 65536 /* of what is read at once */

struct figures {
	uint64_t run, waited, slices;
};

struct process {
	uint32_t tgid;
	uint64_t start_ns;
	uint64_t kvm;		 /* the VM that its threads are rows of; 0: none yet */
	uint32_t slot;		 /* with whose rows they come; 0: none */
	uint16_t shown_in;	 /* window */
	bool shown, alive, seen; /* alive: has a slot that has not ended */
};

struct thread {
	struct time_thread now;
	struct figures base, shown; /* where its figures begin; as last shown */
	uint32_t tgid;		    /* process that it works for; 0: not known */
	uint64_t tgid_ns;
	uint32_t vm, role;     /* of the last row */
	uint16_t gone_in;      /* window in which it was found to be gone */
	bool seen, gone, vcpu; /* vcpu: it runs one, or did to its end */
	bool ended;
};

struct time_threads {
	struct bpf_link *iter;
	int processes_fd, ended_fd;
	bool frees;		 /* the kernel tells when a thread's figures are final */
	uint64_t begin_ns;	 /* boot time */
	uint16_t window;	 /* of the next frame */
	struct process *process; /* by tgid and start */
	size_t n_process, process_room;
	struct thread *thread; /* by tid and start */
	size_t n_thread, thread_room;
	struct thread **by_process;
};

static struct figures figures(const struct time_thread *t)
{
	return (struct figures){ t->run, t->waited, t->slices };
}

/* ---- the two tables ---- */

static int compare_processes(const void *key, const void *item)
{
	const struct process *x = key, *y = item;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

/* Where it is, or belongs. */
static size_t place_process(const struct time_threads *t, uint32_t tgid, uint64_t start_ns)
{
	const struct process key = { .tgid = tgid, .start_ns = start_ns };

	return kw_lower_bound(&key, t->process, t->n_process, sizeof(key), compare_processes);
}

static struct process *find_process(const struct time_threads *t, uint32_t tgid, uint64_t start_ns)
{
	size_t i = place_process(t, tgid, start_ns);

	return i < t->n_process && t->process[i].tgid == tgid && t->process[i].start_ns == start_ns
		       ? &t->process[i]
		       : NULL;
}

static struct process *get_process(struct time_threads *t, uint32_t tgid, uint64_t start_ns)
{
	size_t i = place_process(t, tgid, start_ns);

	if (find_process(t, tgid, start_ns))
		return &t->process[i];
	if (!kw_grow(&t->process, t->n_process, &t->process_room, sizeof(*t->process)))
		return NULL;
	memmove(&t->process[i + 1], &t->process[i], (t->n_process++ - i) * sizeof(*t->process));
	t->process[i] = (struct process){ .tgid = tgid, .start_ns = start_ns };
	return &t->process[i];
}

static int compare_threads(const void *key, const void *item)
{
	const struct time_thread_key *x = key, *y = &((const struct thread *)item)->now.key;

	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

static size_t place_thread(const struct time_threads *t, uint32_t tid, uint64_t start_ns)
{
	const struct time_thread_key key = { .tid = tid, .start_ns = start_ns };

	return kw_lower_bound(&key, t->thread, t->n_thread, sizeof(*t->thread), compare_threads);
}

/* The thread of a record; a new one begins at 0 unless it is older than this run. */
static struct thread *get_thread(struct time_threads *t, const struct time_thread *now)
{
	size_t i = place_thread(t, now->key.tid, now->key.start_ns);
	bool kernel = now->flags & TIME_PF_KTHREAD;
	struct thread *thread = &t->thread[i];

	if (i < t->n_thread && thread->now.key.tid == now->key.tid &&
	    thread->now.key.start_ns == now->key.start_ns)
		return thread;
	if (!kw_grow(&t->thread, t->n_thread, &t->thread_room, sizeof(*t->thread)))
		return NULL;
	thread = &t->thread[i];
	memmove(thread + 1, thread, (t->n_thread++ - i) * sizeof(*thread));
	*thread = (struct thread){ .now = *now, .vm = KW_ALL };
	thread->tgid = kernel ? 0 : now->tgid;
	thread->tgid_ns = kernel ? 0 : now->tgid_ns;
	if (now->key.start_ns < t->begin_ns)
		thread->base = figures(now);
	thread->shown = thread->base;
	return thread;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What the kernel says of a thread: of two records the later one may be read first. */
static int absorb(struct time_threads *t, const struct time_thread *now, bool seen)
{
	struct thread *thread = get_thread(t, now);

	if (!thread)
		return -ENOMEM;
	thread->now.run = later(thread->now.run, now->run);
	thread->now.waited = later(thread->now.waited, now->waited);
	thread->now.slices = later(thread->now.slices, now->slices);
	thread->now.flags = now->flags;
	memcpy(thread->now.comm, now->comm, sizeof(now->comm));
	thread->seen |= seen;
	return 0;
}

/* ---- reading ---- */

static int on_record(struct time_threads *t, const struct time_thread *now)
{
	struct process *p;

	if (!(now->flags & TIME_PF_KTHREAD)) {
		p = get_process(t, now->tgid, now->tgid_ns);
		if (!p)
			return -ENOMEM;
		p->seen = true;
	}
	return absorb(t, now, true);
}

/* All that live. A read may end amidst a record. */
static int read_living(struct time_threads *t)
{
	_cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(t->iter));
	_cleanup_free_ char *buf = malloc(CHUNK);
	size_t n = 0, at;
	ssize_t got;
	int err = 0;

	if (fd < 0 || !buf)
		return fd < 0 ? fd : -ENOMEM;
	while (!err && ((got = read(fd, buf + n, CHUNK - n)) > 0 ||
			(got < 0 && (errno == EAGAIN || errno == EINTR)))) {
		n += got > 0 ? got : 0;
		for (at = 0; n - at >= sizeof(struct time_thread) && !err;
		     at += sizeof(struct time_thread))
			err = on_record(t, (const void *)(buf + at));
		memmove(buf, buf + at, n - at);
		n -= at;
	}
	return err ?: got < 0 ? -errno : 0;
}

/* Those that ended: until they are final, they are not gone. */
static int read_ended(struct time_threads *t)
{
	struct time_thread_key key, next;
	bool more = !bpf_map_get_next_key(t->ended_fd, NULL, &next);
	struct time_thread now;
	int err = 0;

	while (more && !err) {
		bool final;

		key = next;
		more = !bpf_map_get_next_key(t->ended_fd, &key, &next);
		if (bpf_map_lookup_elem(t->ended_fd, &key, &now))
			continue;
		final = now.about & TIME_THREAD_FINAL || !t->frees;
		err = absorb(t, &now, !final);
		if (!err)
			get_thread(t, &now)->ended = true;
		if (final)
			bpf_map_delete_elem(t->ended_fd, &key);
	}
	return err;
}

/* ---- whose they are ---- */

/* A vhost worker that is a kernel thread has the name of the thread that asked for it. */
static void find_owner(struct time_threads *t, struct thread *worker)
{
	uint32_t tid = strtoul(worker->now.comm + strlen("vhost-"), NULL, 10);

	for (size_t i = place_thread(t, tid, 0); i < t->n_thread; i++) {
		const struct thread *owner = &t->thread[i];

		if (owner->now.key.tid != tid || owner->now.key.start_ns > worker->now.key.start_ns)
			break;
		if (!(owner->now.flags & TIME_PF_KTHREAD)) {
			worker->tgid = owner->now.tgid;
			worker->tgid_ns = owner->now.tgid_ns;
		}
	}
}

/* A thread that runs a vCPU is none of the others, nor is what it does on its way to its end. */
static void note_vcpu(struct time_threads *t, const struct kw_vcpu *v)
{
	for (size_t i = place_thread(t, v->tid, 0); i < t->n_thread; i++) {
		struct thread *thread = &t->thread[i];

		if (thread->now.key.tid != v->tid)
			break;
		if (thread->tgid == v->tgid)
			thread->vcpu = true;
	}
}

/*
 * The slot with whose rows a process's threads come: the first one of the VM that they came with
 * before, else the first one.
 */
static int note_slot(struct time_threads *t, const struct kw_live *live, uint32_t slot)
{
	const struct kw_vcpu *v = &live->vcpu[slot];
	struct process *p;

	if (!v->born_ns)
		return 0;
	if (v->tid)
		note_vcpu(t, v);
	if (!v->kvm || v->flags & KW_VCPU_IGNORED)
		return 0;
	p = get_process(t, v->tgid, v->start_ns);
	if (!p)
		return -ENOMEM;
	p->seen = true;
	p->alive |= !v->died_ns;
	if (!p->slot || (v->kvm == p->kvm && live->vcpu[p->slot].kvm != p->kvm))
		p->slot = slot;
	return 0;
}

static int note_slots(struct time_threads *t, const struct kw_live *live)
{
	int err = 0;

	for (size_t i = 0; i < t->n_thread; i++)
		t->thread[i].vcpu &= t->thread[i].ended || !t->thread[i].seen;
	for (uint32_t slot = 1; slot < live->n_slots && !err; slot++)
		err = note_slot(t, live, slot);
	for (size_t i = 0; i < t->n_process; i++)
		if (t->process[i].slot)
			t->process[i].kvm = live->vcpu[t->process[i].slot].kvm;
	return err;
}

/* ---- a round of readings ---- */

/* Forget threads whose last figures a frame has shown. */
static void begin_round(struct time_threads *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_thread; i++) {
		struct thread *thread = &t->thread[i];

		if (thread->gone && thread->gone_in != t->window)
			continue;
		thread->seen = false;
		t->thread[n++] = *thread;
	}
	t->n_thread = n;
	for (size_t i = 0; i < t->n_process; i++) {
		t->process[i].seen = t->process[i].alive = false;
		t->process[i].slot = 0;
	}
}

static void forget_processes(struct time_threads *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_process; i++)
		if (t->process[i].seen)
			t->process[n++] = t->process[i];
		else
			bpf_map_delete_elem(t->processes_fd, &t->process[i].tgid);
	t->n_process = n;
}

static int by_process(const void *a, const void *b)
{
	const struct thread *x = *(const struct thread *const *)a;
	const struct thread *y = *(const struct thread *const *)b;

	return x->tgid != y->tgid ? (x->tgid < y->tgid ? -1 : 1)
				  : (x->tgid_ns > y->tgid_ns) - (x->tgid_ns < y->tgid_ns);
}

static int end_round(struct time_threads *t)
{
	struct thread **sorted = reallocarray(t->by_process, t->n_thread + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	t->by_process = sorted;
	for (size_t i = 0; i < t->n_thread; i++) {
		struct thread *thread = &t->thread[i];

		if (!thread->seen && !thread->gone)
			thread->gone_in = t->window;
		thread->gone = !thread->seen;
		if (thread->vcpu)
			thread->base = thread->shown = figures(&thread->now);
		if (!thread->tgid)
			find_owner(t, thread);
		sorted[i] = thread;
	}
	qsort(sorted, t->n_thread, sizeof(*sorted), by_process);
	return 0;
}

int time_threads_refresh(const struct kw_live *live, struct time_threads *t)
{
	int err;

	if (!t->iter)
		return 0;
	t->window = live->bpf->bss->kw_window + !live->interval;
	begin_round(t);
	err = read_living(t) ?: read_ended(t) ?: note_slots(t, live) ?: end_round(t);
	forget_processes(t);
	return err;
}

/* ---- rows ---- */

static enum time_role role_of(const struct time_thread *t)
{
	if (!strncmp(t->comm, "vhost-", strlen("vhost-")))
		return TIME_VHOST;
	if (t->key.tid == t->tgid)
		return TIME_EMULATOR;
	if (t->flags & TIME_PF_USER_WORKER && !strncmp(t->comm, "kvm", strlen("kvm")))
		return TIME_KVM;
	if (!strncmp(t->comm, "IO ", strlen("IO ")) || strstr(t->comm, "iothread"))
		return TIME_IOTHREAD;
	return TIME_WORKER;
}

/* What was shown in another row of it, of another VM or role, is not shown again. */
static int add_row(struct thread *thread, uint32_t vm, struct kw_frame *frame)
{
	const struct time_thread *now = &thread->now;
	uint32_t role = role_of(now);
	struct time_thread_row *row = kw_frame_add(frame);

	if (!row)
		return -ENOMEM;
	if (thread->vm != vm || thread->role != role)
		thread->base = thread->shown;
	thread->vm = vm;
	thread->role = role;
	thread->shown = figures(now);
	row->head = (struct kw_row_head){
		.vm = vm, .vcpu = KW_ALL, .tid = now->key.tid, .born_ns = now->key.start_ns
	};
	row->role = role;
	row->thread = now->key.tid;
	row->unknown = !(now->about & TIME_THREAD_WAITS);
	memcpy(row->comm, now->comm, sizeof(row->comm));
	row->run = now->run - thread->base.run;
	row->waited = now->waited - thread->base.waited;
	row->slices = now->slices - thread->base.slices;
	return 0;
}

static int add_rows(struct time_threads *t, const struct process *p, uint32_t vm,
		    struct kw_frame *frame)
{
	const struct thread wanted = { .tgid = p->tgid, .tgid_ns = p->start_ns }, *w = &wanted;
	size_t i = kw_lower_bound(&w, t->by_process, t->n_thread, sizeof(w), by_process);
	int err = 0;

	for (; i < t->n_thread && !by_process(&w, &t->by_process[i]) && !err; i++)
		if (!t->by_process[i]->vcpu)
			err = add_row(t->by_process[i], vm, frame);
	return err;
}

/*
 * A process's threads come once per frame: with those of its vCPUs that live, or, if none does,
 * with the last rows of the first one.
 */
int time_threads_read(const struct kw_live *live, struct time_threads *t, uint32_t slot,
		      uint32_t vm, struct kw_frame *frame)
{
	const struct kw_vcpu *v = &live->vcpu[slot];
	struct process *p = t->iter ? find_process(t, v->tgid, v->start_ns) : NULL;

	if (!p || p->slot != slot || (p->alive && !live->interval) ||
	    (p->shown && p->shown_in == t->window))
		return 0;
	p->shown = true;
	p->shown_in = t->window;
	return add_rows(t, p, vm, frame);
}

/* ---- opening ---- */

struct watch {
	const struct kw_list *only;
	int fd;
};

static int watch(void *arg, pid_t pid, const struct kw_vm_fds *fds)
{
	const struct watch *w = arg;
	uint32_t tgid = pid, value = 0;
	bool passes = !w->only->n;

	(void)fds;
	for (size_t i = 0; i < w->only->n; i++)
		passes |= w->only->item[i] == tgid;
	return passes && bpf_map_update_elem(w->fd, &tgid, &value, BPF_ANY) ? -errno : 0;
}

/* VMs that are there already: what their threads have now is not of this run. */
static int begin(const struct kw_live *live, struct time_threads *t)
{
	struct watch arg = { &live->filters->pid, t->processes_fd };
	struct timespec now;
	int err = kw_vmm_each(watch, &arg);

	clock_gettime(CLOCK_BOOTTIME, &now);
	t->begin_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	return err ?: time_threads_refresh(live, t);
}

int time_threads_open(const struct kw_live *live, struct time_threads **ret)
{
	const struct bpf_program *iter = live->bpf->progs.time_threads_iter;
	struct time_threads *t = calloc(1, sizeof(*t));

	*ret = t;
	if (!t)
		return -ENOMEM;
	if (bpf_program__fd(iter) < 0) /* this kernel refused it */
		return 0;
	t->processes_fd = bpf_map__fd(live->bpf->maps.time_processes);
	t->ended_fd = bpf_map__fd(live->bpf->maps.time_ended);
	t->frees = bpf_program__fd(live->bpf->progs.time_thread_free) >= 0;
	t->iter = bpf_program__attach_iter(iter, NULL);
	return t->iter ? begin(live, t) : -errno;
}

void time_threads_close(struct time_threads *t)
{
	if (!t)
		return;
	bpf_link__destroy(t->iter);
	free(t->process);
	free(t->thread);
	free(t->by_process);
	free(t);
}
