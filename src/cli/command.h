/* SPDX-License-Identifier: MIT */
/* A command is one file, cmd_NAME.c, that defines `const struct command command_NAME`, and one line
 * in commands.def. Its options come from the rows of its setting groups: parsing, --help, man page
 * and completions follow by themselves. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/progress.h"
#include "report/report.h"
#include "run/run.h"
#include "spec/setting.h"
#include "spec/spec.h"

/* What a command does with the words that are not options. */
enum command_words {
	WORDS_PLAIN,     /* left in `words`, at most max_words */
	WORDS_TARGETS,   /* targets of the spec, which is checked before run() is called */
	WORDS_ARMS,      /* left in `words`, at most max_words: what stands in for the spec's targets, of
	                  * which the spec says all the rest */
	WORDS_STEPS,     /* left in `words`, but for URLs, which are the spec's; that is not checked yet */
};

struct invocation;

struct command {
	const char *name;
	const char *within;          /* may also be called as a word of this command; NULL none */
	const char *arguments;       /* "TARGET..."; NULL none */
	const char *about;           /* one line, lower case, no full stop */
	const char *details;         /* paragraphs for --help and the man page; NULL none */
	const char *const *examples; /* pairs: command line, what it does; NULL-terminated; NULL none */
	bool plumbing;               /* left out of plain `prony help` */
	unsigned settings;           /* setting groups besides SETTINGS_GLOBAL */
	enum command_words words;
	size_t max_words;            /* of WORDS_PLAIN */
	int (*run)(struct invocation *in);   /* enum status */
};

/* Every command in the order of commands.def; NULL at the end. */
extern const struct command *const commands[];

/* One call of the program: what was asked, and where answers go. */
struct invocation {
	const struct command *command;
	struct spec *spec;           /* WORDS_TARGETS: checked; WORDS_ARMS, _STEPS: read; else presets only */
	const char **words;          /* what is neither option nor target */
	size_t n_words;

	bool json, quiet, verbose, help, version;   /* SETTINGS_GLOBAL */
	int colour_when;
	int format;                  /* SETTINGS_RENDER: enum render_format of cmd_report.c;
	                              * SETTINGS_OUTPUT: enum output_form */
	const char **writes;         /* SETTINGS_OUTPUT: "csv=FILE" */
	size_t n_writes;
	const char *out_file;
	const char *spec_file;       /* SETTINGS_SERVICE */
	bool all, man;               /* SETTINGS_HELP */
	const char *import_format, *import_base, *replay_file;   /* SETTINGS_IMPORT */
	bool all_methods;
	int64_t jobs;
	const char **fixes;          /* SETTINGS_DEMO: names of faults */
	size_t n_fixes;
	const char *apply, *undo, *of_run;   /* SETTINGS_FIX */
	const char *gate_file;       /* SETTINGS_GATE */
	bool check_only, example;
	const char *gate_socket, *purge_url, *purge_tag;
	bool purge_all, purge_soft;

	struct report_terminal terminal;   /* stdout: columns, colour, utf8 */
	struct progress progress;          /* hand it to the instruments; silent with --quiet */
};

/* ---- answers (answer.c) ---- */

/* Print the error with its next step on stderr (with --json also as a document on stdout) and
 * return the exit status. Ends the progress line first. */
int cli_fail(struct invocation *in, const struct err *e);

/* A line on stderr, unless --quiet. */
void cli_note(struct invocation *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Write to stdout, whole; ends the progress line first. Returns `status`, or what cli_fail
 * returns when stdout takes no more. */
int cli_print(struct invocation *in, const struct buf *text, int status);

/* The same of plain text with words of strangers in it: what a terminal would obey becomes '?'. */
int cli_print_plain(struct invocation *in, struct buf *text, int status);

/* The run as it should be answered: run.json with --json, else the terminal verdict. */
int cli_print_run(struct invocation *in, const struct run *r, int status);

/* The exit status that a run which was just measured stands for: 0, 1, 3, 4 or 5. A safety stop is
 * also told on stderr, with the next step. */
int cli_run_end(struct invocation *in, const struct run *r);

/* ---- the record of what was asked (record.c) ---- */

/* Fill r->spec, r->tool, the name and URLs of r->system and r->targets (their values unknown);
 * passwords are left out. */
void cli_record_question(const struct spec *s, struct run *r);

/* Fill r->self: what prony has cost since `begin_ns`. The generator's part must be there already. */
void cli_own_cost(struct run *r, int64_t begin_ns);
