/* SPDX-License-Identifier: MIT */
#include "gate/origin/room.h"

#include "gate/gate_int.h"
#include "gate/origin/errand.h"
#include "gate/origin/line.h"

static const struct gate_concurrency *
rules(const struct gate_worker *w, size_t upstream)
{
	return &w->config->upstreams[upstream].concurrency;
}

static void
show(const struct gate_worker *w, size_t upstream)
{
	metrics_set(w->metrics, METRIC_LIMIT, upstream, concurrency_limit(&w->groups[upstream].limit));
}

void
room_open(struct gate_worker *w, size_t upstream)
{
	concurrency_init(&w->groups[upstream].limit, rules(w, upstream), w->gate->n_workers);
	show(w, upstream);
}

bool
room_is_full(const struct gate_worker *w, size_t upstream)
{
	const struct group *g = &w->groups[upstream];
	return g->waiting.n || g->limit.in_flight >= concurrency_limit(&g->limit);
}

static bool
take(struct errand *x)
{
	x->placed = concurrency_begin(&errand_group(x)->limit, &x->ticket);
	return x->placed;
}

bool
room_take(struct errand *x)
{
	struct group *g = errand_group(x);

	if (!g->waiting.n && take(x))
		return true;
	if (g->waiting.n >= rules(x->w, x->route->upstream)->queue)
		errand_no_up(x, 503, "too many requests wait for the servers");
	else
		line_join(&g->waiting, x);
	return false;
}

/* Failing is quick, and says nothing of how long work takes; how long it takes to send a body neither. */
void
room_give(struct errand *x, bool good, int64_t latency_ns)
{
	struct group *g = errand_group(x);
	double base = g->limit.base_ns;

	if (!x->placed)
		return;
	x->placed = false;
	if (x->question.bytes || x->question_chunked || (!good && (base <= 0 || (double)latency_ns < base)))
		latency_ns = -1;
	concurrency_end(&g->limit, x->ticket, latency_ns, x->w->now_ns);
	show(x->w, x->route->upstream);
}

struct errand *
room_next(struct gate_worker *w, size_t upstream)
{
	struct group *g = &w->groups[upstream];

	while (g->waiting.n && g->limit.in_flight < concurrency_limit(&g->limit)) {
		struct errand *x = g->waiting.eldest;
		enum codel_step step = codel_next(&g->codel, rules(w, upstream), w->now_ns - x->joined_ns,
		    g->waiting.n, w->now_ns);
		if (step == CODEL_SERVE_YOUNGEST)
			x = g->waiting.youngest;
		line_leave(x);
		if (step != CODEL_REFUSE_ELDEST && take(x))
			return x;
		errand_no_up(x, 503, "requests wait too long for the servers");
	}
	return NULL;
}
