/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * esr_arm64.bpf.h - what is told by an exit of arm64: the reason's code, by its exception class; a
 * fault, by its syndrome.
 * May not know about: the kernel, maps; a unit test (tests/unit/arm64.c) has it as it is.
 * To extend: pure functions only.
 */
#ifndef KW_ESR_ARM64_BPF_H
#define KW_ESR_ARM64_BPF_H

#define KW_ARM_TRAP 2 /* ARM_EXCEPTION_TRAP */

/* Exception classes (ESR_ELx_EC_*) and fields of the syndrome; asm/esr.h. */
enum {
	KW_EC_WFX = 0x01,
	KW_EC_HVC32 = 0x12,
	KW_EC_SMC32 = 0x13,
	KW_EC_HVC64 = 0x16,
	KW_EC_SMC64 = 0x17,
	KW_EC_IABT = 0x20,
	KW_EC_DABT = 0x24,
};

#define KW_CODE_OF(ret) (0x100 + (ret)) /* what ended the guest was no trap: ARM_EXCEPTION_* */
#define KW_CODE_WFE	0x110		/* no class of its own, see kw_arm_code() */

#define KW_ESR_WFE	(1 << 0)
#define KW_ESR_WNR	(1 << 6)
#define KW_ESR_S1PTW	(1 << 7)
#define KW_ESR_FSC(x)	((x)&0x3c) /* without the level */
#define KW_FSC_ACCESS	0x08
#define KW_FSC_PERM	0x0c
#define KW_ESR_CLASS(x) ((x) >> 26 & 0x3f)

/*
 * Reason of an exit. ret is what ended the guest, whose bit 31 says that an SError is pending
 * besides; class and syndrome are only of this exit if that was a trap, else they are still those
 * of an earlier one. WFE, by which a vCPU yields, shares the class of WFI, by which it halts; so do
 * WFET and WFIT, which have a timeout.
 */
static __always_inline __u32 kw_arm_code(__u32 ret, __u32 esr_ec, __u64 esr)
{
	ret &= 0x7fffffff;
	if (ret != KW_ARM_TRAP)
		return KW_CODE_OF(ret);
	return esr_ec == KW_EC_WFX && esr & KW_ESR_WFE ? KW_CODE_WFE : esr_ec;
}

/* The exit of a vCPU that has nothing to do: WFI. (One that spins: WFE.) */
static __always_inline bool kw_is_hlt(__u32 isa, __u32 code)
{
	return code == KW_EC_WFX;
}

/* The exit of an instruction that calls the hypervisor or firmware: HVC and SMC, of 32 and 64 bits.
 */
static __always_inline bool kw_is_hypercall(__u32 isa, __u32 code)
{
	return code == KW_EC_HVC32 || code == KW_EC_HVC64 || code == KW_EC_SMC32 ||
	       code == KW_EC_SMC64;
}

/*
 * What a fault is about, in terms of x86's PFERR_*: 0 it is forbidden, 1 a write, 2 but for the
 * access flag it would not be one, 4 a fetch. hsr: the syndrome. The processor's own walk of the
 * guest's tables reads, unless that is forbidden: then it was to set a flag there.
 */
static __always_inline __u64 kw_fault_error(__u32 isa, __u64 hsr)
{
	__u64 error = 0;

	if (KW_ESR_CLASS(hsr) == KW_EC_IABT)
		error |= 1 << 4;
	else if (hsr & KW_ESR_S1PTW ? KW_ESR_FSC(hsr) == KW_FSC_PERM : !!(hsr & KW_ESR_WNR))
		error |= 1 << 1;
	if (KW_ESR_FSC(hsr) == KW_FSC_PERM)
		error |= 1 << 0;
	else if (KW_ESR_FSC(hsr) == KW_FSC_ACCESS)
		error |= 1 << 0 | 1 << 2;
	return error;
}

#endif
