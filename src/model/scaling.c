/* SPDX-License-Identifier: MIT */
#include "model/scaling.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "stats/queueing.h"
#include "stats/usl.h"

#define ERRORS_MOST   0.01   /* share: a failing service is another service */
#define R2_LEAST      0.8    /* below it the law is not the points' */
#define CLEARLY       2.0    /* difference in AIC between two shapes that tells them apart */
#define KNOWN_HALF    0.25   /* half an interval as a share of its value: wider is no statement */
#define FLAT_HALF     0.05   /* the same of a ceiling: wider is not flat */

/* The points to fit, and why others are none of them. */
struct points {
	struct run *run;
	double *n, *x, *weight;
	size_t count;
	size_t behind, failing, limited, unknown;
};

/* ---- points -------------------------------------------------------------------------------- */

static const struct run_phase *
phase_of(const struct run *r, const char *name)
{
	for (size_t i = 0; name && i < r->evidence.n_phases; i++) {
		const struct run_phase *p = &r->evidence.phases[i];
		if (p->name && strcmp(p->name, name) == 0)
			return p;
	}
	return NULL;
}

/* The unloaded phases: a closed loop of few connections. */
static bool
is_unloaded(const struct run *r, const struct run_phase *p)
{
	for (size_t i = 0; i < r->capacity.n_curve; i++)
		if (phase_of(r, r->capacity.curve[i].phase) == p)
			return false;
	return p->n_offered_by_second == 0 && (!p->name || strcmp(p->name, "warm-up") != 0);
}

/* Was the service itself, without failing, what was measured? Counts what speaks against it. */
static bool
is_sound(struct points *to, const struct run_phase *p)
{
	if (p->generator_limited)
		to->limited++;
	else if ((double)(p->errors + p->timeouts) > ERRORS_MOST * (double)p->sent)
		to->failing++;
	else if (!(p->throughput > 0 && p->service.mean > 0))
		to->unknown++;
	else
		return true;
	return false;
}

/* The mean time from really sent to answered is the service's own: what waited for a connection was
 * not in it yet. Throughput scatters in proportion to itself. Returns the concurrency. */
static double
add(struct points *to, const struct run_phase *p)
{
	double n = queue_little(p->throughput, p->service.mean);

	to->n[to->count] = n;
	to->x[to->count] = p->throughput;
	to->weight[to->count++] = 1 / (p->throughput * p->throughput);
	return n;
}

/* A point whose rate was not kept up with has a queue that grows, and no concurrency of its own. */
static void
add_point(struct points *to, struct run_point *point)
{
	const struct run_phase *p = phase_of(to->run, point->phase);

	point->concurrency = point->modelled = NAN;
	if (!p)
		to->unknown++;
	else if (point->missed_by && strcmp(point->missed_by, "throughput") == 0)
		to->behind++;
	else if (is_sound(to, p))
		point->concurrency = add(to, p);
}

static struct points
collect(struct run *r)
{
	struct run_capacity *c = &r->capacity;
	size_t most = c->n_curve + r->evidence.n_phases;
	struct points to = {
		.run = r, .n = arena_alloc(r->arena, most * sizeof(double)),
		.x = arena_alloc(r->arena, most * sizeof(double)),
		.weight = arena_alloc(r->arena, most * sizeof(double)),
	};

	for (size_t i = 0; i < c->n_curve; i++)
		add_point(&to, &c->curve[i]);
	for (size_t i = 0; i < r->evidence.n_phases; i++)
		if (is_unloaded(r, &r->evidence.phases[i]) && is_sound(&to, &r->evidence.phases[i]))
			add(&to, &r->evidence.phases[i]);
	return to;
}

/* ---- conclusions --------------------------------------------------------------------------- */

enum shape { SHAPE_PEAK, SHAPE_CEILING, SHAPE_OPEN };

struct fit {
	struct usl law;
	struct usl_ceiling ceiling;
	enum shape shape;
};

/* Is half of the interval at most this share of the value? */
static bool
is_within(struct interval v, double share)
{
	return (v.high - v.low) / 2 <= share * v.value;
}

/* Was less throughput seen beyond the peak? A curve that merely flattens bends the law as well. With
 * weights of 1 / x^2 the residual is a share of x. */
static bool
is_fall_seen(const struct points *p, const struct usl *u)
{
	double sum = 0;
	size_t beyond = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->n[i] > u->peak.value) {
			sum += p->x[i];
			beyond++;
		}
	double mean = sum / (double)beyond;   /* NAN where nothing was measured there */
	return mean < u->top.value * (1 - 2 * u->residual / sqrt((double)beyond));
}

