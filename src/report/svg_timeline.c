/* SPDX-License-Identifier: MIT */
/* A request from left to right, each stretch in the colour of what it was, and the axis below. */
#include "report/escape.h"
#include "report/svg.h"

#define LEAST_DRAWN 0.002
#define WIDE_ENOUGH 0.2        /* to hold its length */
#define TICKS       6

void
svg_timeline(struct buf *out, const struct doc_timeline *row, int id)
{
	buf_printf(out, "<svg class=\"stack\" width=\"100%%\" height=\"28\" role=\"img\" "
	    "aria-labelledby=\"t%d\"><title id=\"t%d\">", id, id);
	escape_html(out, row->about);
	buf_puts(out, "</title>");
	for (size_t i = 0; i < row->n_stretches; i++) {
		const struct doc_stretch *s = &row->stretches[i];
		if (s->width < LEAST_DRAWN)
			continue;
		buf_printf(out, "<rect class=\"p-%s\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"28\"><title>",
		    part_kind_name(s->kind), 100 * s->from, 100 * s->width);
		escape_html(out, s->text);
		buf_printf(out, ", %s</title></rect>", s->length);
		if (s->width >= WIDE_ENOUGH)
			buf_printf(out, "<text x=\"%.2f%%\" dx=\"8\" y=\"19\">%s</text>", 100 * s->from,
			    s->length);
	}
	buf_puts(out, "</svg>");
}

void
svg_time_axis(struct buf *out, double seconds)
{
	struct svg_scale scale = { .min = 0, .max = seconds, .from = 0, .to = 100 };
	double ticks[SVG_MOST_TICKS];
	size_t n = svg_ticks(&scale, TICKS, ticks);
	char label[24];

	buf_puts(out, "<svg class=\"times\" width=\"100%\" height=\"20\" aria-hidden=\"true\">");
	for (size_t i = 0; i < n; i++) {
		double at = svg_at(&scale, ticks[i]);
		buf_printf(out, "<line class=\"axis\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"5\"/>"
		    "<text x=\"%.2f%%\" y=\"17\" text-anchor=\"%s\">%s</text>", at, at, at,
		    at < 4 ? "start" : at > 94 ? "end" : "middle",
		    svg_label(label, ticks[i], UNIT_SECONDS));
	}
	buf_puts(out, "</svg>");
}
