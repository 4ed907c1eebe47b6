/* SPDX-License-Identifier: MIT */
/* One bar of a bar chart, with the whisker of its interval and the line of the limit. */
#include <math.h>

#include "report/svg.h"

static double
percent(double value, double max)
{
	double p = max > 0 && isfinite(value) ? 100 * value / max : 0;
	return p < 0 ? 0 : p > 100 ? 100 : p;
}

void
svg_bar(struct buf *out, const struct doc_bar *b, double max, double limit)
{
	static const char *const classes[] = { "plain", "good", "bad", "warn", "quiet" };

	buf_printf(out, "<svg class=\"bar\" width=\"100%%\" height=\"24\" aria-hidden=\"true\">"
	    "<rect class=\"b-%s\" y=\"4\" width=\"%.2f%%\" height=\"16\"/>", classes[b->tone],
	    percent(b->value, max));
	if (isfinite(b->low) && isfinite(b->high))
		buf_printf(out,
		    "<line class=\"whisker\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"12\" y2=\"12\"/>",
		    percent(b->low, max), percent(b->high, max));
	if (isfinite(limit))
		buf_printf(out,
		    "<line class=\"limit\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"24\"/>",
		    percent(limit, max), percent(limit, max));
	buf_puts(out, "</svg>");
}
