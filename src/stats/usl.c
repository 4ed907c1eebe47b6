/* SPDX-License-Identifier: MIT */
#include "stats/usl.h"

#include <cminpack.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define PARAMETERS     3
#define LEAST_POINTS   4       /* different N: three parameters, and one to contradict them */
#define SAME_N         1.01    /* N this near to one another are one */
#define NARROW         2.0
#define STARTS         5
#define TOLERANCE      1e-13
#define ROUNDING       1e-9    /* of the largest x: no measurement is better */
#define OUT_OF_REACH   1e10    /* a residual that no step is worth */
#define ROBUST_POINTS  8
#define OUTLIER        4.5     /* deviations from the curve through the others, as of a normal error */
#define OUTLIER_SHARE  0.25    /* more of them: it is the law that does not fit */
#define Z95            1.959963984540054
#define LEVERAGE_MOST  0.999
#define UNKNOWN        { NAN, NAN, NAN }

/* In N/X the law is linear: (N / n_max) / (x / x_max) = q0 + q1 (N - 1)/n_max + q2 N(N - 1)/n_max^2.
 * The fit is over q, all of the order of 1, where the way to the least squares is short. */
struct curve {
	const struct usl_data *d;
	bool *out;                 /* the points that are left out */
	double n_max, x_max, weight_max;
};

static void
basis(const struct curve *c, double n, double ret[PARAMETERS])
{
	ret[0] = 1;
	ret[1] = (n - 1) / c->n_max;
	ret[2] = n * (n - 1) / (c->n_max * c->n_max);
}

static double
root_weight(const struct curve *c, size_t i)
{
	return c->out[i] ? 0 : c->d->weight ? sqrt(c->d->weight[i]) : 1;
}

static double
denominator(const double *b, const double *q, int n)
{
	double sum = 0;

	for (int k = 0; k < n; k++)
		sum += b[k] * q[k];
	return sum;
}

/* cminpack's function: residuals (flag 1) or their derivatives by q (2), columns ld apart. With two
 * parameters beta is 0. */
static int
evaluate(void *ctx, int m, int n, const double *q, double *residual, double *jacobian, int ld,
    int flag)
{
	const struct curve *c = ctx;

	for (int i = 0; i < m; i++) {
		double b[PARAMETERS], nu = c->d->n[i] / c->n_max;
		double w = root_weight(c, (size_t)i) / sqrt(c->weight_max);
		basis(c, c->d->n[i], b);
		double below = denominator(b, q, n);
		if (flag == 1)
			residual[i] = below > 0 ? w * (c->d->x[i] / c->x_max - nu / below) : OUT_OF_REACH;
		else
			for (int k = 0; k < n; k++)
				jacobian[i + k * ld] = w * nu / (below * below) * b[k];
	}
	return 0;
}

static double
squares(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i] * v[i];
	return sum;
}

