/* SPDX-License-Identifier: MIT */
/* The queue of a loop's spans that wait for what is not seen.
 *
 * A span that has nothing out after a run and is not answered waits for something unseen: for a
 * connection, if its pool was wholly out then, else for a timer or the like. It has a place for
 * each question that it is known to ask now. Places are void once the span is answered, or goes on
 * by itself. */
#include "trace/assemble_int.h"

#define POOLS_KNOWN 64         /* bits of stall.pools */
#define LOOKED_MAX  64         /* places of the queue */
#define PLACES_MAX  64         /* of a span in the queue */
#define THROW_OUT_MIN 1024     /* places, void ones among them */

bool
stall_holds(const struct worker *w, const struct stall *s)
{
	const struct course *c = &w->courses[s->span];
	return c->stalls && c->stall_epoch == s->epoch && !w->a->spans[s->span].answered;
}

void
stalls_void(struct course *c)
{
	c->stalls = 0;
	c->stall_epoch++;
}

uint64_t
pools_out(const struct worker *w, int pid)
{
	uint64_t set = 0;
	for (size_t i = 0; i < w->n_pools && i < POOLS_KNOWN; i++) {
		const struct pool *p = &w->pools[i];
		if (p->pid == pid && pool_is_out(p))
			set |= UINT64_C(1) << i;
	}
	return set;
}

bool
stall_waits_for(const struct worker *w, const struct actor *actor, size_t stall, uint32_t pool)
{
	return pool < POOLS_KNOWN && actor->stalls[stall].pools >> pool & 1 &&
	    actor->stalls[stall].number >= w->pools[pool].waiters_from;
}

/* The place in the queue of the longest waiting span, for this pool or (NOBODY) whatever for. */
size_t
stall_oldest(const struct worker *w, struct actor *actor, uint32_t pool)
{
	while (actor->first_stall < actor->n_stalls &&
	    !stall_holds(w, &actor->stalls[actor->first_stall]))
		actor->first_stall++;
	for (size_t i = actor->first_stall; i < actor->n_stalls; i++)
		if (stall_holds(w, &actor->stalls[i]) &&
		    (pool == NOBODY || stall_waits_for(w, actor, i, pool)))
			return i;
	return SIZE_MAX;
}

size_t
stall_of(const struct worker *w, struct actor *actor, uint32_t span, uint32_t pool)
{
	size_t found = SIZE_MAX;
	for (size_t i = actor->first_stall; i < actor->n_stalls; i++) {
		if (actor->stalls[i].span != span || !stall_holds(w, &actor->stalls[i]))
			continue;
		if (stall_waits_for(w, actor, i, pool))
			return i;
		found = found == SIZE_MAX ? i : found;
	}
	return found;
}

/* It got what it waited for. */
uint32_t
stall_take(struct worker *w, struct actor *actor, size_t i)
{
	uint32_t span = actor->stalls[i].span;
	w->courses[span].stalls--;
	actor->stalls[i].epoch--;      /* void */
	return span;
}

/* Others wait for timers or the like, and one of those may have asked this. */
bool
stalls_may_be_timers(const struct worker *w, struct actor *actor, uint32_t text)
{
	size_t end = actor->n_stalls, i = stall_oldest(w, actor, NOBODY);
	if (template_tells_sleep(w, text))
		return false;
	for (end = i < end && end - i > LOOKED_MAX ? i + LOOKED_MAX : end; i < end; i++)
		if (stall_holds(w, &actor->stalls[i]) && !actor->stalls[i].pools)
			return true;
	return false;
}

static void
throw_out_void(const struct worker *w, struct actor *actor)
{
	size_t kept = 0;
	for (size_t i = actor->first_stall; i < actor->n_stalls; i++)
		if (stall_holds(w, &actor->stalls[i]))
			actor->stalls[kept++] = actor->stalls[i];
	actor->n_stalls = actor->stalls_kept = kept;
	actor->first_stall = 0;
}

static void
push_place(struct worker *w, struct actor *actor, uint32_t span, uint64_t pools)
{
	struct course *c = &w->courses[span];
	if (actor->n_stalls > THROW_OUT_MIN && actor->n_stalls > 2 * actor->stalls_kept)
		throw_out_void(w, actor);
	*ARENA_PUSH(w->a->arena, actor->stalls, actor->n_stalls) = (struct stall){ .pools = pools,
		.span = span, .epoch = c->stall_epoch, .number = actor->stalls_begun++, .done = c->done };
	c->stalls++;
}

void
stall_add(struct worker *w, struct actor *actor, uint32_t span, uint64_t pools)
{
	struct course *c = &w->courses[span];
	int missing = template_missing(w, span);
	uint32_t places = !c->out && !c->stalls;
	if (pools && !c->stalls && missing >= 0) {
		places = missing < PLACES_MAX ? (uint32_t)missing : PLACES_MAX;
		places -= c->opening < places ? c->opening : places;
	}
	for (; places; places--) {
		push_place(w, actor, span, pools);
		c->slept |= !pools;
	}
}

void
stall_before(struct worker *w, uint32_t span)
{
	push_place(w, &w->actors[w->a->spans[span].thread], span, UINT64_MAX);
}

void
stalls_note_idle_pools(struct worker *w, const struct actor *actor, int pid)
{
	for (size_t i = 0; i < w->n_pools && i < POOLS_KNOWN; i++)
		if (w->pools[i].pid == pid && w->pools[i].busy < w->pools[i].conns)
			w->pools[i].waiters_from = actor->stalls_begun;
}

void
stalls_serve_older(struct worker *w, struct actor *actor, uint32_t span)
{
	size_t last = actor->n_stalls;
	while (last > actor->first_stall && (actor->stalls[last - 1].span != span ||
	    !stall_holds(w, &actor->stalls[last - 1])))
		last--;
	for (size_t i = actor->first_stall; i < last; i++) {
		struct stall *s = &actor->stalls[i];
		if (!stall_holds(w, s) || !(s->pools & actor->stalls[last - 1].pools))
			continue;
		w->courses[s->span].lost |= s->span != span;
		stall_take(w, actor, i);
	}
}

void
stalls_swap(struct worker *w, struct actor *actor, uint32_t x, uint32_t y)
{
	struct course *cx = &w->courses[x], *cy = &w->courses[y];
	for (size_t i = actor->first_stall; i < actor->n_stalls; i++) {
		struct stall *s = &actor->stalls[i];
		if (!stall_holds(w, s) || (s->span != x && s->span != y))
			continue;
		s->span = s->span == x ? y : x;
		s->epoch = w->courses[s->span].stall_epoch;
	}
	uint32_t n = cx->stalls;
	cx->stalls = cy->stalls;
	cy->stalls = n;
}
