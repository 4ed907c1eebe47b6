/* SPDX-License-Identifier: MIT */
#include "load/tally.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally *
tally_new(size_t n_routes)
{
	struct tally *t = calloc(1, sizeof(*t) + n_routes * sizeof(t->routes[0]));
	if (!t)
		abort();
	t->n_routes = n_routes;
	return t;
}

void
tally_free(struct tally *t)
{
	if (!t)
		return;
	for (int i = 0; i < SPANS; i++)
		histogram_done(&t->spans[i]);
	for (size_t i = 0; i < t->n_routes; i++)
		histogram_done(&t->routes[i].latency);
	free(t);
}

void
tally_merge_route(struct tally_route *into, const struct tally_route *from)
{
	for (int o = 0; o < OUTCOMES; o++)
		into->outcome[o] += from->outcome[o];
	for (int s = 0; s < TALLY_STATUSES; s++)
		into->status[s] += from->status[s];
	into->body_bytes += from->body_bytes;
	if (!into->content_type[0])
		memcpy(into->content_type, from->content_type, sizeof(into->content_type));
	if (!into->content_encoding[0])
		memcpy(into->content_encoding, from->content_encoding, sizeof(into->content_encoding));
	histogram_merge(&into->latency, &from->latency);
}

void
tally_merge(struct tally *into, const struct tally *from)
{
	into->scheduled += from->scheduled;
	into->sent += from->sent;
	into->censored += from->censored;
	into->tokens += from->tokens;
	into->tokens_estimated += from->tokens_estimated;
	for (int i = 0; i < SPANS; i++)
		histogram_merge(&into->spans[i], &from->spans[i]);
	for (size_t i = 0; i < into->n_routes; i++)
		tally_merge_route(&into->routes[i], &from->routes[i]);
}

static void
copy_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

void
tally_answer(struct tally *t, uint32_t route, const struct reply *a, enum outcome o,
    int64_t latency_ns)
{
	struct tally_route *r = &t->routes[route];

	r->outcome[o]++;
	r->status[a->status]++;
	if (o != OUTCOME_ANSWERED)
		return;
	r->body_bytes += a->body_bytes;
	if (!r->content_type[0]) {
		copy_text(r->content_type, sizeof(r->content_type), a->content_type);
		copy_text(r->content_encoding, sizeof(r->content_encoding), a->content_encoding);
	}
	histogram_record(&r->latency, latency_ns);
}

void
tally_error(struct tally *t, uint32_t route, enum outcome o)
{
	t->routes[route].outcome[o]++;
}

void
tally_open_end(struct tally *t, uint32_t route, enum outcome o, int64_t latency_ns)
{
	if (o < OUTCOMES)
		t->routes[route].outcome[o]++;
	histogram_record(&t->routes[route].latency, latency_ns);
	t->censored++;
}

int64_t
tally_count(const struct tally *t, enum outcome o)
{
	int64_t n = 0;

	for (size_t i = 0; i < t->n_routes; i++)
		n += t->routes[i].outcome[o];
	return n;
}

struct histogram
tally_latency(const struct tally *t)
{
	struct histogram h = { 0 };

	for (size_t i = 0; i < t->n_routes; i++)
		histogram_merge(&h, &t->routes[i].latency);
	return h;
}

struct run_latency
latency_of(const struct histogram *h, bool censored)
{
	return (struct run_latency){
		.mean = histogram_mean(h) / 1e9,
		.p50 = histogram_quantile(h, 0.5) / 1e9,
		.p95 = histogram_quantile(h, 0.95) / 1e9,
		.p99 = histogram_quantile(h, 0.99) / 1e9,
		.p999 = histogram_quantile(h, 0.999) / 1e9,
		.max = h->count ? (double)h->max / 1e9 : NAN,
		.p99_low = NAN, .p99_high = NAN,
		.censored = censored,
	};
}
