// SPDX-License-Identifier: Apache-2.0
/*
 * irq.c - the columns of the irq collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../core/hist.h"
#include "../../core/keyed.h"
#include "../../util/cleanup.h"
#include "irq_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- words ---- */

static const char *source_name(uint8_t source)
{
	static const char *const names[IRQ_SOURCES] = {
		[IRQ_PIC] = "pic",   [IRQ_IOAPIC] = "ioapic",
		[IRQ_MSI] = "msi",   [IRQ_MSI_ATOMIC] = "msi-atomic",
		[IRQ_IPI] = "ipi",   [IRQ_LVT] = "lvt",
		[IRQ_OTHER] = "kvm", [IRQ_SGI] = "sgi",
		[IRQ_PPI] = "ppi",   [IRQ_SPI] = "spi",
		[IRQ_LPI] = "lpi",
	};

	return source < IRQ_SOURCES ? names[source] : NULL;
}

static const char *mode_name(uint8_t source, uint8_t mode)
{
	static const char *const by[IRQ_BYS] = { "self", "vcpu", "vmm", "host" };
	static const char *const names[IRQ_MODES] = {
		[IRQ_FIXED] = "fixed",	 [IRQ_LOWEST] = "lowest", [IRQ_SMI] = "SMI",
		[IRQ_REMOTE] = "remote", [IRQ_NMI] = "NMI",	  [IRQ_INIT] = "INIT",
		[IRQ_STARTUP] = "SIPI",	 [IRQ_EXTINT] = "ExtINT",
	};

	if (source >= IRQ_SGI)
		return mode < IRQ_BYS ? by[mode] : NULL;
	return mode < IRQ_MODES ? names[mode] : NULL;
}

/* Entries of the local vector table, by register. */
static const char *lvt_name(uint64_t reg)
{
	switch (reg) {
	case 0x2f0:
		return "cmci";
	case 0x320:
		return "timer";
	case 0x330:
		return "thermal";
	case 0x340:
		return "pmc";
	case 0x350:
		return "lint0";
	case 0x360:
		return "lint1";
	case 0x370:
		return "error";
	default:
		return NULL;
	}
}

static void name_line(uint8_t source, uint64_t line, struct kw_value *value)
{
	kw_value_text(value, value->buf);
	if (line == IRQ_MANY)
		snprintf(value->buf, sizeof(value->buf), "other");
	else if (source >= IRQ_SGI)
		snprintf(value->buf, sizeof(value->buf), "%" PRIu64, line);
	else if (source == IRQ_LVT)
		kw_value_text(value, lvt_name(line));
	else if (source == IRQ_OTHER)
		kw_value_missing(value);
	else if (source == IRQ_MSI || source == IRQ_MSI_ATOMIC)
		snprintf(value->buf, sizeof(value->buf), "0x%" PRIx64, line);
	else if (source == IRQ_IPI)
		snprintf(value->buf, sizeof(value->buf), "vcpu %" PRIu64, line);
	else
		snprintf(value->buf, sizeof(value->buf), "pin %" PRIu64, line);
}

static bool has_vector(uint8_t source, uint8_t mode)
{
	return source < IRQ_SGI && IRQ_WITH_VECTOR & 1 << (mode & 7);
}

/* ---- columns ---- */

static void source(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, source_name(((const struct irq_row *)row)->source));
}

static void line(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_row *r = row;

	(void)vms;
	name_line(r->source, r->line, value);
}

static void vector(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_row *r = row;

	(void)vms;
	if (!has_vector(r->source, r->mode) || r->line == IRQ_MANY)
		kw_value_missing(value);
}

static void mode(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_row *r = row;

	(void)vms;
	kw_value_text(value, mode_name(r->source, r->mode));
}

/* What the processor does by itself nobody sees: that it was not seen is not that it was not. */
static void unless_apicv(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_vector_row *r = row;

	(void)vms;
	if (r->apicv)
		kw_value_missing(value);
}

/* Nor is what is pending where the processor keeps it. */
static void unless_posted(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_row *r = row;

	(void)vms;
	if (r->posted || r->source >= IRQ_SGI)
		kw_value_missing(value);
}

