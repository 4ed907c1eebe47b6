/* SPDX-License-Identifier: MIT */
/* One small series: shape only, its figures stand beside it. */
#include <math.h>

#include "report/svg.h"

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

/* One unit of x a point and whole units of y, each relative to the point before, level stretches as
 * one step: a page holds dozens of these. */
static void
trace_points(struct buf *out, const struct doc_spark *s, const struct svg_scale *y)
{
	long before = 0;
	size_t level = 0;          /* points since `before` without a change */
	bool up = true;

	for (size_t i = 0; i < s->n_points; i++) {
		bool known = isfinite(s->points[i]);
		long at = known ? lround(svg_at(y, s->points[i])) : before;
		bool flat = known && !up && at == before;
		if (!flat && level)
			buf_printf(out, "%zu 0 ", level);
		level = flat ? level + 1 : 0;
		if (known && up)
			buf_printf(out, "M%zu %ldl", i, at);
		else if (known && !flat)
			buf_printf(out, "1 %ld ", at - before);
		up = !known;
		before = at;
	}
	/* Also a lone last point needs a line to be seen. */
	buf_printf(out, "%zu 0", level);
}

void
svg_spark(struct buf *out, const struct doc_spark *s)
{
	struct svg_scale y = { 0, NAN, HEIGHT - 2, 3, false };

	range_of(s, &y);
	buf_printf(out,
	    "<svg viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
	    "<path class=\"axis\" d=\"M0 %.0fh%zu\"/><path class=\"line s0\" d=\"", s->n_points - 1,
	    HEIGHT, svg_at(&y, 0), s->n_points - 1);
	trace_points(out, s, &y);
	buf_puts(out, "\"/></svg>");
}
