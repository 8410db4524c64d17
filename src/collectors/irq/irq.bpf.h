/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * irq.bpf.h - interrupts on their way: raised by a device or a vCPU, accepted by a vCPU's local
 * APIC, injected into the guest, ended by its EOI.
 * May not know about: names, VMs, other collectors.
 * To extend: see irq.h.
 *
 * Whoever raises an interrupt (a vCPU, the VMM, vhost, a kworker, a hardware interrupt) is
 * current, so who it is for comes from KVM's arguments. KVM's tracepoints name no VM; the calls
 * around them do, and are remembered by thread while they last.
 */
#ifndef KW_IRQ_BPF_H
#define KW_IRQ_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "../../bpf/times.bpf.h"
#include "irq.h"

const volatile bool irq_on;
const volatile bool irq_trace_on;
const volatile __u64 irq_trace_slower;

KW_KEYED_MAP(irq_rows, struct irq_key, struct irq_value);
KW_KEYED_MAP(irq_vectors, struct irq_vector_key, struct irq_vector_value);
KW_KEYED_MAP(irq_times, struct irq_time_key, struct irq_time_value);
KW_KEYED_MAP(irq_states, struct irq_state_key, struct irq_state_value);
KW_SLOT_MAP(irq_slots, struct irq_slot);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096); /* kept ready: some are made in hardware interrupts */
	__type(key, struct irq_call_key);
	__type(value, struct irq_call);
} irq_calls SEC(".maps");

static const struct irq_value irq_zero;
static const struct irq_vector_value irq_vector_zero;
static const struct irq_time_value irq_time_zero;
static const struct irq_state_value irq_state_zero;

/* include/uapi/linux/kvm.h, asm-generic/errno-base.h */
#define IRQ_ROUTING_MSI 2
#define IRQ_EWOULDBLOCK 11

/* registers of a local APIC */
#define IRQ_APIC_IRR	0x200
#define IRQ_APIC_MASKED (1 << 16)

static __always_inline struct irq_slot *irq_slot(struct kw_vcpu *v)
{
	__u32 slot = v->slot;

	return bpf_map_lookup_elem(&irq_slots, &slot);
}

/* ---- rows ---- */

/* How an interrupt fared: bits. */
#define IRQ_COALESCED 1
#define IRQ_MASKED    2
#define IRQ_POSTED    4

static __noinline int irq_count(struct kw_vcpu *v, struct irq_key *from, __u32 how)
{
	struct irq_slot *s = v ? irq_slot(v) : NULL;
	struct irq_value *value;
	struct irq_key key = {};

	if (!s || !from)
		return 0;
	key = *from;
	key.key.slot = v->slot;
	if (!(IRQ_WITH_VECTOR & 1 << (key.mode & 7)))
		key.vector = 0;
	value = kw_keyed(&irq_rows, &key, &irq_zero, &s->used_rows, kw_share(IRQ_ROWS));
	if (!value) {
		key.key.other = 1;
		key.line = IRQ_MANY;
		key.vector = 0;
		value = kw_keyed_other(&irq_rows, &key, &irq_zero);
	}
	if (!value)
		return 0;
	__sync_fetch_and_add(&value->head.count, 1);
	if (how & IRQ_COALESCED)
		__sync_fetch_and_add(&value->coalesced, 1);
	if (how & IRQ_MASKED)
		__sync_fetch_and_add(&value->masked, 1);
	if (how & IRQ_POSTED)
		__sync_fetch_and_add(&value->posted, 1);
	return 0;
}

static __always_inline struct irq_vector_value *irq_vector(struct kw_vcpu *v, __u32 vector)
{
	struct irq_vector_key key = { .key.slot = v->slot, .vector = vector & 0xff };
	struct irq_slot *s = irq_slot(v);
	struct irq_vector_value *value = NULL;

	if (s)
		value = kw_keyed(&irq_vectors, &key, &irq_vector_zero, &s->used_vectors,
				 IRQ_VECTORS);
	if (!value)
		kw_lose(KW_LOSS_NO_ROW);
	return value;
}

/* Something took ns on its way. */
static __noinline int irq_took(struct kw_vcpu *v, __u32 vector, __u32 way, __u64 ns)
{
	struct irq_time_key key = { .vector = vector, .way = way };
	struct irq_slot *s = v ? irq_slot(v) : NULL;
	struct irq_time_value *value;
	__u32 bucket;

	if (!s)
		return 0;
	key.key.slot = v->slot;
	value = kw_keyed(&irq_times, &key, &irq_time_zero, &s->used_times, kw_share(IRQ_TIMES));
	if (!value) {
		key.key.other = 1;
		key.vector = IRQ_VECTORS;
		value = kw_keyed_other(&irq_times, &key, &irq_time_zero);
	}
	if (!value)
		return 0;
	__sync_fetch_and_add(&value->head.count, 1);
	__sync_fetch_and_add(&value->total, ns);
	kw_max(&value->max, ns);
	bucket = kw_times_bucket(ns);
	if (bucket < KW_TIMES_BUCKETS)
		__sync_fetch_and_add(&value->hist[bucket], 1);
	return 0;
}

