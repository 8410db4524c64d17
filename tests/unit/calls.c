// SPDX-License-Identifier: Apache-2.0
/*
 * calls.c - tests names of hypercalls and ioctls, and what their events tell in words.
 * May not know about: BPF, sinks, sources.
 * To extend: a line in a table, or an assert_args.
 */
#include "unit.h"

#include "arch/names.h"
#include "collectors/hypercall/hypercall_rows.h"
#include "collectors/ioctl/ioctl_rows.h"

#include <errno.h>
#include <linux/kvm.h>
#include <linux/kvm_para.h>

/* ---- names -----------------------------------------------------------------------------------*/

#define NAME(prefix, name)                                                                         \
	{                                                                                          \
		prefix##name, #name                                                                \
	}

static void kvm_hypercalls(void **state)
{
	static const struct kw_reason kernel[] = {
		NAME(KVM_HC_, VAPIC_POLL_IRQ), NAME(KVM_HC_, MMU_OP),
		NAME(KVM_HC_, FEATURES),       NAME(KVM_HC_, PPC_MAP_MAGIC_PAGE),
		NAME(KVM_HC_, KICK_CPU),       NAME(KVM_HC_, MIPS_GET_CLOCK_FREQ),
		NAME(KVM_HC_, MIPS_EXIT_VM),   NAME(KVM_HC_, MIPS_CONSOLE_OUTPUT),
		NAME(KVM_HC_, CLOCK_PAIRING),  NAME(KVM_HC_, SEND_IPI),
		NAME(KVM_HC_, SCHED_YIELD),    NAME(KVM_HC_, MAP_GPA_RANGE),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernel); i++)
		assert_string_equal(kw_kvm_hypercall_name(kernel[i].code), kernel[i].name);
	assert_null(kw_kvm_hypercall_name(0));
	assert_null(kw_kvm_hypercall_name(13));
	assert_null(kw_kvm_hypercall_name(1ULL << 32 | 5)); /* whatever its lower half is */
	assert_null(kw_kvm_hypercall_name(UINT64_MAX));
	assert_string_equal(kw_kvm_error_name(KVM_ENOSYS), "KVM_ENOSYS");
	assert_string_equal(kw_kvm_error_name(KVM_EFAULT), "KVM_EFAULT");
	assert_string_equal(kw_kvm_error_name(KVM_EINVAL), "KVM_EINVAL");
	assert_string_equal(kw_kvm_error_name(KVM_E2BIG), "KVM_E2BIG");
	assert_string_equal(kw_kvm_error_name(KVM_EPERM), "KVM_EPERM");
	assert_string_equal(kw_kvm_error_name(KVM_EOPNOTSUPP), "KVM_EOPNOTSUPP");
	assert_null(kw_kvm_error_name(38));
}

static void other_hypercalls(void **state)
{
	(void)state;
	assert_string_equal(kw_hyperv_hypercall_name(0x2), "FlushVirtualAddressSpace");
	assert_string_equal(kw_hyperv_hypercall_name(0x5c), "PostMessage");
	assert_string_equal(kw_hyperv_hypercall_name(0x5d), "SignalEvent");
	assert_string_equal(kw_hyperv_hypercall_name(0x8001), "ExtCallQueryCapabilities");
	assert_null(kw_hyperv_hypercall_name(0x1005c));
	assert_string_equal(kw_hyperv_status_name(0), "SUCCESS");
	assert_string_equal(kw_hyperv_status_name(2), "INVALID_HYPERCALL_CODE");
	assert_null(kw_hyperv_status_name(0xffff));
	assert_string_equal(kw_xen_hypercall_name(0), "set_trap_table");
	assert_string_equal(kw_xen_hypercall_name(17), "xen_version");
	assert_string_equal(kw_xen_hypercall_name(29), "sched_op");
	assert_null(kw_xen_hypercall_name(11));
	assert_null(kw_xen_hypercall_name(0x80000011));
}

