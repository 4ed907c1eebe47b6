/* SPDX-License-Identifier: MIT */
/* What the requests of a route ask.
 *
 * A tape is assembled several times. Each shows better than the one before which route asks a
 * statement (links that are certain count most), how often a request does, and after how many
 * answers. The next time this decides between those who may have asked. */
#include "trace/assemble_int.h"

#include <stdlib.h>

#define ROUTES_SHARE   0.8     /* of a statement's weight: it is this route's */
#define LIKELY_SHARE   0.51    /* it may be */
#define LEVEL_SHARE    0.8     /* likewise: it comes after so many answers */
#define HELD_SHARE     0.98    /* of its calls: it is asked by who had the connection */
#define LAST_SHARE     0.9     /* of its answers: a response follows at once */
#define COUNT_NEAR     0.06    /* how far from a whole number a request's mean may be */
#define WEIGHT_TOLD    4096    /* of a certain link, */
#define WEIGHT_SURE    256     /* of a sure one; doubtful ones may be wrong for many in a row */
#define ENOUGH         20      /* requests of a route, calls of a statement */
#define ALONE_ENOUGH   3       /* calls where no other request was open, */
#define ALONE_OFF      0.1     /* of which so many may contradict the others */
#define CALLS_LOOKED   64      /* of a span */
#define USUAL_SHARE    0.9     /* of a route's requests that must ask the same */
#define SURE_UNUSUAL   50

uint32_t
text_of(const struct call *c)
{
	return c->statement ? c->statement : c->peer;
}

/* ---- learning ------------------------------------------------------------------------------ */

struct votes {
	struct map by_route, by_level;         /* (text, route or level) -> weight */
	struct map weight, of_routes;          /* text -> sum of by_level, by_route */
	struct map calls, requests;            /* text, route */
	struct map alone, slept, amid;         /* text -> calls with nobody else open; that had slept; */
	struct map tasked;                     /* with others of theirs out; by tasks */
	struct map route, likely, level;       /* text -> its winner */
	struct map held, told;                 /* text -> calls by who had the connection before; */
	struct map answered;                   /* whose answer a response followed; answered */
	struct map spoken;                     /* peers whose statements are known: logging in is none */
};

struct pair { uint32_t text, of; };

static uint64_t
weight_of(const struct call *c)
{
	return c->sure == 100 ? WEIGHT_TOLD : c->sure >= CALL_SURE ? WEIGHT_SURE : 1;
}

/* What followed the answer is better evidence than the link. */
static void
vote_for_route(const struct assembly *a, struct votes *v, const struct call *c)
{
	uint32_t text = text_of(c), span = c->told != NOBODY ? c->told : c->span;
	if (span == NOBODY || !a->spans[span].complete)
		return;
	uint64_t weight = c->told != NOBODY ? WEIGHT_TOLD : weight_of(c);
	struct pair route = { text, a->spans[span].route };
	*map_at(&v->by_route, &route, sizeof(route), NULL) += weight;
	*map_at(&v->of_routes, &text, sizeof(text), NULL) += weight;
}

static void
vote(const struct assembly *a, struct votes *v, const struct call *c)
{
	uint32_t text = text_of(c);
	if (c->connect || (!c->statement && map_find(&v->spoken, &c->peer, sizeof(c->peer))))
		return;
	(*map_at(&v->calls, &text, sizeof(text), NULL))++;
	*map_at(&v->answered, &text, sizeof(text), NULL) += c->read != 0;
	*map_at(&v->told, &text, sizeof(text), NULL) += c->told != NOBODY;
	*map_at(&v->tasked, &text, sizeof(text), NULL) += c->task;
	vote_for_route(a, v, c);
	bool same = c->before != NOBODY && c->span != NOBODY && a->calls[c->before].span == c->span;
	if (same || c->held)
		(*map_at(&v->held, &text, sizeof(text), NULL))++;
	if (c->span == NOBODY || !a->spans[c->span].complete)
		return;
	struct pair level = { text, c->done };
	*map_at(&v->by_level, &level, sizeof(level), NULL) += weight_of(c);
	*map_at(&v->weight, &text, sizeof(text), NULL) += weight_of(c);
	if (c->alone) {
		(*map_at(&v->alone, &text, sizeof(text), NULL))++;
		*map_at(&v->slept, &text, sizeof(text), NULL) += c->slept;
		*map_at(&v->amid, &text, sizeof(text), NULL) += c->amid;
	}
}

static uint64_t
count_in(const struct map *m, uint32_t key)
{
	uint64_t *at = map_find(m, &key, sizeof(key));
	return at ? *at : 0;
}

/* Which route, or level, most of a text's weight is for. */
static void
find_winners(const struct map *pairs, const struct map *weight, double share, struct map *ret)
{
	size_t at = 0;
	for (const struct map_slot *s; (s = map_next(pairs, &at)); ) {
		const struct pair *p = s->key;
		if ((double)s->value >= share * (double)count_in(weight, p->text))
			*map_at(ret, &p->text, sizeof(p->text), NULL) = p->of;
	}
}

