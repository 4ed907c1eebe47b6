/* SPDX-License-Identifier: MIT */
/* The engine on io_uring: a request costs two ring entries and a share of one system call.
 *
 * Receiving: one multishot recvmsg a connection takes a buffer from a pool that all share when
 * there is something to put in it, so that an idle connection has none. The socket's stamp comes
 * with it.
 *
 * Receives, polls, sends: uring_entry.h. Threads: uring_thread.h. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/uring_entry.h"
#include "engine/uring_thread.h"

#define ACCEPTS_MAX    64      /* of a socket that is let go, in a row */
#define REST_NS        (100 * NS_PER_MS)   /* of a listener, when there is no descriptor to be had */
#define RECEIVE_HEAD   (sizeof(struct io_uring_recvmsg_out) + STAMP_CONTROL_BYTES)

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
	if (g->ring.fd >= 0 && uring_thread_is_owner(g)) {
		entry_cancel(g, conn, l->connecting ? OP_CONNECT : OP_RECEIVE);
		if (l->full)
			entry_cancel(g, conn, OP_WRITABLE);
		entry_file(g, conn, true);
	}
	uring_hang_up(l->fd);
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
	int code = uring_thread_own(g);
	int fd = code < 0 ? code : addr_connect(to);
	if (fd < 0)
		return fd;
	l->stamped = !g->sink.unstamped;
	if (l->stamped)
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
	int code = uring_thread_own(g);
	return code < 0 ? code : entry_send(g, conn, bytes, size, lasting);
}

static ssize_t
uring_engine_gather(struct engine *g, uint32_t conn, const struct engine_piece *pieces, uint32_t n)
{
	int code = uring_thread_own(g);
	return code < 0 ? code : entry_gather(g, conn, pieces, n);
}

static void
finish_now(struct link *l)
{
	if (l->finishing && backlog_is_empty(&l->backlog))
		shutdown(l->fd, SHUT_WR);
}

static void
uring_engine_finish(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];

	if (l->fd < 0 || uring_thread_own(g) < 0)
		return;
	entry_hurry(g, conn);
	l->finishing = true;
	finish_now(l);
}

static void
uring_engine_hold(struct engine *g, uint32_t conn, bool held)
{
	struct link *l = &g->links[conn];

	if (l->fd < 0 || l->held == held || uring_thread_own(g) < 0)
		return;
	l->held = held;
	if (held && l->receiving)
		entry_cancel(g, conn, OP_RECEIVE);
	else if (!held && !l->receiving && !l->connecting && !l->deaf)
		entry_receive(g, conn);
}

static void
begin_accepted(struct engine *g, uint32_t conn, int fd)
{
	struct link *l = &g->links[conn];

	l->fd = fd;
	l->stamped = !g->sink.unstamped;
	if (l->stamped)
		stamp_enable(fd);
	if (!entry_file(g, conn, false) || !entry_receive(g, conn))
		report_broken(g, conn, EBUSY);
}

static void
take_accepted(struct engine *g, uint32_t listener, int fd)
{
	uint32_t conn = g->sink.accepted(g->sink.ctx, listener);

	if (conn != ENGINE_NONE)
		begin_accepted(g, conn, fd);
	else
		close(fd);
}

/* Of those who accept from a socket the kernel wakes one, which may be the accept that was taken
 * back just now: who came meanwhile would wait until somebody else comes. What the kernel has put
 * off is done first, so that the next one who comes wakes others. */
static void
take_rest(struct engine *g, uint32_t listener, int fd)
{
	uring_wait(&g->ring, &(struct uring_patience){ 0 });
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (got >= 0)
			take_accepted(g, listener, got);
		else if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static int
uring_engine_listen(struct engine *g, uint32_t listener, int fd)
{
	struct listener *l = &g->listeners[listener];
	int code = uring_thread_own(g);

	if (code < 0)
		return code;
	int before = l->rests_until_ns ? -1 : l->fd;
	if (before >= 0)
		entry_accept_no_more(g, listener);
	*l = (struct listener){ .fd = fd, .turn = l->turn + 1 };
	if (before >= 0)
		take_rest(g, listener, before);
	return fd < 0 || entry_accept(g, listener) ? 0 : -EBUSY;
}

static void
uring_engine_wake(struct engine *g)
{
	uint64_t one = 1;
	ssize_t n = write(g->wake, &one, sizeof(one));
	(void)n;   /* it fails when the count is full: the engine will wake then */
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

static void
on_end(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];
	uint32_t turn = l->turn;

	l->deaf = true;
	bool stays = g->sink.ended && g->sink.ended(g->sink.ctx, conn);
	if (!stays && l->turn == turn)
		report_broken(g, conn, 0);
}

/* With a stamp the payload lies behind a head of fixed size, the control data in between. */
static void
on_payload(struct engine *g, uint32_t conn, char *buffer, int size, int64_t now)
{
	if (!g->links[conn].stamped) {
		if (size)
			g->sink.received(g->sink.ctx, conn, buffer, (size_t)size, now, now);
		else
			on_end(g, conn);
		return;
	}
	const struct io_uring_recvmsg_out *out = (const struct io_uring_recvmsg_out *)buffer;
	struct msghdr m = { .msg_control = buffer + sizeof(*out), .msg_controllen = out->controllen };

	if (!out->payloadlen)
		on_end(g, conn);
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
	struct link *l = entry_link(g, c->user_data);

	if (l && !(c->flags & IORING_CQE_F_MORE))
		l->receiving = false;
	if (l && c->res < 0 && c->res != -ENOBUFS && c->res != -ECANCELED)
		report_broken(g, conn, -c->res);
	else if (l && (c->flags & IORING_CQE_F_BUFFER))
		on_payload(g, conn, uring_buffer(&g->buffers, buffer), c->res, now);
	else if (l && c->res == 0)
		on_end(g, conn);
	if (c->flags & IORING_CQE_F_BUFFER)
		uring_buffers_give(&g->buffers, buffer);
	if (c->res == -ENOBUFS)
		uring_buffers_more(&g->buffers);
	l = entry_link(g, c->user_data);
	if (l && !l->receiving && !l->held && !l->deaf && !entry_receive(g, conn))
		report_broken(g, conn, EBUSY);
}

static void
on_sent(struct engine *g, uint32_t conn)
{
	finish_now(&g->links[conn]);
	if (g->sink.sent)
		g->sink.sent(g->sink.ctx, conn);
}

static void
on_send(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];
	bool ok = !l->broken && (l->full ? entry_poll(g, conn, OP_WRITABLE) : entry_backlog(g, conn));

	if (!ok)
		report_broken(g, conn, l->broken ? l->broken : EBUSY);
	else if (!l->full && backlog_is_empty(&l->backlog))
		on_sent(g, conn);
}

