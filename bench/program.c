// SPDX-License-Identifier: Apache-2.0
/*
 * program.c - a program of peers.bpf.c as a listener.
 * May not know about: rounds, tables, other listeners.
 * To extend: see peers.bpf.c; how to find a program's counts is below.
 */
#include "listener.h"

#include "../src/core/log.h"
#include "../src/util/cleanup.h"
#include "peers.h"
#include "peers.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

struct peer {
	struct peers_bpf *bpf;
	struct bpf_program *program; /* NULL: only the driver */
	struct bpf_link *link;
};

static bool is_driver(const struct bpf_program *p)
{
	const char *name = bpf_program__name(p);

	return !strncmp(name, "bench_fire_", 11) || !strcmp(name, "bench_make_vcpus");
}

static bool is_classic(const struct bpf_program *p)
{
	return bpf_program__type(p) == BPF_PROG_TYPE_TRACEPOINT;
}

static int load(struct bench_listener *l, struct peer *peer)
{
	struct bpf_program *p;
	int err;

	peer->bpf->rodata->bench_many_cpus = l->many_cpus;
	bpf_object__for_each_program (p, peer->bpf->obj)
		bpf_program__set_autoload(p, is_driver(p));
	if (l->def->program) {
		p = bpf_object__find_program_by_name(peer->bpf->obj, l->def->program);
		if (!p)
			return -ENOENT;
		bpf_program__set_autoload(p, true);
		err = is_classic(p) ? 0 : bpf_program__set_attach_target(p, 0, "bpf_trigger_tp");
		if (err)
			return err;
		peer->program = p;
	}
	return peers_bpf__load(peer->bpf)
		       ?: bench_driver_init(peer->bpf->obj, peer->bpf->bss->bench_mix, &l->driver);
}

static int program_open(struct bench_listener *l)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return -ENOMEM;
	l->state = peer;
	peer->bpf = peers_bpf__open();
	return peer->bpf ? load(l, peer) : -errno;
}

static int program_attach(struct bench_listener *l)
{
	struct peer *peer = l->state;

	if (is_classic(peer->program))
		peer->link = bpf_program__attach_tracepoint(peer->program, "bpf_test_run",
							    "bpf_trigger_tp");
	else
		peer->link = bpf_program__attach_trace(peer->program);
	return peer->link ? 0 : -errno;
}

static void program_detach(struct bench_listener *l)
{
	struct peer *peer = l->state;

	bpf_link__destroy(peer->link);
	peer->link = NULL;
}

static void program_close(struct bench_listener *l)
{
	struct peer *peer = l->state;

	program_detach(l);
	peers_bpf__destroy(peer->bpf);
	free(peer);
}

/* ---- checking ---- */

/* Each CPU has the thread that it saw last; there is but one. */
static uint64_t bcc_counted(const struct peers_bpf *bpf)
{
	int fd = bpf_map__fd(bpf->maps.bcc_caches), n = libbpf_num_possible_cpus();
	_cleanup_free_ struct bcc_cache *cache = calloc(n, sizeof(*cache));
	uint64_t sum = 0;
	uint32_t key = 0;

	if (!cache || bpf_map_lookup_elem(fd, &key, cache))
		return 0;
	for (int i = 0; i < n; i++)
		for (int r = 0; r < BCC_REASONS; r++)
			sum += cache[i].count[r];
	return sum;
}

static uint64_t sysak_counted(const struct peers_bpf *bpf)
{
	int fd = bpf_map__fd(bpf->maps.sysak_sums);
	uint32_t reason, *previous = NULL;
	struct sysak_sum value;
	uint64_t sum = 0;

	for (; !bpf_map_get_next_key(fd, previous, &reason); previous = &reason)
		if (!bpf_map_lookup_elem(fd, &reason, &value))
			sum += value.count;
	return sum;
}

static uint64_t reference_counted(const struct peers_bpf *bpf)
{
	int fd = bpf_map__fd(bpf->maps.reference_sums);
	struct reference_key key, *previous = NULL;
	struct reference_sum value;
	uint64_t sum = 0;

	for (; !bpf_map_get_next_key(fd, previous, &key); previous = &key)
		if (!bpf_map_lookup_elem(fd, &key, &value))
			sum += value.count;
	return sum;
}

bool bench_program_counted(const struct bench_listener *l, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t (*counted)(const struct peers_bpf *bpf);
	} all[] = { { "bcc", bcc_counted },
		    { "sysak", sysak_counted },
		    { "reference", reference_counted } };
	const struct peer *peer = l->state;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(all[i].name, l->def->name)) {
			*ret = all[i].counted(peer->bpf);
			return true;
		}
	return false;
}

static int program_check(struct bench_listener *l)
{
	uint64_t fired = bench_ledger_sum(&l->fired), counted;

	if (!bench_program_counted(l, &counted) || counted == fired)
		return 0;
	kw_say("%s counted %llu of %llu exits", l->def->name, (unsigned long long)counted,
	       (unsigned long long)fired);
	return -EIO;
}

static int program_fd(const struct bench_listener *l)
{
	const struct peer *peer = l->state;

	return bpf_program__fd(peer->program);
}

const struct bench_kind bench_kind_program = {
	.open = program_open,
	.attach = program_attach,
	.detach = program_detach,
	.check = program_check,
	.program_fd = program_fd,
	.close = program_close,
};
