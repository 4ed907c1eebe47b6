/* SPDX-License-Identifier: MIT */
/* A worker: one thread that keeps its share of the schedule on its own connections.
 *
 * Workers share nothing while they run. Four times a second a worker hands over a tally of what
 * became of its requests; the control thread (load_phase.c) collects them. A request that is due
 * while no connection is free stays in the schedule: the queue is the stretch between the next
 * arrival to send and now, so that it costs no memory and cannot overflow. The connections stay
 * open from phase to phase. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "load/engine.h"
#include "load/schedule.h"
#include "load/tally.h"

struct request {              /* the bytes of one route's request */
	char *bytes;
	size_t size;
	bool head;
};

/* Lists of connections; each is in exactly one. */
enum conn_list { CONN_UNUSED, CONN_IDLE, CONN_BUSY, CONN_LISTS };

struct conn {
	uint32_t before, after;   /* in its list */
	enum conn_list list;
	bool connected;
	struct arrival arrival;   /* of the request on it */
	int64_t slot_ns, sent_ns; /* got this connection; was written */
	struct http1 answer;
};

/* What to do in one phase; the same for all workers. Lives until they have stopped. */
struct worker_task {
	const struct schedule *schedule;
	bool closed;              /* instead: each request after the answer before */
	int64_t start_ns;         /* absolute */
	int64_t for_ns;
	int64_t at_most;          /* closed: requests of all workers; 0: no bound */
	int64_t timeout_ns;
	int64_t drain_ns;         /* how long to wait for the last answers */
	int64_t behind_ns;        /* end when this far behind the schedule; 0: never */
	double rate;              /* of each worker, on average */
	int64_t pace_ns;          /* sleep at least so long: what falls due together is sent together */
	int64_t workers;
};

struct worker {
	/* Fixed after worker_open. */
	const struct request *requests;
	size_t n_routes;
	const struct addr *to;
	const struct engine_ops *ops;
	struct engine *engine;
	uint32_t max_conns;
	struct conn *conns;       /* max_conns, then one head for each list */

	/* Of the phase; the thread's own. */
	const struct worker_task *task;
	int64_t number;
	uint32_t limit;           /* connections that may be busy at once */
	struct schedule_reader reader;
	struct arrival next;      /* not sent yet */
	bool have_next;
	int64_t left;             /* closed: requests still to send; < 0: no bound */
	uint32_t n_busy;
	bool exhausted;           /* a request waits for a connection */
	int64_t freed_ns;         /* when one last became free after that */
	struct tally *tally;

	/* Read by the control thread after the join. */
	int64_t window_ns;        /* how long requests were offered */
	int64_t cpu_ns;           /* used in that time */
	int64_t waited_ns;        /* for a CPU, in that time */
	int64_t total_cpu_ns;     /* used since the thread began */
	int64_t unsent;
	bool gave_up;             /* ended by behind_ns */
	int out_of;               /* errno of a local lack: EMFILE, EADDRNOTAVAIL ...; 0 none */

	/* Read by the control thread meanwhile. */
	atomic_bool stop;
	atomic_bool gone;         /* nothing listens any more */
	atomic_bool running;
	atomic_llong done;        /* answers and errors */
	atomic_llong errors;
	int64_t refusals, refused_ns;  /* in a row, and since when */

	pthread_mutex_t lock;     /* of `handed` only */
	struct tally *handed;     /* newest first */
	pthread_t thread;
};

int worker_open(struct worker *w, const struct engine_ops *ops, uint32_t max_conns);
void worker_close(struct worker *w);
int worker_start(struct worker *w, const struct worker_task *task, int64_t number, uint32_t limit);
void worker_join(struct worker *w);
struct tally *worker_take(struct worker *w);   /* what it has handed over since, newest first */

/* Inside: the life of one request (exchange.c) and the thread (worker.c). */
extern const struct engine_sink exchange_sink;
bool exchange_begin(struct worker *w, const struct arrival *a, int64_t now);
void exchange_expire(struct worker *w, int64_t now);     /* those past the timeout */
void exchange_abandon(struct worker *w, int64_t now);    /* all that are still open */
void exchange_trim(struct worker *w, uint32_t keep);     /* close idle connections above so many */
int64_t exchange_deadline(const struct worker *w);       /* of the oldest; INT64_MAX none */
void conn_move(struct worker *w, uint32_t conn, enum conn_list to);
