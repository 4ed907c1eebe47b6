/* SPDX-License-Identifier: MIT */
/* What serving costs at least: every receive is taken for a request and answered with the same bytes. Nothing is
 * parsed, looked up or logged; system calls as raw as they go.
 *
 * usage: floor uring|epoll PORT BYTES; floor relay PORT UPSTREAM_PORT (a connection behind for each in front,
 * bytes moved both ways). One thread; serves until it is killed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/uring.h"

#define FDS     4096
#define BUFFERS 512
#define STRIDE  4096
#define RELAY   ((size_t)256 << 10)

static char *answer;
static size_t answer_size;
static int peer_of[FDS];      /* of the relay */

static void
make_answer(size_t body)
{
	char head[128];
	int n = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\n\r\n", body);

	answer_size = (size_t)n + body;
	answer = malloc(answer_size);
	memcpy(answer, head, (size_t)n);
	memset(answer + n, 'x', body);
}

static int
listen_at(uint16_t port)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);   /* as the gate does on loopback */
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4096) < 0) {
		perror("floor");
		exit(1);
	}
	return fd;
}

static void
send_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		bytes += n;
		size -= (size_t)n;
	}
}

/* ---- io_uring: multishot accepts and receives, a buffer ring, deferred work ------------------- */

static void
push_receive(struct uring *u, int fd)
{
	uint64_t at;
	struct io_uring_sqe *s = uring_push(u, &at);

	*s = (struct io_uring_sqe){ .opcode = IORING_OP_RECV, .fd = fd, .ioprio = IORING_RECV_MULTISHOT,
		.flags = IOSQE_BUFFER_SELECT, .user_data = (uint64_t)fd };
}

static void
push_accept(struct uring *u, int listener)
{
	uint64_t at;
	struct io_uring_sqe *s = uring_push(u, &at);

	*s = (struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT, .fd = listener, .ioprio = IORING_ACCEPT_MULTISHOT,
		.user_data = UINT64_MAX };
}

static void
push_answer(struct uring *u, int fd)
{
	uint64_t at;
	struct io_uring_sqe *s = uring_push(u, &at);

	*s = (struct io_uring_sqe){ .opcode = IORING_OP_SEND, .fd = fd, .addr = (uintptr_t)answer,
		.len = (uint32_t)answer_size, .msg_flags = MSG_NOSIGNAL | MSG_WAITALL, .flags = IOSQE_CQE_SKIP_SUCCESS,
		.user_data = UINT64_MAX - 1 };
}

static void
on_received(struct uring *u, struct uring_buffers *b, const struct io_uring_cqe *c)
{
	int fd = (int)c->user_data;

	if (c->flags & IORING_CQE_F_BUFFER)
		uring_buffers_give(b, c->flags >> IORING_CQE_BUFFER_SHIFT);
	if (c->res > 0)
		push_answer(u, fd);
	if (c->flags & IORING_CQE_F_MORE)
		return;
	if (c->res > 0 || c->res == -ENOBUFS)
		push_receive(u, fd);
	else
		close(fd);
}

static void
serve_uring(int listener)
{
	static struct uring u;
	static struct uring_buffers b;

	if (uring_open(&u, 2048, 16384) < 0 || uring_buffers_make(&b, BUFFERS, BUFFERS, STRIDE) < 0 ||
	    uring_buffers_offer(&b, &u, NULL) < 0) {
		fprintf(stderr, "floor: no io_uring here\n");
		exit(77);
	}
	push_accept(&u, listener);
	for (;;) {
		uring_wait(&u, &(struct uring_patience){ .batch = 1, .timeout_ns = NS_PER_S });
		for (uint32_t i = uring_first(&u), end = uring_last(&u); i != end; i++) {
			struct io_uring_cqe c = *uring_completion(&u, i);
			uring_seen(&u, i + 1);
			if (c.user_data == UINT64_MAX && c.res >= 0)
				push_receive(&u, c.res);
			else if (c.user_data < FDS)
				on_received(&u, &b, &c);
			if (uring_is_full(&u))
				uring_submit(&u);
		}
	}
}

/* ---- epoll ----------------------------------------------------------------------------------- */

static void
watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

static int
connect_to(uint16_t port)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		perror("floor: upstream");
	return fd;
}

static void
on_readable(int fd, bool relays)
{
	static char buffer[RELAY];
	ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

	if (n <= 0) {
		if (relays)
			close(peer_of[fd]);
		close(fd);
	} else if (relays) {
		send_all(peer_of[fd], buffer, (size_t)n);
	} else {
		send_all(fd, answer, answer_size);
	}
}

static void
serve_epoll(int listener, uint16_t upstream)
{
	struct epoll_event events[256];
	int epoll = epoll_create1(0);

	watch(epoll, listener);
	for (;;) {
		int n = epoll_wait(epoll, events, 256, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd != listener) {
				on_readable(fd, upstream);
				continue;
			}
			fd = accept(listener, NULL, NULL);
			if (fd < 0 || fd >= FDS)
				continue;
			watch(epoll, fd);
			if (!upstream)
				continue;
			peer_of[fd] = connect_to(upstream);
			peer_of[peer_of[fd]] = fd;
			watch(epoll, peer_of[fd]);
		}
	}
}

int
main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int listener = listen_at((uint16_t)atoi(argv[2]));
	if (strcmp(argv[1], "relay") == 0)
		serve_epoll(listener, (uint16_t)atoi(argv[3]));
	make_answer((size_t)atol(argv[3]));
	if (strcmp(argv[1], "uring") == 0)
		serve_uring(listener);
	serve_epoll(listener, 0);
}
