/* SPDX-License-Identifier: MIT */
/* Is this host about to run out of memory, or the run's folder out of space? The service is often on
 * the same host, and there the kernel ends whoever it likes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What is left, bytes; below 0: not known. */
struct guard_room {
	int64_t memory, memory_total;
	int64_t disk;              /* of the file system that the run's folder is on */
};

/* `meminfo` is /proc/meminfo but for tests; `folder` NULL: nothing is written. */
struct guard_room guard_look(const char *meminfo, const char *folder);

/* Too little to go on? Then `why` says of what. */
bool guard_is_short(const struct guard_room *r, char *why, int size);
