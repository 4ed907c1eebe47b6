/* SPDX-License-Identifier: MIT */
#include "gate/metrics_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/gate_int.h"
#include "gate/refusal.h"
#include "net/http1_request.h"

#define HEAD_MAX   ((size_t)16 << 10)
#define PATIENCE_NS (2 * NS_PER_S)     /* with one who asks: others wait meanwhile */

struct metrics_server {
	struct gate *gate;
	struct metrics *own;         /* what belongs to no worker */
	struct metrics **all;        /* of the workers, and `own` */
	int listener, end;           /* `end`: an eventfd */
	pthread_t thread;
	struct http1_request request;
};

/* ---- text ------------------------------------------------------------------------------------ */

static void
look_at_store(struct metrics_server *s)
{
	struct store_counts n;

	store_count(s->gate->store, &n);
	metrics_set(s->own, METRIC_CACHE_BYTES, 0, (int64_t)n.used_bytes);
	metrics_set(s->own, METRIC_CACHE_LIMIT, 0, (int64_t)n.limit_bytes);
	metrics_set(s->own, METRIC_CACHE_OBJECTS, 0, (int64_t)n.objects);
	metrics_set(s->own, METRIC_CACHE_EVICTED, 0, (int64_t)n.evicted);
}

static bool
is_for_metrics(struct text target)
{
	return target.size >= 8 && memcmp(target.at, "/metrics", 8) == 0 &&
	    (target.size == 8 || target.at[8] == '?');
}

static void
write_answer(struct metrics_server *s, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	const struct http1_request *r = &s->request;
	bool head = text_is(r->method, "HEAD");

	if (!head && !text_is(r->method, "GET")) {
		refusal_write(out, 405, "only GET and HEAD are answered here", 0, true);
		return;
	}
	if (!is_for_metrics(r->target)) {
		refusal_write(out, 404, "only /metrics is here", 0, true);
		return;
	}
	look_at_store(s);
	metrics_write(s->all, s->gate->n_workers + 1, &text);
	buf_printf(out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n", text.size);
	if (!head)
		buf_append(out, text.data, text.size);
}

/* ---- one who asks ---------------------------------------------------------------------------- */

/* True: the socket is ready; false: it took too long, or the gate ends. */
static bool
await(const struct metrics_server *s, int fd, short events, int64_t until_ns)
{
	struct pollfd p[] = { { .fd = fd, .events = events }, { .fd = s->end, .events = POLLIN } };
	int64_t left = until_ns - now_ns();

	return left > 0 && poll(p, 2, (int)(left / NS_PER_MS) + 1) > 0 && !p[1].revents;
}

static bool
read_head(struct metrics_server *s, int fd, struct buf *in, struct buf *out, int64_t until_ns)
{
	char piece[4096];
	size_t used;

	while (await(s, fd, POLLIN, until_ns)) {
		ssize_t n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (n <= 0)
			return false;
		buf_append(in, piece, (size_t)n);
		enum http1_verdict v = http1_request_parse(&s->request, in->data, in->size, &used);
		if (v == HTTP1_DONE)
			return true;
		if (v == HTTP1_BAD || in->size >= HEAD_MAX) {
			refusal_write(out, v == HTTP1_BAD ? s->request.status : 431, "not understood", 0, true);
			return false;
		}
	}
	return false;
}

static void
serve(struct metrics_server *s, int fd)
{
	CLEANUP(buf_done) struct buf in = { 0 };
	CLEANUP(buf_done) struct buf out = { 0 };
	int64_t until_ns = now_ns() + PATIENCE_NS;
	size_t sent = 0;

	if (read_head(s, fd, &in, &out, until_ns))
		write_answer(s, &out);
	while (sent < out.size && await(s, fd, POLLOUT, until_ns)) {
		ssize_t n = send(fd, out.data + sent, out.size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

static void *
run(void *ctx)
{
	struct metrics_server *s = ctx;
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
release(struct metrics_server *s)
{
	if (s->listener >= 0)
		close(s->listener);
	if (s->end >= 0)
		close(s->end);
	metrics_free(s->own);
	free(s->all);
	free(s);
}

static struct metrics_server *
make(struct gate *g)
{
	struct metrics_server *s = calloc(1, sizeof(*s));
	struct metrics **all = calloc(g->n_workers + 1, sizeof(*all));

	if (!s || !all)
		abort();
	*s = (struct metrics_server){ .gate = g, .own = metrics_new(g->config), .all = all, .listener = -1 };
	for (uint32_t i = 0; i < g->n_workers; i++)
		all[i] = g->workers[i].w.metrics;
	all[g->n_workers] = s->own;
	s->end = eventfd(0, EFD_CLOEXEC);
	return s;
}

int
metrics_server_open(struct gate *gate, struct metrics_server **ret, struct err *e)
{
	struct addr a;

	*ret = NULL;
	if (!gate->config->metrics.host)
		return 0;
	struct metrics_server *s = make(gate);
	int code = gate_listen(&gate->config->metrics, &a, &s->listener, e);
	if (code == 0 && s->end < 0)
		code = err_set(e, errno, "cannot serve metrics: %s", strerror(errno));
	if (code == 0) {
		int failed = pthread_create(&s->thread, NULL, run, s);
		if (failed)
			code = err_set(e, failed, "cannot serve metrics: %s", strerror(failed));
	}
	if (code < 0)
		release(s);
	else
		*ret = s;
	return code;
}

void
metrics_server_close(struct metrics_server *s)
{
	if (!s)
		return;
	eventfd_write(s->end, 1);
	pthread_join(s->thread, NULL);
	release(s);
}
