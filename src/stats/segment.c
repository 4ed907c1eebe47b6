/* SPDX-License-Identifier: MIT */
#include "stats/segment.h"

#include <math.h>
#include <stdint.h>

struct segment_sums {
	size_t n;
	double first;                /* weight of a segment's first point: its square counts 1 - phi^2 */
	const double *weight, *y;
	double *xx, *xz, *zz;        /* over the innovations of points 0..i-1 */
};

struct segment_sums *
segment_sums(struct arena *a, const double *y, size_t n, const struct segment_noise *noise)
{
	struct segment_sums *s = arena_alloc(a, sizeof(*s));
	double *sums = arena_alloc(a, 3 * (n + 1) * sizeof(*sums));

	*s = (struct segment_sums){ .n = n, .first = 1 - noise->phi * noise->phi,
	    .weight = noise->weight, .y = y, .xx = sums, .xz = sums + n + 1, .zz = sums + 2 * (n + 1) };
	double x_before = 0, z_before = 0;
	for (size_t i = 0; i < n; i++) {
		double w = noise->weight[i], x = w - noise->phi * x_before, z = w * y[i] - noise->phi * z_before;
		s->xx[i + 1] = s->xx[i] + x * x;
		s->xz[i + 1] = s->xz[i] + x * z;
		s->zz[i + 1] = s->zz[i] + z * z;
		x_before = w;
		z_before = w * y[i];
	}
	return s;
}

double
segment_level(const struct segment_sums *s, size_t from, size_t to, double *ret_cost)
{
	double w = s->weight[from], v = s->y[from], head = s->first * w * w;
	double xx = s->xx[to] - s->xx[from + 1] + head;
	double xz = s->xz[to] - s->xz[from + 1] + head * v;
	double zz = s->zz[to] - s->zz[from + 1] + head * v * v;
	double level = xz / xx, cost = zz - level * xz;

	*ret_cost = cost > 0 ? cost : 0;
	return level;
}

/* Of each place: the least squares and penalties of the points before it, its last cut then, and
 * from where on it need not be asked any more. */
struct search {
	double *best, *total;
	size_t *from, *alive, *dead, n_alive;
};

static void
search_step(struct search *p, const struct segment_sums *s, size_t here, double penalty,
    size_t least)
{
	size_t kept = 0;

	p->best[here] = INFINITY;
	for (size_t k = 0; k < p->n_alive; k++) {
		size_t j = p->alive[k];
		double cost;
		if (here >= p->dead[j])
			continue;
		p->alive[kept] = j;
		p->total[kept] = -INFINITY;
		if (here - j >= least) {
			segment_level(s, j, here, &cost);
			p->total[kept] = p->best[j] + cost;
			if (p->total[kept] + penalty < p->best[here]) {
				p->best[here] = p->total[kept] + penalty;
				p->from[here] = j;
			}
		}
		kept++;
	}
	/* Squares only grow: what is worse than a cut here stays worse, once a segment that begins
	 * here is long enough. Where neighbours are alike that is not quite so, for a first point may
	 * count for more than it did behind its neighbour: of 6000 series the cuts of 4 were not the
	 * best, by half a penalty at most. */
	for (size_t k = 0; k < kept; k++)
		if (p->total[k] > p->best[here] && here + least < p->dead[p->alive[k]])
			p->dead[p->alive[k]] = here + least;
	p->alive[kept++] = here;
	p->n_alive = kept;
}

/* Cuts from the last backwards, then turned round. */
static struct segment_cuts
search_cuts(struct arena *a, const struct search *p, size_t last)
{
	struct segment_cuts cuts = { .n = 0 };

	for (size_t i = last; i; i = p->from[i])
		cuts.n++;
	cuts.at = arena_alloc(a, (cuts.n + 1) * sizeof(*cuts.at));
	size_t k = cuts.n;
	for (size_t i = last; i; i = p->from[i])
		cuts.at[k--] = i;
	return cuts;
}

struct segment_cuts
segment_find(struct arena *a, const struct segment_sums *s, double penalty, size_t least)
{
	size_t n = s->n + 1, *from = arena_alloc(a, 3 * n * sizeof(*from));
	double *best = arena_alloc(a, 2 * n * sizeof(*best));
	struct search p = { .best = best, .total = best + n, .from = from, .alive = from + n,
	    .dead = from + 2 * n, .n_alive = 1 };

	best[0] = -penalty;
	for (size_t i = 0; i < n; i++)
		p.dead[i] = SIZE_MAX;
	/* Between two ends nothing is cut too short. */
	for (size_t i = least; i + least <= s->n; i++)
		search_step(&p, s, i, penalty, least);
	search_step(&p, s, s->n, penalty, least);
	return search_cuts(a, &p, s->n);
}

void
segment_whiten(const double *y, size_t n, const struct segment_noise *noise,
    const struct segment_cuts *cuts, double *ret)
{
	for (size_t i = n - 1; i; i--)
		ret[i] = noise->weight[i] * y[i] - noise->phi * noise->weight[i - 1] * y[i - 1];
	for (size_t k = 0; k < cuts->n; k++) {
		size_t i = cuts->at[k];
		ret[i] = sqrt(1 - noise->phi * noise->phi) * noise->weight[i] * y[i];
	}
}
