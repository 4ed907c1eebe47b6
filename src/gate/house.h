/* SPDX-License-Identifier: MIT */
/* The process around gates: what lasts while configurations come and go.
 *
 * A new configuration is a new gate: it takes the listening sockets and the store of the one before, which
 * from then on takes no connection, ends each one with its next answer, and is gone with the last. So a
 * request is served by one configuration from its first byte to its last, none fails, and nothing that workers
 * look at ever changes under them. A new program (upgrade.h) is the same over two processes.
 *
 * The house is the main thread's. Other threads ask it to do something with house_order(). */
#pragma once

#include "base/clock.h"
#include "gate/gate_int.h"
#include "gate/upgrade.h"
#include "gate/warm/event_places.h"

#define HOUSE_LEAVING_MAX 3      /* gates that were replaced and still have clients, */
#define HOUSE_LEAVE_NS    (3600 * NS_PER_S)   /* for so long: tunnels last */

enum house_do { HOUSE_RELOAD, HOUSE_UPGRADE, HOUSE_DRAIN };

/* What somebody wants to have done. */
struct house_order {
	enum house_do what;
	bool taken;              /* it is being done; one that comes later is not answered with it */
	bool done;
	int code;                /* 0 or -errno, with `e` */
	struct err e;
	struct buf notes;        /* lines: what of it takes a restart */
	struct house_order *next;
};

struct house {
	const struct gate_talk *talk;
	struct gate_lasting lasting;
	struct listen_sockets sockets;
	struct event_places places;
	struct store *store;
	int memory;              /* the store's memfd */
	struct upgrade_link link, after;   /* to the process that this one took over from; that has taken over */
	bool shares_store;       /* with the process before */
	bool left;               /* another process serves now; */
	bool parted;             /* it knows that no source of updates is attended to here, */
	uint64_t told;           /* and all purges up to this one, or need not */
	struct purge_desk *purges;
	struct notices notices;
	struct gate_heard heard;
	struct metrics_server *metrics;
	int metrics_fd;          /* what it listens on; the sockets' */
	struct cdns *cdns;       /* NULL: none */
	struct admin *admin;     /* NULL: none */
	const struct gate_config *first;   /* what took effect at the start alone */
	int64_t begun_ns, begun_wall_ns;
	bool purges_unwritten, lines_unwritten;   /* as people were told */
	int64_t renew_ns;        /* not before: the purge log is tried again */
	uint32_t generation, first_generation;   /* of the latest gate; of the first one here */

	pthread_mutex_t lock;    /* of what follows */
	pthread_cond_t done;
	struct gate *gate;       /* in force; written by the main thread */
	struct gate *leaving[HOUSE_LEAVING_MAX];
	size_t n_leaving;
	struct house_order *orders;
	struct metrics *gone;    /* what gates that have ended have counted; NULL: there were none */
	bool ends;               /* no order is taken any more */
	struct buf config_text;  /* of the file in force */
	char config_hash[17];    /* of that */
	int64_t loaded_wall_ns;
	uint64_t n_reloads;
};

/* All figures for Prometheus, also of gates that were replaced. With the lock. */
void house_write_metrics(struct house *h, struct buf *out);

/* ---- house_purges.c: the main thread's ---- */

/* Another process has taken over, and has read in the file of the log what was there up to `latest`. */
void house_leave_purges(struct house *h, uint64_t latest);
/* What others have not heard of when this process ends is that one's to tell: purges by events that came while it
 * began, those of unsafe requests, and where there is no file all that were not carried on. 0, or -EAGAIN: it has
 * not read what it was told. */
int house_tell_purges(struct house *h);
/* What the process before tells so. */
void house_hear_purge(struct house *h, struct text line);
/* Whether they can be written is said once, and when they can be again. */
void house_look_after_logs(struct house *h);

/* ---- house_upgrade.c: the main thread's ---- */

void house_look_after_upgrade(struct house *h, bool asked);
/* What the next process has to know of what is left here: purges, and how far sources of updates were heard. As
 * house_tell_purges. */
int house_tell_next(struct house *h);
/* What the process before tells; it may have ended, or was killed. */
void house_look_after_link(struct house *h);

/* ---- house_orders.c ---- */

/* Waits until it is done, or was refused. Not the main thread. */
void house_order(struct house *h, struct house_order *o);
/* Those of this kind, which have one answer, are there any? The main thread, as what follows. */
bool house_take_orders(struct house *h, enum house_do what);
void house_finish_orders(struct house *h, enum house_do what, int code, const struct err *e, const struct buf *notes);
void house_refuse_orders(struct house *h);   /* the house ends */

/* An error, to people. */
void house_say_error(const struct house *h, const struct err *e);
