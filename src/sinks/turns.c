// SPDX-License-Identifier: Apache-2.0
/*
 * turns.c - see turns.h.
 * May not know about: who tells that, what it is for.
 * To extend: see turns.h.
 */
#include "turns.h"

#include <errno.h>
#include <stdlib.h>

#define CPUS 65536
#define KEPT 64 /* turns on each CPU, the last ones */

struct cpu {
	struct kw_turn turn[KEPT];
	uint32_t n; /* ever */
};

struct kw_turns {
	struct cpu *cpu[CPUS];
};

struct kw_turns *kw_turns_new(void)
{
	return calloc(1, sizeof(struct kw_turns));
}

void kw_turns_free(struct kw_turns *t)
{
	for (size_t i = 0; t && i < CPUS; i++)
		free(t->cpu[i]);
	free(t);
}

int kw_turns_add(struct kw_turns *t, uint32_t cpu, const struct kw_turn *turn)
{
	if (cpu >= CPUS)
		return 0;
	if (!t->cpu[cpu])
		t->cpu[cpu] = calloc(1, sizeof(*t->cpu[cpu]));
	if (!t->cpu[cpu])
		return -ENOMEM;
	t->cpu[cpu]->turn[t->cpu[cpu]->n++ % KEPT] = *turn;
	return 0;
}

static bool is_same(const struct kw_turn *a, const struct kw_turn *b)
{
	return a->vm == b->vm && a->vcpu == b->vcpu;
}

static uint64_t common_ns(const struct kw_turn *a, const struct kw_turn *b)
{
	uint64_t begin = a->begin_ns > b->begin_ns ? a->begin_ns : b->begin_ns;
	uint64_t end = a->end_ns < b->end_ns ? a->end_ns : b->end_ns;

	return end > begin ? end - begin : 0;
}

bool kw_turns_most(const struct kw_turns *t, uint32_t cpu, const struct kw_turn *during,
		   struct kw_turn *ret, uint64_t *ret_ns)
{
	const struct cpu *c = cpu < CPUS ? t->cpu[cpu] : NULL;
	size_t n = !c ? 0 : c->n < KEPT ? c->n : KEPT;

	*ret_ns = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t ns = 0;

		for (size_t k = 0; k < n && !is_same(&c->turn[i], during); k++)
			if (is_same(&c->turn[i], &c->turn[k]))
				ns += common_ns(&c->turn[k], during);
		if (ns > *ret_ns) {
			*ret_ns = ns;
			*ret = c->turn[i];
		}
	}
	return *ret_ns != 0;
}
