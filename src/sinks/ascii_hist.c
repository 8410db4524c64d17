// SPDX-License-Identifier: Apache-2.0
/*
 * ascii_hist.c - see ascii_hist.h.
 * May not know about: what is counted.
 * To extend: nothing.
 */
#include "ascii_hist.h"

#include <inttypes.h>

#define BAR 40

void kw_ascii_hist(FILE *out, const struct kw_hist *h, const uint64_t *buckets)
{
	uint64_t count[64] = {}, most = 0;
	int first = -1, last = 0;

	for (unsigned int i = 0; i < h->buckets; i++)
		count[h->min_log2 + (i >> h->sub_log2)] += buckets[i];
	for (int i = 0; i < 64; i++) {
		if (!count[i])
			continue;
		first = first < 0 ? i : first;
		last = i;
		most = count[i] > most ? count[i] : most;
	}
	fprintf(out, "%13s%-11s : %-8s %s\n", "", "nsecs", "count", "distribution");
	for (int i = first; first >= 0 && i <= last; i++) {
		uint64_t low = i == h->min_log2 ? 0 : 1ULL << i, high = (1ULL << (i + 1)) - 1;
		int stars = count[i] * BAR / most;

		fprintf(out, "%11" PRIu64 " -> ", low);
		if (i + 1 == h->min_log2 + (h->buckets >> h->sub_log2))
			fprintf(out, "%-11s", "...");
		else
			fprintf(out, "%-11" PRIu64, high);
		fprintf(out, ": %-8" PRIu64 " |%.*s%*s|\n", count[i], stars,
			"****************************************", BAR - stars, "");
	}
}