/* ---- events ---- */

static __always_inline struct irq_event *irq_event(struct kw_vcpu *v, __u32 what, __u64 delay,
						   __u64 now)
{
	struct irq_event *e;

	if (!irq_trace_on || delay < irq_trace_slower)
		return NULL;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		kw_lose(KW_LOSS_RING);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	kw_event_head(&e->head, v, KW_ID_irq, now);
	e->what = what;
	e->delay = delay;
	e->has_delay = true;
	e->vcpu_id = v->vcpu_id;
	e->tid = (__u32)bpf_get_current_pid_tgid();
	return e;
}

/* ---- calls in progress ---- */

/* Threads are told apart by their ids, those that idle, of which each CPU has one, by the CPU. */
static __always_inline struct irq_call_key irq_call_key(__u32 kind)
{
	__u64 thread = bpf_get_current_pid_tgid();

	if (!thread)
		thread = 1ULL << 63 | bpf_get_smp_processor_id();
	return (struct irq_call_key){ .thread = thread, .kind = kind };
}

static __always_inline struct irq_call *irq_call(__u32 kind)
{
	struct irq_call_key key = irq_call_key(kind);

	return bpf_map_lookup_elem(&irq_calls, &key);
}

/*
 * Acceptance can be interrupted by a hardware interrupt that has another one accepted: the inner
 * one is a kind of its own.
 */
static __always_inline __u32 irq_accept_kind(bool begins)
{
	if (begins)
		return irq_call(IRQ_CALL_ACCEPT) ? IRQ_CALL_ACCEPT_IN : IRQ_CALL_ACCEPT;
	return irq_call(IRQ_CALL_ACCEPT_IN) ? IRQ_CALL_ACCEPT_IN : IRQ_CALL_ACCEPT;
}

static __always_inline int irq_begins(__u32 kind, struct irq_call *call)
{
	struct irq_call_key key = irq_call_key(kind);

	call->since_ns = call->since_ns ?: bpf_ktime_get_ns();
	if (bpf_map_update_elem(&irq_calls, &key, call, BPF_ANY))
		kw_lose(KW_LOSS_NO_CALL);
	return 0;
}

static __always_inline bool irq_ends(__u32 kind, struct irq_call *call)
{
	struct irq_call_key key = irq_call_key(kind);
	struct irq_call *found = bpf_map_lookup_elem(&irq_calls, &key);

	if (!found)
		return false;
	*call = *found;
	bpf_map_delete_elem(&irq_calls, &key);
	return kw_running;
}

/* ---- raised by a device ---- */

/* What of an interrupt its source tells: the row's key, and what only an event shows. */
struct irq_raised {
	struct irq_key key;
	__u32 dest;
	__u8 to, level, pad[2];
};

static __always_inline void irq_emit_set(struct kw_vcpu *v, const struct irq_raised *r, __u32 how,
					 __u64 since)
{
	__u64 now = irq_trace_on ? bpf_ktime_get_ns() : 0;
	struct irq_event *e = irq_event(v, IRQ_SET, now - since, now);

	if (!e)
		return;
	e->line = r->key.line;
	e->source = r->key.source;
	e->vector = r->key.vector;
	e->mode = r->key.mode;
	e->dest = r->dest;
	e->has_dest =
		r->key.source != IRQ_PIC && r->key.source != IRQ_LVT && r->key.source != IRQ_OTHER;
	e->to = r->to;
	e->level = r->level;
	e->masked = !!(how & IRQ_MASKED);
	e->coalesced = !!(how & IRQ_COALESCED);
	e->posted = !!(how & IRQ_POSTED);
	bpf_ringbuf_submit(e, 0);
}

/*
 * It is known what was raised and who accepted it: a row for each, or, if nobody did, one of the
 * VM's; how: what the source says of it.
 */
static __always_inline void irq_raise(struct irq_call *c, struct irq_raised *r, __u32 how)
{
	struct irq_raised other = { .key.source = IRQ_OTHER };
	struct kw_vcpu *v;
	__u32 fared, n = 0;

	for (__u32 i = 0; i < IRQ_TARGETS; i++) {
		if (i >= c->n)
			break;
		v = kw_slot(c->target[i].slot);
		if (!v)
			continue;
		fared = how | (c->target[i].coalesced ? IRQ_COALESCED : 0) |
			(c->target[i].posted ? IRQ_POSTED : 0);
		if (c->target[i].vector != r->key.vector) { /* a timer's, that came in between */
			other.key.vector = c->target[i].vector;
			other.key.mode = c->target[i].mode;
			irq_count(v, &other.key, fared);
			irq_emit_set(v, &other, fared, c->since_ns);
			continue;
		}
		irq_count(v, &r->key, fared);
		irq_emit_set(v, r, fared, c->since_ns);
		n++;
	}
	if (n)
		return;
	v = kw_vm_find((struct kvm *)c->kvm);
	if (!v)
		return;
	irq_count(v, &r->key, how);
	irq_emit_set(v, r, how, c->since_ns);
}

