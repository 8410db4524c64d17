// SPDX-License-Identifier: Apache-2.0
/*
 * screen.c - see screen.h. Signals that are about the terminal are read like keys (signalfd), so
 * that nothing happens in the middle of drawing.
 * May not know about: views, figures, sources.
 * To extend: see screen.h.
 */
#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#include "screen.h"

#include "../core/log.h"
#include "../util/cleanup.h"
#include "../util/text.h"
#include "screen_guard.h"
#include "screen_keys.h"
#include "screen_styles.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <wchar.h>

#define ESCAPE_MS 50 /* after it, Esc is that key, not the begin of another; ssh splits keys */
#define CTRL_L	  12
#define CTRL_Z	  26

struct kw_screen {
	SCREEN *terminal;
	int epoll_fd, signal_fd;
	int more_fd; /* an eventfd: ncurses may hold keys that it has read already */
	bool maybe_more;
	bool behind;   /* the terminal took nothing when something was to be shown */
	sigset_t mask; /* of the process before */
	bool utf8;
	struct kw_look look[KW_STYLES];
};

/* What exit() must give back; it has no argument, hence static. */
static struct kw_screen *taken;

static void at_exit(void)
{
	kw_screen_close(taken);
}

/* ---- taking it ---- */

bool kw_screen_possible(const char **ret_why)
{
	const char *term = getenv("TERM");

	*ret_why = !isatty(STDIN_FILENO)    ? "standard input is not a terminal"
		   : !isatty(STDOUT_FILENO) ? "standard output is not a terminal"
		   : !term || !*term	    ? "TERM is not set"
		   : !strcmp(term, "dumb")  ? "the terminal is dumb (TERM=dumb)"
					    : NULL;
	return !*ret_why;
}

/* The fonts of Linux's own console have neither bars nor other scripts. */
static bool has_utf8(void)
{
	const char *term = getenv("TERM");

	setlocale(LC_CTYPE, "");
	return !strcmp(nl_langinfo(CODESET), "UTF-8") && strcmp(term ?: "", "linux");
}

static int watch(struct kw_screen *s, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int take_signals(struct kw_screen *s)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	sigaddset(&mask, SIGTSTP);
	sigaddset(&mask, SIGCONT);
	sigaddset(&mask, SIGHUP);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	s->more_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->epoll_fd < 0)
		return -errno;
	return watch(s, s->signal_fd) ?: watch(s, s->more_fd) ?: watch(s, STDIN_FILENO)
		       ?: -sigprocmask(SIG_BLOCK, &mask, &s->mask);
}

static int take_terminal(struct kw_screen *s, bool color)
{
	int err = kw_screen_remember();

	if (err)
		return err;
	s->terminal = newterm(NULL, stdout, stdin);
	if (!s->terminal)
		return -ENOTTY;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	intrflush(stdscr, FALSE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	kw_screen_define_keys();
	kw_screen_looks(color, s->look);
	return 0;
}

int kw_screen_open(bool color, struct kw_screen **ret)
{
	struct kw_screen *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->epoll_fd = s->signal_fd = s->more_fd = -1;
	sigprocmask(SIG_SETMASK, NULL, &s->mask);
	s->utf8 = has_utf8();
	err = take_signals(s) ?: take_terminal(s, color) ?: kw_log_hold();
	if (err) {
		kw_screen_close(s);
		kw_say("the terminal '%s' cannot be used (%s): set TERM to what it is, or use "
		       "'kvm_watcher stat'",
		       getenv("TERM"),
		       err == -ENOTTY ? "its type is not known here" : strerror(-err));
		return err;
	}
	atexit(at_exit);
	kw_screen_guard();
	taken = s;
	*ret = s;
	return 0;
}

/* Does the terminal take anything now? Not after Ctrl-S, and not if its other end is stuck. */
static bool can_show(void)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return !kw_screen_in_background() && poll(&fd, 1, 0) > 0;
}

/* Signals that have come in the meantime were for the screen: they end nothing now. */
static void give_signals_back(struct kw_screen *s)
{
	struct signalfd_siginfo info;

	while (s->signal_fd >= 0 && read(s->signal_fd, &info, sizeof(info)) > 0)
		if (info.ssi_signo == SIGHUP)
			signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

void kw_screen_close(struct kw_screen *s)
{
	if (!s)
		return;
	taken = NULL;
	if (s->terminal) {
		if (can_show())
			endwin();
		else
			kw_screen_give_back();
		delscreen(s->terminal);
		kw_log_release();
	}
	kw_screen_unguard();
	give_signals_back(s);
	kw_closep(&s->more_fd);
	kw_closep(&s->signal_fd);
	kw_closep(&s->epoll_fd);
	free(s);
}

/* ---- reading ---- */

int kw_screen_fd(const struct kw_screen *s)
{
	return s->epoll_fd;
}

static void resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
}

