/* SPDX-License-Identifier: MIT */
/* What the io_uring engine asks of its ring: receives, polls and sends of its connections.
 *
 * Sending: an entry sends without waiting, and completes silently unless the socket does not take
 * all. The kernel therefore looks at the bytes while it submits and never after: what is copied
 * needs room until then only, and a dropped connection leaves nothing behind. What the socket does
 * not take goes to the connection's backlog and is sent when it is writable. Completions of sends
 * are looked at right after each submission, before anybody can send more out of order.
 *
 * Sends name the socket by its place in the ring's table of files, which is the connection's
 * number; receives do not, as they would keep kernels before 6.13 from closing anybody's socket.
 *
 * Completions carry which life of the connection's number they belong to; those of an earlier one
 * only give their buffer back. Private to the engine; the thread that owns the ring. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/backlog.h"
#include "engine/engine.h"
#include "engine/stamp.h"
#include "engine/uring.h"

#define SUBMISSIONS 256
#define STAGE_BYTES ((size_t)256 << 10)

/* What an entry was for. */
enum op { OP_SILENT, OP_CONNECT, OP_RECEIVE, OP_SEND, OP_WRITABLE, OP_FILE, OP_ACCEPT, OP_WAKE };

struct link {
	int fd;                    /* -1: not in use */
	uint32_t turn;             /* counts connections that had this number */
	bool connecting;
	bool stamped;              /* received with the kernel's stamp */
	bool receiving;            /* a receive is with the kernel, or will be */
	bool held, deaf;           /* deaf: the peer has ended its stream */
	bool finishing;            /* the peer is to be told when the backlog is empty */
	bool full;                 /* the socket: the backlog waits until it is writable */
	bool sending;              /* the backlog: an entry is there and not submitted */
	int broken;                /* a send failed with it */
	uint64_t last_at, send_at; /* its last entry, its last one that sends */
	struct backlog backlog;
};

struct engine {
	struct engine_sink sink;
	struct uring ring;
	uint64_t owner;            /* number of a thread: uring_thread.c */
	uint32_t looked;           /* completions before this: sends among them are accounted for */
	struct uring_buffers buffers;
	struct msghdr shape;       /* of all receives */
	bool files;                /* sends name files by their place */
	int wake;                  /* -1: nobody wants to be woken */
	struct listener {
		int fd;                /* -1: none */
		uint8_t turn;
		int64_t rests_until_ns;   /* 0: connections are being accepted */
	} listeners[ENGINE_LISTENERS];
	struct stamp_clock clock;
	uint32_t n_links;
	struct link *links;
	struct io_uring_cqe *left; /* of the ring before */
	uint32_t n_left;
	size_t staged;
	char stage[STAGE_BYTES];   /* copies, until they are submitted */
};

static inline uint64_t
entry_tag(const struct engine *g, uint32_t conn, enum op op)
{
	return (uint64_t)op << 56 | (uint64_t)(g->links[conn].turn & 0xffffff) << 32 | conn;
}

static inline enum op
entry_op(uint64_t tag)
{
	return (enum op)(tag >> 56);
}

/* The connection that a tag belongs to; NULL when its number has another turn, or none. */
static inline struct link *
entry_link(struct engine *g, uint64_t tag)
{
	struct link *l = &g->links[(uint32_t)tag];
	bool same = (l->turn & 0xffffff) == (tag >> 32 & 0xffffff);

	return same && l->fd >= 0 ? l : NULL;
}

/* Each of these is false, or -errno, when the ring takes no more. */
bool entry_poll(struct engine *g, uint32_t conn, enum op op);
bool entry_receive(struct engine *g, uint32_t conn);
void entry_cancel(struct engine *g, uint32_t conn, enum op op);
/* Put the connection's socket into its place in the table of files, or nothing when it is dropped. */
bool entry_file(struct engine *g, uint32_t conn, bool dropped);
/* Send of the backlog what the socket takes. */
bool entry_backlog(struct engine *g, uint32_t conn);
/* Accept connections of a listener, or stop that; be told when an event counter is written to. */
bool entry_accept(struct engine *g, uint32_t listener);
void entry_accept_no_more(struct engine *g, uint32_t listener);
bool entry_watch(struct engine *g, int event_fd);
/* As engine_ops.send, and .gather. */
int entry_send(struct engine *g, uint32_t conn, const void *bytes, size_t size, bool lasting);
ssize_t entry_gather(struct engine *g, uint32_t conn, const struct engine_piece *pieces, uint32_t n);
/* Submit what a connection is to send and is not submitted yet. */
void entry_hurry(struct engine *g, uint32_t conn);

/* After a submission: what it did not get rid of, before anything else is sent. */
void entry_look_at_sends(struct engine *g);
void entry_submitted(struct engine *g);
/* Entries of a connection that are not submitted yet would find another's socket. */
void entry_silence(struct engine *g, uint32_t conn);

/* Of a ring that is given up: its sends that were not submitted, and one of them again in the next. */
uint32_t entry_keep_sends(struct engine *g, struct io_uring_sqe *ret_sends);
void entry_repeat(struct engine *g, const struct io_uring_sqe *old);
