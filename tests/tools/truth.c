/* SPDX-License-Identifier: MIT */
#include "truth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "truth_act.h"
#include "truth_log.h"
#include "truth_timers.h"

#define HEAD_MAX  4096
#define EVENTS    256
#define TURNS     16           /* steps in a row, then the others have their turn */
#define BACKLOG   4096

struct conn {
	struct timer timer;            /* first: a timer is its connection */
	struct conn *before, *after;   /* of all connections */
	int fd;
	bool answering;
	struct act_answer answer;
	struct act_step step;          /* the one that is due, or what is left of it */
	struct truth_stamp stamp;
	int64_t requests;
	size_t skip;                   /* bytes of a request's body still to come */
	size_t n;
	char head[HEAD_MAX];
};

struct truth {
	int listener, epoll, wake;     /* wake: an eventfd, says to look at `stopping` */
	int64_t start_ns;
	bool busy;                     /* never sleeps */
	uint64_t seed;
	int64_t conns;
	struct conn *first;
	struct timers timers;
	struct truth_log *log;         /* NULL: none */
	char *log_path;
	atomic_llong requests;
	atomic_bool stopping;
	pthread_t thread;
};

static int64_t
clock_ns(clockid_t which)
{
	struct timespec t;
	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
listen_for(struct truth *t, struct conn *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };
	epoll_ctl(t->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

/* Always false: the connection is gone. */
static bool
drop(struct truth *t, struct conn *c)
{
	timers_unset(&t->timers, &c->timer);
	if (c->answering && t->log)
		truth_log_add(t->log, &c->stamp);
	if (c->before)
		c->before->after = c->after;
	else
		t->first = c->after;
	if (c->after)
		c->after->before = c->before;
	close(c->fd);
	free(c);
	return false;
}

/* ---- answers ------------------------------------------------------------------------------- */

static void
take_step(struct truth *t, struct conn *c, bool rest)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC);

	c->step = act_next(&c->answer, now - t->start_ns);
	if (c->step.wait_ns || rest)
		timers_set(&t->timers, &c->timer,
		    c->step.wait_ns == ACT_NEVER ? ACT_NEVER : now + c->step.wait_ns);
}

static void
eat_body(struct conn *c)
{
	size_t n = c->skip < c->n ? c->skip : c->n;

	c->skip -= n;
	c->n -= n;
	memmove(c->head, c->head + n, c->n);
}

/* Begin to answer the request in the buffer if it is there whole (but for its body). */
static void
begin_next(struct truth *t, struct conn *c)
{
	eat_body(c);
	char *end = memmem(c->head, c->n, "\r\n\r\n", 4);
	if (!end)
		return;
	*end = '\0';
	const char *length = strcasestr(c->head, "\r\nContent-Length:");
	size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
	*strchrnul(c->head, '\r') = '\0';
	act_begin(&c->answer, c->head, atomic_fetch_add(&t->requests, 1), t->seed);
	c->stamp.number = c->requests++;
	c->stamp.replied_ns = 0;
	c->skip = (size_t)(end + 4 - c->head) + body;
	eat_body(c);
	c->answering = true;
	take_step(t, c, false);
}

/* Send what is left of the step: 0, -EAGAIN, or -errno. */
static int
give(const struct truth *t, struct conn *c)
{
	if (t->log && c->step.then != ACT_ON && !c->stamp.replied_ns)
		c->stamp.replied_ns = clock_ns(CLOCK_MONOTONIC);
	while (c->step.size) {
		ssize_t n = send(c->fd, c->step.bytes, c->step.size, MSG_NOSIGNAL);
		if (n < 0)
			return -errno;
		c->step.bytes += n;
		c->step.size -= (size_t)n;
	}
	return 0;
}

static bool
finish(struct truth *t, struct conn *c)
{
	struct linger now = { .l_onoff = 1 };

	if (c->step.then == ACT_RESET)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (c->step.then != ACT_DONE)
		return drop(t, c);
	if (t->log)
		truth_log_add(t->log, &c->stamp);
	c->answering = false;
	begin_next(t, c);
	return true;
}

/* Give answers as far as time and the socket allow. False: the connection is gone. */
static bool
carry_on(struct truth *t, struct conn *c)
{
	for (int turn = 1; c->answering && !c->timer.place; turn++) {
		int code = give(t, c);
		if (code == -EAGAIN) {
			listen_for(t, c, EPOLLIN | EPOLLOUT);
			return true;
		}
		if (code < 0)
			return drop(t, c);
		if (c->step.then == ACT_ON)
			take_step(t, c, turn % TURNS == 0);
		else if (!finish(t, c))
			return false;
	}
	return true;
}

static void
fire_timers(struct truth *t)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC);
	struct timer *first;

	while ((first = timers_first(&t->timers)) && first->due_ns <= now) {
		timers_unset(&t->timers, first);
		carry_on(t, (struct conn *)first);
	}
}

/* ---- connections --------------------------------------------------------------------------- */

