/* SPDX-License-Identifier: MIT */
#include "diagnose/peers.h"

#include "diagnose/sites.h"
#include "diagnose/text.h"

bool
peer_is_client(const char *where)
{
	return !where || !*where || text_same(where, "client") || text_same(where, "request body");
}

bool
peer_is_unseen(const struct facts *f, const struct run_part *p)
{
	return p->kind == PART_NET && !(p->where && *p->where) && site_receives(f);
}

double
peer_client_share(const struct facts *f)
{
	double sum = 0;

	for (size_t i = 0; i < f->n_parts; i++)
		if (f->parts[i].kind == PART_NET && peer_is_client(f->parts[i].where)
		    && !text_same(f->parts[i].where, "request body") && !peer_is_unseen(f, &f->parts[i]))
			sum += f->parts[i].share;
	return sum;
}

const struct run_call *
peer_call(const struct facts *f, const char *peer)
{
	for (size_t i = 0; peer && i < f->trace->n_calls; i++)
		if (text_same(f->trace->calls[i].peer, peer))
			return &f->trace->calls[i];
	return NULL;
}

const struct run_call *
peer_repeated(const struct facts *f)
{
	const struct run_call *most = NULL;

	for (size_t i = 0; i < f->trace->n_calls; i++) {
		const struct run_call *c = &f->trace->calls[i];
		if (text_same(c->kind, "http") && c->per_request >= PEER_REPEATED
		    && (!most || c->per_request > most->per_request))
			most = c;
	}
	return most;
}

double
peer_share(const struct facts *f, const char *peer)
{
	return peer ? facts_share(f, PART_NET, peer) : 0;
}

const struct run_peer *
peer_at(const struct run *r, const char *address)
{
	for (size_t i = 0; address && i < r->system.n_peers; i++)
		if (text_same(r->system.peers[i].address, address))
			return &r->system.peers[i];
	return NULL;
}

const char *
peer_call_kind(const struct run *r, const struct run_call *c)
{
	const struct run_peer *p = peer_at(r, c->peer);

	return p && p->kind && (!c->kind || text_same(c->kind, "tcp")) ? p->kind : c->kind;
}

enum run_part_kind
peer_part_at(const struct run *r, enum run_part_kind kind, const char *where)
{
	static const char *const databases[] = { "postgresql", "mysql", "mongodb", "mssql", "cassandra", NULL };
	static const char *const caches[] = { "redis", "memcached", NULL };
	const struct run_peer *p = kind == PART_NET ? peer_at(r, where) : NULL;

	return p && text_in(p->kind, databases) ? PART_DB : p && text_in(p->kind, caches) ? PART_CACHE : kind;
}
