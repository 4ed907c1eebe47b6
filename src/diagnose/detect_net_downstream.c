/* SPDX-License-Identifier: MIT */
/* Requests wait for another server that is not ours to see into. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"
#include "diagnose/workers.h"

#define SHARE_MIN  0.15
#define BEHIND_MIN 0.50   /* what stands behind a proxy of the service is seen: less is the way there and back */

/* A process of the service itself, as behind a proxy that was started with it. */
static const struct run_process *
own_listener(const struct run *r, const char *address)
{
	bool here = address && (strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0);
	const char *port = here ? strrchr(address, ':') : NULL;

	for (size_t i = 0; port && i < r->system.n_processes; i++)
		for (size_t k = 0; k < r->system.processes[i].n_ports; k++)
			if (r->system.processes[i].ports[k] == atoll(port + 1))
				return &r->system.processes[i];
	return NULL;
}

/* Does a proxy of the service ask there what answers for it? */
static bool
is_behind(const struct run *r, const char *address)
{
	const struct run_process *own = own_listener(r, address);
	bool any = false;

	for (size_t i = 0; i < r->system.n_processes; i++)
		any |= r->system.processes[i].behind > 0;
	return own ? own->behind > 0 : any && address && address[0] == '/';
}

/* Another server of this host can be looked into, under the same load. */
static void
tell_who(const struct facts *f, struct draft *d, const char *address)
{
	const struct run_system *s = &f->run->system;
	const struct run_peer *p = peer_at(f->run, address);
	const struct run_process *own = own_listener(f->run, address);
	int64_t pid = own ? own->pid : p ? p->pid : 0;
	const char *name = own ? own->name : p ? p->process : NULL;

	if (pid > 0)
		finding_evidence(d, "it is %s (pid %lld) on this host: 'prony check --pid %lld %s' looks into that",
		    name ? name : "a process", (long long)pid, (long long)pid, s->n_targets ? s->targets[0] : "URL");
}

static void
tell(const struct facts *f, struct draft *d, const struct run_part *p, double share)
{
	const struct run_call *c = peer_call(f, p->where);
	const struct run_site *site = facts_site(f, PART_NET);
	const char *peer = p->where ? p->where : site ? site->function : PEER_UNSEEN;
	struct run_finding *out = finding_add(d, share, 0.93, peer);

	out->route = facts_route(f, PART_NET, p->where);
	out->summary = run_printf(f->run, "requests wait %s of their time for %s", PCT(share), peer);
	if (c && c->calls > 0)
		finding_evidence(d, "%.0f %s calls, %s each, %.3g per request", c->calls,
		    c->kind ? c->kind : "network", DURATION(c->seconds / c->calls), c->per_request);
	tell_who(f, d, p->where);
	finding_evidence(d, "%s per request waiting for it", DURATION(share * f->seconds));
	if (site)
		finding_evidence(d, "the function that waits is %s", facts_site_place(f, PART_NET));
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use",
		    PCT(f->utilisation));
}

/* What it waits for a connection each time is not the peer's: see io.net.connect. */
static double
connecting(const struct facts *f, const char *peer)
{
	const struct run_call *c = peer_call(f, peer);

	return c && c->connects_per_request >= PEER_CONNECTS_MIN && c->connecting > 0 ? c->connecting : 0;
}

static void
detect(const struct facts *f, struct draft *d)
{
	double sum = 0;
	bool told = false;
	struct workers w;
	bool short_of_workers = !workers_enough(f, &w);

	for (size_t i = 0; i < f->n_parts; i++) {
		const struct run_part *p = &f->parts[i];
		if (p->kind != PART_NET || (peer_is_client(p->where) && !peer_is_unseen(f, p)))
			continue;
		double share = p->share * (1 - connecting(f, p->where));
		/* A server with room for more has no part in the queue for a worker that could ask it. */
		if (short_of_workers && w.steady && w.wait == p)
			share = fmin(share, 1 - w.queue);
		sum += share;
		if (share < (is_behind(f->run, p->where) ? BEHIND_MIN : SHARE_MIN) || f->at_rest)
			continue;
		tell(f, d, p, share);
		told = true;
	}
	if (f->at_rest && sum >= SHARE_MIN)
		rule_out(d, "every target is met with half of its limit to spare, though requests wait %s of their time for "
		    "other servers", PCT(sum));
	else if (!told)
		rule_out(d, "requests wait %s of their time for other servers", PCT(sum));
}

const struct detector detect_net_downstream = {
	.kind = "io.net.downstream", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for another server",
};
