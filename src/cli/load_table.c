/* SPDX-License-Identifier: MIT */
#include "cli/load_table.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"

#define ROUTE_WIDTH 32

static void
write_latency(struct buf *out, const char *name, const struct run_latency *l, const char *from)
{
	char text[24], high[24];
	const struct { const char *name; double value; } figures[] = {
		{ "mean", l->mean }, { "p50", l->p50 }, { "p95", l->p95 }, { "p99", l->p99 },
		{ "p99.9", l->p999 }, { "max", l->max },
	};

	buf_printf(out, "  %-11s", name);
	for (size_t i = 0; i < COUNT_OF(figures); i++)
		buf_printf(out, "%s %s%s", figures[i].name, format_duration(text, figures[i].value),
		    i + 1 < COUNT_OF(figures) ? "  " : "");
	buf_printf(out, "\n  %-11s%s", "", from);
	if (l->p99_low > 0)
		buf_printf(out, "; p99 within %s to %s, 95 %%, estimated", format_duration(text, l->p99_low),
		    format_duration(high, l->p99_high));
	buf_printf(out, "%s\n",
	    l->censored ? "; some were never answered: the tail is at least this" : "");
}

static void
write_errors(struct buf *out, const struct run_phase *p)
{
	const struct { const char *name; int64_t count; } classes[] = {
		{ "no connection", p->error_connect }, { "TLS", p->error_tls },
		{ "reset", p->error_reset }, { "closed", p->error_closed },
		{ "broken protocol", p->error_protocol }, { "error answers", p->error_status },
		{ "not as expected", p->error_expect },
	};

	buf_printf(out, "  errors     %lld", (long long)p->errors);
	for (size_t i = 0; i < COUNT_OF(classes); i++)
		if (classes[i].count)
			buf_printf(out, "  %s %lld", classes[i].name, (long long)classes[i].count);
	if (p->first_error)
		buf_printf(out, "\n  %-11sfirst: %s", "", p->first_error);
	buf_printf(out, "\n  timeouts   %lld\n", (long long)p->timeouts);
}

/* Nothing may get lost on the way from the schedule to the figures. */
static void
write_identity(struct buf *out, const struct run_phase *p)
{
	bool holds = p->scheduled == p->sent + p->unsent &&
	    p->sent == p->answered + p->errors + p->timeouts + p->in_flight;

	buf_printf(out, "  books      %lld scheduled = %lld sent + %lld unsent\n", (long long)p->scheduled,
	    (long long)p->sent, (long long)p->unsent);
	buf_printf(out, "             %lld sent = %lld answered + %lld errors + %lld timeouts + "
	                "%lld in flight%s\n",
	    (long long)p->sent, (long long)p->answered, (long long)p->errors, (long long)p->timeouts,
	    (long long)p->in_flight, holds ? "" : ": THIS DOES NOT ADD UP");
}

static void
write_offer(struct buf *out, const struct spec *s, const struct run_phase *p)
{
	char length[24], rate[24];

	if (s->closed)
		buf_printf(out, "%s, closed loop, %lld connections\n", format_duration(length, p->seconds),
		    (long long)s->connections);
	else if (s->replay)
		buf_printf(out, "%s at %s on average, as in %s\n", format_duration(length, p->seconds),
		    format_rate(rate, p->rate), s->replay);
	else
		buf_printf(out, "%s at %s%s, %s arrivals, seed %llu\n", format_duration(length, p->seconds),
		    format_rate(rate, p->rate), s->rate > 0 ? "" : " on average",
		    s->poisson ? "poisson" : "constant", (unsigned long long)s->seed);
}

/* Where the time of a request goes, as far as it can be told from outside. */
static void
write_spans(struct buf *out, const struct run_phase *p)
{
	const struct { const char *name; const struct run_span *span; } spans[] = {
		{ "pool wait", &p->pool_wait }, { "connect", &p->connect }, { "greeting", &p->greeting },
		{ "first byte", &p->first_byte }, { "body", &p->body },
		{ "first token", &p->first_event }, { "each token", &p->token },
		{ "events", &p->between_events },
	};
	char p50[24], p99[24], max[24];

	for (size_t i = 0; i < COUNT_OF(spans); i++)
		if (spans[i].span->max > 0)
			buf_printf(out, "    %-11sp50 %s  p99 %s  max %s\n", spans[i].name,
			    format_duration(p50, spans[i].span->p50),
			    format_duration(p99, spans[i].span->p99),
			    format_duration(max, spans[i].span->max));
}

