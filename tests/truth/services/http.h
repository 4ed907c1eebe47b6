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
};

static inline void
http_connection(const struct http *h, int fd)
{
	char head[4096], out[1024];
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
		const char *body = h->answer();
		int size = snprintf(out, sizeof(out), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
		    "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
		if (write(fd, out, (size_t)size) != size)
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

/* Serves for ever on a free port of 127.0.0.1. */
static inline int
http_serve(http_answer_fn answer, int workers)
{
	static struct http h;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	pthread_t t;

	signal(SIGPIPE, SIG_IGN);
	h.answer = answer;
	h.listener = socket(AF_INET, SOCK_STREAM, 0);
	if (h.listener < 0 || bind(h.listener, (struct sockaddr *)&a, size) < 0 ||
	    listen(h.listener, 1024) < 0 || getsockname(h.listener, (struct sockaddr *)&a, &size) < 0) {
		perror("cannot listen");
		return 1;
	}
	for (int i = 1; i < workers; i++)
		if (pthread_create(&t, NULL, http_worker, &h) != 0)
			return 1;
	printf("listening on 127.0.0.1:%d\n", ntohs(a.sin_port));
	fflush(stdout);
	http_worker(&h);
	return 0;
}