static uint32_t
winner(const struct map *winners, uint32_t text, uint32_t none)
{
	uint64_t *at = map_find(winners, &text, sizeof(text));
	return at ? (uint32_t)*at : none;
}

/* How often each of so many requests asks what was asked so often; 0: that varies. */
static uint32_t
count_for_each(uint64_t calls, uint64_t requests)
{
	double mean = (double)calls / (double)requests;
	uint32_t count = (uint32_t)(mean + 0.5);
	double off = mean > count ? mean - count : count - mean;
	return off <= COUNT_NEAR * count ? count : 0;
}

/* Bold: also one that has only most votes, if all of it is a whole number for each request. */
static uint32_t
route_of(const struct book *b, const struct votes *v, uint32_t text)
{
	uint32_t route = winner(&v->route, text, 0), likely = winner(&v->likely, text, 0);
	uint64_t requests = count_in(&v->requests, likely);
	bool dares = b->bold && !route && requests >= ENOUGH &&
	    count_for_each(count_in(&v->calls, text), requests);
	return dares ? likely : route;
}

/* Bold: the last question of a route follows the answers to all others; one other is the first. */
static void
set_levels(struct book *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct habit *h = &b->habits[i], *other = NULL;
		uint32_t others = 0;
		bool known = h->route && h->last && h->count == 1;
		for (uint32_t k = known ? book_of_route(b, h->route) : NOBODY; k != NOBODY;
		    k = b->habits[k].next) {
			if (k == i || !b->habits[k].count)
				continue;
			other = &b->habits[k];
			known &= !other->last;
			others += other->count;
		}
		h->level = known ? others : h->level;
		if (known && others == 1)
			other->level = 0;
	}
}

static void
add_entry(struct book *b, const struct votes *v, uint32_t text)
{
	struct habit e = { .text = text, .route = route_of(b, v, text), .next = NOBODY,
		.level = winner(&v->level, text, NOBODY) };
	uint64_t calls = count_in(&v->calls, text), requests = count_in(&v->requests, e.route);
	uint64_t alone = count_in(&v->alone, text);
	if (calls < ENOUGH)
		return;
	if (e.route && requests >= ENOUGH) {
		e.count = count_for_each(calls, requests);
		uint64_t *first = map_at(&b->routes, &e.route, sizeof(e.route), NULL);
		e.next = *first ? (uint32_t)*first - 1 : NOBODY;
		*first = b->n + 1;
	}
	e.last = (double)count_in(&v->told, text) > LAST_SHARE * (double)count_in(&v->answered, text);
	e.held = (double)count_in(&v->held, text) >= HELD_SHARE * (double)calls;
	double slept = alone ? (double)count_in(&v->slept, text) / (double)alone : 0;
	e.sleeps_known = alone >= ALONE_ENOUGH && (slept < ALONE_OFF || slept > 1 - ALONE_OFF);
	e.sleeps = e.sleeps_known && slept > 0.5;
	e.one_by_one = alone >= ALONE_ENOUGH && !count_in(&v->tasked, text) &&
	    (double)count_in(&v->amid, text) < ALONE_OFF * (double)alone;
	*map_at(&b->ids, &text, sizeof(text), NULL) = b->n;
	*ARENA_PUSH(b->arena, b->habits, b->n) = e;
}

static void
votes_done(struct votes *v)
{
	struct map *maps[] = { &v->by_route, &v->by_level, &v->weight, &v->of_routes,
		&v->calls, &v->requests, &v->told, &v->answered, &v->spoken,
		&v->alone, &v->slept, &v->amid, &v->tasked, &v->route, &v->likely, &v->level, &v->held };
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		map_done(maps[i]);
}

struct book *
book_learn(const struct assembly *a, bool bold)
{
	struct votes v = { 0 };
	struct book *b = calloc(1, sizeof(*b));
	size_t at = 0;
	if (!b)
		abort();
	b->arena = arena_new();
	b->bold = bold;
	for (size_t i = 0; i < a->n_spans; i++)
		if (a->spans[i].complete)
			(*map_at(&v.requests, &a->spans[i].route, sizeof(uint32_t), NULL))++;
	for (size_t i = 0; i < a->n_calls; i++)
		if (a->calls[i].statement)
			*map_at(&v.spoken, &a->calls[i].peer, sizeof(uint32_t), NULL) = 1;
	for (size_t i = 0; i < a->n_calls; i++)
		vote(a, &v, &a->calls[i]);
	find_winners(&v.by_route, &v.of_routes, ROUTES_SHARE, &v.route);
	find_winners(&v.by_route, &v.of_routes, LIKELY_SHARE, &v.likely);
	find_winners(&v.by_level, &v.weight, LEVEL_SHARE, &v.level);
	for (const struct map_slot *s; (s = map_next(&v.of_routes, &at)); )
		add_entry(b, &v, *(const uint32_t *)s->key);
	if (bold)
		set_levels(b);
	votes_done(&v);
	return b;
}