static void sbi(void **state)
{
	(void)state;
	assert_string_equal(kw_sbi_name(0x1000000000), "BASE_GET_SPEC_VERSION");
	assert_string_equal(kw_sbi_name(0x54494d4500000000), "TIME_SET_TIMER");
	assert_string_equal(kw_sbi_name(0x48534d00000003), "HSM_HART_SUSPEND");
	assert_string_equal(kw_sbi_name(1ULL << 32), "LEGACY_CONSOLE_PUTCHAR");
	assert_string_equal(kw_sbi_name(8ULL << 32), "LEGACY_SHUTDOWN");
	assert_null(kw_sbi_name(9ULL << 32));
	assert_null(kw_sbi_name(0x1000000007));
	assert_null(kw_sbi_name(UINT64_MAX));
	assert_null(kw_sbi_error_name(0));
	assert_string_equal(kw_sbi_error_name(2), "NOT_SUPPORTED");
	assert_null(kw_sbi_error_name(15));
	assert_string_equal(kw_csr_name(0xc00), "CYCLE");
	assert_null(kw_csr_name(0xc03));
}

static void ioctls(void **state)
{
	static const struct kw_reason kernel[] = {
		NAME(, KVM_GET_API_VERSION),
		NAME(, KVM_CREATE_VM),
		NAME(, KVM_GET_MSR_INDEX_LIST),
		NAME(, KVM_CHECK_EXTENSION),
		NAME(, KVM_GET_VCPU_MMAP_SIZE),
		NAME(, KVM_GET_SUPPORTED_CPUID),
		NAME(, KVM_GET_EMULATED_CPUID),
		NAME(, KVM_GET_MSR_FEATURE_INDEX_LIST),
		NAME(, KVM_CREATE_VCPU),
		NAME(, KVM_GET_DIRTY_LOG),
		NAME(, KVM_SET_NR_MMU_PAGES),
		NAME(, KVM_GET_NR_MMU_PAGES),
		NAME(, KVM_SET_USER_MEMORY_REGION),
		NAME(, KVM_SET_TSS_ADDR),
		NAME(, KVM_SET_IDENTITY_MAP_ADDR),
		NAME(, KVM_CREATE_IRQCHIP),
		NAME(, KVM_IRQ_LINE),
		NAME(, KVM_GET_IRQCHIP),
		NAME(, KVM_SET_IRQCHIP),
		NAME(, KVM_CREATE_PIT),
		NAME(, KVM_GET_PIT),
		NAME(, KVM_SET_PIT),
		NAME(, KVM_IRQ_LINE_STATUS),
		NAME(, KVM_REGISTER_COALESCED_MMIO),
		NAME(, KVM_UNREGISTER_COALESCED_MMIO),
		NAME(, KVM_SET_GSI_ROUTING),
		NAME(, KVM_REINJECT_CONTROL),
		NAME(, KVM_IRQFD),
		NAME(, KVM_CREATE_PIT2),
		NAME(, KVM_SET_BOOT_CPU_ID),
		NAME(, KVM_IOEVENTFD),
		NAME(, KVM_XEN_HVM_CONFIG),
		NAME(, KVM_SET_CLOCK),
		NAME(, KVM_GET_CLOCK),
		NAME(, KVM_RUN),
		NAME(, KVM_GET_REGS),
		NAME(, KVM_SET_REGS),
		NAME(, KVM_GET_SREGS),
		NAME(, KVM_SET_SREGS),
		NAME(, KVM_TRANSLATE),
		NAME(, KVM_INTERRUPT),
		NAME(, KVM_GET_MSRS),
		NAME(, KVM_SET_MSRS),
		NAME(, KVM_SET_CPUID),
		NAME(, KVM_SET_SIGNAL_MASK),
		NAME(, KVM_GET_FPU),
		NAME(, KVM_SET_FPU),
		NAME(, KVM_GET_LAPIC),
		NAME(, KVM_SET_LAPIC),
		NAME(, KVM_SET_CPUID2),
		NAME(, KVM_GET_CPUID2),
		NAME(, KVM_TPR_ACCESS_REPORTING),
		NAME(, KVM_SET_VAPIC_ADDR),
		NAME(, KVM_GET_MP_STATE),
		NAME(, KVM_SET_MP_STATE),
		NAME(, KVM_NMI),
		NAME(, KVM_SET_GUEST_DEBUG),
		NAME(, KVM_X86_SETUP_MCE),
		NAME(, KVM_X86_GET_MCE_CAP_SUPPORTED),
		NAME(, KVM_X86_SET_MCE),
		NAME(, KVM_GET_PIT2),
		NAME(, KVM_GET_VCPU_EVENTS),
		NAME(, KVM_SET_PIT2),
		NAME(, KVM_SET_VCPU_EVENTS),
		NAME(, KVM_GET_DEBUGREGS),
		NAME(, KVM_SET_DEBUGREGS),
		NAME(, KVM_SET_TSC_KHZ),
		NAME(, KVM_ENABLE_CAP),
		NAME(, KVM_GET_TSC_KHZ),
		NAME(, KVM_GET_XSAVE),
		NAME(, KVM_SET_XSAVE),
		NAME(, KVM_SIGNAL_MSI),
		NAME(, KVM_GET_XCRS),
		NAME(, KVM_SET_XCRS),
		NAME(, KVM_DIRTY_TLB),
		NAME(, KVM_GET_ONE_REG),
		NAME(, KVM_SET_ONE_REG),
		NAME(, KVM_KVMCLOCK_CTRL),
		NAME(, KVM_GET_REG_LIST),
		NAME(, KVM_SET_PMU_EVENT_FILTER),
		NAME(, KVM_SMI),
		NAME(, KVM_MEMORY_ENCRYPT_OP),
		NAME(, KVM_MEMORY_ENCRYPT_REG_REGION),
		NAME(, KVM_MEMORY_ENCRYPT_UNREG_REGION),
		NAME(, KVM_HYPERV_EVENTFD),
		NAME(, KVM_GET_NESTED_STATE),
		NAME(, KVM_SET_NESTED_STATE),
		NAME(, KVM_CLEAR_DIRTY_LOG),
		NAME(, KVM_GET_SUPPORTED_HV_CPUID),
		NAME(, KVM_X86_SET_MSR_FILTER),
		NAME(, KVM_RESET_DIRTY_RINGS),
		NAME(, KVM_XEN_HVM_GET_ATTR),
		NAME(, KVM_XEN_HVM_SET_ATTR),
		NAME(, KVM_XEN_VCPU_GET_ATTR),
		NAME(, KVM_XEN_VCPU_SET_ATTR),
		NAME(, KVM_GET_SREGS2),
		NAME(, KVM_SET_SREGS2),
		NAME(, KVM_GET_STATS_FD),
		NAME(, KVM_GET_XSAVE2),
		NAME(, KVM_XEN_HVM_EVTCHN_SEND),
		NAME(, KVM_CREATE_DEVICE),
		NAME(, KVM_SET_DEVICE_ATTR),
		NAME(, KVM_GET_DEVICE_ATTR),
		NAME(, KVM_HAS_DEVICE_ATTR),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernel); i++)
		assert_string_equal(kw_ioctl_name(kernel[i].code), kernel[i].name);
	assert_string_equal(kw_ioctl_name(0x40a0ae49), "KVM_SET_USER_MEMORY_REGION2");
	assert_string_equal(kw_ioctl_name(0xc040aed4), "KVM_CREATE_GUEST_MEMFD");
	/* of other processors */
	assert_string_equal(kw_ioctl_name(0x4020aeae), "KVM_ARM_VCPU_INIT");
	assert_string_equal(kw_ioctl_name(0x4208ae9b), "KVM_SET_GUEST_DEBUG");
	assert_string_equal(kw_ioctl_name(0x4008ae9b), "KVM_SET_GUEST_DEBUG");
	assert_null(kw_ioctl_name(0));
	assert_null(kw_ioctl_name(0x5401)); /* TCGETS */
	assert_null(kw_ioctl_name(0xdeadbeef));
	assert_string_equal(kw_cap_name(KVM_CAP_SPLIT_IRQCHIP), "SPLIT_IRQCHIP");
	assert_string_equal(kw_cap_name(KVM_CAP_DIRTY_LOG_RING), "DIRTY_LOG_RING");
	assert_null(kw_cap_name(1ULL << 32));
	assert_string_equal(kw_device_name(KVM_DEV_TYPE_VFIO), "VFIO");
	assert_null(kw_device_name(0));
}

