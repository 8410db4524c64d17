// SPDX-License-Identifier: Apache-2.0
/*
 * fill.c - see fill.h.
 * May not know about: what is measured, sinks.
 * To extend: see fill.h.
 */
#define _GNU_SOURCE
#include "fill.h"

#include "../src/core/engine.h"
#include "../src/core/vmident.h"
#include "../src/util/cleanup.h"
#include "../src/util/units.h"
#include "kvm_watcher.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* What guests on SVM do all the time. */
static const uint32_t reasons[FILL_REASONS] = { 0x060, 0x061, 0x064, 0x072, 0x077, 0x078,
						0x07b, 0x07c, 0x081, 0x08d, 0x400, 0x401 };

/* ---- maps ---- */

static bool is_map(int fd, struct bpf_map_info *ret)
{
	uint32_t len = sizeof(*ret);
	char path[32], target[32] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, target, sizeof(target) - 1) < 0 || strcmp(target, "anon_inode:bpf-map"))
		return false;
	memset(ret, 0, sizeof(*ret));
	return !bpf_obj_get_info_by_fd(fd, ret, &len);
}

static int find_map(const char *name, struct bpf_map_info *ret)
{
	for (int fd = 0; fd < 1024; fd++)
		if (is_map(fd, ret) && !strcmp(ret->name, name))
			return fd;
	return -ENOENT;
}

