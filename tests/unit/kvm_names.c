// SPDX-License-Identifier: Apache-2.0
/*
 * kvm_names.c - tests names of exits to user space and of MSRs, against the kernel's headers.
 * May not know about: tables, sinks.
 * To extend: a line in kernel[], or an assert_string_equal.
 */
#include "unit.h"

#include "arch/names.h"

#include <linux/kvm.h>

#define USER(name)                                                                                 \
	{                                                                                          \
		KVM_EXIT_##name, #name                                                             \
	}

static void user_exits(void **state)
{
	static const struct kw_reason kernel[] = {
		USER(UNKNOWN),
		USER(EXCEPTION),
		USER(IO),
		USER(HYPERCALL),
		USER(DEBUG),
		USER(HLT),
		USER(MMIO),
		USER(IRQ_WINDOW_OPEN),
		USER(SHUTDOWN),
		USER(FAIL_ENTRY),
		USER(INTR),
		USER(SET_TPR),
		USER(TPR_ACCESS),
		USER(S390_SIEIC),
		USER(S390_RESET),
		USER(DCR),
		USER(NMI),
		USER(INTERNAL_ERROR),
		USER(OSI),
		USER(PAPR_HCALL),
		USER(S390_UCONTROL),
		USER(WATCHDOG),
		USER(S390_TSCH),
		USER(EPR),
		USER(SYSTEM_EVENT),
		USER(S390_STSI),
		USER(IOAPIC_EOI),
		USER(HYPERV),
		USER(ARM_NISV),
		USER(X86_RDMSR),
		USER(X86_WRMSR),
		USER(DIRTY_RING_FULL),
		USER(AP_RESET_HOLD),
		USER(X86_BUS_LOCK),
		USER(XEN),
		USER(RISCV_SBI),
		USER(RISCV_CSR),
		USER(NOTIFY),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernel); i++)
		assert_string_equal(kw_user_exit_name(kernel[i].code), kernel[i].name);
	/* newer than the headers of the oldest distribution that this is built on */
	assert_string_equal(kw_user_exit_name(38), "LOONGARCH_IOCSR");
	assert_string_equal(kw_user_exit_name(39), "MEMORY_FAULT");
	assert_string_equal(kw_user_exit_name(40), "TDX");
	assert_null(kw_user_exit_name(1000));
	assert_null(kw_user_exit_name(UINT64_MAX));
	assert_null(kw_user_exit_name(1ULL << 32)); /* whatever its lower half is */
	assert_null(kw_user_exit_name(1ULL << 32 | 2));
}

static void no_user_exit_twice(void **state)
{
	(void)state;
	for (uint64_t i = 0; kw_user_exit_name(i); i++)
		for (uint64_t k = 0; k < i; k++)
			assert_string_not_equal(kw_user_exit_name(i), kw_user_exit_name(k));
}

/* Both ranges that an MSR's number can be in, and those that hypervisors made up. */
static void for_every_msr(void (*fn)(uint64_t msr, const char *name))
{
	static const uint64_t from[] = { 0, 0x40000000, 0x4b564d00, 0xc0000000, 0xc0010000 };

	for (size_t i = 0; i < ARRAY_SIZE(from); i++)
		for (uint64_t msr = from[i]; msr < from[i] + 0x2000; msr++)
			if (kw_msr_name(msr))
				fn(msr, kw_msr_name(msr));
}

static struct kw_reason msr_seen[512];
static size_t n_msrs;

static void check_msr(uint64_t msr, const char *name)
{
	assert_true(strlen(name) > 1 && !strchr(name, ' '));
	for (size_t i = 0; i < n_msrs; i++)
		if (!strcmp(msr_seen[i].name, name))
			fail_msg("%s is both 0x%x and 0x%x", name, msr_seen[i].code,
				 (unsigned int)msr);
	assert_true(n_msrs < ARRAY_SIZE(msr_seen));
	msr_seen[n_msrs++] = (struct kw_reason){ msr, name };
}

