/* SPDX-License-Identifier: MIT */
/* The options of a command: the rows of spec and of the command line itself, by their groups. */
#pragma once

#include "cli/command.h"

#define OPTIONS_MAX 64

/* Rows of struct invocation; a row without name ends them. */
extern const struct setting cli_settings[];

/* What the command takes, its own before the global ones; `c` NULL: only the global ones. Returns
 * how many. */
size_t options_of(const struct command *c, const struct setting *ret[OPTIONS_MAX]);

/* Read the words of the command line into `in`: command, options, words. */
int options_parse(struct invocation *in, int argc, char **argv, struct err *e);

/* Then the spec: targets named by words, spec files, presets, checks as the command wants. */
int options_finish(struct invocation *in, struct err *e);

/* Read the scenario that the spec names, and take from it what the spec does not say. */
int cli_take_scenario(struct invocation *in, struct err *e);

/* The command of that name, or the error with the nearest one. */
int command_find(const char *name, const struct command **ret, struct err *e);

/* How an option is written: "-t, --target EXPR". */
void option_spell(const struct setting *row, struct buf *out);
