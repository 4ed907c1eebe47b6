/* SPDX-License-Identifier: MIT */
/* Files as memory, of which only the pages that are touched are read. Whoever shortens such a file
 * meanwhile takes pages away; reading them raises SIGBUS. Then they read as zeros, so that a reader
 * who checks what it reads needs to know nothing of it. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The whole of a regular file that is not empty, read-only; NULL: cannot. Unmap it with its size. */
void *file_map(int fd, size_t *ret_size);
void file_unmap(void *map, size_t size);    /* accepts NULL */

/* For the handler of SIGBUS (base/crash.h): is it in one of these maps, and can be read now? */
bool file_map_mend(void *address);
