/* SPDX-License-Identifier: MIT */
/* Requests look names up, each time anew, and wait for the name server. */
#include <math.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define LOOKUPS_MIN 0.5    /* a request: below, what is looked up is kept */
#define SHARE_MIN   0.10

static void
tell(const struct facts *f, struct draft *d, const struct run_call *c, double share)
{
	struct run_finding *out = finding_add(d, share, 0.9, c->peer);

	out->route = run_str(f->run, c->route);
	out->summary = run_printf(f->run, "a request looks %.3g names up at %s: %s of the time",
	    c->per_request, c->peer, PCT(share));
	finding_evidence(d, "%.0f lookups, %s each, %.3g per request", c->calls,
	    DURATION(c->seconds / c->calls), c->per_request);
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use", PCT(f->utilisation));
}

static void
detect(const struct facts *f, struct draft *d)
{
	double most = 0;
	bool told = false;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		if (!text_same(c->kind, "dns") || !(c->calls > 0))
			continue;
		most = fmax(most, c->per_request);
		double share = peer_share(f, c->peer);
		if (!(c->per_request >= LOOKUPS_MIN) || share < SHARE_MIN)
			continue;
		tell(f, d, c, share);
		told = true;
	}
	if (!told)
		rule_out(d, "a request looks %.2g names up, or that costs little", most);
}

const struct detector detect_net_dns = {
	.kind = "io.net.dns", .class = CLASS_IO, .weight = 1.02 * WEIGHT_CAUSE, .detect = detect,
	.about = "names are looked up for each request",
};
