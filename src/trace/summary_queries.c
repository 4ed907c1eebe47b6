/* SPDX-License-Identifier: MIT */
/* Statements of databases: how often, how long, how many in one request. Those of embedded ones are
 * records of their own, those of servers are calls. */
#include "trace/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/search.h"

#define QUERIES_MAX 200

struct pair {                  /* a statement in a request */
	uint32_t query, route, count;
};

struct query {
	uint32_t statement, peer;  /* peer 0: embedded */
	uint8_t kind;
	uint32_t index;            /* before sorting: what pairs refer to */
	int64_t calls, rows, busy;
	int64_t answers, bytes, errors;
	int64_t in_requests, at_once;
	int64_t doubtful;          /* of in_requests: whose they are is not sure */
};

struct queries {
	struct summary *s;
	struct map ids;            /* statement and peer -> index */
	struct query *items;       size_t n;
	struct pair *pairs;        size_t n_pairs;
	struct stretch { int64_t start, end; uint32_t query; } *stretches;   size_t n_stretches;
};

/* ---- counting ------------------------------------------------------------------------------ */

static struct query *
query_of(struct queries *q, uint32_t statement, uint32_t peer)
{
	struct { uint32_t statement, peer; } key = { statement, peer };
	bool new;
	uint64_t *at = map_at(&q->ids, &key, sizeof(key), &new);
	if (new) {
		*at = q->n;
		struct query *made = ARENA_PUSH(q->s->arena, q->items, q->n);
		*made = (struct query){ .statement = statement, .peer = peer, .kind = PART_DB,
			.index = (uint32_t)*at };
	}
	return &q->items[*at];
}

static void
sum_embedded(struct queries *q)
{
	for (size_t i = 0; i < q->s->a->tape->n; i++) {
		const struct rec *r = tape_at(q->s->a->tape, i);
		if (r->kind != REC_SQL)
			continue;
		struct query *to = query_of(q, r->name, 0);
		to->calls++;
		to->rows += r->value;
		to->busy += r->at;
	}
}

static void
sum_calls(struct queries *q)
{
	for (size_t i = 0; i < q->s->a->n_calls; i++) {
		const struct call *c = &q->s->a->calls[i];
		if (!summary_is_query(c))
			continue;
		struct query *to = query_of(q, c->statement, c->peer);
		to->kind = c->kind;
		to->calls++;
		if (!c->end)
			continue;
		to->answers++;
		to->rows += c->rows;
		to->bytes += c->bytes;
		to->errors += c->error;
		to->busy += c->end > c->start ? c->end - c->start : 0;
	}
}

static void
count_one(struct queries *q, const struct query *query, uint32_t route, size_t first)
{
	size_t i = first;
	while (i < q->n_pairs && q->pairs[i].query != query->index)
		i++;
	if (i == q->n_pairs)
		*ARENA_PUSH(q->s->arena, q->pairs, q->n_pairs) = (struct pair){ query->index, route, 0 };
	q->pairs[i].count++;
}

static int
by_query_and_start(const void *left, const void *right)
{
	const struct stretch *l = left, *r = right;
	if (l->query != r->query)
		return l->query < r->query ? -1 : 1;
	return l->start < r->start ? -1 : l->start > r->start;
}

/* Of the calls of one request: which were out while another of the same statement was? */
static void
count_at_once(struct queries *q)
{
	struct stretch *all = q->stretches;
	int64_t over = 0;
	sort_list(all, q->n_stretches, sizeof(*all), by_query_and_start);
	for (size_t i = 0; i < q->n_stretches; i++) {
		bool first = !i || all[i - 1].query != all[i].query;
		bool last = i + 1 == q->n_stretches || all[i + 1].query != all[i].query;
		bool overlaps = (!first && over > all[i].start) ||
		    (!last && all[i].end > all[i + 1].start);
		over = first || all[i].end > over ? all[i].end : over;
		q->items[all[i].query].in_requests++;
		q->items[all[i].query].at_once += overlaps;
	}
}

static void
count_in_span(struct queries *q, const struct span *span)
{
	const struct summary *s = q->s;
	size_t first = q->n_pairs;
	q->n_stretches = 0;
	q->stretches = NULL;
	for (uint32_t i = span->sql; i != NOBODY; i = (uint32_t)tape_at(s->a->tape, i)->key)
		count_one(q, query_of(q, tape_at(s->a->tape, i)->name, 0), span->route, first);
	for (uint32_t i = span->calls; i != NOBODY; i = s->a->calls[i].next) {
		const struct call *c = &s->a->calls[i];
		if (!summary_is_query(c))
			continue;
		const struct query *query = query_of(q, c->statement, c->peer);
		count_one(q, query, span->route, first);
		*ARENA_PUSH(s->arena, q->stretches, q->n_stretches) = (struct stretch){ c->start,
			c->end ? c->end : c->start, query->index };
		q->items[query->index].doubtful += c->sure < CALL_SURE;
	}
	count_at_once(q);
}

/* ---- at once, where it is not known whose calls are ------------------------------------------ */

/* Beginnings and ends, each in order of time. */
struct intervals { int64_t *from, *to; size_t n_from, n_to; };

static int
earlier_first(const void *left, const void *right)
{
	int64_t l = *(const int64_t *)left, r = *(const int64_t *)right;
	return l < r ? -1 : l > r;
}

