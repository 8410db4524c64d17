// SPDX-License-Identifier: Apache-2.0
/*
 * names.c - tests the tables of exit reasons, and compares those of x86 with the kernel's headers.
 * May not know about: tables, sinks.
 * To extend: a name of ours that differs from the kernel's is a line in renamed[], with a reason.
 */
#include "unit.h"

#include "arch/names.h"

#include <ctype.h>
#include <strings.h>

static void for_every_reason(void (*fn)(const struct kw_isa_names *t, size_t i))
{
	const struct kw_isa_names *const *tables;
	size_t n;

	tables = kw_isa_tables(&n);
	assert_int_equal(n, 6);
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < tables[t]->n; i++)
			fn(tables[t], i);
}

static void check_order(const struct kw_isa_names *t, size_t i)
{
	if (i && t->reason[i - 1].code >= t->reason[i].code)
		fail_msg("%s: %s is not in ascending order", t->name, t->reason[i].name);
	for (size_t k = 0; k < i; k++)
		if (!strcasecmp(t->reason[k].name, t->reason[i].name))
			fail_msg("%s has %s twice", t->name, t->reason[i].name);
}

static void ascending_and_unique(void **state)
{
	(void)state;
	for_every_reason(check_order);
}

static void check_round_trip(const struct kw_isa_names *t, size_t i)
{
	char name[64], other_case[64];
	uint32_t code = ~t->reason[i].code;

	kw_reason_name(t->isa, t->reason[i].code, name, sizeof(name));
	assert_string_equal(name, t->reason[i].name);
	assert_true(kw_reason_parse(t->isa, name, &code));
	assert_int_equal(code, t->reason[i].code);
	snprintf(other_case, sizeof(other_case), "%s", name);
	for (char *p = other_case; *p; p++)
		*p = isupper((unsigned char)*p) ? tolower((unsigned char)*p)
						: toupper((unsigned char)*p);
	code = ~code;
	assert_true(kw_reason_parse(t->isa, other_case, &code));
	assert_int_equal(code, t->reason[i].code);
}

static void round_trip(void **state)
{
	(void)state;
	for_every_reason(check_round_trip);
}

static void check_plain(const struct kw_isa_names *t, size_t i)
{
	const char *name = t->reason[i].name;

	(void)t;
	assert_false(isdigit((unsigned char)*name)); /* would be parsed as a number */
	assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_"),
			 strlen(name));
}

static void names_are_plain_words(void **state)
{
	(void)state;
	for_every_reason(check_plain);
}

static void numbers(void **state)
{
	uint32_t code;

	(void)state;
	assert_true(kw_reason_parse(KW_ISA_SVM, "120", &code));
	assert_int_equal(code, 120);
	assert_true(kw_reason_parse(KW_ISA_SVM, "0x78", &code));
	assert_int_equal(code, 0x78);
	assert_true(kw_reason_parse(KW_ISA_VMX, "0X80000021", &code));
	assert_int_equal(code, 0x80000021);
	assert_true(kw_reason_parse(KW_ISA_VMX, "4294967295", &code));
	assert_int_equal(code, 0xffffffff);
	assert_false(kw_reason_parse(KW_ISA_VMX, "4294967296", &code));
	assert_false(kw_reason_parse(KW_ISA_VMX, "-1", &code));
	assert_false(kw_reason_parse(KW_ISA_VMX, "12x", &code));
}

/* KVM_RUN failed: no reason of its own. */
static void errors_of_user_exits(void **state)
{
	char name[64];

	(void)state;
	assert_string_equal(kw_reason_name(KW_ISA_USER, KW_USER_ERRNO | 11, name, sizeof(name)),
			    "ERROR(11)");
	assert_string_equal(kw_reason_name(KW_ISA_USER, 6, name, sizeof(name)), "MMIO");
	assert_string_equal(kw_reason_name(KW_ISA_USER, 999, name, sizeof(name)), "UNKNOWN(0x3e7)");
	assert_string_equal(kw_reason_name(KW_ISA_SVM, KW_USER_ERRNO | 11, name, sizeof(name)),
			    "UNKNOWN(0x8000000b)");
}

