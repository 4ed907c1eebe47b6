/* SPDX-License-Identifier: MIT */
/* tape: everything that was recorded, compact, in memory of a fixed bound.
 *
 * A record is 64 bytes; texts (routes, statements, peers, files, functions) are interned once and
 * referred to by number, 0 meaning none. Whoever reads a tape does no I/O: tests write tapes by
 * hand. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "trace/pauses.h"

enum rec_kind { REC_OFF, REC_POLL, REC_IO, REC_CONN, REC_FILE, REC_SQL, REC_ASK, REC_REPLY, REC_GC };

#define TASK_GO 1               /* bit of rec.task */

/* flags of REC_OFF */
#define OFF_PREEMPTED 1
#define OFF_UNINTERRUPTED 2
#define OFF_IN_SQL 4
#define OFF_BY_FUTEX 8          /* woken by another thread through a futex call */
#define OFF_FOR_TASK 16         /* waited until that thread had executed a task for it */
/* flags of REC_IO */
#define IO_WRITE 1
#define IO_SERVER 2
#define IO_HEAD 4               /* begins an HTTP request or response */
#define IO_HANDSHAKE 8          /* written to agree on TLS; */
#define IO_HELLO 16             /* the first of it */
/* A write to a peer whose protocol is known is followed by a REC_ASK for each question in it, a read
 * by a REC_REPLY for each answer that ended in it, both in the order of the bytes and with the time,
 * thread and connection of their REC_IO. Answers come in the order of their questions; one whose
 * question is of an earlier window has no record. Flags of REC_REPLY: */
#define REPLY_ERROR 1           /* the peer refused, or said 429 or 5xx */
#define REPLY_UNSEEN 2          /* some of its bytes were not copied: rows are a lower bound */
/* flags of REC_CONN */
#define CONN_SEEN 0
#define CONN_ACCEPTED 1
#define CONN_OPENED 2
#define CONN_STREAM 3           /* one request of a connection that carries many at a time */

struct rec {
	int64_t ts;            /* end of the interval or call */
	int64_t from;          /* OFF: off CPU since; SQL, GC: start; else: first blocked at, 0 never */
	int64_t at;            /* OFF: woken; IO, REPLY: arrival in the kernel; SQL: time inside the library;
	                        * CONN: what both ends of it have alike, 0 unknown */
	uint64_t key;          /* OFF: first argument; IO, CONN, ASK, REPLY: connection */
	uint64_t task;         /* IO: the coroutine or, with TASK_GO, goroutine that did it; 0 unknown
	                        * OFF: assemble's: the call + 1 whose answer it waited for, where others read that */
	uint32_t thread;       /* index into tape.threads */
	uint32_t name;         /* IO: route; CONN: peer; FILE: what and which file; SQL, ASK: statement */
	uint32_t value;        /* OFF: waker tid; IO, ASK: bytes; SQL, REPLY: rows (HTTP: status); POLL: result;
	                        * GC: of the whole heap;
	                        * CONN: peer port, or the usual one of the protocol that the peer speaks */
	uint32_t bytes;        /* REPLY; OFF: assemble's */
	uint16_t nr;
	uint8_t kind, flags;
};

struct tape_thread { int pid, tid; char name[16]; };
struct tape_window { int64_t from, to; size_t first, n; };   /* records [first, first + n) */

struct tape_sample {           /* a thread was on CPU */
	int64_t time;
	uint32_t thread, stack;
};

/* A thread ended another one's wait for a task that it had executed for it. */
struct tape_handoff { int64_t at; uint32_t tid; };

/* A goroutine that served a request waited; each stands for `weight` that were found waiting. */
struct tape_wait {
	int64_t time;
	int pid;
	uint32_t stack, thread;    /* thread: one of the process */
	uint32_t where, weight;    /* where: as in a ledger (paint.h), by task_waits_settle */
	uint8_t kind;              /* enum run_part_kind */
};
#define TASK_WAIT_PERIOD_NS 20000000   /* between two looks */

struct tape {
	struct arena *arena;
	struct rec **chunks;       size_t n_chunks;
	size_t n, max;             /* records; beyond max they are counted in `lost` */
	size_t lost;
	struct tape_thread *threads; size_t n_threads;
	struct tape_window *windows; size_t n_windows;
	struct tape_sample *samples; size_t n_samples;
	struct tape_handoff *handoffs; size_t n_handoffs;   /* by tid, then time */
	struct tape_wait *task_waits; size_t n_task_waits;
	struct pauses pauses;      /* of runtimes that stop all their threads to collect garbage */
	const char **names;        size_t n_names;
	struct map thread_ids, name_ids;
	struct map parents;        /* process -> the one that forked it */
	struct map behind;         /* processes that a proxy of the service passes requests on to */
	bool literals;             /* statements are kept as they were sent, one of each: */
	struct map examples;       /* name -> text */
	bool arrivals;             /* IO.at was measured where it is not 0 */
};

#define TAPE_CHUNK 4096

/* Records take memory as they come, 64 bytes each and max_records at most. */
void tape_init(struct tape *t, size_t max_records);
void tape_done(struct tape *t);
struct rec *tape_add(struct tape *t);                         /* zeroed; NULL: full */
static inline struct rec *
tape_at(const struct tape *t, size_t i)
{
	return &t->chunks[i / TAPE_CHUNK][i % TAPE_CHUNK];
}
/* Of records in order of time, by number: the first that ends after `from`; n: none. */
size_t tape_first_after(const struct tape *t, const uint32_t *items, size_t n, int64_t from);
uint32_t tape_thread(struct tape *t, int pid, int tid);       /* its index, made when new */
uint32_t tape_thread_by_tid(const struct tape *t, uint32_t tid);   /* UINT32_MAX: not known */
void tape_forked(struct tape *t, int pid, int parent);
bool tape_is_below(const struct tape *t, int pid, int ancestor);   /* as far as is known */
void tape_put_behind(struct tape *t, int pid);
bool tape_is_behind(const struct tape *t, int pid);           /* it, or the one that forked it */
#define TAPE_PREPARED_BEFORE "(prepared before tracing)"   /* the name of statements whose text was not seen */
uint32_t tape_name(struct tape *t, const char *text);         /* its number, made when new */
const char *tape_text(const struct tape *t, uint32_t name);   /* NULL for 0 */
/* With t->literals, and only then: what the statement `name` looked like when it was first sent. */
void tape_keep_example(struct tape *t, uint32_t name, const char *text, size_t size);
const char *tape_example(const struct tape *t, uint32_t name);   /* NULL: none was kept */
/* The last time before `at` that a thread handed a result over; 0 none. */
int64_t tape_last_handoff(const struct tape *t, uint32_t tid, int64_t at);
void tape_window_begin(struct tape *t, int64_t now);
void tape_window_end(struct tape *t, int64_t now);
double tape_seconds(const struct tape *t);                    /* sum of the windows */
