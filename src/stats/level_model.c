/* SPDX-License-Identifier: MIT */
#include "stats/level_model.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"

/* In logarithms of n. A cut is dear: it chooses its place too. */
#define CUT_COSTS 2.7
#define WEIGHTS_COST 0.5
#define PHI_COSTS 1.0
#define ROUNDS 8
#define PHI_MOST 0.9
#define VARIANCE_LEAST 1e-12       /* of that of the series: figures without any noise */
/* Cuts that a season cannot feign are found with so much more penalty; then the rest is searched
 * for its period. */
#define STRONG 2.2
#define STRONG_STEPS 3

struct series {
	size_t n;
	const double *y;
	const double *weight;
	double scale;              /* typical spread */
	double weights_cost;
	size_t least;
};

static double
cut_penalty(const struct series *s)
{
	return CUT_COSTS * log((double)s->n);
}

void
level_model_flatten(const struct level_model *m, const double *y, size_t n, double *ret)
{
	shape_values(&m->shape, n, ret);
	for (size_t i = 0; i < n; i++)
		ret[i] = y[i] - ret[i];
}

static void
residuals(struct arena *a, const struct series *s, const struct level_model *m, double *ret)
{
	level_model_flatten(m, s->y, s->n, ret);
	struct segment_sums *sums = segment_sums(a, ret, s->n, &m->noise);
	/* The sums look at what they were made of: levels first. */
	double *level = arena_alloc(a, m->cuts.n * sizeof(*level)), cost;
	for (size_t k = 0; k < m->cuts.n; k++)
		level[k] = segment_level(sums, m->cuts.at[k], m->cuts.at[k + 1], &cost);
	for (size_t k = 0; k < m->cuts.n; k++)
		for (size_t i = m->cuts.at[k]; i < m->cuts.at[k + 1]; i++)
			ret[i] -= level[k];
}

/* Lag-1 correlation of weighted residuals. */
static double
correlation(const double *r, const double *weight, size_t n)
{
	double squares = 0, products = 0, before = 0;

	for (size_t i = 0; i < n; i++) {
		double e = r[i] * weight[i];
		squares += e * e;
		products += e * before;
		before = e;
	}
	double phi = squares > 0 ? products / squares : 0;
	return phi < 0 ? 0 : phi > PHI_MOST ? PHI_MOST : phi;
}

/* phi and variance from what the model leaves, and how good that is. */
static void
judge(struct arena *a, const struct series *s, struct level_model *m, bool alike)
{
	double *r = arena_alloc(a, 2 * s->n * sizeof(*r)), *z = r + s->n, sum = 0, n = (double)s->n;
	double least = VARIANCE_LEAST * s->scale * s->scale, freedom = (double)shape_freedom(&m->shape);

	residuals(a, s, m, r);
	if (alike) {
		m->noise.phi = correlation(r, s->weight, s->n);
		residuals(a, s, m, r);
	}
	segment_whiten(r, s->n, &m->noise, &m->cuts, z);
	for (size_t i = 0; i < s->n; i++)
		sum += z[i] * z[i];
	m->variance = fmax(sum / fmax(n - (double)m->cuts.n - freedom - alike, 1), least);
	m->score = n * log(fmax(sum / n, least)) -
	    (double)m->cuts.n * log(1 - m->noise.phi * m->noise.phi) +
	    cut_penalty(s) * (double)(m->cuts.n - 1) +
	    log(n) * (freedom + s->weights_cost + (alike ? PHI_COSTS : 0));
}

static bool
same_cuts(const struct segment_cuts *a, const struct segment_cuts *b)
{
	return a->n == b->n && memcmp(a->at, b->at, (a->n + 1) * sizeof(*a->at)) == 0;
}

static struct segment_cuts
find_cuts(struct arena *a, const struct series *s, const struct level_model *m, double penalty)
{
	double *flat = arena_alloc(a, s->n * sizeof(*flat));

	level_model_flatten(m, s->y, s->n, flat);
	struct segment_sums *sums = segment_sums(a, flat, s->n, &m->noise);
	return segment_find(a, sums, penalty * m->variance, s->least);
}

static struct segment_cuts
copy_cuts(struct arena *a, const struct segment_cuts *c)
{
	struct segment_cuts copy = { arena_alloc(a, (c->n + 1) * sizeof(*copy.at)), c->n };
	memcpy(copy.at, c->at, (c->n + 1) * sizeof(*copy.at));
	return copy;
}

/* Cuts, shape and noise in turn until the cuts stay; the best of the rounds goes to `best` when it
 * is better. */
static void
settle(struct arena *a, const struct series *s, struct level_model m, bool alike,
    struct level_model *best)
{
	CLEANUP(arena_free_p) struct arena *scratch = arena_new();

	for (int round = 0; round < ROUNDS; round++) {
		struct segment_cuts cuts = find_cuts(scratch, s, &m, cut_penalty(s));
		bool stays = round && same_cuts(&cuts, &m.cuts);
		m.cuts = cuts;
		if (shape_freedom(&m.shape))
			shape_fit(scratch, &m.shape, s->y, s->n, &m.noise, &m.cuts);
		judge(scratch, s, &m, alike);
		if (m.score < best->score) {
			*best = m;
			best->cuts = copy_cuts(a, &m.cuts);
		}
		if (stays)
			break;
	}
}

/* A shape from given cuts on, with independent noise, and with noise that is somewhat and rather
 * alike: whoever starts with too many cuts never learns that neighbours are, and the other way. */
