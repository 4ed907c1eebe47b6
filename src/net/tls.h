/* SPDX-License-Identifier: MIT */
/* TLS over OpenSSL, as a client and as a server: ciphertext in, plaintext out, and the other way round. No sockets.
 *
 * A context holds what all connections of one thread to one host have in common, the latest session
 * too: one per worker and host, never shared between threads. Records are decrypted out of the
 * caller's bytes into memory of the context and encrypted into the caller's `out`, so that a
 * connection without unfinished records holds no buffers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct tls;
struct tls_context;

struct tls_config {
	const char *host;          /* for SNI, and to be found in the certificate; name or address. NULL: tls_open_to */
	const char *const *alpn;   /* protocols in order of preference, NULL-terminated; NULL: no ALPN */
	bool verify;               /* refuse certificates that nobody trusted has signed for the host */
	const char *ca_file;       /* PEM of whom to trust instead of the system's; NULL: the system's */
	const char *certificate_file, *key_file;   /* PEM to show servers that ask; NULL: none, and the key in the same file */
	double reuse;              /* share (0..1) of the connections that resume an earlier session */
	bool keep_buffers;         /* 33 KiB a connection, 4 % less CPU where there are 64; else freed when empty */
};

enum tls_state {
	TLS_HANDSHAKE,
	TLS_OPEN,
	TLS_CLOSED,                /* the peer has said goodbye (close_notify) */
	TLS_FAILED,                /* see tls_why; send what is in `out` (an alert), then close */
};

/* Both may call tls_send and the questions below, on any connection, but neither feed nor close
 * one. */
struct tls_sink {
	void *ctx;
	/* The handshake is done: what the client says first may be sent. Before all plaintext, of which
	 * some may come in the same feed. NULL: nothing to do. */
	void (*opened)(void *ctx);
	/* Plaintext as it arrives, valid during the call. */
	void (*plain)(void *ctx, const char *bytes, size_t size);
};

/* TLS 1.2 at least, 1.3 preferred. Errors name the file or setting (STATUS_USAGE). */
int tls_context_open(const struct tls_config *config, struct tls_context **ret, struct err *e);
void tls_context_close(struct tls_context *c);   /* after its connections; accepts NULL */

/* ---- servers ---- */

/* PEM: a certificate, then the chain to its root, and its key, in the same text or one of its own. The names of the
 * files are for errors. */
struct tls_certificate {
	const char *file, *key_file;     /* key_file NULL: the key stands in `text` */
	const char *text, *key_text;
	size_t size, key_size;
};

#define TLS_TICKET_KEY_BYTES 80

struct tls_server_config {
	const struct tls_certificate *certificates;   /* the first for clients that name no host, or none of theirs */
	size_t n;
	const char *const *alpn;         /* in order of preference, NULL-terminated; clients that know none are refused */
	/* Of the tickets with which clients resume sessions: who shares the key takes each other's. */
	const unsigned char *ticket_key;
};

/* What is wrong with it; 0: it can serve. */
int tls_certificate_check(const struct tls_certificate *k, struct err *e);

/* TLS 1.2 at least, with forward secrecy and authenticated encryption. The context keeps nothing of the config. */
int tls_server_open(const struct tls_server_config *config, struct tls_context **ret, struct err *e);
/* Other certificates and keys from now on; what is open is not disturbed. After an error nothing has changed. */
int tls_server_renew(struct tls_context *c, const struct tls_server_config *config, struct err *e);
/* Begin a connection of a client; nothing is sent before it has spoken. -ENOMEM. */
int tls_accept(struct tls_context *c, struct tls **ret);

/* ---- connections ---- */

/* Begin a connection: the first flight goes to `out`. Which ones try to resume follows from their
 * number alone, so that a run can be repeated: with reuse 0.25 every fourth. -ENOMEM. */
int tls_open(struct tls_context *c, struct tls **ret, struct buf *out);
/* The same to another host, which lives as long as the connection; never resumed. */
int tls_open_to(struct tls_context *c, const char *host, struct tls **ret, struct buf *out);

/* Bytes from the peer, all of them are taken. Handshake, alerts and key updates go to `out`. In
 * TLS_CLOSED and TLS_FAILED nothing more happens. */
enum tls_state tls_feed(struct tls *t, const void *cipher, size_t size, const struct tls_sink *sink,
    struct buf *out);

/* Encrypt, in records as large as they may be; only in TLS_OPEN, and of servers in TLS_CLOSED. 0, or
 * -EPIPE in any other state or when OpenSSL fails (tls_why). From inside a feed of the same connection
 * it goes to the feed's `out` instead, since records have an order: send that when the feed returns. */
int tls_send(struct tls *t, const void *plain, size_t size, struct buf *out);

/* Say goodbye; only useful in TLS_OPEN and TLS_CLOSED. */
void tls_goodbye(struct tls *t, struct buf *out);

/* The peer's byte stream has ended: TLS_CLOSED after its close_notify, else TLS_FAILED, since
 * anybody on the way could have cut it there. */
enum tls_state tls_ended(struct tls *t);

void tls_close(struct tls *t);   /* frees it; its session stays usable; accepts NULL */

/* ---- questions ----------------------------------------------------------------------------- */

enum tls_state tls_state(const struct tls *t);
const char *tls_why(const struct tls *t);        /* TLS_FAILED: one sentence; lives as long as t */
/* Of a client that has failed, or waits in the handshake: what to do about it; "" not known; static. */
const char *tls_next(const struct tls *t);
bool tls_resumed(const struct tls *t);           /* once open */
bool tls_alpn_is(const struct tls *t, const char *protocol);   /* once open; "h2" */
