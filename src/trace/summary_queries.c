/* SPDX-License-Identifier: MIT */
/* Statements of embedded databases: how often, how long, how many in one request. */
#include "trace/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define QUERIES_MAX 200

struct pair {                  /* a statement in a request */
	uint32_t statement, route, count;
};

struct query {
	uint32_t statement;
	int64_t calls, rows, busy;
};

static struct query *
sum_statements(struct summary *s, size_t *ret_n)
{
	struct query *queries = NULL;
	struct map ids = { 0 };
	for (size_t i = 0; i < s->a->tape->n; i++) {
		const struct rec *r = tape_at(s->a->tape, i);
		bool new;
		if (r->kind != REC_SQL)
			continue;
		uint64_t *at = map_at(&ids, &r->name, sizeof(r->name), &new);
		if (new) {
			*at = *ret_n;
			ARENA_PUSH(s->arena, queries, *ret_n)->statement = r->name;
		}
		struct query *q = &queries[*at];
		q->calls++;
		q->rows += r->value;
		q->busy += r->at;
	}
	map_done(&ids);
	return queries;
}

static void
count_in_span(struct summary *s, const struct span *span, struct pair **pairs, size_t *n)
{
	size_t first = *n;
	for (uint32_t i = span->sql; i != NOBODY; i = (uint32_t)tape_at(s->a->tape, i)->key) {
		uint32_t name = tape_at(s->a->tape, i)->name;
		size_t j = first;
		while (j < *n && (*pairs)[j].statement != name)
			j++;
		if (j == *n)
			*ARENA_PUSH(s->arena, *pairs, *n) = (struct pair){ name, span->route, 0 };
		(*pairs)[j].count++;
	}
}

static int
by_statement(const void *left, const void *right)
{
	const struct pair *l = left, *r = right;
	if (l->statement != r->statement)
		return l->statement < r->statement ? -1 : 1;
	if (l->route != r->route)
		return l->route < r->route ? -1 : 1;
	return l->count > r->count ? -1 : l->count < r->count;
}

static int64_t
requests_of(const struct summary *s, uint32_t route)
{
	int64_t n = 0;
	for (size_t i = 0; i < s->a->n_spans; i++)
		n += s->a->spans[i].complete && s->a->spans[i].route == route;
	return n;
}

/* The pairs of a statement are sorted by route, then by count, largest first: find the route that
 * ran it most often. */
static void
fill_route(struct summary *s, struct run_query *out, const struct pair *pairs, size_t n)
{
	size_t best = 0, best_n = 0;
	uint64_t most = 0;
	for (size_t i = 0, j; i < n; i = j) {
		uint64_t sum = 0;
		for (j = i; j < n && pairs[j].route == pairs[i].route; j++)
			sum += pairs[j].count;
		if (sum > most) {
			most = sum;
			best = i;
			best_n = j - i;
		}
	}
	if (!most)
		return;
	int64_t requests = requests_of(s, pairs[best].route);
	size_t rank = (size_t)(0.05 * (double)requests);
	out->route = run_str(s->r, tape_text(s->a->tape, pairs[best].route));
	out->per_request = (double)most / (double)requests;
	out->most_per_request = rank < best_n ? pairs[best + rank].count : 0;
}

static const char *
database_file(const struct run *r)
{
	for (size_t i = 0; i < r->system.n_peers; i++)
		if (r->system.peers[i].kind && !strcmp(r->system.peers[i].kind, "sqlite"))
			return r->system.peers[i].address;
	return NULL;
}

static int
by_busy(const void *left, const void *right)
{
	const struct query *l = left, *r = right;
	return l->busy > r->busy ? -1 : l->busy < r->busy;
}

void
summary_queries(struct summary *s)
{
	size_t n = 0, n_pairs = 0;
	struct pair *pairs = NULL;
	struct query *queries = sum_statements(s, &n);
	for (size_t i = 0; i < s->a->n_spans; i++)
		if (s->a->spans[i].complete)
			count_in_span(s, &s->a->spans[i], &pairs, &n_pairs);
	sort_list(pairs, n_pairs, sizeof(*pairs), by_statement);
	sort_list(queries, n, sizeof(*queries), by_busy);
	struct run_trace *t = &s->r->evidence.trace;
	for (size_t i = 0; i < n && i < QUERIES_MAX; i++) {
		struct run_query *out = RUN_ADD(s->r, query, t->queries, t->n_queries);
		size_t first = 0, last;
		out->engine = "sqlite";
		out->database = database_file(s->r);
		out->fingerprint = run_str(s->r, tape_text(s->a->tape, queries[i].statement));
		out->calls = (double)queries[i].calls;
		out->seconds = ns_to_s(queries[i].busy);
		out->rows = (double)queries[i].rows / out->calls;
		while (first < n_pairs && pairs[first].statement < queries[i].statement)
			first++;
		for (last = first; last < n_pairs && pairs[last].statement == queries[i].statement; )
			last++;
		fill_route(s, out, pairs + first, last - first);
	}
}
