// SPDX-License-Identifier: Apache-2.0
/*
 * x86.c - the test guest's VMs on x86: page tables, registers, CPUID, nested guests, exits.
 * May not know about: kvm_watcher.
 * To extend: see kw-guest.h; a kind is a line in x86_code.h.
 */
#include "x86.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "x86_code.h"

#define XEN_RESULT 42

const uint32_t arch_return = 0xc3;
bool is_intel;

static struct kvm_cpuid2 *cpuid; /* of all vCPUs */

/* ---- CPUID ---- */

/*
 * Asked of KVM itself since c21d54f0307f ("KVM: x86: hyper-v: allow KVM_GET_SUPPORTED_HV_CPUID as a
 * system ioctl"), 5.11; before, of any vCPU.
 */
static int get_hyperv(struct kvm_cpuid2 *hv)
{
	int vm, vcpu, ret = system_ioctl(NULL, KVM_GET_SUPPORTED_HV_CPUID, hv);

	if (!ret)
		return 0;
	vm = ioctl(o.kvm, KVM_CREATE_VM, 0);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	ret = ioctl(vcpu, KVM_GET_SUPPORTED_HV_CPUID, hv);
	close(vcpu);
	close(vm);
	return ret;
}

/* Hyper-V's leaves in place of KVM's: with both, KVM would be Hyper-V to none. */
static void put_hyperv(void)
{
	struct kvm_cpuid2 *hv = calloc(1, sizeof(*hv) + 64 * sizeof(struct kvm_cpuid_entry2));
	uint32_t kept = 0;

	hv->nent = 64;
	if (get_hyperv(hv))
		err(1, "KVM_GET_SUPPORTED_HV_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function >> 8 != 0x400000)
			cpuid->entries[kept++] = cpuid->entries[i];
	for (uint32_t i = 0; i < hv->nent && kept < 256; i++)
		cpuid->entries[kept++] = hv->entries[i];
	cpuid->nent = kept;
	free(hv);
}

void arch_init(void)
{
	uint32_t features = 1 << 21 | (o.kind->flags & DEADLINE ? 1 << 24 : 0); /* x2APIC */

	cpuid = calloc(1, sizeof(*cpuid) + 256 * sizeof(struct kvm_cpuid_entry2));
	cpuid->nent = 256;
	if (system_ioctl(NULL, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		err(1, "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			cpuid->entries[i].ecx |= features;
		else if (!cpuid->entries[i].function)
			is_intel = cpuid->entries[i].ebx == 0x756e6547; /* "Genu" */
	if (o.kind->flags & HYPERV)
		put_hyperv();
}

/* ---- memory ---- */

static void put_page_tables(uint8_t *low)
{
	uint64_t *pd = (void *)(low + PD), user = o.kind->flags & IN_USER_MODE ? 4 : 0;

	*(uint64_t *)(low + PML4) = PDPT | 3 | user;
	((uint64_t *)(low + PDPT))[0] = PD | 3 | user;
	for (uint64_t i = 0; i < 512; i++)
		pd[i] = i << 21 | 0x83 | user;
	pd[IOAPIC >> 21] = IOAPIC_GPA | 0x83 | user;
}

static void put_gate(uint8_t *low, int vector, uint64_t handler)
{
	uint64_t *gate = (uint64_t *)(low + IDT) + 2 * vector;

	gate[0] = (handler & 0xffff) | 8ULL << 16 | 0x8eULL << 40 | (handler >> 16 & 0xffff) << 48;
	gate[1] = handler >> 32;
}

static uint64_t tail_of(int vector)
{
	if (o.kind->flags & BY_PIC && vector < PIC_BASE + 8)
		return TAIL_PIC;
	if (o.kind->flags & BY_LEVEL && vector < END_VECTOR)
		return TAIL_LOW;
	return TAIL;
}

/* testb $2, 17(%rsp); jz to TAIL_TWICE; incq vector * 8(%r9); jmp to the tail */
static void put_stub(uint8_t *low, int vector)
{
	uint64_t start = STUBS + 32 * vector;
	uint32_t twice = TAIL_TWICE - (start + 11), counter = vector * sizeof(uint64_t);
	uint32_t away = tail_of(vector) - (start + 23);
	uint8_t *stub = low + start;

	memcpy(stub, (const uint8_t[]){ 0xf6, 0x44, 0x24, 17, 2, 0x0f, 0x84 }, 7);
	memcpy(stub + 7, &twice, 4);
	memcpy(stub + 11, (const uint8_t[]){ 0x49, 0xff, 0x81 }, 3);
	memcpy(stub + 14, &counter, 4);
	stub[18] = 0xe9;
	memcpy(stub + 19, &away, 4);
	put_gate(low, vector, start);
}

static void put_stubs(uint8_t *low)
{
	memcpy(low + TAIL, code_tail, code_tail_end - code_tail);
	memcpy(low + TAIL_PIC, code_tail_pic, code_tail_pic_end - code_tail_pic);
	memcpy(low + TAIL_LOW, code_tail_low, code_tail_low_end - code_tail_low);
	memcpy(low + TAIL_TWICE, code_tail_twice, code_tail_twice_end - code_tail_twice);
	for (int i = 32; i < 256; i++)
		put_stub(low, i);
}

/* Intel's instruction in place of AMD's, so that KVM has nothing to mend. */
static void call_by_vmcall(uint8_t *code, size_t size)
{
	for (size_t i = 0; i + 3 <= size; i++)
		if (!memcmp(code + i, (const uint8_t[]){ 0x0f, 0x01, 0xd9 }, 3))
			code[i + 2] = 0xc1;
}

static void put_code(struct vm *vm)
{
	if (is_intel && o.kind->vmx)
		memcpy(vm->low + CODE, o.kind->vmx, o.kind->vmx_end - o.kind->vmx);
	else
		memcpy(vm->low + CODE, o.kind->code, o.kind->end - o.kind->code);
	if (o.kind->flags & TOUCHES)
		memcpy(vm->low + L2_CODE, code_l2mem, code_l2mem_end - code_l2mem);
	else if (o.kind->flags & CALLS)
		memcpy(vm->low + L2_CODE, code_l2call, code_l2call_end - code_l2call);
	else
		memcpy(vm->low + L2_CODE, code_l2, code_l2_end - code_l2);
	if (is_intel && o.kind->flags & CALLS)
		call_by_vmcall(vm->low + CODE, FAULT - CODE);
}

void arch_put_memory(struct vm *vm)
{
	put_code(vm);
	memcpy(vm->low + ISR, code_isr, code_isr_end - code_isr);
	memcpy(vm->low + FAULT, code_fault, code_fault_end - code_fault);
	put_page_tables(vm->low);
	((uint64_t *)(vm->low + GDT))[1] = 0x00af9b000000ffff;
	((uint64_t *)(vm->low + GDT))[2] = 0x00cf93000000ffff;
	for (int i = 0; i < 256; i++)
		put_gate(vm->low, i, i < 32 ? FAULT : ISR);
	if (o.kind->flags & COUNTS)
		put_stubs(vm->low);
}

/* ---- a VM ---- */

/* What hypercalls need of KVM. */
static void enable_calls(struct vm *vm)
{
	struct kvm_xen_hvm_config xen = { .flags = KVM_XEN_HVM_CONFIG_INTERCEPT_HCALL,
					  .msr = 0x40000000 }; /* without, KVM ignores it all */
	long exits = vm_ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_EXIT_HYPERCALL);

	if (o.kind->flags & XEN && vm_ioctl(vm, KVM_XEN_HVM_CONFIG, &xen) < 0)
		err(1, "KVM_XEN_HVM_CONFIG");
	if (exits > 0)
		enable(vm, KVM_CAP_EXIT_HYPERCALL, exits, "KVM_CAP_EXIT_HYPERCALL");
}

static int create_controllers(struct vm *vm)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };

	return o.split ? vm_ioctl(vm, KVM_ENABLE_CAP, &split) : vm_ioctl(vm, KVM_CREATE_IRQCHIP, 0);
}

void arch_create_vm(struct vm *vm)
{
	if (o.kind->flags & IRQCHIP && create_controllers(vm) < 0)
		err(1, "creating VM %d", vm->number);
	if (o.kind->flags & CALLS)
		enable_calls(vm);
}

void arch_create_vcpu(struct vcpu *c)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };

	if (vcpu_ioctl(c, KVM_SET_CPUID2, cpuid) < 0)
		err(1, "KVM_SET_CPUID2");
	if (o.kind->flags & IRQCHIP && vcpu_ioctl(c, KVM_SET_MP_STATE, &runnable) < 0)
		err(1, "KVM_SET_MP_STATE");
}

