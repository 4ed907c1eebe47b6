/* SPDX-License-Identifier: MIT */
/* The engine on epoll.
 *
 * Edge-triggered and registered once a connection, so that a request costs one send, one receive
 * and a share of one wait. A receive that does not fill the buffer has emptied the socket
 * (epoll(7)) and needs no second call. Waiting is exact to the timer slack of the thread: epoll_pwait2 takes
 * nanoseconds; kernels before 5.11 get an absolute timerfd in the set instead. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/backlog.h"
#include "engine/engine.h"
#include "engine/gather.h"
#include "engine/stamp.h"

#define EVENTS         256
#define RECEIVE_BYTES  ((size_t)64 << 10)
#define RECEIVES_MAX   16      /* of one connection in a row, then the others have their turn */
#define ACCEPTS_MAX    64      /* of one listener in a row */
#define REST_NS        (100 * NS_PER_MS)   /* of a listener, when there is no descriptor to be had */
/* What is no connection has a turn that none has. */
#define NO_TURN        UINT32_MAX
#define TIMER_DATA     UINT64_MAX
#define WAKE_DATA      (TIMER_DATA - 1)

struct link {
	int fd;                    /* -1: not in use */
	uint32_t turn;             /* counts connections that had this number: tells stale events */
	bool connecting, waiting;  /* waiting: in the list of those with more to receive */
	bool held, finishing;
	bool deaf;                 /* the peer has ended its stream */
	struct backlog backlog;    /* not sent yet: the socket is full */
};

struct engine {
	struct engine_sink sink;
	int epoll, timer;          /* timer: -1 with epoll_pwait2 */
	int wake;                  /* -1: nobody wants to be woken */
	struct listener {
		int fd;                /* -1: none */
		int64_t rests_until_ns;   /* 0: it is in the set */
	} listeners[ENGINE_LISTENERS];
	uint32_t n_links;
	struct link *links;
	uint32_t *again;           /* connections with more to receive */
	uint32_t n_again;
	struct stamp_clock clock;
	char buffer[RECEIVE_BYTES];
};

static void
epoll_engine_close(struct engine *g)
{
	if (!g)
		return;
	for (uint32_t i = 0; g->links && i < g->n_links; i++) {
		if (g->links[i].fd >= 0)
			close(g->links[i].fd);
		backlog_done(&g->links[i].backlog);
	}
	if (g->epoll >= 0)
		close(g->epoll);
	if (g->timer >= 0)
		close(g->timer);
	if (g->wake >= 0)
		close(g->wake);
	free(g->links);
	free(g->again);
	free(g);
}

/* The kernel's word on epoll_pwait2, and the timer where there is none. */
static int
open_waiting(struct engine *g)
{
	struct timespec zero = { 0 };
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = TIMER_DATA };

	if (epoll_pwait2(g->epoll, &event, 1, &zero, NULL) >= 0)
		return 0;
	g->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	event = (struct epoll_event){ .events = EPOLLIN, .data.u64 = TIMER_DATA };
	if (g->timer < 0 || epoll_ctl(g->epoll, EPOLL_CTL_ADD, g->timer, &event) < 0)
		return -errno;
	return 0;
}

static int
open_wake(struct engine *g)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = WAKE_DATA };

	if (!g->sink.woken)
		return 0;
	g->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (g->wake < 0 || epoll_ctl(g->epoll, EPOLL_CTL_ADD, g->wake, &event) < 0)
		return -errno;
	return 0;
}

static int
epoll_engine_open(uint32_t max_conns, const struct engine_sink *sink, struct engine **ret)
{
	struct engine *g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->sink = *sink;
	g->timer = g->wake = -1;
	for (int i = 0; i < ENGINE_LISTENERS; i++)
		g->listeners[i].fd = -1;
	g->n_links = max_conns;
	g->links = calloc(max_conns, sizeof(*g->links));
	g->again = calloc(max_conns, sizeof(*g->again));
	g->epoll = epoll_create1(EPOLL_CLOEXEC);
	int code = !g->links || !g->again ? -ENOMEM : g->epoll < 0 ? -errno : open_waiting(g);
	if (code == 0)
		code = open_wake(g);
	if (code < 0) {
		epoll_engine_close(g);
		return code;
	}
	for (uint32_t i = 0; i < max_conns; i++)
		g->links[i].fd = -1;
	*ret = g;
	return 0;
}

