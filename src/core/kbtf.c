// SPDX-License-Identifier: Apache-2.0
/*
 * kbtf.c - see kbtf.h.
 * May not know about: any one collector, BPF programs.
 * To extend: see kbtf.h.
 */
#define _GNU_SOURCE
#include "kbtf.h"

#include "../util/cleanup.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Parsed once; a process needs them at its start alone, and they live as long as it. */
static struct btf *vmlinux_btf(void)
{
	static struct btf *btf;

	if (!btf)
		btf = btf__load_vmlinux_btf();
	return btf;
}

static struct btf *kvm_btf(void)
{
	static struct btf *btf;

	if (!btf && vmlinux_btf())
		btf = btf__load_module_btf("kvm", vmlinux_btf()) ?: vmlinux_btf();
	return btf;
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

int kw_kvm_enumerator(const char *name, uint32_t *ret)
{
	struct btf *btf = kvm_btf();
	int err = -ENOENT;

	/* a module's own types come after those of the kernel */
	for (uint32_t id = btf == vmlinux_btf() ? 1 : btf__type_cnt(vmlinux_btf());
	     btf && err && id < btf__type_cnt(btf); id++)
		err = find_in(btf, id, name, ret);
	return err;
}

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
	return NULL;
}

/* Does the kernel have this symbol? True also if it does not tell. */
static bool has_symbol(const char *name)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/kallsyms", "re");
	size_t len = strlen(name), kept = 0, n;
	char text[1 << 16];

	if (!file)
		return true;
	while ((n = fread(text + kept, 1, sizeof(text) - kept, file))) {
		n += kept;
		if (memmem(text, n, name, len))
			return true;
		kept = n < len ? n : len; /* it may begin here */
		memmove(text, text + n - kept, kept);
	}
	return false;
}

bool kw_tracepoints_preemptible(void)
{
	const struct btf *btf = vmlinux_btf();

	return !btf || (btf__find_by_name_kind(btf, "srcu_ctr", BTF_KIND_STRUCT) > 0 &&
			has_symbol(" tracepoint_srcu\n"));
}
