/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grow.h - arrays that double when they are full.
 * May not know about: what is in them.
 * To extend: nothing.
 */
#ifndef KW_GROW_H
#define KW_GROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * Make room for one more of size bytes in the array that *(void **)array points to, which holds n
 * of *room. False, and nothing changed, if there is no memory.
 */
static inline bool kw_grow(void *array, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 64;
	void *grown;

	if (n < *room)
		return true;
	memcpy(&grown, array, sizeof(grown));
	grown = reallocarray(grown, more, size);
	if (!grown)
		return false;
	memcpy(array, &grown, sizeof(grown));
	*room = more;
	return true;
}

#endif
