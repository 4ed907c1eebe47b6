/* SPDX-License-Identifier: MIT */
/* The engine on io_uring: a request costs two ring entries and a share of one system call.
 *
 * Receiving: one multishot recvmsg a connection takes a buffer from a pool that all share when
 * there is something to put in it, so that an idle connection has none. The socket's stamp comes
 * with it.
 *
 * Sending: an entry sends without waiting, and completes silently unless the socket does not take
 * all. The kernel therefore looks at the bytes while it submits and never after: what is copied
 * needs room until then only, and a dropped connection leaves nothing behind. What the socket does
 * not take goes to the connection's backlog and is sent when it is writable. Completions of sends
 * are looked at right after each submission, before anybody can send more out of order.
 *
 * The ring belongs to the thread that first uses it, and phases have threads of their own. So the
 * sockets are plain descriptors that outlive the ring, and a new thread opens a new ring: what the
 * old one has received and not delivered comes first, what it was asked and had not submitted is
 * asked again. A thread must have ended before another calls: what it had under way sleeps from
 * then on, as only its owner would receive for the ring (deferred work), until the ring is closed.
 *
 * Sends name the socket by its place in the ring's table of files, which is the connection's
 * number; receives do not, as they would keep kernels before 6.13 from closing anybody's socket.
 *
 * Completions carry which life of the connection's number they belong to; those of an earlier one
 * only give their buffer back. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "load/backlog.h"
#include "load/engine.h"
#include "load/stamp.h"
#include "load/uring.h"

#define SUBMISSIONS    256
/* So many together cost no more than all, and the first of them are not sent much later than their
 * caller believes. */
#define SUBMIT_AT      16
#define BUFFERS_MIN    64
#define BUFFERS_MAX    512     /* 8 MiB in all, of which only what was received into is in memory */
#define RECEIVE_HEAD   (sizeof(struct io_uring_recvmsg_out) + STAMP_CONTROL_BYTES)
/* Not a power of two: the first lines of all buffers would share a few places of the cache. */
#define BUFFER_BYTES   (((size_t)16 << 10) + 320)
#define STAGE_BYTES    ((size_t)256 << 10)

/* What an entry was for. */
enum op { OP_SILENT, OP_CONNECT, OP_RECEIVE, OP_SEND, OP_WRITABLE, OP_FILE };

struct link {
	int fd;                    /* -1: not in use */
	uint32_t turn;             /* counts connections that had this number */
	bool connecting;
	bool full;                 /* the socket: the backlog waits until it is writable */
	bool sending;              /* the backlog: an entry is there and not submitted */
	int broken;                /* a send failed with it */
	uint64_t last_at, send_at; /* its last entry, its last one that sends */
	struct backlog backlog;
};

struct engine {
	struct engine_sink sink;
	struct uring ring;
	uint64_t owner;            /* thread_number() */
	uint32_t looked;           /* completions before this: sends among them are accounted for */
	struct uring_buffers buffers;
	struct msghdr shape;       /* of all receives */
	bool files;                /* sends name files by their place */
	struct stamp_clock clock;
	uint32_t n_links;
	struct link *links;
	struct io_uring_cqe *left; /* of the ring before */
	uint32_t n_left;
	size_t staged;
	char stage[STAGE_BYTES];   /* copies, until they are submitted */
};

/* Numbers of threads are never used again, unlike their ids. */
static uint64_t
thread_number(void)
{
	static atomic_uint_least64_t threads;
	static _Thread_local uint64_t number;

	if (!number)
		number = atomic_fetch_add(&threads, 1) + 1;
	return number;
}

/* ---- entries -------------------------------------------------------------------------------- */

static uint64_t
tag(const struct engine *g, uint32_t conn, enum op op)
{
	return (uint64_t)op << 56 | (uint64_t)(g->links[conn].turn & 0xffffff) << 32 | conn;
}

static enum op
op_of(uint64_t tag)
{
	return (enum op)(tag >> 56);
}

