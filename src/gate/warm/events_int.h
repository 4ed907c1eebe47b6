/* SPDX-License-Identifier: MIT */
/* Between the files of events. */
#pragma once

#include <pthread.h>

#include "gate/gate_int.h"
#include "gate/warm/cascade.h"
#include "gate/warm/event_places.h"
#include "gate/warm/events.h"

/* A thread's way to the store and the figures. */
struct event_hand {
	struct gate *gate;
	struct metrics *metrics;
	enum metric_source source;
	struct store_worker *store;     /* asleep but for a look */
	struct cascade concerned;
	struct buf popular;             /* warm_popular_texts, not older than a second */
	int64_t popular_ns;
};

/* Collect what updates name, then purge it. False: that is no name, which is counted. */
bool event_name(struct event_hand *h, struct text name);
/* Names behind one another, with blanks between them. */
void event_names(struct event_hand *h, struct text names);
void event_apply(struct event_hand *h);
/* Updates may have been missed: everything goes. `told`: said, and counted, with why. */
void event_gap(struct event_hand *h, const char *why);

struct source {
	struct event_hand hand;
	const struct source_kind *kind;
	pthread_t thread;
	bool started;
	int end;                        /* an eventfd: the gate ends */
	bool parting;                   /* which is known, and does not interrupt what is left to do */
	atomic_bool tried;              /* it was up, or lost */
	bool up, told, heard_before;    /* heard_before: it was up at least once */
	int64_t wait_ns, up_ns;
	struct event_places *places;
	char place[EVENTS_PLACE_MAX];   /* of Redis: as in places, for this thread */
};

struct source_kind {
	enum metric_source source;
	const char *name;               /* in what is told */
	bool waits;                     /* what it tells waits for who comes next: one gate at a time attends to it */
	bool (*is_wanted)(const struct gate_warming *w);
	/* What is wrong is seen at the start; NULL: nothing. */
	int (*check)(const struct gate_config *c, struct err *e);
	/* Connect, call source_up, and attend to it: until it is lost (-errno) or the gate ends (0). */
	int (*attend)(struct source *s, struct err *e);
};

extern const struct source_kind source_redis, source_notify, source_replication;

/* It can be heard from now on. */
void source_up(struct source *s);
/* What was stored before the source could be heard for the first time may have been updated unheard. */
void source_first_heard(struct source *s);
/* Until the socket has something, or may take something (`to_write`); -1: none. False: time is over, or the gate ends. */
bool source_wait(struct source *s, int fd, bool to_write, int64_t ns);
bool source_is_ending(struct source *s);
