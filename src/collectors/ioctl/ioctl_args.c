// SPDX-License-Identifier: Apache-2.0
/*
 * ioctl_args.c - what an ioctl was asked to do, and what came of it, in words.
 * May not know about: BPF, maps, sinks.
 * To extend: a function that tells one kind of argument, and a line in decoders[].
 */
#define _GNU_SOURCE
#include "../../arch/names.h"
#include "../../util/cleanup.h"
#include "ioctl_rows.h"

#include <inttypes.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>

/* Newer than the headers of the oldest distribution that this is built on. */
#define SET_USER_MEMORY_REGION2 0x40a0ae49
#define SET_MEMORY_ATTRIBUTES	0x4020aed2
#define CREATE_GUEST_MEMFD	0xc040aed4

struct region2 {
	uint32_t slot, flags;
	uint64_t gpa, size, hva, memfd_offset;
	uint32_t memfd;
};

/* The part of struct kvm_enable_cap that is used. */
struct enable_cap {
	uint32_t cap, flags;
	uint64_t args[4];
};

struct attributes {
	uint64_t address, size, attributes, flags;
};

/* x86's and arm64's struct kvm_vcpu_events, of one size and so of one request. */
struct x86_vcpu_events {
	struct {
		uint8_t injected, nr, has_error_code, pending;
		uint32_t error_code;
	} exception;
	struct {
		uint8_t injected, nr, soft, shadow;
	} interrupt;
};

struct arm64_vcpu_events {
	uint8_t serror_pending, serror_has_esr, ext_dabt_pending, pad[5];
	uint64_t serror_esr;
};

struct memfd {
	uint64_t size, flags;
};

/* The structure that an argument points to; what could not be read of it is 0. */
#define DATA(type, r)                                                                              \
	({                                                                                         \
		struct type data = {};                                                             \
		memcpy(&data, (r)->word, sizeof(data) < (r)->size ? sizeof(data) : (r)->size);     \
		data;                                                                              \
	})

static void tell_number(const struct ioctl_event_row *r, char *dst, size_t size)
{
	snprintf(dst, size, "0x%" PRIx64, r->arg);
}

static void tell_create_vm(const struct ioctl_event_row *r, char *dst, size_t size)
{
	snprintf(dst, size, "type=%" PRIu64, r->arg);
}

static void tell_create_vcpu(const struct ioctl_event_row *r, char *dst, size_t size)
{
	snprintf(dst, size, "vcpu_id=%" PRIu64, r->arg);
}

/* "KVM_CAP_…", or a number. */
static void cap_text(uint64_t cap, char *dst, size_t size)
{
	const char *name = kw_cap_name(cap);

	if (name)
		snprintf(dst, size, "%s", name);
	else
		snprintf(dst, size, "%" PRIu64, cap);
}

static void tell_cap(const struct ioctl_event_row *r, char *dst, size_t size)
{
	char cap[64];

	cap_text(r->arg, cap, sizeof(cap));
	snprintf(dst, size, "cap=%s", cap);
}

static void tell_enable_cap(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct enable_cap c = DATA(enable_cap, r);
	char cap[64];

	cap_text(c.cap, cap, sizeof(cap));
	snprintf(dst, size, "cap=%s args=0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64, cap,
		 c.args[0], c.args[1], c.args[2], c.args[3]);
}

static void tell_region(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct region2 m = DATA(region2, r);
	int used;

	used = snprintf(dst, size,
			"slot=%u flags=0x%x gpa=0x%" PRIx64 " size=0x%" PRIx64 " hva=0x%" PRIx64,
			m.slot, m.flags, m.gpa, m.size, m.hva);
	if (r->request == SET_USER_MEMORY_REGION2)
		snprintf(dst + used, size - used, " memfd=%u offset=0x%" PRIx64, m.memfd,
			 m.memfd_offset);
}

static void tell_irqfd(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_irqfd i = DATA(kvm_irqfd, r);
	int used;

	used = snprintf(dst, size, "fd=%d gsi=%u flags=0x%x%s", (int)i.fd, i.gsi, i.flags,
			i.flags & KVM_IRQFD_FLAG_DEASSIGN ? " (deassign)" : "");
	if (i.flags & KVM_IRQFD_FLAG_RESAMPLE)
		snprintf(dst + used, size - used, " resamplefd=%d", (int)i.resamplefd);
}

static void tell_ioeventfd(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_ioeventfd i = DATA(kvm_ioeventfd, r);
	int used;

	used = snprintf(dst, size, "%s=0x%llx len=%u fd=%d flags=0x%x%s",
			i.flags & KVM_IOEVENTFD_FLAG_PIO ? "port" : "gpa", i.addr, i.len, i.fd,
			i.flags, i.flags & KVM_IOEVENTFD_FLAG_DEASSIGN ? " (deassign)" : "");
	if (i.flags & KVM_IOEVENTFD_FLAG_DATAMATCH)
		snprintf(dst + used, size - used, " datamatch=0x%llx", i.datamatch);
}

