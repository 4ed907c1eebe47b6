/* SPDX-License-Identifier: MIT */
/* The life of one request: given to a slot, sent, answered or failed.
 *
 * Every request that was given to a slot ends in exactly one of the outcomes of tally.h. For the
 * worker's thread, and for protocols, which tell what comes back. */
#pragma once

#include "load/program.h"
#include "load/worker.h"
#include "scenario/template.h"

/* ---- for the worker ------------------------------------------------------------------------ */

/* A request that is due. */
struct demand {
	uint32_t route, session;
	int64_t index;             /* of the arrival */
	uint64_t seed;
	int64_t due_ns;
	bool moved;                /* it was on another connection before */
};

/* Take a slot for it; false: none is free. */
bool exchange_begin(struct worker *w, const struct demand *d, int64_t now);
void exchange_expire(struct worker *w, int64_t now);     /* those past the timeout */
void exchange_abandon(struct worker *w, int64_t now);    /* all that are still open */
int64_t exchange_deadline(const struct worker *w);       /* of the oldest; INT64_MAX none */

/* ---- for wires ----------------------------------------------------------------------------- */

void exchange_send_waiting(struct worker *w, uint32_t conn);   /* the connection is ready */
/* The connection is gone: all requests on it end so. `why`: in words, for the first one. */
void exchange_lose(struct worker *w, uint32_t conn, enum outcome o, const char *why, int64_t now);
void exchange_offer_slots(struct worker *w, uint32_t conn);    /* its free slots may be used */
void exchange_hold_slots(struct worker *w, uint32_t conn);     /* may not */
/* Idle ones are used in turn from now on, first one of each of these connections. */
void exchange_order_slots(struct worker *w, const uint32_t *conns, size_t n);
void exchange_retire_slots(struct worker *w, uint32_t conn);   /* do not exist any more */

/* What the templates of the slot's request are filled with; valid until the next call. */
struct template_values exchange_values(struct worker *w, const struct exchange *x);

/* The arguments of a route, filled in; they lie one after the other in w->body. */
void exchange_arguments(struct worker *w, const struct route *r, const struct template_values *v,
    struct view ret[ROUTE_ARGUMENTS_MAX]);

/* Where the answer of the slot is kept, emptied; NULL: nobody looks at it. */
struct capture *exchange_capture(struct worker *w, uint32_t slot);
/* Its events, if it is a stream of them, else NULL. */
struct stream *exchange_stream(struct worker *w, uint32_t slot);

/* ---- for protocols ------------------------------------------------------------------------- */

/* The first byte of an answer, received at `at_ns`. */
static inline void
exchange_first(struct exchange *x, int64_t at_ns)
{
	if (!x->first_ns)
		x->first_ns = at_ns;
}

/* The answer is complete. */
void exchange_answer(struct worker *w, uint32_t slot, const struct reply *a, int64_t at_ns);
/* The server has not looked at the request and takes no more on this connection, which drains: once
 * it goes to another one, as with any client; then it has failed. */
void exchange_move(struct worker *w, uint32_t slot, const char *why);
/* The request failed by itself; the connection goes on. */
void exchange_fail(struct worker *w, uint32_t slot, enum outcome o, const char *why);