void
book_free(struct book *b)
{
	if (!b)
		return;
	map_done(&b->ids);
	map_done(&b->routes);
	arena_free(b->arena);
	free(b);
}

/* ---- using --------------------------------------------------------------------------------- */

static uint32_t
asked_before(const struct assembly *a, uint32_t span, uint32_t text)
{
	uint32_t n = 0;
	int looked = 0;
	for (uint32_t i = a->spans[span].calls; i != NOBODY && looked < CALLS_LOOKED;
	    i = a->calls[i].next, looked++)
		n += !a->calls[i].connect && text_of(&a->calls[i]) == text;
	return n;
}

const struct habit *
book_habit(const struct book *b, uint32_t text)
{
	uint64_t *at = b ? map_find(&b->ids, &text, sizeof(text)) : NULL;
	return at ? &b->habits[*at] : NULL;
}

uint32_t
book_of_route(const struct book *b, uint32_t route)
{
	uint64_t *first = map_find(&b->routes, &route, sizeof(route));
	return first ? (uint32_t)*first - 1 : NOBODY;
}

int
template_fits(const struct worker *w, uint32_t span, uint32_t text)
{
	const struct habit *e = book_habit(w->book, text);
	const struct course *c = &w->courses[span];
	const struct span *s = &w->a->spans[span];
	if (!e || !e->route || s->partial || w->book->bold)
		return 0;
	if (e->route != s->route || (e->level != NOBODY && c->done < e->level) ||
	    (e->sleeps && !c->slept) || (e->one_by_one && course_asks(c)))
		return -1;
	if (!e->count)
		return 0;
	return asked_before(w->a, span, text) < e->count ? 1 : -1;
}

/* Of one habit: how many of its questions the span may ask now. */
static uint32_t
missing_of(const struct worker *w, uint32_t span, const struct habit *e)
{
	uint32_t asked = asked_before(w->a, span, e->text);
	uint32_t missing = e->count > asked ? e->count - asked : 0;

	if (!e->one_by_one)
		return missing;
	return missing && !course_asks(&w->courses[span]);
}

int
template_missing(const struct worker *w, uint32_t span)
{
	const struct span *s = &w->a->spans[span];
	uint32_t first = w->book ? book_of_route(w->book, s->route) : NOBODY;
	int sum = -1;
	if (first == NOBODY || s->partial || w->book->bold)
		return -1;
	for (uint32_t i = first; i != NOBODY; i = w->book->habits[i].next) {
		const struct habit *e = &w->book->habits[i];
		if (!e->count || (e->level != NOBODY && e->level > w->courses[span].done))
			continue;
		sum = (sum < 0 ? 0 : sum) + (int)missing_of(w, span, e);
	}
	return sum;
}

bool
template_is_held(const struct worker *w, uint32_t text)
{
	const struct habit *e = book_habit(w->book, text);
	return e && e->held;
}

bool
template_tells_sleep(const struct worker *w, uint32_t text)
{
	const struct habit *e = book_habit(w->book, text);
	return e && e->sleeps_known;
}

/* ---- afterwards ---------------------------------------------------------------------------- */

/* Which statements, how often each; in whatever order. */
static uint64_t
signature(const struct assembly *a, const struct span *s)
{
	uint64_t sum = 1;
	for (uint32_t i = s->calls; i != NOBODY; i = a->calls[i].next) {
		const struct call *c = &a->calls[i];
		uint64_t h = (((uint64_t)c->statement << 32) | c->peer) * UINT64_C(0x9e3779b97f4a7c15);
		sum += c->connect ? 0 : (h ^ h >> 29) | 1;
	}
	return sum;
}

static void
doubt(struct assembly *a, const struct span *s)
{
	for (uint32_t i = s->calls; i != NOBODY; i = a->calls[i].next)
		if (a->calls[i].sure < 100 && a->calls[i].sure > SURE_UNUSUAL)
			a->calls[i].sure = SURE_UNUSUAL;
}

void
template_check(struct assembly *a)
{
	struct map requests = { 0 }, usual = { 0 };
	struct { uint64_t route, signature; } id;
	for (size_t i = 0; i < a->n_spans; i++) {
		if (!a->spans[i].complete)
			continue;
		id.route = a->spans[i].route;
		id.signature = signature(a, &a->spans[i]);
		(*map_at(&requests, &id.route, sizeof(id.route), NULL))++;
		(*map_at(&usual, &id, sizeof(id), NULL))++;
	}
	for (size_t i = 0; i < a->n_spans; i++) {
		if (!a->spans[i].complete)
			continue;
		id.route = a->spans[i].route;
		id.signature = signature(a, &a->spans[i]);
		uint64_t all = *map_find(&requests, &id.route, sizeof(id.route));
		uint64_t same = *map_find(&usual, &id, sizeof(id));
		if (all >= ENOUGH && (double)same <= (1 - USUAL_SHARE) * (double)all)
			doubt(a, &a->spans[i]);
	}
	map_done(&requests);
	map_done(&usual);
}
