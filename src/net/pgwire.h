/* SPDX-License-Identifier: MIT */
/* PostgreSQL's protocol 3.0, the client's side: bytes in, one verdict out, and what must be
 * answered. Knows no sockets. After the manual's chapter "Frontend/Backend Protocol".
 *
 * A connection begins with pg_start() and is READY after the login. Then statements are parsed once
 * and bound as often as wanted; each Sync is answered by one DONE, in order, so that several may be
 * under way. Rows are counted, not kept: an answer of any size costs no memory, and after the login
 * nothing is allocated. COPY and protocol versions from 3.1 on are refused. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/pgwire_error.h"
#include "net/scram.h"

#define PG_BODY_MAX  ((uint32_t)1 << 30)    /* of one row: PostgreSQL's own limit */
#define PG_LOGIN_MAX ((uint32_t)8 << 10)    /* of one message of the login */

enum pg_verdict {
	PG_MORE,     /* all bytes taken */
	PG_READY,    /* logged in, statements may go */
	PG_DONE,     /* one Sync is answered */
	PG_BAD,      /* not by the protocol, or the login failed: see pg.why and pg.error */
};

/* What to log in with; lives until PG_READY. */
struct pg_login {
	const char *user, *database;   /* database NULL: named as the user */
	const char *password;          /* NULL: none */
	const char *nonce;             /* for scram_first: fresh, random, 18 characters or more */
	struct scram_cache *cache;     /* of this user and password; NULL: none */
};

struct pg {
	/* The answer since the last READY or DONE. An error may also come unasked, before the server
	 * closes the connection. */
	int64_t rows, row_bytes;       /* of the rows' messages, without their 5 bytes of header */
	int64_t affected;              /* rows, as the commands' tags say */
	bool failed;
	struct pg_error error;         /* of `failed`: the last one */
	char transaction;              /* 'I' none, 'T' in one, 'E' in a failed one */
	const char *why;               /* what was wrong, static text */

	/* The rest is the parser's. */
	bool answered;                 /* the fields above are of the answer before */
	uint8_t phase, login_step, header_size;
	uint8_t header[5];
	uint32_t left;                 /* of the message's body */
	int64_t tag_number;            /* last word of a tag; -1: no number */
	struct buf message;            /* of the login */
	struct scram scram;
	const struct pg_login *login;
};

/* Begin a connection: appends the startup message. The struct must be zeroed before its first
 * use. */
void pg_start(struct pg *p, const struct pg_login *login, struct buf *out);

/* Appends to `out` what the login must answer; nothing once READY. */
enum pg_verdict pg_feed(struct pg *p, const void *bytes, size_t size, size_t *ret_used,
    struct buf *out);

void pg_done(struct pg *p);        /* releases memory; the struct is as zeroed */

/* ---- statements ---------------------------------------------------------------------------- */

/* One value as text; `bytes` NULL: SQL's NULL. */
struct pg_value {
	const void *bytes;
	size_t size;
};

/* These append whole messages or, at out's cap, nothing (out->truncated). */

/* Name a statement; "" is the nameless one. Types of its parameters are left to the server. */
void pg_parse(struct buf *out, const char *name, const char *sql);
/* Run it once: Bind and Execute, all rows, all values as text. */
void pg_execute(struct buf *out, const char *name, const struct pg_value *values, uint16_t n);
/* The end of what is answered as one, and of its transaction unless BEGIN opened one. */
void pg_sync(struct buf *out);

/* The login's messages. */
void pg_startup(struct buf *out, const struct pg_login *login);
void pg_password(struct buf *out, const char *password);
/* false: the cryptographic library lacks MD5. */
bool pg_password_md5(struct buf *out, const struct pg_login *login, const uint8_t salt[4]);
void pg_sasl_initial(struct buf *out, const char *mechanism, const struct buf *data);
void pg_sasl_response(struct buf *out, const struct buf *data);