/* The connection that a tag belongs to; NULL when its number has another turn, or none. */
static struct link *
link_of(struct engine *g, uint64_t tag)
{
	struct link *l = &g->links[(uint32_t)tag];
	bool same = (l->turn & 0xffffff) == (tag >> 32 & 0xffffff);

	return same && l->fd >= 0 ? l : NULL;
}

static bool
is_staged(const struct engine *g, const char *bytes)
{
	return bytes >= g->stage && bytes < g->stage + STAGE_BYTES;
}

/* What the sends of a submission did not get rid of, before anything else is sent. */
static void
look_at_sends(struct engine *g)
{
	for (uint32_t end = uring_last(&g->ring); g->looked != end; g->looked++) {
		const struct io_uring_cqe *c = uring_completion(&g->ring, g->looked);
		struct link *l = op_of(c->user_data) == OP_SEND ? link_of(g, c->user_data) : NULL;
		if (!l)
			continue;
		size_t sent = c->res > 0 ? (size_t)c->res : 0;
		const struct io_uring_sqe *entry = uring_entry(&g->ring, l->send_at);
		const char *bytes = (const char *)(uintptr_t)entry->addr;
		if (c->res < 0 && c->res != -EAGAIN)
			l->broken = -c->res;
		l->full = sent < entry->len;
		if (l->sending)
			backlog_take(&l->backlog, sent);
		else if (backlog_add(&l->backlog, bytes + sent, entry->len - sent,
		    !is_staged(g, bytes)) < 0)
			l->broken = ENOBUFS;
		l->sending = false;
	}
}

static void
after_submission(struct engine *g)
{
	look_at_sends(g);
	if (g->ring.pushed == g->ring.taken)
		g->staged = 0;
}

static struct io_uring_sqe *
push(struct engine *g, uint32_t conn, enum op op, uint8_t opcode)
{
	uint64_t at;
	struct io_uring_sqe *s = uring_push(&g->ring, &at);

	if (!s) {
		uring_submit(&g->ring);
		after_submission(g);
		s = uring_push(&g->ring, &at);
	}
	if (!s)
		return NULL;
	s->opcode = opcode;
	s->fd = g->links[conn].fd;
	s->user_data = tag(g, conn, op);
	if (op != OP_SILENT)
		g->links[conn].last_at = at;
	if (op == OP_SEND)
		g->links[conn].send_at = at;
	return s;
}

static bool
push_poll(struct engine *g, uint32_t conn, enum op op)
{
	struct io_uring_sqe *s = push(g, conn, op, IORING_OP_POLL_ADD);

	if (s)
		s->poll32_events = POLLOUT;
	return s;
}

static bool
push_receive(struct engine *g, uint32_t conn)
{
	struct io_uring_sqe *s = push(g, conn, OP_RECEIVE, IORING_OP_RECVMSG);

	if (!s)
		return false;
	s->addr = (uintptr_t)&g->shape;
	s->len = 1;
	s->ioprio = IORING_RECV_MULTISHOT | IORING_RECVSEND_POLL_FIRST;
	s->flags = IOSQE_BUFFER_SELECT;
	return true;
}

static void
push_cancel(struct engine *g, uint32_t conn, enum op op)
{
	struct io_uring_sqe *s = push(g, conn, OP_SILENT, IORING_OP_ASYNC_CANCEL);

	if (!s)
		return;
	s->fd = -1;
	s->addr = tag(g, conn, op);
	s->flags = IOSQE_CQE_SKIP_SUCCESS;
}

/* Put the connection's socket into its place in the table of files, or nothing when it is dropped. */
static bool
push_file(struct engine *g, uint32_t conn, bool dropped)
{
	static const int none = -1;

	if (!g->files)
		return true;
	struct io_uring_sqe *s = push(g, conn, dropped ? OP_SILENT : OP_FILE, IORING_OP_FILES_UPDATE);
	if (!s)
		return false;
	s->fd = -1;
	s->addr = (uintptr_t)(dropped ? &none : &g->links[conn].fd);
	s->len = 1;
	s->off = conn;
	s->flags = IOSQE_CQE_SKIP_SUCCESS;
	return true;
}

