/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ascii_hist.h - a histogram drawn with characters, as the BPF tools print it.
 * May not know about: what is counted.
 * To extend: nothing.
 */
#ifndef KW_ASCII_HIST_H
#define KW_ASCII_HIST_H

#include "../core/hist.h"

#include <stdio.h>

/* Fold to powers of two and draw from the first to the last one that counted anything. */
void kw_ascii_hist(FILE *out, const struct kw_hist *h, const uint64_t *buckets);

#endif
