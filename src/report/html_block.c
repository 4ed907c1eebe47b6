/* SPDX-License-Identifier: MIT */
#include "report/html_block.h"

#include <math.h>

#include "report/escape.h"
#include "report/flame.h"
#include "report/say.h"
#include "report/svg.h"

#define EFFECT_LEAST 0.1   /* a tenth, or ten times: what lies beyond is drawn at the edge */

const char *
html_tone(enum doc_tone tone)
{
	static const char *const names[] = { "plain", "good", "bad", "warn", "quiet" };
	return names[tone];
}

static void
put(struct buf *out, const char *before, const char *text, const char *after)
{
	buf_puts(out, before);
	escape_html(out, text);
	buf_puts(out, after);
}

/* ---- text ---------------------------------------------------------------------------------- */

static void
put_list(struct buf *out, const struct doc_block *b)
{
	bool tree = b->kind == DOC_TREE, steps = b->kind == DOC_STEPS;

	buf_puts(out, steps ? "<ol>" : tree ? "<ol class=\"tree\">" : "<ul>");
	for (size_t i = 0; i < b->n_items; i++)
		put(out, "<li>", b->items[i], "</li>");
	buf_puts(out, steps || tree ? "</ol>\n" : "</ul>\n");
}

static void
put_pairs(struct buf *out, const struct doc_block *b)
{
	if (!b->n_pairs)
		return;
	buf_puts(out, b->compact ? "<dl class=\"pairs compact\">" : "<dl class=\"pairs\">");
	for (size_t i = 0; i < b->n_pairs; i++) {
		put(out, "<div><dt>", b->pairs[i].name, "</dt>");
		put(out, "<dd>", b->pairs[i].value, "</dd></div>");
	}
	buf_puts(out, "</dl>\n");
}

static void
put_branches(struct buf *out, const struct run_fork *k)
{
	buf_puts(out, "<ul>");
	for (size_t i = 0; i < k->n_branches; i++) {
		const struct run_branch *b = &k->branches[i];
		put(out, b->took ? "<li class=\"took\"><b>" : "<li><span>",
		    b->answer ? b->answer : "-", b->took ? "</b><i> (taken)</i>" : "</span>");
		if (b->figure)
			put(out, " <small>", b->figure, "</small>");
		buf_puts(out, "</li>");
	}
	buf_puts(out, "</ul>");
}

static void
put_path(struct buf *out, const struct doc_block *b)
{
	buf_puts(out, "<ol class=\"path\">");
	for (size_t i = 0; i < b->n_forks; i++) {
		put(out, "<li><p>", b->forks[i].question ? b->forks[i].question : "-", "</p>");
		put_branches(out, &b->forks[i]);
		buf_puts(out, "</li>\n");
	}
	buf_puts(out, "</ol>\n");
}

/* ---- tables -------------------------------------------------------------------------------- */

static void
put_cell(struct buf *out, const struct doc_table *t, size_t column, const struct doc_cell *c)
{
	const char *tag = column ? "td" : "th scope=\"row\"";

	buf_printf(out, "<%s", tag);
	if (t->columns[column].right)
		buf_puts(out, " class=\"n\"");
	buf_putc(out, '>');
	if (c->tone != TONE_PLAIN)
		buf_printf(out, "<b class=\"t-%s\">", html_tone(c->tone));
	if (c->code)
		buf_puts(out, "<code>");
	escape_html(out, c->text);
	buf_puts(out, c->code ? "</code>" : "");
	buf_puts(out, c->tone != TONE_PLAIN ? "</b>" : "");
	buf_puts(out, column ? "</td>" : "</th>");
}

static void
put_table(struct buf *out, const struct doc_table *t, int id)
{
	buf_printf(out,
	    "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-labelledby=\"c%d\"><table>"
	    "<caption id=\"c%d\">", id, id);
	escape_html(out, t->caption ? t->caption : "");
	buf_puts(out, "</caption><thead><tr>");
	for (size_t i = 0; i < t->n_columns; i++)
		put(out, t->columns[i].right ? "<th scope=\"col\" class=\"n\">"
		    : "<th scope=\"col\">",
		    *t->columns[i].title ? t->columns[i].title : "id", "</th>");
	buf_puts(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns) {
		buf_puts(out, "<tr>");
		for (size_t k = 0; k < t->n_columns; k++)
			put_cell(out, t, k, &t->cells[i + k]);
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out, "</tbody></table></div>\n");
	if (t->left_out)
		buf_printf(out, "<p class=\"note\">%zu more in run.json.</p>\n", t->left_out);
}

/* ---- charts -------------------------------------------------------------------------------- */

