/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vms.h - the VMs that a source has seen: who they are, and the names they are shown by.
 * May not know about: /proc (vmident.h does), the kernel, sinks.
 * To extend: a property of a VM is a member here, filled by vmident.c or by a recording.
 */
#ifndef KW_VMS_H
#define KW_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_vm {
	uint32_t pid;	   /* owner process, init pid namespace */
	uint64_t start_ns; /* boot time at which it started: tells reused pids apart */
	uint64_t kvm;	   /* struct kvm * while it lives, where that is known; else 0 */
	uint32_t number;   /* among the VMs of its process, from 1; 0: the process itself */
	char vmm[24];	   /* e.g. qemu, firecracker; the command's name for an unknown one */
	char uuid[40];	   /* empty if not known */
	char name[256];	   /* as the VMM has it, raw bytes; empty if not known */
	char display[300]; /* what it is shown as, still raw bytes; two VMs may have one name */
};

/* Grows only; an index stays valid as long as the registry lives. */
struct kw_vms {
	struct kw_vm **vm;
	size_t n, room;
};

/* Fill display from name, else vmm and pid, and the number. */
void kw_vm_set_display(struct kw_vm *vm);

/* Add a VM; returns its index, or -ENOMEM. Sets its display. */
int64_t kw_vms_add(struct kw_vms *vms, const struct kw_vm *vm);
void kw_vms_release(struct kw_vms *vms);

/* NULL if there is no such index. */
const struct kw_vm *kw_vms_get(const struct kw_vms *vms, uint32_t index);

#endif
