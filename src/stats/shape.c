/* SPDX-License-Identifier: MIT */
#include "stats/shape.h"

#include <math.h>
#include <string.h>

#define COLUMNS (1 + 2 * SHAPE_WAVES)
#define LAG_MOST 400
#define PERIOD_LEAST 4
#define REPEATS_LEAST 2            /* a period must be seen so often */
#define PEAK_SD 2.0                /* of the autocorrelation of noise, 1 / sqrt(n) */

size_t
shape_freedom(const struct shape *s)
{
	/* The period is chosen among many: it counts as two more. */
	return (s->trend ? 1 : 0) + (s->waves ? 2 * s->waves + 2 : 0);
}

/* A pointer that turns by the same angle from point to point; it is set right now and then. */
struct wheel { double angle, re, im, turn_re, turn_im; };

static struct wheel
wheel_start(double period)
{
	double angle = 2 * M_PI / period;
	return (struct wheel) { angle, 1, 0, cos(angle), sin(angle) };
}

static void
wheel_turn(struct wheel *w, size_t i)
{
	double re = w->re * w->turn_re - w->im * w->turn_im;

	w->im = w->re * w->turn_im + w->im * w->turn_re;
	w->re = re;
	if (i % 256 == 0) {
		w->re = cos(w->angle * (double)i);
		w->im = sin(w->angle * (double)i);
	}
}

/* One column of the shape: the line, or a wave. */
static void
fill_column(const struct shape *s, size_t column, size_t n, double *ret)
{
	if (s->trend && column == 0) {
		for (size_t i = 0; i < n; i++)
			ret[i] = (double)i - (double)(n - 1) / 2;
		return;
	}
	column -= s->trend ? 1 : 0;
	size_t wave = column / 2 + 1;   /* a sine and a cosine each */
	struct wheel w = wheel_start(s->period / (double)wave);
	for (size_t i = 0; i < n; i++) {
		ret[i] = column % 2 ? w.re : w.im;
		wheel_turn(&w, i + 1);
	}
}

/* Take out of `v` (innovations) what the level of each segment explains; `x` are the innovations of
 * a constant 1. */
static void
remove_levels(double *v, const double *x, const struct segment_cuts *cuts)
{
	for (size_t k = 0; k < cuts->n; k++) {
		double xx = 0, xv = 0;
		for (size_t i = cuts->at[k]; i < cuts->at[k + 1]; i++) {
			xx += x[i] * x[i];
			xv += x[i] * v[i];
		}
		for (size_t i = cuts->at[k]; i < cuts->at[k + 1]; i++)
			v[i] -= xv / xx * x[i];
	}
}

/* Solve the symmetric system of m equations by Cholesky's factors; a column that the others explain
 * gets 0. */
static void
solve(double m[COLUMNS][COLUMNS], double *b, size_t size)
{
	for (size_t j = 0; j < size; j++) {
		double whole = m[j][j];
		for (size_t k = 0; k < j; k++)
			m[j][j] -= m[j][k] * m[j][k];
		bool free = m[j][j] > 1e-9 * whole && m[j][j] > 0;
		m[j][j] = free ? sqrt(m[j][j]) : INFINITY;
		for (size_t i = j + 1; i < size; i++) {
			for (size_t k = 0; k < j; k++)
				m[i][j] -= m[i][k] * m[j][k];
			m[i][j] /= m[j][j];
		}
	}
	for (size_t i = 0; i < size; i++) {
		for (size_t k = 0; k < i; k++)
			b[i] -= m[i][k] * b[k];
		b[i] /= m[i][i];
	}
	for (size_t i = size; i-- > 0;) {
		for (size_t k = i + 1; k < size; k++)
			b[i] -= m[k][i] * b[k];
		b[i] /= m[i][i];
	}
}

static void
store(struct shape *s, const double *b)
{
	size_t k = 0;
	if (s->trend)
		s->slope = b[k++];
	for (size_t w = 0; w < s->waves; w++, k += 2) {
		s->sine[w] = b[k];
		s->cosine[w] = b[k + 1];
	}
}

