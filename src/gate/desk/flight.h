/* SPDX-License-Identifier: MIT */
/* Coalescing: one errand for all who ask for the same at the same time, whatever worker they are with.
 *
 * The store knows who is fetching what: a fill has the number of its flight. Whoever cannot be served before
 * that has got further parks here, and is called when the flight makes progress: a head is there, more
 * of a body, its end. Nobody polls; what woken ones find they look up in the store.
 *
 * A slot stands for all flights with the same remainder: being called for nothing is possible. To miss
 * nothing, park first and look then. Progress of other workers is seen once a turn. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FLIGHT_SLOTS 4096

struct gate_worker;

/* Part of who waits. */
struct waiter {
	struct waiter *next, **link;   /* link NULL: not parked */
	void (*again)(struct waiter *w);   /* unparked before it is called */
	uint64_t flight;
};

/* Shared by all workers. */
struct flights {
	struct {
		atomic_uint_least64_t workers;   /* bits of those with somebody parked (index modulo 64) */
		atomic_uint_least64_t failed;    /* the latest flight here that brought nothing */
		atomic_int status;               /* of that: what its askers are to be told */
	} slots[FLIGHT_SLOTS];
	struct flight_pokes {
		_Alignas(64) atomic_bool any;
		atomic_uint_least64_t slots[FLIGHT_SLOTS / 64];
	} *pokes;                                /* by worker */
};

uint64_t flight_number(struct gate_worker *w);
uint64_t flight_first(uint32_t generation);   /* no flight of a later gate is below */
/* Or is it that of a gate that leaves, whose progress nobody here would hear of? */
bool flight_is_ours(const struct gate_worker *w, uint64_t flight);
void flight_park(struct gate_worker *w, struct waiter *waiter, uint64_t flight);
void flight_unpark(struct waiter *waiter);   /* also of one that is not parked */

/* Call all who wait for it. */
void flight_progress(struct gate_worker *w, uint64_t flight);
/* The same, and they learn that it brought nothing: a status of ours. */
void flight_failed(struct gate_worker *w, uint64_t flight, int status);
int flight_status(struct gate_worker *w, uint64_t flight);   /* 0: it has not failed, or long ago */

/* Call those for whom there is progress; once a turn. */
void flight_turn(struct gate_worker *w);
/* Is there such progress? Then the turn must not sleep. */
bool flight_is_poked(struct gate_worker *w);
