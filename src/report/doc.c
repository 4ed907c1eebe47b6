/* SPDX-License-Identifier: MIT */
#include "report/doc.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "report/say.h"
#include "report/section.h"

const char *
doc_printf(struct doc *d, const char *fmt, ...)
{
	struct buf b = { .cap_bytes = 4096 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	const char *s = arena_strdup(d->arena, buf_text(&b));
	buf_done(&b);
	return s;
}

struct doc_section *
doc_section(struct doc *d)
{
	return &d->sections[d->n_sections - 1];
}

void
doc_lead(struct doc *d, enum doc_tone tone, const char *lead)
{
	doc_section(d)->lead = lead;
	doc_section(d)->tone = tone;
}

struct doc_block *
doc_block(struct doc *d, enum doc_kind kind)
{
	struct doc_section *s = doc_section(d);
	struct doc_block *b = ARENA_PUSH(d->arena, s->blocks, s->n_blocks);

	b->kind = kind;
	return b;
}

static void
add_text(struct doc *d, enum doc_kind kind, const char *text)
{
	if (text && *text)
		doc_block(d, kind)->text = text;
}

void
doc_text(struct doc *d, const char *text)
{
	add_text(d, DOC_TEXT, text);
}

void
doc_note(struct doc *d, const char *text)
{
	add_text(d, DOC_NOTE, text);
}

void
doc_heading(struct doc *d, const char *text)
{
	add_text(d, DOC_HEADING, text);
}

void
doc_code(struct doc *d, const char *text)
{
	add_text(d, DOC_CODE, text);
}

void
doc_item(struct doc *d, struct doc_block *b, const char *item)
{
	if (item && *item)
		*ARENA_PUSH(d->arena, b->items, b->n_items) = say_clip(d, item, 600);
}

void
doc_list(struct doc *d, enum doc_kind kind, const char **items, size_t n)
{
	if (!n)
		return;
	struct doc_block *b = doc_block(d, kind);
	for (size_t i = 0; i < n; i++)
		doc_item(d, b, items[i]);
}

void
doc_pair(struct doc *d, struct doc_block *b, const char *name, const char *value)
{
	if (value && *value)
		*ARENA_PUSH(d->arena, b->pairs, b->n_pairs) =
		    (struct doc_pair){ .name = name, .value = value };
}

struct doc_table *
doc_table(struct doc *d, const char *caption, const char *const *titles)
{
	struct doc_table *t = arena_alloc(d->arena, sizeof(*t));

	t->caption = caption;
	for (; *titles; titles++) {
		struct doc_column *c = ARENA_PUSH(d->arena, t->columns, t->n_columns);
		c->right = **titles == '>';
		c->title = *titles + c->right;
	}
	doc_block(d, DOC_TABLE)->table = t;
	return t;
}

void
doc_cell_tone(struct doc *d, struct doc_table *t, const char *text, enum doc_tone tone)
{
	struct doc_cell *c = ARENA_PUSH(d->arena, t->cells, t->n_cells);

	c->text = text && *text ? text : "-";
	c->tone = tone;
}

void
doc_cell(struct doc *d, struct doc_table *t, const char *text)
{
	doc_cell_tone(d, t, text, TONE_PLAIN);
}

void
doc_cell_code(struct doc *d, struct doc_table *t, const char *text)
{
	doc_cell(d, t, text);
	t->cells[t->n_cells - 1].code = text && *text;
}

struct doc_lines *
doc_lines(struct doc *d, const char *title)
{
	struct doc_lines *l = arena_alloc(d->arena, sizeof(*l));

	l->title = title;
	doc_block(d, DOC_LINES)->lines = l;
	return l;
}

void
doc_series(struct doc *d, struct doc_lines *l, struct doc_series series)
{
	*ARENA_PUSH(d->arena, l->series, l->n_series) = series;
}

void
doc_mark(struct doc *d, struct doc_lines *l, const char *label, double at, bool vertical)
{
	*ARENA_PUSH(d->arena, l->marks, l->n_marks) = (struct doc_mark){ label, at, vertical };
}

void
doc_build(struct doc *d, const struct run *r, enum doc_form form)
{
	d->arena = arena_new();
	d->form = form;
	section_head(d, r);
	for (const struct section *s = sections; s->write; s++) {
		if (!(s->forms & form) || !(s->runs & (section_proof_of(r) ? OF_PROOF : OF_CHECK)))
			continue;
		struct doc_section *to = ARENA_PUSH(d->arena, d->sections, d->n_sections);
		to->id = s->id;
		to->title = s->title;
		s->write(d, r);
		to = doc_section(d);
		d->n_sections -= !to->lead && !to->n_blocks;
	}
}

void
doc_done(struct doc *d)
{
	arena_free(d->arena);
	*d = (struct doc){ 0 };
}
