// SPDX-License-Identifier: Apache-2.0
/*
 * user.c - exits to user space: why KVM_RUN returns (KVM_EXIT_* of include/uapi/linux/kvm.h).
 * May not know about: anything but names.h.
 * To extend: add the line, in ascending order of codes (a unit test checks the order).
 */
#include "names.h"

#include "../util/cleanup.h"

static const struct kw_reason reasons[] = {
	{ 0, "UNKNOWN" },
	{ 1, "EXCEPTION" },
	{ 2, "IO" },
	{ 3, "HYPERCALL" },
	{ 4, "DEBUG" },
	{ 5, "HLT" },
	{ 6, "MMIO" },
	{ 7, "IRQ_WINDOW_OPEN" },
	{ 8, "SHUTDOWN" },
	{ 9, "FAIL_ENTRY" },
	{ 10, "INTR" },
	{ 11, "SET_TPR" },
	{ 12, "TPR_ACCESS" },
	{ 13, "S390_SIEIC" },
	{ 14, "S390_RESET" },
	{ 15, "DCR" },
	{ 16, "NMI" },
	{ 17, "INTERNAL_ERROR" },
	{ 18, "OSI" },
	{ 19, "PAPR_HCALL" },
	{ 20, "S390_UCONTROL" },
	{ 21, "WATCHDOG" },
	{ 22, "S390_TSCH" },
	{ 23, "EPR" },
	{ 24, "SYSTEM_EVENT" },
	{ 25, "S390_STSI" },
	{ 26, "IOAPIC_EOI" },
	{ 27, "HYPERV" },
	{ 28, "ARM_NISV" },
	{ 29, "X86_RDMSR" },
	{ 30, "X86_WRMSR" },
	{ 31, "DIRTY_RING_FULL" },
	{ 32, "AP_RESET_HOLD" },
	{ 33, "X86_BUS_LOCK" },
	{ 34, "XEN" },
	{ 35, "RISCV_SBI" },
	{ 36, "RISCV_CSR" },
	{ 37, "NOTIFY" },
	{ 38, "LOONGARCH_IOCSR" },
	{ 39, "MEMORY_FAULT" },
	{ 40, "TDX" },
};

const struct kw_isa_names kw_names_user = { KW_ISA_USER, "user", reasons, ARRAY_SIZE(reasons) };
