/* SPDX-License-Identifier: MIT */
/* Fetches that no client waits for.
 *
 * refresh   a stale answer was served (stale-while-revalidate): its client's request is repeated behind it
 * early     a fresh one is about to go stale and is asked for often: the same before its time (early.h)
 * popular   what is asked for most, at the start and by the clock (warm_popular.c)
 * update    what an update has made worthless and who shares its tags (events.h)
 *
 * All stand behind the traffic of clients: none begins while the breaker of its upstream is open or requests wait there.
 * The first two are begun by the worker that met the answer, one at a time for each key, and not again for a while after
 * one has failed. The other two are jobs of a queue, handed to workers at a rate and so many at once: a thread of its
 * own does that, so that no worker waits. Only GETs of cached routes are fetched, without fields that belong to
 * somebody; what comes is stored by the same rules as ever. The access log does not have these fetches, the metrics do. */
#pragma once

#include "gate/desk/inquiry.h"
#include "gate/warm/popular.h"
#include "gate/warm/warm_why.h"

/* Made when gate.yaml asks for any of it; else NULL everywhere. */
struct warm;

/* After the workers were opened, before they start. */
#define WARM_TEXT_MAX ((size_t)256 << 20)

/* `learned`: what the gate before has (warm_learned); empty: nothing. */
int warm_open(struct gate *gate, struct text learned, struct err *e);
/* What is popular, as popular_write has it, WARM_TEXT_MAX bytes at most; nothing where nothing is learned. Any thread;
 * accepts NULL. */
void warm_learned(struct warm *warm, struct buf *ret);
void warm_leave(struct warm *warm);     /* its thread is to end; accepts NULL */
void warm_stop(struct warm *warm);      /* and has ended; accepts NULL */
void warm_close(struct warm *warm);     /* after the workers; accepts NULL */

/* Any thread: fetch this item (popular.h) as soon as that may be. False: too many wait already. */
bool warm_ask(struct warm *warm, enum warm_why why, struct text item);
/* Any thread: an update through the gate has made this key worthless, which was stored or not and is purged; rules may
 * say what else is (cascade.h). `warm` may be NULL. */
void warm_updated(struct warm *warm, struct text uri, bool stored);
/* The queue, for the metrics; and those of its thread. */
int64_t warm_waiting(struct warm *warm);
struct metrics *warm_metrics(struct warm *warm);
/* Items that are popular now, each a copy: the caller frees `ret->data`. One behind the other, each ended by NUL. */
void warm_popular_texts(struct warm *warm, struct buf *ret);

/* ---- a worker's side, warm_worker.c ---- */

/* What a worker keeps for it. */
struct warm_side;
struct warm_side *warm_side_new(void);
void warm_side_free(struct warm_side *side);   /* accepts NULL */

/* Jobs that were given; once a turn. */
void warm_turn(struct gate_worker *w);
/* An answer from the store goes out: note that it is asked for. */
void warm_note(struct inquiry *q, const struct store_object *o);
/* Is it to be fetched again before its time? */
bool warm_is_early(struct inquiry *q, const struct store_object *o, const struct cache_terms *terms);
/* May a refresh begin: no client's request has to wait for it, and none has failed just now. */
bool warm_may_refresh(const struct inquiry *q);
/* An errand of this kind has ended. */
void warm_over(struct errand *x);