/* With MSG_DONTWAIT the kernel does not keep what would block, with MSG_WAITALL it tells when it
 * sent a part only. */
static void
fill_send(struct engine *g, struct io_uring_sqe *s, const void *bytes, size_t size, bool silent)
{
	s->addr = (uintptr_t)bytes;
	s->len = size < UINT32_MAX / 4 ? (uint32_t)size : UINT32_MAX / 4;
	s->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL;
	s->flags = (silent ? IOSQE_CQE_SKIP_SUCCESS : 0) | (g->files ? IOSQE_FIXED_FILE : 0);
	if (g->files)
		s->fd = (int)(uint32_t)s->user_data;
}

static bool
push_backlog(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];
	const void *bytes;

	if (l->full || l->sending || backlog_is_empty(&l->backlog))
		return true;
	struct io_uring_sqe *s = push(g, conn, OP_SEND, IORING_OP_SEND);
	if (!s)
		return false;
	size_t size = backlog_next(&l->backlog, &bytes);
	fill_send(g, s, bytes, size, false);
	l->sending = true;
	return true;
}

/* Requests in the kernel hold the socket, those of a thread that has ended until its ring is closed:
 * closing alone would tell the peer late. */
static void
hang_up(int fd)
{
	shutdown(fd, SHUT_RDWR);
	close(fd);
}

/* ---- opening, closing, moving to another thread --------------------------------------------- */

static uint32_t
count_buffers(uint32_t conns)
{
	uint32_t n = BUFFERS_MIN;

	while (n < BUFFERS_MAX && n < conns)
		n *= 2;
	return n;
}

static void
offer_files(struct engine *g)
{
	CLEANUP(free_p) int *fds = malloc(g->n_links * sizeof(*fds));

	for (uint32_t i = 0; fds && i < g->n_links; i++)
		fds[i] = g->links[i].fd;
	g->files = fds && uring_register_files(&g->ring, fds, g->n_links) == 0;
}

/* Completions have a place each, whatever happens between two waits: a connection has at most a
 * receive, a send and a poll that end, and the cancellations of those; a buffer is filled once. */
static int
open_ring(struct engine *g, const bool *held)
{
	int code = uring_open(&g->ring, SUBMISSIONS, g->n_links * 4 + g->buffers.n * 2);

	g->owner = thread_number();
	g->looked = 0;
	for (uint32_t i = 0; i < g->n_links; i++)
		g->links[i].last_at = g->links[i].send_at = 0;
	if (code < 0)
		return code;
	offer_files(g);
	return uring_buffers_offer(&g->buffers, &g->ring, held);
}

static void
uring_engine_close(struct engine *g)
{
	if (!g)
		return;
	uring_close(&g->ring, g->owner == thread_number());
	for (uint32_t i = 0; g->links && i < g->n_links; i++) {
		if (g->links[i].fd >= 0)
			hang_up(g->links[i].fd);
		backlog_done(&g->links[i].backlog);
	}
	uring_buffers_free(&g->buffers);
	free(g->links);
	free(g->left);
	free(g);
}

static int
uring_engine_open(uint32_t max_conns, const struct engine_sink *sink, struct engine **ret)
{
	struct engine *g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->sink = *sink;
	g->ring.fd = -1;
	g->n_links = max_conns;
	g->shape.msg_controllen = STAMP_CONTROL_BYTES;
	g->links = calloc(max_conns, sizeof(*g->links));
	int code = g->links ? uring_buffers_make(&g->buffers, count_buffers(max_conns), BUFFER_BYTES)
	    : -ENOMEM;
	for (uint32_t i = 0; g->links && i < max_conns; i++)
		g->links[i].fd = -1;
	if (code == 0)
		code = open_ring(g, NULL);
	if (code < 0) {
		uring_engine_close(g);
		return code;
	}
	*ret = g;
	return 0;
}

/* Keep what the ring has completed and nobody has heard of. Receives and polls are begun anew in
 * the next ring, so that what tells of their end only is no news. */
