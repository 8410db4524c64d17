// SPDX-License-Identifier: Apache-2.0
/*
 * arm64_sysregs.c - names of arm64's system registers, by how instructions encode them.
 * May not know about: the running kernel, frames.
 * To extend: a line (op0, op1, CRn, CRm, op2); see
 * arch/arm64/tools/sysreg and arch/arm64/include/asm/sysreg.h of the kernel.
 */
#include "../util/cleanup.h"
#include "names.h"

#include <stdio.h>

#define REG(op0, op1, crn, crm, op2, name)                                                         \
	{                                                                                          \
		(op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2), name                  \
	}

/* clang-format off */

static const struct kw_reason registers[] = {
	REG(1, 0, 7, 6, 2, "DC ISW"), REG(1, 0, 7, 10, 2, "DC CSW"), REG(1, 0, 7, 14, 2, "DC CISW"),
	REG(2, 0, 0, 0, 2, "OSDTRRX_EL1"), REG(2, 0, 0, 2, 0, "MDCCINT_EL1"),
	REG(2, 0, 0, 2, 2, "MDSCR_EL1"), REG(2, 0, 0, 3, 2, "OSDTRTX_EL1"),
	REG(2, 0, 0, 6, 2, "OSECCR_EL1"), REG(2, 0, 1, 0, 0, "MDRAR_EL1"),
	REG(2, 0, 1, 0, 4, "OSLAR_EL1"), REG(2, 0, 1, 1, 4, "OSLSR_EL1"),
	REG(2, 0, 1, 3, 4, "OSDLR_EL1"), REG(2, 0, 1, 4, 4, "DBGPRCR_EL1"),
	REG(2, 0, 7, 8, 6, "DBGCLAIMSET_EL1"), REG(2, 0, 7, 9, 6, "DBGCLAIMCLR_EL1"),
	REG(2, 0, 7, 14, 6, "DBGAUTHSTATUS_EL1"), REG(2, 3, 0, 1, 0, "MDCCSR_EL0"),
	REG(2, 3, 0, 4, 0, "DBGDTR_EL0"), REG(2, 3, 0, 5, 0, "DBGDTRTX_EL0"),
	REG(3, 0, 0, 0, 0, "MIDR_EL1"), REG(3, 0, 0, 0, 5, "MPIDR_EL1"),
	REG(3, 0, 0, 0, 6, "REVIDR_EL1"), REG(3, 0, 0, 1, 0, "ID_PFR0_EL1"),
	REG(3, 0, 0, 1, 1, "ID_PFR1_EL1"), REG(3, 0, 0, 1, 2, "ID_DFR0_EL1"),
	REG(3, 0, 0, 1, 3, "ID_AFR0_EL1"), REG(3, 0, 0, 1, 4, "ID_MMFR0_EL1"),
	REG(3, 0, 0, 1, 5, "ID_MMFR1_EL1"), REG(3, 0, 0, 1, 6, "ID_MMFR2_EL1"),
	REG(3, 0, 0, 1, 7, "ID_MMFR3_EL1"), REG(3, 0, 0, 2, 0, "ID_ISAR0_EL1"),
	REG(3, 0, 0, 2, 1, "ID_ISAR1_EL1"), REG(3, 0, 0, 2, 2, "ID_ISAR2_EL1"),
	REG(3, 0, 0, 2, 3, "ID_ISAR3_EL1"), REG(3, 0, 0, 2, 4, "ID_ISAR4_EL1"),
	REG(3, 0, 0, 2, 5, "ID_ISAR5_EL1"), REG(3, 0, 0, 2, 6, "ID_MMFR4_EL1"),
	REG(3, 0, 0, 2, 7, "ID_ISAR6_EL1"), REG(3, 0, 0, 3, 0, "MVFR0_EL1"),
	REG(3, 0, 0, 3, 1, "MVFR1_EL1"), REG(3, 0, 0, 3, 2, "MVFR2_EL1"),
	REG(3, 0, 0, 3, 4, "ID_PFR2_EL1"), REG(3, 0, 0, 3, 5, "ID_DFR1_EL1"),
	REG(3, 0, 0, 3, 6, "ID_MMFR5_EL1"), REG(3, 0, 0, 4, 0, "ID_AA64PFR0_EL1"),
	REG(3, 0, 0, 4, 1, "ID_AA64PFR1_EL1"), REG(3, 0, 0, 4, 2, "ID_AA64PFR2_EL1"),
	REG(3, 0, 0, 4, 4, "ID_AA64ZFR0_EL1"), REG(3, 0, 0, 4, 5, "ID_AA64SMFR0_EL1"),
	REG(3, 0, 0, 4, 7, "ID_AA64FPFR0_EL1"),
	REG(3, 0, 0, 5, 0, "ID_AA64DFR0_EL1"), REG(3, 0, 0, 5, 1, "ID_AA64DFR1_EL1"),
	REG(3, 0, 0, 5, 4, "ID_AA64AFR0_EL1"), REG(3, 0, 0, 5, 5, "ID_AA64AFR1_EL1"),
	REG(3, 0, 0, 6, 0, "ID_AA64ISAR0_EL1"), REG(3, 0, 0, 6, 1, "ID_AA64ISAR1_EL1"),
	REG(3, 0, 0, 6, 2, "ID_AA64ISAR2_EL1"), REG(3, 0, 0, 6, 3, "ID_AA64ISAR3_EL1"),
	REG(3, 0, 0, 7, 0, "ID_AA64MMFR0_EL1"), REG(3, 0, 0, 7, 1, "ID_AA64MMFR1_EL1"),
	REG(3, 0, 0, 7, 2, "ID_AA64MMFR2_EL1"), REG(3, 0, 0, 7, 3, "ID_AA64MMFR3_EL1"),
	REG(3, 0, 0, 7, 4, "ID_AA64MMFR4_EL1"),
	REG(3, 0, 1, 0, 0, "SCTLR_EL1"), REG(3, 0, 1, 0, 1, "ACTLR_EL1"),
	REG(3, 0, 1, 0, 2, "CPACR_EL1"), REG(3, 0, 1, 2, 0, "ZCR_EL1"),
	REG(3, 0, 1, 2, 1, "TRFCR_EL1"), REG(3, 0, 1, 2, 6, "SMCR_EL1"),
	REG(3, 0, 2, 0, 0, "TTBR0_EL1"), REG(3, 0, 2, 0, 1, "TTBR1_EL1"),
	REG(3, 0, 2, 0, 2, "TCR_EL1"), REG(3, 0, 2, 1, 0, "APIAKEYLO_EL1"),
	REG(3, 0, 4, 6, 0, "ICC_PMR_EL1"), REG(3, 0, 5, 1, 0, "AFSR0_EL1"),
	REG(3, 0, 5, 1, 1, "AFSR1_EL1"), REG(3, 0, 5, 2, 0, "ESR_EL1"),
	REG(3, 0, 5, 3, 0, "ERRIDR_EL1"), REG(3, 0, 5, 3, 1, "ERRSELR_EL1"),
	REG(3, 0, 5, 4, 0, "ERXFR_EL1"), REG(3, 0, 5, 4, 1, "ERXCTLR_EL1"),
	REG(3, 0, 5, 4, 2, "ERXSTATUS_EL1"), REG(3, 0, 5, 4, 3, "ERXADDR_EL1"),
	REG(3, 0, 5, 5, 0, "ERXMISC0_EL1"), REG(3, 0, 5, 5, 1, "ERXMISC1_EL1"),
	REG(3, 0, 6, 0, 0, "FAR_EL1"), REG(3, 0, 7, 4, 0, "PAR_EL1"),
	REG(3, 0, 9, 9, 0, "PMSCR_EL1"), REG(3, 0, 9, 14, 1, "PMINTENSET_EL1"),
	REG(3, 0, 9, 14, 2, "PMINTENCLR_EL1"), REG(3, 0, 9, 14, 6, "PMMIR_EL1"),
	REG(3, 0, 10, 2, 0, "MAIR_EL1"), REG(3, 0, 10, 3, 0, "AMAIR_EL1"),
	REG(3, 0, 10, 4, 0, "LORSA_EL1"), REG(3, 0, 10, 4, 7, "LORID_EL1"),
	REG(3, 0, 12, 0, 0, "VBAR_EL1"), REG(3, 0, 12, 1, 1, "DISR_EL1"),
	REG(3, 0, 12, 8, 0, "ICC_IAR0_EL1"), REG(3, 0, 12, 8, 1, "ICC_EOIR0_EL1"),
	REG(3, 0, 12, 8, 2, "ICC_HPPIR0_EL1"), REG(3, 0, 12, 8, 3, "ICC_BPR0_EL1"),
	REG(3, 0, 12, 8, 4, "ICC_AP0R0_EL1"), REG(3, 0, 12, 9, 0, "ICC_AP1R0_EL1"),
	REG(3, 0, 12, 11, 1, "ICC_DIR_EL1"), REG(3, 0, 12, 11, 3, "ICC_RPR_EL1"),
	REG(3, 0, 12, 11, 5, "ICC_SGI1R_EL1"), REG(3, 0, 12, 11, 6, "ICC_ASGI1R_EL1"),
	REG(3, 0, 12, 11, 7, "ICC_SGI0R_EL1"), REG(3, 0, 12, 12, 0, "ICC_IAR1_EL1"),
	REG(3, 0, 12, 12, 1, "ICC_EOIR1_EL1"), REG(3, 0, 12, 12, 2, "ICC_HPPIR1_EL1"),
	REG(3, 0, 12, 12, 3, "ICC_BPR1_EL1"), REG(3, 0, 12, 12, 4, "ICC_CTLR_EL1"),
	REG(3, 0, 12, 12, 5, "ICC_SRE_EL1"), REG(3, 0, 12, 12, 6, "ICC_IGRPEN0_EL1"),
	REG(3, 0, 12, 12, 7, "ICC_IGRPEN1_EL1"), REG(3, 0, 13, 0, 1, "CONTEXTIDR_EL1"),
	REG(3, 0, 13, 0, 4, "TPIDR_EL1"), REG(3, 0, 13, 0, 7, "SCXTNUM_EL1"),
	REG(3, 0, 14, 1, 0, "CNTKCTL_EL1"),
	REG(3, 1, 0, 0, 0, "CCSIDR_EL1"), REG(3, 1, 0, 0, 1, "CLIDR_EL1"),
	REG(3, 1, 0, 0, 4, "GMID_EL1"), REG(3, 1, 0, 0, 6, "SMIDR_EL1"),
	REG(3, 1, 0, 0, 7, "AIDR_EL1"), REG(3, 2, 0, 0, 0, "CSSELR_EL1"),
	REG(3, 3, 0, 0, 1, "CTR_EL0"), REG(3, 3, 9, 12, 0, "PMCR_EL0"),
	REG(3, 3, 9, 12, 1, "PMCNTENSET_EL0"), REG(3, 3, 9, 12, 2, "PMCNTENCLR_EL0"),
	REG(3, 3, 9, 12, 3, "PMOVSCLR_EL0"), REG(3, 3, 9, 12, 4, "PMSWINC_EL0"),
	REG(3, 3, 9, 12, 5, "PMSELR_EL0"), REG(3, 3, 9, 12, 6, "PMCEID0_EL0"),
	REG(3, 3, 9, 12, 7, "PMCEID1_EL0"), REG(3, 3, 9, 13, 0, "PMCCNTR_EL0"),
	REG(3, 3, 9, 13, 1, "PMXEVTYPER_EL0"), REG(3, 3, 9, 13, 2, "PMXEVCNTR_EL0"),
	REG(3, 3, 9, 14, 0, "PMUSERENR_EL0"), REG(3, 3, 9, 14, 3, "PMOVSSET_EL0"),
	REG(3, 3, 13, 0, 2, "TPIDR_EL0"), REG(3, 3, 13, 0, 3, "TPIDRRO_EL0"),
	REG(3, 3, 14, 0, 0, "CNTFRQ_EL0"), REG(3, 3, 14, 0, 1, "CNTPCT_EL0"),
	REG(3, 3, 14, 0, 2, "CNTVCT_EL0"), REG(3, 3, 14, 0, 5, "CNTPCTSS_EL0"),
	REG(3, 3, 14, 2, 0, "CNTP_TVAL_EL0"), REG(3, 3, 14, 2, 1, "CNTP_CTL_EL0"),
	REG(3, 3, 14, 2, 2, "CNTP_CVAL_EL0"), REG(3, 3, 14, 3, 0, "CNTV_TVAL_EL0"),
	REG(3, 3, 14, 3, 1, "CNTV_CTL_EL0"), REG(3, 3, 14, 3, 2, "CNTV_CVAL_EL0"),
	REG(3, 3, 14, 15, 7, "PMCCFILTR_EL0"),
};

