/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * threads.bpf.h - what the threads of VMs' processes, and the vhost workers, ran and waited so
 * far: the kernel's own figures, of those that live and of those that end.
 * May not know about: what vCPUs do, roles, VMs.
 * To extend: see threads.h.
 */
#ifndef KW_TIME_THREADS_BPF_H
#define KW_TIME_THREADS_BPF_H

#include "../../bpf/kw.bpf.h"
#include "threads.h"

/* Processes that have a vCPU, by tgid. User space removes those that are gone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KW_TOO_MANY);
	__type(key, __u32);
	__type(value, __u32);
} time_processes SEC(".maps");

/* Threads that ended; user space removes them once they are final. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct time_thread_key);
	__type(value, struct time_thread);
} time_ended SEC(".maps");

/* A process runs its first vCPU, or another one. */
static __always_inline void time_watch_process(const struct kw_vcpu *v)
{
	__u32 tgid = v->tgid, value = 0;

	if (!(v->flags & KW_VCPU_IGNORED))
		bpf_map_update_elem(&time_processes, &tgid, &value, BPF_ANY);
}

/*
 * A vhost worker that is a kernel thread, in no process, and named after the thread that asked for
 * it. On newer kernels it is a thread of the process, see compat.bpf.h.
 */
static __always_inline bool time_is_vhost_name(const char *name)
{
	return name[0] == 'v' && name[1] == 'h' && name[2] == 'o' && name[3] == 's' &&
	       name[4] == 't' && name[5] == '-';
}

static __always_inline bool time_is_vhost(struct task_struct *task)
{
	char name[6] = {};

	bpf_probe_read_kernel(name, sizeof(name), task->comm);
	return time_is_vhost_name(name);
}

static __always_inline bool time_is_watched(struct task_struct *task)
{
	__u32 tgid = task->tgid;

	if (task->flags & TIME_PF_KTHREAD)
		return time_is_vhost(task);
	return bpf_map_lookup_elem(&time_processes, &tgid);
}

static __always_inline void time_thread_of(struct task_struct *task, struct time_thread *t)
{
	t->key.tid = task->pid;
	t->key.start_ns = task->start_boottime;
	t->tgid = task->tgid;
	t->flags = task->flags;
	t->tgid_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	t->run = BPF_CORE_READ(task, se.sum_exec_runtime);
	if (kw_has_waits(task)) {
		t->waited = BPF_CORE_READ(task, sched_info.run_delay);
		t->slices = BPF_CORE_READ(task, sched_info.pcount);
		t->about = TIME_THREAD_WAITS;
	}
	bpf_probe_read_kernel_str(t->comm, sizeof(t->comm), task->comm);
}

/* Every thread of the host comes here, once per reading. */
SEC("?iter/task")
int time_threads_iter(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct time_thread t = {};

	if (!task || !time_is_watched(task))
		return 0;
	time_thread_of(task, &t);
	bpf_seq_write(ctx->meta->seq, &t, sizeof(t));
	return 0;
}

/* A thread is about to end: nobody finds it any more soon. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(time_thread_exit, struct task_struct *task)
{
	struct time_thread t = {};

	if (!time_is_watched(task))
		return 0;
	time_thread_of(task, &t);
	if (bpf_map_update_elem(&time_ended, &t.key, &t, BPF_ANY))
		kw_lose(KW_LOSS_NO_ROW);
	return 0;
}

/* Its last slice is over, and counted. */
SEC("?tp_btf/sched_process_free")
int BPF_PROG(time_thread_free, struct task_struct *task)
{
	struct time_thread_key key = { .tid = task->pid, .start_ns = task->start_boottime };
	struct time_thread *t = bpf_map_lookup_elem(&time_ended, &key);
	__u64 tgid_ns;

	if (!t)
		return 0;
	tgid_ns = t->tgid_ns; /* the process's first thread may be gone by now */
	time_thread_of(task, t);
	t->tgid_ns = tgid_ns;
	t->about |= TIME_THREAD_FINAL;
	return 0;
}

#endif
