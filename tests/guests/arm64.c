// SPDX-License-Identifier: Apache-2.0
/*
 * arm64.c - the test guest's VMs on arm64: registers, the GIC (version 3), interrupts, exits.
 * May not know about: kvm_watcher.
 * To extend: see kw-guest.h; a kind is a line in arm64_code.h.
 */
#include "arm64.h"

#include <err.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "arm64_code.h"

#define EL1_MASKED 0x3c5 /* PSTATE: EL1 with its own stack pointer, exceptions masked */

#define CORE(member)                                                                               \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(member))
#define VBAR_EL1 ARM64_SYS_REG(3, 0, 12, 0, 0)
#define ELR_EL1	 CORE(elr_el1)
#define ESR_EL1	 ARM64_SYS_REG(3, 0, 5, 2, 0)

const uint32_t arch_return = 0xd65f03c0;
const uint64_t arch_pc = CORE(regs.pc);

void arch_put_memory(struct vm *vm)
{
	memcpy(vm->low + CODE, o.kind->code, o.kind->end - o.kind->code);
	memcpy(vm->low + VECTORS, code_vectors, code_vectors_end - code_vectors);
}

/* ---- the GIC ---- */

static void set_gic(struct vm *vm, uint32_t group, uint64_t attr, uint64_t value)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)&value };

	if (device_ioctl(vm, vm->gic, KVM_SET_DEVICE_ATTR, &a) < 0)
		err(1, "GIC: attribute %#lx of group %u", attr, group);
}

static void set_dist(struct vm *vm, uint32_t offset, uint32_t value)
{
	set_gic(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, offset, value);
}

/* of a vCPU; vCPU i has the affinity 0.0.0.i */
static void set_redist(struct vcpu *c, uint32_t offset, uint32_t value)
{
	set_gic(c->vm, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, (uint64_t)c->id << 32 | offset, value);
}

void arch_create_vm(struct vm *vm)
{
	struct kvm_create_device create = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };

	if (vm_ioctl(vm, KVM_CREATE_DEVICE, &create) < 0)
		err(1, "no GIC of version 3");
	vm->gic = create.fd;
	set_gic(vm, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, GIC_IRQS);
	set_gic(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, GIC_DIST);
	set_gic(vm, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, GIC_REDIST);
}

void arch_create_vcpu(struct vcpu *c)
{
	struct kvm_vcpu_init init;

	if (vm_ioctl(c->vm, KVM_ARM_PREFERRED_TARGET, &init) < 0)
		err(1, "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
	if (vcpu_ioctl(c, KVM_ARM_VCPU_INIT, &init) < 0)
		err(1, "KVM_ARM_VCPU_INIT");
}

/*
 * Everything is of group 1 and enabled, and SPI n + i is vCPU i's, edge-triggered: so that runs
 * need no exits for it. What follows GICD_CTLR, GICD_IGROUPR, … is in the GIC's specification.
 */
void arch_complete_vm(struct vm *vm)
{
	set_gic(vm, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
	set_dist(vm, 0, 0x12); /* GICD_CTLR: ARE_NS, EnableGrp1NS */
	for (int i = 1; i < GIC_IRQS / 32; i++) {
		set_dist(vm, 0x80 + 4 * i, ~0U);  /* GICD_IGROUPR */
		set_dist(vm, 0x100 + 4 * i, ~0U); /* GICD_ISENABLER */
	}
	for (int i = 2; i < GIC_IRQS / 16; i++)
		set_dist(vm, 0xc00 + 4 * i, 0xaaaaaaaa); /* GICD_ICFGR */
	for (int i = 32; i < GIC_IRQS; i++)
		set_dist(vm, 0x6000 + 8 * i, i % 16); /* GICD_IROUTER */
	for (int i = 0; i < o.vcpus; i++) {
		set_redist(&vm->vcpu[i], 0x14, 0);	/* GICR_WAKER */
		set_redist(&vm->vcpu[i], 0x10080, ~0U); /* GICR_IGROUPR0 */
		set_redist(&vm->vcpu[i], 0x10100, ~0U); /* GICR_ISENABLER0 */
	}
}

/* ---- registers ---- */

static void set_x(struct vcpu *c, int n, uint64_t value)
{
	set_register(c, CORE(regs.regs[0]) + 2 * n, value);
}

void arch_put_registers(struct vcpu *c, long count)
{
	set_register(c, arch_pc, CODE);
	set_register(c, CORE(regs.pstate), EL1_MASKED);
	set_register(c, VBAR_EL1, VECTORS);
	set_x(c, 18, c->vm->number * MAX_VCPUS + c->id);
	set_x(c, 19, count);
	set_x(c, 20, o.spin);
	set_x(c, 21, o.ticks);
	set_x(c, 22, TOUCH + touch_step() * (o.count ?: 1) * c->id);
	set_x(c, 23, touch_step());
	set_x(c, 24, BOARDS + 0x1000 * c->id);
	set_x(c, 25, o.pages);
	set_x(c, 26, DOOR);
	set_x(c, 27, HOLE);
	set_x(c, 28, c->id);
}

/* ---- exits ---- */

bool arch_handle_exit(struct vcpu *c)
{
	memset(c->run->mmio.data, 0, sizeof(c->run->mmio.data));
	return c->run->exit_reason == KVM_EXIT_MMIO;
}

void arch_die(struct vcpu *c)
{
	if (arch_call(c) == CALL_FAULT)
		errx(1, "vCPU %d: exception at %#lx, ESR_EL1 %#lx", c->id, get_register(c, ELR_EL1),
		     get_register(c, ESR_EL1));
	errx(1, "vCPU %d: unexpected KVM exit %u at pc %#lx, x19 %ld", c->id, c->run->exit_reason,
	     get_register(c, arch_pc), get_register(c, CORE(regs.regs[19])));
}

/* ---- interrupts ---- */

/* SPIs have the GSIs from 0 on, which is KVM's default. */
void arch_set_routes(struct vm *vm)
{
	(void)vm;
}

static void set_spi(struct vcpu *c, int nr, int level)
{
	struct kvm_irq_level l = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (nr + c->id), .level = level
	};

	if (vm_ioctl(c->vm, KVM_IRQ_LINE, &l) < 0)
		err(1, "KVM_IRQ_LINE");
}

static void pulse(struct vcpu *c, int nr)
{
	set_spi(c, nr, 1);
	set_spi(c, nr, 0);
}

void arch_set_irqfd(struct vcpu *c)
{
	struct kvm_irqfd irq = { .fd = eventfd(0, EFD_CLOEXEC), .gsi = SPI - 32 + c->id };

	if ((int)irq.fd < 0 || vm_ioctl(c->vm, KVM_IRQFD, &irq) < 0)
		err(1, "KVM_IRQFD");
	c->vm->irqfd[c->id] = irq.fd;
}

void arch_fire(struct vcpu *c)
{
	uint64_t one = 1;

	if (!(o.kind->flags & BY_IRQFD))
		set_spi(c, SPI, 1);
	else if (write(c->vm->irqfd[c->id], &one, sizeof(one)) != sizeof(one))
		err(1, "eventfd");
}

void arch_drop(struct vcpu *c)
{
	if (o.kind->flags & BY_SPI)
		set_spi(c, SPI, 0);
}

void arch_lower(struct vcpu *c)
{
	arch_drop(c);
}

void arch_nudge(struct vcpu *c)
{
	pulse(c, SPI_NUDGE);
}

void arch_end(struct vcpu *c)
{
	pulse(c, SPI_END);
}
