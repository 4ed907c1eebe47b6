/* SPDX-License-Identifier: MIT */
/* Private to tls*.c. */
#pragma once

#include <openssl/ssl.h>

#include "net/tls.h"

#define TLS_PLAIN_MAX ((size_t)16 << 10)   /* of one record: RFC 8446, 5.1 */

struct tls_context {
	SSL_CTX *ssl_ctx;                /* of a server that of its first certificate */
	BIO_METHOD *bio;                 /* how OpenSSL reaches our buffers: tls.c */
	char host[256];
	bool verify;
	double reuse;
	SSL_SESSION *latest;             /* of TLS 1.3 a ticket; NULL none yet */
	uint64_t opened;                 /* connections so far: which ones resume follows from it */
	bool server;
	SSL_CTX **sites; size_t n_sites; /* of a server: by certificate */
	unsigned char alpn[256]; size_t alpn_bytes;
	char plain[TLS_PLAIN_MAX];       /* a record between OpenSSL and the sink */
};

struct tls {
	struct tls_context *context;
	SSL *ssl;
	const char *host;                /* of a client: who the other side is to be */
	enum tls_state state;
	const char *in;                  /* what the caller has fed and OpenSSL not yet taken */
	size_t in_size;
	struct buf *out;                 /* during a call */
	bool feeding;
	char *why;                       /* heap; only after a failure */
	const char *next;                /* then; NULL: not known */
};

/* What to do where the other side seems not to speak TLS. */
#define TLS_NEXT_PLAIN "is that the port that speaks TLS? Else speak to it in clear"

/* ALPN's names as they are sent (RFC 7301, 3.1); bytes, or -1: they do not fit. */
int tls_alpn_wire(const char *const *names, unsigned char out[256]);

BIO_METHOD *tls_bio_method(void);    /* NULL: out of memory */

/* For OpenSSL: nobody is there who could be asked for the passphrase of a key. */
int tls_no_passphrase(char *out, int size, int writing, void *ctx);

/* Why the handshake or the connection failed, in words, out of OpenSSL's queue of errors, which
 * is empty afterwards. Returns what to do about it; NULL: not known. */
const char *tls_explain(const struct tls *t, char *out, size_t size);
