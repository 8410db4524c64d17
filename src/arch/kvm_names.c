// SPDX-License-Identifier: Apache-2.0
/*
 * kvm_names.c - names of x86 MSRs.
 * May not know about: the running kernel, frames.
 * To extend: a line; numbers are from include/uapi/linux/kvm.h and the processors' manuals.
 */
#include "../util/cleanup.h"
#include "names.h"

static const struct kw_reason msrs[] = {
	{ 0x10, "TSC" },
	{ 0x1b, "APIC_BASE" },
	{ 0x3a, "FEATURE_CONTROL" },
	{ 0x3b, "TSC_ADJUST" },
	{ 0x48, "SPEC_CTRL" },
	{ 0x49, "PRED_CMD" },
	{ 0x79, "UCODE_WRITE" },
	{ 0x8b, "UCODE_REV" },
	{ 0xc1, "PERFCTR0" },
	{ 0xfe, "MTRRcap" },
	{ 0x10a, "ARCH_CAPABILITIES" },
	{ 0x140, "MISC_FEATURES_ENABLES" },
	{ 0x174, "SYSENTER_CS" },
	{ 0x175, "SYSENTER_ESP" },
	{ 0x176, "SYSENTER_EIP" },
	{ 0x179, "MCG_CAP" },
	{ 0x17a, "MCG_STATUS" },
	{ 0x186, "EVNTSEL0" },
	{ 0x1a0, "MISC_ENABLE" },
	{ 0x1d9, "DEBUGCTL" },
	{ 0x250, "MTRRfix64K_00000" },
	{ 0x277, "PAT" },
	{ 0x2ff, "MTRRdefType" },
	{ 0x38d, "FIXED_CTR_CTRL" },
	{ 0x38f, "PERF_GLOBAL_CTRL" },
	{ 0x6e0, "TSC_DEADLINE" },
	{ 0x802, "X2APIC_ID" },
	{ 0x803, "X2APIC_VERSION" },
	{ 0x808, "X2APIC_TPR" },
	{ 0x80b, "X2APIC_EOI" },
	{ 0x80d, "X2APIC_LDR" },
	{ 0x80f, "X2APIC_SIVR" },
	{ 0x828, "X2APIC_ESR" },
	{ 0x830, "X2APIC_ICR" },
	{ 0x832, "X2APIC_LVTT" },
	{ 0x838, "X2APIC_TMICT" },
	{ 0x839, "X2APIC_TMCCT" },
	{ 0x83e, "X2APIC_TDCR" },
	{ 0x83f, "X2APIC_SELF_IPI" },
	{ 0x40000000, "HV_GUEST_OS_ID" },
	{ 0x40000001, "HV_HYPERCALL" },
	{ 0x40000002, "HV_VP_INDEX" },
	{ 0x40000010, "HV_VP_RUNTIME" },
	{ 0x40000020, "HV_TIME_REF_COUNT" },
	{ 0x40000070, "HV_EOI" },
	{ 0x40000071, "HV_ICR" },
	{ 0x40000073, "HV_VP_ASSIST" },
	{ 0x400000b0, "HV_STIMER0_CONFIG" },
	{ 0x400000b1, "HV_STIMER0_COUNT" },
	{ 0x4b564d00, "KVM_WALL_CLOCK" },
	{ 0x4b564d01, "KVM_SYSTEM_TIME" },
	{ 0x4b564d02, "KVM_ASYNC_PF_EN" },
	{ 0x4b564d03, "KVM_STEAL_TIME" },
	{ 0x4b564d04, "KVM_PV_EOI_EN" },
	{ 0x4b564d05, "KVM_POLL_CONTROL" },
	{ 0x4b564d06, "KVM_ASYNC_PF_INT" },
	{ 0x4b564d07, "KVM_ASYNC_PF_ACK" },
	{ 0xc0000080, "EFER" },
	{ 0xc0000081, "STAR" },
	{ 0xc0000082, "LSTAR" },
	{ 0xc0000100, "FS_BASE" },
	{ 0xc0000101, "GS_BASE" },
	{ 0xc0000102, "KERNEL_GS_BASE" },
	{ 0xc0000103, "TSC_AUX" },
	{ 0xc0010000, "K7_EVNTSEL0" },
	{ 0xc0010004, "K7_PERFCTR0" },
	{ 0xc0010007, "K7_PERFCTR3" },
	{ 0xc0010010, "SYSCFG" },
	{ 0xc0010015, "HWCR" },
	{ 0xc001001f, "NB_CFG" },
	{ 0xc0010114, "VM_CR" },
	{ 0xc0010117, "VM_HSAVE_PA" },
	{ 0xc0010130, "SEV_ES_GHCB" },
	{ 0xc0010131, "SEV_STATUS" },
	{ 0xc001011f, "VIRT_SPEC_CTRL" },
	{ 0xc0011020, "LS_CFG" },
	{ 0xc0011022, "DC_CFG" },
	{ 0xc0011029, "DE_CFG" },
};

const char *kw_msr_name(uint64_t msr)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++)
		if (msrs[i].code == msr)
			return msrs[i].name;
	return NULL;
}
