// SPDX-License-Identifier: Apache-2.0
/*
 * ioctl_live.c - the live half of the ioctl collector: its maps become rows.
 * May not know about: sinks, the command line, names.
 * To extend: see ioctl.h.
 */
#include "../../core/keyed.h"
#include "ioctl_rows.h"
#include "kvm_watcher.skel.h"

#include <errno.h>
#include <string.h>

int ioctl_configure(struct kvm_watcher_bpf *bpf, uint32_t slots)
{
	bpf_map__set_max_entries(bpf->maps.ioctl_slots, slots);
	kw_keyed_size(bpf->maps.ioctl_rows, IOCTL_ROWS, slots);
	bpf_map__set_max_entries(bpf->maps.ioctl_calls, IOCTL_CALLS);
	return 0;
}

static void fill(const struct kw_live *live, const struct kw_vcpu *v, const void *k,
		 const void *val, void *r)
{
	const struct ioctl_key *key = k;
	const struct ioctl_value *value = val;
	struct ioctl_row *row = r;

	(void)v;
	row->request = key->request;
	row->scope = key->scope | (key->key.other ? IOCTL_OTHER : 0);
	row->count = value->head.count;
	row->errors = value->errors;
	row->total = value->total;
	row->max = kw_max_read(&value->max, live->window);
	row->last_errno = value->last_errno;
}

int ioctl_open(const struct kw_live *live, void **ret_state)
{
	const struct kw_keyed_table table = { live->bpf->maps.ioctl_rows, IOCTL_ROWS,
					      offsetof(struct ioctl_slot, used), fill };

	return kw_tables_open(live->bpf->maps.ioctl_slots, &table, 1, ret_state);
}

#if defined(__x86_64__)
#define HOST IOCTL_X86
#elif defined(__aarch64__)
#define HOST IOCTL_ARM64
#elif defined(__riscv)
#define HOST IOCTL_RISCV
#endif

int ioctl_decode(const struct kw_event *raw, size_t size, uint32_t vm, void *row)
{
	const struct ioctl_event *e = (const void *)raw;
	struct ioctl_event_row *r = row;

	if (size < sizeof(*e))
		return -EINVAL;
	r->head = (struct kw_row_head){ .vm = vm, .vcpu = e->vcpu_id, .tid = e->tid };
	r->request = e->request;
	r->scope = e->scope;
	r->arg = e->arg;
	r->ret = e->ret;
	r->total = e->total;
	r->size = e->size;
	r->arch = HOST;
	memcpy(r->word, e->data, sizeof(r->word));
	return 0;
}
