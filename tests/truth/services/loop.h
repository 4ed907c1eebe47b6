/* SPDX-License-Identifier: MIT */
/* An HTTP/1.1 server of one thread around epoll: what is not sent at once waits for the socket. */
#pragma once

#include <fcntl.h>
#include <sys/epoll.h>

#include "http.h"

enum { LOOP_CONNECTIONS = 4096 };

struct loop_connection {
	char head[4096];
	size_t have;
	const char *out;           /* the rest of an answer */
	size_t left;
	bool watched;              /* for room in the socket */
};

struct loop {
	int poll;
	/* The whole answer to the path with its head: valid until the process ends. */
	const char *(*answer)(const char *path, size_t *ret_size);
	int send_buffer;           /* bytes; 0: the system's */
	struct loop_connection *connections[LOOP_CONNECTIONS];   /* by file descriptor */
};

static inline void
loop_watch(struct loop *l, int fd, bool room)
{
	struct epoll_event e = { .events = EPOLLIN | (room ? EPOLLOUT : 0), .data.fd = fd };

	if (l->connections[fd]->watched != room)
		epoll_ctl(l->poll, EPOLL_CTL_MOD, fd, &e);
	l->connections[fd]->watched = room;
}

static inline void
loop_close(struct loop *l, int fd)
{
	free(l->connections[fd]);
	l->connections[fd] = NULL;
	close(fd);
}

static inline void
loop_flush(struct loop *l, int fd)
{
	struct loop_connection *c = l->connections[fd];

	while (c->left > 0) {
		ssize_t n = send(fd, c->out, c->left, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			loop_close(l, fd);
			return;
		}
		c->out += n;
		c->left -= (size_t)n;
	}
	loop_watch(l, fd, c->left > 0);
}

static inline void
loop_read(struct loop *l, int fd)
{
	struct loop_connection *c = l->connections[fd];
	char path[256];
	ssize_t n = recv(fd, c->head + c->have, sizeof(c->head) - 1 - c->have, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		loop_close(l, fd);
		return;
	}
	c->have += (size_t)n;
	c->head[c->have] = '\0';
	if (!strstr(c->head, "\r\n\r\n"))
		return;
	c->have = 0;
	if (sscanf(c->head, "%*s %255s", path) != 1) {
		loop_close(l, fd);
		return;
	}
	c->out = l->answer(path, &c->left);
	loop_flush(l, fd);
}

static inline void
loop_accept(struct loop *l, int listener)
{
	int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return;
	if (fd >= LOOP_CONNECTIONS || !(l->connections[fd] = calloc(1, sizeof(**l->connections)))) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (l->send_buffer)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &l->send_buffer, sizeof(l->send_buffer));
	epoll_ctl(l->poll, EPOLL_CTL_ADD, fd, &e);
}

/* Serves for ever. */
static inline int
loop_serve(struct loop *l)
{
	struct epoll_event events[64], e = { .events = EPOLLIN };
	int listener = http_listen(1024);

	l->poll = epoll_create1(0);
	e.data.fd = listener;
	if (listener < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) < 0 ||
	    epoll_ctl(l->poll, EPOLL_CTL_ADD, listener, &e) < 0)
		return 1;
	for (;;) {
		int n = epoll_wait(l->poll, events, 64, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener)
				loop_accept(l, fd);
			else if (l->connections[fd] && events[i].events & EPOLLOUT)
				loop_flush(l, fd);
			else if (l->connections[fd])
				loop_read(l, fd);
		}
	}
}
