/* SPDX-License-Identifier: MIT */
/* Redis: commands in a pipeline, answered in order. RESP2, or RESP3 with ?protocol=3 in the URL. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/digest.h"
#include "load/exchange.h"
#include "load/fifo.h"
#include "load/program.h"
#include "net/resp.h"

struct redis_conn {
	struct fifo waiting;
	uint32_t greetings;        /* answers that are due before the first command */
	struct resp reply;
	struct buf out;
};

/* ---- the greeting -------------------------------------------------------------------------- */

static int
redis_open(struct worker *w, uint32_t conn)
{
	struct redis_conn *c = wire_state(w, conn);
	const struct url *u = &w->program->target;
	const char *user = u->user[0] ? u->user : NULL, *password = u->password[0] ? u->password : NULL;
	long database = strtol(u->path + 1, NULL, 10);

	c->greetings = 0;
	if (strstr(u->path, "protocol=3")) {
		resp_hello(&c->out, user, password);
		c->greetings++;
	} else if (password) {
		resp_auth(&c->out, user, password);
		c->greetings++;
	}
	if (database > 0) {
		resp_select(&c->out, database);
		c->greetings++;
	}
	resp_start(&c->reply, NULL);
	int code = wire_send_out(w, conn, &c->out);
	return code < 0 ? code : c->greetings > 0;
}

/* ---- commands ------------------------------------------------------------------------------ */

static void
render(struct worker *w, const struct route *r, const struct template_values *v, struct buf *out)
{
	struct resp_word words[ROUTE_ARGUMENTS_MAX];
	struct view filled[ROUTE_ARGUMENTS_MAX];

	exchange_arguments(w, r, v, filled);
	for (size_t i = 0; i < r->n_arguments; i++)
		words[i] = (struct resp_word){ filled[i].bytes, filled[i].size };
	resp_command(out, words, r->n_arguments);
}

static int
redis_send(struct worker *w, uint32_t conn, uint32_t slot)
{
	struct redis_conn *c = wire_state(w, conn);
	const struct exchange *x = &w->slots[slot];
	struct template_values v = exchange_values(w, x);

	render(w, &w->program->routes[x->route], &v, &c->out);
	if (!c->waiting.n) {
		struct capture *kept = exchange_capture(w, slot);
		resp_start(&c->reply, kept ? &kept->body : NULL);
	}
	fifo_put(w, &c->waiting, slot);
	wire_gather(w, conn);
	return 0;
}

static int
redis_flush(struct worker *w, uint32_t conn)
{
	struct redis_conn *c = wire_state(w, conn);
	return wire_send_out(w, conn, &c->out);
}

/* ---- answers ------------------------------------------------------------------------------- */

static const char *
greeted(struct worker *w, uint32_t conn, struct redis_conn *c, int64_t at_ns)
{
	if (c->reply.kind == RESP_ERROR)
		return c->reply.error;
	resp_start(&c->reply, NULL);
	if (--c->greetings == 0)
		wire_ready(w, conn, at_ns);
	return NULL;
}

/* What an error quotes may be data: its first word is enough. */
static void
answered(struct worker *w, struct redis_conn *c, int64_t at_ns)
{
	uint32_t slot = fifo_take(w, &c->waiting);
	char why[RESP_TEXT_MAX + 1];
	struct reply reply = {
		.failed = c->reply.errors > 0, .keep = true, .body_bytes = c->reply.string_bytes,
		.why = why,
	};

	snprintf(why, sizeof(why), "%.*s", (int)strcspn(c->reply.error, " "), c->reply.error);
	exchange_answer(w, slot, &reply, at_ns);
	struct capture *kept = c->waiting.n ? exchange_capture(w, c->waiting.first) : NULL;
	resp_start(&c->reply, kept ? &kept->body : NULL);
}

static const char *
redis_feed(struct worker *w, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct redis_conn *c = wire_state(w, conn);
	const char *why = NULL;
	size_t used;

	while (size && !why) {
		if (!c->greetings && !c->waiting.n)
			return "bytes came although nothing was asked";
		if (!c->greetings)
			exchange_first(&w->slots[c->waiting.first], at_ns);
		enum resp_verdict v = resp_feed(&c->reply, bytes, size, &used);
		if (!c->greetings && w->slots[c->waiting.first].digest)
			digest_feed(w->slots[c->waiting.first].digest, NULL, bytes, used);
		bytes += used;
		size -= used;
		if (v == RESP_BAD)
			return c->reply.why;
		if (v == RESP_DONE && c->greetings)
			why = greeted(w, conn, c, at_ns);
		else if (v == RESP_DONE)
			answered(w, c, at_ns);
	}
	return why;
}

static void
redis_closed(struct worker *w, uint32_t conn)
{
	struct redis_conn *c = wire_state(w, conn);

	c->waiting = (struct fifo){ 0 };
	c->greetings = 0;
	buf_clear(&c->out);
}

static void
redis_done(struct worker *w, uint32_t conn)
{
	struct redis_conn *c = wire_state(w, conn);
	buf_done(&c->out);
}

const struct protocol protocol_redis = {
	.name = "Redis",
	.state_bytes = sizeof(struct redis_conn),
	.slot_bytes = sizeof(struct fifo_slot),
	.most_at_once = 1000,
	.usually_at_once = 1,
	.open = redis_open,
	.send = redis_send,
	.flush = redis_flush,
	.feed = redis_feed,
	.closed = redis_closed,
	.done = redis_done,
};