static void *
scratch(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

/* Least squares from q on; q is where it ended. Returns the sum of squares. */
static double
descend(struct curve *c, int parameters, double *q)
{
	size_t m = c->d->count, room = m + 5 * PARAMETERS;
	CLEANUP(free_p) double *residual = scratch(m, sizeof(double));
	CLEANUP(free_p) double *jacobian = scratch(m * PARAMETERS, sizeof(double));
	CLEANUP(free_p) double *work = scratch(room, sizeof(double));
	int pivot[PARAMETERS];

	lmder1(evaluate, c, (int)m, parameters, q, residual, jacobian, (int)m, TOLERANCE, pivot, work,
	    (int)room);
	return squares(residual, m);
}

/* A start with a part `bend` of the growth of N/X quadratic in N. From the first point to the last it
 * lies between their values, so that it is positive throughout. */
static void
start(const struct curve *c, size_t first, size_t last, double bend, double q[PARAMETERS])
{
	double low = c->d->n[first] / c->n_max * c->x_max / c->d->x[first];
	double high = c->x_max / c->d->x[last];

	q[0] = low;
	q[1] = (1 - bend) * (high - low);
	q[2] = bend * (high - low);
}

static void
ends(const struct curve *c, size_t *ret_first, size_t *ret_last)
{
	const double *n = c->d->n;
	size_t none = c->d->count, first = none, last = none;

	for (size_t i = 0; i < c->d->count; i++) {
		if (c->out[i])
			continue;
		first = first == none || n[i] < n[first] ? i : first;
		last = last == none || n[i] > n[last] ? i : last;
	}
	*ret_first = first;
	*ret_last = last;
}

static void
best_of_starts(struct curve *c, int parameters, double ret[PARAMETERS])
{
	double least = INFINITY;
	size_t first, last;

	ends(c, &first, &last);
	for (int s = 0; s < STARTS; s++) {
		double q[PARAMETERS];
		start(c, first, last, (double)s / (STARTS - 1), q);
		double sum = descend(c, parameters, q);
		if (sum < least) {
			least = sum;
			memcpy(ret, q, sizeof(q));
		}
	}
}

/* beta < 0 would be a service that more load makes better and better: then the best is at 0. */
static void
least_squares(struct curve *c, double q[PARAMETERS])
{
	best_of_starts(c, PARAMETERS, q);
	if (!(q[2] < 0))
		return;
	best_of_starts(c, PARAMETERS - 1, q);
	q[2] = 0;
}

/* ---- what may be fitted -------------------------------------------------------------------- */

static bool
is_sane(const struct usl_data *d)
{
	for (size_t i = 0; i < d->count; i++) {
		double w = d->weight ? d->weight[i] : 1;
		if (!(d->n[i] > 0 && d->x[i] > 0 && w > 0) || !isfinite(d->n[i] + d->x[i] + w))
			return false;
	}
	return true;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* How many different N are kept, and their range. */
static size_t
different(const struct curve *c, double *ret_min, double *ret_max)
{
	size_t kept = 0, count = 0;
	CLEANUP(free_p) double *n = scratch(c->d->count + 1, sizeof(double));

	for (size_t i = 0; i < c->d->count; i++)
		if (!c->out[i])
			n[kept++] = c->d->n[i];
	qsort(n, kept, sizeof(double), by_size);
	for (size_t i = 0, of = 0; i < kept; i++)
		if (i == 0 || n[i] > SAME_N * n[of]) {
			of = i;
			count++;
		}
	*ret_min = kept ? n[0] : NAN;
	*ret_max = kept ? n[kept - 1] : NAN;
	return count;
}

static enum usl_verdict
may_fit(const struct curve *c, struct usl *u)
{
	size_t n = different(c, &u->n_min, &u->n_max);

	return n < LEAST_POINTS ? USL_FEW_POINTS : u->n_max < NARROW * u->n_min ? USL_NARROW : USL_PEAK;
}

/* ---- what the fit says --------------------------------------------------------------------- */

/* X and its derivatives by gamma, alpha and beta at concurrency n. */
static double
throughput_at(const struct usl *u, double n, double ret_by[PARAMETERS])
{
	double below = 1 + u->alpha.value * (n - 1) + u->beta.value * n * (n - 1);
	double x = u->gamma.value * n / below;

	ret_by[0] = n / below;
	ret_by[1] = -x * (n - 1) / below;
	ret_by[2] = -x * n * (n - 1) / below;
	return below > 0 ? x : NAN;
}

/* Inverse of a symmetric positive matrix, scaled to ones on its diagonal first. False: singular. */
static bool
invert(double a[3][3], double ret[3][3])
{
	double scale[3], b[3][3], det = 0;

	for (int i = 0; i < 3; i++)
		scale[i] = 1 / sqrt(a[i][i]);
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++)
			b[i][k] = a[i][k] * scale[i] * scale[k];
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++)
			ret[k][i] = b[(i + 1) % 3][(k + 1) % 3] * b[(i + 2) % 3][(k + 2) % 3] -
			    b[(i + 1) % 3][(k + 2) % 3] * b[(i + 2) % 3][(k + 1) % 3];
	for (int k = 0; k < 3; k++)
		det += b[0][k] * ret[k][0];
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 3; k++)
			ret[i][k] *= scale[i] * scale[k] / det;
	return det > 0;
}

static void
set_parameters(const struct curve *c, const double q[PARAMETERS], struct usl *u)
{
	u->gamma.value = c->x_max / (c->n_max * q[0]);
	u->alpha.value = q[1] / (q[0] * c->n_max);
	u->beta.value = q[2] / (q[0] * c->n_max * c->n_max);
}

/* b' m b */
static double
form(const double b[PARAMETERS], const double m[PARAMETERS][PARAMETERS])
{
	double sum = 0;

	for (int k = 0; k < PARAMETERS; k++)
		for (int l = 0; l < PARAMETERS; l++)
			sum += b[k] * b[l] * m[k][l];
	return sum;
}