void arch_complete_vm(struct vm *vm)
{
	(void)vm;
}

/* ---- registers ---- */

static void put_system_registers(struct vcpu *c)
{
	struct kvm_segment cs = {
		.limit = 0xffffffff, .selector = 8, .present = 1, .type = 11, .s = 1, .l = 1, .g = 1
	};
	struct kvm_segment ds = { .limit = 0xffffffff,
				  .selector = 16,
				  .present = 1,
				  .type = 3,
				  .s = 1,
				  .db = 1,
				  .g = 1 };
	struct kvm_sregs s;

	if (o.kind->flags & IN_USER_MODE) {
		cs.dpl = ds.dpl = 3;
		cs.selector |= 3;
		ds.selector |= 3;
	}
	if (vcpu_ioctl(c, KVM_GET_SREGS, &s) < 0)
		err(1, "KVM_GET_SREGS");
	s.cs = cs;
	s.ds = s.es = s.ss = s.fs = s.gs = ds;
	s.cr0 = 0x80000031;
	s.cr3 = PML4;
	s.cr4 = 0x220;
	s.efer = 0x500;
	if (o.kind->flags & NESTS && is_intel)
		s.cr4 |= 0x2000; /* VMXE */
	else if (o.kind->flags & NESTS)
		s.efer |= 0x1000; /* SVME */
	s.gdt.base = GDT;
	s.gdt.limit = 23;
	s.idt.base = IDT;
	s.idt.limit = 4095;
	if (vcpu_ioctl(c, KVM_SET_SREGS, &s) < 0)
		err(1, "KVM_SET_SREGS");
}

