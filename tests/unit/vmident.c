// SPDX-License-Identifier: Apache-2.0
/*
 * vmident.c - tests what command lines tell about VMs, and the names VMs are shown by.
 * May not know about: BPF, frames, sinks.
 * To extend: another VMM is another function with its command lines.
 */
#include "unit.h"

#include "core/vmident.h"

#include <unistd.h>

/* A command line as /proc has it, from words that single blanks separate. */
static struct kw_vm parse(const char *words)
{
	struct kw_vm vm = { .pid = 4711, .number = 1, .vmm = "comm" };
	size_t len = strlen(words);
	_cleanup_free_ char *line = calloc(1, len + 2);

	memcpy(line, words, len);
	for (size_t i = 0; i < len; i++)
		line[i] = line[i] == ' ' ? 0 : line[i];
	kw_vm_parse_cmdline(line, len ? len + 1 : 0, &vm);
	return vm;
}

static void assert_vm(const char *words, const char *vmm, const char *name, const char *uuid)
{
	struct kw_vm vm = parse(words);

	if (strcmp(vm.vmm, vmm) || strcmp(vm.name, name) || strcmp(vm.uuid, uuid))
		fail_msg("'%s': %s '%s' '%s'", words, vm.vmm, vm.name, vm.uuid);
}

#define QEMU "/usr/bin/qemu-system-x86_64 -machine q35 "
#define UUID "8b0b4a4e-0b9f-4a55-9f5c-3e3f3d1e0a11"

static void qemu(void **state)
{
	(void)state;
	assert_vm(QEMU "-name web1 -m 512", "qemu", "web1", "");
	assert_vm(QEMU "-name guest=web1,debug-threads=on -m 512", "qemu", "web1", "");
	assert_vm(QEMU "-name debug-threads=on,guest=web1", "qemu", "web1", "");
	assert_vm(QEMU "-name web1,process=x", "qemu", "web1", "");
	assert_vm(QEMU "-name web1,debug-threads=on", "qemu", "web1", "");
	assert_vm(QEMU "--name web1", "qemu", "web1", "");
	assert_vm(QEMU "--name=web1", "qemu", "web1", "");
	assert_vm(QEMU "-name=guest=web1", "qemu", "web1", "");
	assert_vm(QEMU "-name guest=a=b", "qemu", "a=b", "");
	assert_vm(QEMU "-uuid " UUID " -name web1", "qemu", "web1", UUID);
	assert_vm(QEMU "-name web1 --uuid " UUID, "qemu", "web1", UUID);
	assert_vm("/usr/libexec/qemu-kvm -name web1", "qemu", "web1", "");
	assert_vm("/usr/bin/kvm -name web1", "qemu", "web1", "");
	assert_vm("qemu-system-aarch64 -name 数据库", "qemu", "数据库", "");
}

static void qemu_doubled_commas(void **state)
{
	(void)state;
	assert_vm(QEMU "-name a,,b", "qemu", "a,b", "");
	assert_vm(QEMU "-name guest=a,,b,,,,c,debug-threads=on", "qemu", "a,b,,c", "");
	assert_vm(QEMU "-name a,,guest=b", "qemu", "a,guest=b", ""); /* one name, no option */
	assert_vm(QEMU "-name guest=a,,guest=b,process=x", "qemu", "a,guest=b", "");
	assert_vm(QEMU "-name process=x,,guest=y,guest=b", "qemu", "b", "");
}

static void qemu_without_name(void **state)
{
	(void)state;
	assert_vm(QEMU "-m 512", "qemu", "", "");
	assert_vm(QEMU "-name", "qemu", "", ""); /* its value is missing */
	assert_vm(QEMU "-name web1 -uuid", "qemu", "web1", "");
	assert_vm(QEMU "-name debug-threads=on", "qemu", "", "");
	assert_vm(QEMU "-name guest=", "qemu", "", "");
	assert_vm(QEMU "-names web1 name web1 -nam web1", "qemu", "", "");
	assert_vm(QEMU "-device x,name=web1", "qemu", "", "");
}

static void other_vmms(void **state)
{
	(void)state;
	assert_vm("/usr/bin/firecracker --id vm-7 --api-sock /run/fc.sock", "firecracker", "vm-7",
		  "");
	assert_vm("firecracker-v1.7 --id=vm-7", "firecracker", "vm-7", "");
	assert_vm("firecracker --idle vm-7", "firecracker", "", "");
	assert_vm("cloud-hypervisor --api-socket path=/run/x/vm7.sock", "cloud-hypervisor", "vm7",
		  "");
	assert_vm("cloud-hypervisor --api-socket /run/x/vm7.sock", "cloud-hypervisor", "vm7", "");
	assert_vm("cloud-hypervisor-static --api-socket=/run/x/vm7", "cloud-hypervisor", "vm7", "");
	assert_vm("/usr/bin/crosvm run --name web1 vmlinux", "crosvm", "web1", "");
	assert_vm("lkvm run --name web1", "kvmtool", "web1", "");
	assert_vm("vm run --name web1", "kvmtool", "web1", "");
	assert_vm("stratovirt -name web1 -uuid " UUID, "stratovirt", "web1", UUID);
}

