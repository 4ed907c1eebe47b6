/* SPDX-License-Identifier: MIT */
/* Segments: which thread worked for which span when, and how that is put right afterwards. */
#include "trace/assemble_int.h"

#include <stdlib.h>

uint32_t
span_new(struct worker *w, const struct span *s)
{
	struct assembly *a = w->a;
	*ARENA_PUSH(a->arena, a->spans, a->n_spans) = *s;
	struct span *added = &a->spans[a->n_spans - 1];
	added->writer = added->first = added->last = added->sql = added->calls = NOBODY;
	*ARENA_PUSH(a->arena, w->courses, w->n_courses) = (struct course){ .holder = NOBODY,
		.merged = NOBODY };
	return (uint32_t)(a->n_spans - 1);
}

void
close_segment(struct worker *w, struct actor *actor, int64_t now)
{
	if (actor->segment != NOBODY)
		w->a->segments[actor->segment].end = now;
	actor->segment = NOBODY;
}

static void
adopt_orphans(struct worker *w, struct actor *actor, uint32_t span, int64_t since)
{
	struct assembly *a = w->a;
	for (uint32_t i = actor->orphan_sql, next; i != NOBODY; i = next) {
		struct rec *r = tape_at(w->t, i);
		next = (uint32_t)r->key;
		if (r->from < since)
			break;
		r->key = a->spans[span].sql;
		a->spans[span].sql = i;
	}
	for (uint32_t i = actor->orphan_calls, next; i != NOBODY; i = next) {
		struct call *c = &a->calls[i];
		next = c->next;
		if (c->start < since)
			break;
		c->span = span;
		c->sure = 95;
		w->courses[span].out += !c->read && !c->connect;
		c->next = a->spans[span].calls;
		a->spans[span].calls = i;
	}
	actor->orphan_sql = actor->orphan_calls = NOBODY;
}

/* The segment that is open on a thread ends where its response is out of the door, else now: then
 * the next one cannot begin before. Returns when that may begin. */
static int64_t
end_other_work(struct worker *w, struct actor *actor, int64_t start, int64_t now)
{
	if (actor->segment == NOBODY)
		return start;
	const struct span *old = &w->a->spans[w->a->segments[actor->segment].span];
	bool over = old->answered && old->end <= start;
	close_segment(w, actor, over ? old->end : now);
	return over || start > now ? start : now;
}

/* A segment behind the span's others. */
static uint32_t
add_segment(struct worker *w, uint32_t thread, uint32_t span, int64_t start, struct gap gap)
{
	struct assembly *a = w->a;
	uint32_t id = (uint32_t)a->n_segments;
	*ARENA_PUSH(a->arena, a->segments, a->n_segments) = (struct segment){ .start = start,
		.span = span, .thread = thread, .next = NOBODY, .gap_kind = (uint8_t)gap.kind,
		.gap_where = gap.where, .gap_call = gap.call, .gap_arrival = gap.arrival };
	struct thread_log *log = &a->threads[thread];
	*ARENA_PUSH(a->arena, log->segments, log->n_segments) = id;
	struct span *sp = &a->spans[span];
	if (sp->first == NOBODY)
		sp->first = id;
	else
		a->segments[sp->last].next = id;
	sp->last = id;
	return id;
}

void
work_for(struct worker *w, uint32_t thread, uint32_t span, int64_t start, int64_t now,
    struct gap gap)
{
	struct actor *actor = &w->actors[thread];
	if (actor->span == span && actor->segment != NOBODY)
		return;
	start = end_other_work(w, actor, start, now);
	actor->segment = add_segment(w, thread, span, start, gap);
	actor->span = span;
	adopt_orphans(w, actor, span, start);
}

void
work_amid(struct worker *w, uint32_t thread, uint32_t span, int64_t now, struct gap gap)
{
	struct actor *actor = &w->actors[thread];
	if (actor->span == span)
		return;
	if (actor->segment == NOBODY) {
		work_for(w, thread, span, actor->resumed < now ? actor->resumed : now, now, gap);
		return;
	}
	uint32_t id = add_segment(w, thread, span, now, gap);
	w->a->segments[id].end = now;
}

void
leave(struct worker *w, uint32_t thread, int64_t now)
{
	struct actor *actor = &w->actors[thread];
	close_segment(w, actor, now);
	actor->span = NOBODY;
}

struct gap
gap_unknown(const struct actor *actor)
{
	return (struct gap){ .kind = actor->timed_out ? PART_SLEEP : PART_OTHER, .call = NOBODY };
}

uint32_t
owner_now(struct worker *w, uint32_t thread, int64_t now)
{
	struct actor *actor = &w->actors[thread];
	if (actor->span != NOBODY && w->a->spans[actor->span].answered &&
	    w->a->spans[actor->span].thread != thread)
		leave(w, thread, w->a->spans[actor->span].end);
	if (actor->span == NOBODY && actor->open == 1 && actor->last_open != NOBODY &&
	    !w->a->spans[actor->last_open].answered)
		work_for(w, thread, actor->last_open, actor->resumed, now, gap_unknown(actor));
	return actor->span;
}

