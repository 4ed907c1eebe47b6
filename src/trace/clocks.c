/* SPDX-License-Identifier: MIT */
#include "trace/clocks.h"

#include <stdbool.h>

#include "base/clock.h"

/* False: it has ended. */
static bool
read_clock(clockid_t id, int64_t *ret)
{
	struct timespec t;
	if (clock_gettime(id, &t))
		return false;
	*ret = t.tv_sec * NS_PER_S + t.tv_nsec;
	return true;
}

void
clocks_add(struct clocks *c, int pid)
{
	struct process_clock p = { 0 };
	if (clock_getcpuclockid(pid, &p.id) || !read_clock(p.id, &p.from))
		return;
	p.now = p.from;
	*ARENA_PUSH(c->arena, c->items, c->n) = p;
}

int64_t
clocks_sum(struct clocks *c)
{
	int64_t sum = 0;
	for (size_t i = 0; i < c->n; i++) {
		read_clock(c->items[i].id, &c->items[i].now);
		sum += c->items[i].now - c->items[i].from;
	}
	return sum;
}