/* An interrupt is raised by line or route: KVM_IRQ_LINE, irqfd's work queue, the PIT. */
static __always_inline int irq_set_begins(struct kvm *kvm, __u32 level)
{
	struct irq_call call = { .kvm = (__u64)kvm, .level = level };

	return kw_running && kvm ? irq_begins(IRQ_CALL_SET, &call) : 0;
}

static __always_inline int irq_set_ends(void)
{
	struct irq_raised r = { .key.source = IRQ_OTHER };
	struct irq_call call;

	/* accepted, but by way of neither chip nor MSI, which would have taken it out */
	if (irq_ends(IRQ_CALL_SET, &call) && call.n) {
		r.key.vector = call.target[0].vector;
		r.key.mode = call.target[0].mode;
		irq_raise(&call, &r, 0);
	}
	return 0;
}

SEC("?fentry/kvm_set_irq")
int BPF_PROG(irq_set_fentry, struct kvm *kvm, int source, __u32 irq, int level)
{
	return irq_set_begins(kvm, level);
}

SEC("?kprobe/kvm_set_irq")
int BPF_KPROBE(irq_set_kprobe, struct kvm *kvm, int source, __u32 irq, int level)
{
	return irq_set_begins(kvm, level);
}

SEC("?fexit/kvm_set_irq")
int BPF_PROG(irq_set_fexit)
{
	return irq_set_ends();
}

SEC("?kretprobe/kvm_set_irq")
int BPF_KRETPROBE(irq_set_kretprobe)
{
	return irq_set_ends();
}

/* A pin of the PIC, with the registers of its half. Lowering a line raises nothing. */
SEC("?tp_btf/kvm_pic_set_irq")
int BPF_PROG(irq_pic, __u32 chip, __u32 pin, __u32 elcr, __u32 imr, bool coalesced)
{
	struct irq_call *c = kw_running ? irq_call(IRQ_CALL_SET) : NULL;
	__u32 how = (imr >> (pin & 7) & 1 ? IRQ_MASKED : 0) | (coalesced ? IRQ_COALESCED : 0);
	struct irq_raised r = { .key.source = IRQ_PIC, .key.mode = IRQ_EXTINT };
	struct irq_vector_value *value;
	struct kw_vcpu *vm;
	struct kvm *kvm;

	if (!c || !c->level)
		return 0;
	kvm = (struct kvm *)c->kvm;
	r.key.line = (chip & 1) * 8 + (pin & 7);
	r.key.vector = (chip & 1 ? BPF_CORE_READ(kvm, arch.vpic, pics[1].irq_base)
				 : BPF_CORE_READ(kvm, arch.vpic, pics[0].irq_base)) +
		       (pin & 7);
	r.level = elcr >> (pin & 7) & 1;
	irq_raise(c, &r, how);
	vm = how ? NULL : kw_any_vm(kvm);
	value = vm ? irq_vector(vm, r.key.vector) : NULL;
	if (value)
		value->set_ns = c->since_ns;
	return 0;
}

/*
 * A pin of the IOAPIC, with its entry of the redirection table: after the local APICs were asked.
 * A level-triggered one whose last interrupt was not ended is held back.
 */
SEC("?tp_btf/kvm_ioapic_set_irq")
int BPF_PROG(irq_ioapic, __u64 entry, int pin, bool coalesced)
{
	struct irq_call *c = kw_running ? irq_call(IRQ_CALL_SET) : NULL;
	struct irq_raised r = { .key.source = IRQ_IOAPIC };
	__u32 how = 0;

	if (!c || !c->level)
		return 0;
	r.key.line = pin;
	r.key.vector = entry;
	r.key.mode = entry >> 8 & 7;
	r.to = entry >> 11 & 1;
	r.level = entry >> 15 & 1;
	r.dest = entry >> 56;
	if (entry >> 16 & 1)
		how |= IRQ_MASKED;
	else if (r.level ? entry >> 14 & 1 : coalesced)
		how |= IRQ_COALESCED;
	irq_raise(c, &r, how);
	c->n = 0;
	return 0;
}

static __always_inline int irq_msi_begins(__u32 kind, struct kvm_kernel_irq_routing_entry *e,
					  struct kvm *kvm, __u32 level)
{
	struct irq_call call = { .kvm = (__u64)kvm, .level = level };

