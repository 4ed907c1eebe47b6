/* SPDX-License-Identifier: MIT */
/* Updates as PostgreSQL's logical replication tells them: each row that changes concerns what the templates of its table
 * say, as it was and as it is.
 *
 * The slot keeps what was not confirmed, so that a lost connection and a restart lose nothing; and it keeps it for ever:
 * a slot that nobody reads fills the disk of the server. So it is made only when that is asked for, and never dropped.
 *
 * A transaction may be told of a moment before others can see it, for its commit is written first and shown then. What
 * would be fetched in that moment would be old, so that purges wait for it. */
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "gate/warm/events_postgres.h"
#include "gate/warm/pattern.h"
#include "net/pgoutput.h"

#define VISIBLE_NS (20 * NS_PER_MS)   /* a commit that is written is seen by then */
#define STATUS_NS  (5 * NS_PER_S)     /* how often the server hears how far we are */
#define BATCH      128                /* names that are collected before they are purged, in a large transaction */
#define PARTING_NS (2 * NS_PER_S)
#define LOOK_NS    (10 * NS_PER_MS)
#define SILENT_NS  (120 * NS_PER_S)   /* it says something twice in its wal_sender_timeout of 60 s */

struct reading {
	struct source *source;
	PGconn *conn;
	struct pgoutput *decoder;
	bool changed;                 /* something is to be purged */
	bool waited;                  /* until this transaction is seen by all */
	bool blind;                   /* it cannot be said what, told already */
	uint64_t commit_lsn;          /* up to there it is collected */
	uint64_t done_lsn;            /* and applied */
	int64_t commit_wall_ns, heard_ns, status_ns;
};

static const struct gate_postgres_events *
config_of(const struct source *s)
{
	return &s->hand.gate->config->warming.postgres;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct row {
	const struct pgoutput_relation *relation;
	const struct pgoutput_value *values, *others;   /* others: where a value was not sent because it is the same */
};

static struct text
value_of(void *ctx, struct text name)
{
	const struct row *r = ctx;

	for (uint32_t i = 0; i < r->relation->n_columns; i++) {
		const struct pgoutput_value *v = &r->values[i];
		if (strlen(r->relation->columns[i]) != name.size ||
		    memcmp(r->relation->columns[i], name.at, name.size) != 0)
			continue;
		if (v->kind == 'u' && r->others)
			v = &r->others[i];
		return v->kind == 't' ? v->text : (struct text){ 0 };
	}
	return (struct text){ 0 };
}

static const struct gate_table *
table_of(const struct source *s, const struct pgoutput_relation *r)
{
	const struct gate_postgres_events *p = config_of(s);

	for (size_t i = 0; i < p->n_tables; i++)
		if (strcmp(p->tables[i].schema, r->schema) == 0 && strcmp(p->tables[i].name, r->name) == 0)
			return &p->tables[i];
	return NULL;
}

/* Whatever the row concerns goes, and so everything. */
static void
give_up_on(struct reading *r, const struct gate_table *t, const char *template)
{
	event_name(&r->source->hand, (struct text){ "all", 3 });
	metrics_add(r->source->hand.metrics, METRIC_EVENT_GAPS, SOURCE_REPLICATION, 1);
	if (!r->blind)
		notice_post(r->source->hand.gate->notices, "all that is stored is purged: of a row of %s.%s "
		    "PostgreSQL does not tell what %s needs; ALTER TABLE %s.%s REPLICA IDENTITY FULL cures that",
		    t->schema, t->name, template, t->schema, t->name);
	r->blind = true;
}

/* Of a row as it was only the key may be told; what that leaves open is no fault where there is a row as it is. */
static void
name_row(struct reading *r, const struct gate_table *t, const struct row *row, bool must)
{
	CLEANUP(buf_done) struct buf name = { .cap_bytes = 8192 };

	for (size_t i = 0; i < t->n_purge; i++) {
		buf_clear(&name);
		if (pattern_expand(t->purge[i], value_of, (void *)row, false, &name) && !name.truncated)
			event_name(&r->source->hand, (struct text){ name.data, name.size });
		else if (must)
			give_up_on(r, t, t->purge[i]);
	}
}

static void
take_row(struct reading *r, const struct gate_table *t, const struct pgoutput_event *e)
{
	if (e->before)
		name_row(r, t, &(struct row){ e->relation, e->before, NULL }, !e->after);
	if (e->after)
		name_row(r, t, &(struct row){ e->relation, e->after, e->before }, true);
}

/* It has been committed, or we would not be told of it. */
static void
purge(struct reading *r)
{
	if (!r->waited)
		source_wait(r->source, -1, false, VISIBLE_NS);
	r->waited = true;
	event_apply(&r->source->hand);
}

static const struct pgoutput_value nothing[PGOUTPUT_COLUMNS_MAX];

static void
take_event(void *ctx, const struct pgoutput_event *e)
{
	struct reading *r = ctx;

	if (e->kind == PGOUTPUT_COMMIT) {
		r->commit_lsn = e->end_lsn;
		r->commit_wall_ns = e->wall_ns;
		return;
	}
	const struct gate_table *t = table_of(r->source, e->relation);
	if (!t)
		return;
	r->changed = true;
	metrics_add(r->source->hand.metrics, METRIC_EVENTS, SOURCE_REPLICATION, 1);
	if (e->kind == PGOUTPUT_ROW)
		take_row(r, t, e);
	else
		name_row(r, t, &(struct row){ e->relation, nothing, NULL }, true);
	if (r->source->hand.concerned.n >= BATCH)
		purge(r);
}

/* ---- the stream ------------------------------------------------------------------------------ */

static int
send_status(struct reading *r, struct err *e)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	r->status_ns = now_ns();
	pgoutput_status_write(r->done_lsn, wall_ns(), &b);
	if (PQputCopyData(r->conn, b.data, (int)b.size) <= 0 || PQflush(r->conn) < 0)
		return postgres_said(r->conn, e);
	return 0;
}

