/* SPDX-License-Identifier: MIT */
/* Large compressible answers are sent as they are, and sending them is what requests wait for.
 *
 * Only measured send time counts: on a fast link compression costs more than it saves. */
#include <math.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define BODY_MIN_BYTES  (16 * 1024)
#define SHARE_MIN       0.10

static bool
compressible(const char *type)
{
	static const char *const words[] = { "text/", "json", "javascript", "xml", "svg", NULL };

	for (size_t i = 0; words[i]; i++)
		if (text_has(type, words[i]))
			return true;
	return false;
}

static const struct run_route *
largest_plain(const struct facts *f)
{
	const struct run_baseline *b = &f->run->baseline;
	const struct run_route *best = NULL;

	for (size_t i = 0; i < b->n_routes; i++) {
		const struct run_route *t = &b->routes[i];
		bool encoded = t->content_encoding && *t->content_encoding
		    && !text_same(t->content_encoding, "identity");
		if (!encoded && compressible(t->content_type) && t->body_bytes >= BODY_MIN_BYTES
		    && (!best || t->body_bytes > best->body_bytes))
			best = t;
	}
	return best;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_route *t = largest_plain(f);
	double share = peer_client_share(f);

	if (!t) {
		rule_out(d, "no route gives a large compressible answer uncompressed");
		return;
	}
	if (share < SHARE_MIN) {
		rule_out(d, "%s gives %s uncompressed, but sending is only %s of the time", t->route,
		    SIZE(t->body_bytes), PCT(share));
		return;
	}
	struct run_finding *out = finding_add(d, share, 0.85, t->route);
	out->route = run_str(f->run, t->route);
	out->summary = run_printf(f->run, "%s sends %s of %s uncompressed: %s of the time is sending",
	    t->route, SIZE(t->body_bytes), t->content_type, PCT(share));
	finding_evidence(d, "%s per answer, %s, no Content-Encoding", SIZE(t->body_bytes),
	    t->content_type);
	if (isfinite(f->run->baseline.net_bytes_per_s))
		finding_evidence(d, "%s/s over the network", SIZE(f->run->baseline.net_bytes_per_s));
	finding_against(d, "whether the client would take a compressed answer is for it to say");
}

const struct detector detect_net_uncompressed = {
	.kind = "io.net.uncompressed", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "large compressible answers are sent uncompressed",
};
