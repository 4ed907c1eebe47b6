/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/help.h"
#include "cli/options.h"

static int
run(struct invocation *in)
{
	const char *word = in->n_words ? in->words[0] : NULL;
	const struct command *c = NULL;
	struct buf text = { 0 };
	struct err e = { 0 };

	bool spec_page = in->man && word && strcmp(word, "prony.yaml") == 0;
	if (word && !spec_page && command_find(word, &c, &e) < 0)
		return cli_fail(in, &e);
	if (spec_page)
		man_write_spec(&text);
	else if (in->man)
		man_write(c, &text);
	else if (c)
		help_write(c, &text);
	else
		help_overview(in->all, &text);
	int status = cli_print(in, &text, STATUS_OK);
	buf_done(&text);
	return status;
}

const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.about = "list the commands, or tell about one",
	.settings = SETTINGS_HELP,
	.plumbing = true,
	.max_words = 1,
	.run = run,
};
