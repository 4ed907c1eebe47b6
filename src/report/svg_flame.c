/* SPDX-License-Identifier: MIT */
/* The flame graph as it stands without a script: the widest frames of the first levels, callers
 * on top. web/report.js draws the same elements when it lets one zoom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/escape.h"
#include "report/flame.h"

#define ROW 18
#define MOST_ROWS 26
#define LEAST_SHARE 0.004
#define MOST_FRAMES 300
#define WIDE_ENOUGH 0.03        /* to hold a few letters */
#define SHADES 5
#define MOST_NAME 60

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
put_name(struct buf *out, const char *name)
{
	char text[MOST_NAME + 4];
	size_t n = strlen(name);

	if (n > MOST_NAME) {
		for (n = MOST_NAME; n && ((unsigned char)name[n] & 0xc0) == 0x80;)
			n--;
		snprintf(text, sizeof(text), "%.*s\xe2\x80\xa6", (int)n, name);
		name = text;
	}
	escape_html(out, name);
}

/* What will be drawn: frames of at least this many seconds. */
struct view {
	const struct flame_node *root;
	double total, least;
	int frames, rows;
	bool by_kind, compares, shares;
};

/* Never by colour alone: what grew has a plus in front, what shrank a minus. */
static void
put_label(struct buf *out, const char *name, int change)
{
	if (change)
		buf_printf(out, "<text x=\"4\" y=\"13\">%s</text>", change > 0 ? "+" : "\xe2\x88\x92");
	buf_printf(out, "<text x=\"%d\" y=\"13\">", change ? 15 : 4);
	put_name(out, name);
	buf_puts(out, "</text>");
}

static void
put_class(struct buf *out, const struct flame_node *n, const struct view *v, int change)
{
	if (v->compares)
		buf_printf(out, "d%c%d", change < 0 ? 'm' : 'p', abs(change));
	else if (n->depth == 0)
		buf_puts(out, "p-sleep");
	else if (v->by_kind)
		buf_printf(out, "p-%s", part_kind_name(n->kind));
	else
		buf_printf(out, "f%u", shade(n->name));
}

/* How wide the frame is, in words; the same in web/report.js. */
static void
put_width(struct buf *out, const struct flame_node *n, double share, const struct view *v)
{
	char seconds[24], percent[24], before[24];

	if (v->shares) {
		buf_printf(out, ", %s of the slow requests' time, %s of the others'",
		    format_percent(percent, n->seconds), format_percent(before, n->before));
		return;
	}
	buf_printf(out, ", %s, %s", format_percent(percent, share),
	    format_duration(seconds, n->seconds));
	if (v->compares)
		buf_printf(out, ", before %s", format_duration(before, n->before));
}

static void
frame(struct buf *out, const struct flame_node *n, double x, double share, const struct view *v)
{
	int change = v->compares ? flame_change(n, v->root) : 0;

	buf_puts(out, "<svg class=\"");
	put_class(out, n, v, change);
	buf_printf(out, "\" x=\"%.2f%%\" y=\"%d\" width=\"%.2f%%\" height=\"%d\"><title>", 100 * x,
	    n->depth * ROW, 100 * share, ROW - 1);
	put_name(out, n->name);
	put_width(out, n, share, v);
	buf_puts(out, "</title><rect width=\"100%\" height=\"100%\"/>");
	if (share >= WIDE_ENOUGH)
		put_label(out, n->name, change);
	buf_puts(out, "</svg>");
}

static void
draw(struct buf *out, const struct flame_node *n, const struct view *v, double x)
{
	frame(out, n, x, n->seconds / v->total, v);
	if (n->depth + 1 >= MOST_ROWS)
		return;
	for (const struct flame_node *c = n->child; c && c->seconds >= v->least; c = c->next) {
		draw(out, c, v, x);
		x += c->seconds / v->total;
	}
}

static void
measure(const struct flame_node *n, struct view *v)
{
	v->frames++;
	v->rows = n->depth + 1 > v->rows ? n->depth + 1 : v->rows;
	if (n->depth + 1 >= MOST_ROWS)
		return;
	for (const struct flame_node *c = n->child; c && c->seconds >= v->least; c = c->next)
		measure(c, v);
}

void
flame_svg(struct buf *out, const struct flame_tree *t, const struct doc_flame *f, int id)
{
	struct view v = { .root = t->root, .total = t->root->seconds, .by_kind = f->by_kind,
		.compares = t->compares, .shares = f->shares };

	for (double share = LEAST_SHARE; !v.frames || v.frames > MOST_FRAMES; share *= 1.5) {
		v.frames = v.rows = 0;
		v.least = share * v.total;
		measure(t->root, &v);
	}
	buf_printf(out, "<svg class=\"flame\" width=\"100%%\" height=\"%d\" role=\"img\" "
	    "aria-labelledby=\"c%d d%d\"><title id=\"c%d\">Flame graph: ", v.rows * ROW, id, id,
	    id);
	escape_html(out, f->title);
	buf_printf(out, "</title><desc id=\"d%d\">", id);
	escape_html(out, f->about);
	buf_puts(out, "</desc>");
	draw(out, t->root, &v, 0);
	buf_puts(out, "</svg>");
}
