// SPDX-License-Identifier: Apache-2.0
/*
 * own-cost.c - what the live source says that its BPF programs cost: two numbers (runs, ns) for
 * each line of the input.
 * May not know about: what it is held against.
 * To extend: nothing.
 */
#include "core/source.h"

#include <stdio.h>

static int show(struct kw_source *source)
{
	struct kw_own_cost cost;
	int err = source->own_cost(source, &cost);

	if (!err)
		printf("%llu %llu\n", (unsigned long long)cost.runs,
		       (unsigned long long)cost.run_ns);
	fflush(stdout);
	return err;
}

int main(void)
{
	struct kw_wants wants = { .max_vcpus = 64 };
	struct kw_source *source;
	uint64_t start_ns;
	char line[16];
	int err;

	kw_wants_add(&wants, kw_collector_find("exits"));
	if (kw_source_live_open(&wants, &source))
		return 1;
	err = source->start(source, &start_ns);
	while (!err && fgets(line, sizeof(line), stdin))
		err = show(source);
	source->close(source);
	return err != 0;
}
