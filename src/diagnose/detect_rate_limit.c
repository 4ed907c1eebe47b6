/* SPDX-License-Identifier: MIT */
/* Another server refuses part of the questions because there are too many (429), and requests sleep
 * before they ask again. */
#include <math.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define LIMITED_MIN 0.05   /* of the calls */
#define SHARE_MIN   0.10

static void
tell(const struct facts *f, struct draft *d, const struct run_call *c, double share)
{
	struct run_finding *out = finding_add(d, share, 0.9, c->peer);

	out->route = run_str(f->run, c->route);
	out->summary = run_printf(f->run, "%s refuses %s of the calls because there are too many: %s of the "
	    "requests' time goes to them and to waiting before the next try", c->peer, PCT(c->limited),
	    PCT(share));
	finding_evidence(d, "%s of %.0f calls were answered with 429; %.3g calls per request", PCT(c->limited),
	    c->calls, c->per_request);
	finding_evidence(d, "requests sleep %s of their time, and wait for that server %s",
	    PCT(f->charged[PART_SLEEP]), PCT(peer_share(f, c->peer)));
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use", PCT(f->utilisation));
	finding_against(d, "not all of the sleeping need be for it");
}

static void
detect(const struct facts *f, struct draft *d)
{
	double most = 0;
	bool told = false;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		if (!(c->limited >= LIMITED_MIN)) {
			most = c->limited > most ? c->limited : most;
			continue;
		}
		double share = peer_share(f, c->peer) * c->limited + f->charged[PART_SLEEP];
		if (share < SHARE_MIN)
			continue;
		tell(f, d, c, share);
		told = true;
	}
	if (!told)
		rule_out(d, "%s of the calls to any server were answered with 429, or they cost little",
		    PCT(most));
}

const struct detector detect_rate_limit = {
	.kind = "contention.rate-limit", .class = CLASS_CONTENTION, .weight = 1.2 * WEIGHT_CAUSE,
	.detect = detect, .about = "another server refuses calls because there are too many",
};