static void
put_lines(struct buf *out, const struct doc_lines *l, int id)
{
	put(out, "<figure class=\"chart\"><figcaption><h3>", l->title, "</h3><p class=\"legend\">");
	for (size_t i = 0; i < l->n_series; i++) {
		buf_printf(out, "<span class=\"key k%zu%s\">", i % 4,
		    l->series[i].points ? " dot" : l->series[i].dashed ? " dashed" : "");
		put(out, "", l->series[i].name, "</span>");
	}
	buf_puts(out, "</p></figcaption>");
	svg_lines(out, l, id);
	if (l->about)
		put(out, "<p class=\"note\">", l->about, "</p>");
	buf_puts(out, "</figure>\n");
}

static void
put_shares(struct buf *out, const struct doc_stack_row *row)
{
	buf_puts(out, "<ul class=\"parts\">");
	for (size_t i = 0; i < row->n_shares; i++) {
		const struct doc_share *s = &row->shares[i];
		if (i >= 5 || !(s->share >= 0.005))
			continue;
		buf_printf(out, "<li class=\"k-%s\"><b>%s</b> ", part_kind_name(s->kind), s->text);
		put(out, "", s->label, "</li>");
	}
	buf_puts(out, "</ul>");
}

static void
put_stack(struct buf *out, const struct doc_stack *chart)
{
	put(out, "<figure><figcaption><h3>", chart->title, "</h3>");
	put(out, "<p class=\"note\">", chart->about, "</p></figcaption>");
	for (size_t i = 0; i < chart->n_rows; i++) {
		put(out, "<div class=\"row\"><p><b>", chart->rows[i].label, "</b> ");
		put(out, "<span>", chart->rows[i].value, "</span></p>");
		svg_stack_bar(out, &chart->rows[i]);
		put_shares(out, &chart->rows[i]);
		buf_puts(out, "</div>");
	}
	buf_puts(out, "</figure>\n");
}

/* The kinds of time that a chart has, in their colours. */
static void
put_kinds(struct buf *out, const struct doc_timelines *chart)
{
	bool seen[PART_KINDS] = { false };

	for (size_t i = 0; i < chart->n_rows; i++)
		for (size_t k = 0; k < chart->rows[i].n_stretches; k++)
			seen[chart->rows[i].stretches[k].kind] = true;
	buf_puts(out, "<ul class=\"parts\">");
	for (int k = 0; k < PART_KINDS; k++)
		if (seen[k])
			buf_printf(out, "<li class=\"k-%s\">%s</li>", part_kind_name((enum run_part_kind)k),
			    part_kind_words((enum run_part_kind)k));
	buf_puts(out, "</ul>");
}

static void
put_timelines(struct buf *out, const struct doc_timelines *chart, int *id)
{
	put(out, "<figure><figcaption><h3>", chart->title, "</h3>");
	if (chart->about)
		put(out, "<p class=\"note\">", chart->about, "</p>");
	buf_puts(out, "</figcaption>");
	put_kinds(out, chart);
	for (size_t i = 0; i < chart->n_rows; i++) {
		put(out, "<div class=\"row\"><p><b>", chart->rows[i].label, "</b> ");
		put(out, "<span>", chart->rows[i].value, "</span></p>");
		svg_timeline(out, &chart->rows[i], (*id)++);
		buf_puts(out, "</div>");
	}
	svg_time_axis(out, chart->seconds);
	buf_puts(out, "</figure>\n");
}

static void
put_map(struct buf *out, const struct doc_map *map, int id)
{
	put(out, "<figure><figcaption><h3>", map->title, "</h3>");
	buf_puts(out, "<p class=\"note\">The wider the line, the more of a request's time goes there; "
	    "calls are a request's.</p></figcaption>");
	svg_map(out, map, id);
	buf_puts(out, "</figure>\n");
}

static double
widest(const struct doc_bars *chart)
{
	double max = isfinite(chart->limit) ? chart->limit : 0;
	for (size_t i = 0; i < chart->n_bars; i++) {
		const struct doc_bar *b = &chart->bars[i];
		max = b->value > max ? b->value : max;
		max = isfinite(b->high) && b->high > max ? b->high : max;
	}
	return max * 1.02;
}

static void
put_bars(struct buf *out, const struct doc_bars *chart)
{
	double max = widest(chart);

	put(out, "<figure><figcaption><h3>", chart->title, "</h3>");
	if (isfinite(chart->limit))
		put(out, "<p class=\"legend\"><span class=\"key klimit\">", chart->limit_label,
		    "</span></p>");
	buf_puts(out, "</figcaption><ul class=\"bars\">");
	for (size_t i = 0; i < chart->n_bars; i++) {
		put(out, "<li><span>", chart->bars[i].label, "</span>");
		svg_bar(out, &chart->bars[i], max, chart->limit);
		put(out, "<span>", chart->bars[i].text, "</span></li>");
	}
	buf_puts(out, "</ul></figure>\n");
}