static enum kw_screen_event on_signal(struct kw_screen *s, uint32_t signo, uint32_t *ret_key)
{
	switch (signo) {
	case SIGTSTP:
		*ret_key = CTRL_Z;
		return KW_SCREEN_KEY;
	case SIGCONT: /* perhaps after SIGSTOP, which nobody could prepare for */
		if (!isendwin())
			endwin(); /* twice would move the cursor of the normal screen */
		resize();
		*ret_key = CTRL_L;
		return KW_SCREEN_KEY;
	case SIGWINCH:
		resize();
		kw_screen_repaint(s); /* terminals move lines as they like */
		return KW_SCREEN_RESIZED;
	default:
		return KW_SCREEN_LOST;
	}
}

/* A terminal that is gone can be read for ever: it has nothing, at once. */
static bool is_gone(void)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	int bytes = 0;

	if (poll(&fd, 1, 0) <= 0)
		return false;
	return fd.revents & (POLLHUP | POLLERR | POLLNVAL) ||
	       ioctl(STDIN_FILENO, FIONREAD, &bytes) || bytes <= 0;
}

/* Whether ncurses may hold more keys than what can be read is told to whoever waits. */
static void set_more(struct kw_screen *s, bool more)
{
	eventfd_t n;

	if (more != s->maybe_more &&
	    !(more ? eventfd_write(s->more_fd, 1) : eventfd_read(s->more_fd, &n)))
		s->maybe_more = more;
}

/* The terminal takes something again; it need not be waited for any more. */
static bool has_caught_up(struct kw_screen *s)
{
	if (!s->behind || !can_show())
		return false;
	epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, STDOUT_FILENO, NULL);
	s->behind = false;
	return true;
}

enum kw_screen_event kw_screen_read(struct kw_screen *s, uint32_t *ret_key)
{
	struct signalfd_siginfo info;
	bool key;

	if (read(s->signal_fd, &info, sizeof(info)) == sizeof(info))
		return on_signal(s, info.ssi_signo, ret_key);
	if (is_gone())
		return KW_SCREEN_LOST;
	if (has_caught_up(s))
		return KW_SCREEN_RESIZED;
	key = kw_screen_next_key(ret_key);
	set_more(s, key);
	return key ? KW_SCREEN_KEY : KW_SCREEN_NOTHING;
}

/* ---- showing ---- */

int kw_screen_fit(const struct kw_screen *s, struct kw_canvas *canvas)
{
	canvas->utf8 = s->utf8;
	return kw_canvas_resize(canvas, COLS, LINES);
}

/*
 * A cell's character for ncurses. Where it is of another width for the C library than it has on
 * the canvas, all after it would be moved: then it is a question mark, and so is its other half.
 */
static void decode(const char *text, int width, wchar_t *ret)
{
	mbstate_t state = {};
	size_t n = mbsrtowcs(ret, &text, CCHARW_MAX, &state);

	if (n != (size_t)-1 && n > 0 && wcwidth(ret[0]) == width) {
		ret[n < CCHARW_MAX ? n : CCHARW_MAX - 1] = 0;
		for (size_t i = 1; ret[i]; i++)
			if (wcwidth(ret[i]) != 0)
				ret[i] = 0;
		return;
	}
	ret[0] = '?';
	ret[1] = 0;
}

static void show_cell(const struct kw_screen *s, const struct kw_cell *cell, int x, int y,
		      int width)
{
	const struct kw_look *look = &s->look[cell->style < KW_STYLES ? cell->style : 0];
	attr_t reverse = cell->selected ? A_REVERSE : A_NORMAL;
	wchar_t text[CCHARW_MAX + 1];
	cchar_t c;

	decode(cell->text, width, text);
	setcchar(&c, text, look->attributes | reverse, look->pair, NULL);
	mvadd_wch(y, x, &c);
	for (int i = 1; i < width && *text == '?'; i++)
		mvadd_wch(y, x + i, &c);
}

/* Nothing waits for the terminal but a descriptor; who comes to the foreground gets SIGCONT. */
static void fall_behind(struct kw_screen *s)
{
	struct epoll_event event = { .events = EPOLLOUT };

	if (!s->behind && !kw_screen_in_background())
		s->behind = !epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, STDOUT_FILENO, &event);
}

void kw_screen_show(struct kw_screen *s, const struct kw_canvas *canvas)
{
	int selected = 0;

	if (!can_show()) {
		fall_behind(s);
		return;
	}
	for (int y = 0; y < canvas->height && y < LINES; y++)
		for (int x = 0; x < canvas->width && x < COLS; x++) {
			const struct kw_cell *cell = &canvas->cell[y * canvas->width + x];
			bool wide = x + 1 < canvas->width && !*cell[1].text;

			if (*cell->text)
				show_cell(s, cell, x, y, 1 + wide);
			selected = cell->selected ? y : selected;
		}
	move(selected, 0); /* what reads screens aloud looks there */
	refresh();
}

void kw_screen_repaint(struct kw_screen *s)
{
	(void)s;
	clearok(curscr, TRUE);
}

/* The terminal has stopped the whole job already, but for this process, which asked to be told. */
void kw_screen_suspend(struct kw_screen *s)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	endwin();
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* stops here */
	sigprocmask(SIG_BLOCK, &stop, NULL);
	resize();
	kw_screen_repaint(s);
}
