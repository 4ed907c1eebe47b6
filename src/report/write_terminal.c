/* SPDX-License-Identifier: MIT */
/* The terminal form: at most 24 lines, every line within the width.
 *
 * Titles stand in a left column, texts in a right one. Texts wrap; when the whole would not fit,
 * it is written again with fewer lines a text, and what is cut ends in an ellipsis. */
#include "report/write.h"

#include <stdio.h>
#include <string.h>

#include "report/escape.h"
#include "base/utf8.h"

#define TEXT_COLUMN 11
#define MOST_COLUMNS 120
#define LEAST_COLUMNS 40

struct writer {
	const struct report_terminal *form;
	struct buf *out;
	int columns;        /* last usable one; the very last stays free */
	int wrap;           /* most lines of one text */
	int lines;
};

static const char *
colour_of(enum doc_tone tone)
{
	static const char *const codes[] = {
		[TONE_PLAIN] = "\033[1m", [TONE_GOOD] = "\033[1;32m", [TONE_BAD] = "\033[1;31m",
		[TONE_WARN] = "\033[1;33m", [TONE_QUIET] = "\033[2m",
	};
	return codes[tone];
}

static void
blanks(struct writer *w, int n)
{
	for (; n > 0; n--)
		buf_putc(w->out, ' ');
}

static void
end_line(struct writer *w)
{
	while (w->out->size && w->out->data[w->out->size - 1] == ' ')
		w->out->data[--w->out->size] = '\0';
	buf_putc(w->out, '\n');
	w->lines++;
}

/* The bytes of `s` that fit into `columns`. */
static size_t
fitting(const char *s, int columns)
{
	const char *at = s, *end = s;
	for (uint32_t c; (c = utf8_next(&at)) && (columns -= utf8_width(c)) >= 0;)
		end = at;
	return (size_t)(end - s);
}

/* `s` cut to `columns`, padded to them when `pad`. */
static void
put_cut(struct writer *w, const char *s, int columns, bool pad)
{
	const char *more = w->form->utf8 ? "\xe2\x80\xa6" : "...";
	int width = utf8_columns(s);

	if (width <= columns) {
		buf_puts(w->out, s);
	} else {
		bool room = columns > utf8_columns(more);
		size_t n = fitting(s, room ? columns - utf8_columns(more) : columns);
		buf_append(w->out, s, n);
		if (room)
			buf_puts(w->out, more);
		width = columns;   /* a wide character that did not fit leaves a blank less: harmless */
	}
	if (pad)
		blanks(w, columns - width);
}

/* Where to break a text that is too wide: behind the last blank that fits, else at its end. */
static size_t
break_at(const char *s, int columns)
{
	size_t n = fitting(s, columns), at = n;

	while (at > n / 2 && s[at] != ' ')
		at--;
	return s[at] == ' ' ? at : n;
}

/* Text from the current column `at` on, further lines at TEXT_COLUMN. */
static void
put_wrapped(struct writer *w, const char *raw, int at)
{
	struct buf b = { 0 };
	escape_terminal(&b, raw, w->form->utf8);
	const char *s = buf_text(&b);

	for (int line = 1; line < w->wrap && utf8_columns(s) > w->columns - at; line++) {
		size_t n = break_at(s, w->columns - at);
		if (!n)
			break;
		buf_append(w->out, s, n);
		end_line(w);
		s += n + strspn(s + n, " ");
		at = TEXT_COLUMN;
		blanks(w, at);
	}
	put_cut(w, s, w->columns - at, false);
	end_line(w);
	buf_done(&b);
}

