// SPDX-License-Identifier: Apache-2.0
/*
 * hypercalls.c - names of hypercalls of KVM, Hyper-V and Xen, and of what they return.
 * May not know about: the running kernel, frames.
 * To extend: a line; numbers are from include/uapi/linux/kvm_para.h, Hyper-V's functional
 * specification and Xen's public headers.
 */
#include "../util/cleanup.h"
#include "names.h"

static const struct kw_reason kvm[] = {
	{ 1, "VAPIC_POLL_IRQ" }, { 2, "MMU_OP" },
	{ 3, "FEATURES" },	 { 4, "PPC_MAP_MAGIC_PAGE" },
	{ 5, "KICK_CPU" },	 { 6, "MIPS_GET_CLOCK_FREQ" },
	{ 7, "MIPS_EXIT_VM" },	 { 8, "MIPS_CONSOLE_OUTPUT" },
	{ 9, "CLOCK_PAIRING" },	 { 10, "SEND_IPI" },
	{ 11, "SCHED_YIELD" },	 { 12, "MAP_GPA_RANGE" },
};

static const struct kw_reason kvm_errors[] = {
	{ 1, "KVM_EPERM" },   { 7, "KVM_E2BIG" },	{ 14, "KVM_EFAULT" },
	{ 22, "KVM_EINVAL" }, { 95, "KVM_EOPNOTSUPP" }, { 1000, "KVM_ENOSYS" },
};

static const struct kw_reason hyperv[] = {
	{ 0x0001, "SwitchVirtualAddressSpace" },
	{ 0x0002, "FlushVirtualAddressSpace" },
	{ 0x0003, "FlushVirtualAddressList" },
	{ 0x0004, "GetLogicalProcessorRunTime" },
	{ 0x0008, "NotifyLongSpinWait" },
	{ 0x0009, "ParkedVirtualProcessors" },
	{ 0x000b, "SendSyntheticClusterIpi" },
	{ 0x000c, "ModifyVtlProtectionMask" },
	{ 0x000d, "EnablePartitionVtl" },
	{ 0x000e, "DisablePartitionVtl" },
	{ 0x000f, "EnableVpVtl" },
	{ 0x0010, "DisableVpVtl" },
	{ 0x0011, "VtlCall" },
	{ 0x0012, "VtlReturn" },
	{ 0x0013, "FlushVirtualAddressSpaceEx" },
	{ 0x0014, "FlushVirtualAddressListEx" },
	{ 0x0015, "SendSyntheticClusterIpiEx" },
	{ 0x0040, "CreatePartition" },
	{ 0x0041, "InitializePartition" },
	{ 0x0042, "FinalizePartition" },
	{ 0x0043, "DeletePartition" },
	{ 0x0044, "GetPartitionProperty" },
	{ 0x0045, "SetPartitionProperty" },
	{ 0x0046, "GetPartitionId" },
	{ 0x0048, "DepositMemory" },
	{ 0x0049, "WithdrawMemory" },
	{ 0x004b, "MapGpaPages" },
	{ 0x004c, "UnmapGpaPages" },
	{ 0x004d, "InstallIntercept" },
	{ 0x004e, "CreateVp" },
	{ 0x004f, "DeleteVp" },
	{ 0x0050, "GetVpRegisters" },
	{ 0x0051, "SetVpRegisters" },
	{ 0x0052, "TranslateVirtualAddress" },
	{ 0x0053, "ReadGpa" },
	{ 0x0054, "WriteGpa" },
	{ 0x0057, "CreatePort" },
	{ 0x0058, "DeletePort" },
	{ 0x0059, "ConnectPort" },
	{ 0x005b, "DisconnectPort" },
	{ 0x005c, "PostMessage" },
	{ 0x005d, "SignalEvent" },
	{ 0x0069, "PostDebugData" },
	{ 0x006a, "RetrieveDebugData" },
	{ 0x006b, "ResetDebugSession" },
	{ 0x0076, "AddLogicalProcessor" },
	{ 0x007c, "MapDeviceInterrupt" },
	{ 0x007d, "UnmapDeviceInterrupt" },
	{ 0x007e, "RetargetDeviceInterrupt" },
	{ 0x0094, "AssertVirtualInterrupt" },
	{ 0x0099, "StartVirtualProcessor" },
	{ 0x009a, "GetVpIndexFromApicId" },
	{ 0x00af, "FlushGuestPhysicalAddressSpace" },
	{ 0x00b0, "FlushGuestPhysicalAddressList" },
	{ 0x00db, "ModifySparseGpaPageHostVisibility" },
	{ 0x8001, "ExtCallQueryCapabilities" },
	{ 0x8003, "ExtCallMemoryHeatHint" },
};

