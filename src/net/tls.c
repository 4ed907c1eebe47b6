/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <openssl/err.h>

#include "net/tls_int.h"

#define WRITE_MAX ((size_t)1 << 20)   /* given to OpenSSL at once, which makes records of it */

/* ---- how OpenSSL reaches the caller's buffers ---------------------------------------------- */

static int
bio_read(BIO *b, char *out, int size)
{
	struct tls *t = BIO_get_data(b);
	size_t n = t->in_size < (size_t)size ? t->in_size : (size_t)size;

	BIO_clear_retry_flags(b);
	if (!n) {
		BIO_set_retry_read(b);
		return -1;
	}
	memcpy(out, t->in, n);
	t->in += n;
	t->in_size -= n;
	return (int)n;
}

static int
bio_write(BIO *b, const char *bytes, int size)
{
	struct tls *t = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	buf_append(t->out, bytes, (size_t)size);
	return t->out->truncated ? -1 : size;
}

static long
bio_ctrl(BIO *b, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *
tls_bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "bytes of the caller");

	if (!m)
		return NULL;
	BIO_meth_set_read(m, bio_read);
	BIO_meth_set_write(m, bio_write);
	BIO_meth_set_ctrl(m, bio_ctrl);
	return m;
}

/* ---- connections --------------------------------------------------------------------------- */

static void
fail(struct tls *t, const char *why, const char *next)
{
	if (t->state == TLS_FAILED)
		return;
	t->state = TLS_FAILED;
	t->why = strdup(why);
	t->next = next;
}

static void
fail_as_told(struct tls *t)
{
	char why[256];

	const char *next = tls_explain(t, why, sizeof(why));
	fail(t, why, next);
}

/* The share is met exactly and evenly: a connection resumes when n * reuse passes a whole number. */
static bool
wants_to_resume(const struct tls_context *c)
{
	double n = (double)c->opened;

	return floor((n + 1) * c->reuse) > floor(n * c->reuse);
}

/* An address cannot be asked for in SNI (RFC 6066, 3). */
static bool
is_name(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) != 1 && inet_pton(AF_INET6, host, bytes) != 1;
}

/* Whoever is verified is verified by name: without one OpenSSL would take anybody's certificate. */
static int
set_host(struct tls *t)
{
	bool verify = t->context->verify;

	if (*t->host && is_name(t->host) && SSL_set_tlsext_host_name(t->ssl, t->host) != 1)
		return -ENOMEM;
	/* Also for addresses, which are looked for as such. */
	return verify && (!*t->host || SSL_set1_host(t->ssl, t->host) != 1) ? -ENOMEM : 0;
}

static int
set_up(struct tls *t)
{
	struct tls_context *c = t->context;

	t->ssl = SSL_new(c->ssl_ctx);
	BIO *b = BIO_new(c->bio);
	if (!t->ssl || !b) {
		BIO_free(b);
		return -ENOMEM;
	}
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	if (c->server) {
		SSL_set_accept_state(t->ssl);
		return 0;
	}
	SSL_set_connect_state(t->ssl);
	if (c->latest && t->host == c->host && wants_to_resume(c))
		SSL_set_session(t->ssl, c->latest);
	return set_host(t);
}

static int
begin(struct tls_context *c, const char *host, struct tls **ret)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->context = c;
	t->host = host;
	if (set_up(t) < 0) {
		ERR_clear_error();
		tls_close(t);
		return -ENOMEM;
	}
	c->opened++;
	*ret = t;
	return 0;
}

int
tls_open_to(struct tls_context *c, const char *host, struct tls **ret, struct buf *out)
{
	int code = begin(c, host, ret);

	if (code == 0)
		tls_feed(*ret, NULL, 0, NULL, out);
	return code;
}

int
tls_open(struct tls_context *c, struct tls **ret, struct buf *out)
{
	return tls_open_to(c, c->host, ret, out);
}

int
tls_accept(struct tls_context *c, struct tls **ret)
{
	return begin(c, c->host, ret);
}

