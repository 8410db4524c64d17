// SPDX-License-Identifier: Apache-2.0
/*
 * vmident.c - see vmident.h.
 * May not know about: BPF, frames, sinks.
 * To extend: see the table vmms.
 */
#define _GNU_SOURCE
#include "vmident.h"

#include "../util/cleanup.h"
#include "../util/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* How a VMM's command line tells the VM's name and UUID. */
static const struct vmm {
	const char *command; /* base name of the command, up to a dash */
	const char *vmm;
	const char *name, *uuid; /* options, with their dashes */
} vmms[] = {
	{ "qemu", "qemu", "-name", "-uuid" },
	{ "kvm", "qemu", "-name", "-uuid" },
	{ "firecracker", "firecracker", "--id", NULL },
	{ "cloud-hypervisor", "cloud-hypervisor", "--api-socket", NULL },
	{ "crosvm", "crosvm", "--name", NULL },
	{ "lkvm", "kvmtool", "--name", NULL },
	{ "vm", "kvmtool", "--name", NULL },
	{ "stratovirt", "stratovirt", "-name", "-uuid" },
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const struct vmm *find_vmm(const char *command)
{
	for (size_t i = 0; i < ARRAY_SIZE(vmms); i++) {
		size_t len = strlen(vmms[i].command);

		if (!strncmp(command, vmms[i].command, len) &&
		    (!command[len] || command[len] == '-'))
			return &vmms[i];
	}
	return NULL;
}

/* The value of an option: "-name x", "--name x", "-name=x"; NULL if arg is not that option. */
static const char *option_value(const char *option, const char *arg, const char *next_arg)
{
	size_t len;

	if (!option)
		return NULL;
	/* getopt_long_only: one dash is as good as two */
	option += strspn(option, "-");
	if (*arg != '-')
		return NULL;
	arg += arg[1] == '-' ? 2 : 1;
	len = strlen(option);
	if (strncmp(arg, option, len))
		return NULL;
	return !arg[len] ? next_arg : arg[len] == '=' ? arg + len + 1 : NULL;
}

/* What follows the next comma that is not doubled; NULL if there is none. */
static const char *next_part(const char *p)
{
	while ((p = strchr(p, ',')) && p[1] == ',')
		p += 2;
	return p ? p + 1 : NULL;
}

/* QEMU: "web1", "guest=web1,debug-threads=on", "web1,process=x"; a doubled comma is a comma. */
static void qemu_name(const char *value, char *dst, size_t size)
{
	const char *guest = value;
	size_t n = 0;

	for (const char *p = value; p; p = next_part(p))
		if (!strncmp(p, "guest=", 6)) {
			guest = p + 6;
			break;
		}
	if (guest == value && strcspn(value, "=") < strcspn(value, ","))
		return;
	for (; *guest && n + 1 < size; guest++) {
		if (*guest == ',') {
			if (guest[1] != ',')
				break;
			guest++;
		}
		dst[n++] = *guest;
	}
	dst[n] = 0;
}

/* A path names a VM by its last part, without the suffix of a socket. */
static void path_name(const char *value, char *dst, size_t size)
{
	size_t len;

	value = !strncmp(value, "path=", 5) ? value + 5 : value;
	snprintf(dst, size, "%s", base_name(value));
	len = strlen(dst);
	if (len > 5 && !strcmp(dst + len - 5, ".sock"))
		dst[len - 5] = 0;
}

static void set_name(const struct vmm *vmm, const char *value, struct kw_vm *vm)
{
	if (!strcmp(vmm->vmm, "qemu") || !strcmp(vmm->vmm, "stratovirt"))
		qemu_name(value, vm->name, sizeof(vm->name));
	else if (!strcmp(vmm->vmm, "cloud-hypervisor"))
		path_name(value, vm->name, sizeof(vm->name));
	else
		snprintf(vm->name, sizeof(vm->name), "%s", value);
}

void kw_vm_parse_cmdline(const char *cmdline, size_t len, struct kw_vm *vm)
{
	static const struct vmm any = { "", "", "--name", NULL };
	const char *end = cmdline + len, *arg, *next_arg, *value;
	const struct vmm *vmm = len ? find_vmm(base_name(cmdline)) : NULL;

	if (vmm)
		snprintf(vm->vmm, sizeof(vm->vmm), "%s", vmm->vmm);
	else
		vmm = &any; /* of a VMM that is not known, only an explicit --name is believed */
	for (arg = len ? cmdline + strlen(cmdline) + 1 : end; arg < end; arg = next_arg) {
		next_arg = arg + strlen(arg) + 1;
		value = option_value(vmm->name, arg, next_arg < end ? next_arg : NULL);
		if (value && !*vm->name)
			set_name(vmm, value, vm);
		value = option_value(vmm->uuid, arg, next_arg < end ? next_arg : NULL);
		if (value)
			snprintf(vm->uuid, sizeof(vm->uuid), "%s", value);
	}
}

static ssize_t read_file(pid_t pid, const char *name, char *dst, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	size_t used = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (used + 1 < size) {
		ssize_t n = read(fd, dst + used, size - used - 1);

		if (n < 0)
			return -errno;
		if (!n)
			break;
		used += n;
	}
	dst[used] = 0;
	return used;
}

int kw_vm_identify(pid_t pid, struct kw_vm *ret)
{
	_cleanup_free_ char *text = malloc(65536);
	unsigned long long start;
	ssize_t len;
	char *p;

	if (!text)
		return -ENOMEM;
	memset(ret, 0, sizeof(*ret));
	ret->pid = pid;
	ret->number = 1;
	/* "pid (comm) S …": comm may hold anything, so count from its last parenthesis */
	if (read_file(pid, "stat", text, 65536) < 0 || !(p = strrchr(text, ')')) ||
	    sscanf(p + 2,
		   "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		   "%llu",
		   &start) != 1)
		return -ESRCH;
	ret->start_ns = start * (1000000000ULL / sysconf(_SC_CLK_TCK));
	*p = 0;
	p = strchr(text, '(');
	snprintf(ret->vmm, sizeof(ret->vmm), "%s", p ? p + 1 : "");
	len = read_file(pid, "cmdline", text, 65536);
	if (len > 0)
		kw_vm_parse_cmdline(text, len, ret);
	kw_vm_set_display(ret);
	return 0;
}

int kw_vm_fds(pid_t pid, struct kw_vm_fds *ret)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;
	char path[64];

	memset(ret, 0, sizeof(*ret));
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((e = readdir(dir))) {
		char target[64];
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue;
		target[n] = 0;
		ret->vms += !strcmp(target, "anon_inode:kvm-vm");
		ret->vcpus += !strncmp(target, "anon_inode:kvm-vcpu:", 20);
	}
	return 0;
}

int kw_vmm_each(int (*fn)(void *arg, pid_t pid, const struct kw_vm_fds *fds), void *arg)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct kw_vm_fds fds;
	struct dirent *e;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir)))
		if (isdigit((unsigned char)*e->d_name) && !kw_vm_fds(atoi(e->d_name), &fds) &&
		    fds.vms)
			err = fn(arg, atoi(e->d_name), &fds);
	return err;
}

bool kw_vm_is(const struct kw_vm *vm, const char *what)
{
	uint64_t pid;

	return (*vm->name && !strcmp(vm->name, what)) || !strcmp(vm->display, what) ||
	       (*vm->uuid && !strcasecmp(vm->uuid, what)) ||
	       (kw_parse_u64(what, &pid) && pid == vm->pid);
}
