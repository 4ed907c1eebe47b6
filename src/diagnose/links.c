/* SPDX-License-Identifier: MIT */
#include "diagnose/links.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define LINKS_MAX 8            /* more peers are one link */
#define SHARE_MIN 0.005

/* ---- who a part of the time was spent at ---------------------------------------------------- */

struct who { const char *kind, *peer; };

/* "host:port/database" names a database of a peer. */
static const char *
address_of(struct run *r, const struct run_query *q)
{
	size_t n = q->database ? strcspn(q->database, "/") : 0;

	if (!q->database || text_same(q->engine, "sqlite") || !q->database[n])
		return q->database;
	return run_printf(r, "%.*s", (int)n, q->database);
}

/* The only peer of this kind; NULL: there are more, or none. */
static const char *
only_peer(const struct run *r, const char *kind)
{
	const char *found = NULL;

	for (size_t i = 0; i < r->system.n_peers; i++) {
		if (!text_same(r->system.peers[i].kind, kind))
			continue;
		if (found)
			return NULL;
		found = r->system.peers[i].address;
	}
	return found;
}

static struct who
who_by_address(const struct facts *f, const char *address)
{
	const struct run_call *call = peer_call(f, address);

	if (call && call->kind)
		return (struct who){ call->kind, address };
	const struct run_peer *p = peer_at(f->run, address);
	return (struct who){ p ? p->kind : NULL, address };
}

static struct who
who_by_statement(const struct facts *f, const char *statement)
{
	for (size_t i = 0; statement && i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		if (text_same(q->fingerprint, statement))
			return (struct who){ q->engine, address_of(f->run, q) };
	}
	return (struct who){ NULL, NULL };
}

/* Time of a database or a cache whose address was not seen. */
static struct who
who_by_kind(const struct facts *f, enum run_part_kind kind, const char *where)
{
	static const char *const databases[] = { "postgresql", "mysql", "sqlite", "mongodb", NULL };

	if (kind == PART_CACHE)
		return (struct who){ "redis", only_peer(f->run, "redis") };
	if (text_same(where, "SQLite"))
		return (struct who){ "sqlite", only_peer(f->run, "sqlite") };
	for (size_t i = 0; databases[i]; i++)
		if (only_peer(f->run, databases[i]))
			return (struct who){ databases[i], only_peer(f->run, databases[i]) };
	return (struct who){ "database", NULL };
}

/* False: the time is the service's own, or its clients'. */
static bool
who_has(const struct facts *f, const struct run_part *p, struct who *ret)
{
	struct who w = { NULL, NULL };

	switch (p->kind) {
	case PART_DISK:
		*ret = (struct who){ "disk", NULL };
		return true;
	case PART_NET:
		if (peer_is_client(p->where))
			return false;
		w = who_by_address(f, p->where);
		*ret = (struct who){ w.kind ? w.kind : "tcp", w.peer };
		return true;
	case PART_DB:
	case PART_CACHE:
		w = who_by_address(f, p->where);
		if (!w.kind)
			w = who_by_statement(f, p->where);
		*ret = w.kind ? w : who_by_kind(f, p->kind, p->where);
		return true;
	default:
		return false;
	}
}

/* ---- links ---------------------------------------------------------------------------------- */

static bool
same_who(const struct run_link *l, const struct who *w)
{
	return text_same(l->kind, w->kind) && text_same(l->peer, w->peer);
}

static struct run_link *
link_to(struct run *r, struct who w)
{
	for (size_t i = 0; i < r->n_links; i++)
		if (same_who(&r->links[i], &w))
			return &r->links[i];
	struct run_link *l = RUN_ADD(r, link, r->links, r->n_links);
	l->kind = w.kind;
	l->peer = w.peer;
	l->share = l->seconds = 0;
	return l;
}

/* Calls in a request, over all requests: statements where they were seen, else what went to the
 * address. */
static double
calls_of(const struct facts *f, const struct run_link *l)
{
	double statements = 0, calls = 0;

	for (size_t i = 0; i < f->trace->n_queries; i++) {
		const struct run_query *q = &f->trace->queries[i];
		struct who w = { q->engine, address_of(f->run, q) };
		if (same_who(l, &w) && q->calls > 0)
			statements += q->calls;
	}
	for (size_t i = 0; l->peer && i < f->trace->n_calls; i++)
		if (text_same(f->trace->calls[i].peer, l->peer) && f->trace->calls[i].calls > 0)
			calls += f->trace->calls[i].calls;
	double n = statements > 0 ? statements : calls;
	return n > 0 && f->trace->requests > 0 ? n / (double)f->trace->requests : NAN;
}

static double
weight(const struct run_time *t)
{
	bool counts = !text_same(t->scope, "slow") && t->requests > 0 && isfinite(t->seconds);
	return counts ? (double)t->requests * t->seconds : 0;
}

static void
add_time(const struct facts *f)
{
	struct run *r = f->run;
	double sum = 0, requests = 0;

	for (size_t i = 0; i < r->n_time; i++) {
		sum += weight(&r->time[i]);
		requests += weight(&r->time[i]) > 0 ? (double)r->time[i].requests : 0;
	}
	for (size_t i = 0; i < r->n_time; i++) {
		const struct run_time *t = &r->time[i];
		double part = sum > 0 ? weight(t) / sum : 0;
		for (size_t k = 0; part > 0 && k < t->n_parts; k++) {
			struct who w;
			if (!(t->parts[k].share > 0) || !who_has(f, &t->parts[k], &w))
				continue;
			struct run_link *l = link_to(r, w);
			l->share += t->parts[k].share * part;
			l->seconds = l->share * sum / requests;
		}
	}
}

static int
most_time_first(const void *left, const void *right)
{
	const struct run_link *a = left, *b = right;

	if (a->share != b->share)
		return a->share < b->share ? 1 : -1;
	return strcmp(a->peer ? a->peer : "", b->peer ? b->peer : "");
}

/* The smallest become one. */
static void
fold(struct run *r)
{
	if (r->n_links <= LINKS_MAX)
		return;
	struct run_link *rest = &r->links[LINKS_MAX - 1];
	for (size_t i = LINKS_MAX; i < r->n_links; i++) {
		rest->share += r->links[i].share;
		rest->seconds += r->links[i].seconds;
		rest->calls = fmax(0, rest->calls) + fmax(0, r->links[i].calls);
	}
	rest->kind = "others";
	rest->peer = NULL;
	r->n_links = LINKS_MAX;
}

/* What is never asked and takes no time to speak of is no part of the picture. */
static void
drop_trifles(struct run *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n_links; i++)
		if (r->links[i].share >= SHARE_MIN || isfinite(r->links[i].calls))
			r->links[kept++] = r->links[i];
	r->n_links = kept;
}

void
links_make(const struct facts *f)
{
	struct run *r = f->run;

	add_time(f);
	for (size_t i = 0; i < r->n_links; i++)
		r->links[i].calls = calls_of(f, &r->links[i]);
	drop_trifles(r);
	if (r->n_links > 1)
		qsort(r->links, r->n_links, sizeof(*r->links), most_time_first);
	fold(r);
}