static void way(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[IRQ_WAYS] = {
		[IRQ_SET_ACCEPT] = "set-accept", [IRQ_ACCEPT_INJECT] = "accept-inject",
		[IRQ_INJECT_EOI] = "inject-eoi", [IRQ_SET_EOI] = "set-eoi",
		[IRQ_SET_INJECT] = "set-inject",
	};
	const struct irq_time_row *r = row;

	(void)vms;
	kw_value_text(value, r->way < IRQ_WAYS ? names[r->way] : NULL);
}

static void time_vector(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct irq_time_row *)row)->vector >= IRQ_VECTORS)
		kw_value_missing(value);
}

KW_TIMES_DECODERS(irq_time_row, count, total)

static void irqchip(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[] = { "none", "kernel", "split" };
	const struct irq_state_row *r = row;

	(void)vms;
	kw_value_text(value, r->irqchip < ARRAY_SIZE(names) ? names[r->irqchip] : NULL);
}

static void reason(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_state_row *r = row;

	(void)vms;
	kw_value_text(value, value->buf);
	if (r->reason == IRQ_NO_REASON)
		snprintf(value->buf, sizeof(value->buf), "active");
	else if (*r->name)
		snprintf(value->buf, sizeof(value->buf), "%.31s", r->name);
	else
		snprintf(value->buf, sizeof(value->buf), "UNKNOWN(%" PRIu32 ")", r->reason);
}

static void state(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_state_row *r = row;

	(void)vms;
	kw_value_text(value, r->inhibits ? "yes" : "no");
}

static void flips(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_state_row *r = row;

	(void)vms;
	kw_value_number(value, r->sets + r->clears);
}

static void since(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct irq_state_row *)row)->since)
		kw_value_missing(value);
}

/* ---- columns of events ---- */

static void what(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[IRQ_WHATS] = {
		[IRQ_SET] = "set",
		[IRQ_INJECT] = "inject",
		[IRQ_EOI] = "eoi",
	};
	const struct irq_event_row *r = row;

	(void)vms;
	kw_value_text(value, r->what < IRQ_WHATS ? names[r->what] : NULL);
}

static bool is_set(const void *row)
{
	return ((const struct irq_event_row *)row)->what == IRQ_SET;
}

static void event_source(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, is_set(row) ? source_name(((const struct irq_event_row *)row)->source)
					 : NULL);
}

static void event_line(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_event_row *r = row;

	(void)vms;
	if (is_set(row))
		name_line(r->source, r->line, value);
	else
		kw_value_missing(value);
}

static void event_vector(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_event_row *r = row;

	(void)vms;
	if (is_set(row) && !has_vector(r->source, r->mode))
		kw_value_missing(value);
}

static void event_mode(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_event_row *r = row;

	(void)vms;
	kw_value_text(value, is_set(row) ? mode_name(r->source, r->mode) : NULL);
}

static void trigger(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (is_set(row))
		kw_value_text(value, ((const struct irq_event_row *)row)->level ? "level" : "edge");
	else
		kw_value_missing(value);
}

static void dest(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_event_row *r = row;

	(void)vms;
	kw_value_missing(value);
	if (!is_set(row) || !r->has_dest)
		return;
	if (r->to >= IRQ_TO_SELF)
		snprintf(value->buf, sizeof(value->buf), "%s",
			 r->to == IRQ_TO_SELF  ? "self"
			 : r->to == IRQ_TO_ALL ? "all"
					       : "others");
	else
		snprintf(value->buf, sizeof(value->buf), "%s 0x%" PRIx32,
			 r->to == IRQ_TO_LOGICAL ? "logical" : "phys", r->dest);
	kw_value_text(value, value->buf);
}

/* What came of it; accepted by a vCPU that is the row's, unless it is the VM's. */
static void fate(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct irq_event_row *r = row;

	(void)vms;
	if (!is_set(row))
		kw_value_missing(value);
	else if (r->masked)
		kw_value_text(value, "masked");
	else if (r->coalesced)
		kw_value_text(value, "coalesced");
	else if (r->posted)
		kw_value_text(value, "posted");
	else if (r->head.vcpu == KW_ALL)
		kw_value_text(value, r->source == IRQ_PIC ? "pending" : "nobody");
	else
		kw_value_text(value, "accepted");
}

static void delay(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct irq_event_row *)row)->has_delay)
		kw_value_missing(value);
}

/* clang-format off */

