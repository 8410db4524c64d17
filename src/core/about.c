// SPDX-License-Identifier: Apache-2.0
/*
 * about.c - see about.h.
 * May not know about: what was watched, sources, sinks.
 * To extend: see about.h.
 */
#include "about.h"

#include "version.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

void kw_about_here(struct kw_about *ret)
{
	struct utsname name = {};

	uname(&name);
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->host, sizeof(ret->host), "%s", name.nodename);
	snprintf(ret->kernel, sizeof(ret->kernel), "%s", name.release);
	snprintf(ret->machine, sizeof(ret->machine), "%s", name.machine);
	snprintf(ret->version, sizeof(ret->version), "%s", KW_VERSION);
}
