/* SPDX-License-Identifier: MIT */
/* The client's side of connections: questions to peers and their answers. */
#include "trace/assemble_int.h"

#include <strings.h>

enum run_part_kind
peer_part(uint16_t port, const char **ret_kind)
{
	static const struct { uint16_t port; enum run_part_kind part; const char *kind; } rows[] = {
		{ 5432, PART_DB, "postgresql" }, { 6432, PART_DB, "postgresql" },
		{ 3306, PART_DB, "mysql" }, { 27017, PART_DB, "mongodb" }, { 1433, PART_DB, "mssql" },
		{ 9042, PART_DB, "cassandra" }, { 6379, PART_CACHE, "redis" },
		{ 11211, PART_CACHE, "memcached" }, { 53, PART_NET, "dns" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].port == port) {
			*ret_kind = rows[i].kind;
			return rows[i].part;
		}
	*ret_kind = "tcp";
	return PART_NET;
}

struct conn *
conn_of(struct worker *w, uint64_t key)
{
	bool new;
	uint64_t *at = map_at(&w->conn_ids, &key, sizeof(key), &new);
	if (new) {
		*at = w->n_conns;
		struct conn *c = ARENA_PUSH(w->a->arena, w->conns, w->n_conns);
		c->span = c->out = c->out_last = c->last = c->pool = NOBODY;
		c->kind = PART_NET;
	}
	return &w->conns[*at];
}

static uint32_t
pool_id(struct worker *w, int pid, uint32_t peer)
{
	struct { int pid; uint32_t peer; } id = { pid, peer };
	bool new;
	uint64_t *at = map_at(&w->pool_ids, &id, sizeof(id), &new);
	if (new) {
		*at = w->n_pools;
		*ARENA_PUSH(w->a->arena, w->pools, w->n_pools) = (struct pool){ .pid = pid, .peer = peer };
	}
	return (uint32_t)*at;
}

struct pool *
pool_of(struct worker *w, int pid, uint32_t peer)
{
	uint32_t id = pool_id(w, pid, peer);   /* may move the list */
	return &w->pools[id];
}

void
pool_join(struct worker *w, struct conn *c, int pid)
{
	if (c->pool == NOBODY) {
		c->pool = pool_id(w, pid, c->peer);
		w->pools[c->pool].conns++;
	}
	w->pools[c->pool].cache = c->kind == PART_CACHE;
}

/* ---- questions ----------------------------------------------------------------------------- */

static void
push_out(struct worker *w, struct conn *c, uint32_t id)
{
	if (c->out == NOBODY) {
		c->out = id;
		if (c->pool != NOBODY && !c->logging_in)
			w->pools[c->pool].busy++;
	} else {
		w->a->calls[c->out_last].behind = id;
		if (c->pool != NOBODY)
			w->pools[c->pool].shared = true;
	}
	c->out_last = id;
}

static struct call *
call_begin(struct worker *w, struct conn *c, uint32_t thread, uint32_t span, int64_t start)
{
	struct assembly *a = w->a;
	uint32_t id = (uint32_t)a->n_calls;
	struct call *call = ARENA_PUSH(a->arena, a->calls, a->n_calls);
	*call = (struct call){ .start = start, .peer = c->peer, .kind = c->kind, .span = span,
		.thread = thread, .before = c->last, .behind = NOBODY,
		.told = NOBODY, .alike = c->alike };
	uint32_t *list = span == NOBODY ? &w->actors[thread].orphan_calls : &a->spans[span].calls;
	call->next = *list;
	*list = id;
	c->last = id;
	return call;
}

/* A transaction keeps its connection from being handed over. */
static void
note_transaction(struct worker *w, struct conn *c, uint32_t statement)
{
	const char *text = tape_text(w->t, statement);
	if (!text || c->kind != PART_DB)
		return;
	if (!strncasecmp(text, "begin", 5) || !strncasecmp(text, "start transaction", 17))
		c->held = true;
	else if (!strncasecmp(text, "commit", 6) || !strncasecmp(text, "rollback", 8) ||
	    !strncasecmp(text, "end", 3))
		c->held = false;
}

/* What the asker had waited for before it could ask on this connection. */
static struct gap
gap_before_call(struct worker *w, const struct conn *c, const struct rec *io, bool waited)
{
	struct gap gap = gap_unknown(&w->actors[io->thread]);
	if (!waited || c->pool == NOBODY)
		return gap;
	return (struct gap){ .kind = PART_QUEUE, .where = pool_wait_name(w, &w->pools[c->pool]),
		.call = (uint32_t)w->a->n_calls, .arrival = w->pools[c->pool].was_out };
}

