/* SPDX-License-Identifier: MIT */
/* Throughput as a function of concurrency: the Universal Scalability Law
 *
 *     X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1))
 *
 * of Gunther, Guerrilla Capacity Planning (2007), 4 and 5; gamma as a third parameter as in Schwartz,
 * Practical Scalability Analysis (2015). gamma is the throughput at N = 1, alpha what is lost to
 * waiting for one another, beta to agreeing with one another. alpha = 1 is a single server; beta = 0
 * is Amdahl's law, which approaches the roof gamma / alpha; beta > 0 has its peak at
 * N* = sqrt((1 - alpha) / beta).
 *
 * The fit is least squares in X over all three parameters (X(1) is no norm: it is as noisy as any
 * other point) with beta >= 0, by Levenberg-Marquardt (More 1978; cminpack's lmder1). Intervals are
 * 95 %, Student's t with n - 3 degrees of freedom, by the delta method (Seber & Wild, Nonlinear
 * Regression, 5.1); bootstraps of so few points are too narrow. Those of gamma, alpha and beta are
 * the textbook's, comparable with what others publish. They take all points for equally exact unless
 * weights say otherwise; throughput however scatters in proportion to itself, and they would hold a
 * peak only in 75..92 % of the cases. So without weights the intervals of peak, top, roof and
 * predictions rest on a covariance that needs no such assumption (HC3).
 *
 * Pure; scratch memory is allocated, out of memory aborts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "stats/interval.h"

#define USL_REACH      1.33    /* times the largest measured N is as far as a prediction goes */
#define USL_PEAK_HALF  0.25    /* half the peak's interval, as a share of it: wider is no statement */

enum usl_verdict {
	USL_PEAK,          /* fitted, and its peak can be stated */
	USL_UNBOUNDED,     /* fitted, but beta may be 0, or the peak lie anywhere: see the roof */
	USL_BEYOND,        /* fitted, but the peak lies further out than a prediction goes */
	USL_FEW_POINTS,    /* fewer than four different N */
	USL_NARROW,        /* the largest N is not twice the smallest */
	USL_REFUSED,       /* an N, X or weight that is not a positive number */
	USL_NO_FIT         /* no gamma > 0 describes the points */
};

struct usl_data {
	const double *n, *x;       /* concurrency, also below 1 and broken; throughput. In any order */
	const double *weight;      /* 1 / variance of each x, of any scale; NULL: all alike */
	size_t count;
	bool robust;               /* from eight points on, leave out outliers (and count them) */
};

struct usl {
	enum usl_verdict verdict;
	bool superlinear;          /* alpha < 0: faster than in proportion. Left as it came out */
	struct interval gamma, alpha, beta;   /* NAN unless fitted */
	double covariance[3][3];   /* of gamma, alpha, beta: behind their intervals */
	double sandwich[3][3];     /* behind all the others */
	struct interval peak;      /* N*; NAN where beta = 0. To be told only with USL_PEAK */
	struct interval top;       /* X(N*), the same */
	struct interval roof;      /* gamma / alpha; NAN where alpha <= 0; high NAN: alpha may be 0 */
	double r2;                 /* share of the variance of x that the law explains */
	double residual;           /* standard deviation from the curve, at weight 1 */
	double n_min, n_max;       /* measured */
	double t;                  /* the quantile behind the intervals */
	size_t outliers;           /* that were left out */
};

/* Always fills *ret; returns whether there is a fit. */
bool usl_fit(const struct usl_data *d, struct usl *ret);

const char *usl_verdict_words(enum usl_verdict v);   /* why there is no peak, or no fit; "" for USL_PEAK */

enum usl_reach { USL_INTERPOLATED, USL_EXTRAPOLATED, USL_TOO_FAR };

struct usl_prediction {
	enum usl_reach reach;
	struct interval x;         /* of the curve, not of a single measurement; NAN: too far */
};

/* Throughput at concurrency `n` > 0. Below the smallest measured N it counts as extrapolated (the law
 * passes through 0), above USL_REACH times the largest it is refused. */
struct usl_prediction usl_predict(const struct usl *u, double n);

/* The other shape that real services have: throughput that rises as by Amdahl's law and then stays
 * where it is, X = min(gamma N / (1 + alpha (N - 1)), ceiling). Servers behind one queue look like
 * that, and the law above would see a peak in them. */
struct usl_ceiling {
	struct interval x;         /* the ceiling; NAN: no two points lie on one */
	double n;                  /* concurrency from which on it holds */
	double better;             /* count x log of the ratio of the squares left, law over ceiling: above
	                            * 2 it describes the points better (AIC; as many parameters), below -2
	                            * the law does */
};

/* For what usl_fit has fitted. */
struct usl_ceiling usl_ceiling(const struct usl_data *d);
