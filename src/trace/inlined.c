/* SPDX-License-Identifier: MIT */
#include "trace/inlined.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define BUDGET_NS (400 * NS_PER_MS)

enum { PLACES_MAX = 256, CALLS_MAX = 16 };

struct place {
	uint64_t ip;
	int pid;
	bool leaf;
	int64_t samples;
	uint64_t calls[CALLS_MAX]; size_t n;   /* in its stead; 0: itself */
};

struct places { struct arena *arena; struct map ids; struct place *items; size_t n; };
struct place_key { uint64_t ip; int32_t pid, leaf; };

static struct place_key
key_of(const struct stack *stack, size_t i)
{
	bool leaf = i == 0 || stack->frames[i - 1] >> 63;
	return (struct place_key){ stack->frames[i], stack->pid, leaf };
}

/* Only the service's own functions: of a library's nobody needs to know how it was compiled. */
static bool
is_wanted(struct stacks *s, uint32_t stack, size_t i)
{
	const struct frame *f = stacks_frame(s, stack, i);
	return f->application && f->ip && f->language && !strcmp(f->language, "native");
}

static void
count_places(struct stacks *s, const int64_t *counts, struct places *p)
{
	for (uint32_t i = 1; i < s->n; i++)
		for (size_t k = 0; counts[i] && k < s->items[i].n; k++) {
			struct place_key key = key_of(&s->items[i], k);
			bool new;
			if (!is_wanted(s, i, k))
				continue;
			uint64_t *at = map_at(&p->ids, &key, sizeof(key), &new);
			if (new) {
				*at = p->n;
				*ARENA_PUSH(p->arena, p->items, p->n) = (struct place){ .ip = key.ip,
					.pid = key.pid, .leaf = key.leaf };
			}
			p->items[*at].samples += counts[i];
		}
}

static int
most_samples_first(const void *left, const void *right)
{
	const struct place *l = *(struct place *const *)left, *r = *(struct place *const *)right;
	return l->samples > r->samples ? -1 : l->samples < r->samples;
}

static bool
ask(struct stacks *s, struct places *p)
{
	struct place **order = arena_alloc(p->arena, (p->n + 1) * sizeof(struct place *));
	int64_t began = now_ns();
	bool any = false;
	for (size_t i = 0; i < p->n; i++)
		order[i] = &p->items[i];
	if (p->n > 1)
		qsort(order, p->n, sizeof(struct place *), most_samples_first);
	for (size_t i = 0; i < p->n && i < PLACES_MAX && now_ns() - began < BUDGET_NS; i++) {
		order[i]->n = symbols_inlined(s->symbols, order[i]->pid, order[i]->ip, order[i]->leaf,
		    order[i]->calls, CALLS_MAX);
		any |= order[i]->n > 0;
	}
	return any;
}

static void
expand(struct stacks *s, struct stack *stack, const struct places *p)
{
	uint64_t frames[STACK_FRAMES_MAX];
	size_t n = 0;
	for (size_t k = 0; k < stack->n; k++) {
		struct place_key key = key_of(stack, k);
		const uint64_t *at = map_find(&p->ids, &key, sizeof(key));
		const struct place *place = at ? &p->items[*at] : NULL;
		size_t calls = place && place->n ? place->n : 1;
		const uint64_t *from = place && place->n ? place->calls : &stack->frames[k];
		for (size_t c = 0; c < calls && n < STACK_FRAMES_MAX; c++)
			frames[n++] = from[c];
	}
	if (n == stack->n)
		return;
	uint64_t *kept = arena_alloc(s->arena, n * sizeof(*kept));
	memcpy(kept, frames, n * sizeof(*kept));
	stack->frames = kept;
	stack->n = (uint32_t)n;
}

void
inlined_expand(struct stacks *s, const int64_t *counts)
{
	struct places p = { .arena = arena_new() };
	count_places(s, counts, &p);
	if (ask(s, &p))
		for (uint32_t i = 1; i < s->n; i++)
			if (counts[i])
				expand(s, &s->items[i], &p);
	map_done(&p.ids);
	arena_free(p.arena);
}