/* A coroutine's or goroutine's question. That it waited for the connection is told by whose that
 * was before. */
static struct asker
task_asks(struct worker *w, const struct conn *c, const struct rec *io)
{
	uint32_t span = task_span(w, io, c);
	bool other = c->last != NOBODY && w->a->calls[c->last].span != span;
	bool was_out = c->pool != NOBODY && w->pools[c->pool].was_out;
	return (struct asker){ .span = span, .sure = 100, .waited = was_out && other };
}

static void
start_work(struct worker *w, const struct rec *io, const struct asker *who, struct gap gap)
{
	const struct actor *actor = &w->actors[io->thread];
	int64_t since = actor->acted > actor->resumed ? actor->acted : actor->resumed;
	since = since < io->ts ? since : io->ts;
	if (who->amid)
		work_amid(w, io->thread, who->span, io->ts, gap);
	else if (io->task || actor->span != NOBODY)
		work_for(w, io->thread, who->span, since, since, gap);
	else
		work_for(w, io->thread, who->span, actor->resumed, io->ts, gap);
}

/* What it was opened for is asked. */
static void
logged_in(struct worker *w, struct conn *c, uint32_t span)
{
	c->logging_in = false;
	if (span == NOBODY)
		return;
	w->courses[span].out -= w->courses[span].out > 1;
	w->courses[span].opening -= w->courses[span].opening > 0;
}

static struct call *
ask(struct worker *w, struct conn *c, const struct rec *io, const struct rec *question)
{
	uint32_t statement = question ? question->name : 0;
	struct asker who = io->task ? task_asks(w, c, io) : asker_of(w, c, io, statement);
	struct gap gap = gap_before_call(w, c, io, who.waited);
	if (who.span != NOBODY) {
		start_work(w, io, &who, gap);
		w->courses[who.span].out++;
		w->courses[who.span].asked += !who.amid;
	}
	struct call *call = call_begin(w, c, io->thread, who.span, io->ts);
	if (who.span != NOBODY) {
		call->done = who.waited && !io->task ? who.done : w->courses[who.span].done;
		call->slept = w->courses[who.span].slept;
		call->alone = w->actors[io->thread].open == 1 && !io->task;
		call->amid = course_asks(&w->courses[who.span]) > 1;
		call->held = w->courses[who.span].task && w->courses[who.span].holder != NOBODY;
	}
	call->statement = statement;
	call->task = io->task;
	call->sure = who.sure;
	push_out(w, c, (uint32_t)(w->a->n_calls - 1));
	if (statement && c->logging_in)
		logged_in(w, c, who.span);
	note_transaction(w, c, statement);
	return call;
}

/* A question may have begun in an earlier write than the one that completes it. */
static bool
completes(struct worker *w, const struct conn *c, const struct rec *question)
{
	struct call *newest = c->out == NOBODY ? NULL : &w->a->calls[c->out_last];
	if (!newest || newest->statement || newest->connect || !question->name)
		return false;
	newest->statement = question->name;
	return true;
}

static void
note_write(struct call *call, const struct rec *io)
{
	bool handshake = io->flags & IO_HANDSHAKE;

	call->handshake = handshake && (call->handshake || !call->writes);
	call->hello |= handshake && io->flags & IO_HELLO;
	call->writes += call->writes < UINT8_MAX;
}

