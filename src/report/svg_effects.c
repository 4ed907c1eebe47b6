/* SPDX-License-Identifier: MIT */
/* One row of a chart of effects: a dot with its interval, around the line of no change and the band
 * of changes that nobody cares about. */
#include <math.h>

#include "report/svg.h"

#define HEIGHT 24
#define MIDDLE 12
#define TICKS 7

void
svg_effect(struct buf *out, const struct doc_effect *e, const struct svg_scale *s)
{
	static const char *const classes[] = { "plain", "good", "bad", "warn", "quiet" };
	double one = svg_at(s, 1);

	buf_printf(out, "<svg class=\"effect\" width=\"100%%\" height=\"%d\" aria-hidden=\"true\">",
	    HEIGHT);
	if (e->margin > 0 && e->margin < 1) {
		double from = svg_at(s, 1 - e->margin), to = svg_at(s, 1 + e->margin);
		buf_printf(out, "<rect class=\"band\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"%d\"/>", from,
		    to - from, HEIGHT);
	}
	buf_printf(out, "<line class=\"axis\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"%d\"/>", one, one,
	    HEIGHT);
	if (isfinite(e->low) && isfinite(e->high))
		buf_printf(out, "<line class=\"whisker\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\" y2=\"%d\"/>",
		    svg_at(s, e->low), svg_at(s, e->high), MIDDLE, MIDDLE);
	if (isfinite(e->ratio))
		buf_printf(out, "<circle class=\"e-%s\" cx=\"%.2f%%\" cy=\"%d\" r=\"5\"/>", classes[e->tone],
		    svg_at(s, e->ratio), MIDDLE);
	buf_puts(out, "</svg>");
}

/* Round changes in percent, as many as stand beside each other: both ends, none, and between. */
void
svg_effect_axis(struct buf *out, const struct svg_scale *s)
{
	static const double changes[] = { -0.8, -0.5, -0.2, -0.1, -0.05, -0.02, -0.01, 0, 0.01, 0.02, 0.05,
		0.1, 0.25, 0.5, 1, 2, 4, 9 };
	double width = 100.0 / TICKS, last = -width, one = svg_at(s, 1);

	buf_printf(out, "<svg class=\"effect\" width=\"100%%\" height=\"18\">");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		double at = svg_at(s, 1 + changes[i]);
		bool inside = 1 + changes[i] >= s->min && 1 + changes[i] <= s->max;
		bool crowds = changes[i] != 0 && (fabs(at - one) < width || at - last < width);
		if (!inside || crowds)
			continue;
		buf_printf(out, "<text x=\"%.2f%%\" y=\"13\" text-anchor=\"%s\">%s%.0f %%</text>", at,
		    at < 8 ? "start" : at > 92 ? "end" : "middle", changes[i] > 0 ? "+" : "",
		    100 * changes[i]);
		last = at;
	}
	buf_puts(out, "</svg>");
}