static void msrs(void **state)
{
	(void)state;
	for_every_msr(check_msr);
	assert_true(n_msrs > 70);
	assert_string_equal(kw_msr_name(0x10), "TSC");
	assert_string_equal(kw_msr_name(0x1b), "APIC_BASE");
	assert_string_equal(kw_msr_name(0x6e0), "TSC_DEADLINE");
	assert_string_equal(kw_msr_name(0x830), "X2APIC_ICR");
	assert_string_equal(kw_msr_name(0xc0000080), "EFER");
	assert_string_equal(kw_msr_name(0xc0000102), "KERNEL_GS_BASE");
	assert_string_equal(kw_msr_name(0xc0011029), "DE_CFG");
	assert_null(kw_msr_name(0));
	assert_null(kw_msr_name(0x11));
	assert_null(kw_msr_name(0xffffffff));
	assert_null(kw_msr_name(1ULL << 32 | 0x10)); /* whatever its lower half is */
	assert_null(kw_msr_name(UINT64_MAX));
}

#if defined(__x86_64__)
#include <asm/kvm_para.h>

static void msrs_of_kvm(void **state)
{
	(void)state;
	assert_string_equal(kw_msr_name(MSR_KVM_WALL_CLOCK_NEW), "KVM_WALL_CLOCK");
	assert_string_equal(kw_msr_name(MSR_KVM_SYSTEM_TIME_NEW), "KVM_SYSTEM_TIME");
	assert_string_equal(kw_msr_name(MSR_KVM_ASYNC_PF_EN), "KVM_ASYNC_PF_EN");
	assert_string_equal(kw_msr_name(MSR_KVM_STEAL_TIME), "KVM_STEAL_TIME");
	assert_string_equal(kw_msr_name(MSR_KVM_PV_EOI_EN), "KVM_PV_EOI_EN");
	assert_string_equal(kw_msr_name(MSR_KVM_POLL_CONTROL), "KVM_POLL_CONTROL");
	assert_string_equal(kw_msr_name(MSR_KVM_ASYNC_PF_INT), "KVM_ASYNC_PF_INT");
	assert_string_equal(kw_msr_name(MSR_KVM_ASYNC_PF_ACK), "KVM_ASYNC_PF_ACK");
}
#endif

static void arm64_calls(void **state)
{
	(void)state;
	assert_string_equal(kw_smccc_name(0x84000000), "PSCI_VERSION");
	assert_string_equal(kw_smccc_name(0xc4000003), "PSCI_CPU_ON"); /* by either convention */
	assert_string_equal(kw_smccc_name(0x84000003), "PSCI_CPU_ON");
	assert_string_equal(kw_smccc_name(0x86000000), "VENDOR_HYP_KVM_FEATURES");
	assert_null(kw_smccc_name(0));
	assert_null(kw_smccc_name(1ULL << 32 | 0x84000000));
	assert_string_equal(kw_smccc_error_name(0xc4000003, 4), "ALREADY_ON");
	assert_string_equal(kw_smccc_error_name(0x80000001, 2), "NOT_REQUIRED");
	assert_string_equal(kw_smccc_error_name(0xc4000053, 3), "NO_ENTROPY");
	assert_null(kw_smccc_error_name(0x80000000, 4));
	assert_null(kw_smccc_error_name(0xc4000003, 10));
}

static void arm64_registers(void **state)
{
	static const struct {
		uint32_t id;
		const char *name;
	} examples[] = {
		{ 0xc081, "ACTLR_EL1" },     { 0xc020, "ID_AA64PFR0_EL1" },
		{ 0xc65d, "ICC_SGI1R_EL1" }, { 0x8084, "OSLAR_EL1" },
		{ 0x8004, "DBGBVR0_EL1" },   { 0x807f, "DBGWCR15_EL1" },
		{ 0xdf40, "PMEVCNTR0_EL0" }, { 0xdf7e, "PMEVTYPER30_EL0" },
		{ 0xdf7f, "PMCCFILTR_EL0" }, { 0xffff, "S3_7_C15_C15_7" },
		{ 0x8000, "S2_0_C0_C0_0" },
	};
	char name[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		assert_string_equal(kw_sysreg_name(examples[i].id, name, sizeof(name)),
				    examples[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_exits),
		cmocka_unit_test(no_user_exit_twice),
		cmocka_unit_test(msrs),
		cmocka_unit_test(arm64_calls),
		cmocka_unit_test(arm64_registers),
#if defined(__x86_64__)
		cmocka_unit_test(msrs_of_kvm),
#endif
	};

	return kw_run_tests(tests);
}
