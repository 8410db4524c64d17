/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.h - figures for people: durations and counts that always carry their unit.
 * May not know about: columns, sinks.
 * To extend: one function per unit; three significant digits, at most 6 columns.
 */
#ifndef KW_UNITS_H
#define KW_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* "0", "812ns", "1.23us", "45.6ms", "7.89s", "123s", "2.1h". Returns dst. */
char *kw_format_ns(uint64_t ns, char *dst, size_t size);

/* "0", "9999", "12.3k", "4.56M". Returns dst. */
char *kw_format_count(uint64_t n, char *dst, size_t size);

/* A time span as options take it: "1ms", "250us", "0.5", "2s"; default unit ns per unit. */
int kw_parse_duration(const char *text, uint64_t default_unit_ns, uint64_t *ret_ns);

/* CLOCK_MONOTONIC and CLOCK_REALTIME now, ns. */
uint64_t kw_mono_ns(void);
uint64_t kw_real_ns(void);

/* Local ISO 8601 with zone and microseconds: 2026-01-31T12:34:56.123456+01:00. Returns dst. */
char *kw_format_time(uint64_t real_ns, char *dst, size_t size);

/* Local time of day: 12:34:56. Returns dst. */
char *kw_format_clock(uint64_t real_ns, char *dst, size_t size);

#endif
