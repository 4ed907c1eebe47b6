/* SPDX-License-Identifier: MIT */
#include "cache/store_arena.h"

#include <assert.h>
#include <stdbool.h>
#include <stdatomic.h>

#define MARK_FREE 0x80

/* At the start of each free block. */
struct hole {
	uint64_t next, prev;
};

static struct hole *
hole_at(const struct store_arena *a, uint64_t at)
{
	return (struct hole *)(void *)(a->base + at);
}

static void
push(struct store_arena *a, uint64_t at, unsigned order)
{
	struct hole *h = hole_at(a, at);
	uint64_t first = a->state->free[order];

	*h = (struct hole){ .next = first };
	if (first)
		hole_at(a, first)->prev = at;
	a->state->free[order] = at;
	a->marks[at / STORE_UNIT] = (uint8_t)(MARK_FREE | order);
}

static void
unlink_hole(struct store_arena *a, uint64_t at, unsigned order)
{
	struct hole *h = hole_at(a, at);

	if (h->prev)
		hole_at(a, h->prev)->next = h->next;
	else
		a->state->free[order] = h->next;
	if (h->next)
		hole_at(a, h->next)->prev = h->prev;
	a->marks[at / STORE_UNIT] = 0;
}

/* Frees one aligned block and joins it with its buddy as long as that is free. */
static void
give_block(struct store_arena *a, uint64_t unit, unsigned order)
{
	for (; order + 1 < STORE_ORDERS; order++) {
		uint64_t buddy = unit ^ (UINT64_C(1) << order);
		if (buddy >= a->state->units || a->marks[buddy] != (MARK_FREE | order))
			break;
		unlink_hole(a, buddy * STORE_UNIT, order);
		unit &= buddy;
	}
	push(a, unit * STORE_UNIT, order);
}

/* Any range of units, as the aligned blocks that it consists of. */
static void
give_range(struct store_arena *a, uint64_t unit, uint64_t units)
{
	atomic_fetch_add_explicit(&a->state->free_units, units, memory_order_relaxed);
	while (units) {
		unsigned order = (unsigned)__builtin_ctzll(unit | (UINT64_C(1) << (STORE_ORDERS - 1)));
		unsigned fits = 63 - (unsigned)__builtin_clzll(units);
		if (order > fits)
			order = fits;
		give_block(a, unit, order);
		unit += UINT64_C(1) << order;
		units -= UINT64_C(1) << order;
	}
}

void
store_arena_init(struct store_arena *a, unsigned char *base, struct store_arena_state *state,
    uint8_t *marks, uint64_t first_at, uint64_t size)
{
	*a = (struct store_arena){ .base = base, .state = state, .marks = marks };
	pthread_mutex_init(&a->lock, NULL);
	uint64_t first = store_units(first_at);
	state->units = size / STORE_UNIT;

	/* From the end, so that low addresses are taken first and pages are touched only when needed. */
	for (uint64_t end = state->units; end > first;) {
		uint64_t start = (end - 1) * STORE_UNIT / STORE_SEGMENT * (STORE_SEGMENT / STORE_UNIT);
		if (start < first)
			start = first;
		give_range(a, start, end - start);
		end = start;
	}
}

void
store_arena_done(struct store_arena *a)
{
	pthread_mutex_destroy(&a->lock);
}

static uint64_t
take_locked(struct store_arena *a, uint64_t units)
{
	unsigned wanted = units > 1 ? 64 - (unsigned)__builtin_clzll(units - 1) : 0;
	unsigned order = wanted;

	while (order < STORE_ORDERS && !a->state->free[order])
		order++;
	if (order >= STORE_ORDERS)
		return 0;
	uint64_t at = a->state->free[order];
	unlink_hole(a, at, order);
	atomic_fetch_sub_explicit(&a->state->free_units, UINT64_C(1) << order, memory_order_relaxed);
	give_range(a, at / STORE_UNIT + units, (UINT64_C(1) << order) - units);
	return at;
}

uint64_t
store_arena_take(struct store_arena *a, uint64_t units)
{
	assert(units);
	pthread_mutex_lock(&a->lock);
	uint64_t at = take_locked(a, units);
	pthread_mutex_unlock(&a->lock);
	return at;
}

void
store_arena_give(struct store_arena *a, uint64_t at, uint64_t units)
{
	assert(at && at % STORE_UNIT == 0);
	pthread_mutex_lock(&a->lock);
	give_range(a, at / STORE_UNIT, units);
	pthread_mutex_unlock(&a->lock);
}
