/* SPDX-License-Identifier: MIT */
/* The flame graph as it stands without a script: the widest frames of the first levels, callers
 * on top. web/report.js draws the same elements when it lets one zoom. */
#include "base/units.h"
#include "report/escape.h"
#include "report/flame.h"

#define ROW 18
#define MOST_ROWS 26
#define LEAST_SHARE 0.005
#define WIDE_ENOUGH 0.03        /* to hold a few letters */
#define SHADES 5

/* The same in web/report.js. */
static unsigned
shade(const char *name)
{
	unsigned sum = 0;
	for (; *name; name++)
		if ((unsigned char)*name < 0x80)
			sum = sum * 31 + (unsigned char)*name;
	return sum % SHADES;
}

static void
frame(struct buf *out, const struct flame_node *n, double x, double share, bool by_kind)
{
	char seconds[24], percent[24];

	buf_puts(out, "<svg class=\"");
	if (n->depth == 0)
		buf_puts(out, "p-sleep");
	else if (by_kind)
		buf_printf(out, "p-%s", part_kind_name(n->kind));
	else
		buf_printf(out, "f%u", shade(n->name));
	buf_printf(out, "\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\"><title>", 100 * x,
	    n->depth * ROW, 100 * share, ROW - 1);
	escape_html(out, n->name);
	buf_printf(out, ", %s, %s</title><rect width=\"100%%\" height=\"100%%\"/>",
	    format_percent(percent, share), format_duration(seconds, n->seconds));
	if (share >= WIDE_ENOUGH) {
		buf_puts(out, "<text x=\"4\" y=\"13\">");
		escape_html(out, n->name);
		buf_puts(out, "</text>");
	}
	buf_puts(out, "</svg>");
}

static void
draw(struct buf *out, const struct flame_node *n, double total, double x, bool by_kind)
{
	double share = n->seconds / total;

	if (share < LEAST_SHARE || n->depth >= MOST_ROWS)
		return;
	frame(out, n, x, share, by_kind);
	for (const struct flame_node *c = n->child; c; c = c->next) {
		draw(out, c, total, x, by_kind);
		x += c->seconds / total;
	}
}

static int
rows(const struct flame_node *n, double least)
{
	int most = n->depth;
	for (const struct flame_node *c = n->child; c && c->seconds >= least; c = c->next) {
		int below = rows(c, least);
		most = below > most ? below : most;
	}
	return most;
}

void
flame_svg(struct buf *out, const struct flame_tree *t, const struct doc_flame *f, int id)
{
	double total = t->root->seconds;
	int height = rows(t->root, total * LEAST_SHARE) + 1;

	height = height > MOST_ROWS ? MOST_ROWS : height;
	buf_printf(out, "<svg class=\"flame\" width=\"100%%\" height=\"%d\" role=\"img\" "
	    "aria-labelledby=\"c%d d%d\"><title id=\"c%d\">Flame graph: ", height * ROW, id, id, id);
	escape_html(out, f->title);
	buf_printf(out, "</title><desc id=\"d%d\">", id);
	escape_html(out, f->about);
	buf_puts(out, "</desc>");
	draw(out, t->root, total, 0, f->by_kind);
	buf_puts(out, "</svg>");
}
