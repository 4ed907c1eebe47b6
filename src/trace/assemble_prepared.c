/* SPDX-License-Identifier: MIT */
/* Statements that were prepared before tracing began, on some of the connections: only their names go over the wire
 * there. Other requests of the route, on other connections, ask at the same place what has a text. */
#include "trace/assemble_int.h"

#include <string.h>

#include "base/search.h"

#define PLACES_MAX 64          /* of a request */
#define ENOUGH     20          /* requests of a route */
#define AGREE      0.9         /* of them */

struct place { uint32_t route, number; };
struct vote { struct place at; uint32_t statement; };

struct polled {
	uint32_t unknown;          /* the text for statements without one */
	struct map votes;          /* struct vote -> requests */
	struct map all;            /* struct place -> requests */
	struct map winners;        /* struct place -> statement */
};

/* The calls with a statement, in the order they were asked; how many. */
static size_t
statements_of(const struct assembly *a, const struct span *s, struct call **ret)
{
	size_t n = 0;

	for (uint32_t i = s->calls; i != NOBODY; i = a->calls[i].next)
		n += a->calls[i].statement != 0;
	if (n > PLACES_MAX)
		return 0;
	for (uint32_t i = s->calls, k = 0; i != NOBODY; i = a->calls[i].next)
		if (a->calls[i].statement)
			ret[n - ++k] = &a->calls[i];
	for (size_t from = 1; from < n; from++)     /* nearly sorted */
		for (size_t i = from; i && ret[i]->start < ret[i - 1]->start; i--) {
			struct call *other = ret[i];
			ret[i] = ret[i - 1];
			ret[i - 1] = other;
		}
	return n;
}

static bool
lacks_text(const struct polled *p, struct call *const *calls, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= calls[i]->statement == p->unknown;
	return any;
}

static void
vote(struct polled *p, uint32_t route, struct call *const *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct vote v = { { route, (uint32_t)i }, calls[i]->statement };
		++*map_at(&p->votes, &v, sizeof(v), NULL);
		++*map_at(&p->all, &v.at, sizeof(v.at), NULL);
	}
}

static void
count(struct polled *p)
{
	size_t at = 0;

	for (const struct map_slot *slot; (slot = map_next(&p->votes, &at)); ) {
		struct vote v;
		memcpy(&v, slot->key, sizeof(v));
		uint64_t all = *map_find(&p->all, &v.at, sizeof(v.at));
		if (slot->value >= ENOUGH && (double)slot->value >= AGREE * (double)all)
			*map_at(&p->winners, &v.at, sizeof(v.at), NULL) = v.statement;
	}
}

/* The wait for the answer, of the request or of its thread, was told by the statement. */
static void
name_waits(const struct polled *p, struct assembly *a, const struct span *s, const struct call *c)
{
	const struct thread_log *log = &a->threads[c->thread];
	struct segment *next = NULL;

	for (uint32_t i = s->first; i != NOBODY; i = a->segments[i].next) {
		struct segment *m = &a->segments[i];
		bool its = m->gap_kind == c->kind && m->gap_where == p->unknown && m->start >= c->start;
		next = its && (!next || m->start < next->start) ? m : next;
	}
	if (next)
		next->gap_where = c->statement;
	size_t i = FIRST_WHERE(k, log->n_off, tape_at(a->tape, log->off[k])->ts >= c->start);
	for (; i < log->n_off && tape_at(a->tape, log->off[i])->from <= c->end; i++) {
		struct rec *r = tape_at(a->tape, log->off[i]);
		r->name = off_part(r) == c->kind && r->name == p->unknown ? c->statement : r->name;
	}
}

static void
name(const struct polled *p, struct assembly *a, const struct span *s, struct call **calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct place at = { s->route, (uint32_t)i };
		const uint64_t *winner = calls[i]->statement == p->unknown ? map_find(&p->winners, &at, sizeof(at)) : NULL;
		if (!winner)
			continue;
		calls[i]->statement = (uint32_t)*winner;
		name_waits(p, a, s, calls[i]);
	}
}

void
prepared_name(struct assembly *a)
{
	static const char text[] = TAPE_PREPARED_BEFORE;
	const uint64_t *known = map_find(&a->tape->name_ids, text, strlen(text));
	struct polled p = { .unknown = known ? (uint32_t)*known : 0 };
	struct call *calls[PLACES_MAX];

	for (size_t i = 0; known && i < a->n_spans; i++) {
		size_t n = a->spans[i].complete && a->spans[i].route ? statements_of(a, &a->spans[i], calls) : 0;
		if (!lacks_text(&p, calls, n))
			vote(&p, a->spans[i].route, calls, n);
	}
	count(&p);
	for (size_t i = 0; p.winners.count && i < a->n_spans; i++)
		name(&p, a, &a->spans[i], calls, statements_of(a, &a->spans[i], calls));
	map_done(&p.votes);
	map_done(&p.all);
	map_done(&p.winners);
}
