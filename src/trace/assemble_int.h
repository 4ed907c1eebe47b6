/* SPDX-License-Identifier: MIT */
/* What the files of assemble share: connections, threads and spans as the records so far tell. */
#pragma once

#include "trace/assemble.h"

#define RUN_SPANS_MAX 64

struct conn {
	bool server, connecting;
	bool held;                 /* client: inside a transaction */
	bool logging_in;           /* client: opened in this window, by who is the first to use it */
	uint8_t kind;
	uint32_t generation;       /* sockets' addresses are used again */
	int64_t alike;             /* as in the tape */
	uint32_t peer, pool;       /* client; pool NOBODY: not yet known */
	uint32_t span;             /* server: the open span */
	uint32_t out, out_last;    /* client: calls that are out, oldest and newest */
	uint32_t last;             /* client: the call that was begun last */
};

/* The connections of a process to one peer. */
struct pool {
	int pid;
	uint32_t peer, conns, busy;
	int64_t was_out;           /* wholly, last seen then; 0 never */
	uint32_t doubt;            /* so many of the next to be handed over are doubtful */
	uint32_t waiters_from;     /* stalls before this one do not wait for this pool */
	bool shared;               /* several calls at a time on one connection */
	bool spoken;               /* its questions are known: what has no REC_ASK is no question */
	bool cache;                /* whose clients share connections, if they have only one */
};

static inline bool
pool_is_shared(const struct pool *p)
{
	return p->shared || (p->cache && p->conns == 1);
}

/* Whoever wants a connection now has to wait for one. */
static inline bool
pool_is_out(const struct pool *p)
{
	return p->busy && p->busy == p->conns && !pool_is_shared(p);
}

/* What a span is about, beyond what its readers want to know. */
struct course {
	uint32_t out, done;        /* calls: without an answer yet, answered */
	uint32_t asked;            /* in this run */
	uint32_t opening;          /* connections, each for one of its questions */
	uint32_t stalls;           /* its places in the thread's queue */
	uint32_t stall_epoch;      /* places of an earlier one are void */
	uint32_t holder;           /* of a task: whose connection it used first; NOBODY none */
	uint32_t earlier;          /* of a task: what it did before; NOBODY nothing */
	uint32_t merged;           /* of a task: the span that it turned out to work for */
	bool lost;                 /* it was served as somebody else */
	bool slept;                /* since its last answer it waited for what was no pool */
	bool task;
	uint8_t holder_sure, merged_sure;
};

/* Its questions that are out; connections that are being opened are none. */
static inline uint32_t
course_asks(const struct course *c)
{
	return c->out > c->opening ? c->out - c->opening : 0;
}

/* A span that went on waiting though no call of it was out. */
struct stall {
	uint64_t pools;            /* bit set: this pool was wholly out then */
	uint32_t span, epoch;
	uint32_t number;           /* of the thread's, counted up */
	uint32_t done;             /* answers that it had had */
};

/* Resumed by the answer to `call`; NOBODY: otherwise. */
struct run_entry { uint32_t span, call; };

/* A thread as the events so far tell. */
struct actor {
	uint32_t span;             /* that it works for now */
	uint32_t segment;          /* open */
	uint32_t open;             /* spans read by it and not answered yet */
	uint32_t last_open;        /* one of them */
	int64_t resumed;           /* end of the last poll or of other work */
	int64_t acted;             /* end of its last read or write */
	int64_t answered;          /* end of its last response */
	int64_t polled;            /* end of the last poll, 0 none in this window */
	uint32_t orphan_sql, orphan_calls;    /* not yet known whose; newest first */
	uint64_t last_conn;
	bool timed_out;            /* the last poll */
	bool tasks, goroutines;    /* coroutines or goroutines were seen on it */
	size_t off_mark;           /* first REC_OFF of this window */
	struct run_entry run[RUN_SPANS_MAX];  /* what the last read resumed, in order */
	uint32_t n_run, at_run;    /* at_run: the next to act */
	uint32_t run_call;         /* the only call whose answer began the run; NOBODY none, several */
	uint32_t run_told;         /* the span that answers in it; NOBODY none yet */
	struct stall *stalls;      size_t n_stalls, first_stall;
	size_t stalls_kept;        /* when the void ones were thrown out last */
	uint32_t stalls_begun;
};

struct worker {
	struct assembly *a;
	struct tape *t;
	struct map conn_ids;       /* key -> index */
	struct map lock_ids;       /* (address, pid) -> index */
	struct map conns_read;     /* server connections that had a request, by thread */
	struct map task_spans;     /* (task, pid) -> span + 1 */
	struct map pool_ids;       /* (pid, peer) -> index */
	struct map own_calls;      /* connections that the service opened: what their ends have alike -> TLS is spoken */
	struct conn *conns;        size_t n_conns;
	struct pool *pools;        size_t n_pools;
	const struct book *book;   /* what was learned before; NULL: the first time */
	struct course *courses;    size_t n_courses;     /* one a span */
	struct actor *actors;
	size_t first_span;         /* of this window */
};

