// SPDX-License-Identifier: Apache-2.0
/*
 * vms.c - see vms.h.
 * May not know about: /proc, the kernel, sinks.
 * To extend: see vms.h.
 */
#include "vms.h"

#include "../util/grow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kw_vm_set_display(struct kw_vm *vm)
{
	char number[16] = "";

	if (vm->number > 1)
		snprintf(number, sizeof(number), "#%u", vm->number);
	if (*vm->name)
		snprintf(vm->display, sizeof(vm->display), "%s%s", vm->name, number);
	else
		snprintf(vm->display, sizeof(vm->display), "%s-%u%s", *vm->vmm ? vm->vmm : "pid",
			 vm->pid, number);
}

int64_t kw_vms_add(struct kw_vms *vms, const struct kw_vm *vm)
{
	struct kw_vm *copy;

	if (!kw_grow(&vms->vm, vms->n, &vms->room, sizeof(*vms->vm)))
		return -ENOMEM;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *vm;
	kw_vm_set_display(copy);
	vms->vm[vms->n] = copy;
	return vms->n++;
}

void kw_vms_release(struct kw_vms *vms)
{
	for (size_t i = 0; i < vms->n; i++)
		free(vms->vm[i]);
	free(vms->vm);
	memset(vms, 0, sizeof(*vms));
}

const struct kw_vm *kw_vms_get(const struct kw_vms *vms, uint32_t index)
{
	return vms && index < vms->n ? vms->vm[index] : NULL;
}
