/* SPDX-License-Identifier: MIT */
/* One bar of shares that sum to 1. */
#include <math.h>

#include "report/escape.h"
#include "report/svg.h"

#define LEAST_DRAWN 0.002
#define WIDE_ENOUGH 0.09    /* to hold its percentage */

void
svg_stack_bar(struct buf *out, const struct doc_stack_row *row)
{
	double x = 0;

	buf_puts(out, "<svg class=\"stack\" width=\"100%\" height=\"28\" aria-hidden=\"true\">");
	for (size_t i = 0; i < row->n_shares; i++) {
		const struct doc_share *s = &row->shares[i];
		if (!isfinite(s->share) || s->share < LEAST_DRAWN || x >= 1)
			continue;
		double share = x + s->share > 1 ? 1 - x : s->share;
		buf_printf(out,
		    "<svg class=\"p-%s\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"28\"><title>",
		    part_kind_name(s->kind), 100 * x, 100 * share);
		escape_html(out, s->label);
		buf_printf(out, ", %s</title><rect width=\"100%%\" height=\"100%%\"/>", s->text);
		if (share >= WIDE_ENOUGH)
			buf_printf(out, "<text x=\"8\" y=\"19\">%s</text>", s->text);
		buf_puts(out, "</svg>");
		x += share;
	}
	buf_puts(out, "</svg>");
}