static void
keep_completions(struct engine *g, bool *held)
{
	uint32_t from = uring_first(&g->ring), n = uring_last(&g->ring) - from;
	struct io_uring_cqe *all = realloc(g->left, (g->n_left + n + 1) * sizeof(*all));
	if (!all)
		abort();
	g->left = all;
	for (uint32_t i = 0; i < n; i++) {
		struct io_uring_cqe c = *uring_completion(&g->ring, from + i);
		if (c.res != -ECANCELED && c.res != -ENOBUFS && op_of(c.user_data) != OP_WRITABLE) {
			c.flags |= IORING_CQE_F_MORE;
			all[g->n_left++] = c;
		}
	}
	for (uint32_t i = 0; i < g->n_left; i++)
		if (all[i].flags & IORING_CQE_F_BUFFER)
			held[all[i].flags >> IORING_CQE_BUFFER_SHIFT] = true;
}

static uint32_t
keep_sends(struct engine *g, struct io_uring_sqe *ret_sends)
{
	uint32_t n = 0;

	for (uint64_t at = g->ring.taken; at < g->ring.pushed; at++)
		if (op_of(uring_entry(&g->ring, at)->user_data) == OP_SEND)
			ret_sends[n++] = *uring_entry(&g->ring, at);
	return n;
}

static void
arm_all(struct engine *g)
{
	for (uint32_t i = 0; i < g->n_links; i++) {
		struct link *l = &g->links[i];
		if (l->fd < 0)
			continue;
		if (l->connecting)
			push_poll(g, i, OP_CONNECT);
		else
			push_receive(g, i);
		if (l->full)
			push_poll(g, i, OP_WRITABLE);
	}
}

static void
repeat_send(struct engine *g, const struct io_uring_sqe *old)
{
	bool silent = old->flags & IOSQE_CQE_SKIP_SUCCESS;
	struct io_uring_sqe *s = push(g, (uint32_t)old->user_data, OP_SEND, IORING_OP_SEND);

	fill_send(g, s, (const void *)(uintptr_t)old->addr, old->len, silent);
}

static int
move_here(struct engine *g)
{
	struct io_uring_sqe sends[SUBMISSIONS];
	bool held[BUFFERS_MAX] = { false };
	uint32_t n_sends = 0;

	if (g->ring.fd >= 0) {
		look_at_sends(g);
		keep_completions(g, held);
		n_sends = keep_sends(g, sends);
		uring_close(&g->ring, false);
	}
	int code = open_ring(g, held);
	if (code < 0) {
		uring_close(&g->ring, true);
		return code;
	}
	for (uint32_t i = 0; i < n_sends; i++)   /* first: there is room for them, and the stage holds */
		repeat_send(g, &sends[i]);
	arm_all(g);
	return 0;
}

static int
own(struct engine *g)
{
	return g->owner == thread_number() && g->ring.fd >= 0 ? 0 : move_here(g);
}

/* ---- what the worker calls ------------------------------------------------------------------ */

/* Entries of a connection that are not submitted yet would find another's socket. */
static void
silence(struct engine *g, uint32_t conn)
{
	uint64_t mine = tag(g, conn, OP_SILENT), all_ops = ~(UINT64_C(0xff) << 56);

	if (!uring_pending(&g->ring, g->links[conn].last_at))
		return;
	for (uint64_t at = g->ring.taken; at < g->ring.pushed; at++) {
		struct io_uring_sqe *s = uring_entry(&g->ring, at);
		if (op_of(s->user_data) == OP_SILENT || (s->user_data & all_ops) != mine)
			continue;
		*s = (struct io_uring_sqe){
			.opcode = IORING_OP_NOP, .flags = IOSQE_CQE_SKIP_SUCCESS, .user_data = mine,
		};
	}
}

/* Also by a thread that does not own the ring: the owner has ended then, and nobody receives. */
static void
uring_engine_drop(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];

	if (l->fd < 0)
		return;
	if (g->ring.fd >= 0)
		silence(g, conn);
	if (g->ring.fd >= 0 && g->owner == thread_number()) {
		push_cancel(g, conn, l->connecting ? OP_CONNECT : OP_RECEIVE);
		if (l->full)
			push_cancel(g, conn, OP_WRITABLE);
		push_file(g, conn, true);
	}
	hang_up(l->fd);
	backlog_done(&l->backlog);
	*l = (struct link){ .fd = -1, .turn = l->turn + 1 };
}

