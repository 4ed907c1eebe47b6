/* SPDX-License-Identifier: MIT */
/* What asking costs at least: one thread that sends the same request over and over, as cheaply as this kernel lets
 * it. An answer is so many bytes as the first one had. Nothing is parsed, stamped or kept.
 *
 * usage: floor [--tls] [--poisson] PORT PATH CONNECTIONS SECONDS [RATE]
 * Without a rate in a closed loop; with one, whatever is due is sent every 500 us, as `prony load` does. With
 * --poisson each request has its own random moment, and the thread does not sleep before it: no schedule can be
 * kept better from one thread. --tls is OpenSSL and nothing else between the request and the same sends and
 * receives: a record out, one in. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
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

#include "base/buf.h"
#include "base/clock.h"
#include "engine/uring.h"
#include "net/tls.h"

#define CONNECTIONS_MAX 8192
#define ANSWER_MAX      16384
#define ANSWER_NS       (5 * NS_PER_S)
#define SILENCE_NS      (100 * NS_PER_MS)
/* As `prony load` waits: in a closed loop for so many answers, but no more than half of all and not for
 * long; at a rate for the next tick. */
#define BATCH           24
#define PATIENCE_NS     (50 * NS_PER_US)
#define TICK_NS         (500 * NS_PER_US)
#define RECORD_MORE     64                  /* bytes that TLS puts round an answer */
#define AWAKE_NS        (150 * NS_PER_US)   /* before a random moment */
#define SENDS           UINT64_MAX          /* user_data of what only tells of failures */

struct conn {
	struct tls *tls;                    /* NULL: none */
	struct buf out;                     /* TLS: the request's record */
	uint32_t got;                       /* bytes of the answer under way */
};

static char request[1024];
static size_t request_size, answer_size;
static uint32_t connections;
static int fds[CONNECTIONS_MAX];
static struct conn conns[CONNECTIONS_MAX];
static uint32_t idle[CONNECTIONS_MAX], n_idle;
static uint64_t answered;
static struct tls_context *tls_context;     /* NULL: in clear */

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

