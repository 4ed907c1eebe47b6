/* SPDX-License-Identifier: MIT */
/* Calls to peers: who is asked, by which route, how often and how long. */
#include "trace/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define CALLS_MAX 64

struct group {
	uint32_t peer, route;
	int64_t calls, connects, ns;
	bool http;
};

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
		g->calls += !c->connect;
		g->connects += c->connect;
		g->http |= c->http;
		g->ns += c->end > c->start ? c->end - c->start : 0;
	}
	map_done(&ids);
	return groups;
}

static int
longest_first(const void *left, const void *right)
{
	const struct group *l = left, *r = right;
	return l->ns > r->ns ? -1 : l->ns < r->ns;
}

static const char *
kind_of(const char *peer, bool http)
{
	const char *port = peer ? strrchr(peer, ':') : NULL, *kind = "tcp";
	if (port)
		peer_part((uint16_t)atoi(port + 1), &kind);
	return http && !strcmp(kind, "tcp") ? "http" : kind;
}

void
summary_calls(struct summary *s)
{
	size_t n = 0;
	struct group *groups = group_calls(s, &n);
	struct run_trace *t = &s->r->evidence.trace;
	sort_list(groups, n, sizeof(*groups), longest_first);
	for (size_t i = 0; i < n && i < CALLS_MAX; i++) {
		const struct group *g = &groups[i];
		double requests = 0;
		for (size_t j = 0; j < s->a->n_spans; j++)
			requests += s->a->spans[j].complete && s->a->spans[j].route == g->route;
		struct run_call *out = RUN_ADD(s->r, call, t->calls, t->n_calls);
		out->peer = run_str(s->r, tape_text(s->a->tape, g->peer));
		out->kind = kind_of(out->peer, g->http);
		out->route = run_str(s->r, tape_text(s->a->tape, g->route));
		out->calls = (double)g->calls;
		out->seconds = ns_to_s(g->ns);
		if (g->route && requests > 0) {
			out->per_request = (double)g->calls / requests;
			out->connects_per_request = (double)g->connects / requests;
		}
	}
}
