/* SPDX-License-Identifier: MIT */
#include "report/load_forms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

/* ---- the format ---------------------------------------------------------------------------- */

static void
put_family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label value in its quotes: backslash, quote and line feed are escaped. */
static void
put_value_text(struct buf *out, const char *s)
{
	char bytes[4];

	buf_putc(out, '"');
	for (uint32_t c; (c = utf8_next(&s));)
		if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (char)c);
		else
			buf_append(out, bytes, utf8_write(bytes, utf8_is_unsafe(c) ? UTF8_REPLACEMENT : c));
	buf_putc(out, '"');
}

/* One sample; labels are pairs of name and value, ended by NULL; a pair without a value is left
 * out. */
static void
put_sample(struct buf *out, const char *name, const char *const *labels, double v)
{
	bool any = false;

	buf_puts(out, name);
	for (; labels && *labels; labels += 2) {
		if (!labels[1])
			continue;
		buf_printf(out, "%s%s=", any ? "," : "{", labels[0]);
		put_value_text(out, labels[1]);
		any = true;
	}
	buf_puts(out, any ? "} " : " ");
	if (isfinite(v))
		buf_printf(out, "%.9g\n", v);
	else
		buf_puts(out, isnan(v) ? "NaN\n" : v > 0 ? "+Inf\n" : "-Inf\n");
}

static void
put_gauge(struct buf *out, const char *name, const char *help, double v)
{
	if (isnan(v))
		return;
	put_family(out, name, "gauge", help);
	put_sample(out, name, NULL, v);
}

/* Routes that differ only in what is not written down (the values of a query) have one name; no two
 * samples may have the same labels. */
#define LABEL_MAX 1024

static const char *
route_label(char out[LABEL_MAX], const struct run *r, size_t i)
{
	const struct run_route *routes = r->baseline.routes;
	const char *name = routes[i].route ? routes[i].route : "";
	size_t same = 1;

	for (size_t k = 0; k < i; k++)
		same += strcmp(routes[k].route ? routes[k].route : "", name) == 0;
	snprintf(out, LABEL_MAX, same > 1 ? "%s #%zu" : "%s", name, same);
	return out;
}

/* ---- what is in it ------------------------------------------------------------------------- */

static void
put_outcomes(struct buf *out, const char *route, const double counts[4])
{
	static const char *const names[] = { "answered", "error", "timeout", "in_flight" };

	for (size_t i = 0; i < COUNT_OF(names); i++)
		put_sample(out, "prony_load_requests_total",
		    (const char *[]){ "route", route, "outcome", names[i], NULL }, counts[i]);
}

/* By route; where the run does not tell the routes apart, of all. */
static void
put_requests(struct buf *out, const struct run *r, const struct run_phase *p)
{
	const struct run_baseline *b = &r->baseline;
	char label[LABEL_MAX];
	int64_t known = 0;

	put_family(out, "prony_load_requests_total", "counter", "Requests sent, by route and outcome.");
	for (size_t i = 0; i < b->n_routes; i++)
		known += b->routes[i].answered + b->routes[i].errors + b->routes[i].timeouts +
		    b->routes[i].in_flight;
	if (known != p->sent) {
		put_outcomes(out, NULL, (double[]){ (double)p->answered, (double)p->errors,
		    (double)p->timeouts, (double)p->in_flight });
		return;
	}
	for (size_t i = 0; i < b->n_routes; i++) {
		const struct run_route *t = &b->routes[i];
		put_outcomes(out, route_label(label, r, i), (double[]){ (double)t->answered, (double)t->errors,
		    (double)t->timeouts, (double)t->in_flight });
	}
}

static void
put_errors(struct buf *out, const struct run_phase *p)
{
	const struct { const char *class; int64_t n; } rows[] = {
		{ "connect", p->error_connect }, { "tls", p->error_tls }, { "reset", p->error_reset },
		{ "closed", p->error_closed }, { "protocol", p->error_protocol },
		{ "status", p->error_status }, { "expect", p->error_expect },
	};

	put_family(out, "prony_load_errors_total", "counter", "Requests that failed, by kind of failure.");
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		put_sample(out, "prony_load_errors_total",
		    (const char *[]){ "class", rows[i].class, NULL }, (double)rows[i].n);
}

