/* SPDX-License-Identifier: MIT */
/* Made-up services and machines for simulate.c, whose truth is known. */
#pragma once

#include <stdint.h>

#include "run/run.h"

struct chance { uint64_t seed, at; };    /* a stream of draws */
double chance_uniform(struct chance *c);        /* in (0, 1) */
double chance_normal(struct chance *c);
double chance_exponential(struct chance *c);    /* mean 1 */

/* ---- blocks of figures --------------------------------------------------------------------- */

enum drift { DRIFT_NONE, DRIFT_WALK, DRIFT_STEP };

struct world {
	enum drift drift;
	double cpu_sd, p99_sd;     /* of the log ratio within pairs; other latencies follow p99 */
	double cpu_by, p95_by, p99_by;   /* B's figure over A's */
	int routes;                /* 0: one, not named */
	double luck_sd;            /* of CPU per request, from start to start of one program */
	int64_t restart_every;     /* pairs; 0: one process each from the first to the last */
};

/* Add the pairs from..to-1 of both arms, ABBA, at a rate and at saturation. The machine's state
 * comes from `c` too, which must be handed on. */
struct machine { double speed, luck[2]; int64_t blocks, step_at; };
void world_pairs(const struct world *w, struct machine *m, struct chance *c, struct run *r,
    struct run_proof *p, int64_t from, int64_t to);

/* ---- a queue ------------------------------------------------------------------------------- */

struct queue {
	double busy;               /* of A */
	double ratio;              /* of B's service times to A's */
	double noise;              /* standard deviation of the machine's speed, block to block */
	double length, dropped;    /* of a block, and of its front, in A's service times */
	bool same_requests;        /* for both arms of a pair */
};

/* The p99 of one block of a single-server queue with Poisson arrivals and exponential service
 * times, by Lindley's recursion, in units of A's mean service time. The same stream gives the same
 * requests. */
double queue_block_p99(const struct queue *q, bool is_b, struct chance requests, double speed);
double queue_true_ratio(const struct queue *q);

/* `seconds` stretches of such a queue, a second of `rate` arrivals each, and what their p99 is near. */
struct bootstrap;
void queue_seconds(double busy, double rate, int seconds, struct chance *c, struct bootstrap *ret);
double queue_true_p99(double busy, double rate);     /* ns */
