/* SPDX-License-Identifier: MIT */
/* GNU-style options over the setting rows: --name=value, --name value, -x value, -xvalue, flags
 * together (-qv), `--` ends them. Options may stand before, between and after words. */
#include "cli/options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"

#define SPEC_FILE "prony.yaml"

static size_t
add_rows(const struct setting *table, unsigned groups, const struct setting **ret, size_t n)
{
	for (const struct setting *row = table; row->name && n < OPTIONS_MAX; row++)
		if (row->groups & groups)
			ret[n++] = row;
	return n;
}

size_t
options_of(const struct command *c, const struct setting *ret[OPTIONS_MAX])
{
	size_t n = 0;

	if (c) {
		n = add_rows(spec_settings, c->settings, ret, n);
		n = add_rows(cli_settings, c->settings & ~(unsigned)SETTINGS_GLOBAL, ret, n);
	}
	return add_rows(cli_settings, SETTINGS_GLOBAL, ret, n);
}

void
option_spell(const struct setting *row, struct buf *out)
{
	if (row->letter)
		buf_printf(out, "-%c, ", row->letter);
	buf_printf(out, "--%s", row->name);
	if (row->argument)
		buf_printf(out, " %s", row->argument);
}

int
command_find(const char *name, const struct command **ret, struct err *e)
{
	struct nearest near = { .word = name };

	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			*ret = commands[i];
			return 0;
		}
		nearest_try(&near, commands[i]->name);
	}
	int code = err_usage(e, "unknown command '%s'", name);
	if (near.best)
		err_hint(e, "did you mean 'prony %s'?", near.best);
	else if (strstr(name, "://"))
		err_hint(e, "say what to do with it: prony check %.200s", name);
	err_hint(e, "'prony help' lists the commands");
	return code;
}

static const struct setting *
find_long(const struct invocation *in, const char *name, size_t size)
{
	const struct setting *rows[OPTIONS_MAX];
	size_t n = options_of(in->command, rows);

	for (size_t i = 0; i < n; i++)
		if (strlen(rows[i]->name) == size && memcmp(rows[i]->name, name, size) == 0)
			return rows[i];
	return NULL;
}

static const struct setting *
find_letter(const struct invocation *in, char letter)
{
	const struct setting *rows[OPTIONS_MAX];
	size_t n = options_of(in->command, rows);

	for (size_t i = 0; i < n; i++)
		if (rows[i]->letter == letter)
			return rows[i];
	return NULL;
}

static int
refuse_option(const struct invocation *in, const char *name, size_t size, struct err *e)
{
	const struct setting *rows[OPTIONS_MAX];
	size_t n = options_of(in->command, rows);
	char word[64];
	struct nearest near = { .word = word };
	const char *command = in->command ? in->command->name : NULL;

	size_t used = size < sizeof(word) - 1 ? size : sizeof(word) - 1;
	memcpy(word, name, used);
	word[used] = '\0';
	for (size_t i = 0; i < n; i++)
		nearest_try(&near, rows[i]->name);
	int code = err_usage(e, "unknown option '--%s'%s%s", word, command ? " of prony " : "",
	    command ? command : "");
	if (near.best)
		err_hint(e, "did you mean '--%s'?", near.best);
	else if (command)
		err_hint(e, "'prony %s --help' lists its options", command);
	err_hint(e, "options of a command stand after it; 'prony help' lists the commands");
	return code;
}

static int
store(struct invocation *in, const struct setting *row, const char *text, struct err *e)
{
	bool of_spec = false;

	for (const struct setting *of = spec_settings; of->name && !of_spec; of++)
		of_spec = of == row;
	int code = of_spec ? spec_flag(in->spec, row, text, e)
	                   : setting_store(row, in->spec->arena, in, text, e);
	return code < 0 ? err_wrap(e, code, "--%s", row->name) : 0;
}

static int
refuse_missing(const struct setting *row, struct err *e)
{
	int code = err_usage(e, "--%s: its %s is missing", row->name, row->argument);
	const char *example = row->example ? row->example : row->preset;
	err_hint(e, "write it as in --%s %s", row->name, example);
	return code;
}

/* "--name=value" or "--name" with the value in the next word; *i moves on when it is used. */
static int
parse_long(struct invocation *in, int argc, char **argv, int *i, struct err *e)
{
	const char *name = argv[*i] + 2;
	size_t size = strcspn(name, "=");
	const char *value = name[size] ? name + size + 1 : NULL;
	const struct setting *row = find_long(in, name, size);

	if (!row)
		return refuse_option(in, name, size, e);
	if (row->kind == SETTING_FLAG && value) {
		int code = err_usage(e, "--%s takes no value", row->name);
		err_hint(e, "leave out '=%.100s'", value);
		return code;
	}
	if (row->kind == SETTING_FLAG)
		return store(in, row, "true", e);
	if (!value) {
		if (*i + 1 >= argc)
			return refuse_missing(row, e);
		value = argv[++*i];
	}
	return store(in, row, value, e);
}

