/* SPDX-License-Identifier: MIT */
#include "cache/store_arena.h"

#include <assert.h>
#include <stdatomic.h>

#include "cache/store_lock.h"

#define STARTS 1
#define ENDS   2
#define TRIES  8      /* blocks of the list of the wanted size itself, where not each is long enough */

/* At the start of each free block; its length stands in its last eight bytes too. */
struct hole {
	uint64_t next, prev;
	uint64_t units;
};

struct list {
	unsigned doubling, fine;
};

static struct hole *
hole_at(const struct store_arena *a, uint64_t unit)
{
	return (struct hole *)(void *)(a->base + unit * STORE_UNIT);
}

static uint64_t *
length_before(const struct store_arena *a, uint64_t unit)
{
	return (uint64_t *)(void *)(a->base + unit * STORE_UNIT - sizeof(uint64_t));
}

/* Where holes of this length hang. */
static struct list
list_of(uint64_t units)
{
	unsigned doubling = 63 - (unsigned)__builtin_clzll(units);
	uint64_t above = units - (UINT64_C(1) << doubling);

	return (struct list){ doubling, (unsigned)((above * STORE_FINE) >> doubling) };
}

static void
hang(struct store_arena *a, uint64_t unit, uint64_t units)
{
	struct list l = list_of(units);
	uint64_t *head = &a->state->holes[l.doubling][l.fine];

	*hole_at(a, unit) = (struct hole){ .next = *head, .units = units };
	if (*head)
		hole_at(a, *head)->prev = unit;
	*head = unit;
	a->state->some |= UINT64_C(1) << l.doubling;
	a->state->some_fine[l.doubling] |= (uint8_t)(1 << l.fine);
	*length_before(a, unit + units) = units;
	if (units >= STORE_USEFUL)
		atomic_fetch_add_explicit(&a->state->useful_units, units, memory_order_relaxed);
	a->marks[unit] |= STARTS;
	a->marks[unit + units - 1] |= ENDS;
}

static void
unhang(struct store_arena *a, uint64_t unit)
{
	struct hole *h = hole_at(a, unit);
	struct list l = list_of(h->units);

	if (h->units >= STORE_USEFUL)
		atomic_fetch_sub_explicit(&a->state->useful_units, h->units, memory_order_relaxed);
	if (h->prev)
		hole_at(a, h->prev)->next = h->next;
	else
		a->state->holes[l.doubling][l.fine] = h->next;
	if (h->next)
		hole_at(a, h->next)->prev = h->prev;
	if (!a->state->holes[l.doubling][l.fine])
		a->state->some_fine[l.doubling] &= (uint8_t)~(1 << l.fine);
	if (!a->state->some_fine[l.doubling])
		a->state->some &= ~(UINT64_C(1) << l.doubling);
	a->marks[unit] &= (uint8_t)~STARTS;
	a->marks[unit + h->units - 1] &= (uint8_t)~ENDS;
}

static void
give_locked(struct store_arena *a, uint64_t unit, uint64_t units)
{
	atomic_fetch_add_explicit(&a->state->free_units, units, memory_order_relaxed);
	if (a->marks[unit + units] & STARTS) {
		uint64_t more = hole_at(a, unit + units)->units;
		unhang(a, unit + units);
		units += more;
	}
	if (a->marks[unit - 1] & ENDS) {
		uint64_t before = *length_before(a, unit);
		unhang(a, unit - before);
		unit -= before;
		units += before;
	}
	hang(a, unit, units);
}

void
store_arena_init(struct store_arena *a, unsigned char *base, struct store_arena_state *state,
    uint8_t *marks, uint64_t first_at, uint64_t size)
{
	*a = (struct store_arena){ .base = base, .state = state, .marks = marks };
	store_lock_init(&a->lock);
	state->units = size / STORE_UNIT;
	give_locked(a, store_units(first_at), state->units - store_units(first_at));
}

/* A hole in a list of longer ones; 0: none. */
static uint64_t
find_longer(const struct store_arena_state *s, struct list l)
{
	unsigned fine = s->some_fine[l.doubling] & (unsigned)(~UINT64_C(0) << (l.fine + 1));

	if (fine)
		return s->holes[l.doubling][__builtin_ctz(fine)];
	uint64_t longer = s->some & (~UINT64_C(0) << (l.doubling + 1));
	if (!longer)
		return 0;
	unsigned doubling = (unsigned)__builtin_ctzll(longer);
	return s->holes[doubling][__builtin_ctz(s->some_fine[doubling])];
}

static uint64_t
find_hole(const struct store_arena *a, uint64_t units)
{
	struct list l = list_of(units);
	uint64_t unit = a->state->holes[l.doubling][l.fine];

	for (int i = 0; unit && i < TRIES; i++) {
		if (hole_at(a, unit)->units >= units)
			return unit;
		unit = hole_at(a, unit)->next;
	}
	return find_longer(a->state, l);
}

uint64_t
store_arena_take(struct store_arena *a, uint64_t units)
{
	assert(units);
	store_lock(&a->lock);
	uint64_t unit = find_hole(a, units);
	if (unit) {
		uint64_t length = hole_at(a, unit)->units;
		unhang(a, unit);
		if (length > units)
			hang(a, unit + units, length - units);
		atomic_fetch_sub_explicit(&a->state->free_units, units, memory_order_relaxed);
	}
	store_unlock(&a->lock);
	return unit * STORE_UNIT;
}

void
store_arena_give(struct store_arena *a, uint64_t at, uint64_t units)
{
	assert(at && at % STORE_UNIT == 0 && units);
	store_lock(&a->lock);
	give_locked(a, at / STORE_UNIT, units);
	store_unlock(&a->lock);
}
