// SPDX-License-Identifier: Apache-2.0
/*
 * self.c - see self.h.
 * May not know about: BPF, sources.
 * To extend: see self.h.
 */
#include "self.h"

#include "../util/cleanup.h"

#include <sys/resource.h>

static uint64_t ns_of(struct timeval time)
{
	return time.tv_sec * 1000000000ULL + time.tv_usec * 1000ULL;
}

void kw_self_cpu(uint64_t *ret_user_ns, uint64_t *ret_system_ns)
{
	struct rusage usage = {};

	getrusage(RUSAGE_SELF, &usage); /* cannot fail */
	*ret_user_ns = ns_of(usage.ru_utime);
	*ret_system_ns = ns_of(usage.ru_stime);
}

uint64_t kw_self_rss_bytes(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/statm", "re");
	unsigned long size, resident;

	if (!file || fscanf(file, "%lu %lu", &size, &resident) != 2)
		return 0;
	return (uint64_t)resident * sysconf(_SC_PAGESIZE);
}

uint64_t kw_host_busy_ns(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/stat", "re");
	unsigned long long user, nice, system, irq, softirq;

	/* user and nice have those of guests in them */
	if (!file || fscanf(file, "cpu %llu %llu %llu %*u %*u %llu %llu", &user, &nice, &system,
			    &irq, &softirq) != 5)
		return 0;
	return (user + nice + system + irq + softirq) *
	       (1000000000ULL / (unsigned long)sysconf(_SC_CLK_TCK));
}
