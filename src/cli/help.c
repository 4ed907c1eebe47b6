/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"

#define WIDTH        79
#define TEXT_COLUMN  26    /* of an option's sentence */

const struct help_status help_statuses[] = {
	{ STATUS_OK, "target met, or nothing worse" },
	{ STATUS_MISSED, "target missed, or something is worse" },
	{ STATUS_USAGE, "wrong flag, spec or configuration" },
	{ STATUS_INCONCLUSIVE, "inconclusive: the data allow no conclusion" },
	{ STATUS_NOT_MEASURED, "could not measure: unreachable, no permission, the service died" },
	{ STATUS_SAFETY_STOP, "stopped to protect the service or the host" },
	{ STATUS_TAKEN_BACK, "fix not proven, taken back" },
	{ STATUS_BUG, "prony itself is wrong" },
	{ 0, NULL },
};

/* Words of `text` from column `at` on, lines broken before WIDTH and begun at `indent`. An empty
 * line begins a paragraph. */
static void
write_wrapped(struct buf *out, const char *text, size_t at, size_t indent)
{
	for (;;) {
		size_t blanks = strspn(text, " \n"), size;
		bool paragraph = blanks >= 2 && memchr(text, '\n', blanks);
		text += blanks;
		size = strcspn(text, " \n");
		if (!size)
			return;
		if (paragraph || at + 1 + size > WIDTH) {
			buf_printf(out, "%s\n%*s", paragraph ? "\n" : "", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			buf_putc(out, ' ');
			at++;
		}
		buf_append(out, text, size);
		at += size;
		text += size;
	}
}

static void
write_option(struct buf *out, const struct setting *row)
{
	size_t before = out->size;

	buf_puts(out, row->letter ? "  " : "      ");
	option_spell(row, out);
	size_t at = out->size - before;
	if (at + 2 > TEXT_COLUMN) {
		buf_putc(out, '\n');
		at = 0;
	}
	buf_printf(out, "%*s", (int)(TEXT_COLUMN - at), "");
	char about[512];
	snprintf(about, sizeof(about), "%s%s%s%s%s", row->about, row->repeats ? " (repeat)" : "",
	    row->preset ? " (preset " : "", row->preset ? row->preset : "", row->preset ? ")" : "");
	write_wrapped(out, about, TEXT_COLUMN, TEXT_COLUMN);
	buf_putc(out, '\n');
}

static void
write_options(struct buf *out, const struct command *c)
{
	const struct setting *rows[OPTIONS_MAX];
	size_t n = options_of(c, rows);

	buf_puts(out, "\noptions:\n");
	for (size_t i = 0; i < n; i++)
		write_option(out, rows[i]);
}

static void
write_statuses(struct buf *out)
{
	buf_puts(out, "\nexit status:\n");
	for (const struct help_status *s = help_statuses; s->about; s++)
		buf_printf(out, "  %-4d%s\n", s->status, s->about);
}

void
help_version(const struct command *c, struct buf *out)
{
	buf_puts(out, "prony " PRONY_VERSION "\n");
}

void
help_overview(bool all, struct buf *out)
{
	buf_puts(out, "prony: the dynamometer for services: load it, find the limit, fix it, prove it.\n"
	              "\nusage: prony COMMAND [options] [TARGET...]\n\n");
	for (int plumbing = 0; plumbing <= (all ? 1 : 0); plumbing++) {
		if (plumbing)
			buf_puts(out, "\nfor scripts and specialists:\n");
		for (size_t i = 0; commands[i]; i++)
			if (commands[i]->plumbing == plumbing)
				buf_printf(out, "  %-12s%s\n", commands[i]->name, commands[i]->about);
	}
	write_options(out, NULL);
	buf_puts(out, "\n'prony COMMAND --help' tells more of each");
	buf_puts(out, all ? ".\n" : ", 'prony help --all' lists every command.\n");
}

void
help_write(const struct command *c, struct buf *out)
{
	if (!c) {
		help_overview(false, out);
		return;
	}
	buf_printf(out, "prony %s:", c->name);
	write_wrapped(out, c->about, strlen(c->name) + 7, 2);
	buf_printf(out, "\n\nusage: prony %s [options]%s%s\n", c->name, c->arguments ? " " : "",
	    c->arguments ? c->arguments : "");
	if (c->details) {
		buf_putc(out, '\n');
		write_wrapped(out, c->details, 0, 0);
		buf_putc(out, '\n');
	}
	write_options(out, c);
	if (c->examples)
		buf_puts(out, "\nexamples:\n");
	for (const char *const *example = c->examples; example && *example; example += 2)
		buf_printf(out, "  %s\n      %s\n", example[0], example[1]);
	write_statuses(out);
}
