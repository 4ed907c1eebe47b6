/* SPDX-License-Identifier: MIT */
#include "gate/front/front_tls.h"

#include <errno.h>
#include <string.h>

#include "gate/front/client_h1.h"
#include "gate/front/front_h2.h"
#include "gate/gate_int.h"
#include "gate/records.h"

/* ---- nothing is spoken ----------------------------------------------------------------------- */

/* During the handshake, and after TLS has failed. */
static void
silent_received(struct front *f, const char *bytes, size_t size)
{
}

static bool
silent_ended(struct front *f)
{
	return false;
}

static void
silent(struct front *f)
{
}

static void
late(struct front *f)
{
	front_abort(f);
}

/* In the middle of a handshake. */
static void
greeting_left(struct front *f)
{
	metrics_add(f->w->metrics, METRIC_TLS_FAILED, 0, 1);
}

static const struct front_ops greeting = {
	.received = silent_received, .ended = silent_ended, .sent = silent, .due = late, .drain = silent,
	.left = greeting_left,
};

static const struct front_ops leaving = {
	.received = silent_received, .ended = silent_ended, .sent = silent, .due = late, .drain = silent,
	.left = silent,
};

/* ---- beginning and end ----------------------------------------------------------------------- */

int
front_tls_begin(struct front *f)
{
	struct gate_worker *w = f->w;
	struct tls_context **context = &w->tls.contexts[f->listener];

	certificates_update(w->gate->certificates, &w->tls);
	f->ops = &greeting;
	front_set_timer(f, w->config->timeouts.head_ns);
	return *context ? tls_accept(*context, &f->tls) : -ENOMEM;
}

/* Within a feed it is still needed. */
void
front_tls_done(struct front *f)
{
	if (f->feeding)
		return;
	tls_close(f->tls);
	f->tls = NULL;
}

/* ---- out ------------------------------------------------------------------------------------- */

/* Records in the order they were made: what a feed has made goes before what is sent within it. */
static struct buf *
out_of(struct front *f)
{
	return f->feeding ? &f->w->fed : &f->w->cipher;
}

static ssize_t
flush(struct front *f, struct buf *out)
{
	struct gate_worker *w = f->w;
	struct engine_piece p = { out->data, out->size, false };

	metrics_add(w->metrics, METRIC_SENT, 0, (int64_t)out->size);
	ssize_t left = w->ops->gather(w->engine, f->conn, &p, 1);
	buf_clear(out);
	return left;
}

ssize_t
front_tls_send(struct front *f, const struct engine_piece *pieces, uint32_t n)
{
	struct buf *out = out_of(f);

	int code = records_make(f->tls, f->w->record, pieces, n, out);
	if (code == 0)
		return flush(f, out);
	buf_clear(out);
	return code;
}

void
front_tls_goodbye(struct front *f)
{
	struct buf *out = out_of(f);

	tls_goodbye(f->tls, out);
	if (out->size)
		flush(f, out);
}

/* ---- in -------------------------------------------------------------------------------------- */

static void
opened(void *ctx)
{
	struct front *f = ctx;
	struct gate_worker *w = f->w;

	metrics_add(w->metrics, METRIC_TLS, 0, 1);
	metrics_add(w->metrics, METRIC_TLS_RESUMED, 0, tls_resumed(f->tls));
	f->ops = &leaving;
	if ((tls_alpn_is(f->tls, "h2") ? h2_begin(f) : h1_begin(f)) < 0)
		front_abort(f);
}

static void
plain(void *ctx, const char *bytes, size_t size)
{
	struct front *f = ctx;

	if (!f->gone)
		f->ops->received(f, bytes, size);
}

/* What went wrong has been told to the client, who is to have the time to hear it. */
static void
fail(struct front *f)
{
	f->ops->left(f);
	f->ops = &leaving;
	f->w->ops->finish(f->w->engine, f->conn);
	front_hold(f, false);
	front_set_timer(f, GATE_LINGER_NS);
}

void
front_tls_received(struct front *f, const char *bytes, size_t size)
{
	const struct tls_sink sink = { f, opened, plain };
	struct buf *out = &f->w->fed;

	if (f->ops == &leaving)
		return;
	f->feeding = true;
	enum tls_state state = tls_feed(f->tls, bytes, size, &sink, out);
	f->feeding = false;
	if (f->gone) {
		buf_clear(out);
		front_tls_done(f);
	} else if (out->size && flush(f, out) < 0) {
		front_abort(f);
	} else if (state == TLS_FAILED) {
		fail(f);
	} else if (state == TLS_CLOSED && !f->deaf) {
		f->deaf = true;
		if (!f->ops->ended(f))
			front_abort(f);
	}
}