/* ---- hypercalls in words ---------------------------------------------------------------------*/

static void assert_call(const struct hypercall_event_row *r, const char *args, const char *result)
{
	char text[160];

	hypercall_args(r, text, sizeof(text));
	assert_string_equal(text, args);
	hypercall_result(r, text, sizeof(text));
	assert_string_equal(text, result);
}

static void kvm_calls(void **state)
{
	struct hypercall_event_row r = { .api = HYPERCALL_KVM, .nr = KVM_HC_KICK_CPU };

	(void)state;
	r.arg[1] = 3;
	assert_call(&r, "apic_id=3 flags=0x0", "0");
	r = (struct hypercall_event_row){
		.api = HYPERCALL_KVM, .nr = KVM_HC_SEND_IPI, .arg = { 5, 6, 7, 0x4fb }, .result = 2
	};
	assert_call(&r, "min_apic_id=7 bitmap=0x6:0x5 vector=0xfb NMI", "2");
	r.arg[3] = 0xec;
	assert_call(&r, "min_apic_id=7 bitmap=0x6:0x5 vector=0xec fixed", "2");
	r = (struct hypercall_event_row){ .api = HYPERCALL_KVM,
					  .nr = KVM_HC_MAP_GPA_RANGE,
					  .arg = { 0x1000, 2, 0x10 },
					  .result = -22ULL };
	assert_call(&r, "gpa=0x1000 pages=2 4K encrypted", "-22 KVM_EINVAL");
	r.arg[2] = 0xf;
	assert_call(&r, "gpa=0x1000 pages=2 ? decrypted", "-22 KVM_EINVAL");
	r = (struct hypercall_event_row){ .api = HYPERCALL_KVM,
					  .nr = KVM_HC_CLOCK_PAIRING,
					  .arg = { 0x2000, 1 },
					  .result = -95ULL };
	assert_call(&r, "gpa=0x2000 type=1", "-95 KVM_EOPNOTSUPP");
	r = (struct hypercall_event_row){ .api = HYPERCALL_KVM,
					  .nr = 99,
					  .arg = { 1, 2, 3, 4, 5 } };
	assert_call(&r, "0x1 0x2 0x3 0x4", "0");
}

