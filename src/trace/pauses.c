/* SPDX-License-Identifier: MIT */
#include "trace/pauses.h"

#include <stdlib.h>

#include "base/search.h"

void
pauses_add(struct pauses *p, struct arena *a, int pid, int64_t from, int64_t to)
{
	if (to > from)
		*ARENA_PUSH(a, p->items, p->n) = (struct pause){ from, to, pid };
}

static int
by_time(const void *left, const void *right)
{
	const struct pause *l = left, *r = right;
	if (l->pid != r->pid)
		return l->pid < r->pid ? -1 : 1;
	return l->from < r->from ? -1 : l->from > r->from;
}

/* One inside another (two collectors that tell of one pause) is cut off, so that ends are sorted. */
void
pauses_sort(struct pauses *p)
{
	if (!p->n)
		return;
	qsort(p->items, p->n, sizeof(*p->items), by_time);
	size_t kept = 1;
	for (size_t i = 1; i < p->n; i++) {
		struct pause next = p->items[i], *last = &p->items[kept - 1];
		if (next.pid == last->pid && next.from < last->to)
			next.from = last->to;
		if (next.to > next.from)
			p->items[kept++] = next;
	}
	p->n = kept;
}

/* In the order of processes, then of time. */
static bool
ends_after(const struct pause *p, int pid, int64_t at)
{
	return p->pid > pid || (p->pid == pid && p->to > at);
}

const struct pause *
pauses_after(const struct pauses *p, int pid, int64_t at)
{
	size_t after = FIRST_WHERE(i, p->n, ends_after(&p->items[i], pid, at));
	return after < p->n && p->items[after].pid == pid ? &p->items[after] : NULL;
}
