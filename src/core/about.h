/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about.h - where something was watched: the host, its kernel, and the tool.
 * May not know about: what was watched, sources, sinks.
 * To extend: a fact is a member here, found out by kw_about_here() or read from a recording.
 */
#ifndef KW_ABOUT_H
#define KW_ABOUT_H

struct kw_about {
	char host[65];	  /* its name */
	char kernel[65];  /* release */
	char machine[65]; /* processor, as uname -m has it */
	char version[32]; /* of the tool */
	char note[128];	  /* what is to be known of all that is shown; empty: nothing */
};

/* This host, this kernel, this tool. */
void kw_about_here(struct kw_about *ret);

#endif
