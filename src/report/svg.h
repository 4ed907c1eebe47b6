/* SPDX-License-Identifier: MIT */
/* Charts as SVG text. Geometry is in attributes, looks are in classes (web/report.css): the page's
 * security policy allows no inline style. Bars and flames use percentages and no viewBox, so their
 * text keeps its size on every screen; line charts scale as a whole. */
#pragma once

#include "base/buf.h"
#include "report/doc.h"

/* A value's place on an axis. */
struct svg_scale {
	double min, max;           /* of the data */
	double from, to;           /* of the drawing */
	bool log;
};

double svg_at(const struct svg_scale *s, double value);

/* Round values across the scale: at most `most`, at least one; returns how many. */
#define SVG_MOST_TICKS 12
size_t svg_ticks(const struct svg_scale *s, size_t most, double ticks[SVG_MOST_TICKS]);

/* A tick's text: as the run's figures, without trailing zeros. */
char *svg_label(char out[24], double value, enum doc_unit unit);

/* `id` is unique on the page. */
void svg_lines(struct buf *out, const struct doc_lines *l, int id);
void svg_stack_bar(struct buf *out, const struct doc_stack_row *row);
void svg_bar(struct buf *out, const struct doc_bar *b, double max, double limit);
void svg_effect(struct buf *out, const struct doc_effect *e, const struct svg_scale *s);
void svg_effect_axis(struct buf *out, const struct svg_scale *s);   /* in changes: "-10 %" */
void svg_timeline(struct buf *out, const struct doc_timeline *row, int id);
void svg_time_axis(struct buf *out, double seconds);
void svg_map(struct buf *out, const struct doc_map *m, int id);
void svg_spark(struct buf *out, const struct doc_spark *s);