static void
try_shape(struct arena *a, const struct series *s, struct shape shape,
    const struct segment_cuts *start, struct level_model *best)
{
	static const double phis[] = { 0, 0.3, 0.6 };

	for (size_t i = 0; i < COUNT_OF(phis); i++) {
		struct level_model m = { .shape = shape, .noise = { s->weight, phis[i] }, .cuts = *start };
		if (shape_freedom(&shape))
			shape_fit(a, &m.shape, s->y, s->n, &m.noise, start);
		/* Of neighbours' differences, which know nothing of steps. */
		m.variance = s->scale * s->scale * (1 + phis[i]);
		settle(a, s, m, i > 0, best);
	}
}

/* ---- seasons ---- */

static void
try_period(struct arena *a, const struct series *s, double period, const struct segment_cuts *start,
    const struct segment_cuts *none, struct level_model *best)
{
	for (size_t waves = 1; waves <= SHAPE_WAVES && period > 2 * (double)waves + 1; waves++) {
		struct shape shape = { .period = period, .waves = waves };
		double before = best->score;
		try_shape(a, s, shape, start, best);
		shape.trend = best->shape.trend;
		try_shape(a, s, shape, none, best);
		/* One wave may be too poor for a season of spikes, two are not. */
		if (waves > 1 && best->score >= before)
			break;
	}
}

/* With a season, what is left of it tells its period better. */
static void
refine_period(struct arena *a, const struct series *s, struct level_model *best)
{
	struct level_model m = *best;
	double *r = arena_alloc(a, 2 * s->n * sizeof(*r)), *season = r + s->n;

	if (!m.shape.waves)
		return;
	residuals(a, s, &m, r);
	m.shape.trend = false;
	shape_values(&m.shape, s->n, season);
	for (size_t i = 0; i < s->n; i++)
		r[i] += season[i];
	struct shape shape = best->shape;
	shape.period = shape_refine(r, s->n, shape.period);
	try_shape(a, s, shape, &m.cuts, best);
}

static void
try_seasons(struct arena *a, const struct series *s, const struct segment_cuts *none,
    struct level_model *best)
{
	enum { STARTS = 3 + STRONG_STEPS };
	struct level_model plain = { .noise = { s->weight, 0 }, .cuts = *none,
	    .variance = s->scale * s->scale };
	struct level_model starts[STARTS] = { plain, plain, *best };
	double *r = arena_alloc(a, s->n * sizeof(*r)), seen[STARTS] = { 0 };

	starts[1].shape.trend = true;
	shape_fit(a, &starts[1].shape, s->y, s->n, &plain.noise, none);
	for (size_t i = 3; i < STARTS; i++) {
		starts[i] = plain;
		starts[i].cuts = find_cuts(a, s, &plain, STRONG * (double)(1 << (i - 3)) * cut_penalty(s));
	}
	for (size_t i = 0; i < STARTS; i++) {
		residuals(a, s, &starts[i], r);
		seen[i] = shape_period(a, r, s->n);
		bool again = seen[i] <= 0;
		/* Periods that n points can hardly tell apart. */
		for (size_t j = 0; j < i; j++)
			again |= fabs(seen[i] - seen[j]) < 0.2 * seen[i] * seen[i] / (double)s->n;
		if (!again)
			try_period(a, s, seen[i], &starts[i].cuts, none, best);
	}
	refine_period(a, s, best);
}

static void
try_trends(struct arena *a, const struct series *s, const struct segment_cuts *none,
    struct level_model *best)
{
	try_shape(a, s, (struct shape) { 0 }, none, best);
	struct segment_cuts flat = best->cuts;
	try_shape(a, s, (struct shape) { .trend = true }, none, best);
	try_shape(a, s, (struct shape) { .trend = true }, &flat, best);
}

void
level_model_find(struct arena *a, const double *y, const double *spread, size_t n,
    struct level_model *ret)
{
	double *even = arena_alloc(a, 2 * n * sizeof(*even)), *local = even + n, mean = 0;
	size_t ends[2] = { 0, n };

	for (size_t i = 0; i < n; i++)
		mean += log(spread[i]) / (double)n;
	for (size_t i = 0; i < n; i++) {
		even[i] = 1;
		local[i] = exp(mean) / spread[i];
	}
	struct series s = { .n = n, .y = y, .weight = even, .scale = exp(mean), .least = n < 20 ? 4 : 5 };
	*ret = (struct level_model) { .score = INFINITY };
	struct segment_cuts none = { ends, 1 };
	try_trends(a, &s, &none, ret);
	try_seasons(a, &s, &none, ret);
	/* The same again with noise that differs from place to place. */
	s.weight = local;
	s.weights_cost = WEIGHTS_COST;
	struct level_model even_best = *ret;
	try_trends(a, &s, &none, ret);
	if (even_best.shape.waves)
		try_shape(a, &s, even_best.shape, &even_best.cuts, ret);
}

void
level_model_unfold(struct arena *a, const double *y, size_t n, size_t fold, struct level_model *m)
{
	double *even = arena_alloc(a, n * sizeof(*even)), width = (double)fold;

	for (size_t i = 0; i < n; i++)
		even[i] = 1;
	for (size_t k = 0; k <= m->cuts.n; k++)
		m->cuts.at[k] = k == m->cuts.n ? n : m->cuts.at[k] * fold;
	m->shape.slope /= width;
	m->shape.period *= width;
	for (size_t w = 0; w < m->shape.waves; w++) {
		/* A folded point lies in the middle of those that it stands for. */
		double turn = 2 * M_PI * (double)(w + 1) * (width - 1) / 2 / m->shape.period;
		double sine = m->shape.sine[w], cosine = m->shape.cosine[w];
		m->shape.sine[w] = sine * cos(turn) + cosine * sin(turn);
		m->shape.cosine[w] = cosine * cos(turn) - sine * sin(turn);
	}
	m->noise.weight = even;
	struct series s = { .n = n, .y = y, .weight = even, .scale = sqrt(m->variance) };
	judge(a, &s, m, true);
}