static void
on_writable(struct engine *g, uint32_t conn)
{
	g->links[conn].full = false;
	if (!entry_backlog(g, conn))
		report_broken(g, conn, EBUSY);
}

/* A multishot accept ends with an error; without a descriptor at hand it would do so at once again. */
static void
on_accept(struct engine *g, const struct io_uring_cqe *c)
{
	uint32_t listener = (uint32_t)c->user_data & (ENGINE_LISTENERS - 1);
	struct listener *l = &g->listeners[listener];
	bool live = l->fd >= 0 && l->turn == (uint8_t)(c->user_data >> 32);

	/* Also of one that was told to take no more meanwhile: the peer believes that it is connected. */
	if (c->res >= 0)
		take_accepted(g, listener, c->res);
	if (!live || (c->flags & IORING_CQE_F_MORE))
		return;
	if (c->res >= 0 || c->res == -ECONNABORTED) {
		entry_accept(g, listener);
		return;
	}
	l->rests_until_ns = now_ns() + REST_NS;
	if (g->sink.starved && c->res != -ECANCELED)
		g->sink.starved(g->sink.ctx, -c->res);
}

static void
on_wake(struct engine *g, const struct io_uring_cqe *c)
{
	uint64_t count;

	if (!(c->flags & IORING_CQE_F_MORE))
		entry_watch(g, g->wake);
	if (read(g->wake, &count, sizeof(count)) > 0)
		g->sink.woken(g->sink.ctx);
}

static void
on_completion(struct engine *g, const struct io_uring_cqe *c, int64_t now)
{
	enum op op = entry_op(c->user_data);

	if (op == OP_RECEIVE)
		on_receive(g, c, now);
	else if (op == OP_ACCEPT)
		on_accept(g, c);
	else if (op == OP_WAKE)
		on_wake(g, c);
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

	if (!g->sink.unstamped)
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

/* The rested accept again; returns until when to wait at most. */
static int64_t
end_rests(struct engine *g, int64_t until_ns)
{
	for (uint32_t i = 0; i < ENGINE_LISTENERS; i++) {
		struct listener *l = &g->listeners[i];
		if (l->fd < 0 || !l->rests_until_ns)
			continue;
		if (l->rests_until_ns <= now_ns() && entry_accept(g, i))
			l->rests_until_ns = 0;
		else if (l->rests_until_ns < until_ns)
			until_ns = l->rests_until_ns;
	}
	return until_ns;
}

static void
uring_engine_wait(struct engine *g, const struct engine_wait *how)
{
	int code = uring_thread_own(g);
	if (code < 0) {
		break_all(g, -code);
		sleep_until_ns(how->until_ns);
		return;
	}
	bool late = deliver_left(g);
	if (g->sink.sleeps)
		g->sink.sleeps(g->sink.ctx, true);
	uring_wait(&g->ring, &(struct uring_patience){
	    .batch = how->batch, .patience_ns = how->patience_ns,
	    .timeout_ns = late ? 0 : end_rests(g, how->until_ns) - now_ns() });
	if (g->sink.sleeps)
		g->sink.sleeps(g->sink.ctx, false);
	entry_submitted(g);
	deliver(g);
}

static int
uring_engine_local(const struct engine *g, uint32_t conn, struct addr *ret)
{
	return addr_of_socket(g->links[conn].fd, ret);
}

static int
uring_engine_peer(const struct engine *g, uint32_t conn, struct addr *ret)
{
	return addr_of_peer(g->links[conn].fd, ret);
}

const struct engine_ops engine_uring = {
	.name = "io_uring",
	.open = uring_thread_open,
	.connect = uring_engine_connect,
	.send = uring_engine_send,
	.gather = uring_engine_gather,
	.finish = uring_engine_finish,
	.hold = uring_engine_hold,
	.listen = uring_engine_listen,
	.wake = uring_engine_wake,
	.peer = uring_engine_peer,
	.local = uring_engine_local,
	.drop = uring_engine_drop,
	.wait = uring_engine_wait,
	.close = uring_thread_close,
};