void arch_put_registers(struct vcpu *c, long count)
{
	struct kvm_regs r = { .rip = CODE,
			      .rflags = o.kind->flags & IN_USER_MODE ? 0x3002 : 2,
			      .rdi = count,
			      .rsi = o.spin,
			      .r8 = o.ticks,
			      .rsp = STACKS + 0x1000 * (c->id + 1),
			      .r9 = (o.kind->flags & COUNTS ? BOARDS : VMCB) + 0x1000 * c->id,
			      .rbp = TOUCH + touch_step() * (o.count ?: 1) * c->id,
			      .r12 = touch_step(),
			      .r13 = o.pages,
			      .r14 = c->vm->number * MAX_VCPUS + c->id };

	if (o.kind->flags & NESTS)
		enable_nesting(c, !count);
	put_system_registers(c);
	if (vcpu_ioctl(c, KVM_SET_REGS, &r) < 0)
		err(1, "KVM_SET_REGS");
}

/* ---- exits ---- */

enum call arch_call(const struct vcpu *c)
{
	uint32_t call = c->run->io.port - PORT_CALL;

	return c->run->exit_reason == KVM_EXIT_IO && call <= CALL_LOWER ? call : CALL_NONE;
}

bool arch_handle_exit(struct vcpu *c)
{
	uint32_t reason = c->run->exit_reason;

	if (reason == KVM_EXIT_HYPERCALL)
		c->run->hypercall.ret = 0;
	else if (reason == KVM_EXIT_XEN)
		c->run->xen.u.hcall.result = XEN_RESULT;
	return reason == KVM_EXIT_IO || reason == KVM_EXIT_MMIO || reason == KVM_EXIT_HYPERCALL ||
	       reason == KVM_EXIT_XEN;
}

void arch_die(struct vcpu *c)
{
	struct kvm_regs r = {};

	vcpu_ioctl(c, KVM_GET_REGS, &r);
	if (arch_call(c) == CALL_FAULT)
		errx(1, "the guest faulted at %#lx", *(uint64_t *)(c->vm->low + r.rsp));
	errx(1, "vCPU %d: unexpected KVM exit %u at rip %#llx, rsp %#llx, rdi %lld, rflags %#llx",
	     c->id, c->run->exit_reason, r.rip, r.rsp, r.rdi, r.rflags);
}

/* ---- ioctls ---- */

void arch_do_ioctls(struct vcpu *c)
{
	struct kvm_translation t = { .linear_address = CODE };
	struct kvm_regs regs;

	vcpu_ioctl(c, KVM_GET_REGS, &regs);
	vcpu_ioctl(c, KVM_TRANSLATE, &t);
	vcpu_ioctl(c, KVM_SET_REGS, -4096L);
}

static void block_interrupts(struct vcpu *c, bool block)
{
	struct kvm_guest_debug d = { .control = block ? KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_BLOCKIRQ
						      : 0 };

	if (vcpu_ioctl(c, KVM_SET_GUEST_DEBUG, &d) < 0)
		err(1, "KVM_SET_GUEST_DEBUG");
}

static void reinject_ticks(struct vm *vm, bool reinject)
{
	struct kvm_reinject_control r = { .pit_reinject = reinject };

	if (vm_ioctl(vm, KVM_REINJECT_CONTROL, &r) < 0)
		err(1, "KVM_REINJECT_CONTROL");
}

void arch_flip(struct vm *vm)
{
	struct kvm_pit_config pit = {};
	bool has_pit = o.kind->flags & IRQCHIP;

	if (has_pit && vm_ioctl(vm, KVM_CREATE_PIT2, &pit) < 0)
		err(1, "KVM_CREATE_PIT2");
	for (long i = 0; i < o.flips; i++) {
		block_interrupts(&vm->vcpu[0], true);
		block_interrupts(&vm->vcpu[0], false);
		if (has_pit) {
			reinject_ticks(vm, false);
			reinject_ticks(vm, true);
		}
	}
	if (has_pit)
		reinject_ticks(vm, false);
}
