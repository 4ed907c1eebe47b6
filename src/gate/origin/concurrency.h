/* SPDX-License-Identifier: MIT */
/* How many requests an upstream has in flight at most, found by its latency; and which of those that wait
 * are told to come back later.
 *
 * The limit follows a gradient: latency when little is in flight over latency now, as in Netflix's
 * concurrency-limits and Envoy, but the unloaded latency is not measured by stopping all traffic. It is
 * the median of requests that began while at most half of the limit was in flight; when there are none for a
 * while, the limit itself is halved for one window. A latency that was first seen under load is so
 * corrected, and a service that has become slower is believed.
 *
 * It begins low and climbs as TCP's slow start does (RFC 5681, section 3.1): when all of the limit was used in a
 * window and latency has not risen, it doubles. Two slow windows in a row end the climb, at what was in flight
 * without the queue. It climbs again when for some windows the limit was used and nobody waited longer: the service
 * can do more than it could.
 *
 * A window is a cohort: so many requests that began in it, until nearly all of them have ended. What ends in a stretch
 * of time would not do: just after a change it is older than the change, and later the quick ones come first.
 *
 * The queue is CoDel's (RFC 8289): while the eldest has waited longer than the target for an interval,
 * requests are refused ever faster, and meanwhile the youngest is served first (Maurer, "Fail at Scale",
 * ACM Queue 2015), because the eldest has waited in vain already.
 *
 * One of each a worker and upstream; time is an argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gate/config/config.h"

#define COHORT_MAX 128

/* Requests that began one after another, and what those of them took that have ended. */
struct cohort {
	uint32_t number;                 /* not 0 */
	uint32_t size, begun, ended;
	int64_t at[COHORT_MAX];
};

/* The cohorts that a request counts in; 0: none. */
struct concurrency_ticket {
	uint32_t all, low;
};

struct concurrency {
	bool adaptive;
	double limit, min, max;          /* of this worker */
	double base_ns;                  /* latency without a queue; 0: not known */
	uint32_t in_flight, most;        /* now; in this window */
	int64_t window_begin_ns;
	int windows;                     /* since the base was measured */
	bool dip;                        /* this window is at half the limit */
	bool climbing, slow;             /* slow: the last round of the climb was */
	int calm;                        /* windows in a row that used the limit, and nobody waited */
	struct cohort all, low;          /* low: began with at most half of the limit in flight */
};

/* A worker has the `workers`th part of the limits, at least 1. */
void concurrency_init(struct concurrency *c, const struct gate_concurrency *s, int64_t workers);

/* So many may be in flight now. */
uint32_t concurrency_limit(const struct concurrency *c);

/* False: all is taken. Otherwise *ret is what concurrency_end wants to have back. */
bool concurrency_begin(struct concurrency *c, struct concurrency_ticket *ret);

/* `latency_ns`: to the head of the answer, or what a request that timed out has taken; -1: nothing to learn (the
 * client went away, the connection was refused). */
void concurrency_end(struct concurrency *c, struct concurrency_ticket ticket, int64_t latency_ns, int64_t now_ns);

/* Zero is a queue at rest. */
struct codel {
	int64_t above_ns;                /* when the wait will have been above target for an interval; 0: it is not */
	bool refusing;
	int64_t next_ns;                 /* when the next one is refused */
	int64_t refused, refused_before; /* in this spell, when the last one ended */
};

enum codel_step { CODEL_SERVE_ELDEST, CODEL_SERVE_YOUNGEST, CODEL_REFUSE_ELDEST };

/* What to do with a queue that is not empty when there is room for a request. Who has refused the eldest (503) asks
 * again. `n` wait; the eldest has waited for `wait_ns`. The caller's timer refuses whoever has waited for
 * queue_timeout while there was no room. */
enum codel_step codel_next(struct codel *q, const struct gate_concurrency *s, int64_t wait_ns, int64_t n,
    int64_t now_ns);
