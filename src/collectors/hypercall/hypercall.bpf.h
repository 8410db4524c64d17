/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * hypercall.bpf.h - what guests ask of KVM: counts each call when KVM tells of it, and charges the
 * exit's time to it when the guest is entered again; by then it is known what it returned.
 * May not know about: names, VMs, other collectors.
 * To extend: see hypercall.h.
 */
#ifndef KW_HYPERCALL_BPF_H
#define KW_HYPERCALL_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "hypercall.h"

KW_KEYED_MAP(hypercall_rows, struct hypercall_key, struct hypercall_value);
KW_SLOT_MAP(hypercall_slots, struct hypercall_slot);

static const struct hypercall_value hypercall_zero;

/* The row of a key; *key becomes that of the others' row if there is no room. */
static __always_inline struct hypercall_value *hypercall_row(struct hypercall_slot *s,
							     struct hypercall_key *key)
{
	struct hypercall_value *value = NULL;

	if (!key->key.other)
		value = kw_keyed(&hypercall_rows, key, &hypercall_zero, &s->used,
				 kw_share(HYPERCALL_ROWS));
	if (value)
		return value;
	key->key.other = 1;
	key->nr = 0;
	key->level = 0;
	return kw_keyed_other(&hypercall_rows, key, &hypercall_zero);
}

static __always_inline struct hypercall_slot *hypercall_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&hypercall_slots, &slot);
}

static __always_inline void hypercall_emit(struct kw_vcpu *v, const struct hypercall_slot *s,
					   __u64 now, __u64 total)
{
	struct hypercall_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	kw_event_head(&e->head, v, KW_ID_hypercall, now);
	e->nr = s->nr;
	for (int i = 0; i < HYPERCALL_ARGS; i++)
		e->arg[i] = s->arg[i];
	e->result = s->result;
	e->has_result = s->has_result;
	/* what KVM, or the VMM in its place, returned is in the register of which it was asked */
	if (s->api != HYPERCALL_HYPERV)
		e->has_result = kw_guest_result((struct kvm_vcpu *)v->vcpu, &e->result);
	e->total = total;
	e->kernel = total ? kw_kernel_part(v, total) : 0;
	e->vmm = total ? v->part[KW_PART_VMM] : 0;
	e->api = s->api;
	e->level = v->exit_ns ? v->level : 1;
	e->vcpu_id = v->vcpu_id;
	e->tid = v->tid;
	bpf_ringbuf_submit(e, 0);
}

/*
 * The vCPU makes a call. KVM handles one per exit; were there a second, it would count, and the
 * first one have the time. Returns where the arguments go; NULL: nowhere.
 */
static __noinline __attribute__((unused)) struct hypercall_slot *hypercall_call(struct kw_vcpu *v,
										__u32 api, __u64 nr)
{
	struct hypercall_key key = { .api = api, .nr = nr };
	struct hypercall_value *value;
	struct hypercall_slot *s;

	s = v ? hypercall_slot(v) : NULL;
	if (!v || !s)
		return NULL;
	key.key.slot = v->slot;
	key.level = v->exit_ns ? v->level : 1;
	value = hypercall_row(s, &key);
	if (value)
		value->head.count++;
	if (v->about & KW_ABOUT_CALL)
		return NULL;
	v->about |= KW_ABOUT_CALL;
	s->first = key;
	s->api = api;
	s->nr = nr;
	s->result = 0;
	s->has_result = 0;
	return s;
}

/* The row may have been dropped since the call was counted: then it is made again. */
static __always_inline void hypercall_charge(struct kw_vcpu *v, struct hypercall_slot *s,
					     struct hypercall_key key, __u64 total)
{
	struct hypercall_value *value = hypercall_row(s, &key);

	if (!value)
		return;
	kw_charge_exit(&value->cost, v, total);
	if (kw_is_hypercall(v->isa, v->code))
		value->exits++;
	if (key.api == HYPERCALL_NONE)
		value->head.count++;
}

