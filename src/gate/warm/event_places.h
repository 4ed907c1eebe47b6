/* SPDX-License-Identifier: MIT */
/* How far sources of updates were heard: what the house keeps over configurations, and hands to the next process, so
 * that no update is lost in between and nothing has to be purged for fear of that.
 *
 * What Redis or a replication slot tells waits for who comes next: there the gate that leaves comes to an end first, and
 * the next one goes on behind it. What is notified does not wait: there both listen for a moment. Any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "gate/admin/metrics.h"
#include "net/field.h"

#define EVENTS_PLACE_MAX 48

/* Which stream, and up to which entry; what channel is listened to. Hashes, 0: none. */
struct event_standing {
	uint64_t stream, channel;
	char redis[EVENTS_PLACE_MAX];   /* "": none */
};

/* As a line without its end: "events STREAM CHANNEL ID". False: it is no such line. */
void event_standing_write(const struct event_standing *s, struct buf *out);
bool event_standing_read(struct text line, struct event_standing *ret);

struct event_places {
	pthread_mutex_t lock;
	struct event_standing at;
	unsigned listening;                   /* gates of this process that hear at.channel */
	bool deaf;                            /* since the last one of them was lost */
	unsigned attending[METRIC_SOURCES];   /* and that attend to a source at all */
	bool before;                          /* so does the process before this one, */
	bool trusted;                         /* and it has been trusted to hear what was notified */
};

void event_places_init(struct event_places *p);
void event_places_done(struct event_places *p);

/* A gate is to attend to this source. `alone`: not while another one does. False: not now. */
bool event_places_begin(struct event_places *p, enum metric_source source, bool alone);
void event_places_end(struct event_places *p, enum metric_source source);
bool event_places_are_left(struct event_places *p);   /* nobody of this process does any more */

/* Behind which entry is to be read on; false: nobody has read this stream. */
bool event_places_of_stream(struct event_places *p, uint64_t stream, char ret[EVENTS_PLACE_MAX]);
void event_places_keep(struct event_places *p, uint64_t stream, const char *id);

/* Who listens from now on has missed something, */
enum event_missed {
	EVENT_MISSED_NOTHING,   /* because another one still listens, */
	EVENT_MISSED_SOME,      /* since somebody has listened, */
	EVENT_MISSED_ALL,       /* that was ever notified there */
};
enum event_missed event_places_listen(struct event_places *p, uint64_t channel);
/* `lost`: it would have gone on. */
void event_places_stop_listening(struct event_places *p, uint64_t channel, bool lost);

/* ---- from process to process ---- */

/* What the next one is told: `last`: once nobody attends to anything here. */
struct event_standing event_places_standing(struct event_places *p, bool last);
/* Of the process before, which goes on for the time being. */
void event_places_take(struct event_places *p, const struct event_standing *s);
/* It has come to its end; NULL: it is gone without a word. False: what was notified may be lost. */
bool event_places_take_last(struct event_places *p, const struct event_standing *s);
