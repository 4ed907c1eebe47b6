/* SPDX-License-Identifier: MIT */
/* A worker: one thread that keeps its share of the schedule on its own connections.
 *
 * Workers share nothing while they run. Four times a second a worker hands over a tally of what
 * became of its requests; the control thread (load_phase.c) collects them. A request that is due
 * while no connection is free stays in the schedule: the queue is the stretch between the next
 * arrival to send and now, so that it costs no memory and cannot overflow. The connections stay
 * open from phase to phase.
 *
 * A connection carries `depth` requests at a time, each in a slot of its own: connection c has the
 * slots c * depth to c * depth + depth - 1. The layers, from the thread down to the socket:
 *
 *   worker.c     when: the schedule, waiting, the books
 *   exchange.c   a request: its slot, its times, its outcome
 *   protocol     the bytes of requests and answers (protocol.h, one file each)
 *   wire.c       a connection: made, greeted, secured, lost
 *   engine       sockets */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "engine/engine.h"
#include "load/capture.h"
#include "load/protocol.h"
#include "load/schedule.h"
#include "load/session.h"
#include "load/tally.h"
#include "scenario/template.h"

/* Lists of slots; each is in exactly one. */
enum slot_list {
	SLOT_UNUSED,              /* its connection does not exist */
	SLOT_IDLE, SLOT_BUSY,
	SLOT_HELD,                /* its connection takes no more requests */
	SLOT_LISTS
};

/* A slot, and the request in it. */
struct exchange {
	uint32_t before, after;   /* in its list */
	enum slot_list list;
	uint32_t route, session;  /* NO_SESSION: its flow is this one request */
	int64_t index;            /* of its arrival */
	uint64_t seed;            /* of whatever in it is random */
	int64_t due_ns;           /* absolute, as the times below */
	int64_t slot_ns, sent_ns; /* got this slot; was written, 0 not yet */
	int64_t first_ns;         /* first byte of the answer, 0 none */
	bool moved;               /* it was on another connection before */
	uint32_t step;            /* of its flow; valid with a digest */
	struct digest *digest;    /* of its answer; NULL: nobody compares it */
};

enum conn_state { CONN_CLOSED, CONN_CONNECTING, CONN_SECURING, CONN_GREETING, CONN_READY };

struct conn {
	enum conn_state state;
	uint32_t n_busy;          /* of its slots */
	bool gathering;           /* in the worker's list of those to flush */
	bool draining;            /* takes no more requests */
	bool feeding, doomed;     /* to be closed when its bytes have been taken */
	int64_t begun_ns, connected_ns;
	struct tls *tls;
};

/* What to do in one phase; the same for all workers. Lives until they have stopped. */
struct worker_task {
	const struct schedule *schedule;
	bool closed;              /* instead: each request after the answer before */
	bool connect;             /* instead: only make connections, until all are ready */
	bool rotate;              /* use idle slots in turn; else the last one that was */
	int64_t start_ns;         /* absolute */
	int64_t for_ns;
	int64_t at_most;          /* closed: requests of all workers; 0: no bound */
	int64_t timeout_ns;
	int64_t drain_ns;         /* how long to wait for the last answers */
	int64_t behind_ns;        /* end when this far behind the schedule; 0: never */
	double rate;              /* of each worker, on average */
	int64_t tick_ns;          /* arrivals are due at the next multiple of it; 0: exactly */
	bool spin;                /* never sleep */
	int64_t workers;
	struct told *told;        /* whom some of the answers are told; NULL nobody */
};

struct worker {
	/* Fixed after worker_open. */
	const struct program *program;
	const struct addr *to;
	const struct engine_ops *ops;
	struct engine *engine;
	uint32_t max_conns, depth;
	struct conn *conns;
	struct exchange *slots;   /* max_conns * depth, then one head for each list */
	char *states;             /* of the protocol, max_conns of state_bytes */
	void *own;                /* one of worker_bytes */
	char *slot_states;        /* one of slot_bytes for each slot */
	char *route_states;       /* and one of route_bytes for each route */
	struct tls_context *tls;  /* NULL: in the clear */
	uint32_t *gathered;       /* connections to flush before waiting */
	uint32_t n_gathered;
	struct sessions sessions;
	struct capture **captures;   /* of each slot; NULL: none yet */
	struct stream **streams;  /* likewise */
	struct unpack *unpack;    /* NULL: nothing was to be unpacked yet */
	struct digest **digests;  /* not in use (told.h) */
	size_t n_digests, digests_allocated;
	uint64_t *rows;           /* of each feeder, for the request in the making */
	struct arena *arena;
	struct buf out;           /* ciphertext on its way to the engine */
	struct buf cipher;        /* the same, of TLS's own words */
	struct buf plain, body;   /* the protocol's: a request in the making */

	/* Of the phase; the thread's own. */
	const struct worker_task *task;
	int64_t number;
	uint32_t limit;           /* slots that may be busy at once */
	struct schedule_reader reader;
	struct arrival next;      /* not sent yet */
	bool have_next;
	int64_t oversleep_ns;     /* how late it wakes, nearly always at most */
	int64_t followers;        /* requests within flows that came due, beside the first of each */
	int64_t left;             /* closed: requests still to send; < 0: no bound */
	uint32_t n_busy;
	bool rotate;              /* the task's; also between phases */
	bool exhausted;           /* a request waits for a slot */
	int64_t seen_ns;          /* when what is delivered was seen: one reading serves all answers of a wait */
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
	char first_error[160];    /* of the phase, in words; "" none */

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

/* Program, address, engine and number of connections must be set. */
int worker_open(struct worker *w, struct err *e);
void worker_close(struct worker *w);
int worker_start(struct worker *w, const struct worker_task *task, int64_t number, uint32_t conns);
void worker_join(struct worker *w);
/* What templates are filled with for arrival `index`; valid until the next call. */
struct template_values worker_values(struct worker *w, const struct view *variables, int64_t index,
    uint64_t seed);
struct tally *worker_take(struct worker *w);   /* what it has handed over since, newest first */
