/* SPDX-License-Identifier: MIT */
/* Latency and throughput against offered load, the knee, and the load phases with their accounts. */
#include "report/section.h"

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
