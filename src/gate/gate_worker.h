/* SPDX-License-Identifier: MIT */
/* A worker of the gate: one thread with an engine, its clients, its connections to servers.
 *
 * front    a connection in front: bytes of those who ask (front.c)
 * client   who asks: a request under way, of a connection of HTTP/1.1 or a stream of HTTP/2 (client*.c)
 * errand   a request that goes to a server, and its answer (errand*.c)
 * up       a connection to a server, in the pool of it while nobody uses it (upstream.c)
 *
 * Workers share nothing but what struct gate points to. Structures that end are put aside and
 * freed after the engine's turn, so that pointers to them stay good during it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cache/key.h"
#include "cache/reuse.h"
#include "cache/store.h"
#include "engine/engine.h"
#include "gate/admin/visit.h"
#include "gate/batch/batch_set.h"
#include "gate/config/config.h"
#include "gate/front/certificates.h"
#include "gate/origin/breaker.h"
#include "gate/origin/concurrency.h"
#include "gate/origin/latency.h"
#include "gate/timers.h"
#include "gate/warm/warm_why.h"
#include "net/addr.h"
#include "net/http1_request.h"
#include "net/http1_response.h"
#include "net/http2_pool.h"

/* In Via and Cache-Status. */
#define GATE_NAME "prony"
/* Bytes that wait for a slow reader before its other side is held back. */
#define GATE_UNSENT_MAX ((ssize_t)256 << 10)
/* Bytes of a client that cannot be used yet: the requests behind the one under way. */
#define GATE_AHEAD_MAX  ((size_t)64 << 10)
/* Beyond that when it is being held back: what the engine had received already, of all connections
 * together not more than its buffers hold (engine_uring.c: 8 MiB). */
#define GATE_BATCH_MAX  ((size_t)16 << 20)
/* Of a response's head. */
#define GATE_RESPONSE_HEAD_MAX ((size_t)64 << 10)
/* Of plaintext in one record of TLS (RFC 8446, section 5.1). */
#define GATE_RECORD_BYTES ((size_t)16 << 10)
/* Who was refused because there is no room may come again after that. */
#define GATE_RETRY_NS   (1 * NS_PER_S)
/* How long a connection that was told to end may take to do so. */
#define GATE_LINGER_NS  (2 * NS_PER_S)
/* A tunnel in which nothing is said. */
#define GATE_TUNNEL_NS  (3600 * NS_PER_S)

enum { TIMER_FRONT, TIMER_STREAM, TIMER_UP, TIMER_ERRAND, TIMER_L2, TIMER_PROBE, TIMER_SERVER };

struct gate_worker;
struct client_ops;
struct front;
struct errand;
struct await;
struct batches;
struct l2;
struct l2_link;
struct lookup;
struct making;
struct probe;
struct serving;
struct squeeze_job;
struct waiter;

/* What is to be freed after the turn. */
struct grave {
	struct grave *next;
};

/* One request under way and who asked; of its connection or stream, which has it as its first member. */
struct client {
	struct grave grave;
	struct gate_worker *w;
	struct front *front;       /* the connection it came on */
	const struct client_ops *ops;
	bool gone;
	bool deaf;             /* it sends no more */
	bool keep_alive;       /* after the request under way */
	bool is_head;          /* asked with HEAD: no answer has a body */
	ssize_t unsent;        /* bytes of its answer that it has not taken */
	struct visit visit;
	int64_t retry_ns;      /* with a refusal: after that it may be asked again; 0: not known */
	/* Under way: one of these. */
	struct errand *x;
	struct await *await;       /* for another's errand to end (desk.c) */
	struct serving *serving;   /* from the store (serving.c) */
	struct lookup *lookup;     /* for the second level's answer (lookup.c) */
};

enum up_state { UP_CONNECTING, UP_USED, UP_IDLE, UP_GONE };

struct up {
	struct grave grave;
	struct timer timer;
	uint32_t conn;
	enum up_state state;
	bool reused;           /* it has carried a request before, or could have */
	bool second;           /* of its errand (hedge.h) */
	bool held, deaf;
	ssize_t unsent;
	struct buf head;       /* the beginning of a response's head */
	struct server *server;
	struct errand *x;
	struct up *next, **link;   /* in the pool */
};

