/* SPDX-License-Identifier: MIT */
/* What became of requests: counts and histograms, of a quarter of a second, a second or a phase.
 *
 * A worker fills one and hands it over; whoever gets it merges it into larger ones. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/protocol.h"
#include "run/run.h"
#include "stats/histogram.h"

#define TALLY_STATUSES 600

enum outcome {
	OUTCOME_ANSWERED, OUTCOME_CONNECT, OUTCOME_TLS, OUTCOME_RESET, OUTCOME_CLOSED, OUTCOME_PROTOCOL,
	OUTCOME_STATUS, OUTCOME_EXPECT, OUTCOME_TIMEOUT, OUTCOME_IN_FLIGHT, OUTCOMES
};

/* The parts of a request's time, and the generator's own share of it. */
enum span {
	SPAN_LAG,                           /* generator: due and a slot free, to taken in hand */
	SPAN_POOL,                          /* due, to a slot free */
	SPAN_CONNECT,                       /* of each new connection */
	SPAN_GREET,                         /* connected, to ready for requests: TLS, log-in */
	SPAN_FIRST_BYTE,                    /* sent, to the first byte of the answer */
	SPAN_BODY,                          /* first byte to last */
	SPAN_SERVICE,                       /* sent to last byte */
	SPAN_FIRST_EVENT,                   /* of a stream: due, to the first event or token */
	SPAN_TOKEN,                         /* of a stream: mean from token to token, one an answer */
	SPAN_BETWEEN_EVENTS,                /* of a stream: from each event to the next */
	SPAN_SEEN,                          /* generator: last byte in the kernel, to seen */
	SPANS
};

struct tally_route {
	int64_t outcome[OUTCOMES];
	int64_t body_bytes;                 /* of answers */
	uint32_t status[TALLY_STATUSES];
	char content_type[64], content_encoding[32];   /* of the first answer */
	struct histogram latency;           /* intended start to last byte; open ends included */
};

struct tally {
	struct tally *next;                 /* in a list of whoever holds it */
	int64_t slice;                      /* of the phase: which quarter second; TALLY_DRAIN after it */
	int64_t scheduled, sent, censored;  /* censored: entered with the time they had waited so far */
	int64_t tokens, tokens_estimated;   /* of streams; estimated: events stand for them */
	struct histogram spans[SPANS];
	size_t n_routes;
	struct tally_route routes[];
};

#define TALLY_SLICE_NS  INT64_C(250000000)
#define TALLY_PER_SECOND 4
#define TALLY_DRAIN     INT64_MAX

/* Empty; never NULL, out of memory aborts. */
struct tally *tally_new(size_t n_routes);
void tally_free(struct tally *t);       /* accepts NULL */
/* Add all counts and histograms of `from`, which has as many routes and stays as it is. */
void tally_merge(struct tally *into, const struct tally *from);
void tally_merge_route(struct tally_route *into, const struct tally_route *from);

/* A complete answer. The latency of one that does not count as ANSWERED does not count. */
void tally_answer(struct tally *t, uint32_t route, const struct reply *a, enum outcome o,
    int64_t latency_ns);
/* A request that failed by itself: no latency to speak of. */
void tally_error(struct tally *t, uint32_t route, enum outcome o);
/* A request that waited `latency_ns` and had no answer by then: a timeout, in flight at the end,
 * or never sent (OUTCOMES). */
void tally_open_end(struct tally *t, uint32_t route, enum outcome o, int64_t latency_ns);

/* Requests of all routes that ended so. */
int64_t tally_count(const struct tally *t, enum outcome o);
/* All routes together; the caller releases it. */
struct histogram tally_latency(const struct tally *t);

/* In seconds, for the record. */
struct run_latency latency_of(const struct histogram *h, bool censored);