/* Records of one socket call: the REC_IO and the questions or answers that were in it. */
#define WITH_MAX 64
struct moved {
	const struct rec *io;
	const struct rec *with[WITH_MAX]; size_t n;
};

/* ---- assemble_segment.c -------------------------------------------------------------------- */

uint32_t span_new(struct worker *w, const struct span *s);

/* From `start` on, this thread works for `span`; what is open for another one ends at `now`. */
struct gap { enum run_part_kind kind; uint32_t where, call; int64_t arrival; };
void work_for(struct worker *w, uint32_t thread, uint32_t span, int64_t start, int64_t now,
    struct gap gap);
/* It does something for `span` at `now` amid other work, to which it returns. */
void work_amid(struct worker *w, uint32_t thread, uint32_t span, int64_t now, struct gap gap);
void leave(struct worker *w, uint32_t thread, int64_t now);
void close_segment(struct worker *w, struct actor *actor, int64_t now);
/* Nothing is known of why the work went on, but a poll that ran into its time-out was a timer. */
struct gap gap_unknown(const struct actor *actor);
/* Whose work a thread does when no event has told: the only open span, if it is the only one. */
uint32_t owner_now(struct worker *w, uint32_t thread, int64_t now);
/* All that was `from`'s is `to`'s. */
void merge_spans(struct worker *w, uint32_t from, uint32_t to);
/* The same once nothing is under way any more. */
void span_take(struct assembly *a, uint32_t from, uint32_t to);
/* What each of two spans did since then was the other's. */
void swap_since(struct worker *w, uint32_t x, uint32_t y, int64_t since);

/* ---- assemble_off.c ------------------------------------------------------------------------ */

void on_off(struct worker *w, struct rec *r, uint32_t index);
/* What the thread was blocked in since r->from is known only now that the call has ended. */
void annotate(struct worker *w, const struct rec *r, enum run_part_kind part, uint32_t where);
/* How long the thread ran, or wanted to, in [from, to]. */
int64_t ran_between(const struct worker *w, uint32_t thread, int64_t from, int64_t to);

/* ---- assemble_server.c --------------------------------------------------------------------- */

void span_over(struct worker *w, struct conn *c);
void server_io(struct worker *w, struct conn *c, const struct rec *r);

/* ---- assemble_call.c ----------------------------------------------------------------------- */

struct conn *conn_of(struct worker *w, uint64_t key);
struct pool *pool_of(struct worker *w, int pid, uint32_t peer);   /* made when new */
void pool_join(struct worker *w, struct conn *c, int pid);
void call_opened(struct worker *w, struct conn *c, const struct rec *r);
void client_io(struct worker *w, struct conn *c, const struct moved *m);
/* A call that was out as the window began at `from`; `answer` is the first that is seen of it. */
void call_before(struct worker *w, struct conn *c, const struct rec *answer, uint32_t span,
    int64_t from);

/* ---- assemble_stall.c ---------------------------------------------------------------------- */

/* The place in the queue of a span, for this pool rather than for another thing; SIZE_MAX none. */
size_t stall_of(const struct worker *w, struct actor *actor, uint32_t span, uint32_t pool);
bool stall_holds(const struct worker *w, const struct stall *s);
bool stall_waits_for(const struct worker *w, const struct actor *actor, size_t i, uint32_t pool);
/* The longest waiting for this pool or (NOBODY) whatever for; SIZE_MAX none. */
size_t stall_oldest(const struct worker *w, struct actor *actor, uint32_t pool);
/* Place i got what it waited for: whose it was. */
uint32_t stall_take(struct worker *w, struct actor *actor, size_t i);
/* The pools of a process that are wholly out. */
uint64_t pools_out(const struct worker *w, int pid);
/* The run is over: does the span wait, with these pools out? */
void stall_add(struct worker *w, struct actor *actor, uint32_t span, uint64_t pools);
/* It waited as the window began, for whatever. */
void stall_before(struct worker *w, uint32_t span);
void stalls_void(struct course *c);
/* A connection that came back in this run and was not taken: nobody waits for its pool. */
void stalls_note_idle_pools(struct worker *w, const struct actor *actor, int pid);
/* Do some wait for timers or the like, and may one of those have asked this? */
bool stalls_may_be_timers(const struct worker *w, struct actor *actor, uint32_t text);
/* The span was served: so were all that had waited longer for its pool, as somebody else. */
void stalls_serve_older(struct worker *w, struct actor *actor, uint32_t span);
/* Of spans that waited as the window began the order is not known: one stands for another. */
void stalls_swap(struct worker *w, struct actor *actor, uint32_t x, uint32_t y);

/* ---- assemble_run.c ------------------------------------------------------------------------ */

