/* SPDX-License-Identifier: MIT */
/* A link through TLS. */
#include <stdio.h>

#include "gate/gate_worker.h"
#include "gate/level2/l2_link.h"
#include "gate/records.h"

#define KEPT ((size_t)64 << 10)

static ssize_t
flush(struct l2_link *l)
{
	const struct engine_piece p = { l->records.data, l->records.size, false };
	ssize_t left = p.size ? l->w->ops->gather(l->w->engine, l->conn, &p, 1) : 0;

	if (l->records.allocated > KEPT)
		buf_done(&l->records);
	buf_clear(&l->records);
	return left;
}

/* What is said within a feed goes out after it. */
ssize_t
l2_tls_send(struct l2_link *l, const struct engine_piece *pieces, uint32_t n)
{
	int code = records_make(l->tls, l->w->record, pieces, n, &l->records);

	return code < 0 || l->feeding ? code : flush(l);
}

/* Within a feed it is still needed. */
void
l2_tls_done(struct l2_link *l)
{
	if (l->feeding)
		return;
	tls_close(l->tls);
	l->tls = NULL;
	buf_done(&l->records);
}

void
l2_tls_begin(struct l2_link *l)
{
	l->state = L2_LINK_SECURES;
	if (tls_open_to(l->secure, l->host, &l->tls, &l->records) < 0 || flush(l) < 0)
		l2_link_lose(l, "TLS with it cannot be begun");
}

static void
on_open(void *ctx)
{
	l2_link_greet(ctx);
}

/* The link may have been lost by what came before. */
static void
on_plain(void *ctx, const char *bytes, size_t size)
{
	struct l2_link *l = ctx;

	if (l->state == L2_LINK_GREETS || l->state == L2_LINK_UP)
		l2_link_take(l, bytes, size);
}

/* Words of TLS live as long as it does. */
static const char *
keep_why(struct l2_link *l)
{
	snprintf(l->why, sizeof(l->why), "%s", tls_why(l->tls));
	l->next = *tls_next(l->tls) ? tls_next(l->tls) : NULL;
	return l->why;
}

void
l2_tls_received(struct l2_link *l, const char *bytes, size_t size)
{
	const struct tls_sink sink = { l, on_open, on_plain };

	l->feeding = true;
	enum tls_state state = tls_feed(l->tls, bytes, size, &sink, &l->records);
	l->feeding = false;
	if (l->conn == ENGINE_NONE)
		l2_tls_done(l);
	else if (flush(l) < 0)
		l2_link_lose(l, "it does not take what is sent");
	else if (state == TLS_FAILED)
		l2_link_lose(l, keep_why(l));
	else if (state == TLS_CLOSED)
		l2_link_lose(l, "it has closed the connection");
}

/* In the handshake: by the peer, or because it says nothing. */
const char *
l2_tls_ended(struct l2_link *l)
{
	if (l->state != L2_LINK_SECURES)
		return "it has closed the connection";
	l->next = tls_next(l->tls);
	return "it does not shake hands";
}
