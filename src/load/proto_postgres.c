/* SPDX-License-Identifier: MIT */
/* PostgreSQL: statements are prepared when a connection is made and executed as requests, each with
 * a Sync of its own; several may be under way on a connection, answered in order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "load/digest.h"
#include "load/exchange.h"
#include "load/fifo.h"
#include "load/program.h"
#include "net/pgwire.h"

#define NONCE_BYTES 18

struct postgres_conn {
	struct fifo waiting;
	bool preparing;            /* the answer to Parse is due */
	struct pg pg;
	struct pg_login login;
	struct buf out;
	char nonce[2 * NONCE_BYTES + 1];
	char why[64 + sizeof(struct pg_error)];
};

/* ---- log-in -------------------------------------------------------------------------------- */

static const char *
or_environment(const char *text, const char *name)
{
	return text[0] ? text : getenv(name);
}

static int
make_nonce(char out[2 * NONCE_BYTES + 1])
{
	unsigned char random[NONCE_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	for (size_t i = 0; i < NONCE_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", random[i]);
	return 0;
}

static int
postgres_open(struct worker *w, uint32_t conn)
{
	struct postgres_conn *c = wire_state(w, conn);
	const struct url *u = &w->program->target;
	const char *user = or_environment(u->user, "PGUSER");

	if (make_nonce(c->nonce) < 0)
		return -EIO;
	c->login = (struct pg_login){
		.user = user ? user : "postgres", .database = u->path[1] ? u->path + 1 : NULL,
		.password = or_environment(u->password, "PGPASSWORD"), .nonce = c->nonce, .cache = w->own,
	};
	pg_start(&c->pg, &c->login, &c->out);
	int code = wire_send_out(w, conn, &c->out);
	return code < 0 ? code : 1;
}

static void
statement_name(char out[16], uint32_t route)
{
	snprintf(out, 16, "prony_%u", route);
}

static void
prepare(const struct program *p, struct postgres_conn *c)
{
	char name[16];

	for (uint32_t i = 0; i < p->n_routes; i++) {
		statement_name(name, i);
		pg_parse(&c->out, name, p->routes[i].body.literal);
	}
	pg_sync(&c->out);
	c->preparing = true;
}

/* ---- statements ---------------------------------------------------------------------------- */

static uint16_t
render(struct worker *w, const struct route *r, const struct template_values *v,
    struct pg_value values[ROUTE_ARGUMENTS_MAX])
{
	struct view filled[ROUTE_ARGUMENTS_MAX];

	exchange_arguments(w, r, v, filled);
	for (size_t i = 0; i < r->n_arguments; i++)
		values[i] = (struct pg_value){ filled[i].bytes, filled[i].size };
	return (uint16_t)r->n_arguments;
}

static int
postgres_send(struct worker *w, uint32_t conn, uint32_t slot)
{
	struct postgres_conn *c = wire_state(w, conn);
	const struct exchange *x = &w->slots[slot];
	struct template_values v = exchange_values(w, x);
	struct pg_value values[ROUTE_ARGUMENTS_MAX];
	char name[16];

	statement_name(name, x->route);
	pg_execute(&c->out, name, values, render(w, &w->program->routes[x->route], &v, values));
	pg_sync(&c->out);
	fifo_put(w, &c->waiting, slot);
	wire_gather(w, conn);
	return 0;
}

static int
postgres_flush(struct worker *w, uint32_t conn)
{
	struct postgres_conn *c = wire_state(w, conn);
	return wire_send_out(w, conn, &c->out);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The connection's error in words: what, and the server's own code and message. */
static const char *
because(struct postgres_conn *c, const char *what)
{
	snprintf(c->why, sizeof(c->why), "%s%s%s %s", what, c->pg.error.sqlstate[0] ? ": " : "",
	    c->pg.error.sqlstate, c->pg.error.message);
	return c->why;
}

static const char *
done(struct worker *w, uint32_t conn, struct postgres_conn *c, int64_t at_ns)
{
	if (c->preparing) {
		c->preparing = false;
		if (c->pg.failed)
			return because(c, "the statement cannot be prepared");
		wire_ready(w, conn, at_ns);
		return NULL;
	}
	if (!c->waiting.n)
		return "an answer came although nothing was asked";
	uint32_t slot = fifo_take(w, &c->waiting);
	const struct reply reply = {
		.failed = c->pg.failed, .keep = true, .body_bytes = c->pg.row_bytes,
		.why = c->pg.failed ? c->pg.error.sqlstate : NULL,
	};
	exchange_answer(w, slot, &reply, at_ns);
	return NULL;
}

static const char *
postgres_feed(struct worker *w, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct postgres_conn *c = wire_state(w, conn);
	const char *why = NULL;
	size_t used;

	while (size && !why) {
		if (c->waiting.n)
			exchange_first(&w->slots[c->waiting.first], at_ns);
		enum pg_verdict v = pg_feed(&c->pg, bytes, size, &used, &c->out);
		if (c->waiting.n && w->slots[c->waiting.first].digest)
			digest_feed(w->slots[c->waiting.first].digest, NULL, bytes, used);
		bytes += used;
		size -= used;
		if (v == PG_BAD)
			why = because(c, c->pg.why);
		else if (v == PG_READY)
			prepare(w->program, c);
		else if (v == PG_DONE)
			why = done(w, conn, c, at_ns);
	}
	int code = wire_send_out(w, conn, &c->out);
	return why ? why : code < 0 ? strerror(-code) : NULL;
}

static void
postgres_closed(struct worker *w, uint32_t conn)
{
	struct postgres_conn *c = wire_state(w, conn);

	c->waiting = (struct fifo){ 0 };
	c->preparing = false;
	buf_clear(&c->out);
	pg_done(&c->pg);
}

static void
postgres_done(struct worker *w, uint32_t conn)
{
	struct postgres_conn *c = wire_state(w, conn);
	buf_done(&c->out);
}

const struct protocol protocol_postgres = {
	.name = "PostgreSQL",
	.state_bytes = sizeof(struct postgres_conn),
	.slot_bytes = sizeof(struct fifo_slot),
	.worker_bytes = sizeof(struct scram_cache),
	.most_at_once = 1000,
	.usually_at_once = 1,
	.open = postgres_open,
	.send = postgres_send,
	.flush = postgres_flush,
	.feed = postgres_feed,
	.closed = postgres_closed,
	.done = postgres_done,
};