static void tell_create_device(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_create_device d = DATA(kvm_create_device, r);
	const char *name = kw_device_name(d.type);
	char type[16], fd[24] = "";

	snprintf(type, sizeof(type), "%u", d.type);
	if (!r->ret && !(d.flags & KVM_CREATE_DEVICE_TEST))
		snprintf(fd, sizeof(fd), " fd=%u", d.fd);
	snprintf(dst, size, "type=%s%s%s", name ?: type,
		 d.flags & KVM_CREATE_DEVICE_TEST ? " (test)" : "", fd);
}

static void tell_attr(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_device_attr a = DATA(kvm_device_attr, r);

	snprintf(dst, size, "group=%u attr=%llu", a.group, a.attr);
}

static void tell_dirty_log(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_dirty_log l = DATA(kvm_dirty_log, r);

	snprintf(dst, size, "slot=%u", l.slot);
}

static void tell_clear_log(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_clear_dirty_log l = DATA(kvm_clear_dirty_log, r);

	snprintf(dst, size, "slot=%u first_page=0x%llx pages=%u", l.slot, l.first_page,
		 l.num_pages);
}

static void tell_irq_line(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_irq_level l = DATA(kvm_irq_level, r);

	/* the status takes the place of the line */
	if (r->request == KVM_IRQ_LINE_STATUS && !r->ret)
		snprintf(dst, size, "status=%d level=%u", l.status, l.level);
	else
		snprintf(dst, size, "gsi=%u level=%u", l.irq, l.level);
}

/* The line of arm64's KVM_IRQ_LINE: what kind it is, of which vCPU, its number (KVM_ARM_IRQ_*). */
static void tell_arm64_irq_line(const struct ioctl_event_row *r, char *dst, size_t size)
{
	static const char *const kinds[] = { "cpu", "spi", "ppi" };
	struct kvm_irq_level l = DATA(kvm_irq_level, r);
	unsigned int kind = l.irq >> 24 & 0xf, vcpu = (l.irq >> 28) * 256 + (l.irq >> 16 & 0xff);
	char of[24] = "";

	if (kind != 1) /* SPIs are the VM's */
		snprintf(of, sizeof(of), " vcpu=%u", vcpu);
	if (kind < ARRAY_SIZE(kinds))
		snprintf(dst, size, "%s=%u%s level=%u", kinds[kind], l.irq & 0xffff, of, l.level);
	else
		snprintf(dst, size, "irq=0x%x level=%u", l.irq, l.level);
}

static void tell_msi(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_msi m = DATA(kvm_msi, r);

	snprintf(dst, size, "addr=0x%llx data=0x%x",
		 (unsigned long long)m.address_hi << 32 | m.address_lo, m.data);
}

static void tell_interrupt(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_interrupt i = DATA(kvm_interrupt, r);

	snprintf(dst, size, "irq=%u", i.irq);
}

/* Arrays of things begin with how many there are. */
static void tell_n(const struct ioctl_event_row *r, char *dst, size_t size)
{
	snprintf(dst, size, "n=%u", r->word[0]);
}

static void tell_x86_vcpu_events(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct x86_vcpu_events e = DATA(x86_vcpu_events, r);

	snprintf(dst, size, "exception=%u%s interrupt=%u%s", e.exception.nr,
		 e.exception.injected ? " (injected)" : "", e.interrupt.nr,
		 e.interrupt.injected ? " (injected)" : "");
}

static void tell_arm64_vcpu_events(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct arm64_vcpu_events e = DATA(arm64_vcpu_events, r);
	int used = snprintf(dst, size, "serror=%u external_abort=%u", e.serror_pending,
			    e.ext_dabt_pending);

	if (e.serror_has_esr)
		snprintf(dst + used, size - used, " esr=0x%" PRIx64, e.serror_esr);
}

static void tell_translate(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct kvm_translation t = DATA(kvm_translation, r);

	if (t.valid)
		snprintf(dst, size, "linear=0x%llx physical=0x%llx", t.linear_address,
			 t.physical_address);
	else
		snprintf(dst, size, "linear=0x%llx invalid", t.linear_address);
}

static void tell_attributes(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct attributes a = DATA(attributes, r);

	snprintf(dst, size, "gpa=0x%" PRIx64 " size=0x%" PRIx64 " attributes=0x%" PRIx64, a.address,
		 a.size, a.attributes);
}

static void tell_memfd(const struct ioctl_event_row *r, char *dst, size_t size)
{
	struct memfd m = DATA(memfd, r);

	snprintf(dst, size, "size=0x%" PRIx64 " flags=0x%" PRIx64, m.size, m.flags);
}

