/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "check.h"

/* Everything that is written from a command's rows. */
struct texts { struct buf help, man, bash, zsh, fish; };

static void
texts_write(const struct command *c, struct texts *t)
{
	memset(t, 0, sizeof(*t));
	help_write(c, &t->help);
	man_write(c, &t->man);
	completion_write(SHELL_BASH, &t->bash);
	completion_write(SHELL_ZSH, &t->zsh);
	completion_write(SHELL_FISH, &t->fish);
}

static void
texts_done(struct texts *t)
{
	buf_done(&t->help);
	buf_done(&t->man);
	buf_done(&t->bash);
	buf_done(&t->zsh);
	buf_done(&t->fish);
}

static void __attribute__((format(printf, 3, 4)))
assert_has(const struct buf *text, const char *where, const char *fmt, ...)
{
	char wanted[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(wanted, sizeof(wanted), fmt, ap);
	va_end(ap);
	if (!strstr(buf_text(text), wanted))
		fail_msg("%s lacks '%s'", where, wanted);
}

/* The options of one command of the bash script: the text between "NAME) options='" and "'". */
static void
bash_options_of(const struct buf *bash, const char *command, char *out, size_t size)
{
	char head[64];

	snprintf(head, sizeof(head), "\t%s) options='", command);
	const char *at = strstr(buf_text(bash), head);
	assert_non_null(at);
	at += strlen(head);
	snprintf(out, size, " %.*s ", (int)strcspn(at, "'"), at);
}

static void
every_option_is_told_everywhere(void **state)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		const struct setting *rows[OPTIONS_MAX];
		size_t n = options_of(c, rows);
		struct texts t;
		char bash[4096];

		texts_write(c, &t);
		bash_options_of(&t.bash, c->name, bash, sizeof(bash));
		for (size_t k = 0; k < n; k++) {
			char flag[64];
			struct buf spelt = { 0 };
			option_spell(rows[k], &spelt);
			assert_has(&t.help, c->name, "  %s", buf_text(&spelt));
			assert_has(&t.man, c->name, "Fl -%s", rows[k]->name);
			assert_has(&t.zsh, c->name, "--%s%s[", rows[k]->name, rows[k]->argument ? "=" : "");
			assert_has(&t.fish, c->name, "seen_subcommand_from %s' -l %s", c->name, rows[k]->name);
			snprintf(flag, sizeof(flag), " --%s ", rows[k]->name);
			if (!strstr(bash, flag))
				fail_msg("bash lacks prony %s%s", c->name, flag);
			buf_done(&spelt);
		}
		texts_done(&t);
	}
}

/* And nothing else: every "--word" of the help's options is a row. */
static void
help_tells_no_other_option(void **state)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct setting *rows[OPTIONS_MAX];
		size_t n = options_of(commands[i], rows);
		struct buf help = { 0 };

		help_write(commands[i], &help);
		const char *at = strstr(buf_text(&help), "\noptions:\n");
		const char *end = strstr(at, "\nexit status:\n");
		while ((at = strstr(at, "--")) && at < end) {
			size_t size = strspn(at + 2, "abcdefghijklmnopqrstuvwxyz0123456789-"), k = 0;
			while (k < n && (strlen(rows[k]->name) != size || memcmp(rows[k]->name, at + 2, size) != 0))
				k++;
			if (k == n)
				fail_msg("prony %s --help tells of '%.*s'", commands[i]->name, (int)size + 2, at);
			at += 2 + size;
		}
		buf_done(&help);
	}
}

static void
options_of_a_command_differ(void **state)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct setting *rows[OPTIONS_MAX];
		size_t n = options_of(commands[i], rows);
		assert_true(n < OPTIONS_MAX);
		for (size_t k = 0; k < n; k++)
			for (size_t m = 0; m < k; m++) {
				if (strcmp(rows[k]->name, rows[m]->name) == 0)
					fail_msg("prony %s has --%s twice", commands[i]->name, rows[k]->name);
				if (rows[k]->letter && rows[k]->letter == rows[m]->letter)
					fail_msg("prony %s has -%c twice", commands[i]->name, rows[k]->letter);
			}
	}
}

static void
help_fits_the_terminal(void **state)
{
	for (size_t i = 0; commands[i]; i++) {
		struct buf help = { 0 };
		help_write(commands[i], &help);
		for (const char *line = buf_text(&help); *line; line += strcspn(line, "\n") + 1)
			if (strcspn(line, "\n") > 90 || (strcspn(line, "\n") > 80 && strncmp(line, "  prony", 7) != 0))
				fail_msg("prony %s --help: %.*s", commands[i]->name, (int)strcspn(line, "\n"), line);
		buf_done(&help);
	}
}

