/* SPDX-License-Identifier: MIT */
/* What is compared, and the paired figures of it. Private to compare/. */
#pragma once

#include <stdbool.h>

#include "run/run.h"
#include "stats/paired.h"

struct metric {
	const char *name;
	const char *words;         /* "p99" */
	const char *verb, *more, *less;   /* "needs", "more CPU"; latency has no verb */
	size_t block, route;       /* where it stands in run_block, run_block_route; NOT_THERE */
	const char *load;          /* of the blocks that tell it */
	double margin;             /* a share; of differences the difference itself */
	double weight;             /* of alpha, beside those of the others, when not primary */
	bool difference;           /* compared by difference, because it may be 0: else by ratio */
	bool more_is_better, latency;
	bool speed;                /* follows how fast the process runs, as latency does */
};

#define NOT_THERE ((size_t)-1)
#define METRICS   7
/* In the order in which they are reported; one of the first two is the primary one. */
extern const struct metric metrics[METRICS];

enum outcome { OUTCOME_INCONCLUSIVE, OUTCOME_SAME, OUTCOME_BETTER, OUTCOME_WORSE };
const char *outcome_name(enum outcome o);

/* One metric, of all requests or of one route, on its way to a verdict. Sizes are in the scale of
 * the pairs: log ratios, or differences. */
struct figure {
	const struct metric *metric;
	const char *route;             /* NULL: all together */
	bool primary;
	double before, after;          /* medians of the blocks that count */
	struct paired pairs;           /* of B to A, more is more */
	size_t independent;            /* of them; those within two seconds of each other are one */
	double sd;                     /* of a pair */
	double margin, floor;          /* floor: what can be feigned */
	double level, level_last;      /* of the test now, and of that at the last look */
	bool different;                /* the test says so, with all others in mind */
	double detectable;             /* now */
	double detectable_most;        /* with all pairs that may be taken */
	enum outcome outcome;
};

/* Scale of the pairs to a ratio (or difference) and back. */
double figure_effect(const struct figure *f, double x);
double figure_scale(const struct metric *m, double share);

/* Fill metric, route, medians, pairs, sd and margin. Pairs with a void block, or with a figure
 * that is not known on one side, are left out. */
void figure_gather(const struct run_proof *p, const struct metric *m, const char *route,
    struct figure *ret);
void figure_done(struct figure *f);

/* Blocks under load that count, and how many of them were sent late, so that their latencies do not. */
struct lateness {
	size_t blocks, late;
	bool most;
};
struct lateness lateness_of(const struct run_proof *p);

/* Standard deviation of the log ratio within pairs of a fixed piece of work; NAN: not measured. */
double spin_sd(const struct run_proof *p);
