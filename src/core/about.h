/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about.h - which host a source is about, and which tool asked it.
 * May not know about: sources, sinks.
 * To extend: a property is a member here, filled in about.c; recordings keep it (recording/meta.c).
 */
#ifndef KW_ABOUT_H
#define KW_ABOUT_H

#include <stdint.h>

struct kw_about {
	char tool[32]; /* version */
	char host[72], kernel[80], arch[72];
	char boot_id[40];   /* tells apart CLOCK_MONOTONIC of different boots */
	char command[1024]; /* of the one who recorded; else empty */
	uint32_t cpus;
	uint64_t mono_ns, real_ns; /* when counting began; 0: it has not */
};

void kw_about_here(struct kw_about *ret);

#endif
