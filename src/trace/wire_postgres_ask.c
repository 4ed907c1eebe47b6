/* SPDX-License-Identifier: MIT */
/* What clients of PostgreSQL ask: a simple Query, an Execute, or a Sync or Flush before which nothing
 * was to run, so that a statement is prepared. */
#include "trace/wire_postgres.h"

#include <stdio.h>
#include <string.h>

#define STATEMENTS_MAX  1024   /* names remembered of a connection */

#define CODE_3          196608      /* of startup messages */
#define CODE_CANCEL     80877102
#define CODE_ENCRYPT    80877103
#define CODE_ENCRYPT_GSS 80877104

#define EXECUTE_BYTES   10          /* with an unnamed portal */
#define BIND_BYTES      13
#define SYNC_BYTES      5

/* A text of a kept body; NULL when its NUL is not there. Moves *at behind it. */
static const char *
text_at(const struct pg_side *s, size_t *at)
{
	const uint8_t *begin = s->kept + *at, *end;
	if (*at >= s->n_kept || !(end = memchr(begin, 0, s->n_kept - *at)))
		return NULL;
	*at = (size_t)(end - s->kept) + 1;
	return (const char *)begin;
}

static void
remember(struct map *names, const char *name, uint32_t statement)
{
	if (names->count >= STATEMENTS_MAX)
		map_done(names);
	*map_at(names, name, strlen(name), NULL) = statement;
}

static uint32_t
remembered(struct wire_link *l, const struct map *names, const char *name)
{
	const uint64_t *at = name ? map_find(names, name, strlen(name)) : NULL;
	return at ? (uint32_t)*at : wire_name(l, TAPE_PREPARED_BEFORE);
}

/* From `at` to the end of the kept part, at most to its NUL. */
static uint32_t
statement_at(struct wire_link *l, const struct pg_side *s, size_t at)
{
	if (at >= s->n_kept)
		return wire_name(l, "(unseen)");
	size_t size = s->n_kept - at, whole = strnlen((const char *)s->kept + at, size);
	return wire_sql(l, (const char *)s->kept + at, whole, whole == size);
}

static void
execute(struct wire_link *l, const char *portal)
{
	wire_ask(l, remembered(l, &l->postgres->portals, portal), ASK_EXECUTE, true);
	l->postgres->asked = true;
}

static void
parse(struct wire_link *l, const struct pg_side *s)
{
	size_t at = 0;
	const char *name = text_at(s, &at);
	if (!name)
		return;
	l->postgres->parsed = statement_at(l, s, at);
	remember(&l->postgres->statements, name, l->postgres->parsed);
}

static void
bind(struct wire_link *l, const struct pg_side *s)
{
	size_t at = 0;
	const char *portal = text_at(s, &at), *name = portal ? text_at(s, &at) : NULL;
	if (portal)
		remember(&l->postgres->portals, portal,
		    remembered(l, &l->postgres->statements, name));
}

/* Nothing was to run since the last one: what was parsed or described is the question. */
static void
ask_to_prepare(struct wire_link *l, enum pg_ask kind)
{
	char text[PG_KEPT + 16];
	const char *what = wire_text(l, l->postgres->parsed);
	snprintf(text, sizeof(text), "PREPARE %s", what ? what : "(known statement)");
	wire_ask(l, wire_name(l, text), (uint8_t)kind, true);
}

static void
sync(struct wire_link *l)
{
	struct wire_postgres *p = l->postgres;
	if (!p->asked && (p->parsed || p->described))
		ask_to_prepare(l, ASK_SYNC);
	else
		wire_ask(l, 0, ASK_SYNC, false);
	p->asked = p->described = false;
	p->parsed = 0;
}

static void
flush(struct wire_link *l)
{
	struct wire_postgres *p = l->postgres;
	if (!p->asked && (p->parsed || p->described))
		ask_to_prepare(l, p->described ? ASK_DESCRIBE : ASK_PARSE);
	p->described = false;
	p->parsed = 0;
}

