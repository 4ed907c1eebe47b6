/* SPDX-License-Identifier: MIT */
/* Whose question a loop writes, where no task tells.
 *
 * A run is what a loop does from one read to the next: it works for what that read resumed. The k
 * answers in one read resume k spans, which act in that order. A connection that comes back while
 * spans wait for its pool (assemble_stall.c) goes to the one that has waited longest, before the
 * span that it came back from goes on. If it is still idle when the run ends, nobody waits for that
 * pool. What a response shows to have been guessed wrong is put right from there backwards. */
#include "trace/assemble_int.h"

#define DOUBT_HANDED 64        /* handed over after one that was wrong, until they are trusted */

#define SURE_ALONE   99        /* the run is about this span only */
#define SURE_FITS    97
#define SURE_HANDED  95        /* longest waiting of those that wait for this pool */
#define SURE_ORDER   92        /* one of several that the read resumed */
#define SURE_TIMER   70        /* others may have been woken by timers meanwhile */
#define SURE_GUESS   40

/* ---- runs ---------------------------------------------------------------------------------- */

static bool
is_in_run(const struct actor *actor, uint32_t span)
{
	for (uint32_t i = 0; i < actor->n_run; i++)
		if (actor->run[i].span == span)
			return true;
	return false;
}

void
run_add(struct actor *actor, uint32_t span, uint32_t call)
{
	if (!is_in_run(actor, span) && actor->n_run < RUN_SPANS_MAX)
		actor->run[actor->n_run++] = (struct run_entry){ span, call };
}

void
run_end(struct worker *w, uint32_t thread)
{
	struct actor *actor = &w->actors[thread];
	int pid = w->t->threads[thread].pid;
	if (actor->n_run && !actor->tasks) {
		uint64_t pools = pools_out(w, pid);
		stalls_note_idle_pools(w, actor, pid);
		for (uint32_t i = 0; i < actor->n_run; i++) {
			uint32_t span = actor->run[i].span;
			if (!w->a->spans[span].answered)
				stall_add(w, actor, span, pools);
			w->courses[span].asked = 0;
		}
	}
	actor->n_run = actor->at_run = 0;
	actor->run_call = actor->run_told = NOBODY;
}

/* ---- questions ----------------------------------------------------------------------------- */

/* It has done in this run what it will: where others follow it, and as far as is known. */
static bool
is_done(const struct worker *w, uint32_t span)
{
	int missing = template_missing(w, span);
	return w->courses[span].asked && missing <= 0;
}

/* The span of the run whose turn it is; NOBODY: none is left. */
static uint32_t
run_turn(struct worker *w, struct actor *actor)
{
	while (actor->at_run < actor->n_run) {
		uint32_t span = actor->run[actor->at_run].span;
		bool last = actor->at_run + 1 == actor->n_run;
		if (!w->a->spans[span].answered && (last || !is_done(w, span)))
			return span;
		actor->at_run++;
	}
	return NOBODY;
}

/* Of those whose turn would come later, the first that is known to ask this. */
static uint32_t
run_fitting(struct worker *w, const struct actor *actor, uint32_t text)
{
	for (uint32_t i = actor->at_run; i < actor->n_run; i++)
		if (!w->a->spans[actor->run[i].span].answered &&
		    template_fits(w, actor->run[i].span, text) > 0)
			return actor->run[i].span;
	return NOBODY;
}

/* The longest waiting span that is known to ask this, else (`any`) the longest waiting that may. */
static struct asker
from_stalled(struct worker *w, struct actor *actor, uint32_t text, bool any)
{
	struct asker who = { .span = NOBODY };
	size_t fitting = SIZE_MAX, possible = SIZE_MAX;
	bool only = true;
	for (size_t i = stall_oldest(w, actor, NOBODY); i < actor->n_stalls && only; i++) {
		int fits = stall_holds(w, &actor->stalls[i]) ?
		    template_fits(w, actor->stalls[i].span, text) : -1;
		if (fits >= 0 && possible == SIZE_MAX)
			possible = i;
		only = fits <= 0 || fitting == SIZE_MAX ||
		    actor->stalls[fitting].span == actor->stalls[i].span;
		if (fits > 0 && fitting == SIZE_MAX)
			fitting = i;
	}
	if (fitting == SIZE_MAX && (possible == SIZE_MAX || !any))
		return who;
	bool pooled = fitting != SIZE_MAX && actor->stalls[fitting].pools;
	who.sure = fitting == SIZE_MAX ? SURE_GUESS : only && pooled ? SURE_ORDER : SURE_TIMER;
	who.span = stall_take(w, actor, fitting == SIZE_MAX ? possible : fitting);
	run_add(actor, who.span, NOBODY);
	return who;
}

/* The connection has come back: the place of who waits longest for it and may ask this; SIZE_MAX
 * none. */