static const struct kw_column columns[] = {
	{ "source", "SOURCE", "pic, ioapic, msi; msi-atomic: by an eventfd without leaving atomic "
	  "context; ipi: another vCPU or the same; lvt: the vCPU's own timer, counters …; kvm: by itself, "
	  "e.g. for a pin unmasked or still high at its EOI, a hypercall, a broadcast to more than 4; arm64: sgi, ppi, spi, lpi", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(irq_row, source), source },
	{ "line", "LINE", "Pin, MSI address, vCPU that sent it, entry of the local vector table; arm64: number of "
	  "the interrupt (INTID); other: of those beyond the table's size", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(irq_row, line), line },
	{ "vector", "VECTOR", "Vector; missing where there is none: NMI, SMI, INIT, KVM's kicks (remote)", KW_KEY, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(irq_row, vector), vector },
	{ "mode", "MODE", "Delivery mode; arm64: who raised it: self: the vCPU, or its timer while it ran; "
	  "another vcpu, the vmm, or the host", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(irq_row, mode),
	  mode },
	KW_PAD(irq_row, pad),
	KW_PAD(irq_row, pad2),
	{ "count", "COUNT", "Interrupts raised for this vCPU; without a vCPU: for which no local APIC was "
	  "asked, or none wanted them", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_row, count),
	  NULL },
	{ "coalesced", "COALESCED", "… of them while one was pending already, so that the guest sees one",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_row, coalesced), unless_posted },
	{ "masked", "MASKED", "… of them while the pin was masked (of the PIC: in its own half), or, arm64, it was disabled", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(irq_row, masked), NULL },
	{ "posted", "POSTED", "… of them delivered by the processor (APICv, AVIC)", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_row, posted), NULL },
};

static const struct kw_column vector_columns[] = {
	{ "vector", "VECTOR", "Vector; arm64: number of the interrupt (INTID)", KW_KEY, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(irq_vector_row, vector), NULL },
	KW_PAD(irq_vector_row, pad),
	{ "accepted", "ACCEPTED", "Interrupts that the vCPU's local APIC accepted; arm64: that KVM queued for it", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_vector_row, accepted), NULL },
	{ "coalesced", "COALESCED", "… of them while one was pending already", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_vector_row, coalesced), unless_apicv },
	{ "posted", "POSTED", "… of them delivered by the processor (APICv, AVIC)", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_vector_row, posted), NULL },
	{ "injected", "INJECTED", "Injected by KVM when it entered the guest; missing: the processor "
	  "delivers them unseen", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(irq_vector_row, injected), unless_apicv },
	{ "reinjected", "AGAIN", "Injected once more, as an exit came in between", KW_COUNTER,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_vector_row, reinjected), unless_apicv },
	{ "eois", "EOIS", "Ends of interrupt that KVM saw; missing: the processor does them unseen",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_vector_row, eois), unless_apicv },
	{ "pv_eois", "PV-EOIS", "… of them by shared memory, without an exit, and seen at the next one",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_vector_row, pv_eois), unless_apicv },
	{ "apicv", "APICV", "Times that the processor did the rest", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_ASKED, KW_AT(irq_vector_row, apicv), NULL },
};

static const struct kw_column time_columns[] = {
	{ "vector", "VECTOR", "Vector; missing: of those beyond the table's size", KW_KEY,
	  KW_UNIT_NUMBER, KW_SHOW_TABLE, KW_AT(irq_time_row, vector), time_vector },
	{ "way", "WAY", "From raised (set) to accepted by the local APIC, to injected, to the guest's EOI; "
	  "set-inject: of the PIC", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(irq_time_row, way), way },
	KW_PAD(irq_time_row, pad),
	KW_PAD(irq_time_row, pad2),
	{ "count", "COUNT", "Interrupts of which both ends were seen", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(irq_time_row, count), NULL },
	{ "total", "TOTAL", "Time", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(irq_time_row, total),
	  NULL },
	{ "mean", "MEAN", "total / count", KW_DERIVED, KW_UNIT_NS, KW_SHOW_TABLE, 0, 0, mean },
	{ "p50", "P50", "Half of them took at most this long (within 12.5 %)", KW_DERIVED, KW_UNIT_NS,
	  KW_SHOW_TABLE, 0, 0, p50 },
	{ "p99", "P99", "99 % of them took at most this long (within 12.5 %)", KW_DERIVED, KW_UNIT_NS,
	  KW_SHOW_TABLE, 0, 0, p99 },
	{ "max", "MAX", "Longest", KW_MAX, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(irq_time_row, max),
	  longest },
	{ "hist", "HIST", "Log-linear histogram of the times, as pairs [from_ns, count]",
	  KW_HISTOGRAM, KW_UNIT_NUMBER, KW_SHOW_ASKED, KW_AT(irq_time_row, hist), NULL },
};

