/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * census.bpf.h - the vCPUs that sleep when counting starts: nothing would tell of them before they
 * wake. Those that run tell of themselves at once.
 * May not know about: names, VMs, other collectors.
 * To extend: it runs before counting starts, so that no other program is in its way.
 *
 * First all files of the host: those of vCPUs say which thread ran them last. Then all threads.
 */
#ifndef KW_CENSUS_BPF_H
#define KW_CENSUS_BPF_H

#include "slots.bpf.h"
#include "threads.bpf.h"

#define TIME_ANON_INODES 0x09041934 /* ANON_INODE_FS_MAGIC of linux/magic.h */

/* "kvm-vcpu:N" among the files without a place in any directory */
static __always_inline bool time_is_vcpu(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	static const char expected[] = "kvm-vcpu:";
	const unsigned char *name;
	char is[sizeof(expected) - 1] = {};

	if (BPF_CORE_READ(dentry, d_sb, s_magic) != TIME_ANON_INODES)
		return false;
	name = BPF_CORE_READ(dentry, d_name.name);
	if (bpf_probe_read_kernel(is, sizeof(is), name))
		return false;
	for (__u32 i = 0; i < sizeof(is); i++)
		if (is[i] != expected[i])
			return false;
	return true;
}

/* What a vCPU sleeps for, if it sleeps: as time_asleep(), but nobody has told its state. */
static __always_inline __u32 time_census_state(struct kw_vcpu *v, struct kvm_vcpu *vcpu)
{
	if (!BPF_CORE_READ(vcpu, mutex.owner.counter)) { /* no thread is in one of its ioctls */
		v->state = KW_ST_VMM;
		return TIME_IDLE;
	}
	v->state = KW_ST_KERNEL;
	return BPF_CORE_READ(vcpu, wait.task) ? TIME_HALTED : TIME_BLOCKED;
}

SEC("?iter/task_file")
int time_census_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct kvm_vcpu *vcpu;
	struct time_slot *s;
	struct kw_vcpu *v;
	__u32 tid;

	if (!task || !file || !time_is_vcpu(file))
		return 0;
	vcpu = BPF_CORE_READ(file, private_data);
	tid = BPF_CORE_READ(vcpu, pid, numbers[0].nr);
	if (!tid || kw_slot_of((__u64)vcpu)) /* it never ran, or the file is open twice */
		return 0;
	v = kw_vcpu_create(vcpu, tid, task);
	if (!v)
		kw_lose(KW_LOSS_NO_SLOT);
	s = v && !(v->flags & KW_VCPU_IGNORED) ? time_slot(v) : NULL;
	if (!s || !v)
		return 0;
	s->state = time_census_state(v, vcpu);
	s->begun = s->since = bpf_ktime_get_ns();
	time_watch_process(v);
	/* of several vCPUs of one thread, it is in the one that it runs now */
	bpf_map_update_elem(&time_tids, &tid, &v->slot,
			    s->state == TIME_IDLE ? BPF_NOEXIST : BPF_ANY);
	return 0;
}

SEC("?iter/task")
int time_census_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u32 *mine, state;
	struct time_slot *s;
	struct kw_vcpu *v;

	if (!task)
		return 0;
	v = time_vcpu_by_tid(task->pid);
	s = v ? time_slot(v) : NULL;
	if (!s || !v || v->tgid != (__u32)task->tgid) /* or a later thread with the same tid */
		return 0;
	state = kw_task_state(task);
	if (!state) { /* it runs: its next event tells more */
		v->state = KW_ST_UNKNOWN;
		s->state = TIME_UNKNOWN;
		s->begun = s->since = 0;
		return 0;
	}
	mine = kw_thread_make(task);
	if (!mine) {
		kw_lose(KW_LOSS_NO_TASK);
		return 0;
	}
	*mine = v->slot;
	v->off_ns = s->since;
	if (state & KW_TASK_STOPPED)
		s->state = TIME_STOPPED;
	return 0;
}

#endif
