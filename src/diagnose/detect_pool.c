/* SPDX-License-Identifier: MIT */
/* Requests wait for a connection of a pool while all of them are taken.
 *
 * Must also hold: the connections wait for the peer, not for the service's own computing, which a
 * larger pool would only make wait elsewhere. */
#include <math.h>

#include "diagnose/charge.h"
#include "diagnose/detect.h"
#include "diagnose/pool.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.15

static void
tell(const struct facts *f, struct draft *d, const struct run_part *lock, const struct pool *p)
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
	finding_evidence(d, "meanwhile who has a connection waits %s of the time for the peer", PCT(p->held));
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use", PCT(f->utilisation));
	finding_against(d, "whether the peer answers more at a time as quickly has to be tried");
}

static void
detect(const struct facts *f, struct draft *d)
{
	double locks = 0;
	bool told = false;

	for (size_t i = 0; i < f->n_parts; i++) {
		struct pool p;
		if (f->parts[i].kind != PART_LOCK)
			continue;
		locks += f->parts[i].share;
		if (f->parts[i].share < SHARE_MIN || !pool_behind(f, &f->parts[i], &p))
			continue;
		tell(f, d, &f->parts[i], &p);
		told = true;
	}
	if (!told)
		rule_out(d, "requests wait for locks %s of their time, behind none of which all connections "
		    "to a server are busy", PCT(locks));
}

const struct detector detect_pool = {
	.kind = "contention.pool", .class = CLASS_CONTENTION, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for a pooled connection",
};