static void names_of_other_isas(void **state)
{
	uint32_t code;

	(void)state;
	assert_false(kw_reason_parse(KW_ISA_VMX, "NPF", &code));
	assert_false(kw_reason_parse(KW_ISA_SVM, "EPT_VIOLATION", &code));
	assert_false(kw_reason_parse(KW_ISA_NONE, "HLT", &code));
	assert_false(kw_reason_parse(KW_ISA_SVM, "", &code));
	assert_false(kw_reason_parse(KW_ISA_SVM, "NO_SUCH", &code));
	assert_true(kw_reason_parse(KW_ISA_NONE, "7", &code));
	assert_true(kw_reason_parse(KW_ISA_VMX, "hlt", &code));
	assert_int_equal(code, 12);
	assert_true(kw_reason_parse(KW_ISA_SVM, "Hlt", &code));
	assert_int_equal(code, 0x78);
}

static void assert_name(enum kw_isa isa, uint32_t code, const char *expected)
{
	char name[64];

	assert_string_equal(kw_reason_name(isa, code, name, sizeof(name)), expected);
}

static void unknown_codes_keep_their_number(void **state)
{
	(void)state;
	assert_name(KW_ISA_SVM, 0x123, "UNKNOWN(0x123)");
	assert_name(KW_ISA_VMX, 0x7fff, "UNKNOWN(0x7fff)");
	assert_name(KW_ISA_NONE, 0, "UNKNOWN(0x0)");
	assert_name(99, 0xfffffffe, "UNKNOWN(0xfffffffe)");
	assert_name(KW_ISA_SVM, 0x80000078, "UNKNOWN(0x80000078)");
}

static void failed_entries_of_vmx(void **state)
{
	(void)state;
	assert_name(KW_ISA_VMX, 33, "INVALID_STATE");
	assert_name(KW_ISA_VMX, 0x80000000 | 33, "INVALID_STATE FAILED_VMENTRY");
	assert_name(KW_ISA_VMX, 0x80000000 | 41, "MCE_DURING_VMENTRY FAILED_VMENTRY");
	assert_name(KW_ISA_VMX, 0x80000000 | 0x7ffe, "UNKNOWN(0x80007ffe)");
	assert_name(KW_ISA_PVM, 0x80000000 | 33, "UNKNOWN(0x80000021)");
}

static void short_buffers(void **state)
{
	char name[8];

	(void)state;
	assert_string_equal(kw_reason_name(KW_ISA_VMX, 48, name, sizeof(name)), "EPT_VIO");
}

static void isa_names(void **state)
{
	(void)state;
	assert_string_equal(kw_isa_name(KW_ISA_VMX), "vmx");
	assert_string_equal(kw_isa_name(KW_ISA_SVM), "svm");
	assert_string_equal(kw_isa_name(KW_ISA_PVM), "pvm");
	assert_string_equal(kw_isa_name(KW_ISA_ARM64), "arm64");
	assert_string_equal(kw_isa_name(KW_ISA_RISCV), "riscv");
	assert_string_equal(kw_isa_name(KW_ISA_NONE), "unknown");
}

#if defined(__x86_64__)
/* ---- the kernel's own tables -----------------------------------------------------------------*/

#include <asm/svm.h>
#include <asm/vmx.h>

enum {
	DE_VECTOR = 0,
	DB_VECTOR,
	BP_VECTOR = 3,
	OF_VECTOR,
	BR_VECTOR,
	UD_VECTOR,
	NM_VECTOR,
	DF_VECTOR,
	TS_VECTOR = 10,
	NP_VECTOR,
	SS_VECTOR,
	GP_VECTOR,
	PF_VECTOR,
	MF_VECTOR = 16,
	AC_VECTOR,
	MC_VECTOR,
	XM_VECTOR,
	VE_VECTOR,
	CP_VECTOR,
	HV_VECTOR = 28,
	VC_VECTOR,
	SX_VECTOR,
};

