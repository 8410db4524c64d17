// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_list.c - list: vms, collectors, columns, reasons.
 * May not know about: BPF.
 * To extend: another listing is a function and a line in lists[].
 */
#include "../arch/names.h"
#include "../core/log.h"
#include "../core/vmident.h"
#include "../recording/recording.h"
#include "../sinks/listing.h"
#include "../util/cleanup.h"
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define CELLS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static const struct kw_listing_column vm_columns[] = {
	{ "vm", "VM", false },	{ "pid", "PID", true },	    { "vmm", "VMM", false },
	{ "vms", "VMS", true }, { "vcpus", "VCPUS", true }, { "uuid", "UUID", false },
};

static int add_vm(void *arg, pid_t pid, const struct kw_vm_fds *fds)
{
	struct kw_listing *l = arg;
	char id[16], n_vms[16], n_vcpus[16];
	struct kw_vm vm;

	if (kw_vm_identify(pid, &vm))
		return 0;
	snprintf(id, sizeof(id), "%d", pid);
	snprintf(n_vms, sizeof(n_vms), "%u", fds->vms);
	snprintf(n_vcpus, sizeof(n_vcpus), "%u", fds->vcpus);
	return kw_listing_add(
		l, CELLS(vm.display, id, vm.vmm, n_vms, n_vcpus, *vm.uuid ? vm.uuid : NULL));
}

/* As they were seen; how many file descriptors there were is not recorded. */
static int list_recorded_vms(struct kw_listing *l, const struct kw_recording *r)
{
	_cleanup_free_ int64_t *ids = NULL;
	struct kw_vms vms = {};
	char id[16];
	int err = kw_recording_vms(r, &vms, &ids);

	for (size_t i = 0; i < vms.n && !err; i++) {
		const struct kw_vm *vm = vms.vm[i];

		snprintf(id, sizeof(id), "%u", vm->pid);
		err = kw_listing_add(l, CELLS(vm->display, id, vm->vmm, NULL, NULL,
					      *vm->uuid ? vm->uuid : NULL));
	}
	kw_vms_release(&vms);
	return err;
}

static int list_vms(struct kw_listing *l, const struct kw_recording *r)
{
	int err;

	l->column = vm_columns;
	l->n_columns = ARRAY_SIZE(vm_columns);
	if (r)
		return list_recorded_vms(l, r);
	err = kw_vmm_each(add_vm, l);
	if (!err && !l->n)
		kw_say(geteuid() ? "no VM is to be seen; those of other users only as root"
				 : "no process has a VM open");
	return err;
}

static const struct kw_listing_column collector_columns[] = {
	{ "name", "COLLECTOR", false },
	{ "events", "TRACE", false },
	{ "help", "WHAT IT SHOWS", false },
};

/* Everything there is, or what a recording has. */
static bool is_there(const struct kw_recording *r, const struct kw_collector *c)
{
	return !r || kw_recording_lists(r->collectors, c->name);
}

static int list_collectors(struct kw_listing *l, const struct kw_recording *r)
{
	const struct kw_collector *c;
	int err = 0;

	l->column = collector_columns;
	l->n_columns = ARRAY_SIZE(collector_columns);
	for (size_t i = 0; (c = kw_collector(i)) && !err; i++)
		if (is_there(r, c))
			err = kw_listing_add(
				l, CELLS(c->name,
					 c->event && (!r || kw_recording_lists(r->tracing, c->name))
						 ? "yes"
						 : "no",
					 c->help));
	return err;
}

static const struct kw_listing_column column_columns[] = {
	{ "table", "TABLE", false }, { "column", "COLUMN", false }, { "role", "ROLE", false },
	{ "unit", "UNIT", false },   { "shown", "SHOWN", false },   { "help", "MEANING", false },
};

static int add_columns(struct kw_listing *l, const struct kw_schema *schema)
{
	static const char *const shown[] = { "always", "jsonl csv", "on request" };
	const struct kw_column *c;
	char name[64];
	int err = 0;

	for (size_t i = 0; schema && (c = kw_schema_column(schema, i)) && !err; i++)
		if (c->role != KW_PADDING)
			err = kw_listing_add(l, CELLS(schema->name,
						      kw_column_name(c, name, sizeof(name)),
						      kw_role_name(c->role), kw_unit_name(c->unit),
						      shown[c->show], c->help));
	return err;
}

static int list_columns(struct kw_listing *l, const struct kw_recording *r)
{
	const struct kw_collector *c;
	int err = 0;

	l->column = column_columns;
	l->n_columns = ARRAY_SIZE(column_columns);
	for (size_t i = 0; (c = kw_collector(i)) && !err; i++) {
		if (!is_there(r, c))
			continue;
		for (int t = 0; t < KW_TABLES && !err; t++)
			err = add_columns(l, c->table[t]);
		err = err ?: add_columns(l, c->event);
	}
	return err;
}

static const struct kw_listing_column reason_columns[] = {
	{ "isa", "ISA", false },
	{ "reason_code", "CODE", true },
	{ "reason", "REASON", false },
};

static int list_reasons(struct kw_listing *l, const struct kw_recording *r)
{
	const struct kw_isa_names *const *tables;
	char code[16];
	size_t n;
	int err = 0;

	l->column = reason_columns;
	l->n_columns = ARRAY_SIZE(reason_columns);
	(void)r;
	tables = kw_isa_tables(&n);
	for (size_t t = 0; t < n; t++)
		for (size_t i = 0; i < tables[t]->n && !err; i++) {
			snprintf(code, sizeof(code), "%" PRIu32, tables[t]->reason[i].code);
			err = kw_listing_add(
				l, CELLS(tables[t]->name, code, tables[t]->reason[i].name));
		}
	return err;
}

static const struct {
	const char *name;
	int (*fill)(struct kw_listing *l, const struct kw_recording *r);
} lists[] = {
	{ "vms", list_vms },
	{ "collectors", list_collectors },
	{ "columns", list_columns },
	{ "reasons", list_reasons },
};

int kw_cmd_list(struct kw_options *o, kw_source_open_fn open)
{
	struct kw_listing l = { .name = o->what };
	struct kw_recording r = {};
	int err = o->wants.input ? kw_recording_open(o->wants.input, &r) : 0;

	(void)open;
	if (err)
		return kw_exit_code(err);
	err = -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (o->what && !strcmp(o->what, lists[i].name))
			err = lists[i].fill(&l, o->wants.input ? &r : NULL);
	kw_recording_close(&r);
	if (err == -ENOENT) {
		kw_say("list what? vms, collectors, columns or reasons%s%s",
		       o->what ? ", not " : "", o->what ?: "");
		return KW_EXIT_USAGE;
	}
	for (size_t i = 0; i < (o->n_outputs ?: 1) && !err; i++)
		err = kw_listing_print(&l, o->n_outputs ? o->output[i] : "table", &o->view);
	kw_listing_release(&l);
	return kw_exit_code(err);
}