#define ANY	   ((1 << IOCTL_ARCHS) - 1)
#define ONLY(arch) (1 << (arch))

/* The first line of a name that is of the data's processor. */
static const struct {
	const char *name;
	unsigned int archs;
	void (*tell)(const struct ioctl_event_row *r, char *dst, size_t size);
} decoders[] = {
	{ "KVM_CREATE_VM", ANY, tell_create_vm },
	{ "KVM_CHECK_EXTENSION", ANY, tell_cap },
	{ "KVM_CREATE_VCPU", ANY, tell_create_vcpu },
	{ "KVM_SET_USER_MEMORY_REGION", ANY, tell_region },
	{ "KVM_SET_USER_MEMORY_REGION2", ANY, tell_region },
	{ "KVM_SET_MEMORY_ATTRIBUTES", ANY, tell_attributes },
	{ "KVM_CREATE_GUEST_MEMFD", ANY, tell_memfd },
	{ "KVM_IRQFD", ANY, tell_irqfd },
	{ "KVM_IOEVENTFD", ANY, tell_ioeventfd },
	{ "KVM_ENABLE_CAP", ANY, tell_enable_cap },
	{ "KVM_CREATE_DEVICE", ANY, tell_create_device },
	{ "KVM_SET_DEVICE_ATTR", ANY, tell_attr },
	{ "KVM_GET_DEVICE_ATTR", ANY, tell_attr },
	{ "KVM_HAS_DEVICE_ATTR", ANY, tell_attr },
	{ "KVM_GET_DIRTY_LOG", ANY, tell_dirty_log },
	{ "KVM_CLEAR_DIRTY_LOG", ANY, tell_clear_log },
	{ "KVM_IRQ_LINE", ONLY(IOCTL_ARM64), tell_arm64_irq_line },
	{ "KVM_IRQ_LINE", ANY, tell_irq_line },
	{ "KVM_IRQ_LINE_STATUS", ANY, tell_irq_line },
	{ "KVM_SIGNAL_MSI", ANY, tell_msi },
	{ "KVM_INTERRUPT", ANY, tell_interrupt },
	{ "KVM_SET_GSI_ROUTING", ANY, tell_n },
	{ "KVM_GET_VCPU_EVENTS", ONLY(IOCTL_X86), tell_x86_vcpu_events },
	{ "KVM_SET_VCPU_EVENTS", ONLY(IOCTL_X86), tell_x86_vcpu_events },
	{ "KVM_GET_VCPU_EVENTS", ONLY(IOCTL_ARM64), tell_arm64_vcpu_events },
	{ "KVM_SET_VCPU_EVENTS", ONLY(IOCTL_ARM64), tell_arm64_vcpu_events },
	{ "KVM_TRANSLATE", ANY, tell_translate },
	{ "KVM_GET_MSRS", ANY, tell_n },
	{ "KVM_SET_MSRS", ANY, tell_n },
	{ "KVM_GET_MSR_INDEX_LIST", ANY, tell_n },
	{ "KVM_GET_MSR_FEATURE_INDEX_LIST", ANY, tell_n },
	{ "KVM_SET_CPUID2", ANY, tell_n },
	{ "KVM_GET_CPUID2", ANY, tell_n },
	{ "KVM_GET_SUPPORTED_CPUID", ANY, tell_n },
	{ "KVM_GET_EMULATED_CPUID", ANY, tell_n },
	{ "KVM_GET_SUPPORTED_HV_CPUID", ANY, tell_n },
};

bool ioctl_args(const struct ioctl_event_row *r, char *dst, size_t size)
{
	const char *name = kw_ioctl_name(r->request);
	bool points = _IOC_SIZE(r->request);

	if (points && !r->size) /* it could not be read */
		return false;
	for (size_t i = 0; name && i < ARRAY_SIZE(decoders); i++)
		if (r->arch < IOCTL_ARCHS && decoders[i].archs & 1 << r->arch &&
		    !strcmp(decoders[i].name, name)) {
			decoders[i].tell(r, dst, size);
			return true;
		}
	if (points || !r->arg)
		return false;
	tell_number(r, dst, size);
	return true;
}

static bool makes_fd(uint32_t request)
{
	return request == KVM_CREATE_VM || request == KVM_CREATE_VCPU ||
	       request == KVM_GET_STATS_FD || request == CREATE_GUEST_MEMFD;
}

void ioctl_result(const struct ioctl_event_row *r, char *dst, size_t size)
{
	const char *name = r->ret < 0 && r->ret >= -4095 ? strerrorname_np(-r->ret) : NULL;

	if (name)
		snprintf(dst, size, "-%s", name);
	else
		snprintf(dst, size, "%s%" PRId64, makes_fd(r->request) && r->ret >= 0 ? "fd " : "",
			 r->ret);
}
