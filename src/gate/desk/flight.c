/* SPDX-License-Identifier: MIT */
#include "gate/desk/flight.h"

#include <stddef.h>

#include "gate/gate_int.h"

uint64_t
flight_first(uint32_t generation)
{
	return (uint64_t)generation << 40;
}

uint64_t
flight_number(struct gate_worker *w)
{
	return flight_first(w->gate->generation) | (++w->n_flights << 8 & UINT64_MAX >> 24) | (w->index & 0xff);
}

bool
flight_is_ours(const struct gate_worker *w, uint64_t flight)
{
	return flight >> 40 == w->gate->generation;
}

void
flight_park(struct gate_worker *w, struct waiter *waiter, uint64_t flight)
{
	size_t slot = flight % FLIGHT_SLOTS;
	struct waiter **list = &w->parked[slot];

	waiter->flight = flight;
	waiter->next = *list;
	waiter->link = list;
	if (waiter->next)
		waiter->next->link = &waiter->next;
	*list = waiter;
	atomic_fetch_or(&w->gate->flights.slots[slot].workers, UINT64_C(1) << (w->index % 64));
}

void
flight_unpark(struct waiter *waiter)
{
	if (!waiter->link)
		return;
	*waiter->link = waiter->next;
	if (waiter->next)
		waiter->next->link = waiter->link;
	waiter->link = NULL;
	waiter->next = NULL;
}

static void
poke(struct gate_worker *from, uint32_t to, size_t slot)
{
	struct gate *g = from->gate;
	struct flight_pokes *p = &g->flights.pokes[to];
	struct gate_worker *w = &g->workers[to].w;

	atomic_fetch_or(&p->slots[slot / 64], UINT64_C(1) << (slot % 64));
	if (!atomic_exchange(&p->any, true) && w != from)
		w->ops->wake(w->engine);
}

void
flight_progress(struct gate_worker *w, uint64_t flight)
{
	size_t slot = flight % FLIGHT_SLOTS;
	uint64_t workers = atomic_exchange(&w->gate->flights.slots[slot].workers, 0);

	for (uint32_t i = 0; workers && i < w->gate->n_workers; i++)
		if (workers >> (i % 64) & 1)
			poke(w, i, slot);
}

void
flight_failed(struct gate_worker *w, uint64_t flight, int status)
{
	size_t slot = flight % FLIGHT_SLOTS;

	atomic_store(&w->gate->flights.slots[slot].status, status);
	atomic_store(&w->gate->flights.slots[slot].failed, flight);
	flight_progress(w, flight);
}

int
flight_status(struct gate_worker *w, uint64_t flight)
{
	size_t slot = flight % FLIGHT_SLOTS;
	int status = 0;

	if (atomic_load(&w->gate->flights.slots[slot].failed) == flight)
		status = atomic_load(&w->gate->flights.slots[slot].status);
	return status;
}

bool
flight_is_poked(struct gate_worker *w)
{
	return atomic_load_explicit(&w->gate->flights.pokes[w->index].any, memory_order_relaxed);
}

/* A list of its own, so that who parks again is not called again. */
static void
call_slot(struct gate_worker *w, size_t slot)
{
	struct waiter *list = w->parked[slot];

	w->parked[slot] = NULL;
	if (list)
		list->link = &list;
	while (list) {
		struct waiter *waiter = list;
		flight_unpark(waiter);
		waiter->again(waiter);
	}
}

void
flight_turn(struct gate_worker *w)
{
	struct flight_pokes *p = &w->gate->flights.pokes[w->index];

	if (!flight_is_poked(w) || !atomic_exchange(&p->any, false))
		return;
	for (size_t i = 0; i < FLIGHT_SLOTS / 64; i++) {
		uint64_t bits = atomic_load_explicit(&p->slots[i], memory_order_relaxed);
		if (bits)
			bits = atomic_exchange(&p->slots[i], 0);
		for (; bits; bits &= bits - 1)
			call_slot(w, i * 64 + (size_t)__builtin_ctzll(bits));
	}
}
