/* SPDX-License-Identifier: MIT */
#include "gate/attempt.h"

void
attempt_begin(struct errand *x)
{
	x->attempt = (struct attempt){ .open = true, .begun_ns = x->w->now_ns, .latency_ns = -1,
		.outcome = OUTCOME_UNKNOWN };
}

void
attempt_asked(struct errand *x)
{
	x->attempt.asked = true;
	x->attempt.begun_ns = x->w->now_ns;
	metrics_add(x->w->metrics, METRIC_IN_FLIGHT, x->server->number, 1);
}

void
attempt_answered(struct errand *x, int status)
{
	struct attempt *a = &x->attempt;

	a->latency_ns = x->w->now_ns - a->begun_ns;
	a->outcome = status >= 500 ? OUTCOME_BAD : OUTCOME_GOOD;
	metrics_observe(x->w->metrics, METRIC_UPSTREAM_DURATION, x->route->upstream, a->latency_ns);
	if (x->client) {
		x->client->visit.server = x->server;
		x->client->visit.upstream_ns = a->latency_ns;
	}
}

void
attempt_end(struct errand *x, enum outcome outcome)
{
	struct metrics *m = x->w->metrics;
	struct attempt *a = &x->attempt;

	if (!a->open)
		return;
	a->open = false;
	if (outcome != OUTCOME_UNKNOWN)
		a->outcome = outcome;
	if (a->asked)
		metrics_add(m, METRIC_IN_FLIGHT, x->server->number, -1);
	if (a->outcome != OUTCOME_UNKNOWN)
		metrics_add(m, METRIC_UPSTREAM, x->server->number * 2 + (a->outcome == OUTCOME_BAD), 1);
}
