/* SPDX-License-Identifier: MIT */
/* The Markdown short form. Only section titles are headings of the third level: programs count
 * them. Charts that say nothing a table does not are left out. */
#include "report/write.h"

#include "report/escape.h"

static void
put_line(struct buf *out, const char *before, const char *text, const char *after)
{
	buf_puts(out, before);
	escape_markdown(out, text);
	buf_puts(out, after);
}

static void
put_list(struct buf *out, const struct doc_block *b)
{
	for (size_t i = 0; i < b->n_items; i++) {
		if (b->kind == DOC_TREE)
			for (size_t k = 0; k < i; k++)
				buf_puts(out, "  ");
		if (b->kind == DOC_STEPS)
			buf_printf(out, "%zu. ", i + 1);
		else
			buf_puts(out, "- ");
		put_line(out, "", b->items[i], "\n");
	}
	buf_putc(out, '\n');
}

/* A question a level; the answer that was taken stands out. */
static void
put_path(struct buf *out, const struct doc_block *b)
{
	for (size_t i = 0; i < b->n_forks; i++) {
		const struct run_fork *k = &b->forks[i];
		for (size_t in = 0; in < i; in++)
			buf_puts(out, "  ");
		put_line(out, "- ", k->question ? k->question : "-", "");
		for (size_t j = 0; j < k->n_branches; j++) {
			const struct run_branch *branch = &k->branches[j];
			put_line(out, j ? ", " : " ", "", branch->took ? "**" : "");
			put_line(out, "", branch->answer ? branch->answer : "-", branch->took ? "**" : "");
			if (branch->figure)
				put_line(out, " (", branch->figure, ")");
		}
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
}

static void
put_pairs(struct buf *out, const struct doc_block *b)
{
	for (size_t i = 0; i < b->n_pairs; i++) {
		put_line(out, "- ", b->pairs[i].name, ": ");
		put_line(out, "", b->pairs[i].value, "\n");
	}
	buf_putc(out, '\n');
}

static void
put_row(struct buf *out, const struct doc_table *t, const struct doc_cell *cells)
{
	buf_putc(out, '|');
	for (size_t i = 0; i < t->n_columns; i++) {
		buf_putc(out, ' ');
		if (cells[i].code)
			escape_markdown_span(out, cells[i].text);
		else
			escape_markdown(out, cells[i].text);
		buf_puts(out, " |");
	}
	buf_putc(out, '\n');
}

static void
put_table(struct buf *out, const struct doc_table *t)
{
	if (t->caption)
		put_line(out, "", t->caption, ":\n\n");
	buf_putc(out, '|');
	for (size_t i = 0; i < t->n_columns; i++)
		put_line(out, " ", t->columns[i].title, " |");
	buf_puts(out, "\n|");
	for (size_t i = 0; i < t->n_columns; i++)
		buf_puts(out, t->columns[i].right ? "---:|" : "---|");
	buf_putc(out, '\n');
	for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
		put_row(out, t, &t->cells[i]);
	buf_putc(out, '\n');
	if (t->left_out)
		buf_printf(out, "%zu more in run.json.\n\n", t->left_out);
}

static void
put_stack(struct buf *out, const struct doc_stack *chart)
{
	put_line(out, "", chart->title, ":\n\n");
	for (size_t i = 0; i < chart->n_rows; i++) {
		const struct doc_stack_row *row = &chart->rows[i];
		put_line(out, "- ", row->label, "");
		put_line(out, " (", row->value, "): ");
		for (size_t k = 0; k < row->n_shares && k < 5; k++) {
			buf_printf(out, "%s%s ", k ? ", " : "", row->shares[k].text);
			escape_markdown(out, row->shares[k].label);
		}
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
}

static void
put_block(struct buf *out, const struct doc_block *b)
{
	switch (b->kind) {
	case DOC_TEXT:
	case DOC_NOTE:
		put_line(out, "", b->text, "\n\n");
		break;
	case DOC_HEADING:
		put_line(out, "**", b->text, "**\n\n");
		break;
	case DOC_LIST:
	case DOC_STEPS:
	case DOC_TREE:
		put_list(out, b);
		break;
	case DOC_PAIRS:
		put_pairs(out, b);
		break;
	case DOC_TABLE:
		put_table(out, b->table);
		break;
	case DOC_CODE:
		escape_markdown_block(out, b->text);
		buf_putc(out, '\n');
		break;
	case DOC_STACK:
		put_stack(out, b->stack);
		break;
	case DOC_PATH:
		put_path(out, b);
		break;
	case DOC_LINES:
	case DOC_BARS:
	case DOC_SPARKS:
	case DOC_FLAME:
	case DOC_EFFECTS:
	case DOC_TIMELINES:
	case DOC_MAP:
		break;
	}
}

void
write_markdown(const struct doc *d, struct buf *out)
{
	buf_puts(out, "## Performance Analysis\n\n");
	put_line(out, "**", d->verdict, ".** ");
	put_line(out, "", d->headline, "\n\n");
	put_line(out, "", d->meta, "\n\n");
	for (size_t i = 0; i < d->n_sections; i++) {
		const struct doc_section *s = &d->sections[i];
		put_line(out, "### ", s->title, "\n\n");
		if (s->lead)
			put_line(out, "", s->lead, "\n\n");
		for (size_t k = 0; k < s->n_blocks; k++)
			put_block(out, &s->blocks[k]);
	}
}
