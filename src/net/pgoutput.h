/* SPDX-License-Identifier: MIT */
/* PostgreSQL's logical replication, plugin pgoutput, protocol version 1: messages in, changes of rows out. After the
 * manual's chapters "Logical Replication Message Formats" and "Logical Streaming Replication Protocol". Knows no
 * sockets; what libpq gives as one piece of COPY is one message here.
 *
 * Strict: what is no such message ends it, lengths and counts are checked against what is there. Memory: the names of
 * the tables that changed, at most PGOUTPUT_RELATIONS_MAX of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"
#include "net/field.h"

#define PGOUTPUT_COLUMNS_MAX   1600   /* PostgreSQL's own limit */
#define PGOUTPUT_RELATIONS_MAX 4096

struct pgoutput_relation {
	uint32_t id;
	char *schema, *name;
	char **columns; uint32_t n_columns;
};

enum pgoutput_kind {
	PGOUTPUT_ROW,         /* inserted, updated or deleted */
	PGOUTPUT_TRUNCATED,   /* all rows of a table are gone */
	PGOUTPUT_COMMIT,      /* of all since the last one */
};

struct pgoutput_value {
	char kind;            /* 't' text; 'n' NULL; 'u' unchanged and not sent; 'b' binary; 0: not there */
	struct text text;
};

/* Views of the message, and of the decoder. */
struct pgoutput_event {
	enum pgoutput_kind kind;
	const struct pgoutput_relation *relation;
	/* Values by column; of an update `before` has only what the table's REPLICA IDENTITY tells, if anything; NULL: no
	 * such row. */
	const struct pgoutput_value *before, *after;
	uint64_t end_lsn;                  /* of a commit: what can be confirmed when it is done */
	int64_t wall_ns;                   /* of a commit */
};

typedef void pgoutput_sink(void *ctx, const struct pgoutput_event *event);

struct pgoutput {
	const char *why;                   /* what was wrong, static text */
	/* The decoder's. */
	struct map index;                  /* id to place */
	struct pgoutput_relation *relations; size_t n_relations;
	struct pgoutput_value before[PGOUTPUT_COLUMNS_MAX], after[PGOUTPUT_COLUMNS_MAX];
};

struct pgoutput *pgoutput_new(void);   /* out of memory aborts */
void pgoutput_free(struct pgoutput *p);   /* accepts NULL */

/* One message of pgoutput. 0, or -EPROTO with `why`. */
int pgoutput_take(struct pgoutput *p, const void *bytes, size_t size, pgoutput_sink *sink, void *ctx);

/* What the stream of replication itself carries. */
enum pgoutput_frame { PGOUTPUT_DATA, PGOUTPUT_KEEPALIVE, PGOUTPUT_UNKNOWN };

struct pgoutput_frame_head {
	enum pgoutput_frame kind;
	struct text message;               /* of DATA: to pgoutput_take */
	uint64_t end_lsn;                  /* of KEEPALIVE: how far the server is */
	bool reply_asked;
};

void pgoutput_frame_read(const void *bytes, size_t size, struct pgoutput_frame_head *ret);
/* Append a status update: all up to `lsn` is done. */
void pgoutput_status_write(uint64_t lsn, int64_t wall_ns, struct buf *out);
