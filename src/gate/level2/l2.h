/* SPDX-License-Identifier: MIT */
/* The second level of the cache as a worker sees it: Redis or Valkey, which gates share and which outlives
 * them. A single server, one with replicas, or a cluster.
 *
 * l2_map      who has what: slots, roles                      pure
 * l2_value    what stands under a key                         pure
 * l2_link     a connection: pipelined, made anew when it is lost, through TLS where that is wanted (l2_tls)
 * l2_nodes    the nodes as they are known, and whom to ask
 * l2          questions and answers: redirections, patience, circuit breakers
 * l2_keep     what goes there: stored responses, written behind; what is deleted
 * l2_stream   the purges of all gates in one order (l2_purges, l2_outbox)
 * lookup      a miss of the first level that asks here before it asks the origin
 *
 * It may be slow, full or gone at any time, and then must not cost anybody anything: a question waits four
 * times the p99 of the answers so far, at least 1 ms and at most gate.yaml's timeout; after some failures
 * in a row a node is not asked for a while, reads and writes each for themselves (a full server
 * still reads); a link that is lost is made anew behind, and nobody waits for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/origin/breaker.h"
#include "net/field.h"

#define L2_KEY_MAX 96

struct gate_worker;
struct l2;
struct l2_call;
struct l2_node;

struct l2_key {
	char text[L2_KEY_MAX];
	size_t size;
};

/* Where a response stands: a hash of its primary key, and of what it varies by (empty: nothing). */
void l2_key_write(const struct l2 *l, struct text uri, struct text vary, struct l2_key *ret);

enum l2_outcome {
	L2_FOUND,
	L2_ABSENT,
	L2_FAILED,    /* not known: it is gone, too slow, or does not want to */
};

/* A question; part of who asks. */
struct l2_read {
	/* Told once. `value` is good during the call. */
	void (*done)(struct l2_read *r, enum l2_outcome outcome, struct text value);
	/* The rest is l2's. */
	struct l2 *l;
	struct l2_read *next, **link;
	struct l2_call *call;
	struct l2_node *node;
	enum breaker_verdict verdict;
	int64_t asked_ns;
	int redirects;
	bool asking;             /* its next reply is that to ASKING */
	struct l2_key key;
};

/* False: nobody can be asked, and `done` is not called. It is never called from within. */
bool l2_ask(struct l2 *l, struct l2_read *r, const struct l2_key *key);
/* Is the answer of a server that takes so long in the middle likely here before one from here? Then it is
 * better asked at once; every now and then this says no, so that it is known when that changes. */
bool l2_is_slower_than(struct l2 *l, int64_t origin_p50_ns);

/* Write a value that is of use for so long; it is taken, or dropped when too much waits already. */
void l2_set(struct l2 *l, const struct l2_key *key, struct text value, int64_t ttl_ns);
void l2_delete(struct l2 *l, const struct l2_key *key);
/* Is there room for so many bytes, and anybody who takes them? */
bool l2_takes(const struct l2 *l, const struct l2_key *key, size_t bytes);

/* ---- the worker's ---- */

/* NULL where gate.yaml names none. Fails over the files of TLS. Out of memory aborts. */
int l2_open(struct gate_worker *w, struct l2 **ret, struct err *e);
void l2_close(struct l2 *l);              /* accepts NULL, as all that follow */
void l2_begin(struct l2 *l);              /* by the worker's thread: connect */
uint32_t l2_count_conns(const struct gate_worker *w);
/* When l2_turn is due; INT64_MAX: when something has been asked or said. */
int64_t l2_next_ns(const struct l2 *l);
/* At the end of each turn: what is late, what is to be sent. */
void l2_turn(struct l2 *l);
