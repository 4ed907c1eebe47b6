/* SPDX-License-Identifier: MIT */
/* Manual pages in mdoc. Built pages carry the date of the release, so that builds repeat. */
#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "cli/help.h"
#include "cli/options.h"

#define MAN_DATE   "November 21, 2026"
#define LINE_WIDTH 76

/* A word of plain text: nothing in it may be taken for a request or an escape. */
static void
write_word(struct buf *out, const char *word, size_t size, bool line_begins)
{
	if (line_begins && (*word == '.' || *word == '\''))
		buf_puts(out, "\\&");
	for (size_t i = 0; i < size; i++) {
		if (word[i] == '\\')
			buf_puts(out, "\\e");
		else if (word[i] == '-' && i + 1 < size && word[i + 1] == '-')
			buf_puts(out, "\\-");
		else
			buf_putc(out, word[i]);
	}
}

/* Words, one sentence a line as mdoc wants it, long ones broken; an empty line begins a
 * paragraph. Leaves the last line open. */
static void
write_text(struct buf *out, const char *text)
{
	size_t at = 0;

	for (;;) {
		size_t blanks = strspn(text, " \n"), size;
		bool paragraph = blanks >= 2 && memchr(text, '\n', blanks);
		text += blanks;
		size = strcspn(text, " \n");
		if (!size)
			return;
		bool sentence = at && blanks && strchr(".?", text[-(ptrdiff_t)blanks - 1]);
		if (paragraph || sentence || at + 1 + size > LINE_WIDTH) {
			buf_puts(out, paragraph ? "\n.Pp\n" : "\n");
			at = 0;
		} else if (at) {
			buf_putc(out, ' ');
			at++;
		}
		write_word(out, text, size, at == 0);
		at += size;
		text += size;
	}
}

static void
write_prose(struct buf *out, const char *text)
{
	write_text(out, text);
	buf_putc(out, '\n');
}