/* The guest is entered again; total is 0 if the exit's begin was not seen. */
static __noinline int hypercall_on_about(struct kw_vcpu *v, __u64 now, __u64 total)
{
	struct hypercall_slot *s = v ? hypercall_slot(v) : NULL;

	if (!v || !s)
		return 0;
	if (total)
		hypercall_charge(v, s, s->first, total);
	if (kw_trace_on && total >= kw_trace_slower)
		hypercall_emit(v, s, now, total);
	return 0;
}

/* An exit by the hypercall instruction of which KVM told no call. */
static __noinline int hypercall_none(struct kw_vcpu *v, __u64 total)
{
	struct hypercall_key key = { .api = HYPERCALL_NONE };
	struct hypercall_slot *s = v ? hypercall_slot(v) : NULL;

	if (!v || !s)
		return 0;
	key.key.slot = v->slot;
	key.level = v->level;
	hypercall_charge(v, s, key, total);
	return 0;
}

/* Every exit comes here. */
static __always_inline void hypercall_on_exit_done(struct kw_vcpu *v, __u64 total)
{
	if (kw_is_on(hypercall) && !(v->about & KW_ABOUT_CALL) && kw_is_hypercall(v->isa, v->code))
		hypercall_none(v, total);
}

#if defined(__TARGET_ARCH_x86)
KW_TRACEPOINT(kvm_hypercall, hypercall_kvm, unsigned long nr, unsigned long a0, unsigned long a1,
	      unsigned long a2, unsigned long a3)
{
	struct hypercall_slot *s = hypercall_call(kw_current_vcpu(), HYPERCALL_KVM, nr);

	if (!s)
		return 0;
	s->arg[0] = a0;
	s->arg[1] = a1;
	s->arg[2] = a2;
	s->arg[3] = a3;
	s->arg[4] = s->arg[5] = 0;
	return 0;
}

KW_TRACEPOINT(kvm_hv_hypercall, hypercall_hyperv, __u16 code, bool fast, __u16 third)
{
	struct hypercall_slot *s = hypercall_call(kw_current_vcpu(), HYPERCALL_HYPERV, code);
	__u64 told[4] = {}; /* counts of the calls, input, output */

	if (!s || bpf_probe_read_kernel(told, sizeof(told), ctx + 2 + kw_hyperv_call_has_header))
		return 0;
	s->arg[0] = told[2];
	s->arg[1] = told[3];
	s->arg[2] = (__u16)told[0];
	s->arg[3] = (__u16)told[1];
	s->arg[4] = kw_hyperv_call_has_header ? third : 0;
	s->arg[5] = fast;
	return 0;
}

/* KVM has the result of a Hyper-V call, or has got it from the VMM. */
KW_TRACEPOINT(kvm_hv_hypercall_done, hypercall_hyperv_done, __u64 result)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct hypercall_slot *s;

	if (!v || !(v->about & KW_ABOUT_CALL))
		return 0;
	s = hypercall_slot(v);
	if (s && s->api == HYPERCALL_HYPERV) {
		s->result = result;
		s->has_result = 1;
	}
	return 0;
}

KW_TRACEPOINT(kvm_xen_hypercall, hypercall_xen)
{
	__u64 told[1 + HYPERCALL_ARGS] = {}; /* the number comes first */
	struct hypercall_slot *s;

	if (bpf_probe_read_kernel(told, sizeof(told), ctx + kw_xen_call_has_cpl))
		return 0;
	s = hypercall_call(kw_current_vcpu(), HYPERCALL_XEN, told[0]);
	for (int i = 0; s && i < HYPERCALL_ARGS; i++)
		s->arg[i] = told[1 + i];
	return 0;
}
#endif /* x86 */

#if defined(__TARGET_ARCH_arm64)
#include "hypercall_arm64.bpf.h"
#elif defined(__TARGET_ARCH_riscv)
#include "hypercall_riscv.bpf.h"
#endif

#endif
