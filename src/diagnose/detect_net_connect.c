/* SPDX-License-Identifier: MIT */
/* Each request opens a connection to a peer that could be kept open.
 *
 * What connecting costs is not painted apart; of a call over a fresh connection at least one
 * round trip in two is the connection's. */
#include "diagnose/peers.h"
#include "diagnose/text.h"

#define CONNECTS_MIN  0.5
#define COST          0.5   /* part of the peer's time that the connection is estimated to be */

static void
detect(const struct facts *f, struct draft *d)
{
	double most = 0;
	bool told = false;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		double share = COST * peer_share(f, c->peer);
		if (c->connects_per_request > most)
			most = c->connects_per_request;
		if (!(c->connects_per_request >= CONNECTS_MIN) || share <= 0)
			continue;
		struct run_finding *out = finding_add(d, share, 0.75, c->peer);
		out->source = SOURCE_ESTIMATED;
		out->route = run_str(f->run, c->route);
		out->summary = run_printf(f->run, "requests open %.2g connections to %s each",
		    c->connects_per_request, c->peer);
		finding_evidence(d, "%.2g connects and %.3g calls per request", c->connects_per_request,
		    c->per_request);
		finding_evidence(d, "%s of the time is spent with it", PCT(peer_share(f, c->peer)));
		told = true;
	}
	if (!told)
		rule_out(d, "at most %.2g connections are opened per request", most);
}

const struct detector detect_net_connect = {
	.kind = "io.net.connect", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "a connection is opened for each request",
};
