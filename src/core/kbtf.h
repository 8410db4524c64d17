/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kbtf.h - questions to the running kernel's type information that CO-RE cannot ask.
 * May not know about: any one collector, BPF programs.
 * To extend: one function per question; the answer is for this kernel.
 */
#ifndef KW_KBTF_H
#define KW_KBTF_H

#include <stdint.h>

/* Arguments of a tracepoint of the kernel or of KVM; -1 if it is not there. */
int kw_tracepoint_args(const char *name);

/* Value of an enumerator of KVM, whatever its enumeration is called. 0, or -ENOENT: *ret stays. */
int kw_kvm_enumerator(const char *name, uint32_t *ret);

/* Name of the enumerator of an enumeration of KVM with this value; NULL if there is none. */
const char *kw_kvm_enumerator_name(const char *enumeration, uint32_t value);

#endif