/* A peak is stated only where it was passed, and a ceiling does not describe the points as well. */
static enum shape
shape_of(const struct fit *f, const struct points *p)
{
	if (f->ceiling.better > CLEARLY && is_within(f->ceiling.x, FLAT_HALF))
		return SHAPE_CEILING;
	return f->law.verdict == USL_PEAK && f->ceiling.better < -CLEARLY && is_fall_seen(p, &f->law)
	    ? SHAPE_PEAK : SHAPE_OPEN;
}

static struct run_num
modelled(struct interval v)
{
	return (struct run_num){ v.value, v.low, v.high, SOURCE_MODELLED };
}

static void
record_law(struct run_usl *to, const struct usl *u)
{
	to->lambda = u->gamma.value;
	to->lambda_low = u->gamma.low;
	to->lambda_high = u->gamma.high;
	to->sigma = u->alpha.value;
	to->sigma_low = u->alpha.low;
	to->sigma_high = u->alpha.high;
	to->kappa = u->beta.value;
	to->kappa_low = u->beta.low;
	to->kappa_high = u->beta.high;
	to->superlinear = u->superlinear;
	to->r2 = u->r2;
	to->n_min = u->n_min;
	to->n_max = u->n_max;
	to->src = SOURCE_MODELLED;
}

static void
record(struct run_capacity *c, const struct fit *f, const struct points *p)
{
	struct interval roof = f->shape == SHAPE_CEILING ? f->ceiling.x : f->law.roof;

	record_law(&c->usl, &f->law);
	c->usl.points = (int64_t)(p->count - f->law.outliers);
	c->usl.outliers = (int64_t)f->law.outliers;
	if (f->shape == SHAPE_PEAK) {
		c->usl.peak = modelled(f->law.peak);
		c->usl.peak_throughput = modelled(f->law.top);
	} else if (is_within(roof, KNOWN_HALF)) {
		c->usl.roof = modelled(roof);
	}
	for (size_t i = 0; i < c->n_curve; i++)
		c->curve[i].modelled = usl_predict(&f->law, c->curve[i].concurrency).x.value;
}

static const char *
left_out(const struct points *p)
{
	size_t all = p->count + p->behind + p->failing + p->limited + p->unknown;

	if (p->count == all)
		return run_printf(p->run, "%zu were measured", all);
	return run_printf(p->run, "of %zu points %zu are steady (%zu fell behind, %zu with errors, %zu "
	    "limited by the generator)", all, p->count, p->behind, p->failing, p->limited);
}

static const char *
why_no_peak(const struct points *p, const struct fit *f)
{
	char rate[24];

	if (f->shape == SHAPE_CEILING)
		return run_printf(p->run, "no peak: throughput stays at %s from %.3g requests at once on",
		    format_rate(rate, f->ceiling.x.value), f->ceiling.n);
	if (f->law.verdict == USL_PEAK)
		return usl_verdict_words(USL_UNBOUNDED);
	return usl_verdict_words(f->law.verdict);
}

/* What there is not, or what to think of what there is; NULL: nothing more to say. */
static const char *
why(const struct points *p, const struct fit *f)
{
	const char *no_peak = f->shape == SHAPE_PEAK ? NULL : why_no_peak(p, f);

	if (!(f->law.superlinear && f->law.alpha.high < 0))
		return no_peak;
	return run_printf(p->run, "throughput grows faster than concurrency: one request alone is served "
	    "worse than many%s%s", no_peak ? "; " : "", no_peak ? no_peak : "");
}

/* A run that is read again may hold what was concluded before. */
static void
forget(struct run_capacity *c)
{
	static const struct run_num none = { NAN, NAN, NAN, SOURCE_NONE };

	c->usl = (struct run_usl){
		.lambda = NAN, .lambda_low = NAN, .lambda_high = NAN,
		.sigma = NAN, .sigma_low = NAN, .sigma_high = NAN,
		.kappa = NAN, .kappa_low = NAN, .kappa_high = NAN,
		.peak = none, .peak_throughput = none, .roof = none,
		.r2 = NAN, .n_min = NAN, .n_max = NAN,
	};
	c->usl_why = NULL;
}

void
scaling(struct run *r)
{
	struct fit f;

	if (!r->capacity.n_curve)
		return;
	forget(&r->capacity);
	struct points p = collect(r);
	const struct usl_data data = { p.n, p.x, p.weight, p.count, true };
	if (!usl_fit(&data, &f.law)) {
		r->capacity.usl_why = run_printf(r, "%s; %s", usl_verdict_words(f.law.verdict),
		    left_out(&p));
		return;
	}
	if (!(f.law.r2 >= R2_LEAST)) {
		r->capacity.usl_why = run_printf(r, "the points do not follow the law (R2 %.2f)", f.law.r2);
		return;
	}
	f.ceiling = usl_ceiling(&data);
	f.shape = shape_of(&f, &p);
	record(&r->capacity, &f, &p);
	r->capacity.usl_why = why(&p, &f);
}