/* Each route by itself, where there are several. */
static void
write_routes(struct buf *out, const struct run_baseline *b)
{
	char rate[24], p50[24], p99[24], max[24], errors[24];
	int width = 5;

	for (size_t i = 0; i < b->n_routes; i++)
		width = (int)strlen(b->routes[i].route) > width ? (int)strlen(b->routes[i].route) : width;
	width = width < ROUTE_WIDTH ? width : ROUTE_WIDTH;
	for (size_t i = 0; i < b->n_routes; i++) {
		const struct run_route *r = &b->routes[i];
		buf_printf(out, "  %-11s%-*.*s %9s  p50 %s  p99 %s  max %s  errors %s\n", i ? "" : "routes",
		    width, width, r->route, format_rate(rate, r->rate),
		    format_duration(p50, r->latency.p50), format_duration(p99, r->latency.p99),
		    format_duration(max, r->latency.max), format_percent(errors, r->error_rate));
	}
}

static void
write_generator(struct buf *out, const struct run_phase *p)
{
	char share[24], lag[24], lag_max[24], seen[24], tick[24];

	buf_printf(out, "  generator  %s of a core (%s), sent late by p99 %s, at most %s\n",
	    format_percent(share, p->generator_cpu), p->engine, format_duration(lag, p->lag_p99),
	    format_duration(lag_max, p->lag_max));
	buf_printf(out, "             saw answers p99 %s after the kernel had them%s%s\n",
	    format_duration(seen, p->seen.p99), p->tick > 0 ? "; paced in ticks of " : "",
	    p->tick > 0 ? format_duration(tick, p->tick) : "");
	if (p->generator_limited)
		buf_printf(out, "  GENERATOR-LIMITED: %s; these figures tell nothing about the service\n",
		    p->generator_why ? p->generator_why : "it could not keep up");
}

static void
write_lost(struct buf *out, const struct run_worker *w, bool one_phase)
{
	char share[24], after[24];

	buf_printf(out, "  LOST: worker %s on %s was lost after %s%s%s; ", w->name, w->host,
	    format_duration(after, w->lost_after), w->why ? ": " : "", w->why ? w->why : "");
	if (one_phase)
		buf_printf(out, "%s of the load was not offered from then on\n", format_percent(share, w->share));
	else
		buf_puts(out, "its share of that phase was not offered\n");
}

void
load_table_workers(struct buf *out, const struct run *r)
{
	const struct run_evidence *v = &r->evidence;
	char cpu[24], lag[24], clock[24];

	for (size_t i = 0; i < v->n_workers; i++) {
		const struct run_worker *w = &v->workers[i];
		buf_printf(out, "  %-11s%s on %s: %lld sent, %lld unsent, %lld answered, %lld errors, "
		                "%lld timeouts\n", i ? "" : "workers", w->name, w->host, (long long)w->sent,
		    (long long)w->unsent, (long long)w->answered, (long long)w->errors,
		    (long long)w->timeouts);
		if (!w->lost)
			buf_printf(out, "  %-11s  %s of a core, sent late by p99 %s, start true to %s\n", "",
			    format_percent(cpu, w->cpu), format_duration(lag, w->lag_p99),
			    format_duration(clock, w->clock_error));
	}
	for (size_t i = 0; i < v->n_workers; i++)
		if (v->workers[i].lost)
			write_lost(out, &v->workers[i], v->n_phases == 1);
}

void
load_table(struct buf *out, const struct spec *s, const struct run *r, const struct run_phase *p)
{
	char rate[24];

	buf_printf(out, "%s%s\n  ", r->spec.urls[0], s->n_urls > 1 ? " ..." : "");
	write_offer(out, s, p);
	buf_printf(out, "  answered   %lld, %s\n", (long long)p->answered,
	    format_rate(rate, p->throughput));
	write_errors(out, p);
	write_latency(out, "latency", &p->latency, s->closed ? "from sending to the last byte"
	    : "from the intended start to the last byte");
	if (!s->closed)
		write_latency(out, "service", &p->service, "from the real sending to the last byte");
	write_spans(out, p);
	if (r->baseline.n_routes > 1)
		write_routes(out, &r->baseline);
	load_table_workers(out, r);
	write_generator(out, p);
	write_identity(out, p);
	if (r->n_targets && r->headline)
		buf_printf(out, "  %s\n", r->headline);
}

void
load_table_share(struct buf *out, const struct run_phase *p)
{
	buf_printf(out, "a worker's share; the leader has the whole\n");
	buf_printf(out, "  answered   %lld\n", (long long)p->answered);
	write_errors(out, p);
	write_generator(out, p);
	write_identity(out, p);
}