/* Residual variance times the inverse of J'WJ; false: singular. */
static bool
spread(const struct curve *c, struct usl *u)
{
	double information[PARAMETERS][PARAMETERS] = { 0 }, sum = 0, mean = 0, weights = 0, all = 0;
	size_t kept = 0;

	for (size_t i = 0; i < c->d->count; i++) {
		double by[PARAMETERS], w = pow(root_weight(c, i), 2);
		double off = c->d->x[i] - throughput_at(u, c->d->n[i], by);
		kept += w > 0;
		sum += w * off * off;
		weights += w;
		mean += w * c->d->x[i];
		for (int k = 0; k < PARAMETERS; k++)
			for (int l = 0; l < PARAMETERS; l++)
				information[k][l] += w * by[k] * by[l];
	}
	mean /= weights;
	for (size_t i = 0; i < c->d->count; i++)
		all += pow(root_weight(c, i) * (c->d->x[i] - mean), 2);
	double df = (double)(kept - PARAMETERS), least = ROUNDING * c->x_max * sqrt(weights / (double)kept);
	u->r2 = all > 0 ? 1 - sum / all : NAN;
	u->residual = fmax(sqrt(sum / df), least);
	u->t = student_t95(df);
	if (!invert(information, u->covariance))
		return false;
	for (int k = 0; k < PARAMETERS; k++)
		for (int l = 0; l < PARAMETERS; l++)
			u->covariance[k][l] *= u->residual * u->residual;
	return true;
}

/* The covariance that holds whatever the variance of each point is: a sandwich with the jackknife's
 * factor (HC3 of MacKinnon & White 1985; Long & Ervin 2000). */
static void
spread_of_unlike(const struct curve *c, struct usl *u)
{
	double meat[PARAMETERS][PARAMETERS] = { 0 }, s2 = u->residual * u->residual;

	for (size_t i = 0; i < c->d->count; i++) {
		double by[PARAMETERS], w = pow(root_weight(c, i), 2);
		double off = c->d->x[i] - throughput_at(u, c->d->n[i], by);
		double leverage = fmin(w * form(by, u->covariance) / s2, LEVERAGE_MOST);
		double scale = w * off / (1 - leverage);
		for (int k = 0; k < PARAMETERS; k++)
			for (int l = 0; l < PARAMETERS; l++)
				meat[k][l] += scale * scale * by[k] * by[l];
	}
	for (int k = 0; k < PARAMETERS; k++)
		for (int l = 0; l < PARAMETERS; l++) {
			double sum = 0;
			for (int i = 0; i < PARAMETERS; i++)
				for (int j = 0; j < PARAMETERS; j++)
					sum += u->covariance[k][i] * meat[i][j] * u->covariance[j][l];
			u->sandwich[k][l] = sum / (s2 * s2);
		}
}

/* The interval of a value whose variance is known. */
static struct interval
around(const struct usl *u, double value, double variance)
{
	double half = u->t * sqrt(fmax(variance, 0));

	return (struct interval){ value, value - half, value + half };
}

/* The interval of a function of the parameters whose derivatives by them are `by`. */
static struct interval
delta(const struct usl *u, double value, const double by[PARAMETERS])
{
	return around(u, value, form(by, u->sandwich));
}

static void
find_peak(struct usl *u)
{
	double a = u->alpha.value, b = u->beta.value, n = sqrt((1 - a) / b), by[PARAMETERS];

	if (!(b > 0) || !(a < 1))
		return;
	u->peak = delta(u, n, (double[]){ 0, -1 / (2 * b * n), -n / (2 * b) });
	double x = throughput_at(u, n, by);   /* at the top of the curve, N* moving moves nothing */
	u->top = delta(u, x, by);
}

static void
find_roof(struct usl *u)
{
	double g = u->gamma.value, a = u->alpha.value;

	if (!(a > 0))
		return;
	u->roof = delta(u, g / a, (double[]){ 1 / a, -g / (a * a), 0 });
	if (u->alpha.low <= 0)
		u->roof.high = NAN;
}

static enum usl_verdict
judge(const struct usl *u)
{
	double half = (u->peak.high - u->peak.low) / 2;

	if (u->beta.low <= 0 || !(half <= USL_PEAK_HALF * u->peak.value))
		return USL_UNBOUNDED;
	return u->peak.value > USL_REACH * u->n_max ? USL_BEYOND : USL_PEAK;
}

static bool
conclude(const struct curve *c, const double q[PARAMETERS], struct usl *u)
{
	set_parameters(c, q, u);
	if (!(q[0] > 0) || !spread(c, u))
		return false;
	if (c->d->weight)
		memcpy(u->sandwich, u->covariance, sizeof(u->sandwich));
	else
		spread_of_unlike(c, u);
	u->gamma = around(u, u->gamma.value, u->covariance[0][0]);
	u->alpha = around(u, u->alpha.value, u->covariance[1][1]);
	u->beta = around(u, u->beta.value, u->covariance[2][2]);
	u->superlinear = u->alpha.value < 0;
	find_peak(u);
	find_roof(u);
	u->verdict = judge(u);
	return true;
}

/* ---- outliers ------------------------------------------------------------------------------ */

/* How far point i lies from the curve through the others, in deviations that such a point has: the
 * externally studentized residual (Cook & Weisberg, Residuals and Influence, 2.2), by fitting. */
