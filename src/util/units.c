// SPDX-License-Identifier: Apache-2.0
/*
 * units.c - see units.h.
 * May not know about: columns, sinks.
 * To extend: see units.h.
 */
#define _GNU_SOURCE
#include "units.h"

#include "cleanup.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Three significant digits of value, e.g. 1.23, 12.3, 123, 1234. */
static int digits(double value)
{
	return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

char *kw_format_ns(uint64_t ns, char *dst, size_t size)
{
	static const struct {
		double below, unit;
		const char *name;
	} steps[] = {
		{ 999.5e3, 1e3, "us" },
		{ 999.5e6, 1e6, "ms" },
		{ 9999.5e9, 1e9, "s" },
		{ INFINITY, 3600e9, "h" },
	};
	size_t i = 0;

	if (ns < 1000) {
		snprintf(dst, size, ns ? "%lluns" : "%llu", (unsigned long long)ns);
		return dst;
	}
	while (ns >= steps[i].below)
		i++;
	snprintf(dst, size, "%.*f%s", digits(ns / steps[i].unit), ns / steps[i].unit,
		 steps[i].name);
	return dst;
}

char *kw_format_count(uint64_t n, char *dst, size_t size)
{
	static const char units[] = "kMGTPE";
	double value = n / 1e3;
	int i = 0;

	if (n < 100000) {
		snprintf(dst, size, "%llu", (unsigned long long)n);
		return dst;
	}
	for (; value >= 999.5; value /= 1e3)
		i++;
	snprintf(dst, size, "%.*f%c", digits(value), value, units[i]);
	return dst;
}

int kw_parse_duration(const char *text, uint64_t default_unit_ns, uint64_t *ret_ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 },   { "us", 1e3 },   { "ms", 1e6 },	   { "s", 1e9 },
		      { "m", 60e9 }, { "h", 3600e9 }, { "d", 24 * 3600e9 } };
	double value, unit = 0;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	value = strtod(text, &end);
	if (!*end)
		unit = default_unit_ns;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].name))
			unit = units[i].ns;
	if (!unit || !isfinite(value) || value * unit >= 1e18)
		return -EINVAL;
	*ret_ns = llround(value * unit);
	return 0;
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

uint64_t kw_mono_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

uint64_t kw_real_ns(void)
{
	return now(CLOCK_REALTIME);
}

char *kw_format_time(uint64_t real_ns, char *dst, size_t size)
{
	time_t seconds = real_ns / 1000000000;
	char date[32], zone[8];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(dst, size, "%s.%06u%.3s:%s", date, (unsigned int)(real_ns % 1000000000 / 1000),
		 zone, zone + 3);
	return dst;
}

char *kw_format_clock(uint64_t real_ns, char *dst, size_t size)
{
	time_t seconds = real_ns / 1000000000;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(dst, size, "%H:%M:%S", &tm);
	return dst;
}
