/* SPDX-License-Identifier: MIT */
/* Coroutines and goroutines: each call tells who makes it.
 *
 * Which request a task works for is certain when it writes the response. Until then spans of its
 * own stand for what it asks, which then become part of the request's, back to when that was read:
 * a task may serve a whole connection, and the memory of one that ended is used for the next. A
 * goroutine that reads the request itself works for it from there.
 * What a task asked that never answers (a child of another one) is given to the only request that
 * was open; else to whoever had used the connection before and had nothing else out; else to the
 * oldest request that is known to ask this and has not. */
#include "trace/assemble_int.h"

#define SURE_HOLDER 80
#define SURE_ALWAYS 95         /* and so it is with all calls of the statement */
#define SURE_ONLY   95
#define SURE_OLDEST 60
#define CHAIN_MAX   16
#define LOOKED_MAX  4096       /* requests */

static uint64_t *
place_of(struct worker *w, const struct rec *r)
{
	struct { uint64_t task; int64_t pid; } id = { r->task, w->t->threads[r->thread].pid };
	return map_at(&w->task_spans, &id, sizeof(id), NULL);
}

static void
see_task(struct worker *w, const struct rec *r)
{
	struct actor *actor = &w->actors[r->thread];
	actor->tasks = true;
	actor->goroutines |= r->task & TASK_GO;
}

/* Whose child an unknown task may be. */
static void
note_holder(struct worker *w, uint32_t span, const struct rec *r, const struct conn *c)
{
	struct course *course = &w->courses[span];
	const struct actor *actor = &w->actors[r->thread];
	uint32_t before = c->last == NOBODY ? NOBODY : w->a->calls[c->last].span;
	if (actor->open == 1 && actor->last_open != NOBODY && !w->a->spans[actor->last_open].answered) {
		course->holder = actor->last_open;
		course->holder_sure = SURE_ONLY;
	} else if (before != NOBODY && !w->a->spans[before].answered && !w->courses[before].out) {
		course->holder = before;
		course->holder_sure = SURE_HOLDER;
	}
}

uint32_t
task_span(struct worker *w, const struct rec *r, const struct conn *c)
{
	uint64_t *place = place_of(w, r);
	see_task(w, r);
	uint32_t before = *place ? (uint32_t)*place - 1 : NOBODY;
	bool goes_on = before != NOBODY && !w->a->spans[before].answered &&
	    (!w->courses[before].task || w->courses[before].out);
	if (goes_on)
		return before;
	uint32_t span = span_new(w, &(struct span){ .arrival = r->ts, .read = r->ts,
		.thread = r->thread, .partial = true });
	w->courses[span].task = true;
	w->courses[span].earlier = before;
	note_holder(w, span, r, c);
	*place = span + 1;
	return span;
}

void
task_reads(struct worker *w, const struct rec *r, uint32_t span)
{
	see_task(w, r);
	*place_of(w, r) = span + 1;
}

void
task_answers(struct worker *w, const struct rec *r, uint32_t span)
{
	uint64_t *place = place_of(w, r);
	see_task(w, r);
	uint32_t own = *place ? (uint32_t)*place - 1 : NOBODY;
	while (own != NOBODY && own != span && w->courses[own].task &&
	    w->a->spans[own].read >= w->a->spans[span].read) {
		merge_spans(w, own, span);
		w->courses[own].merged_sure = 100;
		own = w->courses[own].earlier;
	}
	*place = span + 1;
}

/* ---- tasks that never answer --------------------------------------------------------------- */

/* The request that a task's holder turned out to be; NOBODY: none. */
static uint32_t
end_of_chain(const struct worker *w, uint32_t span, uint8_t *sure)
{
	for (int i = 0; i < CHAIN_MAX && span != NOBODY; i++) {
		const struct course *c = &w->courses[span];
		if (!c->task)
			return span;
		uint8_t link = c->merged != NOBODY ? c->merged_sure : c->holder_sure;
		*sure = link < *sure ? link : *sure;
		span = c->merged != NOBODY ? c->merged : c->holder;
	}
	return NOBODY;
}

static bool
lies_within(const struct assembly *a, uint32_t task, uint32_t span)
{
	const struct span *t = &a->spans[task], *s = &a->spans[span];
	uint32_t newest = t->calls;
	return s->answered && s->read <= t->read &&
	    (newest == NOBODY || a->calls[newest].start <= s->end);
}

static uint32_t
text_asked(const struct assembly *a, uint32_t span)
{
	uint32_t call = a->spans[span].calls;
	if (call == NOBODY)
		return 0;
	return a->calls[call].statement ? a->calls[call].statement : a->calls[call].peer;
}

/* The oldest request of the thread that asks this and has not. Tasks come in order of time, so
 * requests that ended before one are of no use to the next: *first. */
static uint32_t
oldest_fitting(struct worker *w, uint32_t task, uint32_t text, uint32_t *first)
{
	const struct assembly *a = w->a;
	while (*first < task && (a->spans[*first].partial || !a->spans[*first].answered ||
	    a->spans[*first].end < a->spans[task].read))
		(*first)++;
	for (uint32_t i = *first; i < task && i - *first < LOOKED_MAX; i++)
		if (!w->courses[i].task && a->spans[i].thread == a->spans[task].thread &&
		    lies_within(a, task, i) && template_fits(w, i, text) > 0)
			return i;
	return NOBODY;
}

static void
set_calls(struct worker *w, uint32_t span, uint8_t sure, bool nobodys)
{
	for (uint32_t i = w->a->spans[span].calls; i != NOBODY; i = w->a->calls[i].next) {
		w->a->calls[i].sure = sure;
		w->a->calls[i].span = nobodys ? NOBODY : w->a->calls[i].span;
	}
}

/* The request of whoever had the connection; NOBODY: it cannot be that. */
static uint32_t
holder_of(const struct worker *w, uint32_t task, uint32_t text, uint8_t *sure)
{
	uint32_t to = end_of_chain(w, w->courses[task].holder, sure);
	if (to != NOBODY && (!lies_within(w->a, task, to) || template_fits(w, to, text) < 0))
		return NOBODY;
	return to;
}

static void
give_task(struct worker *w, uint32_t task, uint32_t *first)
{
	struct course *c = &w->courses[task];
	uint32_t text = text_asked(w->a, task);
	bool certain = c->holder_sure == SURE_ONLY || template_is_held(w, text);
	uint8_t sure = c->holder_sure == SURE_HOLDER && certain ? SURE_ALWAYS : c->holder_sure;
	uint32_t holder = holder_of(w, task, text, &sure), to = holder;
	if (holder == NOBODY || !certain) {
		to = oldest_fitting(w, task, text, first);
		sure = to == NOBODY ? sure : SURE_OLDEST;
		to = to == NOBODY ? holder : to;
	}
	c->merged_sure = sure;
	set_calls(w, task, to == NOBODY ? 0 : sure, to == NOBODY);
	if (to != NOBODY)
		merge_spans(w, task, to);
}

void
tasks_end(struct worker *w)
{
	uint32_t first = (uint32_t)w->first_span;
	for (uint32_t i = first; i < w->a->n_spans; i++)
		if (w->courses[i].task && w->courses[i].merged == NOBODY)
			give_task(w, i, &first);
}
