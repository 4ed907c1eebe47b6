/* SPDX-License-Identifier: MIT */
/* The history of a service as people and programs read it. */
#pragma once

#include <jansson.h>

#include "cli/command.h"
#include "history/history.h"

/* Answer `prony prove --history [URL|NAME]`: in->words[0] names the service, or all when there is
 * none. Status: 0 nothing worse, 1 a figure of the service or of a route got worse at its last change
 * and is still so, 3 too few runs for any claim. */
int history_answer(struct invocation *in);

/* Its parts. */
int history_status(const struct history_answer *a);
void history_table(struct buf *out, const struct report_terminal *t, const struct history_answer *a);
json_t *history_json(const struct history_answer *a);   /* a new reference */
