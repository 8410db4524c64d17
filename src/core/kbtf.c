// SPDX-License-Identifier: Apache-2.0
/*
 * kbtf.c - see kbtf.h.
 * May not know about: any one collector, BPF programs.
 * To extend: see kbtf.h.
 */
#include "kbtf.h"

#include "../util/cleanup.h"
#include "tsc.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Parsed at the first question, of which there are many at the start of a process. */
static struct btf *vmlinux, *kvm;
static char *symbols; /* of KVM: "\nNAME" for each */

static struct btf *vmlinux_btf(void)
{
	if (!vmlinux)
		vmlinux = btf__load_vmlinux_btf();
	return vmlinux;
}

static struct btf *kvm_btf(void)
{
	if (!kvm && vmlinux_btf())
		kvm = btf__load_module_btf("kvm", vmlinux_btf()) ?: vmlinux_btf();
	return kvm;
}

void kw_kbtf_release(void)
{
	if (kvm != vmlinux)
		btf__free(kvm);
	btf__free(vmlinux);
	kvm = vmlinux = NULL;
	free(symbols);
	symbols = NULL;
}

int kw_tracepoint_args(const char *name)
{
	struct btf *btf = kvm_btf(); /* on top of the kernel's own */
	const struct btf_type *t;
	char type[64];
	int id;

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) : -1;
	if (id <= 0)
		return -1;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	t = t ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) ? btf_vlen(t) - 1 : -1; /* the first is void * */
}

bool kw_kvm_is_typed(void)
{
	return kw_tracepoint_args("kvm_userspace_exit") >= 0; /* which all processors have */
}

bool kw_kvm_is_loaded(void)
{
	return !access("/dev/kvm", F_OK) || !access("/sys/module/kvm", F_OK);
}

bool kw_has_kvm_event(const char *name)
{
	static const char *const systems[] = { "kvm", "kvmmmu" };
	char path[128];

	if (kw_kvm_is_typed())
		return kw_tracepoint_args(name) >= 0;
	if (access("/sys/kernel/tracing/events/kvm", F_OK))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/%s", systems[i], name);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

/* Has the record that it writes a field of this name? */
static bool event_writes(const char *name, const char *field)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[128], line[256], end[64];
	bool found = false;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/kvm/%s/format", name);
	snprintf(end, sizeof(end), " %s;\t", field);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, end);
	return found;
}

bool kw_kvm_event_has(const char *name, int args, const char *field)
{
	return kw_kvm_is_typed() ? kw_tracepoint_args(name) >= args : event_writes(name, field);
}

/* Names of functions of KVM's modules, as /proc/kallsyms has them: "ADDRESS TYPE NAME\t[kvm]" */
static char *read_symbols(void)
{
	_cleanup_fclose_ FILE *in = fopen("/proc/kallsyms", "re");
	char *text = NULL, line[512], name[256];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	while (in && fgets(line, sizeof(line), in))
		if (strstr(line, "\t[kvm") && sscanf(line, "%*s %*s %255s", name) == 1)
			fprintf(out, "\n%s", name);
	fputc('\n', out);
	fclose(out);
	return text;
}

static bool has_member(const struct btf *btf, const char *type, const char *member)
{
	int id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), member))
			return true;
	return false;
}

bool kw_has_symbol(const char *name)
{
	char wanted[128];

	if (kw_kvm_is_typed() || kw_has_function(name))
		return true;
	if (!symbols)
		symbols = read_symbols();
	snprintf(wanted, sizeof(wanted), "\n%s\n", name);
	return !symbols || !symbols[1] || strstr(symbols, wanted);
}

/* The kernel attaches no program that reads more arguments than there are. */
static bool exit_has_third(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .src_reg = BPF_REG_1, .off = 2 * 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL, "GPL", insns,
					       ARRAY_SIZE(insns), NULL);
	_cleanup_close_ int link = fd < 0 ? -1 : bpf_raw_tracepoint_open("kvm_exit", fd);

	return link >= 0;
}

bool kw_exit_has_reason(void)
{
	static int untold = -1; /* asked each time that programs are loaded */

	if (kw_kvm_is_typed())
		return kw_tracepoint_args("kvm_exit") == 3;
	if (untold < 0)
		untold = exit_has_third();
	return untold;
}

bool kw_is_fired(const char *name)
{
	return strcmp(name, "kvm_nested_vmrun") || kw_host_isa() != KW_ISA_VMX;
}

int kw_function_args(const char *name)
{
	struct btf *btf = kvm_btf();
	int id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) : -1;

	if (id <= 0)
		return -1;
	return btf_vlen(btf__type_by_id(btf, btf__type_by_id(btf, id)->type));
}

