/* SPDX-License-Identifier: MIT */
#include "report/load_forms.h"

#include <math.h>

#include "report/escape.h"
#include "report/load_rows.h"

/* Members of one object, in order. */
static void
put_name(struct buf *out, const char *name)
{
	buf_puts(out, out->data[out->size - 1] == '{' ? "\"" : ",\"");
	buf_printf(out, "%s\":", name);
}

static void
put_text(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	put_name(out, name);
	buf_putc(out, '"');
	escape_json(out, text);
	buf_putc(out, '"');
}

static void
put_figure(struct buf *out, const char *name, double v)
{
	if (!isfinite(v))
		return;
	put_name(out, name);
	buf_printf(out, "%.9g", v);
}

static void
put_flag(struct buf *out, const char *name, bool yes)
{
	put_name(out, name);
	buf_puts(out, yes ? "true" : "false");
}

static void
write_row(void *ctx, const struct load_row *row)
{
	struct buf *out = ctx;

	buf_putc(out, '{');
	for (const struct load_column *c = load_columns; c->name; c++) {
		const void *field = (const char *)row + c->offset;
		if (c->kind == LOAD_TEXT)
			put_text(out, c->name, *(const char *const *)field);
		else if (c->kind == LOAD_FIGURE)
			put_figure(out, c->name, *(const double *)field);
		else if (isfinite(row->max_s))   /* said of a tail that is known */
			put_flag(out, c->name, *(const bool *)field);
	}
	buf_puts(out, "}\n");
}

static void
write_run(const struct run *r, struct buf *out)
{
	const struct run_phase *p = report_load_phase(r);

	buf_putc(out, '{');
	put_text(out, "row", "run");
	put_text(out, "id", r->id);
	put_text(out, "created", r->created);
	put_text(out, "tool", r->tool);
	put_text(out, "verdict", verdict_name(r->verdict));
	put_text(out, "headline", r->headline);
	put_text(out, "error", r->error);
	if (p)
		put_flag(out, "generator_limited", p->generator_limited);
	put_text(out, "generator_why", p ? p->generator_why : NULL);
	buf_puts(out, "}\n");
}

static void
write_target(const struct run_target *t, struct buf *out)
{
	buf_putc(out, '{');
	put_text(out, "row", "target");
	put_text(out, "metric", t->metric);
	put_text(out, "op", t->op);
	put_text(out, "route", t->route);
	put_figure(out, "limit", t->limit);
	put_figure(out, "at_rate", t->at_rate);
	put_figure(out, "value", t->value);
	put_figure(out, "low", t->low);
	put_figure(out, "high", t->high);
	if (isfinite(t->value))
		put_flag(out, "met", t->met);
	buf_puts(out, "}\n");
}

void
report_load_ndjson(const struct run *r, struct buf *out)
{
	write_run(r, out);
	load_rows(r, write_row, out);
	for (size_t i = 0; i < r->n_targets; i++)
		write_target(&r->targets[i], out);
}
