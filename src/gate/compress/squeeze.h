/* SPDX-License-Identifier: MIT */
/* Forms that are asked for often are made again, as small as their coding gets, when there is time for it.
 *
 * A thread of the lowest priority compresses, one form after the other, for at most a tenth of one processor's
 * time. It takes no lock that a worker waits for: it may be kept from running at any point. It reads bodies that are
 * held for it; what comes of them the workers put into the store themselves. What finds no place in its queue is
 * asked for again soon, or was not that hot. */
#pragma once

#include "gate/compress/compress.h"
#include "gate/desk/inquiry.h"

/* Longer bodies are left as they are: a tenth of a second of brotli is a long time to be in somebody's way. */
#define SQUEEZE_BODY_MAX ((uint64_t)512 << 10)

struct gate;
struct squeeze;

/* g->squeeze: NULL when no route wants it. */
int squeeze_open(struct gate *g, struct err *e);
void squeeze_stop(struct squeeze *s);    /* waits for its thread; accepts NULL */
void squeeze_close(struct squeeze *s);   /* when the threads of the workers have ended; accepts NULL */

/* `form` of an object was given to a client that takes `best`, too: is it to be made, or made again? */
void squeeze_note(const struct inquiry *q, const struct store_object *o, const struct store_object *form,
    enum coding best, const struct cache_terms *t);
/* Put what was made into the store; once a turn. */
void squeeze_turn(struct gate_worker *w);