static int
take_piece(struct reading *r, const char *piece, size_t size, struct err *e)
{
	struct pgoutput_frame_head f;

	r->heard_ns = now_ns();
	pgoutput_frame_read(piece, size, &f);
	if (f.kind == PGOUTPUT_UNKNOWN)
		return err_set(e, EPROTO, "something that is no replication");
	if (f.kind == PGOUTPUT_DATA) {
		if (pgoutput_take(r->decoder, f.message.at, f.message.size, take_event, r) < 0)
			return err_set(e, EPROTO, "%s", r->decoder->why);
		return 0;
	}
	/* nothing that concerns us is in what lies between */
	if (!r->changed && r->commit_lsn <= r->done_lsn && f.end_lsn > r->done_lsn)
		r->done_lsn = f.end_lsn;
	return f.reply_asked ? send_status(r, e) : 0;
}

/* All that is there. */
static int
take_pieces(struct reading *r, struct err *e)
{
	for (;;) {
		char *piece = NULL;
		int n = PQgetCopyData(r->conn, &piece, 1);
		if (n == 0)
			return 0;
		if (n < 0) {
			PQclear(PQgetResult(r->conn));
			return postgres_said(r->conn, e);
		}
		int code = take_piece(r, piece, (size_t)n, e);
		PQfreemem(piece);
		if (code < 0)
			return code;
	}
}

/* The transactions that are collected whole. */
static int
apply(struct reading *r, struct err *e)
{
	if (r->commit_lsn <= r->done_lsn)
		return 0;
	if (r->changed) {
		purge(r);
		metrics_observe(r->source->hand.metrics, METRIC_EVENT_LAG, SOURCE_REPLICATION,
		    wall_ns() - r->commit_wall_ns);
	}
	r->changed = r->waited = false;
	r->done_lsn = r->commit_lsn;
	return send_status(r, e);
}

static int
follow(struct reading *r, struct err *e)
{
	int code = 0;

	r->heard_ns = now_ns();
	while (code == 0 && !source_is_ending(r->source)) {
		code = take_pieces(r, e);
		if (code == 0)
			code = apply(r, e);
		if (code == 0 && now_ns() - r->status_ns > STATUS_NS)
			code = send_status(r, e);
		if (code == 0 && now_ns() - r->heard_ns > SILENT_NS)
			code = err_set(e, ETIMEDOUT, "nothing was heard for 2 min");
		if (code == 0 && source_wait(r->source, PQsocket(r->conn), false, STATUS_NS) && !PQconsumeInput(r->conn))
			code = postgres_said(r->conn, e);
	}
	return code;
}

/* ---- the slot -------------------------------------------------------------------------------- */

