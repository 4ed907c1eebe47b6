/* SPDX-License-Identifier: MIT */
/* What the machines of the protocols share. */
#pragma once

#include "base/map.h"
#include "net/resp.h"
#include "trace/wire.h"

struct wire_link;
struct fingerprint_word;

struct wire_protocol {
	const char *kind;          /* as in run_peer */
	uint16_t port;             /* usual one; 0: the connection's own decides */
	/* Do these bytes, the first that are seen, speak it? */
	bool (*is)(const uint8_t *bytes, size_t size, bool written);
	/* The first bytes that were written, which `sent` gets too. May be NULL, as all below. */
	void (*begin)(struct wire_link *l, const uint8_t *bytes, size_t size);
	void (*sent)(struct wire_link *l, const struct wire_bytes *b);
	void (*received)(struct wire_link *l, const struct wire_bytes *b);
	void (*forget)(struct wire_link *l);     /* where messages begin and what is open */
};

extern const struct wire_protocol wire_postgres, wire_redis, wire_http, wire_mysql, wire_encrypted;

/* A question whose answer has not ended. `told` ones are on the tape. */
struct wire_question {
	uint32_t rows;
	uint8_t kind;              /* the protocol's */
	uint8_t flags;             /* of the reply, so far */
	bool told;
};

struct wire_queue {
	struct wire_question *items;
	uint32_t first, n, room;
	uint32_t over;             /* untold ones behind the last */
};

/* ---- PostgreSQL ---- */

#define PG_KEPT 512

struct pg_side {               /* one direction */
	uint8_t header[5], n_header;
	bool lost;                 /* where the next message begins is not known */
	bool cut;                  /* bytes of this message's kept part are missing */
	uint16_t n_kept;
	uint32_t left;             /* of the body */
	uint64_t position;         /* in the stream */
	uint8_t kept[PG_KEPT];     /* the body's beginning, where that is wanted */
};

struct wire_postgres {
	struct pg_side out, in;
	struct map statements, portals;   /* name -> text of the tape */
	uint64_t answered;         /* in.position where the last answer ended */
	uint32_t parsed;           /* since the last Sync or Flush; 0 none */
	bool untyped;              /* the next message is a startup's */
	bool encryption_asked;
	bool asked, described;     /* since the last Sync or Flush: to run, to be described */
	bool failed;               /* the server skips what comes before the next Sync */
};

/* ---- Redis ---- */

#define REDIS_WORDS 3
#define REDIS_WORD  64

struct redis_command {
	uint8_t state;
	bool lost;
	uint32_t words, number;    /* announced; the line's */
	uint32_t at;               /* word that is read */
	uint64_t left;             /* of its bytes */
	uint8_t size[REDIS_WORDS];
	char word[REDIS_WORDS][REDIS_WORD];
};

struct wire_redis {
	struct redis_command out;
	struct resp in;
	bool in_lost, silent;      /* silent: it is sent things unasked from now on */
	uint64_t answer_bytes;
};

/* ---- HTTP ---- */

struct wire_http {
	uint16_t status;           /* of the answer that is coming; 0 not begun */
	uint64_t answer_bytes;
};

struct wire_known { const struct wire_protocol *by; uint32_t database; bool encrypted; };

struct wire {
	struct tape *tape;
	bool open;                 /* a window is */
	struct map ids;            /* key -> index + 1 */
	struct wire_link **links;  size_t n_links, room;
	struct map peers;          /* text of the tape -> index */
	struct wire_known *known;  size_t n_known;
	struct map memo;           /* SQL -> fingerprint's number */
	struct map commands;       /* fingerprints -> 1; what begins like them -> how many do */
};

struct wire_link {             /* a connection */
	struct wire *wire;
	const struct wire_protocol *by;   /* NULL not known yet */
	uint64_t born;
	uint32_t peer;
	uint8_t tries;             /* calls that did not tell the protocol */
	uint8_t n_first, first[16];       /* written, too little to tell */
	struct rec now, read;      /* this call; the last read */
	struct wire_queue queue;
	union {
		struct wire_postgres *postgres;
		struct wire_redis *redis;
		struct wire_http http;
	};
};

/* A question: onto the tape unless `told` is false, which makes it a mark that only the machine
 * sees. Statement 0: not known. */
void wire_ask(struct wire_link *l, uint32_t statement, uint8_t kind, bool told);
struct wire_question *wire_oldest(struct wire_link *l);   /* NULL none */
/* The oldest question is answered, by `read`. */
void wire_answer(struct wire_link *l, const struct rec *read, uint32_t rows, uint64_t bytes,
    uint8_t flags);
/* All open questions are, by the last read; nothing more is known of the answers. */
void wire_settle(struct wire_link *l, uint64_t bytes);

uint32_t wire_command(struct wire_link *l, const struct fingerprint_word *words, size_t n);
/* Their fingerprints; of a statement that was cut off as far as it goes. */
uint32_t wire_sql(struct wire_link *l, const char *text, size_t size, bool cut);
uint32_t wire_name(struct wire_link *l, const char *text);
const char *wire_text(const struct wire_link *l, uint32_t name);
void wire_database(struct wire_link *l, const char *name);
void wire_is_encrypted(struct wire_link *l);              /* from now on it cannot be read */