	if (!kw_running || !e || !kvm || !level)
		return 0;
	/* those of KVM_SIGNAL_MSI have no type */
	if (kind == IRQ_CALL_ATOMIC && BPF_CORE_READ(e, type) != IRQ_ROUTING_MSI)
		return 0;
	call.line =
		(__u64)BPF_CORE_READ(e, msi.address_hi) << 32 | BPF_CORE_READ(e, msi.address_lo);
	call.data = BPF_CORE_READ(e, msi.data);
	call.vector = call.data;
	call.mode = call.data >> 8 & 7;
	return irq_begins(kind, &call);
}

/* ret: what the call returns; one that may not sleep gives up, and another call raises it. */
static __always_inline int irq_msi_ends(__u32 kind, int ret)
{
	struct irq_raised r = {};
	struct irq_call call;

	if (!irq_ends(kind, &call) || ret == -IRQ_EWOULDBLOCK)
		return 0;
	r.key.source = kind == IRQ_CALL_ATOMIC ? IRQ_MSI_ATOMIC : IRQ_MSI;
	r.key.line = call.line;
	r.key.vector = call.vector;
	r.key.mode = call.mode;
	r.dest = (call.line >> 12 & 0xff) | (call.line >> 32 & 0xffffff00);
	r.to = call.line >> 2 & 1;
	r.level = call.data >> 15 & 1;
	irq_raise(&call, &r, 0);
	return 0;
}

SEC("?fentry/kvm_set_msi")
int BPF_PROG(irq_msi_fentry, struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm, int source,
	     int level)
{
	return irq_msi_begins(IRQ_CALL_MSI, e, kvm, level);
}

SEC("?kprobe/kvm_set_msi")
int BPF_KPROBE(irq_msi_kprobe, struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm, int source,
	       int level)
{
	return irq_msi_begins(IRQ_CALL_MSI, e, kvm, level);
}

SEC("?fexit/kvm_set_msi")
int BPF_PROG(irq_msi_fexit, void *e, void *kvm, int source, int level, bool status, int ret)
{
	return irq_msi_ends(IRQ_CALL_MSI, ret);
}

SEC("?kretprobe/kvm_set_msi")
int BPF_KRETPROBE(irq_msi_kretprobe, int ret)
{
	return irq_msi_ends(IRQ_CALL_MSI, ret);
}

SEC("?fentry/kvm_arch_set_irq_inatomic")
int BPF_PROG(irq_atomic_fentry, struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm, int source,
	     int level)
{
	return irq_msi_begins(IRQ_CALL_ATOMIC, e, kvm, level);
}

SEC("?kprobe/kvm_arch_set_irq_inatomic")
int BPF_KPROBE(irq_atomic_kprobe, struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm,
	       int source, int level)
{
	return irq_msi_begins(IRQ_CALL_ATOMIC, e, kvm, level);
}

SEC("?fexit/kvm_arch_set_irq_inatomic")
int BPF_PROG(irq_atomic_fexit, void *e, void *kvm, int source, int level, bool status, int ret)
{
	return irq_msi_ends(IRQ_CALL_ATOMIC, ret);
}

SEC("?kretprobe/kvm_arch_set_irq_inatomic")
int BPF_KRETPROBE(irq_atomic_kretprobe, int ret)
{
	return irq_msi_ends(IRQ_CALL_ATOMIC, ret);
}

/* A vCPU writes its interrupt command register; those it is for accept it before it goes on. */
SEC("?tp_btf/kvm_apic_ipi")
int BPF_PROG(irq_ipi, __u32 icr, __u32 dest)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct irq_slot *s = v ? irq_slot(v) : NULL;

	if (!s)
		return 0;
	s->ipi_vector = icr & 0xff;
	s->ipi_mode = icr >> 8 & 7;
	s->ipi_dest = dest;
	s->ipi_to = icr >> 18 & 3 ? IRQ_TO_LOGICAL + (icr >> 18 & 3) : icr >> 11 & 1;
	s->ipi_ns = bpf_ktime_get_ns();
	v->about |= KW_ABOUT_IPI;
	return 0;
}

/* ---- accepted by a local APIC ---- */

static __always_inline __u32 irq_apic_register(struct kvm_lapic *apic, __u32 reg)
{
	void *regs = BPF_CORE_READ(apic, regs);
	__u32 value = 0;

	if (regs)
		bpf_probe_read_kernel(&value, sizeof(value), regs + reg);
	return value;
}

/* A call whose end was kept from us goes on for ever: no call takes that long. */
#define IRQ_CALL_NS 1000000000ULL

static __always_inline struct irq_call *irq_call_now(__u32 kind, __u64 now)
{
	struct irq_call *c = irq_call(kind);

	return c && now - c->since_ns < IRQ_CALL_NS ? c : NULL;
}