/* "-qv", "-r20k/s", "-r 20k/s". */
static int
parse_letters(struct invocation *in, int argc, char **argv, int *i, struct err *e)
{
	for (const char *letter = argv[*i] + 1; *letter; letter++) {
		const struct setting *row = find_letter(in, *letter);
		int code;
		if (!row) {
			code = err_usage(e, "unknown option '-%c'", *letter);
			err_hint(e, "'prony %s%s--help' lists the options", in->command ? in->command->name : "",
			    in->command ? " " : "");
			return code;
		}
		if (row->kind != SETTING_FLAG) {
			if (letter[1])
				return store(in, row, letter + 1, e);
			return *i + 1 < argc ? store(in, row, argv[++*i], e) : refuse_missing(row, e);
		}
		code = store(in, row, "true", e);
		if (code < 0)
			return code;
	}
	return 0;
}

/* "load suite" is suite. */
static const struct command *
command_within(const struct command *outer, const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (commands[i]->within && strcmp(commands[i]->within, outer->name) == 0 &&
		    strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int
take_word(struct invocation *in, const char *word, struct err *e)
{
	if (!in->command)
		return command_find(word, &in->command, e);
	const struct command *inner = in->n_words ? NULL : command_within(in->command, word);
	if (inner) {
		in->command = inner;
		return 0;
	}
	*ARENA_PUSH(in->spec->arena, in->words, in->n_words) = word;
	return 0;
}

int
options_parse(struct invocation *in, int argc, char **argv, struct err *e)
{
	bool words_only = false;

	for (int i = 1; i < argc; i++) {
		int code;
		if (words_only || argv[i][0] != '-' || !argv[i][1])
			code = take_word(in, argv[i], e);
		else if (strcmp(argv[i], "--") == 0)
			code = 0, words_only = true;
		else if (argv[i][1] == '-')
			code = parse_long(in, argc, argv, &i, e);
		else
			code = parse_letters(in, argc, argv, &i, e);
		if (code < 0)
			return code;
	}
	return 0;
}

static bool
is_file_word(const char *word)
{
	size_t n = strlen(word);
	return !strstr(word, "://") && ((n > 5 && strcmp(word + n - 5, ".yaml") == 0) ||
	    (n > 4 && strcmp(word + n - 4, ".yml") == 0));
}

/* --spec, else prony.yaml, when it is there and may be meant. */
static int
read_spec_file(struct invocation *in, bool may_be_meant, struct err *e)
{
	if (in->spec_file)
		return spec_load(in->spec, in->spec_file, e);
	return may_be_meant && access(SPEC_FILE, F_OK) == 0 ? spec_load(in->spec, SPEC_FILE, e) : 0;
}

/* Words are flags in disguise; files come after all flags, so that flags win. */
static int
read_targets(struct invocation *in, struct err *e)
{
	const struct spec *s = in->spec;
	bool named = in->spec_file || s->scenario_file || s->from || s->n_urls || s->pid || s->unit || s->join;
	int code = 0;

	for (int files = 0; files < 2; files++)
		for (size_t i = 0; i < in->n_words && code == 0; i++)
			if (is_file_word(in->words[i]) == files)
				code = spec_word(in->spec, in->words[i], e);
	if (code == 0)
		code = read_spec_file(in, !named && !in->n_words, e);
	if (code == 0)
		code = cli_take_scenario(in, e);
	return code < 0 ? code : spec_check(in->spec, e);
}

static int
check_count(const struct invocation *in, struct err *e)
{
	const struct command *c = in->command;

	if (in->n_words <= c->max_words)
		return 0;
	int code = err_usage(e, "prony %s: '%s' is one word too many", c->name, in->words[c->max_words]);
	err_hint(e, "usage: prony %s %s", c->name, c->arguments ? c->arguments : "");
	return code;
}

/* Services that run are named by their URLs; for the others prony.yaml says how they are started. */
static int
read_arms(struct invocation *in, struct err *e)
{
	size_t urls = 0;

	int code = check_count(in, e);
	for (size_t i = 0; i < in->n_words; i++)
		urls += strstr(in->words[i], "://") && !strstr(in->words[i], "{port}");
	if (code == 0)
		code = read_spec_file(in, urls < in->n_words, e);
	if (code == 0)
		code = cli_take_scenario(in, e);
	return code < 0 ? code : spec_preset(in->spec, e);
}

/* Steps of a plan and URLs. What the load is may be said only later, by the plan's own run. */
static int
read_steps(struct invocation *in, struct err *e)
{
	size_t n = 0;
	int code = check_count(in, e);

	for (size_t i = 0; i < in->n_words && code == 0; i++)
		if (strstr(in->words[i], "://"))
			code = spec_word(in->spec, in->words[i], e);
		else
			in->words[n++] = in->words[i];
	in->n_words = n;
	if (code == 0)
		code = read_spec_file(in, !in->spec->n_urls, e);
	if (code == 0)
		code = cli_take_scenario(in, e);
	return code < 0 ? code : spec_preset(in->spec, e);
}

int
options_finish(struct invocation *in, struct err *e)
{
	const struct command *c = in->command;

	if (c->words == WORDS_TARGETS)
		return read_targets(in, e);
	if (c->words == WORDS_ARMS)
		return read_arms(in, e);
	if (c->words == WORDS_STEPS)
		return read_steps(in, e);
	int code = check_count(in, e);
	return code < 0 ? code : spec_preset(in->spec, e);
}
