// SPDX-License-Identifier: Apache-2.0
/*
 * arm64.c - unit tests of src/bpf/esr_arm64.bpf.h: what an exit of arm64 tells.
 * May not know about: anything else. To extend: a case per function there.
 */
#include "unit.h"

#include <linux/types.h>
#undef __always_inline
#define __always_inline inline __attribute__((always_inline, unused))

#include "arch/names.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "bpf/esr_arm64.bpf.h"
#pragma GCC diagnostic pop

#define SERROR_PENDING 0x80000000u

/* Syndromes as the processor has them: class, length of the instruction, what is told of it. */
#define ESR(ec, iss) ((__u64)(ec) << 26 | 1 << 25 | (iss))

static const char *reason(__u32 ret, __u32 ec, __u64 esr)
{
	static char text[64];

	kw_reason_name(KW_ISA_ARM64, kw_arm_code(ret, ec, esr), text, sizeof(text));
	return text;
}

static void test_traps_are_told_by_class(void **state)
{
	(void)state;
	for (__u32 ec = 0; ec < 0x40; ec++)
		assert_int_equal(kw_arm_code(KW_ARM_TRAP, ec, ESR(ec, 0)), ec);
	assert_string_equal(reason(KW_ARM_TRAP, 0x16, ESR(0x16, 0)), "HVC64");
	assert_string_equal(reason(KW_ARM_TRAP, 0x18, ESR(0x18, 1)), "SYS64");
	assert_string_equal(reason(KW_ARM_TRAP, 0x24, ESR(0x24, 0x47)), "DABT_LOW");
	assert_string_equal(reason(KW_ARM_TRAP, 0x20, ESR(0x20, 0x07)), "IABT_LOW");
}

/* The lowest two bits: WFI, WFE, WFIT, WFET; above, the condition that the instruction had. */
static void test_waits_are_told_apart(void **state)
{
	static const char *const names[] = { "WFI", "WFE", "WFI", "WFE" };
	const __u64 conditions = 0xf << 20 | 1 << 24;

	(void)state;
	for (__u64 i = 0; i < 4; i++) {
		__u64 esr = ESR(KW_EC_WFX, conditions | i);

		assert_string_equal(reason(KW_ARM_TRAP, KW_EC_WFX, esr), names[i]);
		assert_int_equal(kw_is_hlt(KW_ISA_ARM64, kw_arm_code(KW_ARM_TRAP, KW_EC_WFX, esr)),
				 !(i & 1));
	}
	/* the same bit of other syndromes is about something else */
	assert_int_equal(kw_arm_code(KW_ARM_TRAP, 0x18, ESR(0x18, 1)), 0x18);
}

/* What KVM passes as class is then that of an exit before. */
static void test_others_have_no_class(void **state)
{
	(void)state;
	for (__u32 ret = 0; ret < 4; ret++)
		for (__u32 ec = 0; ec < 0x40; ec++) {
			__u64 esr = ESR(ec, 1);

			if (ret == KW_ARM_TRAP)
				continue;
			assert_int_equal(kw_arm_code(ret, ec, esr), 0x100 + ret);
			assert_int_equal(kw_arm_code(ret | SERROR_PENDING, ec, esr), 0x100 + ret);
			assert_false(kw_is_hlt(KW_ISA_ARM64, kw_arm_code(ret, ec, esr)));
		}
	assert_string_equal(reason(0, KW_EC_WFX, ESR(KW_EC_WFX, 1)), "IRQ");
	assert_string_equal(reason(1, KW_EC_WFX, ESR(KW_EC_WFX, 1)), "EL1_SERROR");
	assert_int_equal(kw_arm_code(KW_ARM_TRAP | SERROR_PENDING, 0x16, ESR(0x16, 0)), 0x16);
	assert_int_equal(kw_arm_code(KW_ARM_TRAP | SERROR_PENDING, KW_EC_WFX, ESR(KW_EC_WFX, 1)),
			 KW_CODE_WFE);
}

static void test_calls(void **state)
{
	(void)state;
	for (__u32 code = 0; code < 0x120; code++)
		assert_int_equal(kw_is_hypercall(KW_ISA_ARM64, code),
				 code == 0x12 || code == 0x13 || code == 0x16 || code == 0x17);
}

/* In terms of x86: 0 forbidden, 1 a write, 2 only the access flag, 4 a fetch. */
static void test_faults(void **state)
{
	const struct {
		__u64 esr;
		__u64 error;
	} cases[] = {
		{ ESR(0x24, 0x07), 0 },		 /* a read of what is not mapped, level 3 */
		{ ESR(0x24, 0x47), 1 << 1 },	 /* a write */
		{ ESR(0x20, 0x07), 1 << 4 },	 /* a fetch */
		{ ESR(0x24, 0x4f), 1 << 1 | 1 }, /* a write that is forbidden */
		{ ESR(0x20, 0x0f), 1 << 4 | 1 },
		{ ESR(0x24, 0x0b), 1 | 1 << 2 },      /* access flag */
		{ ESR(0x24, 0x87), 0 },		      /* a walk of the guest's tables reads … */
		{ ESR(0x24, 0xc7), 0 },		      /* … whatever it was for, … */
		{ ESR(0x24, 0x8f), 1 << 1 | 1 << 0 }, /* … unless it was to set a flag there */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(kw_fault_error(KW_ISA_ARM64, cases[i].esr), cases[i].error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_traps_are_told_by_class),
		cmocka_unit_test(test_waits_are_told_apart),
		cmocka_unit_test(test_others_have_no_class),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
