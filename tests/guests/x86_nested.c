// SPDX-License-Identifier: Apache-2.0
/*
 * x86_nested.c - what L1, a guest that is a hypervisor, needs before it can run L2: AMD's VMCB as
 * L1 finds it in memory, and the list of fields that L1 writes into Intel's VMCS. May not know
 * about: what L1 and L2 do (x86_code.h). To extend: a field of L2's state is a line in put_vmcb()
 * and one in fields[].
 */
#include "x86.h"

#include <err.h>
#include <string.h>

/* the registers of L2, which is L1 over again; those of L1 on Intel's, when L2 exits */
#define CR0 0x80000031
#define CR4 0x220
#define PAT 0x0007040600070406

static uint64_t get_msr(struct vcpu *c, uint32_t index)
{
	struct {
		struct kvm_msrs m;
		struct kvm_msr_entry e;
	} msr = { .m.nmsrs = 1, .e.index = index };

	if (vcpu_ioctl(c, KVM_GET_MSRS, &msr) != 1)
		err(1, "reading the MSR %#x", index);
	return msr.e.data;
}

static void set_msr(struct vcpu *c, uint32_t index, uint64_t value)
{
	struct {
		struct kvm_msrs m;
		struct kvm_msr_entry e;
	} msr = { .m.nmsrs = 1, .e = { .index = index, .data = value } };

	if (vcpu_ioctl(c, KVM_SET_MSRS, &msr) != 1)
		err(1, "writing the MSR %#x", index);
}

/* ---- AMD ---- */

/* L2 is at L2_CODE; it may do all but CPUID, VMMCALL, VMRUN. */
static void put_vmcb(struct vcpu *c)
{
	uint8_t *vmcb = c->vm->low + VMCB + c->id * 0x1000;
	static const struct {
		uint16_t offset, selector, attributes;
	} segments[] = { { 0x400, 16, 0xc93 },
			 { 0x410, 8, 0xa9b },
			 { 0x420, 16, 0xc93 },
			 { 0x430, 16, 0xc93 } };

	memset(vmcb, 0, 0x1000);
	*(uint32_t *)(vmcb + 0x00c) = 1 << 18; /* intercept CPUID */
	*(uint32_t *)(vmcb + 0x010) = 3 << 0;  /* intercept VMRUN, VMMCALL */
	*(uint32_t *)(vmcb + 0x058) = 1;       /* ASID */
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		*(uint16_t *)(vmcb + segments[i].offset) = segments[i].selector;
		*(uint16_t *)(vmcb + segments[i].offset + 2) = segments[i].attributes;
		*(uint32_t *)(vmcb + segments[i].offset + 4) = 0xffffffff;
	}
	*(uint32_t *)(vmcb + 0x464) = 23; /* GDTR */
	*(uint64_t *)(vmcb + 0x468) = GDT;
	*(uint32_t *)(vmcb + 0x484) = 4095; /* IDTR */
	*(uint64_t *)(vmcb + 0x488) = IDT;
	*(uint64_t *)(vmcb + 0x4d0) = 0x1500; /* EFER: SVME LMA LME */
	*(uint64_t *)(vmcb + 0x548) = CR4;
	*(uint64_t *)(vmcb + 0x550) = PML4; /* CR3 */
	*(uint64_t *)(vmcb + 0x558) = CR0;
	*(uint64_t *)(vmcb + 0x560) = 0x400;	  /* DR7 */
	*(uint64_t *)(vmcb + 0x568) = 0xffff0ff0; /* DR6 */
	*(uint64_t *)(vmcb + 0x570) = 2;	  /* RFLAGS */
	*(uint64_t *)(vmcb + 0x578) = L2_CODE;
	*(uint64_t *)(vmcb + 0x668) = PAT;
}

/* ---- Intel ---- */

/* Fields of the VMCS (SDM volume 3, appendix B); those of 0 are so already, as VMCLEAR leaves them.
 */
