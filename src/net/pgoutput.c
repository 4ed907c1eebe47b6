/* SPDX-License-Identifier: MIT */
#include "net/pgoutput.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* From 1970 to 2000, PostgreSQL's epoch. */
#define EPOCH_S INT64_C(946684800)

/* ---- bytes ----------------------------------------------------------------------------------- */

struct reader {
	const unsigned char *at, *end;
	bool bad;               /* more was asked for than is there */
};

static uint64_t
take_number(struct reader *r, size_t size)
{
	uint64_t n = 0;

	if ((size_t)(r->end - r->at) < size) {
		r->bad = true;
		r->at = r->end;
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		n = n << 8 | *r->at++;
	return n;
}

static struct text
take_bytes(struct reader *r, uint64_t size)
{
	struct text t = { (const char *)r->at, (size_t)size };

	if ((uint64_t)(r->end - r->at) < size) {
		r->bad = true;
		r->at = r->end;
		return (struct text){ "", 0 };
	}
	r->at += size;
	return t;
}

/* Ended by NUL. */
static const char *
take_string(struct reader *r)
{
	const unsigned char *nul = memchr(r->at, 0, (size_t)(r->end - r->at));
	const char *s = (const char *)r->at;

	if (!nul) {
		r->bad = true;
		r->at = r->end;
		return "";
	}
	r->at = nul + 1;
	return s;
}

static int
refuse(struct pgoutput *p, const char *why)
{
	p->why = why;
	return -EPROTO;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static char *
copy_of(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		abort();
	return copy;
}

static void
relation_done(struct pgoutput_relation *t)
{
	for (uint32_t i = 0; i < t->n_columns; i++)
		free(t->columns[i]);
	free(t->columns);
	free(t->schema);
	free(t->name);
	*t = (struct pgoutput_relation){ 0 };
}

struct pgoutput *
pgoutput_new(void)
{
	struct pgoutput *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->relations = calloc(PGOUTPUT_RELATIONS_MAX, sizeof(*p->relations));
	if (!p->relations)
		abort();
	return p;
}

void
pgoutput_free(struct pgoutput *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_relations; i++)
		relation_done(&p->relations[i]);
	map_done(&p->index);
	free(p->relations);
	free(p);
}

static const struct pgoutput_relation *
relation_of(const struct pgoutput *p, uint32_t id)
{
	const uint64_t *place = map_find(&p->index, &id, sizeof(id));
	return place ? &p->relations[*place] : NULL;
}

/* A place for this table, which is described anew; NULL: there are too many. */
static struct pgoutput_relation *
renew_relation(struct pgoutput *p, uint32_t id)
{
	bool is_new;

	if (!relation_of(p, id) && p->n_relations == PGOUTPUT_RELATIONS_MAX)
		return NULL;
	uint64_t *place = map_at(&p->index, &id, sizeof(id), &is_new);
	if (is_new)
		*place = p->n_relations++;
	relation_done(&p->relations[*place]);
	return &p->relations[*place];
}

static int
take_relation(struct pgoutput *p, struct reader *r)
{
	uint32_t id = (uint32_t)take_number(r, 4);
	const char *schema = take_string(r), *name = take_string(r);
	take_number(r, 1);      /* replica identity */
	uint32_t n = (uint32_t)take_number(r, 2);

	if (r->bad || n > PGOUTPUT_COLUMNS_MAX || (size_t)(r->end - r->at) < (size_t)n * 10)
		return refuse(p, "a table that is not described whole");
	struct pgoutput_relation *t = renew_relation(p, id);
	if (!t)
		return refuse(p, "too many tables");
	*t = (struct pgoutput_relation){ .id = id, .schema = copy_of(*schema ? schema : "pg_catalog"),
		.name = copy_of(name), .columns = calloc(n + 1, sizeof(char *)) };
	if (!t->columns)
		abort();
	for (; t->n_columns < n; t->n_columns++) {
		take_number(r, 1);
		t->columns[t->n_columns] = copy_of(take_string(r));
		take_number(r, 8);
	}
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool
take_tuple(struct reader *r, const struct pgoutput_relation *t, struct pgoutput_value *values)
{
	uint32_t n = (uint32_t)take_number(r, 2);

	if (n > t->n_columns)
		return false;
	memset(values, 0, t->n_columns * sizeof(*values));
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		char kind = (char)take_number(r, 1);
		if (kind != 'n' && kind != 'u' && kind != 't' && kind != 'b')
			return false;
		values[i].kind = kind;
		if (kind == 't' || kind == 'b')
			values[i].text = take_bytes(r, take_number(r, 4));
	}
	return !r->bad;
}

static int
take_row(struct pgoutput *p, struct reader *r, char type, pgoutput_sink *sink, void *ctx)
{
	struct pgoutput_event e = { .kind = PGOUTPUT_ROW };
	const struct pgoutput_relation *t = relation_of(p, (uint32_t)take_number(r, 4));
	char part = (char)take_number(r, 1);

	if (r->bad || !t)
		return refuse(p, "a row of a table that was not described");
	e.relation = t;
	if (type != 'I' && (part == 'K' || part == 'O')) {
		if (!take_tuple(r, t, p->before))
			return refuse(p, "a row that is not whole");
		e.before = p->before;
		part = type == 'U' ? (char)take_number(r, 1) : 0;
	}
	if (type != 'D' && part == 'N') {
		if (!take_tuple(r, t, p->after))
			return refuse(p, "a row that is not whole");
		e.after = p->after;
	}
	if (r->bad || (type == 'D' ? !e.before : !e.after))
		return refuse(p, "a change without a row");
	sink(ctx, &e);
	return 0;
}

static int
take_truncate(struct pgoutput *p, struct reader *r, pgoutput_sink *sink, void *ctx)
{
	uint64_t n = take_number(r, 4);

	take_number(r, 1);
	for (uint64_t i = 0; i < n && !r->bad; i++) {
		const struct pgoutput_relation *t = relation_of(p, (uint32_t)take_number(r, 4));
		if (!r->bad && !t)
			return refuse(p, "a truncated table that was not described");
		if (!r->bad)
			sink(ctx, &(struct pgoutput_event){ .kind = PGOUTPUT_TRUNCATED, .relation = t });
	}
	return r->bad ? refuse(p, "a truncation that is not whole") : 0;
}

static int64_t
wall_of(uint64_t us)
{
	int64_t s = (int64_t)us / 1000000;
	return s > INT64_MAX / NS_PER_S - EPOCH_S - 1 || s < -EPOCH_S ? 0 : (EPOCH_S + s) * NS_PER_S +
	    (int64_t)us % 1000000 * NS_PER_US;
}

static int
take_commit(struct pgoutput *p, struct reader *r, pgoutput_sink *sink, void *ctx)
{
	take_number(r, 1);
	take_number(r, 8);
	uint64_t end_lsn = take_number(r, 8), us = take_number(r, 8);

	if (r->bad)
		return refuse(p, "a commit that is not whole");
	sink(ctx, &(struct pgoutput_event){ .kind = PGOUTPUT_COMMIT, .end_lsn = end_lsn, .wall_ns = wall_of(us) });
	return 0;
}

int
pgoutput_take(struct pgoutput *p, const void *bytes, size_t size, pgoutput_sink *sink, void *ctx)
{
	struct reader r = { bytes, (const unsigned char *)bytes + size, false };
	char type = (char)take_number(&r, 1);

	switch (type) {
	case 'R':
		return take_relation(p, &r);
	case 'I':
	case 'U':
	case 'D':
		return take_row(p, &r, type, sink, ctx);
	case 'T':
		return take_truncate(p, &r, sink, ctx);
	case 'C':
		return take_commit(p, &r, sink, ctx);
	case 'B':   /* begin */
	case 'O':   /* origin */
	case 'Y':   /* type */
	case 'M':   /* a message of some program */
		return 0;
	default:
		return refuse(p, "a message of an unknown type");
	}
}

/* ---- the stream around ----------------------------------------------------------------------- */

void
pgoutput_frame_read(const void *bytes, size_t size, struct pgoutput_frame_head *ret)
{
	struct reader r = { bytes, (const unsigned char *)bytes + size, false };
	char type = (char)take_number(&r, 1);

	*ret = (struct pgoutput_frame_head){ .kind = PGOUTPUT_UNKNOWN };
	if (type == 'w') {
		take_number(&r, 8);
		take_number(&r, 8);
		take_number(&r, 8);
		ret->message = (struct text){ (const char *)r.at, (size_t)(r.end - r.at) };
		ret->kind = PGOUTPUT_DATA;
	} else if (type == 'k') {
		ret->end_lsn = take_number(&r, 8);
		take_number(&r, 8);
		ret->reply_asked = take_number(&r, 1);
		ret->kind = PGOUTPUT_KEEPALIVE;
	}
	if (r.bad)
		ret->kind = PGOUTPUT_UNKNOWN;
}

static void
put_number(struct buf *out, uint64_t n, int size)
{
	while (size--)
		buf_putc(out, (char)(n >> 8 * size));
}

void
pgoutput_status_write(uint64_t lsn, int64_t wall_ns, struct buf *out)
{
	buf_putc(out, 'r');
	for (int i = 0; i < 3; i++)   /* written, flushed, applied */
		put_number(out, lsn, 8);
	put_number(out, (uint64_t)(wall_ns / NS_PER_US - EPOCH_S * 1000000), 8);
	put_number(out, 0, 1);
}
