/* SPDX-License-Identifier: MIT */
/* Whose the questions of a loop to a pool are, told by what came after them.
 *
 * Who wants a connection joins a queue: when the request is read, or when the answer comes after
 * which the next question is asked. The queue serves in its order. Neither needs a link to be seen:
 * the habits of the routes tell what who joins is going to ask, and after an answer it is its asker
 * who asks the next. So those who joined and what was asked are laid along each other
 * (assemble_path.c).
 *
 * A link is taken where the way from the request that was read through its questions ends in the
 * run that wrote its response. Where it does not, the call is doubtful, and so are all where that
 * is so of many: the pool serves in another order. Where routes have no habits links stay as they
 * are. */
#include "trace/assemble_order.h"

#include <stdlib.h>

#define SURE_TOLD     98
#define SURE_IN_ORDER 97
#define SURE_OPEN     60       /* the way of its span does not close */
#define SURE_NO_DOUBT 99       /* a queue whose links are all so sure is left alone */
#define ODD_MAX       0.5      /* of a queue's questions that are nobody's habit */
#define CLOSED_MIN    0.8      /* of them that must be on ways that close */

struct member { uint32_t window, thread, peer, call; };

/* ---- what is known of a route -------------------------------------------------------------- */

static bool
is_usable(const struct habit *h)
{
	return h && h->route && h->count && h->level != NOBODY && !h->sleeps;
}

/* How many questions its requests may ask at a level, to all peers, each time. */
static uint32_t
asked_at(const struct book *b, uint32_t route, uint32_t level)
{
	uint32_t sum = 0;
	for (uint32_t i = book_of_route(b, route); i != NOBODY; i = b->habits[i].next)
		if (b->habits[i].level == level || b->habits[i].level == NOBODY)
			sum += b->habits[i].count;
	return sum;
}

/* The response follows its answer. */
static bool
is_last(const struct book *b, const struct habit *h)
{
	if (h->last || h->level == NOBODY)
		return h->last;
	for (uint32_t i = book_of_route(b, h->route); i != NOBODY; i = b->habits[i].next)
		if (b->habits[i].level == NOBODY || b->habits[i].level > h->level)
			return false;
	return true;
}

/* The span whose response shows it to be the call's; NOBODY none. */
static uint32_t
told_span(const struct book *b, const struct assembly *a, const struct call *c)
{
	const struct habit *h = c->told == NOBODY ? NULL : book_habit(b, text_of(c));
	const struct span *s = h ? &a->spans[c->told] : NULL;
	if (!s || !h->route || !is_last(b, h))
		return NOBODY;
	return s->partial || s->route == h->route ? c->told : NOBODY;
}

/* Who answers has asked it, and what came before on the connection as long as that was held. */
static void
link_told(struct book *b, const struct assembly *a)
{
	for (uint32_t i = 0; i < a->n_calls; i++) {
		uint32_t span = told_span(b, a, &a->calls[i]);
		bool held = span != NOBODY;
		for (uint32_t c = i; held && c != NOBODY; c = a->calls[c].before) {
			const struct habit *h = book_habit(b, text_of(&a->calls[c]));
			b->links[c] = (struct link){ span, SURE_TOLD };
			held = h && h->held;
		}
	}
}

/* ---- who was served ------------------------------------------------------------------------ */

static bool
logs_in(const struct call *c, bool spoken)
{
	return c->connect || (spoken && !c->statement);
}

static void
add_served(struct queue *q, uint32_t id, const struct habit *h)
{
	const struct call *c = &q->a->calls[id];
	*map_at(&q->place, &id, sizeof(id), NULL) = q->n + 1;
	*map_at(&q->texts, &h->text, sizeof(h->text), NULL) = 1;
	*ARENA_PUSH(q->arena, q->served, q->n) = (struct served){ .call = id, .habit = h,
		.came_back = c->before == NOBODY ? 0 : q->a->calls[c->before].read, .span = NOBODY };
}

struct wish { uint32_t span, text; };

/* It asks for what another thread has read: no loop. */
static bool
is_of_others(const struct assembly *a, const struct call *c)
{
	return c->span != NOBODY && a->spans[c->span].thread != c->thread;
}

/* Is anything in doubt that no task tells? */
static bool
has_doubt(const struct assembly *a, const struct member *m, size_t n)
{
	bool doubt = false;
	for (size_t i = 0; i < n; i++) {
		if (a->calls[m[i].call].task)
			return false;
		doubt |= a->calls[m[i].call].sure < SURE_NO_DOUBT;
	}
	return doubt;
}

