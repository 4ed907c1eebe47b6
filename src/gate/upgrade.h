/* SPDX-License-Identifier: MIT */
/* A new program takes over from a running one, without a connection that is refused or cut off.
 *
 * The old process starts the file that it was started from, with the same words, and hands it over a socket pair what
 * it listens on and the memory of the cache (SCM_RIGHTS). The new one begins to serve and says so; from then
 * on the old one takes no connections, ends each with its next answer and then itself. Both use the store
 * meanwhile, as the threads of one process do. Purges that the old one has not carried on to where they are to go it
 * tells the new one, until it ends. When the new one does not begin, the old one goes on as if nothing
 * had been asked. How far sources of updates were heard goes along when the new one begins and once more when the old one
 * hears them no longer (event_places.h). The main thread of both. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "gate/listen.h"
#include "gate/warm/event_places.h"
#include "net/field.h"

/* What is handed over. */
struct upgrade_gift {
	int store, admin;              /* descriptors; -1: there is none */
	uint32_t generation;           /* the highest so far */
	pid_t pid;                     /* of who hands it over */
	uint64_t heard_seen;           /* struct gate_heard, of the store */
	int64_t heard_since_ns;
	bool tells_of_events;
	struct event_standing events;
	struct buf learned;            /* what is popular (popular.h); upgrade_gift_done */
};

struct upgrade_link {
	int fd;                        /* to the other process; -1: there is none */
	pid_t peer;
};

/* In the old process: 0 when the new one serves; the link is to stay open until this one ends. When that fails,
 * ret->peer is the process that has ended again, 0: none was started. `files`: all that is listened on. */
int upgrade_start(const struct upgrade_gift *gift, const struct listen_sockets *files,
    struct upgrade_link *ret, struct err *e);

/* In the new process: what it was handed over; link->fd is -1 when it was started by somebody else. */
int upgrade_receive(struct listen_sockets *files, struct upgrade_gift *ret, struct upgrade_link *link,
    struct err *e);
void upgrade_gift_done(struct upgrade_gift *g);
void upgrade_say_ready(struct upgrade_link *link);

/* From the old to the new process: a purge as a line of the log, or the last of event_places.h, without its end.
 * -EAGAIN: the other one has not read what it was told. */
int upgrade_tell(const struct upgrade_link *link, struct text line);
/* The next one; false: there is none (yet). */
bool upgrade_hear(const struct upgrade_link *link, struct buf *ret_line);
/* Has the other process ended? What it has told may still be to be heard. */
bool upgrade_peer_is_gone(const struct upgrade_link *link);