void
shape_fit(struct arena *a, struct shape *s, const double *y, size_t n,
    const struct segment_noise *noise, const struct segment_cuts *cuts)
{
	size_t columns = (s->trend ? 1 : 0) + 2 * s->waves;
	double *x = arena_alloc(a, (COLUMNS + 3) * n * sizeof(*x)), *raw = x + n, *z = raw + n;
	double *column[COLUMNS], m[COLUMNS][COLUMNS], b[COLUMNS] = { 0 };

	for (size_t i = 0; i < n; i++)
		raw[i] = 1;
	segment_whiten(raw, n, noise, cuts, x);
	segment_whiten(y, n, noise, cuts, z);
	remove_levels(z, x, cuts);
	for (size_t c = 0; c < columns; c++) {
		column[c] = z + (c + 1) * n;
		fill_column(s, c, n, raw);
		segment_whiten(raw, n, noise, cuts, column[c]);
		remove_levels(column[c], x, cuts);
	}
	memset(m, 0, sizeof(m));
	for (size_t c = 0; c < columns; c++)
		for (size_t i = 0; i < n; i++) {
			for (size_t d = 0; d <= c; d++)
				m[c][d] += column[c][i] * column[d][i];
			b[c] += column[c][i] * z[i];
		}
	solve(m, b, columns);
	store(s, b);
}

void
shape_values(const struct shape *s, size_t n, double *ret)
{
	memset(ret, 0, n * sizeof(*ret));
	if (s->trend)
		for (size_t i = 0; i < n; i++)
			ret[i] = s->slope * ((double)i - (double)(n - 1) / 2);
	for (size_t w = 0; w < s->waves; w++) {
		struct wheel wheel = wheel_start(s->period / (double)(w + 1));
		for (size_t i = 0; i < n; i++) {
			ret[i] += s->sine[w] * wheel.im + s->cosine[w] * wheel.re;
			wheel_turn(&wheel, i + 1);
		}
	}
}

/* ---- the period ---- */

/* How much of the series a wave of that period explains. */
static double
wave_power(const double *r, size_t n, double period)
{
	struct wheel w = wheel_start(period);
	double re = 0, im = 0;

	for (size_t i = 0; i < n; i++) {
		re += r[i] * w.re;
		im += r[i] * w.im;
		wheel_turn(&w, i + 1);
	}
	return re * re + im * im;
}

double
shape_refine(const double *r, size_t n, double period)
{
	/* Neighbouring frequencies that n points can tell apart are 1 / n apart. */
	double best = period, most = 0, width = 1 / (double)n;

	for (int k = -8; k <= 8; k++) {
		double frequency = 1 / period + width * k / 8;
		if (frequency <= 1.0 * REPEATS_LEAST / (double)n || frequency >= 1.0 / 3)
			continue;
		double power = wave_power(r, n, 1 / frequency);
		if (power > most) {
			most = power;
			best = 1 / frequency;
		}
	}
	return best;
}

double
shape_period(struct arena *a, const double *residual, size_t n)
{
	size_t most = n / REPEATS_LEAST < LAG_MOST ? n / REPEATS_LEAST : LAG_MOST, best = 0;
	double *r = arena_alloc(a, (most + 2) * sizeof(*r)), lowest = 0;

	if (n < 4 * PERIOD_LEAST)
		return 0;
	for (size_t k = 0; k <= most; k++) {
		for (size_t i = k; i < n; i++)
			r[k] += residual[i] * residual[i - k];
		r[k] /= k && r[0] > 0 ? r[0] : 1;
	}
	r[0] = 1;
	for (size_t k = 1; k < most; k++) {
		/* A season goes down before it comes up again. */
		lowest = fmin(lowest, r[k]);
		if (k >= PERIOD_LEAST && lowest < 0 && r[k] >= r[k - 1] && r[k] >= r[k + 1] &&
		    r[k] > PEAK_SD / sqrt((double)n) && (!best || r[k] > r[best]))
			best = k;
	}
	return best ? shape_refine(residual, n, (double)best) : 0;
}