static size_t
first_in_queue(struct worker *w, struct actor *actor, const struct conn *c, uint32_t turn,
    uint32_t text)
{
	bool came_back = c->last != NOBODY && c->out == NOBODY && !c->held;
	if (!came_back || c->pool == NOBODY || pool_is_shared(&w->pools[c->pool]))
		return SIZE_MAX;
	for (size_t i = stall_oldest(w, actor, c->pool); i < actor->n_stalls; i++) {
		if (!stall_holds(w, &actor->stalls[i]) || !stall_waits_for(w, actor, i, c->pool))
			continue;
		int fits = template_fits(w, actor->stalls[i].span, text);
		if (!fits && turn != NOBODY && template_fits(w, turn, text) > 0)
			break;
		if (fits >= 0)
			return i;
	}
	return SIZE_MAX;
}

static struct asker
handed_over(struct worker *w, struct actor *actor, const struct conn *c, uint32_t turn,
    uint32_t text)
{
	size_t place = first_in_queue(w, actor, c, turn, text);
	if (place == SIZE_MAX)
		return (struct asker){ .span = NOBODY };
	struct pool *p = &w->pools[c->pool];
	bool doubtful = stalls_may_be_timers(w, actor, text) || p->doubt;
	bool fits = template_fits(w, actor->stalls[place].span, text) > 0;
	p->doubt -= p->doubt > 0;
	return (struct asker){ .done = actor->stalls[place].done,
		.span = stall_take(w, actor, place), .waited = true, .amid = true,
		.sure = doubtful ? SURE_TIMER : fits ? SURE_FITS : SURE_HANDED };
}

static struct asker
alone(struct worker *w, uint32_t thread, int64_t now)
{
	uint32_t span = owner_now(w, thread, now);
	if (span != NOBODY) {
		stalls_void(&w->courses[span]);
		run_add(&w->actors[thread], span, NOBODY);
	}
	return (struct asker){ .span = span, .sure = span == NOBODY ? 0 : SURE_ALONE };
}

/* Is the connection still who opened it's? Until its first question, which logging in is not. */
static bool
is_opener(const struct worker *w, const struct conn *c)
{
	if (c->last == NOBODY || w->a->calls[c->last].span == NOBODY)
		return false;
	return c->connecting || c->logging_in;
}

/* Who opened a connection is the first to use it. */
static struct asker
opener(struct worker *w, const struct conn *c)
{
	const struct call *before = &w->a->calls[c->last];
	if (!c->logging_in)
		stalls_void(&w->courses[before->span]);
	return (struct asker){ .span = before->span, .sure = before->sure };
}

/* The span whose turn it is, if it may ask this. */
static struct asker
from_turn(struct worker *w, struct actor *actor, uint32_t turn, uint32_t text)
{
	int fits = turn == NOBODY ? -1 : template_fits(w, turn, text);
	bool others = stalls_may_be_timers(w, actor, text);
	struct asker who = { .span = fits < 0 ? NOBODY : turn };
	if (actor->open == 1)
		who.sure = SURE_ALONE;
	else if (others)
		who.sure = SURE_TIMER;
	else
		who.sure = actor->n_run == 1 ? SURE_ALONE : fits > 0 ? SURE_FITS : SURE_ORDER;
	return who;
}

/* Who had the connection before goes on with it, as this statement's askers always do. */
static struct asker
from_holder(struct worker *w, struct actor *actor, const struct conn *c, uint32_t text)
{
	uint32_t span = c->last == NOBODY ? NOBODY : w->a->calls[c->last].span;
	if (span == NOBODY || w->a->spans[span].answered || w->courses[span].out ||
	    !template_is_held(w, text))
		return (struct asker){ .span = NOBODY };
	stalls_void(&w->courses[span]);
	run_add(actor, span, NOBODY);
	return (struct asker){ .span = span, .sure = SURE_FITS };
}

/* What came after the call told whose it is. If that is not who waits longest, those that are only
 * taken to are doubtful. */
static struct asker
from_link(struct worker *w, struct actor *actor, const struct conn *c, const struct rec *io,
    uint32_t text)
{
	const struct link *link = book_link(w->book, w->a->n_calls);
	struct asker who = { .span = NOBODY };
	if (!link || link->span >= w->a->n_spans || w->a->spans[link->span].answered ||
	    w->a->spans[link->span].thread != io->thread)
		return who;
	who.span = link->span;
	who.sure = link->sure;
	size_t first = first_in_queue(w, actor, c, NOBODY, text);
	if (first != SIZE_MAX && !is_in_run(actor, who.span)) {
		struct pool *p = &w->pools[c->pool];
		bool in_turn = actor->stalls[first].span == who.span;
		p->doubt = in_turn ? p->doubt - (p->doubt > 0) : DOUBT_HANDED;
	}
	size_t place = stall_of(w, actor, who.span, c->pool);
	who.waited = who.amid = place != SIZE_MAX && stall_waits_for(w, actor, place, c->pool);
	who.done = who.waited ? actor->stalls[place].done : 0;
	if (place != SIZE_MAX)
		stall_take(w, actor, place);
	if (!who.amid)
		run_add(actor, who.span, NOBODY);
	return who;
}

