/* SPDX-License-Identifier: MIT */
/* Another server fails part of the questions, and the same is asked again within the request.
 *
 * Refusals for being too many (429) are contention.rate-limit: there asking less is the cure, here the
 * other server's errors are the cause and the retries multiply what it has to bear. */
#include <math.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define REPEATED_MIN 0.10   /* of the calls */
#define SHARE_MIN    0.10

/* Of the time: the calls that were asked again, and the sleeping in front of them. */
static double
share_of(const struct facts *f, const struct run_call *c)
{
	return fmin(peer_share(f, c->peer) * c->repeated + f->charged[PART_SLEEP], 1);
}

static void
tell(const struct facts *f, struct draft *d, const struct run_call *c)
{
	double share = share_of(f, c);
	struct run_finding *out = finding_add(d, share, 0.9, c->peer);

	out->route = run_str(f->run, c->route);
	out->summary = run_printf(f->run, "%s of the calls to %s ask the same again after an error: %s of the "
	    "requests' time", PCT(c->repeated), c->peer, PCT(share));
	finding_evidence(d, "%s of %.0f calls failed (429 or 5xx), %s were 429; %.3g calls per request",
	    PCT(c->errors), c->calls, PCT(c->limited), c->per_request);
	finding_evidence(d, "requests sleep %s of their time, and wait for that server %s",
	    PCT(f->charged[PART_SLEEP]), PCT(peer_share(f, c->peer)));
	finding_against(d, "not all of the sleeping need be for it");
}

static void
detect(const struct facts *f, struct draft *d)
{
	double most = 0;
	bool told = false;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		bool refused = c->limited > c->errors / 2;
		if (!refused && c->repeated > most)
			most = c->repeated;
		if (refused || !(c->repeated >= REPEATED_MIN) || share_of(f, c) < SHARE_MIN)
			continue;
		tell(f, d, c);
		told = true;
	}
	if (!told)
		rule_out(d, "%s of the calls to any server are repeated after an error, or they cost little",
		    PCT(most));
}

const struct detector detect_net_retry = {
	.kind = "io.net.retry", .class = CLASS_IO, .weight = 1.2 * WEIGHT_CAUSE, .detect = detect,
	.about = "failed calls to another server are made again and again",
};
