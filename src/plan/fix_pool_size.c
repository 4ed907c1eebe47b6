/* SPDX-License-Identifier: MIT */
/* More connections than requests that want one at a time.
 *
 * While somebody waits all connections are taken, so as many are wanted as there are, and one for
 * each who waits; a third more keeps the queue short. */
#include <math.h>
#include <string.h>

#include "plan/fix.h"
#include "plan/words.h"

static const struct run_wait *
wait_of(const struct run *r, const char *where)
{
	const struct run_trace *t = &r->evidence.trace;

	for (size_t i = 0; where && i < t->n_waits; i++)
		if (t->waits[i].where && strcmp(t->waits[i].where, where) == 0)
			return &t->waits[i];
	return NULL;
}

/* Connections that the service has to the peer that the place names; 0 unknown. */
static double
connections_now(const struct run *r, const char *where)
{
	for (size_t i = 0; where && i < r->system.n_peers; i++) {
		const char *address = r->system.peers[i].address;
		if (address && *address && strstr(where, address))
			return (double)r->system.peers[i].connections;
	}
	return 0;
}

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	const struct run_wait *w = wait_of(r, f->where);
	double now = connections_now(r, f->where);
	double wanted = w ? ceil((now + w->mean_waiters) * 4 / 3) : NAN;
	bool known = now > 0 && wanted > now && wanted < 1e5;

	s->what = run_printf(r, "more connections: %s", words_place(r, f->where));
	s->apply = known
	    ? run_printf(r, "let the pool have %.0f connections instead of %.0f (max, max_size, pool_size, "
	          "maximumPoolSize), and the server accept them (PostgreSQL: max_connections)", wanted, now)
	    : "give the pool (max, max_size, pool_size, maximumPoolSize) as many connections as requests "
	      "want one at a time: rate x time that a request keeps it, and a third more";
	s->undo = "set the old size again";
}

const struct fix fix_pool_size = {
	.kind = "contention.pool", .action = "pool.size", .gain_low = 0.6, .gain_high = 0.95,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "each connection costs memory on the server (PostgreSQL: a process); far more than it "
	    "has CPUs make it slower",
};
