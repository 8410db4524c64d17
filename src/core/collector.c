// SPDX-License-Identifier: Apache-2.0
/*
 * collector.c - finds collectors by number and name.
 * May not know about: any one collector.
 * To extend: collectors/list.h.
 */
#include "collector.h"

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

const struct kw_collector *kw_collector_find(const char *name)
{
	const struct kw_collector *c;

	for (size_t i = 0; (c = kw_collector(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}
