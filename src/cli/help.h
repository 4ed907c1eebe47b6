/* SPDX-License-Identifier: MIT */
/* --help, manual pages and completions: written from the command table and the setting rows. */
#pragma once

#include "cli/command.h"

void help_version(const struct command *c, struct buf *out);

/* A command's help; NULL: the overview of the porcelain. */
void help_write(const struct command *c, struct buf *out);
void help_overview(bool all, struct buf *out);

/* Manual page in mdoc: of a command, or of prony(1) when NULL. */
void man_write(const struct command *c, struct buf *out);
/* prony.yaml(5). */
void man_write_spec(struct buf *out);

enum shell { SHELL_BASH, SHELL_ZSH, SHELL_FISH };
void completion_write(enum shell shell, struct buf *out);

/* The exit statuses as people read them: "0  target met, nothing worse"; ends with NULL. */
extern const struct help_status { int status; const char *about; } help_statuses[];
