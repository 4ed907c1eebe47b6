/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/help.h"

static int
run(struct invocation *in)
{
	static const char *const shells[] = { "bash", "zsh", "fish" };
	struct buf text = { 0 };
	struct err e = { 0 };
	size_t i = 0;

	while (i < 3 && in->n_words && strcmp(shells[i], in->words[0]) != 0)
		i++;
	if (!in->n_words || i == 3) {
		err_usage(&e, "prony completion: %s%s%s", in->n_words ? "'" : "which shell?",
		    in->n_words ? in->words[0] : "", in->n_words ? "' is no shell that it knows" : "");
		err_hint(&e, "one of: prony completion bash, prony completion zsh, prony completion fish");
		return cli_fail(in, &e);
	}
	completion_write((enum shell)i, &text);
	int status = cli_print(in, &text, STATUS_OK);
	buf_done(&text);
	return status;
}

static const char *const examples[] = {
	"source <(prony completion bash)", "complete in this shell",
	"prony completion fish > ~/.config/fish/completions/prony.fish", "complete in fish from now on",
	NULL,
};

const struct command command_completion = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.about = "write the completion script of a shell",
	.examples = examples,
	.plumbing = true,
	.max_words = 1,
	.run = run,
};
