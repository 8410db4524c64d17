// SPDX-License-Identifier: Apache-2.0
/*
 * perfetto_tracks.c - which tracks there are: a VM is a process, a vCPU a thread.
 * May not know about: where data comes from, any one collector.
 * To extend: a kind of track is a member of enum kw_pf_kind.
 */
#define _GNU_SOURCE
#include "perfetto.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define LANES 64 /* of slices that overlap, at most; what would need more is an instant */

static int compare_tracks(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct kw_pf_track, id));
}

void kw_pf_free_track(void *item)
{
	free(((struct kw_pf_track *)item)->name);
	free(item);
}

struct kw_pf_track *kw_pf_track(struct kw_pf *s, enum kw_pf_kind kind, uint32_t vm, uint32_t vcpu,
				uint32_t lane, const void *about)
{
	struct kw_pf_track key = {}, *new, **found;

	key.kind = kind;
	key.vm = vm;
	key.vcpu = vcpu;
	key.lane = lane;
	key.about = about;
	found = tfind(&key, &s->tracks, compare_tracks);
	if (found)
		return *found;
	new = malloc(sizeof(*new));
	if (!new)
		return NULL;
	memcpy(new, &key, sizeof(key));
	if (tsearch(new, &s->tracks, compare_tracks))
		return new;
	free(new);
	return NULL;
}

int kw_pf_describe(struct kw_pf *s, struct kw_pf_track *track, const struct kw_track_about *about)
{
	return track->id ? 0 : kw_timeline_track(s->line, about, &track->id);
}

int kw_pf_process(struct kw_pf *s, const struct kw_vms *vms, uint32_t index, uint64_t *ret,
		  const char **ret_vm)
{
	const struct kw_vm *vm = kw_vms_get(vms, index);
	struct kw_pf_track *track;
	int err;

	*ret = 0;
	*ret_vm = "";
	if (!vm)
		return 0;
	track = kw_pf_track(s, KW_PF_PROCESS, vm->pid, 0, 0, NULL);
	if (track && !track->name)
		track->name = strdup(vm->display);
	if (!track || !track->name)
		return -ENOMEM;
	err = kw_pf_describe(s, track,
			     &(struct kw_track_about){ .name = vm->display, .pid = vm->pid });
	*ret = track->id;
	*ret_vm = strcmp(track->name, vm->display) ? vm->display : "";
	return err;
}

void kw_pf_name(char *dst, const char *vm, const char *what, uint32_t vcpu)
{
	int n = snprintf(dst, KW_PF_NAME_SIZE, "%s%s%s", vm, *vm && *what ? " " : "", what);

	if (vcpu != KW_ALL && n < KW_PF_NAME_SIZE)
		snprintf(dst + n, KW_PF_NAME_SIZE - n, "%svCPU %u", n ? " " : "", vcpu);
}

/* A thread that runs several vCPUs in turn can be the thread of one track only. */
static int vcpu_track(struct kw_pf *s, const struct kw_vms *vms, const struct kw_row_head *head,
		      uint64_t *ret)
{
	struct kw_pf_track *track = kw_pf_track(s, KW_PF_VCPU, head->vm, head->vcpu, 0, NULL);
	const struct kw_vm *vm = kw_vms_get(vms, head->vm);
	struct kw_pf_track *thread =
		head->tid && vm ? kw_pf_track(s, KW_PF_THREAD, head->tid, 0, 0, NULL) : NULL;
	bool is_first = thread && !thread->id;
	struct kw_track_about about = {};
	char name[KW_PF_NAME_SIZE];
	const char *of;
	int err;

	if (!track)
		return -ENOMEM;
	if (!track->id) {
		err = kw_pf_process(s, vms, head->vm, &about.parent, &of);
		if (err)
			return err;
		kw_pf_name(name, of, "", head->vcpu);
		about.name = name;
		about.pid = is_first ? vm->pid : 0;
		about.tid = is_first ? head->tid : 0;
		err = kw_pf_describe(s, track, &about);
		if (err)
			return err;
		if (is_first)
			thread->id = track->id;
	}
	*ret = track->id;
	return 0;
}

/* Exits are on the vCPU's own track; all else is below it, or where others do it, below the VM. */
static int describe_lane(struct kw_pf *s, const struct kw_vms *vms, const struct kw_pf_plan *p,
			 const struct kw_row_head *head, struct kw_pf_track *track)
{
	struct kw_track_about about = {};
	char name[KW_PF_NAME_SIZE];
	bool own = head->vcpu != KW_ALL && !p->way.by_others;
	const char *of = "";
	int err;

	if (own && p->way.between && !track->lane)
		return vcpu_track(s, vms, head, &track->id);
	err = own ? vcpu_track(s, vms, head, &about.parent)
		  : kw_pf_process(s, vms, head->vm, &about.parent, &of);
	kw_pf_name(name, of, p->what, own ? KW_ALL : head->vcpu);
	about.name = name;
	return err ?: kw_pf_describe(s, track, &about);
}

struct kw_pf_track *kw_pf_lane(struct kw_pf *s, const struct kw_vms *vms,
			       const struct kw_pf_plan *p, const struct kw_row_head *head,
			       uint64_t begin_ns)
{
	for (uint32_t i = 0; i < LANES; i++) {
		struct kw_pf_track *track =
			kw_pf_track(s, KW_PF_EVENTS, head->vm, head->vcpu, i, p->schema);

		if (!track || (!track->id && describe_lane(s, vms, p, head, track)))
			return NULL;
		if (track->end_ns <= begin_ns)
			return track;
	}
	return NULL;
}

void kw_pf_name_vcpu(char *dst, const struct kw_vms *vms, uint32_t vm, uint32_t vcpu)
{
	const struct kw_vm *of = kw_vms_get(vms, vm);

	kw_pf_name(dst, of ? of->display : "", "", vcpu);
}

int kw_pf_cpu(struct kw_pf *s, uint32_t cpu, uint64_t begin_ns, struct kw_pf_track **ret)
{
	struct kw_pf_track *host = kw_pf_track(s, KW_PF_HOST, 0, 0, 0, NULL);
	struct kw_track_about about = { .name = "host" };
	char name[32];
	int err = host ? kw_pf_describe(s, host, &about) : -ENOMEM;

	*ret = NULL;
	if (err)
		return err;
	snprintf(name, sizeof(name), "CPU %u", cpu);
	about.name = name;
	about.parent = host->id;
	for (uint32_t i = 0; i < LANES; i++) {
		struct kw_pf_track *track = kw_pf_track(s, KW_PF_CPU, cpu, 0, i, NULL);

		err = track ? kw_pf_describe(s, track, &about) : -ENOMEM;
		if (err)
			return err;
		if (track->end_ns <= begin_ns) {
			*ret = track;
			return 0;
		}
	}
	return 0;
}