static void
epoll_engine_drop(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];

	if (l->fd < 0)
		return;
	close(l->fd);
	backlog_done(&l->backlog);
	/* It may still stand in the list of those with more to receive. */
	*l = (struct link){
		.fd = -1, .turn = l->turn + 1 == NO_TURN ? 0 : l->turn + 1, .waiting = l->waiting,
	};
}

static void
report_broken(struct engine *g, uint32_t conn, int code)
{
	epoll_engine_drop(g, conn);
	g->sink.broken(g->sink.ctx, conn, code);
}

/* A socket becomes the connection, or is closed. */
static int
begin(struct engine *g, uint32_t conn, int fd)
{
	struct link *l = &g->links[conn];
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.u64 = (uint64_t)l->turn << 32 | conn,
	};

	if (!g->sink.unstamped)
		stamp_enable(fd);
	if (epoll_ctl(g->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		int code = -errno;
		close(fd);
		return code;
	}
	l->fd = fd;
	return 0;
}

static int
epoll_engine_connect(struct engine *g, uint32_t conn, const struct addr *to)
{
	int fd = addr_connect(to);
	int code = fd < 0 ? fd : begin(g, conn, fd);

	if (code == 0)
		g->links[conn].connecting = true;
	return code;
}

/* Send what the socket takes: how much that was, or -errno. */
static ssize_t
send_some(int fd, const char *bytes, size_t size)
{
	size_t sent = 0;

	while (sent < size) {
		ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	return (ssize_t)sent;
}

static void
finish_now(struct link *l)
{
	if (l->finishing && backlog_is_empty(&l->backlog))
		shutdown(l->fd, SHUT_WR);
}

static int
flush(struct link *l)
{
	while (!backlog_is_empty(&l->backlog)) {
		const void *bytes;
		size_t size = backlog_next(&l->backlog, &bytes);
		ssize_t sent = send_some(l->fd, bytes, size);
		if (sent < 0)
			return (int)sent;
		backlog_take(&l->backlog, (size_t)sent);
		if ((size_t)sent < size)
			break;
	}
	finish_now(l);
	return 0;
}

/* The rest goes out at the edge that tells of room: that comes after a send that was cut short. */
static int
epoll_engine_send(struct engine *g, uint32_t conn, const void *bytes, size_t size, bool lasting)
{
	struct link *l = &g->links[conn];
	ssize_t sent = backlog_is_empty(&l->backlog) ? send_some(l->fd, bytes, size) : 0;

	if (sent < 0)
		return (int)sent;
	if ((size_t)sent == size)
		return 0;
	return backlog_add(&l->backlog, (const char *)bytes + sent, size - (size_t)sent, lasting);
}

static ssize_t
epoll_engine_gather(struct engine *g, uint32_t conn, const struct engine_piece *pieces, uint32_t n)
{
	struct link *l = &g->links[conn];

	return backlog_is_empty(&l->backlog) ? gather_send(l->fd, &l->backlog, pieces, n)
	    : gather_keep(&l->backlog, pieces, n, 0);
}

static void
epoll_engine_finish(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];

	if (l->fd < 0)
		return;
	l->finishing = true;
	finish_now(l);
}

/* To the list of those with more to receive: an edge that told of it may have passed. */
static void
wait_for_turn(struct engine *g, uint32_t conn)
{
	if (!g->links[conn].waiting)
		g->again[g->n_again++] = conn;
	g->links[conn].waiting = true;
}

