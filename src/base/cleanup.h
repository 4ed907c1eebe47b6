/* SPDX-License-Identifier: MIT */
/* Scope-bound cleanup: error paths are a plain `return`.
 *
 * CLEANUP(fn) runs fn(&variable) when the variable leaves its scope; every fn accepts a pointer
 * to an empty (NULL, -1) variable. TAKE(p) moves ownership out of such a variable. */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define TAKE(p) \
	(__extension__({ \
		__typeof__(p) take_value_ = (p); \
		(p) = NULL; \
		take_value_; \
	}))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline void
free_p(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

static inline void
fd_close_p(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void
file_close_p(FILE **f)
{
	if (*f)
		fclose(*f);
}
