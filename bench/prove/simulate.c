/* SPDX-License-Identifier: MIT */
/* How often is `prony prove` wrong, and what does it find? Simulated services whose truth is known
 * go through compare_blocks() as a real comparison does, 10, 20, 40 pairs until it is decided.
 *
 *   claims    nothing changed: shares of false verdicts, on machines that stand still or drift
 *   starts    nothing changed, but processes of one program differ from start to start
 *   power     B is worse by a known share
 *   coverage  do 95 % intervals of the ratio of two p99 hold it? Single-server queues with Poisson
 *             arrivals and exponential service times, where the true ratio is known; both blocks of
 *             a pair see the same requests on machines that differ by 2 %, or other requests
 *   alone     does the 95 % interval of one run's p99 hold it? The same queues, seconds as blocks
 *
 * Prints Markdown with targets, from fixed seeds; ends with 1 when one was missed.
 *
 * usage: prove_simulate [--trials N] [claims] [starts] [power] [coverage] [alone] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "compare/compare.h"
#include "stats/bootstrap.h"
#include "stats/paired.h"

#include "model.h"

#define ALPHA 0.01
#define SEED  UINT64_C(20261121)

static int trials = 2000;
static int missed;

static void
row(const char *what, bool met, const char *target, const char *figures)
{
	missed += !met;
	printf("| %s | %s | %s | %s |\n", what, figures, target, met ? "met" : "MISSED");
	fflush(stdout);
}

/* ---- whole comparisons --------------------------------------------------------------------- */

struct outcomes { int better, worse, same, open; double pairs; };

/* One comparison of 10, 20, 40 pairs, until it is decided. */
static void
compare_once(const struct world *w, uint64_t seed, struct outcomes *ret)
{
	struct run *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);
	struct chance c = { seed, 0 };
	struct machine m = { 0 };
	int64_t at = 0;

	p->alpha = ALPHA;
	p->rate = 500;
	RUN_ADD(r, arm, p->arms, p->n_arms);
	RUN_ADD(r, arm, p->arms, p->n_arms);
	for (int64_t look = 1; look <= COMPARE_LOOKS; look++) {
		world_pairs(w, &m, &c, r, p, at, compare_looks[look - 1]);
		at = compare_looks[look - 1];
		for (size_t i = 0; i < p->n_arms; i++)
			p->arms[i].starts = w->restart_every ? (at - 1) / w->restart_every + 1 : 1;
		compare_blocks(r, p, look);
		if (compare_is_decided(p))
			break;
	}
	ret->pairs += (double)at;
	ret->better += !strcmp(p->verdict, "better");
	ret->worse += !strcmp(p->verdict, "worse");
	ret->same += !strcmp(p->verdict, "same");
	ret->open += !strcmp(p->verdict, "inconclusive");
	run_free(r);
}

static struct outcomes
compare_often(const struct world *w, uint64_t seed)
{
	struct outcomes o = { 0 };

	for (int i = 0; i < trials; i++)
		compare_once(w, seed + (uint64_t)i * 7919, &o);
	o.pairs /= trials;
	return o;
}

static void
print_outcomes(char *out, size_t size, const struct outcomes *o)
{
	double all = trials / 100.0;
	snprintf(out, size, "%.2f %% | %.2f %% | %.1f %% | %.1f %% | %.0f", o->better / all,
	    o->worse / all, o->same / all, o->open / all, o->pairs);
}

static void
titles(const char *heading)
{
	printf("\n%s (%d comparisons each)\n\n"
	    "| | better | worse | same | cannot say | pairs, mean | target | |\n"
	    "|---|---|---|---|---|---|---|---|\n", heading, trials);
}

static void
row_of_claims(const char *what, const struct outcomes *o)
{
	char figures[128];

	print_outcomes(figures, sizeof(figures), o);
	row(what, o->better + o->worse <= trials * ALPHA, "better + worse <= 1 %", figures);
}

