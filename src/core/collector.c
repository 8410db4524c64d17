// SPDX-License-Identifier: Apache-2.0
/*
 * collector.c - finds collectors by number and name; which of them a run wants.
 * May not know about: any one collector.
 * To extend: collectors/list.h.
 */
#include "source.h"

#include "../util/cleanup.h"

#include <string.h>

#define KW_COLLECTOR(name) extern const struct kw_collector kw_collector_##name;
#include "../collectors/list.h"
#undef KW_COLLECTOR

const struct kw_collector *kw_collector(size_t i)
{
#define KW_COLLECTOR(name) &kw_collector_##name,
	static const struct kw_collector *const all[] = {
#include "../collectors/list.h"
	};
#undef KW_COLLECTOR

	return i < ARRAY_SIZE(all) ? all[i] : NULL;
}

void kw_wants_add(struct kw_wants *wants, const struct kw_collector *collector)
{
	wants->first[wants->n] = wants->n_tables;
	wants->collector[wants->n++] = collector;
	for (int i = 0; i < KW_TABLES && collector->table[i]; i++)
		wants->table[wants->n_tables++] = collector->table[i];
}

const struct kw_collector *kw_collector_find(const char *name)
{
	const struct kw_collector *c;

	for (size_t i = 0; (c = kw_collector(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}
