/* SPDX-License-Identifier: MIT */
/* PostgreSQL 3.0 from outside, after the manual's chapter "Frontend/Backend Protocol": its answers.
 *
 * They end in CommandComplete or, what a Sync ends, in ReadyForQuery. Of a large answer the end
 * alone tells the number of its rows. */
#include "trace/wire_postgres.h"

#include <stdlib.h>
#include <string.h>

static void
answer(struct wire_link *l, uint8_t flags)
{
	struct wire_postgres *p = l->postgres;
	const struct wire_question *q = wire_oldest(l);
	if (!q)
		return;
	bool told = q->told;
	wire_answer(l, &l->now, q->rows, p->in.position - p->answered, q->flags | flags);
	if (told)
		p->answered = p->in.position;
}

/* "SELECT 12", "INSERT 0 3": rows that came back, or were touched. */
static void
take_tag(struct wire_question *q, const struct pg_side *s)
{
	char tag[PG_KEPT + 1];
	memcpy(tag, s->kept, s->n_kept);
	tag[s->n_kept] = '\0';
	const char *last = strrchr(tag, ' ');
	bool returned = !strncmp(tag, "SELECT", 6) || !strncmp(tag, "FETCH", 5) || q->rows;
	unsigned long n = last ? strtoul(last + 1, NULL, 10) : 0;
	q->flags &= (uint8_t)~REPLY_UNSEEN;
	if (returned && n > q->rows && n <= UINT32_MAX)
		q->rows = (uint32_t)n;
}

static void
complete(struct wire_link *l, const struct pg_side *s)
{
	struct wire_question *q = wire_oldest(l);
	if (q && (q->kind == ASK_QUERY || q->kind == ASK_EXECUTE))
		take_tag(q, s);
	if (q && q->kind == ASK_EXECUTE)
		answer(l, 0);
}

static void
refused(struct wire_link *l)
{
	struct wire_question *q = wire_oldest(l);
	l->postgres->failed = true;
	if (!q)
		return;
	q->flags |= REPLY_ERROR;
	if (q->kind >= ASK_EXECUTE)
		answer(l, 0);
}

/* Everything up to the Sync, or the Query, that this is the end of. */
static void
ready(struct wire_link *l)
{
	const struct wire_question *q;
	bool last = false;
	while (!last && (q = wire_oldest(l))) {
		last = q->kind < ASK_EXECUTE;
		answer(l, last ? 0 : l->postgres->failed ? REPLY_ERROR : REPLY_UNSEEN);
	}
	l->postgres->answered = l->postgres->in.position;
	l->postgres->failed = false;
}

static void
answer_if(struct wire_link *l, enum pg_ask kind)
{
	const struct wire_question *q = wire_oldest(l);
	if (q && q->kind == kind)
		answer(l, 0);
}

static void
answered(struct wire_link *l, uint8_t type, const struct pg_side *s)
{
	struct wire_question *q = wire_oldest(l);
	switch (type) {
	case 'D':
		if (q)
			q->rows++;
		break;
	case 'C': complete(l, s); break;
	case 'I': case 's': answer_if(l, ASK_EXECUTE); break;
	case 'E': refused(l); break;
	case 'Z': ready(l); break;
	case '1': answer_if(l, ASK_PARSE); break;
	case 'T': case 'n': answer_if(l, ASK_DESCRIBE); break;
	}
}

static bool
is_answer_type(uint8_t type)
{
	return type && strchr("RKSZTDCEINAn123tsGHWVdcv", type);
}

/* Where a row of whole messages begins that ends with the last byte, in ReadyForQuery; `size` when
 * there is none. */
static size_t
ending_at(const uint8_t *b, size_t size)
{
	static const uint8_t ready_head[] = { 'Z', 0, 0, 0, 5 };
	if (size < 6 || memcmp(b + size - 6, ready_head, sizeof(ready_head)) != 0)
		return size;
	for (size_t from = 0; from < size; from++) {
		size_t at = from;
		while (at + 5 <= size && is_answer_type(b[at]) && pg_number(b + at + 1) >= 4 &&
		    pg_number(b + at + 1) < size - at)
			at += 1 + pg_number(b + at + 1);
		if (at == size)
			return from;
	}
	return size;
}

static void
feed_answer(struct wire_link *l, const uint8_t *bytes, size_t size)
{
	struct pg_side *s = &l->postgres->in;
	size_t from = s->lost ? ending_at(bytes, size) : 0;
	if (s->lost && from < size) {
		s->position += from;
		pg_side_forget(s);
		bytes += from;
		size -= from;
	}
	pg_side_feed(l, false, bytes, size, answered);
}

/* One byte tells whether the server encrypts. */
static bool
encryption_answered(struct wire_link *l, const struct wire_bytes *b)
{
	struct wire_postgres *p = l->postgres;
	if (!p->encryption_asked || !b->n_begun)
		return false;
	p->encryption_asked = false;
	if (b->begun[0] == 'S' || b->begun[0] == 'G')
		wire_is_encrypted(l);
	return b->begun[0] != 'E';
}

static void
received(struct wire_link *l, const struct wire_bytes *b)
{
	if (encryption_answered(l, b))
		return;
	struct pg_side *s = &l->postgres->in;
	feed_answer(l, b->begun, b->n_begun);
	pg_side_skip(l, s, b->size - b->n_begun - b->n_ended, answered);
	struct wire_question *q = wire_oldest(l);
	if (s->lost && q)
		q->flags |= REPLY_UNSEEN;
	feed_answer(l, b->ended, b->n_ended);
}

/* ---- the protocol -------------------------------------------------------------------------- */

static bool
is_postgres(const uint8_t *bytes, size_t size, bool written)
{
	if (written)
		return pg_is_asked(bytes, size);
	return size && ending_at(bytes, size) == 0;
}

static void
forget(struct wire_link *l)
{
	struct wire_postgres *p = l->postgres;
	if (p->in.lost)
		wire_settle(l, p->in.position - p->answered);
	pg_side_forget(&p->out);
	pg_side_forget(&p->in);
	p->answered = p->in.position;
	p->asked = p->described = p->failed = false;
	p->parsed = 0;
}

const struct wire_protocol wire_postgres = {
	.kind = "postgresql", .port = 5432, .is = is_postgres, .begin = pg_begin, .sent = pg_asked,
	.received = received, .forget = forget,
};
