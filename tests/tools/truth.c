/* SPDX-License-Identifier: MIT */
#include "truth.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS 4096
#define HEAD_MAX 8192

struct truth {
	int listener;
	int64_t start_ns;
	uint64_t seed;
	atomic_llong requests;
	atomic_bool stopping;
	pthread_t acceptor;
	pthread_mutex_t lock;          /* of fds */
	int fds[CONNS];                /* -1 free */
	atomic_int live;               /* connection threads */
};

struct asked {
	int fd;
	int64_t number;                /* of this request */
	double ms, every, code;        /* 0: not given */
};

static int64_t
clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Returns false when the server is stopping. */
static bool
sleep_ns(struct truth *t, int64_t ns)
{
	int64_t until = clock_ns() + ns;
	for (int64_t left = ns; left > 0 && !atomic_load(&t->stopping); left = until - clock_ns()) {
		int64_t nap = left < 100000000 ? left : 100000000;
		struct timespec d = { .tv_nsec = nap };
		nanosleep(&d, NULL);
	}
	return !atomic_load(&t->stopping);
}

static bool
say(const struct asked *a, const char *text)
{
	return send(a->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

static bool
ok(const struct asked *a)
{
	return say(a, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n");
}

static bool
do_none(struct truth *t, const struct asked *a)
{
	return ok(a);
}

static bool
do_const(struct truth *t, const struct asked *a)
{
	return sleep_ns(t, (int64_t)(a->ms * 1e6)) && ok(a);
}

/* SplitMix64 of the request's number: the n-th request is always as slow. */
static bool
do_exp(struct truth *t, const struct asked *a)
{
	uint64_t z = t->seed + ((uint64_t)a->number + 1) * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	double u = (double)((z ^ z >> 31) >> 11) * 0x1p-53;
	return sleep_ns(t, (int64_t)(-log1p(-u) * a->ms * 1e6)) && ok(a);
}

static bool
do_stall(struct truth *t, const struct asked *a)
{
	int64_t every = (int64_t)((a->every ? a->every : 1000) * 1e6);
	int64_t at = (clock_ns() - t->start_ns) % every, end = (int64_t)(a->ms * 1e6);
	return (at >= end || sleep_ns(t, end - at)) && ok(a);
}

static bool
do_status(struct truth *t, const struct asked *a)
{
	char text[96];
	snprintf(text, sizeof(text), "HTTP/1.1 %d Asked\r\nContent-Length: 0\r\n\r\n", (int)a->code);
	return say(a, text);
}

static bool
do_close(struct truth *t, const struct asked *a)
{
	say(a, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n");
	return false;
}

static bool
do_chunked(struct truth *t, const struct asked *a)
{
	return say(a, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n") &&
	    sleep_ns(t, 1000000) && say(a, "3;x=y\r\ntwo\r\n5\r\nthree\r\n0\r\nT: x\r\n\r\n");
}

static bool
do_drip(struct truth *t, const struct asked *a)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
	for (const char *c = answer; *c; c++)
		if (!sleep_ns(t, 1000000) || !say(a, (char[2]){ *c, 0 }))
			return false;
	return true;
}

static bool
do_interim(struct truth *t, const struct asked *a)
{
	return say(a, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n") && ok(a);
}

static bool
do_until_close(struct truth *t, const struct asked *a)
{
	say(a, "HTTP/1.0 200 OK\r\n\r\nsome bytes");
	return false;
}

static bool
do_reset(struct truth *t, const struct asked *a)
{
	struct linger now = { .l_onoff = 1 };
	setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	return false;
}

static bool
do_short(struct truth *t, const struct asked *a)
{
	say(a, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
	return false;
}

static bool
do_long(struct truth *t, const struct asked *a)
{
	return say(a, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\nand more than announced");
}

static bool
do_garbage(struct truth *t, const struct asked *a)
{
	return say(a, "\x01\x02SSH-2.0-of-some-kind\r\n");
}

static bool
do_half(struct truth *t, const struct asked *a)
{
	say(a, "HTTP/1.1 200 OK\r\nContent-Le");
	return false;
}

static bool
do_hole(struct truth *t, const struct asked *a)
{
	while (sleep_ns(t, 100000000))
		;
	return false;
}

static bool
do_flood(struct truth *t, const struct asked *a)
{
	while (!atomic_load(&t->stopping) && say(a, "HTTP/1.1 100 Continue\r\n\r\n"))
		;
	return false;
}

static const struct {
	const char *name;
	bool (*act)(struct truth *t, const struct asked *a);   /* false: close the connection */
	bool wrong;
} acts[] = {
	{ "none", do_none, false }, { "const", do_const, false }, { "exp", do_exp, false },
	{ "stall", do_stall, false }, { "status", do_status, true }, { "close", do_close, true },
	{ "chunked", do_chunked, false }, { "drip", do_drip, true }, { "interim", do_interim, false },
	{ "until-close", do_until_close, true }, { "reset", do_reset, true },
	{ "short", do_short, true }, { "long", do_long, true }, { "garbage", do_garbage, true },
	{ "half", do_half, true }, { "hole", do_hole, true }, { "flood", do_flood, true },
};

static double
number_of(const char *head, const char *name)
{
	const char *at = strstr(head, name);
	return at ? strtod(at + strlen(name), NULL) : 0;
}

/* One request of which the head has arrived; false: close. */
static bool
answer(struct truth *t, int fd, const char *head)
{
	struct asked a = {
		.fd = fd, .number = atomic_fetch_add(&t->requests, 1),
		.ms = number_of(head, "ms="), .every = number_of(head, "every="),
		.code = number_of(head, "code="),
	};
	const char *path = strchr(head, '/');

	for (size_t i = 0; path && i < sizeof(acts) / sizeof(acts[0]); i++) {
		size_t n = strlen(acts[i].name);
		if (strncmp(path + 1, acts[i].name, n) != 0 || !strchr(" ?", path[1 + n]))
			continue;
		if (acts[i].wrong && a.every > 1 && (a.number + 1) % (int64_t)a.every)
			return ok(&a);
		return acts[i].act(t, &a);
	}
	return say(&a, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

struct conn_start {
	struct truth *t;
	int slot;
};

static void *
serve(void *arg)
{
	struct conn_start s = *(struct conn_start *)arg;
	char head[HEAD_MAX];
	size_t n = 0;
	int on = 1, fd = s.t->fds[s.slot];
	bool open = true;

	free(arg);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (open && n < sizeof(head) - 1) {
		ssize_t got = recv(fd, head + n, sizeof(head) - 1 - n, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
		head[n] = '\0';
		if (!strstr(head, "\r\n\r\n"))
			continue;
		open = answer(s.t, fd, head);
		n = 0;
	}
	pthread_mutex_lock(&s.t->lock);
	close(fd);
	s.t->fds[s.slot] = -1;
	pthread_mutex_unlock(&s.t->lock);
	atomic_fetch_sub(&s.t->live, 1);
	return NULL;
}

static void
begin_serving(struct truth *t, int fd)
{
	struct conn_start *s = malloc(sizeof(*s));
	pthread_attr_t attr;
	pthread_t thread;
	int slot = 0;

	pthread_mutex_lock(&t->lock);
	while (slot < CONNS && t->fds[slot] >= 0)
		slot++;
	if (slot < CONNS)
		t->fds[slot] = fd;
	pthread_mutex_unlock(&t->lock);
	*s = (struct conn_start){ t, slot };
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&t->live, 1);
	if (slot == CONNS || pthread_create(&thread, &attr, serve, s) != 0) {
		if (slot < CONNS)
			t->fds[slot] = -1;
		atomic_fetch_sub(&t->live, 1);
		close(fd);
		free(s);
	}
	pthread_attr_destroy(&attr);
}

static void *
accept_all(void *arg)
{
	struct truth *t = arg;

	while (!atomic_load(&t->stopping)) {
		int fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			begin_serving(t, fd);
	}
	return NULL;
}

struct truth *
truth_start(uint16_t port, uint64_t seed, uint16_t *ret_port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(a);
	int on = 1;
	struct truth *t = calloc(1, sizeof(*t));

	memset(t->fds, -1, sizeof(t->fds));
	t->seed = seed;
	t->start_ns = clock_ns();
	pthread_mutex_init(&t->lock, NULL);
	t->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(t->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(t->listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(t->listener, 1024) < 0 ||
	    getsockname(t->listener, (struct sockaddr *)&a, &size) < 0 ||
	    pthread_create(&t->acceptor, NULL, accept_all, t) != 0) {
		close(t->listener);
		free(t);
		return NULL;
	}
	*ret_port = ntohs(a.sin_port);
	return t;
}

int64_t
truth_requests(const struct truth *t)
{
	return atomic_load(&((struct truth *)(uintptr_t)t)->requests);
}

void
truth_stop(struct truth *t)
{
	if (!t)
		return;
	atomic_store(&t->stopping, true);
	shutdown(t->listener, SHUT_RDWR);
	pthread_join(t->acceptor, NULL);
	close(t->listener);
	pthread_mutex_lock(&t->lock);
	for (int i = 0; i < CONNS; i++)
		if (t->fds[i] >= 0)
			shutdown(t->fds[i], SHUT_RDWR);
	pthread_mutex_unlock(&t->lock);
	while (atomic_load(&t->live))
		usleep(1000);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