struct asker
asker_of(struct worker *w, struct conn *c, const struct rec *io, uint32_t statement)
{
	struct actor *actor = &w->actors[io->thread];
	uint32_t text = statement ? statement : c->peer;
	struct asker linked = from_link(w, actor, c, io, text);
	if (linked.span != NOBODY)
		return linked;
	if (is_opener(w, c))
		return opener(w, c);
	uint32_t turn = run_turn(w, actor);
	struct asker who = from_holder(w, actor, c, text);
	if (who.span == NOBODY)
		who = handed_over(w, actor, c, turn, text);
	if (who.span == NOBODY)
		who = from_turn(w, actor, turn, text);
	if (who.span == NOBODY && (who.span = run_fitting(w, actor, text)) != NOBODY)
		who.sure = SURE_ORDER;
	if (who.span == NOBODY && turn == NOBODY && actor->open == 1)
		who = alone(w, io->thread, io->ts);
	if (who.span == NOBODY)
		who = from_stalled(w, actor, text, turn == NOBODY);
	if (who.span == NOBODY && turn != NOBODY)
		return (struct asker){ .span = turn, .sure = actor->open == 1 ? SURE_ALONE : SURE_TIMER };
	return who.span != NOBODY ? who : alone(w, io->thread, io->ts);
}

uint32_t
pool_wait_name(struct worker *w, const struct pool *p)
{
	const char *peer = tape_text(w->t, p->peer);
	return tape_name(w->t, arena_printf(w->a->arena, "connection pool %s", peer ? peer : "?"));
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The response is not that of the span that was taken to have had the answer: since that question
 * the two were taken for each other. */
static void
put_right(struct worker *w, struct actor *actor, struct run_entry *e, uint32_t span, int pid)
{
	uint32_t taken = e->span;
	struct call *call = &w->a->calls[e->call];
	pool_of(w, pid, call->peer)->doubt = DOUBT_HANDED;
	if (!w->a->spans[span].partial)
		stalls_serve_older(w, actor, span);
	bool both_before = w->a->spans[span].partial && w->a->spans[taken].partial;
	swap_since(w, taken, span, both_before ? INT64_MIN : call->start);
	if (w->a->spans[span].partial)
		stalls_swap(w, actor, taken, span);
	w->courses[taken].lost |= !w->courses[taken].out && !w->courses[taken].stalls;
	w->courses[taken].done -= w->courses[taken].done > 0;
	w->courses[span].done++;
	call->sure = 100;
	e->span = span;
}

static bool
waits_for_call(const struct worker *w, struct actor *actor, uint32_t span)
{
	if (w->courses[span].out || w->courses[span].lost)
		return true;
	for (size_t i = actor->first_stall; i < actor->n_stalls; i++)
		if (actor->stalls[i].span == span && stall_holds(w, &actor->stalls[i]))
			return actor->stalls[i].pools != 0;
	return false;
}

/* What began the run belongs to whoever answers in it, if that is one. */
static void
note_told(struct worker *w, struct actor *actor, uint32_t span)
{
	if (actor->run_call == NOBODY)
		return;
	bool several = actor->run_told != NOBODY && actor->run_told != span;
	actor->run_told = span;
	w->a->calls[actor->run_call].told = several ? NOBODY : span;
	if (several)
		actor->run_call = NOBODY;
}

void
run_answers(struct worker *w, uint32_t thread, uint32_t span)
{
	struct actor *actor = &w->actors[thread];
	uint32_t at = 0;
	note_told(w, actor, span);
	while (at < actor->n_run && actor->run[at].span != span)
		at++;
	if (at == actor->n_run && actor->n_run && waits_for_call(w, actor, span)) {
		run_turn(w, actor);
		at = actor->at_run;
		if (at < actor->n_run && actor->run[at].call != NOBODY &&
		    !w->courses[actor->run[at].span].asked &&
		    w->a->calls[actor->run[at].call].sure < SURE_ALONE)
			put_right(w, actor, &actor->run[at], span, w->t->threads[thread].pid);
	} else if (at < actor->n_run && actor->run[at].call != NOBODY) {
		w->a->calls[actor->run[at].call].sure = 100;
	}
	if (at < actor->n_run && at >= actor->at_run)
		actor->at_run = at;
	stalls_void(&w->courses[span]);
}