/* False: this is no queue that could be understood. */
static bool
collect_served(struct queue *q, const struct member *m, size_t n)
{
	bool spoken = false;
	size_t odd = 0;
	for (size_t i = 0; i < n; i++)
		spoken |= q->a->calls[m[i].call].statement != 0;
	for (size_t i = 0; i < n; i++) {
		const struct call *c = &q->a->calls[m[i].call];
		const struct call *before = c->before == NOBODY ? NULL : &q->a->calls[c->before];
		const struct habit *h = book_habit(q->book, text_of(c));
		if (logs_in(c, spoken) || (h && h->held) || is_of_others(q->a, c))
			continue;
		if (before && (!before->read || before->read > c->start) && !before->connect)
			return false;
		odd += !is_usable(h);
		if (before && logs_in(before, spoken))
			(*map_at(&q->opened, &(struct wish){ c->span, text_of(c) }, sizeof(struct wish), NULL))++;
		else if (is_usable(h))
			add_served(q, m[i].call, h);
	}
	return q->n && (double)odd <= ODD_MAX * (double)n;
}

/* ---- who joined ---------------------------------------------------------------------------- */

static void
join(struct queue *q, const struct joined *j, uint32_t count, uint32_t text, uint32_t span)
{
	uint64_t *opened = map_find(&q->opened, &(struct wish){ span, text }, sizeof(struct wish));
	for (; count; count--)
		if (opened && *opened)
			--*opened;
		else
			*ARENA_PUSH(q->arena, q->joined, q->n_joined) = *j;
}

/* For all that the route asks this peer at the level. `span`: whose it is thought to be. */
static void
join_all(struct queue *q, struct joined j, uint32_t span)
{
	for (uint32_t i = book_of_route(q->book, j.route); i != NOBODY; i = q->book->habits[i].next) {
		const struct habit *h = &q->book->habits[i];
		if (h->level == j.level && !h->held && map_find(&q->texts, &h->text, sizeof(h->text)))
			join(q, &j, h->count, h->text, span);
	}
}

static int
by_joining(const void *left, const void *right)
{
	const struct joined *l = left, *r = right;
	if (l->time != r->time)
		return l->time < r->time ? -1 : 1;
	return l->level != r->level ? (l->level < r->level ? -1 : 1) : 0;
}

static int
by_value(const void *left, const void *right)
{
	int64_t l = *(const int64_t *)left, r = *(const int64_t *)right;
	return l < r ? -1 : l > r;
}

static void
collect_joined(struct queue *q)
{
	const struct assembly *a = q->a;
	for (uint32_t i = 0; i < a->n_spans; i++) {
		const struct span *s = &a->spans[i];
		if (s->thread != q->thread || s->partial || s->read < q->from || s->read > q->to)
			continue;
		*ARENA_PUSH(q->arena, q->reads, q->n_reads) = s->read;
		join_all(q, (struct joined){ .time = s->read, .route = s->route, .span = i,
			.call = NOBODY }, i);
	}
	for (uint32_t i = 0; i < a->n_calls; i++) {
		const struct call *c = &a->calls[i];
		const struct habit *h = book_habit(q->book, text_of(c));
		if (c->thread != q->thread || !c->read || c->start < q->from || c->start > q->to)
			continue;
		*ARENA_PUSH(q->arena, q->reads, q->n_reads) = c->read;
		if (!c->connect && is_usable(h) && asked_at(q->book, h->route, h->level) == 1)
			join_all(q, (struct joined){ .time = c->read, .route = h->route,
				.level = h->level + 1, .span = NOBODY, .call = i }, c->span);
	}
	qsort(q->joined, q->n_joined, sizeof(*q->joined), by_joining);
	qsort(q->reads, q->n_reads, sizeof(*q->reads), by_value);
}

static void
count_ahead(struct queue *q)
{
	size_t joined = 0, read = 0;
	for (size_t i = 0; i < q->n; i++) {
		int64_t start = q->a->calls[q->served[i].call].start;
		while (joined < q->n_joined && q->joined[joined].time < start)
			joined++;
		while (read < q->n_reads && q->reads[read] < start)
			read++;
		q->served[i].ahead = (uint32_t)joined;
		q->served[i].heard = read ? q->reads[read - 1] : 0;
	}
}

/* ---- links --------------------------------------------------------------------------------- */

static struct served *
served_by(const struct queue *q, uint32_t call)
{
	uint64_t *at = map_find(&q->place, &call, sizeof(call));
	return at ? &q->served[*at - 1] : NULL;
}

/* Who joined after an answer is known before, because its question was asked before. */
static void
name_spans(struct queue *q)
{
	for (size_t i = 0; i < q->n; i++) {
		struct served *s = &q->served[i];
		const struct joined *j = who_joined(q, s, s->lag);
		if (!j || j->route != s->habit->route || j->level != s->habit->level)
			continue;
		const struct served *earlier = j->span == NOBODY ? served_by(q, j->call) : NULL;
		s->span = j->span != NOBODY ? j->span : earlier ? earlier->span : q->a->calls[j->call].span;
	}
}