static void *map_memory(const char *name)
{
	struct bpf_map_info info;
	int fd = find_map(name, &info);
	void *memory;

	if (fd < 0)
		return NULL;
	memory = mmap(NULL, (size_t)info.max_entries * ((info.value_size + 7) / 8 * 8),
		      PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static int open_chunk(const struct fill *f, uint32_t chunk)
{
	struct bpf_map_info info;
	uint32_t id;

	if (!chunk)
		return dup(find_map("exits_first", &info)); /* to be closed as others are */
	if (bpf_map_lookup_elem(f->pool, &chunk, &id))
		return -errno;
	return bpf_map_get_fd_by_id(id);
}

int fill_open(struct fill *f, size_t vcpus)
{
	struct bpf_map_info info;
	struct kw_vm vm;
	int err;

	*f = (struct fill){ .bss = map_memory("kvm_watc.bss"),
			    .vcpu = map_memory("vcpus"),
			    .slots = find_map("vcpu_slots", &info),
			    .free_slots = find_map("vcpu_free", &info),
			    .free_records = find_map("exits_free", &info),
			    .pool = find_map("exits_pool", &info),
			    .slot = calloc(vcpus, sizeof(*f->slot)),
			    .record = calloc(vcpus * FILL_REASONS, sizeof(*f->record)) };
	if (!f->bss || !f->vcpu || f->slots < 0 || f->free_slots < 0 || f->free_records < 0 ||
	    f->pool < 0 || !f->slot || !f->record)
		return -ENOENT;
	err = kw_vm_identify(getpid(), &vm);
	f->start_ns = vm.start_ns;
	return err;
}

/* What is mapped stays so until the process ends. */
void fill_close(struct fill *f)
{
	free(f->slot);
	free(f->record);
}

static struct exits_record *record(struct fill *f, uint32_t number)
{
	uint32_t chunk = number >> EXITS_CHUNK_LOG2;

	if (!f->chunk[chunk]) {
		_cleanup_close_ int fd = open_chunk(f, chunk);
		void *memory = mmap(NULL, EXITS_CHUNK * sizeof(struct exits_record),
				    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (memory == MAP_FAILED)
			return NULL;
		f->chunk[chunk] = memory;
	}
	return &f->chunk[chunk][number & (EXITS_CHUNK - 1)];
}

uint64_t fill_memory(const struct fill *f)
{
	struct bpf_map_info info;
	uint64_t bytes = 0;

	for (int fd = 0; fd < 1024; fd++)
		bytes += is_map(fd, &info) ? kw_map_bytes(fd) : 0;
	for (uint32_t i = 1; i < EXITS_CHUNKS; i++) {
		_cleanup_close_ int fd = open_chunk(f, i);

		bytes += fd >= 0 ? kw_map_bytes(fd) : 0;
	}
	return bytes;
}

/* ---- what happens ---- */

/* The reason's place among those of its vCPU. */
static uint32_t *place(struct kw_vcpu *v, uint32_t code)
{
	uint32_t k = 0;

	while (v->exits[exits_place(code, 1, k)])
		k++;
	return &v->exits[exits_place(code, 1, k)];
}

static int add_reason(struct fill *f, uint32_t slot, uint32_t code)
{
	struct exits_record *r;
	uint32_t number;

	if (bpf_map_lookup_and_delete_elem(f->free_records, NULL, &number))
		return errno == ENOENT ? -EAGAIN : -errno;
	f->bss->exits_taken++;
	r = record(f, number);
	if (!r)
		return -ENOMEM;
	r->code = code;
	r->level = 1;
	r->min[0] = r->min[1] = ~0ULL;
	f->record[f->n_records++] = number;
	__atomic_store_n(place(&f->vcpu[slot], code), number, __ATOMIC_RELEASE);
	return 0;
}

static int take_slot(struct fill *f, uint32_t vm, uint32_t vcpu)
{
	uint64_t key = (vm + 1ULL) << 32 | (vcpu + 1);
	struct kw_vcpu *v;
	uint32_t slot;

	if (bpf_map_lookup_and_delete_elem(f->free_slots, NULL, &slot))
		return errno == ENOENT ? -EAGAIN : -errno;
	v = &f->vcpu[slot];
	*v = (struct kw_vcpu){ .vcpu = key,
			       .slot = slot,
			       .isa = KW_ISA_SVM,
			       .tid = 1 + f->n_slots,
			       .kvm = (vm + 1ULL) << 32,
			       .start_ns = f->start_ns,
			       .vcpu_id = vcpu,
			       .tgid = getpid() };
	if (bpf_map_update_elem(f->slots, &key, &slot, BPF_NOEXIST))
		return -errno;
	f->slot[f->n_slots++] = slot;
	__atomic_store_n(&v->born_ns, kw_mono_ns(), __ATOMIC_RELEASE);
	f->bss->kw_slots_taken++;
	return 0;
}

/* Begun again where it ended if there was no room. */
int fill_vcpu(struct fill *f, uint32_t vm, uint32_t vcpu)
{
	size_t done = f->n_records % FILL_REASONS;
	int err = done || f->n_records < f->n_slots * FILL_REASONS ? 0 : take_slot(f, vm, vcpu);

	for (; done < FILL_REASONS && !err; done++)
		err = add_reason(f, f->slot[f->n_slots - 1], reasons[done]);
	return err;
}

void fill_end(struct fill *f, size_t keep)
{
	for (size_t i = keep; i < f->n_slots; i++) {
		struct kw_vcpu *v = &f->vcpu[f->slot[i]];
		uint64_t key = v->vcpu;

		bpf_map_delete_elem(f->slots, &key);
		v->vcpu = 0;
		v->died_ns = kw_mono_ns();
		f->bss->kw_vcpus_ended++;
	}
	f->n_slots = keep;
	f->n_records = keep * FILL_REASONS;
}

static void count(struct exits_record *r, uint32_t n, uint64_t ns, uint32_t bucket, uint16_t window)
{
	r->seq++;
	r->count += n;
	r->total += n * ns;
	r->part[KW_PART_VMM] += n * ns / 2;
	r->hist[bucket] += n;
	r->window = window;
	r->min[window & 1] = r->max[window & 1] = ns;
	r->seq++;
}

void fill_exits(struct fill *f)
{
	for (size_t i = 0; i < f->n_records; i++) {
		uint32_t n = 1 + i * 7919 % 40, bucket = i * 31 % 64;

		count(record(f, f->record[i]), n, 1000 + i % 1000, bucket, f->bss->kw_window);
		f->exits += n;
	}
}
