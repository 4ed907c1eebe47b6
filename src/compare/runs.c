/* SPDX-License-Identifier: MIT */
/* Two finished runs beside each other: an estimate, since nothing says what the machine did between
 * them.
 *
 * A figure that is known second by second is compared by batch means: the mean logarithm of its seconds
 * in ten batches, whose spread holds the correlation of neighbours (Law & Kelton, Simulation Modeling
 * and Analysis, 9.5.3). One bad second is then one of many, where it may make the whole run's p99. Other
 * figures, p95 and those of single routes, are known for the whole run only: they have the error of
 * the seconds' p99 and besides what the whole run's p99 is away from that of its seconds, for such
 * bursts may be all that they tell. That alone calls a third to a half of unchanged services changed
 * on a machine that drifts; so the spread from run to run, `between`, is added for each run. It is
 * taken as known, and the degrees of freedom follow Welch & Satterthwaite. A change is claimed when its
 * whole interval lies beyond the margin. Single routes are many; they need three standard errors. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "compare/compare.h"
#include "compare/compare_int.h"
#include "compare/metric.h"
#include "stats/interval.h"
#include "stats/special.h"

#define BATCHES       10
#define POWER_80      0.84      /* normal point */
#define ROUTE_ERRORS  3.0
#define MOST_ROUTES   20
#define MUCH          9.0       /* tenfold */
#define KNOWN         1e6       /* degrees of freedom: as good as known */
#define DETECTABLE_ERRORS 2     /* error rate: at least this many times its batches' spread */

/* Of a logarithm, within a run: the mean of its batches and its standard error with degrees of freedom.
 * Of figures without a series the mean is NAN. */
struct error { double mean, sd, df; };

/* One measurement of the whole run, whose own error is small beside that between runs. */
#define ONE_FIGURE { NAN, 0, 0 }

struct estimate {
	const char *metric, *route;
	double before, after;
	struct error within[2];
	double between, slice;           /* slice: seconds */
	bool primary;
};

/* ---- the error within a run ---------------------------------------------------------------- */

/* `share`: of the requests that the figure is made of, for one route of several. */
static struct error
batch_error(const double *seconds, size_t n, bool logarithm, double share)
{
	double batches[BATCHES] = { 0 };
	size_t per_batch = n / BATCHES ? n / BATCHES : 1, of_batch = 0, n_batches = 0;

	for (size_t i = 0; i < n && n_batches < BATCHES; i++) {
		if (!isfinite(seconds[i]) || (logarithm && seconds[i] <= 0))
			continue;
		batches[n_batches] += (logarithm ? log(seconds[i]) : seconds[i]) / (double)per_batch;
		if (++of_batch == per_batch) {
			of_batch = 0;
			n_batches++;
		}
	}
	struct interval mean = interval_blocks(batches, n_batches);
	if (n_batches < 2)
		return (struct error){ NAN, NAN, 0 };
	double df = (double)n_batches - 1;
	return (struct error){ mean.value, (mean.high - mean.low) / 2 / student_t_quantile(0.975, df) / sqrt(share), df };
}

/* Of a latency that is only known for the whole run. */
static struct error
error_of_bursts(const struct run_phase *p, double share)
{
	struct error e = batch_error(p->latency_by_second, p->n_latency_by_second, true, share);
	double away = log(p->latency.p99) - e.mean;

	return (struct error){ NAN, isfinite(away) ? hypot(e.sd, away) : e.sd, e.df };
}

static struct error
error_within(const struct run *r, const char *metric, const char *route, double share)
{
	const struct run_phase *p = compare_phase(r);

	if (strcmp(metric, "throughput") == 0)
		return batch_error(p->rate_by_second, p->n_rate_by_second, true, share);
	if (!route && strcmp(metric, "latency_p50") == 0)
		return batch_error(p->p50_by_second, p->n_p50_by_second, true, share);
	if (!route && strcmp(metric, "latency_p99") == 0)
		return batch_error(p->latency_by_second, p->n_latency_by_second, true, share);
	return error_of_bursts(p, share);
}

