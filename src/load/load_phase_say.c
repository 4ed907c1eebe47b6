/* SPDX-License-Identifier: MIT */
#include "load/load_phase.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/units.h"

#define PROGRESS_NS    (250 * NS_PER_MS)
/* Live, a generator that sends so late is said not to keep up; load_record.c has the verdict. */
#define LIVE_LAG_S     1e-3
#define LIVE_LAG_SHARE 0.05

/* The same as the line, and more, for who has room for it. */
static struct progress_figures
figures_of(struct phase *p, const struct histogram *h, long long done, int64_t now)
{
	struct progress_figures f = {
		.elapsed_s = ns_to_s(now - p->task.start_ns), .total_s = ns_to_s(p->task.for_ns),
		.offered = NAN, .answered = p->rate_now,
		.p50 = histogram_quantile(h, 0.5) / 1e9, .p95 = histogram_quantile(h, 0.95) / 1e9,
		.p99 = histogram_quantile(h, 0.99) / 1e9, .max = h->count ? (double)h->max / 1e9 : NAN,
		.done = done, .timeouts = tally_count(p->total, OUTCOME_TIMEOUT),
		.busy = -1, .connections = p->l->connections, .generator_cpu = NAN,
		.lag_p99 = histogram_quantile(&p->total->spans[SPAN_LAG], 0.99) / 1e9,
	};

	for (int o = OUTCOME_ANSWERED + 1; o < OUTCOME_TIMEOUT; o++)
		f.errors += tally_count(p->total, o);
	f.limited = f.lag_p99 > fmax(LIVE_LAG_S, LIVE_LAG_SHARE * f.p99);
	if (p->task.closed)
		return f;
	if (!p->said_offered)
		p->offered = schedule_read(p->task.schedule, 0, 1);
	int64_t offered = schedule_skip(&p->offered, now - p->task.start_ns) / phase_sharers(p->step);
	double rate = (double)(offered - p->said_offered) / ns_to_s(now - p->said_ns);
	f.offered = p->offered_now = p->said_offered ? 0.5 * p->offered_now + 0.5 * rate : rate;
	p->said_offered = offered;
	return f;
}

void
phase_say(struct phase *p, int64_t now)
{
	char rate[24], p50[24], p99[24], line[160];
	long long done = 0, errors = 0;

	if (now - p->said_ns < PROGRESS_NS)
		return;
	for (uint32_t i = 0; i < p->active; i++) {
		done += atomic_load_explicit(&p->l->workers[i].done, memory_order_relaxed);
		errors += atomic_load_explicit(&p->l->workers[i].errors, memory_order_relaxed);
	}
	for (int o = OUTCOME_ANSWERED; p->step->crew && o <= OUTCOME_TIMEOUT; o++) {
		done += tally_count(p->total, o);
		errors += o > OUTCOME_ANSWERED ? tally_count(p->total, o) : 0;
	}
	double now_rate = (double)(done - p->said_done) / ns_to_s(now - p->said_ns);
	p->rate_now = p->said_done ? 0.5 * p->rate_now + 0.5 * now_rate : now_rate;
	struct histogram h = tally_latency(p->total);
	snprintf(line, sizeof(line), "%s  p50 %s  p99 %s  errors %lld",
	    format_rate(rate, p->rate_now), format_duration(p50, histogram_quantile(&h, 0.5) / 1e9),
	    format_duration(p99, histogram_quantile(&h, 0.99) / 1e9), errors);
	struct progress_figures figures = figures_of(p, &h, done, now);
	histogram_done(&h);
	double passed = (double)(now - p->task.start_ns) / (double)p->task.for_ns;
	progress_show(p->l->progress, p->step->name, passed > 1 ? 1 : passed, line, &figures);
	p->said_ns = now;
	p->said_done = done;
}
