/* SPDX-License-Identifier: MIT */
#include "observe/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/slope.h"

static double
mean_known(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : (a + b) / 2;
}

static void
merge_neighbours(struct series_points *p)
{
	for (size_t i = 0; i < SERIES_POINTS / 2; i++) {
		p->t[i] = (p->t[2 * i] + p->t[2 * i + 1]) / 2;
		p->y[i] = mean_known(p->y[2 * i], p->y[2 * i + 1]);
	}
	p->n = SERIES_POINTS / 2;
	p->stride *= 2;
}

static void
points_add(struct series_points *p, double t, double y)
{
	if (!p->stride)
		p->stride = 1;
	p->sum_t += t;
	p->in_bucket++;
	if (!isnan(y)) {
		p->sum_y += y;
		p->known++;
	}
	if (p->in_bucket < p->stride)
		return;
	if (p->n == SERIES_POINTS) {
		/* This bucket is the first half of one of the new length. */
		merge_neighbours(p);
		return;
	}
	p->t[p->n] = p->sum_t / (double)p->in_bucket;
	p->y[p->n++] = p->known ? p->sum_y / (double)p->known : NAN;
	p->sum_t = p->sum_y = 0;
	p->in_bucket = p->known = 0;
}

int
sink_series(struct sink *k, const char *name, const char *unit, const char *scope)
{
	if (k->n == SERIES_MAX || (k->no_service && strcmp(scope, "service") == 0))
		return -1;
	struct series *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	*s = (struct series){ .name = name, .unit = unit, .scope = scope, .latest = NAN };
	k->items[k->n] = s;
	return (int)k->n++;
}

void
sink_put(struct sink *k, int series, double value)
{
	if (series < 0 || !isfinite(value))
		return;
	struct series *s = k->items[series];
	s->latest = value;
	if (!k->in_window)
		return;
	if (!s->window_samples || value < s->window_min)
		s->window_min = value;
	if (!s->window_samples || value > s->window_max)
		s->window_max = value;
	s->window_sum += value;
	s->window_samples++;
	points_add(&s->window, k->t_s, value);
}

void
sink_tick(struct sink *k)
{
	for (size_t i = 0; i < k->n; i++)
		points_add(&k->items[i]->run, k->t_s, k->items[i]->latest);
}

void
sink_window(struct sink *k)
{
	for (size_t i = 0; i < k->n; i++) {
		struct series *s = k->items[i];
		s->window = (struct series_points){ 0 };
		s->window_samples = 0;
		s->window_sum = 0;
	}
	k->in_window = true;
}

/* Figures over the window, over all points where the window saw nothing. */
static void
summarise(const struct series *s, struct run_series *out)
{
	double sum = 0, min = NAN, max = NAN;
	size_t n = 0;

	for (size_t i = 0; i < s->run.n; i++) {
		double y = s->run.y[i];
		if (isnan(y))
			continue;
		sum += y;
		n++;
		min = y < min || isnan(min) ? y : min;
		max = y > max || isnan(max) ? y : max;
	}
	bool window = s->window_samples > 0;
	const struct series_points *p = window ? &s->window : &s->run;
	struct slope slope = slope_fit(p->t, p->y, p->n);
	out->mean = window ? s->window_sum / (double)s->window_samples : sum / (double)n;
	out->min = window ? s->window_min : min;
	out->max = window ? s->window_max : max;
	out->slope_per_s = slope.per_t;
	out->slope_low = slope.low;
	out->slope_high = slope.high;
}

double
sink_mean(const struct sink *k, const char *name)
{
	for (size_t i = 0; i < k->n; i++) {
		struct run_series figures;
		if (strcmp(k->items[i]->name, name) != 0)
			continue;
		summarise(k->items[i], &figures);
		return figures.mean;
	}
	return NAN;
}

void
sink_write(struct sink *k, struct run *r)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct series *s = k->items[i];
		if (isnan(s->latest))
			continue;
		struct run_series *out = RUN_ADD(r, series, r->evidence.series,
		    r->evidence.n_series);
		out->name = run_str(r, s->name);
		out->unit = run_str(r, s->unit);
		out->scope = run_str(r, s->scope);
		summarise(s, out);
		for (size_t j = 0; j < s->run.n; j++)
			*ARENA_PUSH(r->arena, out->points, out->n_points) = s->run.y[j];
	}
}

void
sink_done(struct sink *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->items[i]);
	k->n = 0;
}

double
rate_step(struct rate *r, double total, int64_t now_ns)
{
	double passed_s = (double)(now_ns - r->at_ns) / 1e9, gained = total - r->last;
	bool first = !r->at_ns;

	r->last = total;
	r->at_ns = now_ns;
	if (first || passed_s <= 0)
		return NAN;
	return gained > 0 ? gained / passed_s : 0;
}