/* ---- a comparison -------------------------------------------------------------------------- */

struct spread { double sd, t; };   /* of the difference */

static struct spread
spread_of(const struct estimate *f)
{
	double before = f->slice / f->before, after = f->slice / f->after;
	double variance = 2 * f->between * f->between + before * before + after * after, shaky = 0;

	for (int i = 0; i < 2; i++) {
		double v = isfinite(f->within[i].sd) ? f->within[i].sd * f->within[i].sd
		    : f->between * f->between;
		variance += v;
		shaky += f->within[i].df > 0 ? v * v / f->within[i].df : 0;
	}
	return (struct spread){ sqrt(variance), student_t_quantile(0.975, fmin(variance * variance / shaky, KNOWN)) };
}

/* low, high and margin of a change: logarithms for ratios. */
static const char *
verdict_of(double low, double high, double less, double more, bool more_is_better)
{
	if (isnan(low) || isnan(high))
		return "inconclusive";
	if (low > more)
		return more_is_better ? "better" : "worse";
	if (high < less)
		return more_is_better ? "worse" : "better";
	return low > less && high < more ? "same" : "inconclusive";
}

static const struct metric *
metric_named(const char *name)
{
	size_t i = 0;
	while (i + 1 < METRICS && strcmp(metrics[i].name, name) != 0)
		i++;
	return &metrics[i];
}

static struct run_comparison *
add(struct run *r, struct run_proof *p, const struct estimate *f)
{
	struct run_comparison *c = RUN_ADD(r, comparison, p->comparisons, p->n_comparisons);

	c->metric = f->metric;
	c->route = run_str(r, f->route);
	c->before = f->before;
	c->after = f->after;
	c->margin = metric_named(f->metric)->margin;
	c->primary = f->primary;
	c->verdict = "inconclusive";
	return c;
}

static void
compare_ratio(struct run *r, struct run_proof *p, const struct estimate *f)
{
	if (!isfinite(f->before) || !isfinite(f->after) || f->before <= 0 || f->after <= 0)
		return;
	struct run_comparison *c = add(r, p, f);
	struct spread s = spread_of(f);
	double change = f->within[1].mean - f->within[0].mean, margin = log1p(c->margin);
	double claim = (f->route ? fmax(ROUTE_ERRORS, s.t) : s.t) * s.sd;

	if (!isfinite(change))
		change = log(f->after / f->before);
	c->ratio = exp(change);
	c->low = exp(change - s.t * s.sd);
	c->high = exp(change + s.t * s.sd);
	c->detectable = expm1((s.t + POWER_80) * s.sd + margin);
	c->verdict = verdict_of(change - claim, change + claim, -margin, margin,
	    metric_named(f->metric)->more_is_better);
}

/* ---- errors -------------------------------------------------------------------------------- */

static double
error_rate(const struct run_phase *p)
{
	double all = (double)p->scheduled;
	return all > 0 ? (double)(p->errors + p->timeouts + p->unsent) / all : NAN;
}

/* Errors come in bursts: their spread over the batches, and not less than of independent ones, with
 * one error more than there were. */
static double
error_rate_variance(const struct run_phase *p)
{
	double all = (double)p->scheduled, rate = (error_rate(p) * all + 1) / (all + 2);
	struct error e = batch_error(p->errors_by_second, p->n_errors_by_second, false, 1);
	double bursts = isfinite(e.sd) && all > 0 ? e.sd * (double)p->n_errors_by_second / all : 0;
	return fmax(rate * (1 - rate) / (all + 2), bursts * bursts);
}

static void
compare_errors(const struct run_phase *a, const struct run_phase *b, double between, struct run *r,
    struct run_proof *p)
{
	struct estimate f = { .metric = "error_rate", .before = error_rate(a), .after = error_rate(b) };
	if (!isfinite(f.before) || !isfinite(f.after))
		return;
	struct run_comparison *c = add(r, p, &f);
	double drift = between * fmax(f.before, f.after) * M_SQRT2;
	double sd = sqrt(error_rate_variance(a) + error_rate_variance(b) + drift * drift);

