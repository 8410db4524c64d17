// SPDX-License-Identifier: Apache-2.0
/*
 * riscv_sbi.c - names of the calls of riscv's Supervisor Binary Interface, and of its errors.
 * May not know about: the running kernel, frames.
 * To extend: a line; numbers are from the RISC-V SBI specification.
 */
#include "../util/cleanup.h"
#include "names.h"

static const struct {
	uint32_t extension, function;
	const char *name;
} calls[] = {
	{ 0x10, 0, "BASE_GET_SPEC_VERSION" },
	{ 0x10, 1, "BASE_GET_IMPL_ID" },
	{ 0x10, 2, "BASE_GET_IMPL_VERSION" },
	{ 0x10, 3, "BASE_PROBE_EXTENSION" },
	{ 0x10, 4, "BASE_GET_MVENDORID" },
	{ 0x10, 5, "BASE_GET_MARCHID" },
	{ 0x10, 6, "BASE_GET_MIMPID" },
	{ 0x54494d45, 0, "TIME_SET_TIMER" },
	{ 0x735049, 0, "IPI_SEND_IPI" },
	{ 0x52464e43, 0, "RFENCE_FENCE_I" },
	{ 0x52464e43, 1, "RFENCE_SFENCE_VMA" },
	{ 0x52464e43, 2, "RFENCE_SFENCE_VMA_ASID" },
	{ 0x52464e43, 3, "RFENCE_HFENCE_GVMA_VMID" },
	{ 0x52464e43, 4, "RFENCE_HFENCE_GVMA" },
	{ 0x52464e43, 5, "RFENCE_HFENCE_VVMA_ASID" },
	{ 0x52464e43, 6, "RFENCE_HFENCE_VVMA" },
	{ 0x48534d, 0, "HSM_HART_START" },
	{ 0x48534d, 1, "HSM_HART_STOP" },
	{ 0x48534d, 2, "HSM_HART_GET_STATUS" },
	{ 0x48534d, 3, "HSM_HART_SUSPEND" },
	{ 0x53525354, 0, "SRST_SYSTEM_RESET" },
	{ 0x504d55, 0, "PMU_NUM_COUNTERS" },
	{ 0x504d55, 1, "PMU_COUNTER_GET_INFO" },
	{ 0x504d55, 2, "PMU_COUNTER_CONFIG_MATCHING" },
	{ 0x504d55, 3, "PMU_COUNTER_START" },
	{ 0x504d55, 4, "PMU_COUNTER_STOP" },
	{ 0x504d55, 5, "PMU_COUNTER_FW_READ" },
	{ 0x504d55, 6, "PMU_COUNTER_FW_READ_HI" },
	{ 0x504d55, 7, "PMU_SNAPSHOT_SET_SHMEM" },
	{ 0x504d55, 8, "PMU_EVENT_GET_INFO" },
	{ 0x4442434e, 0, "DBCN_CONSOLE_WRITE" },
	{ 0x4442434e, 1, "DBCN_CONSOLE_READ" },
	{ 0x4442434e, 2, "DBCN_CONSOLE_WRITE_BYTE" },
	{ 0x53555350, 0, "SUSP_SYSTEM_SUSPEND" },
	{ 0x535441, 0, "STA_STEAL_TIME_SET_SHMEM" },
	{ 0x4e41434c, 0, "NACL_PROBE_FEATURE" },
	{ 0x4e41434c, 1, "NACL_SET_SHMEM" },
	{ 0x4e41434c, 2, "NACL_SYNC_CSR" },
	{ 0x4e41434c, 3, "NACL_SYNC_HFENCE" },
	{ 0x4e41434c, 4, "NACL_SYNC_SRET" },
	{ 0x46574654, 0, "FWFT_SET" },
	{ 0x46574654, 1, "FWFT_GET" },
};

/* Extensions of a single function each, before SBI 0.2: that number says nothing. */
static const char *const legacy[] = {
	"LEGACY_SET_TIMER",	    "LEGACY_CONSOLE_PUTCHAR",
	"LEGACY_CONSOLE_GETCHAR",   "LEGACY_CLEAR_IPI",
	"LEGACY_SEND_IPI",	    "LEGACY_REMOTE_FENCE_I",
	"LEGACY_REMOTE_SFENCE_VMA", "LEGACY_REMOTE_SFENCE_VMA_ASID",
	"LEGACY_SHUTDOWN",
};

const char *kw_sbi_name(uint64_t nr)
{
	if (nr >> 32 < ARRAY_SIZE(legacy))
		return legacy[nr >> 32];
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (((uint64_t)calls[i].extension << 32 | calls[i].function) == nr)
			return calls[i].name;
	return NULL;
}

const char *kw_sbi_error_name(uint32_t error)
{
	static const char *const names[] = {
		[1] = "FAILED",
		[2] = "NOT_SUPPORTED",
		[3] = "INVALID_PARAM",
		[4] = "DENIED",
		[5] = "INVALID_ADDRESS",
		[6] = "ALREADY_AVAILABLE",
		[7] = "ALREADY_STARTED",
		[8] = "ALREADY_STOPPED",
		[9] = "NO_SHMEM",
		[10] = "INVALID_STATE",
		[11] = "BAD_RANGE",
		[12] = "TIMEOUT",
		[13] = "IO",
		[14] = "DENIED_LOCKED",
	};

	return error < ARRAY_SIZE(names) ? names[error] : NULL;
}
