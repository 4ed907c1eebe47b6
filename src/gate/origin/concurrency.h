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
 * The queue is CoDel's (RFC 8289): while the eldest has waited longer than the target for an interval,
 * requests are refused ever faster, and meanwhile the youngest is served first (Maurer, "Fail at Scale",
 * ACM Queue 2015), because the eldest has waited in vain already.
 *
 * One of each a worker and upstream; time is an argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gate/config/config.h"

#define CONCURRENCY_SAMPLES 128

/* Latencies of a window, a uniform sample when there are more than fit. */
struct latency_sample {
	int64_t at[CONCURRENCY_SAMPLES];
	uint32_t seen;
};

struct concurrency {
	bool adaptive;
	double limit, min, max;          /* of this worker */
	double base_ns;                  /* latency without a queue; 0: not known */
	uint32_t in_flight, most;        /* now; in this window */
	int64_t window_begin_ns;
	int windows;                     /* since the base was measured */
	bool dip;                        /* this window is at half the limit */
	struct latency_sample all, low;  /* low: began with at most half of the limit in flight */
	uint64_t draws;
};

/* A worker has the `workers`th part of the limits, at least 1. */
void concurrency_init(struct concurrency *c, const struct gate_concurrency *s, int64_t workers);

/* So many may be in flight now. */
uint32_t concurrency_limit(const struct concurrency *c);

/* False: all is taken. Otherwise *ret_place is what concurrency_end wants to have back. */
bool concurrency_begin(struct concurrency *c, uint32_t *ret_place);

/* `latency_ns`: to the head of the answer, or what a request that timed out has taken; -1: nothing to learn (the
 * client went away, the connection was refused). */
void concurrency_end(struct concurrency *c, uint32_t place, int64_t latency_ns, int64_t now_ns);

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
