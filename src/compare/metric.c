/* SPDX-License-Identifier: MIT */
#include "compare/metric.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "stats/robust.h"

/* Which core a process is on, and what else that core's other half does, lasts for seconds. Of 76
 * comparisons of equal services, each in ten pairs of 0.2 s blocks, three found a difference in CPU time,
 * and the ratios spread 1.6 times as far as those of independent pairs. */
#define INDEPENDENT_S 2.0

#define AT(type, member) offsetof(struct run_##type, member)

/* Margins: what people who run services would call the same. Weights: the tail of the latency is
 * the noisiest, so it has most of what the primary metric leaves. */
#define LATENCY(q, margin, weight) \
	{ "latency_" #q, #q, NULL, "higher", "lower", AT(block, q), AT(block_route, q), "rate", \
	  margin, weight, .latency = true }
const struct metric metrics[METRICS] = {
	{ "cpu_per_request", "CPU per request", "needs", "more CPU a request", "less CPU a request",
	  AT(block, cpu_per_request), NOT_THERE, "rate", 0.01, 0.05,
	  .speed = true },
	LATENCY(p50, 0.03, 0.05),
	LATENCY(p95, 0.05, 0.05),
	LATENCY(p99, 0.05, 0.36),
	{ "throughput", "throughput at saturation", "answers", "more requests at saturation",
	  "fewer requests at saturation", AT(block, throughput), NOT_THERE, "saturation", 0.03, 0.06,
	  .more_is_better = true, .speed = true },
	{ "rss_bytes", "memory", "holds", "more memory", "less memory", AT(block, rss_bytes),
	  NOT_THERE, "rate", 0.05, 0.04 },
	{ "error_rate", "error rate", "fails", "more of the requests", "fewer of the requests",
	  AT(block, error_rate), AT(block_route, error_rate), "rate", 0.001, 0.04,
	  .difference = true },
};

const char *
outcome_name(enum outcome o)
{
	static const char *const names[] = { "inconclusive", "same", "better", "worse" };
	return names[o];
}

double
figure_effect(const struct figure *f, double x)
{
	return f->metric->difference ? x : exp(x);
}

double
figure_scale(const struct metric *m, double share)
{
	return m->difference ? share : log1p(share);
}

/* ---- pairs --------------------------------------------------------------------------------- */

static double
median(double *v, size_t n)
{
	return n ? median_take(v, n) : NAN;
}

static double
member(const void *object, size_t at)
{
	return *(const double *)((const char *)object + at);
}

static double
read_figure(const struct run_block *b, const struct metric *m, const char *route)
{
	if (!route)
		return member(b, m->block);
	for (size_t i = 0; i < b->n_routes; i++)
		if (b->routes[i].route && !strcmp(b->routes[i].route, route))
			return member(&b->routes[i], m->route);
	return NAN;
}

static bool
is_arm(const struct run_block *b, const char *arm, const char *load)
{
	return b->arm && b->load && !strcmp(b->arm, arm) && !strcmp(b->load, load);
}

/* The block of B that goes with this one of A; NULL when one of them is void or missing. */
static const struct run_block *
partner(const struct run_proof *p, const struct run_block *a, const char *load)
{
	if (!is_arm(a, "A", load) || a->void_why)
		return NULL;
	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct run_block *b = &p->blocks[i];
		if (b->pair == a->pair && is_arm(b, "B", load))
			return b->void_why ? NULL : b;
	}
	return NULL;
}

/* How A and B of each pair that counts did. */
struct sides {
	double a[PAIRED_MAX], b[PAIRED_MAX], effect[PAIRED_MAX];
	size_t n, independent;
	double since;              /* the last independent one began */
};

static void
add_pair(struct sides *s, double a, double b, bool difference, double begun)
{
	double effect = difference ? b - a : log(b / a);

	if (!isfinite(effect) || s->n == PAIRED_MAX || (!difference && (a <= 0 || b <= 0)))
		return;
	s->a[s->n] = a;
	s->b[s->n] = b;
	s->effect[s->n++] = effect;
	if (s->independent && begun > s->since && begun - s->since < INDEPENDENT_S)
		return;
	s->independent++;
	s->since = begun;
}

void
figure_gather(const struct run_proof *p, const struct metric *m, const char *route,
    struct figure *ret)
{
	struct sides s = { .n = 0 };

	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct run_block *a = &p->blocks[i], *b = partner(p, a, m->load);
		if (b)
			add_pair(&s, read_figure(a, m, route), read_figure(b, m, route), m->difference,
			    fmin(a->started, b->started));
	}
	*ret = (struct figure){ .metric = m, .route = route, .margin = figure_scale(m, m->margin) };
	ret->independent = s.independent;
	paired_init(&ret->pairs, s.effect, s.n);
	ret->sd = paired_sd_robust(&ret->pairs);
	ret->before = median(s.a, s.n);
	ret->after = median(s.b, s.n);
}

void
figure_done(struct figure *f)
{
	paired_done(&f->pairs);
}

struct lateness
lateness_of(const struct run_proof *p)
{
	struct lateness l = { 0 };

	for (size_t i = 0; i < p->n_blocks; i++) {
		const struct run_block *b = &p->blocks[i];
		if (b->void_why || !b->load || strcmp(b->load, "rate") != 0)
			continue;
		l.blocks++;
		l.late += b->late_why != NULL;
	}
	l.most = 2 * l.late > l.blocks;
	return l;
}

double
spin_sd(const struct run_proof *p)
{
	static const struct metric spin = { .block = AT(block, spin), .load = "rate" };
	struct figure f;

	figure_gather(p, &spin, NULL, &f);
	double sd = f.sd;
	figure_done(&f);
	return sd;
}