static const struct kw_column state_columns[] = {
	{ "irqchip", "IRQCHIP", "Who has the PIC and the IOAPIC: kernel; split: the VMM (KVM has the local "
	  "APICs, and sees no pins); none: the VMM has all, KVM sees injections only", KW_GAUGE, KW_UNIT_WORD,
	  KW_SHOW_TABLE, KW_AT(irq_state_row, irqchip), irqchip },
	{ "reason", "APICV", "What inhibits APICv or AVIC, by the kernel's names; active: nothing does, so "
	  "that injections, EOIs and what the processor delivers by itself are not seen", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(irq_state_row, reason), reason },
	KW_PAD(irq_state_row, name),
	{ "inhibits", "NOW", "Whether it is so now", KW_GAUGE, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(irq_state_row, inhibits), state },
	{ "for", "FOR", "Since when; missing: since before it was watched", KW_GAUGE, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(irq_state_row, since), since },
	{ "flips", "FLIPS", "How often it came or went", KW_DERIVED, KW_UNIT_NUMBER, KW_SHOW_TABLE, 0, 0,
	  flips },
	{ "sets", "SETS", "How often it came", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_MACHINE,
	  KW_AT(irq_state_row, sets), NULL },
	{ "clears", "CLEARS", "How often it went", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_MACHINE,
	  KW_AT(irq_state_row, clears), NULL },
	{ "looks", "LOOKS", "How often it was found to be so: once per interval and vCPU that runs",
	  KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_MACHINE, KW_AT(irq_state_row, looks), NULL },
};

static const struct kw_column event_columns[] = {
	{ "what", "EVENT", "set: raised; inject: KVM injects it; eoi: the guest ends it", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(irq_event_row, what), what, 6 },
	{ "source", "SOURCE", "Who raised it", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(irq_event_row, source), event_source, 10 },
	{ "line", "LINE", "Pin, MSI address, sender, entry of the local vector table", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(irq_event_row, line), event_line, 10 },
	{ "vector", "VEC", "Vector", KW_KEY, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(irq_event_row, vector), event_vector },
	{ "mode", "MODE", "Delivery mode", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(irq_event_row, mode), event_mode, 6 },
	{ "trigger", "TRIGGER", "edge or level", KW_COUNTER, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(irq_event_row, level), trigger, 7 },
	{ "dest", "DEST", "Destination as the pin, the address or the command register has it: logical or "
	  "physical", KW_COUNTER, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(irq_event_row, dest), dest, 9 },
	{ "fate", "FATE", "accepted by the vCPU, posted to it, coalesced, masked, pending (PIC), or wanted "
	  "by nobody", KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, fate, 9 },
	{ "delay", "DELAY", "set: until KVM was done with it; inject, eoi: since it was accepted, injected",
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, KW_AT(irq_event_row, delay), delay },
	KW_PAD(irq_event_row, to),
	KW_PAD(irq_event_row, masked),
	KW_PAD(irq_event_row, coalesced),
	KW_PAD(irq_event_row, posted),
	KW_PAD(irq_event_row, has_delay),
	KW_PAD(irq_event_row, has_dest),
	KW_PAD(irq_event_row, pad),
};