/* ---- putting right ------------------------------------------------------------------------- */

/* Take what began since then off the span's segments; returns it as a chain. */
static uint32_t
cut_segments(struct assembly *a, uint32_t span, int64_t since)
{
	struct span *s = &a->spans[span];
	uint32_t before = NOBODY, i = s->first;
	while (i != NOBODY && a->segments[i].start < since) {
		before = i;
		i = a->segments[i].next;
	}
	if (before == NOBODY)
		s->first = NOBODY;
	else
		a->segments[before].next = NOBODY;
	s->last = before;
	return i;
}

/* Put the chain among the span's segments, both in order of time. */
static void
give_segments(struct assembly *a, uint32_t chain, uint32_t span)
{
	struct span *s = &a->spans[span];
	uint32_t own = s->first, *link = &s->first;
	for (uint32_t i = chain; i != NOBODY; i = a->segments[i].next)
		a->segments[i].span = span;
	while (own != NOBODY || chain != NOBODY) {
		bool take_own = chain == NOBODY ||
		    (own != NOBODY && a->segments[own].start <= a->segments[chain].start);
		uint32_t *from = take_own ? &own : &chain;
		s->last = *link = *from;
		link = &a->segments[*from].next;
		*from = *link;
	}
	*link = NOBODY;
}

/* Calls are chained newest first. */
static uint32_t
cut_calls(struct assembly *a, uint32_t span, int64_t since)
{
	uint32_t chain = a->spans[span].calls, *end = &chain;
	while (*end != NOBODY && a->calls[*end].start >= since)
		end = &a->calls[*end].next;
	a->spans[span].calls = *end;
	*end = NOBODY;
	return chain;
}

static uint32_t
count_out(const struct assembly *a, uint32_t chain)
{
	uint32_t out = 0;
	for (uint32_t i = chain; i != NOBODY; i = a->calls[i].next)
		out += !a->calls[i].read && !a->calls[i].connect;
	return out;
}

static void
give_calls(struct assembly *a, uint32_t chain, uint32_t span, uint8_t sure_at_most)
{
	uint32_t own = a->spans[span].calls, *link = &a->spans[span].calls;
	for (uint32_t i = chain; i != NOBODY; i = a->calls[i].next) {
		struct call *c = &a->calls[i];
		c->span = span;
		c->sure = c->sure < sure_at_most ? c->sure : sure_at_most;
	}
	while (own != NOBODY || chain != NOBODY) {
		bool take_own = chain == NOBODY ||
		    (own != NOBODY && a->calls[own].start >= a->calls[chain].start);
		uint32_t *from = take_own ? &own : &chain;
		*link = *from;
		link = &a->calls[*from].next;
		*from = *link;
	}
	*link = NOBODY;
}

static void
give_statements(struct assembly *a, uint32_t from, uint32_t to)
{
	struct span *f = &a->spans[from], *s = &a->spans[to];
	for (uint32_t i = f->sql, next; i != NOBODY; i = next) {
		struct rec *r = tape_at(a->tape, i);
		next = (uint32_t)r->key;
		r->key = s->sql;
		s->sql = i;
	}
	f->sql = NOBODY;
}

/* Threads go on with the spans that their open segments belong to now. */
static void
rename_actors(struct worker *w)
{
	for (size_t i = 0; i < w->t->n_threads; i++)
		if (w->actors[i].segment != NOBODY)
			w->actors[i].span = w->a->segments[w->actors[i].segment].span;
}

void
span_take(struct assembly *a, uint32_t from, uint32_t to)
{
	give_segments(a, cut_segments(a, from, INT64_MIN), to);
	give_calls(a, cut_calls(a, from, INT64_MIN), to, 100);
	give_statements(a, from, to);
}

static void
move_out(struct worker *w, uint32_t n, uint32_t from, uint32_t to)
{
	w->courses[from].out -= n;
	w->courses[to].out += n;
}

void
merge_spans(struct worker *w, uint32_t from, uint32_t to)
{
	move_out(w, count_out(w->a, w->a->spans[from].calls), from, to);
	span_take(w->a, from, to);
	w->courses[to].done += w->courses[from].done;
	w->courses[from].merged = to;
	rename_actors(w);
}

#define SURE_AFTER_SWAP 60

void
swap_since(struct worker *w, uint32_t x, uint32_t y, int64_t since)
{
	struct assembly *a = w->a;
	uint32_t of_x = cut_segments(a, x, since), of_y = cut_segments(a, y, since);
	uint32_t calls_x = cut_calls(a, x, since), calls_y = cut_calls(a, y, since);
	move_out(w, count_out(a, calls_x), x, y);
	move_out(w, count_out(a, calls_y), y, x);
	give_segments(a, of_x, y);
	give_segments(a, of_y, x);
	give_calls(a, calls_x, y, SURE_AFTER_SWAP);
	give_calls(a, calls_y, x, SURE_AFTER_SWAP);
	rename_actors(w);
}