static void
claims(void)
{
	static const char *const drifts[] = {
		"no drift", "random walk of 2 % a block", "one step of 10 %"
	};
	static const struct { const char *name; double cpu_sd, p99_sd; int routes; } machines[] = {
		{ "quiet machine", 0.005, 0.04, 0 }, { "noisy machine", 0.03, 0.13, 0 },
		{ "noisy machine, four routes", 0.03, 0.13, 4 },
	};
	titles("## False claims: nothing changed");
	for (size_t m = 0; m < 3; m++)
		for (int d = 0; d < 3; d++) {
			struct world w = { (enum drift)d, machines[m].cpu_sd, machines[m].p99_sd, 1, 1, 1,
				machines[m].routes };
			char what[96];
			struct outcomes o = compare_often(&w, SEED + m * 3 + (unsigned)d);
			snprintf(what, sizeof(what), "%s, %s", machines[m].name, drifts[d]);
			row_of_claims(what, &o);
		}
}

/* Two processes of one program differ, and that is no noise that more pairs average out. */
static void
starts(void)
{
	static const double luck[] = { 0.003, 0.005, 0.007 };
	static const int64_t every[] = { 0, 5, 1 };
	static const char *const starts_in_words[] = { "one start", "one of 5 pairs", "one of a pair" };

	titles("## False claims: nothing changed but what differs from start to start");
	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < 3; i++) {
			struct world w = { DRIFT_NONE, 0.01, 0.05, 1, 1, 1, 0, luck[k], every[i] };
			char what[96];
			struct outcomes o = compare_often(&w, SEED + 200 + 10 * k + i);
			snprintf(what, sizeof(what), "%.1f %% of CPU per request, %s", 100 * luck[k],
			    starts_in_words[i]);
			row_of_claims(what, &o);
		}
}

static void
power(void)
{
	static const struct {
		const char *what;
		double cpu_sd, p99_sd, cpu_by, p95_by, p99_by;
		int64_t restart_every;
	} rows[] = {
		{ "CPU +5 %, sd 2 %", 0.02, 0.13, 1.05, 1, 1 },
		{ "CPU +5 %, sd 3 %", 0.03, 0.13, 1.05, 1, 1 },
		{ "CPU +5 %, sd 4 %", 0.04, 0.13, 1.05, 1, 1 },
		{ "CPU +2 %, sd 2 %, a start each pair", 0.02, 0.13, 1.02, 1, 1, 1 },
		{ "p99 +10 %, sd 12 %", 0.03, 0.12, 1, 1, 1.10 },
		{ "p99 +10 %, sd 13.5 %", 0.03, 0.135, 1, 1, 1.10 },
		{ "p99 +10 %, sd 15 %", 0.03, 0.15, 1, 1, 1.10 },
		{ "p95 and p99 +10 %, sd of p99 15 %", 0.03, 0.15, 1, 1.10, 1.10 },
	};
	titles("## Power: B is worse by so much, standard deviation of the log ratio within pairs");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = { DRIFT_NONE, rows[i].cpu_sd, rows[i].p99_sd, rows[i].cpu_by,
			rows[i].p95_by, rows[i].p99_by, 0, 0, rows[i].restart_every };
		char figures[128];
		struct outcomes o = compare_often(&w, SEED + 100 + i);
		print_outcomes(figures, sizeof(figures), &o);
		row(rows[i].what, o.worse >= 0.9 * trials, "worse >= 90 %", figures);
	}
}

/* ---- intervals ----------------------------------------------------------------------------- */

/* The log ratio of the p99 of a pair of blocks. */
static double
pair_of_blocks(const struct queue *q, struct chance *c)
{
	double a_speed = exp(q->noise * chance_normal(c));
	double b_speed = exp(q->noise * chance_normal(c));
	struct chance a = { random_at(c->seed, c->at++), 0 };
	struct chance b = { random_at(c->seed, c->at++), 0 };
	double p99_b = queue_block_p99(q, true, q->same_requests ? a : b, b_speed);

	return log(p99_b / queue_block_p99(q, false, a, a_speed));
}

