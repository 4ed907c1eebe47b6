/* SPDX-License-Identifier: MIT */
#include "gate/purge/http_call.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/addr.h"
#include "net/http1_response.h"
#include "net/tls.h"

#define ANSWER_MAX ((size_t)64 << 10)

struct call {
	const struct url *to;
	int fd, stop;
	int64_t until_ns;
	struct tls_context *context;   /* NULL: in clear */
	struct tls *tls;
	struct buf out;                /* to the peer */
	struct buf in;                 /* plain */
	bool ended;
};

static void
call_done(struct call *c)
{
	tls_close(c->tls);
	tls_context_close(c->context);
	if (c->fd >= 0)
		close(c->fd);
	buf_done(&c->out);
	buf_done(&c->in);
}

static void
on_plain(void *ctx, const char *bytes, size_t size)
{
	struct call *c = ctx;
	buf_append(&c->in, bytes, size);
}

static int
await(struct call *c, short events)
{
	struct pollfd p[] = { { .fd = c->fd, .events = events }, { .fd = c->stop, .events = POLLIN } };
	int64_t left = c->until_ns - now_ns();
	int n = left > 0 ? poll(p, 2, (int)(left / NS_PER_MS) + 1) : 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return p[1].revents ? -ECANCELED : n ? 0 : -ETIMEDOUT;
}

static int
flush(struct call *c)
{
	size_t sent = 0;
	int code = 0;

	while (sent < c->out.size && code == 0) {
		code = await(c, POLLOUT);
		ssize_t n = code ? 0 : send(c->fd, c->out.data + sent, c->out.size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			code = -errno;
		sent += n > 0 ? (size_t)n : 0;
	}
	buf_clear(&c->out);
	return code;
}

static int
receive(struct call *c)
{
	char piece[16384];
	int code = await(c, POLLIN);
	ssize_t n = code ? 0 : recv(c->fd, piece, sizeof(piece), MSG_DONTWAIT);

	if (code)
		return code;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0) {
		c->ended = true;
		return 0;
	}
	if (!c->tls) {
		buf_append(&c->in, piece, (size_t)n);
		return 0;
	}
	tls_feed(c->tls, piece, (size_t)n, &(struct tls_sink){ .ctx = c, .plain = on_plain }, &c->out);
	return flush(c);
}

static int
begin_tls(struct call *c, const char *ca_file, struct err *e)
{
	static const char *const alpn[] = { "http/1.1", NULL };
	struct tls_config config = { .host = c->to->host, .alpn = alpn, .verify = true, .ca_file = ca_file };

	int code = tls_context_open(&config, &c->context, e);
	if (code == 0 && (code = tls_open(c->context, &c->tls, &c->out)) < 0)
		code = err_set(e, -code, "out of memory");
	while (code == 0 && tls_state(c->tls) == TLS_HANDSHAKE && !c->ended) {
		code = flush(c);
		if (code == 0)
			code = receive(c);
		if (code < 0)
			err_set(e, -code, "%s", strerror(-code));
	}
	if (code == 0 && tls_state(c->tls) != TLS_OPEN)
		code = err_set(e, EPROTO, "TLS: %s", c->ended ? "the server broke off" : tls_why(c->tls));
	return code;
}

static int
talk(struct call *c, const char *request, size_t size, int *ret_status)
{
	struct http1_response r;
	size_t used;
	int code = c->tls ? tls_send(c->tls, request, size, &c->out) : (buf_append(&c->out, request, size), 0);

	if (code == 0)
		code = flush(c);
	while (code == 0) {
		enum http1_verdict v = http1_response_parse(&r, false, c->in.data ? c->in.data : "", c->in.size, &used);
		if (v == HTTP1_DONE && r.status >= 200)
			return *ret_status = r.status, 0;
		if (v == HTTP1_BAD || c->ended || c->in.size > ANSWER_MAX)
			return -EPROTO;
		if (v == HTTP1_DONE)   /* an interim one */
			memmove(c->in.data, c->in.data + used, c->in.size -= used);
		else
			code = receive(c);
	}
	return code;
}

int
http_call(const struct url *to, const char *method, const char *rest, size_t rest_size, const char *ca_file,
    int64_t timeout_ns, int stop, int *ret_status, struct err *e)
{
	CLEANUP(call_done) struct call c = { .to = to, .fd = -1, .stop = stop, .until_ns = now_ns() + timeout_ns };
	CLEANUP(buf_done) struct buf request = { 0 };
	struct addr a;

	int code = addr_resolve(to->host, (uint16_t)to->port, &a, 1, e);
	if (code < 0)
		return code;
	c.in.cap_bytes = 2 * ANSWER_MAX;
	c.fd = addr_connect(&a);
	if (c.fd < 0)
		return err_set(e, -c.fd, "cannot connect: %s", strerror(-c.fd));
	code = url_is_secure(to) ? begin_tls(&c, ca_file, e) : 0;
	if (code < 0)
		return code;
	buf_printf(&request, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nUser-Agent: prony\r\n", method,
	    to->path, to->authority);
	buf_append(&request, rest, rest_size);
	code = talk(&c, request.data, request.size, ret_status);
	return code < 0 ? err_set(e, -code, "%s", strerror(-code)) : 0;
}