/* Errands that wait (line.h). */
struct line {
	struct errand *eldest, *youngest;
	int64_t n;
};

/* A server as one worker sees it. */
struct server {
	struct gate_worker *w;
	const struct gate_upstream *upstream;
	size_t index, number;      /* among the upstream's, among all */
	struct addr addr;
	struct up *idle;           /* latest used first */
	int64_t n_open, max_open, min_open;
	struct timer timer;        /* until connections are made, as fewer than min_open are there; */
	int64_t pause_ns;          /* after so long */
	struct line waiting;       /* for a connection, first come first */
};

/* An upstream as one worker sees it. */
struct group {
	struct balance *balance;
	struct breaker breaker;
	struct retry_budget budget;
	struct latency answers;    /* from a request to the head of its answer */
	struct concurrency limit;
	struct codel codel;        /* of those who wait for a place below it, */
	struct line waiting;       /* these */
	int64_t hedge_after_ns;    /* a request that has taken so long is asked of a second server; 0: none is */
	struct line hedging;       /* requests that have not taken so long */
	struct server **servers;
};

enum errand_state {
	ERRAND_WAITING,    /* for its upstream to have room, or for a connection */
	ERRAND_BATCHED,    /* for a batch to bring its answer */
	ERRAND_ASKING,     /* on a connection; no head of a final answer yet */
	ERRAND_ANSWERING,  /* the body of the answer */
	ERRAND_TUNNEL,     /* other protocol: bytes both ways */
	ERRAND_OVER,
};

/* An errand at one server (attempt.c). */
struct attempt {
	bool open, asked;
	bool judged;             /* the breaker knows what became of it */
	enum breaker_verdict verdict;
	int64_t chosen_ns;
	int64_t asked_ns;
	int64_t latency_ns;      /* to the head of the answer; -1: none yet */
	enum outcome outcome;    /* by the head */
};

/* A second server that is asked the same (hedge.h). */
struct side {
	struct server *server;   /* NULL: there is none */
	struct up *up;
	struct attempt attempt;
	bool placed;
	struct concurrency_ticket ticket;
};

struct errand {
	struct grave grave;
	struct timer timer;
	struct gate_worker *w;
	struct client *client;   /* NULL: gone */
	struct server *server;
	struct up *up;
	struct attempt attempt;
	enum errand_state state;
	int64_t limit_ns;        /* all must be over by then; 0: no limit */
	struct line *line;       /* that it waits in */
	struct errand *elder, *younger;   /* there */
	int64_t joined_ns;       /* since it first waited; 0: it never has */
	bool placed;             /* it has a place below the limit of its upstream, */
	struct concurrency_ticket ticket;   /* with this */
	struct side other;
	int64_t hedge_ns;        /* when a second one is asked */
	int64_t retry_ns;        /* if it fails: after that it may be asked again; 0: not known */
	struct batch_seat seat;
	const struct gate_route *route;

	struct buf head;         /* the request, as the server gets it */
	struct http1_body question;   /* as the client sends its body */
	bool question_chunked;   /* and so the server gets it */
	bool question_ended;
	bool asked;              /* the head was sent on this connection */
	bool repeatable;         /* may be sent again, by its method and by what was sent of it */
	bool safe;               /* its method changes nothing */
	bool repeated;
	bool anew;               /* on a connection that nobody has used */
	uint64_t hash;           /* for the choice of a server, where it goes by that */
	struct server_set tried; /* servers that have failed it */
	int64_t retries;
	bool is_head, upgrades, old_client;
	bool secure;             /* it came through TLS */