	c->ratio = f.after - f.before;
	c->low = c->ratio - DETECTABLE_ERRORS * sd;
	c->high = c->ratio + DETECTABLE_ERRORS * sd;
	c->detectable = (DETECTABLE_ERRORS + POWER_80) * sd + c->margin;
	c->verdict = verdict_of(c->low, c->high, -c->margin, c->margin, false);
}

/* ---- all figures --------------------------------------------------------------------------- */

/* A tail that hides requests without an answer is no figure. */
static double
quantile_of(const struct run_latency *l, const char *metric)
{
	if (strcmp(metric, "latency_p50") == 0)
		return l->p50;
	return l->censored ? NAN : strcmp(metric, "latency_p95") == 0 ? l->p95 : l->p99;
}

static const struct { const char *metric; double slice; } quantiles[] = {
	{ "latency_p50", SLICE_MEDIAN }, { "latency_p95", SLICE_TAIL }, { "latency_p99", SLICE_TAIL },
};

struct pair { const struct run *a, *b; double between; bool preset; };

static void
compare_quantiles(const struct pair *of, const struct run_latency *a, const struct run_latency *b,
    const char *route, double share, struct run *r, struct run_proof *p)
{
	for (size_t i = 0; i < COUNT_OF(quantiles); i++) {
		const char *metric = quantiles[i].metric;
		struct estimate f = { .metric = metric, .route = route,
			.before = quantile_of(a, metric), .after = quantile_of(b, metric),
			.between = of->between, .slice = of->preset ? quantiles[i].slice : 0,
			.within = { error_within(of->a, metric, route, share),
			    error_within(of->b, metric, route, share) } };
		compare_ratio(r, p, &f);
	}
}

static void
compare_totals(const struct pair *of, struct run *r, struct run_proof *p)
{
	const struct run_phase *a = compare_phase(of->a), *b = compare_phase(of->b);
	const struct run_baseline *x = &of->a->baseline, *y = &of->b->baseline;
	double cpu = of->between * (BETWEEN_CPU / BETWEEN_LATENCY);

	compare_ratio(r, p, &(struct estimate){ .metric = "cpu_per_request", .before = x->cpu_per_request,
	    .after = y->cpu_per_request, .between = cpu, .primary = true,
	    .within = { ONE_FIGURE, ONE_FIGURE } });
	compare_quantiles(of, &a->latency, &b->latency, NULL, 1, r, p);
	/* In an open loop it is the schedule's. */
	if (of->a->spec.closed)
		compare_ratio(r, p, &(struct estimate){ .metric = "throughput", .before = a->throughput,
		    .after = b->throughput, .between = cpu,
		    .within = { error_within(of->a, "throughput", NULL, 1),
		        error_within(of->b, "throughput", NULL, 1) } });
	compare_ratio(r, p, &(struct estimate){ .metric = "rss_bytes", .before = x->rss_bytes,
	    .after = y->rss_bytes, .between = cpu, .within = { ONE_FIGURE, ONE_FIGURE } });
	compare_errors(a, b, of->between, r, p);
}

static void
compare_routes(const struct pair *of, struct run *r, struct run_proof *p)
{
	const struct run_baseline *a = &of->a->baseline, *b = &of->b->baseline;
	double all = 0;

	for (size_t i = 0; i < a->n_routes; i++)
		all += (double)a->routes[i].requests;
	for (size_t i = 0; i < a->n_routes && i < MOST_ROUTES && a->n_routes > 1; i++)
		for (size_t k = 0; k < b->n_routes; k++) {
			const struct run_route *x = &a->routes[i], *y = &b->routes[k];
			if (x->route && y->route && strcmp(x->route, y->route) == 0 && x->requests > 0)
				compare_quantiles(of, &x->latency, &y->latency, x->route,
				    (double)x->requests / all, r, p);
		}
}

