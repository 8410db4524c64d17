// SPDX-License-Identifier: Apache-2.0
/*
 * riscv.c - the test guest's VMs on riscv64: registers, exits. They have no interrupt controller.
 * May not know about: kvm_watcher.
 * To extend: see kw-guest.h; a kind is a line in riscv_code.h.
 */
#include "kw-guest.h"

#include <err.h>
#include <stddef.h>
#include <string.h>

#include "riscv_code.h"

#define FAULT	   0x28000 /* where exceptions lead */
#define MODE_S	   1
#define SBI_RESULT 42

#define CORE(member)                                                                               \
	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CORE | KVM_REG_RISCV_CORE_REG(member))
#define CSR(member)                                                                                \
	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CSR | KVM_REG_RISCV_CSR_REG(member))

const uint32_t arch_return = 0x00008067;
const uint64_t arch_pc = CORE(regs.pc);

void arch_create_vm(struct vm *vm)
{
	(void)vm;
}

void arch_put_memory(struct vm *vm)
{
	memcpy(vm->low + CODE, o.kind->code, o.kind->end - o.kind->code);
	memcpy(vm->low + FAULT, code_fault, code_fault_end - code_fault);
}

/* All but the first are off until SBI turns them on. */
void arch_create_vcpu(struct vcpu *c)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };

	if (vcpu_ioctl(c, KVM_SET_MP_STATE, &runnable) < 0)
		err(1, "KVM_SET_MP_STATE");
}

void arch_complete_vm(struct vm *vm)
{
	(void)vm;
}

/* ---- registers ---- */

void arch_put_registers(struct vcpu *c, long count)
{
	set_register(c, arch_pc, CODE);
	set_register(c, CORE(mode), MODE_S);
	set_register(c, CSR(stvec), FAULT);
	set_register(c, CORE(regs.s1), c->vm->number * MAX_VCPUS + c->id);
	set_register(c, CORE(regs.s2), count);
	set_register(c, CORE(regs.s3), o.spin);
	set_register(c, CORE(regs.s4), o.ticks);
	set_register(c, CORE(regs.s5), TOUCH + touch_step() * (o.count ?: 1) * c->id);
	set_register(c, CORE(regs.s6), touch_step());
	set_register(c, CORE(regs.s7), BOARDS + 0x1000 * c->id + offsetof(struct board, command));
	set_register(c, CORE(regs.s8), o.pages);
	set_register(c, CORE(regs.s9), DOOR);
	set_register(c, CORE(regs.s10), HOLE);
	set_register(c, CORE(regs.s11), c->id);
}

/* ---- exits ---- */

bool arch_handle_exit(struct vcpu *c)
{
	switch (c->run->exit_reason) {
	case KVM_EXIT_MMIO:
		memset(c->run->mmio.data, 0, sizeof(c->run->mmio.data));
		return true;
	case KVM_EXIT_RISCV_SBI:
		c->run->riscv_sbi.ret[0] = 0;
		c->run->riscv_sbi.ret[1] = SBI_RESULT;
		return true;
	case KVM_EXIT_RISCV_CSR:
		c->run->riscv_csr.ret_value = 0;
		return true;
	default:
		return false;
	}
}

void arch_die(struct vcpu *c)
{
	if (arch_call(c) == CALL_FAULT)
		errx(1, "vCPU %d: exception at %#lx, scause %#lx, stval %#lx", c->id,
		     get_register(c, CSR(sepc)), get_register(c, CSR(scause)),
		     get_register(c, CSR(stval)));
	errx(1, "vCPU %d: unexpected KVM exit %u at pc %#lx, s2 %ld", c->id, c->run->exit_reason,
	     get_register(c, arch_pc), get_register(c, CORE(regs.s2)));
}

/* ---- interrupts: no kind has an injector ---- */

void arch_set_routes(struct vm *vm)
{
	(void)vm;
}

void arch_set_irqfd(struct vcpu *c)
{
	(void)c;
}

void arch_fire(struct vcpu *c)
{
	(void)c;
}

void arch_drop(struct vcpu *c)
{
	(void)c;
}

void arch_lower(struct vcpu *c)
{
	(void)c;
}

void arch_nudge(struct vcpu *c)
{
	(void)c;
}

void arch_end(struct vcpu *c)
{
	(void)c;
}
