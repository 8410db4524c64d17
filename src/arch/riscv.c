// SPDX-License-Identifier: Apache-2.0
/*
 * riscv.c - exits of riscv: scause; interrupts have bit 31 set.
 * May not know about: anything but names.h.
 * To extend: add the line, in ascending order of codes (a unit test checks the order).
 */
#include "names.h"

#include "../util/cleanup.h"

static const struct kw_reason reasons[] = {
	{ 0, "INST_MISALIGNED" },
	{ 1, "INST_ACCESS" },
	{ 2, "INST_ILLEGAL" },
	{ 3, "BREAKPOINT" },
	{ 4, "LOAD_MISALIGNED" },
	{ 5, "LOAD_ACCESS" },
	{ 6, "STORE_MISALIGNED" },
	{ 7, "STORE_ACCESS" },
	{ 8, "SYSCALL" },
	{ 9, "HYPERVISOR_SYSCALL" },
	{ 10, "SUPERVISOR_SYSCALL" },
	{ 12, "INST_PAGE_FAULT" },
	{ 13, "LOAD_PAGE_FAULT" },
	{ 15, "STORE_PAGE_FAULT" },
	{ 18, "SOFTWARE_CHECK" },
	{ 19, "HARDWARE_ERROR" },
	{ 20, "INST_GUEST_PAGE_FAULT" },
	{ 21, "LOAD_GUEST_PAGE_FAULT" },
	{ 22, "VIRTUAL_INST_FAULT" },
	{ 23, "STORE_GUEST_PAGE_FAULT" },
	{ 0x1016, "WFI" }, /* a virtual instruction fault, told apart (bpf/arch_riscv.bpf.h) */
	{ 0x80000001, "IRQ_S_SOFT" },
	{ 0x80000002, "IRQ_VS_SOFT" },
	{ 0x80000005, "IRQ_S_TIMER" },
	{ 0x80000006, "IRQ_VS_TIMER" },
	{ 0x80000009, "IRQ_S_EXT" },
	{ 0x8000000a, "IRQ_VS_EXT" },
	{ 0x8000000c, "IRQ_S_GEXT" },
	{ 0x8000000d, "IRQ_PMU_OVF" },
};

const struct kw_isa_names kw_names_riscv = { KW_ISA_RISCV, "riscv", reasons, ARRAY_SIZE(reasons) };

static const struct kw_reason csrs[] = {
	{ 0x015, "SEED" },    { 0x114, "SIEH" },   { 0x150, "SISELECT" }, { 0x151, "SIREG" },
	{ 0x154, "SIPH" },    { 0x15c, "STOPEI" }, { 0xc00, "CYCLE" },	  { 0xc01, "TIME" },
	{ 0xc02, "INSTRET" }, { 0xc80, "CYCLEH" }, { 0xc82, "INSTRETH" }, { 0xdb0, "STOPI" },
};

const char *kw_csr_name(uint64_t csr)
{
	for (size_t i = 0; i < ARRAY_SIZE(csrs); i++)
		if (csrs[i].code == csr)
			return csrs[i].name;
	return NULL;
}
