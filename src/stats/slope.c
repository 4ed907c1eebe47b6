/* SPDX-License-Identifier: MIT */
#include "stats/slope.h"

#include <math.h>

#include "stats/special.h"

struct line {
	double n, mean_t, mean_y, stt, sty;
};

static struct line
line_fit(const double *t, const double *y, size_t n)
{
	struct line l = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!isfinite(y[i]))
			continue;
		/* Welford's update: no loss of digits with a large offset in t or y. */
		l.n += 1;
		double dt = t[i] - l.mean_t, dy = y[i] - l.mean_y;
		l.mean_t += dt / l.n;
		l.mean_y += dy / l.n;
		l.stt += dt * (t[i] - l.mean_t);
		l.sty += dt * (y[i] - l.mean_y);
	}
	return l;
}

/* Sum of squared residuals, and their lag-1 correlation. */
static double
residuals(const struct line *l, double slope, const double *t, const double *y, size_t n,
    double *ret_rho)
{
	double squares = 0, products = 0, before = NAN;

	for (size_t i = 0; i < n; i++) {
		if (!isfinite(y[i]))
			continue;
		double r = y[i] - l->mean_y - slope * (t[i] - l->mean_t);
		squares += r * r;
		if (isfinite(before))
			products += r * before;
		before = r;
	}
	*ret_rho = squares > 0 && products > 0 ? products / squares : 0;
	return squares;
}

struct slope
slope_fit(const double *t, const double *y, size_t n)
{
	struct slope s = { NAN, NAN, NAN, 0 };
	struct line l = line_fit(t, y, n);

	if (l.n < 3 || l.stt <= 0)
		return s;
	s.per_t = l.sty / l.stt;
	double squares = residuals(&l, s.per_t, t, y, n, &s.rho);
	double independent = l.n * (1 - s.rho) / (1 + s.rho);
	if (independent < 3)
		independent = 3;
	double error = sqrt(squares / (independent - 2) / l.stt);
	double half = student_t_quantile(0.975, floor(independent - 2)) * error;
	s.low = s.per_t - half;
	s.high = s.per_t + half;
	return s;
}
