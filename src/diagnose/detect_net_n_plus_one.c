/* SPDX-License-Identifier: MIT */
/* One request calls the same server many times, one call after another.
 *
 * What the client library computes for the calls goes with them: on an event loop it is often more than the
 * waiting. */
#include "diagnose/driver.h"
#include "diagnose/peers.h"
#include "diagnose/text.h"

#define SHARE_MIN 0.05

/* Of the work of HTTP clients, by calls; also those whose request is not known. */
static double
client_share(const struct facts *f, const struct run_call *c)
{
	double all = 0, its = 0;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *one = &f->trace->calls[i];
		if (!text_same(one->kind, "http") || !(one->calls > 0))
			continue;
		all += one->calls;
		its += text_same(one->peer, c->peer) ? one->calls : 0;
	}
	return its > 0 ? driver_share(f, DRIVER_HTTP) * its / all : 0;
}

static void
detect(const struct facts *f, struct draft *d)
{
	double most = 0;
	bool told = false;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		if (c->per_request > most)
			most = c->per_request;
		if (!(c->per_request >= PEER_REPEATED))
			continue;
		double client = client_share(f, c);
		double share = (peer_share(f, c->peer) + client) * (c->per_request - 1) / c->per_request;
		if (share < SHARE_MIN)
			continue;
		struct run_finding *out = finding_add(d, share, 0.9, c->peer);
		out->route = run_str(f->run, c->route);
		out->summary = run_printf(f->run, "a request calls %s %.3g times: %s of the time", c->peer,
		    c->per_request, PCT(share));
		finding_evidence(d, "%.0f calls, %s each, %.3g per request", c->calls,
		    DURATION(c->seconds / c->calls), c->per_request);
		if (client > 0)
			finding_evidence(d, "what the HTTP client computes for them has %s of the time", PCT(client));
		told = true;
	}
	if (!told)
		rule_out(d, "no server is called more than %.3g times per request", most);
}

const struct detector detect_net_n_plus_one = {
	.kind = "io.net.n-plus-one", .class = CLASS_IO, .weight = 1.6 * WEIGHT_CAUSE, .detect = detect,
	.about = "one request calls the same server many times",
};
