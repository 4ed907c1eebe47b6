/* SPDX-License-Identifier: MIT */
/* Completions for three shells. The scripts hold the words; what they complete after an option
 * follows from its argument: a choice, a FILE or a DIR. */
#include <string.h>

#include "cli/help.h"
#include "cli/options.h"

enum value { VALUE_NONE, VALUE_FREE, VALUE_CHOICE, VALUE_FILE, VALUE_DIR };

static enum value
value_of(const struct setting *row)
{
	if (!row->argument)
		return VALUE_NONE;
	if (row->choices)
		return VALUE_CHOICE;
	return strcmp(row->argument, "FILE") == 0 ? VALUE_FILE
	    : strcmp(row->argument, "DIR") == 0 ? VALUE_DIR : VALUE_FREE;
}

static void
write_choices(struct buf *out, const struct setting *row)
{
	for (size_t i = 0; row->choices[i]; i++)
		buf_printf(out, "%s%s", i ? " " : "", row->choices[i]);
}

/* Text inside '...' of a shell. */
static void
write_quoted(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *text);
}

static void
bash_values(struct buf *out, const struct command *c)
{
	const struct setting *rows[OPTIONS_MAX];
	size_t n = options_of(c, rows);

	for (size_t i = 0; i < n; i++) {
		enum value value = value_of(rows[i]);
		if (value == VALUE_NONE)
			continue;
		buf_printf(out, "\t%s:--%s", c->name, rows[i]->name);
		if (rows[i]->letter)
			buf_printf(out, "|%s:-%c", c->name, rows[i]->letter);
		buf_puts(out, ") ");
		if (value == VALUE_CHOICE) {
			buf_puts(out, "COMPREPLY=($(compgen -W '");
			write_choices(out, rows[i]);
			buf_puts(out, "' -- \"$word\"))");
		} else if (value == VALUE_FREE) {
			buf_puts(out, "COMPREPLY=()");
		} else {
			buf_printf(out, "COMPREPLY=($(compgen -%c -- \"$word\"))",
			    value == VALUE_DIR ? 'd' : 'f');
		}
		buf_puts(out, "; return ;;\n");
	}
}

static void
bash_options(struct buf *out, const struct command *c)
{
	const struct setting *rows[OPTIONS_MAX];
	size_t n = options_of(c, rows);

	buf_printf(out, "\t%s) options='", c ? c->name : "*");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s--%s", i ? " " : "", rows[i]->name);
		if (rows[i]->letter)
			buf_printf(out, " -%c", rows[i]->letter);
	}
	buf_puts(out, "' ;;\n");
}

static void
write_bash(struct buf *out)
{
	buf_puts(out, "# bash completion for prony\n_prony() {\n"
	              "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	              "\tlocal command= options i\n"
	              "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	              "\t\tcase ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; esac\n"
	              "\tdone\n"
	              "\tif [[ -z $command && $word != -* ]]; then\n\t\tCOMPREPLY=($(compgen -W '");
	for (size_t i = 0; commands[i]; i++)
		buf_printf(out, "%s%s", i ? " " : "", commands[i]->name);
	buf_puts(out, "' -- \"$word\")); return\n\tfi\n\tcase $command:$before in\n");
	for (size_t i = 0; commands[i]; i++)
		bash_values(out, commands[i]);
	buf_puts(out, "\tesac\n\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++)
		bash_options(out, commands[i]);
	bash_options(out, NULL);
	buf_puts(out, "\tesac\n"
	              "\tif [[ $word == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
	              "\telse COMPREPLY=($(compgen -f -- \"$word\")); fi\n"
	              "}\ncomplete -o filenames -F _prony prony\n");
}

/* Text inside [...] of a zsh option description. */
static void
zsh_description(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else if (strchr("[]:\\", *text))
			buf_printf(out, "\\%c", *text);
		else
			buf_putc(out, *text);
	}
}