/* ---- parsing ---- */

static struct invocation
fresh(void)
{
	return (struct invocation){ .spec = spec_new() };
}

static int
parse(struct invocation *in, struct err *e, const char *const *words)
{
	char program[] = "prony", *argv[16] = { program };
	int n = 1;

	for (; words[n - 1]; n++)
		argv[n] = (char *)words[n - 1];
	memset(e, 0, sizeof(*e));
	int code = options_parse(in, n, argv, e);
	return code < 0 || !in->command ? code : options_finish(in, e);
}

static void
options_are_read_in_every_spelling(void **state)
{
	static const char *const spellings[][5] = {
		{ "load", "http://127.0.0.1/", "--rate=20k/s" },
		{ "load", "http://127.0.0.1/", "--rate", "20k/s" },
		{ "load", "-r", "20k/s", "http://127.0.0.1/" }, { "load", "-r20k/s", "http://127.0.0.1/" },
		{ "-q", "load", "-r20k/s", "http://127.0.0.1/" },
		{ "load", "-qvr", "20k/s", "http://127.0.0.1/" },
		{ "load", "-r20k/s", "--", "http://127.0.0.1/" },
	};
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		struct invocation in = fresh();
		struct err e;
		if (parse(&in, &e, spellings[i]) < 0)
			fail_msg("row %zu: %s", i, e.text);
		CHECK_NEAR(in.spec->rate, 20000, 0);
		assert_int_equal(in.spec->n_urls, 1);
		spec_free(in.spec);
	}
}