static void
epoll_engine_hold(struct engine *g, uint32_t conn, bool held)
{
	struct link *l = &g->links[conn];

	if (l->fd >= 0 && l->held && !held)
		wait_for_turn(g, conn);
	l->held = held;
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

/* As recvmsg of all there is room for; *ret_at_ns: when it came. */
static ssize_t
receive_once(struct engine *g, int fd, int64_t *ret_at_ns, int64_t *ret_now)
{
	_Alignas(struct cmsghdr) char control[STAMP_CONTROL_BYTES];
	struct iovec v = { .iov_base = g->buffer, .iov_len = sizeof(g->buffer) };
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = g->sink.unstamped ? recv(fd, g->buffer, sizeof(g->buffer), 0) : recvmsg(fd, &m, 0);

	*ret_now = *ret_at_ns = n > 0 ? now_ns() : 0;
	if (n > 0 && !g->sink.unstamped)
		*ret_at_ns = stamp_read(&g->clock, &m, *ret_now);
	return n;
}

/* Receive until the socket is empty, the connection is gone, or others wait for too long. */
static void
receive(struct engine *g, uint32_t conn, bool to_the_end)
{
	struct link *l = &g->links[conn];
	uint32_t turn = l->turn;

	for (int i = 0; i < RECEIVES_MAX && !l->held && !l->deaf; i++) {
		int64_t at, now;
		ssize_t n = receive_once(g, l->fd, &at, &now);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			report_broken(g, conn, errno);
		else if (n == 0)
			on_end(g, conn);
		if (n <= 0)
			return;
		g->sink.received(g->sink.ctx, conn, g->buffer, (size_t)n, at, now);
		if (l->turn != turn || ((size_t)n < sizeof(g->buffer) && !to_the_end))
			return;
	}
	if (l->turn == turn && !l->held && !l->deaf)
		wait_for_turn(g, conn);
}

static void
finish_connecting(struct engine *g, uint32_t conn)
{
	struct link *l = &g->links[conn];
	int code = 0;
	socklen_t size = sizeof(code);

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		code = errno;
	l->connecting = false;
	if (code)
		report_broken(g, conn, code);
	else
		g->sink.connected(g->sink.ctx, conn);
}

static void
on_event(struct engine *g, uint32_t conn, uint32_t turn, uint32_t events)
{
	struct link *l = &g->links[conn];

	if (l->connecting && l->turn == turn && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		finish_connecting(g, conn);
	bool waited = l->turn == turn && !backlog_is_empty(&l->backlog);
	int code = waited && (events & EPOLLOUT) ? flush(l) : 0;
	if (code < 0)
		report_broken(g, conn, -code);
	else if (waited && g->sink.sent && backlog_is_empty(&l->backlog))
		g->sink.sent(g->sink.ctx, conn);
	if (l->turn == turn && l->deaf && (events & EPOLLERR))
		report_broken(g, conn, ECONNRESET);
	else if (l->turn == turn && (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)))
		receive(g, conn, (events & ~(uint32_t)(EPOLLIN | EPOLLOUT)) != 0);
}

/* Those that were interrupted in the middle of much data. */
static void
receive_again(struct engine *g)
{
	uint32_t n = g->n_again;

	g->n_again = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t conn = g->again[i];
		if (!g->links[conn].waiting)
			continue;
		g->links[conn].waiting = false;
		if (g->links[conn].fd >= 0 && !g->links[conn].connecting)
			receive(g, conn, true);
	}
}

/* ---- listening and waking -------------------------------------------------------------------- */

static int
watch_listener(struct engine *g, uint32_t listener)
{
	struct epoll_event event = {
		.events = EPOLLIN, .data.u64 = (uint64_t)NO_TURN << 32 | listener,
	};

	g->listeners[listener].rests_until_ns = 0;
	return epoll_ctl(g->epoll, EPOLL_CTL_ADD, g->listeners[listener].fd, &event) < 0 ? -errno : 0;
}

static int
epoll_engine_listen(struct engine *g, uint32_t listener, int fd)
{
	struct listener *l = &g->listeners[listener];

	if (l->fd >= 0 && !l->rests_until_ns)
		epoll_ctl(g->epoll, EPOLL_CTL_DEL, l->fd, NULL);
	l->fd = fd;
	return fd < 0 ? 0 : watch_listener(g, listener);
}

/* The socket stays readable: looking at it again at once would never end. */
static void
rest(struct engine *g, struct listener *l, int code)
{
	if (g->sink.starved)
		g->sink.starved(g->sink.ctx, code);
	epoll_ctl(g->epoll, EPOLL_CTL_DEL, l->fd, NULL);
	l->rests_until_ns = now_ns() + REST_NS;
}

static void
on_listener(struct engine *g, uint32_t listener)
{
	struct listener *l = &g->listeners[listener];

	for (int i = 0; i < ACCEPTS_MAX && l->fd >= 0; i++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
			return rest(g, l, errno);
		if (fd < 0 && errno != ECONNABORTED && errno != EINTR)
			return;
		uint32_t conn = fd < 0 ? ENGINE_NONE : g->sink.accepted(g->sink.ctx, listener);
		if (conn == ENGINE_NONE && fd >= 0)
			close(fd);
		else if (fd >= 0 && begin(g, conn, fd) < 0)
			g->sink.broken(g->sink.ctx, conn, EMFILE);
	}
}

