/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.h - where something is, or belongs, in an array that is in order.
 * May not know about: what is in it.
 * To extend: nothing; what must be there exactly is for bsearch().
 */
#ifndef KW_SEARCH_H
#define KW_SEARCH_H

#include <stddef.h>

/*
 * Index of the first of n items of size bytes that key does not come after; n if there is none.
 * compare(key, item), as bsearch() has it: > 0 if key comes after the item.
 */
static inline size_t kw_lower_bound(const void *key, const void *array, size_t n, size_t size,
				    int (*compare)(const void *key, const void *item))
{
	size_t low = 0;

	while (low < n) {
		size_t middle = (low + n) / 2;

		if (compare(key, (const char *)array + middle * size) > 0)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

#endif