/* The call that raises what is being accepted; NULL: no device's. */
static __always_inline struct irq_call *irq_raiser(const struct irq_call *accepted,
						   const struct kw_vcpu *v)
{
	struct irq_call *c = irq_call_now(IRQ_CALL_ATOMIC, accepted->since_ns);

	c = c ?: irq_call_now(IRQ_CALL_MSI, accepted->since_ns);
	if (c)
		return c->kvm == v->kvm && c->vector == accepted->vector ? c : NULL;
	c = irq_call_now(IRQ_CALL_SET, accepted->since_ns);
	return c && c->kvm == v->kvm ? c : NULL;
}

/* The vCPU that is sending what is being accepted; NULL: it is no IPI. */
static __always_inline struct kw_vcpu *irq_sender(const struct irq_call *accepted,
						  const struct kw_vcpu *v, struct irq_slot **ret)
{
	struct kw_vcpu *sender = kw_current_vcpu();
	struct irq_slot *s;

	if (!sender || !(sender->about & KW_ABOUT_IPI) || sender->kvm != v->kvm)
		return NULL;
	s = irq_slot(sender);
	if (!s || s->ipi_mode != accepted->mode || s->ipi_vector != accepted->vector)
		return NULL;
	*ret = s;
	return sender;
}

/* It is pending from now on: the vCPU may have it before this call is over. */
static __noinline int irq_pending(struct irq_call *a)
{
	struct kw_vcpu *v = a ? kw_vcpu_of((struct kvm_vcpu *)a->kvm) : NULL;
	struct irq_vector_value *value = v ? irq_vector(v, a->vector) : NULL;
	struct irq_slot *s;
	struct irq_call *c;

	if (!value || !v || !a)
		return 0;
	c = irq_raiser(a, v);
	if (c)
		a->set_ns = c->since_ns;
	else if (irq_sender(a, v, &s))
		a->set_ns = s->ipi_ns;
	value->set_ns = a->set_ns ?: a->since_ns;
	value->accept_ns = a->since_ns;
	return 0;
}

/* KVM reports no interrupt as coalesced that a local APIC has pending already: look there. */
static __always_inline int irq_accept_begins(struct kvm_lapic *apic, __u32 mode, __u32 vector,
					     __u32 trigger)
{
	struct irq_call call = { .vector = vector, .mode = mode >> 8 & 7, .trigger = !!trigger };

	if (!kw_running || !apic)
		return 0;
	call.kvm = (__u64)BPF_CORE_READ(apic, vcpu);
	call.line = (__u64)apic;
	call.since_ns = bpf_ktime_get_ns();
	vector &= 0xff;
	if (call.mode <= IRQ_LOWEST) {
		call.coalesced =
			irq_apic_register(apic, IRQ_APIC_IRR + vector / 32 * 16) >> (vector % 32) &
			1;
		if (!call.coalesced)
			irq_pending(&call);
	}
	return irq_begins(irq_accept_kind(true), &call);
}

SEC("?tp_btf/kvm_apicv_accept_irq")
int BPF_PROG(irq_posted)
{
	struct irq_call *c = kw_running ? irq_call(irq_accept_kind(false)) : NULL;

	if (c)
		c->posted = 1;
	return 0;
}

/* Registers of the local vector table; those from the third on have a delivery mode. */
static const __u16 irq_lvt[] = { 0x320, 0x370, 0x340, 0x350, 0x360, 0x330, 0x2f0 };

#define IRQ_LVT_WITH_MODE 2

/* Which entry of its local vector table a vCPU's interrupt is of; 0: of none. */
static __always_inline __u32 irq_lvt_of(struct kvm_lapic *apic, __u32 vector, __u32 mode)
{
	for (__u32 i = 0; i < sizeof(irq_lvt) / sizeof(irq_lvt[0]); i++) {
		__u32 value = irq_apic_register(apic, irq_lvt[i]);
		__u32 its_mode = i < IRQ_LVT_WITH_MODE ? IRQ_FIXED : value >> 8 & 7;

		if (value & IRQ_APIC_MASKED || its_mode != mode)
			continue;
		if (mode != IRQ_FIXED || (value & 0xff) == vector)
			return irq_lvt[i];
	}
	return 0;
}

