/* SPDX-License-Identifier: MIT */
/* The line chart. */
#include <math.h>

#include "report/escape.h"
#include "report/svg.h"

#define WIDTH 420
#define HEIGHT 240
#define LEFT 56
#define RIGHT 14
#define TOP 20
#define BOTTOM 44
#define MOST_POINTS 600

static double
x_of(const struct doc_series *s, size_t i)
{
	return s->x ? s->x[i] : (double)i;
}

static void
widen(struct svg_scale *s, double v)
{
	if (!isfinite(v) || (s->log && v <= 0))
		return;
	s->min = isnan(s->min) || v < s->min ? v : s->min;
	s->max = isnan(s->max) || v > s->max ? v : s->max;
}

static void
measure(const struct doc_lines *l, struct svg_scale *x, struct svg_scale *y)
{
	for (size_t i = 0; i < l->n_series; i++)
		for (size_t k = 0; k < l->series[i].n; k++) {
			widen(x, x_of(&l->series[i], k));
			widen(y, l->series[i].y[k]);
		}
	for (size_t i = 0; i < l->n_marks; i++)
		widen(l->marks[i].vertical ? x : y, l->marks[i].at);
	if (l->log_y) {
		y->min *= 0.8;
		y->max *= 1.25;
	} else if (l->tight_y && y->max > y->min) {
		double room = (y->max - y->min) * 0.1;
		y->min -= room;
		y->max += room;
	} else {
		y->min = y->min < 0 ? y->min : 0;
		y->max = y->max > y->min ? y->min + (y->max - y->min) * 1.08 : y->min + 1;
	}
	if (l->series[0].x)
		x->min = x->min < 0 ? x->min : 0;
	if (!(x->max > x->min))
		x->max = x->min + 1;
}

static void
axes(struct buf *out, const struct doc_lines *l, const struct svg_scale *x,
    const struct svg_scale *y)
{
	double ticks[SVG_MOST_TICKS];
	char label[24];

	size_t n = svg_ticks(y, 6, ticks);
	for (size_t i = 0; i < n; i++) {
		double at = svg_at(y, ticks[i]);
		buf_printf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
		    "text-anchor=\"end\">%s</text>", LEFT, at, WIDTH - RIGHT, LEFT - 6, at + 4,
		    svg_label(label, ticks[i], l->y_unit));
	}
	n = svg_ticks(x, 6, ticks);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
		    svg_at(x, ticks[i]), HEIGHT - BOTTOM + 16, svg_label(label, ticks[i],
		    l->x_unit));
	buf_printf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>", LEFT, HEIGHT - BOTTOM,
	    WIDTH - RIGHT);
	if (l->x_label) {
		buf_printf(out, "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
		    (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8);
		escape_html(out, l->x_label);
		buf_puts(out, "</text>");
	}
}

static void
mark(struct buf *out, const struct doc_mark *m, const struct svg_scale *x,
    const struct svg_scale *y)
{
	if (!isfinite(m->at))
		return;
	if (m->vertical) {
		double at = svg_at(x, m->at);
		bool left = at > (LEFT + WIDTH) / 2.0;
		buf_printf(out,
		    "<path class=\"mark\" d=\"M%.1f %dV%d\"/><text class=\"mark\" x=\"%.1f\" "
		    "y=\"%d\" text-anchor=\"%s\">", at, TOP - 12, HEIGHT - BOTTOM, left ? at - 5
		    : at + 5,
		    TOP - 5, left ? "end" : "start");
	} else {
		double at = svg_at(y, m->at);
		buf_printf(out,
		    "<path class=\"limit\" d=\"M%d %.1fH%d\"/><text class=\"limit\" x=\"%d\" "
		    "y=\"%.1f\">", LEFT, at, WIDTH - RIGHT, LEFT + 5, at - 4);
	}
	escape_html(out, m->label);
	buf_puts(out, "</text>");
}

