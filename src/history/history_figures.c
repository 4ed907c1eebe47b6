/* SPDX-License-Identifier: MIT */
#include "history/history_figures.h"

#include <math.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define URLS_MOST 4096
#define FUNCTIONS_MOST 20          /* the hottest; below them a share is a handful of samples */
#define QUERIES_MOST 20

static const char *
keep(struct arena *a, struct buf *b)
{
	const char *s = arena_strdup(a, buf_text(b));
	buf_done(b);
	return s;
}

static void
add_asked(struct buf *b, const char *name, double value)
{
	if (value > 0)
		buf_printf(b, "%s %.6g ", name, value);
}

struct history_key
history_key(struct arena *a, const struct run *r)
{
	struct history_key k = { .service = arena_strdup(a, r->system.name ? r->system.name : "") };
	struct buf urls = { .cap_bytes = URLS_MOST }, workload = { .cap_bytes = URLS_MOST }, host = { 0 };
	const struct run_spec *s = &r->spec;

	for (size_t i = 0; i < r->system.n_targets; i++)
		buf_printf(&urls, "%s\n", r->system.targets[i]);
	for (size_t i = 0; i < s->n_urls; i++)
		buf_printf(&workload, "%s ", s->urls[i]);
	add_asked(&workload, "rate", s->rate);
	add_asked(&workload, "peak", s->peak_rate);
	add_asked(&workload, "seconds", s->measure_seconds);
	buf_printf(&workload, "%s seed %lld connections %lld%s%s", s->arrivals ? s->arrivals : "arrivals?",
	    (long long)s->seed, (long long)s->connections, s->find_max ? " find-max" : "",
	    s->observe ? " observe" : "");
	for (size_t i = 0; i < r->baseline.n_routes; i++)
		buf_printf(&workload, " %s", r->baseline.routes[i].route);
	/* Of the memory firmware keeps a little more or less at each start. */
	buf_printf(&host, "%s, %lld CPUs, %.0f GiB", r->host.cpu_model ? r->host.cpu_model : "unknown CPU",
	    (long long)r->host.cpus, (double)r->host.memory_bytes / (double)((int64_t)1 << 30));
	k.urls = keep(a, &urls);
	k.workload = keep(a, &workload);
	k.host = keep(a, &host);
	return k;
}

static void
give(history_figure_fn *each, void *with, const char *metric, const char *what, double value)
{
	if (isfinite(value) && value >= 0)
		each(with, metric, what, value);
}

static void
give_latency(history_figure_fn *each, void *with, const char *route, const struct run_latency *l)
{
	give(each, with, "latency_p50", route, l->p50);
	give(each, with, "latency_p95", route, l->p95);
	give(each, with, "latency_p99", route, l->p99);
}

static void
give_profile(const struct run *r, history_figure_fn *each, void *with)
{
	const struct run_trace *t = &r->evidence.trace;

	for (size_t i = 0; i < t->n_functions && i < FUNCTIONS_MOST; i++)
		if (t->functions[i].name)
			give(each, with, "function", t->functions[i].name,
			    t->functions[i].self * r->baseline.cpu_per_request);
	if (t->requests <= 0)
		return;
	for (size_t i = 0; i < t->n_queries && i < QUERIES_MOST; i++)
		if (t->queries[i].fingerprint)
			give(each, with, "query", t->queries[i].fingerprint,
			    t->queries[i].seconds / (double)t->requests);
}

void
history_figures(const struct run *r, history_figure_fn *each, void *with)
{
	const struct run_baseline *b = &r->baseline;

	give_latency(each, with, NULL, &b->latency);
	give(each, with, "throughput", NULL, b->throughput);
	give(each, with, "cpu_per_request", NULL, b->cpu_per_request);
	give(each, with, "rss_bytes", NULL, b->rss_bytes);
	give(each, with, "error_rate", NULL, b->error_rate);
	give(each, with, "knee_rate", NULL, r->capacity.knee_rate);
	for (size_t i = 0; b->n_routes > 1 && i < b->n_routes; i++) {
		give_latency(each, with, b->routes[i].route, &b->routes[i].latency);
		give(each, with, "error_rate", b->routes[i].route, b->routes[i].error_rate);
	}
	give_profile(r, each, with);
}
