/* SPDX-License-Identifier: MIT */
#include "gate/origin/line.h"

#include "gate/origin/errand.h"

static const struct gate_concurrency *
rules(const struct errand *x)
{
	return &x->w->config->upstreams[x->route->upstream].concurrency;
}

void
line_append(struct line *l, struct errand *x)
{
	x->line = l;
	x->elder = l->youngest;
	x->younger = NULL;
	if (x->elder)
		x->elder->younger = x;
	else
		l->eldest = x;
	l->youngest = x;
	l->n++;
}

void
line_join(struct line *l, struct errand *x)
{
	struct gate_worker *w = x->w;

	line_append(l, x);
	x->state = ERRAND_WAITING;
	w->n_waiting++;
	if (!x->joined_ns)
		x->joined_ns = w->now_ns;
	metrics_add(w->metrics, METRIC_QUEUE, x->route->upstream, 1);
	errand_be_patient(x, x->joined_ns + rules(x)->queue_timeout_ns);
}

void
line_leave(struct errand *x)
{
	struct gate_worker *w = x->w;
	struct line *l = x->line;

	*(x->elder ? &x->elder->younger : &l->eldest) = x->younger;
	*(x->younger ? &x->younger->elder : &l->youngest) = x->elder;
	x->line = NULL;
	l->n--;
	if (x->state != ERRAND_WAITING)
		return;
	x->state = ERRAND_ASKING;
	w->n_waiting--;
	metrics_add(w->metrics, METRIC_QUEUE, x->route->upstream, -1);
	metrics_observe(w->metrics, METRIC_QUEUE_DURATION, x->route->upstream, w->now_ns - x->joined_ns);
}
