/* SPDX-License-Identifier: MIT */
/* One small series: shape only, its figures stand beside it. */
#include <math.h>

#include "report/svg.h"

#define WIDTH 200
#define HEIGHT 40

static void
range_of(const struct doc_spark *s, struct svg_scale *y)
{
	for (size_t i = 0; i < s->n_points; i++)
		if (isfinite(s->points[i])) {
			y->min = s->points[i] < y->min ? s->points[i] : y->min;
			y->max = isnan(y->max) || s->points[i] > y->max ? s->points[i] : y->max;
		}
	if (!(y->max > y->min))
		y->max = y->min + 1;
}

void
svg_spark(struct buf *out, const struct doc_spark *s)
{
	struct svg_scale y = { 0, NAN, HEIGHT - 2, 3, false };
	double step = s->n_points > 1 ? (double)WIDTH / (double)(s->n_points - 1) : 0;
	bool up = true;

	range_of(s, &y);
	buf_printf(out,
	    "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
	    "<path class=\"axis\" d=\"M0 %.1fH%d\"/><path class=\"line s0\" d=\"", WIDTH, HEIGHT,
	    svg_at(&y, 0), WIDTH);
	for (size_t i = 0; i < s->n_points; i++) {
		if (!isfinite(s->points[i])) {
			up = true;
			continue;
		}
		buf_printf(out, "%c%.1f %.1f", up ? 'M' : 'L', (double)i * step, svg_at(&y,
		    s->points[i]));
		up = false;
	}
	buf_puts(out, "\"/></svg>");
}
