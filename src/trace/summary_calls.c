/* SPDX-License-Identifier: MIT */
/* Calls to peers: who is asked, by which route, how often and how long. */
#include "trace/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "trace/eyes.h"

#define CALLS_MAX 64
#define ACK_LOW   (36 * NS_PER_MS)   /* Linux puts an acknowledgement off by at most 40 ms (TCP_DELACK_MIN) */
#define ACK_HIGH  (60 * NS_PER_MS)

struct group {
	uint32_t peer, route;
	int64_t calls, connects, handshakes, ns, connecting_ns;
	int64_t answers, errors, limited, repeated;   /* of HTTP */
	int64_t ended, writes, as_long_as_ack;
	bool http;
};

/* Did the same request ask the same of the same peer before, and was refused? Calls of a request
 * are chained, newest first. */
static bool
is_repeated(const struct summary *s, const struct call *c)
{
	if (c->span == NOBODY || !c->statement)
		return false;
	size_t looked = 0;
	for (uint32_t i = c->next; i != NOBODY && looked < CALLS_MAX; looked++) {
		const struct call *before = &s->a->calls[i];
		if (before->error && before->statement == c->statement && before->peer == c->peer)
			return true;
		i = before->next;
	}
	return false;
}

static void
count_http(struct summary *s, struct group *g, const struct call *c)
{
	bool asked = c->statement && c->kind == PART_NET;
	g->http |= c->http || asked;
	if (!asked || !c->end)
		return;
	g->answers++;
	g->errors += c->error;
	g->limited += c->error && c->rows == 429;
	g->repeated += is_repeated(s, c);
}

static void
count_time(struct group *g, const struct call *c)
{
	int64_t ns = c->end > c->start ? c->end - c->start : 0;
	bool connecting = c->connect || c->handshake;
	*(connecting ? &g->connecting_ns : &g->ns) += ns;
	if (connecting || !ns || !c->writes)
		return;
	g->ended++;
	g->writes += c->writes;
	g->as_long_as_ack += ns >= ACK_LOW && ns <= ACK_HIGH;
}

static struct group *
group_calls(struct summary *s, size_t *ret_n)
{
	struct group *groups = NULL;
	struct map ids = { 0 };
	for (size_t i = 0; i < s->a->n_calls; i++) {
		const struct call *c = &s->a->calls[i];
		uint32_t route = c->span == NOBODY ? 0 : s->a->spans[c->span].route;
		if (c->span != NOBODY && !s->a->spans[c->span].complete)
			continue;
		struct { uint32_t peer, route; } key = { c->peer, route };
		bool new;
		uint64_t *at = map_at(&ids, &key, sizeof(key), &new);
		if (new) {
			*at = *ret_n;
			*ARENA_PUSH(s->arena, groups, *ret_n) = (struct group){ .peer = c->peer, .route = route };
		}
		struct group *g = &groups[*at];
		g->connects += c->connect;
		g->handshakes += c->hello;
		if (summary_is_query(c))
			continue;
		g->calls += !c->connect && !c->handshake;
		count_http(s, g, c);
		count_time(g, c);
	}
	map_done(&ids);
	return groups;
}

static int
longest_first(const void *left, const void *right)
{
	const struct group *l = left, *r = right;
	int64_t of_l = l->ns + l->connecting_ns, of_r = r->ns + r->connecting_ns;
	return of_l > of_r ? -1 : of_l < of_r;
}

static const char *
kind_of(const struct summary *s, uint32_t id, bool http)
{
	const char *peer = tape_text(s->a->tape, id);
	const char *port = peer ? strrchr(peer, ':') : NULL;
	const char *kind = peer && !port ? "unix" : "tcp";
	const char *known = wire_peer(s->in->wire, id).kind;
	if (known && strcmp(known, "http") != 0)
		return known;
	if (port)
		peer_part((uint16_t)atoi(port + 1), &kind);
	return http && (!port || !strcmp(kind, "tcp")) ? "http" : kind;
}

static void
add_group(struct summary *s, const struct group *g)
{
	struct run_trace *t = &s->r->evidence.trace;
	double requests = 0, answers = (double)g->answers;
	for (size_t i = 0; i < s->a->n_spans; i++)
		requests += s->a->spans[i].complete && s->a->spans[i].route == g->route;
	struct run_call *out = RUN_ADD(s->r, call, t->calls, t->n_calls);
	out->peer = run_str(s->r, tape_text(s->a->tape, g->peer));
	out->kind = run_str(s->r, kind_of(s, g->peer, g->http));
	out->route = run_str(s->r, tape_text(s->a->tape, g->route));
	out->calls = (double)g->calls;
	out->seconds = ns_to_s(g->ns);
	if (g->route && requests > 0) {
		out->per_request = (double)g->calls / requests;
		out->connects_per_request = (double)g->connects / requests;
		if (g->handshakes)
			out->handshakes_per_request = (double)g->handshakes / requests;
	}
	if (g->connecting_ns + g->ns)
		out->connecting = (double)g->connecting_ns / (double)(g->connecting_ns + g->ns);
	if (g->ended) {
		out->writes = (double)g->writes / (double)g->ended;
		out->as_long_as_ack = (double)g->as_long_as_ack / (double)g->ended;
	}
	if (!g->answers)
		return;
	out->errors = (double)g->errors / answers;
	out->limited = (double)g->limited / answers;
	out->repeated = (double)g->repeated / answers;
}

/* What observe could only guess from a port, or a program's name, the bytes have told. */
static void
correct_peers(struct summary *s)
{
	for (size_t i = 0; i < s->r->system.n_peers; i++) {
		struct run_peer *p = &s->r->system.peers[i];
		const uint64_t *id = p->address ?
		    map_find(&s->a->tape->name_ids, p->address, strlen(p->address)) : NULL;
		const struct wire_peer known = id ? wire_peer(s->in->wire, (uint32_t)*id) :
		    (struct wire_peer){ 0 };
		bool guessed = !p->kind || !strcmp(p->kind, "tcp");
		if (known.kind && (guessed || strcmp(known.kind, "http") != 0))
			p->kind = known.kind;
		if (known.encrypted)
			run_eye(s->r, run_printf(s->r, "wire of %s", p->address), false,
			    "its connections are encrypted: what it is asked is not seen",
			    "let the service connect without TLS while prony looks "
			    "(PostgreSQL: sslmode=disable)");
	}
}

void
summary_calls(struct summary *s)
{
	size_t n = 0;
	struct group *groups = group_calls(s, &n);
	sort_list(groups, n, sizeof(*groups), longest_first);
	for (size_t i = 0; i < n && s->r->evidence.trace.n_calls < CALLS_MAX; i++)
		if (groups[i].calls || groups[i].connects)
			add_group(s, &groups[i]);
	correct_peers(s);
}