/* An argument of a macro: quoted, so that blanks and macro names in it are text. */
static void
write_quoted(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_puts(out, "\\(dq");
		else if (*text == '\\')
			buf_puts(out, "\\e");
		else
			buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

static void
write_top(struct buf *out, const char *title, const char *section, const char *about)
{
	buf_puts(out, ".Dd " MAN_DATE "\n.Dt ");
	for (const char *c = title; *c; c++)
		buf_putc(out, (char)toupper((unsigned char)*c));
	buf_printf(out, " %s\n.Os\n.Sh NAME\n.Nm %s\n.Nd ", section, title);
	write_text(out, about);
	buf_putc(out, '\n');
}

/* "a sentence without a stop" becomes one. */
static void
write_sentence(struct buf *out, const char *about)
{
	struct buf sentence = { 0 };

	buf_printf(&sentence, "%c%s.", toupper((unsigned char)*about), about + 1);
	write_prose(out, buf_text(&sentence));
	buf_done(&sentence);
}

static void
write_row_text(struct buf *out, const struct setting *row)
{
	write_sentence(out, row->about);
	if (row->preset)
		buf_printf(out, "Preset: %s.\n", row->preset);
	if (row->repeats)
		buf_puts(out, "May be given several times.\n");
}

static void
write_options(struct buf *out, const struct command *c)
{
	const struct setting *rows[OPTIONS_MAX];
	size_t n = options_of(c, rows);

	buf_puts(out, ".Sh OPTIONS\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, ".It ");
		if (rows[i]->letter)
			buf_printf(out, "Fl %c , ", rows[i]->letter);
		buf_printf(out, "Fl -%s", rows[i]->name);
		if (rows[i]->argument) {
			buf_puts(out, " Ar ");
			write_quoted(out, rows[i]->argument);
		}
		buf_putc(out, '\n');
		write_row_text(out, rows[i]);
	}
	buf_puts(out, ".El\n");
}

static void
write_statuses(struct buf *out)
{
	buf_puts(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
	for (const struct help_status *s = help_statuses; s->about; s++) {
		buf_printf(out, ".It %d\n", s->status);
		write_sentence(out, s->about);
	}
	buf_puts(out, ".El\n");
}

static void
write_examples(struct buf *out, const char *const *examples)
{
	if (!examples)
		return;
	buf_puts(out, ".Sh EXAMPLES\n");
	for (; *examples; examples += 2) {
		write_sentence(out, examples[1]);
		buf_puts(out, ".Dl ");
		write_quoted(out, examples[0]);
		buf_putc(out, '\n');
	}
}

static void
write_command(const struct command *c, struct buf *out)
{
	char title[64] = "prony-";

	strncat(title, c->name, sizeof(title) - sizeof("prony-"));
	write_top(out, title, "1", c->about);
	buf_printf(out, ".Sh SYNOPSIS\n.Nm prony %s\n.Op Ar options\n", c->name);
	if (c->arguments) {
		buf_puts(out, ".Ar ");
		write_quoted(out, c->arguments);
		buf_putc(out, '\n');
	}
	buf_puts(out, ".Sh DESCRIPTION\n");
	if (c->details)
		write_prose(out, c->details);
	else
		write_sentence(out, c->about);
	write_options(out, c);
	write_statuses(out);
	write_examples(out, c->examples);
	buf_puts(out, ".Sh SEE ALSO\n.Xr prony 1 ,\n.Xr prony.yaml 5\n");
}

/* In name order, as mdoc wants it. */
static void
write_see_commands(struct buf *out)
{
	const char *last = "";

	buf_puts(out, ".Sh SEE ALSO\n");
	for (;;) {
		const char *next = NULL;
		for (size_t i = 0; commands[i]; i++)
			if (strcmp(commands[i]->name, last) > 0 && (!next || strcmp(commands[i]->name, next) < 0))
				next = commands[i]->name;
		if (!next)
			return;
		buf_printf(out, ".Xr prony-%s 1 ,\n", next);
		last = next;
	}
}

void
man_write(const struct command *c, struct buf *out)
{
	if (c) {
		write_command(c, out);
		return;
	}
	write_top(out, "prony", "1", "the dynamometer for services");
	buf_puts(out, ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Op Ar target ...\n"
	              ".Sh DESCRIPTION\n");
	write_prose(out, "prony loads a running service, names the one thing that limits it, and plans "
	    "what to do about it. Results go to stdout, progress and errors to stderr. Durations, rates "
	    "and sizes take units: 10s, 20k/s, 64MiB. SIGINT once ends the measurement and reports what "
	    "is there, twice quits.\n\nThe commands are:");
	buf_puts(out, ".Bl -tag -width completion\n");
	for (size_t i = 0; commands[i]; i++) {
		buf_printf(out, ".It Cm %s\n", commands[i]->name);
		write_sentence(out, commands[i]->about);
	}
	buf_puts(out, ".El\n");
	write_options(out, NULL);
	buf_puts(out, ".Sh ENVIRONMENT\n.Bl -tag -width CLICOLOR_FORCE\n"
	              ".It Ev NO_COLOR\nNo colours.\n"
	              ".It Ev PRONY_CORE\n1: an internal error may leave a core file.\n"
	              ".It Ev CLICOLOR_FORCE\nColours also where stdout is no terminal.\n.El\n"
	              ".Sh FILES\n.Bl -tag -width Ds\n"
	              ".It Pa .prony/runs/latest\nThe newest run.\n"
	              ".It Pa prony.yaml\nThe spec file that is read when no target is named.\n.El\n");
	write_statuses(out);
	write_see_commands(out);
	buf_puts(out, ".Xr prony.yaml 5\n");
}

void
man_write_spec(struct buf *out)
{
	write_top(out, "prony.yaml", "5", "what prony is to measure");
	buf_puts(out, ".Sh DESCRIPTION\n");
	write_prose(out, "A YAML file with the keys below, all optional; every one is also a flag, and "
	    "the flag wins. An unknown key is an error. Values are typed by their key alone: no is a name "
	    "where a name is expected. Keys with a dot are nested.");
	buf_puts(out, ".Bl -tag -width Ds\n");
	for (const struct setting *row = spec_settings; row->name; row++) {
		if (!row->key)
			continue;
		buf_printf(out, ".It Cm %s\n", row->key);
		write_sentence(out, row->about);
		buf_printf(out, "Flag: \\-\\-%s.\n", row->name);
		if (row->repeats)
			buf_puts(out, "A list, or a single value.\n");
		if (row->preset)
			buf_printf(out, "Preset: %s.\n", row->preset);
		if (row->example) {
			buf_puts(out, "Example: ");
			write_text(out, row->example);
			buf_puts(out, "\n");
		}
	}
	buf_puts(out, ".El\n.Sh SEE ALSO\n.Xr prony 1\n");
}