/* One scale for all rows, so that they can be compared: everything drawn lies on it. */
static struct svg_scale
effects_scale(const struct doc_effects *chart)
{
	struct svg_scale s = { .min = 1, .max = 1, .from = 2, .to = 98, .log = true };

	for (size_t i = 0; i < chart->n_effects; i++) {
		const struct doc_effect *e = &chart->effects[i];
		const double seen[] = { e->ratio, e->low, e->high, 1 - e->margin, 1 + e->margin };
		for (size_t k = 0; k < sizeof(seen) / sizeof(seen[0]); k++) {
			s.min = isfinite(seen[k]) && seen[k] < s.min ? seen[k] : s.min;
			s.max = isfinite(seen[k]) && seen[k] > s.max ? seen[k] : s.max;
		}
	}
	s.min = s.min > EFFECT_LEAST ? s.min : EFFECT_LEAST;
	s.max = s.max < 1 / EFFECT_LEAST ? s.max : 1 / EFFECT_LEAST;
	return s;
}

static void
put_effects(struct buf *out, const struct doc_effects *chart)
{
	struct svg_scale scale = effects_scale(chart);

	put(out, "<figure><figcaption><h3>", chart->title, "</h3>");
	put(out, "<p class=\"note\">", chart->about, "</p></figcaption><ul class=\"bars effects\">");
	for (size_t i = 0; i < chart->n_effects; i++) {
		put(out, "<li><span>", chart->effects[i].label, "</span>");
		svg_effect(out, &chart->effects[i], &scale);
		put(out, "<span>", chart->effects[i].text, "</span></li>");
	}
	buf_puts(out, "<li aria-hidden=\"true\"><span></span>");
	svg_effect_axis(out, &scale);
	buf_puts(out, "<span></span></li></ul></figure>\n");
}

static void
put_sparks(struct buf *out, const struct doc_sparks *chart)
{
	put(out, "<p class=\"note\">", chart->title, ".</p><ul class=\"sparks\">");
	for (size_t i = 0; i < chart->n_sparks; i++) {
		const struct doc_spark *s = &chart->sparks[i];
		put(out, "<li><p>", s->name, "</p><p><b>");
		put(out, "", s->value, "</b> ");
		put(out, "<span>", s->range, "</span></p>");
		if (s->n_points > 1)
			svg_spark(out, s);
		buf_puts(out, "</li>\n");
	}
	buf_puts(out, "</ul>\n");
}

static void
put_flame(struct buf *out, const struct doc *d, const struct doc_flame *f, int id)
{
	struct flame_tree tree;

	flame_build(&tree, d->arena, f);
	buf_printf(out, "<figure class=\"flames\" id=\"%s\" data-kinds=\"%d\"%s>", f->id, f->by_kind,
	    f->shares ? " data-shares=\"1\"" : "");
	put(out, "<figcaption><h3>", f->title, "</h3>");
	put(out, "<p class=\"note\">", f->about, "</p></figcaption><div class=\"view\">");
	flame_svg(out, &tree, f, id);
	buf_puts(out, "</div><script type=\"application/json\">");
	flame_json(out, &tree);
	buf_puts(out, "</script></figure>\n");
}

void
html_block(struct buf *out, const struct doc *d, const struct doc_block *b, int *id)
{
	*id += 1;
	switch (b->kind) {
	case DOC_TEXT:    put(out, "<p>", b->text, "</p>\n"); break;
	case DOC_NOTE:    put(out, "<p class=\"note\">", b->text, "</p>\n"); break;
	case DOC_HEADING: put(out, "<h3>", b->text, "</h3>\n"); break;
	case DOC_LIST:
	case DOC_STEPS:
	case DOC_TREE:    put_list(out, b); break;
	case DOC_PAIRS:   put_pairs(out, b); break;
	case DOC_TABLE:   put_table(out, b->table, *id); break;
	case DOC_CODE:    put(out, "<pre tabindex=\"0\"><code>", b->text, "</code></pre>\n"); break;
	case DOC_LINES:   put_lines(out, b->lines, *id); break;
	case DOC_STACK:   put_stack(out, b->stack); break;
	case DOC_BARS:    put_bars(out, b->bars); break;
	case DOC_SPARKS:  put_sparks(out, b->sparks); break;
	case DOC_FLAME:   put_flame(out, d, b->flame, *id); break;
	case DOC_EFFECTS: put_effects(out, b->effects); break;
	case DOC_TIMELINES: put_timelines(out, b->timelines, id); break;
	case DOC_MAP:     put_map(out, b->map, *id); break;
	case DOC_PATH:    put_path(out, b); break;
	}
}
