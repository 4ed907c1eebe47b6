/* SPDX-License-Identifier: MIT */
/* Each request opens a connection to a peer that could be kept open.
 *
 * What connecting costs on CPU is in the samples; of the waiting for a peer over a fresh connection at
 * least one round trip in two is the connection's, with TLS what was seen of it. A database greets, asks
 * for a password and starts a process first: the time with it outside of statements is all the connection's. */
#include <math.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define COST          0.5    /* part of the peer's time that the connection is estimated to be */
#define CPU_CLEAR     0.10   /* of the time: enough to be sure */

static const struct run_call *
most_connected(const struct facts *f)
{
	const struct run_call *most = NULL;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		if (c->connects_per_request >= PEER_CONNECTS_MIN
		    && (!most || c->connects_per_request > most->connects_per_request))
			most = c;
	}
	return most;
}

static double
waiting(const struct facts *f, const struct run_call *c)
{
	static const char *const databases[] = { "postgresql", "mysql", "redis", "mongodb", NULL };

	if (!text_in(peer_call_kind(f->run, c), databases))
		return fmax(COST, c->connecting) * peer_share(f, c->peer);
	return fmin(facts_share(f, PART_DB, c->peer) + facts_share(f, PART_CACHE, c->peer)
	    + peer_share(f, c->peer), 1);
}

static void
tell(const struct facts *f, struct draft *d, const struct run_call *c, double cpu)
{
	double share = waiting(f, c) + facts_with_runqueue(f, cpu);
	if (share <= 0)
		return;
	struct run_finding *out = finding_add(d, share, cpu >= CPU_CLEAR ? 0.9 : 0.75, c->peer);

	out->source = SOURCE_ESTIMATED;
	out->route = run_str(f->run, c->route);
	out->summary = run_printf(f->run, "requests open %.2g connections to %s each",
	    c->connects_per_request, c->peer);
	finding_evidence(d, "%.2g connects%s and %.3g calls per request", c->connects_per_request,
	    c->handshakes_per_request >= PEER_CONNECTS_MIN ? ", with TLS handshakes," : "", c->per_request);
	finding_evidence(d, "%s of the time is CPU for opening and closing connections, %s is waiting for "
	    "them", PCT(cpu), PCT(waiting(f, c)));
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_call *most = most_connected(f);
	const char *by;
	double cpu = facts_connecting(f, &by);

	for (size_t i = 0; i < f->trace->n_calls; i++)
		if (f->trace->calls[i].connects_per_request >= PEER_CONNECTS_MIN)
			tell(f, d, &f->trace->calls[i], &f->trace->calls[i] == most ? cpu : 0);
	if (!most)
		rule_out(d, "no request opens a connection to another server");
	else if (waiting(f, most) + cpu <= 0)
		rule_out(d, "%.2g connections are opened per request, which take no time",
		    most->connects_per_request);
}

const struct detector detect_net_connect = {
	.kind = "io.net.connect", .class = CLASS_IO, .weight = 1.3 * WEIGHT_CAUSE, .detect = detect,
	.about = "a connection is opened for each request",
};