static void
client_writes(struct worker *w, struct conn *c, const struct moved *m)
{
	annotate(w, m->io, (enum run_part_kind)c->kind, c->peer);
	if (c->alike && m->io->flags & IO_HANDSHAKE)
		*map_at(&w->own_calls, &c->alike, sizeof(c->alike), NULL) = true;
	if (!m->n && c->out == NOBODY)
		ask(w, c, m->io, NULL)->http |= (m->io->flags & IO_HEAD) != 0;
	for (size_t i = 0; i < m->n; i++)
		if (i || !completes(w, c, m->with[i]))
			ask(w, c, m->io, m->with[i])->http |= (m->io->flags & IO_HEAD) != 0;
	if (c->out != NOBODY)
		note_write(&w->a->calls[c->out_last], m->io);
	c->connecting = false;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The oldest call on the connection has its answer. */
static uint32_t
answered(struct worker *w, struct conn *c, const struct rec *io, const struct rec *answer)
{
	uint32_t id = c->out;
	struct call *call = &w->a->calls[id];
	call->end = io->at > call->start && io->at < io->ts ? io->at : io->ts;
	call->read = io->ts;
	call->reader = io->thread;
	if (answer) {
		call->rows = answer->value;
		call->bytes = answer->bytes;
		call->error = answer->flags & REPLY_ERROR;
	}
	c->out = call->behind;
	if (c->out == NOBODY && c->pool != NOBODY && !c->logging_in && w->pools[c->pool].busy)
		w->pools[c->pool].busy--;
	if (call->span == NOBODY)
		return id;
	struct course *course = &w->courses[call->span];
	course->out -= course->out > 0;
	if (!c->logging_in) {
		course->done++;
		course->slept = false;
	}
	run_add(&w->actors[io->thread], call->span, id);
	return id;
}

/* What the answers in one read resume. A read with no answer in it is part of the oldest call's
 * that is out, or the rest of the last one's. */
static uint32_t
take_answers(struct worker *w, struct conn *c, const struct moved *m)
{
	struct actor *actor = &w->actors[m->io->thread];
	uint32_t first = NOBODY;
	if (m->n == 0 && c->out != NOBODY && !w->a->calls[c->out].statement)
		return actor->run_call = answered(w, c, m->io, NULL);
	for (size_t i = 0; i < m->n && c->out != NOBODY; i++) {
		uint32_t id = answered(w, c, m->io, m->with[i]);
		first = first == NOBODY ? id : first;
	}
	if (first == NOBODY)
		first = c->out != NOBODY ? c->out : c->last;
	if (m->n == 1 || (m->n == 0 && c->out == NOBODY))
		actor->run_call = first;
	if (first != NOBODY && w->a->calls[first].span != NOBODY)
		run_add(actor, w->a->calls[first].span, NOBODY);
	return first;
}

static void
client_reads(struct worker *w, struct conn *c, const struct moved *m)
{
	const struct rec *io = m->io;
	struct actor *actor = &w->actors[io->thread];
	struct pool *p = c->pool == NOBODY ? NULL : &w->pools[c->pool];

	run_end(w, io->thread);
	if (p && pool_is_out(p))
		p->was_out = io->ts;
	uint32_t id = take_answers(w, c, m);
	if (id == NOBODY) {
		annotate(w, io, (enum run_part_kind)c->kind, c->peer);
		return;
	}
	const struct call *call = &w->a->calls[id];
	annotate(w, io, (enum run_part_kind)c->kind, call_where(call));
	if (call->span == NOBODY || w->a->spans[call->span].complete || actor->span == call->span)
		return;
	work_for(w, io->thread, call->span, actor->resumed, io->ts, (struct gap){
		.kind = (enum run_part_kind)c->kind, .where = call_where(call), .call = NOBODY,
		.arrival = io->at });
}

void
client_io(struct worker *w, struct conn *c, const struct moved *m)
{
	pool_join(w, c, w->t->threads[m->io->thread].pid);
	if (m->io->flags & IO_WRITE)
		client_writes(w, c, m);
	else
		client_reads(w, c, m);
}

void
call_opened(struct worker *w, struct conn *c, const struct rec *r)
{
	annotate(w, r, (enum run_part_kind)c->kind, c->peer);
	struct asker who = asker_of(w, c, r, 0);
	if (who.span != NOBODY)
		start_work(w, r, &who, gap_unknown(&w->actors[r->thread]));
	struct call *call = call_begin(w, c, r->thread, who.span, r->from ? r->from : r->ts);
	call->connect = true;
	call->sure = who.sure;
	call->end = r->ts;
	c->connecting = true;
	if (c->pool != NOBODY && w->pools[c->pool].spoken && c->out == NOBODY && !c->logging_in) {
		c->logging_in = true;
		if (who.span != NOBODY) {
			w->courses[who.span].out++;
			w->courses[who.span].opening++;
		}
		w->pools[c->pool].busy++;      /* of no use to others until it is logged in */
	}
}

void
call_before(struct worker *w, struct conn *c, const struct rec *answer, uint32_t span, int64_t from)
{
	struct call *call = call_begin(w, c, answer->thread, span, from);
	if (span != NOBODY)
		w->courses[span].out++;
	call->sure = 0;
	push_out(w, c, (uint32_t)(w->a->n_calls - 1));
}
