/* SPDX-License-Identifier: MIT */
#include "engine/talk.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/addr.h"

#define ADDRESSES 8

struct talk {
	struct talk_to to;
	int fd;
	struct tls_context *context;   /* NULL: in clear */
	struct tls *tls;
	struct buf out;                /* records on their way */
	struct buf *in;                /* during talk_receive */
};

/* ---- bytes ----------------------------------------------------------------------------------- */

/* 0: ready. */
static int
await(const struct talk *t, short events)
{
	struct pollfd p[] = { { .fd = t->fd, .events = events }, { .fd = t->to.stop, .events = POLLIN } };
	int64_t left = t->to.until_ns - now_ns();

	left = left < t->to.patience_ns ? left : t->to.patience_ns;
	int n = left > 0 ? poll(p, 2, (int)(left / NS_PER_MS) + 1) : 0;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return p[1].revents ? -ECANCELED : n ? 0 : -ETIMEDOUT;
}

static int
push(const struct talk *t, const char *at, size_t size)
{
	int code = 0;

	while (size && code == 0) {
		code = await(t, POLLOUT);
		ssize_t n = code ? 0 : send(t->fd, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			code = -errno;
		at += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return code;
}

static int
push_records(struct talk *t)
{
	int code = push(t, t->out.data, t->out.size);

	buf_clear(&t->out);
	return code;
}

static void
on_plain(void *ctx, const char *bytes, size_t size)
{
	struct talk *t = ctx;

	if (t->in)
		buf_append(t->in, bytes, size);
}

static int
take(struct talk *t, const char *bytes, size_t size)
{
	if (!t->tls) {
		buf_append(t->in, bytes, size);
		return 0;
	}
	enum tls_state state = tls_feed(t->tls, bytes, size,
	    &(struct tls_sink){ .ctx = t, .plain = on_plain }, &t->out);
	int code = push_records(t);
	return state == TLS_FAILED ? -EPROTO : code;
}

/* One piece, which need not hold any plaintext. */
static int
pull(struct talk *t)
{
	char piece[16384];
	int code = await(t, POLLIN);
	ssize_t n = code ? 0 : recv(t->fd, piece, sizeof(piece), MSG_DONTWAIT);

	if (code)
		return code;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n > 0)
		return take(t, piece, (size_t)n);
	return t->tls && tls_ended(t->tls) == TLS_FAILED ? -EPROTO : -EPIPE;
}

int
talk_send(struct talk *t, const void *bytes, size_t size)
{
	if (!t->tls)
		return push(t, bytes, size);
	int code = tls_send(t->tls, bytes, size, &t->out);
	return code < 0 ? -EPROTO : push_records(t);
}

int
talk_receive(struct talk *t, struct buf *in)
{
	size_t had = in->size;
	int code = 0;

	t->in = in;
	while (code == 0 && in->size == had && !in->truncated)
		code = pull(t);
	t->in = NULL;
	return in->size > had ? 0 : in->truncated ? -EMSGSIZE : code;
}

const char *
talk_why(const struct talk *t, int code)
{
	return t->tls && *tls_why(t->tls) ? tls_why(t->tls) : code == -EPIPE ? "it has closed the connection" :
	    code == -ETIMEDOUT ? "no answer in time" : strerror(-code);
}

const char *
talk_next(const struct talk *t)
{
	return t->tls ? tls_next(t->tls) : "";
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static int
connect_one(struct talk *t, const struct addr *a)
{
	int code = 0;
	socklen_t size = sizeof(code);

	t->fd = addr_connect(a);
	if (t->fd < 0)
		return t->fd;
	int waited = await(t, POLLOUT);
	if (waited == 0)
		getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &code, &size);
	if (waited == 0 && code == 0)
		return 0;
	close(t->fd);
	t->fd = -1;
	return waited < 0 ? waited : -code;
}

static int
connect_any(struct talk *t, struct err *e)
{
	struct addr addrs[ADDRESSES];
	int code = -ETIMEDOUT, n = addr_resolve(t->to.host, t->to.port, addrs, ADDRESSES, e);

	if (n < 0)
		return n;
	for (int i = 0; i < n && code < 0 && code != -ECANCELED; i++)
		code = connect_one(t, &addrs[i]);
	return code < 0 ? err_set(e, -code, "cannot connect: %s", strerror(-code)) : 0;
}

static int
shake_hands(struct talk *t, struct err *e)
{
	int code = tls_context_open(t->to.tls, &t->context, e);

	if (code < 0)
		return code;
	if (tls_open(t->context, &t->tls, &t->out) < 0)
		return err_set(e, ENOMEM, "out of memory");
	code = push_records(t);
	while (code == 0 && tls_state(t->tls) == TLS_HANDSHAKE)
		code = pull(t);
	if (code == 0)
		return 0;
	err_set(e, -code, "TLS: %s", talk_why(t, code));
	err_hint(e, "%s", talk_next(t));
	return code;
}

int
talk_open(const struct talk_to *to, struct talk **ret, struct err *e)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->to = *to;
	t->fd = -1;
	int code = connect_any(t, e);
	if (code == 0 && to->tls)
		code = shake_hands(t, e);
	if (code < 0) {
		talk_close(t);
		return code;
	}
	t->to.tls = NULL;   /* the caller's, needed no longer */
	*ret = t;
	return 0;
}

void
talk_close(struct talk *t)
{
	if (!t)
		return;
	tls_close(t->tls);
	tls_context_close(t->context);
	if (t->fd >= 0)
		close(t->fd);
	buf_done(&t->out);
	free(t);
}
