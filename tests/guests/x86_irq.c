// SPDX-License-Identifier: Apache-2.0
/*
 * x86_irq.c - x86's interrupts from outside: by PIC, IOAPIC, MSI and eventfd.
 * May not know about: the guests' code, but for their vectors.
 * To extend: another way of sending is a case in arch_fire().
 */
#include "x86.h"

#include <err.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define VCPUS 8 /* that have pins and GSIs of their own */

/* PIC and IOAPIC have no GSI in common: each interrupt goes to but one of them. */
void arch_set_routes(struct vm *vm)
{
	struct {
		struct kvm_irq_routing r;
		struct kvm_irq_routing_entry e[1 + 2 * VCPUS];
	} routes = { .r.nr = 1 + 2 * VCPUS };
	struct kvm_irq_routing_entry *e = routes.r.entries;

	*e++ = (struct kvm_irq_routing_entry){ .gsi = PIC_PIN,
					       .type = KVM_IRQ_ROUTING_IRQCHIP,
					       .u.irqchip = { .irqchip = KVM_IRQCHIP_PIC_MASTER,
							      .pin = PIC_PIN } };
	for (int i = 0; i < VCPUS; i++) {
		*e++ = (struct kvm_irq_routing_entry){ .gsi = IOAPIC_PINS + i,
						       .type = KVM_IRQ_ROUTING_IRQCHIP,
						       .u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC,
								      .pin = IOAPIC_PINS + i } };
		*e++ = (struct kvm_irq_routing_entry){
			.gsi = MSI_GSI + i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = { .address_lo = 0xfee00000 | i << 12, .data = MSI_VECTOR }
		};
	}
	if (vm_ioctl(vm, KVM_SET_GSI_ROUTING, &routes) < 0 && o.kind->flags & IRQCHIP)
		err(1, "KVM_SET_GSI_ROUTING");
}

void set_line(struct vm *vm, int gsi, int level)
{
	struct kvm_irq_level l = { .irq = gsi, .level = level };

	if (vm_ioctl(vm, KVM_IRQ_LINE, &l) < 0)
		err(1, "KVM_IRQ_LINE");
}

void arch_set_irqfd(struct vcpu *c)
{
	struct kvm_irqfd irq = { .fd = eventfd(0, EFD_CLOEXEC),
				 .gsi = (o.kind->flags & BY_IOAPIC ? IOAPIC_PINS : MSI_GSI) +
					c->id };

	if ((int)irq.fd < 0 || vm_ioctl(c->vm, KVM_IRQFD, &irq) < 0)
		err(1, "KVM_IRQFD");
	c->vm->irqfd[c->id] = irq.fd;
}

static void send_msi(struct vcpu *c, int vector)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000 | c->id << 12, .data = vector };

	if (vm_ioctl(c->vm, KVM_SIGNAL_MSI, &msi) < 0)
		err(1, "KVM_SIGNAL_MSI");
}

static void write_irqfd(struct vcpu *c)
{
	uint64_t one = 1;

	if (write(c->vm->irqfd[c->id], &one, sizeof(one)) != sizeof(one))
		err(1, "eventfd");
}

/* The line is left high: where only level counts the guest has it lowered, else arch_drop() does
 * it. */
void arch_fire(struct vcpu *c)
{
	unsigned int flags = o.kind->flags;

	if (flags & BY_PIC)
		set_line(c->vm, PIC_PIN, 1);
	else if (flags & BY_IRQFD)
		write_irqfd(c);
	else if (flags & (BY_IOAPIC | BY_LEVEL))
		set_line(c->vm, IOAPIC_PINS + c->id, 1);
	else
		send_msi(c, MSI_VECTOR);
}

void arch_drop(struct vcpu *c)
{
	if (o.kind->flags & BY_PIC)
		set_line(c->vm, PIC_PIN, 0);
	else if ((o.kind->flags & (BY_IOAPIC | BY_IRQFD)) == BY_IOAPIC)
		set_line(c->vm, IOAPIC_PINS + c->id, 0);
}

void arch_lower(struct vcpu *c)
{
	set_line(c->vm, IOAPIC_PINS + c->id, 0);
}

void arch_nudge(struct vcpu *c)
{
	send_msi(c, NUDGE_VECTOR);
}

void arch_end(struct vcpu *c)
{
	send_msi(c, END_VECTOR);
}
