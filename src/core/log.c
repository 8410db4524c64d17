// SPDX-License-Identifier: Apache-2.0
/*
 * log.c - see log.h.
 * May not know about: anything else.
 * To extend: see log.h.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

int kw_verbose;

static void say(const char *format, va_list args)
{
	fflush(stdout);
	fputs("kvm_watcher: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void kw_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void kw_debug(const char *format, ...)
{
	va_list args;

	if (!kw_verbose)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}