static void
zsh_option(struct buf *out, const struct setting *row)
{
	enum value value = value_of(row);

	for (int letter = row->letter ? 1 : 0; letter >= 0; letter--) {
		buf_puts(out, " \\\n\t\t\t'");
		if (row->repeats)
			buf_putc(out, '*');
		if (letter)
			buf_printf(out, "-%c[", row->letter);
		else
			buf_printf(out, "--%s%s[", row->name, value == VALUE_NONE ? "" : "=");
		zsh_description(out, row->about);
		buf_putc(out, ']');
		if (value != VALUE_NONE) {
			buf_putc(out, ':');
			zsh_description(out, row->argument);
			buf_putc(out, ':');
		}
		if (value == VALUE_CHOICE) {
			buf_putc(out, '(');
			write_choices(out, row);
			buf_putc(out, ')');
		} else if (value == VALUE_FILE || value == VALUE_DIR) {
			buf_puts(out, value == VALUE_DIR ? "_files -/" : "_files");
		}
		buf_putc(out, '\'');
	}
}

static void
write_zsh(struct buf *out)
{
	buf_puts(out, "#compdef prony\n_prony() {\n\tlocal -a commands\n\tcommands=(\n");
	for (size_t i = 0; commands[i]; i++) {
		buf_printf(out, "\t\t'%s:", commands[i]->name);
		zsh_description(out, commands[i]->about);
		buf_puts(out, "'\n");
	}
	buf_puts(out, "\t)\n\tif (( CURRENT == 2 )); then _describe command commands; return; fi\n"
	              "\tlocal command=$words[2]\n\tshift words; (( CURRENT-- ))\n\tcase $command in\n");
	for (size_t i = 0; commands[i]; i++) {
		const struct setting *rows[OPTIONS_MAX];
		size_t n = options_of(commands[i], rows);
		buf_printf(out, "\t%s)\n\t\t_arguments", commands[i]->name);
		for (size_t j = 0; j < n; j++)
			zsh_option(out, rows[j]);
		buf_puts(out, " \\\n\t\t\t'*:target:_files' ;;\n");
	}
	buf_puts(out, "\tesac\n}\n"
	              "# Loaded from $fpath this file is the function's first call, sourced it is not.\n"
	              "if [[ $funcstack[1] == _prony ]]; then _prony \"$@\"\n"
	              "else compdef _prony prony; fi\n");
}

static void
fish_option(struct buf *out, const struct command *c, const struct setting *row)
{
	enum value value = value_of(row);

	buf_printf(out, "complete -c prony -n '__fish_seen_subcommand_from %s' -l %s", c->name, row->name);
	if (row->letter)
		buf_printf(out, " -s %c", row->letter);
	if (value == VALUE_CHOICE) {
		buf_puts(out, " -x -a '");
		write_choices(out, row);
		buf_putc(out, '\'');
	} else if (value != VALUE_NONE) {
		buf_puts(out, value == VALUE_FREE ? " -x" : " -r");
	}
	buf_puts(out, " -d '");
	for (const char *t = row->about; *t; t++)
		buf_printf(out, "%s%c", *t == '\'' || *t == '\\' ? "\\" : "", *t);
	buf_puts(out, "'\n");
}

static void
write_fish(struct buf *out)
{
	buf_puts(out, "# fish completion for prony\n");
	for (size_t i = 0; commands[i]; i++) {
		const struct setting *rows[OPTIONS_MAX];
		size_t n = options_of(commands[i], rows);
		buf_printf(out, "complete -c prony -n __fish_use_subcommand -f -a %s -d '", commands[i]->name);
		write_quoted(out, commands[i]->about);
		buf_puts(out, "'\n");
		for (size_t j = 0; j < n; j++)
			fish_option(out, commands[i], rows[j]);
	}
}

void
completion_write(enum shell shell, struct buf *out)
{
	if (shell == SHELL_BASH)
		write_bash(out);
	else if (shell == SHELL_ZSH)
		write_zsh(out);
	else
		write_fish(out);
}