/* Small negative numbers are errors, of 64 and of 32 bits; others are what they are. */
static void results(void **state)
{
	static const struct {
		uint64_t result;
		const char *text;
	} cases[] = {
		{ 0, "0" },
		{ 0xffffffff, "-1 KVM_EPERM" },
		{ -1ULL, "-1 KVM_EPERM" },
		{ -1000ULL, "-1000 KVM_ENOSYS" },
		{ 0xfffffc18, "-1000 KVM_ENOSYS" },
		{ -4095ULL, "-4095" },
		{ -4096ULL, "0xfffffffffffff000" },
		{ 0xfffff000, "4294963200" },
		{ 1ULL << 32, "0x100000000" },
		{ 1ULL << 63, "0x8000000000000000" },
	};
	struct hypercall_event_row r = { .api = HYPERCALL_KVM, .nr = 99 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		r.result = cases[i].result;
		assert_call(&r, "0x0 0x0 0x0 0x0", cases[i].text);
	}
}

static void other_calls(void **state)
{
	struct hypercall_event_row r = { .api = HYPERCALL_HYPERV,
					 .nr = 2,
					 .arg = { 0x5000, 0x6000, 4, 1, 2 },
					 .result = 0x400000000 };

	(void)state;
	assert_call(&r, "input=0x5000 output=0x6000 reps=4 from 1 header=16", "0 SUCCESS reps=4");
	r = (struct hypercall_event_row){
		.api = HYPERCALL_HYPERV, .nr = 0x5d, .arg = { [5] = 1 }, .result = 18
	};
	assert_call(&r, "fast input=0x0 output=0x0", "18 INVALID_CONNECTION_ID");
	r = (struct hypercall_event_row){ .api = HYPERCALL_XEN, .nr = 17, .result = -38ULL };
	assert_call(&r, "0x0 0x0 0x0 0x0 0x0 0x0", "-38 ENOSYS");
}

/* ---- ioctls in words -------------------------------------------------------------------------*/

static struct ioctl_event_row ioctl_of(uint32_t request, const void *data, size_t size)
{
	struct ioctl_event_row r = { .request = request, .arg = 0x7ffc0000 };

	r.size = size < sizeof(r.word) ? size : sizeof(r.word);
	memcpy(r.word, data, r.size);
	return r;
}

static void assert_args(const struct ioctl_event_row *r, const char *expected)
{
	char text[160];

	assert_true(ioctl_args(r, text, sizeof(text)));
	assert_string_equal(text, expected);
}

#define TOLD(request, expected, ...)                                                               \
	do {                                                                                       \
		struct ioctl_event_row row =                                                       \
			ioctl_of(request, &(__VA_ARGS__), sizeof(__VA_ARGS__));                    \
		assert_args(&row, expected);                                                       \
	} while (0)

