/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * ioctl.bpf.h - what the VMM asks of KVM: each ioctl on a file descriptor of KVM's, from its begin
 * to its end. The functions that are hooked see no other file descriptors.
 * May not know about: names, other collectors.
 * To extend: see ioctl.h.
 */
#ifndef KW_IOCTL_BPF_H
#define KW_IOCTL_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "ioctl.h"

#define IOCTL_SIZE(nr)	((nr) >> 16 & 0x3fff)
#define IOCTL_MAX_ERRNO 4095

/* Key of a process's own slot: no kernel pointer looks like it, and no process id is so large. */
#define IOCTL_PROCESS (1ULL << 62)

KW_KEYED_MAP(ioctl_rows, struct ioctl_key, struct ioctl_value);
KW_SLOT_MAP(ioctl_slots, struct ioctl_slot);
KW_KEYED_MAP(ioctl_calls, __u64, struct ioctl_call); /* by thread */

static const struct ioctl_value ioctl_zero;

/*
 * The slot of the current process, for what it asks of /dev/kvm, where there is no VM yet. If the
 * end of an earlier process with this pid was missed, that one ends now.
 */
static __noinline struct kw_vcpu *ioctl_process(void)
{
	__u64 key = IOCTL_PROCESS | bpf_get_current_pid_tgid() >> 32;
	struct task_struct *task = kw_current();
	struct kw_vcpu *v = kw_slot_of(key);

	if (v && v->start_ns != BPF_CORE_READ(task, group_leader, start_boottime)) {
		kw_vcpu_end(v);
		v = NULL;
	}
	v = v ?: kw_slot_take(key, 0, KW_VM_ITSELF, 0, task);
	if (!v)
		kw_lose(KW_LOSS_NO_SLOT);
	return v && !(v->flags & KW_VCPU_IGNORED) ? v : NULL;
}

/*
 * Whose row a call is to count in. Which thread runs a vCPU is not for this to tell: KVM may refuse
 * it, or let it wait for another that does.
 */
static __always_inline struct kw_vcpu *ioctl_object(__u32 scope, struct file *file)
{
	void *object = BPF_CORE_READ(file, private_data);

	if (scope == IOCTL_SYSTEM)
		return ioctl_process();
	if (!object)
		return NULL;
	if (scope == IOCTL_VM)
		return kw_vm_find(object);
	if (scope == IOCTL_DEVICE)
		return kw_vm_find(kw_read_kvm(kvm_device, object, kvm));
	return kw_vcpu_of(object);
}

static __always_inline int ioctl_begins(__u32 scope, struct file *file, __u32 request, __u64 arg)
{
	struct ioctl_call call = { .arg = arg, .request = request, .scope = scope };
	__u64 key = bpf_get_current_pid_tgid();
	struct kw_vcpu *v;

	if (!kw_running || !file)
		return 0;
	if (!bpf_map_delete_elem(&ioctl_calls, &key))
		kw_lose(KW_LOSS_NO_CALL); /* the end of the one before was missed */
	v = ioctl_object(scope, file);
	if (!v)
		return 0;
	call.slot = v->slot;
	call.born_ns = v->born_ns;
	call.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&ioctl_calls, &key, &call, BPF_ANY))
		kw_lose(KW_LOSS_NO_CALL);
	return 0;
}

static __always_inline struct ioctl_value *ioctl_row(struct kw_vcpu *v,
						     const struct ioctl_call *call)
{
	struct ioctl_key key = { .request = call->request, .scope = call->scope };
	struct ioctl_value *value;
	struct ioctl_slot *s;

	key.key.slot = v->slot;
	s = bpf_map_lookup_elem(&ioctl_slots, &key.key.slot);
	if (!s)
		return NULL;
	value = kw_keyed(&ioctl_rows, &key, &ioctl_zero, &s->used, kw_share(IOCTL_ROWS));
	if (value)
		return value;
	key.key.other = 1;
	key.request = 0;
	return kw_keyed_other(&ioctl_rows, &key, &ioctl_zero);
}

/* What the request says that its argument points to, as it is after the call. */
static __always_inline __u32 ioctl_read(void *data, const struct ioctl_call *call)
{
	__u64 size = IOCTL_SIZE(call->request);

	barrier_var(size); /* so that the verifier sees the bound */
	if (size > IOCTL_DATA)
		size = IOCTL_DATA;
	return size && !bpf_probe_read_user(data, size, (void *)call->arg) ? size : 0;
}

