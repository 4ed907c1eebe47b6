/* SPDX-License-Identifier: MIT */
/* One change of a service that runs: put in front of it and taken away again, as often as an
 * experiment needs. Whatever becomes of prony meanwhile, the journal knows what has to be taken
 * back.
 *
 * Control thread only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/progress.h"
#include "experiment/journal.h"

struct change;

/* Looks whether it can be made, and that nothing of it is there yet; changes nothing. `id` names it
 * in the journal, which with `text` must outlive it. */
int change_open(struct journal *j, const char *id, const struct change_text *text,
    const struct progress *progress, struct change **ret, struct err *e);
void change_close(struct change *c);        /* leaves the service as it is; accepts NULL */

/* Have it in place, or not. *ret_switched: something was done for it. An error leaves it as the
 * error says: when applying fails, it is in place as far as anybody knows. It is not applied, -EINTR,
 * when stop_requested(). */
int change_want(struct change *c, bool in_place, bool *ret_switched, struct err *e);

/* What is in place stays: only `prony undo` takes it back from now on. */
int change_keep(struct change *c, struct err *e);

bool change_is_in_place(const struct change *c);   /* or may be */
bool change_has_failed(const struct change *c);    /* to be applied, or to be taken back */

/* How long applying it and taking it back took at most, both together. */
int64_t change_cost_ns(const struct change *c);

/* Take back what the journal has as not undone, newest first: all of it, or only what was never
 * kept because a crash came first. `tell` is called after each. Ends at the first that cannot be
 * taken back, because older ones may lie below it. */
int change_undo_all(struct journal *j, bool also_kept, const struct progress *progress,
    void (*tell)(void *ctx, const struct journal_entry *undone), void *ctx, struct err *e);

/* Is this very change in place, and kept? */
bool change_is_kept(const struct journal *j, const struct change_text *text);
