/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - names of exit reasons of every instruction set; the data's isa chooses, never the
 * machine that this runs on.
 * May not know about: the running kernel, frames.
 * To extend: another isa is another table file and a line in names.c.
 */
#ifndef KW_NAMES_H
#define KW_NAMES_H

#include "../core/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_reason {
	uint32_t code;
	const char *name;
};

struct kw_isa_names {
	enum kw_isa isa;
	const char *name;		/* as in the column isa */
	const struct kw_reason *reason; /* ascending by code */
	size_t n;
};

/* The tables, one for each isa; *ret_n how many. */
const struct kw_isa_names *const *kw_isa_tables(size_t *ret_n);

const char *kw_isa_name(enum kw_isa isa); /* "svm"; "unknown" */

/* Name of a reason; an unknown one keeps its number: "UNKNOWN(0x…)". Returns dst. */
char *kw_reason_name(enum kw_isa isa, uint32_t code, char *dst, size_t size);

/*
 * The code that text means for an isa: a name (any case) or a number. False if it is a name that
 * this isa does not have.
 */
bool kw_reason_parse(enum kw_isa isa, const char *text, uint32_t *ret_code);

/* Does any isa have a reason of this name, or is it a number? */
bool kw_reason_is_known(const char *text);

/* Name of an exit to user space (KVM_EXIT_*) or of an x86 MSR; NULL if there is none. */
const char *kw_user_exit_name(uint64_t reason);
const char *kw_msr_name(uint64_t msr);

/* Names of hypercalls and of what they return; NULL if there is none. */
const char *kw_kvm_hypercall_name(uint64_t nr);
const char *kw_kvm_error_name(uint64_t error); /* positive */
const char *kw_hyperv_hypercall_name(uint64_t code);
const char *kw_hyperv_status_name(uint64_t status);
const char *kw_xen_hypercall_name(uint64_t nr);

/* Of arm64's calls to hypervisor and firmware: function ids of SMCCC; errors are positive. */
const char *kw_smccc_name(uint64_t id);
const char *kw_smccc_error_name(uint64_t id, uint32_t error);

/* An arm64 system register: its name, else how the instructions encode it, S3_0_C1_C0_1. */
char *kw_sysreg_name(uint32_t id, char *dst, size_t size);

/* A riscv control and status register that KVM may be asked for. */
const char *kw_csr_name(uint64_t csr);

/* Of riscv's calls of SBI: extension << 32 | function; errors are positive. */
const char *kw_sbi_name(uint64_t nr);
const char *kw_sbi_error_name(uint32_t error);

/* Name of an ioctl by its request, of a capability or a device type of KVM; NULL: there is none. */
const char *kw_ioctl_name(uint32_t request);
const char *kw_cap_name(uint64_t cap);
const char *kw_device_name(uint64_t type);

extern const struct kw_isa_names kw_names_vmx, kw_names_svm, kw_names_pvm, kw_names_arm64,
	kw_names_riscv, kw_names_user;

#endif
