/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turns.h - which vCPUs ran on each of the host's CPUs lately.
 * May not know about: who tells that, what it is for.
 * To extend: nothing.
 */
#ifndef KW_TURNS_H
#define KW_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct kw_turn {
	uint32_t vm, vcpu;
	uint64_t begin_ns, end_ns;
};

struct kw_turns;

struct kw_turns *kw_turns_new(void);
void kw_turns_free(struct kw_turns *t);

/* 0 or -ENOMEM; CPUs beyond any host's are left out. */
int kw_turns_add(struct kw_turns *t, uint32_t cpu, const struct kw_turn *turn);

/*
 * Of those who ran on a CPU, but for the vCPU itself, the one that did so longest from begin to end
 * of *during; false if none is known. *ret_ns: for how long.
 */
bool kw_turns_most(const struct kw_turns *t, uint32_t cpu, const struct kw_turn *during,
		   struct kw_turn *ret, uint64_t *ret_ns);

#endif
