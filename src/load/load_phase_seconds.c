/* SPDX-License-Identifier: MIT */
#include "load/load_phase.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "stats/hdr_log.h"

static double
length_of_second(const struct phase *p, size_t s, int64_t window_ns)
{
	int64_t left = window_ns - (int64_t)s * NS_PER_S;
	return ns_to_s(left < 0 ? 0 : left < NS_PER_S ? left : NS_PER_S);
}

static void
log_second(struct phase *p, const struct tally *t, size_t s)
{
	double length = length_of_second(p, s, p->task.for_ns);
	if (s == p->n_seconds - 1)
		length = ns_to_s(p->task.drain_ns);
	for (size_t i = 0; i < t->n_routes; i++)
		if (t->routes[i].latency.count)
			hdr_log_interval(&p->log, p->l->program.routes[i].name, (double)s, length,
			    &t->routes[i].latency);
}

void
phase_close_second(struct phase *p)
{
	size_t s = p->first_open++;
	struct tally *t = p->seconds[s];

	p->seconds[s] = NULL;
	if ((int64_t)(s + 1) * NS_PER_S <= p->until_ns)
		safety_second(&p->l->safety, t, p->step->name, (double)s + 1, p->run);
	if (!t)
		return;
	struct histogram latency = tally_latency(t);
	p->closed[s].p50 = histogram_quantile(&latency, 0.5) / 1e9;
	p->closed[s].p99 = histogram_quantile(&latency, 0.99) / 1e9;
	p->closed[s].answered = (double)tally_count(t, OUTCOME_ANSWERED);
	p->closed[s].errors = (double)tally_failures(t);
	if ((int64_t)(s + 1) * NS_PER_S <= p->until_ns)
		bootstrap_add(p->latency, &latency);
	histogram_done(&latency);
	if (p->want_log)
		log_second(p, t, s);
	tally_free(t);
}

/* To a slice or more: what began to count later than asked is the cautious side. */
static bool
is_settled(const struct phase *p, const struct tally *t)
{
	return t->slice >= (p->bounds->settle_ns + TALLY_SLICE_NS - 1) / TALLY_SLICE_NS;
}

static void
collect_list(struct phase *p, struct tally *t)
{
	for (struct tally *next; t; t = next) {
		next = t->next;
		size_t s = p->n_seconds - 1;
		if ((size_t)t->slice / TALLY_PER_SECOND < s)
			s = (size_t)t->slice / TALLY_PER_SECOND;
		if (s < p->first_open)
			s = p->first_open < p->n_seconds ? p->first_open : p->n_seconds - 1;
		if (!p->seconds[s])
			p->seconds[s] = tally_new(p->l->program.n_routes);
		tally_merge(p->seconds[s], t);
		tally_merge(p->total, t);
		if (p->settled && is_settled(p, t))
			tally_merge(p->settled, t);
		if (p->step->share)
			p->step->share->tell(p->step->share->ctx, t);
		tally_free(t);
	}
}

void
phase_collect(struct phase *p)
{
	for (uint32_t i = 0; i < p->active; i++)
		collect_list(p, worker_take(&p->l->workers[i]));
	if (p->step->crew)
		collect_list(p, p->step->crew->take(p->step->crew->ctx));
}

void
phase_write_seconds(const struct phase *p, struct run_phase *out, int64_t window_ns)
{
	struct arena *a = p->run->arena;
	struct schedule_reader offered = schedule_read(p->task.schedule, 0, 1);
	int64_t before = 0;

	for (size_t s = 0; s + 1 < p->n_seconds && length_of_second(p, s, window_ns) > 0; s++) {
		const struct second *of = &p->closed[s];
		double length = length_of_second(p, s, window_ns);
		*ARENA_PUSH(a, out->latency_by_second, out->n_latency_by_second) = of->p99;
		*ARENA_PUSH(a, out->p50_by_second, out->n_p50_by_second) = of->p50;
		*ARENA_PUSH(a, out->rate_by_second, out->n_rate_by_second) = of->answered / length;
		*ARENA_PUSH(a, out->errors_by_second, out->n_errors_by_second) = of->errors;
		if (p->task.closed)
			continue;
		int64_t end = (int64_t)s * NS_PER_S + llround(length * 1e9);
		int64_t n = schedule_skip(&offered, end);
		*ARENA_PUSH(a, out->offered_by_second, out->n_offered_by_second) =
		    (double)(n - before) / length;
		before = n;
	}
}
