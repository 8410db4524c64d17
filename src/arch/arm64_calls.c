// SPDX-License-Identifier: Apache-2.0
/*
 * arm64_calls.c - names of arm64's calls to hypervisor and firmware (HVC, SMC), and of their
 * errors. May not know about: the running kernel, frames. To extend: a line; numbers are from
 * include/linux/arm-smccc.h, include/uapi/linux/psci.h, and Arm's specifications DEN0028, DEN0022,
 * DEN0054, DEN0057, DEN0098.
 */
#include "../util/cleanup.h"
#include "names.h"

#define SMCCC_64BIT (1u << 30)

/* Without the bit that says by which convention, 32 or 64 bits, parameters are passed. */
static const struct kw_reason calls[] = {
	{ 0x80000000, "SMCCC_VERSION" },
	{ 0x80000001, "SMCCC_ARCH_FEATURES" },
	{ 0x80000002, "SMCCC_ARCH_SOC_ID" },
	{ 0x80003fff, "SMCCC_ARCH_WORKAROUND_3" },
	{ 0x80007fff, "SMCCC_ARCH_WORKAROUND_2" },
	{ 0x80008000, "SMCCC_ARCH_WORKAROUND_1" },
	{ 0x84000000, "PSCI_VERSION" },
	{ 0x84000001, "PSCI_CPU_SUSPEND" },
	{ 0x84000002, "PSCI_CPU_OFF" },
	{ 0x84000003, "PSCI_CPU_ON" },
	{ 0x84000004, "PSCI_AFFINITY_INFO" },
	{ 0x84000005, "PSCI_MIGRATE" },
	{ 0x84000006, "PSCI_MIGRATE_INFO_TYPE" },
	{ 0x84000007, "PSCI_MIGRATE_INFO_UP_CPU" },
	{ 0x84000008, "PSCI_SYSTEM_OFF" },
	{ 0x84000009, "PSCI_SYSTEM_RESET" },
	{ 0x8400000a, "PSCI_FEATURES" },
	{ 0x8400000b, "PSCI_CPU_FREEZE" },
	{ 0x8400000c, "PSCI_CPU_DEFAULT_SUSPEND" },
	{ 0x8400000d, "PSCI_NODE_HW_STATE" },
	{ 0x8400000e, "PSCI_SYSTEM_SUSPEND" },
	{ 0x8400000f, "PSCI_SET_SUSPEND_MODE" },
	{ 0x84000010, "PSCI_STAT_RESIDENCY" },
	{ 0x84000011, "PSCI_STAT_COUNT" },
	{ 0x84000012, "PSCI_SYSTEM_RESET2" },
	{ 0x84000013, "PSCI_MEM_PROTECT" },
	{ 0x84000014, "PSCI_MEM_PROTECT_CHECK_RANGE" },
	{ 0x84000015, "PSCI_SYSTEM_OFF2" },
	{ 0x84000050, "TRNG_VERSION" },
	{ 0x84000051, "TRNG_FEATURES" },
	{ 0x84000052, "TRNG_GET_UUID" },
	{ 0x84000053, "TRNG_RND" },
	{ 0x85000020, "PV_TIME_FEATURES" },
	{ 0x85000021, "PV_TIME_ST" },
	{ 0x86000000, "VENDOR_HYP_KVM_FEATURES" },
	{ 0x86000001, "VENDOR_HYP_KVM_PTP" },
	{ 0x86000002, "VENDOR_HYP_KVM_HYP_MEMINFO" },
	{ 0x86000003, "VENDOR_HYP_KVM_MEM_SHARE" },
	{ 0x86000004, "VENDOR_HYP_KVM_MEM_UNSHARE" },
	{ 0x86000007, "VENDOR_HYP_KVM_MMIO_GUARD" },
	{ 0x86000040, "VENDOR_HYP_KVM_DISCOVER_IMPL_VER" },
	{ 0x86000041, "VENDOR_HYP_KVM_DISCOVER_IMPL_CPUS" },
	{ 0x8600ff00, "VENDOR_HYP_CALL_COUNT" },
	{ 0x8600ff01, "VENDOR_HYP_CALL_UID" },
	{ 0x8600ff03, "VENDOR_HYP_REVISION" },
};

/* PSCI has errors of its own; its function numbers are 0 to 0x1f of the secure services. */
static const char *const psci_errors[] = {
	NULL,	      "NOT_SUPPORTED",	  "INVALID_PARAMETERS", "DENIED",   "ALREADY_ON",
	"ON_PENDING", "INTERNAL_FAILURE", "NOT_PRESENT",	"DISABLED", "INVALID_ADDRESS",
};

static const char *const smccc_errors[] = { NULL, "NOT_SUPPORTED", "NOT_REQUIRED",
					    "INVALID_PARAMETER" };

const char *kw_smccc_name(uint64_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].code == (id & ~(uint64_t)SMCCC_64BIT))
			return calls[i].name;
	return NULL;
}

static const char *const trng_errors[] = { NULL, "NOT_SUPPORTED", "INVALID_PARAMETERS",
					   "NO_ENTROPY" };

const char *kw_smccc_error_name(uint64_t id, uint32_t error)
{
	if ((id & ~(uint64_t)(SMCCC_64BIT | 0x3)) == 0x84000050)
		return error < ARRAY_SIZE(trng_errors) ? trng_errors[error] : NULL;
	if ((id & ~(uint64_t)(SMCCC_64BIT | 0x1f)) == 0x84000000)
		return error < ARRAY_SIZE(psci_errors) ? psci_errors[error] : NULL;
	return error < ARRAY_SIZE(smccc_errors) ? smccc_errors[error] : NULL;
}
