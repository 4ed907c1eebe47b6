/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the collector in the kernel tells the one in user space; included by both.
 *
 * One event covers a whole interval wherever that is possible: a context switch pair with its
 * wake-up is one `ev_off`, a system call that read a request is one `ev_io`. All times are
 * CLOCK_MONOTONIC ns; 0 means that it did not happen (or not since the window began). */
#pragma once

#include <linux/types.h>

#include "task_place.h"

enum ev_kind { EV_OFF = 1, EV_POLL, EV_IO, EV_CONN, EV_FILE, EV_STACK, EV_SQL, EV_EXIT, EV_GC };

#define EV_RING_BYTES  (1 << 21)   /* events that are not taken yet */

#define EV_HEAD_BYTES  128     /* of a request head; enough for method and path */
#define EV_OUT_BYTES   512     /* of what a peer is asked: the beginning */
#define EV_IN_BYTES    448     /* of what it answers: the beginning, */
#define EV_END_BYTES   64      /* and the end when there is more */
#define EV_TEXT_BYTES  4096    /* room for the largest of them while they are gathered */
#define EV_NAME_BYTES  40
#define EV_SQL_BYTES   512
#define EV_PATH_BYTES  64
#define EV_STACK_BYTES 8192
#define EV_PYTHON_FRAMES 64
#define EV_NO_SYSCALL  0xffff  /* not in a system call: a fault, or preempted in user code */

/* What all this takes of the service's threads, for who decides how long it goes on: of the runs that had
 * something to do every so many-th is timed, by chance. */
#define PAID_EVERY   16
#define PAID_MOST_NS 10000
struct paid { __u64 ns, runs, traps, unused[13]; };

/* Key of the map of return addresses that a return probe has replaced. */
struct return_slot { __u64 address; __u32 pid, pad; };

struct ev_head {
	__u64 ts;              /* when the interval or call ended */
	__u32 tid, pid;
	__u16 kind, nr;        /* enum ev_kind; system call in flight */
	__u32 epoch;           /* number of the window */
};

/* A thread is back on a CPU. Blocked from out to wake, waited for a CPU from wake to ts. */
#define EV_OFF_PREEMPTED     1
#define EV_OFF_UNINTERRUPTED 2   /* slept in D state */
#define EV_OFF_IN_SQL        4   /* inside a statement of an embedded database */
struct ev_off {
	struct ev_head head;
	__u64 out, wake;
	__u64 key;             /* first argument of the call: futex address, fd */
	__u32 waker;           /* tid */
	__u16 waker_nr;        /* system call that the waker was in */
	__u16 flags;
};

/* poll, select or epoll_wait returned. */
struct ev_poll {
	struct ev_head head;
	__u64 first_block;     /* when it first went off CPU; 0: it returned at once */
	__s64 ret;
};

#define EV_IO_WRITE  1
#define EV_IO_SERVER 2         /* local port is one that the service listens on */
#define EV_IO_HEAD   4         /* `text` holds the beginning of an HTTP head */
#define EV_IO_FRAMES 16        /* `text` holds frames of HTTP/2 without the bodies but header blocks: of clients,
                                * and where the service is the client of both; */
#define EV_IO_FIRST  32        /* the first ones of the connection; */
#define EV_IO_CUT    64        /* not all of them; `pad` bytes of the first block had come before */
#define EV_IO_BLIND  128       /* the first bytes since a write, and no copy of them can be had */
#define EV_IO_CLEAR  8         /* what OpenSSL told, not what went over the socket */
struct ev_io {
	struct ev_head head;
	__u64 sock;            /* identity of the connection */
	__u64 arrival;         /* reads: when the first byte not read before reached the kernel */
	__u64 first_block;
	__u64 task;            /* coroutine or, with bit 0 set, goroutine that made the call; 0 unknown */
	__s64 ret;
	__u32 flags, fd;
	__u16 begun, ended;    /* bytes of `text`: the first that were moved, then the last */
	__u32 pad;             /* of EV_IO_FRAMES: bytes that continue a header block */
	char text[EV_TEXT_BYTES];   /* sent as far as it is filled */
};

/* Cookie of a probe on OpenSSL: the function answers 1, and tells the bytes by a pointer. */
#define TLS_COUNTED 1

/* A connection was accepted, opened, or is seen for the first time. */
enum ev_conn_how { EV_CONN_SEEN, EV_CONN_ACCEPTED, EV_CONN_OPENED };
struct ev_conn {
	struct ev_head head;
	__u64 sock;
	__u64 born;            /* when the collector first met it: sockets' addresses are used again */
	__u64 first_block;
	__s64 ret;
	__u32 how;
	__u16 family, local_port, peer_port, local_is_server;
	__u8 peer[16];
	__u64 client;          /* identity of the client's end, of a Unix connection */
	char path[EV_PATH_BYTES];   /* of the peer's Unix socket; empty: it has no name */
};

/* A call on a file ended after it blocked. */
struct ev_file {
	struct ev_head head;
	__u64 first_block, blocked;
	char name[EV_NAME_BYTES];   /* last component */
};

/* The user stack of a thread at the end of a call that had blocked, or that woke a waiter: as a copy, or where
 * an interpreter's frames are known as those. */
#define EV_STACK_HANDED 2      /* `unlock`: the thread hands work to a pool; no call ended */
struct ev_stack {
	struct ev_head head;
	__u64 key;             /* as ev_off.key */
	__u64 sock;            /* 0: not a TCP connection */
	__u64 weight;          /* ns that this sample stands for */
	__u32 unlock;          /* 1: the call ended the wait of another thread */
	__u32 size;            /* of the copy */
	__u32 n_python, python_ends;   /* ends: none was left out */
	__u64 ip, sp, bp, bx, r12, r13, r14, r15;
	union { __u8 stack[EV_STACK_BYTES]; struct python_raw python[EV_PYTHON_FRAMES]; };
};

/* One statement of an embedded database was executed to its end. */
struct ev_sql {
	struct ev_head head;
	__u64 start;
	__u64 busy;            /* inside the library, all steps */
	__u32 rows, steps;
	__u64 statement;
	char text[EV_SQL_BYTES];
};

/* What each full collection of a process left behind: at CLOCK_MONOTONIC ns, bytes. The latest ones of n, n - 1 at
 * (n - 1) % EV_KEPT_POINTS. */
#define EV_KEPT_POINTS 64
struct ev_kept {
	__u64 n;
	struct { __u64 at, bytes; } points[EV_KEPT_POINTS];
};

/* A thread collected garbage, from start to head.ts. */
struct ev_gc {
	struct ev_head head;
	__u64 start;
	__u64 full;      /* 1: of the whole heap, as far as the runtime says */
};