/* clang-format on */

/* Debug and performance registers that there are several of, numbered by CRm and op2. */
static bool numbered(uint32_t id, char *dst, size_t size)
{
	static const char *const debug[] = {
		[4] = "DBGBVR", [5] = "DBGBCR", [6] = "DBGWVR", [7] = "DBGWCR"
	};
	uint32_t crm = id >> 3 & 15, op2 = id & 7, n = (crm & 3) << 3 | op2;

	if (id >> 7 == 2 << 7 && op2 >= 4) {
		snprintf(dst, size, "%s%u_EL1", debug[op2], crm);
		return true;
	}
	if (id >> 7 != (3 << 7 | 3 << 4 | 14) || crm < 8)
		return false;
	snprintf(dst, size, "%s%u_EL0", crm < 12 ? "PMEVCNTR" : "PMEVTYPER", n);
	return true;
}

char *kw_sysreg_name(uint32_t id, char *dst, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		if (registers[i].code == id) {
			snprintf(dst, size, "%s", registers[i].name);
			return dst;
		}
	if (!numbered(id, dst, size))
		snprintf(dst, size, "S%u_%u_C%u_C%u_%u", id >> 14 & 3, id >> 11 & 7, id >> 7 & 15,
			 id >> 3 & 15, id & 7);
	return dst;
}
