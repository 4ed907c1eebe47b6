/* SPDX-License-Identifier: MIT */
/* Commands of a shell script as words, the way bash would split them: quotes, $'...', backslashes,
 * comments. $NAME becomes the expression ${env(NAME)}; everything else that only a shell could
 * compute makes the word dynamic. Words are in the language of scenarios (scenario_draft.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct shell_word {
	const char *text;
	int line;
	bool dynamic;      /* has $(...), `...` or ${x:-...} in it, which stand for nothing */
};

struct shell_reader {
	const char *name, *text, *at;
	struct arena *arena;
	const char *counted;   /* line ends up to here make `line`; NULL: none yet */
	int line;
};

/* The words of the next command; *ret_n 0 at the end. */
int shell_command(struct shell_reader *r, struct shell_word **ret, size_t *ret_n, struct err *e);
