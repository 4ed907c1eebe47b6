/* SPDX-License-Identifier: MIT */
/* Signature: while requests wait at the lock, who lets them go on was waiting for a peer; and the
 * service has few connections to that peer, most of them busy. With a connection a thread, of
 * which one at a time is used, the lock itself would be the limit.
 *
 * Where they ask a database besides, to which there are no more connections, those are the pool: clients of
 * other servers open connections as they are wanted, and have as many as the pool lets in. */
#include "diagnose/lock_pool.h"

#include <math.h>
#include <string.h>

#include "diagnose/charge.h"
#include "diagnose/peers.h"
#include "diagnose/text.h"

#define HELD_MIN  0.5
#define BUSY_MIN  0.6    /* of the connections: at its knee a pool of three is two thirds busy */
#define SHARE_MIN 0.15

static const struct run_peer *
peer_named(const struct run *r, const char *where)
{
	for (size_t i = 0; where && i < r->system.n_peers; i++) {
		const char *address = r->system.peers[i].address;
		size_t length = address ? strlen(address) : 0;
		/* "host:port", of a database also "host:port/name" */
		if (length && strncmp(where, address, length) == 0 && (!where[length] || where[length] == '/'))
			return &r->system.peers[i];
	}
	return NULL;
}

/* The database's part is a statement, which knows its database. */
static const struct run_peer *
peer_of(const struct facts *f, const struct run_part *p)
{
	const struct run_peer *peer = peer_named(f->run, p->where);

	for (size_t i = 0; !peer && i < f->trace->n_queries; i++)
		if (text_same(f->trace->queries[i].fingerprint, p->where))
			peer = peer_named(f->run, f->trace->queries[i].database);
	return peer;
}

static double
busy_connections(const struct facts *f, const char *peer)
{
	double seconds = 0;

	for (size_t i = 0; i < f->trace->n_calls; i++)
		if (text_same(f->trace->calls[i].peer, peer) && f->trace->calls[i].seconds > 0)
			seconds += f->trace->calls[i].seconds;
	return f->trace->seconds > 0 ? seconds / f->trace->seconds : 0;
}

static bool
is_database(const struct facts *f, const char *address)
{
	return peer_part_at(f->run, PART_NET, address) == PART_DB;
}

/* Whose connections are waited for while their holders wait for `asked`. */
static const struct run_peer *
pool_around(const struct facts *f, const struct run_peer *asked)
{
	const struct run_peer *pool = asked;

	for (size_t i = 0; i < f->run->system.n_peers && !is_database(f, asked->address); i++) {
		const struct run_peer *p = &f->run->system.peers[i];
		if (p->address && p->connections >= 1 && p->connections <= pool->connections
		    && is_database(f, p->address))
			pool = p;
	}
	return pool;
}

static bool
is_remote(enum run_part_kind kind)
{
	return kind == PART_NET || kind == PART_DB || kind == PART_CACHE;
}

bool
lock_pool_behind(const struct facts *f, const struct run_part *lock, struct lock_pool *ret)
{
	const struct run_wait *w = charge_wait(f->run, PART_LOCK, lock->where);
	const struct run_peer *asked = NULL;
	double held = 0, known = 0;

	for (size_t i = 0; w && i < w->n_holder; i++) {
		/* A long queue is not followed to its end: there it is still the lock's. */
		if (w->holder[i].kind == PART_LOCK && text_same(w->holder[i].where, lock->where))
			continue;
		known += w->holder[i].share;
		const struct run_peer *p = is_remote(w->holder[i].kind) ? peer_of(f, &w->holder[i]) : NULL;
		if (p && (!asked || p == asked)) {
			asked = p;
			held += w->holder[i].share;
		}
	}
	if (!asked || held < HELD_MIN * known || asked->connections < 1)
		return false;
	const struct run_peer *pool = pool_around(f, asked);
	*ret = (struct lock_pool){ .peer = pool->address, .asked = asked->address, .connections = pool->connections,
		.held = held / known, .busy = busy_connections(f, asked->address) };
	if (pool != asked)
		ret->busy += busy_connections(f, pool->address);
	return ret->busy >= BUSY_MIN * (double)ret->connections;
}

static void
tell(const struct facts *f, struct draft *d, const struct run_part *lock, const struct lock_pool *p)
{
	const struct run_wait *w = charge_wait(f->run, PART_LOCK, lock->where);
	struct run_finding *out = finding_add(d, lock->share, 0.9, run_printf(f->run,
	    "%s (%lld connections, %s)", p->peer, (long long)p->connections, lock->where ? lock->where : "?"));

	out->route = facts_route(f, PART_LOCK, lock->where);
	out->summary = run_printf(f->run, "requests wait %s of their time for one of the %lld connections "
	    "to %s", PCT(lock->share), (long long)p->connections, p->peer);
	finding_evidence(d, "%.2g of the %lld connections are busy at a time", p->busy,
	    (long long)p->connections);
	if (w)
		finding_evidence(d, "%lld waits, %s each; %.2g wait at the same time", (long long)w->waits,
		    DURATION(w->waits > 0 ? w->seconds / w->waits : NAN), w->mean_waiters);
	finding_evidence(d, "meanwhile who has a connection waits %s of the time for %s%s", PCT(p->held), p->asked,
	    text_same(p->asked, p->peer) ? "" : ", and keeps the connection");
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use", PCT(f->utilisation));
	finding_against(d, "whether %s answers more at a time as quickly has to be tried", p->asked);
}

bool
lock_pool_tell(const struct facts *f, struct draft *d)
{
	bool told = false;

	for (size_t i = 0; i < f->n_parts; i++) {
		struct lock_pool p;
		if (f->parts[i].kind != PART_LOCK || f->parts[i].share < SHARE_MIN
		    || !lock_pool_behind(f, &f->parts[i], &p))
			continue;
		tell(f, d, &f->parts[i], &p);
		told = true;
	}
	return told;
}