/* Accepted without a device: who raised it. */
static __noinline int irq_without_device(struct kw_vcpu *v, struct irq_call *a)
{
	struct irq_raised r = {};
	struct kw_vcpu *sender;
	struct irq_slot *s;
	__u32 how, reg;

	if (!v || !a)
		return 0;
	r.key.vector = a->vector;
	r.key.mode = a->mode;
	r.level = a->trigger;
	how = (a->coalesced ? IRQ_COALESCED : 0) | (a->posted ? IRQ_POSTED : 0);
	sender = irq_sender(a, v, &s);
	if (sender) {
		r.key.source = IRQ_IPI;
		r.key.line = sender->vcpu_id;
		r.dest = s->ipi_dest;
		r.to = s->ipi_to;
	} else {
		reg = irq_lvt_of((struct kvm_lapic *)a->line, a->vector, a->mode);
		r.key.source = reg ? IRQ_LVT : IRQ_OTHER;
		r.key.line = reg;
	}
	irq_count(v, &r.key, how);
	irq_emit_set(v, &r, how, a->set_ns ?: a->since_ns);
	return 0;
}

static __always_inline bool irq_has_apicv(struct kw_vcpu *v)
{
	struct kvm *kvm = (struct kvm *)v->kvm;

	return !BPF_CORE_READ(kvm, arch.apicv_inhibit_reasons);
}

/* Accepted, or, if ret is 0, not wanted. */
static __always_inline void irq_accepted(struct kw_vcpu *v, struct irq_call *a, int ret)
{
	struct irq_vector_value *value = irq_vector(v, a->vector);

	if (!value)
		return;
	if (ret <= 0 || a->posted) { /* the processor does the rest */
		if (value->accept_ns == a->since_ns)
			value->accept_ns = 0;
		if (ret <= 0)
			return;
	}
	__sync_fetch_and_add(&value->head.count, 1);
	if (a->coalesced)
		__sync_fetch_and_add(&value->coalesced, 1);
	else if (a->set_ns)
		irq_took(v, a->vector, IRQ_SET_ACCEPT, a->since_ns - a->set_ns);
	if (a->posted) {
		__sync_fetch_and_add(&value->posted, 1);
		value->inject_ns = value->service_set_ns = 0;
	}
	if (a->posted || irq_has_apicv(v))
		__sync_fetch_and_add(&value->apicv, 1);
}

static __always_inline int irq_accept_ends(int ret)
{
	struct irq_call a, *c;
	struct kw_vcpu *v;
	__u32 n;

	if (!irq_ends(irq_accept_kind(false), &a))
		return 0;
	v = kw_vcpu_of((struct kvm_vcpu *)a.kvm);
	if (!v)
		return 0;
	if (a.mode <= IRQ_LOWEST)
		irq_accepted(v, &a, ret);
	if (ret <= 0)
		return 0;
	c = irq_raiser(&a, v);
	if (!c)
		return irq_without_device(v, &a);
	n = c->n;
	if (n >= IRQ_TARGETS) { /* a broadcast: more than are remembered */
		a.line = 0;
		return irq_without_device(v, &a);
	}
	barrier_var(n);
	n &= IRQ_TARGETS - 1;
	c->target[n].slot = v->slot;
	c->target[n].coalesced = a.coalesced;
	c->target[n].posted = a.posted;
	c->target[n].vector = a.vector;
	c->target[n].mode = a.mode;
	c->n++;
	return 0;
}

SEC("?fentry/__apic_accept_irq")
int BPF_PROG(irq_accept_fentry, struct kvm_lapic *apic, int mode, int vector, int level,
	     int trigger)
{
	return irq_accept_begins(apic, mode, vector, trigger);
}

SEC("?kprobe/__apic_accept_irq")
int BPF_KPROBE(irq_accept_kprobe, struct kvm_lapic *apic, int mode, int vector, int level,
	       int trigger)
{
	return irq_accept_begins(apic, mode, vector, trigger);
}

SEC("?fexit/__apic_accept_irq")
int BPF_PROG(irq_accept_fexit, void *apic, int mode, int vector, int level, int trigger, void *map,
	     int ret)
{
	return irq_accept_ends(ret);
}

SEC("?kretprobe/__apic_accept_irq")
int BPF_KRETPROBE(irq_accept_kretprobe, int ret)
{
	return irq_accept_ends(ret);
}

/* ---- injected, and ended ---- */

/* The PIC's interrupts are accepted by no local APIC: their time is in the VM's row. */
static __always_inline __u64 irq_set_by_pic(struct kw_vcpu *v, __u32 vector)
{
	struct kw_vcpu *vm = kw_any_vm((struct kvm *)v->kvm);
	struct irq_vector_key key = { .vector = vector & 0xff };
	struct irq_vector_value *value;
	__u64 set_ns;

	if (!vm)
		return 0;
	key.key.slot = vm->slot;
	value = bpf_map_lookup_elem(&irq_vectors, &key);
	if (!value)
		return 0;
	set_ns = value->set_ns;
	value->set_ns = 0;
	return set_ns;
}

/* Where the VMM has the local APIC, KVM takes each interrupt that it is given for one once more. */
static __always_inline bool irq_is_again(struct kw_vcpu *v, bool reinjected)
{
	struct kvm *kvm = (struct kvm *)v->kvm;

	return reinjected && BPF_CORE_READ(kvm, arch.irqchip_mode) != KVM_IRQCHIP_NONE;
}

