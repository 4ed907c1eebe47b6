/* SPDX-License-Identifier: MIT */
/* Purges of this gate on their way to the others: from gate_purge() by its log, and from unsafe requests. What waits
 * here is in doubt (l2_purges.h) until it has come back through the stream. Bounded: when too much waits, a
 * purge of everything stands for the rest. */
#pragma once

#include <stdatomic.h>

#include "gate/config/config.h"
#include "gate/level2/l2_purges.h"
#include "gate/purge/purge_log.h"

/* A purge until it has been sent. */
struct l2_note {
	struct l2_note *next;
	enum purge_what what;
	bool soft;
	bool logged;           /* it stands in the gate's log, too */
	uint64_t stamp, page;  /* when it has been sent (l2_sent.h) */
	size_t size;
	char text[];
};

struct l2_outbox;

/* `c` outlives it. `wake(ctx)`: something is there; any thread. */
struct l2_outbox *l2_outbox_new(const struct gate_config *c, struct l2_purges *purges, void (*wake)(void *ctx),
    void *ctx);
void l2_outbox_free(struct l2_outbox *b);   /* accepts NULL */

/* Any thread. `logged`: who begins after this gate finds it in the log. */
void l2_outbox_add(struct l2_outbox *b, const struct purge *p, bool logged);
/* The eldest, now the caller's, to be freed, or given back when it could not be sent; NULL: there is none. */
struct l2_note *l2_outbox_take(struct l2_outbox *b);
void l2_outbox_give_back(struct l2_outbox *b, struct l2_note *note);
bool l2_outbox_is_empty(struct l2_outbox *b);

/* All doubts were taken back: what still waits is in doubt again. */
void l2_outbox_doubt_again(struct l2_outbox *b);

/* Calls `each` with what a purge is known as in l2_purges: one, or the keys of its URL; of everything none. */
void l2_purge_hashes(const struct gate_config *c, enum purge_what what, struct text text,
    void (*each)(void *ctx, uint64_t hash), void *ctx);
