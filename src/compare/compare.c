/* SPDX-License-Identifier: MIT */
#include "compare/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/sentence.h"
#include "stats/equivalence.h"
#include "stats/special.h"

#define ROUTES_MAX      64
#define ROUTES_OF_ALPHA 0.02   /* the rest is for all requests together */
#define BUSY_UNKNOWN    0.5
#define BUSY_MOST       0.9
#define MEMORY_START_SD 0.03       /* the same of memory, */
#define MEMORY_DRAW     1048576.0  /* and bytes that an allocator may take or leave */
#define START_SD        0.007  /* of CPU per request from start to start: a cautious preset */
#define ERRORS          3.0    /* so many standard errors can be feigned */

struct figures {
	struct figure v[METRICS * (1 + ROUTES_MAX)];
	size_t n, together;        /* the first `together` are of all requests */
};

/* ---- gathering ----------------------------------------------------------------------------- */

static bool
is_known(const char **routes, size_t n, const char *route)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(routes[i], route))
			return true;
	return false;
}

static size_t
list_routes(const struct run_proof *p, const char *ret_routes[ROUTES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_blocks; i++)
		for (size_t k = 0; k < p->blocks[i].n_routes && n < ROUTES_MAX; k++) {
			const char *route = p->blocks[i].routes[k].route;
			if (route && !is_known(ret_routes, n, route))
				ret_routes[n++] = route;
		}
	return n;
}

static void
gather(const struct run_proof *p, struct figures *fs)
{
	const char *routes[ROUTES_MAX];
	size_t n_routes = list_routes(p, routes);

	for (size_t m = 0; m < METRICS; m++)
		figure_gather(p, &metrics[m], NULL, &fs->v[fs->n++]);
	fs->together = fs->n;
	for (size_t r = 0; r < n_routes && n_routes > 1; r++)
		for (size_t m = 0; m < METRICS; m++)
			if (metrics[m].route != NOT_THERE)
				figure_gather(p, &metrics[m], routes[r], &fs->v[fs->n++]);
	/* CPU time hardly feels the machine's other work; without it the median of the latency. */
	for (size_t i = 0; i < 2; i++)
		if (fs->v[i].pairs.n) {
			fs->v[i].primary = true;
			break;
		}
}

/* ---- the machine --------------------------------------------------------------------------- */

static struct figure *
find(struct figures *fs, const char *metric)
{
	for (size_t i = 0; i < fs->together; i++)
		if (!strcmp(fs->v[i].metric->name, metric))
			return &fs->v[i];
	return NULL;
}

/* What a change of the machine's speed between the blocks can feign: twice its error. */
static double
noise_feigns(const struct run_proof *p, double spin, size_t pairs)
{
	if (!p->noise.grade || strcmp(p->noise.grade, "noisy") != 0 || isnan(spin) || pairs < 2)
		return 0;
	return 2 * spin * student_t_quantile(0.975, (double)pairs - 1) / sqrt((double)pairs);
}

/* What two processes of one program can differ by: where their memory lies, how their hashes are
 * seeded. More pairs of the same two do not average that out, more starts do. */
static double
starts_feign(const struct run_proof *p, double sd)
{
	int64_t starts = 0;

	for (size_t i = 0; i < p->n_arms; i++)
		if (!i || p->arms[i].starts < starts)
			starts = p->arms[i].starts;
	return ERRORS * sd * sqrt(2.0 / (double)(starts > 1 ? starts : 1));
}

/* What pairs feign that see the same luck again, beyond what their test allows for. */
static double
closeness_feigns(const struct figure *f)
{
	double n = (double)f->pairs.n, independent = (double)f->independent;

	return independent < n ? ERRORS * f->sd * sqrt(1 / independent - 1 / n) : 0;
}

/* In latency a change of speed shows up 1 / (1 - busy) times as large. */
static void
set_floors(const struct run_proof *p, struct figures *fs)
{
	double busy = p->rate / find(fs, "throughput")->before, spin = spin_sd(p);
	double starts = starts_feign(p, START_SD);

	busy = isnan(busy) ? BUSY_UNKNOWN : fmin(busy, BUSY_MOST);
	for (size_t i = 0; i < fs->n; i++) {
		struct figure *f = &fs->v[i];
		if (f->metric->latency)
			f->floor = hypot(noise_feigns(p, spin, f->pairs.n), starts) / (1 - busy);
		else if (f->metric->speed)
			f->floor = starts;
		else if (f->metric->block == offsetof(struct run_block, rss_bytes))
			f->floor = log1p(MEMORY_DRAW / f->before) + starts_feign(p, MEMORY_START_SD);
		f->floor = hypot(f->floor, closeness_feigns(f));
	}
}

/* ---- into the record ----------------------------------------------------------------------- */

static double
bounded(const struct figure *f, double x)
{
	return isfinite(x) ? figure_effect(f, x) : (double)NAN;
}

static void
record(struct run *r, struct run_proof *p, const struct figure *f)
{
	struct interval i = paired_interval(&f->pairs, 0.95);
	struct run_comparison *c = RUN_ADD(r, comparison, p->comparisons, p->n_comparisons);