/* When the kernel got the bytes: its stamp is of the wall clock. */
static int64_t
arrival_of(struct msghdr *m, int64_t seen_ns)
{
	struct timespec at;
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
		return seen_ns;
	memcpy(&at, CMSG_DATA(c), sizeof(at));
	int64_t ago = clock_ns(CLOCK_REALTIME) - ((int64_t)at.tv_sec * 1000000000 + at.tv_nsec);
	return clock_ns(CLOCK_MONOTONIC) - ago;
}

static ssize_t
receive_stamped(struct conn *c)
{
	char control[256];
	struct iovec to = { c->head + c->n, HEAD_MAX - c->n };
	struct msghdr m = {
		.msg_iov = &to, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};

	ssize_t n = recvmsg(c->fd, &m, 0);
	if (n > 0 && !c->answering) {
		c->stamp.seen_ns = clock_ns(CLOCK_MONOTONIC);
		c->stamp.arrived_ns = arrival_of(&m, c->stamp.seen_ns);
	}
	return n;
}

static void
on_event(struct truth *t, struct conn *c, uint32_t events)
{
	if (events & EPOLLOUT) {
		listen_for(t, c, EPOLLIN);
		if (!carry_on(t, c))
			return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	ssize_t n = t->log ? receive_stamped(c) : recv(c->fd, c->head + c->n, HEAD_MAX - c->n, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {                   /* an end, an error, or a head that is too large */
		drop(t, c);
		return;
	}
	c->n += (size_t)n;
	if (!c->answering)
		begin_next(t, c);
	carry_on(t, c);
}

static void
take_connection(struct truth *t, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	if (!c || epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
		close(fd);
		free(c);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (t->log)
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	c->fd = fd;
	c->stamp.conn = t->conns++;
	c->after = t->first;
	if (t->first)
		t->first->before = c;
	t->first = c;
}

static void
take_connections(struct truth *t)
{
	int fd;

	while ((fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		take_connection(t, fd);
}

static int
wait_for_events(struct truth *t, struct epoll_event *events)
{
	struct timer *first = timers_first(&t->timers);
	if (t->busy)
		return epoll_wait(t->epoll, events, EVENTS, 0);
	if (!first || first->due_ns == ACT_NEVER)
		return epoll_wait(t->epoll, events, EVENTS, -1);
	int64_t left = first->due_ns - clock_ns(CLOCK_MONOTONIC);
	if (left < 0)
		left = 0;
	struct timespec wait = { .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
	return epoll_pwait2(t->epoll, events, EVENTS, &wait, NULL);
}

/* Timers fire after the events: a connection may be gone then, and no event of it is left. */
static void *
serve(void *arg)
{
	struct truth *t = arg;
	struct epoll_event events[EVENTS];

	prctl(PR_SET_TIMERSLACK, 1);
	while (!atomic_load(&t->stopping)) {
		int n = wait_for_events(t, events);
		for (int i = 0; i < n; i++)
			if (events[i].data.ptr == &t->listener)
				take_connections(t);
			else if (events[i].data.ptr != &t->wake)
				on_event(t, events[i].data.ptr, events[i].events);
		fire_timers(t);
	}
	while (t->first)
		drop(t, t->first);
	return NULL;
}

/* ---- start and stop ------------------------------------------------------------------------ */

static int
listen_on(uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(a);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) < 0) {
		close(fd);
		return -1;
	}
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static bool
watch(struct truth *t, int *fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = fd };
	return epoll_ctl(t->epoll, EPOLL_CTL_ADD, *fd, &e) == 0;
}

static void
release(struct truth *t)
{
	close(t->listener);
	close(t->epoll);
	close(t->wake);
	timers_done(&t->timers);
	free(t->log_path);
	free(t);
}

struct truth *
truth_start_with(const struct truth_options *o, uint16_t port, uint64_t seed, uint16_t *ret_port)
{
	struct truth *t = calloc(1, sizeof(*t));

	t->seed = seed;
	t->busy = o->busy;
	t->start_ns = clock_ns(CLOCK_MONOTONIC);
	t->listener = listen_on(port, ret_port);
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->wake = eventfd(0, EFD_CLOEXEC);
	if (o->log) {
		t->log = truth_log_open(t->start_ns);
		t->log_path = strdup(o->log);
	}
	if (t->listener < 0 || !watch(t, &t->listener) || !watch(t, &t->wake) ||
	    pthread_create(&t->thread, NULL, serve, t) != 0) {
		if (t->log)
			truth_log_close(t->log, "/dev/null");
		release(t);
		return NULL;
	}
	return t;
}

struct truth *
truth_start(uint16_t port, uint64_t seed, uint16_t *ret_port)
{
	const struct truth_options none = { 0 };
	return truth_start_with(&none, port, seed, ret_port);
}

int64_t
truth_requests(const struct truth *t)
{
	return atomic_load(&((struct truth *)(uintptr_t)t)->requests);
}

void
truth_stop(struct truth *t)
{
	int code = 0;

	if (!t)
		return;
	atomic_store(&t->stopping, true);
	eventfd_write(t->wake, 1);
	pthread_join(t->thread, NULL);
	if (t->log && (code = truth_log_close(t->log, t->log_path)) < 0)
		fprintf(stderr, "truth: cannot write '%s': %s\n", t->log_path, strerror(-code));
	release(t);
}
