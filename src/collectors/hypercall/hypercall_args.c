// SPDX-License-Identifier: Apache-2.0
/*
 * hypercall_args.c - what a hypercall was asked to do, and what it answered, in words.
 * May not know about: BPF, maps, sinks.
 * To extend: another call of KVM's is a case in kvm_args().
 */
#define _GNU_SOURCE
#include "../../arch/names.h"
#include "../../util/cleanup.h"
#include "hypercall_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* KVM_HC_* of include/uapi/linux/kvm_para.h, which not every processor's headers have. */
enum {
	KVM_HC_KICK_CPU = 5,
	KVM_HC_CLOCK_PAIRING = 9,
	KVM_HC_SEND_IPI = 10,
	KVM_HC_SCHED_YIELD = 11,
	KVM_HC_MAP_GPA_RANGE = 12,
};

#define MAX_ERRNO 4095

/* The interrupt command register of a local APIC. */
static const char *delivery_mode(uint64_t icr)
{
	static const char *const modes[] = { "fixed", "lowest", "SMI",	   "reserved",
					     "NMI",   "INIT",	"startup", "external" };

	return modes[icr >> 8 & 7];
}

static const char *page_size(uint64_t attributes)
{
	static const char *const sizes[] = { "4K", "2M", "1G" };

	return (attributes & 0xf) < ARRAY_SIZE(sizes) ? sizes[attributes & 0xf] : "?";
}

static void raw_args(const uint64_t *a, size_t n, char *dst, size_t size)
{
	size_t used = 0;

	*dst = 0;
	for (size_t i = 0; i < n && used < size; i++)
		used += snprintf(dst + used, size - used, "%s0x%" PRIx64, i ? " " : "", a[i]);
}

static void kvm_args(uint64_t nr, const uint64_t *a, char *dst, size_t size)
{
	switch (nr) {
	case KVM_HC_KICK_CPU:
		snprintf(dst, size, "apic_id=%" PRIu64 " flags=0x%" PRIx64, a[1], a[0]);
		return;
	case KVM_HC_CLOCK_PAIRING:
		snprintf(dst, size, "gpa=0x%" PRIx64 " type=%" PRIu64 "%s", a[0], a[1],
			 a[1] ? "" : " (wallclock)");
		return;
	case KVM_HC_SEND_IPI:
		snprintf(dst, size,
			 "min_apic_id=%" PRIu64 " bitmap=0x%" PRIx64 ":0x%" PRIx64
			 " vector=0x%" PRIx64 " %s",
			 a[2], a[1], a[0], a[3] & 0xff, delivery_mode(a[3]));
		return;
	case KVM_HC_SCHED_YIELD:
		snprintf(dst, size, "apic_id=%" PRIu64, a[0]);
		return;
	case KVM_HC_MAP_GPA_RANGE:
		snprintf(dst, size, "gpa=0x%" PRIx64 " pages=%" PRIu64 " %s %s", a[0], a[1],
			 page_size(a[2]), a[2] & 1 << 4 ? "encrypted" : "decrypted");
		return;
	default:
		raw_args(a, 4, dst, size);
	}
}

static void hyperv_args(const uint64_t *a, char *dst, size_t size)
{
	int used = snprintf(dst, size, "%s=0x%" PRIx64 " output=0x%" PRIx64,
			    a[5] ? "fast input" : "input", a[0], a[1]);

	if (a[2])
		used += snprintf(dst + used, size - used, " reps=%" PRIu64 " from %" PRIu64, a[2],
				 a[3]);
	if (a[4])
		snprintf(dst + used, size - used, " header=%" PRIu64, a[4] * 8);
}

void hypercall_args(const struct hypercall_event_row *r, char *dst, size_t size)
{
	if (r->api == HYPERCALL_KVM)
		kvm_args(r->nr, r->arg, dst, size);
	else if (r->api == HYPERCALL_HYPERV)
		hyperv_args(r->arg, dst, size);
	else
		raw_args(r->arg, HYPERCALL_ARGS, dst, size);
}

/* A status in the low half word, and how many repetitions are done. */
static void hyperv_result(uint64_t result, char *dst, size_t size)
{
	const char *name = kw_hyperv_status_name(result & 0xffff);
	unsigned int done = result >> 32 & 0xfff;
	int used;

	used = snprintf(dst, size, "%u%s%s", (unsigned int)(result & 0xffff), name ? " " : "",
			name ?: "");
	if (done)
		snprintf(dst + used, size - used, " reps=%u", done);
}

/* The error that a register holds, also one of a guest with 32 bits; 0: it is none. */
static uint32_t error_of(uint64_t result)
{
	if (-result <= MAX_ERRNO)
		return -result;
	return result >> 32 == 0 && (uint32_t)-result <= MAX_ERRNO ? -(uint32_t)result : 0;
}

static const char *error_name(uint16_t api, uint64_t nr, uint32_t error)
{
	if (api == HYPERCALL_HVC || api == HYPERCALL_SMC)
		return kw_smccc_error_name(nr, error);
	if (api == HYPERCALL_SBI)
		return kw_sbi_error_name(error);
	return api == HYPERCALL_KVM ? kw_kvm_error_name(error) : strerrorname_np(error);
}

void hypercall_result(const struct hypercall_event_row *r, char *dst, size_t size)
{
	uint32_t error = error_of(r->result);
	const char *name;

	if (r->api == HYPERCALL_HYPERV) {
		hyperv_result(r->result, dst, size);
	} else if (error) {
		name = error_name(r->api, r->nr, error);
		snprintf(dst, size, "-%u%s%s", error, name ? " " : "", name ?: "");
	} else if (r->result > UINT32_MAX) {
		snprintf(dst, size, "0x%" PRIx64, r->result);
	} else {
		snprintf(dst, size, "%" PRIu64, r->result);
	}
}
