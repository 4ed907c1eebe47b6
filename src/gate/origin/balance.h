/* SPDX-License-Identifier: MIT */
/* Which server of an upstream is asked.
 *
 * p2c: of two drawn servers the one that costs less: latency as a peak-sensitive moving average times what is
 * in flight (Mitzenmacher, "The power of two choices", 2001; the average is that of Finagle's "peak EWMA"),
 * more when it fails often, because failing is quick. hash: rendezvous hashing (Thaler, Ravishankar, 1998)
 * with loads bounded to 1.25 of the mean (Mirrokni, Thorup, Zadimoghaddam, 2018): the best server for a key
 * that has room. round-robin is the smooth weighted one.
 *
 * Servers that fail in a row are left out for a while (gate_ejection), and those that do not pass health
 * checks. When fewer than gate_health.panic of them would be left, the checks and not the servers are thought to be
 * wrong, or the rest would not stand it: all are asked.
 *
 * One balance a worker and upstream; time is an argument and never goes back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/config/config.h"

/* What became of a request to a server. */
enum outcome {
	OUTCOME_GOOD,
	OUTCOME_BAD,       /* refused, broken, timed out, or an answer of 500 and above */
	OUTCOME_UNKNOWN,   /* the client went away, or another server was quicker */
};

/* Servers by their index. */
struct server_set {
	uint64_t bits[GATE_SERVERS_MAX / 64];
};

static inline void
server_set_add(struct server_set *set, size_t server)
{
	set->bits[server / 64] |= UINT64_C(1) << server % 64;
}

static inline bool
server_set_has(const struct server_set *set, size_t server)
{
	return set->bits[server / 64] >> server % 64 & 1;
}

struct balance;

/* `u` outlives it. `seed` should differ from worker to worker. */
struct balance *balance_new(const struct gate_upstream *u, uint64_t seed);
void balance_free(struct balance *b);   /* accepts NULL */

/* The server to ask; its request counts as in flight from here to balance_end. `key` is for hash. `tried`: not
 * these, unless there are no others; NULL: none. Never fails. */
size_t balance_begin(struct balance *b, uint64_t key, const struct server_set *tried, int64_t now_ns);

/* `latency_ns`: from begin to the head of the answer, or to the failure; when the outcome is not known it would have taken
 * at least so long; -1 when nothing is known. */
void balance_end(struct balance *b, size_t server, enum outcome outcome, int64_t latency_ns,
    int64_t now_ns);

/* What its health checks say of a server, in force at once. */
void balance_health(struct balance *b, size_t server, bool good);

/* For metrics. */
struct balance_view {
	uint32_t in_flight;
	double latency_ns;   /* 0: not known */
	bool healthy, ejected;
	uint64_t ejections;  /* ever */
};

struct balance_view balance_look(const struct balance *b, size_t server, int64_t now_ns);
