/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cleanup.h - scope-bound release of resources.
 * May not know about: anything of this project.
 * To extend: one DEFINE_CLEANUP per type, next to the type's release function.
 */
#ifndef KW_CLEANUP_H
#define KW_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void kw_freep(void *p)
{
	free(*(void **)p);
}

static inline void kw_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void kw_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void kw_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_free_	   _cleanup_(kw_freep)
#define _cleanup_close_	   _cleanup_(kw_closep)
#define _cleanup_fclose_   _cleanup_(kw_fclosep)
#define _cleanup_closedir_ _cleanup_(kw_closedirp)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
