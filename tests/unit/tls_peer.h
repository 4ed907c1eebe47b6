/* SPDX-License-Identifier: MIT */
/* A TLS server in memory, with a certificate made on the spot: the other side for tests. Aborts on
 * what can only be a fault of the test. */
#pragma once

#include <openssl/ssl.h>

#include "base/buf.h"

struct tls_site {
	SSL_CTX *ssl_ctx;
	X509 *certificate;           /* signed by itself */
	EVP_PKEY *key;
};

struct tls_site_config {
	const char *san;             /* "DNS:localhost" or "IP:127.0.0.1" */
	long valid_s;                /* from now; negative: expired */
	int version;                 /* TLS1_2_VERSION: only this one; 0 any */
	const char *alpn;            /* the one protocol it knows; NULL: it ignores ALPN */
};

void tls_site_open(struct tls_site *s, const struct tls_site_config *config);
void tls_site_save(const struct tls_site *s, const char *path);   /* its certificate, PEM */
void tls_site_close(struct tls_site *s);

struct tls_peer {
	SSL *ssl;
	struct buf got;              /* plaintext received */
};

void tls_peer_open(struct tls_peer *p, const struct tls_site *s);
/* Take the client's bytes, answer what the protocol asks for. */
void tls_peer_feed(struct tls_peer *p, const struct buf *from_client, struct buf *to_client);
void tls_peer_send(struct tls_peer *p, const void *bytes, size_t size, struct buf *to_client);
void tls_peer_goodbye(struct tls_peer *p, struct buf *to_client);
void tls_peer_close(struct tls_peer *p);