static void
report_broken(struct engine *g, uint32_t conn, int code)
{
	uring_engine_drop(g, conn);
	g->sink.broken(g->sink.ctx, conn, code);
}

static int
uring_engine_connect(struct engine *g, uint32_t conn, const struct addr *to)
{
	struct link *l = &g->links[conn];
	int code = own(g);
	int fd = code < 0 ? code : addr_connect(to);
	if (fd < 0)
		return fd;
	stamp_enable(fd);
	l->fd = fd;
	l->connecting = true;
	if (push_file(g, conn, false) && push_poll(g, conn, OP_CONNECT))
		return 0;
	uring_engine_drop(g, conn);
	return -EBUSY;
}

/* A second send before the first is submitted: they become one. */
static int
join_sends(struct engine *g, uint32_t conn, const void *bytes, size_t size)
{
	struct link *l = &g->links[conn];
	struct io_uring_sqe *s = uring_entry(&g->ring, l->send_at);
	const void *first = (const void *)(uintptr_t)s->addr;
	int code = l->sending ? 0 : backlog_add(&l->backlog, first, s->len, !is_staged(g, first));

	l->sending = true;
	if (code == 0)
		code = backlog_add(&l->backlog, bytes, size, false);
	size = backlog_next(&l->backlog, &first);
	fill_send(g, s, first, size, false);
	return code;
}

/* A copy that lives until the next submission; NULL when there is no room.
 * There is an entry free then, as a submission would end it. */
static const void *
stage(struct engine *g, const void *bytes, size_t size)
{
	if (size > STAGE_BYTES - g->staged || uring_is_full(&g->ring)) {
		uring_submit(&g->ring);
		after_submission(g);
	}
	if (size > STAGE_BYTES - g->staged || uring_is_full(&g->ring))
		return NULL;
	char *copy = g->stage + g->staged;
	memcpy(copy, bytes, size);
	g->staged += size;
	return copy;
}

static int
uring_engine_send(struct engine *g, uint32_t conn, const void *bytes, size_t size, bool lasting)
{
	struct link *l = &g->links[conn];
	int code = own(g);

	if (code < 0 || l->broken)
		return code < 0 ? code : -l->broken;
	if (uring_pending(&g->ring, l->send_at))
		return join_sends(g, conn, bytes, size);
	const void *kept = lasting || !backlog_is_empty(&l->backlog) ? bytes : stage(g, bytes, size);
	if (!kept || !backlog_is_empty(&l->backlog)) {
		code = backlog_add(&l->backlog, bytes, size, lasting);
		return code < 0 ? code : push_backlog(g, conn) ? 0 : -EBUSY;
	}
	struct io_uring_sqe *s = push(g, conn, OP_SEND, IORING_OP_SEND);
	if (!s)
		return -EBUSY;
	fill_send(g, s, kept, size, true);
	if (g->ring.pushed - g->ring.taken >= SUBMIT_AT) {
		uring_submit(&g->ring);
		after_submission(g);
	}
	return 0;
}

/* ---- completions ---------------------------------------------------------------------------- */

