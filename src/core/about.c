// SPDX-License-Identifier: Apache-2.0
/*
 * about.c - see about.h.
 * May not know about: sources, sinks.
 * To extend: see about.h.
 */
#include "about.h"

#include "../util/cleanup.h"
#include "version.h"

#include <string.h>
#include <sys/utsname.h>

void kw_about_here(struct kw_about *ret)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	struct utsname u = {};

	memset(ret, 0, sizeof(*ret));
	uname(&u);
	snprintf(ret->tool, sizeof(ret->tool), "%s", KW_VERSION);
	snprintf(ret->host, sizeof(ret->host), "%s", u.nodename);
	snprintf(ret->kernel, sizeof(ret->kernel), "%s", u.release);
	snprintf(ret->arch, sizeof(ret->arch), "%s", u.machine);
	if (file && fgets(ret->boot_id, sizeof(ret->boot_id), file))
		ret->boot_id[strcspn(ret->boot_id, "\n")] = 0;
	ret->cpus = sysconf(_SC_NPROCESSORS_ONLN);
}