static double
how_far(struct curve *c, size_t i, const double q[PARAMETERS])
{
	double others[PARAMETERS] = { q[0], q[1], q[2] }, by[PARAMETERS], far = 0;
	struct usl u = { 0 };

	c->out[i] = true;
	descend(c, PARAMETERS, others);
	if (others[2] < 0) {
		others[2] = 0;
		descend(c, PARAMETERS - 1, others);
	}
	set_parameters(c, others, &u);
	if (others[0] > 0 && spread(c, &u)) {
		double off = c->d->x[i] - throughput_at(&u, c->d->n[i], by);
		double w = c->d->weight ? c->d->weight[i] : 1;
		far = fabs(off) / sqrt(u.residual * u.residual / w + form(by, u.covariance)) * Z95 / u.t;
	}
	c->out[i] = false;
	return far;
}

static size_t
farthest(struct curve *c, const double q[PARAMETERS], double *ret_far)
{
	size_t worst = 0;

	*ret_far = 0;
	for (size_t i = 0; i < c->d->count; i++) {
		double far = c->out[i] ? 0 : how_far(c, i, q);
		if (far > *ret_far) {
			*ret_far = far;
			worst = i;
		}
	}
	return worst;
}

/* Leave out the farthest as long as it is too far for chance. Few points scatter widely by
 * themselves, which Student's t in the distance allows for. */
static size_t
leave_out(struct curve *c, double q[PARAMETERS])
{
	size_t most = (size_t)(OUTLIER_SHARE * (double)c->d->count), out = 0;

	for (; out <= most; out++) {
		double far;
		size_t i = farthest(c, q, &far);
		if (far <= OUTLIER)
			return out;
		c->out[i] = true;
		least_squares(c, q);
	}
	memset(c->out, 0, c->d->count * sizeof(*c->out));
	least_squares(c, q);
	return 0;
}

/* ---- from outside -------------------------------------------------------------------------- */

static enum usl_verdict
fit(struct curve *c, struct usl *u)
{
	double q[PARAMETERS] = { 0 };

	for (size_t i = 0; i < c->d->count; i++) {
		c->n_max = fmax(c->n_max, c->d->n[i]);
		c->x_max = fmax(c->x_max, c->d->x[i]);
		c->weight_max = fmax(c->weight_max, c->d->weight ? c->d->weight[i] : 1);
	}
	enum usl_verdict may = may_fit(c, u);
	if (may != USL_PEAK)
		return may;
	least_squares(c, q);
	if (c->d->robust && c->d->count >= ROBUST_POINTS) {
		u->outliers = leave_out(c, q);
		if ((may = may_fit(c, u)) != USL_PEAK)
			return may;
	}
	return conclude(c, q, u) ? u->verdict : USL_NO_FIT;
}

bool
usl_fit(const struct usl_data *d, struct usl *ret)
{
	static const struct usl none = {
		.verdict = USL_REFUSED, .gamma = UNKNOWN, .alpha = UNKNOWN, .beta = UNKNOWN,
		.peak = UNKNOWN, .top = UNKNOWN, .roof = UNKNOWN,
		.r2 = NAN, .residual = NAN, .n_min = NAN, .n_max = NAN, .t = NAN,
	};
	CLEANUP(free_p) bool *out = scratch(d->count + 1, sizeof(*out));
	struct curve c = { .d = d, .out = out };

	*ret = none;
	if (!is_sane(d))
		return false;
	enum usl_verdict v = fit(&c, ret);
	if (v <= USL_BEYOND)
		return true;
	*ret = none;
	ret->verdict = v;
	return false;
}

const char *
usl_verdict_words(enum usl_verdict v)
{
	static const char *const words[] = {
		[USL_PEAK] = "",
		[USL_UNBOUNDED] = "no peak can be stated: the points do not tell whether throughput falls "
		                  "again, or where",
		[USL_BEYOND] = "no peak can be stated: it would lie far beyond what was measured",
		[USL_FEW_POINTS] = "a curve needs at least four different concurrencies",
		[USL_NARROW] = "the concurrencies lie too near to one another for a curve",
		[USL_REFUSED] = "a concurrency or throughput is not a positive number",
		[USL_NO_FIT] = "no curve describes the points",
	};
	return words[v];
}

struct usl_prediction
usl_predict(const struct usl *u, double n)
{
	struct usl_prediction p = { USL_TOO_FAR, { NAN, NAN, NAN } };
	double by[PARAMETERS];

	if (u->verdict > USL_BEYOND || !(n > 0) || n > USL_REACH * u->n_max)
		return p;
	double x = throughput_at(u, n, by);
	if (isnan(x))
		return p;
	p.x = delta(u, x, by);
	p.reach = n >= u->n_min && n <= u->n_max ? USL_INTERPOLATED : USL_EXTRAPOLATED;
	return p;
}