static void
on_connect(struct engine *g, uint32_t conn, int result)
{
	struct link *l = &g->links[conn];
	socklen_t size = sizeof(int);
	int code = result < 0 ? -result : 0;

	if (!l->connecting)
		return;
	if (result > 0 && (result & (POLLERR | POLLHUP)) &&
	    getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		code = errno;
	l->connecting = false;
	if (!code && !push_receive(g, conn))
		code = EBUSY;
	if (code)
		report_broken(g, conn, code);
	else
		g->sink.connected(g->sink.ctx, conn);
}

/* The payload lies behind a head of fixed size, the control data in between. */
static void
on_payload(struct engine *g, uint32_t conn, char *buffer, int64_t now)
{
	const struct io_uring_recvmsg_out *out = (const struct io_uring_recvmsg_out *)buffer;
	struct msghdr m = { .msg_control = buffer + sizeof(*out), .msg_controllen = out->controllen };

	if (!out->payloadlen)
		report_broken(g, conn, 0);
	else
		g->sink.received(g->sink.ctx, conn, buffer + RECEIVE_HEAD, out->payloadlen,
		    stamp_read(&g->clock, &m, now), now);
}

/* A multishot receive goes on until an error, or until there is no buffer; there will be one, as
 * all are given back before the next wait. */
static void
on_receive(struct engine *g, const struct io_uring_cqe *c, int64_t now)
{
	uint32_t conn = (uint32_t)c->user_data, buffer = c->flags >> IORING_CQE_BUFFER_SHIFT;
	bool live = link_of(g, c->user_data);

	if (live && c->res < 0 && c->res != -ENOBUFS)
		report_broken(g, conn, -c->res);
	else if (live && (c->flags & IORING_CQE_F_BUFFER))
		on_payload(g, conn, uring_buffer(&g->buffers, buffer), now);
	if (c->flags & IORING_CQE_F_BUFFER)
		uring_buffers_give(&g->buffers, buffer);
	if (!(c->flags & IORING_CQE_F_MORE) && link_of(g, c->user_data) && !push_receive(g, conn))
		report_broken(g, conn, EBUSY);
}

static void
on_send(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];
	bool ok = !l->broken && (l->full ? push_poll(g, conn, OP_WRITABLE) : push_backlog(g, conn));

	if (!ok)
		report_broken(g, conn, l->broken ? l->broken : EBUSY);
}

static void
on_writable(struct engine *g, uint32_t conn)
{
	g->links[conn].full = false;
	if (!push_backlog(g, conn))
		report_broken(g, conn, EBUSY);
}

static void
on_completion(struct engine *g, const struct io_uring_cqe *c, int64_t now)
{
	enum op op = op_of(c->user_data);

	if (op == OP_RECEIVE)
		on_receive(g, c, now);
	else if (op == OP_SILENT || op == OP_FILE || !link_of(g, c->user_data))
		return;
	else if (op == OP_CONNECT)
		on_connect(g, (uint32_t)c->user_data, c->res);
	else if (op == OP_SEND)
		on_send(g, (uint32_t)c->user_data);
	else
		on_writable(g, (uint32_t)c->user_data);
}

/* What the ring before had left. */
static bool
deliver_left(struct engine *g)
{
	uint32_t n = g->n_left;

	for (uint32_t i = 0; i < n; i++)
		on_completion(g, &g->left[i], now_ns());
	g->n_left = 0;
	return n;
}

static void
deliver(struct engine *g)
{
	int64_t now = now_ns();

	stamp_clock_check(&g->clock, now);
	for (uint32_t i = uring_first(&g->ring), end = uring_last(&g->ring); i != end; i++) {
		struct io_uring_cqe c = *uring_completion(&g->ring, i);
		uring_seen(&g->ring, i + 1);
		on_completion(g, &c, now);
	}
}

/* No ring for this thread: no connection can go on. */
static void
break_all(struct engine *g, int code)
{
	for (uint32_t i = 0; i < g->n_links; i++)
		if (g->links[i].fd >= 0)
			report_broken(g, i, code);
}

static void
uring_engine_wait(struct engine *g, const struct engine_wait *how)
{
	int code = own(g);
	if (code < 0) {
		break_all(g, -code);
		sleep_until_ns(how->until_ns);
		return;
	}
	bool late = deliver_left(g);
	uring_wait(&g->ring, &(struct uring_patience){
	    .batch = how->batch, .patience_ns = how->patience_ns,
	    .timeout_ns = late ? 0 : how->until_ns - now_ns() });
	after_submission(g);
	deliver(g);
}

const struct engine_ops engine_uring = {
	.name = "io_uring",
	.open = uring_engine_open,
	.connect = uring_engine_connect,
	.send = uring_engine_send,
	.drop = uring_engine_drop,
	.wait = uring_engine_wait,
	.close = uring_engine_close,
};
