/* SPDX-License-Identifier: MIT */
/* Latency and throughput against offered load, the knee, and the phases with their accounts. */
#include "report/section.h"

#include <stdlib.h>
#include <string.h>

#include "report/say.h"

enum column { RATE, THROUGHPUT, P50, P99 };

static double
point(const struct run_point *p, enum column c)
{
	return c == RATE ? p->rate : c == THROUGHPUT ? p->throughput : c == P50 ? p->p50 : p->p99;
}

static const double *
column(struct doc *d, const struct run_capacity *c, enum column which)
{
	double *v = arena_alloc(d->arena, c->n_curve * sizeof(*v));
	for (size_t i = 0; i < c->n_curve; i++)
		v[i] = point(&c->curve[i], which);
	return v;
}

static const char *
knee_label(struct doc *d, const struct run_capacity *c)
{
	return doc_printf(d, "%s %s", c->at_least ? "holds at least" : "holds", say_rate(d,
	    c->knee_rate));
}

static void
latency_chart(struct doc *d, const struct run *r)
{
	const struct run_capacity *c = &r->capacity;
	struct doc_lines *l = doc_lines(d, "Latency against load");

	l->about = say_known(c->knee_rate) ? doc_printf(d, "The service %s.", knee_label(d, c))
	    : "Latency at each offered rate that was tried.";
	l->x_label = "offered load";
	l->x_unit = UNIT_RATE;
	l->y_unit = UNIT_SECONDS;
	l->log_y = true;
	doc_series(d, l, (struct doc_series){ "p99", column(d, c, RATE), column(d, c, P99),
	    c->n_curve, false });
	doc_series(d, l, (struct doc_series){ "p50", column(d, c, RATE), column(d, c, P50),
	    c->n_curve, true });
	if (say_known(c->knee_rate))
		doc_mark(d, l, knee_label(d, c), c->knee_rate, true);
	for (size_t i = 0; i < r->n_targets; i++)
		if (r->targets[i].metric && strcmp(r->targets[i].metric, "latency_p99") == 0)
			doc_mark(d, l, doc_printf(d, "target %s", say_duration(d,
			    r->targets[i].limit)),
			    r->targets[i].limit, false);
}

static void
throughput_chart(struct doc *d, const struct run_capacity *c)
{
	struct doc_lines *l = doc_lines(d, "Throughput against load");

	l->about = "Where the line leaves the diagonal, the service no longer keeps up.";
	l->x_label = "offered load";
	l->x_unit = UNIT_RATE;
	l->y_unit = UNIT_RATE;
	doc_series(d, l, (struct doc_series){ "answered", column(d, c, RATE), column(d, c,
	    THROUGHPUT),
	    c->n_curve, false });
	doc_series(d, l, (struct doc_series){ "offered", column(d, c, RATE), column(d, c, RATE),
	    c->n_curve,
	    true });
	if (say_known(c->knee_rate))
		doc_mark(d, l, knee_label(d, c), c->knee_rate, true);
}

static void
curve_table(struct doc *d, const struct run_capacity *c)
{
	static const char *const titles[] = { ">offered", ">answered", ">p50", ">p99", ">CPU",
	    ">errors",
	                                      "held", NULL };
	struct doc_table *t = doc_table(d, "The points of the curve", titles);

	for (size_t i = 0; i < c->n_curve && i < 40; i++) {
		const struct run_point *p = &c->curve[i];
		doc_cell(d, t, say_rate(d, p->rate));
		doc_cell(d, t, say_rate(d, p->throughput));
		doc_cell(d, t, say_duration(d, p->p50));
		doc_cell(d, t, say_duration(d, p->p99));
		doc_cell(d, t, say_cores(d, p->cpu));
		doc_cell(d, t, say_percent(d, p->error_rate));
		doc_cell_tone(d, t, p->sustained ? "yes" : "no", p->sustained ? TONE_GOOD
		    : TONE_BAD);
	}
	t->left_out = c->n_curve > 40 ? c->n_curve - 40 : 0;
}

/* ---- the capacity model -------------------------------------------------------------------- */

static int
by_concurrency(const void *a, const void *b)
{
	const struct run_point *x = a, *y = b;

	return (x->concurrency > y->concurrency) - (x->concurrency < y->concurrency);
}

/* The points that were fitted, measured beside modelled. */
static void
scaling_chart(struct doc *d, const struct run_capacity *c)
{
	struct run_point *used = arena_alloc(d->arena, c->n_curve * sizeof(*used));
	double *n = arena_alloc(d->arena, c->n_curve * sizeof(*n));
	double *measured = arena_alloc(d->arena, c->n_curve * sizeof(*measured));
	double *modelled = arena_alloc(d->arena, c->n_curve * sizeof(*modelled));
	size_t count = 0;

	for (size_t i = 0; i < c->n_curve; i++)
		if (say_known(c->curve[i].concurrency) && say_known(c->curve[i].modelled))
			used[count++] = c->curve[i];
	qsort(used, count, sizeof(*used), by_concurrency);
	for (size_t i = 0; i < count; i++) {
		n[i] = used[i].concurrency;
		measured[i] = used[i].throughput;
		modelled[i] = used[i].modelled;
	}
	struct doc_lines *l = doc_lines(d, "Throughput against concurrency");
	l->about = "Measured throughput, and modelled by the Universal Scalability Law, at the "
	    "concurrency of each steady point.";
	l->x_label = "requests in the service at once";
	l->y_unit = UNIT_RATE;
	doc_series(d, l, (struct doc_series){ "measured", n, measured, count, false });
	doc_series(d, l, (struct doc_series){ "modelled", n, modelled, count, true });
	if (say_known(c->usl.peak.value))
		doc_mark(d, l, "peak (modelled)", c->usl.peak.value, true);
	if (say_known(c->usl.roof.value))
		doc_mark(d, l, "most (modelled)", c->usl.roof.value, false);
}

