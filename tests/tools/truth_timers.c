/* SPDX-License-Identifier: MIT */
#include "truth_timers.h"

#include <stdlib.h>

static bool
is_before(const struct timer *a, const struct timer *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->turn < b->turn;
}

static void
put(struct timers *s, struct timer *t, size_t place)
{
	s->heap[place - 1] = t;
	t->place = place;
}

/* Let `t` find its place from `place` on, up or down. */
static void
settle(struct timers *s, struct timer *t, size_t place)
{
	while (place > 1 && is_before(t, s->heap[place / 2 - 1])) {
		put(s, s->heap[place / 2 - 1], place);
		place /= 2;
	}
	for (size_t below; (below = 2 * place) <= s->count; place = below) {
		if (below < s->count && is_before(s->heap[below], s->heap[below - 1]))
			below++;
		if (!is_before(s->heap[below - 1], t))
			break;
		put(s, s->heap[below - 1], place);
	}
	put(s, t, place);
}

bool
timers_set(struct timers *s, struct timer *t, int64_t due_ns)
{
	if (!t->place && s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		struct timer **heap = realloc(s->heap, room * sizeof(*heap));
		if (!heap)
			return false;
		s->heap = heap;
		s->room = room;
	}
	t->due_ns = due_ns;
	t->turn = s->turns++;
	settle(s, t, t->place ? t->place : ++s->count);
	return true;
}

void
timers_unset(struct timers *s, struct timer *t)
{
	size_t place = t->place;

	if (!place)
		return;
	struct timer *last = s->heap[--s->count];
	t->place = 0;
	if (last != t)
		settle(s, last, place);
}

struct timer *
timers_first(const struct timers *s)
{
	return s->count ? s->heap[0] : NULL;
}

void
timers_done(struct timers *s)
{
	free(s->heap);
	*s = (struct timers){ 0 };
}