/* Title in the left column; returns the column that the text may begin at. */
static int
put_title(struct writer *w, const char *title, enum doc_tone tone)
{
	int width = utf8_columns(title);

	blanks(w, 2);
	if (w->form->colour)
		buf_puts(w->out, colour_of(tone));
	for (const char *c = title; *c; c++)
		buf_putc(w->out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
	if (w->form->colour)
		buf_puts(w->out, "\033[0m");
	int at = 2 + width + 2 > TEXT_COLUMN ? 2 + width + 2 : TEXT_COLUMN;
	blanks(w, at - 2 - width);
	return at;
}

static void
put_lead(struct writer *w, const struct doc_section *s)
{
	int at = put_title(w, s->title, s->tone);
	bool beside = s->aside && at + utf8_columns(s->lead) + 3 + utf8_columns(s->aside) <= w->columns;
	struct buf b = { 0 };

	buf_puts(&b, s->lead);
	if (beside)
		buf_printf(&b, "   %s", s->aside);
	put_wrapped(w, buf_text(&b), at);
	buf_done(&b);
	if (s->aside && !beside) {
		blanks(w, TEXT_COLUMN);
		put_wrapped(w, s->aside, TEXT_COLUMN);
	}
}

/* ---- tables -------------------------------------------------------------------------------- */

static void
put_cell(struct writer *w, const char *text, int columns, bool pad)
{
	struct buf b = { 0 };
	escape_terminal(&b, text, w->form->utf8);
	put_cut(w, buf_text(&b), columns, pad);
	buf_done(&b);
}

/* The width that the column without one gets. */
static int
rest_of(const struct writer *w, const struct doc_table *t)
{
	int rest = w->columns - 4;
	for (size_t i = 0; i < t->n_columns; i++)
		rest -= t->columns[i].width + (i ? 2 : 0);
	return rest > 8 ? rest : 8;
}

/* One line of a row. Where texts may wrap, what does not fit into the column without a width goes
 * to `ret_rest`. */
static void
put_row_line(struct writer *w, const struct doc_table *t, const struct doc_cell *cells,
    struct buf *ret_rest)
{
	int at = 4, flexible = rest_of(w, t);

	blanks(w, 4);
	for (size_t i = 0; i < t->n_columns && at < w->columns; i++) {
		int width = t->columns[i].width ? t->columns[i].width : flexible;
		if (i) {
			blanks(w, 2);
			at += 2;
		}
		width = width > w->columns - at ? w->columns - at : width;
		if (t->columns[i].width || w->wrap == 1 || utf8_columns(cells[i].text) <= width) {
			put_cell(w, cells[i].text, width, true);
		} else {
			size_t n = break_at(cells[i].text, width);
			buf_append(ret_rest, cells[i].text, n);
			put_cell(w, buf_text(ret_rest), width, true);
			buf_clear(ret_rest);
			buf_puts(ret_rest, cells[i].text + n + strspn(cells[i].text + n, " "));
		}
		at += width;
	}
	end_line(w);
}

static void
put_row(struct writer *w, const struct doc_table *t, const struct doc_cell *cells)
{
	struct buf rest = { 0 };
	int at = 4;

	put_row_line(w, t, cells, &rest);
	for (size_t i = 0; i < t->n_columns && t->columns[i].width; i++)
		at += t->columns[i].width + 2;
	if (rest.size && at < w->columns) {
		blanks(w, at);
		put_cell(w, rest.data, w->columns - at, false);
		end_line(w);
	}
	buf_done(&rest);
}

/* The head stands on the line of the section's title, columns where the rows have them. */
static void
put_table(struct writer *w, const struct doc_section *s, const struct doc_table *t)
{
	int at = put_title(w, s->title, TONE_PLAIN), start = 4, rest = rest_of(w, t);

	for (size_t i = 0; i < t->n_columns; i++) {
		start += i ? 2 : 0;
		if (*t->columns[i].title && start >= at && start < w->columns) {
			blanks(w, start - at);
			put_cell(w, t->columns[i].title, w->columns - start, false);
			at = start + utf8_columns(t->columns[i].title);
		}
		start += t->columns[i].width ? t->columns[i].width : rest;
	}
	end_line(w);
	for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
		put_row(w, t, &t->cells[i]);
}

/* ---- the document -------------------------------------------------------------------------- */

static void
put_pairs(struct writer *w, const struct doc_block *b)
{
	for (size_t i = 0; i < b->n_pairs; i++) {
		blanks(w, 2);
		put_cell(w, b->pairs[i].name, TEXT_COLUMN - 3, true);
		blanks(w, 1);
		put_wrapped(w, b->pairs[i].value, TEXT_COLUMN);
	}
}

static void
put_section(struct writer *w, const struct doc_section *s)
{
	if (s->lead)
		put_lead(w, s);
	for (size_t i = 0; i < s->n_blocks; i++) {
		const struct doc_block *b = &s->blocks[i];
		if (b->kind == DOC_TABLE) {
			put_table(w, s, b->table);
		} else if (b->kind == DOC_PAIRS) {
			put_pairs(w, b);
		} else if (b->text) {
			blanks(w, TEXT_COLUMN);
			put_wrapped(w, b->text, TEXT_COLUMN);
		}
	}
}

static int
put_all(struct writer *w, const struct doc *d)
{
	for (size_t i = 0; i < d->n_sections; i++) {
		const struct doc_section *s = &d->sections[i];
		if (!s->lead && !s->n_blocks)
			continue;
		if (w->lines)
			end_line(w);
		put_section(w, s);
	}
	return w->lines;
}

void
write_terminal(const struct doc *d, const struct report_terminal *t, struct buf *out)
{
	int columns = t->columns <= 0 ? 80 : t->columns;
	columns = columns > MOST_COLUMNS ? MOST_COLUMNS : columns < LEAST_COLUMNS ? LEAST_COLUMNS
	    : columns;

	for (int wrap = 3; wrap > 0; wrap--) {
		struct buf b = { 0 };
		struct writer w = { t, &b, columns - 1, wrap, 0 };
		bool fits = put_all(&w, d) <= TERMINAL_LINES - 1;   /* one line is the next prompt's */
		if (fits || wrap == 1)
			buf_append(out, b.data, b.size);
		buf_done(&b);
		if (fits)
			return;
	}
}