	c->metric = f->metric->name;
	c->route = run_str(r, f->route);
	c->before = f->before;
	c->after = f->after;
	c->ratio = bounded(f, i.value);
	c->low = bounded(f, i.low);
	c->high = bounded(f, i.high);
	c->margin = f->metric->margin;
	c->detectable = f->metric->difference ? f->detectable : expm1(f->detectable);
	c->pairs = (int64_t)f->pairs.n;
	int64_t needed = equivalence_pairs(f->sd, f->margin, f->level_last, POWER);
	if (f->outcome == OUTCOME_INCONCLUSIVE && needed > c->pairs)
		c->pairs_needed = needed;
	c->primary = f->primary;
	c->verdict = outcome_name(f->outcome);
}

static struct run_effect
effect_of(const struct figure *f)
{
	struct interval i = paired_interval(&f->pairs, 0.95);
	return (struct run_effect){ bounded(f, i.value), bounded(f, i.low), bounded(f, i.high) };
}

static void
summarise(struct run_proof *p, struct figures *fs)
{
	const struct figure *cpu = find(fs, "cpu_per_request"), *p50 = find(fs, "latency_p50"),
	    *p95 = find(fs, "latency_p95"), *p99 = find(fs, "latency_p99"),
	    *held = find(fs, "throughput"), *rss = find(fs, "rss_bytes"),
	    *errors = find(fs, "error_rate");

	p->effect = (struct run_effects){ effect_of(p50), effect_of(p99), effect_of(held),
		effect_of(cpu) };
#define SUMMARISE(side) \
	p->side.rate = p->rate; \
	p->side.throughput = held->side; \
	p->side.latency.p50 = p50->side; \
	p->side.latency.p95 = p95->side; \
	p->side.latency.p99 = p99->side; \
	p->side.error_rate = errors->side; \
	p->side.rss_bytes = rss->side; \
	p->side.cpu_per_request = cpu->side
	SUMMARISE(before);
	SUMMARISE(after);
#undef SUMMARISE
	p->noise.block_cpu_sd = cpu->sd;
	p->noise.block_p99_sd = p99->sd;
}

/* ---- the whole ----------------------------------------------------------------------------- */

void
compare_blocks(struct run *r, struct run_proof *p, int64_t look)
{
	struct figures *fs = calloc(1, sizeof(*fs));
	struct looks looks = looks_plan(p->pairs_at_most, look);

	if (!fs)
		abort();
	gather(p, fs);
	set_floors(p, fs);
	double routes = fs->n > fs->together ? ROUTES_OF_ALPHA * p->alpha : 0;
	claim_family(fs->v, fs->together, p->alpha - routes, &looks);
	claim_family(fs->v + fs->together, fs->n - fs->together, routes, &looks);
	for (size_t i = 0; i < fs->n; i++)
		judge_figure(&fs->v[i], &looks);
	enum outcome overall = judge_all(fs->v, fs->n, p->n_answers, &looks);
	if (overall == OUTCOME_SAME && lateness_of(p).most)
		overall = OUTCOME_INCONCLUSIVE;

	p->looks = look;
	p->n_comparisons = 0;
	p->comparisons = NULL;
	for (size_t i = 0; i < fs->n; i++)
		if (fs->v[i].pairs.n)
			record(r, p, &fs->v[i]);
	summarise(p, fs);
	p->verdict = outcome_name(overall);
	p->why = sentence_why(r, p, fs->v, fs->n, overall, &looks);
	for (size_t i = 0; i < fs->n; i++)
		figure_done(&fs->v[i]);
	free(fs);
}

/* Could more pairs still show that this figure is worse by more than its margin? */
static bool
may_be_worse(const struct run_comparison *c, double share)
{
	bool difference = !strcmp(c->metric, "error_rate");
	bool more_is_better = !strcmp(c->metric, "throughput");
	double in_sight = fmax(c->margin, c->detectable * sqrt(share));

	if (c->route || strcmp(c->verdict, "inconclusive") != 0)
		return false;
	if (difference)
		return !(c->high < in_sight);
	return !(more_is_better ? c->low > 1 / (1 + in_sight) : c->high < 1 + in_sight);
}

bool
compare_is_decided(const struct run_proof *p)
{
	struct looks looks = looks_plan(p->pairs_at_most, p->looks);

	if (!p->verdict || !strcmp(p->verdict, "inconclusive"))
		return false;
	if (strcmp(p->verdict, "better") != 0 || looks_last(&looks))
		return true;
	for (size_t i = 0; i < p->n_comparisons; i++)
		if (may_be_worse(&p->comparisons[i], looks.share[looks.now]))
			return false;
	return true;
}

void
compare_answer(struct run *r, const struct run_proof *p)
{
	r->headline = p->why;
	r->verdict = VERDICT_MET;
	if (strcmp(p->verdict, "worse") == 0)
		r->verdict = VERDICT_MISSED;
	else if (strcmp(p->verdict, "inconclusive") == 0)
		r->verdict = VERDICT_INCONCLUSIVE;
}
