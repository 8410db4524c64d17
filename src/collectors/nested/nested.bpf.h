/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * nested.bpf.h - guests that run guests: which exits of L2 the host handles and which go to L1,
 * what they take, and what L1 pays for managing L2.
 * May not know about: names, VMs, other collectors.
 * To extend: see nested.h.
 */
#ifndef KW_NESTED_BPF_H
#define KW_NESTED_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "nested.h"

KW_KEYED_MAP(nested_rows, struct nested_key, struct nested_value);
KW_SLOT_MAP(nested_slots, struct nested_slot);

static const struct nested_value nested_zero;

static __always_inline struct nested_slot *nested_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&nested_slots, &slot);
}

static __always_inline struct nested_value *nested_row(struct nested_slot *s,
						       struct nested_key *key)
{
	struct nested_value *value =
		kw_keyed(&nested_rows, key, &nested_zero, &s->used, kw_share(NESTED_ROWS));

	if (value)
		return value;
	key->code = NESTED_MANY;
	key->key.other = 1;
	return kw_keyed_other(&nested_rows, key, &nested_zero);
}

/* Instructions by which L1 manages L2. */
static __always_inline bool nested_is_tax(__u32 isa, __u32 code)
{
	if (isa == KW_ISA_SVM) /* INVLPGA, VMRUN, VMLOAD … SKINIT */
		return code == 0x7a || code == 0x80 || (code >= 0x82 && code <= 0x86);
	if (isa == KW_ISA_VMX) /* VMCLEAR … VMXON, INVEPT, INVVPID */
		return (code >= 19 && code <= 27) || code == 50 || code == 53;
	return false;
}

static __always_inline void nested_switch(struct kw_vcpu *v, struct nested_slot *s, __u32 what)
{
	struct nested_key key = { .key.slot = v->slot, .what = what, .isa = v->isa };
	struct nested_value *value = nested_row(s, &key);

	if (value)
		value->head.count++;
}

static __always_inline void nested_emit(struct kw_vcpu *v, const struct nested_key *key, __u64 now,
					__u64 total, __u64 kernel)
{
	struct nested_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		kw_lose(KW_LOSS_RING);
		return;
	}
	kw_event_head(&e->head, v, KW_ID_nested, now);
	e->total = total;
	e->kernel = kernel;
	e->code = key->code;
	e->what = key->what;
	e->isa = key->isa;
	e->pad = 0;
	e->vcpu_id = v->vcpu_id;
	e->tid = v->tid;
	bpf_ringbuf_submit(e, 0);
}

/* L2 is entered again: what was away is over. */
static __always_inline void nested_back(struct nested_slot *s, __u64 now)
{
	struct nested_key key = s->reflected;
	struct nested_value *value = nested_row(s, &key); /* it may have been dropped meanwhile */

	if (value && now > s->away_since)
		value->away += now - s->away_since;
	s->away = false;
}

static __noinline int nested_exit(struct kw_vcpu *v, __u64 now, __u64 total)
{
	struct nested_slot *s = v ? nested_slot(v) : NULL;
	struct nested_key key = {};
	struct nested_value *value;
	__u64 kernel;
	bool leave;

	if (!s)
		return 0;
	/* a VMRUN that L0 lets end at once has both, and belongs to no exit of L2 */
	leave = v->about & KW_ABOUT_NESTED && s->leave && v->level == 2;
	kernel = kw_kernel_part(v, total);
	key.key.slot = v->slot;
	key.code = v->code;
	key.isa = v->isa;
	key.what = v->level == 2 ? leave ? NESTED_TO_L1 : NESTED_BY_L0 : NESTED_TAX;
	value = nested_row(s, &key);
	if (value) {
		value->head.count++;
		value->total += total;
		value->kernel += kernel;
		kw_max(&value->max, total);
	}
	if (v->about & KW_ABOUT_NESTED && s->enter && !s->leave && s->away)
		nested_back(s, now);
	if (leave) {
		s->reflected = key;
		s->away = true;
		s->away_since = v->exit_ns;
	}
	if (v->about & KW_ABOUT_NESTED)
		s->enter = s->leave = false;
	if (kw_trace_on && total >= kw_trace_slower)
		nested_emit(v, &key, now, total, kernel);
	return 0;
}

static __always_inline void nested_on_exit_done(struct kw_vcpu *v, __u64 now, __u64 total)
{
	if (kw_is_on(nested) && (v->level == 2 || nested_is_tax(v->isa, v->code)))
		nested_exit(v, now, total);
}

/* L1 and L2 are switched; the exit that it belongs to is accounted when it ends. */
static __always_inline int nested_note(__u32 what)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct nested_slot *s = v ? nested_slot(v) : NULL;

	if (!s)
		return 0;
	if (!(v->about & KW_ABOUT_NESTED))
		s->enter = s->leave = false;
	v->about |= KW_ABOUT_NESTED;
	if (what == NESTED_ENTER)
		s->enter = true;
	else
		s->leave = true;
	nested_switch(v, s, what);
	return 0;
}

#if defined(__TARGET_ARCH_x86)
KW_TRACEPOINT(kvm_nested_vmenter, nested_enter)
{
	return nested_note(NESTED_ENTER);
}

/* The older form, of SVM alone, see compat.bpf.h. */
KW_TRACEPOINT(kvm_nested_vmrun, nested_vmrun)
{
	return nested_note(NESTED_ENTER);
}

KW_TRACEPOINT(kvm_nested_vmexit_inject, nested_leave)
{
	return nested_note(NESTED_LEAVE);
}
#endif /* x86 */

#endif