static const struct field fields[] = {
	{ 0x2800, -1ULL }, /* no other VMCS linked */
	/* L1, upon an exit: selectors, CR0, CR3, CR4, TR, GDTR, IDTR, EFER */
	{ 0x0c00, 16 },
	{ 0x0c02, 8 },
	{ 0x0c04, 16 },
	{ 0x0c06, 16 },
	{ 0x0c08, 16 },
	{ 0x0c0a, 16 },
	{ 0x0c0c, 24 },
	{ 0x6c00, CR0 },
	{ 0x6c02, PML4 },
	{ 0x6c04, CR4 | 0x2000 },
	{ 0x6c0c, GDT },
	{ 0x6c0e, IDT },
	{ 0x2c02, 0x500 },
	/* L2: ES, CS, SS, DS, FS, GS, LDTR (which it has not), TR: selector, limit, access rights
	 */
	{ 0x0800, 16 },
	{ 0x0802, 8 },
	{ 0x0804, 16 },
	{ 0x0806, 16 },
	{ 0x0808, 16 },
	{ 0x080a, 16 },
	{ 0x080e, 24 },
	{ 0x4800, 0xffffffff },
	{ 0x4802, 0xffffffff },
	{ 0x4804, 0xffffffff },
	{ 0x4806, 0xffffffff },
	{ 0x4808, 0xffffffff },
	{ 0x480a, 0xffffffff },
	{ 0x480e, 0x67 },
	{ 0x4814, 0xc093 },
	{ 0x4816, 0xa09b },
	{ 0x4818, 0xc093 },
	{ 0x481a, 0xc093 },
	{ 0x481c, 0xc093 },
	{ 0x481e, 0xc093 },
	{ 0x4820, 0x10000 },
	{ 0x4822, 0x8b },
	/* GDTR, IDTR, CR0, CR3, CR4, DR7, EFER, RIP, RFLAGS */
	{ 0x6816, GDT },
	{ 0x4810, 23 },
	{ 0x6818, IDT },
	{ 0x4812, 4095 },
	{ 0x6800, CR0 },
	{ 0x6802, PML4 },
	{ 0x6804, CR4 | 0x2000 },
	{ 0x681a, 0x400 },
	{ 0x2806, 0x500 },
	{ 0x681e, L2_CODE },
	{ 0x6820, 2 },
};

/* What must be set of a group of controls, as a capability MSR has it, and what we set. */
static void put_controls(struct vcpu *c, struct field **f, uint64_t code, uint32_t msr,
			 uint32_t ours)
{
	uint64_t allowed = get_msr(c, msr);

	if (ours & ~(allowed >> 32))
		errx(1, "KVM lacks VMX's controls %#x", ours);
	*(*f)++ = (struct field){ code, (uint32_t)allowed | ours };
}

static void put_fields(struct vcpu *c)
{
	struct field *f = (void *)(c->vm->low + FIELDS);

	memcpy(f, fields, sizeof(fields));
	f += sizeof(fields) / sizeof(fields[0]);
	put_controls(c, &f, 0x4000, 0x48d, 0);
	put_controls(c, &f, 0x4002, 0x48e, 0);
	put_controls(c, &f, 0x400c, 0x48f, 1 << 9 | 1 << 21); /* exits to 64 bits, load EFER */
	put_controls(c, &f, 0x4012, 0x490, 1 << 9 | 1 << 15); /* entries, likewise */
	f->code = 0;
}

static void enable_vmx(struct vcpu *c)
{
	uint32_t revision = get_msr(c, 0x480);

	set_msr(c, 0x3a, 5); /* VMXON is allowed, and that locked */
	*(uint32_t *)(c->vm->low + VMCB + c->id * 0x1000) = revision;
	*(uint32_t *)(c->vm->low + HSAVE + c->id * 0x1000) = revision;
	put_fields(c);
}

void enable_nesting(struct vcpu *c, bool first)
{
	if (!is_intel) {
		put_vmcb(c);
		set_msr(c, 0xc0010117, HSAVE + c->id * 0x1000); /* VM_HSAVE_PA */
	} else if (first) {					/* later on, the VMCS is KVM's */
		enable_vmx(c);
	}
}
