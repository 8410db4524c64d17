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
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HELD_MAX 65536 /* bytes of what was held that are kept; twice as many for a while */

int kw_verbose;

/* stderr as it was, while it is held. It is the whole process's, hence static. */
static int released = -1;

/* How many bytes of what was held were dropped. */
static uint64_t dropped;

/* A line that is not to stay is on the terminal. */
static bool passing;

/* The end of what is held, from the begin of a line on, as far as there is room. */
static ssize_t end_of_held(char *text, off_t size)
{
	off_t from = size > HELD_MAX ? size - HELD_MAX : 0;
	ssize_t n = pread(STDERR_FILENO, text, HELD_MAX, from);
	char *line = from && n > 0 ? memchr(text, '\n', n) : NULL;

	if (n < 0)
		return n;
	if (line) {
		n -= line + 1 - text;
		memmove(text, line + 1, n);
	}
	dropped += size - n;
	return n;
}

/* Who watches for a week, with -v, shall not find all memory full of messages. */
static void bound_held(void)
{
	static char text[HELD_MAX];
	off_t size = lseek(STDERR_FILENO, 0, SEEK_END);
	ssize_t n = size > 2 * HELD_MAX ? end_of_held(text, size) : -1;

	if (n >= 0 && !ftruncate(STDERR_FILENO, 0) && !lseek(STDERR_FILENO, 0, SEEK_SET) &&
	    write(STDERR_FILENO, text, n) != n)
		dropped += n;
}

static void say(const char *format, va_list args)
{
	fflush(stdout);
	kw_log_passing(NULL);
	fputs("kvm_watcher: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	if (released >= 0)
		bound_held();
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

void kw_log_passing(const char *line)
{
	bool ours = tcgetpgrp(STDERR_FILENO) == getpgrp(); /* not in the background, nor a file */

	if (!ours || (!line && !passing))
		return;
	fprintf(stderr, "\r%s\033[K%s", line ?: "", line ? "\r" : "");
	passing = line != NULL;
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

static void write_all(const char *text, ssize_t n)
{
	for (ssize_t at = 0, done; at < n; at += done) {
		done = write(STDERR_FILENO, text + at, n - at);
		if (done <= 0)
			break;
	}
}

/* Handlers of signals may not print. */
static void tell_dropped(void)
{
	static const char before[] = "kvm_watcher: ",
			  after[] = " bytes of older messages were dropped\n";
	char digits[20], *at = digits + sizeof(digits);

	if (!dropped)
		return;
	for (; dropped; dropped /= 10)
		*--at = '0' + dropped % 10;
	write_all(before, sizeof(before) - 1);
	write_all(at, digits + sizeof(digits) - at);
	write_all(after, sizeof(after) - 1);
}

void kw_log_release(void)
{
	char text[HELD_MAX];
	ssize_t n;

	if (released < 0)
		return;
	n = end_of_held(text, lseek(STDERR_FILENO, 0, SEEK_END));
	dup2(released, STDERR_FILENO);
	tell_dropped();
	write_all(text, n);
	close(released);
	released = -1;
}