static const struct kw_reason hyperv_statuses[] = {
	{ 0, "SUCCESS" },
	{ 2, "INVALID_HYPERCALL_CODE" },
	{ 3, "INVALID_HYPERCALL_INPUT" },
	{ 4, "INVALID_ALIGNMENT" },
	{ 5, "INVALID_PARAMETER" },
	{ 6, "ACCESS_DENIED" },
	{ 8, "OPERATION_DENIED" },
	{ 11, "INSUFFICIENT_MEMORY" },
	{ 13, "INVALID_PARTITION_ID" },
	{ 14, "INVALID_VP_INDEX" },
	{ 17, "INVALID_PORT_ID" },
	{ 18, "INVALID_CONNECTION_ID" },
	{ 19, "INSUFFICIENT_BUFFERS" },
	{ 21, "INVALID_VP_STATE" },
	{ 120, "TIME_OUT" },
	{ 134, "VTL_ALREADY_ENABLED" },
};

static const struct kw_reason xen[] = {
	{ 0, "set_trap_table" },
	{ 1, "mmu_update" },
	{ 2, "set_gdt" },
	{ 3, "stack_switch" },
	{ 4, "set_callbacks" },
	{ 5, "fpu_taskswitch" },
	{ 6, "sched_op_compat" },
	{ 7, "platform_op" },
	{ 8, "set_debugreg" },
	{ 9, "get_debugreg" },
	{ 10, "update_descriptor" },
	{ 12, "memory_op" },
	{ 13, "multicall" },
	{ 14, "update_va_mapping" },
	{ 15, "set_timer_op" },
	{ 16, "event_channel_op_compat" },
	{ 17, "xen_version" },
	{ 18, "console_io" },
	{ 19, "physdev_op_compat" },
	{ 20, "grant_table_op" },
	{ 21, "vm_assist" },
	{ 22, "update_va_mapping_otherdomain" },
	{ 23, "iret" },
	{ 24, "vcpu_op" },
	{ 25, "set_segment_base" },
	{ 26, "mmuext_op" },
	{ 27, "xsm_op" },
	{ 28, "nmi_op" },
	{ 29, "sched_op" },
	{ 30, "callback_op" },
	{ 31, "xenoprof_op" },
	{ 32, "event_channel_op" },
	{ 33, "physdev_op" },
	{ 34, "hvm_op" },
	{ 35, "sysctl" },
	{ 36, "domctl" },
	{ 37, "kexec_op" },
	{ 38, "tmem_op" },
	{ 39, "argo_op" },
	{ 40, "xenpmu_op" },
	{ 41, "dm_op" },
};

static const char *find(const struct kw_reason *names, size_t n, uint64_t code)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

const char *kw_kvm_hypercall_name(uint64_t nr)
{
	return find(kvm, ARRAY_SIZE(kvm), nr);
}

const char *kw_kvm_error_name(uint64_t error)
{
	return find(kvm_errors, ARRAY_SIZE(kvm_errors), error);
}

const char *kw_hyperv_hypercall_name(uint64_t code)
{
	return find(hyperv, ARRAY_SIZE(hyperv), code);
}

const char *kw_hyperv_status_name(uint64_t status)
{
	return find(hyperv_statuses, ARRAY_SIZE(hyperv_statuses), status);
}

const char *kw_xen_hypercall_name(uint64_t nr)
{
	return find(xen, ARRAY_SIZE(xen), nr);
}
