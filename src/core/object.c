// SPDX-License-Identifier: Apache-2.0
/*
 * object.c - see object.h.
 * May not know about: collectors, hooks.
 * To extend: see object.h.
 */
#include "object.h"

#include "../util/cleanup.h"
#include "abi.h"
#include "kbtf.h"
#include "kvm_watcher.skel.h"
#include "kvm_watcher_plain.skel.h"
#include "log.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

/* What a map whose elements are allocated at once may take. */
#define BYTES_AT_ONCE (8 << 20)
#define ROW_HEAD      64 /* what the kernel needs for a row besides, about */

/* The kernel refuses an atomic operation that tells what was there, see bpf/compat.bpf.h. */
static bool lacks_exchange(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, /* r0 = 0 */
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .off = -8,
		  .imm = BPF_CMPXCHG },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "GPL", insns,
					       ARRAY_SIZE(insns), NULL);

	return fd < 0 && errno == EINVAL;
}

static bool has_exchange(void)
{
	static int known = -1; /* one answer for all objects that are tried */

	if (known < 0)
		known = !lacks_exchange();
	return known;
}

#ifdef __riscv
static bool needs_plain(void)
{
	return kw_compiler_is_off();
}
#else
static bool needs_plain(void)
{
	return !has_exchange();
}
#endif

/* Both objects have the same maps, programs and variables: a test compares their skeletons. */
struct kvm_watcher_bpf *kw_object_open(void)
{
	if (!needs_plain())
		return kvm_watcher_bpf__open();
	kw_debug("the plain object, for what this kernel refuses");
	return (struct kvm_watcher_bpf *)kvm_watcher_plain_bpf__open();
}

/* Where maps cannot take memory for an element wherever a program runs, all that there may ever be
 * are there from the start, and so there are fewer. */
static void preallocate(struct bpf_map *map)
{
	uint32_t most, flags = bpf_map__map_flags(map);

	if (bpf_map__type(map) != BPF_MAP_TYPE_HASH || !(flags & BPF_F_NO_PREALLOC))
		return;
	most = BYTES_AT_ONCE / (bpf_map__key_size(map) + bpf_map__value_size(map) + ROW_HEAD);
	bpf_map__set_map_flags(map, flags & ~BPF_F_NO_PREALLOC);
	if (bpf_map__max_entries(map) > most)
		bpf_map__set_max_entries(map, most);
}

/* The slot of the vCPU that a thread runs, by thread id. */
static void keep_threads_in_hash(struct kvm_watcher_bpf *bpf)
{
	bpf_map__set_type(bpf->maps.vcpu_tasks, BPF_MAP_TYPE_HASH);
	bpf_map__set_map_flags(bpf->maps.vcpu_tasks, 0);
	bpf_map__set_max_entries(bpf->maps.vcpu_tasks, bpf_map__max_entries(bpf->maps.vcpu_slots));
}

void kw_object_fit_maps(struct kvm_watcher_bpf *bpf)
{
	struct bpf_map *map;

	if (!kw_threads_have_storage())
		keep_threads_in_hash(bpf);
	bpf_map__set_autocreate(bpf->maps.kw_swaps, !has_exchange());
	if (kw_maps_can_allocate())
		return;
	bpf_map__set_map_flags(bpf->maps.vcpu_slots, 0); /* as many as were asked for */
	bpf_object__for_each_map (map, bpf->obj)
		preallocate(map);
}