static void memory_and_interrupts(void **state)
{
	(void)state;
	TOLD(KVM_SET_USER_MEMORY_REGION,
	     "slot=3 flags=0x1 gpa=0x1000 size=0x2000 hva=0x7f0000000000",
	     (struct kvm_userspace_memory_region){ 3, 1, 0x1000, 0x2000, 0x7f0000000000 });
	TOLD(KVM_IRQFD, "fd=7 gsi=24 flags=0x0", (struct kvm_irqfd){ .fd = 7, .gsi = 24 });
	TOLD(KVM_IRQFD, "fd=7 gsi=24 flags=0x2 resamplefd=9",
	     (struct kvm_irqfd){ .fd = 7, .gsi = 24, .flags = 2, .resamplefd = 9 });
	TOLD(KVM_IRQFD, "fd=7 gsi=24 flags=0x1 (deassign)",
	     (struct kvm_irqfd){ .fd = 7, .gsi = 24, .flags = 1 });
	TOLD(KVM_IOEVENTFD, "gpa=0xfe000000 len=4 fd=8 flags=0x1 datamatch=0x5",
	     (struct kvm_ioeventfd){
		     .addr = 0xfe000000, .len = 4, .fd = 8, .flags = 1, .datamatch = 5 });
	TOLD(KVM_IOEVENTFD, "port=0x60 len=1 fd=8 flags=0x2",
	     (struct kvm_ioeventfd){ .addr = 0x60, .len = 1, .fd = 8, .flags = 2 });
	TOLD(KVM_IRQ_LINE, "gsi=4 level=1", (struct kvm_irq_level){ .irq = 4, .level = 1 });
	TOLD(KVM_IRQ_LINE_STATUS, "status=-1 level=0", (struct kvm_irq_level){ .status = -1 });
	TOLD(KVM_SIGNAL_MSI, "addr=0x1fee00000 data=0x4041",
	     (struct kvm_msi){ .address_lo = 0xfee00000, .address_hi = 1, .data = 0x4041 });
	TOLD(KVM_INTERRUPT, "irq=32", (struct kvm_interrupt){ 32 });
	TOLD(KVM_SET_GSI_ROUTING, "n=24", (struct { uint32_t nr, flags; }){ 24, 0 });
}

/* What is told of the same bytes as arguments of each processor. */
static void assert_args_by_arch(uint32_t request, const void *data, size_t size,
				const char *const expected[IOCTL_ARCHS])
{
	for (uint32_t arch = 0; arch < IOCTL_ARCHS; arch++) {
		struct ioctl_event_row r = ioctl_of(request, data, size);
		char text[160];

		r.arch = arch;
		assert_int_equal(ioctl_args(&r, text, sizeof(text)), !!expected[arch]);
		if (expected[arch])
			assert_string_equal(text, expected[arch]);
	}
}

#define TOLD_BY_ARCH(request, data, ...)                                                           \
	assert_args_by_arch(request, data, sizeof(data),                                           \
			    (const char *const[IOCTL_ARCHS]){ __VA_ARGS__ })

/* Chosen by the processor that was watched: the tests run on any. */
static void requests_that_mean_others(void **state)
{
	(void)state;
	TOLD_BY_ARCH(0x4040aea0, ((uint8_t[64]){ 1, 1, 0, [8] = 0x21, [11] = 0x96 }),
		     [IOCTL_X86] = "exception=1 (injected) interrupt=0 (injected)",
		     [IOCTL_ARM64] = "serror=1 external_abort=0 esr=0x96000021");
	TOLD_BY_ARCH(0x8040ae9f, ((uint8_t[64]){ 0, 14, 1, [8] = 1, [9] = 48 }),
		     [IOCTL_X86] = "exception=14 interrupt=48 (injected)",
		     [IOCTL_ARM64] = "serror=0 external_abort=1 esr=0x3001");
	TOLD_BY_ARCH(KVM_IRQ_LINE,
		     ((uint32_t[2]){ 0x01000021, 1 }), [IOCTL_X86] = "gsi=16777249 level=1",
		     [IOCTL_ARM64] = "spi=33 level=1", [IOCTL_RISCV] = "gsi=16777249 level=1");
	TOLD_BY_ARCH(
		KVM_IRQ_LINE,
		((uint32_t[2]){ 0x1203001b, 0 }), [IOCTL_X86] = "gsi=302186523 level=0",
		[IOCTL_ARM64] = "ppi=27 vcpu=259 level=0", [IOCTL_RISCV] = "gsi=302186523 level=0");
	TOLD_BY_ARCH(KVM_CREATE_DEVICE,
		     ((uint32_t[3]){ KVM_DEV_TYPE_VFIO, 9, 0 }), [IOCTL_X86] = "type=VFIO fd=9",
		     [IOCTL_ARM64] = "type=VFIO fd=9", [IOCTL_RISCV] = "type=VFIO fd=9");
}

