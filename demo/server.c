/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 with keep-alive: each worker accepts a connection, serves it until it ends, and accepts
 * the next. When every worker has one, answers ask the client to close, so that nobody waits
 * behind an idle connection. */
#include "shop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEAD_MAX = 8192, BODY_MAX = 1 << 20 };

struct server {
	const char *database;
	const struct faults *faults;
	int listener, workers;
	atomic_int connected;      /* workers that have a connection */
	atomic_bool ending;
};

struct worker {
	struct server *server;
	pthread_t thread;
	atomic_int connection;     /* -1: none */
	char head[HEAD_MAX + 1];   /* bytes of the request, `have` of them */
	size_t have;
	struct request request;
};

void
answer_printf(struct request *r, const char *fmt, ...)
{
	size_t room = r->body_max - r->body_size;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(r->body + r->body_size, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		r->body_size += (size_t)n < room ? (size_t)n : room - 1;
}

static const char *
reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 409: return "Conflict";
	}
	return "Internal Server Error";
}

static int
send_all(int fd, struct iovec *parts, int n)
{
	while (n > 0) {
		ssize_t sent = writev(fd, parts, n);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		for (; n > 0 && (size_t)sent >= parts->iov_len; parts++, n--)
			sent -= (ssize_t)parts->iov_len;
		if (n > 0) {
			parts->iov_base = (char *)parts->iov_base + sent;
			parts->iov_len -= (size_t)sent;
		}
	}
	return 0;
}

static int
send_answer(int fd, const struct request *r, bool keep)
{
	char head[256];
	int size = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n%s\r\n", r->status, reason(r->status), r->body_size,
	    keep ? "" : "Connection: close\r\n");
	struct iovec parts[] = { { head, (size_t)size }, { r->body, r->body_size } };

	return send_all(fd, parts, 2);
}

/* Wait for a whole request head. Returns its size, 0 when the client has gone. */
static size_t
read_head(struct worker *w, int fd)
{
	for (;;) {
		w->head[w->have] = '\0';
		const char *end = strstr(w->head, "\r\n\r\n");
		if (end)
			return (size_t)(end - w->head) + 4;
		if (w->have == HEAD_MAX)
			return 0;
		ssize_t n = read(fd, w->head + w->have, HEAD_MAX - w->have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		w->have += (size_t)n;
	}
}

/* "GET /cart?customer=7 HTTP/1.1": cuts the head into what request needs. */
static int
parse_head(struct request *r, char *head)
{
	char *target = strchr(head, ' ');
	char *end = target ? strpbrk(target + 1, " \r") : NULL;

	if (!end || *end != ' ' || strncmp(end + 1, "HTTP/1.", 7) != 0)
		return -1;
	*end = '\0';
	r->path = target + 1;
	char *question = strchr(target, '?');
	r->customer = 1;
	if (!question)
		return 0;
	*question = '\0';
	const char *customer = strstr(question + 1, "customer=");
	if (customer)
		r->customer = labs(atol(customer + strlen("customer=")));
	return 0;
}

/* One request and its answer; false when the connection is over. */
static bool
serve_one(struct worker *w, int fd)
{
	struct request *r = &w->request;
	size_t size = read_head(w, fd);

	if (size == 0)
		return false;
	bool keep = !strcasestr(w->head, "\r\nconnection: close") &&
	    atomic_load(&w->server->connected) < w->server->workers;
	r->body_size = 0;
	r->status = 200;
	if (strcasestr(w->head, "\r\ncontent-length:") || parse_head(r, w->head) < 0) {
		r->status = 400;       /* nothing in this shop takes a body */
		answer_printf(r, "{\"error\":\"bad request\"}");
		keep = false;
	} else {
		route(r);
	}
	memmove(w->head, w->head + size, w->have - size);
	w->have -= size;
	return send_answer(fd, r, keep) == 0 && keep;
}

static void
serve_connection(struct worker *w, int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	atomic_store(&w->connection, fd);
	atomic_fetch_add(&w->server->connected, 1);
	w->have = 0;
	while (!atomic_load(&w->server->ending) && serve_one(w, fd))
		;
	atomic_fetch_sub(&w->server->connected, 1);
	atomic_store(&w->connection, -1);
	close(fd);
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&w->server->ending)) {
		int fd = accept(w->server->listener, NULL, NULL);
		if (fd >= 0)
			serve_connection(w, fd);
	}
	return NULL;
}

static int
listen_on(int port, int *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) < 0 || listen(fd, 1024) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) < 0) {
		fprintf(stderr, "prony-shop: cannot listen on 127.0.0.1:%d: %s\n", port, strerror(errno));
		return -1;
	}
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static int
worker_start(struct worker *w, struct server *s)
{
	w->server = s;
	atomic_store(&w->connection, -1);
	w->request = (struct request){ .faults = s->faults, .body = malloc(BODY_MAX),
		.body_max = BODY_MAX, .db = store_open(s->database) };
	if (!w->request.body || !w->request.db)
		return -1;
	return pthread_create(&w->thread, NULL, worker_main, w) == 0 ? 0 : -1;
}

/* Workers sleep in accept or read: a shutdown of the socket wakes them. */
static void
workers_end(struct server *s, struct worker *workers, int started)
{
	atomic_store(&s->ending, true);
	shutdown(s->listener, SHUT_RDWR);
	for (int i = 0; i < started; i++) {
		int fd = atomic_load(&workers[i].connection);
		if (fd >= 0)
			shutdown(fd, SHUT_RD);
	}
	for (int i = 0; i < started; i++) {
		pthread_join(workers[i].thread, NULL);
		sqlite3_close(workers[i].request.db);
		free(workers[i].request.body);
	}
}

static void
wait_for_end(void)
{
	sigset_t ends;
	int signal_number;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigwait(&ends, &signal_number);
}

int
server_run(const char *database, int port, int workers, const struct faults *faults)
{
	struct server s = { .database = database, .faults = faults, .workers = workers };
	int started = 0;

	s.listener = listen_on(port, &port);
	struct worker *w = calloc((size_t)workers, sizeof(*w));
	if (s.listener < 0 || !w) {
		free(w);
		return -1;
	}
	while (started < workers && worker_start(&w[started], &s) == 0)
		started++;
	if (started == workers) {
		printf("listening on 127.0.0.1:%d\n", port);
		fflush(stdout);
		wait_for_end();
	}
	workers_end(&s, w, started);
	close(s.listener);
	free(w);
	return started == workers ? 0 : -1;
}
