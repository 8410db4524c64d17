// SPDX-License-Identifier: Apache-2.0
/*
 * screen_guard.c - see screen_guard.h. What is here may be called by handlers of signals, which
 * have no arguments: hence what is static.
 * May not know about: what is shown, keys.
 * To extend: see screen_guard.h.
 */
#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#include "screen_guard.h"

#include "../core/log.h"
#include "../util/cleanup.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#define GRACE_S 3 /* how long the terminal may keep the process from ending */

static struct termios modes_before;
static char leave[256]; /* what leads the terminal back to its normal screen */
static volatile sig_atomic_t guarded, ended;

static struct {
	int signal;
	struct sigaction before;
} polite[] = { { .signal = SIGINT }, { .signal = SIGTERM } };

int kw_screen_remember(void)
{
	return tcgetattr(STDIN_FILENO, &modes_before) ? -errno : 0;
}

bool kw_screen_in_background(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

void kw_screen_give_back(void)
{
	struct termios flowing = modes_before;
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (kw_screen_in_background())
		return;
	flowing.c_iflag &= ~IXON; /* what Ctrl-S has stopped goes on */
	tcflush(STDOUT_FILENO, TCOFLUSH);
	tcsetattr(STDIN_FILENO, TCSANOW, &flowing);
	fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	if (write(STDOUT_FILENO, leave, strlen(leave)) < 0)
		errno = 0; /* nobody is left to tell */
	fcntl(STDOUT_FILENO, F_SETFL, flags);
	tcsetattr(STDIN_FILENO, TCSANOW, &modes_before);
}

/* The shell shall not be left without echo on a blank screen. */
static void on_crash(int signal)
{
	if (guarded) {
		kw_screen_give_back();
		kw_log_release(); /* it may say why */
	}
	raise(signal); /* SA_RESETHAND: now for real */
}

static void (*who_ends(int signal))(int)
{
	for (size_t i = 0; i < ARRAY_SIZE(polite); i++)
		if (polite[i].signal == signal)
			return polite[i].before.sa_handler;
	return SIG_DFL; /* SIGALRM */
}

/* The first goes to who had it before, who has until the alarm; all others end the process. */
static void on_end(int signal)
{
	void (*handler)(int) = who_ends(signal);

	if (ended || handler == SIG_DFL) {
		kw_screen_give_back();
		_exit(130);
	}
	ended = 1;
	alarm(GRACE_S);
	handler(signal);
}

static void append_capability(const char *name)
{
	const char *sequence = tigetstr(name);

	if (sequence && sequence != (char *)-1 && strlen(leave) + strlen(sequence) < sizeof(leave))
		strcat(leave, sequence);
}

static void guard_ends(void)
{
	struct sigaction action = { .sa_handler = on_end, .sa_flags = SA_RESTART };

	ended = 0;
	sigaction(SIGALRM, &action, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(polite); i++) {
		sigaction(polite[i].signal, NULL, &polite[i].before);
		if (polite[i].before.sa_handler != SIG_IGN)
			sigaction(polite[i].signal, &action, NULL);
	}
}

void kw_screen_guard(void)
{
	static const int fatal[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV };
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER };

	*leave = 0;
	append_capability("sgr0");
	append_capability("cnorm");
	append_capability("rmkx");
	append_capability("rmcup");
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
		sigaction(fatal[i], &action, NULL);
	guard_ends();
	guarded = 1;
}

/* Whoever has seen one of these signals already ends at once by the next. */
void kw_screen_unguard(void)
{
	if (!guarded)
		return;
	guarded = 0;
	alarm(0);
	for (size_t i = 0; i < ARRAY_SIZE(polite); i++) {
		if (ended)
			polite[i].before.sa_handler = SIG_DFL;
		sigaction(polite[i].signal, &polite[i].before, NULL);
	}
}