static void vms_and_vcpus(void **state)
{
	struct ioctl_event_row r = { .request = KVM_CREATE_VCPU, .arg = KVM_CAP_SET_TSS_ADDR };

	(void)state;
	assert_args(&r, "vcpu_id=4");
	r.request = KVM_CREATE_VM;
	assert_args(&r, "type=4");
	r.request = KVM_CHECK_EXTENSION;
	assert_args(&r, "cap=SET_TSS_ADDR");
	r.arg = 60000;
	assert_args(&r, "cap=60000");
	TOLD(KVM_ENABLE_CAP, "cap=SPLIT_IRQCHIP args=0x18 0x0 0x0 0x0",
	     (struct kvm_enable_cap){ .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } });
	TOLD(KVM_CREATE_DEVICE, "type=VFIO fd=9",
	     (struct kvm_create_device){ KVM_DEV_TYPE_VFIO, 9, 0 });
	TOLD(KVM_CREATE_DEVICE, "type=77 (test)",
	     (struct kvm_create_device){ 77, 0, KVM_CREATE_DEVICE_TEST });
	TOLD(KVM_HAS_DEVICE_ATTR, "group=1 attr=2", (struct kvm_device_attr){ 0, 1, 2, 0 });
	TOLD(KVM_GET_DIRTY_LOG, "slot=65536", (struct kvm_dirty_log){ .slot = 65536 });
	TOLD(KVM_CLEAR_DIRTY_LOG, "slot=1 first_page=0x40 pages=64",
	     (struct kvm_clear_dirty_log){ .slot = 1, .num_pages = 64, .first_page = 64 });
	TOLD(KVM_TRANSLATE, "linear=0xffff8000 physical=0x1000",
	     (struct kvm_translation){ 0xffff8000, 0x1000, 1, 0, 0, {} });
	TOLD(KVM_TRANSLATE, "linear=0xffff8000 invalid", (struct kvm_translation){ 0xffff8000 });
	TOLD(KVM_SET_MSRS, "n=30", (struct { uint32_t nr, pad; }){ 30, 0 });
	TOLD(KVM_SET_CPUID2, "n=56", (struct { uint32_t nr, pad; }){ 56, 0 });
}

/* What is not known is not made up. */
static void nothing_to_tell(void **state)
{
	struct ioctl_event_row r = { .request = KVM_IRQFD, .arg = 0x7ffc0000, .ret = -14 };
	char text[160];

	(void)state;
	assert_false(ioctl_args(&r, text, sizeof(text))); /* it could not be read */
	r = (struct ioctl_event_row){ .request = KVM_RUN };
	assert_false(ioctl_args(&r, text, sizeof(text)));
	r = (struct ioctl_event_row){ .request = KVM_SET_TSS_ADDR, .arg = 0xfffbd000 };
	assert_args(&r, "0xfffbd000");
	r = (struct ioctl_event_row){ .request = 0xdeadbeef, .arg = 1, .size = 64 };
	assert_false(ioctl_args(&r, text, sizeof(text)));
}

static void ioctl_results(void **state)
{
	static const struct {
		uint32_t request;
		int64_t ret;
		const char *text;
	} cases[] = {
		{ KVM_CREATE_VM, 12, "fd 12" },
		{ KVM_CREATE_VCPU, -17, "-EEXIST" },
		{ KVM_CHECK_EXTENSION, 255, "255" },
		{ KVM_RUN, 0, "0" },
		{ KVM_RUN, -4, "-EINTR" },
		{ KVM_RUN, -512, "-512" },
		{ 0xdeadbeef, INT64_MIN, "-9223372036854775808" },
	};
	char text[160];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ioctl_event_row r = { .request = cases[i].request, .ret = cases[i].ret };

		ioctl_result(&r, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kvm_hypercalls),
		cmocka_unit_test(other_hypercalls),
		cmocka_unit_test(sbi),
		cmocka_unit_test(ioctls),
		cmocka_unit_test(kvm_calls),
		cmocka_unit_test(results),
		cmocka_unit_test(other_calls),
		cmocka_unit_test(memory_and_interrupts),
		cmocka_unit_test(requests_that_mean_others),
		cmocka_unit_test(vms_and_vcpus),
		cmocka_unit_test(nothing_to_tell),
		cmocka_unit_test(ioctl_results),
	};

	return kw_run_tests(tests);
}