static const struct kw_hook_def hooks[] = {
	{ .name = "kvm_set_irq begins", .purpose = "interrupts by pin: which VM, and since when",
	  .without = "pins of the PIC and the IOAPIC are not seen",
	  .program = { "irq_set_fentry", "irq_set_kprobe" }, .counts = true, .lost_here = "irq.masked" },
	{ .name = "kvm_set_irq ends", .purpose = "interrupts by pin: who raises what comes next",
	  .without = "an interrupt that follows one by a pin may be taken for it",
	  .program = { "irq_set_fexit", "irq_set_kretprobe" }, .counts = true },
	{ .name = "kvm_pic_set_irq", .purpose = "pins of the PIC", .without = "the PIC is not seen",
	  .program = { "irq_pic", "irq_pic_raw" }, .counts = true,
	  .untold = KW_UNTOLD },
	{ .name = "kvm_ioapic_set_irq", .purpose = "pins of the IOAPIC",
	  .without = "the IOAPIC is not seen", .program = { "irq_ioapic", "irq_ioapic_raw" }, .counts = true },
	{ .name = "kvm_set_msi begins", .purpose = "MSIs", .without = "their interrupts show as kvm's own",
	  .program = { "irq_msi_fentry", "irq_msi_kprobe" }, .counts = true,
	  .untold = KW_UNTOLD },
	{ .name = "kvm_set_msi ends", .purpose = "MSIs: how they fared",
	  .without = "MSIs that have come this way are not seen",
	  .program = { "irq_msi_fexit", "irq_msi_kretprobe" }, .counts = true,
	  .untold = KW_UNTOLD },
	{ .name = "kvm_arch_set_irq_inatomic begins", .purpose = "MSIs of vhost, VFIO and eventfds",
	  .without = "their interrupts show as kvm's own",
	  .program = { "irq_atomic_fentry", "irq_atomic_kprobe" }, .counts = true,
	  .untold = KW_UNTOLD },
	{ .name = "kvm_arch_set_irq_inatomic ends", .purpose = "… how they fared",
	  .without = "those MSIs are not seen",
	  .program = { "irq_atomic_fexit", "irq_atomic_kretprobe" }, .counts = true,
	  .untold = KW_UNTOLD },
	{ .name = "kvm_apic_ipi", .purpose = "interrupts from vCPU to vCPU",
	  .without = "those show as kvm's own", .program = { "irq_ipi", "irq_ipi_raw" }, .counts = true },
	{ .name = "interrupts accepted", .purpose = "what local APICs accept, or the GIC queues",
	  .without = "interrupts that are raised are not seen",
	  .program = { "irq_accept_fentry", "irq_accept_kprobe", "irq_queue_fentry", "irq_queue_kprobe",
		       "irq_inject_fentry", "irq_inject_kprobe" },
	  .counts = true, .may_move = true,
	  .lost = "irq irq.coalesced irq-times irq-vectors.accepted irq-vectors.coalesced irq-vectors.posted",
	  .untold = KW_UNTOLD },
	{ .name = "vgic_queue_irq_unlock", .purpose = "interrupts that no device raised",
	  .without = "those of guests by software, and by messages, are not seen",
	  .program = { "irq_queue_others" }, .counts = true, .beside = "irq_inject" },
	{ .name = "__apic_accept_irq ends", .purpose = "whether they do",
	  .without = "only injections and EOIs are seen",
	  .program = { "irq_accept_fexit", "irq_accept_kretprobe" }, .counts = true,
	  .lost = "irq.coalesced irq-times irq-vectors.coalesced irq-vectors.posted",
	  .lost_here = "irq-vectors.accepted",
	  .untold = KW_UNTOLD },
	{ .name = "kvm_apicv_accept_irq", .purpose = "interrupts that the processor delivers",
	  .without = "which ones it delivers is not known", .program = { "irq_posted", "irq_posted_raw" },
	  .counts = true, .lost = "irq.posted irq-vectors.posted" },
	{ .name = "kvm_inj_virq", .purpose = "injections", .without = "injections are not seen",
	  .program = { "irq_injected", "irq_injected_raw" }, .counts = true,
	  .lost = "irq-vectors.injected irq-vectors.reinjected" },
	{ .name = "kvm_eoi", .purpose = "ends of interrupt", .without = "EOIs are not seen",
	  .program = { "irq_eoi", "irq_eoi_raw" }, .counts = true, .lost = "irq-vectors.eois",
	  .untold = KW_UNTOLD },
	{ .name = "kvm_pv_eoi", .purpose = "which EOIs come by shared memory",
	  .without = "those are not told apart", .program = { "irq_pv_eoi", "irq_pv_eoi_raw" }, .counts = true,
	  .untold = KW_UNTOLD },
	{ .name = "kvm_set_or_clear_apicv_inhibit", .purpose = "which VM's APICv is inhibited",
	  .without = "changes of APICv's state are seen once per interval",
	  .program = { "irq_inhibit_fentry", "irq_inhibit_kprobe" }, .counts = true },
	{ .name = "__kvm_set_or_clear_apicv_inhibit", .purpose = "… if KVM's own code does it",
	  .without = "changes of APICv's state by KVM itself are seen once per interval",
	  .program = { "irq_inhibit2_fentry", "irq_inhibit2_kprobe" }, .counts = true },
	{ .name = "KVM_SET_GUEST_DEBUG begins", .purpose = "… if a debugger does it",
	  .without = "changes of APICv's state by a debugger are seen once per interval",
	  .program = { "irq_debug_fentry", "irq_debug_kprobe" }, .counts = true },
	{ .name = "KVM_SET_GUEST_DEBUG ends", .purpose = "… until when",
	  .without = "a VM that is made may have its state told as another's",
	  .program = { "irq_debug_fexit", "irq_debug_kretprobe" }, .counts = true },
	{ .name = "kvm_set_or_clear_apicv_inhibit ends", .purpose = "… until when",
	  .without = "a VM that is made may have its state told as another's",
	  .program = { "irq_inhibit_fexit", "irq_inhibit_kretprobe" }, .counts = true },
	{ .name = "__kvm_set_or_clear_apicv_inhibit ends", .purpose = "… until when",
	  .without = "a VM that is made may have its state told as another's",
	  .program = { "irq_inhibit2_fexit", "irq_inhibit2_kretprobe" }, .counts = true },
	{ .name = "kvm_apicv_inhibit_changed", .purpose = "for which reason",
	  .without = "changes of APICv's state are seen once per interval",
	  .program = { "irq_inhibit_changed", "irq_inhibit_changed_raw" }, .counts = true },
};