static __always_inline void ioctl_emit(struct kw_vcpu *v, const struct ioctl_call *call, __s64 ret,
				       __u64 now)
{
	struct ioctl_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	__builtin_memset(e, 0, sizeof(*e));
	kw_event_head(&e->head, v, KW_ID_ioctl, now);
	e->arg = call->arg;
	e->ret = ret;
	e->total = now - call->since_ns;
	e->request = call->request;
	e->scope = call->scope;
	e->vcpu_id = v->vcpu_id;
	e->tid = (__u32)bpf_get_current_pid_tgid();
	e->size = ioctl_read(e->data, call);
	bpf_ringbuf_submit(e, 0);
}

static __always_inline void ioctl_count(struct kw_vcpu *v, const struct ioctl_call *call, __s64 ret,
					__u64 now)
{
	struct ioctl_value *value = ioctl_row(v, call);

	if (!value)
		return;
	__sync_fetch_and_add(&value->head.count, 1);
	__sync_fetch_and_add(&value->total, now - call->since_ns);
	kw_max(&value->max, now - call->since_ns);
	if (ret < 0 && ret >= -IOCTL_MAX_ERRNO) {
		__sync_fetch_and_add(&value->errors, 1);
		value->last_errno = -ret;
	}
}

/* A call whose begin was not seen is not counted; nor is one whose VM, vCPU or process is gone. */
static __always_inline int ioctl_ends(__s64 ret)
{
	__u64 key = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();
	struct ioctl_call *found = bpf_map_lookup_elem(&ioctl_calls, &key), call;
	struct kw_vcpu *v;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&ioctl_calls, &key);
	v = kw_slot(call.slot);
	if (!kw_running || !v || !v->vcpu || v->born_ns != call.born_ns || now < call.since_ns)
		return 0;
	ioctl_count(v, &call, ret, now);
	if (kw_trace_on && now - call.since_ns >= kw_trace_slower)
		ioctl_emit(v, &call, ret, now);
	return 0;
}

/* The begin and the end of one kind of ioctl, in all variants. */
#define IOCTL_PROGRAMS(kind, scope, function)                                                      \
	SEC("?fentry/" function)                                                                   \
	int BPF_PROG(ioctl_##kind##_fentry, struct file *file, __u32 request, unsigned long arg)   \
	{                                                                                          \
		return ioctl_begins(scope, file, request, arg);                                    \
	}                                                                                          \
                                                                                                   \
	SEC("?kprobe/" function)                                                                   \
	int BPF_KPROBE(ioctl_##kind##_kprobe, struct file *file, __u32 request, unsigned long arg) \
	{                                                                                          \
		return ioctl_begins(scope, file, request, arg);                                    \
	}                                                                                          \
                                                                                                   \
	SEC("?fexit/" function)                                                                    \
	int BPF_PROG(ioctl_##kind##_fexit, struct file *file, __u32 request, unsigned long arg,    \
		     long ret)                                                                     \
	{                                                                                          \
		return ioctl_ends(ret);                                                            \
	}                                                                                          \
                                                                                                   \
	SEC("?kretprobe/" function)                                                                \
	int BPF_KRETPROBE(ioctl_##kind##_kretprobe, long ret)                                      \
	{                                                                                          \
		return ioctl_ends(ret);                                                            \
	}

IOCTL_PROGRAMS(system, IOCTL_SYSTEM, "kvm_dev_ioctl")
IOCTL_PROGRAMS(vm, IOCTL_VM, "kvm_vm_ioctl")
IOCTL_PROGRAMS(vcpu, IOCTL_VCPU, "kvm_vcpu_ioctl")
IOCTL_PROGRAMS(device, IOCTL_DEVICE, "kvm_device_ioctl")

/*
 * A thread exits; when it is the last one, its process's slot ends, whether its first thread is
 * long dead or not. Of two that exit at once, both may find themselves the last: it does not
 * matter.
 */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(ioctl_process_exit, struct task_struct *task)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct kw_vcpu *v;

	if (!bpf_map_delete_elem(&ioctl_calls, &key) && kw_running)
		kw_lose(KW_LOSS_NO_CALL); /* its end was missed */
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	v = kw_slot_of(IOCTL_PROCESS | (__u32)task->tgid);
	if (v)
		kw_vcpu_end(v);
	return 0;
}

#endif
