/* SPDX-License-Identifier: MIT */
/* Updates of what the origin serves, told from outside: what they concern is purged at once and, where that is wanted,
 * fetched again (warm.h).
 *
 * An update names keys and tags: "/products/5", "http://shop.example/products/5", "tag:product:5", "all"; rules say what
 * follows from those (cascade.h). Sources, a thread each, which no worker waits for:
 *
 * redis         entries of a stream (events_redis.c)
 * notify        PostgreSQL's NOTIFY (events_notify.c)
 * replication   PostgreSQL's logical replication: rows that changed (events_replication.c)
 *
 * No update is lost without all being purged: the stream is read on from the last entry, the slot keeps what nobody has
 * confirmed, and where there may be a gap everything goes, which is told. None is lost between two configurations or
 * processes either (event_places.h). A source that is lost is told once, tried again
 * after growing times, and counted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/field.h"

#define EVENTS_THREADS  4    /* at most: the sources, and that of warming */

struct gate;
struct events;
struct event_places;
struct metrics;

/* After warm_open; NULL in gate->events when there is neither a source nor a rule. */
int events_open(struct gate *gate, struct event_places *places, struct err *e);
/* Until what is notified is heard, or could not be; accepts NULL. Before somebody else stops listening. */
void events_await(struct events *events);
void events_leave(struct events *events);   /* the threads are to end; accepts NULL */
void events_close(struct events *events);   /* accepts NULL */

/* A request through the gate has made this key worthless, which is purged already: what follows from that. `stored`: it
 * was there. Only from the thread of warming. */
void events_updated(struct gate *gate, struct text uri, bool stored);

/* Those of the threads; returns how many. */
size_t events_metrics(struct events *events, struct metrics **ret);