	/* With the cache. */
	struct pack *pack;       /* the answer is compressed; NULL: it is not */
	struct buf raw;          /* the request as the client sent it: to be read again when the answer is there */
	struct store_fill *fill; /* NULL: nothing is stored */
	uint64_t flight;         /* of the fill */
	bool late;               /* a fill may begin when the head of the answer is there */
	struct store_moment moment;         /* when a late one was asked */
	const struct store_object *stale;   /* held: what is being validated; NULL: nothing */
	const struct store_object *part;    /* held: what the answer may be joined with; NULL: nothing */
	int64_t tail_at, tail_bytes;        /* of the part, behind what comes; 0 bytes: nothing */
	int64_t requested_ns;    /* wall */
	uint64_t known;          /* of purges, when it was asked (l2_purges.h) */
	bool unsafe;             /* invalidates what is stored, when it succeeds */
	bool straight;           /* of a cached route, but past the cache */
	enum cache_forward forward;
	enum warm_why warm;      /* for nobody: what for */
	uint64_t warm_key;       /* then: hash of the key */
	const char *detail;      /* why nothing is stored; NULL: it is */

	struct http1_body answer;
	bool answer_open;        /* nobody knows when more of it comes, or its end */
	bool answer_chunked;     /* and so the client gets it */
	bool answer_last;        /* the server's connection is of no use afterwards */
};

/* What a connection's number stands for. */
struct conn {
	struct front *front;
	struct up *up;
	struct l2_link *l2;
	struct probe *probe;
};

struct gate;

struct gate_worker {
	struct gate *gate;
	const struct gate_config *config;
	uint32_t index;
	const struct engine_ops *ops;
	struct engine *engine;
	struct timers timers;
	int64_t now_ns;              /* of this turn */
	bool draining, ending;       /* as the gate says, as this worker has heard of it */
	int64_t deaf_ns;             /* draining: from then on no connection comes any more */

	uint32_t n_conns;
	struct conn *conns;
	uint32_t *free_conns, n_free;
	uint32_t n_fronts, max_fronts, n_errands, n_waiting;   /* waiting: of the errands */

	struct store_worker *store;
	int64_t wall_less_mono_ns;   /* looked at once a turn */
	struct waiter **parked;      /* FLIGHT_SLOTS lists of those who wait for progress of a flight */
	uint64_t n_flights;
	struct l2 *l2;               /* NULL: there is no second level */

	struct metrics *metrics;
	struct access_feed *feed;    /* NULL: no access log */

	struct server **servers;     /* by upstream, then by its servers */
	struct group *groups;        /* by upstream */
	bool hedges;                 /* one of them asks second servers */
	struct probe *probes;        /* of the servers that this worker asks how they are */
	size_t n_probes;
	unsigned health_changes;     /* of the gate's, as far as this worker has heard */
	struct batches *batches;     /* NULL: no route has any */
	struct shelf *shelf;         /* of compressors */
	struct making **makings;     /* MAKING_SLOTS lists of compressed forms under way */
	struct squeeze_job *_Atomic squeezed;   /* forms made for this worker in idle time */
	struct worker_tls tls;
	struct http2_pool http2_pool;
	struct h2 *dirty;            /* connections with something to be sent at the end of the turn */
	struct warm_side *warm;
	struct grave *graves;

	/* Scratch. */
	struct http1_request request;
	struct http1_response response;
	struct buf head;
	struct buf packed;           /* what a compressor gave last */
	struct buf cipher, fed;      /* records on their way out: of a send, of what was fed */
	char record[GATE_RECORD_BYTES];
	struct buf frames;
	char key_text[CACHE_KEY_MAX];
};

/* The wall clock at this turn, ns. */
static inline int64_t
gate_wall_ns(const struct gate_worker *w)
{
	return w->now_ns + w->wall_less_mono_ns;
}

int gate_worker_open(struct gate_worker *w, struct gate *gate, uint32_t index, struct err *e);
void gate_worker_close(struct gate_worker *w);
void *gate_worker_main(void *worker);      /* a thread's function */

/* A number for a connection, or ENGINE_NONE; and back. */
uint32_t gate_worker_take_number(struct gate_worker *w);
void gate_worker_give_number(struct gate_worker *w, uint32_t conn);
/* Free it after this turn; `grave` is its first member. */
void gate_worker_bury(struct gate_worker *w, struct grave *grave);