/* A run is what a loop does from one read, or poll, to the next. */
void run_end(struct worker *w, uint32_t thread);
void run_add(struct actor *actor, uint32_t span, uint32_t call);
/* A response of `span` is being written: what the run is about turns out. */
void run_answers(struct worker *w, uint32_t thread, uint32_t span);
/* Whose question on this connection a thread without tasks writes. */
struct asker {
	uint32_t span, done;       /* done, if it waited: answers that it had had before */
	uint8_t sure;
	bool waited, amid;
};
struct asker asker_of(struct worker *w, struct conn *c, const struct rec *io, uint32_t statement);
uint32_t pool_wait_name(struct worker *w, const struct pool *p);

/* ---- assemble_template.c ------------------------------------------------------------------- */

/* What a route's requests ask: a statement, or a peer whose statements are not known. */
struct habit {
	uint32_t text, route;      /* route 0: of several */
	uint32_t count;            /* a request asks it so often; 0: that varies */
	uint32_t level;            /* after so many answers; NOBODY: that varies */
	uint32_t next;             /* of the same route; NOBODY none */
	bool last;                 /* the response follows its answer */
	bool held;                 /* by who had the connection before */
	bool sleeps;               /* after a wait for something unseen */
	bool sleeps_known;
	bool one_by_one;           /* each after the answer to the one before */
};

/* Whose a call turned out to be by what came after it. */
struct link { uint32_t span; uint8_t sure; };   /* span NOBODY: unknown */

/* What one time teaches the next. Calls have the same numbers each time, and so have spans but
 * those of tasks. */
struct book {
	struct arena *arena;
	struct map ids;            /* text -> index */
	struct map routes;         /* route -> first index + 1 */
	struct habit *habits;      size_t n;
	struct link *links;        size_t n_links;       /* by call */
	bool bold;                 /* its habits decide nothing alone */
};

/* Bold: what is only likely is tried too; good for book_order, which takes what proves true. */
struct book *book_learn(const struct assembly *a, bool bold);
void book_free(struct book *b);                          /* accepts NULL */
uint32_t text_of(const struct call *c);
const struct habit *book_habit(const struct book *b, uint32_t text);     /* b, answer may be NULL */
uint32_t book_of_route(const struct book *b, uint32_t route);   /* its first habit; NOBODY none */
/* Does the span ask this now (a statement, else the peer)? 1 yes, -1 no, 0 not known. */
int template_fits(const struct worker *w, uint32_t span, uint32_t text);
/* How many questions it may ask now and has not; -1 not known. */
int template_missing(const struct worker *w, uint32_t span);
/* Is it always asked by who had the connection before? */
bool template_is_held(const struct worker *w, uint32_t text);
/* Is it known whether this is asked after a wait for something unseen? */
bool template_tells_sleep(const struct worker *w, uint32_t text);
/* Spans whose calls are not what those of their route are: their links are doubtful. */
void template_check(struct assembly *a);

/* ---- assemble_order.c ---------------------------------------------------------------------- */

/* Finds links that the order in which a pool serves tells, of calls that are in doubt. Whether
 * there are any that were linked otherwise, or doubtfully. */
bool book_order(struct book *b, const struct assembly *a);
/* NULL: it tells nothing of this call. */
const struct link *book_link(const struct book *b, size_t call);

/* ---- assemble_task.c ----------------------------------------------------------------------- */

/* The span that stands for the task until its request is known. */
uint32_t task_span(struct worker *w, const struct rec *r, const struct conn *c);
void task_reads(struct worker *w, const struct rec *r, uint32_t span);
void task_answers(struct worker *w, const struct rec *r, uint32_t span);
void tasks_end(struct worker *w);

/* ---- assemble_fetched.c -------------------------------------------------------------------- */

/* Gives calls of nobody, whose answers other threads read, to those who waited for the result. */
void fetched_link(struct assembly *a);

/* ---- assemble_behind.c --------------------------------------------------------------------- */

/* Does a proxy of the service ask on the connection, which the thread reads? */
bool is_behind(const struct worker *w, const struct conn *c, uint32_t thread);
/* And do bytes that were read begin a question, whatever is spoken? Each waits there for the answer to the one before. */
bool behind_begins(const struct worker *w, const struct conn *c, uint32_t thread);
/* What its requests are called until they are known to be part of others: no route of those, for they ask other things. */
uint32_t behind_route(const struct worker *w, uint32_t route);
/* Gives what was done for a question that the service asked itself to who asked. */
void behind_link(struct assembly *a);

/* ---- assemble_prepared.c ------------------------------------------------------------------- */

/* Gives calls whose statement was prepared before tracing the one that others of their route ask in their place. */
void prepared_name(struct assembly *a);

/* ---- assemble_before.c --------------------------------------------------------------------- */

/* What was under way as the window began, found by looking ahead. */
void find_before(struct worker *w, const struct tape_window *win, const uint32_t *order);