static void unknown_vmms(void **state)
{
	(void)state;
	assert_vm("/opt/myvmm --name web1", "comm", "web1", "");
	assert_vm("/opt/myvmm --name=web1", "comm", "web1", "");
	assert_vm("/opt/myvmm --id web1 -uuid " UUID, "comm", "", "");
	assert_vm("vmtouch -m 1G file", "comm", "", "");
	assert_vm("qemuish -uuid " UUID, "comm", "", "");
	assert_vm("kvm_watcher stat --vm web1", "comm", "", "");
	assert_vm("", "comm", "", "");
	assert_vm("/opt/myvmm", "comm", "", "");
	assert_vm("/opt/myvmm --name", "comm", "", "");
}

static void odd_lines(void **state)
{
	struct kw_vm vm = { .pid = 1 };
	char line[2000];

	(void)state;
	memset(line, 'n', sizeof(line)); /* a name that does not fit */
	memcpy(line, "qemu\0-name", 11);
	line[sizeof(line) - 1] = 0;
	kw_vm_parse_cmdline(line, sizeof(line), &vm);
	assert_int_equal(strlen(vm.name), sizeof(vm.name) - 1);
	assert_int_equal(vm.name[0], 'n');
	assert_vm("-name web1", "comm", "", ""); /* argv[0] is no option */
	memset(&vm, 0, sizeof(vm));
	kw_vm_parse_cmdline("qemu\0\0\0-name\0web1\0", 18, &vm); /* empty arguments */
	assert_string_equal(vm.name, "web1");
}

static void is_called(void **state)
{
	struct kw_vm vm = { .pid = 4711, .name = "web1", .uuid = UUID, .display = "web1#2" };
	struct kw_vm nameless = { .pid = 12, .display = "qemu-12" };

	(void)state;
	assert_true(kw_vm_is(&vm, "web1"));
	assert_true(kw_vm_is(&vm, "web1#2"));
	assert_true(kw_vm_is(&vm, UUID));
	assert_true(kw_vm_is(&vm, "8B0B4A4E-0B9F-4A55-9F5C-3E3F3D1E0A11"));
	assert_true(kw_vm_is(&vm, "4711"));
	assert_false(kw_vm_is(&vm, "web"));
	assert_false(kw_vm_is(&vm, "WEB1"));
	assert_false(kw_vm_is(&vm, "471"));
	assert_false(kw_vm_is(&vm, ""));
	assert_false(kw_vm_is(&nameless, ""));
	assert_true(kw_vm_is(&nameless, "qemu-12"));
	assert_true(kw_vm_is(&nameless, "12"));
}

static const char *display(struct kw_vms *vms, uint32_t pid, uint32_t number, const char *vmm,
			   const char *name)
{
	struct kw_vm vm = { .pid = pid, .number = number };
	int64_t index;

	snprintf(vm.vmm, sizeof(vm.vmm), "%s", vmm);
	snprintf(vm.name, sizeof(vm.name), "%s", name);
	index = kw_vms_add(vms, &vm);
	assert_int_equal(index, vms->n - 1);
	return kw_vms_get(vms, index)->display;
}

static void display_names(void **state)
{
	struct kw_vms vms = {};

	(void)state;
	assert_string_equal(display(&vms, 1, 1, "qemu", "web1"), "web1");
	assert_string_equal(display(&vms, 2, 1, "firecracker", "fc"), "fc");
	assert_string_equal(display(&vms, 2, 2, "firecracker", "fc"), "fc#2");
	assert_string_equal(display(&vms, 3, 1, "crosvm", ""), "crosvm-3");
	assert_string_equal(display(&vms, 3, 3, "crosvm", ""), "crosvm-3#3");
	assert_string_equal(display(&vms, 4, 1, "", ""), "pid-4");
	assert_null(kw_vms_get(&vms, 6));
	assert_null(kw_vms_get(NULL, 0));
	kw_vms_release(&vms);
}

/* Two processes may call their VMs the same; people must be able to tell them apart. */

static void many_vms(void **state)
{
	struct kw_vms vms = {};
	const struct kw_vm *first;

	(void)state;
	display(&vms, 1, 1, "qemu", "web1");
	first = kw_vms_get(&vms, 0);
	for (uint32_t i = 2; i < 500; i++)
		display(&vms, i, 1, "qemu", "");
	assert_ptr_equal(kw_vms_get(&vms, 0), first); /* rows keep pointers into it */
	assert_string_equal(kw_vms_get(&vms, 498)->display, "qemu-499");
	kw_vms_release(&vms);
}

static void this_process(void **state)
{
	struct kw_vm vm;

	(void)state;
	assert_int_equal(kw_vm_identify(getpid(), &vm), 0);
	assert_int_equal(vm.pid, getpid());
	assert_int_equal(vm.number, 1);
	assert_true(vm.start_ns > 0);
	assert_string_equal(vm.name, "");
	assert_true(kw_vm_identify(1 << 30, &vm) < 0); /* no such process */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu),
		cmocka_unit_test(qemu_doubled_commas),
		cmocka_unit_test(qemu_without_name),
		cmocka_unit_test(other_vmms),
		cmocka_unit_test(unknown_vmms),
		cmocka_unit_test(odd_lines),
		cmocka_unit_test(is_called),
		cmocka_unit_test(display_names),
		cmocka_unit_test(many_vms),
		cmocka_unit_test(this_process),
	};

	return kw_run_tests(tests);
}
