/* SPDX-License-Identifier: MIT */
/* Redis' protocol, RESP2 and RESP3, the client's side: bytes in, one verdict out. Knows no sockets.
 *
 * Incremental and strict; after redis.io/docs/reference/protocol-spec. Nothing but the beginning of
 * a text is kept, so a reply of any size costs no memory: depth, counts and lengths are bounded, an
 * endless reply ends by the caller's timeout. RESP3's streamed strings and aggregates, which no
 * server sends, are refused. Attributes are skipped wherever they stand. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define RESP_DEPTH_MAX 32                       /* aggregates within one another */
#define RESP_COUNT_MAX ((int64_t)1 << 28)       /* elements of one aggregate, pairs of a map */
#define RESP_BULK_MAX  ((int64_t)512 << 20)     /* bytes of one string: Redis' own limit */
#define RESP_LINE_MAX  ((uint32_t)64 << 10)     /* bytes of a simple string or error */
#define RESP_TEXT_MAX  128

enum resp_verdict {
	RESP_MORE,     /* all bytes taken, the reply goes on */
	RESP_DONE,     /* one whole reply; *ret_used bytes belonged to it */
	RESP_PUSHED,   /* a whole push message: out of band, answers no command */
	RESP_BAD,      /* not RESP: see resp.why */
};

enum resp_kind {
	RESP_SIMPLE, RESP_ERROR, RESP_INTEGER, RESP_BULK, RESP_NULL, RESP_ARRAY, RESP_MAP, RESP_SET,
	RESP_PUSH, RESP_DOUBLE, RESP_BOOL, RESP_BIG, RESP_VERBATIM,
};

struct resp {
	/* What is known, whole with RESP_DONE. */
	enum resp_kind kind;             /* of the reply as a whole */
	int64_t integer;                 /* RESP_INTEGER; RESP_BOOL: 0 or 1 */
	int64_t values;                  /* leaves of the reply: 1, or those in its aggregates */
	int64_t string_bytes;            /* of all strings in it */
	int32_t errors;                  /* error replies in it; more than 0 in an EXEC's array, too */
	char error[RESP_TEXT_MAX + 1];   /* beginning of the first one, made printable. Its first word
	                                    is a code; the rest may quote what was sent. */
	const char *why;                 /* what was wrong, static text */

	/* The rest is the parser's. */
	struct buf *keep;
	bool kept;                       /* keep has got its string */
	char type, sign;                 /* first byte of the value; of its number, '\0': none */
	uint8_t state, sink, depth;
	uint32_t attributes;             /* bit i: aggregate i is an attribute */
	uint32_t size;                   /* of the line or the word, so far */
	uint64_t number;
	uint64_t left;                   /* of a string's bytes */
	uint32_t rest[RESP_DEPTH_MAX];   /* values missing in each aggregate */
	char word[32];                   /* a double, or the beginning of a verbatim string */
};

/* Get ready for the next reply. `keep`, unless NULL, is the caller's and gets the first string in
 * it, simple, bulk or verbatim, as far as its cap allows. Nothing needs to be released. */
void resp_start(struct resp *p, struct buf *keep);

enum resp_verdict resp_feed(struct resp *p, const void *bytes, size_t size, size_t *ret_used);

/* ---- commands ------------------------------------------------------------------------------ */

struct resp_word {
	const void *bytes;
	size_t size;
};

/* Append a command: an array of bulk strings. */
void resp_command(struct buf *out, const struct resp_word *words, size_t n);

/* HELLO 3, with AUTH unless `password` is NULL; `user` NULL: "default". Servers before Redis 6
 * answer with an error: then resp_auth. */
void resp_hello(struct buf *out, const char *user, const char *password);
/* `user` NULL: none said. */
void resp_auth(struct buf *out, const char *user, const char *password);
void resp_select(struct buf *out, int64_t database);