/* Ours where the header's string is not the word of the header's own constant SVM_EXIT_*. */
static const struct {
	const char *kernel, *ours;
} renamed[] = {
	{ "read_idtr", "IDTR_READ" }, /* the constants, and the manual, have the words swapped */
	{ "read_gdtr", "GDTR_READ" },
	{ "read_ldtr", "LDTR_READ" },
	{ "write_idtr", "IDTR_WRITE" },
	{ "write_gdtr", "GDTR_WRITE" },
	{ "write_ldtr", "LDTR_WRITE" },
	{ "write_efer_trap", "EFER_WRITE_TRAP" },
	{ "write_cr0_trap", "CR0_WRITE_TRAP" },
	{ "write_cr4_trap", "CR4_WRITE_TRAP" },
	{ "write_cr8_trap", "CR8_WRITE_TRAP" },
	{ "read_rt", "TR_READ" }, /* the header's misprint of tr */
	{ "write_rt", "TR_WRITE" },
	{ "hypercall", "VMMCALL" }, /* the instruction, as the constant and the manual have it */
	{ "invalid_guest_state", "INVALID" },			 /* VMEXIT_INVALID of the manual */
	{ "vmgexit_page_state_change", "VMGEXIT_PSC" },		 /* SVM_VMGEXIT_PSC */
	{ "vmgexit_hypervisor_feature", "VMGEXIT_HV_FEATURES" }, /* SVM_VMGEXIT_HV_FEATURES */
	{ "buslock", "BUS_LOCK" },   /* SVM_EXIT_BUS_LOCK, newer headers */
	{ "idle-halt", "IDLE_HLT" }, /* SVM_EXIT_IDLE_HLT, newer headers */
};

static const char *our_name(const char *kernel, char *dst, size_t size)
{
	const char *space = strchr(kernel, ' ');

	for (size_t i = 0; i < ARRAY_SIZE(renamed); i++)
		if (!strcmp(renamed[i].kernel, kernel))
			return renamed[i].ours;
	if (space && !strcmp(space, " excp"))
		snprintf(dst, size, "EXCP_%.*s", (int)(space - kernel), kernel);
	else
		snprintf(dst, size, "%s", kernel);
	return dst;
}

static size_t differing(enum kw_isa isa, const struct kw_reason *kernel, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		char ours[64], buf[64];
		const char *expected = our_name(kernel[i].name, buf, sizeof(buf));

		kw_reason_name(isa, kernel[i].code, ours, sizeof(ours));
		if (!strcasecmp(ours, expected))
			continue;
		print_error("%s 0x%x: the kernel says %s, we say %s\n", kw_isa_name(isa),
			    kernel[i].code, kernel[i].name, ours);
		wrong++;
	}
	return wrong;
}

static void vmx_as_the_kernel_has_it(void **state)
{
	static const struct kw_reason kernel[] = { VMX_EXIT_REASONS };

	(void)state;
	assert_true(ARRAY_SIZE(kernel) > 50);
	assert_int_equal(differing(KW_ISA_VMX, kernel, ARRAY_SIZE(kernel)), 0);
}

static void svm_as_the_kernel_has_it(void **state)
{
	static const struct kw_reason kernel[] = { SVM_EXIT_REASONS };

	(void)state;
	assert_true(ARRAY_SIZE(kernel) > 100);
	assert_int_equal(differing(KW_ISA_SVM, kernel, ARRAY_SIZE(kernel)), 0);
}

/* Constants that the header has, but not its table of strings. */
static void svm_constants(void **state)
{
	(void)state;
	assert_name(KW_ISA_SVM, SVM_EXIT_MWAIT_COND, "MWAIT_COND");
	assert_name(KW_ISA_SVM, SVM_EXIT_RDPRU, "RDPRU");
	assert_name(KW_ISA_SVM, SVM_EXIT_CR15_WRITE_TRAP, "CR15_WRITE_TRAP");
	assert_name(KW_ISA_SVM, SVM_VMGEXIT_TERM_REQUEST, "VMGEXIT_TERM_REQUEST");
	assert_name(KW_ISA_SVM, SVM_VMGEXIT_HV_FEATURES, "VMGEXIT_HV_FEATURES");
	assert_name(KW_ISA_SVM, SVM_VMGEXIT_UNSUPPORTED_EVENT, "VMGEXIT_UNSUPPORTED_EVENT");
	assert_name(KW_ISA_SVM, SVM_EXIT_LAST_EXCP, "EXCP_31");
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascending_and_unique),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(names_are_plain_words),
		cmocka_unit_test(numbers),
		cmocka_unit_test(errors_of_user_exits),
		cmocka_unit_test(names_of_other_isas),
		cmocka_unit_test(unknown_codes_keep_their_number),
		cmocka_unit_test(failed_entries_of_vmx),
		cmocka_unit_test(short_buffers),
		cmocka_unit_test(isa_names),
#if defined(__x86_64__)
		cmocka_unit_test(vmx_as_the_kernel_has_it),
		cmocka_unit_test(svm_as_the_kernel_has_it),
		cmocka_unit_test(svm_constants),
#endif
	};

	return kw_run_tests(tests);
}
