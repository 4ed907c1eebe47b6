/* SPDX-License-Identifier: MIT */
/* Answers, or questions to another server, leave in small pieces, and the kernel holds the second one back
 * until the other side has acknowledged the first, which it does up to 40 ms later.
 *
 * Nagle's algorithm (RFC 896) on this side meets delayed acknowledgements (RFC 1122, 4.2.3.2) on the
 * other. The service does not see it: its last write returns at once. So the answer takes 40 ms and a
 * little, whatever the load, nearly all of it outside of the service. */
#include <math.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define SHARE_MIN      0.5
#define PEER_SHARE_MIN 0.15
#define PIECES_MIN     1.5    /* writes of a question */
#define STALLED_MIN    0.8    /* of the questions */

static void
tell(const struct facts *f, struct draft *d)
{
	const char *name = f->run->system.n_processes ? f->run->system.processes[0].name : NULL;
	struct run_finding *out = finding_add(d, f->stalled, 0.9,
	    run_printf(f->run, "answers of %s", name ? name : "the service"));

	out->summary = run_printf(f->run, "answers leave in %.2g writes, and the second waits some 40 ms "
	    "for the client's acknowledgement: %s of the time", f->trace->pieces, PCT(f->stalled));
	finding_evidence(d, "one answer of 20 takes %s or longer: 40 ms is when Linux acknowledges at the "
	    "latest", DURATION(f->phase->service.p95));
	finding_evidence(d, "%s of that passes after the service has written its answer, in %.2g pieces",
	    PCT(f->stalled), f->trace->pieces);
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use",
		    PCT(f->utilisation));
}

/* Likewise on the way to a server: there a slow answer looks the same, but for its exact time. */
static bool
tell_questions(const struct facts *f, struct draft *d, const struct run_call *c)
{
	double share = peer_share(f, c->peer);

	if (!(c->writes >= PIECES_MIN) || !(c->as_long_as_ack >= STALLED_MIN) || share < PEER_SHARE_MIN)
		return false;
	struct run_finding *out = finding_add(d, share, 0.85, c->peer);
	out->route = run_str(f->run, c->route);
	out->summary = run_printf(f->run, "questions to %s leave in %.2g writes, and the second waits some 40 ms for "
	    "an acknowledgement: %s of the time", c->peer, c->writes, PCT(share));
	finding_evidence(d, "%s of %.0f calls take 36 to 60 ms: 40 ms is when Linux acknowledges at the latest",
	    PCT(c->as_long_as_ack), c->calls);
	finding_evidence(d, "each is asked in %.2g writes", c->writes);
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use", PCT(f->utilisation));
	finding_against(d, "a server that takes just as long by itself looks the same");
	return true;
}

static bool
detect_questions(const struct facts *f, struct draft *d)
{
	bool told = false;

	for (size_t i = 0; i < f->trace->n_calls; i++)
		told |= tell_questions(f, d, &f->trace->calls[i]);
	return told;
}

static void
detect(const struct facts *f, struct draft *d)
{
	bool told = detect_questions(f, d);

	if (f->stalled >= SHARE_MIN)
		tell(f, d);
	else if (told)
		return;
	else if (isnan(f->trace->pieces))
		rule_out(d, "in how many pieces answers leave was not seen");
	else
		rule_out(d, "answers leave in %.2g writes, and one of 20 takes %s or longer", f->trace->pieces,
		    f->phase ? DURATION(f->phase->service.p95) : "-");
}

const struct detector detect_net_nagle = {
	.kind = "io.net.nagle", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "the kernel holds back the second piece of an answer or of a question",
};
