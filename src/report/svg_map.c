/* SPDX-License-Identifier: MIT */
/* The service on the left, what it asks on the right; the wider the line, the more of a request's
 * time. Widths are percentages, so texts keep their size on every screen. */
#include "report/escape.h"
#include "report/svg.h"

#define ROW       64
#define BOX       52
#define LEFT      "30%%"       /* the service's width */
#define RIGHT_AT  "56%%"       /* the peers' left edge */
#define RIGHT     "44%%"       /* their width; all for printf */
#define THIN      1.5          /* of a line, pixels */
#define THICK     18

static void
put_text(struct buf *out, const char *class, int y, const char *text)
{
	buf_printf(out, "<text class=\"%s\" x=\"10\" y=\"%d\">", class, y);
	escape_html(out, text);
	buf_puts(out, "</text>");
}

static void
put_peer(struct buf *out, const struct doc_peer *p, int y)
{
	buf_printf(out, "<svg class=\"p-%s\" x=\"" RIGHT_AT "\" y=\"%d\" width=\"" RIGHT
	    "\" height=\"%d\"><title>", part_kind_name(p->kind), y, BOX);
	escape_html(out, p->name);
	buf_puts(out, p->address ? " " : "");
	escape_html(out, p->address ? p->address : "");
	buf_printf(out, ", %s</title><rect width=\"100%%\" height=\"100%%\" rx=\"6\"/>", p->text);
	put_text(out, "name", p->address ? 16 : 22, p->name);
	put_text(out, "share", p->address ? 31 : 38, p->text);
	if (p->address)
		put_text(out, "small", 45, p->address);
	buf_puts(out, "</svg>");
}

void
svg_map(struct buf *out, const struct doc_map *m, int id)
{
	int height = (int)m->n_peers * ROW - (ROW - BOX), middle = height / 2;

	buf_printf(out, "<svg class=\"map\" width=\"100%%\" height=\"%d\" role=\"img\" "
	    "aria-labelledby=\"m%d n%d\"><title id=\"m%d\">", height, id, id, id);
	escape_html(out, m->title);
	buf_printf(out, "</title><desc id=\"n%d\">", id);
	escape_html(out, m->about);
	buf_puts(out, "</desc>");
	for (size_t i = 0; i < m->n_peers; i++)
		buf_printf(out, "<line x1=\"29%%\" y1=\"%d\" x2=\"57%%\" y2=\"%d\" stroke-width=\"%.1f\"/>",
		    middle, (int)i * ROW + BOX / 2,
		    THIN + (THICK - THIN) * m->peers[i].share);
	buf_printf(out, "<svg class=\"p-cpu\" x=\"0\" y=\"%d\" width=\"" LEFT "\" height=\"%d\">"
	    "<rect width=\"100%%\" height=\"100%%\" rx=\"6\"/>", middle - BOX / 2, BOX);
	put_text(out, "name", 22, m->service);
	put_text(out, "share", 38, m->own);
	buf_puts(out, "</svg>");
	for (size_t i = 0; i < m->n_peers; i++)
		put_peer(out, &m->peers[i], (int)i * ROW);
	buf_puts(out, "</svg>");
}