SEC("?tp_btf/kvm_inj_virq")
int BPF_PROG(irq_injected, __u32 vector, bool soft, bool reinjected)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct irq_vector_value *value;
	__u32 way = IRQ_ACCEPT_INJECT;
	struct irq_event *e;
	__u64 now, since;

	/* an INT instruction of the guest is no interrupt */
	if (!v || soft)
		return 0;
	value = irq_vector(v, vector);
	if (!value)
		return 0;
	if (irq_is_again(v, reinjected)) { /* the guest had an exit while it was delivered */
		value->reinjected++;
		return 0;
	}
	value->injected++;
	now = bpf_ktime_get_ns();
	since = value->accept_ns;
	value->service_set_ns = 0;
	if (since && since <= now) {
		value->service_set_ns = value->set_ns;
		value->accept_ns = 0;
	} else if (since) { /* already the next one */
		since = 0;
	} else {
		since = irq_set_by_pic(v, vector);
		way = IRQ_SET_INJECT;
	}
	value->inject_ns = now;
	if (since > now)
		since = 0;
	if (since)
		irq_took(v, vector, way, now - since);
	e = irq_event(v, IRQ_INJECT, since ? now - since : 0, now);
	if (!e)
		return 0;
	e->vector = vector;
	e->has_delay = !!since;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("?tp_btf/kvm_eoi")
int BPF_PROG(irq_eoi, struct kvm_lapic *apic, int vector)
{
	struct irq_vector_value *value;
	__u64 now, delay = 0;
	struct irq_event *e;
	struct kw_vcpu *v;

	if (!kw_running || !apic || vector < 0)
		return 0;
	v = kw_vcpu_of(BPF_CORE_READ(apic, vcpu));
	value = v ? irq_vector(v, vector) : NULL;
	if (!value)
		return 0;
	value->eois++;
	now = bpf_ktime_get_ns();
	if (value->inject_ns) {
		delay = now - value->inject_ns;
		irq_took(v, vector, IRQ_INJECT_EOI, delay);
		if (value->service_set_ns)
			irq_took(v, vector, IRQ_SET_EOI, now - value->service_set_ns);
	}
	e = irq_event(v, IRQ_EOI, delay, now);
	if (e) {
		e->vector = vector;
		e->has_delay = !!value->inject_ns;
		bpf_ringbuf_submit(e, 0);
	}
	value->inject_ns = 0;
	return 0;
}

/* An EOI by shared memory, which KVM sees at the next exit, and has told of above. */
SEC("?tp_btf/kvm_pv_eoi")
int BPF_PROG(irq_pv_eoi, struct kvm_lapic *apic, int vector)
{
	struct irq_vector_value *value;
	struct kw_vcpu *v;

	if (!kw_running || !apic || vector < 0)
		return 0;
	v = kw_vcpu_of(BPF_CORE_READ(apic, vcpu));
	value = v ? irq_vector(v, vector) : NULL;
	if (value)
		value->pv_eois++;
	return 0;
}

/* ---- APICv and AVIC ---- */

/*
 * A reason inhibits the VM's APICv, or no reason does: it was so, as far as KVM knows, and is so
 * now. What is the same as in the row is no change, whoever tells of it.
 */
static __always_inline struct irq_state_value *irq_set_state(struct kw_vcpu *vm, __u32 reason,
							     bool was, bool is, __u64 now)
{
	struct irq_state_key key = { .key.slot = vm->slot, .reason = reason };
	struct irq_state_value *value = bpf_map_lookup_elem(&irq_states, &key);
	struct kvm *kvm = (struct kvm *)vm->kvm;
	struct irq_slot *s = irq_slot(vm);

	if (!value && s && (was || is)) {
		value = kw_keyed(&irq_states, &key, &irq_state_zero, &s->used_states,
				 IRQ_REASONS + 1);
		if (value)
			value->inhibits = was;
	}
	if (!value)
		return NULL;
	value->irqchip = BPF_CORE_READ(kvm, arch.irqchip_mode);
	if (value->inhibits == is)
		return value;
	value->inhibits = is;
	value->since_ns = now;
	__sync_fetch_and_add(is ? &value->sets : &value->clears, 1);
	return value;
}

