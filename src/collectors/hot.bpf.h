/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * hot.bpf.h - which collectors listen at the hot hooks of the spine.
 * May not know about: what they do there.
 * To extend: include the collector's *.bpf.h and add its handler to the list.
 */
#ifndef KW_HOT_BPF_H
#define KW_HOT_BPF_H

#include "exits/exits.bpf.h"

static __always_inline void kw_collectors_on_entry(struct kw_vcpu *v, __u64 now, __u64 total)
{
	exits_on_entry(v, now, total);
}

#endif
