// SPDX-License-Identifier: Apache-2.0
/*
 * fire.c - see fire.h.
 * May not know about: who listens.
 * To extend: see fire.h.
 */
#include "fire.h"

#include "../src/util/units.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>

uint32_t bench_random(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 32;
}

/* Exits in 100 of each reason: few make most. */
static uint32_t random_reason(void)
{
	static const uint8_t share[BENCH_REASONS] = { 36, 22, 14, 9, 7, 5, 3, 2, 1, 1 };
	uint32_t left = bench_random() % 100, reason = 0;

	while (left >= share[reason])
		left -= share[reason++];
	return reason;
}

/* Durations from 64 ns to 4 ms, as many in each power of two. */
static uint32_t random_ns(void)
{
	return exp(log(64) + bench_random() / 4294967296.0 * (log(4e6) - log(64)));
}

/* The same for all, drawn once. */
static const uint32_t *the_mix(void)
{
	static uint32_t mix[BENCH_MIX];

	for (uint32_t i = 0; !mix[BENCH_MIX - 1] && i < BENCH_MIX; i++)
		mix[i] = random_ns() << 4 | random_reason();
	return mix;
}

static int run(int fd, const uint64_t *args, size_t n, uint32_t *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = n * sizeof(*args));

	if (bpf_prog_test_run_opts(fd, &opts))
		return -errno;
	*ret = opts.retval;
	return 0;
}

static int program(struct bpf_object *obj, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, name);

	return p ? bpf_program__fd(p) : -ENOENT;
}

int bench_driver_init(struct bpf_object *obj, uint32_t *mix, struct bench_driver *ret)
{
	static const char *const name[BENCH_HOOKS] = { "bench_fire_pairs", "bench_fire_exits",
						       "bench_fire_entries" };
	uint32_t ignored;

	for (int i = 0; i < BENCH_HOOKS; i++) {
		ret->fd[i] = program(obj, name[i]);
		if (ret->fd[i] < 0)
			return ret->fd[i];
	}
	ret->mix = mix;
	for (uint32_t i = 0; i < BENCH_MIX; i++)
		mix[i] = the_mix()[i];
	return run(program(obj, "bench_make_vcpus"), NULL, 0, &ignored);
}

int bench_fire(const struct bench_driver *driver, enum bench_hooks hooks, uint32_t vcpu,
	       uint32_t at, uint32_t n, struct bench_ledger *ledger, uint64_t *ret_ns)
{
	uint64_t args[BENCH_ARGS] = {
		[BENCH_ARG_N] = n, [BENCH_ARG_AT] = at, [BENCH_ARG_VCPU] = vcpu
	};
	uint64_t start = kw_mono_ns();
	uint32_t fired = 0;
	int err = run(driver->fd[hooks], args, BENCH_ARGS, &fired);

	*ret_ns = kw_mono_ns() - start;
	if (err || fired != n)
		return err ?: -EIO;
	for (uint32_t i = 0; ledger && i < n; i++) {
		uint32_t mix = driver->mix[(at + i) & (BENCH_MIX - 1)];

		ledger->count[vcpu][BENCH_REASON(mix)]++;
		ledger->ns[vcpu][BENCH_REASON(mix)] += mix >> 4;
	}
	return 0;
}

uint64_t bench_ledger_sum(const struct bench_ledger *ledger)
{
	uint64_t sum = 0;

	for (int v = 0; v < BENCH_VCPUS; v++)
		for (int r = 0; r < BENCH_REASONS; r++)
			sum += ledger->count[v][r];
	return sum;
}
