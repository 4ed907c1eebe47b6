/* SPDX-License-Identifier: MIT */
/* One request calls the same server many times, one call after another. */
#include "diagnose/peers.h"
#include "diagnose/text.h"

#define CALLS_MIN  5
#define SHARE_MIN  0.05

static void
detect(const struct facts *f, struct draft *d)
{
	double most = 0;
	bool told = false;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		if (c->per_request > most)
			most = c->per_request;
		if (!(c->per_request >= CALLS_MIN))
			continue;
		double share = peer_share(f, c->peer) * (c->per_request - 1) / c->per_request;
		if (share < SHARE_MIN)
			continue;
		struct run_finding *out = finding_add(d, share, 0.9, c->peer);
		out->route = run_str(f->run, c->route);
		out->summary = run_printf(f->run, "a request calls %s %.3g times: %s of the time", c->peer,
		    c->per_request, PCT(share));
		finding_evidence(d, "%.0f calls, %s each, %.3g per request", c->calls,
		    DURATION(c->seconds / c->calls), c->per_request);
		told = true;
	}
	if (!told)
		rule_out(d, "no server is called more than %.3g times per request", most);
}

const struct detector detect_net_n_plus_one = {
	.kind = "io.net.n-plus-one", .class = CLASS_IO, .weight = 1.4 * WEIGHT_CAUSE, .detect = detect,
	.about = "one request calls the same server many times",
};