/* The rested watch again; returns until when to wait at most. */
static int64_t
end_rests(struct engine *g, int64_t until_ns)
{
	for (uint32_t i = 0; i < ENGINE_LISTENERS; i++) {
		struct listener *l = &g->listeners[i];
		if (l->fd < 0 || !l->rests_until_ns)
			continue;
		if (l->rests_until_ns <= now_ns())
			watch_listener(g, i);
		else if (l->rests_until_ns < until_ns)
			until_ns = l->rests_until_ns;
	}
	return until_ns;
}

static void
epoll_engine_wake(struct engine *g)
{
	uint64_t one = 1;
	ssize_t n = write(g->wake, &one, sizeof(one));
	(void)n;   /* it fails when the count is full: the engine will wake then */
}

static void
on_special(struct engine *g, uint64_t data)
{
	uint64_t count;
	int fd = data == TIMER_DATA ? g->timer : g->wake;

	if (data < WAKE_DATA)
		on_listener(g, (uint32_t)data);
	else if (read(fd, &count, sizeof(count)) > 0 && data == WAKE_DATA)
		g->sink.woken(g->sink.ctx);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int
wait_until(struct engine *g, struct epoll_event *events, int64_t until_ns)
{
	int64_t left = g->n_again ? 0 : until_ns - now_ns();
	if (left < 0)
		left = 0;
	struct timespec t = { .tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S };
	if (g->timer < 0)
		return epoll_pwait2(g->epoll, events, EVENTS, &t, NULL);
	if (!left)
		return epoll_wait(g->epoll, events, EVENTS, 0);
	struct itimerspec at = {
		.it_value = { .tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S },
	};
	timerfd_settime(g->timer, TFD_TIMER_ABSTIME, &at, NULL);
	return epoll_wait(g->epoll, events, EVENTS, -1);
}

/* Few events, and who waits is patient: sleep once more, and take what has gathered. That pays:
 * epoll cannot wait for a number of events, and each wake costs more than a sleep. */
static int
gather(struct engine *g, struct epoll_event *events, int n, const struct engine_wait *how)
{
	int64_t until = now_ns() + how->patience_ns;

	if (n <= 0 || n == EVENTS || (uint32_t)n >= how->batch || how->patience_ns <= 0)
		return n;
	sleep_until_ns(until < how->until_ns ? until : how->until_ns);
	int more = epoll_wait(g->epoll, events + n, EVENTS - n, 0);
	return more > 0 ? n + more : n;
}

static void
epoll_engine_wait(struct engine *g, const struct engine_wait *how)
{
	struct epoll_event events[EVENTS];

	if (g->sink.sleeps)
		g->sink.sleeps(g->sink.ctx, true);
	int n = gather(g, events, wait_until(g, events, end_rests(g, how->until_ns)), how);
	if (g->sink.sleeps)
		g->sink.sleeps(g->sink.ctx, false);
	if (!g->sink.unstamped)
		stamp_clock_check(&g->clock, now_ns());
	receive_again(g);
	for (int i = 0; i < n; i++) {
		uint64_t data = events[i].data.u64;
		if (data >> 32 == NO_TURN)
			on_special(g, data);
		else
			on_event(g, (uint32_t)data, (uint32_t)(data >> 32), events[i].events);
	}
}

static int
epoll_engine_peer(const struct engine *g, uint32_t conn, struct addr *ret)
{
	return addr_of_peer(g->links[conn].fd, ret);
}

static int
epoll_engine_local(const struct engine *g, uint32_t conn, struct addr *ret)
{
	return addr_of_socket(g->links[conn].fd, ret);
}

const struct engine_ops engine_epoll = {
	.name = "epoll",
	.open = epoll_engine_open,
	.connect = epoll_engine_connect,
	.send = epoll_engine_send,
	.gather = epoll_engine_gather,
	.finish = epoll_engine_finish,
	.hold = epoll_engine_hold,
	.listen = epoll_engine_listen,
	.wake = epoll_engine_wake,
	.peer = epoll_engine_peer,
	.local = epoll_engine_local,
	.drop = epoll_engine_drop,
	.wait = epoll_engine_wait,
	.close = epoll_engine_close,
};
