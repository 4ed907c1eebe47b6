/* SPDX-License-Identifier: MIT */
/* assemble: from a tape to requests.
 *
 * A request (span) lasts from the arrival of its head in the kernel to the last byte of its
 * answer. A segment is a stretch in which a thread works for one span; between its segments a
 * span waits for what the gap says. How a thread's work finds its span:
 *  - reading a request, writing a response: the connection's span, certain;
 *  - a coroutine's or goroutine's work: the span whose response it writes (assemble_task.c);
 *  - reading from a peer: the span that asked; what the thread does until its next read is that
 *    span's too, but what asks on a connection that a pool hands over (assemble_run.c), and what
 *    came after tells otherwise (assemble_order.c);
 *  - after a poll, as long as only one span is open on the thread: that one;
 *  - work since the last poll that ends in writing a response belonged to that response;
 *  - a response by another thread than the reader's: that thread began when it had its last
 *    response behind it and was awake; until then the span waited for a worker;
 *  - an answer whose reading led, by who woke whom, to the end of a wait for a result: the span of
 *    the thread that waited (assemble_fetched.c);
 *  - what a process of the service did for another one that asked it: the span of that question
 *    (assemble_behind.c).
 * Each call says how sure its link is. Only spans that are answered inside one window are kept.
 * Pure. */
#pragma once

#include "trace/tape.h"
#include "run/run.h"

#define NOBODY UINT32_MAX
#define CALL_SURE 90           /* per cent; links below are told as doubtful */

struct segment {
	int64_t start, end;
	uint32_t span, thread;
	uint32_t next;             /* of the same span */
	uint32_t gap_where;        /* what the span waited for before this segment */
	uint32_t gap_call;         /* PART_QUEUE of a pool: the call that ended it; else NOBODY */
	int64_t gap_arrival;       /* when the awaited bytes reached the kernel; 0 unknown */
	uint8_t gap_kind;          /* enum run_part_kind */
};

struct span {
	int64_t arrival, read, end;
	uint32_t route, thread, writer;
	uint32_t first, last;      /* segments */
	uint32_t sql;              /* first REC_SQL; they are chained by rec.key; NOBODY none */
	uint32_t calls;            /* last call */
	int64_t alike;             /* of its connection, as in a tape: it is a call of the service itself; else 0 */
	bool answered, complete;
	bool partial;              /* of it no request was read: it began before the window, or is a
	                              task whose request was never found */
};

struct call {                  /* to a peer */
	int64_t start, end;        /* end: its answer reached this host; 0: no reply seen */
	int64_t read;              /* and was read */
	int64_t alike;             /* of its connection, as in a tape; 0 unknown */
	uint32_t peer, span, thread;
	uint32_t reader;           /* thread; where it was read */
	uint32_t next;             /* the one before it of the same span */
	uint32_t before;           /* the one before it on the same connection */
	uint32_t behind;           /* on the way there: the next one that is out on the connection */
	uint32_t told;             /* the only span whose response was written in the run that its
	                              answer began; NOBODY none, several */
	uint32_t statement;        /* what was asked, a text of the tape; 0 unknown */
	uint32_t rows, bytes;      /* of the answer; of calls with a statement */
	uint8_t kind;              /* PART_NET, PART_DB or PART_CACHE */
	uint8_t sure;              /* per cent: that it belongs to `span` */
	uint8_t writes;            /* that it was asked in; 255: as many or more */
	bool connect, http, error;
	bool handshake, hello;     /* nothing but TLS was agreed on; and that began in it */
	bool alone, slept;         /* no other request was open; its own had waited for something unseen */
	bool amid;                 /* asked while another of its request was out */
	bool task;                 /* told by a coroutine or goroutine */
	bool held;                 /* asked by a task whose connection another had, which was idle then */
	uint32_t done;             /* answers that its request had had when it wanted to ask */
};

/* What waiting for it is told as. Of a web service that is the peer, whatever it is asked. */
static inline uint32_t
call_where(const struct call *c)
{
	return c->statement && c->kind != PART_NET ? c->statement : c->peer;
}

struct lock {                  /* a futex that a thread waited at */
	uint64_t key;
	int pid;
	int64_t woken;             /* waits that another thread ended; 0: only ever a timer */
};

struct thread_log {
	uint32_t *off;             size_t n_off;      /* REC_OFF by time */
	uint32_t *sql;             size_t n_sql;      /* REC_SQL by end */
	uint32_t *gc;              size_t n_gc;       /* REC_GC by end */
	uint32_t *segments;        size_t n_segments; /* by start */
	int64_t polls, heads;
	int64_t longest_run;       /* between two polls, without what it was blocked */
	int64_t longest_from, longest_to;
	bool epoll, returns;       /* a connection was read again after another one: many at a time */
};

struct assembly {
	struct tape *tape;
	struct arena *arena;
	struct span *spans;        size_t n_spans;
	struct segment *segments;  size_t n_segments;
	struct call *calls;        size_t n_calls;
	uint32_t *loose;           size_t n_loose;    /* calls of no span, by start */
	struct lock *locks;        size_t n_locks;
	struct thread_log *threads;                  /* as many as the tape has */
};

/* Part of a REC_OFF, decided by assemble and kept in `bytes`; PART_NONE: waited for work.
 * Its `name` is then where: for PART_LOCK the index of the lock + 1, else a text. */
static inline enum run_part_kind
off_part(const struct rec *r)
{
	return (enum run_part_kind)r->bytes;
}

struct assembly *assemble(struct tape *t);   /* marks the tape's records; assembly_free */
void assembly_free(struct assembly *a);      /* accepts NULL */

/* What a thread that is blocked in this system call waits for, as far as the number alone tells;
 * PART_NONE: for work. */
enum run_part_kind part_of_syscall(int nr, bool uninterrupted);

/* The part that a connection to this port of a peer counts for, and what the peer is. */
enum run_part_kind peer_part(uint16_t port, const char **ret_kind);
