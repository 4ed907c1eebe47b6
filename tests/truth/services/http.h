/* SPDX-License-Identifier: MIT */
/* The smallest HTTP/1.1 server that a planted fault needs: a thread per worker, each accepts a
 * connection and serves it until it ends. Says where it listens on stdout. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What a service does for one request; returns the body, static or valid until the next call. */
typedef const char *(*http_answer_fn)(void);

struct http {
	int listener;
	http_answer_fn answer;
	bool close_each;           /* one request a connection */
};

/* Of the request that this thread serves; the status is 200 unless the answer sets another. */
static _Thread_local char http_path[256];
static _Thread_local int http_status;

static inline void
http_sleep_us(long us)
{
	nanosleep(&(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 }, NULL);
}

static inline int
http_send(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);
		if (n < 0)
			return -1;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A short body goes out with its head. */
static inline int
http_respond(int fd, const char *body, bool close_each)
{
	char out[1024];
	size_t size = strlen(body);
	int head = snprintf(out, sizeof(out), "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\n%s\r\n", http_status, http_status < 400 ? "OK" : "Not now", size,
	    close_each ? "Connection: close\r\n" : "");

	if ((size_t)head + size > sizeof(out))
		return http_send(fd, out, (size_t)head) < 0 ? -1 : http_send(fd, body, size);
	memcpy(out + head, body, size);
	return http_send(fd, out, (size_t)head + size);
}

static inline void
http_connection(const struct http *h, int fd)
{
	char head[4096];
	size_t have = 0;
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (;;) {
		ssize_t n = read(fd, head + have, sizeof(head) - 1 - have);
		if (n <= 0)
			return;
		have += (size_t)n;
		head[have] = '\0';
		if (!strstr(head, "\r\n\r\n"))
			continue;
		have = 0;
		http_status = 200;
		if (sscanf(head, "%*s %255s", http_path) != 1)
			return;
		if (http_respond(fd, h->answer(), h->close_each) < 0 || h->close_each)
			return;
	}
}

static void *
http_worker(void *arg)
{
	const struct http *h = arg;

	for (;;) {
		int fd = accept(h->listener, NULL, NULL);
		if (fd < 0)
			continue;
		http_connection(h, fd);
		close(fd);
	}
	return NULL;
}

/* Listens on a free port of 127.0.0.1 and says so; -1 when it cannot. */
static inline int
http_listen(int backlog)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	signal(SIGPIPE, SIG_IGN);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, size) < 0 || listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) < 0) {
		perror("cannot listen");
		return -1;
	}
	printf("listening on 127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}

/* Serves for ever. */
static inline int
http_run(struct http *h, int workers)
{
	pthread_t t;

	h->listener = http_listen(1024);
	if (h->listener < 0)
		return 1;
	for (int i = 1; i < workers; i++)
		if (pthread_create(&t, NULL, http_worker, h) != 0)
			return 1;
	http_worker(h);
	return 0;
}

static inline int
http_serve(http_answer_fn answer, int workers)
{
	static struct http h;

	h.answer = answer;
	return http_run(&h, workers);
}
