/* SPDX-License-Identifier: MIT */
/* What a process is made with, from its program, its mapped libraries and its command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Pure: is a program of this name `program`, perhaps with a version behind it, or deleted since? */
bool program_is(const char *base, const char *program);

/* Pure: `exe` is a path, `maps` the text of /proc/PID/maps or NULL. NULL when no row fits. */
const char *runtime_name(const char *exe, const char *maps);

/* Pure but for BELOW rows, which look below `folder`. `command` is /proc/PID/cmdline, `size` bytes
 * with NUL between arguments; `maps` as above. NULL when no row fits. */
const char *framework_name(const char *runtime, const char *command, size_t size,
    const char *folder, const char *maps);

/* Of a process; `exe` is "" when it may not be read. The runtime is "native" when nothing else fits
 * a program that was read, NULL when nothing is known; so may the framework be. Both static. */
void runtime_of(int pid, const char *exe, const char **ret_runtime, const char **ret_framework);
