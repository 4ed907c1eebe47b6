/* SPDX-License-Identifier: MIT */
/* What was under way as a window began.
 *
 * Without that the first connection that a pool hands over would go to the wrong span, and so on
 * to the last. Requests that were open show as connections whose first event is a response; calls
 * that were out as connections to peers whose first event is an answer. Spans without a request
 * stand for them, in the order in which they were answered: those that had calls out first, the
 * others waiting. Connections that were there from the beginning are members of their pool from
 * the beginning. */
#include "trace/assemble_int.h"

struct look {
	struct worker *w;
	const struct tape_window *win;
	struct map seen;           /* connections */
	struct map peers;          /* of connections: texts */
	uint32_t *found;           size_t n_found;       /* spans */
	size_t *with_call;         /* by thread: of its spans, those that were given a call */
};

static void
see_response(struct look *l, const struct rec *r)
{
	struct worker *w = l->w;
	struct actor *actor = &w->actors[r->thread];
	uint32_t span = span_new(w, &(struct span){ .arrival = l->win->from, .read = l->win->from,
		.thread = r->thread, .partial = true });
	struct conn *c = conn_of(w, r->key);
	c->server = true;
	c->span = span;
	actor->open++;
	*ARENA_PUSH(w->a->arena, l->found, l->n_found) = span;
}

/* The oldest of the thread's spans that has no call yet. */
static uint32_t
next_without_call(struct look *l, uint32_t thread)
{
	size_t skip = l->with_call[thread]++;
	for (size_t i = 0; i < l->n_found; i++)
		if (l->w->a->spans[l->found[i]].thread == thread && skip-- == 0)
			return l->found[i];
	return NOBODY;
}

/* Connections that are opened later join their pool when they are. */
static void
look_at_conn(struct look *l, const struct rec *r)
{
	bool new;
	if (r->name && r->at)
		map_at(&l->w->own_calls, &r->at, sizeof(r->at), NULL);
	*map_at(&l->peers, &r->key, sizeof(r->key), &new) = r->name;
	if (!new || r->flags != CONN_SEEN || !r->name)
		return;
	struct conn *c = conn_of(l->w, r->key);
	const char *kind;
	c->peer = r->name;
	c->kind = (uint8_t)peer_part((uint16_t)r->value, &kind);
	pool_join(l->w, c, l->w->t->threads[r->thread].pid);
}

static void
look_at_question(struct look *l, const struct rec *r)
{
	uint64_t *peer = map_find(&l->peers, &r->key, sizeof(r->key));
	if (peer && r->name)
		pool_of(l->w, l->w->t->threads[r->thread].pid, (uint32_t)*peer)->spoken = true;
}

static void
look_at(struct look *l, const struct rec *r)
{
	if (r->kind == REC_CONN)
		look_at_conn(l, r);
	if (r->kind == REC_ASK)
		look_at_question(l, r);
	bool first = r->kind == REC_IO || (r->kind == REC_CONN && r->flags != CONN_SEEN);
	if (!first)
		return;
	uint64_t *state = map_at(&l->seen, &r->key, sizeof(r->key), NULL);
	if (!*state && r->kind == REC_IO && r->flags & IO_SERVER && r->flags & IO_WRITE)
		see_response(l, r);
	*state = 1;
}

/* Second look: the answers to calls that were out. */
static void
look_for_calls(struct look *l, const struct rec *r)
{
	struct worker *w = l->w;
	if (r->kind != REC_IO)
		return;
	uint64_t *state = map_at(&l->seen, &r->key, sizeof(r->key), NULL);
	struct conn *c = conn_of(w, r->key);
	bool answers = !(r->flags & (IO_SERVER | IO_WRITE)) && !c->server && r->value && !*state;
	*state = 1;
	if (answers && c->pool != NOBODY)
		call_before(w, c, r, next_without_call(l, r->thread), l->win->from);
}

void
find_before(struct worker *w, const struct tape_window *win, const uint32_t *order)
{
	struct look l = { .w = w, .win = win };
	for (size_t i = 0; i < win->n; i++)
		look_at(&l, tape_at(w->t, order[i]));
	map_done(&l.seen);
	l.with_call = arena_alloc(w->a->arena, (w->t->n_threads + 1) * sizeof(*l.with_call));
	for (size_t i = 0; i < win->n; i++)
		look_for_calls(&l, tape_at(w->t, order[i]));
	map_done(&l.seen);
	map_done(&l.peers);
	for (size_t i = 0; i < l.n_found; i++)
		if (!w->courses[l.found[i]].out)
			stall_before(w, l.found[i]);
}