static int
create_slot(struct source *s, PGconn *c, struct err *e)
{
	char sql[160];

	snprintf(sql, sizeof(sql), "CREATE_REPLICATION_SLOT \"%s\" LOGICAL pgoutput NOEXPORT_SNAPSHOT",
	    config_of(s)->slot);
	int code = postgres_ask(s, c, sql, NULL, e);
	if (code < 0 || source_is_ending(s))
		return code;
	notice_post(s->hand.gate->notices, "PostgreSQL has a new replication slot '%s'; when the gate is no longer "
	    "used: SELECT pg_drop_replication_slot('%s'), or it fills the disk", config_of(s)->slot, config_of(s)->slot);
	source_first_heard(s);
	if (s->heard_before)
		event_gap(&s->hand, "the replication slot in PostgreSQL was gone, and with it the updates that it kept");
	return 0;
}

static void
result_done(PGresult **r)
{
	PQclear(*r);
}

static int
find_slot(struct source *s, PGconn *c, struct err *e)
{
	CLEANUP(result_done) PGresult *r = NULL;
	const char *slot = config_of(s)->slot;
	char sql[160];

	snprintf(sql, sizeof(sql), "SELECT wal_status FROM pg_replication_slots WHERE slot_name = '%s'", slot);
	int code = postgres_ask(s, c, sql, &r, e);
	if (code < 0 || source_is_ending(s))
		return code;
	if (r && PQntuples(r) > 0) {
		if (strcmp(PQgetvalue(r, 0, 0), "lost") != 0)
			return 0;
		err_set(e, EIO, "the replication slot '%s' was left behind so far that the server gave it up", slot);
		err_hint(e, "SELECT pg_drop_replication_slot('%s')", slot);
		return -EIO;
	}
	if (config_of(s)->create_slot)
		return create_slot(s, c, e);
	err_set(e, ENOENT, "there is no replication slot '%s'", slot);
	err_hint(e, "SELECT pg_create_logical_replication_slot('%s', 'pgoutput'), or write create_slot: true", slot);
	return -ENOENT;
}

/* Who has just left it, the gate before this one, is seen there for another moment. */
static int
await_slot(struct source *s, PGconn *c, struct err *e)
{
	int64_t until = now_ns() + PARTING_NS;
	bool active = true;
	char sql[160];
	int code = 0;

	snprintf(sql, sizeof(sql), "SELECT 1 FROM pg_replication_slots WHERE active AND slot_name = '%s'",
	    config_of(s)->slot);
	while (active && code == 0 && !source_is_ending(s) && now_ns() < until) {
		CLEANUP(result_done) PGresult *r = NULL;
		code = postgres_ask(s, c, sql, &r, e);
		active = r && PQntuples(r) > 0;
		if (active)
			source_wait(s, -1, false, LOOK_NS);
	}
	return code;
}

static int
start(struct source *s, PGconn *c, struct err *e)
{
	char sql[320];

	snprintf(sql, sizeof(sql), "START_REPLICATION SLOT \"%s\" LOGICAL 0/0 (proto_version '1', publication_names "
	    "'\"%s\"')", config_of(s)->slot, config_of(s)->publication);
	return postgres_ask(s, c, sql, NULL, e);
}

static void
decoder_done(struct pgoutput **p)
{
	pgoutput_free(*p);
}

static int
attend(struct source *s, struct err *e)
{
	CLEANUP(postgres_done) PGconn *c = NULL;
	CLEANUP(decoder_done) struct pgoutput *decoder = pgoutput_new();
	struct reading r = { .source = s, .decoder = decoder };

	int code = postgres_connect(s, true, &c, e);
	if (code == 0 && !source_is_ending(s))
		code = find_slot(s, c, e);
	if (code == 0 && !source_is_ending(s))
		code = await_slot(s, c, e);
	if (code == 0 && !source_is_ending(s))
		code = start(s, c, e);
	if (code < 0 || source_is_ending(s))
		return code;
	r.conn = c;
	source_up(s);
	code = follow(&r, e);
	cascade_clear(&s->hand.concerned);   /* what was not confirmed is told again */
	return code;
}

static bool
is_wanted(const struct gate_warming *w)
{
	return w->postgres.url && w->postgres.slot;
}

const struct source_kind source_replication = {
	.source = SOURCE_REPLICATION, .name = "the replication from PostgreSQL", .waits = true, .is_wanted = is_wanted,
	.attend = attend,
};
