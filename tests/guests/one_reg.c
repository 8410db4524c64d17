// SPDX-License-Identifier: Apache-2.0
/*
 * one_reg.c - what the test guest's VMs share on processors whose registers are set one by one, and
 * that have no ports: arm64 and riscv64.
 * May not know about: kvm_watcher, any one processor.
 * To extend: what is the same on all of them.
 */
#include "kw-guest.h"

#include <err.h>

void arch_init(void)
{
}

void set_register(struct vcpu *c, uint64_t id, uint64_t value)
{
	struct kvm_one_reg r = { .id = id, .addr = (uintptr_t)&value };

	if (vcpu_ioctl(c, KVM_SET_ONE_REG, &r) < 0)
		err(1, "register %#lx", id);
}

uint64_t get_register(struct vcpu *c, uint64_t id)
{
	uint64_t value = 0;
	struct kvm_one_reg r = { .id = id, .addr = (uintptr_t)&value };

	vcpu_ioctl(c, KVM_GET_ONE_REG, &r);
	return value;
}

enum call arch_call(const struct vcpu *c)
{
	uint64_t call = (c->run->mmio.phys_addr - DOOR) / 8;

	return c->run->exit_reason == KVM_EXIT_MMIO && c->run->mmio.is_write && call <= CALL_LOWER
		       ? call
		       : CALL_NONE;
}

void arch_flip(struct vm *vm)
{
	(void)vm;
}

void arch_do_ioctls(struct vcpu *c)
{
	struct kvm_one_reg unknown = { .id = ~0ULL };

	get_register(c, arch_pc);
	vcpu_ioctl(c, KVM_SET_ONE_REG, &unknown);
}
