// SPDX-License-Identifier: Apache-2.0
/*
 * x86_pvm.c - exits of the PVM patch series: exception vectors, and N << 16 for the others.
 * May not know about: anything but names.h.
 * To extend: add the line, in ascending order of codes (a unit test checks the order).
 */
#include "names.h"

#include "../util/cleanup.h"

static const struct kw_reason reasons[] = {
	{ 0, "EXCP_DE" },
	{ 1, "EXCP_DB" },
	{ 2, "EXCP_NMI" },
	{ 3, "EXCP_BP" },
	{ 4, "EXCP_OF" },
	{ 5, "EXCP_BR" },
	{ 6, "EXCP_UD" },
	{ 7, "EXCP_NM" },
	{ 8, "EXCP_DF" },
	{ 10, "EXCP_TS" },
	{ 12, "EXCP_SS" },
	{ 13, "EXCP_GP" },
	{ 14, "EXCP_PF" },
	{ 16, "EXCP_MF" },
	{ 17, "EXCP_AC" },
	{ 18, "EXCP_MC" },
	{ 19, "EXCP_XM" },
	{ 20, "EXCP_VE" },
	{ 0x401, "FAILED_VMENTRY" },
	{ 0x10000, "SYSCALL" },
	{ 0x20000, "HYPERCALL" },
	{ 0x30000, "ERETU" },
	{ 0x40000, "INTERRUPT" },
	{ 0x50000, "INT80" },
};

const struct kw_isa_names kw_names_pvm = { KW_ISA_PVM, "pvm", reasons, ARRAY_SIZE(reasons) };
