/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <signal.h>
#include <string.h>

#include "base/crash.h"
#include "base/stop.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"

/* Errors in the options themselves must be answered in JSON already. */
static bool
asks_for_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

/* --verbose: every setting of the command that is in force, and who set it. */
static void
say_settings(struct invocation *in)
{
	static const char *const origins[] = { "not set", "flag", "spec file", "preset" };

	for (const struct setting *row = spec_settings; row->name; row++) {
		const struct spec_given *given = &in->spec->given[row - spec_settings];
		if ((row->groups & in->command->settings) && given->origin != ORIGIN_NONE &&
		    !row->secret)
			cli_note(in, "  %-12s %-24s %s", row->name, given->text, origins[given->origin]);
	}
}

static int
print_text(struct invocation *in, void (*write)(const struct command *, struct buf *))
{
	struct buf text = { 0 };

	write(in->command, &text);
	int status = cli_print(in, &text, STATUS_OK);
	buf_done(&text);
	return status;
}

static int
run_command(struct invocation *in, struct err *e)
{
	if (in->version)
		return print_text(in, help_version);
	if (in->help || !in->command)
		return print_text(in, help_write);
	if (options_finish(in, e) < 0)
		return cli_fail(in, e);
	if (!in->quiet)
		in->progress = progress_draw((enum colour_when)in->colour_when);
	if (in->verbose)
		say_settings(in);
	int status = in->command->run(in);
	progress_end();
	return status;
}

int
cli_main(int argc, char **argv)
{
	struct invocation in = { .json = asks_for_json(argc, argv), .spec = spec_new() };
	struct err e = { 0 };
	int status;

	crash_install();
	stop_install();
	if (options_parse(&in, argc, argv, &e) < 0) {
		status = cli_fail(&in, &e);
	} else {
		terminal_look(&in.terminal, in.colour_when);
		status = run_command(&in, &e);
	}
	spec_free(in.spec);
	return status;
}
