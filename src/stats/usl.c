/* SPDX-License-Identifier: MIT */
#include "stats/usl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "stats/order.h"
#include "stats/special.h"
#include "stats/usl_curve.h"

#define LEAST_POINTS   4       /* different N: three parameters, and one to contradict them */
#define SAME_N         1.01    /* N this near to one another are one */
#define NARROW         2.0
#define ROUNDING       1e-9    /* of the largest x: no measurement is better */
#define ROBUST_POINTS  8
#define OUTLIER        4.5     /* deviations from the curve through the others, as of a normal error */
#define OUTLIER_SHARE  0.25    /* more of them: it is the law that does not fit */
#define Z95            1.959963984540054
#define LEVERAGE_MOST  0.999
#define UNKNOWN        { NAN, NAN, NAN }

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

/* How many different N are kept, and their range. */
static size_t
different(const struct usl_curve *c, double *ret_min, double *ret_max)
{
	size_t kept = 0, count = 0;
	CLEANUP(free_p) double *n = usl_scratch(c->d->count + 1, sizeof(double));

	for (size_t i = 0; i < c->d->count; i++)
		if (!c->out[i])
			n[kept++] = c->d->n[i];
	qsort(n, kept, sizeof(double), order_doubles);
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
may_fit(const struct usl_curve *c, struct usl *u)
{
	size_t n = different(c, &u->n_min, &u->n_max);

	return n < LEAST_POINTS ? USL_FEW_POINTS : u->n_max < NARROW * u->n_min ? USL_NARROW : USL_PEAK;
}

/* ---- what the fit says --------------------------------------------------------------------- */

/* X and its derivatives by gamma, alpha and beta at concurrency n. */
static double
throughput_at(const struct usl *u, double n, double ret_by[USL_PARAMETERS])
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
set_parameters(const struct usl_curve *c, const double q[USL_PARAMETERS], struct usl *u)
{
	u->gamma.value = c->x_max / (c->n_max * q[0]);
	u->alpha.value = q[1] / (q[0] * c->n_max);
	u->beta.value = q[2] / (q[0] * c->n_max * c->n_max);
}

/* b' m b */
static double
form(const double b[USL_PARAMETERS], const double m[USL_PARAMETERS][USL_PARAMETERS])
{
	double sum = 0;

	for (int k = 0; k < USL_PARAMETERS; k++)
		for (int l = 0; l < USL_PARAMETERS; l++)
			sum += b[k] * b[l] * m[k][l];
	return sum;
}

/* Residual variance times the inverse of J'WJ; false: singular, or the curve does not reach a point. */
static bool
spread(const struct usl_curve *c, struct usl *u)
{
	double information[USL_PARAMETERS][USL_PARAMETERS] = { 0 }, sum = 0, mean = 0, weights = 0, all = 0;
	size_t kept = 0;

	for (size_t i = 0; i < c->d->count; i++) {
		double by[USL_PARAMETERS], w = pow(usl_curve_weight(c, i), 2);
		if (c->out[i])
			continue;
		double off = c->d->x[i] - throughput_at(u, c->d->n[i], by);
		kept++;
		sum += w * off * off;
		weights += w;
		mean += w * c->d->x[i];
		for (int k = 0; k < USL_PARAMETERS; k++)
			for (int l = 0; l < USL_PARAMETERS; l++)
				information[k][l] += w * by[k] * by[l];
	}
	mean /= weights;
	for (size_t i = 0; i < c->d->count; i++)
		all += pow(usl_curve_weight(c, i) * (c->d->x[i] - mean), 2);
	double df = (double)(kept - USL_PARAMETERS), least = ROUNDING * c->x_max * sqrt(weights / (double)kept);
	u->r2 = all > 0 ? 1 - sum / all : NAN;
	u->residual = fmax(sqrt(sum / df), least);
	u->t = student_t_quantile(0.975, df);
	if (!isfinite(sum) || !invert(information, u->covariance))
		return false;
	for (int k = 0; k < USL_PARAMETERS; k++)
		for (int l = 0; l < USL_PARAMETERS; l++)
			u->covariance[k][l] *= u->residual * u->residual;
	return true;
}

/* The covariance that holds whatever the variance of each point is: a sandwich with the jackknife's
 * factor (HC3 of MacKinnon & White 1985; Long & Ervin 2000). */
static void
spread_of_unlike(const struct usl_curve *c, struct usl *u)
{
	double meat[USL_PARAMETERS][USL_PARAMETERS] = { 0 }, s2 = u->residual * u->residual;

	for (size_t i = 0; i < c->d->count; i++) {
		double by[USL_PARAMETERS], w = pow(usl_curve_weight(c, i), 2);
		if (c->out[i])
			continue;
		double off = c->d->x[i] - throughput_at(u, c->d->n[i], by);
		double leverage = fmin(w * form(by, u->covariance) / s2, LEVERAGE_MOST);
		double scale = w * off / (1 - leverage);
		for (int k = 0; k < USL_PARAMETERS; k++)
			for (int l = 0; l < USL_PARAMETERS; l++)
				meat[k][l] += scale * scale * by[k] * by[l];
	}
	for (int k = 0; k < USL_PARAMETERS; k++)
		for (int l = 0; l < USL_PARAMETERS; l++) {
			double sum = 0;
			for (int i = 0; i < USL_PARAMETERS; i++)
				for (int j = 0; j < USL_PARAMETERS; j++)
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
delta(const struct usl *u, double value, const double by[USL_PARAMETERS])
{
	return around(u, value, form(by, u->sandwich));
}

static void
find_peak(struct usl *u)
{
	double a = u->alpha.value, b = u->beta.value, n = sqrt((1 - a) / b), by[USL_PARAMETERS];

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
conclude(const struct usl_curve *c, const double q[USL_PARAMETERS], struct usl *u)
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
how_far(struct usl_curve *c, size_t i)
{
	double others[USL_PARAMETERS] = { 0 }, by[USL_PARAMETERS], far = 0;
	struct usl u = { 0 };

	c->out[i] = true;
	usl_curve_fit(c, others);
	set_parameters(c, others, &u);
	if (others[0] > 0 && spread(c, &u)) {
		double off = c->d->x[i] - throughput_at(&u, c->d->n[i], by);
		double w = c->d->weight ? c->d->weight[i] : 1;
		far = fabs(off) / sqrt(u.residual * u.residual / w + form(by, u.covariance)) * Z95 / u.t;
		far = isnan(off) ? INFINITY : far;   /* the curve through the others does not reach it */
	}
	c->out[i] = false;
	return far;
}

static size_t
farthest(struct usl_curve *c, double *ret_far)
{
	size_t worst = 0;

	*ret_far = 0;
	for (size_t i = 0; i < c->d->count; i++) {
		double far = c->out[i] ? 0 : how_far(c, i);
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
leave_out(struct usl_curve *c, double q[USL_PARAMETERS])
{
	size_t most = (size_t)(OUTLIER_SHARE * (double)c->d->count), out = 0;

	for (; out <= most; out++) {
		double far;
		size_t i = farthest(c, &far);
		if (far <= OUTLIER)
			return out;
		c->out[i] = true;
		usl_curve_fit(c, q);
	}
	memset(c->out, 0, c->d->count * sizeof(*c->out));
	usl_curve_fit(c, q);
	return 0;
}

/* ---- from outside -------------------------------------------------------------------------- */

static enum usl_verdict
fit(struct usl_curve *c, struct usl *u)
{
	double q[USL_PARAMETERS] = { 0 };

	enum usl_verdict may = may_fit(c, u);
	if (may != USL_PEAK)
		return may;
	usl_curve_fit(c, q);
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
	CLEANUP(free_p) bool *out = usl_scratch(d->count + 1, sizeof(*out));
	struct usl_curve c = usl_curve(d, out);

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
		[USL_UNBOUNDED] = "no peak can be stated: where throughput falls again was not seen",
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
	double by[USL_PARAMETERS];

	if (u->verdict > USL_BEYOND || !(n > 0) || n > USL_REACH * u->n_max)
		return p;
	double x = throughput_at(u, n, by);
	if (isnan(x))
		return p;
	p.x = delta(u, x, by);
	p.reach = n >= u->n_min && n <= u->n_max ? USL_INTERPOLATED : USL_EXTRAPOLATED;
	return p;
}