static void
send_all(int fd, const void *bytes, size_t size)
{
	if (size && send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		fail("cannot send: %s", strerror(errno));
}

/* ---- TLS ----------------------------------------------------------------------------------- */

static void
count_plain(void *ctx, const char *bytes, size_t size)
{
	struct conn *c = ctx;

	c->got += (uint32_t)size;
}

static void
feed(struct conn *c, const void *cipher, size_t size)
{
	struct tls_sink sink = { .ctx = c, .plain = count_plain };

	if (tls_feed(c->tls, cipher, size, &sink, &c->out) > TLS_OPEN)
		fail("TLS: %s", tls_why(c->tls));
}

static void
shake_hands(struct conn *c, int fd)
{
	char bytes[ANSWER_MAX];

	if (tls_open(tls_context, &c->tls, &c->out) < 0)
		fail("TLS: out of memory");
	for (;;) {
		send_all(fd, c->out.data, c->out.size);
		buf_clear(&c->out);
		if (tls_state(c->tls) != TLS_HANDSHAKE)
			return;
		ssize_t n = receive(fd, bytes, sizeof(bytes), ANSWER_NS);
		if (n <= 0)
			fail("TLS: the server does not answer");
		feed(c, bytes, (size_t)n);
	}
}

static void
open_tls(void)
{
	struct err e = { 0 };

	if (tls_context_open(&(struct tls_config){ .host = "127.0.0.1", .keep_buffers = true }, &tls_context, &e) < 0)
		fail("TLS: %s", e.text);
	for (uint32_t i = 0; i < connections; i++)
		shake_hands(&conns[i], fds[i]);
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* The request as it goes over the wire. */
static const char *
packed(struct conn *c, size_t *ret_size)
{
	*ret_size = request_size;
	if (!c->tls)
		return request;
	buf_clear(&c->out);
	if (tls_send(c->tls, request, request_size, &c->out) < 0)
		fail("TLS: %s", tls_why(c->tls));
	*ret_size = c->out.size;
	return c->out.data;
}

static void
take(struct conn *c, const void *bytes, size_t size)
{
	if (c->tls)
		feed(c, bytes, size);
	else
		c->got += (uint32_t)size;
}

/* All that comes until the server is silent for a while. */
static void
learn_answer(void)
{
	struct conn *c = &conns[0];
	char bytes[ANSWER_MAX];
	size_t size, all = 0;

	const char *out = packed(c, &size);
	send_all(fds[0], out, size);
	ssize_t n = receive(fds[0], bytes, sizeof(bytes), ANSWER_NS);
	if (n > 0 && !c->tls && (n < 12 || memcmp(bytes, "HTTP/1.1 200", 12) != 0))
		fail("the first answer is not a '200' of HTTP/1.1");
	for (; n > 0; n = receive(fds[0], bytes, sizeof(bytes), SILENCE_NS)) {
		all += (size_t)n;
		take(c, bytes, (size_t)n);
	}
	if (n == 0 || !c->got || all > ANSWER_MAX)
		fail("the first answer is not below 16 KiB on a connection that stays");
	answer_size = c->got;
	c->got = 0;
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
	size_t size;
	const char *bytes = packed(&conns[conn], &size);

	*push() = (struct io_uring_sqe){
		.opcode = IORING_OP_SEND, .fd = (int)conn, .addr = (uintptr_t)bytes, .len = (uint32_t)size,
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
		code = uring_buffers_make(&buffers, n, n, (answer_size + RECORD_MORE + 63) / 64 * 64);
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
	if (c->res > 0)
		take(&conns[conn], uring_buffer(&buffers, c->flags >> IORING_CQE_BUFFER_SHIFT), (size_t)c->res);
	if (c->flags & IORING_CQE_F_BUFFER)
		uring_buffers_give(&buffers, c->flags >> IORING_CQE_BUFFER_SHIFT);
	if (!(c->flags & IORING_CQE_F_MORE))
		push_receive(conn);
	if (conns[conn].got < answer_size)
		return;
	if (conns[conn].got > answer_size)
		fail("an answer is longer than the first one");
	conns[conn].got = 0;
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
send_due(uint64_t *sent, uint64_t due)
{
	for (; n_idle && *sent < due; (*sent)++)
		push_send(idle[--n_idle]);
}

static void
ask_at_ticks(double rate, int64_t start_ns, int64_t end_ns)
{
	uint64_t sent = 0;

	for (int64_t tick = start_ns; tick < end_ns; tick += TICK_NS) {
		int64_t left = tick - now_ns();
		wait_and_take(&(struct uring_patience){ .patience_ns = left, .timeout_ns = left }, false);
		send_due(&sent, (uint64_t)ceil(rate * ns_to_s(tick - start_ns)));
	}
}

static void
ask_at_random(double rate, int64_t start_ns, int64_t end_ns)
{
	uint64_t sent = 0, due = 0;

	for (double at = (double)start_ns; at < (double)end_ns; at -= NS_PER_S / rate * log(1 - drand48())) {
		int64_t left = (int64_t)at - now_ns() - AWAKE_NS;
		if (left > 0)
			wait_and_take(&(struct uring_patience){ .patience_ns = left, .timeout_ns = left }, false);
		while (now_ns() < (int64_t)at)
			;
		send_due(&sent, ++due);
		uring_submit(&ring);
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

static void
ask(const char *rate, bool poisson, int64_t for_ns)
{
	int64_t start = now_ns(), end = start + for_ns;

	for (uint32_t i = 0; i < connections; i++)
		push_receive(i);
	for (uint32_t i = connections; rate && i > 0; i--)
		idle[n_idle++] = i - 1;
	if (!rate)
		ask_in_closed_loop(end);
	else if (poisson)
		ask_at_random(atof(rate), start, end);
	else
		ask_at_ticks(atof(rate), start, end);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "tls", no_argument, NULL, 't' }, { "poisson", no_argument, NULL, 'p' },
		{ 0 } };
	bool tls = false, poisson = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		tls |= c == 't';
		poisson |= c == 'p';
	}
	argv += optind;
	argc -= optind;
	if (argc < 4 || argc > 5 || (poisson && argc < 5))
		fail("usage: floor [--tls] [--poisson] PORT PATH CONNECTIONS SECONDS [RATE]");
	int size = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n", argv[1], argv[0]);
	if (size >= (int)sizeof(request))
		fail("the path is too long");
	request_size = (size_t)size;
	connect_all((uint16_t)atoi(argv[0]), (uint32_t)atoi(argv[2]));
	if (tls)
		open_tls();
	learn_answer();
	open_ring();
	ask(argv[4], poisson, (int64_t)(atof(argv[3]) * 1e9));
	tell();
	return 0;
}
