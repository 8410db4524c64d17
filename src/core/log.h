/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - messages to people, on stderr: what, on which object, why, and what to do.
 * May not know about: anything else. Data never goes through here.
 * To extend: nothing; whoever knows the intent prints once, all others return -errno.
 */
#ifndef KW_LOG_H
#define KW_LOG_H

extern int kw_verbose; /* how often -v was given; 2: libbpf's own messages, too */

__attribute__((format(printf, 1, 2))) void kw_say(const char *format, ...);   /* always */
__attribute__((format(printf, 1, 2))) void kw_debug(const char *format, ...); /* with -v */

/* Show a line until the next message, the screen or NULL comes, if stderr is the terminal. */
void kw_log_passing(const char *line);

/*
 * While the terminal shows a screen: what is written to stderr, by whomever, is kept, if that is a
 * terminal; then its end is written, and how much was before, even from a handler of signals. 0 or
 * -errno.
 */
int kw_log_hold(void);
void kw_log_release(void);

#endif
