/* SPDX-License-Identifier: MIT */
/* Questions that a proxy of the service asks of what it stands before: both ends of their connections are seen.
 *
 * What was done for such a question is a span of its own while events come, so that its calls, coroutines and pools
 * are found as everywhere. Then it becomes a part of the request that asked: until it was read that request waited
 * in the queue of the socket. */
#include "trace/assemble_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "trace/route.h"

/* Whether it is encrypted; NULL: it is no connection of a proxy. */
static const uint64_t *
own_call(const struct worker *w, const struct conn *c, uint32_t thread)
{
	const uint64_t *encrypted = c->alike ? map_find(&w->own_calls, &c->alike, sizeof(c->alike)) : NULL;
	return encrypted && tape_is_behind(w->t, w->t->threads[thread].pid) ? encrypted : NULL;
}

bool
is_behind(const struct worker *w, const struct conn *c, uint32_t thread)
{
	return own_call(w, c, thread) != NULL;
}

bool
behind_begins(const struct worker *w, const struct conn *c, uint32_t thread)
{
	const uint64_t *encrypted = own_call(w, c, thread);
	return encrypted && !*encrypted && (c->span == NOBODY || w->a->spans[c->span].answered);
}

#define BEHIND "behind "

uint32_t
behind_route(const struct worker *w, uint32_t route)
{
	char text[ROUTE_MAX + sizeof(BEHIND)];
	snprintf(text, sizeof(text), BEHIND "%s", route ? tape_text(w->t, route) : ROUTE_UNKNOWN);
	return tape_name(w->t, text);
}

/* ---- who asked ----------------------------------------------------------------------------- */

static int
compare_asked(const struct call *c, int64_t alike, int64_t time)
{
	if (c->alike != alike)
		return c->alike < alike ? -1 : 1;
	return c->start < time ? -1 : c->start > time;
}

static int
by_connection(const void *left, const void *right, void *ctx)
{
	const struct assembly *a = ctx;
	uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
	int order = compare_asked(&a->calls[l], a->calls[r].alike, a->calls[r].start);
	return order ? order : l < r ? -1 : 1;
}

/* How long the span was at work while the call was out. */
static int64_t
common(const struct call *c, const struct span *s)
{
	int64_t end = c->read ? c->read : c->end ? c->end : s->end;
	int64_t from = c->start > s->arrival ? c->start : s->arrival, to = end < s->end ? end : s->end;
	return to - from;
}

/* The call that the span is the answer to, among calls by connection and time; NOBODY unknown. Each waits for the
 * answer to the one before, so it is the last one that was asked before the answer, or the one before that. */
static uint32_t
asked_by(const struct assembly *a, const uint32_t *calls, size_t n, const struct span *s)
{
	size_t after = FIRST_WHERE(i, n, compare_asked(&a->calls[calls[i]], s->alike, s->end) >= 0);
	uint32_t best = NOBODY;
	for (size_t i = after; i > 0 && after - i < 2 && a->calls[calls[i - 1]].alike == s->alike; i--)
		if (common(&a->calls[calls[i - 1]], s) > 0 &&
		    (best == NOBODY || common(&a->calls[calls[i - 1]], s) > common(&a->calls[best], s)))
			best = calls[i - 1];
	return best;
}

/* ---- joining ------------------------------------------------------------------------------- */

/* Nothing that a thread did after the answer was for who asked. */
static void
end_with_answer(struct assembly *a, const struct span *s)
{
	for (uint32_t i = s->first; i != NOBODY; i = a->segments[i].next)
		if (!a->segments[i].end || a->segments[i].end > s->end)
			a->segments[i].end = a->segments[i].start > s->end ? a->segments[i].start : s->end;
}

static void
join(struct assembly *a, uint32_t id, uint32_t to)
{
	const struct span *s = &a->spans[id];
	if (s->first != NOBODY) {
		struct segment *g = &a->segments[s->first];
		g->gap_kind = PART_QUEUE;
		g->gap_where = tape_name(a->tape, "socket queue");
		g->gap_call = NOBODY;
		g->gap_arrival = 0;
	}
	end_with_answer(a, s);
	span_take(a, id, to);
}

/* Who has asked may have been asked itself. */
static uint32_t
root_of(const uint32_t *into, uint32_t span)
{
	while (into[span] != NOBODY)
		span = into[span];
	return span;
}

/* Calls of known connections, by those and time. */
static uint32_t *
sort_calls(const struct assembly *a, size_t *ret_n)
{
	uint32_t *calls = arena_alloc(a->arena, (a->n_calls + 1) * sizeof(*calls));

	*ret_n = 0;
	for (uint32_t i = 0; i < a->n_calls; i++)
		if (a->calls[i].alike && !a->calls[i].connect)
			calls[(*ret_n)++] = i;
	qsort_r(calls, *ret_n, sizeof(*calls), by_connection, (void *)(uintptr_t)a);
	return calls;
}

/* Where requests of the proxy were not seen at all, what it asked is all that is known of them. */
static void
stand_for_themselves(struct assembly *a)
{
	for (size_t i = 0; i < a->n_spans; i++)
		if (a->spans[i].alike)
			a->spans[i].route = tape_name(a->tape, tape_text(a->tape, a->spans[i].route) + strlen(BEHIND));
}

void
behind_link(struct assembly *a)
{
	uint32_t *into = arena_alloc(a->arena, (a->n_spans + 1) * sizeof(*into));
	size_t n, joined = 0;
	uint32_t *calls = sort_calls(a, &n);

	for (size_t i = 0; i < a->n_spans; i++)
		into[i] = NOBODY;
	for (uint32_t i = 0; i < a->n_spans; i++) {
		const struct span *s = &a->spans[i];
		uint32_t call = s->alike && s->answered ? asked_by(a, calls, n, s) : NOBODY;
		uint32_t to = call == NOBODY || a->calls[call].span == NOBODY ? NOBODY : root_of(into, a->calls[call].span);
		if (to == NOBODY || to == i)
			continue;
		into[i] = to;
		join(a, i, to);
		joined++;
	}
	if (!joined)
		stand_for_themselves(a);
	for (size_t i = 0; joined && i < a->n_spans; i++)
		a->spans[i].complete &= !a->spans[i].alike;
}
