/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmident.h - who a process with KVM file descriptors is: name, UUID and kind of its VMs, from
 * /proc alone. Never asks a guest, libvirt or QMP.
 * May not know about: BPF, frames, sinks.
 * To extend: another VMM's options are a line in vmident.c.
 */
#ifndef KW_VMIDENT_H
#define KW_VMIDENT_H

#include "vms.h"

#include <sys/types.h>

/* VMs and vCPUs that a process has file descriptors of. */
struct kw_vm_fds {
	unsigned int vms, vcpus;
};

/* 0; -ESRCH no such process; -EACCES not permitted to look. */
int kw_vm_fds(pid_t pid, struct kw_vm_fds *ret);

/*
 * Fill pid, name, uuid, vmm from /proc/PID, start_ns to a clock tick. number is 1.
 * 0 or -ESRCH. Any process is accepted.
 */
int kw_vm_identify(pid_t pid, struct kw_vm *ret);

/* The same from a command line (NUL-separated, len bytes); what it does not tell stays as is. */
void kw_vm_parse_cmdline(const char *cmdline, size_t len, struct kw_vm *vm);

/* All processes with VMs: calls fn for each; stops at the first non-zero return and returns it. */
int kw_vmm_each(int (*fn)(void *arg, pid_t pid, const struct kw_vm_fds *fds), void *arg);

/* True if vm is called this: by name, UUID, display name or pid. */
bool kw_vm_is(const struct kw_vm *vm, const char *what);

#endif
