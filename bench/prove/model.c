/* SPDX-License-Identifier: MIT */
#include "stats/bootstrap.h"

#include "model.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"

#define RATE       500.0
#define SECONDS    5.0
#define WALK_SD    0.02
#define STEP_BY    0.10
#define STEP_RANGE 40      /* blocks among which the step falls */
#define TAIL       0.99

double
chance_uniform(struct chance *c)
{
	return random_unit(random_at(c->seed, c->at++)) + 0x1p-54;
}

double
chance_normal(struct chance *c)
{
	double r = sqrt(-2 * log(chance_uniform(c)));
	return r * cos(2 * M_PI * chance_uniform(c));
}

double
chance_exponential(struct chance *c)
{
	return -log(chance_uniform(c));
}

/* ---- blocks of figures --------------------------------------------------------------------- */

static void
machine_goes_on(struct machine *m, enum drift drift, struct chance *c)
{
	if (drift == DRIFT_WALK)
		m->speed += WALK_SD * chance_normal(c);
	if (drift == DRIFT_STEP && m->blocks == 0)
		m->step_at = (int64_t)(chance_uniform(c) * STEP_RANGE);
	if (drift == DRIFT_STEP && m->blocks == m->step_at)
		m->speed += STEP_BY;
	m->blocks++;
}

/* Share of requests that failed, of those in a block, when each fails with a chance of 0.1 %. */
static double
error_share(struct chance *c)
{
	double mean = RATE * SECONDS * 0.001;
	return fmax(0, round(mean + sqrt(mean) * chance_normal(c))) / (RATE * SECONDS);
}

static void
latencies(const struct world *w, double slow, bool is_b, struct chance *c, double *p50, double *p95,
    double *p99)
{
	double sd = w->p99_sd * M_SQRT1_2, common = M_SQRT1_2 * chance_normal(c);

	*p50 = 0.010 * exp(2 * slow + sd * 0.3 * (common + M_SQRT1_2 * chance_normal(c)));
	*p95 = 0.030 * exp(2 * slow + sd * 0.7 * (common + M_SQRT1_2 * chance_normal(c)));
	*p99 = 0.060 * exp(2 * slow + sd * (common + M_SQRT1_2 * chance_normal(c)));
	if (is_b) {
		*p95 *= w->p95_by;
		*p99 *= w->p99_by;
	}
}

static void
add_routes(const struct world *w, struct run *r, struct run_block *b, double slow, bool is_b,
    struct chance *c)
{
	for (int i = 0; i < w->routes; i++) {
		struct run_block_route *route = RUN_ADD(r, block_route, b->routes, b->n_routes);
		route->route = run_printf(r, "/%d", i);
		latencies(w, slow, is_b, c, &route->p50, &route->p95, &route->p99);
		route->error_rate = error_share(c);
	}
}

static void
add_block(const struct world *w, const struct machine *m, struct chance *c, struct run *r,
    struct run_proof *p, int64_t pair, bool is_b, bool saturation)
{
	struct run_block *b = RUN_ADD(r, block, p->blocks, p->n_blocks);
	double by_cpu = is_b ? w->cpu_by : 1, slow = m->speed + m->luck[is_b];

	b->pair = pair;
	b->arm = is_b ? "B" : "A";
	b->load = saturation ? "saturation" : "rate";
	b->seconds = SECONDS;
	b->rate = RATE;
	b->throughput = (saturation ? 2 * RATE : RATE) *
	    exp(-slow + w->cpu_sd * M_SQRT1_2 * chance_normal(c));
	latencies(w, slow, is_b, c, &b->p50, &b->p95, &b->p99);
	b->error_rate = error_share(c);
	b->cpu_per_request = 0.001 * by_cpu * exp(slow + w->cpu_sd * M_SQRT1_2 * chance_normal(c));
	b->rss_bytes = 1e8 * exp(0.01 * chance_normal(c));
	b->spin = 0.0005 * exp(m->speed + 0.005 * chance_normal(c));
	add_routes(w, r, b, slow, is_b, c);
}

static void
start_processes(const struct world *w, struct machine *m, int64_t pair, struct chance *c)
{
	if (w->luck_sd > 0 && (!pair || (w->restart_every && pair % w->restart_every == 0)))
		for (int i = 0; i < 2; i++)
			m->luck[i] = w->luck_sd * chance_normal(c);
}

void
world_pairs(const struct world *w, struct machine *m, struct chance *c, struct run *r,
    struct run_proof *p, int64_t from, int64_t to)
{
	for (int64_t pair = from; pair < to; pair++) {
		start_processes(w, m, pair, c);
		for (int i = 0; i < 4; i++) {
			machine_goes_on(m, w->drift, c);
			add_block(w, m, c, r, p, pair, (pair + i) % 2, i >= 2);
		}
	}
}

/* ---- a queue ------------------------------------------------------------------------------- */

/* The k-th smallest of n, from 0 (Hoare's selection). */
static double
kth(double *v, size_t n, size_t k)
{
	size_t low = 0, high = n - 1;

	while (low < high) {
		double pivot = v[low + (high - low) / 2];
		size_t i = low, j = high;
		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i > j)
				break;
			double swap = v[i];
			v[i++] = v[j];
			v[j] = swap;
			if (!j--)
				break;
		}
		if (k <= j && j < n)
			high = j;
		else if (k >= i)
			low = i;
		else
			break;
	}
	return v[k];
}

double
queue_block_p99(const struct queue *q, bool is_b, struct chance requests, double speed)
{
	size_t room = (size_t)(q->length * q->busy * 2 + 100), n = 0;
	double *stays = calloc(room, sizeof(*stays)), now = 0, wait = 0;
	double scale = speed * (is_b ? q->ratio : 1);

	if (!stays)
		abort();
	while (n < room) {
		double service = scale * chance_exponential(&requests);
		double gap = chance_exponential(&requests) / q->busy;
		if (now >= q->dropped)
			stays[n++] = wait + service;
		wait = fmax(0, wait + service - gap);
		now += gap;
		if (now >= q->length)
			break;
	}
	double p99 = n ? kth(stays, n, (size_t)(ceil(TAIL * (double)n) - 1)) : (double)NAN;
	free(stays);
	return p99;
}

/* The stay is exponential with the rate 1 / service time - arrival rate. */
double
queue_true_ratio(const struct queue *q)
{
	return (1 - q->busy) / (1 / q->ratio - q->busy);
}

/* ---- one run ------------------------------------------------------------------------------- */

/* Long before the first second, so that the queue is in its steady state then. */
#define RUN_IN 20000

void
queue_seconds(double busy, double rate, int seconds, struct chance *c, struct bootstrap *ret)
{
	struct histogram stays = { 0 };
	double wait = 0, now = -RUN_IN / rate, next = 1;

	for (int s = 0; s < seconds; ) {
		double service = chance_exponential(c) * busy / rate, gap = chance_exponential(c) / rate;
		if (now >= 0)
			histogram_record(&stays, (int64_t)(1e9 * (wait + service)));
		wait = fmax(0, wait + service - gap);
		now += gap;
		if (now < next)
			continue;
		bootstrap_add(ret, &stays);
		histogram_clear(&stays);
		next += 1;
		s++;
	}
	histogram_done(&stays);
}

double
queue_true_p99(double busy, double rate)
{
	return 1e9 * log(1 / (1 - TAIL)) / (rate / busy - rate);
}
