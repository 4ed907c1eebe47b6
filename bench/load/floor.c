/* SPDX-License-Identifier: MIT */
/* What asking costs at least: one thread that sends the same request over and over, as cheaply as this kernel lets
 * it. An answer is so many bytes as the first one had. Nothing is parsed, stamped or kept.
 *
 * usage: floor PORT PATH CONNECTIONS SECONDS [RATE]
 * Without a rate in a closed loop; with one, whatever is due is sent every 500 us, as `prony load` does. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/uring.h"

#define CONNECTIONS_MAX 8192
#define ANSWER_MAX      16384
#define ANSWER_NS       (5 * NS_PER_S)
#define SILENCE_NS      (100 * NS_PER_MS)
/* As `prony load` waits: in a closed loop for so many answers, but no more than half of all and not for
 * long; at a rate for the next tick. */
#define BATCH           24
#define PATIENCE_NS     (50 * NS_PER_US)
#define TICK_NS         (500 * NS_PER_US)
#define SENDS           UINT64_MAX          /* user_data of what only tells of failures */

static char request[1024];
static size_t request_size, answer_size;
static uint32_t connections;
static int fds[CONNECTIONS_MAX];
static uint32_t got[CONNECTIONS_MAX];       /* bytes of the answer under way */
static uint32_t idle[CONNECTIONS_MAX], n_idle;
static uint64_t answered;

static struct uring ring;
static struct uring_buffers buffers;

__attribute__((noreturn, format(printf, 1, 2)))
static void
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("floor: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static int
connect_to(uint16_t port)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		fail("cannot connect: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static ssize_t
receive(int fd, char *into, size_t size, int64_t patience_ns)
{
	struct timeval t = { .tv_sec = patience_ns / NS_PER_S, .tv_usec = patience_ns % NS_PER_S / NS_PER_US };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	return recv(fd, into, size, 0);
}

/* All that comes until the server is silent for a while. */
static void
learn_answer(int fd)
{
	char bytes[ANSWER_MAX];

	if (send(fd, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size)
		fail("cannot send: %s", strerror(errno));
	ssize_t n = receive(fd, bytes, sizeof(bytes), ANSWER_NS);
	for (; n > 0; n = receive(fd, bytes + answer_size, sizeof(bytes) - answer_size, SILENCE_NS))
		answer_size += (size_t)n;
	if (n == 0 || answer_size < 12 || memcmp(bytes, "HTTP/1.1 200", 12) != 0)
		fail("the first answer is not a '200' of HTTP/1.1 below 16 KiB on a connection that stays");
}

static struct io_uring_sqe *
push(void)
{
	uint64_t at;

	if (uring_is_full(&ring))
		uring_submit(&ring);
	return uring_push(&ring, &at);
}

static void
push_receive(uint32_t conn)
{
	*push() = (struct io_uring_sqe){
		.opcode = IORING_OP_RECV, .fd = (int)conn,
		.ioprio = IORING_RECV_MULTISHOT | IORING_RECVSEND_POLL_FIRST,
		.flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT, .user_data = conn,
	};
}

static void
push_send(uint32_t conn)
{
	*push() = (struct io_uring_sqe){
		.opcode = IORING_OP_SEND, .fd = (int)conn, .addr = (uintptr_t)request, .len = (uint32_t)request_size,
		.msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL, .flags = IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS,
		.user_data = SENDS,
	};
}

/* A buffer for each connection, as large as the answer: there is always one. */
static void
open_ring(void)
{
	uint32_t n = 1;

	while (n < connections)
		n *= 2;
	int code = uring_open(&ring, 2 * n, 4 * n);
	if (code == 0)
		code = uring_register_files(&ring, fds, connections);
	if (code == 0)
		code = uring_buffers_make(&buffers, n, n, (answer_size + 63) / 64 * 64);
	if (code == 0)
		code = uring_buffers_offer(&buffers, &ring, NULL);
	if (code < 0)
		fail("no io_uring here: %s", strerror(-code));
}

static void
on_completion(const struct io_uring_cqe *c, bool closed)
{
	uint32_t conn = (uint32_t)c->user_data;

	if (c->res <= 0 && c->res != -ENOBUFS)
		fail("a connection was lost: %s", strerror(-c->res));
	if (c->flags & IORING_CQE_F_BUFFER)
		uring_buffers_give(&buffers, c->flags >> IORING_CQE_BUFFER_SHIFT);
	if (!(c->flags & IORING_CQE_F_MORE))
		push_receive(conn);
	if (c->res > 0)
		got[conn] += (uint32_t)c->res;
	if (got[conn] < answer_size)
		return;
	if (got[conn] > answer_size)
		fail("an answer is longer than the first one");
	got[conn] = 0;
	answered++;
	if (closed)
		push_send(conn);
	else
		idle[n_idle++] = conn;
}

static void
wait_and_take(const struct uring_patience *how, bool closed)
{
	uring_wait(&ring, how);
	for (uint32_t i = uring_first(&ring), end = uring_last(&ring); i != end; i++) {
		struct io_uring_cqe c = *uring_completion(&ring, i);
		uring_seen(&ring, i + 1);
		on_completion(&c, closed);
	}
}

static void
ask_in_closed_loop(int64_t end_ns)
{
	struct uring_patience how = {
		.batch = connections / 2 < BATCH ? connections / 2 : BATCH, .patience_ns = PATIENCE_NS,
	};

	for (uint32_t i = 0; i < connections; i++)
		push_send(i);
	while ((how.timeout_ns = end_ns - now_ns()) > 0)
		wait_and_take(&how, true);
}

static void
ask_at_rate(double rate, int64_t start_ns, int64_t end_ns)
{
	uint64_t sent = 0;

	for (uint32_t i = 0; i < connections; i++)
		idle[n_idle++] = i;
	for (int64_t tick = start_ns; tick < end_ns; tick += TICK_NS) {
		int64_t left = tick - now_ns();
		wait_and_take(&(struct uring_patience){ .patience_ns = left, .timeout_ns = left }, false);
		for (; n_idle && (double)sent < rate * ns_to_s(tick - start_ns); sent++)
			push_send(idle[--n_idle]);
	}
}

static void
connect_all(uint16_t port, uint32_t n)
{
	if (!n || n > CONNECTIONS_MAX)
		fail("1 to %d connections", CONNECTIONS_MAX);
	for (connections = 0; connections < n; connections++)
		fds[connections] = connect_to(port);
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void
tell(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	double user = seconds(u.ru_utime), all = user + seconds(u.ru_stime), n = (double)answered;
	printf("%.0f requests, %.2f us of CPU each, of it %.2f user\n", n, 1e6 * all / n, 1e6 * user / n);
}

int
main(int argc, char **argv)
{
	if (argc < 5 || argc > 6)
		fail("usage: floor PORT PATH CONNECTIONS SECONDS [RATE]");
	int size = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", argv[2], argv[1]);
	if (size >= (int)sizeof(request))
		fail("the path is too long");
	request_size = (size_t)size;
	connect_all((uint16_t)atoi(argv[1]), (uint32_t)atoi(argv[3]));
	learn_answer(fds[0]);
	open_ring();
	for (uint32_t i = 0; i < connections; i++)
		push_receive(i);
	int64_t start = now_ns(), end = start + (int64_t)(atof(argv[4]) * 1e9);
	if (argc == 6)
		ask_at_rate(atof(argv[5]), start, end);
	else
		ask_in_closed_loop(end);
	tell();
	return 0;
}