/* ---- the verdict --------------------------------------------------------------------------- */

static const struct run_comparison *
first_with(const struct run_proof *p, const char *verdict)
{
	for (size_t i = 0; i < p->n_comparisons; i++)
		if (strcmp(p->comparisons[i].verdict, verdict) == 0)
			return &p->comparisons[i];
	return NULL;
}

static const char *
claim(struct run *r, const struct run_comparison *c)
{
	char before[24], after[24];
	const char *of = c->route ? run_printf(r, " of %.100s", c->route) : "";

	if (strcmp(c->metric, "error_rate") == 0)
		return run_printf(r, "errors went from %s to %s; estimated from two runs",
		    format_percent(before, c->before), format_percent(after, c->after));
	return run_printf(r, "%s%s changed by %+.0f %% (95 %%: %+.0f to %+.0f %%); estimated from two runs",
	    metric_named(c->metric)->words, of, 100 * (c->ratio - 1), 100 * (c->low - 1),
	    100 * (c->high - 1));
}

static void
conclude(struct run *r, struct run_proof *p)
{
	const struct run_comparison *worse = first_with(p, "worse"), *better = first_with(p, "better");
	const struct run_comparison *open = first_with(p, "inconclusive");
	const struct run_comparison *shown = worse ? worse : better;

	p->verdict = shown ? shown->verdict : open || !p->n_comparisons ? "inconclusive" : "same";
	if (shown)
		p->why = claim(r, shown);
	else if (!p->n_comparisons)
		p->why = "the runs have no figure in common";
	else if (open && open->detectable > MUCH)
		p->why = run_printf(r, "the seconds of these runs differ so much that not even a change of %s to "
		    "%.0f times could be told", metric_named(open->metric)->words, 1 + MUCH);
	else if (open)
		p->why = run_printf(r, "two runs, one after the other, cannot tell a change of %s below %.0f %%; "
		    "compare the services themselves, in turn", metric_named(open->metric)->words,
		    100 * open->detectable);
	else
		p->why = "no figure changed beyond its margin; estimated from two runs";
}

static struct run_effect
effect_of(const struct run_proof *p, const char *metric)
{
	for (size_t i = 0; i < p->n_comparisons; i++) {
		const struct run_comparison *c = &p->comparisons[i];
		if (!c->route && strcmp(c->metric, metric) == 0)
			return (struct run_effect){ c->ratio, c->low, c->high };
	}
	return (struct run_effect){ NAN, NAN, NAN };
}

static struct run_baseline
without_routes(const struct run_baseline *b)
{
	struct run_baseline copy = *b;
	copy.routes = NULL;
	copy.n_routes = 0;
	return copy;
}

static void
name_arm(struct run *r, struct run_proof *p, const char *name, const struct run *of)
{
	struct run_arm *arm = RUN_ADD(r, arm, p->arms, p->n_arms);

	arm->name = name;
	arm->what = run_str(r, of->folder ? of->folder : of->id);
}

void
compare_runs(const struct run *a, const struct run *b, double between, struct run *r,
    struct run_proof *p)
{
	const struct pair of = { a, b, isfinite(between) ? between : BETWEEN_LATENCY, !isfinite(between) };

	p->comparisons = NULL;
	p->arms = NULL;
	p->n_comparisons = p->n_arms = 0;
	name_arm(r, p, "A", a);
	name_arm(r, p, "B", b);
	p->source = SOURCE_ESTIMATED;
	p->alpha = 0.05;
	p->rate = compare_phase(a)->rate;
	p->before = without_routes(&a->baseline);
	p->after = without_routes(&b->baseline);
	compare_totals(&of, r, p);
	compare_routes(&of, r, p);
	p->effect = (struct run_effects){ effect_of(p, "latency_p50"), effect_of(p, "latency_p99"),
		effect_of(p, "throughput"), effect_of(p, "cpu_per_request") };
	conclude(r, p);
}
