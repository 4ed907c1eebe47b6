/* SPDX-License-Identifier: MIT */
/* `prony gate status`, purge, reload, upgrade and drain: a running gate is asked over its admin socket. */
#pragma once

#include "cli/command.h"

/* Is it one of these words? */
bool gate_admin_is(const char *word);

/* `socket`: the path. Returns the exit status. */
int gate_admin(struct invocation *in, const char *word, const char *socket);