/* From the responses back. Questions that were asked together close with the last of them. */
static size_t
close_ways(struct queue *q)
{
	struct map answered = { 0 };
	size_t closed = 0;
	for (size_t i = q->n; i-- > 0; ) {
		struct served *s = &q->served[i];
		const struct joined *j = who_joined(q, s, s->lag);
		bool ends = s->span != NOBODY && s->span == told(q, s);
		if (ends)
			*map_at(&answered, &s->span, sizeof(s->span), NULL) = 1;
		s->closed |= ends;
		struct served *earlier = s->closed && j->span == NOBODY ? served_by(q, j->call) : NULL;
		if (earlier)
			earlier->closed = true;
	}
	for (size_t i = 0; i < q->n; i++) {
		struct served *s = &q->served[i];
		if (s->span != NOBODY && is_last(q->book, s->habit))
			s->closed |= map_find(&answered, &s->span, sizeof(s->span)) != NULL;
		closed += s->closed;
	}
	map_done(&answered);
	return closed;
}

/* Does this pool serve in order? */
static bool
is_orderly(const struct queue *q, size_t closed)
{
	size_t complete = 0;
	for (size_t i = 0; i < q->n; i++)
		complete += q->served[i].span != NOBODY && q->a->spans[q->served[i].span].complete;
	return (double)closed >= CLOSED_MIN * (double)complete;
}

static void
take_links(struct queue *q, struct book *b)
{
	bool orderly = is_orderly(q, close_ways(q));
	for (size_t i = 0; i < q->n; i++) {
		const struct served *s = &q->served[i];
		const struct call *c = &q->a->calls[s->call];
		struct link *link = &b->links[s->call];
		if (link->span != NOBODY || c->sure == 100 || (b->bold && !(orderly && s->closed)))
			continue;
		if (orderly && s->span != NOBODY)
			*link = (struct link){ s->span, s->closed ? SURE_IN_ORDER : SURE_OPEN };
		else if (c->sure >= CALL_SURE && c->sure < SURE_NO_DOUBT)
			*link = (struct link){ c->span, SURE_OPEN };
	}
}

static void
learn_queue(struct book *b, struct queue *q, const struct member *m, size_t n)
{
	if (!has_doubt(q->a, m, n))
		return;
	q->arena = arena_new();
	if (collect_served(q, m, n)) {
		collect_joined(q);
		count_ahead(q);
		find_path(q);
		name_spans(q);
		take_links(q, b);
	}
	map_done(&q->texts);
	map_done(&q->opened);
	map_done(&q->place);
	arena_free(q->arena);
}

/* ---- all of them --------------------------------------------------------------------------- */

static int
by_queue(const void *left, const void *right)
{
	const struct member *l = left, *r = right;
	if (l->window != r->window)
		return l->window < r->window ? -1 : 1;
	if (l->thread != r->thread)
		return l->thread < r->thread ? -1 : 1;
	if (l->peer != r->peer)
		return l->peer < r->peer ? -1 : 1;
	return l->call < r->call ? -1 : 1;
}

static void
learn_queues(struct book *b, const struct assembly *a, const struct member *m)
{
	for (size_t first = 0, end; first < a->n_calls; first = end) {
		for (end = first + 1; end < a->n_calls && m[end].window == m[first].window &&
		    m[end].thread == m[first].thread && m[end].peer == m[first].peer; end++)
			continue;
		const struct tape_window *w = &a->tape->windows[m[first].window];
		struct queue q = { .a = a, .book = b, .thread = m[first].thread, .peer = m[first].peer,
			.from = w->from, .to = w->to };
		learn_queue(b, &q, m + first, end - first);
	}
}

bool
book_order(struct book *b, const struct assembly *a)
{
	struct member *m = calloc(a->n_calls + 1, sizeof(*m));
	uint32_t window = 0;
	bool differs = false;
	if (!m)
		abort();
	b->n_links = a->n_calls;
	b->links = arena_alloc(b->arena, (a->n_calls + 1) * sizeof(*b->links));
	for (uint32_t i = 0; i < a->n_calls; i++) {
		const struct call *c = &a->calls[i];
		while (window + 1 < a->tape->n_windows && c->start >= a->tape->windows[window + 1].from)
			window++;
		m[i] = (struct member){ window, c->thread, c->peer, i };
		b->links[i].span = NOBODY;
	}
	link_told(b, a);
	qsort(m, a->n_calls, sizeof(*m), by_queue);
	learn_queues(b, a, m);
	for (size_t i = 0; i < a->n_calls && !differs; i++)
		differs = b->links[i].span != NOBODY && (b->links[i].span != a->calls[i].span ||
		    (b->links[i].sure < CALL_SURE) != (a->calls[i].sure < CALL_SURE));
	free(m);
	return differs;
}

const struct link *
book_link(const struct book *b, size_t call)
{
	return b && call < b->n_links && b->links[call].span != NOBODY ? &b->links[call] : NULL;
}