static const char *
most_by_model(struct doc *d, const struct run_usl *u)
{
	const char *at = say_predicted(d, &u->peak, UNIT_NONE);
	const char *roof = say_predicted(d, &u->roof, UNIT_RATE);

	if (at)
		return doc_printf(d, " Throughput peaks at %s requests at once, with %s, and falls with more.",
		    at, say_predicted(d, &u->peak_throughput, UNIT_RATE));
	return roof ? doc_printf(d, " Throughput does not pass %s.", roof) : "";
}

static const char *
share(struct doc *d, double value, double low, double high)
{
	return doc_printf(d, "%s (%s to %s)", say_percent(d, value), say_percent(d, low),
	    say_percent(d, high));
}

static void
scaling_model(struct doc *d, const struct run_capacity *c)
{
	const struct run_usl *u = &c->usl;

	if (say_known(u->lambda)) {
		doc_text(d, doc_printf(d, "Modelled from %lld points (Universal Scalability Law, R² %.3f, "
		    "concurrency %.3g to %.3g): %s with one request at a time, contention %s, coherency "
		    "%s.%s", (long long)u->points, u->r2, u->n_min, u->n_max, say_rate(d, u->lambda),
		    share(d, u->sigma, u->sigma_low, u->sigma_high),
		    share(d, u->kappa, u->kappa_low, u->kappa_high), most_by_model(d, u)));
		scaling_chart(d, c);
	}
	if (c->usl_why)
		doc_note(d, doc_printf(d, "Capacity model: %s.", say_clip(d, c->usl_why, 300)));
}

/* ---- phases -------------------------------------------------------------------------------- */

/* The longest phase that was recorded second by second: the measurement itself. */
static const struct run_phase *
main_phase(const struct run *r)
{
	const struct run_phase *best = NULL;
	for (size_t i = 0; i < r->evidence.n_phases; i++) {
		const struct run_phase *p = &r->evidence.phases[i];
		size_t most = best ? best->n_latency_by_second : 3;
		if (p->n_latency_by_second >= most)
			best = p;
	}
	return best;
}

static void
by_second(struct doc *d, const struct run *r)
{
	const struct run_phase *p = main_phase(r);
	if (!p)
		return;
	struct doc_lines *l = doc_lines(d, "p99 latency by second");
	l->about = doc_printf(d, "Phase '%s', %s long at %s.", p->name ? say_clip(d, p->name, 40)
	    : "-",
	    say_duration(d, p->seconds), say_rate(d, p->rate));
	l->x_label = "second";
	l->y_unit = UNIT_SECONDS;
	doc_series(d, l, (struct doc_series){ "p99", NULL, p->latency_by_second,
	    p->n_latency_by_second, false });
	if (p->n_rate_by_second < 3)
		return;
	l = doc_lines(d, "Answers by second");
	l->about = "Requests answered in each second of the same phase.";
	l->x_label = "second";
	l->y_unit = UNIT_RATE;
	doc_series(d, l, (struct doc_series){ "answered", NULL, p->rate_by_second,
	    p->n_rate_by_second, false });
}

static void
phase_table(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "phase", ">offered", ">length", ">scheduled",
	    ">answered",
	                                      ">errors", ">timeouts", ">in flight", ">unsent",
	    ">p99",
	                                      "generator", NULL };
	if (!r->evidence.n_phases)
		return;
	struct doc_table *t = doc_table(d,
	    "Every request accounted for: scheduled = answered + errors + "
	    "timeouts + in flight + unsent", titles);
	for (size_t i = 0; i < r->evidence.n_phases && i < 40; i++) {
		const struct run_phase *p = &r->evidence.phases[i];
		doc_cell(d, t, say_clip(d, p->name, 40));
		doc_cell(d, t, say_rate(d, p->rate));
		doc_cell(d, t, say_duration(d, p->seconds));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)p->scheduled));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)p->answered));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)p->errors));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)p->timeouts));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)p->in_flight));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)p->unsent));
		doc_cell(d, t, say_duration(d, p->latency.p99));
		doc_cell_tone(d, t, p->generator_limited ? "was the limit" : "kept up",
		    p->generator_limited ? TONE_WARN : TONE_PLAIN);
	}
	t->left_out = r->evidence.n_phases > 40 ? r->evidence.n_phases - 40 : 0;
}

void
section_load(struct doc *d, const struct run *r)
{
	const struct run_capacity *c = &r->capacity;

	if (say_known(c->knee_rate))
		doc_lead(d, TONE_PLAIN, doc_printf(d, "The service %s%s%s%s.", knee_label(d, c),
		    r->n_targets ? " within the target" : "", c->stopped_by
		    ? "; the search was ended by: " : "",
		    c->stopped_by ? say_clip(d, c->stopped_by, 40) : ""));
	if (c->n_curve) {
		latency_chart(d, r);
		throughput_chart(d, c);
		scaling_model(d, c);
	} else {
		doc_note(d, r->spec.observe ? "Real traffic was watched; no load was made."
		    : r->spec.rate > 0 ? "The rate was given, so no knee was searched."
		    : "The search for the knee did not take place.");
	}
	by_second(d, r);
	if (c->n_curve)
		curve_table(d, c);
	phase_table(d, r);
}
