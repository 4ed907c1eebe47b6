/* SPDX-License-Identifier: MIT */
#include "stats/paired.h"

#include <math.h>
#include <stdlib.h>

#include "stats/order.h"
#include "stats/special.h"

/* Asymptotic variance of the estimate over that of the mean, normal differences. */
#define EFFICIENCY (M_PI / 3)

static void *
numbers(size_t n)
{
	double *m = calloc(n ? n : 1, sizeof(*m));

	if (!m)
		abort();
	return m;
}

/* Under no difference each of the ranks 1..n is in the sum with chance 1/2. */
static double *
rank_sums(size_t n)
{
	size_t most = n * (n + 1) / 2;
	double *chance = numbers(most + 1);

	chance[0] = 1;
	for (size_t rank = 1; rank <= n; rank++) {
		size_t so_far = rank * (rank + 1) / 2;
		for (size_t sum = so_far + 1; sum-- > 0;)
			chance[sum] = (chance[sum] + (sum >= rank ? chance[sum - rank] : 0)) / 2;
	}
	for (size_t sum = 1; sum <= most; sum++)
		chance[sum] += chance[sum - 1];
	return chance;
}

static void
moments(struct paired *p, const double *d)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < p->n; i++)
		sum += d[i];
	p->mean = sum / (double)p->n;
	for (size_t i = 0; i < p->n; i++)
		squares += (d[i] - p->mean) * (d[i] - p->mean);
	p->sd = p->n > 1 ? sqrt(squares / (double)(p->n - 1)) : NAN;
}

void
paired_init(struct paired *p, const double *differences, size_t n)
{
	*p = (struct paired){ .n = n < PAIRED_MAX ? n : PAIRED_MAX, .mean = NAN, .sd = NAN };
	if (!n)
		return;
	moments(p, differences);
	p->walsh = numbers(p->n * (p->n + 1) / 2);
	for (size_t i = 0; i < p->n; i++)
		for (size_t j = i; j < p->n; j++)
			p->walsh[p->n_walsh++] = (differences[i] + differences[j]) / 2;
	qsort(p->walsh, p->n_walsh, sizeof(*p->walsh), order_doubles);
	if (p->n <= PAIRED_EXACT)
		p->below = rank_sums(p->n);
}

void
paired_done(struct paired *p)
{
	free(p->walsh);
	free(p->below);
	*p = (struct paired){ 0 };
}

/* Chance of a rank sum of at most w when there is no difference. */
static double
chance_below(const struct paired *p, size_t w)
{
	double n = (double)p->n;

	if (w >= p->n_walsh)
		return 1;
	if (p->below)
		return p->below[w];
	return normal_cdf(((double)w + 0.5 - n * (n + 1) / 4) / sqrt(n * (n + 1) * (2 * n + 1) / 24));
}

struct interval
paired_interval(const struct paired *p, double confidence)
{
	struct interval r = { NAN, -INFINITY, INFINITY };
	double tail = (1 - confidence) / 2;
	size_t in = 0;

	if (!p->n)
		return r;
	r.value = (p->walsh[(p->n_walsh - 1) / 2] + p->walsh[p->n_walsh / 2]) / 2;
	while (in < p->n_walsh / 2 && chance_below(p, in) <= tail)
		in++;
	if (in) {
		r.low = p->walsh[in - 1];
		r.high = p->walsh[p->n_walsh - in];
	}
	return r;
}

double
paired_p(const struct paired *p, double at)
{
	size_t under = 0, over = 0;

	if (!p->n)
		return 1;
	for (size_t i = 0; i < p->n_walsh; i++) {
		under += p->walsh[i] <= at;
		over += p->walsh[i] >= at;
	}
	return fmin(1, 2 * chance_below(p, under < over ? under : over));
}

double
paired_p_least(size_t n)
{
	return n ? ldexp(1, 1 - (int)(n < 1000 ? n : 1000)) : 1;
}

double
paired_sd_robust(const struct paired *p)
{
	struct interval r = paired_interval(p, 0.95);

	if (!isfinite(r.low))
		return p->sd;
	double t = student_t_quantile(0.975, (double)p->n - 1);
	return (r.high - r.low) / (2 * t) * sqrt((double)p->n / EFFICIENCY);
}
