/* SPDX-License-Identifier: MIT */
/* clocks: the CPU that processes use, of all their threads, also of those that have ended
 * (clock_getcpuclockid(3)). Needs no right. Not thread-safe. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/arena.h"

struct clocks {
	struct arena *arena;       /* the caller's */
	struct process_clock { clockid_t id; int64_t from, now; } *items;
	size_t n;
};

void clocks_add(struct clocks *c, int pid);
/* ns by all of them since they were added; one that has ended counts as when it was last looked at. */
int64_t clocks_sum(struct clocks *c);