/* The database is the user's name when the client does not say. */
static void
log_in(struct wire_link *l, const struct pg_side *s)
{
	const char *name, *value, *user = NULL, *database = NULL;
	size_t at = 4;
	while ((name = text_at(s, &at)) && *name && (value = text_at(s, &at))) {
		if (!strcmp(name, "user"))
			user = value;
		else if (!strcmp(name, "database"))
			database = value;
	}
	if (database || user)
		wire_database(l, database ? database : user);
	l->postgres->untyped = false;
	wire_ask(l, 0, ASK_LOGIN, true);
}

static void
startup(struct wire_link *l, const struct pg_side *s)
{
	uint32_t code = s->n_kept >= 4 ? pg_number(s->kept) : 0;
	if (code == CODE_ENCRYPT || code == CODE_ENCRYPT_GSS)
		l->postgres->encryption_asked = true;
	else if (code >> 16 == CODE_3 >> 16)
		log_in(l, s);
}

static void
take(struct wire_link *l, uint8_t type, const struct pg_side *s)
{
	size_t at = 0;
	switch (type) {
	case 0: startup(l, s); break;
	case 'Q': wire_ask(l, statement_at(l, s, 0), ASK_QUERY, true); break;
	case 'F': wire_ask(l, wire_name(l, "(function call)"), ASK_QUERY, true); break;
	case 'P': parse(l, s); break;
	case 'B': bind(l, s); break;
	case 'E': execute(l, text_at(s, &at)); break;
	case 'D': l->postgres->described = true; break;
	case 'S': sync(l); break;
	case 'H': flush(l); break;
	}
}

/* Of a long write only the beginning was copied: by its size, what clients send after a Parse or a
 * Bind was in the rest. */
static void
guess_rest(struct wire_link *l, uint8_t type, size_t rest)
{
	struct wire_postgres *p = l->postgres;
	if (type == 'P' && rest >= BIND_BYTES + EXECUTE_BYTES + SYNC_BYTES) {
		wire_ask(l, p->parsed, ASK_EXECUTE, true);
		p->asked = true;
	} else if (type == 'B' && rest >= EXECUTE_BYTES + SYNC_BYTES) {
		execute(l, "");
	}
	if (rest >= SYNC_BYTES && (type == 'P' || type == 'B'))
		sync(l);
}

static bool
is_startup(const uint8_t *b, size_t size)
{
	if (size < 8)
		return false;
	uint32_t length = pg_number(b), code = pg_number(b + 4);
	return length >= 8 && length <= 10000 && (code == CODE_3 || code == CODE_CANCEL ||
	    code == CODE_ENCRYPT || code == CODE_ENCRYPT_GSS);
}

static bool
is_type(uint8_t type)
{
	return type && strchr("QPBEDSHCFXpdcf", type);
}

/* Messages of clients, one after another, up to the end or to one that is cut. */
bool
pg_is_asked(const uint8_t *b, size_t size)
{
	size_t at = 0;
	if (is_startup(b, size))
		return true;
	while (at + 5 <= size) {
		uint32_t length = pg_number(b + at + 1);
		if (!is_type(b[at]) || length < 4 || length > PG_LENGTH_MAX >> 6)
			return false;
		at += 1 + (size_t)length;
	}
	return at && (at >= size || is_type(b[at]));
}

/* A session begins: its startup message is all that has no type. */
void
pg_begin(struct wire_link *l, const uint8_t *bytes, size_t size)
{
	if (!is_startup(bytes, size))
		return;
	map_done(&l->postgres->statements);
	map_done(&l->postgres->portals);
	l->postgres->untyped = true;
}

void
pg_asked(struct wire_link *l, const struct wire_bytes *b)
{
	struct wire_postgres *p = l->postgres;
	if (!p->out.n_header || p->out.lost)
		pg_begin(l, b->begun, b->n_begun);
	if (p->in.lost) {
		wire_settle(l, p->in.position - p->answered);
		p->answered = p->in.position;
		pg_side_forget(&p->in);
	}
	if (p->out.lost && pg_is_asked(b->begun, b->n_begun))
		pg_side_forget(&p->out);
	pg_side_feed(l, true, b->begun, b->n_begun, take);
	size_t gap = b->size - b->n_begun;
	uint8_t type = p->out.header[0];
	size_t rest = pg_side_skip(l, &p->out, gap, take);
	if (rest)
		guess_rest(l, type, rest);
}
