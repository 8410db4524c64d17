// SPDX-License-Identifier: Apache-2.0
/*
 * log.c - see log.h.
 * May not know about: anything else.
 * To extend: see log.h.
 */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define HELD_MAX 65536 /* bytes of what was held that are shown */

int kw_verbose;

/* stderr as it was, while it is held. It is the whole process's, hence static. */
static int released = -1;

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

int kw_log_hold(void)
{
	int held;

	if (released >= 0 || !isatty(STDERR_FILENO))
		return 0;
	held = memfd_create("messages", MFD_CLOEXEC);
	released = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (held < 0 || released < 0 || dup2(held, STDERR_FILENO) < 0)
		return -errno;
	close(held);
	return 0;
}

void kw_log_release(void)
{
	char text[HELD_MAX];
	off_t size;
	ssize_t n;

	if (released < 0)
		return;
	size = lseek(STDERR_FILENO, 0, SEEK_END);
	n = pread(STDERR_FILENO, text, sizeof(text), size > HELD_MAX ? size - HELD_MAX : 0);
	dup2(released, STDERR_FILENO);
	for (ssize_t at = 0, done; at < n; at += done) {
		done = write(STDERR_FILENO, text + at, n - at);
		if (done <= 0)
			break;
	}
	close(released);
	released = -1;
}