/* Share of n intervals that hold the truth, and their mean half width. */
static double
cover(const struct queue *q, int pairs, int n, uint64_t seed, double *ret_half)
{
	struct chance c = { seed, 0 };
	double truth = log(queue_true_ratio(q)), d[40];
	int held = 0;

	*ret_half = 0;
	for (int i = 0; i < n; i++) {
		struct paired p;
		for (int k = 0; k < pairs; k++)
			d[k] = pair_of_blocks(q, &c);
		paired_init(&p, d, (size_t)pairs);
		struct interval in = paired_interval(&p, 0.95);
		held += in.low <= truth && truth <= in.high;
		*ret_half += (in.high - in.low) / 2 / n;
		paired_done(&p);
	}
	return (double)held / n;
}

static void
cover_row(double busy, double ratio, bool same, int pairs)
{
	double length = compare_block_seconds(busy, busy * ratio), half;
	struct queue q = { busy, ratio, same ? 0.02 : 0, length, COMPARE_DROPPED * length, same };
	char what[96], figures[64];
	double held = cover(&q, pairs, trials * 10 / pairs, SEED + (uint64_t)(1000 * busy), &half);

	snprintf(what, sizeof(what), "%.1f, x %.2f, %d pairs, %s", busy, ratio, pairs,
	    same ? "the same, machine noise 2 %" : "others");
	snprintf(figures, sizeof(figures), "%.1f %% | %.1f %%", 100 * held, 100 * half);
	row(what, held >= 0.92 && held <= 0.98, "92 to 98 %", figures);
}

static void
coverage(void)
{
	static const double busy[] = { 0.3, 0.5, 0.7, 0.8 }, ratios[] = { 1, 1.05 };

	printf("\n## Intervals of the p99 ratio, M/M/1, blocks of compare_block_seconds()\n\n"
	    "%d intervals each, of 40 pairs a quarter of it.\n\n"
	    "| utilisation of A, B's service times, pairs, their requests | holds the truth | "
	    "half width | target | |\n"
	    "|---|---|---|---|---|\n", trials);
	for (size_t r = 0; r < 2; r++)
		for (size_t u = 0; u < 4; u++) {
			cover_row(busy[u], ratios[r], true, 10);
			cover_row(busy[u], ratios[r], true, 40);
			cover_row(busy[u], ratios[r], false, 10);
			cover_row(busy[u], ratios[r], false, 40);
		}
}

/* Up to two thirds of what the service takes; above, half a minute holds too few of its queues. */
static void
alone(void)
{
	static const struct { double busy, least; } rows[] = {
		{ 0.3, 0.9 }, { 0.5, 0.9 }, { 0.66, 0.9 }, { 0.8, 0 }, { 0.9, 0 },
	};

	printf("\n## Interval of the p99 of one run of 30 s, M/M/1, 700 requests a second\n\n"
	    "| utilisation | holds the truth | target | |\n|---|---|---|---|\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chance c = { SEED + 7000 + i, 0 };
		double truth = queue_true_p99(rows[i].busy, 700);
		int held = 0, n = trials / 5;
		for (int k = 0; k < n; k++) {
			struct bootstrap b = { 0 };
			queue_seconds(rows[i].busy, 700, 30, &c, &b);
			struct interval in = bootstrap_quantile(&b, 0.99, SEED);
			held += in.low <= truth && truth <= in.high;
			bootstrap_done(&b);
		}
		char what[24], figures[32], target[32];
		snprintf(what, sizeof(what), "%.2f", rows[i].busy);
		snprintf(figures, sizeof(figures), "%.1f %%", 100.0 * held / n);
		snprintf(target, sizeof(target), rows[i].least > 0 ? "%.0f %% and more" : "none", 100 * rows[i].least);
		row(what, held >= rows[i].least * n, target, figures);
	}
}

static bool
wants(int argc, char **argv, const char *part)
{
	bool named = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], part))
			return true;
		if (!strcmp(argv[i], "--trials"))
			i++;
		else
			named = true;
	}
	return !named;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "--trials"))
			trials = atoi(argv[i + 1]);
	if (wants(argc, argv, "claims"))
		claims();
	if (wants(argc, argv, "starts"))
		starts();
	if (wants(argc, argv, "power"))
		power();
	if (wants(argc, argv, "coverage"))
		coverage();
	if (wants(argc, argv, "alone"))
		alone();
	printf("\n%d targets missed\n", missed);
	return missed > 0;
}
