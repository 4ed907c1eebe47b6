/* SPDX-License-Identifier: MIT */
#include "report/load_rows.h"

#include <math.h>
#include <string.h>

#include "report/load_forms.h"

#define TEXT(f)   { #f, LOAD_TEXT, offsetof(struct load_row, f) }
#define FIGURE(f) { #f, LOAD_FIGURE, offsetof(struct load_row, f) }

const struct load_column load_columns[] = {
	TEXT(row), TEXT(phase), TEXT(route), FIGURE(start_s), FIGURE(length_s), FIGURE(offered_per_s),
	FIGURE(answered_per_s), FIGURE(requests), FIGURE(answered), FIGURE(failed), FIGURE(errors),
	FIGURE(timeouts), FIGURE(in_flight), FIGURE(unsent), FIGURE(mean_s), FIGURE(p50_s),
	FIGURE(p95_s), FIGURE(p99_s), FIGURE(p999_s), FIGURE(max_s),
	{ "censored", LOAD_FLAG, offsetof(struct load_row, censored) },
	{ NULL },
};

const struct run_phase *
report_load_phase(const struct run *r)
{
	const struct run_phase *last = NULL;

	for (size_t i = 0; i < r->evidence.n_phases; i++) {
		last = &r->evidence.phases[i];
		if (last->name && (strcmp(last->name, "baseline") == 0 || strcmp(last->name, "trace") == 0))
			return last;
	}
	return last;
}

static struct load_row
blank_row(const char *row)
{
	return (struct load_row){
		.row = row, .start_s = NAN, .length_s = NAN, .offered_per_s = NAN, .answered_per_s = NAN,
		.requests = NAN, .answered = NAN, .failed = NAN, .errors = NAN, .timeouts = NAN,
		.in_flight = NAN, .unsent = NAN, .mean_s = NAN, .p50_s = NAN, .p95_s = NAN, .p99_s = NAN,
		.p999_s = NAN, .max_s = NAN,
	};
}

static void
set_latency(struct load_row *row, const struct run_latency *l)
{
	row->mean_s = l->mean;
	row->p50_s = l->p50;
	row->p95_s = l->p95;
	row->p99_s = l->p99;
	row->p999_s = l->p999;
	row->max_s = l->max;
	row->censored = l->censored;
}

static struct load_row
phase_row(const struct run_phase *p)
{
	struct load_row row = blank_row("phase");

	row.phase = p->name;
	row.start_s = p->started;
	row.length_s = p->seconds;
	row.offered_per_s = p->rate;
	row.answered_per_s = p->throughput;
	row.requests = (double)p->scheduled;
	row.answered = (double)p->answered;
	row.errors = (double)p->errors;
	row.timeouts = (double)p->timeouts;
	row.failed = row.errors + row.timeouts;
	row.in_flight = (double)p->in_flight;
	row.unsent = (double)p->unsent;
	set_latency(&row, &p->latency);
	return row;
}

static double
at(const double *list, size_t n, size_t i)
{
	return i < n ? list[i] : NAN;
}

static struct load_row
second_row(const struct run_phase *p, size_t i)
{
	struct load_row row = blank_row("second");
	double left = p->seconds - (double)i;

	row.phase = p->name;
	row.start_s = p->started + (double)i;
	row.length_s = left < 1 ? left : 1;
	row.offered_per_s = at(p->offered_by_second, p->n_offered_by_second, i);
	row.answered_per_s = at(p->rate_by_second, p->n_rate_by_second, i);
	row.failed = at(p->errors_by_second, p->n_errors_by_second, i);
	row.p50_s = at(p->p50_by_second, p->n_p50_by_second, i);
	row.p99_s = at(p->latency_by_second, p->n_latency_by_second, i);
	return row;
}

static struct load_row
route_row(const struct run_route *of, const struct run_phase *p)
{
	struct load_row row = blank_row("route");
	bool split = of->answered + of->errors + of->timeouts + of->in_flight == of->requests;

	row.phase = p ? p->name : NULL;
	row.route = of->route;
	row.offered_per_s = of->rate;
	row.requests = (double)of->requests;
	if (split) {              /* runs of older versions do not tell them apart */
		row.answered = (double)of->answered;
		row.errors = (double)of->errors;
		row.timeouts = (double)of->timeouts;
		row.failed = row.errors + row.timeouts;
		row.in_flight = (double)of->in_flight;
	}
	set_latency(&row, &of->latency);
	return row;
}

void
load_rows(const struct run *r, void (*write)(void *ctx, const struct load_row *row), void *ctx)
{
	struct load_row row;

	for (size_t i = 0; i < r->evidence.n_phases; i++) {
		const struct run_phase *p = &r->evidence.phases[i];
		row = phase_row(p);
		write(ctx, &row);
		for (size_t s = 0; s < p->n_rate_by_second; s++) {
			row = second_row(p, s);
			write(ctx, &row);
		}
	}
	for (size_t i = 0; i < r->baseline.n_routes; i++) {
		row = route_row(&r->baseline.routes[i], report_load_phase(r));
		write(ctx, &row);
	}
}
