// SPDX-License-Identifier: Apache-2.0
/*
 * names.c - see names.h.
 * May not know about: the running kernel, frames.
 * To extend: see names.h.
 */
#include "names.h"

#include "../util/cleanup.h"
#include "../util/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* bit 31 of a VMX reason: the entry itself failed, for that reason */
#define VMX_FAILED_VMENTRY 0x80000000u
#define VMX_FAILED_SUFFIX  " FAILED_VMENTRY"

const struct kw_isa_names *const *kw_isa_tables(size_t *ret_n)
{
	static const struct kw_isa_names *const tables[] = { &kw_names_vmx,   &kw_names_svm,
							     &kw_names_pvm,   &kw_names_arm64,
							     &kw_names_riscv, &kw_names_user };

	*ret_n = ARRAY_SIZE(tables);
	return tables;
}

static const struct kw_isa_names *table_of(enum kw_isa isa)
{
	const struct kw_isa_names *const *tables;
	size_t n;

	tables = kw_isa_tables(&n);
	for (size_t i = 0; i < n; i++)
		if (tables[i]->isa == isa)
			return tables[i];
	return NULL;
}

const char *kw_isa_name(enum kw_isa isa)
{
	const struct kw_isa_names *t = table_of(isa);

	return t ? t->name : "unknown";
}

static const char *find(const struct kw_isa_names *t, uint32_t code)
{
	size_t low = 0, high = t ? t->n : 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (t->reason[middle].code == code)
			return t->reason[middle].name;
		if (t->reason[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *kw_user_exit_name(uint64_t reason)
{
	return reason <= UINT32_MAX ? find(&kw_names_user, reason) : NULL;
}

char *kw_reason_name(enum kw_isa isa, uint32_t code, char *dst, size_t size)
{
	const struct kw_isa_names *t = table_of(isa);
	const char *suffix = "", *name = find(t, code);

	if (isa == KW_ISA_USER && code & KW_USER_ERRNO) {
		snprintf(dst, size, "ERROR(%u)", code & ~KW_USER_ERRNO);
		return dst;
	}
	if (!name && isa == KW_ISA_VMX && code & VMX_FAILED_VMENTRY) {
		suffix = VMX_FAILED_SUFFIX;
		name = find(t, code & ~VMX_FAILED_VMENTRY);
	}
	if (name)
		snprintf(dst, size, "%s%s", name, suffix);
	else
		snprintf(dst, size, "UNKNOWN(0x%x)", code);
	return dst;
}

bool kw_reason_parse(enum kw_isa isa, const char *text, uint32_t *ret_code)
{
	const struct kw_isa_names *t = table_of(isa);
	uint64_t number;

	if (kw_parse_u64(text, &number) && number <= UINT32_MAX) {
		*ret_code = number;
		return true;
	}
	for (size_t i = 0; t && i < t->n; i++)
		if (!strcasecmp(t->reason[i].name, text)) {
			*ret_code = t->reason[i].code;
			return true;
		}
	return false;
}

bool kw_reason_is_known(const char *text)
{
	const struct kw_isa_names *const *tables;
	uint32_t code;
	size_t n;

	tables = kw_isa_tables(&n);
	for (size_t i = 0; i < n; i++)
		if (kw_reason_parse(tables[i]->isa, text, &code))
			return true;
	return false;
}