/* clang-format on */

const struct kw_schema irq_table = {
	.name = "irq",
	.help = "Interrupts by source, vector and the vCPU they are for",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct irq_row),
	.sort = "count",
};

const struct kw_schema irq_vector_table = {
	.name = "irq-vectors",
	.help = "What became of the interrupts that vCPUs accepted",
	.columns = vector_columns,
	.n_columns = ARRAY_SIZE(vector_columns),
	.row_size = sizeof(struct irq_vector_row),
	.sort = "injected",
};

const struct kw_schema irq_time_table = {
	.name = "irq-times",
	.help = "How long interrupts were on their way, from raised to ended",
	.columns = time_columns,
	.n_columns = ARRAY_SIZE(time_columns),
	.row_size = sizeof(struct irq_time_row),
	.hist = { KW_TIMES_MIN_LOG2, KW_TIMES_SUB_LOG2, KW_TIMES_BUCKETS },
	.hist_offset = offsetof(struct irq_time_row, hist),
	.hist_by = "way",
	.sort = "total",
};

const struct kw_schema irq_state_table = {
	.name = "irq-apicv",
	.help = "Who has the interrupt controllers, and what inhibits APICv or AVIC",
	.columns = state_columns,
	.n_columns = ARRAY_SIZE(state_columns),
	.row_size = sizeof(struct irq_state_row),
	.sort = "sets",
};

const struct kw_schema irq_event_table = {
	.name = "irq-event",
	.help = "One interrupt, raised, injected or ended",
	.columns = event_columns,
	.n_columns = ARRAY_SIZE(event_columns),
	.row_size = sizeof(struct irq_event_row),
	.sort = "delay",
};

const struct kw_collector kw_collector_irq = {
	.name = "irq",
	.help = "Interrupts: source, vector, vCPU; injected or posted; how long they take; APICv's "
		"state",
	.table = { &irq_table, &irq_vector_table, &irq_time_table, &irq_state_table },
	.event = &irq_event_table,
	.hooks = KW_HOOKS_OF_EXITS | 1 << KW_HOOK_END_OF_VM,
	.of_exits = "irq-times irq-vectors.injected irq-vectors.reinjected",
	.own = hooks,
	.n_own = ARRAY_SIZE(hooks),
	.configure = irq_configure,
	.open = irq_open,
	.close = kw_tables_close,
	.refresh = irq_refresh,
	.read = kw_tables_read,
	.forget = kw_tables_forget,
	.decode = irq_decode,
};
