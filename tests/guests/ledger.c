// SPDX-License-Identifier: Apache-2.0
/*
 * ledger.c - every ioctl on one of KVM's file descriptors, by scope, request and errno; and a known
 * list of them to do.
 * May not know about: what guests do.
 * To extend: what the list should have is a line in do_ioctls() or one of its parts.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kw-guest.h"

#define MAX_NOTES 128
#define FREE_SLOT 9
#define FREE_GSI  32
#define FREE_GPA  0x3f000000UL
#define FREE_SIZE 0x10000UL
#define UNKNOWN	  _IO(KVMIO, 0xff)

struct note {
	enum scope scope;
	uint32_t request;
	int error;
	uint64_t count;
};

struct ledger {
	pthread_spinlock_t lock; /* of what follows; taken by all threads of the VM */
	uint32_t count;
	struct note note[MAX_NOTES];
};

static void note(struct ledger *l, enum scope scope, uint32_t request, int error)
{
	uint32_t i = 0;

	pthread_spin_lock(&l->lock);
	while (i < l->count && (l->note[i].scope != scope || l->note[i].request != request ||
				l->note[i].error != error))
		i++;
	if (i == MAX_NOTES)
		errx(1, "more than %d sorts of ioctls", MAX_NOTES);
	if (i == l->count)
		l->note[l->count++] = (struct note){ scope, request, error, 0 };
	l->note[i].count++;
	pthread_spin_unlock(&l->lock);
}

int noted_ioctl(struct vm *vm, enum scope scope, int fd, unsigned long request, unsigned long arg)
{
	int result = ioctl(fd, request, arg), error = errno;
	struct ledger *l = vm ? __atomic_load_n(&vm->ledger, __ATOMIC_ACQUIRE) : NULL;

	if (l)
		note(l, scope, request, result < 0 ? error : 0);
	errno = error;
	return result;
}

void start_ledger(struct vm *vm)
{
	struct ledger *l;

	if (!o.ioctls)
		return;
	l = calloc(1, sizeof(*l));
	pthread_spin_init(&l->lock, PTHREAD_PROCESS_PRIVATE);
	__atomic_store_n(&vm->ledger, l, __ATOMIC_RELEASE);
}

/* Tell what was noted; from now on nothing is. */
void report_ledger(struct vm *vm)
{
	static const char *const scopes[] = { "system", "vm", "vcpu", "device" };
	struct ledger *l = vm->ledger;

	if (!l)
		return;
	vm->ledger = NULL;
	printf("{\"pid\":%d,\"vm\":%d,\"ioctls\":[", getpid(), vm->number);
	for (uint32_t i = 0; i < l->count; i++)
		printf("%s{\"scope\":\"%s\",\"request\":%u,\"errno\":%d,\"count\":%lu}",
		       i ? "," : "", scopes[l->note[i].scope], l->note[i].request, l->note[i].error,
		       l->note[i].count);
	printf("]}\n");
	pthread_spin_destroy(&l->lock);
	free(l);
}

/* ---- the list; what fails does so by intent, or for want of an interrupt controller ---- */

static void do_system(struct vm *vm)
{
	int fd;

	system_ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_IRQCHIP);
	system_ioctl(vm, KVM_GET_API_VERSION, 0);
	fd = system_ioctl(vm, KVM_CREATE_VM, 0);
	if (fd >= 0)
		close(fd);
}

static void do_slot(struct vm *vm)
{
	void *mem = mmap(NULL, FREE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct kvm_userspace_memory_region r = { .slot = FREE_SLOT,
						 .guest_phys_addr = FREE_GPA,
						 .memory_size = FREE_SIZE,
						 .userspace_addr = (uintptr_t)mem };

	vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r);
	r.memory_size = 0;
	vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r);
	munmap(mem, FREE_SIZE);
}

static void do_events(struct vm *vm)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	struct kvm_irqfd irq = { .fd = fd, .gsi = FREE_GSI };
	struct kvm_ioeventfd io = { .fd = fd, .addr = FREE_GPA, .len = 4 };

	vm_ioctl(vm, KVM_IRQFD, &irq);
	irq.flags = KVM_IRQFD_FLAG_DEASSIGN;
	vm_ioctl(vm, KVM_IRQFD, &irq);
	vm_ioctl(vm, KVM_IOEVENTFD, &io);
	io.flags = KVM_IOEVENTFD_FLAG_DEASSIGN;
	vm_ioctl(vm, KVM_IOEVENTFD, &io);
	close(fd);
}

static void do_vm(struct vm *vm)
{
	struct kvm_enable_cap good = { .cap = KVM_CAP_HALT_POLL, .args = { 200000 } };
	struct kvm_enable_cap bad = { .cap = 0xffff };
	struct kvm_dirty_log log = { .slot = FREE_SLOT };

	do_slot(vm);
	do_events(vm);
	vm_ioctl(vm, KVM_ENABLE_CAP, &good);
	vm_ioctl(vm, KVM_ENABLE_CAP, &bad);
	vm_ioctl(vm, KVM_GET_DIRTY_LOG, &log);
	arch_set_routes(vm);
	vm_ioctl(vm, UNKNOWN, 0);
}

static void do_vcpu(struct vcpu *c)
{
#ifdef __KVM_HAVE_VCPU_EVENTS /* not on riscv */
	struct kvm_vcpu_events events = {};

	vcpu_ioctl(c, KVM_GET_VCPU_EVENTS, &events);
	vcpu_ioctl(c, KVM_SET_VCPU_EVENTS, &events);
#endif
	arch_do_ioctls(c);
	vcpu_ioctl(c, UNKNOWN, 0);
}

/* A VM has no more than one device of this type, and that to its end: the others fail. */
static void do_device(struct vm *vm, int *fd)
{
	struct kvm_create_device create = { .type = KVM_DEV_TYPE_VFIO };
	struct kvm_device_attr good = { .group = KVM_DEV_VFIO_GROUP,
					.attr = KVM_DEV_VFIO_GROUP_ADD };
	struct kvm_device_attr bad = { .group = 99 };

	if (vm_ioctl(vm, KVM_CREATE_DEVICE, &create) == 0)
		*fd = create.fd;
	if (*fd < 0) /* this KVM has none */
		return;
	device_ioctl(vm, *fd, KVM_HAS_DEVICE_ATTR, &good);
	device_ioctl(vm, *fd, KVM_HAS_DEVICE_ATTR, &bad);
}

void do_ioctls(struct vm *vm)
{
	int device = -1;

	for (long i = 0; i < o.ioctls; i++) {
		do_system(vm);
		do_vm(vm);
		do_vcpu(&vm->vcpu[0]);
		do_device(vm, &device);
	}
	if (device >= 0)
		close(device);
}