static void
slips_are_explained(void **state)
{
	static const struct { const char *words[5], *says, *hint; } rows[] = {
		{ { "chekc" }, "unknown command 'chekc'", "prony check" },
		{ { "http://127.0.0.1/" }, "unknown command", "prony check http://127.0.0.1/" },
		{ { "fixx" }, "unknown command 'fixx'", "prony fix" },
		{ { "load", "--raet", "5" }, "unknown option '--raet' of prony load", "'--rate'" },
		{ { "load", "-Z" }, "unknown option '-Z'", "prony load --help" },
		{ { "load", "--rate" }, "--rate: its RATE is missing", "20k/s" },
		{ { "load", "-r" }, "--rate: its RATE is missing", "20k/s" },
		{ { "load", "--quiet=yes" }, "--quiet takes no value", "leave out" },
		{ { "load", "--rate=20x" }, "--rate: '20x' is not a rate", "20k/s" },
		{ { "load", "--rate=0" }, "--rate: '0' is too small", "20k/s" },
		{ { "load", "--rate=5", "--rate=6" }, "--rate: given twice", "leave one" },
		{ { "load", "--timeout=0" }, "--timeout: '0' is too small", "10s" },
		{ { "load", "--timeout=5" }, "--timeout: '5' is not a duration", "10s" },
		{ { "load", "--seed=-1" }, "--seed: '-1' is not a count", "1" },
		{ { "load", "--arrivals=poison" }, "'poison' is none of poisson, constant", "'poisson'" },
		{ { "load", "-H", "a b" }, "--header: 'a b' is not a header", "Accept" },
		{ { "load", "-H", "a: b\r\nc: d" }, "is not a header", "Accept" },
		{ { "report", "a", "b" }, "'b' is one word too many", "prony report [RUN]" },
		{ { "report", "--format=pdf" }, "'pdf' is none of", "md" },
		{ { "--rate", "5" }, "unknown option '--rate'", "after it" },
		{ { "load", "--color=pink" }, "'pink' is none of auto, always, never", "auto" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct invocation in = fresh();
		struct err e;
		if (parse(&in, &e, rows[i].words) == 0)
			fail_msg("row %zu is accepted", i);
		if (!strstr(e.text, rows[i].says) || !strstr(e.hint, rows[i].hint))
			fail_msg("row %zu: said '%s', next '%s'", i, e.text, e.hint);
		assert_int_equal(e.status, STATUS_USAGE);
		spec_free(in.spec);
	}
}

/* What is compared stays words; how it is started and asked comes from the spec's file. */
static void
arms_leave_the_spec_its_say(void **state)
{
	static const struct command compare = {
		.name = "compare", .settings = SETTINGS_LOAD | SETTINGS_CLOSED | SETTINGS_PROVE,
		.words = WORDS_ARMS, .max_words = 2,
	};
	static const struct { const char *words[6], *start; size_t n_routes, n_urls; } rows[] = {
		{ { "main", "HEAD" }, "./x {port}", 1, 0 },
		{ { "main", "HEAD", "--start", "./y {port}" }, "./y {port}", 1, 0 },
		{ { "./z --db redis://x --port {port}", "http://127.0.0.1/" }, "./x {port}", 1, 0 },
		{ { "http://127.0.0.1/", "http://127.0.0.1:81/" }, NULL, 0, 0 },
		{ { "http://127.0.0.1/", "main", "--spec", "prony.yaml" }, "./x {port}", 1, 0 },
		{ { "main", "HEAD", "--scenario", "based.yaml" }, "./x {port}", 1, 1 },
		{ { "main", "HEAD", "--scenario", "bare.yaml" }, "./x {port}", 1, 0 },
	};
	char folder[] = "/tmp/prony-cli-XXXXXX", before[4096];
	struct err e = { 0 };

	assert_true(getcwd(before, sizeof(before)) && mkdtemp(folder) && chdir(folder) == 0);
	static const char spec[] = "service: { start: './x {port}', routes: [/a] }\n";
	static const char based[] = "base: http://127.0.0.1:1/\nflows: [{ get: /a }]\n";
	assert_int_equal(file_write("prony.yaml", spec, strlen(spec), &e), 0);
	assert_int_equal(file_write("based.yaml", based, strlen(based), &e), 0);
	assert_int_equal(file_write("bare.yaml", strchr(based, '\n') + 1,
	    strlen(strchr(based, '\n') + 1), &e), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct invocation in = fresh();
		in.command = &compare;
		if (parse(&in, &e, rows[i].words) < 0)
			fail_msg("row %zu: %s", i, e.text);
		assert_int_equal(in.n_words, 2);
		if (rows[i].start)
			assert_string_equal(in.spec->start, rows[i].start);
		else
			assert_null(in.spec->start);
		assert_int_equal(in.spec->n_routes, rows[i].n_routes);
		assert_int_equal(in.spec->n_urls, rows[i].n_urls);
		spec_free(in.spec);
	}
	unlink("prony.yaml");
	unlink("based.yaml");
	unlink("bare.yaml");
	assert_int_equal(chdir(before), 0);
	rmdir(folder);
}

/* ---- the record ---- */

static void
passwords_are_not_recorded(void **state)
{
	static const struct { const char *database, *recorded; } rows[] = {
		{ "postgresql://prony:secret@127.0.0.1/shop", "postgresql://127.0.0.1/shop" },
		{ "postgresql://prony@127.0.0.1:5432/shop?password=secret", "postgresql://127.0.0.1:5432/shop" },
		{ "postgresql://a:sec/ret@127.0.0.1/shop", "postgresql://127.0.0.1/shop" },
		{ "host=127.0.0.1 password=secret dbname=shop", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct spec *s = spec_new();
		struct run *r = run_new();
		s->database = rows[i].database;
		s->unit = "shop";
		cli_record_question(s, r);
		assert_string_equal(r->spec.database, rows[i].recorded);
		run_free(r);
		spec_free(s);
	}
}

static void
colour_follows_the_conventions(void **state)
{
	static const struct {
		enum colour_when when;
		const char *no_color, *force;
		bool colour;
	} rows[] = {
		{ COLOUR_ALWAYS, "1", NULL, true }, { COLOUR_NEVER, NULL, "1", false },
		{ COLOUR_AUTO, NULL, "1", true }, { COLOUR_AUTO, "1", "1", false },
		{ COLOUR_AUTO, "", "1", true }, { COLOUR_AUTO, NULL, "0", false },
	};
	setenv("TERM", "dumb", 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct report_terminal t;
		unsetenv("NO_COLOR");
		unsetenv("CLICOLOR_FORCE");
		if (rows[i].no_color)
			setenv("NO_COLOR", rows[i].no_color, 1);
		if (rows[i].force)
			setenv("CLICOLOR_FORCE", rows[i].force, 1);
		terminal_look(&t, rows[i].when);
		assert_int_equal(t.colour, rows[i].colour);
		assert_true(t.columns >= 20);
	}
}

RUN_TESTS(cmocka_unit_test(every_option_is_told_everywhere),
    cmocka_unit_test(help_tells_no_other_option), cmocka_unit_test(options_of_a_command_differ),
    cmocka_unit_test(help_fits_the_terminal), cmocka_unit_test(options_are_read_in_every_spelling),
    cmocka_unit_test(slips_are_explained), cmocka_unit_test(arms_leave_the_spec_its_say),
    cmocka_unit_test(passwords_are_not_recorded),
    cmocka_unit_test(colour_follows_the_conventions))
