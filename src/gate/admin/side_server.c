/* SPDX-License-Identifier: MIT */
#include "gate/admin/side_server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/front/refusal.h"

#define HEAD_MAX    ((size_t)16 << 10)
#define PATIENCE_NS (2 * NS_PER_S)     /* with one who asks, and with one who takes: others wait */

struct side_server {
	side_answer_fn *answer;
	void *ctx;
	int listener, end;           /* `end`: an eventfd */
	pthread_t thread;
	struct http1_request request;
};

/* ---- one who asks ---------------------------------------------------------------------------- */

/* True: the socket is ready; false: it took too long, or the server ends. */
static bool
await(const struct side_server *s, int fd, short events, int64_t until_ns)
{
	struct pollfd p[] = { { .fd = fd, .events = events }, { .fd = s->end, .events = POLLIN } };
	int64_t left = until_ns - now_ns();

	return left > 0 && poll(p, 2, (int)(left / NS_PER_MS) + 1) > 0 && !p[1].revents;
}

static bool
read_more(struct side_server *s, int fd, struct buf *in, int64_t until_ns)
{
	char piece[4096];

	if (!await(s, fd, POLLIN, until_ns))
		return false;
	ssize_t n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
	if (n > 0)
		buf_append(in, piece, (size_t)n);
	return n > 0;
}

/* The size of the head; 0: none came, and an answer is in `out` if there is one to give. */
static size_t
read_head(struct side_server *s, int fd, struct buf *in, struct buf *out, int64_t until_ns)
{
	size_t used;

	while (read_more(s, fd, in, until_ns)) {
		enum http1_verdict v = http1_request_parse(&s->request, in->data, in->size, &used);
		if (v == HTTP1_DONE)
			return used;
		if (v == HTTP1_BAD || in->size >= HEAD_MAX) {
			refusal_write(out, v == HTTP1_BAD ? s->request.status : 431, "not understood", 0, true);
			return 0;
		}
	}
	return 0;
}

/* False: it did not come, or an answer to it is in `out` already. */
static bool
read_body(struct side_server *s, int fd, struct buf *in, size_t head, struct buf *out, int64_t until_ns)
{
	static const char on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t used, size = s->request.framing == HTTP1_LENGTH ? (size_t)s->request.length : 0;

	if (s->request.framing == HTTP1_CHUNKED || size > SIDE_BODY_MAX) {
		refusal_write(out, s->request.framing == HTTP1_CHUNKED ? 501 : 413,
		    "a body with a Content-Length of at most 64 KiB is expected", 0, true);
		return false;
	}
	if (s->request.expects_continue && in->size == head)
		send(fd, on, sizeof(on) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (in->size < head + size)
		if (!read_more(s, fd, in, until_ns))
			return false;
	/* What was read may have moved. */
	return http1_request_parse(&s->request, in->data, in->size, &used) == HTTP1_DONE;
}

static void
serve(struct side_server *s, int fd)
{
	CLEANUP(buf_done) struct buf in = { 0 };
	CLEANUP(buf_done) struct buf out = { 0 };
	int64_t until_ns = now_ns() + PATIENCE_NS;
	size_t sent = 0, head = read_head(s, fd, &in, &out, until_ns);

	if (head && read_body(s, fd, &in, head, &out, until_ns))
		s->answer(s->ctx, &s->request, (struct text){ in.data + head, in.size - head }, &out);
	until_ns = now_ns() + PATIENCE_NS;
	while (sent < out.size) {
		ssize_t n = send(fd, out.data + sent, out.size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno != EAGAIN || !await(s, fd, POLLOUT, until_ns)))
			return;
		sent += n > 0 ? (size_t)n : 0;
	}
}

static void *
run(void *ctx)
{
	struct side_server *s = ctx;
	struct pollfd p[] = { { .fd = s->listener, .events = POLLIN }, { .fd = s->end, .events = POLLIN } };

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (p[1].revents)
			return NULL;
		CLEANUP(fd_close_p) int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			serve(s, fd);
		else if (errno == EMFILE || errno == ENFILE)
			sleep_until_ns(now_ns() + NS_PER_S);
	}
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void
release(struct side_server *s)
{
	if (s->end >= 0)
		close(s->end);
	free(s);
}

int
side_server_start(int listener, side_answer_fn *answer, void *ctx, const char *what,
    struct side_server **ret, struct err *e)
{
	struct side_server *s = calloc(1, sizeof(*s));
	sigset_t all, before;

	if (!s)
		abort();
	*s = (struct side_server){ .answer = answer, .ctx = ctx, .listener = listener };
	s->end = eventfd(0, EFD_CLOEXEC);
	sigfillset(&all);   /* signals are for the main thread */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int failed = s->end < 0 ? errno : pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		release(s);
		return err_set(e, failed, "cannot serve %s: %s", what, strerror(failed));
	}
	*ret = s;
	return 0;
}

void
side_server_end(struct side_server *s)
{
	eventfd_write(s->end, 1);
}

void
side_server_stop(struct side_server *s)
{
	if (!s)
		return;
	eventfd_write(s->end, 1);
	pthread_join(s->thread, NULL);
	release(s);
}
