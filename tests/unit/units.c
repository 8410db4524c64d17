// SPDX-License-Identifier: Apache-2.0
/*
 * units.c - tests figures for people and how time spans and times are read and written.
 * May not know about: columns, sinks.
 * To extend: another unit is another table of examples.
 */
#include "unit.h"

#include "util/text.h"
#include "util/units.h"

#include <errno.h>
#include <time.h>

static void durations_for_people(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} examples[] = {
		{ 0, "0" },
		{ 1, "1ns" },
		{ 812, "812ns" },
		{ 999, "999ns" },
		{ 1000, "1.00us" },
		{ 1230, "1.23us" },
		{ 9994, "9.99us" },
		{ 9995, "10.0us" },
		{ 99949, "99.9us" },
		{ 99950, "100us" },
		{ 999499, "999us" },
		{ 999500, "1.00ms" },
		{ 1000000, "1.00ms" },
		{ 45600000, "45.6ms" },
		{ 9994999, "9.99ms" },
		{ 9995000, "10.0ms" },
		{ 99949999, "99.9ms" },
		{ 99950000, "100ms" },
		{ 999499999, "999ms" },
		{ 999500000, "1.00s" },
		{ 1000000000, "1.00s" },
		{ 7890000000, "7.89s" },
		{ 9995000000, "10.0s" },
		{ 99950000000, "100s" },
		{ 123000000000, "123s" },
		{ 999500000000, "1000s" },
		{ 9999000000000, "9999s" },
		{ 9999499999999, "9999s" },
		{ 9999500000000, "2.78h" },
		{ 36000000000000, "10.0h" },
		{ 360000000000000, "100h" },
		{ UINT64_MAX, "5124096h" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		assert_string_equal(kw_format_ns(examples[i].ns, text, sizeof(text)),
				    examples[i].text);
}

/* What a figure says, in ns. */
static double meaning(const char *text)
{
	char *unit;
	double value = strtod(text, &unit);

	return !strcmp(unit, "us")   ? value * 1e3
	       : !strcmp(unit, "ms") ? value * 1e6
	       : !strcmp(unit, "s")  ? value * 1e9
	       : !strcmp(unit, "h")  ? value * 3600e9
				     : value;
}

static void durations_are_short_and_right(void **state)
{
	char text[32];

	(void)state;
	for (uint64_t ns = 1; ns < 9999500000000; ns += 1 + ns / 700) {
		double error = meaning(kw_format_ns(ns, text, sizeof(text))) - ns;

		if (strlen(text) > 6)
			fail_msg("%s has more than 6 columns", text);
		if (error > 0.00501 * ns || error < -0.00501 * ns)
			fail_msg("%s is not %llu ns", text, (unsigned long long)ns);
	}
}

static void counts_for_people(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} examples[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 9999, "9999" },
		{ 99999, "99999" },
		{ 100000, "100k" },
		{ 123499, "123k" },
		{ 999499, "999k" },
		{ 999500, "1.00M" },
		{ 4560000, "4.56M" },
		{ 9994999, "9.99M" },
		{ 9995000, "10.0M" },
		{ 99950000, "100M" },
		{ 999499999, "999M" },
		{ 999500000, "1.00G" },
		{ 1000000000000, "1.00T" },
		{ 1000000000000000, "1.00P" },
		{ 1000000000000000000, "1.00E" },
		{ UINT64_MAX, "18.4E" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		assert_string_equal(kw_format_count(examples[i].n, text, sizeof(text)),
				    examples[i].text);
}

static void short_destinations(void **state)
{
	char text[4];

	(void)state;
	assert_string_equal(kw_format_ns(1230, text, sizeof(text)), "1.2");
	assert_string_equal(kw_format_count(4560000, text, sizeof(text)), "4.5");
}

static void assert_duration(const char *text, uint64_t unit, uint64_t expected)
{
	uint64_t ns = 4711;

	if (kw_parse_duration(text, unit, &ns))
		fail_msg("'%s' is not understood", text);
	assert_int_equal(ns, expected);
}

static void parses_durations(void **state)
{
	(void)state;
	assert_duration("0", 1000000000, 0);
	assert_duration("5", 1000000000, 5000000000);
	assert_duration("5", 1000000, 5000000);
	assert_duration("0.5", 1000000000, 500000000);
	assert_duration("1ns", 1000000000, 1);
	assert_duration("250us", 1000000000, 250000);
	assert_duration("1ms", 1000000000, 1000000);
	assert_duration("1.5ms", 1, 1500000);
	assert_duration("2s", 1, 2000000000);
	assert_duration("3m", 1, 180000000000);
	assert_duration("2h", 1, 7200000000000);
	assert_duration("1d", 1, 86400000000000);
	assert_duration("0.1", 1000000000, 100000000); /* no error of binary fractions */
	assert_duration("0.3s", 1, 300000000);
	assert_duration("999999999", 1000000000, 999999999000000000);
}

static void refuses_bad_durations(void **state)
{
	static const char *const bad[] = { "",	   "s",	   "ms",  "-1",		 "+1",
					   ".5",   "1x",   "1 s", "1y",		 "1S",
					   "1sec", "inf",  "nan", "1e300",	 "1,5",
					   "1s2",  "1ms ", " 1",  "1000000000s", "x" };
	uint64_t ns = 4711;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (kw_parse_duration(bad[i], 1000000000, &ns) != -EINVAL)
			fail_msg("'%s' is taken for a duration", bad[i]);
		assert_int_equal(ns, 4711);
	}
}

static void assert_time(const char *zone, uint64_t ns, const char *expected)
{
	char text[64];

	setenv("TZ", zone, 1);
	tzset();
	assert_string_equal(kw_format_time(ns, text, sizeof(text)), expected);
}

static void times(void **state)
{
	const uint64_t winter = 1769862896123456789, summer = 1782823296000000000;

	(void)state;
	assert_time("UTC0", 0, "1970-01-01T00:00:00.000000+00:00");
	assert_time("UTC0", winter, "2026-01-31T12:34:56.123456+00:00");
	assert_time("CET-1CEST,M3.5.0,M10.5.0/3", winter, "2026-01-31T13:34:56.123456+01:00");
	assert_time("CET-1CEST,M3.5.0,M10.5.0/3", summer, "2026-06-30T14:41:36.000000+02:00");
	assert_time("IST-5:30", winter, "2026-01-31T18:04:56.123456+05:30");
	assert_time("NST3:30", winter, "2026-01-31T09:04:56.123456-03:30");
	assert_time("UTC0", winter - 123456789 + 999999999, "2026-01-31T12:34:56.999999+00:00");
	setenv("TZ", "UTC0", 1);
	tzset();
}

static void clocks_run(void **state)
{
	uint64_t mono = kw_mono_ns(), real = kw_real_ns();

	(void)state;
	assert_true(mono > 0);
	assert_true(real > 1700000000000000000);
	assert_true(kw_mono_ns() >= mono);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_for_people),
		cmocka_unit_test(durations_are_short_and_right),
		cmocka_unit_test(counts_for_people),
		cmocka_unit_test(short_destinations),
		cmocka_unit_test(parses_durations),
		cmocka_unit_test(refuses_bad_durations),
		cmocka_unit_test(times),
		cmocka_unit_test(clocks_run),
	};

	return kw_run_tests(tests);
}