/* Once per interval and vCPU: what inhibits the VM's APICv now, whether or not that changed. */
static __noinline int irq_on_window(struct kw_vcpu *v)
{
	struct kw_vcpu *vm = v ? kw_vm_find((struct kvm *)v->kvm) : NULL;
	struct irq_state_value *value;
	__u64 now, reasons;
	struct kvm *kvm;

	if (!vm)
		return 0;
	kvm = (struct kvm *)vm->kvm;
	now = bpf_ktime_get_ns();
	reasons = BPF_CORE_READ(kvm, arch.apicv_inhibit_reasons);
	for (__u32 reason = 0; reason <= IRQ_NO_REASON; reason++) {
		bool is = reason == IRQ_NO_REASON ? !reasons : reasons >> (reason & 31) & 1;

		value = irq_set_state(vm, reason, is, is, now);
		if (value && is)
			__sync_fetch_and_add(&value->head.count, 1);
	}
	return 0;
}

static __always_inline int irq_inhibit_begins(struct kvm *kvm)
{
	struct irq_call call = { .kvm = (__u64)kvm };

	return kw_running && kvm ? irq_begins(IRQ_CALL_INHIBIT, &call) : 0;
}

SEC("?fentry/kvm_set_or_clear_apicv_inhibit")
int BPF_PROG(irq_inhibit_fentry, struct kvm *kvm)
{
	return irq_inhibit_begins(kvm);
}

SEC("?kprobe/kvm_set_or_clear_apicv_inhibit")
int BPF_KPROBE(irq_inhibit_kprobe, struct kvm *kvm)
{
	return irq_inhibit_begins(kvm);
}

/* What the function above calls, and others directly. */
SEC("?fentry/__kvm_set_or_clear_apicv_inhibit")
int BPF_PROG(irq_inhibit2_fentry, struct kvm *kvm)
{
	return irq_inhibit_begins(kvm);
}

SEC("?kprobe/__kvm_set_or_clear_apicv_inhibit")
int BPF_KPROBE(irq_inhibit2_kprobe, struct kvm *kvm)
{
	return irq_inhibit_begins(kvm);
}

/* It changes them without a call of its own where the compiler has put that in here. */
SEC("?fentry/kvm_arch_vcpu_ioctl_set_guest_debug")
int BPF_PROG(irq_debug_fentry, struct kvm_vcpu *vcpu)
{
	return vcpu ? irq_inhibit_begins(BPF_CORE_READ(vcpu, kvm)) : 0;
}

SEC("?kprobe/kvm_arch_vcpu_ioctl_set_guest_debug")
int BPF_KPROBE(irq_debug_kprobe, struct kvm_vcpu *vcpu)
{
	return vcpu ? irq_inhibit_begins(BPF_CORE_READ(vcpu, kvm)) : 0;
}

/* The call is over, in which KVM may not have told of anything. */
static __always_inline int irq_inhibit_ends(void)
{
	struct irq_call call;

	irq_ends(IRQ_CALL_INHIBIT, &call);
	return 0;
}

SEC("?fexit/kvm_set_or_clear_apicv_inhibit")
int BPF_PROG(irq_inhibited_fexit)
{
	return irq_inhibit_ends();
}

SEC("?kretprobe/kvm_set_or_clear_apicv_inhibit")
int BPF_KRETPROBE(irq_inhibited_kretprobe)
{
	return irq_inhibit_ends();
}

SEC("?fexit/__kvm_set_or_clear_apicv_inhibit")
int BPF_PROG(irq_inhibited2_fexit)
{
	return irq_inhibit_ends();
}

SEC("?kretprobe/__kvm_set_or_clear_apicv_inhibit")
int BPF_KRETPROBE(irq_inhibited2_kretprobe)
{
	return irq_inhibit_ends();
}

SEC("?fexit/kvm_arch_vcpu_ioctl_set_guest_debug")
int BPF_PROG(irq_debugged_fexit)
{
	return irq_inhibit_ends();
}

SEC("?kretprobe/kvm_arch_vcpu_ioctl_set_guest_debug")
int BPF_KRETPROBE(irq_debugged_kretprobe)
{
	return irq_inhibit_ends();
}

/*
 * A reason comes or goes; KVM stores the new reasons after it has told of them. It tells also of
 * those that were as they are, and, without a call around it, of those of a VM that is being made.
 */
SEC("?tp_btf/kvm_apicv_inhibit_changed")
int BPF_PROG(irq_inhibit_changed, int reason, bool set, unsigned long reasons)
{
	struct irq_call *c = kw_running ? irq_call(IRQ_CALL_INHIBIT) : NULL;
	struct kw_vcpu *vm = c ? kw_vm_find((struct kvm *)c->kvm) : NULL;
	struct kvm *kvm;
	__u64 now, old;

	if (!vm || reason < 0 || reason >= IRQ_REASONS)
		return 0;
	kvm = (struct kvm *)vm->kvm;
	now = bpf_ktime_get_ns();
	old = BPF_CORE_READ(kvm, arch.apicv_inhibit_reasons);
	irq_set_state(vm, reason, old >> (reason & 31) & 1, set, now);
	irq_set_state(vm, IRQ_NO_REASON, !old, !reasons, now);
	return 0;
}

#endif
