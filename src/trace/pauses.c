/* SPDX-License-Identifier: MIT */
#include "trace/pauses.h"

#include <stdlib.h>

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

const struct pause *
pauses_after(const struct pauses *p, int pid, int64_t at)
{
	size_t low = 0, high = p->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct pause *m = &p->items[middle];
		if (m->pid < pid || (m->pid == pid && m->to <= at))
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->n && p->items[low].pid == pid ? &p->items[low] : NULL;
}
