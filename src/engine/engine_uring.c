/* SPDX-License-Identifier: MIT */
/* The engine on io_uring: a request costs two ring entries and a share of one system call.
 *
 * Receiving: one multishot recvmsg a connection takes a buffer from a pool that all share when
 * there is something to put in it, so that an idle connection has none. The socket's stamp comes
 * with it.
 *
 * The ring belongs to the thread that first uses it, and phases have threads of their own. So the
 * sockets are plain descriptors that outlive the ring, and a new thread opens a new ring: what the
 * old one has received and not delivered comes first, what it was asked and had not submitted is
 * asked again. A thread must have ended before another calls: what it had under way sleeps from
 * then on, as only its owner would receive for the ring (deferred work), until the ring is closed.
 *
 * Receives, polls, sends: uring_entry.h. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/uring_entry.h"

#define BUFFERS_MIN    64
#define BUFFERS_MAX    512     /* 8 MiB in all, of which only what was received into is in memory */
#define RECEIVE_HEAD   (sizeof(struct io_uring_recvmsg_out) + STAMP_CONTROL_BYTES)
/* Not a power of two: the first lines of all buffers would share a few places of the cache. */
#define BUFFER_BYTES   (((size_t)16 << 10) + 320)

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
	int code = g->links ? uring_buffers_make(&g->buffers, count_buffers(max_conns), BUFFERS_MIN,
	    BUFFER_BYTES) : -ENOMEM;
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
		if (c.res != -ECANCELED && c.res != -ENOBUFS && entry_op(c.user_data) != OP_WRITABLE) {
			c.flags |= IORING_CQE_F_MORE;
			all[g->n_left++] = c;
		}
	}
	for (uint32_t i = 0; i < g->n_left; i++)
		if (all[i].flags & IORING_CQE_F_BUFFER)
			held[all[i].flags >> IORING_CQE_BUFFER_SHIFT] = true;
}

static void
arm_all(struct engine *g)
{
	for (uint32_t i = 0; i < g->n_links; i++) {
		struct link *l = &g->links[i];
		if (l->fd < 0)
			continue;
		if (l->connecting)
			entry_poll(g, i, OP_CONNECT);
		else
			entry_receive(g, i);
		if (l->full)
			entry_poll(g, i, OP_WRITABLE);
	}
}

static int
move_here(struct engine *g)
{
	struct io_uring_sqe sends[SUBMISSIONS];
	bool held[BUFFERS_MAX] = { false };
	uint32_t n_sends = 0;

	if (g->ring.fd >= 0) {
		entry_look_at_sends(g);
		keep_completions(g, held);
		n_sends = entry_keep_sends(g, sends);
		uring_close(&g->ring, false);
	}
	int code = open_ring(g, held);
	if (code < 0) {
		uring_close(&g->ring, true);
		return code;
	}
	for (uint32_t i = 0; i < n_sends; i++)   /* first: there is room for them, and the stage holds */
		entry_repeat(g, &sends[i]);
	arm_all(g);
	return 0;
}

static int
own(struct engine *g)
{
	return g->owner == thread_number() && g->ring.fd >= 0 ? 0 : move_here(g);
}

/* ---- what the worker calls ------------------------------------------------------------------ */

/* Also by a thread that does not own the ring: the owner has ended then, and nobody receives. */
static void
uring_engine_drop(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];

	if (l->fd < 0)
		return;
	if (g->ring.fd >= 0)
		entry_silence(g, conn);
	if (g->ring.fd >= 0 && g->owner == thread_number()) {
		entry_cancel(g, conn, l->connecting ? OP_CONNECT : OP_RECEIVE);
		if (l->full)
			entry_cancel(g, conn, OP_WRITABLE);
		entry_file(g, conn, true);
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
	if (entry_file(g, conn, false) && entry_poll(g, conn, OP_CONNECT))
		return 0;
	uring_engine_drop(g, conn);
	return -EBUSY;
}

static int
uring_engine_send(struct engine *g, uint32_t conn, const void *bytes, size_t size, bool lasting)
{
	int code = own(g);
	return code < 0 ? code : entry_send(g, conn, bytes, size, lasting);
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
	if (!code && !entry_receive(g, conn))
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
 * all are given back before the next wait, and another beside. */
static void
on_receive(struct engine *g, const struct io_uring_cqe *c, int64_t now)
{
	uint32_t conn = (uint32_t)c->user_data, buffer = c->flags >> IORING_CQE_BUFFER_SHIFT;
	bool live = entry_link(g, c->user_data);

	if (live && c->res < 0 && c->res != -ENOBUFS)
		report_broken(g, conn, -c->res);
	else if (live && (c->flags & IORING_CQE_F_BUFFER))
		on_payload(g, conn, uring_buffer(&g->buffers, buffer), now);
	if (c->flags & IORING_CQE_F_BUFFER)
		uring_buffers_give(&g->buffers, buffer);
	if (c->res == -ENOBUFS)
		uring_buffers_more(&g->buffers);
	if (!(c->flags & IORING_CQE_F_MORE) && entry_link(g, c->user_data) && !entry_receive(g, conn))
		report_broken(g, conn, EBUSY);
}

static void
on_send(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];
	bool ok = !l->broken && (l->full ? entry_poll(g, conn, OP_WRITABLE) : entry_backlog(g, conn));

	if (!ok)
		report_broken(g, conn, l->broken ? l->broken : EBUSY);
}

static void
on_writable(struct engine *g, uint32_t conn)
{
	g->links[conn].full = false;
	if (!entry_backlog(g, conn))
		report_broken(g, conn, EBUSY);
}

static void
on_completion(struct engine *g, const struct io_uring_cqe *c, int64_t now)
{
	enum op op = entry_op(c->user_data);

	if (op == OP_RECEIVE)
		on_receive(g, c, now);
	else if (op == OP_SILENT || op == OP_FILE || !entry_link(g, c->user_data))
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
	entry_submitted(g);
	deliver(g);
}

static int
uring_engine_local(const struct engine *g, uint32_t conn, struct addr *ret)
{
	return addr_of_socket(g->links[conn].fd, ret);
}

const struct engine_ops engine_uring = {
	.name = "io_uring",
	.open = uring_engine_open,
	.connect = uring_engine_connect,
	.send = uring_engine_send,
	.local = uring_engine_local,
	.drop = uring_engine_drop,
	.wait = uring_engine_wait,
	.close = uring_engine_close,
};