bool kw_has_function(const char *name)
{
	return kw_function_args(name) >= 0;
}

static int find_in(const struct btf *btf, uint32_t id, const char *name, uint32_t *ret)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	for (int i = 0; btf_is_enum(t) && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name)) {
			*ret = btf_enum(t)[i].val;
			return 0;
		}
	return -ENOENT;
}

static const struct {
	const char *name;
	uint32_t value;
} old_results[] = { { "RET_PF_EMULATE", 1 }, { "RET_PF_FIXED", 3 }, { "RET_PF_SPURIOUS", 4 } };

static int find_old(const char *name, uint32_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(old_results) && kw_exit_has_reason(); i++)
		if (!strcmp(old_results[i].name, name)) {
			*ret = old_results[i].value;
			return 0;
		}
	return -ENOENT;
}

int kw_kvm_enumerator(const char *name, uint32_t *ret)
{
	struct btf *btf = kvm_btf();
	int err = -ENOENT;

	/* a module's own types come after those of the kernel */
	for (uint32_t id = btf == vmlinux_btf() ? 1 : btf__type_cnt(vmlinux_btf());
	     btf && err && id < btf__type_cnt(btf); id++)
		err = find_in(btf, id, name, ret);
	return err ? find_old(name, ret) : 0;
}

static const char *const old_inhibits[] = { "DISABLE", "HYPERV",    "NESTED",
					    "IRQWIN",  "PIT_REINJ", "X2APIC" };

const char *kw_kvm_enumerator_name(const char *enumeration, uint32_t value)
{
	struct btf *btf = kvm_btf();
	const struct btf_type *t;
	int id;

	id = btf ? btf__find_by_name_kind(btf, enumeration, BTF_KIND_ENUM) : -1;
	t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	for (int i = 0; t && i < btf_vlen(t); i++)
		if ((uint32_t)btf_enum(t)[i].val == value)
			return btf__name_by_offset(btf, btf_enum(t)[i].name_off);
	if (!t && !strcmp(enumeration, "kvm_apicv_inhibit") && value < ARRAY_SIZE(old_inhibits) &&
	    kw_exit_has_reason())
		return old_inhibits[value];
	return NULL;
}

static bool has(const char *name, uint32_t kind)
{
	return btf__find_by_name_kind(vmlinux_btf(), name, kind) > 0;
}

bool kw_threads_have_storage(void)
{
#if defined(__riscv) /* see bpf/compat.bpf.h */
	return false;
#else
	return has_member(vmlinux_btf(), "task_struct", "bpf_storage");
#endif
}

/* By a module of its own, or built in. */
static bool is_pvm_without_reasons(void)
{
	struct btf *module = NULL, *btf;
	bool is;

	if (access("/sys/kernel/btf/vmlinux", R_OK)) /* libbpf would complain */
		return false;
	btf = kvm_btf();
	if (btf && btf__find_by_name_kind(btf, "vcpu_pvm", BTF_KIND_STRUCT) <= 0)
		btf = module = btf__load_module_btf("kvm_pvm", vmlinux_btf());
	is = btf && has_member(btf, "vcpu_pvm", "vcpu") &&
	     !has_member(btf, "vcpu_pvm", "exit_vector");
	btf__free(module);
	return is;
}

bool kw_tells_of_exits(void)
{
	const char *decided = getenv("KVM_WATCHER_EXITS");

	if (decided)
		return strcmp(decided, "user");
	return kw_host_isa() != KW_ISA_NONE || !is_pvm_without_reasons();
}

const char *kw_why_no_exits(void)
{
	return getenv("KVM_WATCHER_EXITS") ? "KVM_WATCHER_EXITS says so"
					   : "KVM for PVM never fires it";
}

bool kw_maps_can_allocate(void)
{
	static int known = -1; /* asked at any time, not only when programs are loaded */

	if (known < 0)
		known = !vmlinux_btf() || has("bpf_mem_alloc", BTF_KIND_STRUCT);
	return known;
}

bool kw_compiler_is_off(void)
{
	_cleanup_fclose_ FILE *file = fopen(KW_COMPILER, "re");

	return file && fgetc(file) == '0';
}

bool kw_tracepoints_preemptible(void)
{
	/* the kernel tells the types of variables of CPUs, if it has this one */
	return !vmlinux_btf() || !has("runqueues", BTF_KIND_VAR) ||
	       (has("srcu_ctr", BTF_KIND_STRUCT) && has("tracepoint_srcu_srcu_data", BTF_KIND_VAR));
}