static void
intervals_add(struct summary *s, struct intervals *c, int64_t from, int64_t to)
{
	*ARENA_PUSH(s->arena, c->from, c->n_from) = from;
	*ARENA_PUSH(s->arena, c->to, c->n_to) = to;
}

static size_t
not_after(const int64_t *times, size_t n, int64_t at)
{
	return FIRST_WHERE(i, n, times[i] > at);
}

static size_t
under_way(const struct intervals *c, int64_t at)
{
	return not_after(c->from, c->n_from, at) - not_after(c->to, c->n_to, at);
}

static void
intervals_sort(struct intervals *c)
{
	sort_list(c->from, c->n_from, sizeof(*c->from), earlier_first);
	sort_list(c->to, c->n_to, sizeof(*c->to), earlier_first);
}

static int64_t
end_of_window(const struct tape *t, int64_t at)
{
	for (size_t i = 0; i < t->n_windows; i++)
		if (at <= t->windows[i].to)
			return t->windows[i].to;
	return at;
}

static struct intervals
open_requests(struct summary *s)
{
	struct intervals c = { 0 };
	for (size_t i = 0; i < s->a->n_spans; i++) {
		const struct span *span = &s->a->spans[i];
		if (span->answered || !span->partial)
			intervals_add(s, &c, span->read,
			    span->answered ? span->end : end_of_window(s->a->tape, span->read));
	}
	intervals_sort(&c);
	return c;
}

/* More of them are out than there are requests: some of those ask several times at once. */
static void
count_doubtful(struct queries *q, struct query *query, const struct intervals *open)
{
	struct intervals out = { 0 };
	for (size_t i = 0; i < q->s->a->n_calls; i++) {
		const struct call *c = &q->s->a->calls[i];
		if (summary_is_query(c) && c->statement == query->statement && c->peer == query->peer && c->end)
			intervals_add(q->s, &out, c->start, c->end);
	}
	intervals_sort(&out);
	query->in_requests = (int64_t)out.n_from;
	query->at_once = 0;
	for (size_t i = 0; i < out.n_from; i++)
		query->at_once += under_way(&out, out.from[i]) > under_way(open, out.from[i]);
}

static void
judge_doubtful(struct queries *q)
{
	struct intervals open = open_requests(q->s);
	for (size_t i = 0; i < q->n; i++)
		if (2 * q->items[i].doubtful > q->items[i].in_requests)
			count_doubtful(q, &q->items[i], &open);
}

/* ---- telling ------------------------------------------------------------------------------- */

static int
by_query(const void *left, const void *right)
{
	const struct pair *l = left, *r = right;
	if (l->query != r->query)
		return l->query < r->query ? -1 : 1;
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

static void
fill_server(struct summary *s, struct run_query *out, const struct query *q)
{
	const char *address = tape_text(s->a->tape, q->peer);
	struct wire_peer known = wire_peer(s->in->wire, q->peer);
	const char *name = tape_text(s->a->tape, known.database);

	out->engine = q->kind == PART_CACHE ? "redis" : known.kind ? known.kind : "postgresql";
	out->database = name ? run_printf(s->r, "%s/%s", address, name) : run_str(s->r, address);
	out->rows = q->answers ? (double)q->rows / (double)q->answers : NAN;
	out->bytes = q->answers ? (double)q->bytes / (double)q->answers : NAN;
	out->errors = q->answers ? (double)q->errors / (double)q->answers : NAN;
	out->at_once = q->in_requests ? (double)q->at_once / (double)q->in_requests : NAN;
}

static int
by_busy(const void *left, const void *right)
{
	const struct query *l = left, *r = right;
	return l->busy > r->busy ? -1 : l->busy < r->busy;
}

static void
tell(struct queries *q, const struct query *query)
{
	struct summary *s = q->s;
	struct run_trace *t = &s->r->evidence.trace;
	struct run_query *out = RUN_ADD(s->r, query, t->queries, t->n_queries);
	size_t first = 0, last;

	out->fingerprint = run_str(s->r, tape_text(s->a->tape, query->statement));
	out->example = run_str(s->r, tape_example(s->a->tape, query->statement));
	out->calls = (double)query->calls;
	out->seconds = ns_to_s(query->busy);
	if (query->peer) {
		fill_server(s, out, query);
	} else {
		out->engine = "sqlite";
		out->database = database_file(s->r);
		out->rows = (double)query->rows / out->calls;
	}
	if (!q->n_pairs)
		return;
	while (first < q->n_pairs && q->pairs[first].query < query->index)
		first++;
	for (last = first; last < q->n_pairs && q->pairs[last].query == query->index; )
		last++;
	fill_route(s, out, q->pairs + first, last - first);
}

void
summary_queries(struct summary *s)
{
	struct queries q = { .s = s };
	sum_embedded(&q);
	sum_calls(&q);
	for (size_t i = 0; i < s->a->n_spans; i++)
		if (s->a->spans[i].complete)
			count_in_span(&q, &s->a->spans[i]);
	judge_doubtful(&q);
	sort_list(q.pairs, q.n_pairs, sizeof(*q.pairs), by_query);
	sort_list(q.items, q.n, sizeof(*q.items), by_busy);
	for (size_t i = 0; i < q.n && i < QUERIES_MAX; i++)
		tell(&q, &q.items[i]);
	map_done(&q.ids);
}
