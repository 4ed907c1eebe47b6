/* SPDX-License-Identifier: MIT */
/* Secrets in text that others wrote, told by the names beside them (base/secret_name.h). Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* A line that a program printed: without user and password of URLs, and without what follows the name of
 * a secret, to the end of the line. */
void hide_in_line(const char *line, struct buf *out);

/* A command of the user, without the values of secrets, in the arena: "API_KEY=*** serve --token ***". */
const char *hide_in_command(struct arena *a, const char *command);
