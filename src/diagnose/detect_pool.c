/* SPDX-License-Identifier: MIT */
/* Requests wait for a connection of a pool while all of them are taken.
 *
 * Threads wait for it at a lock, an event loop keeps the request in a queue of its own. Must also
 * hold: the connections wait for the peer, not for the service's own computing, which a larger pool
 * would only make wait elsewhere; what runs on them is brief; and the server behind them is not
 * full itself (on this host: its CPUs, where they are not full of what others compute). */
#include <math.h>

#include "diagnose/lock_pool.h"
#include "diagnose/pool_queue.h"
#include "diagnose/statements.h"
#include "diagnose/talks.h"
#include "diagnose/text.h"

#define SHARE_MIN      0.15
#define COMPUTING_MAX  0.50
#define HOST_FULL      0.90
#define CPU_FULL       0.70
#define SERVERS_MIN    0.25   /* of the host's CPUs: servers that use less do not fill them */

static void
tell_waits(struct draft *d, const struct run_wait *w)
{
	if (w)
		finding_evidence(d, "%lld waits, %s each; %.2g wait at the same time", (long long)w->waits,
		    DURATION(w->waits > 0 ? w->seconds / w->waits : NAN), w->mean_waiters);
}

static const char *
held_text(const struct facts *f, struct pool_held held, const struct run_wait *w)
{
	return run_printf(f->run, "%s at %s, %s computing here, %s waiting for something else",
	    PCT(held.peer), pool_queue_peer(w), PCT(held.computing), PCT(held.elsewhere));
}

static void
tell_queue(const struct facts *f, struct draft *d, const struct run_wait *w, double share,
    struct pool_held held)
{
	bool known = held.peer + held.computing > 0;
	struct run_finding *out = finding_add(d, share * (1 - held.computing), known ? 0.9 : 0.75,
	    w->where);

	out->route = facts_route(f, PART_QUEUE, w->where);
	out->summary = run_printf(f->run, "requests wait %s of their time for a free connection to %s",
	    PCT(share), pool_queue_peer(w));
	tell_waits(d, w);
	if (known)
		finding_evidence(d, "meanwhile its connections are taken: %s", held_text(f, held, w));
	if (isfinite(f->host_busy))
		finding_evidence(d, "the host's CPUs are %s busy", PCT(f->host_busy));
	if (f->host_busy > HOST_FULL)
		finding_against(d, "the host's CPUs are full of what others compute, which the server has to "
		    "wait for too");
	if (!known)
		finding_against(d, "what its connections did meanwhile was not seen");
}

/* Of the servers that it asks, as far as they run here. */
static double
cores_of_servers(const struct run_system *s)
{
	double sum = NAN;
	for (size_t i = 0; i < s->n_neighbours; i++)
		if (s->neighbours[i].peer)
			sum = s->neighbours[i].cpu + (isnan(sum) ? 0 : sum);
	return sum;
}

/* More that is asked at a time would wait for the host's CPUs. */
static bool
fills_host(const struct facts *f)
{
	bool others = cores_of_servers(&f->run->system) < SERVERS_MIN * (double)f->run->host.cpus;
	return f->host_busy > HOST_FULL && !others;
}

/* Why the queue is not for want of connections; NULL: it is. */
static const char *
not_the_pool(const struct facts *f, const struct run_wait *w, double share, struct pool_held held)
{
	if (share < SHARE_MIN)
		return "too little to matter";
	if (held.computing > COMPUTING_MAX)
		return run_printf(f->run, "the service itself keeps them: %s", held_text(f, held, w));
	if (statement_takes_pool(f))
		return "slow statements keep them";
	if (fills_host(f))
		return run_printf(f->run, "the host's CPUs are %s busy, for which more of them would wait",
		    PCT(f->host_busy));
	return NULL;
}

/* Where no request was traced: more are inside than are anywhere, all connections to a database are taken, and
 * by brief questions. */
static bool
tell_taken(const struct facts *f, struct draft *d)
{
	const struct run_call *c = talks_taken(f, PART_DB);
	double inside = f->phase ? f->phase->throughput * f->phase->service.mean : NAN, seen = 0;
	bool computes = f->utilisation > CPU_FULL || (f->busiest && f->busiest->cpu > CPU_FULL);

	for (size_t i = 0; i < f->trace->n_states; i++)
		seen += f->trace->states[i].threads > 0 ? f->trace->states[i].threads : 0;
	double share = inside > 0 ? 1 - seen / inside : 0;
	if (!c || !f->waits_sampled || !talks_brief(c) || computes || fills_host(f) || share < SHARE_MIN)
		return false;
	double busy = c->seconds / f->trace->seconds;
	struct run_finding *out = finding_add(d, share, 0.8, run_printf(f->run, "connection pool %s", c->peer));
	out->summary = run_printf(f->run, "%.3g requests are inside at a time, but the connections to %s are taken: "
	    "%.2g of them wait for an answer", inside, c->peer, busy);
	talks_evidence(d, c);
	finding_against(d, "that the others wait for a connection was not seen: nothing else is that they do");
	return true;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_wait *w = pool_queue(f);
	bool told = lock_pool_tell(f, d) || tell_taken(f, d);

	if (w) {
		double share = pool_queue_share(f, w);
		struct pool_held held = pool_queue_holders(f, w);
		const char *why = not_the_pool(f, w, share, held);
		if (!why)
			tell_queue(f, d, w, share, held);
		else if (!told)
			rule_out(d, "requests wait %s of their time for a connection to %s, but %s",
			    PCT(share), pool_queue_peer(w), why);
	} else if (!told) {
		rule_out(d, "requests wait for locks %s of their time, behind none of which all connections "
		    "to a server are busy, and none waits in a pool's queue", PCT(f->charged[PART_LOCK]));
	}
}

const struct detector detect_pool = {
	.kind = "contention.pool", .class = CLASS_CONTENTION, .weight = 1.1 * WEIGHT_CAUSE,
	.detect = detect, .about = "requests wait for a pooled connection",
};