/* The server's first words may have come with the end of its handshake: they wait until the owner
 * knows that it is open. */
static void
note_open(struct tls *t, const struct tls_sink *sink)
{
	if (t->state != TLS_HANDSHAKE || !SSL_is_init_finished(t->ssl))
		return;
	t->state = TLS_OPEN;
	if (sink->opened)
		sink->opened(sink->ctx);
}

/* One record's worth of plaintext, or what else OpenSSL has to say. */
static bool
read_some(struct tls *t, const struct tls_sink *sink)
{
	char *plain = t->context->plain;

	int n = SSL_read(t->ssl, plain, (int)TLS_PLAIN_MAX);
	int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, n);
	note_open(t, sink);
	if (n > 0 && t->state == TLS_OPEN)
		sink->plain(sink->ctx, plain, (size_t)n);
	else if (error == SSL_ERROR_ZERO_RETURN)
		t->state = TLS_CLOSED;
	else if (n <= 0 && error != SSL_ERROR_WANT_READ)
		fail_as_told(t);
	return n > 0;
}

/* No record has more than fits: when OpenSSL holds nothing more there is nothing to ask for, which
 * saves a call that fails. */
enum tls_state
tls_feed(struct tls *t, const void *cipher, size_t size, const struct tls_sink *sink,
    struct buf *out)
{
	if (t->state == TLS_CLOSED || t->state == TLS_FAILED)
		return t->state;
	t->in = cipher;
	t->in_size = size;
	t->out = out;
	t->feeding = true;
	while (read_some(t, sink) && (t->in_size || SSL_has_pending(t->ssl)) &&
	    t->state == TLS_OPEN)
		;
	t->feeding = false;
	t->in_size = 0;
	return t->state;
}

int
tls_send(struct tls *t, const void *plain, size_t size, struct buf *out)
{
	const char *at = plain;

	if (t->state != TLS_OPEN && !(t->context->server && t->state == TLS_CLOSED))
		return -EPIPE;
	/* What the feed has put into its buffer comes first, perhaps with a new key. */
	if (!t->feeding)
		t->out = out;
	while (size) {
		int n = SSL_write(t->ssl, at, size < WRITE_MAX ? (int)size : (int)WRITE_MAX);
		if (n <= 0) {
			fail_as_told(t);
			return -EPIPE;
		}
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

void
tls_goodbye(struct tls *t, struct buf *out)
{
	t->out = out;
	if (t->state == TLS_OPEN || t->state == TLS_CLOSED)
		SSL_shutdown(t->ssl);
	ERR_clear_error();
}

enum tls_state
tls_ended(struct tls *t)
{
	if (t->state == TLS_HANDSHAKE)
		fail(t, t->context->server ? "the client closed the connection during the TLS handshake" :
		    "the server closed the connection during the TLS handshake", TLS_NEXT_PLAIN);
	if (t->state == TLS_OPEN)
		fail(t, "the connection ended without TLS's close_notify: what came may be cut short", NULL);
	return t->state;
}

/* Marked as shut down, since OpenSSL forbids to resume the session of a connection that was not. */
void
tls_close(struct tls *t)
{
	if (!t)
		return;
	if (t->ssl && t->state != TLS_FAILED)
		SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	free(t->why);
	free(t);
}

/* ---- questions ----------------------------------------------------------------------------- */

enum tls_state
tls_state(const struct tls *t)
{
	return t->state;
}

const char *
tls_why(const struct tls *t)
{
	return t->why ? t->why : "";
}

const char *
tls_next(const struct tls *t)
{
	return t->next ? t->next : t->state == TLS_HANDSHAKE ? TLS_NEXT_PLAIN : "";
}

bool
tls_resumed(const struct tls *t)
{
	return SSL_session_reused(t->ssl);
}

bool
tls_alpn_is(const struct tls *t, const char *protocol)
{
	const unsigned char *name;
	unsigned size;

	SSL_get0_alpn_selected(t->ssl, &name, &size);
	return size == strlen(protocol) && memcmp(name, protocol, size) == 0;
}