static void
vertex(struct buf *out, bool *up, double x, double y)
{
	buf_printf(out, "%c%.1f %.1f", *up ? 'M' : 'L', x, y);
	*up = false;
}

/* Of too many points the lowest and the highest of each stretch are drawn: no peak is lost. */
static void
curve(struct buf *out, const struct doc_series *s, const struct svg_scale *x,
    const struct svg_scale *y)
{
	size_t stride = s->n > MOST_POINTS ? 2 * s->n / MOST_POINTS : 1;
	bool up = true;

	for (size_t i = 0; i < s->n; i += stride) {
		size_t low = i, high = i;
		for (size_t k = i; k < i + stride && k < s->n; k++) {
			low = !(s->y[k] >= s->y[low]) ? k : low;
			high = !(s->y[k] <= s->y[high]) ? k : high;
		}
		size_t first = low < high ? low : high, second = low < high ? high : low;
		if (!isfinite(s->y[first]) || !isfinite(s->y[second]) || !isfinite(x_of(s,
		    first))) {
			up = true;
			continue;
		}
		vertex(out, &up, svg_at(x, x_of(s, first)), svg_at(y, s->y[first]));
		if (second != first)
			vertex(out, &up, svg_at(x, x_of(s, second)), svg_at(y, s->y[second]));
	}
}

/* Shapes differ too, for who cannot tell the colours: circles, then squares. */
static void
dots(struct buf *out, const struct doc_series *s, size_t index, const struct svg_scale *x,
    const struct svg_scale *y)
{
	for (size_t i = 0; i < s->n && i < MOST_POINTS; i++) {
		if (!isfinite(s->y[i]) || !isfinite(x_of(s, i)))
			continue;
		double at = svg_at(x, x_of(s, i)), up = svg_at(y, s->y[i]);
		if (index % 2)
			buf_printf(out, "<rect class=\"s%zu\" x=\"%.1f\" y=\"%.1f\" width=\"5\" height=\"5\"/>",
			    index % 4, at - 2.5, up - 2.5);
		else
			buf_printf(out, "<circle class=\"s%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", index % 4,
			    at, up);
	}
}

static void
series(struct buf *out, const struct doc_series *s, size_t index, const struct svg_scale *x,
    const struct svg_scale *y)
{
	if (s->points) {
		dots(out, s, index, x, y);
		return;
	}
	buf_printf(out, "<path class=\"line s%zu%s\" d=\"", index % 4, s->dashed ? " dashed" : "");
	curve(out, s, x, y);
	buf_puts(out, "\"/>");
	for (size_t i = 0; i < s->n && s->n <= 40 && s->x && !s->dashed; i++)
		if (isfinite(s->y[i]) && isfinite(s->x[i]))
			buf_printf(out, "<circle class=\"s%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
			    index % 4,
			    svg_at(x, s->x[i]), svg_at(y, s->y[i]));
}

void
svg_lines(struct buf *out, const struct doc_lines *l, int id)
{
	struct svg_scale x = { NAN, NAN, LEFT, WIDTH - RIGHT, false };
	struct svg_scale y = { NAN, NAN, HEIGHT - BOTTOM, TOP, l->log_y };

	measure(l, &x, &y);
	buf_printf(out,
	    "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"c%d d%d\"><title id=\"c%d\">",
	    WIDTH, HEIGHT, id, id, id);
	escape_html(out, l->title);
	buf_printf(out, "</title><desc id=\"d%d\">", id);
	escape_html(out, l->about ? l->about : "");
	buf_puts(out, "</desc>");
	if (isfinite(y.min) && isfinite(x.min)) {
		axes(out, l, &x, &y);
		for (size_t i = l->n_series; i-- > 0;)
			series(out, &l->series[i], i, &x, &y);
		for (size_t i = 0; i < l->n_marks; i++)
			mark(out, &l->marks[i], &x, &y);
	}
	buf_puts(out, "</svg>");
}