static void
put_summary(struct buf *out, const char *name, const char *route, const struct run_latency *l,
    int64_t count)
{
	const struct { const char *quantile; double v; } rows[] = {
		{ "0.5", l->p50 }, { "0.95", l->p95 }, { "0.99", l->p99 }, { "0.999", l->p999 },
		{ "1", l->max },
	};
	const char *const labels[] = { "route", route, NULL };
	char part[96];

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		put_sample(out, name,
		    (const char *[]){ "route", route, "quantile", rows[i].quantile, NULL }, rows[i].v);
	snprintf(part, sizeof(part), "%s_sum", name);
	put_sample(out, part, labels, count ? l->mean * (double)count : 0);
	snprintf(part, sizeof(part), "%s_count", name);
	put_sample(out, part, labels, (double)count);
}

static void
put_latency(struct buf *out, const struct run *r, const struct run_phase *p)
{
	const struct run_baseline *b = &r->baseline;
	char label[LABEL_MAX];

	put_family(out, "prony_load_latency_seconds", "summary",
	    "From the intended start to the last byte; unanswered requests count with the time they had "
	    "waited.");
	for (size_t i = 0; i < b->n_routes; i++)
		put_summary(out, "prony_load_latency_seconds", route_label(label, r, i),
		    &b->routes[i].latency, b->routes[i].requests);
	if (!b->n_routes)
		put_summary(out, "prony_load_latency_seconds", NULL, &p->latency, p->scheduled);
	put_family(out, "prony_load_service_seconds", "summary",
	    "From the real sending to the last byte, all routes.");
	put_summary(out, "prony_load_service_seconds", NULL, &p->service, p->answered);
}

static void
put_targets(struct buf *out, const struct run *r)
{
	bool written = r->spec.n_targets == r->n_targets;
	char number[24];

	if (r->n_targets)
		put_family(out, "prony_load_target_met", "gauge",
		    "1 when the target was met, 0 when it was missed, NaN when it was not measured.");
	for (size_t i = 0; i < r->n_targets; i++) {
		const struct run_target *t = &r->targets[i];
		snprintf(number, sizeof(number), "%zu", i + 1);
		put_sample(out, "prony_load_target_met", (const char *[]){ "number", number, "target",
		    written ? r->spec.targets[i] : t->metric, NULL }, isnan(t->value) ? NAN : t->met);
	}
}

void
report_load_prometheus(const struct run *r, struct buf *out)
{
	const struct run_phase *p = report_load_phase(r);

	put_family(out, "prony_load_info", "gauge", "Always 1; what was measured by what.");
	put_sample(out, "prony_load_info", (const char *[]){ "system", r->system.name, "run", r->id,
	    "tool", r->tool, "verdict", verdict_name(r->verdict), NULL }, 1);
	if (!p)
		return;
	put_requests(out, r, p);
	put_errors(out, p);
	put_family(out, "prony_load_unsent_total", "counter", "Requests that no connection was free for.");
	put_sample(out, "prony_load_unsent_total", NULL, (double)p->unsent);
	put_latency(out, r, p);
	put_gauge(out, "prony_load_offered_rate", "Requests offered per second.", p->rate);
	put_gauge(out, "prony_load_answered_rate", "Requests answered per second.", p->throughput);
	put_gauge(out, "prony_load_duration_seconds", "Length of the measurement.", p->seconds);
	put_gauge(out, "prony_load_lag_p99_seconds",
	    "Sent later than intended although a connection was free, 99th percentile.", p->lag_p99);
	put_gauge(out, "prony_load_generator_cpu_ratio", "Share of a core, busiest worker.",
	    p->generator_cpu);
	put_gauge(out, "prony_load_generator_limited",
	    "1 when the generator was the limit: then nothing is known of the service.",
	    p->generator_limited);
	put_targets(out, r);
}
