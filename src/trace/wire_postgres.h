/* SPDX-License-Identifier: MIT */
/* What the files of the PostgreSQL machine share: framing (wire_postgres_frame.c), what is asked
 * (wire_postgres_ask.c), what is answered (wire_postgres.c). */
#pragma once

#include "trace/wire_int.h"

#define PG_LENGTH_MAX ((uint32_t)1 << 30)   /* of a message */

enum pg_ask {                  /* questions, and what ends their answers */
	ASK_QUERY, ASK_LOGIN, ASK_SYNC,        /* ReadyForQuery */
	ASK_EXECUTE,                           /* CommandComplete */
	ASK_PARSE, ASK_DESCRIBE,               /* before a Flush: ParseComplete; a description */
};

static inline uint32_t
pg_number(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* A message has ended: its type (0: a startup's), and what was kept of its body. */
typedef void (*pg_message_fn)(struct wire_link *l, uint8_t type, const struct pg_side *s);

void pg_side_forget(struct pg_side *s);
/* `l` may lose its machine in a message: then the rest is not read. */
void pg_side_feed(struct wire_link *l, bool out, const uint8_t *bytes, size_t size,
    pg_message_fn fn);
/* Bytes that were not copied. Returns how many of them are of later messages than the one that was
 * begun; then where the next one begins is lost. */
size_t pg_side_skip(struct wire_link *l, struct pg_side *s, size_t gap, pg_message_fn fn);

bool pg_is_asked(const uint8_t *bytes, size_t size);      /* the beginning of a write */
void pg_begin(struct wire_link *l, const uint8_t *bytes, size_t size);
void pg_asked(struct wire_link *l, const struct wire_bytes *b);
